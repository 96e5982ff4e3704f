/*
 * GET /v1/jobs/{id}/surface: the objective of a job of two parameters on a grid around its path, for contour plots.
 *
 * The job's objective is built again from its spec and, where it has data, from its dataset, prepared as for the job
 * itself: values along the path are those of its curve, to the bit, where it took full batches. All of it is work
 * (HTTP_WORK) with memory out of the budget of the jobs. What it may cost is bounded twice: by rows times points,
 * beyond which it is the objective over some rows, evenly spread (the answer says how many), and by time, for
 * objectives that are dear without rows.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/job_spec.h"
#include "api/surface.h"
#include "core/objective/surface.h"
#include "server/routes/common.h"
#include "server/routes/routes.h"
#include "server/runner/job_data.h"

/* Rows are gone through so often at most: some ten seconds of a linear model. */
static const double ROW_VISITS = 2e9;
/* So often where they cannot all be. */
static const double SAMPLE_VISITS = 5e8;
/* Of those, for gradients along the path; each costs about three. */
static const double PATH_VISITS = 2e8;
/* Of the processor, not of the clock: what else the machine does is no fault of the question. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const double SECONDS = 1200;
#else
static const double SECONDS = 30;
#endif

struct surface_query {
	uint64_t points;
	double bound[4]; /* x_min, x_max, y_min, y_max; NAN: not given */
	bool npz;
};
static const char *const bound_words[4] = { "x_min", "x_max", "y_min", "y_max" };

/* Everything that one surface is made of; zeroed is empty. */
struct making {
	struct service *service;
	struct problem *problem;
	const struct job_record *record;
	struct surface_query query;
	struct executor executor;
	struct open_table data, validation;
	struct job_spec *spec;
	uint64_t reserved;
	struct prepared prepared;
	bool is_prepared;
	struct objective *objective;
	double *memory;  /* owned: axes, values, and the arrays of the path */
	uint64_t *step;  /* owned */
	uint32_t *index; /* owned: the rows that it is taken over; NULL: all */
	size_t rows;     /* how many */
	double *axis[2], *values, *point, *path_values, *gradient;
	struct surface_view view;
};

static void making_fini(struct making *making)
{
	free(making->memory);
	free(making->step);
	free(making->index);
	objective_destroy(making->objective);
	if (making->is_prepared) {
		prepared_fini(&making->prepared);
	}
	workers_release(making->service->workers, making->reserved);
	job_spec_destroy(making->spec);
	open_table_fini(&making->data);
	open_table_fini(&making->validation);
}

/* --- what is asked for --- */

static void read_query(const struct http_request *request, struct surface_query *query, struct problem *problem)
{
	static const char *const formats[] = { "json", "npz", NULL };
	size_t format = 0;
	query->points = SURFACE_POINTS_MIN;
	query_word(request, "format", formats, &format, problem);
	query->npz = format == 1;
	if (http_query(request, "format") == NULL) {
		const char *accept = http_header(request, "Accept");
		const char *npz = accept == NULL ? NULL : strcasestr(accept, "application/octet-stream");
		const char *json = accept == NULL ? NULL : strcasestr(accept, "application/json");
		query->npz = npz != NULL && (json == NULL || npz < json);
	}
	query_uint(request, "points", SURFACE_POINTS_MAX, &query->points, problem);
	if (query->points < SURFACE_POINTS_MIN) {
		problem_parameter(problem, "points", FAULT_OUT_OF_RANGE, NULL, NULL, "at least %d", SURFACE_POINTS_MIN);
	}
	for (size_t k = 0; k < 4; k++) {
		query->bound[k] = NAN;
		query_number(request, bound_words[k], SURFACE_FAR, &query->bound[k], problem);
	}
	for (size_t k = 0; k < 4; k += 2) {
		if (query->bound[k] >= query->bound[k + 1]) {
			problem_parameter(problem, bound_words[k + 1], FAULT_OUT_OF_RANGE, NULL, NULL, "more than %s",
					  bound_words[k]);
		}
	}
}

/* --- the job's objective --- */

/* A dataset that is needed; one that has gone is a conflict. */
static enum status load_table(struct making *making, const char *id, struct open_table *out, struct error *error)
{
	const struct service *service = making->service;
	if (id[0] == '\0') {
		return OK;
	}
	const enum status status = open_table_load(service->store, service->config->data_dir, id, out, error);
	if (status == E_NOT_FOUND) {
		problem_set(making->problem, PROBLEM_CONFLICT,
			    "The objective is a sum over the rows of dataset %s, which has been deleted.", id);
		return E_CONFLICT;
	}
	return status;
}

static enum status load_spec(struct making *making, struct error *error)
{
	const struct job_record *record = making->record;
	enum status status = load_table(making, record->dataset_id, &making->data, error);
	if (status == OK) {
		status = load_table(making, record->validation_id, &making->validation, error);
	}
	if (status != OK) {
		return status;
	}
	struct problem problem;
	problem_init(&problem);
	status = job_spec_load(
		record->spec, record->spec_length, making->data.table != NULL ? &making->data.info : NULL,
		making->validation.table != NULL ? &making->validation.info : NULL, 1, &making->spec, &problem);
	if (status == E_INVALID) {
		status = error_set(error, E_CORRUPT, "the stored spec of %s is refused: %s", record->id,
				   problem.faults > 0 ? problem.fault[0].detail : problem.detail);
	}
	problem_fini(&problem);
	return status;
}

/* Two parameters; and how many rows can be gone through. A sum over some rows is none over all, and what couples rows
 * is another function of some: it is not taken. Of what takes all rows at once the numbers in between count. */
static enum status judge_job(struct making *making)
{
	const struct job_spec *spec = making->spec;
	const double all = spec->has_dataset ? (double)spec->training_rows : 0;
	const double rows = spec->whole ? fmax((double)spec->numbers, all) : all;
	const char *unit = spec->whole ? "numbers in between" : "rows";
	const double most = floor(ROW_VISITS / (double)making->query.points);
	making->rows = (size_t)(rows <= most ? all : floor(SAMPLE_VISITS / (double)making->query.points));
	if (spec->parameters != 2) {
		problem_set(making->problem, PROBLEM_INVALID,
			    "The job has %llu parameter%s, a surface needs two: see its curve instead.",
			    (unsigned long long)spec->parameters, spec->parameters == 1 ? "" : "s");
		return E_INVALID;
	}
	if (rows <= most || (!spec->train.training.sum && !spec->couples)) {
		return OK;
	}
	if (rows * SURFACE_POINTS_MIN <= ROW_VISITS) {
		problem_set(making->problem, PROBLEM_INVALID,
			    "%llu points over %.0f %s are too many: ask for at most points=%.0f.",
			    (unsigned long long)making->query.points, rows, unit, floor(ROW_VISITS / rows));
	} else {
		problem_set(
			making->problem, PROBLEM_INVALID,
			"The objective %s %.0f %s; a surface goes through at most %.0f. Post the job again on a part "
			"of its rows and ask for the surface of that.",
			spec->whole     ? "has"
			: spec->couples ? "couples"
					: "is a sum over",
			rows, unit, ROW_VISITS / SURFACE_POINTS_MIN);
	}
	return E_INVALID;
}

static enum status build(struct making *making, struct error *error)
{
	const struct job_spec *spec = making->spec;
	enum status status = reserve_memory(making->service, spec->memory_bytes + surface_memory(making->query.points),
					    making->problem);
	if (status != OK) {
		return status;
	}
	making->reserved = spec->memory_bytes + surface_memory(making->query.points);
	if (making->data.table != NULL) {
		status = prepare_data(spec, making->data.table, making->validation.table, making->executor.stop,
				      &making->prepared, error);
		making->is_prepared = status == OK;
	}
	struct model_shape shape = spec->shape;
	shape.rows = spec->train_rows;
	return status != OK
		       ? status
		       : model_build(&spec->model, &shape, spec->train.training.dtype, 1, &making->objective, error);
}

/* --- the path --- */

/* Where the job begins, when that is known; the run shown may be another than the first. */
static bool start_of(const struct making *making, double theta[2])
{
	const struct job_spec *spec = making->spec;
	uint64_t restarts, shown;
	double drawn[2];
	if (spec->initial_job_id[0] != '\0' || restarts_describe(making->record->report, &restarts, &shown)) {
		return false;
	}
	if (spec->initial != NULL && spec->initial_count == 2) {
		memcpy(theta, spec->initial, 2 * sizeof *theta);
		return true;
	}
	making->objective->type->initialise(making->objective, spec->train.training.seed, drawn);
	dtype_convert(making->objective->dtype, drawn, DTYPE_FLOAT64, theta, 2);
	return true;
}

/* Without a record: the start and the last weights. */
static enum status take_ends(struct making *making)
{
	struct surface_view *view = &making->view;
	struct loaded_weights weights;
	size_t count = 0;
	if (start_of(making, making->point)) {
		making->step[count++] = 0;
	}
	const enum status status = weights_load(making->service, making->record, "last", 2, &weights);
	if (status == OK) {
		making->step[count] = weights.step;
		dtype_convert(weights.card->dtype, weights.values, DTYPE_FLOAT64, making->point + 2 * count++, 2);
		loaded_weights_fini(&weights);
	}
	view->count = view->path_total = count;
	return status == E_NOT_FOUND ? OK : status;
}

/* Evenly spread ones of the points of the run shown, the first and the last among them. */
static void take_points(struct making *making, const struct curve_slice *slice, uint64_t base)
{
	struct surface_view *view = &making->view;
	const size_t rows = making->rows;
	size_t most = SURFACE_PATH_MAX, total = 0;
	if (rows > 0 && (double)most * (double)rows > PATH_VISITS) {
		most = (size_t)fmax(100, PATH_VISITS / (double)rows);
	}
	while (total < slice->count && slice->points[total].step - base < RESTART_STEPS) {
		total++;
	}
	view->recorded = true;
	view->path_total = total;
	view->count = total < most ? total : most;
	for (size_t i = 0; i < view->count; i++) {
		const size_t from = view->count == total ? i : i * (total - 1) / (view->count - 1);
		making->step[i] = slice->points[from].step - base;
		memcpy(making->point + 2 * i, slice->parameters + 2 * from, 2 * sizeof *making->point);
	}
}

static enum status take_path(struct making *making)
{
	struct curve_slice slice = { 0 };
	uint64_t restarts = 1, shown = 0;
	restarts_describe(making->record->report, &restarts, &shown);
	enum status status =
		store_read_points(making->service->store, making->record->id, shown * RESTART_STEPS, SIZE_MAX, &slice);
	if (status == OK && slice.parameters != NULL && slice.n == 2) {
		take_points(making, &slice, shown * RESTART_STEPS);
	}
	curve_slice_fini(&slice);
	return status == OK && making->view.count == 0 ? take_ends(making) : status;
}

/* --- the surface --- */

static enum status allocate(struct making *making)
{
	const size_t side = (size_t)sqrt((double)making->query.points);
	making->view.rows = side;
	making->view.columns = (size_t)making->query.points / side;
	const size_t grid = making->view.rows * making->view.columns, path = SURFACE_PATH_MAX;
	making->memory = calloc(grid + making->view.rows + making->view.columns + 5 * path, sizeof(double));
	making->step = calloc(path, sizeof *making->step);
	if (making->memory == NULL || making->step == NULL) {
		return E_MEMORY;
	}
	const size_t all = making->is_prepared ? making->prepared.training.rows : 0;
	making->index = making->rows < all ? malloc(making->rows * sizeof *making->index) : NULL;
	if (making->rows < all && making->index == NULL) {
		return E_MEMORY;
	}
	for (size_t i = 0; i < making->rows && making->index != NULL; i++) {
		making->index[i] = (uint32_t)((double)i * (double)all / (double)making->rows);
	}
	making->rows = all < making->rows ? all : making->rows;
	making->values = making->memory;
	making->axis[0] = making->values + grid;
	making->axis[1] = making->axis[0] + making->view.columns;
	making->point = making->axis[1] + making->view.rows;
	making->path_values = making->point + 2 * path;
	making->gradient = making->path_values + path;
	return OK;
}

/* The axes: what was asked for, else what the path suggests. A single bound moves the other one where they cross. */
static void choose_axes(struct making *making)
{
	struct surface_range range[2];
	surface_ranges(making->point, making->view.count, range);
	for (size_t k = 0; k < 2; k++) {
		const double low = making->query.bound[2 * k], high = making->query.bound[2 * k + 1];
		const double width = range[k].high - range[k].low;
		if (!isnan(low)) {
			range[k].low = low;
			range[k].high = fmax(range[k].high, low + width);
		}
		if (!isnan(high)) {
			range[k].high = high;
			range[k].low = isnan(low) ? fmin(range[k].low, high - width) : low;
		}
		surface_axis(&range[k], k == 0 ? making->view.columns : making->view.rows, making->objective->dtype,
			     making->axis[k]);
	}
}

static double seconds_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Whether to go on: E_CANCELLED, or E_INVALID with the problem set when the time is over. */
static enum status look_up(struct making *making, double begin)
{
	if (executor_stopped(&making->executor)) {
		return E_CANCELLED;
	}
	if (seconds_now() - begin > SECONDS) {
		problem_set(
			making->problem, PROBLEM_INVALID,
			"The surface takes longer than %.0f s of computing: one evaluation of this objective is dear. "
			"Ask for fewer points (%d at least; these were %" PRIu64 ").",
			SECONDS, SURFACE_POINTS_MIN, making->query.points);
		return E_INVALID;
	}
	return OK;
}

static enum status compute(struct making *making)
{
	const struct batch batch = { .data = &making->prepared.training,
				     .index = making->index,
				     .count = making->rows,
				     .sum = making->spec->train.training.sum };
	const struct surface_view *view = &making->view;
	const double begin = seconds_now();
	enum status status = OK;
	for (size_t i = 0; i < view->count && status == OK; i++) {
		status = look_up(making, begin);
		if (status == OK) {
			status = surface_at(making->objective, &batch, &making->executor, making->point + 2 * i,
					    &making->path_values[i], making->gradient + 2 * i);
		}
	}
	for (size_t i = 0; i < view->rows * view->columns && status == OK; i++) {
		const double theta[2] = { making->axis[0][i % view->columns], making->axis[1][i / view->columns] };
		status = i % 16 == 0 ? look_up(making, begin) : OK;
		if (status == OK) {
			status = surface_at(making->objective, &batch, &making->executor, theta, &making->values[i],
					    NULL);
		}
	}
	return status;
}

static enum status make(struct making *making, struct text *out, struct error *error)
{
	enum status status = load_spec(making, error);
	status = status == OK ? judge_job(making) : status;
	status = status == OK ? build(making, error) : status;
	status = status == OK ? allocate(making) : status;
	status = status == OK ? take_path(making) : status;
	if (status == OK) {
		choose_axes(making);
		status = compute(making);
	}
	if (status == OK) {
		struct surface_view *view = &making->view;
		view->job_id = making->record->id;
		view->tensor = making->objective->tensor;
		view->tensors = making->objective->tensors;
		view->axis[0] = making->axis[0];
		view->axis[1] = making->axis[1];
		view->values = making->values;
		view->step = making->step;
		view->rows_used = making->rows;
		view->rows_total = making->is_prepared ? making->prepared.training.rows : 0;
		view->point = making->point;
		view->path_values = making->path_values;
		view->gradient = making->gradient;
		(making->query.npz ? surface_render_npz : surface_render)(view, out);
		status = text_failed(out) ? E_MEMORY : OK;
	}
	return status;
}

enum http_outcome jobs_surface(void *context, struct http_request *request, struct http_response *response)
{
	struct service *service = context;
	struct problem problem;
	problem_init(&problem);
	struct error error = { 0 };
	struct job_record record = { 0 };
	struct making making = {
		.service = service,
		.problem = &problem,
		.record = &record,
		.executor = executor_serial(),
	};
	read_query(request, &making.query, &problem);
	if (problem_any(&problem)) {
		return answer_problem(request, response, &problem);
	}
	enum status status = store_get_job(service->store, http_segment(request, 0), &record);
	if (status != OK) {
		return answer_status(request, response, status, NULL, "job");
	}
	if (!http_working(request)) {
		job_record_fini(&record);
		return HTTP_WORK;
	}
	making.executor.stop = http_cancelled(request);
	status = make(&making, &response->body, &error);
	if (status == E_BUSY || (status == OK && !job_status_ended(record.status))) {
		http_response_header(response, "Retry-After", "1");
	}
	http_response_header(response, "Vary", "Accept");
	if (status == OK && making.query.npz) {
		response->content_type = "application/octet-stream";
		name_download(response, &record, "surface.npz");
	}
	making_fini(&making);
	job_record_fini(&record);
	if (problem_any(&problem)) {
		return answer_problem(request, response, &problem);
	}
	problem_fini(&problem);
	return status == OK ? HTTP_DONE : answer_status(request, response, status, &error, "job");
}
