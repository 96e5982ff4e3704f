/*
 * The products of a wide layer on several threads; private to core/graph (split.h says when).
 *
 *   Z [rows, m] = X [rows, k] W [k, m] + b,   dW = X' D,   dX = D W',   D = dZ
 *
 * The inputs are cut in two parts. Tiles of the first part come first in every run, so that one half of the threads has
 * the same columns of X and dX and the same rows of W and dW each time, and the other half has the others.
 */
#ifndef CORE_GRAPH_WIDE_H
#define CORE_GRAPH_WIDE_H

#include "core/graph/run.h"

struct wide {
	const struct plan_step *step;
	struct executor *executor;
	struct op_call call; /* on the whole block */
	size_t rows, k, m, parts, element;
	size_t down, across; /* tiles of a part: forward of Z, backward of dW */
	size_t back;         /* of dX */
	bool single;         /* float32 */
	bool apart;          /* X lies part by part, each [rows, inputs of the part] */
	char *product;       /* [parts, rows, m], where there are several */
};

/* Whether a step is for these; whether X would be read part by part. */
bool wide_is(const struct plan_step *step);
bool wide_is_apart(const struct plan_step *step);
/* Bytes of `product` for so many rows. False: more than a size_t holds. */
bool wide_bytes(const struct plan_step *step, size_t rows, size_t element, size_t *bytes);

struct wide wide_start(const struct run *run, const struct plan_step *step, size_t rows, bool later);
/* The products of the parts; then, for any range of rows, Z. */
void wide_forward(struct wide *wide);
void wide_sum(const struct wide *wide, size_t top, size_t rows);
/* dW and dX, those that are wanted. */
void wide_reverse(struct wide *wide);
/* db (+)= the sum of D over a range of rows. */
void wide_bias(const struct wide *wide, size_t top, size_t rows, bool accumulate, void *db);

/* X for wide.apart: rows index[0..rows) of x, `width` numbers each. */
void wide_gather(const struct run *run, size_t rows, size_t width, const void *x, const uint32_t *index, void *out);

#endif
