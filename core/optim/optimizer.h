/*
 * Optimizers: update rules as table entries. Adding one: one file, one line in optimizer.c.
 *
 * The trainer owns the loop. For each update t = 1, 2, ... it evaluates the gradient (at x, or at
 * the point that look_ahead writes), applies what is common to all (sign for maximize, clipping),
 * calls prepare() once, and update() on ranges [begin, end) of the flat vector, which may run at
 * the same time on several threads: element i of the result depends on elements i and on what
 * prepare() left, on nothing else.
 *
 * What needs more than element i (norms of tensors, sums over all of x, products of matrices) has whole() in place of
 * update(): called once, after prepare(), the gradient final; it goes over x in passes (optimizer_pass), which run
 * on several threads and whose sums are added in a fixed order.
 *
 * An optimizer that evaluates the objective for itself has iterate() in place of all of these:
 * core/optim/iteration.h.
 *
 * State (slots, history and scalars) lies in the trainer's one block, starts at zero, and is all that the
 * next step depends on beside x: a checkpoint is a copy of it. No function here allocates.
 */
#ifndef CORE_OPTIM_OPTIMIZER_H
#define CORE_OPTIM_OPTIMIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/dtype.h"
#include "core/base/error.h"
#include "core/base/setting.h"
#include "core/exec.h"
#include "core/objective/objective.h"

enum { OPTIMIZER_SLOTS = 8, OPTIMIZER_SCALARS = 16, OPTIMIZER_COEFFICIENTS = 16, OPTIMIZER_SETTINGS = 16 };
/* Passes of at least OPTIMIZER_PARALLEL numbers are cut in pieces of OPTIMIZER_PIECE for the executor; each makes up
 * to OPTIMIZER_SUMS sums. */
enum { OPTIMIZER_PIECE = 16384, OPTIMIZER_PARALLEL = 65536, OPTIMIZER_SUMS = 4, OPTIMIZER_SCRATCH = 8 };

struct optimizer_type;
struct iteration;

/* What an optimizer cannot do without; a job that does not give it is refused. Bits. */
#define OPTIMIZER_NEED_LIST(X)                                                                                         \
	X(NEEDS_FULL_BATCH, 0, "full_batch") /* every update sees all rows: trial values must be of one function */    \
	X(NEEDS_QUADRATIC, 1, "quadratic")   /* the objective is a quadratic function of theta */                      \
	X(NEEDS_NO_BOUNDS, 2, "no_bounds")   /* theta is free: a projection would break what it knows of the path */   \
	X(NEEDS_SQUARES, 3, "squares")       /* the objective is a sum of squares of one residual a row */

enum optimizer_need {
#define NEED_MEMBER(name, bit, word) name = 1u << (bit),
	OPTIMIZER_NEED_LIST(NEED_MEMBER)
#undef NEED_MEMBER
};

/* How large a problem is. */
struct optimizer_shape {
	size_t n;       /* parameters */
	uint64_t rows;  /* of the training data; 0: none */
	size_t outputs; /* columns that the model predicts */
	bool linear;    /* a linear model: core/linear/linear.h */
	size_t buffers; /* numbers behind the parameters that no optimizer moves */
	bool kinked;    /* a linear model whose loss has corners */
	size_t players; /* each with scalars of its own; 0 counts as 1 */
};

/* An optimizer at work. */
struct optimizer {
	const struct optimizer_type *type;
	struct settings settings;
	enum dtype dtype;
	size_t n;
	void *slot[OPTIMIZER_SLOTS]; /* each [n] of dtype; the first type->slots(settings) are set; state */
	void *history;               /* [type->history(settings)] n-vectors, `stride` bytes apart; state */
	size_t stride;
	double *scalar;                             /* [type->scalars + type->history(settings)]; state */
	double *table;                              /* [type->table()]; state */
	double coefficient[OPTIMIZER_COEFFICIENTS]; /* what prepare() computed for this update; not state */
	/* Only for whole() and iterate(); not state. What an earlier update left in scratch, spare and workspace is
	 * lost, but where that update set `kept`: then the workspace stands, until a run begins or goes on from a
	 * checkpoint. So only what would come out with the same bits again is kept. */
	bool kept;
	const struct tensor *tensor; /* [tensors] the pieces of x, in order, borrowed from the objective */
	size_t tensors;
	struct executor *executor;        /* borrowed */
	double *partial;                  /* [OPTIMIZER_SUMS * pieces of n] */
	void *scratch[OPTIMIZER_SCRATCH]; /* each [n] of dtype; the first type->scratch are set */
	void *spare;                      /* [type->spare(settings)] n-vectors, `stride` bytes apart */
	double *workspace;                /* [type->workspace()] */
};

/* One update. */
struct step {
	uint64_t t;           /* 1 in the first update */
	double learning_rate; /* from the schedule */
	void *x;              /* [n] of dtype: in x_{t-1}, out x_t */
	const void *gradient; /* [n] of dtype: after sign and clipping */
};

struct optimizer_type {
	const char *name;
	const char *doc;                /* one sentence */
	const char *source;             /* paper, equation */
	const struct setting *settings; /* `learning_rate` is the first of them, unless it finds its steps itself */
	size_t setting_count;           /* at most OPTIMIZER_SETTINGS */
	const char *schedule_word;      /* what its paper calls the schedule, taken for `schedule` too; NULL: nothing */
	size_t (*slots)(const struct settings *settings); /* n-vectors of state */
	size_t scalars;                                   /* doubles of state */
	/* Further n-vectors of state in one row, each with a further scalar of its own; NULL: none. */
	size_t (*history)(const struct settings *settings);
	/* NEEDS_ bits; NULL: none. */
	unsigned (*needs)(const struct settings *settings);
	/* Beyond what each setting's own range says (nesterov wants momentum > 0 ...); NULL: nothing.
	 * Names the setting in `setting` (a static string) when it fails. */
	enum status (*check)(const struct settings *settings, const char **setting, struct error *error);
	/* Advances scalars and fills coefficients for update t. */
	void (*prepare)(struct optimizer *optimizer, const struct step *step);
	void (*update_f32)(const struct optimizer *optimizer, const struct step *step, size_t begin, size_t end);
	void (*update_f64)(const struct optimizer *optimizer, const struct step *step, size_t begin, size_t end);
	/* Small changes may come before large ones: the first steps creep until the optimizer has found their length
	 * (prodigy), or x rests for an update (rprop after a change of signs). */
	bool pauses;
	/* Rows of a batch where the job does not say; 0: what suits the model. */
	size_t batch_size;
	/* Proximal steps, after update() on a range or after whole() (NULL: l1 is refused). The step as it would be had
	 * the gradient the term s beside, s in l1 d|x| at the NEW x: x becomes the soft threshold of what update()
	 * left, exact zeros included, and what the optimizer remembers of the gradient remembers s too. */
	void (*shrink_f32)(const struct optimizer *optimizer, const struct step *step, double l1, size_t begin,
			   size_t end);
	void (*shrink_f64)(const struct optimizer *optimizer, const struct step *step, double l1, size_t begin,
			   size_t end);
	/* iterate() takes l1 by steps of its own that end in exact zeros: f has it, gradients have not. */
	bool proximal;
	/* Why it takes no l1, a clause; NULL where it does, and where the need of second derivatives says it. */
	const char *no_l1;
	/* NULL: update() on ranges. Otherwise the whole update; it may write coefficients and scalars. */
	void (*whole_f32)(struct optimizer *optimizer, const struct step *step);
	void (*whole_f64)(struct optimizer *optimizer, const struct step *step);
	size_t scratch; /* n-vectors that whole() or iterate() works in */
	/* What the optimizer wants of the parameters' tensors (muon: a matrix); NULL: nothing. E_INVALID with what to
	 * use instead. */
	enum status (*fits)(const struct settings *settings, const struct tensor *tensor, size_t tensors,
			    struct error *error);
	/* iterate() asks for products with the Hessian, where the objective has them (core/search/curvature.h). */
	bool products;
	/* NULL: the gradient is wanted at x. Otherwise writes the point where it is wanted, for [begin, end). */
	void (*look_ahead_f32)(const struct optimizer *optimizer, const float *x, float *point, size_t begin,
			       size_t end);
	void (*look_ahead_f64)(const struct optimizer *optimizer, const double *x, double *point, size_t begin,
			       size_t end);
	/* One update with evaluations of its own (core/optim/iteration.h); NULL: the functions above do it. OK, or
	 * E_CANCELLED with the state as it was. */
	enum status (*iterate)(struct optimizer *optimizer, struct iteration *iteration);
	/* n-vectors of scratch beside `scratch`, in one row; NULL: none. */
	size_t (*spare)(const struct settings *settings);
	/* Doubles of scratch beside; SIZE_MAX: too many. NULL: none. */
	size_t (*workspace)(const struct settings *settings, const struct optimizer_shape *shape);
	/* Doubles of state beside (a table with a place for each row); SIZE_MAX: too many. NULL: none. */
	size_t (*table)(const struct settings *settings, const struct optimizer_shape *shape);
	/* What the optimizer wants of the objective (a linear model, a quadratic loss); NULL: nothing. E_INVALID with
	 * what to use instead. */
	enum status (*suits)(const struct settings *settings, const struct objective *objective, struct error *error);
};

/* A pass: the numbers [begin, end) of x and of the slots; sums[OPTIMIZER_SUMS] start at 0. */
typedef void optimizer_piece(const struct optimizer *optimizer, const struct step *step, size_t begin, size_t end,
			     double *sums);
/* Runs `piece` over [begin, end), cut where the length says, on the executor's threads; sums = those of the pieces,
 * added in order: the same bits for any executor. */
void optimizer_pass(const struct optimizer *optimizer, const struct step *step, optimizer_piece *piece, size_t begin,
		    size_t end, double sums[OPTIMIZER_SUMS]);

/* Whether it takes l1 by proximal steps. */
static inline bool optimizer_is_proximal(const struct optimizer_type *type)
{
	return type->shrink_f64 != NULL || type->proximal;
}
/* OK, or E_INVALID with why it takes no l1 and what to use instead. */
enum status optimizer_takes_l1(const struct optimizer_type *type, struct error *error);
/* The place of `learning_rate` among the settings of a type; setting_count when it has none. */
size_t optimizer_rate_index(const struct optimizer_type *type);
/* Whether it has a setting `weight_decay` of its own. */
bool optimizer_has_decay(const struct optimizer_type *type);
/* What it needs with these settings; NEEDS_ bits. */
unsigned optimizer_needs(const struct optimizer_type *type, const struct settings *settings);

/* The table. Optimizer files are compiled once an instruction set; these are those of the active one. */
const struct optimizer_type *optimizer_at(size_t index); /* 0..optimizer_type_count-1 */
extern const size_t optimizer_type_count;
const struct optimizer_type *optimizer_find(const char *name);

#endif
