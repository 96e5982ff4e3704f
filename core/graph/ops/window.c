#include "core/graph/ops/window.h"

struct window window_of(const struct shape *image, const double *attribute)
{
	struct window window = { .channels = image->extent[0], .height = image->extent[1], .width = image->extent[2] };
	for (size_t i = 0; i < 2; i++) {
		window.stride[i] = (size_t)attribute[WINDOW_STRIDE + i];
		window.padding[i] = (size_t)attribute[WINDOW_PADDING + i];
		window.dilation[i] = (size_t)attribute[WINDOW_DILATION + i];
		window.kernel[i] = (size_t)attribute[WINDOW_KERNEL + i];
		size_t room = image->extent[1 + i] + 2 * window.padding[i];
		size_t span = window.dilation[i] * (window.kernel[i] - 1) + 1;
		window.out[i] = span <= room ? (room - span) / window.stride[i] + 1 : 0;
	}
	return window;
}

enum status window_read(const char *name, const struct shape *image, const double *attribute, struct window *window,
			struct error *error)
{
	char text[128];
	if (!image->rowed || image->classes != 0 || image->rank != 3) {
		return error_set(error, E_INVALID, "%s takes rows of images [channels, height, width], not %s", name,
				 shape_text(image, text));
	}
	for (size_t i = 0; i < 2; i++) {
		if (!(attribute[WINDOW_STRIDE + i] >= 1) || !(attribute[WINDOW_KERNEL + i] >= 1) ||
		    !(attribute[WINDOW_DILATION + i] >= 1) || !(attribute[WINDOW_PADDING + i] >= 0)) {
			return error_set(error, E_INVALID, "%s needs a stride, a kernel and a dilation of at least 1",
					 name);
		}
	}
	*window = window_of(image, attribute);
	if (window->out[0] == 0 || window->out[1] == 0) {
		return error_set(error, E_INVALID,
				 "%s: a window of %zu x %zu (dilation %zu x %zu) does not fit into the image %s with "
				 "padding %zu x %zu",
				 name, window->kernel[0], window->kernel[1], window->dilation[0], window->dilation[1],
				 shape_text(image, text), window->padding[0], window->padding[1]);
	}
	return OK;
}

enum status window_padding(const char *name, const struct window *window, struct error *error)
{
	const size_t side[2] = { window->height, window->width };
	for (size_t i = 0; i < 2; i++) {
		const size_t span = window->dilation[i] * (window->kernel[i] - 1) + 1;
		if (window->padding[i] > 4 * (side[i] + span)) {
			return error_set(error, E_INVALID,
					 "%s: a padding of %zu is out of proportion to a side of %zu and a window of "
					 "%zu: at most "
					 "four times both together",
					 name, window->padding[i], side[i], span);
		}
	}
	return OK;
}
