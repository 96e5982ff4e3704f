/*
 * Every optimizer against the trajectories of other programs (tests/data/golden/optimizers), run by the trainer: every
 * file there whose algorithm is one of ours.
 */
#include <glob.h>
#include <stdio.h>

#include "core/train/internal.h"
#include "tests/support/trial.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

/* The files, found by main. */
static glob_t files;

/* The reference's algorithms whose name or settings are spelled otherwise here (API, "Optimizers by name"). */
static const struct {
	const char *algorithm, *type;
} names[] = { { "momentum_buffer", "sgd" },
	      { "momentum_scaled", "heavy_ball" },
	      { "momentum_velocity", "heavy_ball" },
	      { "momentum_ema", "ema_momentum" },
	      { "nesterov_lookahead", "nesterov" },
	      { "nesterov_fista", "fista" },
	      { "exact_line_search", "steepest_descent" },
	      { "armijo", "steepest_descent" },
	      { "linear_cg", "conjugate_gradient" },
	      { "nonlinear_cg", "conjugate_gradient" },
	      { "polyak_step", "polyak" },
	      { "normalised_gradient", "normalized_gradient" },
	      { "trust_region_step", "trust_region" } };

/* ... and those whose name says what is a setting here. */
static const struct {
	const char *algorithm, *setting, *word;
} implied[] = { { "exact_line_search", "line_search", "exact" },
		{ "armijo", "line_search", "armijo" },
		{ "linear_cg", "variant", "linear" } };

static const char *type_name(const char *algorithm)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(names[i].algorithm, algorithm) == 0) {
			return names[i].type;
		}
	}
	return algorithm;
}

/* The service's word for a key: what is not a setting of the type under its own name. */
static const char *setting_name(const struct optimizer_type *type, const char *key)
{
	static const char *const others[][2] = { { "lr", "learning_rate" },        { "mu", "momentum" },
						 { "beta", "momentum" },           { "gamma", "momentum" },
						 { "alpha0", "initial_step" },     { "rho", "backtrack" },
						 { "max_lr", "max_learning_rate" } };
	for (size_t i = 0; i < type->setting_count; i++) {
		if (strcmp(type->settings[i].name, key) == 0) {
			return key;
		}
	}
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		if (strcmp(key, others[i][0]) == 0) {
			return others[i][1];
		}
	}
	return key;
}

/* Arrays that a case's settings point to. */
struct owned {
	double *array[16];
	size_t count;
};

static double *own(struct owned *owned, double *array)
{
	ck_assert_uint_lt(owned->count, 16);
	owned->array[owned->count++] = array;
	return array;
}

static void owned_free(struct owned *owned)
{
	while (owned->count > 0) {
		free(owned->array[--owned->count]);
	}
}

/* A number, a flag, a word, a vector, a matrix, or null for "off". */
static void take_value(const struct settings *settings, const char *name, const cJSON *item, struct owned *owned)
{
	struct setting_value *value = trial_setting(settings, name);
	const struct setting *setting = &settings->table[value - settings->value];

	value->given = true;
	if (setting->kind == SETTING_MATRIX) {
		value->rows = (size_t)cJSON_GetArraySize(item);
		value->columns = (size_t)cJSON_GetArraySize(item->child);
		value->values = own(owned, golden_numbers(item, NULL));
	} else if (setting->kind == SETTING_VECTOR) {
		value->columns = 1;
		value->values = own(owned, golden_numbers(item, &value->rows));
	} else if (setting->kind == SETTING_CHOICE && cJSON_IsNull(item)) {
		ck_assert(setting->nullable);
		value->number = 0;
	} else if (setting->kind == SETTING_CHOICE) {
		size_t i = 0;
		while (setting->choices[i] != NULL && strcmp(setting->choices[i], item->valuestring) != 0) {
			i++;
		}
		ck_assert_ptr_nonnull(setting->choices[i]);
		value->number = (double)i;
	} else if (cJSON_IsNull(item)) {
		ck_assert(setting->nullable);
		value->number = NAN;
	} else {
		value->number = cJSON_IsBool(item) ? cJSON_IsTrue(item) : item->valuedouble;
	}
}

/* A schedule of the reference, lr0 / (1 + k (t - 1)); sgdw's is a factor on lr. */
static void take_schedule(struct trial *trial, const cJSON *schedule, bool factor)
{
	if (cJSON_IsNull(schedule)) {
		return;
	}
	ck_assert_str_eq(golden_string(schedule, "kind"), "inverse_time");
	trial_setting(&trial->setup.config.optimizer.schedule.settings, "k")->number = golden_number(schedule, "k");
	if (factor) {
		ck_assert(golden_number(schedule, "lr0") == 1);
	} else {
		trial_number(trial, "learning_rate", golden_number(schedule, "lr0"));
	}
}

/* One member of a reference's optimizer. */
static void take_member(struct trial *trial, const cJSON *member, struct owned *owned)
{
	struct optimizer_config *config = &trial->setup.config.optimizer;
	const char *key = member->string;

	if (strcmp(key, "name") == 0 || strcmp(key, "algorithm") == 0) {
		return;
	}
	if (strcmp(key, "maximize") == 0) {
		trial->setup.config.direction = cJSON_IsTrue(member) ? MAXIMIZE : MINIMIZE;
	} else if (strcmp(key, "clip_grad_norm") == 0) {
		config->clip_grad_norm = member->valuedouble;
	} else if (strcmp(key, "clip_eps") == 0) {
		config->clip_eps = member->valuedouble;
	} else if (strcmp(key, "clip_grad_value") == 0) {
		config->clip_grad_value = member->valuedouble;
	} else if (strcmp(key, "lr_schedule") == 0 || strcmp(key, "eta_schedule") == 0) {
		take_schedule(trial, member, key[0] == 'e');
	} else {
		take_value(&config->settings, setting_name(config->type, key), member, owned);
	}
}

static void take_optimizer(struct trial *trial, const cJSON *optimizer, struct owned *owned)
{
	const bool falling = cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(optimizer, "lr_schedule")) ||
			     cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(optimizer, "eta_schedule"));

	const char *algorithm = golden_string(optimizer, "algorithm");
	trial_optimizer(trial, type_name(algorithm), falling ? "inverse_time" : "constant");
	for (size_t i = 0; i < sizeof implied / sizeof implied[0]; i++) {
		if (strcmp(implied[i].algorithm, algorithm) == 0) {
			cJSON *word = cJSON_CreateString(implied[i].word);
			take_value(&trial->setup.config.optimizer.settings, implied[i].setting, word, owned);
			cJSON_Delete(word);
		}
	}
	for (const cJSON *member = optimizer->child; member != NULL; member = member->next) {
		take_member(trial, member, owned);
	}
}

static void take_objective(struct trial *trial, const cJSON *objective, struct owned *owned)
{
	struct trial_objective *self = &trial->objective;

	trial_function_init(self, DTYPE_FLOAT64, (size_t)golden_number(objective, "dim"),
			    golden_string(objective, "kind"));
	self->scale = golden_number(objective, "scale");
	for (size_t i = 0; i < self->settings.count; i++) {
		const char *name = self->settings.table[i].name;
		const cJSON *item = cJSON_GetObjectItemCaseSensitive(objective, name);
		if (item != NULL) {
			take_value(&self->settings, name, item, owned);
		}
	}
	if (self->function->shape != NULL) {
		self->tensor.rank = self->function->shape(&self->settings, self->tensor.shape);
	}
	if (self->function->prepare != NULL) {
		self->function->prepare(&self->settings, self->base.n, self->constants);
	}
}

/* Where an optimizer keeps what a reference tells beside x. */
enum place { SLOT, SCALAR, LOOK_AHEAD, RATE_FACTOR, STEP_LENGTH, TRIALS };
static const struct {
	const char *type, *extra;
	enum place place;
	size_t index;
} extras[] = {
	{ "asgd", "averaged", SLOT, 0 },
	{ "fista", "y", LOOK_AHEAD, 0 },
	{ "schedule_free_sgd", "z", SLOT, 0 },
	{ "schedule_free_sgd", "y", LOOK_AHEAD, 0 },
	{ "schedule_free_adamw", "z", SLOT, 0 },
	{ "schedule_free_adamw", "y", LOOK_AHEAD, 0 },
	{ "dadapt_sgd", "d", SCALAR, 0 },
	{ "dadapt_adam", "d", SCALAR, 0 },
	{ "prodigy", "d", SCALAR, 0 },
	{ "lars", "trust_ratio", RATE_FACTOR, 0 },
	{ "lamb", "trust_ratio", RATE_FACTOR, 0 },
	{ "steepest_descent", "alpha", STEP_LENGTH, 0 },
	{ "steepest_descent", "trials", TRIALS, 0 },
	{ "conjugate_gradient", "alpha", STEP_LENGTH, 0 },
	{ "polyak", "alpha", STEP_LENGTH, 0 },
	{ "barzilai_borwein", "alpha", STEP_LENGTH, 0 },
};
enum { EXTRAS = sizeof extras / sizeof extras[0] };

/* A number that is told of step k, before which `values` values had been computed. */
static double number_beside(const struct trial *trial, size_t e, size_t k, uint64_t values)
{
	const struct optimizer *o = &trial->trainer->optimizer;
	switch (extras[e].place) {
	case SCALAR:
		return o->scalar[extras[e].index];
	case STEP_LENGTH:
		return trial->points[k - 1].learning_rate;
	case TRIALS: /* f at x is known from the last trial of the step before */
		return (double)(trial_progress(trial).values - values);
	case RATE_FACTOR:
	case SLOT:
	case LOOK_AHEAD:
		break;
	}
	return o->coefficient[extras[e].index] / settings_number(&o->settings, "learning_rate");
}

/* A number or a vector [n] beside x after step k, against the reference where it tells of that step. */
static void compare_extra(const struct trial *trial, const cJSON *reference, size_t e, size_t k, uint64_t values)
{
	const struct optimizer *o = &trial->trainer->optimizer;
	const cJSON *list = golden_get(golden_get(reference, "extra"), extras[e].extra), *step;
	const size_t n = o->n;
	const double tolerance = golden_number(reference, "tolerance");
	double ours[TRIAL_MAX], scale = 1;
	int at = 0;

	if (extras[e].place != SLOT && extras[e].place != LOOK_AHEAD) {
		ours[0] = number_beside(trial, e, k, values);
		const double theirs = cJSON_GetArrayItem(list, (int)k - 1)->valuedouble;
		scale = fmax(1, fabs(theirs));
		/* Of a gradient that is nearly 0 a step length has few digits in any program (with exact arithmetic the
		 * reference's own turn out to be up to 2e-8 away). */
		const double limit = extras[e].place == STEP_LENGTH ? fmax(tolerance, 1e-6) : tolerance;
		ck_assert_msg(fabs(ours[0] - theirs) <= limit * scale, "%s: %s after step %zu is %.17g, not %.17g",
			      golden_string(reference, "name"), extras[e].extra, k, ours[0], theirs);
		return;
	}
	cJSON_ArrayForEach(step, golden_get(reference, "record_steps"))
	{
		if ((size_t)step->valuedouble == k) {
			double *theirs = golden_numbers(cJSON_GetArrayItem(list, at), NULL);
			if (extras[e].place == SLOT) {
				memcpy(ours, o->slot[extras[e].index], n * sizeof *ours);
			} else {
				o->type->look_ahead_f64(o, trial->trainer->theta, ours, 0, n);
			}
			ck_assert_msg(golden_close(ours, theirs, n, tolerance), "%s: %s after step %zu is off by %g",
				      golden_string(reference, "name"), extras[e].extra, k,
				      golden_distance(ours, theirs, n));
			free(theirs);
		}
		at++;
	}
}

/* Runs to the end, comparing what is told beside x after every update. Returns how many such series there were. */
static size_t run_steps(struct trial *trial, const cJSON *reference)
{
	const char *type = trial->setup.config.optimizer.type->name;
	const cJSON *extra = cJSON_GetObjectItemCaseSensitive(reference, "extra");
	size_t compared = 0;

	trial_create(trial);
	while (trainer_reason(trial->trainer) == STOP_NONE) {
		const uint64_t before = trial_progress(trial).step;
		const uint64_t values = before == 0 ? 1 : trial_progress(trial).values;
		ck_assert_int_eq(trainer_advance(trial->trainer, 1), OK);
		trial_take(trial);
		const uint64_t step = trial_progress(trial).step;
		compared = 0;
		for (size_t e = 0; e < EXTRAS; e++) {
			if (strcmp(extras[e].type, type) == 0 &&
			    cJSON_GetObjectItemCaseSensitive(extra, extras[e].extra) != NULL) {
				compared++;
				if (step > before) {
					compare_extra(trial, reference, e, step, values);
				}
			}
		}
	}
	ck_assert_int_eq(trainer_reason(trial->trainer), STOP_STEPS);
	ck_assert_uint_eq(compared, (size_t)cJSON_GetArraySize(extra));
	return compared;
}

enum { MINIMUM_STEPS = 500 };

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

/* The path depends on the line search: only where it ends is compared. */
static void compare_minimum(const struct trial *trial, const cJSON *reference)
{
	const cJSON *minimum = golden_get(reference, "minimum");
	const double tolerance = golden_number(reference, "tolerance"), loss = golden_number(minimum, "loss");
	const char *name = golden_string(reference, "name");
	size_t n;
	double *x = golden_array(minimum, "x", &n);
	const double f = trial->points[trial->count - 1].train_loss;

	ck_assert_msg(golden_close(&f, &loss, 1, tolerance), "%s: f ends at %.17g, not %.17g", name, f, loss);
	if (strstr(name, "himmelblau") == NULL) { /* four equal minima */
		const double distance = golden_distance(trainer_parameters(trial->trainer), x, n);
		ck_assert_msg(distance <= tolerance, "%s: x ends %g away", name, distance);
	}
	free(x);
}

/* torch's own search is one of many: another must end no higher. */
static void compare_end(const struct trial *trial, const cJSON *reference)
{
	const double tolerance = golden_number(reference, "tolerance");
	size_t losses;
	double *loss = golden_array(reference, "loss", &losses);
	const double f = trial->points[trial->count - 1].train_loss, limit = loss[losses - 1];

	ck_assert_uint_eq(trial->count, losses);
	ck_assert_msg(f <= limit + tolerance * fmax(1, fabs(limit)), "%s: f ends at %.17g, above %.17g",
		      golden_string(reference, "name"), f, limit);
	free(loss);
}

static void run_case(const cJSON *reference)
{
	struct trial trial;
	struct owned owned = { .count = 0 };
	const bool minimum = strcmp(golden_string(reference, "compare"), "minimum") == 0;
	const bool end = strncmp(golden_string(reference, "name"), "lbfgs_strong_wolfe", 18) == 0;
	const size_t steps = minimum ? MINIMUM_STEPS : (size_t)golden_number(reference, "steps");

	trial_init(&trial, steps);
	take_objective(&trial, golden_get(reference, "objective"), &owned);
	take_optimizer(&trial, golden_get(reference, "optimizer"), &owned);
	trial.setup.initial = own(&owned, golden_array(reference, "x0", NULL));
	trial.setup.config.recording.parameters = true;
	run_steps(&trial, reference);
	if (minimum) {
		compare_minimum(&trial, reference);
	} else if (end) {
		compare_end(&trial, reference);
	} else {
		compare(&trial, reference, steps);
	}
	trial_end(&trial);
	owned_free(&owned);
}

START_TEST(trajectories_are_those_of_the_reference_programs)
{
	const char *path = strstr(files.gl_pathv[_i], "golden/optimizers/");
	size_t cases = 0;

	cJSON *file = golden_load(path);
	if (cJSON_GetObjectItemCaseSensitive(file, "cases") == NULL) {
		cJSON_Delete(file);
		return; /* objectives.json */
	}
	const cJSON *reference;
	cJSON_ArrayForEach(reference, golden_get(file, "cases"))
	{
		const char *algorithm = golden_string(golden_get(reference, "optimizer"), "algorithm");
		ck_assert_msg(optimizer_find(type_name(algorithm)) != NULL, "%s is not in the table", algorithm);
		run_case(reference);
		cases++;
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
		ck_assert_uint_le(type->setting_count, OPTIMIZER_SETTINGS);
		ck_assert_uint_le(type->scalars, OPTIMIZER_SCALARS);
		ck_assert_uint_le(type->scratch, OPTIMIZER_SCRATCH);
		ck_assert(optimizer_rate_index(type) == 0 || optimizer_rate_index(type) == type->setting_count);
		ck_assert(type->iterate != NULL || optimizer_rate_index(type) == 0);
		ck_assert((type->iterate != NULL) + (type->whole_f64 != NULL) + (type->update_f64 != NULL) == 1);
	}
	ck_assert_ptr_null(optimizer_find("adamm"));
	ck_assert_ptr_null(optimizer_at(optimizer_type_count));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("optimizers");
	const char *folder = getenv("TESTS_DATA");
	char pattern[4096];

	snprintf(pattern, sizeof pattern, "%s/golden/optimizers/*.json", folder ? folder : "tests/data");
	if (glob(pattern, 0, NULL, &files) != 0) {
		fprintf(stderr, "no file is %s (tests start in the repository's top folder)\n", pattern);
		return EXIT_FAILURE;
	}
	TCase *golden = tcase_create("golden");
	tcase_add_loop_test(golden, trajectories_are_those_of_the_reference_programs, 0, (int)files.gl_pathc);
	suite_add_tcase(suite, golden);
	TCase *table = tcase_create("table");
	tcase_add_test(table, nesterov_in_sgd_needs_momentum_and_no_dampening);
	tcase_add_test(table, the_table_finds_its_own_names_and_no_others);
	suite_add_tcase(suite, table);
	const int failed = suite_run(suite);
	globfree(&files);
	return failed;
}
