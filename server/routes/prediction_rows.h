/*
 * Where the rows of a prediction come from: from the request itself, from a stored dataset, from CSV, from what a job
 * could have brought along. Read piece by piece, whatever they are.
 */
#ifndef SERVER_ROUTES_PREDICTION_ROWS_H
#define SERVER_ROUTES_PREDICTION_ROWS_H

#include "api/predictions.h"
#include "server/dataset/import.h"
#include "server/dataset/rows.h"
#include "server/runner/job_data.h"
#include "server/service.h"

/* Zeroed is empty. */
struct row_source {
	const struct model_card *card;
	uint64_t rows;
	bool has_target;
	uint64_t bytes;                         /* of memory that the rows take */
	const struct prediction_inputs *inputs; /* rows in memory, borrowed; NULL: in a table */
	struct open_table stored;
	struct import *import;
	struct dataset_info info; /* of what was imported */
	struct table *table;      /* of it */
	struct table_rows *reader;
	size_t piece;  /* rows that there is room for */
	double *x, *y; /* of a piece */
};
void row_source_fini(struct row_source *source);

/* Each: OK, E_INVALID with the problem set, or another failure. */
enum status row_source_inputs(struct row_source *source, const struct model_card *card,
			      const struct prediction_inputs *inputs);
enum status row_source_dataset(struct row_source *source, const struct model_card *card, struct service *service,
			       const char *id, struct problem *problem, struct error *error);
/* stop: looked at between pieces (E_CANCELLED). */
struct csv_body {
	const char *bytes;
	size_t length;
	char delimiter, decimal;
	bool delimiter_said;
};
enum status row_source_csv(struct row_source *source, const struct model_card *card, struct service *service,
			   const struct csv_body *body, const atomic_bool *stop, struct problem *problem,
			   struct error *error);
/* Inline or drawn rows under `dataset` of a JSON body; memory as in job_rows.h. */
enum status row_source_draft(struct row_source *source, const struct model_card *card, struct service *service,
			     const char *body, size_t length, const atomic_bool *stop, uint64_t *memory,
			     struct problem *problem, struct error *error);
/* Bytes that importing so long a text takes at most. */
uint64_t row_source_csv_memory(uint64_t length);

/* Rows first..first+count-1 into *out, without outputs; count: at most a predictions_piece. They last until the next
 * call. only_target: no x. */
enum status row_source_read(struct row_source *source, uint64_t first, size_t count, bool only_target,
			    struct prediction_rows *out, struct error *error);

#endif
