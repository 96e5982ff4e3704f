/*
 * Expressions: parsing and planning a typical one, Rosenbrock as an expression, and logistic regression as an
 * expression beside the built-in model, in one run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/random.h"
#include "core/expression/evaluate.h"
#include "core/model/expression.h"

enum { FEATURES = 32, ROWS = 200000, RUNS = 7, PAIRS = 41 };

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median_of(double *times, size_t count)
{
	qsort(times, count, sizeof *times, order);
	return times[count / 2];
}

static double median(double *times)
{
	return median_of(times, RUNS);
}

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
	if (config.type->build(&config, shape, dtype, 1, &out, &error) != OK) {
		fprintf(stderr, "%s\n", error.text);
		exit(1);
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
	double times[RUNS];
	for (size_t run = 0; run < RUNS; run++) {
		double start = seconds();
		for (size_t i = 0; i < TIMES; i++) {
			objective_destroy(build("z = X @ w + b; mean(log1p(exp(-y * z))) + 0.01 * sum(w**2)",
						parameters, 2, &shape, DTYPE_FLOAT64));
		}
		times[run] = (seconds() - start) / TIMES;
	}
	printf("parse, plan and free a typical expression  %7.1f us   (limit 200)\n", 1e6 * median(times));
}

static void bench_rosenbrock(void)
{
	enum { TIMES = 1000000 };
	const struct model_shape shape = { .rows = 0 };
	const struct expression_parameter parameters[] = { { .name = "x" }, { .name = "z" } };
	struct objective *objective = build("(1 - x)**2 + 100*(z - x^2)^2", parameters, 2, &shape, DTYPE_FLOAT64);
	struct executor executor = executor_serial();
	double theta[2] = { -1.2, 1 }, gradient[2], value, times[RUNS];
	for (size_t run = 0; run < RUNS; run++) {
		double start = seconds();
		for (size_t i = 0; i < TIMES; i++) {
			objective->type->evaluate(objective, theta, NULL, &executor, &value, gradient);
			theta[0] -= 1e-9 * gradient[0];
			theta[1] -= 1e-9 * gradient[1];
		}
		times[run] = (seconds() - start) / TIMES;
	}
	printf("rosenbrock as an expression, an evaluation %7.3f us   (a step with Adam: limit 0.25)\n",
	       1e6 * median(times));
	objective_destroy(objective);
}

static void bench_logistic(const char *text, enum dtype dtype)
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
	double theta[FEATURES + 1] = { 0 }, gradient[FEATURES + 1], loss, times[2][PAIRS], ratio[PAIRS];
	type->build(&config, &shape, dtype, 1, &model[0], NULL);
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
			double start = seconds();
			model[k]->type->evaluate(model[k], theta, &batch, &executor, &loss, gradient);
			times[k][run] = seconds() - start;
		}
		ratio[run] = times[1][run] / times[0][run];
	}
	/* Sorted by median_of, so that the first is the best. */
	double built_in = median_of(times[0], PAIRS), written = median_of(times[1], PAIRS);
	printf("%s, %s, %d x %d: built-in %.2f ns a row (best %.2f), expression %.2f ns (%.2f): %.2f x   (limit "
	       "1.1)\n",
	       text, dtype_name(dtype), ROWS, FEATURES, 1e9 * built_in / ROWS, 1e9 * times[0][0] / ROWS,
	       1e9 * written / ROWS, 1e9 * times[1][0] / ROWS, median_of(ratio, PAIRS));
	objective_destroy(model[0]);
	objective_destroy(model[1]);
	free(x);
	free(label);
}

int main(void)
{
	bench_plan();
	bench_rosenbrock();
	for (int dtype = DTYPE_FLOAT32; dtype <= DTYPE_FLOAT64; dtype++) {
		bench_logistic("z = X @ w + b; mean(log1p(exp(z)) - y * z)", (enum dtype)dtype);
		bench_logistic("mean(log1p(exp(-y * (X @ w + b))))", (enum dtype)dtype);
	}
	return 0;
}
