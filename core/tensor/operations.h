/*
 * The operations that are not element-wise (those: element.h), as one list.
 *
 * A line is the table's entry: what errors call it, how many inputs, its shape rule (rules.c), the stem of its
 * functions in operation.inc.c: NAME(stem_forward), NAME(stem_reverse). They are one text for float, double and dual
 * numbers (core/base/real.h); in dual numbers forward and reverse are the forward-over-reverse product.
 * Adding one: a line here, its two functions, and its name in core/expression/functions.c.
 */
#ifndef CORE_TENSOR_OPERATIONS_H
#define CORE_TENSOR_OPERATIONS_H

/* X(name, text, arity, rule, stem) */
#define TENSOR_OPERATIONS(X)                                                                                           \
	/* Over all elements of a value, or of each row of a rowed one (of all rows where `whole`); at[0] > 0: of as   \
	 * many groups of a plain one. */                                                                              \
	X(sum, "sum", 1, reduction, sum)                                                                               \
	X(prod, "prod", 1, reduction, prod)                                                                            \
	X(max, "max", 1, reduction, max)                                                                               \
	X(min, "min", 1, reduction, min)                                                                               \
	X(logsumexp, "logsumexp", 1, reduction, logsumexp)                                                             \
	X(softmax, "softmax", 1, same, softmax)                                                                        \
	X(log_softmax, "log_softmax", 1, same, log_softmax)                                                            \
	/* Over rows, element by element. */                                                                           \
	X(SUM_ROWS, "sum over rows", 1, crossing, crossing)                                                            \
	X(MEAN_ROWS, "mean over rows", 1, crossing, crossing)                                                          \
	/* Of weights that no parameter is in: known before the rows run. Where rows are added and                     \
	 * not averaged, 1: what is divided by it is a weighted mean over rows, or their weighted sum. */              \
	X(WEIGHT_ROWS, "mean weight of rows", 1, crossing, crossing)                                                   \
	X(matmul, "@", 2, matmul, matmul)                                                                              \
	X(affine, "@", 3, matmul, affine) /* X w + b of rowed X, plain w and b: one number a row */                    \
	X(transpose, "transpose", 1, transpose, transpose)                                                             \
	X(trace, "trace", 1, trace, trace)                                                                             \
	X(slice, "slice", 1, given, slice)     /* at: start, count of dimension 0; start, count of dimension 1 */      \
	X(concat, "concat", 2, concat, concat) /* along the first dimension; of rowed values along the row */          \
	X(stride, "slice", 1, given, stride)   /* at: start, count, step (int32) of dimension 0 of a plain value */    \
	X(pick, "z[y]", 2, pick, pick)         /* z[k], k: z[k]; NaN where k is no index */                            \
	X(reshape, "reshape", 1, given, reshape)                                                                       \
	/* Of rows of data a plain value, the rows being its first dimension: they run whole. */                       \
	X(stack, "rows", 1, given, reshape)

#endif
