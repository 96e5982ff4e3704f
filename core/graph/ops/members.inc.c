/* Worker of members.c. */
#include "core/base/real.h"
#include "core/graph/ops/distance.inc.c"

static void NAME(columns_forward)(const struct op_call *call)
{
	const size_t all = call->shape[0].extent[0], m = shape_size(&call->shape[GRAPH_ARITY]);
	const REAL *x = (const REAL *)call->in[0] + (size_t)call->attribute[FIRST];
	for (size_t r = 0; r < call->rows; r++) {
		memcpy((REAL *)call->out + r * m, x + r * all, m * sizeof(REAL));
	}
}

static void NAME(columns_reverse)(const struct op_call *call)
{
	const size_t all = call->shape[0].extent[0], m = shape_size(&call->shape[GRAPH_ARITY]);
	const size_t first = (size_t)call->attribute[FIRST];
	const REAL *d = call->d_out;
	REAL *dx = call->d_in[0];
	for (size_t r = 0; r < call->rows && dx != NULL; r++, dx += all, d += m) {
		if (!call->accumulate[0]) {
			memset(dx, 0, all * sizeof *dx);
		}
		for (size_t c = 0; c < m; c++) {
			dx[first + c] += d[c];
		}
	}
}

/* The length of a row, at least eps. */
static WIDE NAME(length)(size_t m, const REAL *x)
{
	WIDE squares = 0;
	for (size_t c = 0; c < m; c++) {
		squares += (WIDE)x[c] * (WIDE)x[c];
	}
	const WIDE length = WIDE_M(sqrt)(squares);
	return RE(length) > unit_eps || isnan(RE(length)) ? length : unit_eps;
}

static void NAME(unit_forward)(const struct op_call *call)
{
	const size_t m = call->shape[0].extent[0];
	const REAL *x = call->in[0];
	REAL *y = call->out;
	for (size_t r = 0; r < call->rows; r++, x += m, y += m) {
		const WIDE length = NAME(length)(m, x);
		for (size_t c = 0; c < m; c++) {
			y[c] = (REAL)((WIDE)x[c] / length);
		}
	}
}

/* dx = (dy - y (y dy)) / |x|; below eps the length is a constant. */
static void NAME(unit_reverse)(const struct op_call *call)
{
	const size_t m = call->shape[0].extent[0];
	const REAL *x = call->in[0], *y = call->out, *d = call->d_out;
	REAL *dx = call->d_in[0];
	for (size_t r = 0; r < call->rows && dx != NULL; r++, x += m, y += m, d += m, dx += m) {
		const WIDE length = NAME(length)(m, x);
		WIDE along = 0;
		for (size_t c = 0; c < m && RE(length) > unit_eps; c++) {
			along += (WIDE)y[c] * (WIDE)d[c];
		}
		for (size_t c = 0; c < m; c++) {
			const REAL part = (REAL)(((WIDE)d[c] - (WIDE)y[c] * along) / length);
			dx[c] = call->accumulate[0] ? dx[c] + part : part;
		}
	}
}

static void NAME(contrastive_mean)(const struct op_call *call)
{
	const size_t m = call->shape[0].extent[0] / 2;
	const double margin = call->attribute[MARGIN];
	const int32_t *like = call->in[1];
	const REAL *z = call->in[0];
	REAL *dz = call->d_in[0];
	WIDE sum = 0;
	for (size_t r = 0; r < call->rows; r++, z += 2 * m) {
		const WIDE d = NAME(distance)(m, z, z + m, 0),
			   gap = RE(margin - d) > 0 || isnan(RE(d)) ? margin - d : 0;
		/* Of the difference of the halves; two unlike points at one place have no direction to part in. */
		const WIDE slope = call->seed * (like[r] != 0 ? 1 : RE(d) > 0 ? -gap / d : d);
		sum += 0.5 * (like[r] != 0 ? d * d : gap * gap);
		for (size_t c = 0; c < m && dz != NULL; c++) {
			dz[c] = (REAL)(slope * ((WIDE)z[c] - (WIDE)z[m + c]));
			dz[m + c] = -dz[c];
		}
		dz = dz != NULL ? dz + 2 * m : NULL;
	}
	if (call->sum != NULL) {
		*call->sum += RE(sum);
	}
}

static void NAME(cosine_embedding_mean)(const struct op_call *call)
{
	const size_t m = call->shape[0].extent[0] / 2;
	const int32_t *like = call->in[1];
	const REAL *z = call->in[0];
	REAL *dz = call->d_in[0];
	WIDE sum = 0;
	double slope;
	for (size_t r = 0; r < call->rows; r++, z += 2 * m) {
		struct NAME(lengths) angle = NAME(angle)(m, z, z + m);
		sum += NAME(angle_loss)(&angle, like[r] != 0, call->attribute[MARGIN], &slope);
		if (dz != NULL) {
			const struct NAME(lengths) back = { angle.vv, angle.uu, angle.cosine };
			memset(dz, 0, 2 * m * sizeof *dz);
			NAME(angle_slope)(m, z, z + m, &angle, call->seed * slope, dz);
			NAME(angle_slope)(m, z + m, z, &back, call->seed * slope, dz + m);
			dz += 2 * m;
		}
	}
	if (call->sum != NULL) {
		*call->sum += RE(sum);
	}
}

static void NAME(triplet_margin_mean)(const struct op_call *call)
{
	const size_t m = call->shape[0].extent[0] / 3;
	const double margin = call->attribute[MARGIN], p = call->attribute[POWER];
	const REAL *z = call->in[0];
	REAL *dz = call->d_in[0];
	WIDE sum = 0;
	if (dz != NULL) {
		memset(dz, 0, call->rows * 3 * m * sizeof *dz);
	}
	for (size_t r = 0; r < call->rows; r++, z += 3 * m) {
		const WIDE near = NAME(triplet_distance)(m, z, z + m, p);
		const WIDE own = NAME(triplet_distance)(m, z, z + 2 * m, p);
		const WIDE other = call->attribute[SWAP] != 0 ? NAME(triplet_distance)(m, z + m, z + 2 * m, p) : own;
		const bool swap = RE(other) < RE(own);
		const WIDE loss = near - (swap ? other : own) + margin;
		sum += RE(loss) > 0 || isnan(RE(loss)) ? loss : 0;
		if (dz != NULL && !(RE(loss) <= 0)) {
			REAL *from = dz + r * 3 * m, *near_to = from + m, *far_to = from + 2 * m;
			NAME(triplet_slope)(m, z, z + m, p, near, call->seed, from, near_to);
			NAME(triplet_slope)
			(m, swap ? z + m : z, z + 2 * m, p, swap ? other : own, -call->seed, swap ? near_to : from,
			 far_to);
		}
	}
	if (call->sum != NULL) {
		*call->sum += RE(sum);
	}
}

#undef REAL_IS_FLOAT
