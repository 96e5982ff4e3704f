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

static inline double NAME(xent_rows)(size_t rows, size_t classes, const REAL *z, const int32_t *label, REAL scale,
				     REAL *d, bool want_sum)
{
	REAL e[CHUNK], rest[CHUNK], at_label[CHUNK];
	size_t place[CHUNK];
	e[0] = 0; /* there is a row, which the compiler does not know */
	for (size_t r = 0; r < rows; r++) {
		const REAL *row = z + r * classes;
		place[r] = NAME(place_of_maximum)(classes, row);
		NAME(shift)(classes, row, row[place[r]], e + r * classes);
		at_label[r] = e[r * classes + (size_t)label[r]];
	}
	NAME(exp)(rows * classes, e, e);
	for (size_t r = 0; r < rows; r++) {
		REAL *row = e + r * classes;
		REAL one = row[place[r]];
		REAL sum = 0;
		row[place[r]] = 0;
		for (size_t c = 0; c < classes; c++) {
			sum += row[c];
		}
		row[place[r]] = one; /* 1, or NaN */
		rest[r] = sum + (one - 1);
	}
	for (size_t r = 0; r < rows && d != NULL; r++) {
		REAL total = 1 + rest[r];
		REAL factor = scale / total;
		size_t answer = (size_t)label[r];
		REAL e_answer = e[r * classes + answer];
		for (size_t c = 0; c < classes; c++) {
			d[r * classes + c] = factor * e[r * classes + c];
		}
		d[r * classes + answer] = scale * (answer == place[r] ? -rest[r] / total : e_answer / total - 1);
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
