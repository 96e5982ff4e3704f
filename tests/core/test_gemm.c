/* Dense products against a plain triple loop in long double, and the same bits from several threads at once. */
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "core/kernels/dual.h"
#include "core/kernels/gemm.h"
#include "core/kernels/kernels.h"
#include "tests/core/modelling.h"
#include "tests/support/suite.h"

/* Odd numbers in [-1, 1) that need all bits. */
static void fill(double *x, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525u + 1013904223u;
		x[i] = (double)seed / 0x1p31 - 1.0 + 2.385e-9;
	}
}

struct shape {
	size_t m, n, k;
};

/* From both sides of the border between tiny and not, and with tiles that do not come out even. */
static const struct shape shapes[] = {
	{ 1, 1, 1 },
	{ 150, 3, 4 },
	{ 4, 3, 150 },
	{ 5, 7, 3 },
	{ 3, 1, 9 },
	{ 1, 13, 11 },
	{ 64, 10, 37 },
	{ 33, 17, 29 },
	{ 2, 1, 2000 },
	{ 61, 3, 0 },
	/* Tiles of 13 rows and fewer, panels of 16, 32 and fewer columns, k in two parts. */
	{ 13, 32, 64 },
	{ 27, 35, 257 },
	{ 40, 49, 61 },
	{ 3, 100, 300 },
	{ 12, 64, 513 }
};
enum { SHAPES = sizeof shapes / sizeof shapes[0], ROOM = 40960 };

/* One product of every kind of transposition, both precisions, leading dimensions wider than the rows. */
static void check_shape(struct shape s, bool transpose_a, bool transpose_b, bool accumulate)
{
	static double a[ROOM], b[ROOM], c[ROOM], before[ROOM];
	static float a32[ROOM], b32[ROOM], c32[ROOM];
	size_t lda = (transpose_a ? s.m : s.k) + 2, ldb = (transpose_b ? s.k : s.n) + 1, ldc = s.n + 3;
	fill(a, ROOM, 1);
	fill(b, ROOM, 2);
	fill(before, ROOM, 3);
	memcpy(c, before, sizeof c);
	for (size_t i = 0; i < ROOM; i++) {
		a32[i] = (float)a[i];
		b32[i] = (float)b[i];
		c32[i] = (float)before[i];
	}
	gemm_f64(transpose_a, transpose_b, s.m, s.n, s.k, a, lda, b, ldb, accumulate, c, ldc);
	gemm_f32(transpose_a, transpose_b, s.m, s.n, s.k, a32, lda, b32, ldb, accumulate, c32, ldc);
	for (size_t i = 0; i < s.m; i++) {
		for (size_t j = 0; j < ldc; j++) {
			size_t at = i * ldc + j;
			if (j >= s.n) {
				ck_assert_msg(c[at] == before[at] && c32[at] == (float)before[at],
					      "wrote beyond a row");
				continue;
			}
			long double sum = accumulate ? (long double)before[at] : 0.0L;
			for (size_t p = 0; p < s.k; p++) {
				sum += (long double)a[transpose_a ? p * lda + i : i * lda + p] *
				       (long double)b[transpose_b ? j * ldb + p : p * ldb + j];
			}
			long double room = (long double)s.k + 4.0L;
			ck_assert_msg(fabsl((long double)c[at] - sum) <= room * 0x1p-53L * room,
				      "%zu x %zu x %zu at %zu, %zu", s.m, s.n, s.k, i, j);
			ck_assert_msg(fabsl((long double)c32[at] - sum) <= room * 0x1p-23L,
				      "float %zu x %zu x %zu at %zu, %zu", s.m, s.n, s.k, i, j);
		}
	}
}

START_TEST(a_product_is_what_three_loops_say)
{
	for (unsigned kind = 0; kind < 8; kind++) {
		check_shape(shapes[_i], kind & 1u, kind & 2u, kind & 4u);
	}
}
END_TEST

/* Where the product is ours, a row of C is the same whichever rows stand beside it: so a batch may be cut anywhere. */
START_TEST(a_row_of_a_product_does_not_depend_on_the_others)
{
	enum { ROWS = 31, COLUMNS = 40, INNER = 270 };
	static float a[ROWS * INNER], b[INNER * COLUMNS], whole[ROWS * COLUMNS], part[ROWS * COLUMNS];
	static double numbers[ROWS * INNER + INNER * COLUMNS];
	if (strcmp(kernels_active()->isa, "avx512") != 0) {
		return;
	}
	fill(numbers, ROWS * INNER + INNER * COLUMNS, 7);
	for (size_t i = 0; i < ROWS * INNER; i++) {
		a[i] = (float)numbers[i];
	}
	for (size_t i = 0; i < INNER * COLUMNS; i++) {
		b[i] = (float)numbers[ROWS * INNER + i];
	}
	gemm_f32(false, false, ROWS, COLUMNS, INNER, a, INNER, b, COLUMNS, false, whole, COLUMNS);
	for (size_t first = 0; first < ROWS; first += 3) {
		size_t rows = ROWS - first < 3 ? ROWS - first : 3;
		gemm_f32(false, false, rows, COLUMNS, INNER, a + first * INNER, INNER, b, COLUMNS, false,
			 part + first * COLUMNS, COLUMNS);
	}
	ck_assert_mem_eq(whole, part, sizeof whole);
}
END_TEST

/* Shapes that are cut down, across and both ways, none of them even. */
static const struct shape wide[] = {
	{ 64, 128, 785 }, { 257, 131, 101 }, { 1003, 7, 301 }, { 3, 1101, 509 }, { 60, 503, 70 },
};
enum { WIDE = sizeof wide / sizeof wide[0] };

/* One shared product, on other arrays than the last. */
static void share(struct executor *executor, struct shape s, unsigned kind, double *c, float *c32)
{
	static double a[1 << 19], b[1 << 20];
	static float a32[1 << 19], b32[1 << 20];
	bool transpose_a = kind & 1, transpose_b = kind & 2, accumulate = kind & 4;
	size_t lda = transpose_a ? s.m : s.k, ldb = transpose_b ? s.k : s.n;
	ck_assert(s.m * s.k <= 1 << 19 && s.k * s.n <= 1 << 20);
	fill(a, s.m * s.k, 1);
	fill(b, s.k * s.n, 2);
	fill(c, s.m * s.n, 3);
	for (size_t i = 0; i < s.m * s.k; i++) {
		a32[i] = (float)a[i];
	}
	for (size_t i = 0; i < s.k * s.n; i++) {
		b32[i] = (float)b[i];
	}
	for (size_t i = 0; i < s.m * s.n; i++) {
		c32[i] = (float)c[i];
	}
	gemm_shared_f64(executor, transpose_a, transpose_b, s.m, s.n, s.k, a, lda, b, ldb, accumulate, c, s.n);
	gemm_shared_f32(executor, transpose_a, transpose_b, s.m, s.n, s.k, a32, lda, b32, ldb, accumulate, c32, s.n);
}

START_TEST(a_shared_product_has_the_same_bits_for_any_executor_and_that_of_one_to_rounding)
{
	static double alone[1 << 18], expected[1 << 18], c[1 << 18];
	static float alone32[1 << 18], expected32[1 << 18], c32[1 << 18];
	static const char *const sets[] = { "baseline", NULL };
	const struct shape s = wide[_i];
	const size_t size = s.m * s.n;
	struct executor serial = executor_serial();
	ck_assert_uint_le(size, 1 << 18);
	for (unsigned k = 0; k < 8; k++) {
		const unsigned kind = k / 2 + (k == 7 ? 4 : 0);
		ck_assert(kernels_select(sets[k % 2]));
		share(NULL, s, kind, alone, alone32);
		share(&serial, s, kind, expected, expected32);
		for (size_t i = 0; i < size; i++) {
			ck_assert_double_le(fabs(alone[i] - expected[i]), (double)s.k * (double)s.k * 0x1p-52);
			ck_assert_double_le((double)fabsf(alone32[i] - expected32[i]), (double)s.k * 0x1p-22);
		}
		struct threads threads;
		threads_init(&threads, 2 + k % 3);
		share(&threads.base, s, kind, c, c32);
		ck_assert_uint_eq(threads.runs, 2);
		ck_assert_mem_eq(c, expected, size * sizeof *c);
		ck_assert_mem_eq(c32, expected32, size * sizeof *c32);
	}
}
END_TEST

START_TEST(nothing_to_write_writes_nothing)
{
	double c = 2.385;
	gemm_f64(false, false, 0, 1, 1, &c, 1, &c, 1, false, &c, 1);
	gemm_f64(false, false, 1, 0, 1, &c, 1, &c, 1, false, &c, 1);
	struct executor serial = executor_serial();
	gemm_shared_f64(&serial, false, false, 0, 1, 1, &c, 1, &c, 1, false, &c, 1);
	gemm_shared_f64(&serial, false, false, 1, 0, 1, &c, 1, &c, 1, false, &c, 1);
	ck_assert(c == 2.385);
}
END_TEST

START_TEST(openblas_names_its_kernel)
{
	ck_assert_str_ne(gemm_init(), "");
	ck_assert_str_eq(gemm_init(), gemm_init());
}
END_TEST

/* m, n, k of the concurrent products: not tiny. */
enum { M = 64, N = 48, K = 96, THREADS = 4, REPEATS = 60 };

struct job {
	const float *a, *b, *expected;
	bool transpose_b;
	bool same;
};

static void multiply(const struct job *job, float *c)
{
	gemm_f32(false, job->transpose_b, M, N, K, job->a, K, job->b, job->transpose_b ? K : N, false, c, N);
}

static void *multiply_often(void *argument)
{
	struct job *job = argument;
	float c[M * N];
	job->same = true;
	for (int i = 0; i < REPEATS; i++) {
		multiply(job, c);
		job->same = job->same && memcmp(c, job->expected, sizeof c) == 0;
	}
	return NULL;
}

START_TEST(threads_that_multiply_at_once_get_the_bits_of_one_alone)
{
	static float a[THREADS][M * K], b[THREADS][K * N], expected[THREADS][M * N];
	pthread_t thread[THREADS];
	struct job job[THREADS];
	double numbers[M * K];
	gemm_init();
	for (size_t t = 0; t < THREADS; t++) {
		fill(numbers, M * K, (uint32_t)t + 10);
		for (size_t i = 0; i < M * K; i++) {
			a[t][i] = (float)numbers[i];
		}
		fill(numbers, K * N, (uint32_t)t + 20);
		for (size_t i = 0; i < K * N; i++) {
			b[t][i] = (float)numbers[i];
		}
		job[t] = (struct job){ .a = a[t], .b = b[t], .expected = expected[t], .transpose_b = t % 2 == 0 };
		multiply(&job[t], expected[t]);
	}
	for (size_t t = 0; t < THREADS; t++) {
		ck_assert_int_eq(pthread_create(&thread[t], NULL, multiply_often, &job[t]), 0);
	}
	for (size_t t = 0; t < THREADS; t++) {
		pthread_join(thread[t], NULL);
		ck_assert_msg(job[t].same, "thread %zu got other bits", t);
	}
}
END_TEST

/* A product of dual numbers, of parts with tangents and without, and what lies beyond its rows. */
static void check_dual(struct shape s, bool transpose_a, bool transpose_b, bool accumulate, bool moves_a, bool moves_b)
{
	static double numbers[2 * ROOM];
	static dual a[ROOM], b[ROOM], c[ROOM], wanted[ROOM];
	size_t lda = (transpose_a ? s.m : s.k) + 2, ldb = (transpose_b ? s.k : s.n) + 1, ldc = s.n + 3;
	fill(numbers, 2 * ROOM, 4);
	for (size_t i = 0; i < ROOM; i++) {
		const double tangent = DUAL_STEP * numbers[2 * i];
		a[i] = CMPLX(numbers[i], moves_a ? tangent : 0);
		b[i] = CMPLX(numbers[2 * ROOM - 1 - i], moves_b ? -tangent : 0);
		c[i] = wanted[i] = CMPLX(numbers[ROOM - i], tangent);
	}
	gemm_loops_dual(transpose_a, transpose_b, s.m, s.n, s.k, a, lda, b, ldb, accumulate, wanted, ldc);
	gemm_dual(transpose_a, transpose_b, s.m, s.n, s.k, a, lda, b, ldb, accumulate, c, ldc);
	for (size_t i = 0; i < s.m * ldc; i++) {
		const double value = fabs(creal(c[i]) - creal(wanted[i]));
		const double tangent = fabs(cimag(c[i]) - cimag(wanted[i])) / DUAL_STEP;
		ck_assert_msg(value <= (i % ldc < s.n ? 1e-12 : 0) && tangent <= (i % ldc < s.n ? 2e-12 : 0),
			      "%zu x %zu x %zu: %zu is %.3g, %.3g off", s.m, s.n, s.k, i, value, tangent);
	}
}

/* Blocks of 64 that do not come out even. */
static const struct shape cut[] = { { 65, 67, 7 }, { 70, 9, 131 }, { 9, 130, 129 }, { 64, 64, 128 } };

START_TEST(a_product_of_dual_numbers_is_what_loops_say)
{
	for (unsigned bits = 0; bits < 32; bits++) {
		check_dual(_i < SHAPES ? shapes[_i] : cut[_i - SHAPES], bits & 1, bits & 2, bits & 4, bits & 8,
			   bits & 16);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/kernels/gemm");
	TCase *cases = tcase_create("gemm");
	tcase_add_loop_test(cases, a_product_is_what_three_loops_say, 0, SHAPES);
	tcase_add_loop_test(cases, a_product_of_dual_numbers_is_what_loops_say, 0, SHAPES + sizeof cut / sizeof *cut);
	tcase_add_test(cases, a_row_of_a_product_does_not_depend_on_the_others);
	tcase_add_loop_test(cases, a_shared_product_has_the_same_bits_for_any_executor_and_that_of_one_to_rounding, 0,
			    WIDE);
	tcase_add_test(cases, nothing_to_write_writes_nothing);
	tcase_add_test(cases, openblas_names_its_kernel);
	tcase_add_test(cases, threads_that_multiply_at_once_get_the_bits_of_one_alone);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
