/* Tables to matrices. See fill.h. */
#include "server/dataset/fill.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "server/dataset/moments.h"

/* A window of a column is 16 KB of doubles; a tile of 16 columns writes whole cache lines and fits in 256 KB. */
enum { WINDOW = 2048, TILE = 16 };

struct buffers {
	double *value; /* [WINDOW] */
	void *tile;    /* [TILE, WINDOW] of dtype */
};

static bool is_stopped(const struct fill *fill)
{
	return fill->stop != NULL && atomic_load_explicit(fill->stop, memory_order_relaxed);
}

static void standardise(double *x, size_t n, double mean, double std)
{
	for (size_t i = 0; i < n; i++) {
		x[i] = (x[i] - mean) / std;
	}
}

/* Names the first value of the window that dtype cannot hold. */
static enum status does_not_fit(const struct fill *fill, size_t column, uint64_t first_row, size_t rows,
				enum dtype dtype, const struct buffers *buffers, struct error *error)
{
	const char *name = table_name(fill->table, fill->column[column]);
	size_t i = 0;
	while (i + 1 < rows && fabs(buffers->value[i]) <= (dtype == DTYPE_FLOAT32 ? (double)FLT_MAX : DBL_MAX)) {
		i++;
	}
	double value;
	table_read_numbers(fill->table, fill->column[column], first_row + i, 1, &value);
	return error_set(error, E_INVALID, "row %llu of %s, column \"%.100s\": %.15g does not fit in %s%s",
			 (unsigned long long)first_row + i + 1, fill->whose, name, value, dtype_name(dtype),
			 dtype == DTYPE_FLOAT32 ? "; try training.dtype \"float64\"" : " once it is standardised");
}

#define REAL_IS_FLOAT 1
#define REAL_LARGEST  FLT_MAX
#include "server/dataset/fill.inc.c"
#define REAL_IS_FLOAT 0
#define REAL_LARGEST  DBL_MAX
#include "server/dataset/fill.inc.c"

static enum status cancelled(struct error *error)
{
	return error_set(error, E_CANCELLED, "asked to stop");
}

static enum status no_memory(struct error *error)
{
	return error_set(error, E_MEMORY, "out of memory while preparing the data");
}

static enum status fill_window(const struct fill *fill, enum dtype dtype, uint64_t first_row, size_t rows,
			       struct buffers *buffers, void *training, void *validation, struct error *error)
{
	enum status status = table_verify(fill->table, first_row, rows, error);
	for (size_t first = 0; first < fill->columns && status == OK; first += TILE) {
		size_t width = fill->columns - first < TILE ? fill->columns - first : TILE;
		if (is_stopped(fill)) {
			return cancelled(error);
		}
		status = dtype == DTYPE_FLOAT32 ? fill_tile_f32(fill, first, width, first_row, rows, buffers, training,
								validation, error)
						: fill_tile_f64(fill, first, width, first_row, rows, buffers, training,
								validation, error);
	}
	return status;
}

enum status fill_matrix(const struct fill *fill, enum dtype dtype, void *training, void *validation,
			struct error *error)
{
	size_t width = fill->columns < TILE ? fill->columns : TILE;
	struct buffers buffers = { .value = malloc(WINDOW * sizeof(double)),
				   .tile = malloc((width + 1) * WINDOW * dtype_size(dtype)) };
	enum status status = buffers.value == NULL || buffers.tile == NULL ? no_memory(error) : OK;
	uint64_t rows = table_rows(fill->table);
	for (uint64_t first = 0; first < rows && status == OK; first += WINDOW) {
		size_t n = rows - first < WINDOW ? (size_t)(rows - first) : WINDOW;
		status = fill_window(fill, dtype, first, n, &buffers, training, validation, error);
	}
	free(buffers.tile);
	free(buffers.value);
	return status;
}

/* Keeps the training rows of a window. */
static size_t keep_training(const struct fill *fill, uint64_t first_row, size_t rows, double *value)
{
	if (fill->place == NULL) {
		return rows;
	}
	size_t kept = 0;
	for (size_t i = 0; i < rows; i++) {
		value[kept] = value[i];
		kept += (fill->place[first_row + i] & SPLIT_VALIDATION) == 0;
	}
	return kept;
}

/* Mean and standard deviation over the columns that stand for the same number of each member; all have as many rows. */
static void pool_members(size_t columns, size_t members, double *mean, double *std)
{
	const size_t width = columns / members;
	for (size_t c = 0; c < width; c++) {
		double middle = 0, spread = 0;
		for (size_t k = 0; k < members; k++) {
			middle += mean[k * width + c] / (double)members;
		}
		for (size_t k = 0; k < members; k++) {
			const double off = mean[k * width + c] - middle;
			spread = hypot(spread, hypot(std[k * width + c], off) / sqrt((double)members));
		}
		for (size_t k = 0; k < members; k++) {
			mean[k * width + c] = middle;
			std[k * width + c] = spread;
		}
	}
}

static enum status finish_moments(const struct fill *fill, const struct moments *moments, double *mean, double *std,
				  struct error *error)
{
	for (size_t k = 0; k < fill->columns; k++) {
		mean[k] = moments_mean(&moments[k]);
		std[k] = moments_sd(&moments[k]);
		if (!isfinite(mean[k]) || !isfinite(std[k])) {
			return error_set(error, E_INVALID,
					 "column \"%.100s\" of %s: its values are too large to be standardised",
					 table_name(fill->table, fill->column[k]), fill->whose);
		}
	}
	if (fill->members > 1) {
		pool_members(fill->columns, fill->members, mean, std);
	}
	for (size_t k = 0; k < fill->columns; k++) {
		std[k] = std[k] == 0 ? 1 : std[k];
	}
	return OK;
}

enum status fill_moments(const struct fill *fill, double *mean, double *std, struct error *error)
{
	struct moments *moments = calloc(fill->columns + 1, sizeof *moments);
	double *value = malloc(WINDOW * sizeof *value);
	enum status status = moments == NULL || value == NULL ? no_memory(error) : OK;
	uint64_t rows = table_rows(fill->table);
	for (uint64_t first = 0; first < rows && status == OK; first += WINDOW) {
		size_t n = rows - first < WINDOW ? (size_t)(rows - first) : WINDOW;
		status = table_verify(fill->table, first, n, error);
		for (size_t k = 0; k < fill->columns && status == OK; k++) {
			if (is_stopped(fill)) {
				status = cancelled(error);
				break;
			}
			table_read_numbers(fill->table, fill->column[k], first, n, value);
			moments_add(&moments[k], value, keep_training(fill, first, n, value));
		}
	}
	status = status == OK ? finish_moments(fill, moments, mean, std, error) : status;
	free(value);
	free(moments);
	return status;
}
