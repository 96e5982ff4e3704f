/*
 * Two ways down beside those that others made. L-BFGS on the Rosenbrock function to 1e-10, in us a run; and a step of
 * Adam over ten million float32 parameters on one and two threads, in us, in turn with a plain loop that reads four
 * such arrays and writes three. The gradient of the latter costs nothing: what is timed is the trainer's step.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/kernels/gemm.h"
#include "server/runner/pool.h"
#include "tests/bench/bench.h"

enum { ROUNDS = 15, RUNS = 200, LARGE = 10000000, STEPS = 5, THREADS_MAX = 2 };

static void bench_lbfgs(void)
{
	static const char body[] =
		"{\"model\":{\"type\":\"function\",\"function\":\"rosenbrock\",\"initial_point\":[-1.2,1]},"
		"\"optimizer\":{\"type\":\"lbfgs\"},\"training\":{\"steps\":1000},\"stopping\":{\"target_loss\":1e-10,"
		"\"gradient_norm\":null,\"loss_change\":null,\"parameter_change\":null}}";
	struct executor executor = executor_serial();
	struct bench_job job;
	bench_job_init(&job, body, NULL, 1);
	for (size_t round = 0; round < ROUNDS; round++) {
		double seconds[RUNS];
		for (size_t run = 0; run < RUNS; run++) {
			struct trainer *trainer = bench_job_start(&job, &executor);
			double begin = bench_now();
			bench_advance(trainer, UINT32_MAX);
			seconds[run] = bench_now() - begin;
			if (trainer_reason(trainer) != STOP_TARGET_LOSS) {
				bench_fail("L-BFGS does not reach 1e-10");
			}
			trainer_destroy(trainer);
		}
		bench_result("rosenbrock.lbfgs", 1e6 * bench_median(seconds, RUNS)); /* as the peer has it */
	}
	bench_job_fini(&job);
}

/* An objective whose gradient is written once. */
struct still {
	struct objective base;
	struct tensor tensor;
	const void *written;
};

static enum status still_evaluate(struct objective *objective, const void *theta, const struct batch *batch,
				  struct executor *executor, double *value, void *gradient)
{
	struct still *still = (struct still *)objective;
	(void)theta, (void)batch, (void)executor;
	if (value != NULL) {
		*value = 1;
	}
	if (gradient != NULL && gradient != still->written) {
		bench_numbers(gradient, objective->n, 2385);
		still->written = gradient;
	}
	return OK;
}

static void still_initialise(const struct objective *objective, uint64_t seed, void *theta)
{
	bench_numbers(theta, objective->n, (uint32_t)seed);
}

static void still_destroy(struct objective *objective)
{
	(void)objective;
}

/* The loop beside: x, g, m, v are read, x, m, v are written. */
struct plain {
	float *x, *g, *m, *v;
	size_t pieces;
};

static void plain_piece(void *context, size_t index, size_t slot)
{
	const struct plain *plain = context;
	const size_t begin = LARGE / plain->pieces * index;
	const size_t end = index + 1 == plain->pieces ? LARGE : begin + LARGE / plain->pieces;
	float *restrict x = plain->x, *restrict m = plain->m, *restrict v = plain->v;
	const float *restrict g = plain->g;
	(void)slot;
	for (size_t i = begin; i < end; i++) {
		m[i] = 0.9f * m[i] + g[i];
		v[i] = 0.99f * v[i] + g[i];
		x[i] -= 0.001f * m[i];
	}
}

static void bench_adam(size_t threads, struct plain *plain)
{
	static const struct objective_type type = { .evaluate = still_evaluate,
						    .initialise = still_initialise,
						    .destroy = still_destroy };
	static const char body[] =
		"{\"model\":{\"type\":\"function\",\"function\":\"rosenbrock\",\"initial_point\":[-1.2,1]},"
		"\"optimizer\":{\"type\":\"adam\"},\"training\":{\"steps\":1000000,\"dtype\":\"float32\"},\"stopping\":"
		"{\"gradient_norm\":null,\"loss_change\":null,\"parameter_change\":null},\"recording\":{\"every_"
		"steps\":"
		"1000000}}";
	struct still still = { .base = { .type = &type, .dtype = DTYPE_FLOAT32, .n = LARGE, .tensors = 1 } };
	still.tensor = (struct tensor){ .name = "x", .rank = 1, .shape = { LARGE }, .size = LARGE };
	still.base.tensor = &still.tensor;
	struct pool *pool;
	struct bench_job job;
	if (pool_create(threads, &pool, NULL) != OK) {
		bench_fail("no pool of %zu threads", threads);
	}
	struct executor *executor = pool_executor_create(pool, NULL);
	if (executor == NULL) {
		bench_fail("no memory");
	}
	bench_job_init(&job, body, NULL, threads);
	struct objective *function = job.objective;
	job.objective = &still.base;
	struct trainer *trainer = bench_job_start(&job, executor);
	plain->pieces = threads;
	pool_executor_begin(executor);
	bench_advance(trainer, 2);
	for (size_t round = 0; round < ROUNDS; round++) {
		char name[32];
		double begin = bench_now();
		bench_advance(trainer, STEPS);
		snprintf(name, sizeof name, "large.adam.%zu", threads);
		bench_result(name, 1e6 * (bench_now() - begin) / STEPS);
		begin = bench_now();
		for (size_t k = 0; k < STEPS; k++) {
			executor->run(executor, threads, plain_piece, plain);
		}
		snprintf(name, sizeof name, "large.plain.%zu", threads);
		bench_result(name, 1e6 * (bench_now() - begin) / STEPS);
	}
	pool_executor_end(executor);
	trainer_destroy(trainer);
	job.objective = function;
	bench_job_fini(&job);
	pool_executor_destroy(executor);
	pool_destroy(pool);
}

int main(void)
{
	gemm_settings();
	bench_lbfgs();
	struct plain plain;
	float **const array[] = { &plain.x, &plain.g, &plain.m, &plain.v };
	for (size_t i = 0; i < sizeof array / sizeof array[0]; i++) {
		*array[i] = bench_memory(LARGE * sizeof(float));
		bench_numbers(*array[i], LARGE, (uint32_t)i);
	}
	for (size_t threads = 1; threads <= THREADS_MAX; threads++) {
		bench_adam(threads, &plain);
	}
	return 0;
}
