/*
 * Counted randomness: Philox4x32-10 (Salmon et al. 2011, Random123) keyed by (seed, purpose), with
 * (epoch, index) as counter. No generator state: any number can be made again at any time, on any
 * thread, after any interruption.
 */
#ifndef CORE_BASE_RANDOM_H
#define CORE_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

enum random_purpose {
	RANDOM_SPLIT = 1,
	RANDOM_SHUFFLE,
	RANDOM_INIT,
	RANDOM_DROPOUT,
	RANDOM_SAMPLE,
	RANDOM_DATA,
	RANDOM_LATENT
};

/* Four words of 32 random bits for a counter. */
void random_block(uint64_t seed, enum random_purpose purpose, uint64_t epoch, uint64_t index, uint32_t out[4]);

/* Uniform in [0, 1) with 53 bits; standard normal (Box-Muller). */
double random_uniform(uint64_t seed, enum random_purpose purpose, uint64_t epoch, uint64_t index);
double random_normal(uint64_t seed, enum random_purpose purpose, uint64_t epoch, uint64_t index);

/* order[0..count) becomes a random permutation of the values it holds (Fisher-Yates, unbiased). */
void random_shuffle(uint64_t seed, enum random_purpose purpose, uint64_t epoch, uint32_t *order, size_t count);

#endif
