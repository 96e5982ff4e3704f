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
					     "cross_entropy(E, concat(0, -1))", "cross_entropy(E, concat(1, 1.0001))",
					     "nll(E, concat(log(-1), 0))" };
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

/* Where a loss is cut off, or its setting is at its end: torch 1.13's values and gradients by p, by M of what is of M.
 */
START_TEST(losses_have_the_slopes_of_torch_at_their_limits)
{
	static const struct {
		const char *text;
		double value, gradient[4];
	} cases[] = {
		{ "bce(p, concat(1, 0, 0, 1), reduction=sum)", 200, { -1e12, 1e12, 0, 0 } },
		{ "bce(p/4 + 0.3, concat(1, 0, 0, 1), 2.385)",
		  1.7631067454731937,
		  { -0.496875, 0.33125, 0.21294642857142856, -0.27102272727272725 } },
		{ "gaussian_nll(1, concat(1.3, 2.5, 1, 0.9), p/4, eps=0.3, reduction=sum)",
		  1.5087210580147947,
		  { 0.29166666666666663, -2.7083333333333335, 0.4166666666666667, 0.4027777777777778 } },
		{ "smooth_l1(p - 0.3, 0, beta=0)", 0.5, { -0.25, 0.25, -0.25, 0.25 } },
		{ "nll(M - 3, concat(-100, 1))", 2, { 0, 0, 0, -1 } },
		{ "cross_entropy(M*2, concat(-100, 0), 0.1)",
		  2.0269280110429726,
		  { 0, 0, -1.661594155955765, 1.6615941559557645 } },
		{ "cross_entropy(M*2, where(p[0:2] > 0, 0, -100), 0.1, concat(0.3, 2.385))",
		  2.0710354948804057,
		  { 0, 0, -1.5787481251503932, 1.5787481251503928 } },
	};
	cJSON *variables = cJSON_Parse("{\"p\": [0, 1, 0, 1], \"M\": [[0, 1], [0, 1]]}");
	struct point point;
	point_read(&point, variables);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const size_t from = strchr(cases[i].text, 'M') != NULL ? 4 : 0;
		ck_assert_msg(evaluate(&point, cases[i].text) == OK, "%s: %s", cases[i].text, point.error.text);
		ck_assert_msg(golden_close(&point.value, &cases[i].value, 1, 1e-14), "%s is %.17g", cases[i].text,
			      point.value);
		ck_assert_msg(golden_close(point.gradient + from, cases[i].gradient, 4, 1e-14), "%s: %.17g, %.17g",
			      cases[i].text, point.gradient[from], point.gradient[from + 1]);
	}
	point_free(&point);
	cJSON_Delete(variables);
}
END_TEST

START_TEST(thresholds_below_zero_are_refused)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
		{ "huber(w, 0)", "delta of huber is 0, and must be above 0" },
		{ "huber(w, 1, delta=-2.385)", "delta of huber is -2.385, and must be above 0" },
		{ "smooth_l1(w, 1, -1)", "beta of smooth_l1 is -1, and must be at least 0" },
	};
	cJSON *variables = cJSON_Parse("{\"w\": 0.3, \"d\": -1}");
	struct point point;
	point_read(&point, variables);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ck_assert_int_eq(evaluate(&point, cases[i].text), E_INVALID);
		ck_assert_str_eq(point.error.text, cases[i].sentence);
	}
	ck_assert_int_eq(evaluate(&point, "huber(w, delta=d)"), OK); /* as in scipy.special */
	ck_assert_double_eq(point.value, (double)INFINITY);
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
	tcase_add_test(tests, losses_have_the_slopes_of_torch_at_their_limits);
	tcase_add_test(tests, thresholds_below_zero_are_refused);
	return suite_run(suite);
}
