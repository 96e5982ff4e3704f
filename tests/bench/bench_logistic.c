/*
 * Full-batch gradient descent of a logistic regression on 1,000,000 x 32 float32, through the trainer, on T threads of
 * the service's pool; beside it, in turn, a plain sum of the same array by the same threads: the bandwidth there is.
 * Prints GB/s of X, which an iteration reads once.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/kernels/gemm.h"
#include "core/kernels/kernels.h"
#include "server/runner/pool.h"
#include "tests/bench/bench.h"

enum { ROWS = 1000000, COLUMNS = 32, PASSES = 5, ROUNDS = 15 };

static volatile double sink;

/* Fixed lanes over a share of the array; cloned so that the width of registers is no excuse. */
__attribute__((target_clones("default", "avx2", "avx512f"))) static double sum_lanes(const float *x, size_t n)
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

struct shares {
	const float *x;
	size_t share; /* numbers of each */
};

static void sum_share(void *context, size_t index, size_t slot)
{
	const struct shares *shares = context;
	(void)slot;
	sink = sum_lanes(shares->x + index * shares->share, shares->share);
}

/* GB/s of `PASSES` sums. */
static double sum_rate(struct executor *executor, const struct bench_data *data, size_t threads)
{
	struct shares shares = { .x = data->view.x, .share = (size_t)ROWS * COLUMNS / threads };
	double begin = bench_now();
	for (size_t i = 0; i < PASSES; i++) {
		executor->run(executor, threads, sum_share, &shares);
	}
	return 4e-9 * ROWS * COLUMNS * PASSES / (bench_now() - begin);
}

static double step_rate(struct trainer *trainer)
{
	double begin = bench_now();
	uint64_t steps = bench_advance(trainer, PASSES);
	return 4e-9 * ROWS * COLUMNS * (double)steps / (bench_now() - begin);
}

static void run(const struct bench_data *data, size_t threads)
{
	char body[512], name[64];
	struct pool *pool;
	struct bench_job job;
	if (pool_create(threads, &pool, NULL) != OK) {
		bench_fail("no pool of %zu threads", threads);
	}
	struct executor *executor = pool_executor_create(pool, NULL);
	if (executor == NULL) {
		bench_fail("no memory");
	}
	snprintf(
		body, sizeof body,
		"{\"dataset\":{\"id\":\"ds_bench\",\"target\":\"target\"},\"model\":{\"type\":\"logistic_regression\"},"
		"\"optimizer\":{\"type\":\"sgd\",\"learning_rate\":0.5},"
		"\"training\":{\"batch_size\":\"full\",\"epochs\":%d},"
		"\"stopping\":{\"gradient_norm\":null,\"loss_change\":null,\"parameter_change\":null}}",
		(ROUNDS + 1) * PASSES);
	bench_job_init(&job, body, data, threads);
	struct trainer *trainer = bench_job_start(&job, executor);
	pool_executor_begin(executor);
	step_rate(trainer);
	for (size_t round = 0; round < ROUNDS; round++) {
		snprintf(name, sizeof name, "logistic.sum.%zu", threads);
		bench_result(name, sum_rate(executor, data, threads));
		snprintf(name, sizeof name, "logistic.step.%zu", threads);
		bench_result(name, step_rate(trainer));
	}
	pool_executor_end(executor);
	trainer_destroy(trainer);
	bench_job_fini(&job);
	pool_executor_destroy(executor);
	pool_destroy(pool);
}

int main(int argc, char **argv)
{
	struct bench_data data;
	gemm_settings();
	bench_data_init(&data, ROWS, COLUMNS, 2);
	bench_numbers((float *)(uintptr_t)data.view.x, (size_t)ROWS * COLUMNS, 2385);
	for (int i = 1; i < argc; i++) {
		run(&data, (size_t)strtoul(argv[i], NULL, 10));
	}
	bench_data_fini(&data);
	return 0;
}
