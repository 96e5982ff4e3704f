/*
 * Latent vectors: what a generator makes its rows of. Counted randomness (core/base/random.h): number i of a stream is
 * a function of (seed, stream, step, i), so it is the same on any thread and after any interruption.
 */
#ifndef CORE_BASE_LATENT_H
#define CORE_BASE_LATENT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/dtype.h"

enum latent_law { LATENT_NORMAL, LATENT_UNIFORM }; /* standard normal; in [-1, 1) */

/* Who draws: streams of one seed and step never meet. */
enum latent_stream { LATENT_DISCRIMINATOR, LATENT_GENERATOR, LATENT_SAMPLES };

/* out[0..count) of dtype = the numbers first.. of the stream; first + count <= 2^60. */
void latent_draw(enum latent_law law, uint64_t seed, enum latent_stream stream, uint64_t step, uint64_t first,
		 size_t count, enum dtype dtype, void *out);

#endif
