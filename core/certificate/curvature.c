/*
 * The Hessian's spectrum: its products, and how many of them on how many rows the purse pays for. Of a linear model
 * X'DX v, of every other objective a difference of gradients; the ends are then Lanczos' (lanczos.c).
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "core/base/size.h"
#include "core/certificate/internal.h"

enum {
	PRODUCTS = 48,      /* with the Hessian, where they are cheap */
	PRODUCTS_DEAR = 12, /* ... where they are not, on fewer rows */
	PRODUCTS_LEAST = 4,
	ROWS_LEAST = 64,
};

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

enum status glm_curvature(struct glm *linear, struct purse *purse, struct certificate *out)
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
		const double x = request_get(request, request->theta, i) + (i < request_moving(request) ? h * v[i] : 0);
		if (request->objective->dtype == DTYPE_FLOAT32) {
			((float *)self->point)[i] = (float)x;
		} else {
			((double *)self->point)[i] = x;
		}
	}
	return gradient_at(request, self->point, self->batch, gradient);
}

static double sign_of(const struct certificate_request *request)
{
	return request->config->direction == MAXIMIZE ? -1 : 1;
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
	for (size_t i = 0; status == OK && i < request_moving(request); i++) {
		out[i] = sign_of(request) *
			 (request_get(request, self->ahead, i) - request_get(request, self->behind, i)) / apart;
	}
	return status;
}

/* With the arrays made. */
static enum status run_differences(struct difference *self, size_t most, struct spectrum *spectrum)
{
	const struct certificate_request *request = self->request;
	const double epsilon = request->objective->dtype == DTYPE_FLOAT32 ? (double)FLT_EPSILON : DBL_EPSILON;
	const double size = fmax(1, request_norm(request, request->theta));
	enum status status = OK;

	/* A linear gradient may be asked far away, where rounding weighs least; others as Nocedal and Wright 2006,
	 * section 8.1, say for central differences. */
	self->one_sided = request->objective->quadratic;
	self->h = self->one_sided ? size : cbrt(epsilon) * size;
	if (self->one_sided) {
		status = gradient_at(request, request->theta, self->batch, self->behind);
	}
	return status == OK ? lanczos(request_moving(request), most, difference_product, self, spectrum) : status;
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

enum status general_curvature(const struct certificate_request *request, struct purse *purse, struct certificate *out)
{
	const struct objective *objective = request->objective;
	const size_t n = objective->n;
	const bool parts = request->training != NULL && request->training->rows <= UINT32_MAX &&
			   request->model != NULL && !request->model->type->is_expression;
	const size_t rows = request->training != NULL ? request->training->rows : 0;
	size_t stride, vector;

	if (n > CURVATURE_MOST || !size_multiply(n, dtype_size(objective->dtype), &vector)) {
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
