/* Rows of a prediction. See prediction_rows.h. */
#include "server/routes/prediction_rows.h"

#include <stdlib.h>
#include <string.h>

#include "server/routes/job_rows.h"

void row_source_fini(struct row_source *source)
{
	free(source->x);
	free(source->y);
	table_rows_destroy(source->reader);
	table_close(source->table);
	import_destroy(source->import);
	dataset_info_fini(&source->info);
	open_table_fini(&source->stored);
	memset(source, 0, sizeof *source);
}

enum status row_source_inputs(struct row_source *source, const struct model_card *card,
			      const struct prediction_inputs *inputs)
{
	source->card = card;
	source->inputs = inputs;
	source->rows = inputs->rows;
	source->has_target = inputs->has_target;
	source->bytes = (uint64_t)inputs->rows * (card->features + card->targets) * sizeof(double);
	return OK;
}

/* From a table to rows of the model. pointer: where the request names the rows. */
static enum status match(struct row_source *source, const struct model_card *card, const struct table *table,
			 const char *pointer, char decimal, struct problem *problem, struct error *error)
{
	enum status status = table_rows_create(table, card, pointer, decimal, problem, &source->reader, error);
	if (status != OK) {
		return status;
	}
	source->card = card;
	source->rows = table_rows(table);
	source->has_target = table_rows_have_target(source->reader);
	source->piece = predictions_piece(card);
	/* calloc: products of a piece are small; one more, so that none is empty */
	source->x = calloc(source->piece * card->features + 1, sizeof *source->x);
	source->y = calloc(source->piece * card->targets + 1, sizeof *source->y);
	return source->x == NULL || source->y == NULL ? E_MEMORY : OK;
}

enum status row_source_dataset(struct row_source *source, const struct model_card *card, struct service *service,
			       const char *id, struct problem *problem, struct error *error)
{
	enum status status = open_table_load(service->store, service->config->data_dir, id, &source->stored, error);
	if (status == E_NOT_FOUND) {
		problem_fault(problem, "/dataset/id", FAULT_NOT_FOUND, NULL, NULL, "there is no dataset \"%s\"", id);
		return E_INVALID;
	}
	source->bytes = source->stored.content.length;
	return status != OK ? status : match(source, card, source->stored.table, "/dataset/id", '.', problem, error);
}

/* --- CSV --- */

uint64_t row_source_csv_memory(uint64_t length)
{
	/* Of few bytes the cells as numbers, the distinct ones, the table, the bytes again; of many the importer keeps
	 * chunks of bounded size (builder.h), and distinct values. */
	enum { CHUNKS = 10 << 20 };
	return 20 * length < 8 * length + CHUNKS ? 20 * length : 8 * length + CHUNKS;
}

/* What the model wants of a column of that name. */
static enum column_wish wish_of(const void *context, const char *name)
{
	const struct model_card *card = context;
	for (size_t i = 0; i < card->features; i++) {
		if (strcmp(card->feature[i], name) == 0) {
			return WISH_NUMBER;
		}
	}
	for (size_t i = 0; i < card->targets; i++) {
		if (strcmp(card->target[i], name) == 0) {
			return card->classes == 0 ? WISH_NUMBER : WISH_ANY;
		}
	}
	return WISH_NONE;
}

static enum status import_csv(struct row_source *source, const struct csv_body *body, const atomic_bool *stop,
			      struct error *error)
{
	enum { STEP = 1 << 18 };
	enum status status = OK;
	for (size_t i = 0; i < body->length && status == OK; i += STEP) {
		const size_t more = body->length - i < STEP ? body->length - i : STEP;
		status = atomic_load_explicit(stop, memory_order_relaxed)
				 ? E_CANCELLED
				 : import_write(source->import, body->bytes + i, more, error);
	}
	return status == OK ? import_finish(source->import, &source->info, error) : status;
}

enum status row_source_csv(struct row_source *source, const struct model_card *card, struct service *service,
			   const struct csv_body *body, const atomic_bool *stop, struct problem *problem,
			   struct error *error)
{
	const struct import_options options = { .header = HEADER_TRUE,
						.delimiter = body->delimiter,
						.delimiter_said = body->delimiter_said,
						.decimal = body->decimal,
						.wish = wish_of,
						.wish_context = card };
	enum status status = import_open(service->config->data_dir, &options, &source->import, error);
	status = status == OK ? import_csv(source, body, stop, error) : status;
	if (status == E_INVALID || status == E_TOO_LARGE) {
		problem_fault(problem, "", status == E_INVALID ? FAULT_WRONG_TYPE : FAULT_OUT_OF_RANGE, NULL, NULL,
			      "%s", error->text);
		return E_INVALID;
	}
	status = status == OK ? import_open_table(source->import, &source->table, error) : status;
	source->bytes = IMPORT_SMALL;
	return status == OK ? match(source, card, source->table, "", body->decimal, problem, error) : status;
}

/* --- as in a job --- */

enum status row_source_draft(struct row_source *source, const struct model_card *card, struct service *service,
			     const char *body, size_t length, const atomic_bool *stop, uint64_t *memory,
			     struct problem *problem, struct error *error)
{
	struct job_draft *draft = NULL;
	enum status status = job_draft_read(body, length, &draft, problem);
	const bool is_inline = status == OK && job_draft_has_inline(draft);
	if (status == OK) {
		status = job_rows_import(service, draft, stop, memory, &source->import, &source->info, problem, error);
	}
	job_draft_destroy(draft);
	status = status == OK ? import_open_table(source->import, &source->table, error) : status;
	source->bytes = IMPORT_SMALL;
	return status == OK ? match(source, card, source->table, is_inline ? "/dataset/inline" : "/dataset/generator",
				    '.', problem, error)
			    : status;
}

/* --- reading --- */

enum status row_source_read(struct row_source *source, uint64_t first, size_t count, bool only_target,
			    struct prediction_rows *out, struct error *error)
{
	const struct prediction_inputs *inputs = source->inputs;
	*out = (struct prediction_rows){ .rows = count };
	if (inputs != NULL) {
		out->x = inputs->x + first * source->card->features;
		out->y = inputs->has_target ? inputs->y + first * source->card->targets : NULL;
		return OK;
	}
	out->x = only_target ? NULL : source->x;
	out->y = source->has_target ? source->y : NULL;
	return table_rows_read(source->reader, first, count, only_target ? NULL : source->x,
			       source->has_target ? source->y : NULL, error);
}
