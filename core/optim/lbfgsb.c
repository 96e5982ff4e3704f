/*
 * lbfgsb: limited-memory BFGS within bounds.
 *
 *   B = theta I - W M W',   W = [Y, theta S],   M^-1 = [ -D  L' ; L  theta S'S ]
 *
 * with S, Y the last steps and changes of the gradient, L and D the parts of S'Y below and on its diagonal. An
 * iteration: the generalised Cauchy point (the first minimum of the model along the projected gradient), the minimum
 * of the model over the variables that it leaves free, cut back to the box, and a strong Wolfe search along the way
 * there, which ends at the nearest bound. Without bounds this is lbfgs by another road.
 *
 * Slots: none. History: the steps S, then the changes Y, as rings; scalars: how many pairs, the oldest, theta.
 * Deviation: where the search finds nothing the pairs are dropped and the projected gradient is tried, as in the
 * authors' program.
 */
#include <string.h>

#include "core/optim/dense.h"
#include "core/optim/line_settings.h"

enum { HISTORY_MAX = 100 };

enum { SET_HISTORY_SIZE, SET_C1, SET_C2 };
static const struct setting settings[] = {
	[SET_HISTORY_SIZE] = { .name = "history_size",
			       .kind = SETTING_INTEGER,
			       .preset = 10,
			       .minimum = 1,
			       .maximum = HISTORY_MAX,
			       .doc = "Steps that the curvature is known from." },
	[SET_C1] = SETTING_C1,
	[SET_C2] = SETTING_C2(0.9),
};

enum { PAIRS, OLDEST, THETA, SCALARS };
enum { DIRECTION, POINT, G_A, G_B, STEP, CHANGE, SCRATCH };
/* n-vectors of doubles in the workspace; HEAP holds indices. */
enum { AT, SLOPE, LOW, HIGH, TIME, DOWN, CAUCHY, HEAP, VECTORS };

/* An iteration at work. p, c: W'd and W'(cauchy - x). */
struct work {
	struct optimizer *o;
	struct iteration *it;
	size_t n, k, oldest, room; /* k pairs of at most `room` */
	double theta;
	double *v[VECTORS];
	double *middle, *p, *c, *row, *solved; /* middle [2k, 2k]: the factors of M^-1 */
	size_t *pivot;
};

static size_t history(const struct settings *s)
{
	return 2 * (size_t)setting_at(s, SET_HISTORY_SIZE);
}

static size_t workspace(const struct settings *s, const struct optimizer_shape *shape)
{
	const size_t n = shape->n, m = 2 * (size_t)setting_at(s, SET_HISTORY_SIZE);
	return n > SIZE_MAX / (VECTORS * 16) ? SIZE_MAX : VECTORS * n + 2 * m * m + 6 * m;
}

/* Vector number j of the ring of steps (0) or changes (1). */
static void *pair_at(const struct work *w, size_t ring, size_t j)
{
	return (char *)w->o->history + (ring * w->room + (w->oldest + j) % w->room) * w->o->stride;
}

/* Row i of W [2k]. */
static void row_of(const struct work *w, size_t i, double *row)
{
	for (size_t j = 0; j < w->k; j++) {
		row[j] = vector_get(w->it->dtype, pair_at(w, 1, j), i);
		row[w->k + j] = w->theta * vector_get(w->it->dtype, pair_at(w, 0, j), i);
	}
}

static double inner(size_t n, const double *a, const double *b)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++) {
		sum += a[i] * b[i];
	}
	return sum;
}

/* out = M v. */
static void times_m(const struct work *w, const double *v, double *out)
{
	memcpy(out, v, 2 * w->k * sizeof *out);
	lu_solve(w->middle, w->pivot, 2 * w->k, out);
}

/* The factors of M^-1; false where rounding has made it singular. Source: equation 3.4. */
static bool factor_middle(struct work *w)
{
	const size_t k = w->k, m = 2 * k;
	for (size_t i = 0; i < k; i++) {
		for (size_t j = 0; j < k; j++) {
			const double sy = iteration_dot(w->it, pair_at(w, 0, i), pair_at(w, 1, j));
			const double ss = iteration_dot(w->it, pair_at(w, 0, i), pair_at(w, 0, j));
			w->middle[i * m + j] = i == j ? -sy : 0;
			w->middle[(k + i) * m + j] = i > j ? sy : 0;
			w->middle[j * m + k + i] = i > j ? sy : 0;
			w->middle[(k + i) * m + k + j] = w->theta * ss;
		}
	}
	return lu_factor(w->middle, w->pivot, m);
}

/* The heap of indices, least TIME first: the number at `at` sinks to its place. */
static void sift(const struct work *w, size_t *heap, size_t count, size_t at)
{
	for (size_t child; (child = 2 * at + 1) < count; at = child) {
		child += child + 1 < count && w->v[TIME][heap[child + 1]] < w->v[TIME][heap[child]];
		if (w->v[TIME][heap[at]] <= w->v[TIME][heap[child]]) {
			return;
		}
		const size_t swap = heap[at];
		heap[at] = heap[child];
		heap[child] = swap;
	}
}

/* The projected gradient and the times at which its parts end; how many do at a finite time > 0, a heap of them. */
static size_t path_begin(struct work *w, size_t *heap)
{
	size_t count = 0;
	for (size_t i = 0; i < w->n; i++) {
		const double g = w->v[SLOPE][i], x = w->v[AT][i];
		const double bound = g < 0 ? w->v[HIGH][i] : w->v[LOW][i];
		const double time = g == 0 ? (double)INFINITY : (x - bound) / g;
		w->v[TIME][i] = time;
		w->v[DOWN][i] = time > 0 ? -g : 0;
		w->v[CAUCHY][i] = x;
		if (time > 0 && isfinite(time)) {
			heap[count++] = i;
		}
	}
	for (size_t i = count / 2; i-- > 0;) {
		sift(w, heap, count, i);
	}
	return count;
}

/* The generalised Cauchy point, and c. Source: Byrd et al. 1995, algorithm CP. */
static void cauchy_point(struct work *w)
{
	const size_t m = 2 * w->k;
	size_t *heap = (size_t *)(void *)w->v[HEAP], count = path_begin(w, heap);
	double before = 0;

	memset(w->p, 0, m * sizeof *w->p);
	memset(w->c, 0, m * sizeof *w->c);
	for (size_t i = 0; i < w->n && m > 0; i++) {
		row_of(w, i, w->row);
		for (size_t j = 0; j < m; j++) {
			w->p[j] += w->row[j] * w->v[DOWN][i];
		}
	}
	double slope = -inner(w->n, w->v[DOWN], w->v[DOWN]);
	times_m(w, w->p, w->solved);
	const double least = 2.2e-16 * -w->theta * slope;
	double bend = fmax(-w->theta * slope - inner(m, w->p, w->solved), least);
	while (slope < 0 && count > 0 && -slope / bend >= w->v[TIME][heap[0]] - before) {
		const size_t b = heap[0];
		const double time = w->v[TIME][b], dt = time - before, g = w->v[SLOPE][b];
		heap[0] = heap[--count];
		sift(w, heap, count, 0);
		w->v[CAUCHY][b] = g < 0 ? w->v[HIGH][b] : w->v[LOW][b];
		const double z = w->v[CAUCHY][b] - w->v[AT][b];
		row_of(w, b, w->row);
		for (size_t j = 0; j < m; j++) {
			w->c[j] += dt * w->p[j];
		}
		times_m(w, w->row, w->solved);
		slope += dt * bend + g * g + w->theta * g * z - g * inner(m, w->solved, w->c);
		bend += -w->theta * g * g - 2 * g * inner(m, w->solved, w->p) - g * g * inner(m, w->row, w->solved);
		bend = fmax(bend, least);
		for (size_t j = 0; j < m; j++) {
			w->p[j] += g * w->row[j];
		}
		w->v[DOWN][b] = 0;
		before = time;
	}
	const double rest = slope < 0 ? -slope / bend : 0;
	for (size_t i = 0; i < w->n; i++) {
		if (w->v[DOWN][i] != 0) {
			w->v[CAUCHY][i] = w->v[AT][i] + (before + rest) * w->v[DOWN][i];
		}
	}
	for (size_t j = 0; j < m; j++) {
		w->c[j] += rest * w->p[j];
	}
}

/* Whether the Cauchy point leaves parameter i off its bounds. */
static bool is_free(const struct work *w, size_t i)
{
	return w->v[CAUCHY][i] > w->v[LOW][i] && w->v[CAUCHY][i] < w->v[HIGH][i];
}

/* DOWN = the model's minimum over the free variables, less the Cauchy point; false where rounding stands against it.
 * Source: the direct primal method, equations 5.3 to 5.11. */
static bool subspace(struct work *w)
{
	const size_t m = 2 * w->k;
	double *matrix = w->middle + m * m, *v = w->p;

	times_m(w, w->c, w->solved);
	memset(v, 0, m * sizeof *v);
	memset(matrix, 0, m * m * sizeof *matrix);
	for (size_t i = 0; i < w->n; i++) {
		if (!is_free(w, i)) {
			w->v[DOWN][i] = 0;
			continue;
		}
		row_of(w, i, w->row);
		const double r =
			w->v[SLOPE][i] + w->theta * (w->v[CAUCHY][i] - w->v[AT][i]) - inner(m, w->row, w->solved);
		w->v[TIME][i] = r;
		for (size_t j = 0; j < m; j++) {
			v[j] += w->row[j] * r;
			for (size_t l = 0; l < m; l++) {
				matrix[j * m + l] += w->row[j] * w->row[l] / w->theta;
			}
		}
	}
	/* v = (I - M N)^-1 M v, N = W'ZZ'W / theta */
	for (size_t j = 0; j < m; j++) {
		for (size_t l = 0; l < m; l++) {
			w->row[l] = matrix[l * m + j];
		}
		times_m(w, w->row, w->solved);
		for (size_t l = 0; l < m; l++) {
			matrix[l * m + j] = (l == j ? 1 : 0) - w->solved[l];
		}
	}
	times_m(w, v, w->solved);
	if (!lu_factor(matrix, w->pivot + m, m)) {
		return false;
	}
	memcpy(v, w->solved, m * sizeof *v);
	lu_solve(matrix, w->pivot + m, m, v);
	for (size_t i = 0; i < w->n; i++) {
		if (is_free(w, i)) {
			row_of(w, i, w->row);
			w->v[DOWN][i] = -(w->v[TIME][i] + inner(m, w->row, v) / w->theta) / w->theta;
		}
	}
	return true;
}

/* The largest t <= limit for which from + t down stays in the box. */
static double room_for(const struct work *w, const double *from, double limit)
{
	double t = limit;
	for (size_t i = 0; i < w->n; i++) {
		const double d = w->v[DOWN][i], bound = d > 0 ? w->v[HIGH][i] : w->v[LOW][i];
		if (d != 0 && (bound - from[i]) / d < t) {
			t = fmax((bound - from[i]) / d, 0);
		}
	}
	return t;
}

/* The direction of the search, in DOWN and scratch; its slope. */
static double direct(struct work *w)
{
	const struct iteration *it = w->it;
	cauchy_point(w);
	if (w->k > 0 && subspace(w)) {
		const double share = room_for(w, w->v[CAUCHY], 1);
		for (size_t i = 0; i < w->n; i++) {
			w->v[CAUCHY][i] += share * w->v[DOWN][i];
		}
	}
	for (size_t i = 0; i < w->n; i++) {
		w->v[DOWN][i] = w->v[CAUCHY][i] - w->v[AT][i];
		vector_set(it->dtype, w->o->scratch[DIRECTION], i, w->v[DOWN][i]);
	}
	return iteration_dot(it, it->g, w->o->scratch[DIRECTION]);
}

static void begin(struct work *w)
{
	const struct iteration *it = w->it;
	const size_t m = 2 * w->room;
	double *next = w->o->workspace;
	for (size_t k = 0; k < VECTORS; k++, next += w->n) {
		w->v[k] = next;
	}
	w->p = next;
	w->c = w->p + m;
	w->row = w->c + m;
	w->solved = w->row + m;
	w->pivot = (size_t *)(void *)(w->solved + m);
	w->middle = w->solved + 3 * m;
	for (size_t i = 0; i < w->n; i++) {
		w->v[AT][i] = vector_get(it->dtype, it->x, i);
		w->v[SLOPE][i] = vector_get(it->dtype, it->g, i);
		w->v[LOW][i] = it->lower != NULL ? vector_get(it->dtype, it->lower, i) : -(double)INFINITY;
		w->v[HIGH][i] = it->upper != NULL ? vector_get(it->dtype, it->upper, i) : (double)INFINITY;
	}
}

/* One search; place->t = 0: nothing lower was found. */
static enum status search(struct work *w, struct place *place)
{
	const struct settings *s = &w->o->settings;
	struct line line = { .iteration = w->it,
			     .direction = w->o->scratch[DIRECTION],
			     .slope = direct(w),
			     .point = w->o->scratch[POINT],
			     .gradient = { w->o->scratch[G_A], w->o->scratch[G_B] },
			     .boxed = w->it->lower != NULL };
	unsigned trials;

	*place = (struct place){ .t = 0 };
	if (!(line.slope < 0) || !isfinite(line.slope)) {
		return OK;
	}
	const double most = room_for(w, w->v[AT], 1e10), size = sqrt(inner(w->n, w->v[DOWN], w->v[DOWN]));
	const struct wolfe wolfe = { .c1 = setting_at(s, SET_C1),
				     .c2 = setting_at(s, SET_C2),
				     .first = w->k == 0 ? fmin(1, 1 / size) : 1,
				     .trials = LINE_TRIALS,
				     .most = fmax(most, w->k == 0 ? 0 : 1) };
	const enum status status = search_wolfe(&line, &wolfe, place, &trials);
	if (status == OK && place->t > 0) {
		line_accept(&line, place);
	}
	return status;
}

/* The pair of this step, where it shows curvature: s'y > eps y'y. Source: equation 3.9. */
static void learn(struct work *w)
{
	struct optimizer *o = w->o;
	const struct iteration *it = w->it;
	void *s = o->scratch[STEP], *y = o->scratch[CHANGE];

	iteration_combine(it, 1, it->next, -1, it->x, s);
	iteration_combine(it, 1, it->next_g, -1, it->g, y);
	const double sy = iteration_dot(it, s, y), yy = iteration_dot(it, y, y);
	if (sy > 2.2e-16 * yy && isfinite(yy)) {
		w->oldest = w->k == w->room ? (w->oldest + 1) % w->room : w->oldest;
		w->k -= w->k == w->room;
		w->k++;
		iteration_combine(it, 1, s, 0, s, pair_at(w, 0, w->k - 1));
		iteration_combine(it, 1, y, 0, y, pair_at(w, 1, w->k - 1));
		w->theta = yy / sy;
	}
	o->scalar[PAIRS] = (double)w->k;
	o->scalar[OLDEST] = (double)w->oldest;
	o->scalar[THETA] = w->theta;
}

static enum status iterate(struct optimizer *o, struct iteration *it)
{
	struct work w = { .o = o,
			  .it = it,
			  .n = it->n,
			  .k = (size_t)o->scalar[PAIRS],
			  .oldest = (size_t)o->scalar[OLDEST],
			  .room = (size_t)setting_at(&o->settings, SET_HISTORY_SIZE),
			  .theta = o->scalar[PAIRS] > 0 ? o->scalar[THETA] : 1 };
	struct place place = { .t = 0 };

	begin(&w);
	iteration_accept(it, NULL, NAN, NULL, 0);
	for (;;) {
		if (w.k == 0 || factor_middle(&w)) {
			const enum status status = search(&w, &place);
			if (status != OK) {
				return status;
			}
		}
		if (place.t > 0 || w.k == 0) {
			break;
		}
		w.k = 0;
		w.theta = 1;
	}
	if (place.t > 0) {
		learn(&w);
	}
	return OK;
}

const struct optimizer_type OPTIMIZER(lbfgsb) = {
	.name = "lbfgsb",
	.doc = "Limited-memory BFGS within bounds: a Cauchy point, a minimum over the free parameters, a search.",
	.source = "Byrd, Lu, Nocedal and Zhu 1995, A limited memory algorithm for bound constrained optimization",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = no_slots,
	.scalars = SCALARS,
	.history = history,
	.scratch = SCRATCH,
	.workspace = workspace,
	.needs = needs_full_batch,
	.check = check_wolfe,
	.iterate = iterate,
	.no_l1 = "its quadratic model is of a smooth function (lbfgs takes l1)",
};
