/*
 * The cost of a step where there is next to no arithmetic: Adam on a linear regression of 150 x 4 float32, and on the
 * Rosenbrock function in float64. The whole loop of the trainer with a job's default rules and recording, in us a step;
 * the latter as a built-in function and as an expression, in turn with the same iteration as a plain C loop.
 */
#include <math.h>
#include <stdio.h>

#include "core/kernels/gemm.h"
#include "tests/bench/bench.h"

enum { ROUNDS = 15, STEPS = 20000 };

static volatile double sink;

/* us a step of runs that make at least STEPS steps together. */
static double microseconds(const struct bench_job *job)
{
	struct executor executor = executor_serial();
	double seconds = 0;
	uint64_t steps = 0;
	while (steps < STEPS) {
		struct trainer *trainer = bench_job_start(job, &executor);
		double begin = bench_cpu();
		steps += bench_advance(trainer, UINT32_MAX);
		seconds += bench_cpu() - begin;
		trainer_destroy(trainer);
	}
	return 1e6 * seconds / (double)steps;
}

static void bench_linear(void)
{
	static const char body[] = "{\"dataset\":{\"id\":\"ds_bench\",\"target\":\"target\"},"
				   "\"model\":{\"type\":\"linear_regression\"},"
				   "\"optimizer\":{\"type\":\"adam\",\"learning_rate\":0.05},"
				   "\"training\":{\"batch_size\":\"full\",\"epochs\":1000}}";
	struct bench_data data;
	struct bench_job job;
	bench_data_init(&data, 150, 4, 0);
	float *x = (float *)(uintptr_t)data.view.x, *y = (float *)(uintptr_t)data.view.y;
	bench_numbers(x, 600, 2385);
	for (size_t r = 0; r < 150; r++) {
		y[r] = x[4 * r] - 2 * x[4 * r + 1] + 0.5f * x[4 * r + 2] + 3 * x[4 * r + 3] + 0.7f;
	}
	bench_job_init(&job, body, &data, 1);
	for (size_t round = 0; round < ROUNDS; round++) {
		bench_result("linear.step", microseconds(&job));
	}
	bench_job_fini(&job);
	bench_data_fini(&data);
}

/* Adam on Rosenbrock, as one would write it by hand; us a step. */
static double plain_microseconds(void)
{
	double begin = bench_cpu();
	double x[2] = { -1.2, 1 }, m[2] = { 0 }, v[2] = { 0 }, power1 = 1, power2 = 1;
	for (size_t k = 0; k < STEPS; k++) {
		double q = x[1] - x[0] * x[0];
		double g[2] = { -2 * (1 - x[0]) - 400 * x[0] * q, 200 * q };
		power1 *= 0.9;
		power2 *= 0.999;
		for (size_t i = 0; i < 2; i++) {
			m[i] = 0.9 * m[i] + 0.1 * g[i];
			v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
			x[i] -= 0.001 * (m[i] / (1 - power1)) / (sqrt(v[i] / (1 - power2)) + 1e-8);
		}
	}
	sink = x[0];
	return 1e6 * (bench_cpu() - begin) / STEPS;
}

/* As a built-in function, and written as an expression. */
static void bench_rosenbrock(void)
{
#define TRAINED "\"optimizer\":{\"type\":\"adam\",\"learning_rate\":0.001},\"training\":{\"steps\":10000}}"
	static const char function[] =
		"{\"model\":{\"type\":\"function\",\"function\":\"rosenbrock\",\"initial_point\":[-1.2,1]}," TRAINED;
	static const char expression[] =
		"{\"model\":{\"type\":\"expression\",\"objective\":\"100*(z - x**2)**2 + (1 - x)**2\","
		"\"parameters\":{\"x\":-1.2,\"z\":1}}," TRAINED;
#undef TRAINED
	struct bench_job built_in, written;
	bench_job_init(&built_in, function, NULL, 1);
	bench_job_init(&written, expression, NULL, 1);
	for (size_t round = 0; round < ROUNDS; round++) {
		bench_result("rosenbrock.plain", plain_microseconds());
		bench_result("rosenbrock.step", microseconds(&built_in));
		bench_result("rosenbrock.expression", microseconds(&written));
	}
	bench_job_fini(&built_in);
	bench_job_fini(&written);
}

int main(void)
{
	gemm_settings();
	bench_linear();
	bench_rosenbrock();
	return 0;
}
