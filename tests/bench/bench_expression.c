/*
 * Expressions: parsing and planning a typical one, us; logistic regression as an expression, in two forms, in turn with
 * the built-in model, ns a row. All on one thread, in the time that it computed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/random.h"
#include "core/expression/evaluate.h"
#include "core/model/expression.h"
#include "tests/bench/bench.h"

enum { FEATURES = 32, ROWS = 200000, RUNS = 7, PAIRS = 41 };

static struct objective *build(const char *objective, const struct expression_parameter *parameter, size_t parameters,
			       const struct model_shape *shape, enum dtype dtype)
{
	const struct expression_symbol symbols[] = {
		{ .name = "X", .kind = SYMBOL_FEATURES, .node = NODE_NONE },
		{ .name = "y", .kind = SYMBOL_TARGET, .node = NODE_NONE },
	};
	const struct expression_config expression = { .objective = objective,
						      .parameter = parameter,
						      .parameters = parameters,
						      .symbol = symbols,
						      .symbols = 2 };
	const struct model_config config = { .type = model_find("expression"), .expression = &expression };
	struct objective *out = NULL;
	struct error error;
	if (model_build(&config, shape, dtype, 1, &out, &error) != OK) {
		bench_fail("%s", error.text);
	}
	return out;
}

static void bench_plan(void)
{
	enum { TIMES = 2000 };
	const struct model_shape shape = { .features = FEATURES, .targets = 1, .rows = ROWS };
	const struct expression_parameter parameters[] = {
		{ .name = "w", .shape = { .rank = 1, .extent = { FEATURES } } },
		{ .name = "b" },
	};
	for (size_t run = 0; run < RUNS; run++) {
		double start = bench_cpu();
		for (size_t i = 0; i < TIMES; i++) {
			objective_destroy(build("z = X @ w + b; mean(log1p(exp(-y * z))) + 0.01 * sum(w**2)",
						parameters, 2, &shape, DTYPE_FLOAT64));
		}
		bench_result("expression.plan", 1e6 * (bench_cpu() - start) / TIMES);
	}
}

/* name: of the results, behind which .built_in or .written. */
static void bench_logistic(const char *name, const char *text, enum dtype dtype)
{
	const struct model_shape shape = { .features = FEATURES, .classes = 2, .rows = ROWS };
	const struct expression_parameter parameters[] = {
		{ .name = "w", .shape = { .rank = 1, .extent = { FEATURES } } },
		{ .name = "b" },
	};
	struct setting_value value[8];
	const struct model_type *type = model_find("logistic_regression");
	settings_defaults(type->settings, type->setting_count, value);
	const struct model_config config = { .type = type,
					     .settings = { type->settings, type->setting_count, value },
					     .loss = type->losses[0] };
	struct objective *model[2] = { NULL, NULL };
	struct executor executor = executor_serial();
	char *x = malloc((size_t)ROWS * FEATURES * 8);
	int32_t *label = malloc(ROWS * sizeof *label);
	double theta[FEATURES + 1] = { 0 }, gradient[FEATURES + 1], loss;
	model_build(&config, &shape, dtype, 1, &model[0], NULL);
	model[1] = build(text, parameters, 2, &shape, dtype);
	for (size_t i = 0; i < (size_t)ROWS * FEATURES; i++) {
		double number = random_uniform(1, RANDOM_DATA, 0, i) - 0.5;
		if (dtype == DTYPE_FLOAT32) {
			((float *)(void *)x)[i] = (float)number;
		} else {
			((double *)(void *)x)[i] = number;
		}
	}
	for (size_t i = 0; i < ROWS; i++) {
		label[i] = random_uniform(1, RANDOM_DATA, 1, i) > 0.5;
	}
	const struct data_view data = {
		.dtype = dtype, .rows = ROWS, .features = FEATURES, .x = x, .classes = 2, .label = label
	};
	const struct batch batch = { .data = &data, .count = ROWS };
	for (size_t run = 0; run < PAIRS; run++) {
		for (size_t k = 0; k < 2; k++) {
			char line[64];
			double start = bench_cpu();
			model[k]->type->evaluate(model[k], theta, &batch, &executor, &loss, gradient);
			snprintf(line, sizeof line, "expression.%s.%s.%s", name, dtype_name(dtype),
				 k == 0 ? "built_in" : "written");
			bench_result(line, 1e9 * (bench_cpu() - start) / ROWS);
		}
	}
	objective_destroy(model[0]);
	objective_destroy(model[1]);
	free(x);
	free(label);
}

int main(void)
{
	bench_plan();
	for (int dtype = DTYPE_FLOAT32; dtype <= DTYPE_FLOAT64; dtype++) {
		bench_logistic("logit", "z = X @ w + b; mean(log1p(exp(z)) - y * z)", (enum dtype)dtype);
		bench_logistic("margin", "mean(log1p(exp(-y * (X @ w + b))))", (enum dtype)dtype);
	}
	return 0;
}
