/*
 * The run's state: one block, all that the next step depends on.
 *
 *   struct run_state | scalars | table | theta | slots ... | history | gradient | best theta | average
 *   on 64-byte boundaries
 *
 * Nothing in it points anywhere: a checkpoint is a copy of the block. Numbers that are not known (yet) are NAN, so
 * that no rule holds for them.
 */
#ifndef CORE_TRAIN_STATE_H
#define CORE_TRAIN_STATE_H

#include "core/train/trainer.h"

enum { BEST_NONE, BEST_INITIAL, BEST_MEASURED };
enum { CARRIED_VALUE = 1u << 0, CARRIED_GRADIENT = 1u << 1 };

/* Of a learning-rate range test: losses are smoothed and signed so that less is better; rates of 0: none yet. */
struct finder_state {
	uint64_t count;
	double sum, mean, first, best;
	double best_rate, exploded_rate;
};

struct run_state {
	uint64_t magic, version;
	uint64_t size;        /* of the block */
	uint64_t fingerprint; /* of configuration and shapes */

	uint64_t step;    /* updates made: theta is x_step */
	uint64_t arrived; /* 1 when what x_step's arrival brings (validation, rules) was done; 0 always where a step
			     needs no such half */
	uint64_t carried; /* CARRIED_ bits: what the last trial left known at x_step */
	double carried_value;
	/* Of a game: 1 when the discriminator has made the move of this step and the generator has not; what each
	 * minimises, as last evaluated. */
	uint64_t moved;
	double discriminator_loss, generator_loss;
	uint64_t rows_seen;         /* rows that gradients were computed on */
	uint64_t values, gradients; /* evaluations of the training objective: of f, of its gradient */
	double seconds;             /* computing time, over all attempts */

	uint64_t reason; /* enum stop_reason */
	double reason_value, reason_limit;

	/* What the rules compare. */
	double loss, previous_loss;                  /* f at the last evaluated x and at the one before */
	double gradient_norm;                        /* of the last raw gradient */
	double change, norm;                         /* |x_step - x_{step-1}|, |x_step| */
	double validation_loss, validation_accuracy; /* at x_step */
	uint64_t validation_bits;                    /* POINT_ bits of the two */

	/* Mini-batches: the sum of the epoch's batch losses so far. */
	double epoch_loss;
	uint64_t epoch_batches;

	/* The best measurement; its theta lies at the block's end. */
	uint64_t best, best_step; /* BEST_ */
	double best_value;

	uint64_t averaged; /* parameters that went into the average */

	/* Early stopping. */
	double early_best;
	uint64_t early_count, early_wait; /* measurements; those in a row without improvement */

	/* What a schedule that observes a metric keeps. */
	double schedule[SCHEDULE_STATE];

	/* The first losses: how many were compared with the one before, and how many rose. */
	uint64_t compared, risen;

	struct finder_state finder; /* finder.c */

	/* Samples of the way: every trace_stride-th of those offered; when all places are taken every other one goes.
	 */
	uint64_t trace_offered, trace_stride, trace_count;
	struct trace_sample trace[TRACE_SAMPLES];

	struct curve_point last; /* the last point made; step UINT64_MAX: none */
};

/* Where the parts of the block lie, in bytes from its start. */
struct state_layout {
	size_t scalars, table, theta, best, average, size; /* average: of no size where none is kept */
	size_t slot[OPTIMIZER_SLOTS];
	size_t slots;
	size_t history, history_count, stride; /* its first vector, how many, and bytes from one to the next */
	size_t gradient; /* at theta, of optimizers that evaluate for themselves; else of no size */
};

/* Lays out the block; E_TOO_LARGE when it does not fit a size_t. */
enum status state_measure(const struct train_config *config, const struct optimizer_shape *shape,
			  struct state_layout *layout);

/* A number that differs when the configuration or a shape does (FNV-1a). */
uint64_t state_fingerprint(const struct trainer_setup *setup);

/* Fills the head of a zeroed block for step 0. */
void state_begin(struct run_state *state, const struct state_layout *layout, uint64_t fingerprint);

/* OK, or E_CORRUPT with a sentence when `block` [size] is not a state of this layout and fingerprint. */
enum status state_check(const void *block, size_t size, const struct state_layout *layout, uint64_t fingerprint,
			struct error *error);

#endif
