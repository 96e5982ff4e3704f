/* Inline and drawn rows. See job_rows.h. */
#include "server/routes/job_rows.h"

#include <stdlib.h>
#include <string.h>

#include "api/generated.h"
#include "server/routes/common.h"

/* One import under way; all borrowed. */
struct rows {
	struct service *service;
	const struct job_draft *draft;
	const atomic_bool *stop;
	uint64_t *memory;
	struct import **import;
	struct dataset_info *info;
	struct problem *problem;
};

/* Ends what inline rows or a generator wrote: `status` is how that went, pointer where it stands in the body. */
static enum status import_end(const struct rows *rows, const char *pointer, const char *target, enum status status,
			      struct error *error)
{
	struct dataset_info *info = rows->info;
	if (status == OK) {
		status = import_finish(*rows->import, info, error);
	}
	if (status == E_INVALID || status == E_TOO_LARGE) {
		problem_fault(rows->problem, pointer, status == E_INVALID ? FAULT_WRONG_TYPE : FAULT_OUT_OF_RANGE, NULL,
			      NULL, "%s", error->text);
		status = E_INVALID;
	}
	if (status != OK) {
		return status;
	}
	info->is_inline = true;
	info->created_at = now_milliseconds();
	store_make_id(rows->service->store, "ds", info->id);
	if (target != NULL) {
		info->target = strdup(target);
		status = info->target == NULL ? E_MEMORY : OK;
	}
	return status;
}

/* To the importer in pieces, so that it can be given up between them. */
static enum status write_text(const struct rows *rows, const char *text, size_t length, struct error *error)
{
	enum { STEP = 1 << 18 };
	enum status status = OK;
	for (size_t i = 0; i < length && status == OK; i += STEP) {
		size_t more = length - i < STEP ? length - i : STEP;
		status = atomic_load_explicit(rows->stop, memory_order_relaxed)
				 ? E_CANCELLED
				 : import_write(*rows->import, text + i, more, error);
	}
	return status;
}

/* Faults of inline rows go to the problem (E_INVALID). */
static enum status import_inline(const struct rows *rows, struct error *error)
{
	struct inline_table table = { 0 };
	enum status status = job_draft_inline(rows->draft, &table, rows->problem);
	if (status != OK) {
		return status;
	}
	struct import_options options = {
		.header = HEADER_TRUE,
		.delimiter = ',',
		.delimiter_said = true,
		.decimal = '.',
		.text_column = table.text_column,
		.text_columns = table.columns,
	};
	status = import_open(rows->service->config->data_dir, &options, rows->import, error);
	if (status == OK) {
		status = write_text(rows, table.csv, table.length, error);
	}
	status = import_end(rows, "/dataset/inline", table.target, status, error);
	inline_table_fini(&table);
	return status;
}

/* What drawing rows takes: the order of the rows, what does not change from row to row, and a piece of them as numbers
 * and as text. */
static uint64_t generator_memory(const struct generator *generator)
{
	enum { NUMBER_BYTES = sizeof(double) + 2 * 25 };
	uint64_t piece = (uint64_t)generated_piece(generator) * generator_columns(generator);
	return generator->shape.coefficients * sizeof(double) + generator->shape.rows * sizeof(uint32_t) +
	       piece * NUMBER_BYTES;
}

/* All rows of the generator, piece after piece. */
static enum status write_generated(const struct rows *rows, const struct generator *generator, struct error *error)
{
	const size_t total = generator->shape.rows, piece = generated_piece(generator);
	double *scratch = calloc(piece * generator_columns(generator), sizeof *scratch);
	struct text csv;
	text_init(&csv);
	generated_header(generator, &csv);
	enum status status = scratch == NULL ? E_MEMORY : OK;
	for (size_t i = 0; i < total && status == OK; i += piece) {
		generated_rows(generator, i, i + piece < total ? i + piece : total, scratch, &csv);
		status = text_failed(&csv) ? E_MEMORY : write_text(rows, csv.data, csv.length, error);
		csv.length = 0;
	}
	text_fini(&csv);
	free(scratch);
	return status;
}

/* Faults of the settings go to the problem (E_INVALID). */
static enum status import_generated(const struct rows *rows, struct error *error)
{
	const struct import_options options = {
		.header = HEADER_TRUE, .delimiter = ',', .delimiter_said = true, .decimal = '.'
	};
	struct generator *generator = NULL;
	enum status status = job_draft_generator(rows->draft, &generator, rows->problem);
	if (status != OK) {
		return status;
	}
	const uint64_t bytes = generator_memory(generator);
	if (reserve_memory(rows->service, bytes, rows->problem) != OK) {
		generator_destroy(generator);
		return E_INVALID;
	}
	*rows->memory += bytes;
	status = import_open(rows->service->config->data_dir, &options, rows->import, error);
	if (status == OK) {
		status = write_generated(rows, generator, error);
	}
	status = import_end(rows, "/dataset/generator", generator->shape.has_target ? "y" : NULL, status, error);
	generator_destroy(generator);
	return status;
}

bool job_rows_are_there(const struct job_draft *draft)
{
	return job_draft_has_inline(draft) || job_draft_has_generator(draft);
}

enum status job_rows_import(struct service *service, const struct job_draft *draft, const atomic_bool *stop,
			    uint64_t *memory, struct import **import, struct dataset_info *info,
			    struct problem *problem, struct error *error)
{
	const struct rows rows = { service, draft, stop, memory, import, info, problem };
	return job_draft_has_inline(draft) ? import_inline(&rows, error) : import_generated(&rows, error);
}
