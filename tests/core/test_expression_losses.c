/* Losses as functions of an expression: against the golden values and gradients, and at extremes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/core/expression_point.h"
#include "tests/support/golden_losses.h"
#include "tests/support/suite.h"

static const cJSON *loss_named(const cJSON *file, const char *name)
{
	const cJSON *entry;
	cJSON_ArrayForEach(entry, golden_get(file, "cases"))
	{
		if (strcmp(golden_string(entry, "name"), name) == 0) {
			return entry;
		}
	}
	ck_abort_msg("no case %s", name);
	return NULL;
}

/* Gradients by what the case does not differentiate by are not looked at. */
START_TEST(every_golden_loss_has_its_value_and_gradient_as_an_expression)
{
	char path[128];
	snprintf(path, sizeof path, "golden/losses_layers/%s.json", golden_losses[_i].file);
	cJSON *file = golden_load(path);
	const cJSON *entry = loss_named(file, golden_losses[_i].name);
	const char *text = golden_losses[_i].text;
	cJSON *variables = golden_loss_variables(entry);
	double tolerance = golden_number(file, "tolerance"), wanted = golden_loss_value(entry);
	struct point point;
	point_read(&point, variables);
	ck_assert_msg(evaluate(&point, text) == OK, "%s: %s at %zu", text, point.error.text, point.error.position);
	ck_assert_msg(golden_close(&point.value, &wanted, 1, tolerance), "%s is %.17g, not %.17g", text, point.value,
		      wanted);
	size_t at = 0;
	for (size_t i = 0; i < point.count; i++) {
		const char *name = point.variable[i].name;
		const cJSON *stored =
			cJSON_GetObjectItem(golden_get(entry, "grad"), strcmp(name, "variance") == 0 ? "var" : name);
		size_t n = shape_size(&point.variable[i].shape);
		double *gradient = stored == NULL ? NULL : golden_array(stored, "data", NULL);
		ck_assert_msg(gradient == NULL || golden_close(point.gradient + at, gradient, n, tolerance),
			      "%s: d/d%s differs by %g", text, point.variable[i].name,
			      gradient == NULL ? 0 : golden_distance(point.gradient + at, gradient, n));
		ck_assert(stored != NULL ||
			  cJSON_HasObjectItem(cJSON_GetObjectItem(entry, "fixed"), point.variable[i].name));
		at += n;
		free(gradient);
	}
	point_free(&point);
	cJSON_Delete(variables);
	cJSON_Delete(file);
}
END_TEST

START_TEST(no_golden_loss_is_left_out)
{
	static const char *const names[] = { "losses_a", "losses_b" };
	for (size_t f = 0; f < 2; f++) {
		char path[128];
		snprintf(path, sizeof path, "golden/losses_layers/%s.json", names[f]);
		cJSON *file = golden_load(path);
		const cJSON *entry;
		cJSON_ArrayForEach(entry, golden_get(file, "cases"))
		{
			bool there = false;
			for (size_t i = 0; i < GOLDEN_LOSSES; i++) {
				there = there || strcmp(golden_losses[i].name, golden_string(entry, "name")) == 0;
			}
			ck_assert_msg(there, "%s is no expression here", golden_string(entry, "name"));
		}
		cJSON_Delete(file);
	}
}
END_TEST

/* Logits of +-800, a variance of 0, probabilities of 0 and 1: finite values and gradients, by torch's clamps where it
 * has any. */
START_TEST(losses_stay_finite_at_extremes)
{
	static const struct {
		const char *text;
		double value;
	} cases[] = {
		{ "bce(concat(0, 1, 0, 1), concat(0, 1, 1, 0))", 50 },
		{ "bce(w*0, 1) + bce(w*0 + 1, 0.25)", 100 + 75 },
		{ "bce_with_logits(w, 0, reduction=sum)", 800 },
		{ "bce_with_logits(w, concat(0, 1), 3, reduction=sum)", 800 * 1 + 3 * 800 },
		{ "soft_margin(w, concat(-1, 1), reduction=sum)", 1600 },
		{ "focal(w, concat(0, 1), reduction=sum)", 800 },
		{ "focal(w, concat(1, 0))", 0 },
		{ "log_cosh(w, 0)", 800 - 0.69314718055994530942 },
		{ "cross_entropy(w, 1) + cross_entropy(w, 0, 0.25)", 1600 + 200 },
		{ "kl(w, concat(0, 1))", 1600 },
		{ "gaussian_nll(w, 799, 0, eps=2)", (0.69314718055994530942 + (1 + 1599.0 * 1599) / 4) / 2 },
		{ "gaussian(3, w, 3, 0.25, reduction=sum)", 400 + -0.69314718055994530942 },
		{ "kl_div(w, concat(0, 1))", 400 },
		{ "nll(w, 1)", 800 },
		{ "poisson(-w, 2, log_input=0, eps=801, reduction=sum)", -2 * 7.37838371299671 },
		{ "cosine(w*0, w)", 1 },
		{ "contrastive(w, w, 0) + contrastive(w, w, 1)", 0.5 },
		{ "triplet_margin(w, w, w)", 1 },
		{ "multi_margin(w, 0) + multi_margin(w, 1, p=2)", 1601.0 * 1601 / 2 },
		{ "hinge_embedding(w, -1) + margin_ranking(w, -w, 1)", 400.5 + 800 },
		{ "info_nce(E*0, E)", 0.69314718055994530942 },
	};
	cJSON *variables = cJSON_Parse("{\"w\": [800, -800], \"E\": [[1, 0], [0, 1]]}");
	struct point point;
	point_read(&point, variables);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ck_assert_msg(evaluate(&point, cases[i].text) == OK, "%s: %s at %zu", cases[i].text, point.error.text,
			      point.error.position);
		ck_assert_msg(fabs(point.value - cases[i].value) <= 1e-12 * fmax(1, fabs(cases[i].value)),
			      "%s is %.17g, not %.17g", cases[i].text, point.value, cases[i].value);
		for (size_t k = 0; k < point.size; k++) {
			ck_assert_msg(isfinite(point.gradient[k]), "%s: gradient[%zu] is %g", cases[i].text, k,
				      point.gradient[k]);
		}
	}
	point_free(&point);
	cJSON_Delete(variables);
}
END_TEST

/* torch refuses these, or reads beyond its memory: here the value and the slope say that something is wrong. */
START_TEST(classes_that_are_none_are_not_a_number)
{
	static const char *const texts[] = { "cross_entropy(E, concat(0.5, 1))", "nll(E, concat(1, 2))",
					     "cross_entropy(E, concat(0, -1))", "cross_entropy(E, concat(1, 1.0001))" };
	cJSON *variables = cJSON_Parse("{\"E\": [[1, 0], [0, 1]]}");
	struct point point;
	point_read(&point, variables);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		ck_assert_msg(evaluate(&point, texts[i]) == OK, "%s: %s", texts[i], point.error.text);
		bool told = false;
		for (size_t k = 0; k < point.size; k++) {
			told = told || isnan(point.gradient[k]);
		}
		ck_assert_msg(isnan(point.value) && told, "%s is %g", texts[i], point.value);
	}
	ck_assert_int_eq(evaluate(&point, "nll(E, concat(1, -0.0), reduction=sum)"), OK);
	ck_assert_double_eq(point.value, 0);
	point_free(&point);
	cJSON_Delete(variables);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/expression_losses");
	TCase *tests = tcase_create("all");
	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, every_golden_loss_has_its_value_and_gradient_as_an_expression, 0, GOLDEN_LOSSES);
	tcase_add_test(tests, no_golden_loss_is_left_out);
	tcase_add_test(tests, losses_stay_finite_at_extremes);
	tcase_add_test(tests, classes_that_are_none_are_not_a_number);
	return suite_run(suite);
}
