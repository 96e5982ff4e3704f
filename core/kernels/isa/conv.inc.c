/* Convolutions in one precision; conv.c includes this once for float and once for double. Numbers that lie side by side
 * are [.., WIDTH]. */
#include "core/kernels/isa/wide.inc.c"

/* Where a call's memory lies. */
struct NAME(room) {
	struct conv_layout l;
	REAL *x, *dx;     /* [channels, high, wide, WIDTH] */
	REAL *d;          /* [outputs of a group, chunk, WIDTH] */
	REAL *sum;        /* [outputs, patch, WIDTH] */
	REAL *bias_sum;   /* [outputs, WIDTH] */
	REAL *w;          /* [outputs, patch], packed */
	uint32_t *place;  /* [places] */
	uint32_t *offset; /* [patch] */
};

static struct NAME(room) NAME(room_of)(const struct conv *conv, REAL *scratch)
{
	struct NAME(room) room = { .l = conv_layout_of(conv), .x = scratch };
	const struct conv_layout *l = &room.l;
	room.dx = room.x + conv->channels * l->plane * WIDTH;
	room.d = room.dx + conv->channels * l->plane * WIDTH;
	room.sum = room.d + l->outputs * l->chunk * WIDTH;
	room.bias_sum = room.sum + conv->outputs * l->patch * WIDTH;
	room.w = room.bias_sum + conv->outputs * WIDTH;
	room.place = (uint32_t *)(void *)(room.w + conv->outputs * l->patch);
	room.offset = room.place + l->places;
	find_offsets(conv, l, room.offset, room.place);
	return room;
}

static inline MASK NAME(first_lanes)(size_t count)
{
	return (MASK)(count < WIDTH ? (1u << count) - 1 : (MASK)-1);
}

/* to[i, r] = from[r * step + i] for i < count, 0 for r >= rows. */
static void NAME(lay_side_by_side)(size_t rows, size_t count, const REAL *from, size_t step, REAL *to)
{
	for (size_t i = 0; i < count; i += WIDTH) {
		size_t length = least(WIDTH, count - i);
		MASK keep = NAME(first_lanes)(length);
		VEC row[WIDTH];
		UNROLL for (size_t r = 0; r < WIDTH; r++)
		{
			row[r] = r < rows ? V(maskz_loadu)(keep, from + r * step + i) : V(setzero)();
		}
		NAME(transpose)(row);
		UNROLL for (size_t k = 0; k < WIDTH; k++)
		{
			if (k < length) {
				V(storeu)(to + (i + k) * WIDTH, row[k]);
			}
		}
	}
}

/* The way back: to[r * step + i] (+)= from[i, r] for i < count, r < rows. */
static void NAME(lay_back)(size_t rows, size_t count, const REAL *from, REAL *to, size_t step, bool accumulate)
{
	for (size_t i = 0; i < count; i += WIDTH) {
		size_t length = least(WIDTH, count - i);
		MASK keep = NAME(first_lanes)(length);
		VEC row[WIDTH];
		UNROLL for (size_t k = 0; k < WIDTH; k++)
		{
			row[k] = k < length ? V(loadu)(from + (i + k) * WIDTH) : V(setzero)();
		}
		NAME(transpose)(row);
		UNROLL for (size_t r = 0; r < WIDTH; r++)
		{
			if (r < rows) {
				REAL *place = to + r * step + i;
				VEC before = accumulate ? V(maskz_loadu)(keep, place) : V(setzero)();
				V(mask_storeu)(place, keep, accumulate ? V(add)(before, row[r]) : row[r]);
			}
		}
	}
}

/* Images with their padding; those without any lie as they are. */
static void NAME(lay_images)(const struct conv *conv, const struct conv_layout *l, size_t rows, const REAL *x, REAL *to)
{
	if (l->plane == conv->height * conv->width) {
		NAME(lay_side_by_side)(rows, l->image, x, l->image, to);
		return;
	}
	memset(to, 0, conv->channels * l->plane * WIDTH * sizeof *to);
	for (size_t c = 0; c < conv->channels; c++) {
		for (size_t i = 0; i < conv->height; i++) {
			NAME(lay_side_by_side)
			(rows, conv->width, x + (c * conv->height + i) * conv->width, l->image,
			 to + (c * l->plane + (i + conv->padding[0]) * l->wide + conv->padding[1]) * WIDTH);
		}
	}
}

static void NAME(lay_images_back)(const struct conv *conv, const struct conv_layout *l, size_t rows, const REAL *from,
				  REAL *dx, bool accumulate)
{
	if (l->plane == conv->height * conv->width) {
		NAME(lay_back)(rows, l->image, from, dx, l->image, accumulate);
		return;
	}
	for (size_t c = 0; c < conv->channels; c++) {
		for (size_t i = 0; i < conv->height; i++) {
			NAME(lay_back)
			(rows, conv->width,
			 from + (c * l->plane + (i + conv->padding[0]) * l->wide + conv->padding[1]) * WIDTH,
			 dx + (c * conv->height + i) * conv->width, l->image, accumulate);
		}
	}
}

/* --- forward --- */

/* packed: the tiles of outputs one after the other, each [patch, its outputs], so that one pointer reads them all. */
static void NAME(pack_weights)(const struct conv_layout *l, const REAL *w, REAL *packed)
{
	for (size_t i = 0, first = 0; first < l->outputs; i++) {
		size_t end = part(l->outputs, FORWARD_OUTPUTS, i + 1);
		for (size_t p = 0; p < l->patch; p++) {
			for (size_t o = first; o < end; o++) {
				*packed++ = w[o * l->patch + p];
			}
		}
		first = end;
	}
}

/* z[o, t] for `outputs` outputs and PLACES places: z [outputs, WIDTH, WIDTH]; w [patch, outputs]. */
INLINE void NAME(forward_tile)(size_t outputs, const struct NAME(room) * room, const REAL *x, const uint32_t *place,
			       const REAL *w, const REAL *bias, REAL *z)
{
	VEC sum[FORWARD_OUTPUTS][PLACES];
	const REAL *from[PLACES];
	const size_t patch = room->l.patch;
	UNROLL for (size_t t = 0; t < PLACES; t++)
	{
		from[t] = x + (size_t)place[t] * WIDTH;
		UNROLL for (size_t o = 0; o < outputs; o++)
		{
			sum[o][t] = V(setzero)();
		}
	}
	for (size_t p = 0; p < patch; p++) {
		size_t offset = (size_t)room->offset[p] * WIDTH;
		VEC number[PLACES];
		UNROLL for (size_t t = 0; t < PLACES; t++)
		{
			number[t] = V(loadu)(from[t] + offset);
		}
		UNROLL for (size_t o = 0; o < outputs; o++)
		{
			VEC weight = V(set1)(w[p * outputs + o]);
			UNROLL for (size_t t = 0; t < PLACES; t++)
			{
				sum[o][t] = V(fmadd)(weight, number[t], sum[o][t]);
			}
		}
	}
	UNROLL for (size_t o = 0; o < outputs; o++)
	{
		UNROLL for (size_t t = 0; t < PLACES; t++)
		{
			V(storeu)(z + (o * WIDTH + t) * WIDTH, V(add)(sum[o][t], V(set1)(bias[o])));
		}
	}
}

/* Each number of outputs has code of its own, so that sums stay in registers. */
NOINLINE void NAME(forward_outputs)(size_t outputs, const struct NAME(room) * room, const REAL *x,
				    const uint32_t *place, const REAL *w, const REAL *bias, REAL *z)
{
	switch (outputs) {
#define CASE(n)                                                                                                        \
	case n:                                                                                                        \
		NAME(forward_tile)(n, room, x, place, w, bias, z);                                                     \
		break;
		CASE(1)
		CASE(2)
		CASE(3)
		CASE(4)
		CASE(5)
		CASE(6)
#undef CASE
	default:
		break;
	}
}

/* Up to WIDTH places from `at` on, all outputs of a group; x, w, b and z of that group. */
static void NAME(forward_places)(const struct NAME(room) * room, size_t rows, size_t at, const REAL *x, const REAL *w,
				 const REAL *bias, REAL *z, size_t step)
{
	_Alignas(64) REAL tile[FORWARD_OUTPUTS * WIDTH * WIDTH];
	uint32_t place[WIDTH];
	const struct conv_layout *l = &room->l;
	size_t count = least(WIDTH, l->places - at);
	for (size_t t = 0; t < WIDTH; t++) { /* places that are not there: the last one again */
		place[t] = room->place[at + least(t, count - 1)];
	}
	for (size_t i = 0, first = 0; first < l->outputs; i++) {
		size_t outputs = part(l->outputs, FORWARD_OUTPUTS, i + 1) - first;
		for (size_t t = 0; t < count; t += PLACES) {
			NAME(forward_outputs)
			(outputs, room, x, place + t, w + first * l->patch, bias + first, tile + t * WIDTH);
		}
		for (size_t o = 0; o < outputs; o++) {
			NAME(lay_back)
			(rows, count, tile + o * WIDTH * WIDTH, z + (first + o) * l->places + at, step, false);
		}
		first += outputs;
	}
}

static void NAME(conv_forward)(const struct conv *conv, size_t rows, const REAL *x, const REAL *w, const REAL *b,
			       REAL *z, REAL *scratch)
{
	const struct NAME(room) room = NAME(room_of)(conv, scratch);
	const struct conv_layout *l = &room.l;
	size_t step = conv->outputs * l->places;
	for (size_t o = 0; o < conv->outputs; o += l->outputs) {
		NAME(pack_weights)(l, w + o * l->patch, room.w + o * l->patch);
	}
	for (size_t r = 0; r < rows; r += WIDTH) {
		size_t images = least(WIDTH, rows - r);
		NAME(lay_images)(conv, l, images, x + r * l->image, room.x);
		for (size_t g = 0; g < conv->groups; g++) {
			size_t o = g * l->outputs;
			for (size_t at = 0; at < l->places; at += WIDTH) {
				NAME(forward_places)
				(&room, images, at, room.x + g * l->channels * l->plane * WIDTH, room.w + o * l->patch,
				 b + o, z + r * step + o * l->places, step);
			}
		}
	}
}

/* --- to the weights --- */

/* sum[o, p] += over `count` places of d[o, t] x[place t + offset p]: a tile of outputs x numbers of the patch. */
INLINE void NAME(weight_tile)(size_t outputs, size_t numbers, const struct NAME(room) * room, size_t count,
			      const uint32_t *place, const REAL *x, const uint32_t *offset, const REAL *d, REAL *sums,
			      bool first)
{
	VEC sum[WEIGHT_PATCH][WEIGHT_OUTPUTS];
	const REAL *from[WEIGHT_PATCH];
	UNROLL for (size_t p = 0; p < numbers; p++)
	{
		from[p] = x + (size_t)offset[p] * WIDTH;
		UNROLL for (size_t o = 0; o < outputs; o++)
		{
			sum[p][o] = first ? V(setzero)() : V(loadu)(sums + (o * room->l.patch + p) * WIDTH);
		}
	}
	for (size_t t = 0; t < count; t++) {
		size_t at = (size_t)place[t] * WIDTH;
		VEC slope[WEIGHT_OUTPUTS];
		UNROLL for (size_t o = 0; o < outputs; o++)
		{
			slope[o] = V(loadu)(d + (o * room->l.chunk + t) * WIDTH);
		}
		UNROLL for (size_t p = 0; p < numbers; p++)
		{
			VEC number = V(loadu)(from[p] + at);
			UNROLL for (size_t o = 0; o < outputs; o++)
			{
				sum[p][o] = V(fmadd)(slope[o], number, sum[p][o]);
			}
		}
	}
	UNROLL for (size_t p = 0; p < numbers; p++)
	{
		UNROLL for (size_t o = 0; o < outputs; o++)
		{
			V(storeu)(sums + (o * room->l.patch + p) * WIDTH, sum[p][o]);
		}
	}
}

NOINLINE void NAME(weight_numbers)(size_t outputs, size_t numbers, const struct NAME(room) * room, size_t count,
				   const uint32_t *place, const REAL *x, const uint32_t *offset, const REAL *d,
				   REAL *sums, bool first)
{
	switch (outputs * 8 + numbers) {
#define CASE(o, p)                                                                                                     \
	case o * 8 + p:                                                                                                \
		NAME(weight_tile)(o, p, room, count, place, x, offset, d, sums, first);                                \
		break;
#define CASES(o) CASE(o, 1) CASE(o, 2) CASE(o, 3) CASE(o, 4) CASE(o, 5) CASE(o, 6)
		CASES(1)
		CASES(2)
		CASES(3)
		CASES(4)
#undef CASES
#undef CASE
	default:
		break;
	}
}

/* The places from `at` on of one group: x, d and sums of that group. */
static void NAME(weight_places)(const struct NAME(room) * room, size_t at, size_t count, const REAL *x, REAL *sums,
				bool first)
{
	const struct conv_layout *l = &room->l;
	for (size_t i = 0, o = 0; o < l->outputs; i++) {
		size_t outputs = part(l->outputs, WEIGHT_OUTPUTS, i + 1) - o;
		for (size_t k = 0, p = 0; p < l->patch; k++) {
			size_t numbers = part(l->patch, WEIGHT_PATCH, k + 1) - p;
			NAME(weight_numbers)
			(outputs, numbers, room, count, room->place + at, x, room->offset + p,
			 room->d + o * l->chunk * WIDTH, sums + (o * l->patch + p) * WIDTH, first);
			p += numbers;
		}
		o += outputs;
	}
}

/* out[i] (+)= the sum of the lanes of from[i, :], by halves. */
static void NAME(add_lanes)(size_t count, const REAL *from, REAL *out, bool accumulate)
{
	for (size_t i = 0; i < count; i += WIDTH) {
		size_t length = least(WIDTH, count - i);
		MASK keep = NAME(first_lanes)(length);
		VEC row[WIDTH];
		UNROLL for (size_t k = 0; k < WIDTH; k++)
		{
			row[k] = k < length ? V(loadu)(from + (i + k) * WIDTH) : V(setzero)();
		}
		NAME(transpose)(row);
		UNROLL for (size_t half = WIDTH / 2; half > 0; half /= 2)
		{
			UNROLL for (size_t k = 0; k < half; k++)
			{
				row[k] = V(add)(row[k], row[k + half]);
			}
		}
		VEC before = accumulate ? V(maskz_loadu)(keep, out + i) : V(setzero)();
		V(mask_storeu)(out + i, keep, V(add)(before, row[0]));
	}
}

/* --- to the images --- */

/* dx[place t + offset p] += over the outputs of w[o, p] d[o, t]: a tile of numbers of the patch x PLACES places, of
 * which `count` are there. */
INLINE void NAME(image_tile)(size_t numbers, const struct NAME(room) * room, size_t count, const uint32_t *place,
			     const uint32_t *offset, const REAL *w, const REAL *d, REAL *dx)
{
	VEC sum[IMAGE_PATCH][PLACES];
	UNROLL for (size_t p = 0; p < numbers; p++)
	{
		UNROLL for (size_t t = 0; t < PLACES; t++)
		{
			sum[p][t] = V(setzero)();
		}
	}
	for (size_t o = 0; o < room->l.outputs; o++) {
		VEC slope[PLACES];
		UNROLL for (size_t t = 0; t < PLACES; t++)
		{
			slope[t] = V(loadu)(d + (o * room->l.chunk + t) * WIDTH);
		}
		UNROLL for (size_t p = 0; p < numbers; p++)
		{
			VEC weight = V(set1)(w[o * room->l.patch + p]);
			UNROLL for (size_t t = 0; t < PLACES; t++)
			{
				sum[p][t] = V(fmadd)(weight, slope[t], sum[p][t]);
			}
		}
	}
	UNROLL for (size_t p = 0; p < numbers; p++)
	{
		REAL *to = dx + (size_t)offset[p] * WIDTH;
		UNROLL for (size_t t = 0; t < PLACES; t++)
		{
			if (t < count) {
				REAL *number = to + (size_t)place[t] * WIDTH;
				V(storeu)(number, V(add)(V(loadu)(number), sum[p][t]));
			}
		}
	}
}

NOINLINE void NAME(image_numbers)(size_t numbers, const struct NAME(room) * room, size_t count, const uint32_t *place,
				  const uint32_t *offset, const REAL *w, const REAL *d, REAL *dx)
{
	switch (numbers) {
#define CASE(n)                                                                                                        \
	case n:                                                                                                        \
		NAME(image_tile)(n, room, count, place, offset, w, d, dx);                                             \
		break;
		CASE(1)
		CASE(2)
		CASE(3)
		CASE(4)
		CASE(5)
		CASE(6)
#undef CASE
	default:
		break;
	}
}

static void NAME(image_places)(const struct NAME(room) * room, size_t at, size_t count, const REAL *w, REAL *dx)
{
	const struct conv_layout *l = &room->l;
	for (size_t t = 0; t < count; t += PLACES) {
		for (size_t k = 0, p = 0; p < l->patch; k++) {
			size_t numbers = part(l->patch, IMAGE_PATCH, k + 1) - p;
			NAME(image_numbers)
			(numbers, room, least(PLACES, count - t), room->place + at + t, room->offset + p, w + p,
			 room->d + t * WIDTH, dx);
			p += numbers;
		}
	}
}

/* --- reverse --- */

/* One group of up to WIDTH images at the places from `at` on. What lies behind the last place is 0. */
static void NAME(lay_slopes)(const struct NAME(room) * room, size_t rows, size_t at, size_t count, const REAL *d,
			     size_t step)
{
	const struct conv_layout *l = &room->l;
	for (size_t o = 0; o < l->outputs; o++) {
		REAL *to = room->d + o * l->chunk * WIDTH;
		NAME(lay_side_by_side)(rows, count, d + o * l->places + at, step, to);
		memset(to + count * WIDTH, 0, (l->chunk - count) * WIDTH * sizeof *to);
	}
}

static void NAME(bias_places)(const struct NAME(room) * room, size_t count, REAL *sums)
{
	for (size_t o = 0; o < room->l.outputs; o++) {
		const REAL *d = room->d + o * room->l.chunk * WIDTH;
		VEC sum = V(loadu)(sums + o * WIDTH);
		for (size_t t = 0; t < count; t++) {
			sum = V(add)(sum, V(loadu)(d + t * WIDTH));
		}
		V(storeu)(sums + o * WIDTH, sum);
	}
}

static void NAME(reverse_images)(const struct conv *conv, const struct NAME(room) * room, size_t rows, const REAL *w,
				 const REAL *d, bool to_image, bool to_weights, bool first)
{
	const struct conv_layout *l = &room->l;
	for (size_t g = 0; g < conv->groups; g++) {
		size_t o = g * l->outputs, image = g * l->channels * l->plane * WIDTH;
		for (size_t at = 0; at < l->places; at += l->chunk) {
			size_t count = least(l->chunk, l->places - at);
			NAME(lay_slopes)(room, rows, at, count, d + o * l->places, conv->outputs * l->places);
			NAME(bias_places)(room, count, room->bias_sum + o * WIDTH);
			if (to_weights) {
				NAME(weight_places)
				(room, at, count, room->x + image, room->sum + o * l->patch * WIDTH, first && at == 0);
			}
			if (to_image) {
				NAME(image_places)(room, at, count, w + o * l->patch, room->dx + image);
			}
		}
	}
}

static void NAME(conv_reverse)(const struct conv *conv, size_t rows, const REAL *x, const REAL *w, const REAL *d,
			       REAL *dx, REAL *dw, REAL *db, const bool accumulate[3], REAL *scratch)
{
	const struct NAME(room) room = NAME(room_of)(conv, scratch);
	const struct conv_layout *l = &room.l;
	memset(room.bias_sum, 0, conv->outputs * WIDTH * sizeof *room.bias_sum);
	for (size_t r = 0; r < rows; r += WIDTH) {
		size_t images = least(WIDTH, rows - r);
		if (dw != NULL) {
			NAME(lay_images)(conv, l, images, x + r * l->image, room.x);
		}
		if (dx != NULL) {
			memset(room.dx, 0, conv->channels * l->plane * WIDTH * sizeof *room.dx);
		}
		NAME(reverse_images)
		(conv, &room, images, w, d + r * conv->outputs * l->places, dx != NULL, dw != NULL, r == 0);
		if (dx != NULL) {
			NAME(lay_images_back)(conv, l, images, room.dx, dx + r * l->image, accumulate[0]);
		}
	}
	if (dw != NULL) {
		NAME(add_lanes)(conv->outputs * l->patch, room.sum, dw, accumulate[1]);
	}
	if (db != NULL) {
		NAME(add_lanes)(conv->outputs, room.bias_sum, db, accumulate[2]);
	}
}

#undef REAL_IS_FLOAT
