/*
 * What a game (a gan) cannot be asked for: whatever looks at one loss, which is to fall. Two players each have their
 * own, and when they play well neither falls.
 */
#include <math.h>
#include <string.h>

#include "api/spec.h"

static void refuse_rules(struct judge *judge)
{
	static const struct at at_stopping = { NULL, "stopping", 0 };
	struct stopping_config *stopping = &judge->spec->train.stopping;
	const struct {
		const char *name;
		bool on;
	} rules[] = { { "gradient_norm", !isnan(stopping->gradient_norm) },
		      { "loss_change", !isnan(stopping->loss_change) },
		      { "parameter_change", !isnan(stopping->parameter_change) },
		      { "target_loss", !isnan(stopping->target_loss) },
		      { "early_stopping", stopping->early_stopping } };
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		struct at at = { &at_stopping, rules[i].name, 0 };
		if (rules[i].on) {
			reader_fault(&judge->reader, &at, FAULT_NOT_ALLOWED, NULL, NULL,
				     "the players of a %s circle one another, and no loss says when it is done: give "
				     "epochs, steps or max_seconds",
				     judge->model->name);
		}
	}
}

static void refuse_optimizer(struct judge *judge)
{
	static const struct at at_optimizer = { NULL, "optimizer", 0 };
	const struct at at_type = { &at_optimizer, "type", 0 }, at_schedule = { &at_optimizer, "schedule", 0 };
	const struct optimizer_config *optimizer = &judge->spec->train.optimizer;
	const struct schedule_type *schedule = optimizer->schedule.type;
	if (optimizer->type != NULL && (optimizer->type->iterate != NULL || optimizer->type->history != NULL)) {
		reader_fault(&judge->reader, &at_type, FAULT_NOT_ALLOWED, "adam", NULL,
			     "%s evaluates one function to find its step, and a %s has two players with a loss each: "
			     "use adam, rmsprop or sgd",
			     optimizer->type->name, judge->model->name);
	}
	if (schedule != NULL && (schedule->tests || schedule->observe != NULL)) {
		reader_fault(&judge->reader, &at_schedule, FAULT_NOT_ALLOWED, "cosine", NULL,
			     "%s watches a loss, and no loss of a %s falls as it gets better: use constant, cosine or "
			     "another that counts updates",
			     schedule->name, judge->model->name);
	}
}

void judge_game(struct judge *judge)
{
	static const struct at at_direction = { NULL, "direction", 0 }, at_training = { NULL, "training", 0 },
			       at_dataset = { NULL, "dataset", 0 };
	const struct at at_restarts = { &at_training, "restarts", 0 },
			at_fraction = { &at_dataset, "validation_fraction", 0 },
			at_validation = { &at_dataset, "validation", 0 };
	struct job_spec *spec = judge->spec;
	if (judge->model == NULL || !judge->model->plays) {
		return;
	}
	if (spec->train.direction == MAXIMIZE) {
		reader_fault(&judge->reader, &at_direction, FAULT_NOT_ALLOWED, "minimize", NULL,
			     "one player of a %s minimises and the other maximises already", judge->model->name);
	}
	if (spec->train.training.restarts > 1) {
		reader_fault(&judge->reader, &at_restarts, FAULT_NOT_ALLOWED, "1", NULL,
			     "there is no loss by which one run of a %s would be better than another: post a job for "
			     "each seed",
			     judge->model->name);
	}
	if (spec->validation_fraction > 0 || spec->validation_id[0] != '\0') {
		reader_fault(&judge->reader, spec->validation_fraction > 0 ? &at_fraction : &at_validation,
			     FAULT_NOT_ALLOWED, NULL, NULL,
			     "a %s has no loss on rows held back: train on all, and ask for samples or verdicts on "
			     "other rows afterwards",
			     judge->model->name);
	}
	refuse_rules(judge);
	refuse_optimizer(judge);
}
