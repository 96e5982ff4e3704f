/*
 * The card that goes with weights: everything needed to read and use them when the dataset is gone:
 * the names and transforms of the features, the classes, the tensors. Kept by the store as a flat JSON record
 * (api/pack.h).
 */
#ifndef API_MODEL_CARD_H
#define API_MODEL_CARD_H

#include "api/job_spec.h"
#include "core/objective/objective.h"

struct model_card {
	size_t features;
	char **feature; /* names */
	bool standardized;
	double *mean; /* [features]; 0 when not standardized */
	double *std;  /* [features]; 1 when not standardized */
	size_t targets;
	char **target;
	size_t classes;
	char **class_text;
	double *class_number; /* or NULL: classes are texts */
	enum dtype dtype;
	enum link link; /* from outputs to predictions */
	size_t n;
	size_t tensors;
	struct tensor *tensor;
	void *arena;
};

/* A card for a spec; mean and std [features] as the prepared data found them (NULL: not standardized). */
enum status model_card_create(const struct job_spec *spec, const struct objective *objective, const double *mean,
			      const double *std, struct model_card **out);
void model_card_destroy(struct model_card *card);
void model_card_save(const struct model_card *card, struct text *out);
enum status model_card_load(const char *text, size_t length, struct model_card **out);

#endif
