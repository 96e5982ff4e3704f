/*
 * The residuals of a model whose objective is a sum of squares, as an objective of their own.
 *
 * Over one row of the data its value is that row's residual r and its gradient the derivatives of r: what
 * Levenberg-Marquardt and standard errors are made of. Over more rows it is their mean. Where it has outputs for an
 * objective written as text, they are sqrt(w) u and sqrt(w) of each row (core/model/squares_form.h).
 */
#ifndef CORE_MODEL_RESIDUAL_H
#define CORE_MODEL_RESIDUAL_H

#include "core/model/model.h"

/* OK when the objective of `config` is a sum or mean of squares of one residual a row (core/model/squares_form.h); else
 * E_UNSUPPORTED with the reason, or E_MEMORY. */
enum status model_squares_check(const struct model_config *config, const struct model_shape *shape,
				struct error *error);

/* Of what was OK: false where it is only while weights that the data hold are no less than 0. */
bool model_squares_sure(const struct model_config *config, const struct model_shape *shape);

/* Builds it: the parameters are those of the model. Errors as above; *out is returned owned. */
enum status model_residual(const struct model_config *config, const struct model_shape *shape, enum dtype dtype,
			   struct objective **out, struct error *error);

/* The bytes that it takes; 0 where it cannot be built. */
size_t model_residual_bytes(const struct model_config *config, const struct model_shape *shape, enum dtype dtype);

#endif
