#include "core/graph/blocks.h"

#include "core/base/size.h"
#include "core/graph/split.h"

/* Bytes of a block's rows where products with a matrix do the work: a part of the second-level cache (1 MB and more
 * since Skylake-SP and Zen 4), which leaves room for the weights. With fewer rows than the least a product spends too
 * much on reading its weights: 784-128-10 in blocks of 64 takes 1.2 times the time of blocks of 128. */
enum { MATRIX_BYTES = 256 * 1024, MATRIX_ROWS_LEAST = 128, MATRIX_ROWS_MOST = 1024 };
/* Where every reader of X has one output, a pass is bound by memory: a block and the next one share the
 * first-level cache (32 KB), as matvec_ahead wants it (core/kernels/kernels.h). Sixteen rows fill its registers. */
enum { VECTOR_BYTES = 14 * 1024, VECTOR_ROWS_LEAST = 16, VECTOR_ROWS_MOST = 1024 };
/* A block of very wide rows may have fewer than the least. */
enum { BLOCK_BYTES_MOST = 8 * 1024 * 1024 };
/* Lanes: as many threads as can share a pass, and as many gradients to hold and to add at its end. */
enum { LANES_LEAST = 2, LANES_MOST = 16, LANES_BYTES = 16 * 1024 * 1024 };
/* Products with a matrix are shared in tiles by the threads (share.h) where there are fewer lanes: that needs no adding
 * of gradients, and more threads take part. */
enum { MATRIX_LANES_LEAST = 8 };
/* Images are multiplied one by one: fewer rows cost nothing, and what a block holds is large. */
enum { IMAGE_ROWS_LEAST = 16 };
/* Work that is worth waking a thread for (a wake-up takes some 5 us), and times the cost of adding a lane. */
enum { LANE_NANOSECONDS = 20000, LANE_GAIN = 8 };
/* Every buffer starts on a cache line, which is also the width of an AVX-512 register. */
enum { LINE = 64 };

static void add_numbers(struct blocks *blocks, size_t width)
{
	blocks->overflow |= !size_add(blocks->row_numbers, width, &blocks->row_numbers);
}

void blocks_add_value(struct blocks *blocks, size_t place, size_t width)
{
	struct plan *plan = blocks->plan;
	plan->value_buffer[plan->value_buffers++] = (struct plan_buffer){ .place = place, .offset = width };
	add_numbers(blocks, width);
}

void blocks_add_gradient(struct blocks *blocks, size_t place, size_t width)
{
	struct plan *plan = blocks->plan;
	plan->gradient_buffer[plan->gradient_buffers++] = (struct plan_buffer){ .place = place, .offset = width };
	add_numbers(blocks, width);
}

/* Reserves rows * width * element bytes of a slot; returns where. */
static size_t reserve(struct blocks *blocks, size_t width, size_t element)
{
	struct plan *plan = blocks->plan;
	size_t bytes = 0, offset = plan->slot_bytes;
	blocks->overflow |= !size_multiply(plan->room_rows, width, &bytes) || !size_multiply(bytes, element, &bytes) ||
			    !size_add(bytes, LINE - 1, &bytes) ||
			    !size_add(plan->slot_bytes, bytes & ~(size_t)(LINE - 1), &plan->slot_bytes);
	return offset;
}

/* `count` numbers of a slot. */
static void reserve_numbers(struct blocks *blocks, size_t count)
{
	struct plan *plan = blocks->plan;
	size_t bytes = 0;
	blocks->overflow |= !size_multiply(count, plan->element, &bytes) || !size_add(bytes, LINE - 1, &bytes) ||
			    !size_add(plan->slot_bytes, bytes & ~(size_t)(LINE - 1), &plan->slot_bytes);
}

/* Whether X is read by products with one column alone. */
static bool is_vector(const struct plan *plan)
{
	for (size_t s = 0; s < plan->steps; s++) {
		if (plan->step[s].features && shape_size(&plan->step[s].shape[GRAPH_ARITY]) != 1) {
			return false;
		}
	}
	return true;
}

/* Whether there is a convolution: what scribbles on memory of its own. */
static bool has_images(const struct plan *plan)
{
	for (size_t s = 0; s < plan->steps; s++) {
		if (plan->step[s].memory.scratch > 0) {
			return true;
		}
	}
	return false;
}

/* The most rows, in sixteens, whose bytes fit. */
static size_t rows_within(size_t bytes, size_t row_bytes, size_t least, size_t most)
{
	size_t rows = row_bytes == 0 ? most : bytes / row_bytes / 16 * 16;
	rows = rows < least ? least : rows > most ? most : rows;
	while (rows > 1 && row_bytes > BLOCK_BYTES_MOST / rows) {
		rows /= 2;
	}
	return rows;
}

static void choose_rows(struct blocks *blocks)
{
	struct plan *plan = blocks->plan;
	add_numbers(blocks, plan->features);
	add_numbers(blocks, plan->targets);
	for (size_t s = 0; s < plan->steps; s++) {
		add_numbers(blocks, plan->step[s].memory.kept_row);
	}
	size_t bytes = 0;
	blocks->overflow |= !size_multiply(blocks->row_numbers, plan->element, &bytes);
	if (is_vector(plan)) {
		plan->block_rows = rows_within(VECTOR_BYTES, bytes, VECTOR_ROWS_LEAST, VECTOR_ROWS_MOST);
		plan->ahead = bytes <= 2 * VECTOR_BYTES / plan->block_rows;
	} else {
		size_t least = has_images(plan) ? IMAGE_ROWS_LEAST : MATRIX_ROWS_LEAST;
		plan->block_rows = rows_within(MATRIX_BYTES, bytes, least, MATRIX_ROWS_MOST);
		blocks->overflow |= !split_choose(plan, bytes);
	}
	plan->room_rows = plan->whole_rows > plan->block_rows ? plan->whole_rows : plan->block_rows;
	plan->room_rows = plan->split_rows > plan->room_rows ? plan->split_rows : plan->room_rows;
}

/* Nanoseconds of a row, roughly: 8 bytes and 10 products with a parameter each. */
static size_t row_nanoseconds(const struct blocks *blocks)
{
	const struct plan *plan = blocks->plan;
	size_t products = 0;
	for (size_t s = 0; s < plan->steps; s++) {
		const struct shape *out = &plan->step[s].shape[GRAPH_ARITY];
		bool image = plan->step[s].memory.scratch > 0; /* each weight meets every place */
		size_t places = image ? shape_size(out) / out->extent[0] : 1;
		for (size_t k = 0; k < plan->step[s].op->arity; k++) {
			products += plan->step[s].parameter[k] ? shape_size(&plan->step[s].shape[k]) * places : 0;
		}
	}
	return blocks->row_numbers * plan->element / 8 + products / 10 + 1;
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
	plan->lanes_least = is_vector(plan) || has_images(plan) ? 1 : MATRIX_LANES_LEAST;
	plan->lanes = plan->lanes < plan->lanes_least ? 1 : plan->lanes;
	size_t add_nanoseconds = plan->lane_bytes / 5; /* read and written at 10 GB/s */
	size_t nanoseconds =
		add_nanoseconds > LANE_NANOSECONDS / LANE_GAIN ? add_nanoseconds * LANE_GAIN : LANE_NANOSECONDS;
	plan->lane_rows = nanoseconds / row_nanoseconds(blocks) + 1;
	plan->lane_sums = plan->means / 8 * 8 + 16; /* never two lanes on one cache line */
	plan->chunks = plan->n / PLAN_CHUNK + (plan->n % PLAN_CHUNK != 0);
}

/* What operations keep and scribble on. */
static void place_memory(struct blocks *blocks)
{
	struct plan *plan = blocks->plan;
	for (size_t s = 0; s < plan->steps; s++) {
		const struct op_memory *memory = &plan->step[s].memory;
		plan->step[s].kept_offset = reserve(blocks, memory->kept_row, plan->element);
		reserve_numbers(blocks, memory->kept);
		plan->scratch = memory->scratch > plan->scratch ? memory->scratch : plan->scratch;
	}
	plan->scratch_offset = plan->slot_bytes;
	reserve_numbers(blocks, plan->scratch);
}

static void place_buffers(struct blocks *blocks)
{
	struct plan *plan = blocks->plan;
	plan->features_offset = reserve(blocks, plan->features, plan->element);
	plan->target_offset = reserve(blocks, plan->targets, plan->element);
	plan->label_offset = reserve(blocks, plan->classes != 0 ? 1 : 0, sizeof(int32_t));
	plan->index_offset = reserve(blocks, plan->grouped ? 1 : 0, sizeof(uint32_t));
	for (size_t i = 0; i < plan->value_buffers; i++) {
		plan->value_buffer[i].offset = reserve(blocks, plan->value_buffer[i].offset, plan->element);
		if (plan->value_buffer[i].place == plan->output_place) {
			plan->output_offset = plan->value_buffer[i].offset;
		}
	}
	for (size_t i = 0; i < plan->gradient_buffers; i++) {
		plan->gradient_buffer[i].offset = reserve(blocks, plan->gradient_buffer[i].offset, plan->element);
	}
	place_memory(blocks);
}

enum status blocks_choose(struct blocks *blocks, struct error *error)
{
	struct plan *plan = blocks->plan;
	choose_rows(blocks);
	choose_lanes(blocks);
	place_buffers(blocks);
	size_t slots = 0, lanes = 0, partial = 0, split = (PLAN_RANGES - 1) * plan->part_bytes;
	blocks->overflow |= !size_multiply(plan->slot_bytes, plan->slots, &slots) ||
			    !size_multiply(plan->lane_bytes, plan->lanes - 1, &lanes) ||
			    !size_add(slots, lanes, &plan->workspace_bytes) ||
			    !size_add(plan->workspace_bytes, LINE + split, &plan->workspace_bytes) ||
			    !size_add(plan->workspace_bytes, plan->product_bytes, &plan->workspace_bytes) ||
			    !size_multiply(plan->chunks, (plan->penalties + 1) * sizeof(double), &partial);
	if (blocks->overflow || plan->workspace_bytes > PTRDIFF_MAX / 2) {
		return error_set(error, E_TOO_LARGE, "the model needs more memory than any machine has");
	}
	return OK;
}
