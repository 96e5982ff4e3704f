/* Worker of test_kernels.c: the tests of one precision; _i is the instruction set. */
#include "core/base/real.h"

/* The macro's argument is expanded before Check makes names of it. */
#define TEST(name)              START_TEST(name)
#define KERNEL(kernels, name)   ((kernels)->NAME(name))
#define SAME_BITS(a, b, n, ...) ck_assert_msg(memcmp(a, b, (n) * sizeof(REAL)) == 0, __VA_ARGS__)

/* Memory of exactly n numbers, so that a sanitizer sees a read beyond; filled by `draw`. */
static REAL *NAME(numbers)(size_t n, double scale, uint32_t seed)
{
	REAL *x = malloc(n * sizeof *x + 1);
	ck_assert_ptr_nonnull(x);
	for (size_t i = 0; i < n; i++) {
		x[i] = (REAL)draw(&seed, scale);
	}
	return x;
}

/* How many units in the last place of `exact` y is off. */
static double NAME(ulps)(REAL y, long double exact)
{
	int exponent;
	frexpl(exact, &exponent);
	int least = REAL_IS_FLOAT ? FLT_MIN_EXP : DBL_MIN_EXP, digits = REAL_IS_FLOAT ? FLT_MANT_DIG : DBL_MANT_DIG;
	exponent = exact == 0.0L || exponent < least ? least : exponent;
	return (double)fabsl(((long double)y - exact) / ldexpl(1.0L, exponent - digits));
}

static void NAME(check_products)(const struct kernels *kernels, const struct kernels *base, size_t rows, size_t columns)
{
	size_t ld = columns + rows % 3, size = (rows - 1) * ld + columns;
	REAL *x = NAME(numbers)(size, 1, 1), *w = NAME(numbers)(columns, 1, 2), *d = NAME(numbers)(rows, 1, 3);
	REAL *z = NAME(numbers)(rows, 1, 4), *g = NAME(numbers)(columns, 1, 5),
	     *again = NAME(numbers)(rows + columns, 1, 6);
	REAL *before = NAME(numbers)(columns, 1, 5);
	const REAL bias = REAL_C(2.385);
	KERNEL(kernels, matvec)(rows, columns, x, ld, w, bias, z);
	KERNEL(kernels, matvec_t)(rows, columns, x, ld, d, g);
	double room = (double)(columns + rows + 4) * (double)REAL_EPSILON;
	for (size_t r = 0; r < rows; r++) {
		long double sum = (long double)bias;
		for (size_t c = 0; c < columns; c++) {
			sum += (long double)x[r * ld + c] * (long double)w[c];
		}
		ck_assert_msg(fabsl((long double)z[r] - sum) < room, "matvec %zu x %zu, row %zu", rows, columns, r);
	}
	for (size_t c = 0; c < columns; c++) {
		long double sum = (long double)before[c];
		for (size_t r = 0; r < rows; r++) {
			sum += (long double)x[r * ld + c] * (long double)d[r];
		}
		ck_assert_msg(fabsl((long double)g[c] - sum) < room, "matvec_t %zu x %zu, column %zu", rows, columns,
			      c);
	}
	KERNEL(base, matvec)(rows, columns, x, ld, w, bias, again);
	SAME_BITS(z, again, rows, "matvec %zu x %zu: other bits than baseline", rows, columns);
	KERNEL(kernels, matvec_ahead)(rows, columns, x, ld, w, bias, again, x + size);
	SAME_BITS(z, again, rows, "matvec_ahead %zu x %zu", rows, columns);
	memcpy(again, before, columns * sizeof(REAL));
	KERNEL(base, matvec_t)(rows, columns, x, ld, d, again);
	SAME_BITS(g, again, columns, "matvec_t %zu x %zu: other bits than baseline", rows, columns);
	memcpy(again, before, columns * sizeof(REAL));
	KERNEL(kernels, matvec_t_ahead)(rows, columns, x, ld, d, again, x + size);
	SAME_BITS(g, again, columns, "matvec_t_ahead %zu x %zu", rows, columns);
	free(x), free(w), free(d), free(z), free(g), free(again), free(before);
}

TEST(NAME(products_with_a_vector_are_what_loops_say_in_any_shape))
{
	const struct kernels *base = set_at(0), *kernels = set_at(_i);
	for (size_t r = 0; kernels != NULL && r < COUNT(row_counts); r++) {
		for (size_t c = 0; c < COUNT(column_counts); c++) {
			NAME(check_products)(kernels, base, row_counts[r], column_counts[c]);
		}
	}
}
END_TEST

TEST(NAME(an_infinity_among_the_columns_stays_one))
{
	const struct kernels *kernels = set_at(_i);
	for (size_t c = 0; kernels != NULL && c < 37; c++) {
		REAL x[37] = { 0 }, w[37], z;
		for (size_t i = 0; i < 37; i++) {
			w[i] = 1;
		}
		x[c] = (REAL)INFINITY;
		KERNEL(kernels, matvec)(1, 37, x, 37, w, 0, &z);
		ck_assert_msg(isinf(z) && z > 0, "column %zu", c);
	}
}
END_TEST

TEST(NAME(rows_are_gathered_added_to_and_summed))
{
	const struct kernels *base = set_at(0), *kernels = set_at(_i);
	for (size_t i = 0; kernels != NULL && i < COUNT(row_counts) * COUNT(column_counts); i++) {
		size_t rows = row_counts[i % COUNT(row_counts)], columns = column_counts[i / COUNT(row_counts)],
		       n = rows * columns;
		REAL *x = NAME(numbers)(n, 1, 1), *b = NAME(numbers)(columns, 1, 2), *out = NAME(numbers)(n, 1, 3);
		REAL *g = NAME(numbers)(columns, 1, 4), *again = NAME(numbers)(columns, 1, 4);
		uint32_t index[150];
		for (size_t r = 0; r < rows; r++) {
			index[r] = (uint32_t)((r * 7 + 3) % rows);
		}
		KERNEL(kernels, gather_rows)(rows, columns, x, index, out);
		for (size_t at = 0; at < n; at++) {
			ck_assert(out[at] == x[index[at / columns] * columns + at % columns]);
		}
		KERNEL(kernels, add_row)(rows, columns, out, b);
		for (size_t at = 0; at < n; at++) {
			ck_assert(out[at] == x[index[at / columns] * columns + at % columns] + b[at % columns]);
		}
		KERNEL(kernels, column_sums)(rows, columns, x, g);
		for (size_t c = 0; c < columns; c++) {
			long double sum = (long double)again[c];
			for (size_t r = 0; r < rows; r++) {
				sum += (long double)x[r * columns + c];
			}
			ck_assert(fabsl((long double)g[c] - sum) < (long double)(rows + 2) * (long double)REAL_EPSILON);
		}
		KERNEL(base, column_sums)(rows, columns, x, again);
		SAME_BITS(g, again, columns, "column_sums %zu x %zu", rows, columns);
		free(x), free(b), free(out), free(g), free(again);
	}
}
END_TEST

/* The largest as the sentence says it: x is larger than y when it is, or when it is the first NaN. */
TEST(NAME(the_largest_of_quarters_is_the_first_of_equal_ones_and_nan_before_all))
{
	static const size_t sizes[][3] = { { 1, 2, 2 },   { 3, 4, 5 },  { 2, 3, 28 },
					   { 5, 10, 10 }, { 1, 7, 67 }, { 4, 6, 128 } };
	const struct kernels *kernels = set_at(_i);
	for (size_t i = 0; kernels != NULL && i < COUNT(sizes); i++) {
		size_t images = sizes[i][0], height = sizes[i][1], width = sizes[i][2], n = images * height * width;
		size_t down = height / 2, across = width / 2, places = down * across;
		REAL *x = NAME(numbers)(n, 1, 11), *z = NAME(numbers)(images * places, 1, 12);
		int32_t *where = malloc(images * places * sizeof *where);
		ck_assert_ptr_nonnull(where);
		for (size_t at = 0; at < n; at++) { /* few different numbers, some of them none */
			x[at] = at % 13 == 5 ? (REAL)NAN : at % 17 == 3 ? (REAL)-INFINITY : (REAL)(int)(3 * x[at]);
		}
		KERNEL(kernels, max_quarters)(images, height, width, x, z, where);
		for (size_t w = 0; w < images * places; w++) {
			const REAL *image = x + w / places * height * width;
			size_t first = 2 * (w % places / across) * width + 2 * (w % across), found = first;
			const size_t corner[] = { first + 1, first + width, first + width + 1 };
			for (size_t k = 0; k < 3; k++) {
				bool larger = image[corner[k]] > image[found] ||
					      (isnan(image[corner[k]]) && !isnan(image[found]));
				found = larger ? corner[k] : found;
			}
			ck_assert_uint_eq((size_t)where[w], found);
			ck_assert(z[w] == image[found] || (isnan(z[w]) && isnan(image[found])));
		}
		free(x);
		free(z);
		free(where);
	}
}
END_TEST

static long double NAME(sigmoid_exact)(long double x)
{
	return 1.0L / (1.0L + expl(-x));
}

/* An element-wise kernel beside the exact function, and the range on which it is tried. */
struct NAME(curve) {
	const char *name;
	void (*kernel)(size_t n, const REAL *x, REAL *y);
	long double (*exact)(long double x);
	double low, high;
	double ulps; /* the most that is allowed */
};

/* Tries the curve at n points between low and high; returns the largest error in ulp. Places and neighbours must not
 * count. */
static double NAME(try_curve)(const struct NAME(curve) * curve, const struct NAME(curve) * base)
{
	enum { N = 4099 };
	static REAL x[N], y[N], again[N];
	double worst = 0.0;
	uint32_t seed = 7;
	for (size_t round = 0; round < 20; round++) {
		for (size_t i = 0; i < N; i++) {
			x[i] = (REAL)((curve->low + curve->high) / 2 + draw(&seed, (curve->high - curve->low) / 2));
		}
		curve->kernel(N, x, y);
		for (size_t i = 0; i < N; i++) {
			worst = fmax(worst, NAME(ulps)(y[i], curve->exact((long double)x[i])));
		}
		base->kernel(N, x, again);
		SAME_BITS(y, again, N, "%s: other bits than baseline", curve->name);
		for (size_t i = 0; i < 40; i++) {
			curve->kernel(1, x + i, again);
			SAME_BITS(y + i, again, 1, "%s: the place counts", curve->name);
		}
		curve->kernel(N, x, x);
		SAME_BITS(y, x, N, "%s in place", curve->name);
	}
	return worst;
}

#define CURVES(k)                                                                                                      \
	{                                                                                                              \
		{ "exp", KERNEL(k, exp), expl, -1, 1, 1 },                                                             \
			{ "exp", KERNEL(k, exp), expl, REAL_IS_FLOAT ? -103 : -745, REAL_IS_FLOAT ? 88 : 709, 1.1 },   \
			{ "exp", KERNEL(k, exp), expl, -1e-5, 1e-5, 1 }, { "log", KERNEL(k, log), logl, 0.5, 2, 1 },   \
			{ "log", KERNEL(k, log), logl, 1e-9, 1e9, 1 },                                                 \
			{ "log", KERNEL(k, log), logl, 0, REAL_IS_FLOAT ? 0x1p-126 : 0x1p-1022, 1 },                   \
			{ "log", KERNEL(k, log), logl, 0.999, 1.001, 1 },                                              \
			{ "tanh", KERNEL(k, tanh), tanhl, -1, 1, 2.5 },                                                \
			{ "tanh", KERNEL(k, tanh), tanhl, -25, 25, 2.5 },                                              \
			{ "tanh", KERNEL(k, tanh), tanhl, -1e-6, 1e-6, 2.5 },                                          \
			{ "sigmoid", KERNEL(k, sigmoid), NAME(sigmoid_exact), -2, 2, 2.5 },                            \
			{ "sigmoid", KERNEL(k, sigmoid), NAME(sigmoid_exact), -85, 40, 2.5 },                          \
	}

TEST(NAME(exp_log_tanh_and_sigmoid_are_accurate_to_a_few_ulp))
{
	const struct kernels *base = set_at(0), *kernels = set_at(_i);
	if (kernels == NULL) {
		return;
	}
	const struct NAME(curve) curves[] = CURVES(kernels), plain[] = CURVES(base);
	for (size_t c = 0; c < COUNT(curves); c++) {
		double worst = NAME(try_curve)(&curves[c], &plain[c]);
		ck_assert_msg(worst <= curves[c].ulps, "%s on [%g, %g]: %.3f ulp", curves[c].name, curves[c].low,
			      curves[c].high, worst);
	}
}
END_TEST

TEST(NAME(special_numbers_go_where_ieee_says))
{
	const struct kernels *kernels = set_at(_i);
	if (kernels == NULL) {
		return;
	}
	const REAL inf = (REAL)INFINITY;
	REAL x[16] = { 0, -(REAL)0.0, inf, -inf, (REAL)NAN, 1000, -1000 }, y[16];
	KERNEL(kernels, exp)(16, x, y);
	ck_assert(y[0] == 1 && y[1] == 1 && y[2] == inf && y[3] == 0 && isnan(y[4]) && y[5] == inf && y[6] == 0);
	KERNEL(kernels, log)(16, x, y);
	ck_assert(y[0] == -inf && y[1] == -inf && y[2] == inf && isnan(y[3]) && isnan(y[4]) && isnan(y[6]));
	KERNEL(kernels, tanh)(16, x, y);
	ck_assert(y[0] == 0 && !signbit(y[0]) && signbit(y[1]) && y[2] == 1 && y[3] == -1 && isnan(y[4]) && y[6] == -1);
	KERNEL(kernels, sigmoid)(16, x, y);
	ck_assert(y[0] == REAL_C(0.5) && y[2] == 1 && y[3] == 0 && isnan(y[4]) && y[5] == 1 && y[6] == 0);
	KERNEL(kernels, relu)(16, x, y);
	ck_assert(y[0] == 0 && y[2] == inf && y[3] == 0 && isnan(y[4]) && y[5] == 1000 && y[6] == 0);
	KERNEL(kernels, clamp)(16, REAL_C(2.385), x);
	ck_assert(x[0] == 0 && x[2] == REAL_C(2.385) && x[3] == -REAL_C(2.385) && isnan(x[4]) &&
		  x[6] == -REAL_C(2.385));
}
END_TEST

TEST(NAME(derivatives_and_vector_sums_are_what_their_formulas_say))
{
	const struct kernels *kernels = set_at(_i);
	const REAL a = REAL_C(2.385);
	for (size_t l = 0; kernels != NULL && l < COUNT(lengths); l++) {
		size_t n = lengths[l];
		REAL *y = NAME(numbers)(n, 1, 1), *dy = NAME(numbers)(n, 1, 2), *dx = NAME(numbers)(n, 1, 3);
		if (n > 2) {
			y[2] = 0;
		}
		KERNEL(kernels, relu_back)(n, y, dy, dx);
		for (size_t i = 0; i < n; i++) {
			ck_assert(dx[i] == (y[i] > 0 ? dy[i] : 0));
		}
		KERNEL(kernels, tanh_back)(n, y, dy, dx);
		for (size_t i = 0; i < n; i++) {
			ck_assert(dx[i] == dy[i] * (1 - y[i] * y[i]));
		}
		KERNEL(kernels, sigmoid_back)(n, y, dy, dx);
		for (size_t i = 0; i < n; i++) {
			ck_assert(dx[i] == dy[i] * (y[i] * (1 - y[i])));
		}
		KERNEL(kernels, axpy)(n, a, y, dx);
		for (size_t i = 0; i < n; i++) {
			ck_assert(dx[i] == dy[i] * (y[i] * (1 - y[i])) + a * y[i]);
		}
		memcpy(dx, dy, n * sizeof(REAL));
		KERNEL(kernels, combine)(n, a, y, -2, dx, dx);
		for (size_t i = 0; i < n; i++) {
			ck_assert(dx[i] == a * y[i] - 2 * dy[i]);
		}
		memcpy(dx, dy, n * sizeof(REAL));
		KERNEL(kernels, axpy_sign)(n, -a, y, dx);
		for (size_t i = 0; i < n; i++) {
			ck_assert(dx[i] == dy[i] - a * (REAL)((y[i] > 0) - (y[i] < 0)));
		}
		KERNEL(kernels, scale)(n, a, dx);
		KERNEL(kernels, add)(n, y, dx);
		for (size_t i = 0; i < n; i++) {
			ck_assert(dx[i] == a * (dy[i] - a * (REAL)((y[i] > 0) - (y[i] < 0))) + y[i]);
		}
		free(y), free(dy), free(dx);
	}
}
END_TEST

TEST(NAME(sums_over_arrays_are_accurate_and_have_the_bits_of_the_baseline))
{
	const struct kernels *base = set_at(0), *kernels = set_at(_i);
	for (size_t l = 0; kernels != NULL && l < COUNT(lengths); l++) {
		size_t n = lengths[l];
		REAL *x = NAME(numbers)(n, 3, 1), *y = NAME(numbers)(n, 3, 2);
		long double exact[4] = { 0 };
		for (size_t i = 0; i < n; i++) {
			long double a = (long double)x[i], b = (long double)y[i];
			exact[0] += a * b;
			exact[1] += a * a;
			exact[2] += (a - b) * (a - b);
			exact[3] += fabsl(a);
		}
		double got[4] = { KERNEL(kernels, dot)(n, x, y), KERNEL(kernels, sum_squares)(n, x),
				  KERNEL(kernels, sum_squared_difference)(n, x, y), KERNEL(kernels, sum_abs)(n, x) };
		double plain[4] = { KERNEL(base, dot)(n, x, y), KERNEL(base, sum_squares)(n, x),
				    KERNEL(base, sum_squared_difference)(n, x, y), KERNEL(base, sum_abs)(n, x) };
		ck_assert_mem_eq(got, plain, sizeof got);
		for (size_t i = 0; i < 4; i++) {
			ck_assert_msg(fabsl((long double)got[i] - exact[i]) <=
					      40 * (long double)n * (long double)DBL_EPSILON,
				      "sum %zu of %zu", i, n);
		}
		free(x), free(y);
	}
}
END_TEST

TEST(NAME(one_number_that_is_not_finite_is_found_anywhere))
{
	const struct kernels *kernels = set_at(_i);
	const REAL bad[] = { (REAL)INFINITY, -(REAL)INFINITY, (REAL)NAN };
	for (size_t l = 0; kernels != NULL && l < COUNT(lengths); l++) {
		size_t n = lengths[l];
		REAL *x = NAME(numbers)(n, 1e30, 1);
		ck_assert(KERNEL(kernels, all_finite)(n, x));
		for (size_t i = 0; i < n; i++) {
			REAL kept = x[i];
			x[i] = bad[i % 3];
			ck_assert(!KERNEL(kernels, all_finite)(n, x));
			x[i] = kept;
		}
		free(x);
	}
}
END_TEST

/* log(1 + exp(z)) - y z and its derivative without cancellation, for y = 0 or 1. */
static long double NAME(bce_exact)(long double z, long double y, long double *d)
{
	long double away = y > 0.5L ? -z : z; /* > 0: on the wrong side */
	long double loss = away > 0 ? away + log1pl(expl(-away)) : log1pl(expl(away));
	*d = (y > 0.5L ? -1.0L : 1.0L) / (1.0L + expl(-away));
	return loss;
}

TEST(NAME(bce_keeps_its_digits_from_minus_forty_to_forty))
{
	const struct kernels *kernels = set_at(_i);
	const REAL at[] = { -40, -20, -3, REAL_C(-0.01), 0, REAL_C(1e-6), REAL_C(0.7), REAL_C(2.385), 17, 20, 40 };
	for (size_t i = 0; kernels != NULL && i < 2 * COUNT(at); i++) {
		const REAL z = at[i / 2], y = (REAL)(i % 2);
		long double slope, loss = NAME(bce_exact)((long double)z, (long double)y, &slope);
		REAL d;
		double got = KERNEL(kernels, bce_logits)(1, &z, &y, REAL_C(0.5), &d, true);
		ck_assert_msg(fabsl((long double)got - loss) <= 2 * (long double)REAL_EPSILON * loss,
			      "loss at %g, %g: %.17g", (double)z, (double)y, got);
		ck_assert_msg(fabsl((long double)d - slope / 2) <= 2 * (long double)REAL_EPSILON * fabsl(slope),
			      "derivative at %g, %g: %.17g", (double)z, (double)y, (double)d);
		const REAL side = 2 * y - 1; /* the same, number by number */
		REAL term, slopes[2];
		KERNEL(kernels, softplus)(1, &z, &y, &term, slopes);
		ck_assert((double)term == got && slopes[0] == 2 * d);
		KERNEL(kernels, margin)(1, &z, &side, &term, slopes + 1);
		ck_assert((double)term == got && slopes[1] == 2 * d);
	}
	const REAL far[] = { -800, 800, -800, 800 }, target[] = { 0, 1, 1, 0 };
	REAL d[4];
	for (size_t i = 0; kernels != NULL && i < 4; i++) {
		double got = KERNEL(kernels, bce_logits)(1, far + i, target + i, 1, d + i, true);
		ck_assert(got == (i < 2 ? 0.0 : 800.0));
		ck_assert(d[i] == (REAL)(i < 2 ? 0 : i == 2 ? -1 : 1));
	}
}
END_TEST

TEST(NAME(losses_of_many_rows_add_up_in_one_order))
{
	const struct kernels *base = set_at(0), *kernels = set_at(_i);
	for (size_t l = 0; kernels != NULL && l < COUNT(lengths); l++) {
		size_t n = lengths[l];
		REAL *z = NAME(numbers)(n, 9, 1), *y = NAME(numbers)(n, 1, 2), *d = NAME(numbers)(n, 1, 3),
		     *again = NAME(numbers)(n, 1, 4);
		int32_t label[1500];
		long double exact = 0.0L, squares = 0.0L, slope;
		for (size_t i = 0; i < n; i++) {
			squares += ((long double)z[i] - (long double)y[i]) * ((long double)z[i] - (long double)y[i]);
			label[i] = y[i] > 0;
			y[i] = (REAL)label[i];
			exact += NAME(bce_exact)((long double)z[i], (long double)y[i], &slope);
		}
		double sum = KERNEL(kernels, bce_logits_label)(n, z, label, REAL_C(2.385), d, true);
		ck_assert(fabsl((long double)sum - exact) <= 10 * (long double)REAL_EPSILON * (long double)n);
		ck_assert(sum == KERNEL(kernels, bce_logits)(n, z, y, REAL_C(2.385), again, true));
		SAME_BITS(d, again, n, "targets and labels differ");
		ck_assert(sum == KERNEL(base, bce_logits)(n, z, y, REAL_C(2.385), again, true));
		SAME_BITS(d, again, n, "other bits than baseline");
		ck_assert(sum == KERNEL(kernels, bce_logits)(n, z, y, 1, NULL, true));
		ck_assert(KERNEL(kernels, bce_logits)(n, z, y, 1, NULL, false) == 0.0);
		REAL *term = NAME(numbers)(n, 1, 5), *terms = NAME(numbers)(n, 1, 6);
		KERNEL(kernels, softplus)(n, z, y, term, again);
		for (size_t i = 0; i < n; i++) {
			ck_assert(d[i] == REAL_C(2.385) * again[i]);
		}
		KERNEL(kernels, softplus)(n, z, y, terms, NULL);
		SAME_BITS(term, terms, n, "terms without slopes");
		KERNEL(base, softplus)(n, z, NULL, terms, NULL);
		KERNEL(kernels, softplus)(n, z, NULL, term, again);
		SAME_BITS(term, terms, n, "softplus, other bits than baseline");
		KERNEL(base, margin)(n, z, y, terms, NULL);
		KERNEL(kernels, margin)(n, z, y, term, again);
		SAME_BITS(term, terms, n, "margin, other bits than baseline");
		free(term), free(terms);
		memcpy(again, z, n * sizeof(REAL));
		ck_assert(KERNEL(kernels, bce_logits_label)(n, again, label, REAL_C(2.385), again, false) == 0.0);
		SAME_BITS(d, again, n, "in place, without the sum");
		free(y);
		y = NAME(numbers)(n, 1, 2);
		sum = KERNEL(kernels, squared_error)(n, z, y, REAL_C(2.385), d, true);
		ck_assert(fabsl((long double)sum - squares) <= 100 * (long double)DBL_EPSILON * (long double)(n + 1));
		for (size_t i = 0; i < n; i++) {
			ck_assert(d[i] == 2 * REAL_C(2.385) * (z[i] - y[i]));
		}
		memcpy(again, z, n * sizeof(REAL));
		ck_assert(sum == KERNEL(base, squared_error)(n, again, y, REAL_C(2.385), again, true));
		SAME_BITS(d, again, n, "squared error in place");
		ck_assert(KERNEL(kernels, squared_error)(n, z, y, 1, NULL, false) == 0.0);
		free(z), free(y), free(d), free(again);
	}
}
END_TEST

/* One shape of softmax cross-entropy against long double, the baseline, and its own variants. */
static void NAME(check_softmax)(const struct kernels *kernels, const struct kernels *base, size_t rows, size_t classes,
				double spread)
{
	size_t n = rows * classes;
	REAL *z = NAME(numbers)(n, spread, 1), *d = NAME(numbers)(n, 1, 2), *again = NAME(numbers)(n, 1, 3);
	int32_t label[150];
	long double loss = 0.0L;
	for (size_t r = 0; r < rows; r++) {
		label[r] = (int32_t)((r * 5 + 1) % classes);
	}
	double sum = KERNEL(kernels, softmax_xent)(rows, classes, z, label, REAL_C(2.385), d, true);
	for (size_t r = 0; r < rows; r++) {
		long double total = 0.0L, answer = (long double)z[r * classes + (size_t)label[r]];
		for (size_t c = 0; c < classes; c++) {
			total += expl((long double)z[r * classes + c] - answer);
		}
		loss += logl(total);
		for (size_t c = 0; c < classes; c++) {
			long double p =
				expl((long double)z[r * classes + c] - answer) / total - (c == (size_t)label[r]);
			ck_assert_msg(fabsl((long double)d[r * classes + c] - 2.385L * p) <=
					      20 * (long double)REAL_EPSILON,
				      "%zu x %zu, row %zu, class %zu", rows, classes, r, c);
		}
	}
	ck_assert_msg(fabsl((long double)sum - loss) <= (long double)REAL_EPSILON * (8 * (long double)rows + loss),
		      "%zu x %zu", rows, classes);
	ck_assert(sum == KERNEL(base, softmax_xent)(rows, classes, z, label, REAL_C(2.385), again, true));
	SAME_BITS(d, again, n, "softmax %zu x %zu: other bits than baseline", rows, classes);
	ck_assert(sum == KERNEL(kernels, softmax_xent)(rows, classes, z, label, 1, NULL, true));
	ck_assert(KERNEL(kernels, softmax_xent)(rows, classes, z, label, REAL_C(2.385), z, false) == 0.0);
	SAME_BITS(d, z, n, "softmax in place");
	free(z), free(d), free(again);
}

TEST(NAME(softmax_cross_entropy_is_what_its_formula_says))
{
	static const size_t classes[] = { 1, 2, 3, 10, 511, 512, 513, 1100 };
	const struct kernels *base = set_at(0), *kernels = set_at(_i);
	for (size_t c = 0; kernels != NULL && c < COUNT(classes); c++) {
		NAME(check_softmax)(kernels, base, classes[c] > 100 ? 3 : 150, classes[c], 4);
		NAME(check_softmax)(kernels, base, 7, classes[c], 700);
	}
}
END_TEST

TEST(NAME(a_sure_answer_keeps_a_tiny_loss_and_a_nan_stays_one))
{
	const struct kernels *kernels = set_at(_i);
	if (kernels == NULL) {
		return;
	}
	REAL z[3] = { 0, 40, -3 }, d[3];
	const int32_t label = 1;
	double exact = exp(-40.0) + exp(-43.0);
	double loss = KERNEL(kernels, softmax_xent)(1, 3, z, &label, 1, d, true);
	ck_assert_double_le(fabs(loss - exact), 4 * (double)REAL_EPSILON * exact);
	ck_assert_double_le(fabs((double)d[1] + exact), 4 * (double)REAL_EPSILON * exact);
	for (size_t i = 0; i < 3; i++) {
		REAL with[3] = { 1, 2, 3 };
		with[i] = (REAL)NAN;
		ck_assert(isnan(KERNEL(kernels, softmax_xent)(1, 3, with, &label, 1, d, true)));
		ck_assert(isnan(d[i]));
	}
}
END_TEST

static void NAME(add_cases)(TCase *cases)
{
	tcase_add_loop_test(cases, NAME(products_with_a_vector_are_what_loops_say_in_any_shape), 0, SETS);
	tcase_add_loop_test(cases, NAME(an_infinity_among_the_columns_stays_one), 0, SETS);
	tcase_add_loop_test(cases, NAME(rows_are_gathered_added_to_and_summed), 0, SETS);
	tcase_add_loop_test(cases, NAME(the_largest_of_quarters_is_the_first_of_equal_ones_and_nan_before_all), 0,
			    SETS);
	tcase_add_loop_test(cases, NAME(exp_log_tanh_and_sigmoid_are_accurate_to_a_few_ulp), 0, SETS);
	tcase_add_loop_test(cases, NAME(special_numbers_go_where_ieee_says), 0, SETS);
	tcase_add_loop_test(cases, NAME(derivatives_and_vector_sums_are_what_their_formulas_say), 0, SETS);
	tcase_add_loop_test(cases, NAME(sums_over_arrays_are_accurate_and_have_the_bits_of_the_baseline), 0, SETS);
	tcase_add_loop_test(cases, NAME(one_number_that_is_not_finite_is_found_anywhere), 0, SETS);
	tcase_add_loop_test(cases, NAME(bce_keeps_its_digits_from_minus_forty_to_forty), 0, SETS);
	tcase_add_loop_test(cases, NAME(losses_of_many_rows_add_up_in_one_order), 0, SETS);
	tcase_add_loop_test(cases, NAME(softmax_cross_entropy_is_what_its_formula_says), 0, SETS);
	tcase_add_loop_test(cases, NAME(a_sure_answer_keeps_a_tiny_loss_and_a_nan_stays_one), 0, SETS);
}

#undef TEST
#undef KERNEL
#undef SAME_BITS
#undef CURVES
#undef REAL_IS_FLOAT
