/* What a program is made of; private to core/tensor (program.c and layout.c make it, run.inc.c runs it). */
#ifndef CORE_TENSOR_PROGRAM_INTERNAL_H
#define CORE_TENSOR_PROGRAM_INTERNAL_H

#include "core/kernels/kernels.h"
#include "core/tensor/program.h"

/* Numbers that an operation of several passes works on at a time: they stay in the first-level cache. */
enum { ELEMENT_TILE = 256 };
/* From so many on it pays to spread what is broadcast; sums are taken over so many lanes. */
enum { SPREAD_LEAST = 16, LANES = 8 };
/* Rows of a block are a multiple of this, but for the last block. */
enum { BLOCK_UNIT = 16 };

/* Loops of an element-wise operation, outermost first; adjacent dimensions that lie alike are one. */
struct walk {
	uint32_t extent[3];    /* the first is times the rows where `rowed` */
	uint32_t stride[4][3]; /* of the inputs and the result, 0 where broadcast */
	uint8_t dims;
	bool rowed;
};

/* The sizes that an operation works on, which most steps have in common with others. */
struct form {
	struct shape shape[4]; /* of the inputs and the result */
	unsigned slice[4];
	bool element;
	struct walk walk; /* of an element-wise one, and of a sum in a fused run */
};

/* Forms stay where they are while more are made. */
enum { FORMS_OF_BLOCK = 12 };
struct form_block {
	struct form_block *next;
	size_t forms;
	struct form form[FORMS_OF_BLOCK];
};

/* A node that is computed, ready to run. */
struct step {
	uint16_t op;             /* enum tensor_op */
	bool scalar;             /* element-wise on plain numbers: straight code */
	bool whole;              /* a reduction over all rows */
	bool streams;            /* a product of X itself with one column: a pass over memory */
	bool wanted;             /* a parameter lies behind it */
	unsigned char wants;     /* bit k: the gradient of input k is */
	unsigned in[3], out;     /* nodes */
	unsigned at[4];          /* of scalars: offsets of the inputs and the result in plain memory */
	const struct form *form; /* in the program's blocks of forms */
	size_t kept;             /* numbers a row in a slot, where slopes are kept; SIZE_MAX: they are not */
	bool uniform; /* a mean or sum over rows of one whose slopes are kept, and of nobody else, or that one:
			 the gradient between them is one number for all rows */
	unsigned sum; /* of a crossing, or a sum in a fused run: where its sums are among those of a lane */
	bool for_output;
	bool weighs;         /* a mean weight of rows, or a rowed value that one is made of */
	unsigned char first; /* bit k: the first contribution to the gradient of input k, which holds nothing yet */
	/* Of a fused run (runs.c): steps of the one that begins here, that ends here; 0: none does. */
	unsigned run, run_back;
	unsigned tick;   /* of the first step of its run, or its own */
	bool fused;      /* it is in one */
	bool run_wanted; /* which has a way back */
	bool again;      /* computed again there */
	bool stored;     /* its value is in memory, its gradient in a strip */
};

struct program_slot {
	void **value, **gradient; /* [nodes] */
	char *rows;               /* values and gradients of a block's rows */
};

enum node_place { PLACE_NONE, PLACE_PLAIN, PLACE_ROWS, PLACE_FEATURES, PLACE_TARGET };

struct program {
	enum dtype dtype;
	bool dual;      /* all numbers are dual (core/base/dual.h): for products with the Hessian alone */
	size_t element; /* bytes of a number */
	const struct kernels *kernels;
	const struct tensor_operations *operations;
	size_t n, nodes;
	size_t root, output; /* nodes; NODE_NONE */
	size_t output_width; /* numbers a row of the output; 0: there is none */
	bool rowed;          /* there are rows to read */
	bool coupled;
	size_t whole_rows; /* of coupled ones that are a dimension: how many there must be; 0: any number */
	bool ahead;        /* some step streams X: blocks are small, and the next one is asked for meanwhile */
	char reason[200];
	/* [nodes] */
	unsigned char *place;
	size_t *offset;                         /* numbers in plain memory, or numbers a row (values), by place */
	size_t *row_gradient;                   /* of rowed ones: numbers a row; SIZE_MAX: none */
	unsigned *strip_value, *strip_gradient; /* of those inside a fused run: which strip; UINT32_MAX: none */
	size_t *column;                         /* of a column leaf: which; SIZE_MAX for the others */
	bool *wanted;
	/* plain memory: theta, then what is computed, then constants */
	size_t plain_size, plain_gradient_size;
	size_t row_numbers; /* numbers a row in a slot: values, gradients, slopes that are kept (lifetime.c) */
	size_t row_work;    /* numbers a row that are computed, gradients included */
	size_t strips, strip_numbers; /* of fused runs, and numbers in each */
	/* steps: before the rows, the rows, after the rows; all of them before where rows are coupled */
	size_t constants, before, middle, after;
	struct step *step; /* [constants + before + middle + after] */
	struct form_block *forms;
	size_t boundaries;
	unsigned *boundary; /* plain nodes whose gradient rows add to */
	size_t sums;        /* doubles of a lane */
	size_t leaves;
	unsigned *leaf; /* rowed leaves, those first that weights are made of */
	size_t weight_leaves;
	bool weighs; /* there are weights of rows to be added up before the rows run */
	size_t features, targets;
	size_t block_rows, lane_rows, lanes, slots, most_rows;
	size_t bytes;
	/* memory */
	char *memory;
	char *plain, *gradient; /* [plain_size], [plain_gradient_size] of dtype; gradient of lane 0 */
	char *lane_gradient;    /* of the lanes 1..L-1 */
	void *sum;              /* [lanes, sums] doubles, or dual numbers */
	char *seed;             /* [sums] of dtype */
	char *strip;            /* [strips, strip_numbers] of dtype */
	struct program_slot *slot;
};

/* One call of an operation's function. */
struct tensor_call {
	const struct program *program;
	const struct step *step;
	size_t rows;         /* of this block */
	size_t count;        /* numbers of a strip; 0: all */
	unsigned char first; /* of a crossing, or with slopes: bit 0, d_in[0] is written, not added to */
	const void *in[3];
	void *out;
	const void *d_out;
	void *d_in[3];    /* NULL: not wanted; added to */
	double scale;     /* of a crossing: 1, 1 / batch, n / batch */
	void *sum;        /* of a crossing: doubles, or dual numbers */
	void *kept;       /* slopes that an element-wise operation keeps for the way back; NULL: none, or no way back */
	const void *next; /* X of the block after this one, to be asked for meanwhile; or NULL */
};

/* The form in the program's blocks that is like this one; NULL: out of memory. */
const struct form *program_form(struct program *program, const struct form *form);

/* Fills everything but the memory. On failure program_destroy is still to be called. */
enum status program_layout(struct program *program, const struct tensor_graph *graph, struct error *error);

/* The arithmetic, compiled once an instruction set; in the order of kernels_isa_index(). The same bits in all. */
typedef void tensor_operation(const struct tensor_call *call);
struct tensor_operations {
	tensor_operation *forward_f32, *forward_f64, *forward_dual, *reverse_f32, *reverse_f64, *reverse_dual;
};
extern const struct tensor_operations tensor_operations_baseline, tensor_operations_avx2, tensor_operations_avx512;
extern const struct tensor_operations tensor_operations_dual;

/* What program_create does of a program of dual numbers with its constants (core/tensor/product.c). */
void program_fill_duals(struct program *program, const struct tensor_graph *graph);

#endif
