/* The model without data: a closed-form function from core/function/, minimised from a given point. */
#include "core/base/size.h"
#include "core/model/tables.h"
#include "core/objective/function_objective.h"

static enum status build(const struct model_config *config, const struct model_shape *shape, enum dtype dtype,
			 size_t slots, struct objective **out, struct error *error)
{
	(void)shape;
	(void)slots;
	enum status status = function_objective_create(config->function, &config->function_settings, config->scale,
						       config->initial_count, config->initial_point, dtype, out, error);
	if (status == OK && config->lower != NULL) {
		status = objective_bound(*out, config->lower, config->upper, error);
		if (status != OK) {
			objective_destroy(*out);
			*out = NULL;
		}
	}
	return status;
}

static enum status measure(const struct model_config *config, const struct model_shape *shape, enum dtype dtype,
			   size_t slots, size_t *parameters, size_t *bytes)
{
	(void)shape;
	(void)dtype;
	(void)slots;
	*parameters = config->initial_count;
	const enum status status = function_objective_measure(config->initial_count, bytes);
	if (status == OK && config->lower != NULL &&
	    !size_add(*bytes, 2 * config->initial_count * sizeof(double), bytes)) {
		return E_TOO_LARGE;
	}
	return status;
}

static const struct model_maker maker = { .build = build, .measure = measure };

const struct model_type model_function = {
	.name = "function",
	.doc = "A closed-form function of a few variables, times `scale`, from `initial_point` on.",
	.source = "Surjanovic, Bingham 2013, Virtual library of simulation experiments: test functions",
	.target = TARGET_NONE,
	.is_function = true,
	.maker = &maker,
};
