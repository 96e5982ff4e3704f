/*
 * What the benchmarks share: the clock, medians, lines of results, and jobs made as the service makes them.
 *
 * A benchmark that scripts/bench.sh runs prints one line a measurement, "name<tab>number"; the script takes medians
 * over all lines of a name, so that rounds within a program and runs of a program count alike. Benchmarks end the
 * process when something fails: they are programs, not tests.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stddef.h>

#include "api/job_spec.h"
#include "core/data/view.h"
#include "core/exec.h"
#include "core/objective/objective.h"
#include "core/train/trainer.h"

/* Seconds, monotonic. */
double bench_now(void);
/* Seconds that the calling thread computed: what runs on one thread alone is timed so, as a busy machine stretches the
 * clock, not this. */
double bench_cpu(void);
/* Sorts the values. */
double bench_median(double *values, size_t count);
/* A result, flushed: the script may end us. */
void bench_result(const char *name, double value);
_Noreturn void bench_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* bytes of memory on a cache line, on huge pages where the array is large (as server/dataset/prepare.h has it). */
void *bench_memory(size_t bytes);

/* Numbers in [-1, 1) from a congruential generator: fast to make, and no pattern that a cache likes. */
void bench_numbers(float *x, size_t n, uint32_t seed);

/* A dataset that never saw the store: x and label or y, and what api needs to know of it. */
struct bench_data {
	struct dataset_info info; /* columns x1 .. xN and target */
	struct data_view view;
};
/* x is left to the caller. classes > 0: a target of that many classes in turn, else numbers. */
void bench_data_init(struct bench_data *data, size_t rows, size_t features, size_t classes);
void bench_data_fini(struct bench_data *data);

/* A job from a request's body on: defaults filled in by api, objective built and trainer made as a job runner does. */
struct bench_job {
	struct job_spec *spec;
	struct objective *objective;
	const struct bench_data *data; /* borrowed; NULL: a function */
};
/* The body names the dataset "ds_bench" and the target "target". */
void bench_job_init(struct bench_job *job, const char *body, const struct bench_data *data, size_t slots);
void bench_job_fini(struct bench_job *job);
/* A run at step 0, returned owned. */
struct trainer *bench_job_start(const struct bench_job *job, struct executor *executor);
/* At most `steps` more steps; points are taken away as they come. Returns the steps made. */
uint64_t bench_advance(struct trainer *trainer, uint64_t steps);

#endif
