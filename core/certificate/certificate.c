#include "core/certificate/certificate.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"
#include "core/certificate/internal.h"

enum { SHARE = 8 }; /* one part in so many of what the training touched may be spent */

/* Nothing known. */
static void clear(struct certificate *out)
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

/* Takes the numbers from the purse; false, and nothing is taken, where it holds less. */
static bool spend(struct purse *purse, double numbers)
{
	if (numbers > purse->left) {
		return false;
	}
	purse->left -= numbers;
	return true;
}

double pass_numbers(const struct certificate_request *request)
{
	const double n = (double)request->objective->n;
	return request->training == NULL
		       ? n
		       : fmax(n, (double)request->training->features) * (double)request->training->rows;
}

double request_get(const struct certificate_request *request, const void *array, size_t i)
{
	return dtype_get(request->objective->dtype, array, i);
}

size_t request_moving(const struct certificate_request *request)
{
	return request->objective->n - request->objective->buffers;
}

double request_norm(const struct certificate_request *request, const void *array)
{
	double largest = 0, sum = 0;
	for (size_t i = 0; i < request_moving(request); i++) {
		largest = fmax(largest, fabs(request_get(request, array, i)));
	}
	for (size_t i = 0; i < request_moving(request) && largest > 0; i++) {
		const double part = request_get(request, array, i) / largest;
		sum += part * part;
	}
	return largest * sqrt(sum);
}

enum status gradient_at(const struct certificate_request *request, const void *theta, const struct batch *batch,
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
		out->gradient_norm = request_norm(request, gradient);
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

static enum status certify_glm(struct glm *linear, struct purse *purse, struct certificate *out)
{
	enum status status = measure_duality(linear, purse, out);
	if (status == OK) {
		status = measure_closed_form(linear, purse, out);
	}
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

	clear(out);
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
		status = certify_glm(&linear, &purse, out);
		glm_fini(&linear);
		return status;
	}
	/* A game has no Hessian: the derivatives of its players' gradients are not symmetric. */
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
	if (n <= CURVATURE_MOST && !lanczos_bytes(n, &curvature)) {
		return E_TOO_LARGE;
	}
	if (!size_multiply(n, 3 * sizeof(double), &vectors) || !size_add(linear, closed, bytes) ||
	    !size_add(*bytes, curvature, bytes) || !size_add(*bytes, vectors, bytes)) {
		return E_TOO_LARGE;
	}
	return OK;
}
