/* What the files of core/linear share: lanes of blocks of rows, and products of a block. */
#ifndef CORE_LINEAR_INTERNAL_H
#define CORE_LINEAR_INTERNAL_H

#include <stdatomic.h>

#include "core/kernels/gemm.h"
#include "core/kernels/kernels.h"
#include "core/linear/linear.h"

/* The least rows that are worth a lane of their own, and the most lanes. */
enum { LINEAR_LANE_ROWS = 256, LINEAR_LANES = 8 };
/* The most rows of a block. */
enum { LINEAR_BLOCK = 128 };

/* A sum over all rows: lane k adds up in room + k * lane_room, `sums` doubles, its scratch behind them. */
struct lane_run {
	const struct linear_view *view;
	size_t lanes, sums, lane_room, block;
	double *room;
	const double *t, *v; /* [p, m] parameters, and what is multiplied */
	size_t pairs;        /* of outputs, in a Hessian */
	atomic_bool cancelled;
};

size_t linear_lanes(size_t rows, size_t most);
/* Doubles of scratch for a block of a model of n parameters. */
size_t linear_block_room(size_t n);
/* Runs the lanes and adds them up in the first one's sums. */
enum status linear_run(struct lane_run *run, executor_piece *piece);
/* The next block of a lane; *rows 0 asks for the first. False: no more, or cancelled. */
bool lane_next(struct lane_run *run, size_t lane, size_t *first, size_t *rows);

/* v [n] of dtype in double: itself, or copied to out. */
const double *linear_wide(enum dtype dtype, size_t n, const void *v, double *out);
/* z [rows, m] = x [rows, p] t [p, m];  sum [p, m] += x' s [rows, m]. */
void linear_outputs(size_t rows, size_t p, size_t m, const double *x, const double *t, double *z);
void linear_back(size_t rows, size_t p, size_t m, const double *x, const double *s, double *sum);

#endif
