#include "core/certificate/certificate.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"
#include "core/certificate/internal.h"

enum {
	SHARE = 8,                 /* one part in so many of what the training touched may be spent */
	PARAMETERS_MOST = 1 << 20, /* above, curvature is left out: its vectors would take much memory */
	PRODUCTS = 48,             /* with the Hessian, where they are cheap */
	PRODUCTS_DEAR = 12,        /* ... where they are not, on fewer rows */
	PRODUCTS_LEAST = 4,
	ROWS_LEAST = 64,
};

void certificate_clear(struct certificate *out)
{
	*out = (struct certificate){
		.gradient_norm = NAN,
		.duality_gap = NAN,
		.dual_value = NAN,
		.closed_form_distance = NAN,
		.closed_form_gap = NAN,
		.convergence = { RATE_UNKNOWN, NAN, NAN, 0, 0 },
		.lambda_max = NAN,
		.lambda_min = NAN,
		.stable_rate = NAN,
		.condition = NAN,
	};
}

/* Numbers that may still be touched. */
struct purse {
	double left;
};

static bool spend(struct purse *purse, double numbers)
{
	if (numbers > purse->left) {
		return false;
	}
	purse->left -= numbers;
	return true;
}

/* Numbers that a gradient over all rows touches. */
static double pass_numbers(const struct certificate_request *request)
{
	const double n = (double)request->objective->n;
	return request->training == NULL
		       ? n
		       : fmax(n, (double)request->training->features) * (double)request->training->rows;
}

static double sign_of(const struct certificate_request *request)
{
	return request->config->direction == MAXIMIZE ? -1 : 1;
}

static double get(const struct certificate_request *request, const void *array, size_t i)
{
	return request->objective->dtype == DTYPE_FLOAT32 ? (double)((const float *)array)[i]
							  : ((const double *)array)[i];
}

/* Numbers that a gradient has: all of theta but the buffers at its end. */
static size_t moving(const struct certificate_request *request)
{
	return request->objective->n - request->objective->buffers;
}

static double norm_of(const struct certificate_request *request, const void *array)
{
	double largest = 0, sum = 0;
	for (size_t i = 0; i < moving(request); i++) {
		largest = fmax(largest, fabs(get(request, array, i)));
	}
	for (size_t i = 0; i < moving(request) && largest > 0; i++) {
		const double part = get(request, array, i) / largest;
		sum += part * part;
	}
	return largest * sqrt(sum);
}

static enum status gradient_at(const struct certificate_request *request, const void *theta, const struct batch *batch,
			       void *gradient)
{
	struct objective *objective = request->objective;
	if (executor_stopped(request->executor)) {
		return E_CANCELLED;
	}
	return objective->type->evaluate(objective, theta, batch, request->executor, NULL, gradient);
}

/* |grad f| at theta: that of the last point where it was measured there over all rows, else one pass. */
static enum status measure_gradient(const struct certificate_request *request, struct purse *purse,
				    struct certificate *out)
{
	const struct curve_point *last = &request->progress.last;
	const uint64_t rows = request->training != NULL ? request->training->rows : 0;
	if (!out->at_best && last->step == request->progress.step && (last->measured & POINT_GRADIENT_NORM) &&
	    train_full_batch(&request->config->training, rows)) {
		out->gradient_norm = last->gradient_norm;
		return OK;
	}
	/* Where proximal steps take l1, the gradient leaves it out: its norm would say nothing. */
	if ((request->objective->smooth && request->objective->l1 != NULL) || !spend(purse, pass_numbers(request))) {
		return OK;
	}
	void *gradient = malloc(request->objective->n * dtype_size(request->objective->dtype));
	if (gradient == NULL) {
		return E_MEMORY;
	}
	const struct batch all = { .data = request->training, .count = (size_t)rows };
	const enum status status = gradient_at(request, request->theta, rows > 0 ? &all : NULL, gradient);
	if (status == OK) {
		out->gradient_norm = norm_of(request, gradient);
	}
	free(gradient);
	return status;
}

/* --- linear models --- */

static enum status measure_duality(struct glm *linear, struct purse *purse, struct certificate *out)
{
	double primal, dual;
	const double touched = (double)linear->features * (double)linear->rows * (double)linear->outputs;
	if (!(linear->l1 > 0 || linear->l2 > 0) || !spend(purse, 2 * touched)) {
		return OK;
	}
	const enum status status = duality(linear, &primal, &dual);
	if (status != OK) {
		return status == E_UNSUPPORTED ? OK : status;
	}
	if (isfinite(primal) && isfinite(dual)) {
		out->dual_value = dual;
		out->duality_gap = fmax(0, primal - dual);
	}
	return OK;
}

static enum status measure_closed_form(struct glm *linear, struct purse *purse, struct certificate *out)
{
	double distance, gap;
	const double p = (double)linear->features, rows = (double)linear->rows;
	/* A multiplication of the products costs about an eighth of a number that is read. */
	if (linear->loss != GLM_SQUARES || linear->l1 > 0 ||
	    !spend(purse, rows * p * (p / 8 + 8 * (double)linear->outputs) + p * p * p / 4)) {
		return OK;
	}
	const enum status status = closed_form(linear, &distance, &gap);
	if (status == OK) {
		out->closed_form_distance = distance;
		out->closed_form_gap = gap;
	}
	return status == E_UNSUPPORTED ? OK : status;
}

/* --- curvature --- */

static void keep_spectrum(struct certificate *out, const struct spectrum *spectrum, uint64_t rows)
{
	out->lambda_max = spectrum->largest;
	out->lambda_min = spectrum->smallest;
	out->products = spectrum->products;
	out->curvature_rows = rows;
	if (spectrum->largest > 0) {
		out->stable_rate = 2 / spectrum->largest;
	}
	if (spectrum->smallest > 0) {
		out->condition = spectrum->largest / spectrum->smallest;
	}
}

/* How many products, and of every which row, a purse pays for. rows 0: there are none to leave out. */
static size_t plan_products(const struct purse *purse, double product_numbers, uint64_t rows, size_t *stride)
{
	*stride = 1;
	if (PRODUCTS * product_numbers <= purse->left) {
		return PRODUCTS;
	}
	if (PRODUCTS_DEAR * product_numbers <= purse->left || rows == 0) {
		const double most = purse->left / product_numbers;
		return most >= PRODUCTS_LEAST ? (size_t)most : 0;
	}
	const double apart = ceil(PRODUCTS_DEAR * product_numbers / purse->left);
	if (!(apart * ROWS_LEAST <= (double)rows)) {
		return 0;
	}
	*stride = (size_t)apart;
	return PRODUCTS_DEAR;
}

/* out = X'D X v / N + l2 v; kept holds D. */
static enum status glm_product(void *context, const double *v, double *out)
{
	struct glm *self = context;
	const size_t weights = self->features * self->outputs;
	enum status status = glm_outputs(self, v, v + weights);

	for (size_t i = 0; status == OK && i < self->rows * self->outputs; i++) {
		self->u[i] *= self->kept[i] / self->count;
	}
	if (status == OK) {
		status = glm_gather(self);
	}
	for (size_t j = 0; status == OK && j < weights + (self->intercept ? self->outputs : 0); j++) {
		out[j] = self->product[j] + (j < weights || self->penalized ? self->l2 * v[j] : 0);
	}
	return status;
}

static enum status glm_curvature(struct glm *linear, struct purse *purse, struct certificate *out)
{
	size_t stride;
	const double touched = 2 * (double)linear->features * (double)linear->rows * (double)linear->outputs;
	const size_t most = plan_products(purse, touched, linear->rows, &stride);
	struct spectrum spectrum;

	if (most == 0 || linear->loss == GLM_HINGE) {
		return OK;
	}
	linear->stride = stride;
	linear->rows /= stride;
	linear->count = (double)linear->rows * (double)linear->outputs;
	enum status status = glm_outputs(linear, linear->w, linear->b);
	for (size_t i = 0; status == OK && i < linear->rows; i++) {
		for (size_t k = 0; k < linear->outputs; k++) {
			const size_t at = i * linear->outputs + k;
			glm_phi(linear, linear->u[at], glm_target(linear, i, k), NULL, &linear->kept[at]);
		}
	}
	const size_t n = (linear->features + (linear->intercept ? 1 : 0)) * linear->outputs;
	if (status == OK) {
		status = lanczos(n, most, glm_product, linear, &spectrum);
	}
	if (status == OK) {
		keep_spectrum(out, &spectrum, stride > 1 ? linear->rows : 0);
	}
	return status == E_UNSUPPORTED ? OK : status;
}

/* Products by differences of gradients. */
struct difference {
	const struct certificate_request *request;
	const struct batch *batch;
	double h;
	bool one_sided; /* exact: the gradient is linear */
	void *point;    /* [n] */
	void *ahead;    /* [n] gradient at theta + h v */
	void *behind;   /* [n] at theta - h v, or at theta */
};

static enum status gradient_along(struct difference *self, const double *v, double h, void *gradient)
{
	const struct certificate_request *request = self->request;
	for (size_t i = 0; i < request->objective->n; i++) {
		const double x = get(request, request->theta, i) + (i < moving(request) ? h * v[i] : 0);
		if (request->objective->dtype == DTYPE_FLOAT32) {
			((float *)self->point)[i] = (float)x;
		} else {
			((double *)self->point)[i] = x;
		}
	}
	return gradient_at(request, self->point, self->batch, gradient);
}

static enum status difference_product(void *context, const double *v, double *out)
{
	struct difference *self = context;
	const struct certificate_request *request = self->request;
	const double apart = self->one_sided ? self->h : 2 * self->h;
	enum status status = gradient_along(self, v, self->h, self->ahead);

	if (status == OK && !self->one_sided) {
		status = gradient_along(self, v, -self->h, self->behind);
	}
	for (size_t i = 0; status == OK && i < moving(request); i++) {
		out[i] = sign_of(request) * (get(request, self->ahead, i) - get(request, self->behind, i)) / apart;
	}
	return status;
}

/* With the arrays made. */
static enum status run_differences(struct difference *self, size_t most, struct spectrum *spectrum)
{
	const struct certificate_request *request = self->request;
	const double epsilon = request->objective->dtype == DTYPE_FLOAT32 ? (double)FLT_EPSILON : DBL_EPSILON;
	const double size = fmax(1, norm_of(request, request->theta));
	enum status status = OK;

	/* A linear gradient may be asked far away, where rounding weighs least; others as Nocedal and Wright 2006,
	 * section 8.1, say for central differences. */
	self->one_sided = request->objective->quadratic;
	self->h = self->one_sided ? size : cbrt(epsilon) * size;
	if (self->one_sided) {
		status = gradient_at(request, request->theta, self->batch, self->behind);
	}
	return status == OK ? lanczos(moving(request), most, difference_product, self, spectrum) : status;
}

/* Which rows: every stride-th. NULL and *status OK: all. */
static uint32_t *every_row(size_t count, size_t stride, enum status *status)
{
	uint32_t *index = malloc((count + 1) * sizeof *index);
	*status = index == NULL ? E_MEMORY : OK;
	for (size_t i = 0; index != NULL && i < count; i++) {
		index[i] = (uint32_t)(i * stride);
	}
	return index;
}

static enum status general_curvature(const struct certificate_request *request, struct purse *purse,
				     struct certificate *out)
{
	const struct objective *objective = request->objective;
	const size_t n = objective->n;
	const bool parts = request->training != NULL && request->training->rows <= UINT32_MAX &&
			   request->model != NULL && !request->model->type->is_expression;
	const size_t rows = request->training != NULL ? request->training->rows : 0;
	size_t stride, vector;

	if (n > PARAMETERS_MOST || !size_multiply(n, dtype_size(objective->dtype), &vector)) {
		return OK;
	}
	const double gradient = pass_numbers(request) + 8 * (double)n;
	const size_t most = plan_products(purse, (objective->quadratic ? 1 : 2) * gradient, parts ? rows : 0, &stride);
	if (most == 0) {
		return OK;
	}
	enum status status = OK;
	const size_t count = rows / stride;
	uint32_t *index = stride > 1 ? every_row(count, stride, &status) : NULL;
	const struct batch batch = { .data = request->training, .index = index, .count = count };
	struct difference self = { .request = request,
				   .batch = rows > 0 ? &batch : NULL,
				   .point = malloc(vector),
				   .ahead = malloc(vector),
				   .behind = malloc(vector) };
	struct spectrum spectrum;
	if (self.point == NULL || self.ahead == NULL || self.behind == NULL) {
		status = E_MEMORY;
	}
	status = status == OK ? run_differences(&self, most, &spectrum) : status;
	if (status == OK) {
		keep_spectrum(out, &spectrum, stride > 1 ? count : 0);
	}
	free(self.point);
	free(self.ahead);
	free(self.behind);
	free(index);
	return status == E_UNSUPPORTED ? OK : status;
}

/* (A game has no Hessian: the derivatives of its players' gradients are not symmetric.) */
/* An l1 penalty has no curvature at 0, where many parameters lie: differences across the kink say nothing. */
static bool has_kinks(const struct model_config *model)
{
	for (size_t i = 0; model != NULL && i < model->settings.count; i++) {
		if (strcmp(model->settings.table[i].name, "l1") == 0 && model->settings.value[i].number > 0) {
			return true;
		}
	}
	return false;
}

static enum status certify_glm(const struct certificate_request *request, struct glm *linear, struct purse *purse,
			       struct certificate *out)
{
	enum status status = measure_duality(linear, purse, out);
	if (status == OK) {
		status = measure_closed_form(linear, purse, out);
	}
	(void)request;
	return status == OK ? glm_curvature(linear, purse, out) : status;
}

enum status certify(const struct certificate_request *given, struct certificate *out)
{
	struct certificate_request request = *given;
	struct purse purse = { (double)CERTIFICATE_FREE };
	struct glm linear;
	const bool diverged = given->progress.reason == STOP_DIVERGED;
	const double single =
		given->training != NULL ? (double)given->progress.rows_seen : (double)given->progress.gradients;

	certificate_clear(out);
	purse.left += single * fmax((double)given->objective->n, 1) / SHARE;
	if (diverged) {
		if (given->best == NULL) {
			return OK;
		}
		request.theta = given->best;
		out->at_best = true;
	}
	const double epsilon = given->objective->dtype == DTYPE_FLOAT32 ? (double)FLT_EPSILON : DBL_EPSILON;
	out->convergence = convergence_of(given->trace, given->traced, epsilon);
	if (given->known_only) {
		purse.left = -1;
	}
	enum status status = measure_gradient(&request, &purse, out);
	if (status != OK || given->known_only) {
		return status;
	}
	status = request.config->direction == MINIMIZE ? glm_init(&linear, &request) : E_UNSUPPORTED;
	if (status == OK) {
		status = certify_glm(&request, &linear, &purse, out);
		glm_fini(&linear);
		return status;
	}
	if (status != E_UNSUPPORTED || has_kinks(request.model) || request.objective->game != NULL) {
		return status == E_UNSUPPORTED ? OK : status;
	}
	return general_curvature(&request, &purse, out);
}

enum status certificate_measure(const struct model_config *model, size_t n, size_t features, size_t outputs,
				uint64_t rows, size_t *bytes)
{
	size_t linear = 0, closed = 0, curvature = 0, vectors;

	if (glm_loss_of(model) != GLM_NONE) {
		if (!glm_bytes(features, outputs, rows, &linear) || !closed_form_bytes(features, outputs, &closed)) {
			return E_TOO_LARGE;
		}
		closed = closed > svm_bytes(features) ? closed : svm_bytes(features);
	}
	if (n <= PARAMETERS_MOST && !lanczos_bytes(n, &curvature)) {
		return E_TOO_LARGE;
	}
	if (!size_multiply(n, 3 * sizeof(double), &vectors) || !size_add(linear, closed, bytes) ||
	    !size_add(*bytes, curvature, bytes) || !size_add(*bytes, vectors, bytes)) {
		return E_TOO_LARGE;
	}
	return OK;
}
