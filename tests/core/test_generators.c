/* Generators of data: the same bits from the same seed, shapes, and that rows are what the settings say. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/data/generator.h"
#include "tests/support/suite.h"

/* A generator and all of its rows. */
struct drawn {
	struct generator *generator;
	size_t rows, columns;
	double *cell; /* [rows, columns] */
};

static struct settings chosen(const struct generator_type *type, struct setting_value *value, const char *names,
			      va_list numbers)
{
	char copy[200], *rest = NULL;
	settings_defaults(type->settings, type->setting_count, value);
	strcpy(copy, names);
	for (char *name = strtok_r(copy, " ", &rest); name != NULL; name = strtok_r(NULL, " ", &rest)) {
		size_t i = 0;
		while (i < type->setting_count && strcmp(type->settings[i].name, name) != 0) {
			i++;
		}
		ck_assert_msg(i < type->setting_count, "%s has no %s", type->name, name);
		value[i].number = va_arg(numbers, double);
		value[i].given = true;
	}
	return (struct settings){ type->settings, type->setting_count, value };
}

/* draw("moons", "rows noise", 100.0, 0.1): settings by name, each a double. */
static struct drawn draw(const char *type_name, const char *names, ...)
{
	const struct generator_type *type = generator_find(type_name);
	struct setting_value value[GENERATOR_SETTINGS];
	struct drawn drawn;
	va_list numbers;
	va_start(numbers, names);
	const struct settings settings = chosen(type, value, names, numbers);
	va_end(numbers);
	ck_assert_int_eq(generator_create(type, &settings, &drawn.generator, NULL), OK);
	drawn.rows = drawn.generator->shape.rows;
	drawn.columns = generator_columns(drawn.generator);
	drawn.cell = calloc(drawn.rows * drawn.columns, sizeof *drawn.cell);
	generator_fill(drawn.generator, 0, drawn.rows, drawn.cell);
	return drawn;
}

static void drop(struct drawn *drawn)
{
	generator_destroy(drawn->generator);
	free(drawn->cell);
}

/* The setting that generator_check faults, NULL when it passes. */
static const char *fault(const char *type_name, const char *names, ...)
{
	const struct generator_type *type = generator_find(type_name);
	struct setting_value value[GENERATOR_SETTINGS];
	struct generator_shape shape;
	struct error error;
	const char *setting;
	va_list numbers;
	va_start(numbers, names);
	const struct settings settings = chosen(type, value, names, numbers);
	va_end(numbers);
	enum status status = generator_check(type, &settings, &shape, &setting, &error);
	ck_assert(status == OK || (status == E_INVALID && strlen(error.text) > 10));
	return status == OK ? NULL : setting;
}

static bool same(const struct drawn *a, const struct drawn *b)
{
	return a->rows == b->rows && a->columns == b->columns &&
	       memcmp(a->cell, b->cell, a->rows * a->columns * sizeof *a->cell) == 0;
}

START_TEST(the_same_seed_gives_the_same_bits_and_another_seed_others)
{
	for (size_t k = 0; k < generator_type_count; k++) {
		const char *name = generator_types[k]->name;
		struct drawn a = draw(name, "rows noise seed", 101.0, 0.2385, 7.0),
			     b = draw(name, "rows noise seed", 101.0, 0.2385, 7.0),
			     c = draw(name, "rows noise seed", 101.0, 0.2385, 8.0);
		ck_assert_msg(same(&a, &b), "%s", name);
		ck_assert_msg(!same(&a, &c), "%s", name);
		for (size_t i = 0; i < a.rows * a.columns; i++) {
			ck_assert(isfinite(a.cell[i]));
		}
		drop(&a), drop(&b), drop(&c);
	}
}
END_TEST

START_TEST(rows_made_in_pieces_are_those_made_at_once)
{
	for (size_t k = 0; k < generator_type_count; k++) {
		struct drawn a = draw(generator_types[k]->name, "rows noise seed", 57.0, 0.3, 2385.0);
		double *again = calloc(a.rows * a.columns, sizeof *again);
		for (size_t end = a.rows; end > 0; end -= end < 13 ? end : 13) {
			size_t begin = end < 13 ? 0 : end - 13;
			generator_fill(a.generator, begin, end, again + begin * a.columns);
		}
		ck_assert_msg(memcmp(again, a.cell, a.rows * a.columns * sizeof *again) == 0, "%s",
			      generator_types[k]->name);
		free(again);
		drop(&a);
	}
}
END_TEST

static int row_order(const void *a, const void *b)
{
	return memcmp(a, b, 2 * sizeof(double));
}

START_TEST(shuffling_moves_rows_and_changes_none)
{
	struct drawn a = draw("moons", "rows noise seed", 301.0, 0.1, 3.0),
		     b = draw("moons", "rows noise seed shuffle", 301.0, 0.1, 3.0, 0.0);
	ck_assert(!same(&a, &b));
	qsort(a.cell, a.rows, 3 * sizeof(double), row_order);
	qsort(b.cell, b.rows, 3 * sizeof(double), row_order);
	ck_assert(same(&a, &b));
	drop(&a), drop(&b);
}
END_TEST

START_TEST(columns_have_names_and_the_target_is_the_last)
{
	static const struct {
		const char *type, *names;
	} cases[] = {
		{ "moons", "x1 x2 y " },   { "circles", "x1 x2 y " },         { "blobs", "x1 x2 y " },
		{ "spirals", "x1 x2 y " }, { "linear", "x1 x2 x3 x4 x5 y " }, { "sine", "x y " },
		{ "ring", "x1 x2 " },      { "ratings", "x1 x2 y " },         { "interactions", "x1 x2 x3 x4 x5 y " },
	};
	for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
		struct drawn a = draw(cases[k].type, "");
		char all[100] = "", name[GENERATOR_NAME];
		ck_assert_uint_eq(a.rows, 100);
		for (size_t j = 0; j < a.columns; j++) {
			generator_column_name(a.generator, j, name);
			strcat(strcat(all, name), " ");
		}
		ck_assert_str_eq(all, cases[k].names);
		drop(&a);
	}
	struct drawn wide = draw("sparse_linear", "rows", 3.0);
	ck_assert_uint_eq(wide.columns, 101);
	drop(&wide);
}
END_TEST

/* Pulses: two of one sign, the tall one first in class 0; waves: of height 1, of mean 0 over whole waves, a square one
 * of two numbers alone. */
START_TEST(sequences_are_of_the_form_that_their_class_says)
{
	struct drawn a = draw("pulses", "rows steps", 300.0, 7.0),
		     b = draw("waves", "rows steps classes", 300.0, 40.0, 4.0);
	size_t negative = 0;
	for (size_t i = 0; i < a.rows; i++) {
		double found[8];
		size_t count = 0;
		for (size_t t = 0; t < 7; t++) {
			if (a.cell[i * 8 + t] != 0) {
				found[count++] = a.cell[i * 8 + t];
			}
		}
		ck_assert_uint_eq(count, 2);
		const bool late = a.cell[i * 8 + 7] != 0;
		ck_assert_double_eq(fabs(found[late]), 1);
		ck_assert_double_eq(found[!late], found[late] / 2);
		negative += found[0] < 0;
	}
	ck_assert(negative > 100 && negative < 200);
	for (size_t i = 0; i < b.rows; i++) {
		const double *x = b.cell + i * 41, form = x[40];
		double most = 0;
		for (size_t t = 0; t < 40; t++) {
			most = fmax(most, fabs(x[t]));
			ck_assert(form != 1 || fabs(x[t]) == 1);
		}
		ck_assert(most <= 1 && most > 0.9);
	}
	drop(&a), drop(&b);
}
END_TEST

START_TEST(classes_are_whole_numbers_as_many_as_said_and_in_balance)
{
	static const struct {
		const char *type, *setting;
		double classes;
	} cases[] = { { "moons", "rows", 2 },
		      { "circles", "rows", 2 },
		      { "blobs", "rows centers", 7 },
		      { "spirals", "rows classes", 5 } };
	for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
		struct drawn a = draw(cases[k].type, cases[k].setting, 503.0, cases[k].classes);
		size_t count[7] = { 0 }, classes = (size_t)cases[k].classes;
		ck_assert_uint_eq(a.generator->shape.classes, classes);
		for (size_t i = 0; i < a.rows; i++) {
			double y = a.cell[i * a.columns + 2];
			ck_assert(y == floor(y) && y >= 0 && y < cases[k].classes);
			count[(size_t)y]++;
		}
		for (size_t c = 0; c < classes; c++) {
			ck_assert_uint_ge(count[c], 503 / classes);
			ck_assert_uint_le(count[c], 503 / classes + 1);
		}
		drop(&a);
	}
}
END_TEST

/* How far a point lies from the pattern of its class, by the radius: moons and circles are arcs. */
static double off_pattern(const char *type, const double *row)
{
	const bool moons = strcmp(type, "moons") == 0, second = row[2] == 1;
	const double r = moons && second ? hypot(row[0] - 1, row[1] - 0.5) : hypot(row[0], row[1]);
	return r - (!moons && second ? 0.35 : 1);
}

START_TEST(moons_and_circles_lie_on_their_arcs_and_noise_has_its_size)
{
	for (size_t k = 0; k < 2; k++) {
		const char *type = k == 0 ? "moons" : "circles", *names = k == 0 ? "rows noise" : "rows noise factor";
		struct drawn exact = draw(type, names, 400.0, 0.0, 0.35),
			     noisy = draw(type, names, 40000.0, 0.02, 0.35);
		double sum = 0, squares = 0;
		for (size_t i = 0; i < exact.rows; i++) {
			const double *row = exact.cell + 3 * i;
			ck_assert_double_lt(fabs(off_pattern(type, row)), 1e-14);
			ck_assert(k == 1 || (row[2] == 1 ? row[1] <= 0.5 : row[1] >= 0));
		}
		for (size_t i = 0; i < noisy.rows; i++) {
			double off = off_pattern(type, noisy.cell + 3 * i);
			sum += off;
			squares += off * off;
		}
		/* Across the arc noise has its sd; the standard error of that is sd / sqrt(2 n) = 0.00007. */
		ck_assert_double_lt(fabs(sum / 40000), 0.001);
		ck_assert_double_eq_tol(sqrt(squares / 40000), 0.02, 0.0004);
		drop(&exact), drop(&noisy);
	}
}
END_TEST

START_TEST(a_spiral_arm_winds_outwards_and_a_ring_is_round)
{
	struct drawn a = draw("spirals", "rows classes turns", 300.0, 3.0, 1.25);
	for (size_t i = 0; i < a.rows; i++) {
		const double *row = a.cell + 3 * i, t = hypot(row[0], row[1]);
		const double angle = 2 * acos(-1) * (1.25 * t + row[2] / 3);
		ck_assert(t > 0 && t < 1 + 1e-12);
		ck_assert_double_lt(hypot(row[0] - t * cos(angle), row[1] - t * sin(angle)), 1e-12);
	}
	struct drawn ring = draw("ring", "rows radius", 20000.0, 2.385);
	double x = 0, y = 0;
	ck_assert(!ring.generator->shape.has_target);
	for (size_t i = 0; i < ring.rows; i++) {
		ck_assert_double_eq_tol(hypot(ring.cell[2 * i], ring.cell[2 * i + 1]), 2.385, 1e-12);
		x += ring.cell[2 * i] / 20000;
		y += ring.cell[2 * i + 1] / 20000;
	}
	/* The mean of a coordinate has the standard error 2.385 / sqrt(2 n) = 0.012. */
	ck_assert(fabs(x) < 0.05 && fabs(y) < 0.05);
	drop(&a), drop(&ring);
}
END_TEST

START_TEST(blobs_have_their_centers_and_spread)
{
	enum { K = 4, D = 3, N = 40000 };
	struct drawn a = draw("blobs", "rows centers features cluster_std noise center_box", (double)N, (double)K,
			      (double)D, 0.6, 0.8, 5.0);
	double mean[K][D] = { { 0 } }, square = 0;
	for (size_t i = 0; i < N; i++) {
		const double *row = a.cell + (D + 1) * i;
		const size_t k = (size_t)row[D];
		for (size_t j = 0; j < D; j++) {
			const double off = row[j] - a.generator->coefficient[k * D + j];
			mean[k][j] += row[j] / (N / K);
			square += off * off;
		}
	}
	ck_assert_double_eq_tol(sqrt(square / (N * D)), 1.0, 0.01); /* sqrt(0.36 + 0.64) */
	for (size_t k = 0; k < K; k++) {
		for (size_t j = 0; j < D; j++) {
			const double center = a.generator->coefficient[k * D + j];
			ck_assert(fabs(center) <= 5);
			ck_assert_double_eq_tol(mean[k][j], center, 0.05);
		}
	}
	drop(&a);
}
END_TEST

enum { MOST = 21 };

/* w[d + 1]: weights and bias by least squares (normal equations, elimination with pivots). The residuals' sd. */
static double least_squares(const struct drawn *a, double *w)
{
	const size_t d = a->columns - 1, m = d + 1;
	double A[MOST][MOST + 1] = { { 0 } }, row[MOST + 1], square = 0;
	for (size_t i = 0; i < a->rows; i++) {
		memcpy(row, a->cell + i * m, d * sizeof *row);
		row[d] = 1;
		row[m] = a->cell[i * m + d];
		for (size_t r = 0; r < m; r++) {
			for (size_t c = 0; c <= m; c++) {
				A[r][c] += row[r] * row[c];
			}
		}
	}
	for (size_t r = 0; r < m; r++) { /* positive definite: no need to swap rows */
		for (size_t q = 0; q < m; q++) {
			const double factor = q == r ? 0 : A[q][r] / A[r][r];
			for (size_t c = r; c <= m && q != r; c++) {
				A[q][c] -= factor * A[r][c];
			}
		}
	}
	for (size_t r = 0; r < m; r++) {
		w[r] = A[r][m] / A[r][r];
	}
	for (size_t i = 0; i < a->rows; i++) {
		double off = a->cell[i * m + d] - w[d];
		for (size_t j = 0; j < d; j++) {
			off -= w[j] * a->cell[i * m + j];
		}
		square += off * off;
	}
	return sqrt(square / (double)(a->rows - m));
}

START_TEST(least_squares_finds_the_weights_and_the_noise_of_linear_data)
{
	double w[MOST];
	struct drawn a = draw("linear", "rows noise bias", 20000.0, 0.3, 2.385);
	const double sd = least_squares(&a, w);
	ck_assert_double_eq_tol(sd, 0.3, 0.006);
	ck_assert_double_eq_tol(w[5], 2.385, 0.015);
	for (size_t j = 0; j < 5; j++) {
		ck_assert(fabs(w[j]) > 0.45 && fabs(w[j]) < 2.05);
		ck_assert_double_eq_tol(w[j], a.generator->coefficient[j], 0.015);
	}
	drop(&a);
}
END_TEST

START_TEST(few_features_of_sparse_data_count_and_the_others_do_not)
{
	double w[MOST];
	size_t count = 0;
	struct drawn a = draw("sparse_linear", "rows features informative", 200.0, 20.0, 4.0);
	ck_assert_double_lt(least_squares(&a, w), 1e-12);
	for (size_t j = 0; j < 20; j++) {
		ck_assert_double_eq_tol(w[j], a.generator->coefficient[j], 1e-12);
		ck_assert(fabs(w[j]) < 1e-12 || fabs(w[j]) >= 0.5 - 1e-12);
		count += fabs(w[j]) > 0.1;
	}
	ck_assert_uint_eq(count, 4);
	drop(&a);
}
END_TEST

START_TEST(weights_that_are_given_are_taken)
{
	const struct generator_type *type = generator_find("linear");
	struct setting_value value[GENERATOR_SETTINGS];
	static const double given[] = { 2.385, -0.5 };
	const struct settings settings = { type->settings, type->setting_count, value };
	struct generator *generator;
	double row[3];
	settings_defaults(type->settings, type->setting_count, value);
	for (size_t i = 0; i < type->setting_count; i++) {
		if (strcmp(type->settings[i].name, "coefficients") == 0) {
			value[i] = (struct setting_value){ .values = given, .rows = 2, .columns = 1, .given = true };
		}
	}
	ck_assert_int_eq(generator_create(type, &settings, &generator, NULL), OK);
	ck_assert_uint_eq(generator_columns(generator), 3);
	generator_fill(generator, 41, 42, row);
	ck_assert_double_eq_tol(row[2], 2.385 * row[0] - 0.5 * row[1], 1e-15);
	generator_destroy(generator);
}
END_TEST

START_TEST(a_sine_is_one)
{
	struct drawn a = draw("sine", "rows frequency amplitude phase", 500.0, 2.385, -3.0, 0.4),
		     b = draw("sine", "rows noise", 50000.0, 0.25);
	double square = 0;
	for (size_t i = 0; i < a.rows; i++) {
		const double x = a.cell[2 * i];
		ck_assert(x >= -1 && x < 1);
		ck_assert_double_eq_tol(a.cell[2 * i + 1], -3 * sin(2 * acos(-1) * 2.385 * x + 0.4), 1e-12);
	}
	for (size_t i = 0; i < b.rows; i++) {
		const double off = b.cell[2 * i + 1] - sin(2 * acos(-1) * b.cell[2 * i]);
		square += off * off;
	}
	ck_assert_double_eq_tol(sqrt(square / 50000), 0.25, 0.005);
	drop(&a), drop(&b);
}
END_TEST

/* A cell of the pattern is 3 + a_user + b_item + p_user . q_item, of whatever row. */
START_TEST(ratings_are_of_low_rank_and_the_same_for_the_same_pair)
{
	enum { ROWS = 2000, USERS = 12, ITEMS = 9 };
	struct drawn a = draw("ratings", "rows users items factors", (double)ROWS, (double)USERS, (double)ITEMS, 1.0);
	double cell[USERS][ITEMS], seen[USERS][ITEMS] = { { 0 } };
	for (size_t i = 0; i < ROWS; i++) {
		const double *row = a.cell + i * 3;
		ck_assert(row[0] == floor(row[0]) && row[0] >= 0 && row[0] < USERS);
		ck_assert(row[1] == floor(row[1]) && row[1] >= 0 && row[1] < ITEMS);
		const size_t u = (size_t)row[0], k = (size_t)row[1];
		ck_assert(seen[u][k] == 0 || cell[u][k] == row[2]);
		cell[u][k] = row[2];
		seen[u][k]++;
	}
	/* Every pair came, none much more often than the others: 2000 / 108 = 18.5, standard deviation 4.3. */
	for (size_t u = 0; u < USERS; u++) {
		for (size_t k = 0; k < ITEMS; k++) {
			ck_assert(seen[u][k] >= 3 && seen[u][k] <= 40);
		}
	}
	/* Less means of users and items, what is left is p q': minors of two by two vanish. */
	double user[USERS] = { 0 }, item[ITEMS] = { 0 }, all = 0, size = 0;
	for (size_t u = 0; u < USERS; u++) {
		for (size_t k = 0; k < ITEMS; k++) {
			user[u] += cell[u][k] / ITEMS, item[k] += cell[u][k] / USERS, all += cell[u][k] / USERS / ITEMS;
		}
	}
	for (size_t u = 0; u < USERS; u++) {
		for (size_t k = 0; k < ITEMS; k++) {
			cell[u][k] += all - user[u] - item[k];
			size += fabs(cell[u][k]);
		}
	}
	ck_assert_double_gt(size, 1);
	for (size_t u = 1; u < USERS; u++) {
		for (size_t k = 1; k < ITEMS; k++) {
			ck_assert_double_eq_tol(cell[0][0] * cell[u][k], cell[0][k] * cell[u][0], 1e-12);
		}
	}
	drop(&a);
}
END_TEST

START_TEST(interactions_are_the_products_by_twos)
{
	struct drawn a = draw("interactions", "rows features factors bias", 50.0, 4.0, 3.0, 2.385);
	const double *c = a.generator->coefficient;
	for (size_t i = 0; i < 50; i++) {
		const double *x = a.cell + i * 5;
		double y = 2.385;
		for (size_t j = 0; j < 4; j++) {
			y += c[j * 4] * x[j];
			for (size_t k = j + 1; k < 4; k++) {
				for (size_t f = 1; f <= 3; f++) {
					y += c[j * 4 + f] * c[k * 4 + f] * x[j] * x[k];
				}
			}
		}
		ck_assert_double_eq_tol(x[4], y, 1e-12);
	}
	drop(&a);
}
END_TEST

START_TEST(settings_that_do_not_go_together_are_named)
{
	ck_assert_str_eq(fault("ratings", "users factors", 1e5, 200.0), "factors");
	ck_assert_ptr_null(fault("moons", "rows", 1e6));
	ck_assert_str_eq(fault("blobs", "rows features", 1e6, 5.0), "rows");
	ck_assert_ptr_null(fault("blobs", "rows features", 1e6, 4.0));
	ck_assert_str_eq(fault("blobs", "centers features", 1000.0, 10000.0), "centers");
	ck_assert_str_eq(fault("sparse_linear", "rows", 49505.0), "rows");
	ck_assert_ptr_null(fault("sparse_linear", "rows", 49504.0));
	ck_assert_str_eq(fault("sparse_linear", "features informative", 4.0, 5.0), "informative");
	ck_assert_str_eq(fault("linear", "coefficients", 0.0), "coefficients");
}
END_TEST

START_TEST(a_single_row_is_drawn_by_all)
{
	for (size_t k = 0; k < generator_type_count; k++) {
		struct drawn a = draw(generator_types[k]->name, "rows noise", 1.0, 0.5);
		for (size_t j = 0; j < a.columns; j++) {
			ck_assert(isfinite(a.cell[j]));
		}
		drop(&a);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/generators");
	TCase *tests = tcase_create("all");
	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, the_same_seed_gives_the_same_bits_and_another_seed_others);
	tcase_add_test(tests, rows_made_in_pieces_are_those_made_at_once);
	tcase_add_test(tests, shuffling_moves_rows_and_changes_none);
	tcase_add_test(tests, columns_have_names_and_the_target_is_the_last);
	tcase_add_test(tests, sequences_are_of_the_form_that_their_class_says);
	tcase_add_test(tests, classes_are_whole_numbers_as_many_as_said_and_in_balance);
	tcase_add_test(tests, moons_and_circles_lie_on_their_arcs_and_noise_has_its_size);
	tcase_add_test(tests, a_spiral_arm_winds_outwards_and_a_ring_is_round);
	tcase_add_test(tests, blobs_have_their_centers_and_spread);
	tcase_add_test(tests, least_squares_finds_the_weights_and_the_noise_of_linear_data);
	tcase_add_test(tests, few_features_of_sparse_data_count_and_the_others_do_not);
	tcase_add_test(tests, weights_that_are_given_are_taken);
	tcase_add_test(tests, a_sine_is_one);
	tcase_add_test(tests, ratings_are_of_low_rank_and_the_same_for_the_same_pair);
	tcase_add_test(tests, interactions_are_the_products_by_twos);
	tcase_add_test(tests, settings_that_do_not_go_together_are_named);
	tcase_add_test(tests, a_single_row_is_drawn_by_all);
	return suite_run(suite);
}
