/*
 * The trainer: drives objective, optimizer, schedule and stopping rules; its owner drives it.
 *
 *   trainer_create -> [trainer_restore] -> { trainer_advance; read points; save state }* -> trainer_finish ->
 * trainer_destroy
 *
 * One step k, the parameters being x_k (k updates made):
 *   evaluate f(x_k), g(x_k) on the batch of update k+1 -> a point of the curve when due -> stopping
 *   rules, in the order of stop_reason -> update to x_{k+1}.
 * A full batch makes every update an epoch. With mini-batches the rules are looked at when an epoch has
 * ended, with the values of its last step: the loss of its batch (loss_change: against the batch before), its raw
 * gradient, its update. max_seconds and the budgets are looked at before every step. Validation is measured
 * at each epoch's end, and where a budget in steps ends within an epoch.
 *
 * A game (objective->game) has a step of its own, play.c: the discriminator's update, then where it is its turn the
 * generator's, each by an optimizer with a state of its own. There is no loss that falls, so it has no best and takes
 * no rule but the budgets and max_seconds. A step given up between the two stands there in the state (`moved`).
 *
 * An optimizer that evaluates for itself (type->iterate) makes the update from f(x_k), g(x_k) and trials on the same
 * rows; what the last trial found at x_{k+1} is carried over and not evaluated again (unless gradients are clipped).
 * With a full batch such a step has a commit between arriving at x_k and the search, so a search that is cancelled
 * begins anew from f and g as they stand in the state.
 *
 * The best parameters are those of the least (maximize: largest) validation loss; without validation rows, or where
 * early stopping watches train_loss, of f(x_k) with a full batch, of the mean of the epoch's batch losses with
 * mini-batches. Until the first such measurement the initial parameters count, once f(x_0) was seen.
 *
 * Invariants
 *  1. All that the next step depends on lies in one contiguous block (trainer_state); a run restored
 *     from it ends with the same bits as one that was never interrupted.
 *  2. trainer_advance allocates nothing and does no I/O; the clock is the caller's.
 *  3. A point (step) is produced at most once, steps increase strictly.
 *  4. An evaluation given up for executor->stop leaves the state as it was before that step.
 */
#ifndef CORE_TRAIN_TRAINER_H
#define CORE_TRAIN_TRAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/data/view.h"
#include "core/exec.h"
#include "core/objective/objective.h"
#include "core/train/config.h"

struct trainer;

/* Why a run ended; the words of the API in the order in which rules are tested. */
#define STOP_REASON_LIST(X)                                                                                            \
	X(STOP_NONE, "")                                                                                               \
	X(STOP_DIVERGED, "diverged")                                                                                   \
	X(STOP_GRADIENT_NORM, "gradient_norm")                                                                         \
	X(STOP_LOSS_CHANGE, "loss_change")                                                                             \
	X(STOP_PARAMETER_CHANGE, "parameter_change")                                                                   \
	X(STOP_TARGET_LOSS, "target_loss")                                                                             \
	X(STOP_EARLY_STOPPING, "early_stopping")                                                                       \
	X(STOP_MAX_SECONDS, "max_seconds")                                                                             \
	X(STOP_STEPS, "steps")                                                                                         \
	X(STOP_LR_FINDER, "lr_finder")                                                                                 \
	X(STOP_EPOCHS, "epochs")                                                                                       \
	X(STOP_CANCELLED, "cancelled")                                                                                 \
	X(STOP_ERROR, "error")

enum stop_reason {
#define STOP_MEMBER(name, word) name,
	STOP_REASON_LIST(STOP_MEMBER)
#undef STOP_MEMBER
		STOP_REASON_COUNT
};
const char *stop_reason_word(enum stop_reason reason);

/* Which series of a point were measured (a NAN that was measured is not the same as none). */
enum {
	POINT_TRAIN_LOSS = 1u << 0,
	POINT_GRADIENT_NORM = 1u << 1,
	POINT_VALIDATION_LOSS = 1u << 2,
	POINT_VALIDATION_ACCURACY = 1u << 3, /* classifiers only */
	POINT_LEARNING_RATE = 1u << 4,       /* not after the last update: no update follows */
	POINT_GENERATOR_LOSS = 1u << 5,      /* games only, which have no train_loss and no validation */
	POINT_DISCRIMINATOR_LOSS = 1u << 6,
};

/* A point of the curve. Fixed size, no padding: stored as it is. In a game the two losses of its players stand where
 * others have those of training and validation. */
struct curve_point {
	uint64_t step;
	double epoch;         /* a fraction; 0 for objectives without rows: equals step / steps_per_epoch */
	double seconds;       /* computing time so far, over all attempts */
	double learning_rate; /* of the next update; of an optimizer that finds its steps: the step length it took */
	union {
		double train_loss;
		double generator_loss; /* at the discriminator that made its move of this step */
	};
	double gradient_norm; /* of a game: of both players' gradients together */
	union {
		double validation_loss;
		double discriminator_loss; /* before its move */
	};
	double validation_accuracy;
	uint64_t measured; /* POINT_ bits */
};

/* A sample of the way down, one of those that the state keeps over the whole run, evenly spread: f and the norm of its
 * gradient at x_step with a full batch, the epoch's mean loss (and NAN) with mini-batches. */
struct trace_sample {
	uint64_t step;
	double loss, gradient_norm;
};
enum { TRACE_SAMPLES = 64 };

struct trainer_setup {
	struct train_config config;         /* copied; its settings are borrowed */
	struct objective *objective;        /* borrowed */
	const struct data_view *training;   /* borrowed; NULL for objectives without rows */
	const struct data_view *validation; /* borrowed; NULL: none */
	const void *initial;                /* [n] of dtype, or NULL: objective->type->initialise(seed) */
	/* One residual a row, whose squares the objective adds up: its value and gradient over one row are the residual
	 * and its derivatives. Borrowed; NULL: none, or nobody needs it. */
	struct objective *residual;
	struct executor *executor; /* borrowed */
	double (*clock)(void);     /* seconds, monotonic; NULL: time stands still */
	/* Ends the run like stopping.max_seconds, but is no part of the configuration that a state is bound to; 0, NAN:
	 * none. */
	double seconds_limit;
};

/* Bytes that trainer_create will take for an objective of this shape; E_TOO_LARGE on overflow. */
enum status trainer_measure(const struct train_config *config, const struct optimizer_shape *shape, size_t *bytes);

/* Makes a run at step 0. Returns OK, E_MEMORY, E_INVALID. *out is returned owned. */
enum status trainer_create(const struct trainer_setup *setup, struct trainer **out, struct error *error);
void trainer_destroy(struct trainer *trainer);

/* The state as one block, valid until the next advance; and back. A state of k updates knows the points of steps
 * < k (of all steps once the run has ended): after a restore those of steps >= k are made again. restore: E_CORRUPT
 * when the block is not one of this setup (size, header, checksum of the configuration). */
const void *trainer_state(const struct trainer *trainer, size_t *size);
enum status trainer_restore(struct trainer *trainer, const void *state, size_t size, struct error *error);

/* Makes up to `steps` steps; returns early when the run ends, the buffer of points is full, or the
 * executor's stop flag was seen (E_CANCELLED; the state is that of the last whole step).
 * OK: look at trainer_reason(). */
enum status trainer_advance(struct trainer *trainer, uint64_t steps);

/* STOP_NONE while it runs. */
enum stop_reason trainer_reason(const struct trainer *trainer);

/* The points made since the last trainer_take_points, in order; borrowed until the next advance.
 * parameters: [count, n] doubles when recording.parameters, else NULL. Taking empties the buffer. */
size_t trainer_take_points(struct trainer *trainer, const struct curve_point **points, const double **parameters);

/* What a learning-rate range test found so far; NAN: nothing yet. */
struct lr_finding {
	bool tests; /* the run is such a test */
	double suggested;
	double steepest;              /* the rate under which the loss fell fastest */
	double minimum, minimum_loss; /* the rate that brought the lowest smoothed loss, and that loss */
	double exploded;              /* the rate that ended the test */
};

/* Where the run stands. */
struct trainer_progress {
	uint64_t step, steps;     /* updates made, and the budget */
	uint64_t steps_per_epoch; /* 1 without rows */
	uint64_t epochs;          /* the budget in epochs; 0: none */
	double epoch;
	double seconds;
	uint64_t rows_seen;      /* rows that gradients were computed on, over all attempts */
	uint64_t values;         /* evaluations of the training objective's value, trial points included */
	uint64_t gradients;      /* ... and of its gradient; one that gives both counts in both */
	struct curve_point last; /* the last point that a step made; step UINT64_MAX: none yet */
	bool has_best;
	uint64_t best_step;
	double best_value;
	enum metric best_metric;
	enum stop_reason reason;
	double reason_value; /* the value that the rule saw, NAN where there is none */
	double reason_limit; /* what it was compared with */
	struct lr_finding finding;
	bool oscillating; /* at divergence: the loss rose from the first steps on */
};
void trainer_progress(const struct trainer *trainer, struct trainer_progress *out);

/* The samples so far, in order, and with a full batch the last point; at most TRACE_SAMPLES + 1. */
size_t trainer_trace(const struct trainer *trainer, struct trace_sample out[TRACE_SAMPLES + 1]);

/* theta now and theta of the best measurement ([n] of dtype, borrowed; best NULL when there is none). */
const void *trainer_parameters(const struct trainer *trainer);
const void *trainer_best(const struct trainer *trainer);
/* The average that the configuration asks for, likewise; NULL: none is asked for. x_0 until there is one. */
const void *trainer_average(const struct trainer *trainer);

/* Metrics of a set of rows at theta. r2 is the mean over the targets, as in scikit-learn. */
struct evaluation {
	double loss;          /* penalties included */
	double accuracy;      /* NAN unless a classifier */
	double rmse, mae, r2; /* NAN unless a regression; over all targets, in the target's unit */
	/* Of a game, instead of all these: what each player minimises. */
	bool game;
	double generator_loss, discriminator_loss;
};
/* OK or E_CANCELLED. Scratch is taken from the trainer: not while it advances on another thread. */
enum status trainer_evaluate(struct trainer *trainer, const void *theta, const struct data_view *data,
			     struct evaluation *out);

/* Of a job that starts several times: the seed that shuffles from now on, and what is added to the steps of points that
 * are handed out. */
void trainer_number(struct trainer *trainer, uint64_t seed, uint64_t base);
/* Begins anew at `initial` (NULL: where the objective begins for the seed); what was spent counts on. The points have
 * been taken. */
void trainer_begin_again(struct trainer *trainer, const void *initial);
/* Back to an earlier state of this trainer, with what was spent since; reason (STOP_NONE: the state's own): why it
 * ended. */
void trainer_return(struct trainer *trainer, const void *state, enum stop_reason reason);

/* Ends the run from outside (cancel), as it stands. The step that it has reached gets its point of the curve with what
 * is known there, unless it has one or the buffer of points is full (take them before). Nothing is evaluated. Nothing
 * happens when the run has ended already. */
void trainer_stop(struct trainer *trainer, enum stop_reason reason);

#endif
