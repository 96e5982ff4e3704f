/* What the trainer's own files share: the trainer, and the functions between them. */
#ifndef CORE_TRAIN_INTERNAL_H
#define CORE_TRAIN_INTERNAL_H

#include "core/kernels/kernels.h"
#include "core/optim/iteration.h"
#include "core/train/state.h"

struct trainer {
	struct trainer_setup setup;
	struct optimizer optimizer;
	const struct kernels *kernels;
	size_t n;     /* numbers that the optimizer moves */
	size_t total; /* numbers in theta: those, and the objective's buffers behind them */
	enum dtype dtype;

	/* Derived from the setup, the same in every step. */
	uint64_t rows; /* of the training data; 0: none */
	uint64_t steps_per_epoch;
	uint64_t steps_total;
	bool full;                              /* every update sees all rows */
	bool look_ahead;                        /* the gradient is wanted elsewhere than at x */
	bool proximal;                          /* l1 by proximal steps: gradients are those of the rest */
	bool iterates;                          /* the optimizer evaluates for itself */
	bool bounded;                           /* theta stays in the objective's box */
	bool pauses;                            /* x may stand still for a step and move on */
	bool apart;                             /* the parts of an update are passes of their own */
	bool rules;                             /* any rule but max_seconds and the budgets is on */
	bool finds_rate;                        /* a learning-rate range test */
	bool track_train;                       /* the best is told by the training loss, not by validation */
	bool early_train;                       /* early stopping likewise */
	bool observe_train, observe_validation; /* the schedule watches that loss */
	size_t rate_index;    /* of learning_rate among the optimizer's settings; their number: it has none */
	double sign;          /* +1 minimize, -1 maximize */
	double seconds_limit; /* the lesser of stopping.max_seconds and the setup's; NAN: none */

	/* Where the schedule moves the momentum: a copy of the optimizer's settings, and the number in it that is moved
	 * (the momentum, or the first of betas; NULL: it has none). Set anew in every step; not state. */
	struct setting_value *values; /* [setting_count] or NULL */
	double betas[2];
	double *momentum;

	const struct game *game;     /* the objective's; NULL: none */
	double discriminator_factor; /* its rate in units of the generator's */

	struct linear_view linear; /* form NULL: the objective is no linear model */

	/* The state: one block and the places in it. */
	struct state_layout layout;
	uint64_t fingerprint;
	struct run_state *state;
	void *theta, *best;
	void *average; /* [n], where one is kept */
	void *carried; /* [n] sign * gradient at theta, where the optimizer iterates on a full batch */

	/* Scratch; not state. */
	void *gradient;                       /* [n] */
	void *point;                          /* [n], with look_ahead, and where a whole update is measured */
	void *whole;                          /* [total], where the objective has buffers: see evaluate_for_training */
	void *scratch;                        /* [optimizer.type->scratch, n], each `stride` bytes */
	void *spare;                          /* [optimizer.type->spare(), n] likewise */
	double *workspace;                    /* [optimizer.type->workspace()] */
	double *partial;                      /* [2 (OPTIMIZER_SUMS for a whole update) * chunks] sums of a pass */
	uint64_t value_count, gradient_count; /* evaluations of the running step, not yet counted in the state */
	uint64_t row_count;                   /* rows that its gradients were computed on */
	uint32_t *order;                      /* [rows], only with shuffled mini-batches */
	uint64_t order_epoch;                 /* the epoch that `order` is of; UINT64_MAX: none */
	void *outputs;                        /* [outputs_rows, objective->outputs] predictions of a block of rows */
	size_t outputs_rows;
	double *target_sums; /* [3, objective->outputs] of a regression's metrics */

	/* Points not yet taken. */
	struct curve_point *points;
	double *point_parameters; /* [points_capacity, n] or NULL */
	size_t points_count, points_capacity;
	uint64_t point_base; /* added to the steps of points that are handed out */

	/* The clock within one advance. */
	double started;        /* clock at its begin */
	double seconds_before; /* state->seconds then */
	uint64_t clock_stride; /* steps between looks at the clock, with max_seconds */
	uint64_t clock_steps;  /* since the last look */
	double clock_last;     /* seconds at the last look */
	bool time_up;
};

struct verdict {
	enum stop_reason reason; /* STOP_NONE: go on */
	double value, limit;
};

/* vector.c: passes over flat vectors. Vectors of at least VECTOR_PARALLEL numbers are cut in chunks of
 * VECTOR_CHUNK for the executor; sums over chunks are added in order, so the bits depend on n alone. */
enum { VECTOR_CHUNK = OPTIMIZER_PIECE, VECTOR_PARALLEL = OPTIMIZER_PARALLEL };
size_t vector_chunks(size_t n);
/* |v|_2; overflow of the squares is avoided. */
double vector_norm(struct trainer *trainer, const void *v);
/* How far x is from a stationary point: |g|, where l1 is taken by proximal steps the least norm of g + s over all s in
 * l1 d|x|. */
double vector_stationarity(struct trainer *trainer, const void *x, const void *g);
bool vector_finite(const struct trainer *trainer, const void *v);
/* point = the place where the optimizer wants its gradient. */
void vector_look_ahead(struct trainer *trainer);
/* gradient = clamp(factor * gradient, limit) (limit NAN: no clamp), then x = the optimizer's update; with `measure`
 * state->change and state->norm become |dx| and |x|, else NAN. The optimizer is prepared. */
void vector_update(struct trainer *trainer, const struct step *step, double factor, double limit, bool measure);
/* v = clamp(factor * v, limit) (limit NAN: no clamp). */
void vector_transform(struct trainer *trainer, void *v, double factor, double limit);
/* x = next; with `measure` as vector_update. */
void vector_move(struct trainer *trainer, const void *next, bool measure);
/* The passes of struct iteration_calls. */
double vector_dot(struct trainer *trainer, const void *a, const void *b);
void vector_combine(struct trainer *trainer, double a, const void *x, double b, const void *y, void *out);
double vector_largest(const struct trainer *trainer, const void *v);
double vector_sum_sizes(struct trainer *trainer, const void *v);

/* advance.c: what the ways to make a step share. */
/* What a raw gradient of this norm is multiplied by: the direction's sign, and less than 1 where it is clipped. */
double gradient_factor(const struct trainer *trainer, double norm);
bool point_due(const struct trainer *trainer, uint64_t k);
double rate_of(const struct trainer *trainer, uint64_t k);
/* What a schedule begins from: the optimizer's learning rate; 1 where it finds that itself (null). */
double rate_base(const struct trainer *trainer);
/* Calls the objective's evaluate for training and counts it. */
enum status evaluate_training(struct trainer *trainer, const void *point, const struct batch *batch, double *value,
			      void *gradient);
/* out = H v of the training objective at `point` (objective_type.product), counted as a gradient. */
enum status product_training(struct trainer *trainer, const void *point, const void *v, const struct batch *batch,
			     void *out);
/* The same of another objective over the same theta: a player's. */
enum status evaluate_for_training(struct trainer *trainer, struct objective *objective, const void *point,
				  const struct batch *batch, double *value, void *gradient);
/* Adds the step's evaluations, each over `rows` rows, to the state's. */
void count_evaluations(struct trainer *trainer);
void keep_validation(struct trainer *trainer, double loss, double accuracy, bool classifier);
struct verdict diverged(double loss, double norm);
/* The best and early stopping at x_k of a full batch: validation was measured, or not. */
bool track_full(struct trainer *trainer, double loss, bool validated);
/* The rows of update k+1. */
struct batch train_batch(struct trainer *trainer, uint64_t k);
/* x_{k+1} stands in theta: nothing is known of it yet. */
void step_made(struct trainer *trainer);

/* play.c: the step of a game; and whether a setup can play. */
enum status step_playing(struct trainer *trainer);
enum status play_check(const struct trainer_setup *setup, struct error *error);

/* iterate.c: steps of an optimizer that evaluates for itself. */
enum status step_iterating(struct trainer *trainer);
/* Runs the optimizer from f(x) = loss and g = sign * its gradient, of norm `norm`, on these rows; nothing of the state
 * changes but the optimizer's own, on success. */
enum status iterate_run(struct trainer *trainer, const struct batch *batch, double loss, const void *g, double norm,
			double rate, struct iteration *out);
/* Moves x where the optimizer accepted; makes the step. */
void iterate_commit(struct trainer *trainer, const struct iteration *iteration, bool carry, bool measure);

/* common.c: what every optimizer takes: a box, weight decay, averages of the parameters. */
/* x = the nearest point of the box. */
void box_project(const struct trainer *trainer, void *x);
/* In a box: |x - P(x - sign g)|, P being the projection into it. */
double gradient_size(const struct trainer *trainer, const void *g, double sign);
/* gradient += decay * x at `point`, where the gradient was taken. */
void decay_coupled(struct trainer *trainer, const void *point);
/* x = (1 - rate * decay) x. */
void decay_decoupled(struct trainer *trainer, double rate);
/* x_{step} arrived: it goes into the average. */
void average_take(struct trainer *trainer);

/* stopping.c: the rules, and what is the best. */
/* f(x_0) was seen: the initial parameters are the best until the first measurement. */
void track_initial(struct trainer *trainer, double value);
/* A measurement of the best metric at x_step: keeps theta when it is the best so far. */
void track_best(struct trainer *trainer, double value);
/* A measurement of early stopping's metric. */
void track_early(struct trainer *trainer, double value);
/* A measurement of what the schedule watches, after an epoch. */
void track_schedule(struct trainer *trainer, double value);
/* finder.c: f at x_step in a learning-rate range test; and what was found so far. */
void track_finder(struct trainer *trainer, double loss);
struct lr_finding finder_result(const struct trainer *trainer);
/* Offers a sample of the way at x_step. */
void track_trace(struct trainer *trainer, double loss, double norm);
/* Keeps f at the newest x; among the first losses counts those that got worse. */
void track_loss(struct trainer *trainer, double loss);
/* Whether any rule but max_seconds and the budgets is on. */
bool stopping_any(const struct stopping_config *stopping);
/* Whether an update has to measure |dx| for the rules. */
bool stopping_measures(const struct trainer *trainer);
/* The rules of an epoch's end, in their order; `early`: early stopping's metric was measured here. */
struct verdict stopping_rules(const struct trainer *trainer, bool early);
/* max_seconds (when time is up), steps, epochs. */
struct verdict stopping_budget(const struct trainer *trainer);

/* record.c: the clock within one advance, points, the ending. */
void clock_begin(struct trainer *trainer);
/* Looks at the clock, where max_seconds is set and the last look is some steps ago. */
void clock_step(struct trainer *trainer);
/* Computing time so far, over all attempts. */
double clock_seconds(const struct trainer *trainer);
/* A point of this step from the state. measured: which of its training series are; rate NAN: no update follows. */
void record_point(struct trainer *trainer, uint64_t measured, double rate);
/* Ends the run at this step, with its last point; parameters that are not finite make it diverged. */
void record_end(struct trainer *trainer, struct verdict verdict, uint64_t measured);

/* trainer.c: x_0, nothing done yet. */
void trainer_begin(struct trainer *trainer);
/* trainer.c: the momentum that the schedule sets in update k + 1. */
void trainer_set_momentum(struct trainer *trainer, uint64_t k);

/* memory.c: bytes of every array that a trainer owns; 0: none. */
struct trainer_sizes {
	struct state_layout layout;
	size_t gradient, point, whole, scratch, spare, workspace, partial, values, order, outputs, target_sums, points,
		parameters;
	size_t points_capacity;
};
enum status trainer_sizes(const struct train_config *config, const struct optimizer_shape *shape,
			  struct trainer_sizes *sizes);
/* A trainer with its arrays, nothing of it set; NULL: no memory. */
struct trainer *trainer_allocate(const struct trainer_sizes *sizes);

/* evaluate.c: loss and, of a classifier, accuracy of the validation rows at theta. OK or E_CANCELLED. */
enum status evaluate_validation(struct trainer *trainer, double *loss, double *accuracy, bool *classifier);
/* Doubles that the metrics of `outputs` columns need. */
size_t evaluate_sums(size_t outputs);
/* Rows of predictions that are made at once. */
size_t evaluate_rows(size_t outputs);

#endif
