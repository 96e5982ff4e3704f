/* Look-ups in a table of settings, its defaults, and the nearest name to a mistyped one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/setting.h"
#include "tests/support/suite.h"

static const char *const colours[] = { "red", "green", "blue", NULL };
static const double steps[] = { 2.385, -7.5 };
static const struct setting table[] = {
	{ .name = "rate", .kind = SETTING_REAL, .preset = 2.385 },
	{ .name = "limit", .kind = SETTING_REAL, .nullable = true, .preset = NAN },
	{ .name = "quick", .kind = SETTING_BOOL, .preset = 1.0 },
	{ .name = "colour", .kind = SETTING_CHOICE, .preset = 1.0, .choices = colours },
	{ .name = "steps", .kind = SETTING_VECTOR, .length = 2, .preset_values = steps },
	{ .name = "start", .kind = SETTING_VECTOR },
	{ .name = "A", .kind = SETTING_MATRIX, .required = true },
};
enum { COUNT = sizeof table / sizeof table[0] };

START_TEST(defaults_stand_where_a_job_said_nothing)
{
	struct setting_value value[COUNT];
	struct settings settings = { table, COUNT, value };
	memset(value, 0xff, sizeof value);
	settings_defaults(table, COUNT, value);
	ck_assert(settings_number(&settings, "rate") == 2.385);
	ck_assert(isnan(settings_number(&settings, "limit")));
	ck_assert(settings_bool(&settings, "quick"));
	ck_assert_str_eq(settings_choice(&settings, "colour"), "green");
	ck_assert_ptr_eq(settings_get(&settings, "steps")->values, steps);
	ck_assert_uint_eq(settings_get(&settings, "steps")->rows, 2);
	ck_assert_uint_eq(settings_get(&settings, "steps")->columns, 1);
	ck_assert_ptr_null(settings_get(&settings, "start")->values);
	ck_assert_uint_eq(settings_get(&settings, "start")->rows, 0);
	ck_assert_uint_eq(settings_get(&settings, "A")->rows, 0);
	for (size_t i = 0; i < COUNT; i++) {
		ck_assert(!value[i].given);
	}
}
END_TEST

START_TEST(what_a_job_chose_is_found_by_name)
{
	struct setting_value value[COUNT];
	struct settings settings = { table, COUNT, value };
	settings_defaults(table, COUNT, value);
	value[0].number = -0.125;
	value[2].number = 0.0;
	value[3].number = 2.0;
	ck_assert(settings_number(&settings, "rate") == -0.125);
	ck_assert(!settings_bool(&settings, "quick"));
	ck_assert_str_eq(settings_choice(&settings, "colour"), "blue");
}
END_TEST

static const char *const names[] = { "sgd", "heavy_ball", "nesterov", "adam", "rosenbrock", NULL };
enum { NAMES = sizeof names / sizeof names[0] - 1 };

START_TEST(a_mistyped_word_finds_its_nearest_name)
{
	ck_assert_str_eq(nearest_name("adam", names, NAMES), "adam");
	ck_assert_str_eq(nearest_name("adma", names, NAMES), "adam");
	ck_assert_str_eq(nearest_name("Adam", names, NAMES), "adam");
	ck_assert_str_eq(nearest_name("adamw", names, NAMES), "adam");
	ck_assert_str_eq(nearest_name("nestrov", names, NAMES), "nesterov");
	ck_assert_str_eq(nearest_name("heavyball", names, NAMES), "heavy_ball");
	ck_assert_str_eq(nearest_name("rosen_brok", names, NAMES), "rosenbrock");
	ck_assert_str_eq(nearest_name("", names, NAMES) == NULL ? "none" : "some", "none");
}
END_TEST

START_TEST(a_word_far_from_all_names_finds_none)
{
	char word[400];
	ck_assert_ptr_null(nearest_name("levenberg_marquardt", names, NAMES));
	ck_assert_ptr_null(nearest_name("xyzzy", names, NAMES));
	ck_assert_ptr_null(nearest_name("adam", names, 0));
	static const char *const columns[] = { "a", "b", "Length", NULL };
	ck_assert_ptr_null(nearest_name("z", columns, 3)); /* nothing of it stays */
	ck_assert_str_eq(nearest_name("B", columns, 3), "b");
	ck_assert_str_eq(nearest_name("LENGTH", columns, 3), "Length");
	memset(word, 'a', sizeof word - 1);
	word[sizeof word - 1] = '\0';
	ck_assert_ptr_null(nearest_name(word, names, NAMES));
}
END_TEST

START_TEST(distance_counts_a_swap_as_one_and_grows_with_the_word)
{
	/* Length 4: at most 3 edits; of two equally near the first wins. */
	static const char *const pair[] = { "abxx", "abyy", NULL };
	static const char *const swapped[] = { "bdac", NULL };
	ck_assert_ptr_eq(nearest_name("abzz", pair, 2), pair[0]);
	ck_assert_ptr_eq(nearest_name("bacd", swapped, 1), swapped[0]);
	ck_assert_ptr_null(nearest_name("qrst", swapped, 1));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/base/setting");
	TCase *cases = tcase_create("setting");
	tcase_add_test(cases, defaults_stand_where_a_job_said_nothing);
	tcase_add_test(cases, what_a_job_chose_is_found_by_name);
	tcase_add_test(cases, a_mistyped_word_finds_its_nearest_name);
	tcase_add_test(cases, a_word_far_from_all_names_finds_none);
	tcase_add_test(cases, distance_counts_a_swap_as_one_and_grows_with_the_word);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
