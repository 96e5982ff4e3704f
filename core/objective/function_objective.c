#include "core/objective/function_objective.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"

struct function_objective {
	struct objective base; /* first: the two are cast to one another */
	const struct function_type *function;
	struct settings settings;
	double scale;
	double constants[16];
	struct tensor tensor;
	double initial_point[]; /* [n] */
};

static enum status evaluate_f64(struct objective *objective, const void *theta, const struct batch *batch,
				struct executor *executor, double *value, void *gradient)
{
	const struct function_objective *self = (const struct function_objective *)objective;
	(void)batch;
	(void)executor;
	double f = self->function->evaluate_f64(&self->settings, self->constants, objective->n, theta, gradient);
	if (gradient != NULL && self->scale != 1) {
		double *g = gradient;
		for (size_t i = 0; i < objective->n; i++) {
			g[i] *= self->scale;
		}
	}
	if (value != NULL) {
		*value = self->scale * f;
	}
	return OK;
}

static enum status evaluate_f32(struct objective *objective, const void *theta, const struct batch *batch,
				struct executor *executor, double *value, void *gradient)
{
	const struct function_objective *self = (const struct function_objective *)objective;
	(void)batch;
	(void)executor;
	double f = self->function->evaluate_f32(&self->settings, self->constants, objective->n, theta, gradient);
	if (gradient != NULL && self->scale != 1) {
		float *g = gradient;
		for (size_t i = 0; i < objective->n; i++) {
			g[i] = (float)(self->scale * (double)g[i]);
		}
	}
	if (value != NULL) {
		*value = self->scale * f;
	}
	return OK;
}

static void initialise(const struct objective *objective, uint64_t seed, void *theta)
{
	const struct function_objective *self = (const struct function_objective *)objective;
	(void)seed;
	if (objective->dtype == DTYPE_FLOAT64) {
		memcpy(theta, self->initial_point, objective->n * sizeof(double));
		return;
	}
	float *x = theta;
	for (size_t i = 0; i < objective->n; i++) {
		x[i] = (float)self->initial_point[i];
	}
}

static void destroy(struct objective *objective)
{
	free(objective);
}

static const struct objective_type type_f32 = { .evaluate = evaluate_f32,
						.initialise = initialise,
						.destroy = destroy };
static const struct objective_type type_f64 = { .evaluate = evaluate_f64,
						.initialise = initialise,
						.destroy = destroy };

enum status function_objective_measure(size_t n, size_t *bytes)
{
	size_t point;
	return size_multiply(n, sizeof(double), &point) && size_add(point, sizeof(struct function_objective), bytes)
		       ? OK
		       : E_TOO_LARGE;
}

static enum status check(const struct function_type *function, const struct settings *settings, size_t n,
			 struct error *error)
{
	if (n < function->minimum_dimension) {
		return error_set(error, E_INVALID, "the initial point of %s needs at least %zu numbers, not %zu",
				 function->name, function->minimum_dimension, n);
	}
	if (function->maximum_dimension != 0 && n > function->maximum_dimension) {
		return error_set(error, E_INVALID, "the initial point of %s takes at most %zu numbers, not %zu",
				 function->name, function->maximum_dimension, n);
	}
	return function->check != NULL ? function->check(settings, n, error) : OK;
}

enum status function_objective_create(const struct function_type *function, const struct settings *settings,
				      double scale, size_t n, const double *initial_point, enum dtype dtype,
				      struct objective **out, struct error *error)
{
	size_t bytes;
	enum status status = check(function, settings, n, error);
	if (status != OK) {
		return status;
	}
	status = function_objective_measure(n, &bytes);
	if (status != OK) {
		return error_set(error, status, "the initial point is too large");
	}
	struct function_objective *self = calloc(1, bytes);
	if (self == NULL) {
		return error_set(error, E_MEMORY, "out of memory for the initial point");
	}
	self->tensor = (struct tensor){ .name = "x", .rank = 1, .shape = { n }, .size = n };
	if (function->shape != NULL) {
		self->tensor.rank = function->shape(settings, self->tensor.shape);
	}
	self->base = (struct objective){
		.type = dtype == DTYPE_FLOAT32 ? &type_f32 : &type_f64,
		.dtype = dtype,
		.n = n,
		.tensors = 1,
		.tensor = &self->tensor,
		.quadratic = function->quadratic,
	};
	self->function = function;
	self->settings = *settings;
	self->scale = scale;
	if (function->prepare != NULL) {
		function->prepare(settings, n, self->constants);
	}
	memcpy(self->initial_point, initial_point, n * sizeof *initial_point);
	*out = &self->base;
	return OK;
}
