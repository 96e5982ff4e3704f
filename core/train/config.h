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
};

struct training_config {
	uint64_t batch_size; /* rows; 0: "full" (also for objectives without rows) */
	uint64_t epochs;     /* 0: no such budget; at least one of epochs and steps is set */
	uint64_t steps;      /* 0: no such budget */
	bool shuffle;
	uint64_t
		restarts; /* runs, from as many initial points; 0 counts as 1. The caller's matter, not the trainer's */
	uint64_t seed;    /* 0 .. 2^53-1 */
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
};

/* Whether every update sees all rows (0: no rows): batch_size "full", or not below the rows. */
bool train_full_batch(const struct training_config *training, uint64_t rows);
/* Updates in an epoch, and the whole budget in updates, of a run over `rows` training rows (0: none). */
uint64_t train_steps_per_epoch(const struct training_config *training, uint64_t rows);
uint64_t train_steps_total(const struct training_config *training, uint64_t rows);

#endif
