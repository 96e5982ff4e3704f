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

#include "core/base/dual.h"
#include "core/graph/layout.h"
#include "core/graph/plan.h"

static double number_at(enum dtype dtype, const void *array, size_t i)
{
	return dtype == DTYPE_FLOAT32 ? (double)((const float *)array)[i] : ((const double *)array)[i];
}

const void *product_rows(enum dtype dtype, const void *data, size_t width, const uint32_t *index, size_t first,
			 size_t rows, void *room)
{
	dual *to = room;
	for (size_t r = 0; r < rows; r++) {
		const size_t row = index != NULL ? index[r] : first + r;
		for (size_t c = 0; c < width; c++) {
			*to++ = number_at(dtype, data, row * width + c);
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
	double largest = 0;
	assert(plan->numbers == NUMBERS_DUAL);
	for (size_t i = 0; i < n; i++) {
		largest = fmax(largest, fabs(number_at(plan->dtype, v, i)));
	}
	const double h = dual_step(largest);
	for (size_t i = 0; i < n + plan->buffers; i++) {
		point[i] = CMPLX(number_at(plan->dtype, theta, i), i < n ? h * number_at(plan->dtype, v, i) : 0);
	}
	const enum status status = plan_evaluate(plan, point, batch, executor, NULL, plan->slope);
	for (size_t i = 0; status == OK && i < n; i++) {
		const double product = cimag(slope[i]) / h;
		if (plan->dtype == DTYPE_FLOAT32) {
			((float *)out)[i] = (float)product;
		} else {
			((double *)out)[i] = product;
		}
	}
	return status;
}
