/*
 * Moving values from a table into row-major matrices of a job's precision, standardised on the way.
 *
 * Works in windows of rows and tiles of columns that stay in the cache: a column is read, scaled and rounded as
 * a vector, then the tile is written out row by row, a cache line at a time.
 */
#ifndef SERVER_DATASET_FILL_H
#define SERVER_DATASET_FILL_H

#include <stdatomic.h>
#include <stdint.h>

#include "core/base/dtype.h"
#include "core/base/error.h"
#include "server/dataset/split.h"
#include "server/dataset/table.h"

struct fill {
	const struct table *table;
	const char *whose;    /* "the data", "the validation data": for messages */
	const size_t *column; /* [columns] of the table */
	size_t columns;
	const uint32_t *place; /* split.place, or NULL: all rows go to `training` in their order */
	const double *mean;    /* [columns], or NULL: values as they are */
	const double *std;     /* [columns], none 0 */
	size_t members; /* of fill_moments: a row is so many points side by side, whose columns share mean and std; 0: 1
			 */
	const atomic_bool *stop; /* or NULL */
};

/* out[row][k] = (value - mean[k]) / std[k], computed in double, rounded once to dtype. training, validation: row-major
 * [rows of the part, columns]. E_INVALID (a value that dtype cannot hold: row and column), E_CORRUPT, E_CANCELLED,
 * E_MEMORY. */
enum status fill_matrix(const struct fill *fill, enum dtype dtype, void *training, void *validation,
			struct error *error);

/* mean[k], std[k] (divisor n, 0 counts as 1) of column k, of all members, over the training rows. E_INVALID (beyond
 * double), E_CORRUPT, E_CANCELLED, E_MEMORY. */
enum status fill_moments(const struct fill *fill, double *mean, double *std, struct error *error);

#endif
