/* Worker of conv2d.c: in[0] = X [rows, c, h, w], in[1] = W [o, c / groups, kh, kw], in[2] = b [o], out = Z [rows, o,
 * p], p the places of the window; scratch = patches [c / groups * kh * kw, p] of one group of one image. */
#include "core/base/real.h"

/* Copies a few numbers without the call that memcpy is for a length that is not known. */
static inline void NAME(copy_few)(size_t n, const REAL *from, REAL *to)
{
	enum { PART = 8 };
	size_t i = 0;
	for (; i + PART <= n; i += PART) {
		memcpy(to + i, from + i, PART * sizeof *to);
	}
	if (i < n && n >= PART) { /* the last part once more, as far as it overlaps */
		memcpy(to + n - PART, from + n - PART, PART * sizeof *to);
		return;
	}
	for (; i < n; i++) {
		to[i] = from[i];
	}
}

/* One row of patches: number (u, v) of every window over one channel. */
static void NAME(lay_out)(const struct window *window, size_t u, size_t v, const REAL *image, REAL *to)
{
	size_t top, bottom, left, right, columns = window->out[1];
	inside(window->height, window->stride[0], u * window->dilation[0], window->padding[0], window->out[0], &top,
	       &bottom);
	inside(window->width, window->stride[1], v * window->dilation[1], window->padding[1], columns, &left, &right);
	bottom = left < right ? bottom : top; /* nothing of a row is inside */
	if (bottom - top < window->out[0] || right - left < columns) {
		memset(to, 0, window->out[0] * columns * sizeof *to);
	}
	for (size_t i = top; i < bottom; i++) {
		REAL *row = to + i * columns;
		const REAL *from =
			image + (i * window->stride[0] + u * window->dilation[0] - window->padding[0]) * window->width +
			left * window->stride[1] + v * window->dilation[1] - window->padding[1];
		if (window->stride[1] == 1) {
			NAME(copy_few)(right - left, from, row + left);
		} else {
			for (size_t j = left; j < right; j++) {
				row[j] = from[(j - left) * window->stride[1]];
			}
		}
	}
}

/* The way back: adds one row of patches to where its numbers came from. */
static void NAME(add_back)(const struct window *window, size_t u, size_t v, const REAL *from, REAL *image)
{
	size_t top, bottom, left, right, columns = window->out[1];
	inside(window->height, window->stride[0], u * window->dilation[0], window->padding[0], window->out[0], &top,
	       &bottom);
	inside(window->width, window->stride[1], v * window->dilation[1], window->padding[1], columns, &left, &right);
	bottom = left < right ? bottom : top; /* nothing of a row is inside */
	for (size_t i = top; i < bottom; i++) {
		const REAL *row = from + i * columns;
		REAL *to = image +
			   (i * window->stride[0] + u * window->dilation[0] - window->padding[0]) * window->width +
			   left * window->stride[1] + v * window->dilation[1] - window->padding[1];
		if (window->stride[1] == 1) {
			for (size_t j = left; j < right; j++) {
				to[j - left] += row[j];
			}
		} else {
			for (size_t j = left; j < right; j++) {
				to[(j - left) * window->stride[1]] += row[j];
			}
		}
	}
}

/* Patches of `channels` channels from `image` on; the image itself where it is its own patches. */
static const REAL *NAME(patches)(const struct op_call *call, const struct window *window, size_t channels,
				 const REAL *image)
{
	REAL *to = call->scratch;
	size_t places = window->out[0] * window->out[1];
	if (is_plain(window)) {
		return image;
	}
	for (size_t c = 0; c < channels; c++) {
		for (size_t u = 0; u < window->kernel[0]; u++) {
			for (size_t v = 0; v < window->kernel[1]; v++) {
				NAME(lay_out)(window, u, v, image + c * window->height * window->width, to);
				to += places;
			}
		}
	}
	return call->scratch;
}

static void NAME(multiply_patches)(const struct op_call *call)
{
	const struct window window = window_with(call->shape, call->attribute);
	const size_t *extent = call->shape[1].extent, channels = extent[1], groups = window.channels / channels;
	size_t places = window.out[0] * window.out[1], patch = channels * extent[2] * extent[3];
	size_t outputs = extent[0] / groups, image = window.channels * window.height * window.width;
	const REAL *bias = call->in[2];
	for (size_t r = 0; r < call->rows; r++) {
		REAL *z = (REAL *)call->out + r * extent[0] * places;
		for (size_t g = 0; g < groups; g++) {
			const REAL *x =
				(const REAL *)call->in[0] + r * image + g * channels * window.height * window.width;
			const REAL *b = NAME(patches)(call, &window, channels, x);
			NAME(gemm)
			(false, false, outputs, places, patch, (const REAL *)call->in[1] + g * outputs * patch, patch,
			 b, places, false, z + g * outputs * places, places);
		}
		for (size_t o = 0; o < extent[0]; o++) {
			for (size_t i = 0; i < places; i++) {
				z[o * places + i] += bias[o];
			}
		}
	}
}

/* db += sum over places of D, by fixed lanes. */
static void NAME(bias_sums)(size_t outputs, size_t places, const REAL *d, REAL *g)
{
	enum { LANES = 16 };
	for (size_t o = 0; o < outputs; o++, d += places) {
		REAL lane[LANES] = { 0 };
		size_t whole = places / LANES * LANES;
		for (size_t i = 0; i < whole; i += LANES) {
			for (size_t k = 0; k < LANES; k++) {
				lane[k] += d[i + k];
			}
		}
		for (size_t i = whole; i < places; i++) {
			lane[i - whole] += d[i];
		}
		for (size_t half = LANES / 2; half > 0; half /= 2) {
			for (size_t k = 0; k < half; k++) {
				lane[k] += lane[k + half];
			}
		}
		g[o] += lane[0];
	}
}

/* dX of one group of one image, added: W' D laid back to where patches came from. */
static void NAME(image_back)(const struct op_call *call, const struct window *window, size_t channels, size_t outputs,
			     const REAL *weight, const REAL *d, REAL *dx)
{
	size_t places = window->out[0] * window->out[1], patch = channels * window->kernel[0] * window->kernel[1];
	REAL *from = call->scratch;
	if (is_plain(window)) {
		NAME(gemm)(true, false, patch, places, outputs, weight, patch, d, places, true, dx, places);
		return;
	}
	NAME(gemm)(true, false, patch, places, outputs, weight, patch, d, places, false, from, places);
	for (size_t c = 0; c < channels; c++) {
		for (size_t u = 0; u < window->kernel[0]; u++) {
			for (size_t v = 0; v < window->kernel[1]; v++) {
				NAME(add_back)(window, u, v, from, dx + c * window->height * window->width);
				from += places;
			}
		}
	}
}

static void NAME(conv2d_clear)(const struct op_call *call, size_t image)
{
	size_t weights = shape_size(&call->shape[1]), outputs = call->shape[1].extent[0];
	if (call->d_in[0] != NULL && !call->accumulate[0]) {
		memset(call->d_in[0], 0, call->rows * image * sizeof(REAL));
	}
	if (call->d_in[1] != NULL && !call->accumulate[1]) {
		memset(call->d_in[1], 0, weights * sizeof(REAL));
	}
	if (call->d_in[2] != NULL && !call->accumulate[2]) {
		memset(call->d_in[2], 0, outputs * sizeof(REAL));
	}
}

static void NAME(patches_back)(const struct op_call *call)
{
	const struct window window = window_with(call->shape, call->attribute);
	const size_t *extent = call->shape[1].extent, channels = extent[1], groups = window.channels / channels;
	size_t places = window.out[0] * window.out[1], patch = channels * extent[2] * extent[3];
	size_t outputs = extent[0] / groups, area = window.height * window.width, image = window.channels * area;
	NAME(conv2d_clear)(call, image);
	for (size_t r = 0; r < call->rows; r++) {
		const REAL *d = (const REAL *)call->d_out + r * extent[0] * places;
		for (size_t g = 0; g < groups; g++, d += outputs * places) {
			size_t at = r * image + g * channels * area, w = g * outputs * patch;
			if (call->d_in[1] != NULL) {
				const REAL *b = NAME(patches)(call, &window, channels, (const REAL *)call->in[0] + at);
				NAME(gemm)
				(false, true, outputs, patch, places, d, places, b, places, true,
				 (REAL *)call->d_in[1] + w, patch);
			}
			if (call->d_in[2] != NULL) {
				NAME(bias_sums)(outputs, places, d, (REAL *)call->d_in[2] + g * outputs);
			}
			if (call->d_in[0] != NULL) {
				NAME(image_back)
				(call, &window, channels, outputs, (const REAL *)call->in[1] + w, d,
				 (REAL *)call->d_in[0] + at);
			}
		}
	}
}

#ifdef REAL_IS_DUAL
static void NAME(conv2d_forward)(const struct op_call *call)
{
	NAME(multiply_patches)(call);
}

static void NAME(conv2d_reverse)(const struct op_call *call)
{
	NAME(patches_back)(call);
}
#else
static void NAME(conv2d_forward)(const struct op_call *call)
{
	const struct window window = window_with(call->shape, call->attribute);
	const struct conv conv = conv_of(&window, &call->shape[1]);
	if (conv_scratch(&conv) == 0) {
		NAME(multiply_patches)(call);
		return;
	}
	conv_active()->NAME(forward)(&conv, call->rows, call->in[0], call->in[1], call->in[2], call->out,
				     call->scratch);
}

static void NAME(conv2d_reverse)(const struct op_call *call)
{
	const struct window window = window_with(call->shape, call->attribute);
	const struct conv conv = conv_of(&window, &call->shape[1]);
	if (conv_scratch(&conv) == 0) {
		NAME(patches_back)(call);
		return;
	}
	conv_active()->NAME(reverse)(&conv, call->rows, call->in[0], call->in[1], call->d_out, call->d_in[0],
				     call->d_in[1], call->d_in[2], call->accumulate, call->scratch);
}
#endif

#undef REAL_IS_FLOAT
