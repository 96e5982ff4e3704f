/* The split. See split.h. */
#include "server/dataset/split.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/base/random.h"

struct share {
	size_t rows;      /* of the class */
	size_t quota;     /* that validate */
	double remainder; /* what rounding down took from its fair share */
};

/* Gives one more row to the class with the largest remainder that can spare one. False: none can. */
static bool give_one(struct share *share, size_t classes)
{
	struct share *best = NULL;
	for (size_t c = 0; c < classes; c++) {
		if (share[c].quota + 1 < share[c].rows && (best == NULL || share[c].remainder > best->remainder)) {
			best = &share[c];
		}
	}
	if (best != NULL) {
		best->quota++;
		best->remainder -= 1;
	}
	return best != NULL;
}

static void share_out(struct share *share, size_t classes, size_t rows, size_t validating)
{
	size_t given = 0;
	for (size_t c = 0; c < classes; c++) {
		double fair = (double)validating * ((double)share[c].rows / (double)rows);
		size_t whole = (size_t)fair;
		size_t most = share[c].rows == 0 ? 0 : share[c].rows - 1;
		share[c].quota = whole < most ? whole : most;
		share[c].remainder = fair - (double)whole;
		given += share[c].quota;
	}
	while (given < validating && give_one(share, classes)) {
		given++;
	}
}

enum status split_draw(uint64_t seed, size_t rows, size_t validating, const int32_t *label, size_t classes,
		       struct split *out, struct error *error)
{
	assert(rows < SPLIT_VALIDATION && validating < rows);
	*out = (struct split){ .training = rows };
	if (validating == 0) {
		return OK;
	}
	size_t groups = label == NULL ? 1 : classes;
	struct share *share = calloc(groups, sizeof *share);
	uint32_t *order = malloc(rows * sizeof *order);
	uint32_t *place = calloc(rows, sizeof *place);
	if (share == NULL || order == NULL || place == NULL) {
		free(share);
		free(order);
		free(place);
		return error_set(error, E_MEMORY, "out of memory while splitting the data");
	}
	for (size_t i = 0; i < rows; i++) {
		share[label == NULL ? 0 : label[i]].rows++;
		order[i] = (uint32_t)i;
	}
	share_out(share, groups, rows, validating);
	random_shuffle(seed, RANDOM_SPLIT, 0, order, rows);
	for (size_t i = 0; i < rows; i++) {
		struct share *mine = &share[label == NULL ? 0 : label[order[i]]];
		if (mine->quota > 0) {
			mine->quota--;
			place[order[i]] = SPLIT_VALIDATION;
		}
	}
	out->training = 0;
	for (size_t i = 0; i < rows; i++) {
		place[i] |= (uint32_t)(place[i] == 0 ? out->training++ : out->validation++);
	}
	out->place = place;
	free(order);
	free(share);
	return OK;
}

void split_fini(struct split *split)
{
	free(split->place);
	*split = (struct split){ 0 };
}
