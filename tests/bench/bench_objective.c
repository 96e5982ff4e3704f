/*
 * How fast evaluate() is for the three shapes of work that the design names, one thread:
 *   a full-batch logistic regression on 1,000,000 x 32 float32, beside a plain sum of the same array,
 *   a linear regression of 150 x 4, where the cost is overhead,
 *   an MLP 784-128-10 with batches of 64 and 256, beside its bare products.
 * Medians of interleaved rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/random.h"
#include "core/exec.h"
#include "core/kernels/gemm.h"
#include "core/kernels/kernels.h"
#include "core/model/model.h"

enum { ROUNDS = 15, SETTINGS = 8 };

static volatile double sink;

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double seconds[ROUNDS])
{
	qsort(seconds, ROUNDS, sizeof seconds[0], ascending);
	return seconds[ROUNDS / 2];
}

/* Numbers between -1 and 1, from a congruential generator: fast to make, and not a pattern that a cache likes. */
static void *numbers(enum dtype dtype, size_t n)
{
	void *array = aligned_alloc(64, (n * dtype_size(dtype) + 63) / 64 * 64);
	uint32_t state = 2385;
	if (array == NULL) {
		exit(1);
	}
	for (size_t i = 0; i < n; i++) {
		state = state * 1664525u + 1013904223u;
		double value = (double)(state >> 8) / 0x1p23 - 1;
		if (dtype == DTYPE_FLOAT32) {
			((float *)array)[i] = (float)value;
		} else {
			((double *)array)[i] = value;
		}
	}
	return array;
}

static int32_t *labels(size_t n, size_t classes)
{
	int32_t *label = calloc(n, sizeof *label);
	if (label == NULL) {
		exit(1);
	}
	for (size_t i = 0; i < n; i++) {
		label[i] = (int32_t)(i * 7919 / 3 % classes);
	}
	return label;
}

static struct objective *build(const char *name, const struct model_shape *shape, size_t hidden, enum dtype dtype)
{
	const struct model_type *type = model_find(name);
	struct setting_value value[SETTINGS], layer_value[SETTINGS], loss_value[SETTINGS];
	const struct layer_type *dense = layer_find("dense");
	struct layer_config layer = {
		.type = dense,
		.settings = { .table = dense->settings, .count = dense->setting_count, .value = layer_value },
		.activation = activation_find("relu"),
	};
	const struct loss_type *loss = type->default_loss != NULL ? type->default_loss(shape) : type->losses[0];
	struct model_config config = {
		.type = type,
		.settings = { .table = type->settings, .count = type->setting_count, .value = value },
		.loss = loss,
		.loss_settings = { .table = loss->settings, .count = loss->setting_count, .value = loss_value },
		.layer_count = hidden > 0 ? 1 : 0,
		.layers = &layer,
	};
	struct objective *objective = NULL;
	settings_defaults(type->settings, type->setting_count, value);
	settings_defaults(loss->settings, loss->setting_count, loss_value);
	settings_defaults(dense->settings, dense->setting_count, layer_value);
	layer_value[0].number = (double)hidden;
	if (model_build(&config, shape, dtype, 1, &objective, NULL) != OK) {
		exit(1);
	}
	return objective;
}

/* Seconds of one evaluation, the median of rounds of `times`. */
static double seconds_of(struct objective *objective, const struct batch *batch, size_t times, bool want_value)
{
	struct executor executor = executor_serial();
	double seconds[ROUNDS], value = 0;
	void *theta = numbers(objective->dtype, objective->n), *gradient = numbers(objective->dtype, objective->n);
	for (size_t round = 0; round < ROUNDS; round++) {
		double begin = now();
		for (size_t i = 0; i < times; i++) {
			objective->type->evaluate(objective, theta, batch, &executor, want_value ? &value : NULL,
						  gradient);
		}
		seconds[round] = (now() - begin) / (double)times;
		sink = value;
	}
	free(theta);
	free(gradient);
	return median(seconds);
}

/* The limit: fixed lanes over the array, as fast as memory gives it. */
__attribute__((target_clones("default", "avx512f"))) static double plain_sum(const float *x, size_t n)
{
	float lane[128] = { 0 };
	for (size_t i = 0; i + 128 <= n; i += 128) {
		for (size_t l = 0; l < 128; l++) {
			lane[l] += x[i + l];
		}
	}
	double sum = 0;
	for (size_t l = 0; l < 128; l++) {
		sum += (double)lane[l];
	}
	return sum;
}

static void bench_logistic(void)
{
	enum { ROWS = 1000000, COLUMNS = 32 };
	struct model_shape shape = { .features = COLUMNS, .classes = 2 };
	struct data_view data = { .dtype = DTYPE_FLOAT32, .rows = ROWS, .features = COLUMNS, .classes = 2 };
	data.x = numbers(DTYPE_FLOAT32, (size_t)ROWS * COLUMNS);
	data.label = labels(ROWS, 2);
	struct batch batch = { .data = &data, .count = ROWS };
	struct objective *objective = build("logistic_regression", &shape, 0, DTYPE_FLOAT32);
	struct executor executor = executor_serial();
	static double plain[ROUNDS], with[ROUNDS], without[ROUNDS];
	float theta[COLUMNS + 1] = { 0.3f, -0.2f }, gradient[COLUMNS + 1];
	double value;
	for (size_t round = 0; round < ROUNDS; round++) {
		double at[4] = { now() };
		sink = plain_sum(data.x, (size_t)ROWS * COLUMNS);
		at[1] = now();
		objective->type->evaluate(objective, theta, &batch, &executor, &value, gradient);
		at[2] = now();
		objective->type->evaluate(objective, theta, &batch, &executor, NULL, gradient);
		at[3] = now();
		plain[round] = at[1] - at[0];
		with[round] = at[2] - at[1];
		without[round] = at[3] - at[2];
	}
	double limit = median(plain), loss = median(with), bare = median(without), gigabytes = 4e-9 * ROWS * COLUMNS;
	printf("logistic %d x %d float32: plain sum %.1f GB/s; value and gradient %.1f GB/s, %.0f %%; gradient %.1f "
	       "GB/s, "
	       "%.0f %%\n",
	       ROWS, COLUMNS, gigabytes / limit, gigabytes / loss, 100 * limit / loss, gigabytes / bare,
	       100 * limit / bare);
	objective_destroy(objective);
	free((void *)(uintptr_t)data.x);
	free((void *)(uintptr_t)data.label);
}

static void bench_small(enum dtype dtype)
{
	struct model_shape shape = { .features = 4, .targets = 1 };
	struct data_view data = { .dtype = dtype, .rows = 150, .features = 4, .targets = 1 };
	data.x = numbers(dtype, 600);
	data.y = numbers(dtype, 150);
	struct batch batch = { .data = &data, .count = 150 };
	struct objective *objective = build("linear_regression", &shape, 0, dtype);
	printf("linear 150 x 4 %s: value and gradient %.0f ns, gradient %.0f ns\n", dtype_name(dtype),
	       1e9 * seconds_of(objective, &batch, 20000, true), 1e9 * seconds_of(objective, &batch, 20000, false));
	objective_destroy(objective);
	free((void *)(uintptr_t)data.x);
	free((void *)(uintptr_t)data.y);
}

/* The products that a step of the MLP cannot do without. */
static double products(size_t rows, const float *x, const float *w, float *h, float *z, float *g)
{
	double seconds[ROUNDS];
	for (size_t round = 0; round < ROUNDS; round++) {
		double begin = now();
		for (size_t i = 0; i < 20; i++) {
			gemm_f32(false, false, rows, 128, 784, x, 784, w, 128, false, h, 128);
			gemm_f32(false, false, rows, 10, 128, h, 128, w, 10, false, z, 10);
			gemm_f32(true, false, 128, 10, rows, h, 128, z, 10, false, g, 10);
			gemm_f32(false, true, rows, 128, 10, z, 10, w, 10, false, h, 128);
			gemm_f32(true, false, 784, 128, rows, x, 784, h, 128, false, g, 128);
		}
		seconds[round] = (now() - begin) / 20;
	}
	return median(seconds);
}

static void bench_mlp(size_t rows)
{
	enum { TOTAL = 4096 };
	struct model_shape shape = { .features = 784, .classes = 10 };
	struct data_view data = { .dtype = DTYPE_FLOAT32, .rows = TOTAL, .features = 784, .classes = 10 };
	uint32_t index[TOTAL];
	float *x = numbers(DTYPE_FLOAT32, TOTAL * 784), *w = numbers(DTYPE_FLOAT32, 784 * 128);
	float *h = numbers(DTYPE_FLOAT32, rows * 128), *z = numbers(DTYPE_FLOAT32, rows * 10);
	float *g = numbers(DTYPE_FLOAT32, 784 * 128);
	data.x = x;
	data.label = labels(TOTAL, 10);
	for (uint32_t i = 0; i < TOTAL; i++) {
		index[i] = i;
	}
	random_shuffle(3, RANDOM_SHUFFLE, 0, index, TOTAL);
	struct batch contiguous = { .data = &data, .first = 512, .count = rows };
	struct batch indexed = { .data = &data, .index = index, .first = 512, .count = rows };
	struct objective *objective = build("mlp", &shape, 128, DTYPE_FLOAT32);
	double bare = products(rows, x, w, h, z, g);
	double plain = seconds_of(objective, &contiguous, 20, false),
	       gathered = seconds_of(objective, &indexed, 20, false);
	double valued = seconds_of(objective, &indexed, 20, true);
	printf("mlp 784-128-10, batch %zu: %.0f samples/s (%.0f us); gathered %.0f us, with value %.0f us; bare "
	       "products %.0f "
	       "us\n",
	       rows, (double)rows / gathered, 1e6 * plain, 1e6 * gathered, 1e6 * valued, 1e6 * bare);
	objective_destroy(objective);
	free(x);
	free(w);
	free(h);
	free(z);
	free(g);
	free((void *)(uintptr_t)data.label);
}

int main(int argc, char **argv)
{
	if (!kernels_select(argc > 1 ? argv[1] : NULL)) {
		fprintf(stderr, "no instruction set %s here\n", argv[1]);
		return 1;
	}
	printf("instruction set %s, OpenBLAS %s\n", kernels_active()->isa, gemm_init());
	bench_small(DTYPE_FLOAT32);
	bench_small(DTYPE_FLOAT64);
	bench_mlp(64);
	bench_mlp(256);
	bench_logistic();
	return 0;
}
