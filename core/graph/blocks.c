#include "core/graph/blocks.h"

#include "core/base/size.h"

/* Bytes of a block: a quarter of the smallest second-level cache that servers of the last ten years have
 * (256 KB on Haswell would be all of it; 1 MB and more since Skylake-SP and Zen 4). */
enum { BLOCK_BYTES = 256 * 1024 };
/* Fewer rows and every product reads its weights too often; more do not save anything. */
enum { BLOCK_ROWS_LEAST = 64, BLOCK_ROWS_MOST = 1024 };
/* A block of very wide rows may have fewer than the least. */
enum { BLOCK_BYTES_MOST = 8 * 1024 * 1024 };
/* Lanes: as many threads as can share a pass, and as many gradients to add at its end. */
enum { LANES_LEAST = 2, LANES_MOST = 16 };
enum { LANES_BYTES = 16 * 1024 * 1024 };
/* Every buffer starts on a cache line, which is also the width of an AVX-512 register. */
enum { LINE = 64 };

void blocks_add_value(struct blocks *blocks, size_t place, size_t width)
{
	struct plan *plan = blocks->plan;
	plan->value_buffer[plan->value_buffers++] = (struct plan_buffer){ .place = place, .offset = width };
	blocks->overflow |= !size_add(blocks->row_numbers, width, &blocks->row_numbers);
}

void blocks_add_gradient(struct blocks *blocks, size_t place, size_t width)
{
	struct plan *plan = blocks->plan;
	plan->gradient_buffer[plan->gradient_buffers++] = (struct plan_buffer){ .place = place, .offset = width };
	blocks->overflow |= !size_add(blocks->row_numbers, width, &blocks->row_numbers);
}

/* Reserves rows * width * element bytes of a slot; returns where. */
static size_t reserve(struct blocks *blocks, size_t width, size_t element)
{
	struct plan *plan = blocks->plan;
	size_t bytes = 0, offset = plan->slot_bytes;
	blocks->overflow |= !size_multiply(plan->block_rows, width, &bytes) || !size_multiply(bytes, element, &bytes) ||
			    !size_add(bytes, LINE - 1, &bytes) ||
			    !size_add(plan->slot_bytes, bytes & ~(size_t)(LINE - 1), &plan->slot_bytes);
	return offset;
}

static void choose_rows(struct blocks *blocks)
{
	struct plan *plan = blocks->plan;
	size_t bytes = 0;
	blocks->overflow |= !size_add(blocks->row_numbers, plan->features, &bytes) ||
			    !size_add(bytes, plan->targets, &bytes) || !size_multiply(bytes, plan->element, &bytes);
	size_t rows = BLOCK_ROWS_MOST;
	while (rows > BLOCK_ROWS_LEAST && bytes > BLOCK_BYTES / rows) {
		rows -= 16;
	}
	while (rows > 1 && bytes > BLOCK_BYTES_MOST / rows) {
		rows /= 2;
	}
	plan->block_rows = rows;
}

static void choose_lanes(struct blocks *blocks)
{
	struct plan *plan = blocks->plan;
	size_t bytes = 0;
	blocks->overflow |= !size_multiply(plan->n, plan->element, &bytes) || !size_add(bytes, LINE - 1, &bytes);
	plan->lane_bytes = bytes & ~(size_t)(LINE - 1);
	plan->lanes = LANES_MOST;
	while (plan->lanes > LANES_LEAST && plan->lane_bytes > (size_t)LANES_BYTES / plan->lanes) {
		plan->lanes /= 2;
	}
	plan->lane_sums = (plan->means + 7) / 8 * 8 + 8; /* never two lanes on one cache line */
	plan->chunks = (plan->n + PLAN_CHUNK - 1) / PLAN_CHUNK;
}

enum status blocks_choose(struct blocks *blocks, struct error *error)
{
	struct plan *plan = blocks->plan;
	choose_rows(blocks);
	choose_lanes(blocks);
	plan->features_offset = reserve(blocks, plan->features, plan->element);
	plan->target_offset = reserve(blocks, plan->targets, plan->element);
	plan->label_offset = reserve(blocks, plan->classes != 0 ? 1 : 0, sizeof(int32_t));
	for (size_t i = 0; i < plan->value_buffers; i++) {
		plan->value_buffer[i].offset = reserve(blocks, plan->value_buffer[i].offset, plan->element);
		if (plan->value_buffer[i].place == plan->output_place) {
			plan->output_offset = plan->value_buffer[i].offset;
		}
	}
	for (size_t i = 0; i < plan->gradient_buffers; i++) {
		plan->gradient_buffer[i].offset = reserve(blocks, plan->gradient_buffer[i].offset, plan->element);
	}
	size_t slots = 0, lanes = 0;
	blocks->overflow |= !size_multiply(plan->slot_bytes, plan->slots, &slots) ||
			    !size_multiply(plan->lane_bytes, plan->lanes - 1, &lanes) ||
			    !size_add(slots, lanes, &plan->workspace_bytes) ||
			    !size_add(plan->workspace_bytes, LINE, &plan->workspace_bytes);
	if (blocks->overflow || plan->workspace_bytes > PTRDIFF_MAX) {
		return error_set(error, E_TOO_LARGE, "the model needs more memory than any machine has");
	}
	return OK;
}
