/*
 * Predictions: what a body asks for, and how rows become an answer.
 *
 *   predictions_read -> rows in the body, or where else they are to come from (a dataset, CSV), or samples
 *   prediction_writer_create -> (prediction_writer_rows)* -> prediction_writer_end -> prediction_writer_destroy
 *
 * The answer is a JSON object of arrays with a member a row each, or CSV with a line a row. It is written while rows
 * come, in sections (one for each array), which make up the answer one behind the other; a section goes to its sink in
 * pieces, so that the memory of a writer does not grow with the rows.
 *
 * No I/O here, and no arithmetic of models: outputs come from the caller.
 */
#ifndef API_PREDICTIONS_H
#define API_PREDICTIONS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/dataset_info.h"
#include "api/model_card.h"
#include "api/problem.h"
#include "api/text.h"

/* --- what is asked for --- */

enum { SAMPLE_NUMBERS = 200000 }; /* numbers that samples, or their latent vectors, may have in one answer */
/* Rows that a generator is asked for, instead of inputs. */
struct sampling {
	bool asked;
	size_t count;
	uint64_t seed;
	double *latents; /* [count, width] given ones, owned; NULL: drawn by the seed */
	size_t width;
	bool failed; /* memory */
};
/* Rows that lie elsewhere. */
enum prediction_source {
	PREDICTION_ROWS,    /* x and y hold them */
	PREDICTION_DATASET, /* dataset_id names a stored dataset */
	PREDICTION_DRAFT,   /* inline rows or a generator under `dataset`, as a job has them (api/job_spec.h) */
};
struct prediction_inputs {
	const atomic_bool *stop; /* set by the caller, or NULL: when it becomes true, reading gives up (E_CANCELLED) */
	enum prediction_source source;
	char dataset_id[ID_SIZE];
	size_t rows;
	double *x; /* [rows, card->features] raw; owned */
	bool has_target;
	double *y; /* [rows, targets] numbers, or class index (-1: a class never seen); owned, or NULL */
	struct sampling sampling;
};
/* Reads a JSON body: {"inputs": ...}, {"dataset": ...}, {"samples": ...}. E_INVALID with faults, E_CANCELLED,
 * E_MEMORY. */
enum status predictions_read(const char *body, size_t length, const struct model_card *card,
			     struct prediction_inputs *out, struct problem *problem);
/* NDJSON, a record a line, as such a body; blank lines count as none. E_INVALID with the line and column of what is no
 * JSON, E_MEMORY. */
enum status predictions_from_lines(const char *body, size_t length, struct text *out, struct problem *problem);
void prediction_inputs_fini(struct prediction_inputs *inputs);
static inline bool prediction_stopped(const struct prediction_inputs *inputs)
{
	return inputs->stop != NULL && atomic_load_explicit(inputs->stop, memory_order_relaxed);
}
/* Bytes that reading such a body takes at most, the body among them. */
uint64_t predictions_reading_memory(const char *body, size_t length);

/* --- rows --- */

/* Rows that are predicted at once; a number that depends on the model alone, so that the same rows give the same bits
 * however they came. */
size_t predictions_piece(const struct model_card *card);
/* Bytes that predicting `rows` rows takes at most beside the rows' own: weights, a piece of rows with its outputs,
 * texts. */
uint64_t predictions_memory(const struct model_card *card, uint64_t rows);
/* out[rows, features] of card->dtype = (x - mean) / std. */
void predictions_standardize(const struct model_card *card, const double *x, size_t rows, void *out);

/* Neighbouring rows, all borrowed. */
struct prediction_rows {
	size_t rows;
	const double *x;       /* [rows, card->features] raw */
	const double *y;       /* [rows, card->targets] as in prediction_inputs; NULL: no target */
	const double *outputs; /* [rows, outputs], before the link function */
};
/* mean[k] += y[., k] / total: over all rows it is their mean, which the metrics of numbers need beforehand. */
void predictions_add_mean(const struct model_card *card, const double *y, size_t rows, uint64_t total, double *mean);

/* --- the answer --- */

/* Takes a piece of a section. OK, or why not. */
typedef enum status prediction_sink(void *context, size_t section, const char *bytes, size_t length);
enum { PREDICTION_SECTIONS = 6 };
struct prediction_head {
	const char *job_id;
	const char *at; /* which weights: "last", "best", "averaged" */
	uint64_t step;
	const struct model_card *card;
	size_t outputs;        /* columns */
	const double *mean;    /* [card->targets] of the target over all rows; NULL: the rows have no target */
	bool indexes;          /* features name rows of a table: a row that names none has no prediction */
	bool csv;              /* a line a row instead of JSON; metrics are left out */
	prediction_sink *sink; /* NULL: sections stay in memory, see prediction_writer_join */
	void *context;
};
struct prediction_writer;
/* Borrows what head points to (a copy of head itself is kept). OK or E_MEMORY. */
enum status prediction_writer_create(const struct prediction_head *head, struct prediction_writer **out);
/* E_MEMORY, or what the sink returned; then all later calls return it again. */
enum status prediction_writer_rows(struct prediction_writer *writer, const struct prediction_rows *rows);
/* Writes the ends. */
enum status prediction_writer_end(struct prediction_writer *writer);
/* Without a sink, after the end: the whole answer. */
void prediction_writer_join(const struct prediction_writer *writer, struct text *out);
void prediction_writer_destroy(struct prediction_writer *writer);

/* --- samples --- */

/* samples_fit: whether so many may come at once and given vectors have the model's latent size: OK, E_INVALID (noted as
 * faults), E_MEMORY;
 * samples_memory: the most that they take. latents: [count, latent], rows: [count, card->features] as the model sees
 * them. csv: the rows alone. */
enum status samples_fit(const struct model_card *card, size_t latent, const struct sampling *sampling,
			struct problem *problem);
uint64_t samples_memory(const struct model_card *card);
void samples_render(const char *job_id, uint64_t step, const struct model_card *card, const struct sampling *sampling,
		    size_t latent, const double *latents, const double *rows, bool csv, struct text *out);
/* A cell of CSV, quoted where it has to be. */
void csv_cell_render(struct text *out, const char *string);

#endif
