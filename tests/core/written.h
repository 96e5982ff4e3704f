/*
 * Models that are written as an expression, for tests of the core: over X, y, two columns; w [FEATURES], b and s are
 * the parameters, the first two in the order of the built-in models.
 */
#ifndef TESTS_CORE_WRITTEN_H
#define TESTS_CORE_WRITTEN_H

#include <math.h>

#include "core/model/expression.h"
#include "tests/core/modelling.h"

enum { FEATURES = 5, ROWS = 3001, NUMBERS = 16 };

struct written {
	struct model_config config;
	struct expression_config expression;
	struct expression_parameter parameter[3];
	struct expression_symbol symbol[5];
	double lam;
};

static inline struct shape vector_of(size_t n)
{
	return (struct shape){ .rank = 1, .extent = { n } };
}

static inline void write_model(struct written *self, const char *objective, const char *prediction, const char *loss)
{
	*self = (struct written){ .lam = 0.01 };
	self->parameter[0] = (struct expression_parameter){ .name = "w", .shape = vector_of(FEATURES) };
	self->parameter[1] = (struct expression_parameter){ .name = "b" };
	self->parameter[2] = (struct expression_parameter){ .name = "s", .start = { .kind = START_FILL, .fill = 0.3 } };
	self->symbol[0] = (struct expression_symbol){ .name = "X", .kind = SYMBOL_FEATURES, .node = NODE_NONE };
	self->symbol[1] = (struct expression_symbol){ .name = "y", .kind = SYMBOL_TARGET, .node = NODE_NONE };
	self->symbol[2] = (struct expression_symbol){ .name = "x0", .kind = SYMBOL_COLUMN, .node = NODE_NONE };
	self->symbol[3] =
		(struct expression_symbol){ .name = "x3", .kind = SYMBOL_COLUMN, .column = 3, .node = NODE_NONE };
	self->symbol[4] = (struct expression_symbol){
		.name = "lam", .kind = SYMBOL_CONSTANT, .values = &self->lam, .node = NODE_NONE
	};
	self->expression = (struct expression_config){
		.objective = objective,
		.prediction = prediction,
		.parameter = self->parameter,
		.parameters = 3,
		.symbol = self->symbol,
		.symbols = 5,
	};
	self->config = (struct model_config){ .type = model_find("expression"),
					      .loss = loss == NULL ? NULL : loss_find(loss),
					      .expression = &self->expression };
}

static inline struct objective *build(const struct written *self, const struct model_shape *shape, enum dtype dtype,
				      size_t slots)
{
	struct objective *objective = NULL;
	struct error error = { .text = "" };
	ck_assert_msg(model_build(&self->config, shape, dtype, slots, &objective, &error) == OK, "%s", error.text);
	return objective;
}

static inline double at(enum dtype dtype, const void *array, size_t i)
{
	return dtype == DTYPE_FLOAT32 ? (double)((const float *)array)[i] : ((const double *)array)[i];
}

struct result {
	double value;
	double gradient[NUMBERS];
};

static inline struct result evaluate(struct objective *objective, const double *theta, const struct batch *batch,
				     struct executor *executor)
{
	struct result result = { .value = (double)NAN };
	double numbers[NUMBERS], gradient[NUMBERS];
	for (size_t i = 0; i < objective->n; i++) {
		modelling_write(objective->dtype, numbers, i, theta[i]);
	}
	ck_assert_int_eq(objective->type->evaluate(objective, numbers, batch, executor, &result.value, gradient), OK);
	for (size_t i = 0; i < objective->n; i++) {
		result.gradient[i] = at(objective->dtype, gradient, i);
	}
	return result;
}

static const double point[] = { 0.31, -0.7, 0.12, 1.4, -0.25, 0.6, 0.45 };

#endif
