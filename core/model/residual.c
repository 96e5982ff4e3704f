#include "core/model/residual.h"

#include <string.h>

#include "core/model/expression.h"
#include "core/model/tables.h"

static double penalty(const struct settings *settings)
{
	double sum = 0;
	for (size_t i = 0; i < settings->count; i++) {
		const char *name = settings->table[i].name;
		sum += strcmp(name, "l1") == 0 || strcmp(name, "l2") == 0 ? settings->value[i].number : 0;
	}
	return sum;
}

/* The model with its residual in place of its loss, evaluated over one row. */
static enum status convert(const struct model_config *config, const struct model_shape *shape,
			   struct model_config *residual, struct model_shape *row, struct error *error)
{
	const bool objective = config->type->is_expression && config->expression->objective != NULL;
	*residual = *config;
	*row = *shape;
	row->rows = 1;
	residual->loss = &loss_residual;
	residual->loss_settings = (struct settings){ .count = 0 };
	if (config->type->is_function || (config->type->is_expression && shape->rows == 0)) {
		return error_set(error, E_UNSUPPORTED, "there are no rows that residuals could be of");
	}
	if (!objective && (config->loss == NULL || !config->loss->quadratic)) {
		return error_set(error, E_UNSUPPORTED, "the loss is %s, not a sum of squares",
				 config->loss == NULL ? "its own" : config->loss->name);
	}
	if (shape->classes > 0 || (shape->targets != 1 && !objective)) {
		return error_set(error, E_UNSUPPORTED, "one number is wanted as the target");
	}
	for (size_t i = 0; i < config->layer_count; i++) {
		if (strcmp(config->layers[i].type->name, "dense") != 0) {
			return error_set(error, E_UNSUPPORTED, "a network with a layer %s has no residuals row by row",
					 config->layers[i].type->name);
		}
	}
	if (penalty(&config->settings) != 0) {
		return error_set(error, E_UNSUPPORTED, "l1 and l2 are no squares of residuals of the rows");
	}
	return OK;
}

enum status model_squares_check(const struct model_config *config, const struct model_shape *shape, struct error *error)
{
	struct model_config residual;
	struct model_shape row;
	struct expression_error wrong;
	char couples[200];
	enum status status = convert(config, shape, &residual, &row, error);
	if (status == OK && config->type->is_expression) {
		status = expression_check(&residual, &row, couples, &wrong);
		if (status != OK) {
			error_set(error, status, "%s", wrong.text);
		} else if (couples[0] != '\0') {
			status = error_set(error, E_UNSUPPORTED, "rows cannot be taken apart: %s", couples);
		}
	}
	return status;
}

bool model_squares_sure(const struct model_config *config, const struct model_shape *shape)
{
	struct model_config residual;
	struct model_shape row;
	const bool objective = config->type->is_expression && config->expression->objective != NULL;
	return !objective ||
	       (convert(config, shape, &residual, &row, NULL) == OK && expression_squares_sure(&residual, &row));
}

enum status model_residual(const struct model_config *config, const struct model_shape *shape, enum dtype dtype,
			   struct objective **out, struct error *error)
{
	struct model_config residual;
	struct model_shape row;
	const enum status status = model_squares_check(config, shape, error);
	*out = NULL;
	if (status != OK) {
		return status;
	}
	convert(config, shape, &residual, &row, error);
	return model_build(&residual, &row, dtype, 1, out, error);
}

size_t model_residual_bytes(const struct model_config *config, const struct model_shape *shape, enum dtype dtype)
{
	struct model_config residual;
	struct model_shape row;
	size_t parameters, bytes;
	if (convert(config, shape, &residual, &row, NULL) != OK ||
	    model_measure(&residual, &row, dtype, 1, &parameters, &bytes) != OK) {
		return 0;
	}
	return bytes;
}
