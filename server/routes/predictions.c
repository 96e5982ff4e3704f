/*
 * POST /v1/jobs/{id}/predictions: raw values -> the job's own standardisation -> its model at its weights -> answers.
 *
 * The dataset may be gone by now, so the model is built again from the job's spec and its card: the card knows
 * features, targets and classes, which is all that the judge of a spec asks of a dataset.
 *
 * A few rows and a small model are answered at once, on the thread of the connection; more is work for others
 * (HTTP_WORK), and so are stored datasets and samples of a gan, for which memory is taken out of the budget of the
 * jobs, and which ends early when the service does. Rows pass piece by piece (predictions_piece), and what is written
 * of them goes to the disk where it is long, so that neither the rows nor the answer have to fit in memory.
 */
#include <stdlib.h>
#include <string.h>

#include "api/job_spec.h"
#include "api/predictions.h"
#include "core/objective/game.h"
#include "server/routes/common.h"
#include "server/routes/prediction_answer.h"
#include "server/routes/prediction_rows.h"
#include "server/routes/routes.h"

/* One request; zeroed is empty. */
struct predicting {
	struct service *service;
	const struct http_request *request;
	bool work; /* on a work thread: with memory reserved, answers may be long */
	const char *at;
	bool csv; /* the answer */
	struct csv_body body;
	bool body_is_csv, body_is_lines;
	struct text lines; /* what became of NDJSON */
	struct job_record record;
	struct loaded_weights weights;
	struct prediction_inputs inputs;
	struct row_source source;
	struct job_spec *spec;
	struct objective *objective;
	struct long_answer *answer;
	uint64_t reserved;
	struct problem *problem;
	struct error error;
};

static void predicting_fini(struct predicting *p)
{
	long_answer_destroy(p->answer);
	text_fini(&p->lines);
	row_source_fini(&p->source);
	prediction_inputs_fini(&p->inputs);
	objective_destroy(p->objective);
	job_spec_destroy(p->spec);
	loaded_weights_fini(&p->weights);
	job_record_fini(&p->record);
	workers_release(p->service->workers, p->reserved);
}

enum { STAND_IN_ROWS = 1000000 };

static const char objective_alone[] = "An objective alone predicts nothing: give the job a prediction with a loss.";

/* A dataset that looks like the one that the job was trained on, as far as the card tells. Borrows from the card. */
static enum status stand_in(const struct job_record *record, const struct model_card *card, struct dataset_info *out)
{
	memset(out, 0, sizeof *out);
	memcpy(out->id, record->dataset_id, sizeof out->id);
	out->rows = STAND_IN_ROWS;
	out->columns = card->features + card->targets;
	out->column = calloc(out->columns + 1, sizeof *out->column);
	if (out->column == NULL) {
		return E_MEMORY;
	}
	for (size_t i = 0; i < out->columns; i++) {
		struct column_info *column = &out->column[i];
		bool target = i >= card->features;
		column->name = target ? card->target[i - card->features] : card->feature[i];
		column->maximum = 1; /* not constant */
		column->mean = column->sd = 0.5;
		column->distinct = -1;
		if (target && card->classes > 0) {
			column->kind = card->class_number == NULL ? COLUMN_TEXT : COLUMN_NUMBER;
			column->distinct = (int64_t)card->classes;
			column->level_count = card->classes;
			column->level_text = card->class_number == NULL ? card->class_text : NULL;
			column->level_number = card->class_number;
		}
	}
	return OK;
}

/* The job's spec, judged against the stand-in. */
static enum status load_spec(struct predicting *p)
{
	const struct job_record *record = &p->record;
	struct dataset_info info;
	enum status status = stand_in(record, p->weights.card, &info);
	if (status != OK) {
		return status;
	}
	struct problem problem;
	problem_init(&problem);
	status = job_spec_load(record->spec, record->spec_length, &info,
			       record->validation_id[0] == '\0' ? NULL : &info, 1, &p->spec, &problem);
	if (status == E_INVALID && job_document_is_objective(record->spec, record->spec_length)) {
		problem_set(p->problem, PROBLEM_INVALID, "%s", objective_alone); /* of rows that the stand-in lacks */
	} else if (status == E_INVALID) {
		status = error_set(&p->error, E_CORRUPT, "the stored spec of %s is refused: %s", record->id,
				   problem.faults > 0 ? problem.fault[0].detail : problem.detail);
	}
	problem_fini(&problem);
	free(info.column);
	return status;
}

/* latents [count, latent] and rows [count, features], as doubles. */
struct made {
	double *latents, *rows;
};

/* Draws latent vectors, or takes those given, and has the generator make rows of them; in the model's precision. */
static enum status make_rows(const struct game *game, const struct loaded_weights *weights,
			     const struct prediction_inputs *inputs, struct made *made)
{
	const struct model_card *card = weights->card;
	const struct sampling *sampling = &inputs->sampling;
	const size_t cells_z = sampling->count * game->latent, cells_x = sampling->count * card->features;
	void *z = calloc(cells_z + 1, dtype_size(card->dtype)), *x = calloc(cells_x + 1, dtype_size(card->dtype));
	made->latents = calloc(cells_z + 1, sizeof(double));
	made->rows = calloc(cells_x + 1, sizeof(double));
	enum status status = E_MEMORY;
	if (z != NULL && x != NULL && made->latents != NULL && made->rows != NULL) {
		if (sampling->latents != NULL) {
			dtype_convert(DTYPE_FLOAT64, sampling->latents, card->dtype, z, cells_z);
		} else {
			latent_draw(game->law, sampling->seed, LATENT_SAMPLES, 0, 0, cells_z, card->dtype, z);
		}
		struct data_view view = {
			.dtype = card->dtype, .rows = sampling->count, .features = game->latent, .x = z
		};
		struct batch batch = { .data = &view, .count = sampling->count };
		struct executor executor = executor_serial();
		executor.stop = inputs->stop;
		status = game_generate(game, weights->values, &batch, &executor, x);
		dtype_convert(card->dtype, z, DTYPE_FLOAT64, made->latents, cells_z);
		dtype_convert(card->dtype, x, DTYPE_FLOAT64, made->rows, cells_x);
	}
	free(z);
	free(x);
	return status;
}

static enum status sample(struct predicting *p, struct text *out)
{
	const struct game *game = p->objective->game;
	const struct model_card *card = p->weights.card;
	struct made made = { NULL, NULL };
	enum status status = samples_fit(card, game->latent, &p->inputs.sampling, p->problem);
	status = status == OK ? make_rows(game, &p->weights, &p->inputs, &made) : status;
	if (status == OK) {
		samples_render(p->record.id, p->weights.step, card, &p->inputs.sampling, game->latent, made.latents,
			       made.rows, p->csv, out);
	}
	free(made.latents);
	free(made.rows);
	return status;
}

/* --- rows --- */

/* Memory for this request in all, where it is work. It is asked for anew when it is more than was reserved, so that a
 * request that never fits is told so. */
static enum status reserve(struct predicting *p, uint64_t bytes)
{
	if (!p->work || bytes <= p->reserved) {
		return OK;
	}
	workers_release(p->service->workers, p->reserved);
	p->reserved = 0;
	enum status status = reserve_memory(p->service, bytes, p->problem);
	p->reserved = status == OK ? bytes : 0;
	return status;
}

/* From the body to rows, or to what a generator shall make. E_TOO_LARGE: not on this thread. */
static enum status read_rows(struct predicting *p)
{
	const struct model_card *card = p->weights.card;
	const uint64_t length = p->body.length, n = 2 * (uint64_t)card->n * sizeof(double);
	enum status status;
	if (p->body_is_csv) {
		status = reserve(p, length + row_source_csv_memory(length) + n);
		return status != OK ? status
				    : row_source_csv(&p->source, card, p->service, &p->body, http_cancelled(p->request),
						     p->problem, &p->error);
	}
	/* the text of NDJSON doubles as it grows */
	const uint64_t lines = p->body_is_lines ? 3 * length : 0;
	status = reserve(p, lines + predictions_reading_memory(p->body.bytes, p->body.length) + n);
	if (status == OK && p->body_is_lines) {
		status = predictions_from_lines(p->body.bytes, p->body.length, &p->lines, p->problem);
		p->body.bytes = p->lines.data;
		p->body.length = p->lines.length;
	}
	if (status == OK) {
		p->inputs.stop = http_cancelled(p->request);
		status = predictions_read(p->body.bytes, p->body.length, card, &p->inputs, p->problem);
	}
	const bool far = p->inputs.sampling.asked || p->inputs.source != PREDICTION_ROWS;
	if (status != OK || (far && !p->work)) {
		return status == OK ? E_TOO_LARGE : status; /* a short body may ask for much */
	}
	if (p->inputs.source == PREDICTION_DATASET) {
		return row_source_dataset(&p->source, card, p->service, p->inputs.dataset_id, p->problem, &p->error);
	}
	if (p->inputs.source == PREDICTION_DRAFT) {
		status = reserve(p, job_draft_memory(p->body.bytes, p->body.length) + n);
		return status != OK ? status
				    : row_source_draft(&p->source, card, p->service, p->body.bytes, p->body.length,
						       http_cancelled(p->request), &p->reserved, p->problem, &p->error);
	}
	return p->inputs.sampling.asked ? OK : row_source_inputs(&p->source, card, &p->inputs);
}

/* Room for a piece of rows. */
struct room {
	size_t piece;
	void *x, *z;     /* of the model's precision */
	double *outputs; /* [piece, outputs] */
};

static enum status room_make(const struct predicting *p, struct room *room)
{
	const struct model_card *card = p->weights.card;
	const size_t piece = predictions_piece(card);
	room->piece = p->source.rows < piece ? (size_t)p->source.rows : piece;
	/* calloc: products of a piece are small; one more, so that none is empty */
	room->x = calloc(room->piece * card->features + 1, dtype_size(card->dtype));
	room->z = calloc(room->piece * p->objective->outputs + 1, dtype_size(card->dtype));
	room->outputs = calloc(room->piece * p->objective->outputs + 1, sizeof(double));
	return room->x == NULL || room->z == NULL || room->outputs == NULL ? E_MEMORY : OK;
}

static void room_fini(struct room *room)
{
	free(room->x);
	free(room->z);
	free(room->outputs);
}

static bool is_stopped(const struct predicting *p)
{
	return atomic_load_explicit(http_cancelled(p->request), memory_order_relaxed);
}

/* The outputs of some rows, as doubles, in room->outputs. */
static enum status run(struct predicting *p, const struct prediction_rows *rows, struct room *room)
{
	const struct model_card *card = p->weights.card;
	const struct data_view view = {
		.dtype = card->dtype, .rows = rows->rows, .features = card->features, .x = room->x
	};
	const struct batch batch = { .data = &view, .count = rows->rows };
	struct executor executor = executor_serial();
	executor.stop = http_cancelled(p->request);
	predictions_standardize(card, rows->x, rows->rows, room->x);
	enum status status = p->objective->type->predict(p->objective, p->weights.values, &batch, &executor, room->z);
	dtype_convert(card->dtype, room->z, DTYPE_FLOAT64, room->outputs, rows->rows * p->objective->outputs);
	return status;
}

/* mean [targets] of the target over all rows. */
static enum status mean_of(struct predicting *p, size_t piece, double *mean)
{
	struct row_source *source = &p->source;
	struct prediction_rows rows;
	enum status status = OK;
	for (uint64_t first = 0; first < source->rows && status == OK; first += piece) {
		const size_t n = source->rows - first < piece ? (size_t)(source->rows - first) : piece;
		status = is_stopped(p) ? E_CANCELLED : row_source_read(source, first, n, true, &rows, &p->error);
		if (status == OK) {
			predictions_add_mean(p->weights.card, rows.y, n, source->rows, mean);
		}
	}
	return status;
}

static enum status write_rows(struct predicting *p, struct room *room, struct prediction_writer *writer)
{
	struct row_source *source = &p->source;
	struct prediction_rows rows;
	enum status status = OK;
	for (uint64_t first = 0; first < source->rows && status == OK; first += room->piece) {
		const size_t n = source->rows - first < room->piece ? (size_t)(source->rows - first) : room->piece;
		status = is_stopped(p) ? E_CANCELLED : row_source_read(source, first, n, false, &rows, &p->error);
		status = status == OK ? run(p, &rows, room) : status;
		rows.outputs = room->outputs;
		status = status == OK ? prediction_writer_rows(writer, &rows) : status;
	}
	return status == OK ? prediction_writer_end(writer) : status;
}

/* prediction_sink */
static enum status keep_section(void *context, size_t section, const char *bytes, size_t length)
{
	struct predicting *p = context;
	return long_answer_write(p->answer, section, bytes, length, &p->error);
}

/* The answer to all rows: on a work thread by way of a long answer, else as a text. */
static enum status answer_rows(struct predicting *p, struct http_response *response)
{
	const struct model_card *card = p->weights.card;
	struct prediction_writer *writer = NULL;
	struct room room = { 0 };
	double *mean = calloc(card->targets + 1, sizeof *mean);
	enum status status = room_make(p, &room);
	p->answer = p->work ? long_answer_create(p->service->config->data_dir) : NULL;
	if (mean == NULL || (p->work && p->answer == NULL)) {
		status = E_MEMORY;
	}
	if (status == OK && p->source.has_target && card->classes == 0) {
		status = mean_of(p, room.piece, mean);
	}
	if (status == OK) {
		const struct prediction_head head = { .job_id = p->record.id,
						      .at = p->weights.at,
						      .step = p->weights.step,
						      .card = card,
						      .outputs = p->objective->outputs,
						      .mean = p->source.has_target ? mean : NULL,
						      .indexes = model_reads_indices(&p->spec->model),
						      .csv = p->csv,
						      .sink = p->work ? keep_section : NULL,
						      .context = p };
		status = prediction_writer_create(&head, &writer);
	}
	status = status == OK ? write_rows(p, &room, writer) : status;
	if (status == OK && p->work) {
		long_answer_send(p->answer, response);
		p->answer = NULL;
	} else if (status == OK) {
		prediction_writer_join(writer, &response->body);
	}
	prediction_writer_destroy(writer);
	room_fini(&room);
	free(mean);
	return status;
}

/* --- the handler --- */

/* The document and the model that a prediction makes of it, at most, on the thread of a connection. */
enum { QUICK_BYTES = 16 << 20 };

/* The spec and the model, each once there is memory for it: `bytes` is what is taken besides. */
static enum status build(struct predicting *p, uint64_t bytes)
{
	const struct model_card *card = p->weights.card;
	const uint64_t document = job_draft_memory(p->record.spec, p->record.spec_length);
	size_t parameters = 0, model = 0;
	if (!p->work && document > QUICK_BYTES) {
		return E_TOO_LARGE;
	}
	enum status status = reserve(p, bytes + document);
	status = status == OK ? load_spec(p) : status;
	if (status != OK) {
		return status;
	}
	if (p->spec->whole) { /* nothing is built of what could only be refused */
		problem_set(p->problem, PROBLEM_INVALID, "%s", objective_alone);
		return E_INVALID;
	}
	struct model_shape shape = p->spec->shape;
	const size_t piece = predictions_piece(card);
	shape.rows = shape.rows < piece ? shape.rows : piece; /* what runs rows whole sees no more at a time */
	status = model_measure(&p->spec->model, &shape, card->dtype, 1, &parameters, &model);
	if (status == OK && parameters != card->n) {
		status = error_set(&p->error, E_CORRUPT, "the weights of %s do not fit its spec", p->record.id);
	}
	if (status == OK && !p->work && model > QUICK_BYTES) {
		return E_TOO_LARGE;
	}
	status = status == OK ? reserve(p, bytes + document + model) : status;
	return status == OK ? model_build(&p->spec->model, &shape, card->dtype, 1, &p->objective, &p->error) : status;
}

/* OK, E_INVALID with the problem set, E_TOO_LARGE (on a work thread, please), or another failure. */
static enum status predict(struct predicting *p, struct http_response *response)
{
	const struct model_card *card = p->weights.card;
	enum status status = read_rows(p);
	if (status == OK) {
		status = build(p, p->body.length + p->source.bytes + predictions_memory(card, p->source.rows) +
					  long_answer_memory());
	}
	if (status == OK && p->inputs.sampling.asked) {
		return sample(p, &response->body);
	}
	if (status == OK && p->objective->type->predict == NULL) {
		problem_set(p->problem, PROBLEM_INVALID, "%s", objective_alone);
		return E_INVALID;
	}
	if (status == OK && !p->work && p->source.rows > QUICK_NUMBERS / (p->objective->outputs + 1)) {
		return E_TOO_LARGE;
	}
	return status == OK ? answer_rows(p, response) : status;
}

/* Jobs of closed-form functions have no rows to predict for. */
static void judge_job(const struct job_record *record, struct problem *problem)
{
	if (record->dataset_id[0] == '\0') {
		problem_set(problem, PROBLEM_INVALID, "A job without a dataset predicts nothing.");
	}
}

static void read_request(struct predicting *p)
{
	static const char *const places[] = { "best", "last", "averaged", NULL };
	size_t place = 3;
	query_word(p->request, "at", places, &place, p->problem);
	p->at = places[place];
	p->csv = query_csv(p->request, p->problem);
	p->body.bytes = http_body(p->request, &p->body.length);
	p->body_is_csv = http_body_is(p->request, "text/csv") || http_body_is(p->request, "application/csv");
	p->body_is_lines = http_body_is(p->request, "application/x-ndjson") ||
			   http_body_is(p->request, "application/ndjson") ||
			   http_body_is(p->request, "application/jsonl");
	text_init(&p->lines);
	p->body.delimiter = ',';
	p->body.delimiter_said = http_query(p->request, "delimiter") != NULL;
	query_separators(p->request, &p->body.delimiter, &p->body.decimal, p->problem);
}

/* Products that a quick prediction makes at most, some milliseconds of them: each value of the body may meet each
 * weight. */
enum { QUICK_PRODUCTS = 1 << 22 };

static enum status load_weights(struct predicting *p)
{
	const size_t maximum = p->work ? 0 : QUICK_PRODUCTS / (p->body.length + 1);
	enum status status = weights_load(p->service, &p->record, p->at, maximum, &p->weights);
	if (status == E_NOT_FOUND) {
		problem_set(p->problem, PROBLEM_CONFLICT, "The job has no %sweights%s.", p->at != NULL ? "such " : "",
			    job_status_ended(p->record.status) ? "" : " yet");
	}
	return status;
}

static enum http_outcome answer_failure(struct predicting *p, enum status status, struct http_request *request,
					struct http_response *response)
{
	if (status == E_TOO_LARGE && !p->work && !problem_any(p->problem)) {
		return HTTP_WORK;
	}
	if (status == E_BUSY) {
		http_response_header(response, "Retry-After", "1");
	}
	if (problem_any(p->problem)) {
		return answer_problem(request, response, p->problem);
	}
	return answer_status(request, response, status, &p->error, "job");
}

enum http_outcome jobs_predictions(void *context, struct http_request *request, struct http_response *response)
{
	struct service *service = context;
	struct problem problem;
	problem_init(&problem);
	struct predicting p = {
		.service = service, .request = request, .work = http_working(request), .problem = &problem
	};
	read_request(&p);
	if (problem_any(&problem)) {
		return answer_problem(request, response, &problem);
	}
	if (p.body.length > QUICK_BODY && !p.work) {
		return HTTP_WORK;
	}
	enum status status = store_get_job(service->store, http_segment(request, 0), &p.record);
	if (status != OK) {
		return answer_status(request, response, status, NULL, "job");
	}
	judge_job(&p.record, &problem);
	if (!problem_any(&problem)) {
		status = load_weights(&p);
	}
	if (!job_status_ended(p.record.status)) {
		http_response_header(response, "Retry-After", "1");
	}
	if (!problem_any(&problem) && status == OK) {
		status = predict(&p, response);
	}
	enum http_outcome outcome = HTTP_DONE;
	if (status != OK || problem_any(&problem)) {
		outcome = answer_failure(&p, status, request, response);
	} else {
		response->content_type = p.csv ? "text/csv; charset=utf-8" : NULL;
		http_response_header(response, "Vary", "Accept");
		problem_fini(&problem);
	}
	predicting_fini(&p);
	return outcome;
}
