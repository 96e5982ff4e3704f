#include "tests/bench/bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

double bench_now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

double bench_cpu(void)
{
	struct timespec time;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double bench_median(double *values, size_t count)
{
	qsort(values, count, sizeof *values, ascending);
	return count % 2 != 0 ? values[count / 2] : 0.5 * (values[count / 2 - 1] + values[count / 2]);
}

void bench_result(const char *name, double value)
{
	printf("%s\t%.9g\n", name, value);
	fflush(stdout);
}

void bench_fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, arguments);
	fputs("\n", stderr);
	va_end(arguments);
	exit(1);
}

void *bench_memory(size_t bytes)
{
	enum { HUGE = 2 << 20 };
	size_t unit = bytes >= HUGE ? HUGE : 64;
	size_t size = (bytes + unit - 1) / unit * unit;
	void *memory = aligned_alloc(unit, size);
	if (memory == NULL) {
		bench_fail("no memory for %zu bytes", bytes);
	}
	if (unit == HUGE) {
		(void)madvise(memory, size, MADV_HUGEPAGE);
	}
	return memory;
}

void bench_numbers(float *x, size_t n, uint32_t seed)
{
	uint32_t state = seed;
	for (size_t i = 0; i < n; i++) {
		state = state * 1664525u + 1013904223u;
		x[i] = (float)(state >> 8) * 0x1p-23f - 1.0f;
	}
}

/* --- data --- */

static void describe(struct column_info *column, const char *name)
{
	*column =
		(struct column_info){ .name = strdup(name), .minimum = -1, .maximum = 1, .sd = 0.577, .distinct = -1 };
	if (column->name == NULL) {
		bench_fail("no memory");
	}
}

void bench_data_init(struct bench_data *data, size_t rows, size_t features, size_t classes)
{
	char name[32];
	memset(data, 0, sizeof *data);
	strcpy(data->info.id, "ds_bench");
	memset(data->info.sha256, 'b', 64);
	data->info.rows = rows;
	data->info.columns = features + 1;
	data->info.column = calloc(features + 1, sizeof *data->info.column);
	if (data->info.column == NULL) {
		bench_fail("no memory");
	}
	for (size_t c = 0; c < features; c++) {
		snprintf(name, sizeof name, "x%zu", c + 1);
		describe(&data->info.column[c], name);
	}
	struct column_info *target = &data->info.column[features];
	describe(target, "target");
	data->view = (struct data_view){ .rows = rows, .features = features, .classes = classes };
	data->view.x = bench_memory(rows * features * sizeof(float));
	if (classes == 0) {
		data->view.targets = 1;
		data->view.y = bench_memory(rows * sizeof(float));
		return;
	}
	target->level_count = classes;
	target->distinct = (int64_t)classes;
	target->maximum = (double)(classes - 1);
	target->level_number = calloc(classes, sizeof(double));
	int32_t *label = bench_memory(rows * sizeof *label);
	if (target->level_number == NULL) {
		bench_fail("no memory");
	}
	for (size_t k = 0; k < classes; k++) {
		target->level_number[k] = (double)k;
	}
	for (size_t r = 0; r < rows; r++) {
		label[r] = (int32_t)(r * 7919 / 3 % classes);
	}
	data->view.label = label;
}

void bench_data_fini(struct bench_data *data)
{
	free((void *)(uintptr_t)data->view.x);
	free((void *)(uintptr_t)data->view.y);
	free((void *)(uintptr_t)data->view.label);
	dataset_info_fini(&data->info);
}

/* --- jobs --- */

void bench_job_init(struct bench_job *job, const char *body, const struct bench_data *data, size_t slots)
{
	struct job_draft *draft = NULL;
	struct problem problem;
	struct error error;
	problem_init(&problem);
	*job = (struct bench_job){ .data = data };
	enum status status = job_draft_read(body, strlen(body), &draft, &problem);
	if (status == OK) {
		status = job_spec_resolve(draft, data != NULL ? &data->info : NULL, NULL, slots, &job->spec, &problem);
	}
	if (status != OK) {
		bench_fail("%s: %s", body, problem.faults > 0 ? problem.fault[0].detail : status_text(status));
	}
	problem_fini(&problem);
	job_draft_destroy(draft);
	const struct job_spec *spec = job->spec;
	if (data != NULL && spec->shape.classes != data->view.classes) {
		bench_fail("%s: takes the target for something else", body);
	}
	struct model_shape shape = spec->shape;
	shape.rows = spec->train_rows;
	shape.products = spec->train.optimizer.type->products;
	status = model_build(&spec->model, &shape, spec->train.training.dtype, slots, &job->objective, &error);
	if (status != OK) {
		bench_fail("%s: %s", body, error.text);
	}
}

void bench_job_fini(struct bench_job *job)
{
	objective_destroy(job->objective);
	job_spec_destroy(job->spec);
}

struct trainer *bench_job_start(const struct bench_job *job, struct executor *executor)
{
	struct trainer_setup setup = {
		.config = job->spec->train,
		.objective = job->objective,
		.training = job->data != NULL ? &job->data->view : NULL,
		.executor = executor,
		.clock = bench_now,
	};
	struct trainer *trainer = NULL;
	struct error error;
	if (trainer_create(&setup, &trainer, &error) != OK) {
		bench_fail("%s", error.text);
	}
	return trainer;
}

static uint64_t step_of(const struct trainer *trainer)
{
	struct trainer_progress progress;
	trainer_progress(trainer, &progress);
	return progress.step;
}

uint64_t bench_advance(struct trainer *trainer, uint64_t steps)
{
	const struct curve_point *points;
	const double *parameters;
	uint64_t first = step_of(trainer), step = first;
	while (trainer_reason(trainer) == STOP_NONE && step - first < steps) {
		if (trainer_advance(trainer, steps - (step - first)) != OK) {
			bench_fail("the run was given up");
		}
		trainer_take_points(trainer, &points, &parameters);
		step = step_of(trainer);
	}
	return step - first;
}
