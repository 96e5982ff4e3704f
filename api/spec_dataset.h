/* What spec_dataset.c and spec_target.c share. Private to api/. */
#ifndef API_SPEC_DATASET_H
#define API_SPEC_DATASET_H

#include "api/spec.h"

extern const struct at at_dataset;

/* Judges the target columns against what model and loss want; fills in classes and shape. */
void judge_target(struct judge *judge);

#endif
