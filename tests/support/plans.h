/*
 * Every stopping rule and every schedule, set so that short runs see them act: what tests loop over that compare runs.
 */
#ifndef TESTS_SUPPORT_PLANS_H
#define TESTS_SUPPORT_PLANS_H

#include "core/schedule/schedule.h"
#include "tests/support/trial.h"

enum { RULE_NONE, RULE_GRADIENT, RULE_LOSS, RULE_PARAMETERS, RULE_TARGET, RULE_EARLY, RULE_EARLY_TRAIN, RULES };

/* Switches one rule on, so that it ends short runs. */
static inline void trial_rule(struct trial *trial, int rule)
{
	struct stopping_config *stopping = &trial->setup.config.stopping;
	switch (rule) {
	case RULE_GRADIENT:
		stopping->gradient_norm = 0.8;
		break;
	case RULE_LOSS:
		stopping->loss_change = 0.02;
		break;
	case RULE_PARAMETERS:
		stopping->parameter_change = 0.03;
		break;
	case RULE_TARGET:
		stopping->target_loss = 0.35;
		break;
	case RULE_EARLY:
	case RULE_EARLY_TRAIN:
		stopping->early_stopping = true;
		stopping->early_metric = rule == RULE_EARLY && trial->setup.validation != NULL ? METRIC_VALIDATION_LOSS
											       : METRIC_TRAIN_LOSS;
		stopping->patience = 2;
		stopping->min_delta = 0.05;
		break;
	default:
		break;
	}
}

/* Settings of the schedule that bring its turns into a dozen steps, and a warm-up before it. */
static inline void trial_schedule(struct trial *trial)
{
	static const double milestones[] = { 3, 8 }, factors[] = { 0.985, 0.875 };
	struct schedule_config *schedule = &trial->setup.config.optimizer.schedule;
	for (size_t i = 0; i < schedule->type->setting_count; i++) {
		const char *name = schedule->type->settings[i].name;
		if (strcmp(name, "step_size") == 0 || strcmp(name, "T_0") == 0 || strcmp(name, "step_size_up") == 0 ||
		    strcmp(name, "anneal_epochs") == 0 || strcmp(name, "warmup") == 0) {
			trial->schedule_value[i].number = 4;
		} else if (strcmp(name, "max_lr") == 0 || strcmp(name, "swa_lr") == 0) {
			trial->schedule_value[i].number = 0.125;
		} else if (strcmp(name, "base_momentum") == 0 || strcmp(name, "max_momentum") == 0) {
			trial->schedule_value[i].number = name[0] == 'b' ? 0.585 : 0.885;
		} else if (strcmp(name, "gamma") == 0) {
			trial->schedule_value[i].number = 0.785;
		} else if (strcmp(name, "k") == 0) {
			trial->schedule_value[i].number = 0.385;
		} else if (strcmp(name, "factor") == 0 || strcmp(name, "threshold") == 0) {
			trial->schedule_value[i].number = 0.385;
		} else if (strcmp(name, "patience") == 0) {
			trial->schedule_value[i].number = 1;
		} else if (strcmp(name, "factors") == 0) {
			trial->schedule_value[i].values = factors;
			trial->schedule_value[i].rows = 2;
		} else if (strcmp(name, "milestones") == 0) {
			trial->schedule_value[i].values = milestones;
			trial->schedule_value[i].rows = 2;
		}
	}
	schedule->warmup_steps = 2;
	if (schedule->type->chains) {
		static struct setting_value value[2][TRIAL_SETTINGS];
		static struct schedule_config parts[2];
		static const char *const types[] = { "exponential", "one_cycle" };
		for (size_t i = 0; i < 2; i++) {
			const struct schedule_type *type = schedule_find(types[i]);
			settings_defaults(type->settings, type->setting_count, value[i]);
			parts[i] = (struct schedule_config){
				.type = type, .settings = { type->settings, type->setting_count, value[i] }
			};
		}
		trial_setting(&parts[0].settings, "gamma")->number = 0.885;
		trial_setting(&parts[1].settings, "base_momentum")->number = 0.585;
		trial_setting(&parts[1].settings, "max_momentum")->number = 0.885;
		schedule->part = parts;
		schedule->parts = 2;
	}
}

#endif
