/* Where to look at an objective of two parameters: ranges of paths of all kinds. */
#include <math.h>

#include "core/objective/surface.h"
#include "tests/support/suite.h"

static void expect_range(const struct surface_range *range, double low, double high)
{
	const double tolerance = 1e-12 * fmax(1, fmax(fabs(low), fabs(high)));
	ck_assert_double_eq_tol(range->low, low, tolerance);
	ck_assert_double_eq_tol(range->high, high, tolerance);
}

START_TEST(a_range_is_the_paths_and_a_quarter_more_on_either_side)
{
	const double points[] = { -1, 2.385, 3, 0.385, 1, 1 };
	struct surface_range range[2];
	surface_ranges(points, 3, range);
	expect_range(&range[0], -2, 4);
	expect_range(&range[1], -0.115, 2.885);
}
END_TEST

START_TEST(a_coordinate_that_stays_gets_the_width_of_the_other)
{
	const double points[] = { 2.385, 1, 2.385, 5 };
	struct surface_range range[2];
	surface_ranges(points, 2, range);
	expect_range(&range[0], 2.385 - 3, 2.385 + 3);
	expect_range(&range[1], 0, 6);
	surface_ranges(points, 1, range);
	expect_range(&range[0], 2.385 - 1.5, 2.385 + 1.5);
	surface_ranges(points, 0, range);
	expect_range(&range[0], -1.5, 1.5);
}
END_TEST

START_TEST(points_that_flew_away_are_left_out_and_no_range_is_empty)
{
	const double points[] = { 1, 2, 3, 4, 1e200, 5, 2, NAN, INFINITY, 3 };
	struct surface_range range[2];
	surface_ranges(points, 5, range);
	expect_range(&range[0], 0.5, 3.5);
	expect_range(&range[1], 1.5, 4.5);
	const double far[] = { 1e30, -1e30, 1e30, -1e30 };
	surface_ranges(far, 2, range);
	ck_assert_double_lt((float)range[0].low, (float)range[0].high);
	ck_assert_double_lt((float)range[1].low, (float)range[1].high);
}
END_TEST

START_TEST(an_axis_has_both_ends_and_numbers_of_its_precision)
{
	const struct surface_range range = { -0.1, 2.385 };
	double at[101];
	surface_axis(&range, 101, DTYPE_FLOAT64, at);
	ck_assert_double_eq(at[0], -0.1);
	ck_assert_double_eq(at[100], 2.385);
	ck_assert_double_eq_tol(at[50], 1.1425, 1e-15);
	surface_axis(&range, 101, DTYPE_FLOAT32, at);
	for (size_t i = 0; i < 101; i++) {
		ck_assert_double_eq(at[i], (double)(float)at[i]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("surface");
	TCase *tcase = tcase_create("surface");
	tcase_add_test(tcase, a_range_is_the_paths_and_a_quarter_more_on_either_side);
	tcase_add_test(tcase, a_coordinate_that_stays_gets_the_width_of_the_other);
	tcase_add_test(tcase, points_that_flew_away_are_left_out_and_no_range_is_empty);
	tcase_add_test(tcase, an_axis_has_both_ends_and_numbers_of_its_precision);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
