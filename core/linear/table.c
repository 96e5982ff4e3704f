#include "core/linear/table.h"

#include <math.h>
#include <string.h>

#include "core/linear/internal.h"

size_t table_room(size_t n)
{
	return n > SIZE_MAX / sizeof(double) / 8192 ? SIZE_MAX : linear_block_room(n) + n;
}

/* Takes one block in: rows first..first+rows-1 of the batch. */
static void update_block(const struct linear_view *view, const struct batch *batch, size_t first, size_t rows,
			 const double *t, double *table, double *sum, double *x)
{
	const struct linear_form *form = view->form;
	const size_t p = linear_height(form), m = form->outputs, wide = view->data->classes > 0 ? 1 : m;
	double *z = x + rows * p, *y = z + rows * m, *slope = y + rows * m;

	for (size_t r = 0; r < rows; r++) {
		const size_t at = batch->first + first + r, row = batch->index != NULL ? batch->index[at] : at;
		linear_block(view, row, 1, x + r * p, y + r * wide);
	}
	linear_outputs(rows, p, m, x, t, z);
	form->loss.derive(&form->loss, rows, m, z, y, slope, NULL);
	for (size_t r = 0; r < rows; r++) {
		const size_t at = batch->first + first + r, row = batch->index != NULL ? batch->index[at] : at;
		for (size_t c = 0; c < m; c++) {
			const double fresh = slope[r * m + c];
			slope[r * m + c] = fresh - table[row * m + c];
			table[row * m + c] = fresh;
		}
	}
	linear_back(rows, p, m, x, slope, sum);
}

enum status table_update(const struct linear_view *view, const struct batch *batch, const void *theta, double *table,
			 double *sum, double *room)
{
	const size_t n = linear_height(view->form) * view->form->outputs, most = linear_block_rows(n);
	const double *t = linear_wide(view->data->dtype, n, theta, room);

	memset(sum, 0, n * sizeof *sum);
	for (size_t first = 0; first < batch->count; first += most) {
		if (executor_stopped(view->executor)) {
			return E_CANCELLED;
		}
		const size_t left = batch->count - first;
		update_block(view, batch, first, left < most ? left : most, t, table, sum, room + n);
	}
	return OK;
}

enum status table_steepest(const struct linear_view *view, double *steepest, double *room)
{
	const struct linear_form *form = view->form;
	const size_t p = linear_height(form), all = view->data->rows;
	double most = 0;

	for (size_t first = 0; first < all; first++) {
		if (first % 1024 == 0 && executor_stopped(view->executor)) {
			return E_CANCELLED;
		}
		linear_block(view, first, 1, room, NULL);
		most = fmax(most, kernels_active()->sum_squares_f64(p, room));
	}
	*steepest = form->loss.factor * form->loss.steepest * most + form->l2;
	return OK;
}
