/* Worker of members.c and compare.c: distances of two embeddings u, v [m]. Four sums side by side, so that an addition
 * need not wait for the one before. */

/* |u - v + eps|_2 */
static double NAME(distance)(size_t m, const REAL *u, const REAL *v, double eps)
{
	double lane[4] = { 0 };
	for (; m >= 4; m -= 4, u += 4, v += 4) {
		for (size_t k = 0; k < 4; k++) {
			const double d = (double)u[k] - (double)v[k] + eps;
			lane[k] += d * d;
		}
	}
	for (size_t k = 0; k < m; k++) {
		const double d = (double)u[k] - (double)v[k] + eps;
		lane[k] += d * d;
	}
	return sqrt((lane[0] + lane[2]) + (lane[1] + lane[3]));
}

/* D(u, v) = |u - v + eps|_p; the largest component is taken out, so that no power of it leaves the doubles. */
static double NAME(triplet_distance)(size_t m, const REAL *u, const REAL *v, double p)
{
	double most = 0, sum = 0;
	if (p == 2) {
		return NAME(distance)(m, u, v, triplet_eps);
	}
	for (size_t c = 0; c < m; c++) {
		double d = fabs((double)u[c] - (double)v[c] + triplet_eps);
		most = d > most || isnan(d) ? d : most;
	}
	if (p == 1 || most == 0 || !isfinite(most)) {
		for (size_t c = 0; c < m; c++) {
			sum += fabs((double)u[c] - (double)v[c] + triplet_eps);
		}
		return sum;
	}
	for (size_t c = 0; c < m; c++) {
		sum += pow(fabs((double)u[c] - (double)v[c] + triplet_eps) / most, p);
	}
	return most * pow(sum, 1 / p);
}

/* du += seed dD/du, dv += seed dD/dv; nothing at distance 0. dD/du = sign(d) (|d| / D)^(p - 1). */
static void NAME(triplet_slope)(size_t m, const REAL *u, const REAL *v, double p, double distance, double seed,
				REAL *du, REAL *dv)
{
	for (size_t c = 0; c < m && distance > 0; c++) {
		double d = (double)u[c] - (double)v[c] + triplet_eps, size = fabs(d) / distance;
		double slope = p == 2 ? size : p == 1 ? 1 : size > 0 ? pow(size, p - 1) : 0;
		REAL part = (REAL)(d > 0 ? seed * slope : d < 0 ? -seed * slope : 0);
		du[c] += part;
		dv[c] -= part;
	}
}

static struct angle NAME(angle)(size_t m, const REAL *u, const REAL *v)
{
	struct angle angle = { angle_eps, angle_eps, 0 };
	double uv = 0;
	for (size_t c = 0; c < m; c++) {
		angle.uu += (double)u[c] * (double)u[c];
		angle.vv += (double)v[c] * (double)v[c];
		uv += (double)u[c] * (double)v[c];
	}
	angle.cosine = uv / sqrt(angle.uu * angle.vv);
	return angle;
}

/* du += seed d cos / du = seed (v / |u||v| - cos u / uu) */
static void NAME(angle_slope)(size_t m, const REAL *u, const REAL *v, const struct angle *angle, double seed, REAL *du)
{
	const double length = sqrt(angle->uu * angle->vv), along = angle->cosine / angle->uu;
	for (size_t c = 0; c < m; c++) {
		du[c] += (REAL)(seed * ((double)v[c] / length - along * (double)u[c]));
	}
}

/* The loss of a pair that is alike or not, and its slope by the cosine. */
static double NAME(angle_loss)(const struct angle *angle, bool like, double margin, double *slope)
{
	const double beyond = angle->cosine - margin;
	*slope = like ? -1 : beyond <= 0 ? 0 : 1;
	return like ? 1 - angle->cosine : beyond <= 0 ? 0 : beyond;
}
