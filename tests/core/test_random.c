/* The counter-based generator: published vectors, ranges, moments, and that a permutation is one, evenly drawn. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/random.h"
#include "tests/support/suite.h"

START_TEST(philox_gives_the_published_words)
{
	/* Random123, tests/kat_vectors: philox4x32 10 rounds. */
	static const uint32_t zeros[4] = { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 };
	static const uint32_t ones[4] = { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd };
	uint32_t word[4];
	random_block(0, (enum random_purpose)0, 0, 0, word);
	ck_assert_mem_eq(word, zeros, sizeof word);
	random_block(UINT64_MAX, (enum random_purpose)0, UINT64_MAX, UINT64_MAX, word);
	ck_assert_mem_eq(word, ones, sizeof word);
	/* counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0 */
	static const uint32_t pi[4] = { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 };
	random_block(0x299f31d0a4093822, (enum random_purpose)0, 0x85a308d3243f6a88, 0x0370734413198a2e, word);
	ck_assert_mem_eq(word, pi, sizeof word);
}
END_TEST

START_TEST(every_part_of_the_counter_counts)
{
	uint32_t first[4], other[4];
	random_block(2385, RANDOM_SHUFFLE, 3, 5, first);
	random_block(2385, RANDOM_SHUFFLE, 3, 5, other);
	ck_assert_mem_eq(first, other, sizeof first);
	random_block(2386, RANDOM_SHUFFLE, 3, 5, other);
	ck_assert_mem_ne(first, other, sizeof first);
	random_block(2385, RANDOM_SPLIT, 3, 5, other);
	ck_assert_mem_ne(first, other, sizeof first);
	random_block(2385, RANDOM_SHUFFLE, 4, 5, other);
	ck_assert_mem_ne(first, other, sizeof first);
	random_block(2385, RANDOM_SHUFFLE, 3, 6, other);
	ck_assert_mem_ne(first, other, sizeof first);
	random_block(2385, RANDOM_SHUFFLE, 3, 5 + (1ull << 40), other);
	ck_assert_mem_ne(first, other, sizeof first);
}
END_TEST

enum { DRAWS = 200000 };

START_TEST(uniform_numbers_lie_in_the_unit_interval_with_its_moments)
{
	double sum = 0.0, squares = 0.0;
	for (uint64_t i = 0; i < DRAWS; i++) {
		double u = random_uniform(7, RANDOM_SAMPLE, 2, i);
		ck_assert(u >= 0.0 && u < 1.0);
		sum += u;
		squares += u * u;
	}
	/* Five standard errors: sqrt(1/12/DRAWS), and sqrt(4/45/DRAWS) for the squares. */
	ck_assert_double_lt(fabs(sum / DRAWS - 0.5), 5 * sqrt(1.0 / 12 / DRAWS));
	ck_assert_double_lt(fabs(squares / DRAWS - 1.0 / 3), 5 * sqrt(4.0 / 45 / DRAWS));
}
END_TEST

START_TEST(normal_numbers_have_the_moments_of_a_standard_normal)
{
	double sum[5] = { 0 };
	for (uint64_t i = 0; i < DRAWS; i++) {
		double x = random_normal(7, RANDOM_INIT, 0, i), power = 1.0;
		ck_assert(isfinite(x));
		for (size_t p = 1; p < 5; p++) {
			power *= x;
			sum[p] += power / DRAWS;
		}
	}
	/* Five standard errors of moments 1 to 4: variances 1, 2, 15, 96. */
	ck_assert_double_lt(fabs(sum[1]), 5 * sqrt(1.0 / DRAWS));
	ck_assert_double_lt(fabs(sum[2] - 1), 5 * sqrt(2.0 / DRAWS));
	ck_assert_double_lt(fabs(sum[3]), 5 * sqrt(15.0 / DRAWS));
	ck_assert_double_lt(fabs(sum[4] - 3), 5 * sqrt(96.0 / DRAWS));
}
END_TEST

START_TEST(a_shuffle_is_a_permutation_that_can_be_made_again)
{
	enum { COUNT = 1000 };
	uint32_t order[COUNT], again[COUNT], other[COUNT];
	bool seen[COUNT] = { false };
	for (uint32_t i = 0; i < COUNT; i++) {
		order[i] = again[i] = other[i] = i;
	}
	random_shuffle(11, RANDOM_SHUFFLE, 4, order, COUNT);
	random_shuffle(11, RANDOM_SHUFFLE, 4, again, COUNT);
	random_shuffle(11, RANDOM_SHUFFLE, 5, other, COUNT);
	ck_assert_mem_eq(order, again, sizeof order);
	ck_assert_mem_ne(order, other, sizeof order);
	for (uint32_t i = 0; i < COUNT; i++) {
		ck_assert_uint_lt(order[i], COUNT);
		ck_assert(!seen[order[i]]);
		seen[order[i]] = true;
	}
}
END_TEST

START_TEST(all_orders_of_four_are_equally_likely)
{
	enum { ORDERS = 24, EACH = 2000 };
	static unsigned count[4 * 4 * 4 * 4];
	for (uint64_t epoch = 0; epoch < ORDERS * EACH; epoch++) {
		uint32_t order[4] = { 0, 1, 2, 3 };
		random_shuffle(3, RANDOM_SHUFFLE, epoch, order, 4);
		count[order[0] * 64 + order[1] * 16 + order[2] * 4 + order[3]]++;
	}
	double chi_squared = 0.0;
	unsigned orders = 0;
	for (size_t i = 0; i < sizeof count / sizeof count[0]; i++) {
		if (count[i] > 0) {
			orders++;
			chi_squared += ((double)count[i] - EACH) * ((double)count[i] - EACH) / EACH;
		}
	}
	ck_assert_uint_eq(orders, ORDERS);
	ck_assert_double_lt(chi_squared, 49.7); /* 23 degrees of freedom, one in a thousand */
}
END_TEST

START_TEST(a_shuffle_of_none_or_one_changes_nothing)
{
	uint32_t one = 2385;
	random_shuffle(1, RANDOM_SHUFFLE, 0, NULL, 0);
	random_shuffle(1, RANDOM_SHUFFLE, 0, &one, 1);
	ck_assert_uint_eq(one, 2385);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/base/random");
	TCase *cases = tcase_create("random");
	tcase_add_test(cases, philox_gives_the_published_words);
	tcase_add_test(cases, every_part_of_the_counter_counts);
	tcase_add_test(cases, uniform_numbers_lie_in_the_unit_interval_with_its_moments);
	tcase_add_test(cases, normal_numbers_have_the_moments_of_a_standard_normal);
	tcase_add_test(cases, a_shuffle_is_a_permutation_that_can_be_made_again);
	tcase_add_test(cases, all_orders_of_four_are_equally_likely);
	tcase_add_test(cases, a_shuffle_of_none_or_one_changes_nothing);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
