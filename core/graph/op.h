/*
 * An operation: one table entry with its shape rule, forward and reverse function.
 * Adding one: one file in core/graph/ops/, one line in its table.c.
 *
 * Kinds
 *   OP_ROWS    rowed (and parameters) -> rowed. Row r of the result depends on row r of rowed inputs alone.
 *   OP_MEAN    rowed -> scalar: a mean over the rows. forward() adds the sum over the block's rows to *sum when
 *              sum is not NULL, and when d_in[0] is not NULL writes seed * d(sum)/d(in[0]) there in the same
 *              pass; there is no reverse(). seed has the division by the batch's rows in it.
 *   OP_SUM     one parameter -> scalar, a sum over its elements, so that it may be cut in ranges: `rows` is the number
 *              of elements in the range. forward() adds to *sum, reverse() adds seed * d(sum)/d(in[0]).
 *   OP_SCALAR  scalars -> scalar, in double, once an evaluation.
 *
 * `couples`: while training, row r of an OP_ROWS depends on every row of the batch (batch statistics); the batch is
 * then one block. An operation that differs between training and evaluation looks at call->training. An OP_MEAN that
 * couples compares the rows of its block with one another: a block is a batch then, or in evaluation one of the groups
 * that more rows are dealt out to, and what it adds to *sum is its mean times its rows.
 *
 * A buffer (graph_buffer) among the inputs: reverse() while training writes what becomes of it to d_in[i].
 *
 * The third of forward[] and reverse[] is the same text in dual numbers (core/base/dual.h): forward over reverse, which
 * products with the Hessian need. Sums of losses are not wanted there (call->sum is NULL). Where it is NULL a graph
 * with the operation has no such products.
 *
 * reverse() is the vector-Jacobian product: d_in[i] = (accumulate[i] ? d_in[i] : 0) + d_out * d(out)/d(in[i]). It may
 * use the memory of d_out as scratch: nobody reads it afterwards.
 */
#ifndef CORE_GRAPH_OP_H
#define CORE_GRAPH_OP_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/dtype.h"
#include "core/base/error.h"
#include "core/exec.h"
#include "core/graph/graph.h"
#include "core/kernels/kernels.h"

/* Numbers (of the plan's dtype) that an operation works in beside its values. `kept` and `kept_row` times the block's
 * rows last from a block's forward() to its reverse(); `scratch` as long as one call. */
struct op_memory {
	size_t kept, kept_row, scratch;
	bool in_duals; /* what it is asked for: a plan of dual numbers */
};

/* What the numbers of a plan are: an enum dtype, or these. */
enum { NUMBERS_DUAL = DTYPE_FLOAT64 + 1, NUMBERS };

enum op_kind { OP_ROWS, OP_MEAN, OP_SUM, OP_SCALAR };

/* What reverse() looks at beside d_out; whatever it does not name may be overwritten in place. */
enum { READS_IN_0 = 1u << 0, READS_IN_1 = 1u << 1, READS_IN_2 = 1u << 2, READS_OUT = 1u << 3 };

/* One call of forward or reverse on one block. Arrays are of the plan's dtype; label inputs int32. */
struct op_call {
	const struct kernels *kernels;
	const struct shape *shape; /* [GRAPH_ARITY + 1]: of the inputs; the last is that of the result */
	const double *attribute;   /* [GRAPH_ATTRIBUTES]: the node's constants; NULL for OP_SUM */
	size_t rows;               /* rows in this block */
	const void *in[GRAPH_ARITY];
	void *out;
	void *d_out;
	void *d_in[GRAPH_ARITY]; /* NULL: not wanted */
	bool accumulate[GRAPH_ARITY];
	struct executor *executor; /* whose threads the call may share its work with; NULL: it is a piece itself */
	const void *next;          /* where in[0] of the next block lies, to be asked for meanwhile; NULL: not known */
	double seed;
	double *sum;
	const double *class_weight; /* of a mean that is `weighted`: [classes] */
	bool training;              /* not a validation or a prediction */
	uint64_t key, step;         /* of what is drawn by chance: the run's seed, updates made */
	size_t first;               /* place of the block's first row in the batch */
	void *kept, *scratch;       /* see op_memory */
	const atomic_bool *stop;    /* set: nobody waits for the result any more; NULL: never */
};

typedef void op_function(const struct op_call *call);

struct graph_op {
	const char *name;
	const char *doc; /* one sentence with the formula */
	enum op_kind kind;
	size_t arity;
	unsigned reverse_reads; /* READS_ bits */
	/* OP_ROWS: out may be the memory of in[0], and d_in[0] that of d_out; their shapes are equal. */
	bool in_place;
	/* OP_ROWS without parameters: forward and reverse on a range of rows write those rows of what a call on all
	 * rows writes, so that threads may share a block by its rows. */
	bool by_rows;
	/* OP_ROWS with parameters and without kept_row: forward likewise; reverse on a range of rows gives its rows of
	 * the gradients, and of inputs without rows the sum over the range. */
	bool by_parts;
	bool couples;
	/* OP_MEAN over labels: each row counts by the weight of its class (graph->class_weight), and the seed divides
	 * by the sum of these weights over the batch. */
	bool weighted;
	/* NULL: none. False: more than a size_t holds. */
	bool (*memory)(const struct shape *shape, const double *attribute, struct op_memory *memory);
	/* The result's shape. E_INVALID with both shapes in the sentence where they do not fit. */
	enum status (*shape)(const struct shape *in, struct shape *out, struct error *error);
	/* Instead of it, where the shape depends on the constants. */
	enum status (*shape_with)(const struct shape *in, const double *attribute, struct shape *out,
				  struct error *error);
	op_function *forward[NUMBERS]; /* [dtype], dual numbers */
	op_function *reverse[NUMBERS]; /* likewise; NULL for OP_MEAN and OP_SCALAR */
	/* OP_SCALAR: value, and derivatives times d_out, which read no values: the only scalar operations
	 * so far are linear, which is what lets a block go forward and backward at once. */
	double (*scalar)(const double *in, double attribute);
	void (*scalar_reverse)(double d_out, double attribute, double *d_in);
};

#endif
