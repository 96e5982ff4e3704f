#include "core/linear/margin.h"

#include <math.h>
#include <string.h>

#include "core/linear/internal.h"

/* Rows between two looks at the stop flag, and pairs. */
enum { ROWS_A_LOOK = 1024 };

struct margin {
	const struct linear_view *view;
	size_t rows, width;  /* columns of w: with the intercept where it is penalised */
	bool coupled;        /* the sum of a s is 0 */
	double l2, most;     /* most: the upper bound of a */
	double *a, *t;       /* [rows], [p] */
	double *moved;       /* [rows] a as it becomes */
	double *z;           /* [rows] x'w, without the intercept */
	double *one, *other; /* [rows] products of the pair's rows with all */
	double *size;        /* [rows] |x|^2 */
	double *row[2];      /* [p] the pair's rows */
	double *x;           /* a block of rows */
};

static double sign_of(const struct margin *q, size_t row)
{
	return q->view->data->label[row] != 0 ? 1 : -1;
}

/* The product of each row's features with v [features]. */
static void products(const struct margin *q, const double *v, double *out)
{
	const size_t d = q->view->form->features, p = linear_height(q->view->form), block = linear_block_rows(p);
	if (q->view->data->dtype == DTYPE_FLOAT64) {
		kernels_active()->matvec_f64(q->rows, d, q->view->data->x, d, v, 0, out);
		return;
	}
	for (size_t at = 0; at < q->rows; at += block) {
		const size_t rows = q->rows - at < block ? q->rows - at : block;
		linear_block(q->view, at, rows, q->x, NULL);
		kernels_active()->matvec_f64(rows, d, q->x, p, v, 0, out + at);
	}
}

/* w of a, and the sizes of the rows. */
static enum status begin(const struct margin *q)
{
	memset(q->t, 0, linear_height(q->view->form) * sizeof *q->t);
	memcpy(q->moved, q->a, q->rows * sizeof *q->a);
	for (size_t i = 0; i < q->rows; i++) {
		if (i % ROWS_A_LOOK == 0 && executor_stopped(q->view->executor)) {
			return E_CANCELLED;
		}
		linear_block(q->view, i, 1, q->x, NULL);
		q->size[i] = kernels_active()->sum_squares_f64(q->width, q->x);
		if (q->a[i] != 0) {
			kernels_active()->axpy_f64(q->width, q->a[i] * sign_of(q, i) / q->l2, q->x, q->t);
		}
	}
	return OK;
}

/* Each a_i to its minimum, in order. */
static enum status sweep_each(const struct margin *q)
{
	for (size_t i = 0; i < q->rows; i++) {
		const double s = sign_of(q, i);
		if (i % ROWS_A_LOOK == 0 && executor_stopped(q->view->executor)) {
			return E_CANCELLED;
		}
		linear_block(q->view, i, 1, q->x, NULL);
		const double slope = s * kernels_active()->dot_f64(q->width, q->x, q->t) - 1;
		const double to = q->size[i] > 0 ? fmin(fmax(q->moved[i] - slope * q->l2 / q->size[i], 0), q->most)
						 : q->most; /* a row of zeros costs 1 whatever w is */
		kernels_active()->axpy_f64(q->width, (to - q->moved[i]) * s / q->l2, q->x, q->t);
		q->moved[i] = to;
	}
	return OK;
}

/* Whether a_i s_i can grow, or fall. */
static bool can_move(const struct margin *q, size_t i, bool up)
{
	return (sign_of(q, i) > 0) == up ? q->moved[i] < q->most : q->moved[i] > 0;
}

/* The pair that gains most; false: none gains. one: the products of row *i. Source: Fan, Chen and Lin 2005, WSS 2. */
static bool choose(const struct margin *q, size_t *i, size_t *j)
{
	double most = -INFINITY, gain = 0;
	for (size_t k = 0; k < q->rows; k++) {
		const double v = sign_of(q, k) - q->z[k];
		if (v > most && can_move(q, k, true)) {
			most = v;
			*i = k;
		}
	}
	if (!isfinite(most)) {
		return false;
	}
	linear_block(q->view, *i, 1, q->row[0], NULL);
	products(q, q->row[0], q->one);
	for (size_t k = 0; k < q->rows; k++) {
		const double over = most - (sign_of(q, k) - q->z[k]);
		if (over > 1e-13 * (1 + fabs(most)) && can_move(q, k, false)) {
			const double bend = fmax(q->size[*i] + q->size[k] - 2 * q->one[k], 1e-12);
			if (over * over / bend > gain) {
				gain = over * over / bend;
				*j = k;
			}
		}
	}
	return gain > 0;
}

/* a s of row i grows by what that of row j falls: to the minimum, or as far as their bounds. */
static void move_pair(const struct margin *q, size_t i, size_t j)
{
	const double bend = fmax(q->size[i] + q->size[j] - 2 * q->one[j], 1e-12) / q->l2;
	const double over = (sign_of(q, i) - q->z[i]) - (sign_of(q, j) - q->z[j]);
	const double room_i = sign_of(q, i) > 0 ? q->most - q->moved[i] : q->moved[i];
	const double room_j = sign_of(q, j) > 0 ? q->moved[j] : q->most - q->moved[j];
	const double by = fmin(over / bend, fmin(room_i, room_j));

	linear_block(q->view, j, 1, q->row[1], NULL);
	products(q, q->row[1], q->other);
	/* What reaches a bound stands at it exactly. */
	q->moved[i] = by == room_i ? (sign_of(q, i) > 0 ? q->most : 0) : q->moved[i] + sign_of(q, i) * by;
	q->moved[j] = by == room_j ? (sign_of(q, j) > 0 ? 0 : q->most) : q->moved[j] - sign_of(q, j) * by;
	kernels_active()->axpy_f64(q->width, by / q->l2, q->row[0], q->t);
	kernels_active()->axpy_f64(q->width, -by / q->l2, q->row[1], q->t);
	kernels_active()->axpy_f64(q->rows, by / q->l2, q->one, q->z);
	kernels_active()->axpy_f64(q->rows, -by / q->l2, q->other, q->z);
}

/* The intercept: where a row lies on its margin it says it; else the middle of what all rows allow. */
static double intercept(const struct margin *q)
{
	double sum = 0, low = -INFINITY, high = INFINITY;
	size_t free_rows = 0;
	for (size_t k = 0; k < q->rows; k++) {
		const double v = sign_of(q, k) - q->z[k];
		const bool up = can_move(q, k, true), down = can_move(q, k, false);
		sum += up && down ? v : 0;
		free_rows += up && down;
		low = up ? fmax(low, v) : low;
		high = down ? fmin(high, v) : high;
	}
	if (free_rows > 0) {
		return sum / (double)free_rows;
	}
	return isfinite(low) && isfinite(high) ? (low + high) / 2 : isfinite(low) ? low : isfinite(high) ? high : 0;
}

static enum status sweep_pairs(const struct margin *q)
{
	size_t i = 0, j = 0;
	products(q, q->t, q->z);
	for (size_t k = 0; k < q->rows && choose(q, &i, &j); k++) {
		if (executor_stopped(q->view->executor)) {
			return E_CANCELLED;
		}
		move_pair(q, i, j);
	}
	q->t[q->width] = intercept(q);
	return OK;
}

size_t margin_room(size_t n, size_t rows)
{
	return n > 1 << 24 || rows > SIZE_MAX / 1024 ? SIZE_MAX : 5 * rows + 2 * n + linear_block_room(n);
}

enum status margin_sweep(const struct linear_view *view, double *a, double *t, double *room)
{
	const struct linear_form *form = view->form;
	const size_t rows = view->data->rows, p = linear_height(form);
	const bool coupled = form->intercept && !form->penalize_intercept;
	struct margin q = { .view = view,
			    .rows = rows,
			    .width = coupled ? form->features : p,
			    .coupled = coupled,
			    .l2 = form->l2,
			    .most = form->loss.factor / (double)rows,
			    .a = a,
			    .t = t,
			    .moved = room,
			    .z = room + rows,
			    .one = room + 2 * rows,
			    .other = room + 3 * rows,
			    .size = room + 4 * rows };
	q.row[0] = room + 5 * rows;
	q.row[1] = q.row[0] + p;
	q.x = q.row[1] + p;
	enum status status = begin(&q);
	if (status == OK) {
		status = coupled ? sweep_pairs(&q) : sweep_each(&q);
	}
	if (status == OK) {
		memcpy(a, q.moved, rows * sizeof *a);
	}
	return status;
}
