/*
 * lbfgs: a quasi-Newton direction from the last pairs s = change of x, y = change of g.
 *
 *   d = -H g,   H by the two-loop recursion over up to history_size pairs, from H0 = (s'y / y'y of the newest) I
 *   x = x + t d
 *
 * As torch.optim.LBFGS: a step does up to max_iter iterations. t = learning_rate, in the very first iteration
 * min(1, 1 / sum |g_i|) of it; with line_search_fn strong_wolfe the search begins there. A pair is kept where
 * s'y > 1e-10 (with a search: where it is positive beyond rounding). No move where no |g_i| > tolerance_grad or
 * g'd > -tolerance_change; the iterations end early at max_eval evaluations and where neither x nor f changes by more
 * than tolerance_change. Where a search along d finds nothing, all pairs are dropped and -g is searched.
 *
 * With l1 (OWL-QN): -H is of the steepest slope p of f with l1, d is 0 where it does not go down p, points are cut back
 * to the orthant of x, and t is halved until f falls by 1e-4 p'dx; y is of gradients without l1.
 *
 * Slots: s, g of the last iteration; their pair is made in the next one, when the new g is known. History: pairs (s,
 * y), a ring; its scalars: 1 / s'y. Scalars: iterations made, the oldest pair, pairs, H0's factor. New pairs lie in
 * `spare` until the step is committed.
 */
#include <float.h>

#include "core/optim/corner.h"
#include "core/optim/line_settings.h"

enum { NONE, STRONG_WOLFE };
static const char *const searches[] = { "none", "strong_wolfe", NULL };

enum {
	SET_LEARNING_RATE,
	SET_MAX_ITER,
	SET_MAX_EVAL,
	SET_TOLERANCE_GRAD,
	SET_TOLERANCE_CHANGE,
	SET_HISTORY_SIZE,
	SET_LINE_SEARCH_FN
};
static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(1),
	[SET_MAX_ITER] = { .name = "max_iter",
			   .kind = SETTING_INTEGER,
			   .preset = 1,
			   .minimum = 1,
			   .maximum = 1000000,
			   .doc = "Iterations in a step." },
	[SET_MAX_EVAL] = { .name = "max_eval",
			   .kind = SETTING_INTEGER,
			   .nullable = true,
			   .preset = NAN,
			   .minimum = 1,
			   .maximum = 9007199254740991,
			   .doc = "Evaluations after which a step begins no further iteration; null: 1.25 max_iter." },
	[SET_TOLERANCE_GRAD] = SETTING_TOLERANCE_GRAD(0, "x stays where no component of the gradient is larger."),
	[SET_TOLERANCE_CHANGE] = { .name = "tolerance_change",
				   .kind = SETTING_REAL,
				   .minimum = 0,
				   .maximum = INFINITY,
				   .open_maximum = true,
				   .doc = "A step ends where x and f change by no more than this." },
	[SET_HISTORY_SIZE] = { .name = "history_size",
			       .kind = SETTING_INTEGER,
			       .preset = 10,
			       .minimum = 1,
			       .maximum = 1000,
			       .doc = "Pairs that the direction is made of." },
	[SET_LINE_SEARCH_FN] = { .name = "line_search_fn",
				 .kind = SETTING_CHOICE,
				 .nullable = true,
				 .preset = STRONG_WOLFE,
				 .choices = searches,
				 .doc = "none (or null): steps of the learning rate; strong_wolfe: searched from "
					"there." },
};

enum { ITERATIONS, OLDEST, PAIRS, FACTOR, SCALARS };
enum { S_LAST, G_LAST, SLOTS };
enum { DIRECTION, S, X_A, X_B, G_A, G_B, G_C, SLOPE = G_C, SCRATCH };

/* The state as this step has it so far; the trainer's stays as it was until the end. */
struct work {
	struct optimizer *o;
	struct iteration at; /* the trainer's, with x, f, g where we are */
	const void *s, *g;   /* of the last iteration */
	size_t room, fresh;  /* pairs that history and spare have room for */
	size_t old, olds;    /* pairs in the history: the oldest, how many */
	size_t new, news;    /* likewise in spare */
	double iterations, factor, t;
	double *rho, *alpha; /* [fresh] of spare; [room] within the recursion */
	bool moved, known;   /* x is another; its f and g are known */
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return SLOTS;
}

static size_t history(const struct settings *s)
{
	return 2 * (size_t)setting_at(s, SET_HISTORY_SIZE);
}

static size_t fresh_pairs(const struct settings *s)
{
	return (size_t)fmin(setting_at(s, SET_MAX_ITER), setting_at(s, SET_HISTORY_SIZE) + 1);
}

static size_t spare(const struct settings *s)
{
	return 2 * fresh_pairs(s);
}

static size_t workspace(const struct settings *s, const struct optimizer_shape *shape)
{
	(void)shape;
	return fresh_pairs(s) + (size_t)setting_at(s, SET_HISTORY_SIZE);
}

struct pair {
	char *s, *y;
	double *rho;
};

static struct pair history_pair(const struct optimizer *o, size_t place)
{
	char *s = (char *)o->history + 2 * place * o->stride;
	return (struct pair){ s, s + o->stride, o->scalar + SCALARS + 2 * place };
}

static struct pair spare_pair(const struct work *w, size_t place)
{
	char *s = (char *)w->o->spare + 2 * place * w->o->stride;
	return (struct pair){ s, s + w->o->stride, w->rho + place };
}

/* A place < 2 room of a ring; % takes as long as a dot product of two numbers. */
static size_t in_ring(size_t place, size_t room)
{
	return place < room ? place : place - room;
}

/* Pair k, 0 the oldest. */
static inline __attribute__((always_inline)) struct pair pair_at(const struct work *w, size_t k)
{
	return k < w->olds ? history_pair(w->o, in_ring(w->old + k, w->room))
			   : spare_pair(w, in_ring(w->new + k - w->olds, w->fresh));
}

static void drop_oldest(struct work *w)
{
	if (w->olds > 0) {
		w->old = in_ring(w->old + 1, w->room);
		w->olds--;
	} else {
		w->new = in_ring(w->new + 1, w->fresh);
		w->news--;
	}
}

/* Takes in the pair of the last iteration, now that the gradient after it is known. There is room for one more than
 * are kept, so that what is refused overwrites nothing. */
static void learn(struct work *w)
{
	const struct iteration *it = &w->at;
	const bool searched = setting_at(&w->o->settings, SET_LINE_SEARCH_FN) == STRONG_WOLFE;
	const struct pair last = spare_pair(w, in_ring(w->new + w->news, w->fresh));
	iteration_combine(it, 1, it->g, -1, w->g, last.y);
	const double sy = iteration_dot(it, w->s, last.y), yy = iteration_dot(it, last.y, last.y);
	if (!(sy > (searched ? DBL_EPSILON * yy : 1e-10))) {
		return;
	}
	iteration_combine(it, 1, w->s, 0, w->s, last.s);
	*last.rho = 1 / sy;
	w->factor = sy / yy;
	w->news++;
	if (w->olds + w->news > w->room) {
		drop_oldest(w);
	}
}

/* direct() of two numbers, which stay in registers: the same operations in the same order. */
static void direct_two(struct work *w, double *out)
{
	const double *g = w->at.clipped;
	const size_t pairs = w->olds + w->news;
	double a = -1 * g[0] + 0 * g[0], b = -1 * g[1] + 0 * g[1];

	for (size_t k = pairs; k-- > 0;) {
		const struct pair p = pair_at(w, k);
		const double *s = (const double *)(const void *)p.s, *y = (const double *)(const void *)p.y;
		const double alpha = *p.rho * (s[0] * a + s[1] * b);
		w->alpha[k] = alpha;
		a += -alpha * y[0];
		b += -alpha * y[1];
	}
	if (w->iterations > 0) {
		a = w->factor * a + 0 * a;
		b = w->factor * b + 0 * b;
	}
	for (size_t k = 0; k < pairs; k++) {
		const struct pair p = pair_at(w, k);
		const double *s = (const double *)(const void *)p.s, *y = (const double *)(const void *)p.y;
		const double step = w->alpha[k] - *p.rho * (y[0] * a + y[1] * b);
		a += step * s[0];
		b += step * s[1];
	}
	out[0] = a;
	out[1] = b;
}

/* d = -H g. Source: Nocedal and Wright 2006, algorithm 7.4. */
static void direct(struct work *w, void *d)
{
	const struct iteration *it = &w->at;
	const size_t pairs = w->olds + w->news;

	if (it->n == 2 && it->dtype == DTYPE_FLOAT64) {
		direct_two(w, d);
		return;
	}
	iteration_combine(it, -1, it->clipped, 0, it->clipped, d);
	for (size_t k = pairs; k-- > 0;) {
		const struct pair p = pair_at(w, k);
		w->alpha[k] = *p.rho * iteration_dot(it, p.s, d);
		iteration_combine(it, 1, d, -w->alpha[k], p.y, d);
	}
	if (w->iterations > 0) {
		iteration_combine(it, w->factor, d, 0, d, d);
	}
	for (size_t k = 0; k < pairs; k++) {
		const struct pair p = pair_at(w, k);
		const double beta = *p.rho * iteration_dot(it, p.y, d);
		iteration_combine(it, 1, d, w->alpha[k] - beta, p.s, d);
	}
}

static void forget(struct work *w)
{
	w->olds = 0;
	w->news = 0;
	w->factor = 1;
	w->iterations = 0;
}

/* One of the vectors, from `first` to `last`, that holds neither a nor b. */
static void *free_vector(const struct work *w, int first, int last, const void *a, const void *b)
{
	int k = first;
	while (k < last && (w->o->scratch[k] == a || w->o->scratch[k] == b)) {
		k++;
	}
	return w->o->scratch[k];
}

/* x + t d, with f and gradient there unless `blind`; w->t = 0 where a search finds nothing. */
static enum status move(struct work *w, double slope, bool blind, uint64_t *evaluations)
{
	struct iteration *it = &w->at;
	const struct settings *s = &w->o->settings;
	struct line line = { .iteration = it,
			     .direction = w->o->scratch[DIRECTION],
			     .slope = slope,
			     .point = free_vector(w, X_A, X_B, it->x, NULL) };
	struct place trial = { .t = w->t, .f = NAN };
	enum status status = OK;
	unsigned trials = 1;

	line.gradient[0] = free_vector(w, G_A, G_C, it->g, NULL);
	line.gradient[1] = free_vector(w, G_A, G_C, it->g, line.gradient[0]);
	if (setting_at(s, SET_LINE_SEARCH_FN) == STRONG_WOLFE) {
		const struct wolfe wolfe = { .c1 = 1e-4,
					     .c2 = 0.9,
					     .first = w->t,
					     .least = setting_at(s, SET_TOLERANCE_CHANGE),
					     .trials = LINE_TRIALS };
		status = search_wolfe(&line, &wolfe, &trial, &trials);
		if (status == OK && trial.t > 0) {
			line_place(&line, trial.t);
		}
	} else if (!blind) {
		status = line_try(&line, w->t, line.gradient[0], &trial);
	} else {
		line_place(&line, w->t);
	}
	if (status != OK) {
		return status;
	}
	*evaluations += trials;
	w->t = trial.t;
	iteration_combine(it, w->t, line.direction, 0, line.direction, w->o->scratch[S]);
	w->s = w->o->scratch[S];
	w->g = it->g;
	if (w->t > 0) {
		w->moved = true;
		w->known = trial.gradient != NULL;
		it->x = line.point;
		it->f = trial.f;
		it->g = trial.gradient;
		it->clipped = it->g;
	}
	return OK;
}

/* move() with l1: within the orthant, down the slope p. Source: Andrew and Gao 2007, algorithm 1. */
static enum status move_in_orthant(struct work *w, const void *p, uint64_t *evaluations)
{
	struct iteration *it = &w->at;
	void *point = free_vector(w, X_A, X_B, it->x, NULL), *gradient = free_vector(w, G_A, G_B, it->g, NULL);
	void *s = w->o->scratch[S];

	for (unsigned k = 0; k < CORNER_TRIALS; k++, w->t *= 0.5) {
		double f;
		iteration_combine(it, 1, it->x, w->t, w->o->scratch[DIRECTION], point);
		corner_project(w->o, it, p, point);
		iteration_combine(it, 1, point, -1, it->x, s);
		const double slope = iteration_dot(it, p, s);
		const enum status status = slope < 0 ? iteration_evaluate(it, point, &f, gradient) : OK;
		*evaluations += slope < 0;
		if (status != OK || !(slope < 0)) {
			w->t = 0;
			return status;
		}
		if (f <= it->f + 1e-4 * slope) {
			w->s = s;
			w->g = it->g;
			w->moved = w->known = true;
			it->x = point;
			it->f = f;
			it->g = it->clipped = gradient;
			return OK;
		}
	}
	w->t = 0;
	return OK;
}

/* One iteration from where we are. *over: x stays, and no further iteration would move it. */
static enum status iteration(struct work *w, bool blind, uint64_t *evaluations, bool *over)
{
	const struct settings *s = &w->o->settings;
	const bool searched = setting_at(s, SET_LINE_SEARCH_FN) == STRONG_WOLFE;
	const double flat = setting_at(s, SET_TOLERANCE_GRAD);
	struct iteration *it = &w->at;
	void *d = w->o->scratch[DIRECTION], *p = w->o->scratch[SLOPE];

	if (w->iterations > 0) {
		learn(w);
	}
	if (it->l1 != NULL) {
		corner_slope(w->o, it, it->clipped, p);
		it->clipped = p;
		*over = flat > 0 && iteration_largest(it, p) <= flat;
		if (*over) {
			return OK;
		}
	}
	for (;;) {
		const bool again = searched && w->olds + w->news > 0;
		direct(w, d);
		if (it->l1 != NULL) {
			corner_align(w->o, it, p, d);
		}
		const double slope = iteration_dot(it, it->l1 != NULL ? p : it->g, d);
		w->t = it->learning_rate * (w->iterations > 0 ? 1 : fmin(1, 1 / iteration_sum_sizes(it, it->g)));
		w->iterations++;
		*over = !(slope < 0) || slope > -setting_at(s, SET_TOLERANCE_CHANGE);
		if (!*over) {
			const enum status status = it->l1 != NULL ? move_in_orthant(w, p, evaluations)
								  : move(w, slope, blind, evaluations);
			*over = w->t == 0;
			if (status != OK || !*over) {
				return status;
			}
		}
		if (!again || slope < 0) {
			break;
		}
		forget(w);
	}
	w->g = it->g; /* nothing is learnt of a step that was not made */
	return OK;
}

/* The iterations of one step, as far as they go. */
static enum status iterations(struct work *w)
{
	const struct settings *s = &w->o->settings;
	const bool searched = setting_at(s, SET_LINE_SEARCH_FN) == STRONG_WOLFE;
	const double most = setting_at(s, SET_MAX_ITER), limit = setting_at(s, SET_MAX_EVAL);
	const double change = setting_at(s, SET_TOLERANCE_CHANGE), flat = setting_at(s, SET_TOLERANCE_GRAD);
	const double most_evaluations = floor(isnan(limit) ? 1.25 * most : limit);
	uint64_t evaluations = 1;

	for (double n = 1;; n++) {
		const double f = w->at.f;
		bool over;
		const enum status status = iteration(w, n == most && !searched, &evaluations, &over);
		if (status != OK || over || n == most || (double)evaluations >= most_evaluations ||
		    fabs(w->at.f - f) < change ||
		    (flat > 0 && w->at.l1 == NULL && iteration_largest(&w->at, w->at.g) <= flat) ||
		    (change > 0 && iteration_largest(&w->at, w->s) <= change)) {
			return status;
		}
	}
}

/* The step is made: what the next one needs becomes state. */
static void commit(struct work *w)
{
	struct optimizer *o = w->o;
	const struct iteration *it = &w->at;

	for (size_t k = 0; k < w->news; k++) {
		const struct pair from = pair_at(w, w->olds + k);
		const struct pair to = history_pair(o, in_ring(w->old + w->olds + k, w->room));
		iteration_combine(it, 1, from.s, 0, from.s, to.s);
		iteration_combine(it, 1, from.y, 0, from.y, to.y);
		*to.rho = *from.rho;
	}
	if (w->s != o->slot[S_LAST]) {
		iteration_combine(it, 1, w->s, 0, w->s, o->slot[S_LAST]);
	}
	if (w->g != o->slot[G_LAST]) {
		iteration_combine(it, 1, w->g, 0, w->g, o->slot[G_LAST]);
	}
	o->scalar[ITERATIONS] = w->iterations;
	o->scalar[OLDEST] = (double)w->old;
	o->scalar[PAIRS] = (double)(w->olds + w->news);
	o->scalar[FACTOR] = w->factor;
}

static enum status iterate(struct optimizer *o, struct iteration *it)
{
	const struct settings *s = &o->settings;
	struct work w = { .o = o,
			  .at = *it,
			  .s = o->slot[S_LAST],
			  .g = o->slot[G_LAST],
			  .room = (size_t)setting_at(s, SET_HISTORY_SIZE),
			  .fresh = fresh_pairs(s),
			  .old = (size_t)o->scalar[OLDEST],
			  .olds = (size_t)o->scalar[PAIRS],
			  .iterations = o->scalar[ITERATIONS],
			  .factor = o->scalar[ITERATIONS] > 0 ? o->scalar[FACTOR] : 1,
			  .rho = o->workspace,
			  .alpha = o->workspace + fresh_pairs(s) };

	if (it->l1 == NULL ? is_flat(it, setting_at(s, SET_TOLERANCE_GRAD)) : it->norm == 0) {
		iteration_accept(it, NULL, NAN, NULL, 0);
		return OK;
	}
	const enum status status = iterations(&w);
	if (status != OK) {
		return status;
	}
	commit(&w);
	if (w.moved) {
		iteration_accept(it, w.at.x, w.known ? w.at.f : (double)NAN, w.known ? w.at.g : NULL, w.t);
	} else {
		iteration_accept(it, NULL, NAN, NULL, 0);
	}
	return OK;
}

static enum status suits(const struct settings *s, const struct objective *objective, struct error *error)
{
	if (objective->l1 != NULL && setting_at(s, SET_LINE_SEARCH_FN) != STRONG_WOLFE) {
		return error_set(
			error, E_INVALID,
			"lbfgs with l1 searches the length of its steps: leave line_search_fn at strong_wolfe, "
			"or use fista, whose steps are of the learning rate");
	}
	return OK;
}

const struct optimizer_type OPTIMIZER(lbfgs) = {
	.name = "lbfgs",
	.doc = "Limited-memory BFGS, with steps of the learning rate or a strong Wolfe search.",
	.source = "Liu and Nocedal 1989; Nocedal and Wright 2006, algorithms 7.4 and 7.5; torch.optim.LBFGS; "
		  "Andrew and Gao 2007 (OWL-QN, with l1)",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.scalars = SCALARS,
	.history = history,
	.scratch = SCRATCH,
	.spare = spare,
	.workspace = workspace,
	.needs = needs_free_line,
	.suits = suits,
	.proximal = true,
	.iterate = iterate,
};
