/*
 * A program: how a tensor graph is run. Made once; running it allocates nothing and looks nothing up.
 *
 * Nodes fall in three: what parameters alone lead to (computed once an evaluation, before the rows), what is rowed
 * (computed block by block), and what is computed of sums and means over rows (after the rows).
 *
 * Where the objective is affine in its sums and means over rows, what flows back into the rows is known before they
 * run: so the last part goes first with zeros for the sums, backward, which gives the seeds; then each block runs
 * forward and backward while it sits in the cache; then the last part runs again with the true sums. Mini-batches
 * are then fair: a mean is that of the batch, a sum over the batch is scaled by n / batch. What a weighted mean is
 * divided by (TENSOR_WEIGHT_ROWS) has no parameter in it, and is found before all that, in a pass over the rows'
 * weights.
 *
 * Where it is not (a variance over rows, the square root of a mean, a maximum over rows), the rows run whole, as one
 * block on one thread, and mini-batches are not fair: program_check says why. So do rows that a graph stacks
 * (tensor_stack), which are then a dimension like any other: such a program is over just so many rows.
 *
 * Invariants
 *  1. Blocks and lanes depend on shapes and the number of rows alone, never on the executor: the same bits for any
 *     number of threads.
 *  2. All arithmetic is in the program's dtype, but sums over rows, which are double. Products with the Hessian are
 *     computed in double whatever the dtype.
 */
#ifndef CORE_TENSOR_PROGRAM_H
#define CORE_TENSOR_PROGRAM_H

#include "core/exec.h"
#include "core/tensor/tensor.h"

struct program;

/* Plans the plain scalar `root` (NODE_NONE: only the output) of `graph` (borrowed for this call). output: what
 * program_predict writes, a rowed scalar or vector; or NODE_NONE. most_rows: of any batch that will be evaluated
 * (counts where rows are coupled). slots: 0 takes no memory for numbers, and computes none: such a program is only
 * there, it cannot be run. *out is returned owned. E_TOO_LARGE, E_UNSUPPORTED, E_INVALID, E_MEMORY. */
enum status program_create(const struct tensor_graph *graph, size_t root, size_t output, enum dtype dtype, size_t slots,
			   size_t most_rows, struct program **out, struct error *error);
void program_destroy(struct program *program);
/* The bytes that program_create takes; the same errors. */
enum status program_measure(const struct tensor_graph *graph, size_t root, size_t output, enum dtype dtype,
			    size_t slots, size_t most_rows, size_t *bytes, struct error *error);

/* Whether a program can be made, the same errors, and why its rows cannot be taken apart, or "". Takes no memory for
 * numbers. */
enum status program_check(const struct tensor_graph *graph, size_t root, size_t output, char couples[200],
			  struct error *error);

/* A program that computes products with the Hessian of the same root, in dual numbers (core/base/dual.h); theta and the
 * rows are of dtype. It is for program_product alone. Errors as program_create and program_measure. */
enum status program_create_product(const struct tensor_graph *graph, size_t root, enum dtype dtype, size_t slots,
				   size_t most_rows, struct program **out, struct error *error);
enum status program_measure_product(const struct tensor_graph *graph, size_t root, enum dtype dtype, size_t slots,
				    size_t most_rows, size_t *bytes, struct error *error);
/* As objective_type.product. */
enum status program_product(struct program *program, const void *theta, const void *v, const struct batch *batch,
			    struct executor *executor, void *out);

/* As objective_type.evaluate and .predict. E_INVALID: rows are stacked, and the batch has another number of them. */
enum status program_evaluate(struct program *program, const void *theta, const struct batch *batch,
			     struct executor *executor, double *value, void *gradient);
enum status program_predict(struct program *program, const void *theta, const struct batch *batch,
			    struct executor *executor, void *outputs);

#endif
