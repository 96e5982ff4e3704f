/* What spec_dataset.c and spec_target.c share. Private to api/. */
#ifndef API_SPEC_DATASET_H
#define API_SPEC_DATASET_H

#include "api/spec.h"

extern const struct at at_dataset;

/* Whether the job can do without a target: an expression that is its own objective, a model that has none. */
bool target_spared(const struct judge *judge);
/* Judges the target columns against what model and loss want; fills in classes and shape. */
void judge_target(struct judge *judge);
/* A class that only the validation data has could never be predicted: notes it at `at`. column: the target there. */
void judge_validation_classes(struct judge *judge, const struct at *at, const struct column_info *column);

#endif
