/*
 * Softmax cross-entropy. With m the place of a row's maximum and e[c] = exp(z[c] - z[m]):
 *   rest = sum of e[c] over c != m,  loss = log(1 + rest) - (z[label] - z[m]),  p[c] = e[c] / (1 + rest)
 * and p[m] - 1 = -rest / (1 + rest), so that neither a loss nor a gradient of 1e-18 is lost. Included by all.inc.c.
 */

static inline size_t NAME(place_of_maximum)(size_t classes, const REAL *z)
{
	size_t place = 0;
	for (size_t c = 1; c < classes; c++) {
		place = z[c] > z[place] ? c : place;
	}
	return place;
}

/* e[c] = z[c] - maximum for c in [0, count). e may be z. */
static inline void NAME(shift)(size_t count, const REAL *z, REAL maximum, REAL *e)
{
	IVDEP for (size_t c = 0; c < count; c++)
	{
		e[c] = z[c] - maximum;
	}
}

/* Makes one copy of a loop over rows for each usual number of classes, in which the loops over classes unroll. */
#define BY_CLASSES(function, ...)                                                                                      \
	switch (classes) {                                                                                             \
	case 2:                                                                                                        \
		NAME(function)(rows, 2, __VA_ARGS__);                                                                  \
		break;                                                                                                 \
	case 3:                                                                                                        \
		NAME(function)(rows, 3, __VA_ARGS__);                                                                  \
		break;                                                                                                 \
	case 4:                                                                                                        \
		NAME(function)(rows, 4, __VA_ARGS__);                                                                  \
		break;                                                                                                 \
	case 5:                                                                                                        \
		NAME(function)(rows, 5, __VA_ARGS__);                                                                  \
		break;                                                                                                 \
	case 10:                                                                                                       \
		NAME(function)(rows, 10, __VA_ARGS__);                                                                 \
		break;                                                                                                 \
	default:                                                                                                       \
		NAME(function)(rows, classes, __VA_ARGS__);                                                            \
	}
#define INLINED static inline __attribute__((always_inline))

/* e[r,:] = z[r,:] - z[r,m]; at_label[r] = e[r,label]; place[r] = m. */
INLINED void NAME(xent_shift)(size_t rows, size_t classes, const REAL *z, const int32_t *label, REAL *e, REAL *at_label,
			      size_t *place)
{
	for (size_t r = 0; r < rows; r++) {
		const REAL *row = z + r * classes;
		size_t m = NAME(place_of_maximum)(classes, row);
		REAL maximum = row[m];
		for (size_t c = 0; c < classes; c++) {
			e[r * classes + c] = row[c] - maximum;
		}
		at_label[r] = row[label[r]] - maximum;
		place[r] = m;
	}
}

/* rest[r] = sum of e[r,c] over c != place[r]. */
INLINED void NAME(xent_rest)(size_t rows, size_t classes, const REAL *e, const size_t *place, REAL *rest)
{
	for (size_t r = 0; r < rows; r++) {
		REAL sum = 0;
		for (size_t c = 0; c < classes; c++) {
			/* The maximum's own exponential is 1, or NaN. */
			sum += c == place[r] ? e[r * classes + c] - 1 : e[r * classes + c];
		}
		rest[r] = sum;
	}
}

/* d[r,:] = scale * (e[r,:] / (1 + rest[r]) - onehot). */
INLINED void NAME(xent_slope)(size_t rows, size_t classes, const REAL *e, const size_t *place, const REAL *rest,
			      const int32_t *label, REAL scale, REAL *d)
{
	for (size_t r = 0; r < rows; r++) {
		REAL total = 1 + rest[r];
		REAL factor = scale / total;
		size_t answer = (size_t)label[r];
		for (size_t c = 0; c < classes; c++) {
			d[r * classes + c] = factor * e[r * classes + c];
		}
		REAL slope = answer == place[r] ? -rest[r] / total : e[r * classes + answer] / total - 1;
		d[r * classes + answer] = scale * slope;
	}
}

static double NAME(xent_rows)(size_t rows, size_t classes, const REAL *z, const int32_t *label, REAL scale, REAL *d,
			      bool want_sum)
{
	REAL e[CHUNK], rest[CHUNK], at_label[CHUNK];
	size_t place[CHUNK];
	e[0] = 0; /* there is a row, which the compiler does not know */
	BY_CLASSES(xent_shift, z, label, e, at_label, place)
	NAME(exp)(rows * classes, e, e);
	BY_CLASSES(xent_rest, e, place, rest)
	if (d != NULL) {
		BY_CLASSES(xent_slope, e, place, rest, label, scale, d)
	}
	if (!want_sum) {
		return 0.0;
	}
	IVDEP for (size_t r = 0; r < rows; r++)
	{
		rest[r] = NAME(log1p_one)(rest[r]) - at_label[r];
	}
	return NAME(reduce_sum)(rows, rest, rest);
}
#undef BY_CLASSES
#undef INLINED

/* One row of more classes than a chunk holds: its exponentials are made twice rather than kept. */
static double NAME(xent_long_row)(size_t classes, const REAL *z, size_t label, REAL scale, REAL *d, bool want_sum)
{
	REAL e[CHUNK];
	size_t place = NAME(place_of_maximum)(classes, z);
	REAL maximum = z[place];
	REAL at_label = z[label] - maximum;
	double sum = 0.0;
	for (size_t c = 0; c < classes; c += CHUNK) {
		size_t count = classes - c < CHUNK ? classes - c : CHUNK;
		NAME(shift)(count, z + c, maximum, e);
		NAME(exp)(count, e, e);
		if (place >= c && place < c + count) {
			e[place - c] = e[place - c] - 1; /* 0, or NaN */
		}
		sum += NAME(reduce_sum)(count, e, e);
	}
	REAL rest = (REAL)sum;
	REAL total = 1 + rest;
	REAL answer = label == place ? -rest / total : NAME(exp_one)(at_label) / total - 1;
	for (size_t c = 0; c < classes && d != NULL; c += CHUNK) {
		size_t count = classes - c < CHUNK ? classes - c : CHUNK;
		NAME(shift)(count, z + c, maximum, e);
		NAME(exp)(count, e, e);
		NAME(scale)(count, scale / total, e);
		memcpy(d + c, e, count * sizeof(REAL));
	}
	if (d != NULL) {
		d[label] = scale * answer;
	}
	return want_sum ? (double)(NAME(log1p_one)(rest) - at_label) : 0.0;
}

static double NAME(softmax_xent)(size_t rows, size_t classes, const REAL *z, const int32_t *label, REAL scale, REAL *d,
				 bool want_sum)
{
	double sum = 0.0;
	if (classes > CHUNK) {
		for (size_t r = 0; r < rows; r++) {
			REAL *out = d != NULL ? d + r * classes : NULL;
			sum += NAME(xent_long_row)(classes, z + r * classes, (size_t)label[r], scale, out, want_sum);
		}
		return sum;
	}
	size_t step = CHUNK / classes;
	for (size_t r = 0; r < rows; r += step) {
		size_t count = rows - r < step ? rows - r : step;
		REAL *out = d != NULL ? d + r * classes : NULL;
		sum += NAME(xent_rows)(count, classes, z + r * classes, label + r, scale, out, want_sum);
	}
	return sum;
}
