/* Philox4x32-10 through Random123. The purpose stands in the top byte of the key, so that seeds below 2^56 never meet.
 */
#include "core/base/random.h"

#include <assert.h>
#include <math.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include <Random123/philox.h>
#pragma GCC diagnostic pop

void random_block(uint64_t seed, enum random_purpose purpose, uint64_t epoch, uint64_t index, uint32_t out[4])
{
	uint64_t keyed = seed ^ (uint64_t)purpose << 56;
	philox4x32_key_t key = { { (uint32_t)keyed, (uint32_t)(keyed >> 32) } };
	philox4x32_ctr_t counter = { { (uint32_t)epoch, (uint32_t)(epoch >> 32), (uint32_t)index,
				       (uint32_t)(index >> 32) } };
	philox4x32_ctr_t block = philox4x32_R(10, counter, key);
	for (size_t i = 0; i < 4; i++) {
		out[i] = block.v[i];
	}
}

/* The upper 53 bits of two words as a number in [0, 1). */
static double fraction(uint32_t high, uint32_t low)
{
	return (double)(((uint64_t)high << 32 | low) >> 11) * 0x1p-53;
}

double random_uniform(uint64_t seed, enum random_purpose purpose, uint64_t epoch, uint64_t index)
{
	uint32_t word[4];
	random_block(seed, purpose, epoch, index, word);
	return fraction(word[0], word[1]);
}

double random_normal(uint64_t seed, enum random_purpose purpose, uint64_t epoch, uint64_t index)
{
	uint32_t word[4];
	random_block(seed, purpose, epoch, index, word);
	double u = 1.0 - fraction(word[0], word[1]); /* (0, 1]: its logarithm is finite */
	double v = fraction(word[2], word[3]);
	return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

/* A run of 32-bit words from successive blocks of one (seed, purpose, epoch). */
struct stream {
	uint64_t seed, epoch, next;
	enum random_purpose purpose;
	unsigned used;
	uint32_t word[4];
};

static uint32_t stream_word(struct stream *stream)
{
	if (stream->used == 4) {
		random_block(stream->seed, stream->purpose, stream->epoch, stream->next++, stream->word);
		stream->used = 0;
	}
	return stream->word[stream->used++];
}

/* Uniform in [0, bound), unbiased: the high half of word * bound, words whose low half falls in the incomplete
 * last interval drawn again. Source: Lemire 2019, "Fast random integer generation in an interval", algorithm 5. */
static uint32_t stream_below(struct stream *stream, uint32_t bound)
{
	uint64_t product = (uint64_t)stream_word(stream) * bound;
	if ((uint32_t)product < bound) {
		uint32_t threshold = (0U - bound) % bound;
		while ((uint32_t)product < threshold) {
			product = (uint64_t)stream_word(stream) * bound;
		}
	}
	return (uint32_t)(product >> 32);
}

void random_shuffle(uint64_t seed, enum random_purpose purpose, uint64_t epoch, uint32_t *order, size_t count)
{
	assert(count <= UINT32_MAX);
	struct stream stream = { .seed = seed, .epoch = epoch, .purpose = purpose, .used = 4 };
	for (size_t i = count; i > 1; i--) {
		size_t j = stream_below(&stream, (uint32_t)i);
		uint32_t swapped = order[i - 1];
		order[i - 1] = order[j];
		order[j] = swapped;
	}
}
