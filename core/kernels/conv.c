#include "core/kernels/conv.h"

#include <stdint.h>

#include "core/kernels/conv_layout.h"
#include "core/kernels/kernels.h"

/* Limits of what is laid side by side: a padded image (twice, with its gradient, in a second-level cache), the sums of
 * the weights' gradients, and outputs. Beyond them products of weights with patches are large enough to be as good. */
enum { IMAGE_MOST = 16384, WEIGHTS_MOST = 32768, OUTPUTS_MOST = 1024 };

/* a * b where that is at most `most`, else 0. */
static size_t within(size_t a, size_t b, size_t most)
{
	return a != 0 && b <= most / a ? a * b : 0;
}

size_t conv_scratch(const struct conv *conv)
{
	if (conv_active()->forward_f32 == NULL || conv->padding[0] > IMAGE_MOST || conv->padding[1] > IMAGE_MOST) {
		return 0;
	}
	size_t plane = within(conv->height + 2 * conv->padding[0], conv->width + 2 * conv->padding[1], IMAGE_MOST);
	size_t image = within(plane, conv->channels, IMAGE_MOST);
	size_t filter = within(within(conv->kernel[0], conv->kernel[1], WEIGHTS_MOST), conv->channels / conv->groups,
			       WEIGHTS_MOST);
	size_t weights = within(filter, conv->outputs, WEIGHTS_MOST);
	if (image == 0 || weights == 0 || conv->outputs > OUTPUTS_MOST) {
		return 0;
	}
	struct conv_layout layout = conv_layout_of(conv);
	return CONV_LANES * (2 * image + conv->outputs * (layout.chunk + 1) + weights) + weights + layout.places +
	       filter;
}

const struct conv_kernels *conv_active(void)
{
	static const struct conv_kernels *const sets[] = { &conv_baseline, &conv_avx2, &conv_avx512 };
	return sets[kernels_isa_index()];
}
