/* Rows of predictions on their way to the model: how many at once, what they take, how the model sees them. */
#include <stdlib.h>

#include "api/predictions_parts.h"

/* At least the outputs of a row. */
static uint64_t outputs_at_most(const struct model_card *card)
{
	uint64_t outputs = 1 + (card->classes > card->targets ? card->classes : card->targets);
	outputs *= card->link == LINK_GAUSSIAN ? 2 : 1;
	const bool wide = card->link == LINK_CODE || link_embeds(card->link);
	for (size_t i = 0; wide && i < card->tensors; i++) {
		/* a code and the row again: as many numbers as the biases of the two layers that make them; the
		 * embeddings of up to three points: fewer than three times as many */
		const uint64_t times = card->link == LINK_CODE ? 1 : 3;
		outputs += card->tensor[i].rank == 1 ? times * card->tensor[i].size : 0;
	}
	return outputs;
}

size_t predictions_piece(const struct model_card *card)
{
	/* Half a megabyte of doubles, in whole vectors; more rows gain nothing. */
	enum { NUMBERS = 1 << 16, VECTOR = 64, ROWS_MAX = 4096 };
	const uint64_t rows = NUMBERS / (card->features + outputs_at_most(card) + 1);
	return rows >= ROWS_MAX ? ROWS_MAX : rows >= VECTOR ? (size_t)(rows / VECTOR * VECTOR) : (size_t)rows + 1;
}

uint64_t predictions_memory(const struct model_card *card, uint64_t rows)
{
	enum { NUMBER = sizeof(double), WRITTEN = 2 * 25, TEXTS = 1 << 16 };
	const uint64_t outputs = outputs_at_most(card), piece = predictions_piece(card);
	const uint64_t n = rows < piece ? rows : piece, written = parts_numbers(card, outputs) * WRITTEN;
	const uint64_t all = rows > UINT64_MAX / (written + 1) ? UINT64_MAX : rows * written;
	/* A row raw and standardised, outputs in the model's precision and as doubles; then a row of each section
	 * beyond what is handed on at once, in a text that doubles. */
	return n * 2 * NUMBER * (card->features + outputs) + 2 * (uint64_t)card->n * NUMBER + written +
	       (all < 2 * PREDICTION_SECTIONS * TEXTS ? all : 2 * PREDICTION_SECTIONS * TEXTS) + samples_memory(card);
}

void predictions_add_mean(const struct model_card *card, const double *y, size_t rows, uint64_t total, double *mean)
{
	for (size_t i = 0; i < rows; i++) {
		for (size_t k = 0; k < card->targets; k++) {
			mean[k] += y[i * card->targets + k] / (double)total;
		}
	}
}

void predictions_standardize(const struct model_card *card, const double *x, size_t rows, void *out)
{
	for (size_t i = 0; i < rows; i++) {
		for (size_t k = 0; k < card->features; k++) {
			size_t at = i * card->features + k;
			double std = card->std[k] == 0 ? 1 : card->std[k];
			double value = (x[at] - card->mean[k]) / std;
			if (card->dtype == DTYPE_FLOAT32) {
				((float *)out)[at] = (float)value;
			} else {
				((double *)out)[at] = value;
			}
		}
	}
}
