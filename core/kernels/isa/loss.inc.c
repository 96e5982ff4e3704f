/*
 * Losses of one output a row. Elements are worked on in chunks: the losses of a chunk go to a small array and are added
 * up from there (reduce.inc.c), chunk by chunk. Included by all.inc.c.
 */

/* log(1 + exp(z)) - y z = (max(z, 0) - y z) + log(1 + t) with t = exp(-|z|); for y = 0 or 1 the bracket is exact, so
 * that a loss of 1e-18 keeps its digits. Its derivative, with q = t / (1 + t): (1 - y) - q for z >= 0, q - y below. */
static double NAME(bce)(size_t n, const REAL *z, const REAL *y, REAL scale, REAL *d, bool want_sum)
{
	/* Three loops, not one: the chain of dependent operations of one element is longer than processors look ahead.
	 */
	REAL t[CHUNK], loss[CHUNK];
	IVDEP for (size_t i = 0; i < n; i++)
	{
		t[i] = NAME(exp_one)(-REAL_FABS(z[i]));
	}
	for (size_t i = 0; i < n && want_sum; i++) {
		loss[i] = ((z[i] < 0 ? 0 : z[i]) - y[i] * z[i]) + NAME(log1p_unit)(t[i]);
	}
	if (d != NULL) {
		IVDEP for (size_t i = 0; i < n; i++)
		{
			REAL q = t[i] / (1 + t[i]);
			d[i] = scale * (z[i] < 0 ? q - y[i] : (1 - y[i]) - q);
		}
	}
	return want_sum ? NAME(reduce_sum)(n, loss, loss) : 0.0;
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

/* In loops as bce, and with its formulas; where slopes are not wanted as well. */
static void NAME(softplus)(size_t n, const REAL *z, const REAL *y, REAL *loss, REAL *slope)
{
	REAL t[CHUNK];
	for (size_t at = 0; at < n; at += CHUNK, z += CHUNK, loss += CHUNK) {
		const size_t count = n - at < CHUNK ? n - at : CHUNK;
		IVDEP for (size_t i = 0; i < count; i++)
		{
			t[i] = NAME(exp_one)(-REAL_FABS(z[i]));
		}
		IVDEP for (size_t i = 0; slope != NULL && i < count; i++)
		{
			const REAL q = t[i] / (1 + t[i]), b = y == NULL ? 0 : y[at + i];
			slope[at + i] = z[i] < 0 ? q - b : (1 - b) - q;
		}
		IVDEP for (size_t i = 0; i < count; i++)
		{
			const REAL bz = y == NULL ? 0 : y[at + i] * z[i];
			loss[i] = ((z[i] < 0 ? 0 : z[i]) - bz) + NAME(log1p_unit)(t[i]);
		}
	}
}

static void NAME(margin)(size_t n, const REAL *a, const REAL *b, REAL *loss, REAL *slope)
{
	REAL z[CHUNK], t[CHUNK];
	for (size_t at = 0; at < n; at += CHUNK, a += CHUNK, b += CHUNK, loss += CHUNK) {
		const size_t count = n - at < CHUNK ? n - at : CHUNK;
		IVDEP for (size_t i = 0; i < count; i++)
		{
			z[i] = -(a[i] * b[i]);
			t[i] = NAME(exp_one)(-REAL_FABS(z[i]));
		}
		IVDEP for (size_t i = 0; slope != NULL && i < count; i++)
		{
			const REAL q = t[i] / (1 + t[i]);
			slope[at + i] = (z[i] < 0 ? q : 1 - q) * -b[i];
		}
		IVDEP for (size_t i = 0; i < count; i++)
		{
			loss[i] = (z[i] < 0 ? 0 : z[i]) + NAME(log1p_unit)(t[i]);
		}
	}
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
