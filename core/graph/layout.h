/* What a plan is made of; private to core/graph (layout.c makes it, run.c runs it). */
#ifndef CORE_GRAPH_LAYOUT_H
#define CORE_GRAPH_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/graph/graph.h"
#include "core/graph/op.h"

/* A row operation or a mean, ready to run: places are indices into a slot's tables of pointers; place 0
 * holds NULL ("not wanted"). */
struct plan_step {
	const struct graph_op *op;
	op_function *forward;
	op_function *reverse; /* NULL: nothing flows back through it */
	size_t in[GRAPH_ARITY], out;
	size_t d_in[GRAPH_ARITY], d_out;
	bool accumulate[GRAPH_ARITY]; /* another reader of that input was there first, in every block */
	bool parameter[GRAPH_ARITY];  /* the input is a parameter: later blocks accumulate */
	struct shape shape[GRAPH_ARITY + 1];
	double attribute[GRAPH_ATTRIBUTES];
	double coefficient; /* OP_MEAN: d(root) / d(mean) */
	size_t sum;         /* OP_MEAN: index of its sum in a lane */
	size_t scalar;      /* OP_MEAN: place of its value among the scalars */
	bool features;      /* in[0] is X itself */
	struct op_memory memory;
	size_t kept_offset;       /* where what is kept lies in a slot's memory */
	bool wide;                /* a product with a phase of its own (split.h) */
	size_t part[GRAPH_ARITY]; /* bytes to a narrow parameter's gradient in that of a range of rows */
};

/* A sum over a parameter's elements. */
struct plan_penalty {
	const struct graph_op *op;
	size_t offset, size;
	bool accumulate;    /* the rows, or an earlier penalty, wrote this gradient already */
	double coefficient; /* d(root) / d(sum) */
	size_t scalar;
};

struct plan_scalar {
	const struct graph_op *op;
	size_t in[GRAPH_ARITY], out; /* places among the scalars */
	double attribute;
};

struct plan_parameter {
	size_t offset, size;
	size_t value, gradient; /* places */
	bool untouched;         /* nothing writes its gradient: it is zero */
	bool buffer;            /* its gradient is what becomes of it, in plan->renewed */
};

/* A place in a slot's memory. */
struct plan_buffer {
	size_t place;
	size_t offset; /* bytes from the slot's start */
};

/* What one executor slot works in. */
struct plan_slot {
	void **value, **gradient; /* [values], [gradients]: place -> memory */
	char *memory;             /* [slot_bytes] */
};

struct plan {
	enum dtype dtype;
	size_t numbers;    /* dtype, or NUMBERS_DUAL: all numbers are dual, for products with the Hessian alone */
	const char *lacks; /* an operation without an entry for these numbers; NULL */
	size_t element;    /* bytes of a number */
	size_t n;          /* numbers that a gradient is of */
	size_t buffers;    /* numbers behind them */
	const struct kernels *kernels;
	size_t values, gradients, scalars_room; /* sizes of the tables */
	size_t parameters, steps, means, predict_steps, penalties, scalars;
	size_t value_buffers, gradient_buffers;
	struct plan_parameter *parameter;
	struct plan_step *step;
	size_t *predict_step; /* the steps that lead to the output */
	struct plan_penalty *penalty;
	struct plan_scalar *scalar;
	struct plan_buffer *value_buffer, *gradient_buffer;
	size_t root;                       /* place among the scalars */
	size_t features, targets, classes; /* widths of the data leaves; 0: not there */
	size_t features_place, target_place, label_place;
	size_t features_offset, target_offset, label_offset; /* where gathered rows go in a slot's memory */
	size_t index_offset;                                 /* likewise the numbers of a group's rows */
	size_t output_place, output_offset, output_width;
	size_t block_rows;  /* the most rows of a block */
	size_t lane_rows;   /* the least rows that are worth a lane of their own */
	size_t lanes;       /* the most lanes */
	size_t lanes_least; /* a batch of fewer is one lane, whose steps threads share (share.h) */
	bool couples;       /* rows of a training batch depend on one another: it is one block */
	bool grouped;       /* a mean compares rows: whatever is not trained on comes in groups of a batch */
	size_t whole_rows;  /* the most rows of it; 0 where they do not */
	size_t room_rows;   /* rows that a slot has memory for: the larger of the two */
	size_t scratch, scratch_offset; /* the most of any step; where it lies in a slot's memory */
	bool split;                     /* it is then run in the phases of split.h */
	bool split_apart;               /* one wide layer alone reads X: gathered, it lies part by part */
	size_t split_rows;              /* the most rows of a block then */
	size_t part_bytes, product_bytes;
	size_t slots;
	bool smooth; /* the gradient leaves sums of absolute values out */
	bool ahead;  /* blocks are small enough to ask for the next one meanwhile */
	size_t slot_bytes, lane_bytes, workspace_bytes;
	size_t chunks, lane_sums; /* doubles between the sums of two lanes */
	/* memory */
	struct plan_slot *slot;
	char *workspace;
	char *lane;      /* gradients of the lanes 1..L-1 */
	char *part;      /* [PLAN_RANGES - 1, part_bytes] gradients of the narrow parameters, by ranges of rows */
	char *product;   /* [product_bytes] wide products of the parts of their inputs */
	double *sum;     /* [lanes or ranges, lane_sums] */
	double *partial; /* [chunks, penalties] */
	double *scalar_value;
	double *class_weight; /* [classes] of a loss that weighs them; NULL */
	char *renewed;        /* [buffers] of dtype: what the last training evaluation with a gradient made of them */
	char *point, *slope;  /* of a plan of dual numbers: theta [n + buffers], its gradient [n] */
	bool fresh;           /* it did so, and nobody took them */
};

/* Ranges of rows that a block is shared by in the phases of split.h, at most. */
enum { PLAN_RANGES = 4 };
/* The flat vector is added up and penalised in ranges of so many numbers: 128 KB of float32, which leaves room
 * in L2 for a lane's range beside it. */
enum { PLAN_CHUNK = 32768 };
/* Below so many numbers to add (some 50 us) the ranges are not worth waking a thread for. */
enum { PLAN_CHUNKS_APART = 1 << 18 };

/* Fills everything but the memory. On failure plan_tables_free is still to be called. */
enum status plan_layout(struct plan *plan, const struct graph *graph, size_t root, size_t output, struct error *error);
void plan_tables_free(struct plan *plan);

#endif
