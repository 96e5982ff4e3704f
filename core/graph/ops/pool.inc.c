/* Worker of pool.c: in[0] = X [rows, c, h, w], out = Z [rows, c, oh, ow]; kept of max_pool2d: int32 [rows, c, oh, ow],
 * the place of each in its channel. */
#include "core/base/real.h"

static void NAME(clear_image)(const struct op_call *call, size_t numbers)
{
	if (!call->accumulate[0]) {
		memset(call->d_in[0], 0, numbers * sizeof(REAL));
	}
}

static void NAME(max_windows)(const struct window *window, const REAL *x, REAL *z, int32_t *where)
{
	for (size_t i = 0; i < window->out[0]; i++) {
		for (size_t j = 0; j < window->out[1]; j++, z++, where++) {
			size_t top, bottom, left, right;
			covered(window, 0, i, &top, &bottom);
			covered(window, 1, j, &left, &right);
			size_t found = top * window->width + left;
			for (size_t u = top; u < bottom; u++) {
				for (size_t v = left; v < right; v++) {
					REAL here = x[u * window->width + v];
					found = !(RE(here) <= RE(x[found])) && !isnan(RE(x[found]))
							? u * window->width + v
							: found;
				}
			}
			*z = x[found];
			*where = (int32_t)found;
		}
	}
}

static void NAME(max_pool2d_forward)(const struct op_call *call)
{
	struct window window = pool_window(&call->shape[0], call->attribute);
	size_t area = window.height * window.width, places = window.out[0] * window.out[1];
	const REAL *x = call->in[0];
	REAL *z = call->out;
	int32_t *where = call->kept;
	bool quarters = window.kernel[0] == 2 && window.kernel[1] == 2 && window.stride[0] == 2 &&
			window.stride[1] == 2 && window.padding[0] == 0 && window.padding[1] == 0;
	if (quarters && call->kernels->NAME(max_quarters) != NULL) { /* the common case */
		call->kernels->NAME(max_quarters)(call->rows * window.channels, window.height, window.width, x, z,
						  where);
		return;
	}
	for (size_t c = 0; c < call->rows * window.channels; c++) {
		NAME(max_windows)(&window, x, z, where);
		x += area;
		z += places;
		where += places;
	}
}

static void NAME(max_pool2d_reverse)(const struct op_call *call)
{
	struct window window = pool_window(&call->shape[0], call->attribute);
	size_t area = window.height * window.width, places = window.out[0] * window.out[1];
	const int32_t *where = call->kept;
	const REAL *d = call->d_out;
	REAL *dx = call->d_in[0];
	if (dx == NULL) {
		return;
	}
	NAME(clear_image)(call, call->rows * window.channels * area);
	for (size_t c = 0; c < call->rows * window.channels; c++, dx += area) {
		for (size_t i = 0; i < places; i++) {
			dx[*where++] += *d++;
		}
	}
}

/* One window's share in a mean: 1 / divisor. */
static REAL NAME(share)(const struct op_call *call, const struct window *window, size_t i, size_t j)
{
	size_t top, bottom, left, right;
	if (call->attribute[COUNT_INCLUDE_PAD] != 0) {
		return 1 / (REAL)(double)(divisor(window, 0, i) * divisor(window, 1, j));
	}
	covered(window, 0, i, &top, &bottom);
	covered(window, 1, j, &left, &right);
	return 1 / (REAL)(double)((bottom - top) * (right - left));
}

static void NAME(avg_pool2d_forward)(const struct op_call *call)
{
	struct window window = pool_window(&call->shape[0], call->attribute);
	size_t area = window.height * window.width, top, bottom, left, right;
	const REAL *x = call->in[0];
	REAL *z = call->out;
	for (size_t c = 0; c < call->rows * window.channels; c++, x += area) {
		for (size_t k = 0; k < window.out[0] * window.out[1]; k++) {
			size_t i = k / window.out[1], j = k % window.out[1];
			REAL sum = 0;
			covered(&window, 0, i, &top, &bottom);
			covered(&window, 1, j, &left, &right);
			for (size_t u = top; u < bottom; u++) {
				for (size_t v = left; v < right; v++) {
					sum += x[u * window.width + v];
				}
			}
			*z++ = sum * NAME(share)(call, &window, i, j);
		}
	}
}

static void NAME(avg_pool2d_reverse)(const struct op_call *call)
{
	struct window window = pool_window(&call->shape[0], call->attribute);
	size_t area = window.height * window.width, top, bottom, left, right;
	const REAL *d = call->d_out;
	REAL *dx = call->d_in[0];
	if (dx == NULL) {
		return;
	}
	NAME(clear_image)(call, call->rows * window.channels * area);
	for (size_t c = 0; c < call->rows * window.channels; c++, dx += area) {
		for (size_t k = 0; k < window.out[0] * window.out[1]; k++) {
			size_t i = k / window.out[1], j = k % window.out[1];
			REAL part = *d++ * NAME(share)(call, &window, i, j);
			covered(&window, 0, i, &top, &bottom);
			covered(&window, 1, j, &left, &right);
			for (size_t u = top; u < bottom; u++) {
				for (size_t v = left; v < right; v++) {
					dx[u * window.width + v] += part;
				}
			}
		}
	}
}

#undef REAL_IS_FLOAT
