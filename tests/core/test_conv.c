/* Convolutions, side by side and by patches, in both precisions: values, gradients and what they may depend on. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/graph/ops/ops.h"
#include "core/graph/ops/window.h"
#include "core/kernels/conv.h"
#include "tests/support/suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct shape_case {
	size_t rows, channels, height, width, outputs, groups;
	double attribute[GRAPH_ATTRIBUTES]; /* stride, padding, dilation, kernel */
};

/* The last ones are too large to lie side by side: by their image, by their weights. */
static const struct shape_case shapes[] = {
	{ 16, 1, 28, 28, 6, 1, { 1, 1, 2, 2, 1, 1, 5, 5 } }, { 17, 6, 14, 14, 16, 1, { 1, 1, 0, 0, 1, 1, 5, 5 } },
	{ 1, 3, 5, 7, 4, 1, { 1, 1, 0, 0, 1, 1, 1, 1 } },    { 33, 4, 6, 5, 10, 2, { 2, 3, 2, 1, 1, 2, 3, 2 } },
	{ 7, 6, 9, 4, 12, 6, { 3, 2, 4, 5, 2, 1, 2, 3 } },   { 5, 2, 1, 19, 7, 1, { 1, 2, 0, 3, 1, 3, 1, 4 } },
	{ 40, 13, 3, 3, 1, 1, { 1, 1, 1, 1, 1, 1, 3, 3 } },  { 2, 3, 75, 78, 5, 1, { 2, 3, 1, 2, 1, 2, 3, 5 } },
	{ 3, 32, 4, 5, 128, 1, { 1, 1, 1, 1, 1, 1, 3, 3 } },
};

/* One call: what it reads and writes, as op_conv2d has it. */
struct bench {
	struct shape shape[GRAPH_ARITY + 1];
	double attribute[GRAPH_ATTRIBUTES];
	size_t rows, size[GRAPH_ARITY + 1];
	void *in[GRAPH_ARITY], *d_in[GRAPH_ARITY], *out, *d_out, *scratch;
};

static uint32_t state = 2385;

static double number(void)
{
	state = state * 1664525u + 1013904223u;
	return (double)(state >> 8) * 0x1p-23 - 1;
}

static void *numbers(enum dtype dtype, size_t n)
{
	void *memory = calloc(n + 1, dtype_size(dtype));
	ck_assert_ptr_nonnull(memory);
	for (size_t i = 0; i < n; i++) {
		if (dtype == DTYPE_FLOAT32) {
			((float *)memory)[i] = (float)number();
		} else {
			((double *)memory)[i] = number();
		}
	}
	return memory;
}

static double at(enum dtype dtype, const void *memory, size_t i)
{
	return dtype == DTYPE_FLOAT32 ? (double)((const float *)memory)[i] : ((const double *)memory)[i];
}

static void bench_init(struct bench *bench, const struct shape_case *of, enum dtype dtype)
{
	struct op_memory memory = { 0 };
	struct error error;
	*bench = (struct bench){ .rows = of->rows };
	memcpy(bench->attribute, of->attribute, sizeof bench->attribute);
	bench->shape[0] = (struct shape){ .rowed = true, .rank = 3, .extent = { of->channels, of->height, of->width } };
	bench->shape[1] = (struct shape){ .rank = 4,
					  .extent = { of->outputs, of->channels / of->groups,
						      (size_t)of->attribute[WINDOW_KERNEL],
						      (size_t)of->attribute[WINDOW_KERNEL + 1] } };
	bench->shape[2] = (struct shape){ .rank = 1, .extent = { of->outputs } };
	ck_assert(op_conv2d.shape_with(bench->shape, bench->attribute, &bench->shape[GRAPH_ARITY], &error) == OK);
	ck_assert(op_conv2d.memory(bench->shape, bench->attribute, &memory));
	for (size_t k = 0; k <= GRAPH_ARITY; k++) {
		bench->size[k] = shape_size(&bench->shape[k]) * (bench->shape[k].rowed ? of->rows : 1);
	}
	for (size_t k = 0; k < GRAPH_ARITY; k++) {
		bench->in[k] = numbers(dtype, bench->size[k]);
		bench->d_in[k] = numbers(dtype, bench->size[k]);
	}
	bench->out = numbers(dtype, bench->size[GRAPH_ARITY]);
	bench->d_out = numbers(dtype, bench->size[GRAPH_ARITY]);
	bench->scratch = numbers(dtype, memory.scratch); /* exactly so much, for the sanitizer */
}

static void bench_fini(struct bench *bench)
{
	for (size_t k = 0; k < GRAPH_ARITY; k++) {
		free(bench->in[k]);
		free(bench->d_in[k]);
	}
	free(bench->out);
	free(bench->d_out);
	free(bench->scratch);
}

static struct op_call call_of(const struct bench *bench, bool accumulate)
{
	struct op_call call = { .kernels = kernels_active(),
				.shape = bench->shape,
				.attribute = bench->attribute,
				.rows = bench->rows,
				.out = bench->out,
				.d_out = bench->d_out,
				.training = true,
				.scratch = bench->scratch };
	for (size_t k = 0; k < GRAPH_ARITY; k++) {
		call.in[k] = bench->in[k];
		call.d_in[k] = bench->d_in[k];
		call.accumulate[k] = accumulate;
	}
	return call;
}

/* What the definition says, in double: values, and gradients added to what is there. */
struct expected {
	double *out, *d_in[GRAPH_ARITY];
};

/* One place of one output of one image. */
static void expect_place(const struct bench *bench, enum dtype dtype, struct expected *to, size_t row, size_t o,
			 size_t i, size_t j)
{
	const size_t *image = bench->shape[0].extent, *weight = bench->shape[1].extent,
		     *out = bench->shape[GRAPH_ARITY].extent;
	size_t group = o / (out[0] / (image[0] / weight[1]));
	size_t z = ((row * out[0] + o) * out[1] + i) * out[2] + j;
	double sum = at(dtype, bench->in[2], o), d = at(dtype, bench->d_out, z);
	for (size_t c = 0; c < weight[1]; c++) {
		for (size_t u = 0; u < weight[2]; u++) {
			for (size_t v = 0; v < weight[3]; v++) {
				const double *a = bench->attribute;
				double y = (double)i * a[0] + (double)u * a[4] - a[2];
				double x = (double)j * a[1] + (double)v * a[5] - a[3];
				if (y < 0 || x < 0 || y >= (double)image[1] || x >= (double)image[2]) {
					continue;
				}
				size_t channel = row * image[0] + group * weight[1] + c;
				size_t from = (channel * image[1] + (size_t)y) * image[2] + (size_t)x;
				size_t w = ((o * weight[1] + c) * weight[2] + u) * weight[3] + v;
				sum += at(dtype, bench->in[1], w) * at(dtype, bench->in[0], from);
				to->d_in[0][from] += at(dtype, bench->in[1], w) * d;
				to->d_in[1][w] += at(dtype, bench->in[0], from) * d;
			}
		}
	}
	to->d_in[2][o] += d;
	to->out[z] = sum;
}

static void expected_init(const struct bench *bench, enum dtype dtype, bool accumulate, struct expected *to)
{
	const size_t *out = bench->shape[GRAPH_ARITY].extent;
	to->out = calloc(bench->size[GRAPH_ARITY], sizeof *to->out);
	for (size_t k = 0; k < GRAPH_ARITY; k++) {
		to->d_in[k] = calloc(bench->size[k], sizeof *to->d_in[k]);
		for (size_t i = 0; accumulate && i < bench->size[k]; i++) {
			to->d_in[k][i] = at(dtype, bench->d_in[k], i);
		}
	}
	for (size_t place = 0; place < bench->size[GRAPH_ARITY]; place++) {
		size_t row = place / (out[0] * out[1] * out[2]), o = place / (out[1] * out[2]) % out[0];
		expect_place(bench, dtype, to, row, o, place / out[2] % out[1], place % out[2]);
	}
}

static void expected_fini(struct expected *expected)
{
	free(expected->out);
	for (size_t k = 0; k < GRAPH_ARITY; k++) {
		free(expected->d_in[k]);
	}
}

/* Numbers are in [-1, 1]: an error of a rounding a product, of sums that are as long. */
static void check_near(enum dtype dtype, const void *got, const double *expected, size_t n, const char *what)
{
	double tolerance = dtype == DTYPE_FLOAT32 ? 2e-4 : 1e-12;
	for (size_t i = 0; i < n; i++) {
		double there = at(dtype, got, i);
		ck_assert_msg(fabs(there - expected[i]) <= tolerance * (1 + fabs(expected[i])),
			      "%s, number %zu: %.9g instead of %.9g", what, i, there, expected[i]);
	}
}

START_TEST(values_and_gradients_are_what_the_definition_says)
{
	const enum dtype dtype = _i % 2 == 0 ? DTYPE_FLOAT32 : DTYPE_FLOAT64;
	const bool accumulate = _i / 2 % 2 != 0;
	struct bench bench;
	struct expected expected;
	bench_init(&bench, &shapes[(size_t)_i / 4], dtype);
	expected_init(&bench, dtype, accumulate, &expected);
	const struct op_call call = call_of(&bench, accumulate);
	op_conv2d.forward[dtype](&call);
	op_conv2d.reverse[dtype](&call);
	check_near(dtype, bench.out, expected.out, bench.size[GRAPH_ARITY], "Z");
	check_near(dtype, bench.d_in[0], expected.d_in[0], bench.size[0], "dX");
	check_near(dtype, bench.d_in[1], expected.d_in[1], bench.size[1], "dW");
	check_near(dtype, bench.d_in[2], expected.d_in[2], bench.size[2], "db");
	expected_fini(&expected);
	bench_fini(&bench);
}
END_TEST

/* So a prediction does not depend on who else is asked about, nor a gradient with respect to the input. */
START_TEST(an_image_has_the_same_bits_wherever_in_the_batch_it_lies)
{
	const enum dtype dtype = _i % 2 == 0 ? DTYPE_FLOAT32 : DTYPE_FLOAT64;
	struct bench bench;
	bench_init(&bench, &shapes[(size_t)_i / 2], dtype);
	struct op_call call = call_of(&bench, false);
	op_conv2d.forward[dtype](&call);
	op_conv2d.reverse[dtype](&call);
	size_t width = bench.size[GRAPH_ARITY] / bench.rows * dtype_size(dtype);
	size_t image = bench.size[0] / bench.rows * dtype_size(dtype);
	char *z = malloc(width), *dx = malloc(image);
	for (size_t r = 0; r < bench.rows; r++) {
		call.rows = 1;
		call.in[0] = (const char *)bench.in[0] + r * image;
		call.d_out = (char *)bench.d_out + r * width;
		call.out = z;
		call.d_in[0] = dx;
		call.d_in[1] = call.d_in[2] = NULL;
		op_conv2d.forward[dtype](&call);
		op_conv2d.reverse[dtype](&call);
		ck_assert(memcmp(z, (const char *)bench.out + r * width, width) == 0);
		ck_assert(memcmp(dx, (const char *)bench.d_in[0] + r * image, image) == 0);
	}
	free(z);
	free(dx);
	bench_fini(&bench);
}
END_TEST

START_TEST(what_is_not_wanted_is_not_written)
{
	for (size_t i = 0; i < COUNT(shapes); i++) {
		struct bench bench;
		bench_init(&bench, &shapes[i], DTYPE_FLOAT32);
		for (unsigned wanted = 0; wanted < 8; wanted++) {
			struct op_call call = call_of(&bench, false);
			for (size_t k = 0; k < GRAPH_ARITY; k++) {
				call.d_in[k] = wanted >> k & 1 ? call.d_in[k] : NULL;
			}
			op_conv2d.reverse[DTYPE_FLOAT32](&call);
		}
		bench_fini(&bench);
	}
}
END_TEST

START_TEST(what_is_too_large_to_lie_side_by_side_says_so)
{
	struct conv conv = { 1, 8, 8, 4, 1, { 3, 3 }, { 1, 1 }, { 0, 0 }, { 1, 1 }, { 6, 6 } };
	if (conv_active()->forward_f32 == NULL) {
		ck_assert_uint_eq(conv_scratch(&conv), 0);
		return;
	}
	ck_assert_uint_gt(conv_scratch(&conv), 0);
	conv.padding[1] = SIZE_MAX / 2;
	ck_assert_uint_eq(conv_scratch(&conv), 0);
	conv.padding[1] = 5000;
	ck_assert_uint_eq(conv_scratch(&conv), 0);
	conv.padding[1] = 0;
	conv.height = conv.width = SIZE_MAX / 4;
	ck_assert_uint_eq(conv_scratch(&conv), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conv");
	TCase *cases = tcase_create("conv");
	tcase_set_timeout(cases, 60);
	tcase_add_loop_test(cases, values_and_gradients_are_what_the_definition_says, 0, 4 * (int)COUNT(shapes));
	tcase_add_loop_test(cases, an_image_has_the_same_bits_wherever_in_the_batch_it_lies, 0, 2 * (int)COUNT(shapes));
	tcase_add_test(cases, what_is_not_wanted_is_not_written);
	tcase_add_test(cases, what_is_too_large_to_lie_side_by_side_says_so);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
