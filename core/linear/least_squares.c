#include "core/linear/least_squares.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/linear/internal.h"

/* What is worked on: r [p, width] holds R and, in its last m columns, Q' of the right-hand sides. */
struct factors {
	size_t p, m, width;
	double *r;
	double *block; /* [rows, width] */
	double *w;     /* [width] */
};

/* A reflection that takes (a, x) to (b, 0), x [rows] with stride `step`: I - tau (1, v)(1, v)', v in place of x.
 * Returns tau; *a becomes b. 0: nothing to do. Source: Golub and Van Loan 2013, algorithm 5.1.1. */
static double reflect(double *a, double *x, size_t rows, size_t step)
{
	double tail = 0;
	for (size_t i = 0; i < rows; i++) {
		tail += x[i * step] * x[i * step];
	}
	if (tail == 0) {
		return 0;
	}
	const double size = sqrt(*a * *a + tail), b = *a > 0 ? -size : size, head = *a - b;
	for (size_t i = 0; i < rows; i++) {
		x[i * step] /= head;
	}
	*a = b;
	return 2 * head * head / (head * head + tail);
}

/* Applies it to columns [from, to) of the row `top` and of the block. */
static void apply(const struct factors *f, double tau, size_t k, size_t rows, double *top, size_t from)
{
	const struct kernels *kernels = kernels_active();
	const size_t count = f->width - from;

	memcpy(f->w, top + from, count * sizeof *f->w);
	for (size_t i = 0; i < rows; i++) {
		kernels->axpy_f64(count, f->block[i * f->width + k], f->block + i * f->width + from, f->w);
	}
	kernels->axpy_f64(count, -tau, f->w, top + from);
	for (size_t i = 0; i < rows; i++) {
		kernels->axpy_f64(count, -tau * f->block[i * f->width + k], f->w, f->block + i * f->width + from);
	}
}

/* Takes the block's rows into R. */
static void take(const struct factors *f, size_t rows)
{
	for (size_t k = 0; k < f->p && rows > 0; k++) {
		double *top = f->r + k * f->width;
		const double tau = reflect(&top[k], f->block + k, rows, f->width);
		if (tau != 0) {
			apply(f, tau, k, rows, top, k + 1);
		}
	}
}

/* All rows of the data, each times the root of its weight, with -e as right-hand sides. */
static enum status take_rows(const struct linear_view *view, const double *t, const struct factors *f, double *x,
			     double *y, double *z)
{
	const struct linear_form *form = view->form;
	const size_t all = view->data->rows, most = linear_block_rows(f->p * f->m), p = f->p, m = f->m;
	const double scale = sqrt(form->loss.factor * form->loss.steepest / (double)all);

	for (size_t first = 0; first < all; first += most) {
		const size_t rows = all - first < most ? all - first : most;
		if (executor_stopped(view->executor)) {
			return E_CANCELLED;
		}
		linear_block(view, first, rows, x, y);
		linear_outputs(rows, p, m, x, t, z);
		for (size_t r = 0; r < rows; r++) {
			double *to = f->block + r * f->width;
			for (size_t j = 0; j < p; j++) {
				to[j] = scale * x[r * p + j];
			}
			for (size_t c = 0; c < m; c++) {
				to[p + c] = scale * (y[r * m + c] - z[r * m + c]);
			}
		}
		take(f, rows);
	}
	return OK;
}

/* The penalty as rows: root(l2) e_j, with -root(l2) t_j on the right. */
static void take_penalty(const struct linear_form *form, const double *t, const struct factors *f)
{
	for (size_t j = 0; j < f->p; j++) {
		const double root = sqrt(linear_l2(form, j));
		if (root == 0) {
			continue;
		}
		memset(f->block, 0, f->width * sizeof *f->block);
		f->block[j] = root;
		for (size_t c = 0; c < f->m; c++) {
			f->block[f->p + c] = -root * t[j * f->m + c];
		}
		take(f, 1);
	}
}

/* R's columns in the order of what is left of their norms: R P = Q R', Q into the right-hand sides too. place [p]:
 * which column stands where. Returns the rank. Source: Golub and Van Loan 2013, algorithm 5.4.1. */
static size_t pivot(const struct factors *f, double *place, double tolerance)
{
	const size_t p = f->p, width = f->width;
	double first = 0;
	for (size_t j = 0; j < p; j++) {
		place[j] = (double)j;
	}
	for (size_t k = 0; k < p; k++) {
		size_t best = k;
		double most = -1;
		for (size_t j = k; j < p; j++) {
			double norm = 0;
			for (size_t i = k; i < p; i++) {
				norm += f->r[i * width + j] * f->r[i * width + j];
			}
			if (norm > most) {
				most = norm;
				best = j;
			}
		}
		first = k == 0 ? sqrt(most) : first;
		if (!(sqrt(most) > tolerance * first)) {
			return k;
		}
		for (size_t i = 0; i < p; i++) {
			const double kept = f->r[i * width + k];
			f->r[i * width + k] = f->r[i * width + best];
			f->r[i * width + best] = kept;
		}
		const double kept = place[k];
		place[k] = place[best];
		place[best] = kept;
		double *top = f->r + k * width, *below = top + width;
		const struct factors rest = { p, f->m, width, f->r, below, f->w };
		const double tau = reflect(&top[k], below + k, p - k - 1, width);
		if (tau != 0) {
			apply(&rest, tau, k, p - k - 1, top, k + 1);
		}
	}
	return p;
}

/* b [m] right-hand sides in place: R y = b with R [rank, rank] the head of r, rows `width` apart. */
static void back(const struct factors *f, size_t rank)
{
	for (size_t k = rank; k-- > 0;) {
		double *top = f->r + k * f->width;
		for (size_t c = f->p; c < f->width; c++) {
			for (size_t j = k + 1; j < rank; j++) {
				top[c] -= top[j] * f->r[j * f->width + c];
			}
			top[c] /= top[k];
		}
	}
}

/* [R11 R12] to [T 0] by reflections of the right, last row first; keeps them in place of R12, their tau in taus. */
static void trim(const struct factors *f, size_t rank, double *taus)
{
	const size_t p = f->p, width = f->width;
	for (size_t k = rank; k-- > 0;) {
		double *row = f->r + k * width;
		taus[k] = reflect(&row[k], row + rank, p - rank, 1);
		for (size_t i = 0; i < k && taus[k] != 0; i++) {
			double *other = f->r + i * width, sum = other[k];
			for (size_t j = rank; j < p; j++) {
				sum += row[j] * other[j];
			}
			other[k] -= taus[k] * sum;
			for (size_t j = rank; j < p; j++) {
				other[j] -= taus[k] * sum * row[j];
			}
		}
	}
}

/* step = the shortest P with R P = Q'b. */
static void solve(const struct factors *f, double *step, double *taus, double *place)
{
	const size_t p = f->p, m = f->m, width = f->width;
	const size_t rank = pivot(f, place, (double)p * 8 * DBL_EPSILON);

	trim(f, rank, taus);
	back(f, rank);
	for (size_t c = 0; c < m; c++) {
		double *y = f->w; /* [p] */
		for (size_t j = 0; j < p; j++) {
			y[j] = j < rank ? f->r[j * width + p + c] : 0;
		}
		for (size_t k = 0; k < rank; k++) {
			const double *row = f->r + k * width;
			double sum = y[k];
			for (size_t j = rank; j < p && taus[k] != 0; j++) {
				sum += row[j] * y[j];
			}
			if (taus[k] != 0) {
				y[k] -= taus[k] * sum;
				for (size_t j = rank; j < p; j++) {
					y[j] -= taus[k] * sum * row[j];
				}
			}
		}
		for (size_t j = 0; j < p; j++) {
			step[(size_t)place[j] * m + c] = y[j];
		}
	}
}

/* p + m <= n + 1. */
size_t least_squares_room(size_t n)
{
	const size_t rows = linear_block_rows(n) > 1 ? linear_block_rows(n) : 1;
	return n > 1 << 20 ? SIZE_MAX : (n + 1) * n + rows * (n + 1) + (n + 1) + 3 * n + linear_block_room(n);
}

enum status least_squares_step(const struct linear_view *view, const void *theta, double *step, double *room)
{
	const size_t p = linear_height(view->form), m = view->form->outputs, n = p * m;
	const size_t rows = linear_block_rows(n);
	struct factors f = { .p = p, .m = m, .width = p + m, .r = room };

	f.block = f.r + p * f.width;
	f.w = f.block + rows * f.width;
	double *wide = f.w + f.width, *taus = wide + n, *place = taus + p;
	double *x = place + p, *y = x + rows * p, *z = y + rows * m;
	memset(f.r, 0, p * f.width * sizeof *f.r);
	const double *t = linear_wide(view->data->dtype, n, theta, wide);
	const enum status status = take_rows(view, t, &f, x, y, z);
	if (status == OK) {
		take_penalty(view->form, t, &f);
		solve(&f, step, taus, place);
	}
	return status;
}
