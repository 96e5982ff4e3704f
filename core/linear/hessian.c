/*
 * X'DX, block by block: for each pair of outputs (a, b) the p x p matrix  sum over rows of D_ab[r] x[r] x[r]'.
 *
 *   D_ab = l''(z_a) where a = b, else 0           coupled: factor p_a (1[a = b] - p_b)
 *
 * A block with few numbers that are not 0 (one-hot columns) is added up from those alone.
 *
 * Source: Nelder and Wedderburn 1972 (weighted least squares); Boehning 1992 (several classes).
 */
#include <string.h>

#include "core/linear/internal.h"

/* Doubles that all lanes' matrices together may take. */
enum { MATRICES = 1 << 23 };

/* The most lanes for n parameters. */
static size_t lanes_for(size_t n)
{
	const size_t fit = n == 0 ? LINEAR_LANES : MATRICES / n / n;
	return fit < 2 ? 2 : fit > LINEAR_LANES ? LINEAR_LANES : fit;
}

/* p <= n, m <= n, and sums are at most n x n: pairs (m + 1) / 2 * m of p x p, p m = n. */
static size_t lane_room(size_t n)
{
	return n * n + linear_block_room(n);
}

size_t linear_hessian_room(size_t n)
{
	size_t room;
	if (n > 1 << 20 || __builtin_mul_overflow(lanes_for(n), lane_room(n), &room)) {
		return SIZE_MAX;
	}
	return room + n;
}

/* weight[r] = D_ab of the block. */
static void weigh(const struct row_loss *loss, size_t rows, size_t m, size_t a, size_t b, const double *bend,
		  double *weight)
{
	for (size_t r = 0; r < rows; r++) {
		const double pa = bend[r * m + a], pb = bend[r * m + b];
		weight[r] = !loss->coupled ? pa : loss->factor * (a == b ? pa * (1 - pa) : -pa * pb);
	}
}

/* sum [p, p] += x' diag(weight) x; scaled [rows, p] is scratch. */
static void add_block(size_t rows, size_t p, const double *x, const double *weight, double *scaled, double *sum)
{
	for (size_t r = 0; r < rows; r++) {
		for (size_t j = 0; j < p; j++) {
			scaled[r * p + j] = weight[r] * x[r * p + j];
		}
	}
	/* The lower triangle, in two steps: the right half of the upper rows is not wanted. */
	const size_t half = p > 32 ? (p / 2 + 15) / 16 * 16 : p;
	gemm_f64(true, false, p, half, rows, scaled, p, x, p, true, sum, p);
	gemm_f64(true, false, p - half, p - half, rows, scaled + half, p, x + half, p, true, sum + half * p + half, p);
}

/* The numbers of a block that are not 0, row after row: row r has [first[r], first[r + 1]). */
struct nonzeros {
	double *value;
	uint32_t *column;
	uint32_t first[LINEAR_BLOCK + 1];
};

/* False: there are too many for the sum over pairs of them to be the quicker one. room [rows, p]. */
static bool find_nonzeros(size_t rows, size_t p, const double *x, double *room, struct nonzeros *out)
{
	enum { LEAST = 32, GAIN = 16 }; /* a product does so many times the additions in the same time */
	const double budget = (double)rows * (double)p * (double)p / GAIN;
	const size_t most = rows * p / 2;
	double pairs = 0;
	size_t n = 0;

	out->value = room;
	out->column = (uint32_t *)(void *)(room + most);
	for (size_t r = 0; r < rows; r++) {
		out->first[r] = (uint32_t)n;
		if (p < LEAST || n + p > most || pairs > budget) {
			return false;
		}
		for (size_t j = 0; j < p; j++) {
			out->value[n] = x[r * p + j];
			out->column[n] = (uint32_t)j;
			n += x[r * p + j] != 0;
		}
		pairs += (double)(n - out->first[r]) * (double)(n - out->first[r]);
	}
	out->first[rows] = (uint32_t)n;
	return pairs <= budget;
}

/* The lower triangle of sum [p, p] += x' diag(weight) x. */
static void add_nonzeros(size_t rows, size_t p, const struct nonzeros *x, const double *weight, double *sum)
{
	for (size_t r = 0; r < rows; r++) {
		for (size_t i = x->first[r]; i < x->first[r + 1]; i++) {
			const double scaled = weight[r] * x->value[i];
			double *to = sum + x->column[i] * p;
			for (size_t k = x->first[r]; k <= i; k++) {
				to[x->column[k]] += scaled * x->value[k];
			}
		}
	}
}

static void hessian_lane(void *context, size_t lane, size_t slot)
{
	struct lane_run *run = context;
	const struct linear_form *form = run->view->form;
	const size_t p = linear_height(form), m = form->outputs;
	double *sum = run->room + lane * run->lane_room;
	double *x = sum + run->sums, *scaled = x + run->block * p, *z = scaled + run->block * p;
	double *y = z + run->block * m, *slope = y + run->block * m, *bend = slope + run->block * m;
	double *weight = bend + run->block * m;
	struct nonzeros nonzeros;
	size_t first = 0, rows = 0;

	(void)slot;
	memset(sum, 0, run->sums * sizeof *sum);
	while (lane_next(run, lane, &first, &rows)) {
		linear_block(run->view, first, rows, x, y);
		linear_outputs(rows, p, m, x, run->t, z);
		form->loss.derive(&form->loss, rows, m, z, y, slope, bend);
		const bool sparse = find_nonzeros(rows, p, x, scaled, &nonzeros);
		double *to = sum;
		for (size_t pair = 0, a = 0, b = 0; pair < run->pairs; pair++, to += p * p) {
			weigh(&form->loss, rows, m, a, b, bend, weight);
			if (sparse) {
				add_nonzeros(rows, p, &nonzeros, weight, to);
			} else {
				add_block(rows, p, x, weight, scaled, to);
			}
			if (!form->loss.coupled || b == a) {
				a++;
				b = form->loss.coupled ? 0 : a;
			} else {
				b++;
			}
		}
	}
}

/* room: the sums over all rows of each pair's matrix, divided by the rows, lower triangles. */
static enum status sum_pairs(const struct linear_view *view, const void *theta, size_t pairs, double *room)
{
	const struct linear_form *form = view->form;
	const size_t p = linear_height(form), n = p * form->outputs, lanes = lanes_for(n);
	struct lane_run run = { .view = view,
				.lanes = linear_lanes(view->data->rows, lanes),
				.sums = pairs * p * p,
				.lane_room = lane_room(n),
				.block = linear_block_rows(n),
				.room = room,
				.pairs = pairs };

	run.t = linear_wide(view->data->dtype, n, theta, room + lanes * lane_room(n));
	const enum status status = linear_run(&run, hessian_lane);
	if (status == OK) {
		kernels_active()->scale_f64(run.sums, 1 / (double)view->data->rows, room);
	}
	return status;
}

/* Puts one pair's matrix where its outputs' parameters stand; from has its lower triangle. */
static void place(size_t p, size_t m, size_t a, size_t b, const double *from, double *h)
{
	const size_t n = p * m;
	for (size_t j = 0; j < p; j++) {
		for (size_t k = 0; k < p; k++) {
			const double number = j >= k ? from[j * p + k] : from[k * p + j];
			h[(j * m + a) * n + k * m + b] = number;
			h[(j * m + b) * n + k * m + a] = number;
		}
	}
}

enum status linear_hessian(const struct linear_view *view, const void *theta, double *h, double *room)
{
	const struct linear_form *form = view->form;
	const size_t p = linear_height(form), m = form->outputs, n = p * m;
	const size_t pairs = form->loss.coupled ? m * (m + 1) / 2 : form->loss.quadratic ? 1 : m;
	const enum status status = sum_pairs(view, theta, pairs, room);

	if (status != OK) {
		return status;
	}
	memset(h, 0, n * n * sizeof *h);
	for (size_t a = 0, pair = 0; a < m; a++) {
		for (size_t b = form->loss.coupled ? 0 : a; b <= a; b++, pair += pairs > 1) {
			place(p, m, a, b, room + pair * p * p, h);
		}
	}
	for (size_t i = 0; i < n; i++) {
		h[i * n + i] += linear_l2(form, i / m);
	}
	return OK;
}

enum status linear_gram(const struct linear_view *view, double *g, double *room)
{
	const size_t p = linear_height(view->form), n = p * view->form->outputs;
	/* A quadratic bends the same anywhere: at 0, too. */
	double *zeros = room + lanes_for(n) * lane_room(n);
	memset(zeros, 0, n * sizeof *zeros);
	const enum status status = sum_pairs(view, zeros, 1, room);

	for (size_t j = 0; j < p && status == OK; j++) {
		for (size_t k = 0; k < p; k++) {
			g[j * p + k] = j >= k ? room[j * p + k] : room[k * p + j];
		}
	}
	return status;
}
