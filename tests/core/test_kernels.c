/*
 * Every kernel of every instruction set that this processor has: against plain loops in long double, and bit for bit
 * against the baseline. The shapes straddle all widths of vectors and tiles. One text for both precisions
 * (kernels.inc.c).
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/kernels/kernels.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

static const char *const sets[] = { "baseline", "avx2", "avx512" };
enum { SETS = sizeof sets / sizeof sets[0], ROOM = 20000 };

/* The kernels of set i, or NULL where the processor lacks it. */
static const struct kernels *set_at(int i)
{
	return kernels_select(sets[i]) ? kernels_active() : NULL;
}

/* Odd numbers in [-scale, scale), the same for the same seed. */
static double draw(uint32_t *seed, double scale)
{
	*seed = *seed * 1664525u + 1013904223u;
	return scale * ((double)*seed / 0x1p31 - 1.0 + 2.385e-9);
}

static const size_t row_counts[] = { 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 33, 150 };
static const size_t column_counts[] = { 1,  2,  3,  4,  5,  7,  8,  9,  12, 13, 15, 16,
					17, 24, 30, 31, 32, 33, 48, 63, 64, 65, 100 };
static const size_t lengths[] = { 0, 1, 3, 7, 8, 9, 16, 31, 33, 64, 100, 511, 512, 513, 1500 };
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define REAL_IS_FLOAT 1
#define REAL_EPSILON  FLT_EPSILON
#include "tests/core/kernels.inc.c"
#undef REAL_EPSILON
#define REAL_IS_FLOAT 0
#define REAL_EPSILON  DBL_EPSILON
#include "tests/core/kernels.inc.c"
#undef REAL_EPSILON

START_TEST(a_set_is_found_by_name_and_an_unknown_one_refused)
{
	ck_assert(!kernels_select("sse9"));
	ck_assert(kernels_select("baseline"));
	ck_assert_str_eq(kernels_active()->isa, "baseline");
	ck_assert_uint_eq(kernels_isa_index(), 0);
	ck_assert(!kernels_select("sse9"));
	ck_assert_str_eq(kernels_active()->isa, "baseline");
	ck_assert(kernels_select(NULL));
	ck_assert_str_eq(kernels_active()->isa, sets[kernels_isa_index()]);
}
END_TEST

/* The losses of golden/losses_layers that are kernels; the file's own tolerance. */
static const cJSON *case_named(const cJSON *file, const char *name)
{
	const cJSON *item;
	cJSON_ArrayForEach(item, golden_get(file, "cases"))
	{
		if (strcmp(golden_string(item, "name"), name) == 0) {
			return item;
		}
	}
	ck_abort_msg("no golden case %s", name);
	return NULL;
}

START_TEST(bce_agrees_with_the_golden_cases)
{
	static const char *const names[] = { "bce_with_logits_sum", "bce_with_logits_extreme" };
	const struct kernels *kernels = set_at(_i);
	if (kernels == NULL) {
		return;
	}
	cJSON *file = golden_load("golden/losses_layers/losses_a.json");
	double tolerance = golden_number(file, "tolerance");
	for (size_t i = 0; i < COUNT(names); i++) {
		const cJSON *item = case_named(file, names[i]);
		size_t n, values;
		double d[64], sum = 0.0;
		double *z = golden_array(golden_get(item, "inputs"), "input", &n);
		double *y = golden_array(golden_get(item, "fixed"), "target", NULL);
		double *value = golden_array(item, "value", &values);
		double *grad = golden_array(golden_get(item, "grad"), "input", NULL);
		for (size_t j = 0; j < values; j++) {
			sum += value[j];
		}
		double got = kernels->bce_logits_f64(n, z, y, 1.0, d, true);
		ck_assert_msg(golden_close(&got, &sum, 1, tolerance), "%s: %.17g, not %.17g", names[i], got, sum);
		ck_assert_msg(golden_close(d, grad, n, tolerance), "%s: gradient", names[i]);
		for (size_t j = 0; j < n && values == n; j++) {
			got = kernels->bce_logits_f64(1, z + j, y + j, 1.0, NULL, true);
			ck_assert_msg(golden_close(&got, value + j, 1, tolerance), "%s at %zu", names[i], j);
		}
		free(z);
		free(y);
		free(value);
		free(grad);
	}
	cJSON_Delete(file);
}
END_TEST

START_TEST(cross_entropy_agrees_with_the_golden_case)
{
	const struct kernels *kernels = set_at(_i);
	if (kernels == NULL) {
		return;
	}
	cJSON *file = golden_load("golden/losses_layers/losses_b.json");
	const cJSON *item = case_named(file, "cross_entropy_sum");
	double tolerance = golden_number(file, "tolerance"), d[256];
	int32_t label[64];
	size_t n, rows;
	double *z = golden_array(golden_get(item, "inputs"), "input", &n);
	double *y = golden_array(golden_get(item, "fixed"), "target", &rows);
	double *grad = golden_array(golden_get(item, "grad"), "input", NULL);
	for (size_t r = 0; r < rows; r++) {
		label[r] = (int32_t)y[r];
	}
	double got = kernels->softmax_xent_f64(rows, n / rows, z, label, 1.0, d, true);
	double value = golden_number(item, "value");
	ck_assert_msg(golden_close(&got, &value, 1, tolerance), "%.17g, not %.17g", got, value);
	ck_assert(golden_close(d, grad, n, tolerance));
	free(z);
	free(y);
	free(grad);
	cJSON_Delete(file);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/kernels");
	TCase *cases = tcase_create("kernels");
	tcase_set_timeout(cases, 60);
	tcase_add_test(cases, a_set_is_found_by_name_and_an_unknown_one_refused);
	add_cases_f32(cases);
	add_cases_f64(cases);
	tcase_add_loop_test(cases, bce_agrees_with_the_golden_cases, 0, SETS);
	tcase_add_loop_test(cases, cross_entropy_agrees_with_the_golden_case, 0, SETS);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
