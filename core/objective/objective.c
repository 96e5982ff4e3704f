#include "core/objective/objective.h"

#include "core/base/size.h"

enum status objective_bound(struct objective *objective, const double *lower, const double *upper, struct error *error)
{
	const size_t n = objective->n;
	size_t bytes;
	if (!size_multiply(n, 2 * dtype_size(objective->dtype), &bytes) || (objective->lower = malloc(bytes)) == NULL) {
		return error_set(error, E_MEMORY, "no memory for the bounds");
	}
	objective->upper = (char *)objective->lower + n * dtype_size(objective->dtype);
	for (size_t i = 0; i < n; i++) {
		if (objective->dtype == DTYPE_FLOAT32) {
			((float *)objective->lower)[i] = (float)lower[i];
			((float *)objective->upper)[i] = (float)upper[i];
		} else {
			((double *)objective->lower)[i] = lower[i];
			((double *)objective->upper)[i] = upper[i];
		}
	}
	return OK;
}
