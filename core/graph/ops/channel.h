/* Rows of numbers [channels, ...] as channels of `area` numbers each: of rank 1 a number is a channel, of rank 3
 * (images) the first dimension counts them. Private to core/graph/ops. */
#ifndef CORE_GRAPH_OPS_CHANNEL_H
#define CORE_GRAPH_OPS_CHANNEL_H

#include "core/graph/op.h"

struct channels {
	size_t count, area;
};

static inline struct channels channels_of(const struct shape *shape)
{
	struct channels channels = { .count = shape->extent[0], .area = 1 };
	for (size_t i = 1; i < shape->rank; i++) {
		channels.area *= shape->extent[i];
	}
	return channels;
}

/* Rows of numbers of rank 1 to 3. */
static inline bool channels_fit(const struct shape *shape)
{
	return shape->rowed && shape->classes == 0 && shape->rank >= 1 && shape->rank <= 3;
}

#endif
