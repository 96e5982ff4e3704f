/* The tiles of a wide layer's products, and the gathering of its X. See wide.h. */
#include "core/graph/wide.h"

#include <string.h>

#include "core/base/size.h"
#include "core/graph/ops/ops.h"
#include "core/kernels/gemm.h"

/* Weights that are worth hand-overs of their own. */
enum { WIDE_NUMBERS = 1 << 14 };
/* Multiplications that are worth a piece (some 5 us), numbers gathered likewise; the most tiles forward and backward.
 */
enum { TILE_PRODUCTS = 1 << 19, GATHER_NUMBERS = 1 << 14, FORWARD_MOST = 16, REVERSE_MOST = 32 };
/* Parts, and the least inputs of one, in units: a vector. */
enum { PARTS = 2, PART_INPUTS = 64, PART_UNIT = 16 };
/* Rows that repay packing W, and likewise rows of dW; columns of a panel. */
enum { TILE_ROWS = 96, PANEL = 32 };
/* Rows of X at once in dW = X' D: its numbers lie a row apart, and those of a tile are to stay in the first-level
 * cache beside the panel of D. */
enum { TRANSPOSED_ROWS = 128 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t most(size_t a, size_t b)
{
	return a > b ? a : b;
}

bool wide_is(const struct plan_step *step)
{
	return (step->op == &op_affine || step->op == &op_matmul) && step->parameter[1] &&
	       step->shape[1].extent[1] > 1 && shape_size(&step->shape[1]) >= WIDE_NUMBERS;
}

static size_t parts_of(const struct plan_step *step)
{
	return step->shape[1].extent[0] >= PARTS * PART_INPUTS ? PARTS : 1;
}

bool wide_is_apart(const struct plan_step *step)
{
	return wide_is(step) && step->features && parts_of(step) == PARTS;
}

bool wide_bytes(const struct plan_step *step, size_t rows, size_t element, size_t *bytes)
{
	*bytes = 0;
	return parts_of(step) == 1 || size_multiply(step->shape[1].extent[1], PARTS * rows * element, bytes);
}

/* Where piece `index` of `pieces` begins among `count` things, in whole units. */
static size_t cut_at(size_t count, size_t unit, size_t index, size_t pieces)
{
	return least(((count - 1) / unit + 1) * index / pieces * unit, count);
}

static size_t part_at(const struct wide *wide, size_t part)
{
	return cut_at(wide->k, PART_UNIT, part, wide->parts);
}

struct wide wide_start(const struct run *run, const struct plan_step *step, size_t rows, bool later)
{
	const struct plan *plan = run->plan;
	struct wide wide = {
		.step = step,
		.executor = run->executor,
		.call = run_start_call(run, &plan->slot[0]),
		.rows = rows,
		.k = step->shape[1].extent[0],
		.m = step->shape[1].extent[1],
		.parts = parts_of(step),
		.element = plan->element,
		.single = plan->dtype == DTYPE_FLOAT32,
		.apart = step->features && plan->split_apart && run->batch->index != NULL,
		.product = plan->product,
	};
	run_bind_step(&wide.call, step, &plan->slot[0], later);
	return wide;
}

/* Pieces through the executor; where all of them are not worth two, here. */
static void run_tiles(struct wide *wide, size_t count, executor_piece *piece)
{
	if (count > 1 && (double)wide->rows * (double)wide->k * (double)wide->m >= 2.0 * TILE_PRODUCTS) {
		wide->executor->run(wide->executor, count, piece, wide);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		piece(wide, i, 0);
	}
}

/* Tiles of a part. */
static size_t tiles_of(const struct wide *wide, size_t at_most)
{
	double tiles = (double)wide->rows * (double)wide->k * (double)wide->m / TILE_PRODUCTS;
	return most((tiles < (double)at_most ? (size_t)tiles : at_most) / wide->parts, 1);
}

/* A matrix, or a tile of one: its first number, and the numbers between rows. */
struct tile {
	const void *first;
	size_t step;
};

static struct tile tile_at(const struct wide *wide, const void *array, size_t step, size_t row, size_t column)
{
	return (struct tile){ (const char *)array + (row * step + column) * wide->element, step };
}

/* X from row and column on, the column being of that part. */
static struct tile x_at(const struct wide *wide, size_t part, size_t row, size_t column)
{
	const size_t first = part_at(wide, part), width = part_at(wide, part + 1) - first;
	if (!wide->apart) {
		return tile_at(wide, wide->call.in[0], wide->k, row, column);
	}
	return tile_at(wide, (const char *)wide->call.in[0] + first * wide->rows * wide->element, width, row,
		       column - first);
}

/* C [m, n] (+)= A' B', transposed where `ta` and `tb` say so, over k products. */
static void multiply(const struct wide *wide, bool ta, bool tb, size_t m, size_t n, size_t k, struct tile a,
		     struct tile b, bool accumulate, struct tile c)
{
	void *to = (void *)(uintptr_t)c.first;
	if (wide->single) {
		gemm_f32(ta, tb, m, n, k, a.first, a.step, b.first, b.step, accumulate, to, c.step);
	} else {
		gemm_f64(ta, tb, m, n, k, a.first, a.step, b.first, b.step, accumulate, to, c.step);
	}
}

/* --- forward --- */

static void forward_piece(void *context, size_t index, size_t slot)
{
	const struct wide *wide = context;
	const size_t tiles = wide->down * wide->across, part = index / tiles, m = wide->m;
	const size_t i = index % tiles / wide->across, j = index % wide->across;
	const size_t top = cut_at(wide->rows, 1, i, wide->down), bottom = cut_at(wide->rows, 1, i + 1, wide->down);
	const size_t left = cut_at(m, PANEL, j, wide->across), right = cut_at(m, PANEL, j + 1, wide->across);
	const size_t first = part_at(wide, part), end = part_at(wide, part + 1);
	const char *to = wide->parts == 1 ? wide->call.out : wide->product + part * wide->rows * m * wide->element;
	(void)slot;
	multiply(wide, false, false, bottom - top, right - left, end - first, x_at(wide, part, top, first),
		 tile_at(wide, wide->call.in[1], m, first, left), false, tile_at(wide, to, m, top, left));
}

void wide_forward(struct wide *wide)
{
	const size_t tiles = tiles_of(wide, FORWARD_MOST);
	wide->down = most(least(tiles, wide->rows / TILE_ROWS), 1);
	wide->across = least(most(tiles / wide->down, 1), (wide->m - 1) / PANEL + 1);
	run_tiles(wide, wide->parts * wide->down * wide->across, forward_piece);
}

void wide_sum(const struct wide *wide, size_t top, size_t rows)
{
	const struct kernels *kernels = wide->call.kernels;
	const size_t numbers = rows * wide->m, bytes = numbers * wide->element, offset = top * wide->m * wide->element;
	void *z = (char *)wide->call.out + offset;
	const void *bias = wide->step->op == &op_affine ? wide->call.in[2] : NULL;
	for (size_t part = 0; part < wide->parts && wide->parts > 1; part++) {
		const void *from = wide->product + part * wide->rows * wide->m * wide->element + offset;
		if (part == 0) {
			memcpy(z, from, bytes);
		} else if (wide->single) {
			kernels->add_f32(numbers, from, z);
		} else {
			kernels->add_f64(numbers, from, z);
		}
	}
	if (bias != NULL && wide->single) {
		kernels->add_row_f32(rows, wide->m, z, bias);
	} else if (bias != NULL) {
		kernels->add_row_f64(rows, wide->m, z, bias);
	}
}

/* --- backward --- */

static void weights_tile(const struct wide *wide, size_t part, size_t tile)
{
	const size_t m = wide->m, i = tile / wide->across, j = tile % wide->across;
	const size_t first = part_at(wide, part), count = part_at(wide, part + 1) - first;
	const size_t top = first + cut_at(count, 1, i, wide->down);
	const size_t bottom = first + cut_at(count, 1, i + 1, wide->down);
	const size_t left = cut_at(m, PANEL, j, wide->across), right = cut_at(m, PANEL, j + 1, wide->across);
	for (size_t r = 0; r < wide->rows; r += TRANSPOSED_ROWS) {
		multiply(wide, true, false, bottom - top, right - left, least(wide->rows - r, TRANSPOSED_ROWS),
			 x_at(wide, part, r, top), tile_at(wide, wide->call.d_out, m, r, left),
			 r > 0 || wide->call.accumulate[1], tile_at(wide, wide->call.d_in[1], m, top, left));
	}
}

static void inputs_tile(const struct wide *wide, size_t part, size_t tile)
{
	const size_t k = wide->k, m = wide->m, first = part_at(wide, part), count = part_at(wide, part + 1) - first;
	const size_t left = first + cut_at(count, PANEL, tile, wide->back);
	const size_t right = first + cut_at(count, PANEL, tile + 1, wide->back);
	multiply(wide, false, true, wide->rows, right - left, m, tile_at(wide, wide->call.d_out, m, 0, 0),
		 tile_at(wide, wide->call.in[1], m, left, 0), wide->call.accumulate[0],
		 tile_at(wide, wide->call.d_in[0], k, 0, left));
}

static void reverse_piece(void *context, size_t index, size_t slot)
{
	const struct wide *wide = context;
	const size_t weights = wide->down * wide->across, tiles = weights + wide->back;
	(void)slot;
	if (index % tiles < weights) {
		weights_tile(wide, index / tiles, index % tiles);
	} else {
		inputs_tile(wide, index / tiles, index % tiles - weights);
	}
}

void wide_reverse(struct wide *wide)
{
	const size_t tiles = tiles_of(wide, REVERSE_MOST), panels = (wide->m - 1) / PANEL + 1;
	const size_t inputs = wide->k / wide->parts;
	wide->across = wide->call.d_in[1] != NULL ? least(tiles, panels) : 0;
	wide->down = wide->across > 0 ? most(least(tiles / wide->across, inputs / TILE_ROWS), 1) : 0;
	wide->back = wide->call.d_in[0] != NULL ? least(tiles, (inputs - 1) / PANEL + 1) : 0;
	if (wide->across + wide->back > 0) {
		run_tiles(wide, wide->parts * (wide->down * wide->across + wide->back), reverse_piece);
	}
}

void wide_bias(const struct wide *wide, size_t top, size_t rows, bool accumulate, void *db)
{
	const void *d = (const char *)wide->call.d_out + top * wide->m * wide->element;
	if (!accumulate) {
		memset(db, 0, wide->m * wide->element);
	}
	if (wide->single) {
		wide->call.kernels->column_sums_f32(rows, wide->m, d, db);
	} else {
		wide->call.kernels->column_sums_f64(rows, wide->m, d, db);
	}
}

/* --- gathering --- */

struct gathering {
	size_t rows, width, down, element;
	const char *x;
	const uint32_t *index;
	char *out;
};

/* A part of some rows; those of rows to come are asked for meanwhile: they lie anywhere. */
static void gather_piece(void *context, size_t index, size_t slot)
{
	enum { AHEAD = 4, LINE = 64, BYTES_AHEAD = 4096 };
	const struct gathering *pass = context;
	const size_t part = index / pass->down, i = index % pass->down, row_bytes = pass->width * pass->element;
	const size_t left = cut_at(pass->width, PART_UNIT, part, PARTS) * pass->element;
	const size_t bytes = cut_at(pass->width, PART_UNIT, part + 1, PARTS) * pass->element - left;
	const size_t top = cut_at(pass->rows, 1, i, pass->down), bottom = cut_at(pass->rows, 1, i + 1, pass->down);
	(void)slot;
	for (size_t r = top; r < bottom; r++) {
		if (r + AHEAD < bottom) {
			const char *ahead = pass->x + pass->index[r + AHEAD] * row_bytes + left;
			for (size_t b = 0; b < least(bytes, BYTES_AHEAD); b += LINE) {
				__builtin_prefetch(ahead + b);
			}
		}
		memcpy(pass->out + left * pass->rows + r * bytes, pass->x + pass->index[r] * row_bytes + left, bytes);
	}
}

void wide_gather(const struct run *run, size_t rows, size_t width, const void *x, const uint32_t *index, void *out)
{
	struct gathering pass = { rows, width, most(rows / TILE_ROWS, 1), run->plan->element, x, index, out };
	const size_t pieces = PARTS * pass.down;
	if (rows * width >= (size_t)2 * GATHER_NUMBERS) {
		run->executor->run(run->executor, pieces, gather_piece, &pass);
		return;
	}
	for (size_t i = 0; i < pieces; i++) {
		gather_piece(&pass, i, 0);
	}
}
