/* Models that are one product, Z = X W + b, and a loss; private to core/model. */
#ifndef CORE_MODEL_LINEAR_H
#define CORE_MODEL_LINEAR_H

#include "core/model/model.h"

enum { LINEAR_SETTINGS = 4 };
/* l1, l2, intercept, penalize_intercept. */
extern const struct setting linear_settings[LINEAR_SETTINGS];

/* model_type.build and .measure of all of them; `weight` [features, outputs] and `bias` [outputs] start at zero. */
enum status linear_build(const struct model_config *config, const struct model_shape *shape, enum dtype dtype,
			 size_t slots, struct objective **out, struct error *error);
enum status linear_measure(const struct model_config *config, const struct model_shape *shape, enum dtype dtype,
			   size_t slots, size_t *parameters, size_t *bytes);

#endif
