/*
 * The minima of the closed-form functions (tests/data/golden/optima/functions.json): the value and the gradient there,
 * and the way there from nearby by an optimizer that suits.
 */
#include "core/objective/function_objective.h"
#include "tests/core/modelling.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"
#include "tests/support/trial.h"

enum { MINIMA = 14, MOST = 10 };

/* A function with the constants of a golden entry. */
struct subject {
	cJSON *file;
	const cJSON *entry;
	struct setting_value value[MODELLING_SETTINGS];
	double *owned[MODELLING_SETTINGS];
	struct settings settings;
	struct objective *objective;
	double *minimiser;
	size_t n;
};

static void take_constant(struct subject *self, size_t i, const cJSON *item)
{
	struct setting_value *value = &self->value[i];
	if (!cJSON_IsArray(item)) {
		value->number = item->valuedouble;
		return;
	}
	size_t n;
	value->values = self->owned[i] = golden_numbers(item, &n);
	value->rows = (size_t)cJSON_GetArraySize(item);
	value->columns = n / value->rows;
}

static void subject_init(struct subject *self, int which)
{
	memset(self, 0, sizeof *self);
	self->file = golden_load("golden/optima/functions.json");
	const cJSON *minima = golden_get(self->file, "minima");
	ck_assert_int_eq(cJSON_GetArraySize(minima), MINIMA);
	self->entry = cJSON_GetArrayItem(minima, which);
	const cJSON *about = golden_get(self->entry, "objective");
	const struct function_type *type = function_find(golden_string(about, "kind"));
	struct error error;
	ck_assert_ptr_nonnull(type);
	self->settings = modelling_defaults(type->settings, type->setting_count, self->value);
	for (size_t i = 0; i < type->setting_count; i++) {
		const cJSON *item = cJSON_GetObjectItemCaseSensitive(about, type->settings[i].name);
		if (item != NULL) {
			take_constant(self, i, item);
		}
	}
	self->minimiser = golden_array(self->entry, "x", &self->n);
	ck_assert_uint_le(self->n, MOST);
	ck_assert_int_eq(function_objective_create(type, &self->settings, golden_number(about, "scale"), self->n,
						   self->minimiser, DTYPE_FLOAT64, &self->objective, &error),
			 OK);
}

static void subject_fini(struct subject *self)
{
	objective_destroy(self->objective);
	for (size_t i = 0; i < MODELLING_SETTINGS; i++) {
		free(self->owned[i]);
	}
	free(self->minimiser);
	cJSON_Delete(self->file);
}

START_TEST(the_stored_minimum_has_its_value_and_no_gradient)
{
	struct subject subject;
	struct executor serial = executor_serial();
	double value, gradient[MOST];
	subject_init(&subject, _i);
	struct objective *f = subject.objective;
	ck_assert_int_eq(f->type->evaluate(f, subject.minimiser, NULL, &serial, &value, gradient), OK);
	const double least = golden_number(subject.entry, "value");
	ck_assert_msg(fabs(value - least) <= 1e-13 * fmax(1, fabs(least)), "%s: %.17g, not %.17g",
		      golden_string(subject.entry, "function"), value, least);
	for (size_t i = 0; i < subject.n && cJSON_HasObjectItem(subject.entry, "max_abs_gradient"); i++) {
		ck_assert_double_le(fabs(gradient[i]), 1e-12 + golden_number(subject.entry, "max_abs_gradient"));
	}
	subject_fini(&subject);
}
END_TEST

/* From a quarter away in every coordinate. Ackley's minimum is a kink: polyak's steps, which know its value, are for
 * such. */
START_TEST(an_optimizer_that_suits_reaches_it)
{
	struct subject subject;
	struct trial trial;
	double start[MOST];
	subject_init(&subject, _i);
	const bool kink = !cJSON_HasObjectItem(subject.entry, "max_abs_gradient");
	for (size_t i = 0; i < subject.n; i++) {
		start[i] = subject.minimiser[i] + (i % 2 == 0 ? 0.25 : -0.2385);
	}
	trial_init(&trial, 2000);
	trial_optimizer(&trial, kink ? "polyak" : "lbfgs", "constant");
	trial.setup.objective = subject.objective;
	trial.setup.initial = start;
	trial.setup.config.stopping.gradient_norm = 1e-10;
	trial.setup.config.stopping.parameter_change = kink ? 1e-12 : 1e-300;
	enum stop_reason reason = trial_run(&trial);
	const char *name = golden_string(subject.entry, "function");
	const double least = golden_number(subject.entry, "value");
	const double value = trial.points[trial.count - 1].train_loss;
	ck_assert_msg(fabs(value - least) <= 1e-9 * fmax(1, fabs(least)), "%s: %.17g instead of %.17g (%s)", name,
		      value, least, stop_reason_word(reason));
	const double far = golden_distance(trainer_parameters(trial.trainer), subject.minimiser, subject.n);
	ck_assert_msg(far <= 1e-6, "%s: x ends %g away (%s)", name, far, stop_reason_word(reason));
	trial_end(&trial);
	subject_fini(&subject);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("golden_functions");
	TCase *tests = tcase_create("minima");
	tcase_add_loop_test(tests, the_stored_minimum_has_its_value_and_no_gradient, 0, MINIMA);
	tcase_add_loop_test(tests, an_optimizer_that_suits_reaches_it, 0, MINIMA);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
