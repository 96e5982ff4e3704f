#include "core/tensor/rules.h"

#include <assert.h>
#include <math.h>

#include "core/tensor/layout.h"

#define RULE(name)                                                                                                     \
	static enum status name##_rule(enum tensor_op op, bool whole, const struct shape *in, struct shape *out,       \
				       struct error *error)

static enum status misfit(enum tensor_op op, const struct shape *in, struct error *error)
{
	char a[64], b[64];
	return error_set(error, E_INVALID, "shapes %s and %s do not fit for %s", tensor_shape_text(&in[0], a),
			 tensor_shape_text(&in[1], b), tensor_op_name(op));
}

/* out = the shape that a and b broadcast to (numpy's rule); a rowed scalar goes with rowed vectors row by row. */
static bool broadcast(const struct shape *a, const struct shape *b, struct shape *out)
{
	const struct shape *large = a->rank >= b->rank ? a : b, *small = large == a ? b : a;
	*out = *large;
	out->rowed = a->rowed || b->rowed;
	/* A plain value beside a rowed one must not reach into the row dimension. */
	const struct shape *plain = a->rowed ? b : a, *rowed = a->rowed ? a : b;
	if (out->rowed && !plain->rowed && plain->rank > rowed->rank) {
		/* numpy would align rows with a dimension of `plain` */
		for (size_t i = 0; i < plain->rank; i++) {
			if (plain->extent[i] != 1) {
				return false;
			}
		}
		*out = *rowed;
		return true;
	}
	for (size_t i = 0; i < small->rank; i++) {
		size_t l = large->rank - 1 - i, s = small->rank - 1 - i;
		size_t x = large->extent[l], y = small->extent[s];
		if (x != y && x != 1 && y != 1) {
			return false;
		}
		out->extent[l] = x == 1 ? y : x;
	}
	return true;
}

RULE(element)
{
	(void)whole;
	*out = in[0];
	for (size_t k = 1; k < tensor_arity(op); k++) {
		struct shape pair[2] = { *out, in[k] };
		if (!broadcast(&pair[0], &pair[1], out)) {
			return misfit(op, pair, error);
		}
	}
	return OK;
}

/* [m, k] [k, n], a vector being a row on the left and a column on the right; rowed values have rows for m. */
RULE(matmul)
{
	(void)whole;
	const struct shape *a = &in[0], *b = &in[1];
	if (b->rowed || a->rank == 0 || b->rank == 0 || a->rank > 2 || b->rank > 2 || (a->rowed && a->rank != 1)) {
		return misfit(op, in, error);
	}
	if (a->extent[a->rank - 1] != b->extent[0]) {
		return misfit(op, in, error);
	}
	*out = (struct shape){ .rowed = a->rowed };
	if (a->rank == 2) {
		out->extent[out->rank++] = a->extent[0];
	}
	if (b->rank == 2) {
		out->extent[out->rank++] = b->extent[1];
	}
	return OK;
}

RULE(concat)
{
	(void)whole;
	const struct shape *a = &in[0], *b = &in[1];
	bool matrices = a->rank == 2 && b->rank == 2 && a->extent[1] == b->extent[1];
	if (a->rowed != b->rowed || (!matrices && (a->rank > 1 || b->rank > 1))) {
		return misfit(op, in, error);
	}
	*out = (struct shape){ .rowed = a->rowed, .rank = matrices ? 2 : 1 };
	out->extent[0] = (a->rank == 0 ? 1 : a->extent[0]) + (b->rank == 0 ? 1 : b->extent[0]);
	out->extent[1] = matrices ? a->extent[1] : 0;
	return OK;
}

static enum status need(enum tensor_op op, bool holds, const char *what, const struct shape *in, struct error *error)
{
	char a[64];
	return holds ? OK
		     : error_set(error, E_INVALID, "%s takes %s, not %s", tensor_op_name(op), what,
				 tensor_shape_text(&in[0], a));
}

RULE(reduction)
{
	*out = (struct shape){ .rowed = in[0].rowed && !whole };
	return need(op, shape_size(&in[0]) > 0, "at least one number", in, error);
}

RULE(same)
{
	(void)op, (void)whole, (void)error;
	*out = in[0];
	return OK;
}

RULE(crossing)
{
	(void)whole;
	*out = in[0];
	out->rowed = false;
	return need(op, in[0].rowed, "rows", in, error);
}

RULE(transpose)
{
	(void)whole;
	*out = in[0];
	if (in[0].rank == 2) {
		out->extent[0] = in[0].extent[1];
		out->extent[1] = in[0].extent[0];
	}
	return need(op, !in[0].rowed, "a matrix of parameters (rows go first)", in, error);
}

RULE(trace)
{
	(void)whole;
	*out = (struct shape){ .rank = 0 };
	return need(op, in[0].rank == 2 && !in[0].rowed, "a matrix", in, error);
}

/* z [m] or one a row of k, itself one number, one a row, or a vector. */
RULE(pick)
{
	const struct shape *z = &in[0], *k = &in[1];
	const bool rowed = z->rowed || k->rowed, matrix = !rowed && z->rank == 2;
	const bool fits = k->rank == 0 || (k->rank == 1 && !rowed && (!matrix || k->extent[0] == z->extent[0]));
	(void)whole;
	if ((z->rank != 1 && !matrix) || !fits) {
		return misfit(op, in, error);
	}
	*out = (struct shape){ .rowed = rowed, .rank = matrix || k->rank == 1 ? 1 : 0 };
	out->extent[0] = matrix ? z->extent[0] : k->extent[0];
	return OK;
}

/* Whoever makes the node says its shape. */
RULE(given)
{
	(void)op, (void)whole, (void)in, (void)out, (void)error;
	assert(false);
	return E_INVALID;
}

typedef enum status rule_function(enum tensor_op op, bool whole, const struct shape *in, struct shape *out,
				  struct error *error);

static rule_function *const rules[TENSOR_OPS] = {
#define ENTRY(name, arity, value, da, db, dc) [TENSOR_##name] = element_rule,
	ELEMENTS(ENTRY)
#undef ENTRY
#define ENTRY(name, text, arity, rule, stem) [TENSOR_##name] = rule##_rule,
		TENSOR_OPERATIONS(ENTRY)
#undef ENTRY
};

enum status tensor_rule(enum tensor_op op, bool whole, const struct shape *in, struct shape *out, struct error *error)
{
	assert(rules[op] != NULL);
	return rules[op](op, whole, in, out, error);
}

unsigned tensor_reads(enum tensor_op op)
{
	enum { A = 1, B = 2, Y = 8, ALL = 15 };
	/* clang-format off */
	switch ((int)op) {
	case TENSOR_neg: case TENSOR_sign: case TENSOR_add: case TENSOR_sub: case TENSOR_less: case TENSOR_less_equal:
	case TENSOR_sum: case TENSOR_SUM_ROWS: case TENSOR_MEAN_ROWS: case TENSOR_WEIGHT_ROWS: case TENSOR_transpose:
	case TENSOR_trace: case TENSOR_slice: case TENSOR_stride: case TENSOR_concat: case TENSOR_reshape: case TENSOR_stack:
		return 0;
	case TENSOR_log: case TENSOR_log2: case TENSOR_log10: case TENSOR_log1p: case TENSOR_square: case TENSOR_cube:
	case TENSOR_sin: case TENSOR_cos: case TENSOR_arcsin: case TENSOR_arccos: case TENSOR_arctan: case TENSOR_sinh:
	case TENSOR_cosh: case TENSOR_arcsinh: case TENSOR_arccosh: case TENSOR_arctanh: case TENSOR_abs: case TENSOR_erf:
	case TENSOR_relu: case TENSOR_softplus: case TENSOR_gelu: case TENSOR_where:
		return A;
	case TENSOR_exp: case TENSOR_expm1: case TENSOR_sqrt: case TENSOR_root: case TENSOR_cbrt: case TENSOR_tan:
	case TENSOR_tanh: case TENSOR_expit:
		return Y;
	case TENSOR_mul: case TENSOR_maximum: case TENSOR_minimum: case TENSOR_arctan2: case TENSOR_logaddexp:
	case TENSOR_huber: case TENSOR_logistic: case TENSOR_margin: case TENSOR_matmul: case TENSOR_affine:
		return A | B;
	case TENSOR_div:
		return B | Y;
	default:
		return ALL;
	}
	/* clang-format on */
}

#define REAL  double
#define RE(x) (x)
#define M(f)  f
#define K(x)  ((double)(x))

double tensor_element_value(enum tensor_op op, const double in[3])
{
	const double a = in[0], b = in[1], c = in[2];
	switch ((int)op) {
#define VALUE(name, arity, value, da, db, dc)                                                                          \
	case TENSOR_##name:                                                                                            \
		return value;
		ELEMENTS(VALUE)
#undef VALUE
	default:
		assert(false);
		(void)c;
		return 0;
	}
}
