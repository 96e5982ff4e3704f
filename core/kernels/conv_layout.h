/* Sizes that core/kernels/conv.c reserves memory by and isa/conv.inc.c works with; private to these two. */
#ifndef CORE_KERNELS_CONV_LAYOUT_H
#define CORE_KERNELS_CONV_LAYOUT_H

#include "core/kernels/conv.h"

/* The most images that lie side by side (32 bits a number, 64 bytes a register), and the most places of the window
 * whose gradients do at once: with four outputs half of a first-level cache. */
enum { CONV_LANES = 16, CONV_CHUNK = 128 };

struct conv_layout {
	size_t wide, high;        /* of a padded image */
	size_t image, plane;      /* numbers of an image in memory, of a channel laid side by side */
	size_t channels, outputs; /* of a group */
	size_t patch, places;     /* numbers that a place of the window covers in a group; places */
	size_t chunk;             /* places at once, nearly even parts of all */
};

static inline struct conv_layout conv_layout_of(const struct conv *conv)
{
	struct conv_layout l = { .wide = conv->width + 2 * conv->padding[1],
				 .high = conv->height + 2 * conv->padding[0] };
	l.image = conv->channels * conv->height * conv->width;
	l.plane = l.wide * l.high;
	l.channels = conv->channels / conv->groups;
	l.outputs = conv->outputs / conv->groups;
	l.patch = l.channels * conv->kernel[0] * conv->kernel[1];
	l.places = conv->out[0] * conv->out[1];
	size_t parts = (l.places - 1) / CONV_CHUNK + 1;
	l.chunk = ((l.places - 1) / parts + CONV_LANES) / CONV_LANES * CONV_LANES;
	return l;
}

#endif
