/*
 * An objective is a function of one flat vector theta: value and gradient, over all rows or some.
 *
 * Closed-form functions, linear models, networks and user-written expressions are all objectives;
 * an optimizer sees nothing else. `theta` and gradients are arrays of `n` numbers of `dtype`;
 * `tensor` names the pieces of it. Values are double in both precisions.
 *
 * Invariants
 *  1. evaluate() allocates nothing, and gives the same bits for any executor.
 *  2. The value includes penalties; it is the objective itself, never negated (maximising is the
 *     trainer's matter).
 *  3. A NaN or an infinity is a value like any other: evaluate() returns OK with it.
 */
#ifndef CORE_OBJECTIVE_OBJECTIVE_H
#define CORE_OBJECTIVE_OBJECTIVE_H

#include <stddef.h>
#include <stdlib.h>

#include "core/base/dtype.h"
#include "core/base/error.h"
#include "core/data/view.h"
#include "core/exec.h"
#include "core/linear/linear.h"
#include "core/objective/link.h"

/* A named piece of theta: row-major, `size` numbers from `offset` on. */
struct tensor {
	char name[64]; /* "weight", "layers.0.bias", "x", ... */
	size_t rank;   /* 1 to 4 */
	size_t shape[4];
	size_t size;
	size_t offset;
};

struct objective;
struct game;

struct objective_type {
	/* value (may be NULL: not wanted) and gradient [n - buffers] (may be NULL) of the objective at theta
	 * [n] over the rows of `batch` (NULL for an objective without rows).
	 * Returns OK, or E_CANCELLED when executor->stop was seen set (outputs then undefined). */
	enum status (*evaluate)(struct objective *objective, const void *theta, const struct batch *batch,
				struct executor *executor, double *value, void *gradient);
	/* out [n - buffers] = H v, the product of the Hessian at theta with v [n - buffers], over the same rows as
	 * evaluate(), exact to rounding; arrays of dtype, computed in double. Returns as evaluate(). NULL, or the
	 * objective was made without (model_shape.products): there are only differences of gradients. */
	enum status (*product)(struct objective *objective, const void *theta, const void *v, const struct batch *batch,
			       struct executor *executor, void *out);
	/* outputs [batch rows, objective->outputs] of dtype: the model before its link function
	 * (logits, or the predicted number). NULL where there is no such thing. Needs only x. */
	enum status (*predict)(struct objective *objective, const void *theta, const struct batch *batch,
			       struct executor *executor, void *outputs);
	/* Writes initial parameters [n] drawn by `seed` (core/base/random.h). */
	void (*initialise)(const struct objective *objective, uint64_t seed, void *theta);
	/* After a step: theta's buffers become what the last evaluation of it with a gradient made of them. NULL: there
	 * are none. */
	void (*settle)(struct objective *objective, void *theta);
	void (*destroy)(struct objective *objective);
};

struct objective {
	const struct objective_type *type;
	enum dtype dtype;
	size_t n;       /* numbers in theta */
	size_t buffers; /* the last of them, which belong to the model but that no gradient is of and no optimizer
			   moves: running statistics */
	size_t tensors;
	const struct tensor *tensor; /* [tensors], owned by the objective */
	size_t outputs;              /* columns that predict() writes; 0: it cannot */
	enum link link;              /* what they are to predictions */
	double beside;               /* of residuals (core/model/residual.h): a number that is added to their squares */
	bool unscored;               /* outputs say nothing of the target by themselves: no accuracy, no errors */
	bool rowed;                  /* sums over the rows of a data_view; false: batch is NULL */
	bool quadratic;              /* a quadratic function of theta: its gradient is linear in theta */
	const double *l1;            /* [tensors] factor of sum |w| in it, owned by the objective; NULL: none */
	double work;                 /* nanoseconds of a value over all rows at once, roughly, where it knows; else 0 */
	bool products;               /* type->product may be called */
	bool smooth; /* gradients leave these terms out: for who takes them by proximal steps (the trainer) */
	const struct game *game;   /* two players with objectives of their own (game.h); NULL: one function */
	struct linear_form linear; /* what it is made of; loss.derive NULL: not a linear model */
	/* The box that theta must stay in: [n] each of dtype, infinite where there is no bound; NULL: no box. The
	 * objective owns them as one allocation, `lower` first. */
	void *lower, *upper;
};

/* Gives an objective a box (lower, upper: [n], copied). OK, or E_MEMORY. */
enum status objective_bound(struct objective *objective, const double *lower, const double *upper, struct error *error);

static inline void objective_destroy(struct objective *objective)
{
	if (objective != NULL) {
		void *box = objective->lower;
		objective->type->destroy(objective);
		free(box);
	}
}

#endif
