/* Worker of optimizers whose step is lr m / (sqrt(w) root + eps), m in slot 0 and w in slot 2 or, without that, slot 1:
 * shrink() by their coefficients LR, REST1, ROOT and EPS. */
static void NAME(shrink)(const struct optimizer *o, const struct step *step, double l1, size_t begin, size_t end)
{
	const double *c = o->coefficient;
	const REAL reach = (REAL)(c[LR] * c[REST1]), root = (REAL)c[ROOT], eps = (REAL)c[EPS], rest1 = (REAL)c[REST1];
	const REAL *restrict w = o->slot[2] != NULL ? o->slot[2] : o->slot[1];
	REAL *restrict x = step->x, *restrict m = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		m[i] += rest1 * NAME(shrink_one)(&x[i], reach / (REAL_SQRT(w[i]) * root + eps), (REAL)l1);
	}
}
