/*
 * Worker of operation.c: reductions and rearrangements; products: matmul.inc.c. Reverse functions add to d_in.
 *
 * A reduction works on `groups` of `size` numbers: one group a row (of a plain matrix too), or one in all.
 *
 * Where the gradient of a group, or of a number of a product, is 0, nothing flows back from it, were what it is made of
 * infinite or NaN: what where() did not choose stays out, as in element.inc.c.
 */
#include "core/base/real.h"
#include "core/tensor/real_math.h"

static void NAME(groups_of)(const struct tensor_call *call, size_t *groups, size_t *size)
{
	const struct shape *in = &call->step->form->shape[0];
	size_t rows = in->rowed ? call->rows : 1;
	*groups = call->step->whole ? 1 : rows;
	*size = shape_size(in) * (call->step->whole ? rows : 1);
	if (call->step->form->slice[0] > 0) { /* the rows of a plain matrix */
		*groups = call->step->form->slice[0];
		*size /= *groups;
	}
}

/* Over eight fixed lanes, so that it vectorises and is the same everywhere. */
static WIDE NAME(sum_few)(size_t n, const REAL *x)
{
	WIDE lane[8] = { 0 };
	size_t i = 0;
	for (; i + 8 <= n; i += 8) {
		for (size_t j = 0; j < 8; j++) {
			lane[j] += (WIDE)x[i + j];
		}
	}
	WIDE total = ((lane[0] + lane[4]) + (lane[1] + lane[5])) + ((lane[2] + lane[6]) + (lane[3] + lane[7]));
	for (; i < n; i++) {
		total += (WIDE)x[i];
	}
	return total;
}

/* Many over 32, as the kernels' sums (core/kernels/isa/reduce.inc.c): no addition waits for the one before. */
static WIDE NAME(sum_of)(size_t n, const REAL *x)
{
	enum { MANY = 32 };
	WIDE lane[MANY] = { 0 };
	size_t i = 0;
	if (n < MANY) {
		return NAME(sum_few)(n, x);
	}
	for (; i + MANY <= n; i += MANY) {
		_Pragma("GCC unroll 16") for (size_t j = 0; j < MANY; j++)
		{
			lane[j] += (WIDE)x[i + j];
		}
	}
	for (size_t j = 0; i < n; i++, j++) {
		lane[j] += (WIDE)x[i];
	}
	_Pragma("GCC unroll 5") for (size_t half = MANY / 2; half > 0; half /= 2)
	{
		_Pragma("GCC unroll 16") for (size_t j = 0; j < half; j++)
		{
			lane[j] += lane[j + half];
		}
	}
	return lane[0];
}

/* A reduction: y = f(x) of n numbers, and to += d df/dx; d, of one number or n, is not all 0. */
#define GROUP(name)      static void NAME(name##_group)(size_t n, const REAL *x, REAL *y)
#define GROUP_BACK(name) static void NAME(name##_back)(size_t n, const REAL *x, const REAL *y, const REAL *d, REAL *to)

GROUP(sum)
{
	*y = (REAL)NAME(sum_of)(n, x);
}

GROUP_BACK(sum)
{
	(void)x, (void)y;
	for (size_t i = 0; i < n; i++) {
		to[i] += *d;
	}
}

GROUP(prod)
{
	*y = 1;
	for (size_t i = 0; i < n; i++) {
		*y *= x[i];
	}
}

/* d prod / d x[i] is the product of the others; zeros are counted. A dual number whose value is 0 is not 0 where it has
 * a derivative: up to two of them matter. */
GROUP_BACK(prod)
{
	size_t zeros = 0, at[2] = { 0 };
	REAL others = 1;
	(void)y;
	for (size_t i = 0; i < n; i++) {
		if (RE(x[i]) == 0) {
			at[zeros < 2 ? zeros : 1] = i;
			zeros++;
		} else {
			others *= x[i];
		}
	}
	const REAL first = x[at[0]], second = x[at[1]];
	for (size_t i = 0; i < n && (zeros == 0 || (zeros == 1 && first != 0)); i++) {
		to[i] += zeros == 0 ? *d * (others / x[i]) : i != at[0] ? *d * first * (others / x[i]) : 0;
	}
	if (zeros == 1) {
		to[at[0]] += *d * others;
	} else if (zeros == 2 && (first != 0 || second != 0)) {
		to[at[0]] += *d * others * second;
		to[at[1]] += *d * others * first;
	}
}

static REAL NAME(extreme)(bool largest, size_t n, const REAL *x)
{
	REAL best = x[0];
	for (size_t i = 1; i < n; i++) {
		bool better = largest ? RE(x[i]) > RE(best) : RE(x[i]) < RE(best);
		best = better || RE(x[i]) != RE(x[i]) ? x[i] : best;
	}
	return best;
}

/* Those that attain the extreme share its gradient. */
static void NAME(extreme_back)(size_t n, const REAL *x, REAL y, REAL d, REAL *to)
{
	size_t ties = 0;
	for (size_t i = 0; i < n; i++) {
		ties += RE(x[i]) == RE(y);
	}
	for (size_t i = 0; i < n; i++) {
		to[i] += RE(x[i]) == RE(y) ? d / (REAL)ties : 0;
	}
}

GROUP(max)
{
	*y = NAME(extreme)(true, n, x);
}

GROUP_BACK(max)
{
	NAME(extreme_back)(n, x, *y, *d, to);
}

GROUP(min)
{
	*y = NAME(extreme)(false, n, x);
}

GROUP_BACK(min)
{
	NAME(extreme_back)(n, x, *y, *d, to);
}

GROUP(logsumexp)
{
	REAL top = NAME(extreme)(true, n, x), total = 0;
	if (RE(top) - RE(top) != 0) { /* infinite or NaN */
		*y = top;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		total += M(exp)(x[i] - top);
	}
	*y = top + M(log)(total);
}

GROUP_BACK(logsumexp)
{
	for (size_t i = 0; i < n; i++) {
		to[i] += *d * M(exp)(x[i] - *y);
	}
}

GROUP(softmax)
{
	REAL shift;
	NAME(logsumexp_group)(n, x, &shift);
	for (size_t i = 0; i < n; i++) {
		y[i] = M(exp)(x[i] - shift);
	}
}

/* y (d - y . d) */
GROUP_BACK(softmax)
{
	REAL total = 0;
	(void)x;
	for (size_t i = 0; i < n; i++) {
		total += y[i] * d[i];
	}
	for (size_t i = 0; i < n; i++) {
		to[i] += y[i] * (d[i] - total);
	}
}

GROUP(log_softmax)
{
	REAL shift;
	NAME(logsumexp_group)(n, x, &shift);
	for (size_t i = 0; i < n; i++) {
		y[i] = x[i] - shift;
	}
}

/* d - exp(y) sum d */
GROUP_BACK(log_softmax)
{
	REAL total = 0;
	(void)x;
	for (size_t i = 0; i < n; i++) {
		total += d[i];
	}
	for (size_t i = 0; i < n; i++) {
		to[i] += d[i] - M(exp)(y[i]) * total;
	}
}
#undef GROUP
#undef GROUP_BACK

static bool NAME(all_zero)(size_t n, const REAL *d)
{
	size_t i = 0;
	while (i < n && d[i] == 0) {
		i++;
	}
	return i == n;
}

/* The table's functions of a reduction, group by group; nothing comes of a derivative that is 0, not even of infinity.
 * wide: the result is as long as the group, or one number. */
#define REDUCTION(name, wide)                                                                                          \
	static void NAME(name##_forward)(const struct tensor_call *call)                                               \
	{                                                                                                              \
		size_t groups, size;                                                                                   \
		NAME(groups_of)(call, &groups, &size);                                                                 \
		for (size_t g = 0; g < groups; g++) {                                                                  \
			NAME(name##_group)                                                                             \
			(size, (const REAL *)call->in[0] + g * size, (REAL *)call->out + g * (wide ? size : 1));       \
		}                                                                                                      \
	}                                                                                                              \
	static void NAME(name##_reverse)(const struct tensor_call *call)                                               \
	{                                                                                                              \
		size_t groups, size;                                                                                   \
		NAME(groups_of)(call, &groups, &size);                                                                 \
		for (size_t g = 0; g < groups; g++) {                                                                  \
			const size_t at = g * (wide ? size : 1);                                                       \
			if (NAME(all_zero)(wide ? size : 1, (const REAL *)call->d_out + at)) {                         \
				continue;                                                                              \
			}                                                                                              \
			NAME(name##_back)                                                                              \
			(size, (const REAL *)call->in[0] + g * size, (const REAL *)call->out + at,                     \
			 (const REAL *)call->d_out + at, (REAL *)call->d_in[0] + g * size);                            \
		}                                                                                                      \
	}
REDUCTION(sum, false)
REDUCTION(prod, false)
REDUCTION(max, false)
REDUCTION(min, false)
REDUCTION(logsumexp, false)
REDUCTION(softmax, true)
REDUCTION(log_softmax, true)
#undef REDUCTION

/* sum[j] += over rows of x[r, j]; where rows run whole the result is there at once. */
static void NAME(crossing_forward)(const struct tensor_call *call)
{
	const REAL *x = call->in[0];
	WIDE *sum = call->sum;
	size_t width = shape_size(&call->step->form->shape[0]);
	if (width == 1) {
		sum[0] += NAME(sum_of)(call->rows, x);
	} else {
		for (size_t r = 0; r < call->rows; r++) {
			for (size_t j = 0; j < width; j++) {
				sum[j] += (WIDE)x[r * width + j];
			}
		}
	}
	for (size_t j = 0; call->out != NULL && j < width; j++) {
		((REAL *)call->out)[j] = (REAL)(sum[j] * call->scale);
	}
}

static void NAME(crossing_reverse)(const struct tensor_call *call)
{
	const REAL *d = call->d_out;
	REAL *to = call->d_in[0];
	size_t width = shape_size(&call->step->form->shape[0]);
	const bool first = (call->first & 1) != 0;
	if (width == 1) {
		REAL seed = (REAL)((WIDE)d[0] * call->scale);
		const size_t rows = call->step->uniform ? 1 : call->rows;
		for (size_t r = 0; r < rows; r++) {
			to[r] = first ? seed : to[r] + seed;
		}
		return;
	}
	for (size_t r = 0; r < call->rows; r++) {
		for (size_t j = 0; j < width; j++) {
			REAL *at = &to[r * width + j];
			*at = (first ? 0 : *at) + (REAL)((WIDE)d[j] * call->scale);
		}
	}
}

#include "core/tensor/matmul.inc.c"

static void NAME(flip)(size_t rows, size_t columns, const REAL *x, REAL *y, bool add)
{
	for (size_t i = 0; i < rows; i++) {
		for (size_t j = 0; j < columns; j++) {
			y[j * rows + i] = (add ? y[j * rows + i] : 0) + x[i * columns + j];
		}
	}
}

static void NAME(trace)(const struct tensor_call *call, bool back)
{
	const struct shape *in = &call->step->form->shape[0];
	const REAL *x = call->in[0];
	REAL *y = call->out, *to = call->d_in[0], total = 0;
	for (size_t i = 0; i < in->extent[0] && i < in->extent[1]; i++) {
		if (back) {
			to[i * in->extent[1] + i] += *(const REAL *)call->d_out;
		} else {
			total += x[i * in->extent[1] + i];
		}
	}
	if (!back) {
		*y = total;
	}
}

/* Ranges of a vector (one a row) or of a matrix. */
static void NAME(slice)(const struct tensor_call *call, bool back)
{
	const struct step *step = call->step;
	const struct shape *in = &step->form->shape[0];
	bool matrix = in->rank == 2;
	size_t rows = in->rowed ? call->rows : matrix ? step->form->slice[1] : 1;
	size_t first = in->rowed || !matrix ? 0 : step->form->slice[0];
	size_t from = step->form->slice[matrix ? 2 : 0], count = step->form->slice[matrix ? 3 : 1];
	size_t stride = in->extent[in->rank - 1];
	for (size_t r = 0; r < rows; r++) {
		size_t at = (first + r) * stride + from;
		for (size_t i = 0; i < count; i++) {
			if (back) {
				((REAL *)call->d_in[0])[at + i] += ((const REAL *)call->d_out)[r * count + i];
			} else {
				((REAL *)call->out)[r * count + i] = ((const REAL *)call->in[0])[at + i];
			}
		}
	}
}

/* Every step-th of a plain vector, or row of a plain matrix. */
static void NAME(stride)(const struct tensor_call *call, bool back)
{
	const struct form *form = call->step->form;
	const size_t width = form->shape[0].rank == 2 ? form->shape[0].extent[1] : 1;
	const ptrdiff_t first = (ptrdiff_t)form->slice[0], by = (int32_t)form->slice[2];
	for (size_t r = 0; r < form->slice[1]; r++) {
		const size_t at = (size_t)(first + (ptrdiff_t)r * by) * width;
		for (size_t i = 0; i < width; i++) {
			if (back) {
				((REAL *)call->d_in[0])[at + i] += ((const REAL *)call->d_out)[r * width + i];
			} else {
				((REAL *)call->out)[r * width + i] = ((const REAL *)call->in[0])[at + i];
			}
		}
	}
}

static void NAME(concat)(const struct tensor_call *call, bool back)
{
	size_t rows = call->step->form->shape[0].rowed ? call->rows : 1;
	size_t size[2] = { shape_size(&call->step->form->shape[0]), shape_size(&call->step->form->shape[1]) };
	for (size_t k = 0; k < 2; k++) {
		for (size_t r = 0; r < rows; r++) {
			size_t at = r * (size[0] + size[1]) + (k == 0 ? 0 : size[0]);
			for (size_t i = 0; i < size[k]; i++) {
				if (!back) {
					((REAL *)call->out)[at + i] = ((const REAL *)call->in[k])[r * size[k] + i];
				} else if (call->d_in[k] != NULL) {
					((REAL *)call->d_in[k])[r * size[k] + i] += ((const REAL *)call->d_out)[at + i];
				}
			}
		}
	}
}

/* z[r, k[r]], one z or one k for all rows where there is but one; where k is no index NaN, which is its slope too. */
static void NAME(pick)(const struct tensor_call *call, bool back)
{
	const struct shape *in = call->step->form->shape, *out = &call->step->form->shape[3];
	size_t rows = out->rowed ? call->rows : shape_size(out), size = in[0].extent[in[0].rank - 1];
	size_t stride = in[0].rowed || in[0].rank == 2 ? size : 0, step = in[1].rowed || in[1].rank == 1 ? 1 : 0;
	const REAL *z = call->in[0], *k = call->in[1];
	for (size_t r = 0; r < rows; r++) {
		const double index = (double)RE(k[r * step]);
		const bool fits = index >= 0 && index < (double)size && index == (double)(size_t)index;
		size_t at = r * stride + (fits ? (size_t)index : 0);
		if (!back) {
			((REAL *)call->out)[r] = fits ? z[at] : (REAL)NAN;
		} else if (call->d_in[0] != NULL && ((const REAL *)call->d_out)[r] != 0) {
			((REAL *)call->d_in[0])[at] += fits ? ((const REAL *)call->d_out)[r] : (REAL)NAN;
		}
	}
}

static void NAME(copy)(const struct tensor_call *call, bool back)
{
	size_t n = shape_size(&call->step->form->shape[3]) * (call->step->form->shape[3].rowed ? call->rows : 1);
	if (!back) {
		memcpy(call->out, call->in[0], n * sizeof(REAL));
		return;
	}
	for (size_t i = 0; i < n; i++) {
		((REAL *)call->d_in[0])[i] += ((const REAL *)call->d_out)[i];
	}
}

static void NAME(transpose)(const struct tensor_call *call, bool back)
{
	const struct shape *in = &call->step->form->shape[0];
	if (in->rank != 2) {
		NAME(copy)(call, back);
	} else if (back) {
		NAME(flip)(in->extent[1], in->extent[0], call->d_out, call->d_in[0], true);
	} else {
		NAME(flip)(in->extent[0], in->extent[1], call->in[0], call->out, false);
	}
}

/* The table's functions of what goes the same way forward and backward. */
#define BOTH_WAYS(name, function)                                                                                      \
	static void NAME(name##_forward)(const struct tensor_call *call)                                               \
	{                                                                                                              \
		NAME(function)(call, false);                                                                           \
	}                                                                                                              \
	static void NAME(name##_reverse)(const struct tensor_call *call)                                               \
	{                                                                                                              \
		NAME(function)(call, true);                                                                            \
	}
BOTH_WAYS(transpose, transpose)
BOTH_WAYS(trace, trace)
BOTH_WAYS(slice, slice)
BOTH_WAYS(stride, stride)
BOTH_WAYS(concat, concat)
BOTH_WAYS(pick, pick)
BOTH_WAYS(reshape, copy)
#undef BOTH_WAYS

static void NAME(element_all)(const struct tensor_call *call)
{
	NAME(element_walk)(call, 0, NULL);
}

static void NAME(element_all_back)(const struct tensor_call *call)
{
	for (size_t k = 0; k < tensor_arity(call->step->op); k++) {
		if (call->d_in[k] != NULL) {
			NAME(element_walk)(call, k, call->d_in[k]);
		}
	}
}

/* The table: core/tensor/element.h, core/tensor/operations.h. */
static const struct {
	tensor_operation *forward, *reverse;
} NAME(table)[TENSOR_OPS] = {
#define ENTRY(name, arity, value, da, db, dc) [TENSOR_##name] = { NAME(element_all), NAME(element_all_back) },
	ELEMENTS(ENTRY)
#undef ENTRY
#define ENTRY(name, text, arity, rule, stem) [TENSOR_##name] = { NAME(stem##_forward), NAME(stem##_reverse) },
		TENSOR_OPERATIONS(ENTRY)
#undef ENTRY
};

static void NAME(tensor_forward)(const struct tensor_call *call)
{
	NAME(table)[call->step->op].forward(call);
}

static void NAME(tensor_reverse)(const struct tensor_call *call)
{
	NAME(table)[call->step->op].reverse(call);
}
