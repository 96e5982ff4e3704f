/* The largest of windows of 2 x 2 side by side. Included by all.inc.c. */

typedef int32_t NAME(places) __attribute__((vector_size(4 * VL)));
typedef int32_t NAME(unaligned_places) __attribute__((vector_size(4 * VL), aligned(4), may_alias));

#define EVEN(i, h) (2 * (i) + (h))
#define SELF(i, h) (2 * (i))

/* Where the second is larger than the first; NaN is larger than anything, the first NaN than a second. */
static inline NAME(mask) NAME(second_wins)(VEC first, VEC second)
{
	return ~(NAME(mask))(second <= first) & (NAME(mask))(first == first);
}

static inline VEC NAME(pick)(NAME(mask) second, VEC a, VEC b)
{
	return (VEC)((second & (NAME(mask))b) | (~second & (NAME(mask))a));
}

/* VL windows: 2 VL numbers of two rows. `at` is where the first begins. Of equal numbers the first in row-major order,
 * NaN before all. */
static inline void NAME(quarters)(const REAL *top, const REAL *bottom, int32_t at, int32_t width, REAL *z,
				  int32_t *where)
{
	const NAME(mask) even = { INDICES(EVEN, 0) }, odd = { INDICES(EVEN, 1) }, self = { INDICES(SELF, 0) };
	VEC low = NAME(load)(top), high = NAME(load)(top + VL);
	VEC a = __builtin_shuffle(low, high, even), b = __builtin_shuffle(low, high, odd);
	low = NAME(load)(bottom), high = NAME(load)(bottom + VL);
	VEC c = __builtin_shuffle(low, high, even), d = __builtin_shuffle(low, high, odd);
	NAME(mask) right = NAME(second_wins)(a, b), right_below = NAME(second_wins)(c, d);
	VEC upper = NAME(pick)(right, a, b), lower = NAME(pick)(right_below, c, d);
	NAME(mask) below = NAME(second_wins)(upper, lower);
	/* A mask's lanes are 0 or -1. */
	NAME(mask) place = (~below & -right) | (below & (width - right_below));
	NAME(store)(z, NAME(pick)(below, upper, lower));
	*(NAME(unaligned_places) *)where = __builtin_convertvector(self + at + place, NAME(places));
}

/* The last windows of all, which no vector reaches. */
static void NAME(quarters_left)(size_t count, const REAL *top, const REAL *bottom, int32_t at, int32_t width, REAL *z,
				int32_t *where)
{
	for (size_t k = 0; k < count; k += VL) {
		REAL from[2][2 * VL], to[VL];
		int32_t place[VL];
		size_t some = count - k < VL ? count - k : VL;
		memset(from, 0, sizeof from);
		memcpy(from[0], top + 2 * k, 2 * some * sizeof(REAL));
		memcpy(from[1], bottom + 2 * k, 2 * some * sizeof(REAL));
		NAME(quarters)(from[0], from[1], at + 2 * (int32_t)k, width, to, place);
		memcpy(z + k, to, some * sizeof(REAL));
		memcpy(where + k, place, some * sizeof *where);
	}
}

static void NAME(max_quarters)(size_t images, size_t height, size_t width, const REAL *x, REAL *z, int32_t *where)
{
	size_t down = height / 2, across = width / 2;
	const REAL *x_end = x + images * height * width, *z_end = z + images * down * across;
	for (size_t image = 0; image < images; image++) {
		for (size_t i = 0; i < down; i++, z += across, where += across) {
			const REAL *top = x + (image * height + 2 * i) * width;
			size_t at = 2 * i * width, j = 0;
			/* Windows beyond the row's end are those of no row; the next row writes over them. */
			while (j < across && (size_t)(z_end - z) >= j + VL &&
			       (size_t)(x_end - top) >= width + 2 * (j + VL)) {
				NAME(quarters)
				(top + 2 * j, top + 2 * j + width, (int32_t)(at + 2 * j), (int32_t)width, z + j,
				 where + j);
				j += VL;
			}
			if (j < across) {
				NAME(quarters_left)
				(across - j, top + 2 * j, top + 2 * j + width, (int32_t)(at + 2 * j), (int32_t)width,
				 z + j, where + j);
			}
		}
	}
}

#undef EVEN
#undef SELF
