/*
 * Worker of operation.c: reductions, products, rearrangements. Reverse functions add to d_in.
 *
 * A reduction works on `groups` of `size` numbers: one group a row (of a plain matrix too), or one in all.
 */
#include "core/base/real.h"
#include "core/tensor/real_math.h"

static void NAME(groups_of)(const struct tensor_call *call, size_t *groups, size_t *size)
{
	const struct shape *in = &call->step->shape[0];
	size_t rows = in->rowed ? call->rows : 1;
	*groups = call->step->whole ? 1 : rows;
	*size = shape_size(in) * (call->step->whole ? rows : 1);
	if (call->step->slice[0] > 0) { /* the rows of a plain matrix */
		*groups = call->step->slice[0];
		*size /= *groups;
	}
}

/* Over eight fixed lanes, so that it vectorises and is the same everywhere. */
static double NAME(sum_of)(size_t n, const REAL *x)
{
	double lane[8] = { 0 };
	size_t i = 0;
	for (; i + 8 <= n; i += 8) {
		for (size_t j = 0; j < 8; j++) {
			lane[j] += (double)x[i + j];
		}
	}
	double total = ((lane[0] + lane[4]) + (lane[1] + lane[5])) + ((lane[2] + lane[6]) + (lane[3] + lane[7]));
	for (; i < n; i++) {
		total += (double)x[i];
	}
	return total;
}

static REAL NAME(extreme)(bool largest, size_t n, const REAL *x)
{
	REAL best = x[0];
	for (size_t i = 1; i < n; i++) {
		best = (largest ? x[i] > best : x[i] < best) || x[i] != x[i] ? x[i] : best;
	}
	return best;
}

static REAL NAME(logsumexp)(size_t n, const REAL *x)
{
	REAL top = NAME(extreme)(true, n, x), total = 0;
	if (top - top != 0) { /* infinite or NaN */
		return top;
	}
	for (size_t i = 0; i < n; i++) {
		total += M(exp)(x[i] - top);
	}
	return top + M(log)(total);
}

static void NAME(reduce_forward)(const struct tensor_call *call)
{
	size_t groups, size;
	NAME(groups_of)(call, &groups, &size);
	for (size_t g = 0; g < groups; g++) {
		const REAL *x = (const REAL *)call->in[0] + g * size;
		REAL *y = (REAL *)call->out, shift;
		switch ((int)call->step->op) {
		case TENSOR_sum:
			y[g] = (REAL)NAME(sum_of)(size, x);
			break;
		case TENSOR_prod:
			y[g] = 1;
			for (size_t i = 0; i < size; i++) {
				y[g] *= x[i];
			}
			break;
		case TENSOR_max:
		case TENSOR_min:
			y[g] = NAME(extreme)(call->step->op == TENSOR_max, size, x);
			break;
		case TENSOR_logsumexp:
			y[g] = NAME(logsumexp)(size, x);
			break;
		default: /* softmax, log_softmax */
			shift = NAME(logsumexp)(size, x);
			for (size_t i = 0; i < size; i++) {
				REAL z = x[i] - shift;
				y[g * size + i] = call->step->op == TENSOR_softmax ? M(exp)(z) : z;
			}
			break;
		}
	}
}

/* d prod / d x[i] is the product of the others, without a division: zeros are counted. */
static void NAME(prod_back)(size_t n, const REAL *x, REAL d, REAL *to)
{
	size_t zeros = 0, where = 0;
	REAL others = 1;
	for (size_t i = 0; i < n; i++) {
		if (x[i] == 0) {
			zeros++;
			where = i;
		} else {
			others *= x[i];
		}
	}
	for (size_t i = 0; zeros == 0 && i < n; i++) {
		to[i] += d * (others / x[i]);
	}
	if (zeros == 1) {
		to[where] += d * others;
	}
}

/* Those that attain the extreme share its gradient. */
static void NAME(extreme_back)(size_t n, const REAL *x, REAL y, REAL d, REAL *to)
{
	size_t ties = 0;
	for (size_t i = 0; i < n; i++) {
		ties += x[i] == y;
	}
	for (size_t i = 0; i < n; i++) {
		to[i] += x[i] == y ? d / (REAL)ties : 0;
	}
}

static void NAME(reduce_reverse)(const struct tensor_call *call)
{
	size_t groups, size;
	NAME(groups_of)(call, &groups, &size);
	for (size_t g = 0; g < groups; g++) {
		const REAL *x = (const REAL *)call->in[0] + g * size, *y = call->out, *d = call->d_out;
		REAL *to = (REAL *)call->d_in[0] + g * size;
		REAL total = 0;
		switch ((int)call->step->op) {
		case TENSOR_sum:
			for (size_t i = 0; i < size; i++) {
				to[i] += d[g];
			}
			break;
		case TENSOR_prod:
			NAME(prod_back)(size, x, d[g], to);
			break;
		case TENSOR_max:
		case TENSOR_min:
			NAME(extreme_back)(size, x, y[g], d[g], to);
			break;
		case TENSOR_logsumexp:
			for (size_t i = 0; i < size; i++) {
				to[i] += d[g] * M(exp)(x[i] - y[g]);
			}
			break;
		case TENSOR_softmax: /* y (d - y . d) */
			y += g * size;
			d += g * size;
			for (size_t i = 0; i < size; i++) {
				total += y[i] * d[i];
			}
			for (size_t i = 0; i < size; i++) {
				to[i] += y[i] * (d[i] - total);
			}
			break;
		default: /* log_softmax: d - exp(y) sum d */
			y += g * size;
			d += g * size;
			for (size_t i = 0; i < size; i++) {
				total += d[i];
			}
			for (size_t i = 0; i < size; i++) {
				to[i] += d[i] - M(exp)(y[i]) * total;
			}
			break;
		}
	}
}

/* sum[j] += over rows of x[r, j]; where rows run whole the result is there at once. */
static void NAME(crossing_forward)(const struct tensor_call *call)
{
	const REAL *x = call->in[0];
	size_t width = shape_size(&call->step->shape[0]);
	if (width == 1) {
		call->sum[0] += NAME(sum_of)(call->rows, x);
	} else {
		for (size_t r = 0; r < call->rows; r++) {
			for (size_t j = 0; j < width; j++) {
				call->sum[j] += (double)x[r * width + j];
			}
		}
	}
	for (size_t j = 0; call->out != NULL && j < width; j++) {
		((REAL *)call->out)[j] = (REAL)(call->sum[j] * call->scale);
	}
}

static void NAME(crossing_reverse)(const struct tensor_call *call)
{
	const REAL *d = call->d_out;
	REAL *to = call->d_in[0];
	size_t width = shape_size(&call->step->shape[0]);
	if (width == 1) {
		REAL seed = (REAL)((double)d[0] * call->scale);
		for (size_t r = 0; r < call->rows; r++) {
			to[r] += seed;
		}
		return;
	}
	for (size_t r = 0; r < call->rows; r++) {
		for (size_t j = 0; j < width; j++) {
			to[r * width + j] += (REAL)((double)d[j] * call->scale);
		}
	}
}

/* [m, k] [k, n] */
static void NAME(product_sizes)(const struct tensor_call *call, size_t *m, size_t *k, size_t *n)
{
	const struct shape *a = &call->step->shape[0], *b = &call->step->shape[1];
	*m = a->rowed ? call->rows : a->rank == 2 ? a->extent[0] : 1;
	*k = b->extent[0];
	*n = b->rank == 2 ? b->extent[1] : 1;
}

static void NAME(matmul_forward)(const struct tensor_call *call)
{
	size_t m, k, n;
	NAME(product_sizes)(call, &m, &k, &n);
	if (n == 1) {
		REAL bias = call->step->op == TENSOR_affine ? *(const REAL *)call->in[2] : 0;
		call->program->kernels->NAME(matvec_ahead)(m, k, call->in[0], k, call->in[1], bias, call->out,
							   call->step->streams ? call->next : NULL);
	} else {
		NAME(gemm)(false, false, m, n, k, call->in[0], k, call->in[1], n, false, call->out, n);
	}
}

static void NAME(matmul_reverse)(const struct tensor_call *call)
{
	size_t m, k, n;
	NAME(product_sizes)(call, &m, &k, &n);
	if (call->d_in[1] != NULL && n == 1) {
		call->program->kernels->NAME(matvec_t_ahead)(m, k, call->in[0], k, call->d_out, call->d_in[1],
							     call->step->streams ? call->next : NULL);
	} else if (call->d_in[1] != NULL) {
		NAME(gemm)(true, false, k, n, m, call->in[0], k, call->d_out, n, true, call->d_in[1], n);
	}
	if (call->d_in[0] != NULL) {
		NAME(gemm)(false, true, m, k, n, call->d_out, n, call->in[1], n, true, call->d_in[0], k);
	}
}

/* X w + b: b gets the sum. */
static void NAME(affine_reverse)(const struct tensor_call *call)
{
	if (call->d_in[2] != NULL) {
		*(REAL *)call->d_in[2] += (REAL)NAME(sum_of)(call->rows, call->d_out);
	}
	NAME(matmul_reverse)(call);
}

static void NAME(transpose)(size_t rows, size_t columns, const REAL *x, REAL *y, bool add)
{
	for (size_t i = 0; i < rows; i++) {
		for (size_t j = 0; j < columns; j++) {
			y[j * rows + i] = (add ? y[j * rows + i] : 0) + x[i * columns + j];
		}
	}
}

static void NAME(trace)(const struct tensor_call *call, bool back)
{
	const struct shape *in = &call->step->shape[0];
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
	const struct shape *in = &step->shape[0];
	bool matrix = in->rank == 2;
	size_t rows = in->rowed ? call->rows : matrix ? step->slice[1] : 1;
	size_t first = in->rowed || !matrix ? 0 : step->slice[0];
	size_t from = step->slice[matrix ? 2 : 0], count = step->slice[matrix ? 3 : 1];
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

static void NAME(concat)(const struct tensor_call *call, bool back)
{
	size_t rows = call->step->shape[0].rowed ? call->rows : 1;
	size_t size[2] = { shape_size(&call->step->shape[0]), shape_size(&call->step->shape[1]) };
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

/* z[r, k[r]]; NaN where k is no index. */
static void NAME(pick)(const struct tensor_call *call, bool back)
{
	size_t rows = call->step->shape[0].rowed ? call->rows : 1, size = call->step->shape[0].extent[0];
	const REAL *z = call->in[0], *k = call->in[1];
	for (size_t r = 0; r < rows; r++) {
		bool fits = k[r] >= 0 && k[r] < (REAL)size;
		size_t at = r * size + (fits ? (size_t)k[r] : 0);
		if (!back) {
			((REAL *)call->out)[r] = fits ? z[at] : (REAL)NAN;
		} else if (fits && call->d_in[0] != NULL) {
			((REAL *)call->d_in[0])[at] += ((const REAL *)call->d_out)[r];
		}
	}
}

static void NAME(copy)(const struct tensor_call *call, bool back)
{
	size_t n = shape_size(&call->step->shape[3]) * (call->step->shape[3].rowed ? call->rows : 1);
	if (!back) {
		memcpy(call->out, call->in[0], n * sizeof(REAL));
		return;
	}
	for (size_t i = 0; i < n; i++) {
		((REAL *)call->d_in[0])[i] += ((const REAL *)call->d_out)[i];
	}
}

static void NAME(tensor_forward)(const struct tensor_call *call)
{
	const struct shape *in = &call->step->shape[0];
	if (tensor_is_element(call->step->op)) {
		NAME(element_walk)(call, 0, NULL);
		return;
	}
	/* clang-format off */
	switch ((int)call->step->op) {
	case TENSOR_SUM_ROWS: case TENSOR_MEAN_ROWS: NAME(crossing_forward)(call); break;
	case TENSOR_matmul: case TENSOR_affine: NAME(matmul_forward)(call); break;
	case TENSOR_transpose:
		if (in->rank == 2) {
			NAME(transpose)(in->extent[0], in->extent[1], call->in[0], call->out, false);
		} else {
			NAME(copy)(call, false);
		}
		break;
	case TENSOR_trace: NAME(trace)(call, false); break;
	case TENSOR_slice: NAME(slice)(call, false); break;
	case TENSOR_concat: NAME(concat)(call, false); break;
	case TENSOR_pick: NAME(pick)(call, false); break;
	case TENSOR_reshape: NAME(copy)(call, false); break;
	default: NAME(reduce_forward)(call); break;
	}
	/* clang-format on */
}

static void NAME(tensor_reverse)(const struct tensor_call *call)
{
	const struct shape *in = &call->step->shape[0];
	if (tensor_is_element(call->step->op)) {
		for (size_t k = 0; k < tensor_arity(call->step->op); k++) {
			if (call->d_in[k] != NULL) {
				NAME(element_walk)(call, k, call->d_in[k]);
			}
		}
		return;
	}
	/* clang-format off */
	switch ((int)call->step->op) {
	case TENSOR_SUM_ROWS: case TENSOR_MEAN_ROWS: NAME(crossing_reverse)(call); break;
	case TENSOR_affine: NAME(affine_reverse)(call); break;
	case TENSOR_matmul: NAME(matmul_reverse)(call); break;
	case TENSOR_transpose:
		if (in->rank == 2) {
			NAME(transpose)(in->extent[1], in->extent[0], call->d_out, call->d_in[0], true);
		} else {
			NAME(copy)(call, true);
		}
		break;
	case TENSOR_trace: NAME(trace)(call, true); break;
	case TENSOR_slice: NAME(slice)(call, true); break;
	case TENSOR_concat: NAME(concat)(call, true); break;
	case TENSOR_pick: NAME(pick)(call, true); break;
	case TENSOR_reshape: NAME(copy)(call, true); break;
	default: NAME(reduce_reverse)(call); break;
	}
	/* clang-format on */
}
