/* Every optimizer against the trajectories of other programs (tests/data/golden/optimizers), run by the trainer. */
#include <stdio.h>

#include "tests/support/trial.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

static const char *const files[] = {
	"sgd",
	"sgd_clip_norm",
	"sgd_clip_value",
	"sgd_dampening",
	"sgd_maximize",
	"sgd_momentum",
	"sgd_momentum_weight_decay",
	"sgd_nesterov",
	"sgd_nesterov_weight_decay",
	"sgd_weight_decay",
	"momentum_buffer",
	"momentum_buffer_decaying_lr",
	"momentum_scaled",
	"momentum_scaled_decaying_lr",
	"momentum_velocity",
	"momentum_velocity_decaying_lr",
	"nesterov_lookahead",
	"nesterov_lookahead_decaying_lr",
	"adam",
	"adam_amsgrad",
	"adam_eps",
	"adam_maximize",
	"adam_weight_decay",
};
enum { FILES = sizeof files / sizeof files[0] };

/* The service's words for the reference's algorithms and settings (API, "Optimizers by name"). */
static const struct {
	const char *algorithm, *type;
} names[] = { { "sgd", "sgd" },
	      { "momentum_buffer", "sgd" },
	      { "momentum_scaled", "heavy_ball" },
	      { "momentum_velocity", "heavy_ball" },
	      { "nesterov_lookahead", "nesterov" },
	      { "adam", "adam" } };

static const char *setting_name(const char *key)
{
	static const char *const momentum[] = { "mu", "beta", "gamma" };
	for (size_t i = 0; i < 3; i++) {
		if (strcmp(key, momentum[i]) == 0) {
			return "momentum";
		}
	}
	return strcmp(key, "lr") == 0 ? "learning_rate" : key;
}

/* One member of a reference's optimizer; a vector's numbers are owned by *owned. */
static void take_member(struct trial *trial, const cJSON *member, double **owned)
{
	struct optimizer_config *config = &trial->setup.config.optimizer;
	const char *key = member->string;

	if (strcmp(key, "name") == 0 || strcmp(key, "algorithm") == 0 || strcmp(key, "clip_eps") == 0) {
		return;
	}
	if (strcmp(key, "maximize") == 0) {
		trial->setup.config.direction = cJSON_IsTrue(member) ? MAXIMIZE : MINIMIZE;
	} else if (strcmp(key, "clip_grad_norm") == 0) {
		config->clip_grad_norm = member->valuedouble;
	} else if (strcmp(key, "clip_grad_value") == 0) {
		config->clip_grad_value = member->valuedouble;
	} else if (strcmp(key, "lr_schedule") == 0) {
		ck_assert_str_eq(golden_string(member, "kind"), "inverse_time");
		trial_number(trial, "learning_rate", golden_number(member, "lr0"));
		trial_setting(&config->schedule.settings, "k")->number = golden_number(member, "k");
	} else if (strcmp(key, "betas") == 0) {
		struct setting_value *value = trial_setting(&config->settings, key);
		*owned = golden_numbers(member, &value->rows);
		value->values = *owned;
	} else {
		trial_number(trial, setting_name(key),
			     cJSON_IsBool(member) ? cJSON_IsTrue(member) : member->valuedouble);
	}
}

static void take_optimizer(struct trial *trial, const cJSON *optimizer, double **owned)
{
	const char *type = NULL;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(names[i].algorithm, golden_string(optimizer, "algorithm")) == 0) {
			type = names[i].type;
		}
	}
	ck_assert_ptr_nonnull(type);
	trial_optimizer(trial, type,
			cJSON_GetObjectItemCaseSensitive(optimizer, "lr_schedule") != NULL ? "inverse_time"
											   : "constant");
	for (const cJSON *member = optimizer->child; member != NULL; member = member->next) {
		take_member(trial, member, owned);
	}
}

/* The reference's objective; false when there is no such function here. A and b are owned by owned[0..1]. */
static bool take_objective(struct trial *trial, const cJSON *objective, double *owned[2])
{
	const char *kind = golden_string(objective, "kind");
	if (function_find(kind) == NULL) {
		return false;
	}
	trial_function_init(&trial->objective, DTYPE_FLOAT64, (size_t)golden_number(objective, "dim"), kind);
	trial->objective.scale = golden_number(objective, "scale");
	for (size_t i = 0, taken = 0; i < trial->objective.settings.count; i++) {
		const struct setting *setting = &trial->objective.settings.table[i];
		struct setting_value *value = &trial->objective.value[i];
		if (cJSON_GetObjectItemCaseSensitive(objective, setting->name) == NULL) {
			continue;
		}
		if (setting->kind == SETTING_MATRIX) {
			value->values = owned[taken++] =
				golden_matrix(objective, setting->name, &value->rows, &value->columns);
		} else if (setting->kind == SETTING_VECTOR) {
			value->values = owned[taken++] = golden_array(objective, setting->name, &value->rows);
			value->columns = 1;
		} else {
			value->number = golden_number(objective, setting->name);
		}
	}
	if (trial->objective.function->prepare != NULL) {
		trial->objective.function->prepare(&trial->objective.settings, trial->objective.base.n,
						   trial->objective.constants);
	}
	return true;
}

static void compare(const struct trial *trial, const cJSON *reference, size_t steps)
{
	const size_t n = trial->objective.base.n;
	const double tolerance = golden_number(reference, "tolerance");
	const char *name = golden_string(reference, "name");
	size_t losses, records, rows, columns;
	double *loss = golden_array(reference, "loss", &losses);
	double *step = golden_array(reference, "record_steps", &records);
	double *trajectory = golden_matrix(reference, "trajectory", &rows, &columns);

	ck_assert_uint_eq(trial->count, steps + 1);
	ck_assert_uint_eq(losses, steps + 1);
	ck_assert_uint_eq(columns, n);
	for (size_t r = 0; r < records; r++) {
		const double *x = trial->parameters + (size_t)step[r] * n;
		const double distance = golden_distance(x, trajectory + r * n, n);
		ck_assert_msg(distance <= tolerance, "%s: x after step %g is off by %g", name, step[r], distance);
	}
	for (size_t k = 0; k <= steps; k++) {
		const double f = trial->points[k].train_loss;
		ck_assert_msg(golden_close(&f, &loss[k], 1, tolerance), "%s: f after step %zu is %.17g, not %.17g",
			      name, k, f, loss[k]);
	}
	free(loss);
	free(step);
	free(trajectory);
}

/* Runs one case; false when its function is not one of ours. */
static bool run_case(const cJSON *reference)
{
	struct trial trial;
	double *vectors[2] = { NULL, NULL }, *betas = NULL;
	const size_t steps = (size_t)golden_number(reference, "steps");

	trial_init(&trial, steps);
	if (!take_objective(&trial, golden_get(reference, "objective"), vectors)) {
		return false;
	}
	take_optimizer(&trial, golden_get(reference, "optimizer"), &betas);
	double *x0 = golden_array(reference, "x0", NULL);
	trial.setup.initial = x0;
	trial.setup.config.recording.parameters = true;
	ck_assert_int_eq(trial_run(&trial), STOP_STEPS);
	compare(&trial, reference, steps);
	trial_end(&trial);
	free(x0);
	free(betas);
	free(vectors[0]);
	free(vectors[1]);
	return true;
}

START_TEST(trajectories_are_those_of_the_reference_programs)
{
	char path[96];
	size_t cases = 0;

	snprintf(path, sizeof path, "golden/optimizers/%s.json", files[_i]);
	cJSON *file = golden_load(path);
	const cJSON *reference;
	cJSON_ArrayForEach(reference, golden_get(file, "cases"))
	{
		cases += run_case(reference);
	}
	ck_assert_uint_ge(cases, 2);
	cJSON_Delete(file);
}
END_TEST

static enum status check_sgd(double momentum, double dampening, double nesterov, const char **setting)
{
	const struct optimizer_type *type = optimizer_find("sgd");
	struct setting_value value[TRIAL_SETTINGS];
	struct error error;
	settings_defaults(type->settings, type->setting_count, value);
	const struct settings settings = { type->settings, type->setting_count, value };
	trial_setting(&settings, "momentum")->number = momentum;
	trial_setting(&settings, "dampening")->number = dampening;
	trial_setting(&settings, "nesterov")->number = nesterov;
	return type->check(&settings, setting, &error);
}

START_TEST(nesterov_in_sgd_needs_momentum_and_no_dampening)
{
	const char *setting = NULL;
	ck_assert_int_eq(check_sgd(0, 0, 0, &setting), OK);
	ck_assert_int_eq(check_sgd(0.9, 0.5, 0, &setting), OK);
	ck_assert_int_eq(check_sgd(0.9, 0, 1, &setting), OK);
	ck_assert_ptr_null(setting);
	ck_assert_int_eq(check_sgd(0, 0, 1, &setting), E_RANGE);
	ck_assert_str_eq(setting, "momentum");
	ck_assert_int_eq(check_sgd(0.9, 0.5, 1, &setting), E_RANGE);
	ck_assert_str_eq(setting, "dampening");
}
END_TEST

START_TEST(the_table_finds_its_own_names_and_no_others)
{
	for (size_t i = 0; i < optimizer_type_count; i++) {
		const struct optimizer_type *type = optimizer_at(i);
		ck_assert_ptr_eq(optimizer_find(type->name), type);
		ck_assert_ptr_nonnull(type->doc);
		ck_assert_ptr_nonnull(type->source);
		ck_assert_str_eq(type->settings[0].name, "learning_rate");
	}
	ck_assert_ptr_null(optimizer_find("adamm"));
	ck_assert_ptr_null(optimizer_at(optimizer_type_count));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("optimizers");
	TCase *golden = tcase_create("golden");
	tcase_add_loop_test(golden, trajectories_are_those_of_the_reference_programs, 0, FILES);
	suite_add_tcase(suite, golden);
	TCase *table = tcase_create("table");
	tcase_add_test(table, nesterov_in_sgd_needs_momentum_and_no_dampening);
	tcase_add_test(table, the_table_finds_its_own_names_and_no_others);
	suite_add_tcase(suite, table);
	return suite_run(suite);
}
