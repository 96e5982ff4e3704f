/* Models that are one product, Z = X W + b, and a loss; private to core/model. */
#ifndef CORE_MODEL_LINEAR_H
#define CORE_MODEL_LINEAR_H

#include "core/model/model.h"

enum { LINEAR_SETTINGS = 4 };
/* l1, l2, intercept, penalize_intercept. */
extern const struct setting linear_settings[LINEAR_SETTINGS];

/* model_type.draw of all of them: `weight` [features, outputs] and `bias` [outputs] start at zero. */
void linear_draw(struct drawing *drawing, const struct model_config *config, const struct model_shape *shape);
/* The same for the solvers of linear models; *form is left as it is where they know nothing of the loss. */
void linear_describe(const struct model_config *config, const struct model_shape *shape, struct linear_form *form);

#endif
