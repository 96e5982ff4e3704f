/*
 * How fast the kernels are, beside a plain read of the same array: the whole of full-batch logistic regression over 1e6
 * x 32 in blocks, and single kernels on arrays that lie in the cache. Medians of interleaved rounds, one thread. An
 * instruction set may be forced by the first argument.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/kernels/gemm.h"
#include "core/kernels/kernels.h"

enum { ROWS = 1000000, COLUMNS = 32, ROUNDS = 15 };

static const struct kernels *kernels;
static float *data, *weights, *logits, *gradient;
static int32_t *label;
static volatile double sink;

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
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
	double sum = 0.0;
	for (size_t l = 0; l < 128; l++) {
		sum += (double)lane[l];
	}
	return sum;
}

/* One pass of logistic regression in blocks of `block` rows. */
static double pass(size_t block, bool want_sum)
{
	double loss = 0.0;
	memset(gradient, 0, COLUMNS * sizeof *gradient);
	for (size_t r = 0; r < ROWS; r += block) {
		size_t rows = ROWS - r < block ? ROWS - r : block;
		const float *x = data + r * COLUMNS;
		kernels->matvec_ahead_f32(rows, COLUMNS, x, COLUMNS, weights, 0.25f, logits, x + rows * COLUMNS);
		loss += kernels->bce_logits_label_f32(rows, logits, label + r, 1e-6f, logits, want_sum);
		kernels->matvec_t_ahead_f32(rows, COLUMNS, x, COLUMNS, logits, gradient, x + rows * COLUMNS);
	}
	return loss;
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

static void bench_pass(void)
{
	static const size_t block[] = { 64, 128, 256, 1024 };
	enum { BLOCKS = sizeof block / sizeof block[0] };
	static double plain[ROUNDS], with_loss[BLOCKS][ROUNDS], without[BLOCKS][ROUNDS];
	for (size_t round = 0; round < ROUNDS; round++) {
		double begin = now();
		sink = plain_sum(data, (size_t)ROWS * COLUMNS);
		plain[round] = now() - begin;
		for (size_t b = 0; b < BLOCKS; b++) {
			begin = now();
			sink = pass(block[b], true);
			with_loss[b][round] = now() - begin;
			begin = now();
			sink = pass(block[b], false);
			without[b][round] = now() - begin;
		}
	}
	double limit = median(plain);
	double bytes = 4.0 * ROWS * COLUMNS;
	printf("logistic regression, %d x %d float32: plain sum %.1f GB/s\n", ROWS, COLUMNS, 1e-9 * bytes / limit);
	for (size_t b = 0; b < BLOCKS; b++) {
		double loss = median(with_loss[b]), bare = median(without[b]);
		printf("  block %4zu  with loss %5.2f ns/row %5.1f GB/s %3.0f %%   gradient only %5.2f ns/row %5.1f "
		       "GB/s %3.0f %%\n",
		       block[b], 1e9 * loss / ROWS, 1e-9 * bytes / loss, 100 * limit / loss, 1e9 * bare / ROWS,
		       1e-9 * bytes / bare, 100 * limit / bare);
	}
}

/* Prints nanoseconds of one call, and of one of its n items. */
#define TIME(title, n, call)                                                                                           \
	do {                                                                                                           \
		double seconds[ROUNDS];                                                                                \
		for (size_t round = 0; round < ROUNDS; round++) {                                                      \
			size_t times = 200000 / (n) + 1;                                                               \
			double begin = now();                                                                          \
			for (size_t i = 0; i < times; i++) {                                                           \
				call;                                                                                  \
			}                                                                                              \
			seconds[round] = (now() - begin) / (double)times;                                              \
		}                                                                                                      \
		double second = median(seconds);                                                                       \
		printf("  %-34s %9.1f ns a call %7.3f ns an item\n", title, 1e9 * second, 1e9 * second / (n));         \
	} while (0)

static void bench_single(void)
{
	static double wide[150 * 4], few[16], out[1024], more[1024];
	float *x = data, *z = logits;
	for (size_t i = 0; i < 600; i++) {
		wide[i] = (double)x[i];
	}
	for (size_t i = 0; i < 1024; i++) {
		more[i] = (double)x[i];
	}
	puts("in cache (an item: a row, an element)");
	TIME("matvec f32 256 x 32", 256, kernels->matvec_f32(256, 32, x, 32, weights, 0.5f, z));
	TIME("matvec_t f32 256 x 32", 256, kernels->matvec_t_f32(256, 32, x, 32, z, gradient));
	TIME("matvec f32 256 x 30", 256, kernels->matvec_f32(256, 30, x, 30, weights, 0.5f, z));
	TIME("matvec_t f32 256 x 30", 256, kernels->matvec_t_f32(256, 30, x, 30, z, gradient));
	TIME("matvec f32 256 x 64", 256, kernels->matvec_f32(256, 64, x, 64, weights, 0.5f, z));
	TIME("matvec_t f32 256 x 64", 256, kernels->matvec_t_f32(256, 64, x, 64, z, gradient));
	TIME("matvec f32 256 x 13", 256, kernels->matvec_f32(256, 13, x, 13, weights, 0.5f, z));
	TIME("matvec_t f32 256 x 13", 256, kernels->matvec_t_f32(256, 13, x, 13, z, gradient));
	TIME("matvec f32 150 x 4", 150, kernels->matvec_f32(150, 4, x, 4, weights, 0.5f, z));
	TIME("matvec_t f32 150 x 4", 150, kernels->matvec_t_f32(150, 4, x, 4, z, gradient));
	TIME("matvec f64 150 x 4", 150, kernels->matvec_f64(150, 4, wide, 4, few, 0.5, out));
	TIME("matvec_t f64 150 x 4", 150, kernels->matvec_t_f64(150, 4, wide, 4, out, few));
	TIME("column_sums f32 150 x 1", 150, kernels->column_sums_f32(150, 1, x, gradient));
	TIME("column_sums f32 64 x 10", 64, kernels->column_sums_f32(64, 10, x, gradient));
	TIME("column_sums f32 64 x 128", 64, kernels->column_sums_f32(64, 128, x, gradient));
	TIME("add_row f32 64 x 10", 64, kernels->add_row_f32(64, 10, z, weights));
	TIME("add_row f32 64 x 128", 64, kernels->add_row_f32(64, 128, z, weights));
	TIME("bce_logits_label f32, loss", 256, sink = kernels->bce_logits_label_f32(256, x, label, 1, z, true));
	TIME("bce_logits_label f32, no loss", 256, sink = kernels->bce_logits_label_f32(256, x, label, 1, z, false));
	TIME("bce_logits f64, loss", 256, sink = kernels->bce_logits_f64(256, more, more, 1, out, true));
	TIME("squared_error f64 150", 150, sink = kernels->squared_error_f64(150, more, more + 200, 1, out, true));
	TIME("softmax_xent f32 150 x 3", 150, sink = kernels->softmax_xent_f32(150, 3, x, label, 1, z, true));
	TIME("softmax_xent f32 64 x 10", 64, sink = kernels->softmax_xent_f32(64, 10, x, label, 1, z, true));
	TIME("exp f32", 1024, kernels->exp_f32(1024, x, z));
	TIME("exp f64", 1024, kernels->exp_f64(1024, more, out));
	TIME("log f32", 1024, kernels->log_f32(1024, x, z));
	TIME("log f64", 1024, kernels->log_f64(1024, more, out));
	TIME("tanh f32", 1024, kernels->tanh_f32(1024, x, z));
	TIME("sigmoid f32", 1024, kernels->sigmoid_f32(1024, x, z));
	TIME("relu f32", 1024, kernels->relu_f32(1024, x, z));
	TIME("dot f32", 1024, sink = kernels->dot_f32(1024, x, x + 2000));
	TIME("all_finite f32", 1024, sink = kernels->all_finite_f32(1024, x));
	TIME("gemm f32 150 x 3 = 150 x 4 by 4 x 3", 150,
	     gemm_f32(false, false, 150, 3, 4, x, 4, weights, 3, false, z, 3));
	TIME("gemm f32 4 x 3 = 4 x 150 by 150 x 3", 150, gemm_f32(true, false, 4, 3, 150, x, 4, x, 3, false, z, 3));
	TIME("gemm f32 150 x 3 x 16", 150, gemm_f32(false, false, 150, 3, 16, x, 16, weights, 3, false, z, 3));
	TIME("gemm f32 16 x 4 = 150", 150, gemm_f32(true, false, 16, 3, 150, x, 16, x, 3, false, z, 3));
	TIME("gemm f32 64 x 10 x 128", 64, gemm_f32(false, false, 64, 10, 128, x, 128, x, 10, false, z, 10));
}

int main(int argc, char **argv)
{
	if (!kernels_select(argc > 1 ? argv[1] : NULL)) {
		fprintf(stderr, "no instruction set %s here\n", argv[1]);
		return 1;
	}
	kernels = kernels_active();
	printf("instruction set %s, OpenBLAS %s\n", kernels->isa, gemm_init());
	data = aligned_alloc(64, (size_t)ROWS * COLUMNS * sizeof *data);
	logits = aligned_alloc(64, 16384 * sizeof *logits);
	weights = aligned_alloc(64, 256 * sizeof *weights);
	gradient = aligned_alloc(64, 256 * sizeof *gradient);
	label = aligned_alloc(64, (size_t)ROWS * sizeof *label);
	if (data == NULL || logits == NULL || weights == NULL || gradient == NULL || label == NULL) {
		return 1;
	}
	uint32_t state = 2385;
	for (size_t i = 0; i < (size_t)ROWS * COLUMNS; i++) {
		state = state * 1664525u + 1013904223u;
		data[i] = (float)(state >> 8) / 0x1p23f - 1.0f;
	}
	memset(logits, 0, 16384 * sizeof *logits);
	for (size_t i = 0; i < 256; i++) {
		weights[i] = 0.1f * data[i];
	}
	for (size_t i = 0; i < (size_t)ROWS; i++) {
		label[i] = data[i] > 0;
	}
	bench_pass();
	bench_single();
	free(data);
	free(logits);
	free(weights);
	free(gradient);
	free(label);
	return 0;
}
