/* Passes over one chunk of the flat vectors; included by vector.c once for float and once for double. */
#include "core/base/real.h"

/* |dx|^2 and |x|^2 are summed over blocks of this many numbers, small enough to stay in the first cache. */
#ifndef MEASURE_BLOCK
#define MEASURE_BLOCK 1024
/* Vectors of up to this many numbers are summed by a plain loop. */
#define SHORT_SUM 16
#endif

/* sum x^2, by a plain loop where the kernel's lanes would be mostly empty. The length alone decides. */
static double NAME(squares)(const struct kernels *k, size_t n, const REAL *x)
{
	if (n > SHORT_SUM) {
		return k->NAME(sum_squares)(n, x);
	}
	double sum = 0;
	for (size_t i = 0; i < n; i++) {
		sum += (double)x[i] * (double)x[i];
	}
	return sum;
}

/* sum (x - y)^2 likewise. */
static double NAME(squared_difference)(const struct kernels *k, size_t n, const REAL *x, const REAL *y)
{
	if (n > SHORT_SUM) {
		return k->NAME(sum_squared_difference)(n, x, y);
	}
	double sum = 0;
	for (size_t i = 0; i < n; i++) {
		const double d = (double)x[i] - (double)y[i];
		sum += d * d;
	}
	return sum;
}

static void NAME(transform)(const struct kernels *k, double factor, double limit, size_t n, REAL *gradient)
{
	if (factor != 1) {
		k->NAME(scale)(n, (REAL)factor, gradient);
	}
	if (!isnan(limit)) {
		k->NAME(clamp)(n, (REAL)limit, gradient);
	}
}

/* x = next; sums (NULL: not wanted) as update_chunk. */
static void NAME(move)(const struct kernels *k, size_t n, const REAL *next, REAL *x, double *sums)
{
	if (sums != NULL) {
		sums[0] = NAME(squared_difference)(k, n, next, x);
		sums[1] = NAME(squares)(k, n, next);
	}
	if (next != x) {
		memcpy(x, next, n * sizeof *x);
	}
}

/* max |v_i|; NAN when any is not a number. */
static double NAME(largest)(const REAL *v, size_t n)
{
	double largest = 0;
	for (size_t i = 0; i < n; i++) {
		const double size = fabs((double)v[i]);
		if (!(size <= largest)) {
			largest = size;
		}
		if (isnan(size)) {
			return size;
		}
	}
	return largest;
}

/* The proximal part of an update on [begin, end): each tensor with its own l1. */
static void NAME(shrink)(const struct trainer *trainer, const struct step *step, size_t begin, size_t end)
{
	const struct objective *objective = trainer->setup.objective;
	for (size_t i = 0; i < objective->tensors && trainer->proximal; i++) {
		const struct tensor *tensor = &objective->tensor[i];
		const size_t from = tensor->offset > begin ? tensor->offset : begin;
		const size_t to = tensor->offset + tensor->size < end ? tensor->offset + tensor->size : end;
		if (objective->l1[i] != 0 && from < to) {
			trainer->optimizer.type->NAME(shrink)(&trainer->optimizer, step, objective->l1[i], from, to);
		}
	}
}

/* The squares of the least g + s with s in l1 d|x|, over [begin, end) of one tensor. */
static double NAME(least_squares)(const REAL *x, const REAL *g, double l1, size_t begin, size_t end)
{
	double sum = 0;
	for (size_t i = begin; i < end; i++) {
		const double raw = (double)g[i];
		const double rest = x[i] > 0    ? raw + l1
				    : x[i] < 0  ? raw - l1
				    : raw > l1  ? raw - l1
				    : raw < -l1 ? raw + l1
						: raw - raw;
		sum += rest * rest;
	}
	return sum;
}

/* One chunk of vector_update; sums[0] = |dx|^2, sums[1] = |x|^2 when measured. */
static void NAME(update_chunk)(const struct update_pass *pass, size_t begin, size_t end, double sums[2])
{
	const struct trainer *trainer = pass->trainer;
	const struct kernels *k = trainer->kernels;
	const struct optimizer *optimizer = &trainer->optimizer;
	REAL *x = pass->step->x;
	REAL before[MEASURE_BLOCK];

	NAME(transform)(k, pass->factor, pass->limit, end - begin, (REAL *)trainer->gradient + begin);
	if (!pass->measure) {
		optimizer->type->NAME(update)(optimizer, pass->step, begin, end);
		NAME(shrink)(trainer, pass->step, begin, end);
		return;
	}
	sums[0] = 0;
	sums[1] = 0;
	for (size_t i = begin; i < end; i += MEASURE_BLOCK) {
		const size_t count = end - i < MEASURE_BLOCK ? end - i : MEASURE_BLOCK;
		memcpy(before, x + i, count * sizeof *x);
		optimizer->type->NAME(update)(optimizer, pass->step, i, i + count);
		NAME(shrink)(trainer, pass->step, i, i + count);
		sums[0] += NAME(squared_difference)(k, count, x + i, before);
		sums[1] += NAME(squares)(k, count, x + i);
	}
}

/* sums[0] = |x - point|^2, sums[1] = |x|^2 over a chunk, the point being x before the update. */
static void NAME(measure_chunk)(const struct trainer *trainer, size_t begin, size_t end, double sums[2])
{
	const REAL *x = (const REAL *)trainer->theta + begin, *before = (const REAL *)trainer->point + begin;
	sums[0] = NAME(squared_difference)(trainer->kernels, end - begin, x, before);
	sums[1] = NAME(squares)(trainer->kernels, end - begin, x);
}

/* sqrt(sum v^2) with the squares scaled by the largest |v|: for the rare vector whose squares overflow. */
static double NAME(norm_scaled)(const REAL *v, size_t n)
{
	double largest = 0, sum = 0;
	for (size_t i = 0; i < n; i++) {
		const double size = fabs((double)v[i]);
		if (!isfinite(size)) {
			return size;
		}
		largest = size > largest ? size : largest;
	}
	for (size_t i = 0; i < n; i++) {
		const double part = (double)v[i] / largest;
		sum += part * part;
	}
	return largest * sqrt(sum);
}

#undef REAL_IS_FLOAT
