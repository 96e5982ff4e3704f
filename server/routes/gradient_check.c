#include "server/routes/gradient_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/objective/gradient_check.h"
#include "server/runner/job_data.h"

/* Rows; elements of a parameter; multiplications in all, roughly: a few seconds of one thread. */
enum { ROWS_MOST = 128, ROWS_LEAST = 8, ELEMENTS_MOST = 64, ELEMENTS_LEAST = 2, EVALUATIONS = 4 };
static const double most_work = 4e9;
/* Nanoseconds, where all rows are gone through at once: as many elements as fit the first, none beyond the last. */
static const double enough_ns = 3e9, most_ns = 30e9;

uint64_t gradient_check_memory(const struct job_spec *spec)
{
	return 2 * spec->memory_bytes;
}

/* Of every row, where one element of each parameter is looked at. */
static double work_of_row(const struct objective *objective)
{
	return 2.0 * EVALUATIONS * (double)objective->n * (double)(objective->tensors + 1);
}

/* Of an objective that takes all rows at once, for each element that is looked at of every parameter. */
static double work_of_element(const struct objective *objective)
{
	return EVALUATIONS * objective->work * (double)(objective->tensors + 1);
}

static size_t elements_of(const struct objective *objective, const struct job_spec *spec, size_t rows)
{
	double elements = spec->whole ? enough_ns / work_of_element(objective)
				      : most_work / work_of_row(objective) / (double)(rows + 1);
	return elements < ELEMENTS_LEAST ? ELEMENTS_LEAST : elements > ELEMENTS_MOST ? ELEMENTS_MOST : (size_t)elements;
}

/* A model of millions is looked at over fewer. */
static size_t affordable_rows(const struct objective *objective, size_t rows)
{
	double most = fmax(ROWS_LEAST, most_work / work_of_row(objective) / ELEMENTS_LEAST);
	return (double)rows < most ? rows : (size_t)most;
}

/* Of the batch that it is looked at over, whatever the job's own batches have; all where they are one dimension. */
static size_t rows_of(const struct job_spec *spec, const struct data_view *data)
{
	return spec->whole || data->rows < ROWS_MOST ? data->rows : ROWS_MOST;
}

static enum status check(struct job_spec *spec, struct objective *objective, const struct data_view *data,
			 const double *initial, const atomic_bool *stop, struct gradient_report *out)
{
	struct executor executor = executor_serial();
	executor.stop = stop;
	struct batch batch = { .data = data, .training = true, .seed = spec->train.training.seed };
	double *theta = calloc(objective->n + 1, sizeof *theta);
	out->tensor = calloc(objective->tensors + 1, sizeof *out->tensor);
	out->check = calloc(objective->tensors + 1, sizeof *out->check);
	if (theta == NULL || out->tensor == NULL || out->check == NULL) {
		free(theta);
		return E_MEMORY;
	}
	if (initial != NULL) {
		memcpy(theta, initial, objective->n * sizeof *theta);
	} else {
		objective->type->initialise(objective, spec->train.training.seed, theta);
	}
	if (data != NULL) {
		batch.count = rows_of(spec, data);
		batch.count = spec->whole ? batch.count : affordable_rows(objective, batch.count);
	}
	memcpy(out->tensor, objective->tensor, objective->tensors * sizeof *out->tensor);
	out->tensors = objective->tensors;
	out->rows = batch.count;
	enum status status = gradient_check_tensors(objective, theta, data != NULL ? &batch : NULL, &executor,
						    elements_of(objective, spec, batch.count), out->check);
	free(theta);
	return status;
}

/* Whether an objective of all rows at once is checked in seconds: asked of its form, before memory is taken for it. */
static enum status judge_work(const struct job_spec *spec, const struct model_shape *shape, struct error *error)
{
	struct objective *objective = NULL;
	enum status status = model_build(&spec->model, shape, DTYPE_FLOAT64, 0, &objective, error);
	const double least = status == OK ? ELEMENTS_LEAST * work_of_element(objective) : 0;
	if (least > most_ns) {
		status = error_set(error, E_INVALID,
				   "the objective goes through all %zu rows at once, for which a gradient check would "
				   "take about %.0f s, and at most %.0f are allowed: check it with fewer rows",
				   shape->rows, ceil(least / 1e9), most_ns / 1e9);
	}
	objective_destroy(objective);
	return status;
}

static enum status build_and_check(struct job_spec *spec, const struct prepared *prepared, const double *initial,
				   size_t initial_count, const atomic_bool *stop, struct gradient_report *out,
				   struct error *error)
{
	struct objective *objective = NULL;
	struct model_shape shape = spec->shape;
	shape.rows = prepared != NULL ? rows_of(spec, &prepared->training) : 0;
	enum status status = spec->whole ? judge_work(spec, &shape, error) : OK;
	if (status == OK) {
		status = model_build(&spec->model, &shape, DTYPE_FLOAT64, 1, &objective, error);
	}
	if (status == OK && initial != NULL && initial_count != objective->n) {
		status = error_set(error, E_INVALID, "%zu initial parameters, the model has %zu", initial_count,
				   objective->n);
	}
	if (status == OK) {
		status = check(spec, objective, prepared != NULL ? &prepared->training : NULL, initial, stop, out);
	}
	objective_destroy(objective);
	return status;
}

enum status gradient_check_job(struct service *service, struct job_spec *spec, const struct table *table,
			       const double *initial, size_t initial_count, const atomic_bool *stop,
			       struct gradient_report *out, struct error *error)
{
	struct open_table data = { .table = NULL }, validation = { .table = NULL };
	struct prepared prepared = { .memory = NULL };
	const char *folder = service->config->data_dir;
	enum status status = OK;
	spec->train.training.dtype = DTYPE_FLOAT64;
	*out = (struct gradient_report){ .rows = 0 };
	if (table == NULL && spec->has_dataset) {
		status = open_table_load(service->store, folder, spec->dataset_id, &data, error);
		table = data.table;
	}
	if (status == OK && spec->validation_id[0] != '\0') {
		status = open_table_load(service->store, folder, spec->validation_id, &validation, error);
	}
	if (status == OK && table != NULL) {
		status = prepare_data(spec, table, validation.table, stop, &prepared, error);
	}
	if (status == OK) {
		status = build_and_check(spec, table != NULL ? &prepared : NULL,
					 initial != NULL ? initial : spec->initial,
					 initial != NULL ? initial_count : spec->initial_count, stop, out, error);
		if (table != NULL) {
			prepared_fini(&prepared);
		}
	}
	open_table_fini(&data);
	open_table_fini(&validation);
	return status;
}
