/* A training run as a job describes it: plain data, every default filled in. */
#ifndef CORE_TRAIN_CONFIG_H
#define CORE_TRAIN_CONFIG_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/dtype.h"
#include "core/base/setting.h"
#include "core/optim/optimizer.h"
#include "core/schedule/schedule.h"

struct optimizer_config {
	const struct optimizer_type *type;
	struct settings settings;
	struct schedule_config schedule;
	double clip_grad_norm;  /* NAN: off. factor min(1, c / (|g| + clip_eps)), before weight decay */
	double clip_eps;        /* torch.nn.utils.clip_grad_norm_ has 1e-6 */
	double clip_grad_value; /* NAN: off. each component into [-c, c] */
	/* Of a game: the discriminator's rate where a schedule leaves it at its start; the schedule scales both alike.
	 * 0: the same as the generator's. */
	double discriminator_rate;
	/* A weight decay in place of the optimizer's own, whose setting then counts as 0; 0: none. */
	double weight_decay;
	bool decoupled; /* x shrinks by 1 - rate * decay before the update; else decay * x is added to the gradient */
	/* Averages of x_1, x_2, ... that are kept beside x. */
	double ema_decay; /* a = decay a + (1 - decay) x, from a = x_1 on; 0: off */
	bool averaging;   /* a = mean of x_t, t > average_after */
	uint64_t average_after;
};

struct training_config {
	uint64_t batch_size; /* rows; 0: "full" (also for objectives without rows) */
	uint64_t epochs;     /* 0: no such budget; at least one of epochs and steps is set */
	uint64_t steps;      /* 0: no such budget */
	bool shuffle;
	bool replacement; /* rows of mini-batches are drawn with replacement */
	bool sum;         /* losses are added over the rows of a batch; else averaged */
	/* Runs, from as many initial points; 0 counts as 1. The caller's matter, not the trainer's. */
	uint64_t restarts;
	uint64_t seed; /* 0 .. 2^53-1 */
	enum dtype dtype;
};

enum metric { METRIC_VALIDATION_LOSS, METRIC_TRAIN_LOSS };

/* Rules in the order in which they are tested; a value that is NAN is off. API.md, "stopping". */
struct stopping_config {
	double gradient_norm;
	double loss_change;
	double parameter_change;
	double target_loss;
	double max_seconds;
	bool early_stopping;
	enum metric early_metric;
	uint64_t patience; /* ends at this many measurements in a row without improvement (0 counts as 1) */
	double min_delta;  /* an improvement is better than the best by more than this */
};

struct recording_config {
	uint64_t every_steps; /* >= 1 */
	bool parameters;
};

enum direction { MINIMIZE, MAXIMIZE };

struct train_config {
	struct optimizer_config optimizer;
	struct training_config training;
	struct stopping_config stopping;
	struct recording_config recording;
	enum direction direction;
	bool bounded; /* the objective has a box: for memory; trainer_create sets its own */
};

/* Whether an average of the parameters is kept. */
static inline bool train_averages(const struct optimizer_config *optimizer)
{
	return optimizer->ema_decay > 0 || optimizer->averaging;
}

/* Whether every update sees all rows (0: no rows): batch_size "full", or not below the rows. */
bool train_full_batch(const struct training_config *training, uint64_t rows);
/* Updates in an epoch, and the whole budget in updates, of a run over `rows` training rows (0: none). */
uint64_t train_steps_per_epoch(const struct training_config *training, uint64_t rows);
uint64_t train_steps_total(const struct training_config *training, uint64_t rows);

#endif
