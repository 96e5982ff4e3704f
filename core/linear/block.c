/* Blocks of rows in double, as the sums over rows take them. */
#include <string.h>

#include "core/linear/internal.h"

static void widen(const struct data_view *data, size_t first, size_t rows, size_t columns, size_t stride, double *out,
		  const void *from)
{
	for (size_t r = 0; r < rows; r++) {
		if (data->dtype == DTYPE_FLOAT64) {
			memcpy(out + r * stride, (const double *)from + (first + r) * columns, columns * sizeof *out);
			continue;
		}
		for (size_t c = 0; c < columns; c++) {
			out[r * stride + c] = (double)((const float *)from)[(first + r) * columns + c];
		}
	}
}

void linear_block(const struct linear_view *view, size_t first, size_t rows, double *x, double *y)
{
	const struct data_view *data = view->data;
	const size_t d = view->form->features, p = linear_height(view->form);

	if (x != NULL) {
		widen(data, first, rows, d, p, x, data->x);
		for (size_t r = 0; r < rows && p > d; r++) {
			x[r * p + d] = 1;
		}
	}
	if (y != NULL && data->classes > 0) {
		for (size_t r = 0; r < rows; r++) {
			y[r] = data->label[first + r];
		}
	} else if (y != NULL) {
		widen(data, first, rows, data->targets, data->targets, y, data->y);
	}
}

size_t linear_block_rows(size_t n)
{
	enum { WIDE = 1024 };
	return n <= WIDE ? LINEAR_BLOCK : LINEAR_BLOCK * WIDE / n > 0 ? LINEAR_BLOCK * WIDE / n : 1;
}

/* X twice, and five columns for each output; p <= n and m <= n. */
size_t linear_block_room(size_t n)
{
	return linear_block_rows(n) * 7 * n;
}

const double *linear_wide(enum dtype dtype, size_t n, const void *v, double *out)
{
	if (dtype == DTYPE_FLOAT64) {
		return v;
	}
	for (size_t i = 0; i < n; i++) {
		out[i] = (double)((const float *)v)[i];
	}
	return out;
}

void linear_outputs(size_t rows, size_t p, size_t m, const double *x, const double *t, double *z)
{
	if (m == 1) {
		kernels_active()->matvec_f64(rows, p, x, p, t, 0, z);
	} else {
		gemm_f64(false, false, rows, m, p, x, p, t, m, false, z, m);
	}
}

void linear_back(size_t rows, size_t p, size_t m, const double *x, const double *s, double *sum)
{
	if (m == 1) {
		kernels_active()->matvec_t_f64(rows, p, x, p, s, sum);
	} else {
		gemm_f64(true, false, p, m, rows, x, p, s, m, true, sum, m);
	}
}

size_t linear_lanes(size_t rows, size_t most)
{
	const size_t lanes = rows / LINEAR_LANE_ROWS;
	return lanes < 1 ? 1 : lanes > most ? most : lanes;
}

enum status linear_run(struct lane_run *run, executor_piece *piece)
{
	struct executor *executor = run->view->executor;

	atomic_init(&run->cancelled, false);
	if (run->lanes == 1) {
		piece(run, 0, 0);
	} else {
		executor->run(executor, run->lanes, piece, run);
	}
	if (atomic_load_explicit(&run->cancelled, memory_order_relaxed)) {
		return E_CANCELLED;
	}
	for (size_t lane = 1; lane < run->lanes; lane++) {
		kernels_active()->add_f64(run->sums, run->room + lane * run->lane_room, run->room);
	}
	return OK;
}

bool lane_next(struct lane_run *run, size_t lane, size_t *first, size_t *rows)
{
	const size_t all = run->view->data->rows, block = run->block, blocks = (all - 1) / block + 1;
	const size_t begin = lane * blocks / run->lanes * block, last = (lane + 1) * blocks / run->lanes;
	const size_t end = last * block < all ? last * block : all;

	*first = *rows == 0 ? begin : *first + *rows;
	if (*first >= end) {
		return false;
	}
	if (executor_stopped(run->view->executor)) {
		atomic_store_explicit(&run->cancelled, true, memory_order_relaxed);
		return false;
	}
	*rows = end - *first < block ? end - *first : block;
	return true;
}
