/*
 * POST /v1/jobs/{id}/predictions: raw values -> the job's own standardisation -> its model at its weights -> answers.
 *
 * The dataset may be gone by now, so the model is built again from the job's spec and its card: the card knows
 * features, targets and classes, which is all that the judge of a spec asks of a dataset.
 *
 * A few rows and a small model are answered at once, on the thread of the connection; more is work for others
 * (HTTP_WORK), and so are samples of a gan, for which memory is taken out of the budget of the jobs, and which ends
 * early when the service does.
 */
#include <stdlib.h>
#include <string.h>

#include "api/job_spec.h"
#include "api/model_card.h"
#include "core/base/size.h"
#include "core/objective/game.h"
#include "server/routes/common.h"
#include "server/routes/routes.h"

enum { STAND_IN_ROWS = 1000000 };

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

static enum status build(const struct job_record *record, const struct model_card *card, struct job_spec **spec,
			 struct objective **objective, struct error *error)
{
	struct dataset_info info;
	enum status status = stand_in(record, card, &info);
	if (status != OK) {
		return status;
	}
	struct problem problem;
	problem_init(&problem);
	status = job_spec_load(record->spec, record->spec_length, &info,
			       record->validation_id[0] == '\0' ? NULL : &info, 1, spec, &problem);
	if (status == E_INVALID) {
		status = error_set(error, E_CORRUPT, "the stored spec of %s is refused: %s", record->id,
				   problem.faults > 0 ? problem.fault[0].detail : problem.detail);
	}
	problem_fini(&problem);
	free(info.column);
	if (status == OK) {
		status = model_build(&(*spec)->model, &(*spec)->shape, card->dtype, 1, objective, error);
	}
	if (status == OK && (*objective)->n != card->n) {
		status = error_set(error, E_CORRUPT, "the weights of %s do not fit its spec", record->id);
	}
	return status;
}

/* outputs [rows, objective->outputs] as doubles, returned owned. */
static enum status run(struct objective *objective, const struct loaded_weights *weights,
		       const struct prediction_inputs *inputs, double **outputs)
{
	const struct model_card *card = weights->card;
	size_t cells_x, cells_z, bytes;
	if (!size_multiply(inputs->rows, card->features, &cells_x) ||
	    !size_multiply(inputs->rows, objective->outputs, &cells_z) ||
	    !size_multiply(cells_z, sizeof(double), &bytes) || !size_multiply(cells_x, sizeof(double), &bytes)) {
		return E_MEMORY;
	}
	/* calloc: sizes are products that fit; one more, so that none is empty */
	void *x = calloc(cells_x + 1, dtype_size(card->dtype));
	void *z = calloc(cells_z + 1, dtype_size(card->dtype));
	*outputs = calloc(cells_z + 1, sizeof(double));
	enum status status = E_MEMORY;
	if (x != NULL && z != NULL && *outputs != NULL) {
		predictions_standardize(card, inputs, x);
		struct data_view view = {
			.dtype = card->dtype, .rows = inputs->rows, .features = card->features, .x = x
		};
		struct batch batch = { .data = &view, .count = inputs->rows };
		struct executor executor = executor_serial();
		executor.stop = inputs->stop;
		status = inputs->rows == 0 ? OK
					   : objective->type->predict(objective, weights->values, &batch, &executor, z);
		dtype_convert(card->dtype, z, DTYPE_FLOAT64, *outputs, cells_z);
	}
	free(x);
	free(z);
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

static enum status sample(const struct job_record *record, const struct loaded_weights *weights,
			  const struct objective *objective, const struct prediction_inputs *inputs, struct text *out,
			  struct problem *problem)
{
	const struct game *game = objective->game;
	struct made made = { NULL, NULL };
	if (!samples_fit(weights->card, game->latent, &inputs->sampling, problem)) {
		return E_INVALID;
	}
	enum status status = make_rows(game, weights, inputs, &made);
	if (status == OK) {
		samples_render(record->id, weights->step, weights->card, &inputs->sampling, game->latent, made.latents,
			       made.rows, out);
	}
	free(made.latents);
	free(made.rows);
	return status;
}

static enum status predict(const struct job_record *record, const struct loaded_weights *weights,
			   const struct http_request *request, struct text *out, struct problem *problem,
			   struct error *error)
{
	struct job_spec *spec = NULL;
	struct objective *objective = NULL;
	struct prediction_inputs inputs = { .stop = http_cancelled(request) };
	double *outputs = NULL;
	size_t length;
	const char *body = http_body(request, &length);
	enum status status = predictions_read(body, length, weights->card, &inputs, problem);
	if (status == OK && inputs.sampling.asked && !http_working(request)) {
		status = E_TOO_LARGE; /* a short body may ask for much */
	}
	if (status == OK) {
		status = build(record, weights->card, &spec, &objective, error);
	}
	if (status == OK && inputs.sampling.asked) {
		status = sample(record, weights, objective, &inputs, out, problem);
		goto out;
	}
	if (status == OK && objective->type->predict == NULL) {
		problem_set(problem, PROBLEM_INVALID,
			    "An objective alone predicts nothing: give the job a prediction with a loss.");
		status = E_INVALID;
	}
	if (status == OK) {
		status = run(objective, weights, &inputs, &outputs);
	}
	if (status == OK) {
		predictions_render(record->id, weights->step, weights->card, &inputs, outputs, objective->outputs, out);
		status = prediction_stopped(&inputs) ? E_CANCELLED : OK;
	}
out:
	free(outputs);
	prediction_inputs_fini(&inputs);
	objective_destroy(objective);
	job_spec_destroy(spec);
	return status;
}

/* Jobs of closed-form functions have no rows to predict for. */
static void judge_job(const struct job_record *record, struct problem *problem)
{
	if (record->dataset_id[0] == '\0') {
		problem_set(problem, PROBLEM_INVALID, "A job without a dataset predicts nothing.");
	}
}

/* Products that a quick prediction makes at most, some milliseconds of them: each value of the body may meet each
 * weight. */
enum { QUICK_PRODUCTS = 1 << 22 };

/* With memory reserved for it where it is work. */
static enum status predict_within_budget(struct service *service, const struct job_record *record,
					 const struct loaded_weights *weights, const struct http_request *request,
					 struct text *out, struct problem *problem, struct error *error)
{
	size_t length;
	const char *body = http_body(request, &length);
	uint64_t bytes = http_working(request) ? predictions_memory(body, length, weights->card) : 0;
	enum status status = reserve_memory(service, bytes, problem);
	if (status == OK) {
		status = predict(record, weights, request, out, problem, error);
		workers_release(service->workers, bytes);
	}
	return status;
}

enum http_outcome jobs_predictions(void *context, struct http_request *request, struct http_response *response)
{
	struct service *service = context;
	size_t length;
	http_body(request, &length);
	if (length > QUICK_BODY && !http_working(request)) {
		return HTTP_WORK;
	}
	struct problem problem;
	problem_init(&problem);
	struct error error = { 0 };
	struct job_record record = { 0 };
	struct loaded_weights weights = { 0 };
	enum status status = store_get_job(service->store, http_segment(request, 0), &record);
	if (status != OK) {
		return answer_status(request, response, status, NULL, "job");
	}
	judge_job(&record, &problem);
	if (!problem_any(&problem)) {
		size_t maximum = http_working(request) ? 0 : QUICK_PRODUCTS / (length + 1);
		status = weights_load(service, &record, NULL, maximum, &weights);
		if (status == E_NOT_FOUND) {
			problem_set(&problem, PROBLEM_CONFLICT, "The job has no weights%s.",
				    job_status_ended(record.status) ? "" : " yet");
		}
	}
	if (status == E_TOO_LARGE) {
		job_record_fini(&record);
		return HTTP_WORK;
	}
	if (!job_status_ended(record.status)) {
		http_response_header(response, "Retry-After", "1");
	}
	if (!problem_any(&problem) && status == OK) {
		status = predict_within_budget(service, &record, &weights, request, &response->body, &problem, &error);
	}
	loaded_weights_fini(&weights);
	job_record_fini(&record);
	if (status == E_TOO_LARGE && !problem_any(&problem) && !http_working(request)) {
		return HTTP_WORK;
	}
	if (status == E_BUSY) {
		http_response_header(response, "Retry-After", "1");
	}
	if (problem_any(&problem)) {
		return answer_problem(request, response, &problem);
	}
	problem_fini(&problem);
	return status == OK ? HTTP_DONE : answer_status(request, response, status, &error, "job");
}
