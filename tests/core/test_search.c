/* The line searches, on functions that are unkind to them. */
#include <math.h>

#include "core/search/line.h"
#include "tests/support/suite.h"

/* Functions of one number for the searches: value and slope at t = x, from x = 0 along +1. */
struct curve {
	const char *name;
	double (*value)(double t, double *slope);
	double minimum;
};

static double shallow(double t, double *slope) /* a valley far away */
{
	*slope = 2e-6 * (t - 1000);
	return 1e-6 * (t - 1000) * (t - 1000);
}

static double steep(double t, double *slope) /* a valley very near */
{
	*slope = 2e9 * (t - 1e-6);
	return 1e9 * (t - 1e-6) * (t - 1e-6);
}

static double wall(double t, double *slope) /* nothing beyond t = 0.3: t - log(0.3 - t) has its minimum before */
{
	*slope = -2.385 + 1 / (0.5 - t);
	return t < 0.5 ? -2.385 * t - log(0.5 - t) : (double)NAN;
}

static double wavy(double t, double *slope)
{
	*slope = 0.2 * (t - 3) - 2.385 * cos(7 * t);
	return 0.1 * (t - 3) * (t - 3) - 2.385 / 7 * sin(7 * t) - 10;
}

static double more_thuente(double t, double *slope) /* More and Thuente 1994, equation 5.1, beta = 2 */
{
	*slope = (t * t - 2) / ((t * t + 2) * (t * t + 2));
	return -t / (t * t + 2);
}

static const struct curve curves[] = { { "shallow", shallow, 1000 },
				       { "steep", steep, 1e-6 },
				       { "wall", wall, 0.5 - 1 / 2.385 },
				       { "wavy", wavy, NAN },
				       { "more_thuente", more_thuente, 1.4142135623730951 } };
enum { CURVES = sizeof curves / sizeof curves[0] };

static const struct curve *current;
static unsigned calls;

static enum status curve_evaluate(struct iteration *iteration, const void *point, double *f, void *gradient)
{
	double slope;
	const double value = current->value(*(const double *)point, &slope);
	(void)iteration;
	calls++;
	if (f != NULL) {
		*f = value;
	}
	if (gradient != NULL) {
		*(double *)gradient = isnan(value) ? (double)NAN : slope;
	}
	return OK;
}

struct bench {
	struct iteration iteration;
	struct line line;
	double x, direction, point, gradient[2];
};

static void bench(struct bench *bench, const struct curve *curve)
{
	static const struct iteration_calls functions = { .evaluate = curve_evaluate };
	double slope;
	current = curve;
	calls = 0;
	*bench = (struct bench){ .direction = 1 };
	bench->iteration = (struct iteration){
		.dtype = DTYPE_FLOAT64, .n = 1, .x = &bench->x, .f = curve->value(0, &slope), .call = &functions
	};
	bench->line = (struct line){ .iteration = &bench->iteration,
				     .direction = &bench->direction,
				     .slope = slope,
				     .point = &bench->point,
				     .gradient = { &bench->gradient[0], &bench->gradient[1] } };
}

START_TEST(a_strong_wolfe_search_meets_both_conditions_from_any_first_step)
{
	static const double firsts[] = { 1e-6, 0.01, 1, 100, 1e6 }, c2s[] = { 0.9, 0.1, 0.001 };
	for (size_t c = 0; c < CURVES; c++) {
		for (size_t i = 0; i < 15; i++) {
			struct bench b;
			struct place found;
			unsigned trials;
			bench(&b, &curves[c]);
			const struct wolfe wolfe = {
				.c1 = 1e-4, .c2 = c2s[i % 3], .first = firsts[i / 3], .trials = 60
			};
			ck_assert_int_eq(search_wolfe(&b.line, &wolfe, &found, &trials), OK);
			ck_assert_uint_eq(trials, calls);
			ck_assert_msg(found.t > 0 && found.f <= b.iteration.f + 1e-4 * found.t * b.line.slope &&
					      fabs(found.slope) <= -wolfe.c2 * b.line.slope,
				      "%s from %g, c2 %g: t %g f %g slope %g", curves[c].name, wolfe.first, wolfe.c2,
				      found.t, found.f, found.slope);
			ck_assert_double_eq(*(double *)found.gradient, found.slope);
		}
	}
}
END_TEST

START_TEST(an_exact_search_finds_the_minimum_to_rounding)
{
	static const double firsts[] = { 1e-6, 0.01, 1, 100, 1e6 };
	for (size_t c = 0; c < CURVES; c++) {
		for (size_t i = 0; i < 5; i++) {
			struct bench b;
			struct place found;
			bench(&b, &curves[c]);
			ck_assert_int_eq(search_exact(&b.line, firsts[i], &found), OK);
			ck_assert_msg(found.f < b.iteration.f, "%s from %g: f %g", curves[c].name, firsts[i], found.f);
			ck_assert_uint_le(calls, 60);
			if (isnan(curves[c].minimum)) {
				double slope;
				curves[c].value(found.t, &slope);
				ck_assert_double_le(fabs(slope), 1e-9 * fabs(b.line.slope));
			} else {
				ck_assert_msg(fabs(found.t / curves[c].minimum - 1) < 1e-9, "%s from %g: t %.17g",
					      curves[c].name, firsts[i], found.t);
			}
		}
	}
}
END_TEST

START_TEST(backtracking_comes_back_from_where_there_is_nothing)
{
	struct bench b;
	struct place found;
	bench(&b, &curves[2]);
	ck_assert_int_eq(search_backtrack(&b.line, 385, 0.5, 1e-4, &found), OK);
	ck_assert(found.t > 0 && found.t < 0.5);
	ck_assert_double_le(found.f, b.iteration.f + 1e-4 * found.t * b.line.slope);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("search");
	TCase *searches = tcase_create("searches");
	tcase_add_test(searches, a_strong_wolfe_search_meets_both_conditions_from_any_first_step);
	tcase_add_test(searches, an_exact_search_finds_the_minimum_to_rounding);
	tcase_add_test(searches, backtracking_comes_back_from_where_there_is_nothing);
	suite_add_tcase(suite, searches);
	return suite_run(suite);
}
