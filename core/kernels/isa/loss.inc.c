/*
 * Losses of one output a row. Elements are worked on in chunks: the losses of a chunk go to a small array and are added
 * up from there (reduce.inc.c), chunk by chunk. Included by all.inc.c.
 */

/* log(1 + exp(z)) - y z = (max(z, 0) - y z) + log(1 + t) with t = exp(-|z|); for y = 0 or 1 the bracket is exact, so
 * that a loss of 1e-18 keeps its digits. Its derivative, with q = t / (1 + t): (1 - y) - q for z >= 0, q - y below. */
static inline __attribute__((always_inline)) void NAME(bce_chunk)(size_t n, const REAL *z, const REAL *y, REAL scale,
								  REAL *d, REAL *loss, bool want_loss, bool want_d)
{
	IVDEP for (size_t i = 0; i < n; i++)
	{
		REAL at = z[i];
		REAL target = y[i];
		REAL t = NAME(exp_one)(-REAL_FABS(at));
		if (want_loss) {
			loss[i] = ((at < 0 ? 0 : at) - target * at) + NAME(log1p_unit)(t);
		}
		if (want_d) {
			REAL q = t / (1 + t);
			d[i] = scale * (at < 0 ? q - target : (1 - target) - q);
		}
	}
}

static double NAME(bce)(size_t n, const REAL *z, const REAL *y, REAL scale, REAL *d, bool want_sum)
{
	REAL loss[CHUNK];
	if (!want_sum) {
		if (d != NULL) {
			NAME(bce_chunk)(n, z, y, scale, d, loss, false, true);
		}
		return 0.0;
	}
	if (d != NULL) {
		NAME(bce_chunk)(n, z, y, scale, d, loss, true, true);
	} else {
		NAME(bce_chunk)(n, z, y, scale, d, loss, true, false);
	}
	return NAME(reduce_sum)(n, loss, loss);
}

static double NAME(bce_logits)(size_t n, const REAL *z, const REAL *y, REAL scale, REAL *d, bool want_sum)
{
	double sum = 0.0;
	for (size_t i = 0; i < n; i += CHUNK) {
		size_t count = n - i < CHUNK ? n - i : CHUNK;
		sum += NAME(bce)(count, z + i, y + i, scale, d != NULL ? d + i : NULL, want_sum);
	}
	return sum;
}

static double NAME(bce_logits_label)(size_t n, const REAL *z, const int32_t *label, REAL scale, REAL *d, bool want_sum)
{
	double sum = 0.0;
	REAL y[CHUNK];
	for (size_t i = 0; i < n; i += CHUNK) {
		size_t count = n - i < CHUNK ? n - i : CHUNK;
		for (size_t j = 0; j < count; j++) {
			y[j] = (REAL)label[i + j];
		}
		sum += NAME(bce)(count, z + i, y, scale, d != NULL ? d + i : NULL, want_sum);
	}
	return sum;
}

static double NAME(squared_error)(size_t n, const REAL *z, const REAL *y, REAL scale, REAL *d, bool want_sum)
{
	/* The sum first: d may be z. */
	double sum = want_sum ? NAME(reduce_difference)(n, z, y) : 0.0;
	if (d != NULL) {
		REAL factor = 2 * scale;
		IVDEP for (size_t i = 0; i < n; i++)
		{
			d[i] = factor * (z[i] - y[i]);
		}
	}
	return sum;
}
