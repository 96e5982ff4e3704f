/*
 * Products with the Hessian: a program run in dual numbers, forward over reverse.
 *
 *   theta + i h v  ->  the gradient there is  g + i h (H v)        (core/base/dual.h)
 *
 * The text is that of the other precisions (element.inc.c, operation.inc.c, run.inc.c), with the same blocks and lanes.
 * The derivative of an element-wise value is made of the derivatives that its line in element.h states, in double; that
 * of a derivative by computing it in dual numbers.
 */
#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "core/base/dual_vector.h"
#include "core/kernels/dual.h"
#include "core/tensor/program_internal.h"

/* The value of an operation on dual numbers p, q, r. */
#define REAL        double
#define RE(x)       (x)
#define M(function) function
#define K(x)        ((double)(x))
#define ELEMENT_OF_DUALS(name, arity, value, da, db, dc)                                                               \
	static inline dual name##_of_duals(dual p, dual q, dual r)                                                     \
	{                                                                                                              \
		const double a = creal(p), b = creal(q), c = creal(r), y = value;                                      \
		double t = cimag(p) != 0 ? dual_part(da, cimag(p)) : 0;                                                \
		t += (arity) > 1 && cimag(q) != 0 ? dual_part(db, cimag(q)) : 0;                                       \
		t += (arity) > 2 && cimag(r) != 0 ? dual_part(dc, cimag(r)) : 0;                                       \
		(void)a, (void)b, (void)c;                                                                             \
		return dual_of(y, t);                                                                                  \
	}
ELEMENTS(ELEMENT_OF_DUALS)
#undef REAL
#undef RE
#undef M
#undef K

#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/tensor/element.inc.c"
#include "core/tensor/operation.inc.c"
#include "core/tensor/run.inc.c"

const struct tensor_operations tensor_operations_dual = {
	.forward_dual = tensor_forward_dual,
	.reverse_dual = tensor_reverse_dual,
};

void program_fill_duals(struct program *program, const struct tensor_graph *graph)
{
	dual *m = (dual *)(void *)program->plain;
	for (size_t i = 0; i < graph->nodes; i++) {
		if (graph->node[i].op != TENSOR_CONSTANT || program->place[i] != PLACE_PLAIN) {
			continue;
		}
		for (size_t j = 0; j < shape_size(&graph->node[i].shape); j++) {
			m[program->offset[i] + j] = graph->pool[graph->node[i].at[0] + j];
		}
	}
	run_plain_dual(program, NULL, 0, program->constants, 0, 0);
}

enum status program_product(struct program *program, const void *theta, const void *v, const struct batch *batch,
			    struct executor *executor, void *out)
{
	struct run_dual run = { .program = program, .batch = batch, .executor = executor, .back = true };
	dual *m = (dual *)(void *)program->plain;
	const dual *g = (const dual *)(const void *)program->gradient;
	assert(program->dual);
	const double h = dual_along(program->dtype, program->n, theta, v, m);
	const enum status status = compute_dual(&run);
	if (status == OK) {
		dual_product(program->dtype, program->n, g, h, out);
	}
	return status;
}
