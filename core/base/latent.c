/* The stream stands in the upper bits of the counter's index, the number's place in the others. */
#include "core/base/latent.h"

#include "core/base/random.h"

enum { STREAM_SHIFT = 60 };

void latent_draw(enum latent_law law, uint64_t seed, enum latent_stream stream, uint64_t step, uint64_t first,
		 size_t count, enum dtype dtype, void *out)
{
	const uint64_t at = ((uint64_t)stream << STREAM_SHIFT) + first;
	for (size_t i = 0; i < count; i++) {
		const double drawn = law == LATENT_NORMAL ? random_normal(seed, RANDOM_LATENT, step, at + i)
							  : 2 * random_uniform(seed, RANDOM_LATENT, step, at + i) - 1;
		if (dtype == DTYPE_FLOAT32) {
			((float *)out)[i] = (float)drawn;
		} else {
			((double *)out)[i] = drawn;
		}
	}
}
