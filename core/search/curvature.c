#include "core/search/curvature.h"

#include <float.h>

enum status curvature_product(struct iteration *it, const void *v, void *point, void *other, void *out)
{
	if (it->products) {
		return iteration_product(it, v, out);
	}
	const double unit = it->dtype == DTYPE_FLOAT64 ? DBL_EPSILON : (double)FLT_EPSILON;
	const double size = fmax(1, sqrt(iteration_dot(it, it->x, it->x)));
	const double step = (it->quadratic ? 1 : cbrt(unit)) * size / sqrt(iteration_dot(it, v, v));

	iteration_combine(it, 1, it->x, step, v, point);
	enum status status = iteration_evaluate(it, point, NULL, out);
	if (status != OK) {
		return status;
	}
	if (it->quadratic) {
		iteration_combine(it, 1 / step, out, -1 / step, it->g, out);
		return OK;
	}
	iteration_combine(it, 1, it->x, -step, v, point);
	status = iteration_evaluate(it, point, NULL, other);
	if (status == OK) {
		iteration_combine(it, 0.5 / step, out, -0.5 / step, other, out);
	}
	return status;
}
