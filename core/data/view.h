/*
 * What core sees of a dataset: plain row-major memory in the precision of the job, already
 * standardised, encoded and split. Who makes it and where it lies (heap, mapped file) is the
 * caller's business; core borrows it, read-only, for as long as the objective lives.
 */
#ifndef CORE_DATA_VIEW_H
#define CORE_DATA_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/dtype.h"

struct data_view {
	enum dtype dtype;
	size_t rows;
	size_t features;
	const void *x;        /* [rows, features] of dtype */
	size_t targets;       /* columns of y; 0 when the target is a class */
	const void *y;        /* [rows, targets] of dtype, or NULL */
	size_t classes;       /* 0: not a classification */
	const int32_t *label; /* [rows], 0..classes-1, or NULL */
};

/* Some rows of a view: rows first..first+count-1, or, when index is not NULL, the rows
 * index[first..first+count-1]. */
struct batch {
	const struct data_view *data;
	const uint32_t *index;
	size_t first;
	size_t count;
	/* An evaluation that a step of training asked for: layers that differ then (dropout, batch norm) do, and
	 * draw what they draw by seed and step. */
	bool training;
	uint64_t seed, step;
	bool sum; /* losses are added over these rows, where they are averaged else; penalties are as ever */
};

#endif
