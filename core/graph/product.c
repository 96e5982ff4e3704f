/*
 * Products with the Hessian: a plan of dual numbers, forward over reverse.
 *
 *   theta + i h v  ->  the gradient there is  g + i h (H v)        (core/base/dual.h)
 *
 * It is run by run.c as any other plan, in the same kinds of blocks and lanes. Buffers have no derivative, and what
 * becomes of them here is dropped.
 */
#include "core/graph/product.h"

#include <assert.h>

#include "core/base/dual_vector.h"
#include "core/graph/layout.h"
#include "core/graph/plan.h"

const void *product_rows(enum dtype dtype, const void *data, size_t width, const uint32_t *index, size_t first,
			 size_t rows, void *room)
{
	dual *to = room;
	for (size_t r = 0; r < rows; r++) {
		const size_t row = index != NULL ? index[r] : first + r;
		for (size_t c = 0; c < width; c++) {
			*to++ = dtype_get(dtype, data, row * width + c);
		}
	}
	return room;
}

enum status plan_product(struct plan *plan, const void *theta, const void *v, const struct batch *batch,
			 struct executor *executor, void *out)
{
	dual *point = (dual *)(void *)plan->point;
	const dual *slope = (const dual *)(const void *)plan->slope;
	const size_t n = plan->n;
	assert(plan->numbers == NUMBERS_DUAL);
	const double h = dual_along(plan->dtype, n, theta, v, point);
	for (size_t i = n; i < n + plan->buffers; i++) {
		point[i] = dtype_get(plan->dtype, theta, i);
	}
	const enum status status = plan_evaluate(plan, point, batch, executor, NULL, plan->slope);
	if (status == OK) {
		dual_product(plan->dtype, n, slope, h, out);
	}
	return status;
}
