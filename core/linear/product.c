/*
 * Products with the Hessian in closed form, one pass over X:  H v = 1/n sum over rows of x (D (x'v)) + l2 v.
 *
 * Source: Pearlmutter 1994, for a linear model; Lin, Weng and Keerthi 2008, eq. 10.
 */
#include <string.h>

#include "core/linear/internal.h"

/* The most lanes for n parameters. */
static size_t lanes_for(size_t n)
{
	return n <= 1 << 16 ? LINEAR_LANES : 2;
}

static size_t lane_room(size_t n)
{
	return n + linear_block_room(n);
}

size_t linear_product_room(size_t n)
{
	return n > SIZE_MAX / sizeof(double) / 8192 ? SIZE_MAX : lanes_for(n) * lane_room(n) + 2 * n;
}

/* u [rows, m] = D u. */
static void bend_by(const struct row_loss *loss, size_t rows, size_t m, const double *bend, double *u)
{
	for (size_t r = 0; r < rows; r++) {
		double mean = 0;
		for (size_t c = 0; c < m && loss->coupled; c++) {
			mean += bend[r * m + c] * u[r * m + c];
		}
		for (size_t c = 0; c < m; c++) {
			u[r * m + c] = loss->coupled ? loss->factor * bend[r * m + c] * (u[r * m + c] - mean)
						     : bend[r * m + c] * u[r * m + c];
		}
	}
}

static void product_lane(void *context, size_t lane, size_t slot)
{
	struct lane_run *run = context;
	const struct linear_form *form = run->view->form;
	const size_t p = linear_height(form), m = form->outputs;
	double *sum = run->room + lane * run->lane_room;
	double *x = sum + run->sums, *z = x + run->block * p, *y = z + run->block * m;
	double *slope = y + run->block * m, *bend = slope + run->block * m, *u = bend + run->block * m;
	size_t first = 0, rows = 0;

	(void)slot;
	memset(sum, 0, run->sums * sizeof *sum);
	while (lane_next(run, lane, &first, &rows)) {
		linear_block(run->view, first, rows, x, y);
		linear_outputs(rows, p, m, x, run->t, z);
		form->loss.derive(&form->loss, rows, m, z, y, slope, bend);
		linear_outputs(rows, p, m, x, run->v, u);
		bend_by(&form->loss, rows, m, bend, u);
		linear_back(rows, p, m, x, u, sum);
	}
}

enum status linear_product(const struct linear_view *view, const void *theta, const void *v, void *out, double *room)
{
	const struct linear_form *form = view->form;
	const size_t m = form->outputs, n = linear_height(form) * m;
	const enum dtype dtype = view->data->dtype;
	double *wide = room + lanes_for(n) * lane_room(n);
	struct lane_run run = { .view = view,
				.lanes = linear_lanes(view->data->rows, lanes_for(n)),
				.sums = n,
				.lane_room = lane_room(n),
				.block = linear_block_rows(n),
				.room = room,
				.t = linear_wide(dtype, n, theta, wide),
				.v = linear_wide(dtype, n, v, wide + n) };
	const enum status status = linear_run(&run, product_lane);

	for (size_t i = 0; i < n && status == OK; i++) {
		const double number = room[i] / (double)view->data->rows + linear_l2(form, i / m) * run.v[i];
		if (dtype == DTYPE_FLOAT64) {
			((double *)out)[i] = number;
		} else {
			((float *)out)[i] = (float)number;
		}
	}
	return status;
}
