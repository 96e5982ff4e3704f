/* Every schedule against tests/data/golden/schedules, the warm-up, the unit, and what a run sees of it. */
#include <stdio.h>

#include "tests/support/trial.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

/* The reference's entries whose schedule is one of ours. */
static const struct {
	const char *file, *entry, *type;
} entries[] = {
	{ "schedules_a", "step_lr", "step" },
	{ "schedules_a", "multi_step_lr", "multi_step" },
	{ "schedules_a", "constant_lr", "constant" },
	{ "schedules_a", "linear_lr_warmup", "linear" },
	{ "schedules_a", "linear_lr_decay", "linear" },
	{ "schedules_a", "exponential_lr", "exponential" },
	{ "schedules_a", "polynomial_lr_1", "polynomial" },
	{ "schedules_a", "polynomial_lr_2", "polynomial" },
	{ "schedules_a", "polynomial_lr_half", "polynomial" },
	{ "schedules_a", "cosine_annealing", "cosine" },
	{ "schedules_a", "cosine_annealing_periodic", "cosine" },
	{ "schedules_b", "inverse_time", "inverse_time" },
};
enum { ENTRIES = sizeof entries / sizeof entries[0] };

struct plan {
	struct schedule_config config;
	struct setting_value value[TRIAL_SETTINGS];
};

static void plan_init(struct plan *plan, const char *type)
{
	memset(plan, 0, sizeof *plan);
	plan->config.type = schedule_find(type);
	ck_assert_ptr_nonnull(plan->config.type);
	settings_defaults(plan->config.type->settings, plan->config.type->setting_count, plan->value);
	plan->config.settings =
		(struct settings){ plan->config.type->settings, plan->config.type->setting_count, plan->value };
}

static void close_to(double a, double b)
{
	ck_assert_msg(fabs(a - b) <= 1e-15 * fmax(1, fabs(b)), "%.17g is not %.17g", a, b);
}

static const cJSON *find_entry(const cJSON *file, const char *name)
{
	const cJSON *entry;
	cJSON_ArrayForEach(entry, golden_get(file, "schedules"))
	{
		if (strcmp(golden_string(entry, "name"), name) == 0) {
			return entry;
		}
	}
	ck_abort_msg("no entry %s", name);
	return NULL;
}

START_TEST(rates_are_those_of_torch)
{
	struct plan plan;
	char path[64];
	double *milestones = NULL;
	size_t count;

	snprintf(path, sizeof path, "golden/schedules/%s.json", entries[_i].file);
	cJSON *file = golden_load(path);
	const cJSON *entry = find_entry(file, entries[_i].entry), *member;
	plan_init(&plan, entries[_i].type);
	cJSON_ArrayForEach(member, golden_get(entry, "params"))
	{
		struct setting_value *value = trial_setting(&plan.config.settings, member->string);
		if (cJSON_IsArray(member)) {
			value->values = milestones = golden_numbers(member, &value->rows);
		} else {
			value->number = member->valuedouble;
		}
	}
	const double base = golden_number(entry, "base_lr"), tolerance = golden_number(entry, "tolerance");
	double *lr = golden_array(entry, "lr", &count);
	ck_assert_uint_eq(count, 201);
	for (size_t k = 0; k < count; k++) {
		const double rate = schedule_rate(&plan.config, base, k, 1, 1000);
		ck_assert_msg(fabs(rate - lr[k]) <= tolerance * fmax(fabs(lr[k]), 1e-3 * base),
			      "%s: rate %zu is %.17g, not %.17g", entries[_i].entry, k, rate, lr[k]);
	}
	free(lr);
	free(milestones);
	cJSON_Delete(file);
}
END_TEST

START_TEST(a_warm_up_then_a_cosine_over_what_is_left_is_the_references)
{
	struct plan plan;
	cJSON *file = golden_load("golden/schedules/schedules_b.json");
	const cJSON *entry = find_entry(file, "warmup_cosine");
	const double base = golden_number(entry, "base_lr"), tolerance = golden_number(entry, "tolerance");
	size_t count;
	double *lr = golden_array(entry, "lr", &count);

	plan_init(&plan, "cosine");
	plan.config.warmup_steps = 10;
	for (size_t k = 0; k < count; k++) {
		const double rate = schedule_rate(&plan.config, base, k, 1, 200);
		ck_assert_msg(fabs(rate - lr[k]) <= tolerance * fmax(fabs(lr[k]), 1e-3 * base), "%zu: %.17g, not %.17g",
			      k, rate, lr[k]);
	}
	free(lr);
	cJSON_Delete(file);
}
END_TEST

START_TEST(a_schedule_per_epoch_changes_at_epochs_while_the_warm_up_counts_steps)
{
	struct plan plan;
	plan_init(&plan, "exponential");
	trial_setting(&plan.config.settings, "gamma")->number = 0.385;
	plan.config.per_epoch = true;
	plan.config.warmup_steps = 3;
	close_to(schedule_rate(&plan.config, 2.385, 0, 7, 70), 2.385 / 3);
	close_to(schedule_rate(&plan.config, 2.385, 2, 7, 70), 2.385);
	close_to(schedule_rate(&plan.config, 2.385, 9, 7, 70), 2.385);
	close_to(schedule_rate(&plan.config, 2.385, 10, 7, 70), 2.385 * 0.385);
	close_to(schedule_rate(&plan.config, 2.385, 17, 7, 70), 2.385 * 0.385 * 0.385);
}
END_TEST

START_TEST(a_cosine_per_epoch_ends_with_the_budget)
{
	struct plan plan;
	plan_init(&plan, "cosine");
	trial_setting(&plan.config.settings, "eta_min")->number = 0.125;
	plan.config.per_epoch = true;
	close_to(schedule_rate(&plan.config, 1.385, 49, 7, 70), 0.125 + 1.26 * (1 + cos(0.7 * acos(-1))) / 2);
	close_to(schedule_rate(&plan.config, 1.385, 70, 7, 70), 0.125);
}
END_TEST

START_TEST(a_warm_up_longer_than_the_budget_never_reaches_the_rate)
{
	struct plan plan;
	plan_init(&plan, "cosine");
	plan.config.warmup_steps = 50;
	close_to(schedule_rate(&plan.config, 2.385, 19, 1, 20), 2.385 * 20 / 50);
}
END_TEST

START_TEST(the_table_finds_its_own_names_and_no_others)
{
	for (size_t i = 0; i < schedule_type_count; i++) {
		ck_assert_ptr_eq(schedule_find(schedule_types[i]->name), schedule_types[i]);
		ck_assert_ptr_nonnull(schedule_types[i]->doc);
		ck_assert_ptr_nonnull(schedule_types[i]->source);
	}
	ck_assert_ptr_null(schedule_find("cosin"));
}
END_TEST

START_TEST(a_point_shows_the_rate_that_its_update_uses)
{
	struct trial trial;
	trial_init(&trial, 3);
	trial_objective_init(&trial.objective, DTYPE_FLOAT64, 1, trial_bowl);
	trial_optimizer(&trial, "sgd", "inverse_time");
	trial_setting(&trial.setup.config.optimizer.schedule.settings, "k")->number = 0.385;
	trial_number(&trial, "learning_rate", 0.25);
	trial.setup.config.recording.parameters = true;
	trial_run(&trial);
	ck_assert_uint_eq(trial.count, 4);
	for (size_t k = 0; k < 3; k++) {
		close_to(trial.points[k].learning_rate, 0.25 / (1 + 0.385 * (double)k));
		const double x = trial.parameters[k];
		close_to(trial.parameters[k + 1], x - trial.points[k].learning_rate * (1.385 * x));
	}
	ck_assert(!(trial.points[3].measured & POINT_LEARNING_RATE));
	trial_end(&trial);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("schedules");
	TCase *golden = tcase_create("golden");
	tcase_add_loop_test(golden, rates_are_those_of_torch, 0, ENTRIES);
	tcase_add_test(golden, a_warm_up_then_a_cosine_over_what_is_left_is_the_references);
	suite_add_tcase(suite, golden);
	TCase *rules = tcase_create("rules");
	tcase_add_test(rules, a_schedule_per_epoch_changes_at_epochs_while_the_warm_up_counts_steps);
	tcase_add_test(rules, a_cosine_per_epoch_ends_with_the_budget);
	tcase_add_test(rules, a_warm_up_longer_than_the_budget_never_reaches_the_rate);
	tcase_add_test(rules, the_table_finds_its_own_names_and_no_others);
	tcase_add_test(rules, a_point_shows_the_rate_that_its_update_uses);
	suite_add_tcase(suite, rules);
	return suite_run(suite);
}
