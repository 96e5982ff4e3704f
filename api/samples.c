/*
 * Samples: rows that the generator of a game makes, of latent vectors drawn by a seed or given, in the data's units.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "api/predictions.h"
#include "core/base/size.h"

static const struct at at_samples = { NULL, "samples", 0 }, at_seed = { NULL, "seed", 0 },
		       at_latents = { NULL, "latents", 0 };

static bool is_game(const struct model_card *card)
{
	return card->link == LINK_REAL || card->link == LINK_SCORE;
}

/* Rows of one length, into a block of their own. */
static void read_latents(struct reader *reader, const cJSON *item, struct sampling *out)
{
	const struct range any = { (double)-INFINITY, (double)INFINITY, false, false, NULL };
	const cJSON *first = cJSON_IsArray(item) ? item->child : NULL;
	size_t cells, k = 0;
	if (!cJSON_IsArray(first) || first->child == NULL) {
		reader_fault(reader, &at_latents, FAULT_WRONG_TYPE, NULL, NULL,
			     "latent vectors are wanted, as [[...], ...]");
		return;
	}
	out->count = json_count(item);
	out->width = json_count(first);
	if (!size_multiply(out->count, out->width, &cells) || cells > SAMPLE_NUMBERS) {
		reader_fault(reader, &at_latents, FAULT_OUT_OF_RANGE, NULL, NULL, "these are more than %d numbers",
			     (int)SAMPLE_NUMBERS);
		return;
	}
	out->latents = calloc(cells + 1, sizeof *out->latents);
	out->failed = out->latents == NULL;
	for (const cJSON *row = item->child; row != NULL && !out->failed; row = row->next, k++) {
		const struct at here = { &at_latents, NULL, k };
		const double *numbers;
		size_t count;
		if (!read_vector(reader, &here, row, 0, any, &numbers, &count)) {
			continue;
		}
		if (count != out->width) {
			reader_fault(reader, &here, FAULT_OUT_OF_RANGE, NULL, NULL,
				     "this vector has %zu numbers, the first has %zu", count, out->width);
			continue;
		}
		memcpy(out->latents + k * count, numbers, count * sizeof *numbers);
	}
}

bool samples_read(struct reader *reader, const struct model_card *card, const cJSON *inputs, const cJSON *samples,
		  const cJSON *seed, const cJSON *latents, struct sampling *out)
{
	const struct at *at = samples != NULL ? &at_samples : latents != NULL ? &at_latents : &at_seed;
	uint64_t count = 0;
	if (samples == NULL && latents == NULL && seed == NULL) {
		return false;
	}
	out->asked = true;
	if (!is_game(card)) {
		reader_fault(reader, at, FAULT_NOT_ALLOWED, NULL, NULL,
			     "samples are made by the generator of a gan, and the model of this job has none: send "
			     "rows as inputs");
	} else if ((inputs != NULL) + (samples != NULL) + (latents != NULL) != 1) {
		reader_fault(reader, at, FAULT_NOT_ALLOWED, NULL, NULL,
			     "one of inputs (rows to give a verdict on), samples (a number) and latents is wanted");
	} else if (seed != NULL && samples == NULL) {
		reader_fault(reader, &at_seed, FAULT_NOT_ALLOWED, NULL, NULL, "a seed goes with samples");
	} else if (latents != NULL) {
		read_latents(reader, latents, out);
	} else {
		read_integer(reader, &at_samples, samples, 1, SAMPLE_NUMBERS, &count);
		out->count = (size_t)count;
		if (seed != NULL) {
			read_integer(reader, &at_seed, seed, 0, (uint64_t)JSON_INTEGER_MAX, &out->seed);
		}
	}
	return true;
}

enum status samples_fit(const struct model_card *card, size_t latent, const struct sampling *sampling,
			struct problem *problem)
{
	struct arena *arena = arena_create();
	struct reader reader = { problem, arena };
	const size_t most = SAMPLE_NUMBERS / (latent > card->features ? latent : card->features);
	enum status status = OK;
	if (arena == NULL) {
		return E_MEMORY;
	}
	if (sampling->latents != NULL && sampling->width != latent) {
		reader_fault(&reader, &at_latents, FAULT_OUT_OF_RANGE, NULL, NULL,
			     "these vectors have %zu numbers, and latent_size is %zu", sampling->width, latent);
		status = E_INVALID;
	} else if (sampling->count > most) {
		reader_fault(&reader, sampling->latents != NULL ? &at_latents : &at_samples, FAULT_OUT_OF_RANGE, NULL,
			     NULL,
			     "at most %zu samples of this job come at once (%d numbers); ask again with another %s",
			     most, (int)SAMPLE_NUMBERS, sampling->latents != NULL ? "part" : "seed");
		status = E_INVALID;
	}
	status = arena_failed(arena) ? E_MEMORY : status;
	arena_destroy(arena);
	return status;
}

uint64_t samples_memory(const struct model_card *card)
{
	/* Latents and rows in the model's precision and as doubles, both written, in a text that doubles. */
	return is_game(card) ? (uint64_t)SAMPLE_NUMBERS * 2 * (2 * sizeof(double) + 2 * 25) : 0;
}

static void table_render(const char *name, const double *numbers, size_t rows, size_t columns, const double *mean,
			 const double *std, struct text *out)
{
	text_printf(out, ",\"%s\":[", name);
	for (size_t i = 0; i < rows; i++) {
		for (size_t k = 0; k < columns; k++) {
			const double number = numbers[i * columns + k];
			text_puts(out, k > 0 ? "," : i > 0 ? ",[" : "[");
			text_json_double(out, mean != NULL ? number * std[k] + mean[k] : number);
		}
		text_puts(out, "]");
	}
	text_puts(out, "]");
}

/* Which numbers JSON could not hold, as of predictions; nothing where there are none. */
static void nonfinite_render(const double *numbers, size_t rows, size_t columns, struct text *out)
{
	bool any = false;
	for (size_t i = 0; i < rows * columns; i++) {
		if (!isfinite(numbers[i])) {
			text_printf(out, "%s{\"row\":%zu,\"output\":%zu,\"value\":\"", any ? "," : ",\"nonfinite\":[",
				    i / columns, i % columns);
			text_csv_double(out, numbers[i]);
			text_puts(out, "\"}");
			any = true;
		}
	}
	text_puts(out, any ? "]" : "");
}

/* The rows as a file like the data's. */
static void csv_render(const struct model_card *card, const double *rows, size_t count, struct text *out)
{
	for (size_t k = 0; k < card->features; k++) {
		text_puts(out, k > 0 ? "," : "");
		csv_cell_render(out, card->feature[k]);
	}
	text_puts(out, "\r\n");
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < card->features; k++) {
			text_puts(out, k > 0 ? "," : "");
			text_csv_double(out, rows[i * card->features + k] * card->std[k] + card->mean[k]);
		}
		text_puts(out, "\r\n");
	}
}

void samples_render(const char *job_id, uint64_t step, const struct model_card *card, const struct sampling *sampling,
		    size_t latent, const double *latents, const double *rows, bool csv, struct text *out)
{
	if (csv) {
		csv_render(card, rows, sampling->count, out);
		return;
	}
	text_puts(out, "{\"job_id\":");
	text_json_string(out, job_id);
	text_puts(out, ",\"step\":");
	text_json_uint(out, step);
	text_puts(out, ",\"seed\":");
	text_json_double(out, sampling->latents != NULL ? (double)NAN : (double)sampling->seed);
	text_puts(out, ",\"columns\":[");
	for (size_t k = 0; k < card->features; k++) {
		text_puts(out, k > 0 ? "," : "");
		text_json_string(out, card->feature[k]);
	}
	text_puts(out, "]");
	table_render("samples", rows, sampling->count, card->features, card->mean, card->std, out);
	const double *given = sampling->latents != NULL ? sampling->latents : latents;
	table_render("latents", given, sampling->count, latent, NULL, NULL, out);
	nonfinite_render(rows, sampling->count, card->features, out);
	text_puts(out, "}");
}
