/* Worker of members.c and compare.c: distances of two embeddings u, v [m]. Four sums side by side, so that an addition
 * need not wait for the one before. */

/* The squared lengths of two embeddings, with eps, and the cosine of their angle. */
struct NAME(lengths) {
	WIDE uu, vv, cosine;
};

/* |u - v + eps|_2 */
static WIDE NAME(distance)(size_t m, const REAL *u, const REAL *v, double eps)
{
	WIDE lane[4] = { 0 };
	for (; m >= 4; m -= 4, u += 4, v += 4) {
		for (size_t k = 0; k < 4; k++) {
			const WIDE d = (WIDE)u[k] - (WIDE)v[k] + eps;
			lane[k] += d * d;
		}
	}
	for (size_t k = 0; k < m; k++) {
		const WIDE d = (WIDE)u[k] - (WIDE)v[k] + eps;
		lane[k] += d * d;
	}
	return WIDE_M(sqrt)((lane[0] + lane[2]) + (lane[1] + lane[3]));
}

/* D(u, v) = |u - v + eps|_p; the largest component is taken out, so that no power of it leaves the doubles. */
static WIDE NAME(triplet_distance)(size_t m, const REAL *u, const REAL *v, double p)
{
	double most = 0;
	WIDE sum = 0;
	if (p == 2) {
		return NAME(distance)(m, u, v, triplet_eps);
	}
	for (size_t c = 0; c < m; c++) {
		double d = fabs(RE((WIDE)u[c] - (WIDE)v[c] + triplet_eps));
		most = d > most || isnan(d) ? d : most;
	}
	if (p == 1 || most == 0 || !isfinite(most)) {
		for (size_t c = 0; c < m; c++) {
			sum += WIDE_M(fabs)((WIDE)u[c] - (WIDE)v[c] + triplet_eps);
		}
		return sum;
	}
	for (size_t c = 0; c < m; c++) {
		sum += WIDE_M(pow)(WIDE_M(fabs)((WIDE)u[c] - (WIDE)v[c] + triplet_eps) / most, p);
	}
	return most * WIDE_M(pow)(sum, 1 / p);
}

/* du += seed dD/du, dv += seed dD/dv; nothing at distance 0. dD/du = sign(d) (|d| / D)^(p - 1). */
static void NAME(triplet_slope)(size_t m, const REAL *u, const REAL *v, double p, WIDE distance, WIDE seed, REAL *du,
				REAL *dv)
{
	for (size_t c = 0; c < m && RE(distance) > 0; c++) {
		WIDE d = (WIDE)u[c] - (WIDE)v[c] + triplet_eps, size = WIDE_M(fabs)(d) / distance;
		WIDE slope = p == 2 ? size : p == 1 ? 1 : RE(size) > 0 ? WIDE_M(pow)(size, p - 1) : 0;
		REAL part = (REAL)(RE(d) > 0 ? seed * slope : RE(d) < 0 ? -seed * slope : 0);
		du[c] += part;
		dv[c] -= part;
	}
}

static struct NAME(lengths) NAME(angle)(size_t m, const REAL *u, const REAL *v)
{
	struct NAME(lengths) angle = { angle_eps, angle_eps, 0 };
	WIDE uv = 0;
	for (size_t c = 0; c < m; c++) {
		angle.uu += (WIDE)u[c] * (WIDE)u[c];
		angle.vv += (WIDE)v[c] * (WIDE)v[c];
		uv += (WIDE)u[c] * (WIDE)v[c];
	}
	angle.cosine = uv / WIDE_M(sqrt)(angle.uu * angle.vv);
	return angle;
}

/* du += seed d cos / du = seed (v / |u||v| - cos u / uu) */
static void NAME(angle_slope)(size_t m, const REAL *u, const REAL *v, const struct NAME(lengths) * angle, WIDE seed,
			      REAL *du)
{
	const WIDE length = WIDE_M(sqrt)(angle->uu * angle->vv), along = angle->cosine / angle->uu;
	for (size_t c = 0; c < m; c++) {
		du[c] += (REAL)(seed * ((WIDE)v[c] / length - along * (WIDE)u[c]));
	}
}

/* The loss of a pair that is alike or not, and its slope by the cosine. */
static WIDE NAME(angle_loss)(const struct NAME(lengths) * angle, bool like, double margin, double *slope)
{
	const WIDE beyond = angle->cosine - margin;
	*slope = like ? -1 : RE(beyond) <= 0 ? 0 : 1;
	return like ? 1 - angle->cosine : RE(beyond) <= 0 ? 0 : beyond;
}
