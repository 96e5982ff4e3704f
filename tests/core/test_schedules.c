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
	{ "schedules_a", "cosine_warm_restarts", "cosine_restarts" },
	{ "schedules_a", "cosine_warm_restarts_mult", "cosine_restarts" },
	{ "schedules_a", "cyclic_triangular", "cyclic" },
	{ "schedules_b", "cyclic_triangular2", "cyclic" },
	{ "schedules_b", "cyclic_exp_range", "cyclic" },
	{ "schedules_b", "one_cycle_cos", "one_cycle" },
	{ "schedules_b", "one_cycle_linear", "one_cycle" },
	{ "schedules_b", "one_cycle_three_phase", "one_cycle" },
	{ "schedules_b", "one_cycle_three_phase_linear", "one_cycle" },
	{ "schedules_b", "inverse_time", "inverse_time" },
	{ "schedules_b", "inverse_sqrt_warmup", "inverse_sqrt" },
	{ "schedules_b", "swa_cos", "swa" },
	{ "schedules_b", "swa_linear", "swa" },
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

static double word(const struct setting *setting, const char *text)
{
	for (size_t i = 0; setting->choices[i] != NULL; i++) {
		if (strcmp(setting->choices[i], text) == 0) {
			return (double)i;
		}
	}
	ck_abort_msg("%s has no choice %s", setting->name, text);
	return 0;
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
		const struct setting *setting = &plan.config.settings.table[value - plan.config.settings.value];
		if (cJSON_IsArray(member)) {
			value->values = milestones = golden_numbers(member, &value->rows);
		} else if (cJSON_IsString(member)) {
			value->number = word(setting, member->valuestring);
		} else {
			value->number = cJSON_IsBool(member) ? cJSON_IsTrue(member) : member->valuedouble;
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
	if (cJSON_HasObjectItem(entry, "momentum")) {
		double *momentum = golden_array(entry, "momentum", NULL);
		for (size_t k = 0; k < count; k++) {
			const double ours = schedule_momentum(&plan.config, k, 1, 1000);
			ck_assert_msg(fabs(ours - momentum[k]) <= tolerance, "%s: momentum %zu is %.17g, not %.17g",
				      entries[_i].entry, k, ours, momentum[k]);
		}
		free(momentum);
	}
	free(lr);
	free(milestones);
	cJSON_Delete(file);
}
END_TEST

START_TEST(a_list_of_two_factors_is_the_references_multiplicative_schedule)
{
	struct plan plan;
	cJSON *file = golden_load("golden/schedules/schedules_b.json");
	const cJSON *entry = find_entry(file, "multiplicative_lr"), *params = golden_get(entry, "params");
	const double base = golden_number(entry, "base_lr"), tolerance = golden_number(entry, "tolerance");
	const double factors[] = { golden_number(params, "even"), golden_number(params, "odd") };
	size_t count;
	double *lr = golden_array(entry, "lr", &count);

	plan_init(&plan, "multiplicative");
	plan.value[0].values = factors;
	plan.value[0].rows = 2;
	for (size_t k = 0; k < count; k++) {
		const double rate = schedule_rate(&plan.config, base, k, 1, 200);
		ck_assert_msg(fabs(rate - lr[k]) <= tolerance * fmax(fabs(lr[k]), 1e-3 * base), "%zu: %.17g, not %.17g",
			      k, rate, lr[k]);
	}
	free(lr);
	cJSON_Delete(file);
}
END_TEST

START_TEST(inverse_sqrt_takes_the_warm_up_of_the_job_where_it_has_none_of_its_own)
{
	struct plan plan;
	plan_init(&plan, "inverse_sqrt");
	close_to(schedule_rate(&plan.config, 2.385, 8, 1, 100), 2.385 / 3);
	plan.config.warmup_steps = 20;
	close_to(schedule_rate(&plan.config, 2.385, 4, 1, 100), 2.385 * 5 / 20);
	close_to(schedule_rate(&plan.config, 2.385, 19, 1, 100), 2.385);
	close_to(schedule_rate(&plan.config, 2.385, 79, 1, 100), 2.385 / 2);
}
END_TEST

START_TEST(wsd_holds_the_rate_and_decays_at_the_end_of_the_budget)
{
	struct plan plan;
	plan_init(&plan, "wsd");
	plan.config.warmup_steps = 10;
	trial_setting(&plan.config.settings, "final_factor")->number = 0.1;
	close_to(schedule_rate(&plan.config, 2.385, 4, 1, 110), 2.385 / 2);
	close_to(schedule_rate(&plan.config, 2.385, 99, 1, 110), 2.385);
	close_to(schedule_rate(&plan.config, 2.385, 100, 1, 110), 2.385);
	close_to(schedule_rate(&plan.config, 2.385, 105, 1, 110), 2.385 * (0.1 + 0.9 * 0.5));
	close_to(schedule_rate(&plan.config, 2.385, 110, 1, 110), 2.385 * 0.1);
	trial_setting(&plan.config.settings, "decay_steps")->number = 25;
	trial_setting(&plan.config.settings, "decay")->number = 2; /* 1 - sqrt */
	close_to(schedule_rate(&plan.config, 2.385, 94, 1, 110), 2.385 * (0.1 + 0.9 * 0.4));
	trial_setting(&plan.config.settings, "decay")->number = 1;
	close_to(schedule_rate(&plan.config, 2.385, 85 + 5, 1, 110), 2.385 * (0.1 + 0.9 * (1 + cos(acos(-1) / 5)) / 2));
}
END_TEST

/* v = momentum v - lr g with the momentum of that step, by hand. */
START_TEST(a_schedule_moves_the_momentum_of_the_optimizer)
{
	struct trial trial;
	trial_init(&trial, 9);
	trial_objective_init(&trial.objective, DTYPE_FLOAT64, 1, trial_bowl);
	trial_optimizer(&trial, "heavy_ball", "cyclic");
	trial_setting(&trial.setup.config.optimizer.schedule.settings, "max_lr")->number = 0.25;
	trial_setting(&trial.setup.config.optimizer.schedule.settings, "step_size_up")->number = 3;
	trial_setting(&trial.setup.config.optimizer.schedule.settings, "base_momentum")->number = 0.385;
	trial_setting(&trial.setup.config.optimizer.schedule.settings, "max_momentum")->number = 0.785;
	trial.setup.config.recording.parameters = true;
	trial_run(&trial);
	double v = 0;
	for (size_t k = 0; k < 9; k++) {
		static const double height[] = { 0, 1, 2, 3, 2, 1 };
		const double h = height[k % 6] / 3, lr = 0.01 + 0.24 * h, x = trial.parameters[k];
		v = (0.785 - 0.4 * h) * v - lr * 1.385 * x;
		ck_assert_double_eq_tol(trial.parameters[k + 1], x + v, 1e-15);
	}
	/* The job's own settings are not touched. */
	ck_assert_double_eq(settings_number(&trial.setup.config.optimizer.settings, "momentum"), 0.9);
	trial_end(&trial);
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

/* Two schedules in one. */
static void chain_init(struct plan *chain, struct plan parts[2], struct schedule_config configs[2], const char *first,
		       const char *second)
{
	plan_init(chain, "chain");
	plan_init(&parts[0], first);
	plan_init(&parts[1], second);
	for (size_t i = 0; i < 2; i++) {
		configs[i] = parts[i].config;
	}
	chain->config.part = configs;
	chain->config.parts = 2;
}

static void compare_chain(const struct plan *chain, const cJSON *entry)
{
	const double base = golden_number(entry, "base_lr"), tolerance = golden_number(entry, "tolerance");
	size_t count;
	double *lr = golden_array(entry, "lr", &count);
	for (size_t k = 0; k < count; k++) {
		const double rate = schedule_rate(&chain->config, base, k, 1, 200);
		ck_assert_msg(fabs(rate - lr[k]) <= tolerance * fmax(fabs(lr[k]), 1e-3 * base), "%zu: %.17g, not %.17g",
			      k, rate, lr[k]);
	}
	free(lr);
}

START_TEST(chains_and_sequences_are_the_references)
{
	struct plan chain, parts[2];
	struct schedule_config configs[2];
	cJSON *file = golden_load("golden/schedules/schedules_b.json");
	const cJSON *entry = find_entry(file, "chained_constant_exponential"), *params = golden_get(entry, "params");

	chain_init(&chain, parts, configs, "constant", "exponential");
	trial_setting(&configs[0].settings, "factor")->number = golden_number(params, "constant_factor");
	trial_setting(&configs[0].settings, "total_iters")->number = golden_number(params, "constant_iters");
	trial_setting(&configs[1].settings, "gamma")->number = golden_number(params, "gamma");
	compare_chain(&chain, entry);

	entry = find_entry(file, "sequential_linear_exponential");
	params = golden_get(entry, "params");
	const double milestone = golden_number(params, "warmup_iters");
	chain_init(&chain, parts, configs, "linear", "exponential");
	trial_setting(&configs[0].settings, "start_factor")->number = golden_number(params, "warmup_start");
	trial_setting(&configs[0].settings, "total_iters")->number = milestone;
	trial_setting(&configs[1].settings, "gamma")->number = golden_number(params, "gamma");
	chain.value[CHAIN_MILESTONES].values = &milestone;
	chain.value[CHAIN_MILESTONES].rows = 1;
	compare_chain(&chain, entry);
	cJSON_Delete(file);
}
END_TEST

START_TEST(a_part_of_a_sequence_has_the_budget_up_to_the_next_milestone)
{
	static const double milestones[] = { 30 };
	struct plan chain, parts[2];
	struct schedule_config configs[2];
	chain_init(&chain, parts, configs, "cosine", "cosine");
	chain.value[CHAIN_MILESTONES].values = milestones;
	chain.value[CHAIN_MILESTONES].rows = 1;
	chain.config.warmup_steps = 10;
	close_to(schedule_rate(&chain.config, 2.385, 10 + 15, 1, 110), 2.385 / 2);
	close_to(schedule_rate(&chain.config, 2.385, 10 + 30, 1, 110), 2.385);
	close_to(schedule_rate(&chain.config, 2.385, 10 + 30 + 35, 1, 110), 2.385 / 2);
}
END_TEST

START_TEST(a_plateau_reduces_the_rate_where_torch_does)
{
	struct plan plan;
	cJSON *file = golden_load("golden/schedules/reduce_on_plateau.json");
	const cJSON *entry, *member;
	size_t count, entries_seen = 0;

	cJSON_ArrayForEach(entry, golden_get(file, "schedules"))
	{
		const double base = golden_number(entry, "base_lr");
		double state[SCHEDULE_STATE] = { 0 };
		plan_init(&plan, "reduce_on_plateau");
		cJSON_ArrayForEach(member, golden_get(entry, "params"))
		{
			struct setting_value *value = trial_setting(&plan.config.settings, member->string);
			value->number = cJSON_IsString(member) ? word(&plan.config.settings.table[value - plan.value],
								      member->valuestring)
							       : member->valuedouble;
		}
		double *lr = golden_array(entry, "lr", &count);
		double *metric = golden_array(golden_get(file, "metrics"), golden_string(entry, "metric"), NULL);
		for (size_t k = 0; k < count; k++) {
			if (k > 0) {
				plan.config.type->observe(&plan.config.settings, base, false, metric[k - 1], state);
			}
			const double now = state[SCHEDULE_RATE] > 0 ? state[SCHEDULE_RATE] : base;
			const double rate = schedule_rate(&plan.config, now, k, 1, 1000);
			ck_assert_msg(fabs(rate - lr[k]) <= 1e-12 * lr[k], "%s: rate %zu is %.17g, not %.17g",
				      golden_string(entry, "name"), k, rate, lr[k]);
		}
		free(lr);
		free(metric);
		entries_seen++;
	}
	ck_assert_uint_ge(entries_seen, 5);
	cJSON_Delete(file);
}
END_TEST

/* The rates of a run are those that its own losses (validation losses) give, one an epoch. */
START_TEST(a_run_watches_the_loss_that_the_plateau_names)
{
	static const uint64_t batches[] = { 0, 4 };
	for (int metric = SCHEDULE_METRIC_AUTO; metric <= SCHEDULE_METRIC_TRAIN; metric++) {
		for (size_t b = 0; b < 2; b++) {
			struct trial trial;
			struct trial_data data;
			double state[SCHEDULE_STATE] = { 0 }, mean = 0;
			size_t reductions = 0;

			trial_init(&trial, 30);
			trial_rows(&trial, &data, DTYPE_FLOAT64, batches[b]);
			trial.setup.validation = &data.validation;
			trial_optimizer(&trial, "sgd", "reduce_on_plateau");
			trial_number(&trial, "learning_rate", 0.85); /* too long: the loss goes up and down */
			const struct schedule_config *schedule = &trial.setup.config.optimizer.schedule;
			trial_setting(&schedule->settings, "patience")->number = 1;
			trial_setting(&schedule->settings, "factor")->number = 0.785;
			trial_setting(&schedule->settings, "metric")->number = metric;
			trial_run(&trial);
			const uint64_t epoch = batches[b] == 0 ? 1 : 3;
			for (size_t k = 0; k + 1 < trial.count; k++) {
				const struct curve_point *point = &trial.points[k];
				const bool ended = k > 0 && k % epoch == 0, full = epoch == 1;
				const double train = full ? point->train_loss : mean / 3;
				if (ended) {
					schedule->type->observe(
						&schedule->settings, 0.85, false,
						metric == SCHEDULE_METRIC_TRAIN ? train : point->validation_loss,
						state);
				}
				const double rate = state[SCHEDULE_RATE] > 0 ? state[SCHEDULE_RATE] : 0.85;
				close_to(point->learning_rate, rate);
				reductions += k > 0 && rate < trial.points[k - 1].learning_rate;
				mean = k % epoch == 0 ? point->train_loss : mean + point->train_loss;
			}
			ck_assert_uint_ge(reductions, 2);
			trial_end(&trial);
		}
	}
}
END_TEST

START_TEST(a_plateau_of_the_validation_loss_needs_rows_to_validate)
{
	struct trial trial;
	struct error error;
	trial_init(&trial, 30);
	trial_objective_init(&trial.objective, DTYPE_FLOAT64, 1, trial_bowl);
	trial_optimizer(&trial, "sgd", "reduce_on_plateau");
	trial_setting(&trial.setup.config.optimizer.schedule.settings, "metric")->number = SCHEDULE_METRIC_VALIDATION;
	ck_assert_int_eq(trainer_create(&trial.setup, &trial.trainer, &error), E_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "validation rows"));
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
	tcase_add_test(golden, a_plateau_reduces_the_rate_where_torch_does);
	tcase_add_test(golden, chains_and_sequences_are_the_references);
	tcase_add_test(golden, a_part_of_a_sequence_has_the_budget_up_to_the_next_milestone);
	tcase_add_test(golden, a_list_of_two_factors_is_the_references_multiplicative_schedule);
	suite_add_tcase(suite, golden);
	TCase *rules = tcase_create("rules");
	tcase_add_test(rules, a_schedule_per_epoch_changes_at_epochs_while_the_warm_up_counts_steps);
	tcase_add_test(rules, a_cosine_per_epoch_ends_with_the_budget);
	tcase_add_test(rules, a_warm_up_longer_than_the_budget_never_reaches_the_rate);
	tcase_add_test(rules, inverse_sqrt_takes_the_warm_up_of_the_job_where_it_has_none_of_its_own);
	tcase_add_test(rules, wsd_holds_the_rate_and_decays_at_the_end_of_the_budget);
	tcase_add_test(rules, a_schedule_moves_the_momentum_of_the_optimizer);
	tcase_add_test(rules, a_run_watches_the_loss_that_the_plateau_names);
	tcase_add_test(rules, a_plateau_of_the_validation_loss_needs_rows_to_validate);
	tcase_add_test(rules, the_table_finds_its_own_names_and_no_others);
	tcase_add_test(rules, a_point_shows_the_rate_that_its_update_uses);
	suite_add_tcase(suite, rules);
	return suite_run(suite);
}
