/* Rows become columns, for product.inc.c and conv.inc.c: lane l of row[i] is lane i of what row[l] was. By halves: with
 * h = WIDTH / 2 the corners of h x h change places, with h / 2 those of each of them, and so on. */
static inline __attribute__((always_inline)) void NAME(transpose)(VEC row[WIDTH])
{
	UNROLL for (size_t h = WIDTH / 2; h > 0; h /= 2)
	{
		INDEX first = { 0 }, second = { 0 }; /* filled below; tsan's build cannot tell */
		UNROLL for (size_t l = 0; l < WIDTH; l++)
		{
			first[l] = (INDEX_LANE)(l & h ? WIDTH + l - h : l);
			second[l] = (INDEX_LANE)(l & h ? WIDTH + l : l + h);
		}
		UNROLL for (size_t i = 0; i < WIDTH; i++)
		{
			if ((i & h) == 0) {
				VEC a = row[i], b = row[i + h];
				row[i] = __builtin_shuffle(a, b, first);
				row[i + h] = __builtin_shuffle(a, b, second);
			}
		}
	}
}
