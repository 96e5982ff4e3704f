/* Worker of compare.c: in[0] = z [rows, m], in[1] = class [rows]; seed = d(root) / d(what is added to *sum). */
#include "core/base/real.h"
#include "core/graph/ops/distance.inc.c"

/* Column k of what is kept: a number for each row. */
static WIDE *NAME(kept)(const struct op_call *call, size_t k)
{
	return (WIDE *)call->kept + k * call->rows;
}

/* The sum over what each row kept in column k, in their order. */
static WIDE NAME(kept_sum)(const struct op_call *call, size_t k)
{
	const WIDE *value = NAME(kept)(call, k);
	WIDE sum = 0;
	for (size_t r = 0; r < call->rows; r++) {
		sum += value[r];
	}
	return sum;
}

/* A sum of exponentials, as its largest exponent and the sum of exp(x - largest); empty: -infinity and 0. */
struct NAME(exponentials) {
	WIDE most, sum;
};

static inline void NAME(exponentials_add)(struct NAME(exponentials) * all, WIDE x)
{
	if (RE(x) > RE(all->most)) {
		all->sum = all->sum * WIDE_M(exp)(all->most - x) + 1;
		all->most = x;
	} else {
		all->sum += WIDE_M(exp)(x - all->most);
	}
}

static WIDE NAME(dot)(size_t m, const REAL *u, const REAL *v)
{
	WIDE lane[4] = { 0 };
	for (; m >= 4; m -= 4, u += 4, v += 4) {
		for (size_t k = 0; k < 4; k++) {
			lane[k] += (WIDE)u[k] * (WIDE)v[k];
		}
	}
	for (size_t k = 0; k < m; k++) {
		lane[k] += (WIDE)u[k] * (WIDE)v[k];
	}
	return (lane[0] + lane[2]) + (lane[1] + lane[3]);
}

static void NAME(zero)(const struct op_call *call)
{
	if (call->d_in[0] != NULL) {
		memset(call->d_in[0], 0, call->rows * call->shape[0].extent[0] * sizeof(REAL));
	}
}

/* --- info_nce: q, k of row i lie at 2 i m and (2 i + 1) m --- */

/* Of each row the logsumexp of its query's similarities, of its key's where that is asked for, and its loss. */
static void NAME(info_values)(const struct op_call *call, size_t first, size_t end)
{
	const size_t m = call->shape[0].extent[0] / 2;
	const double t = call->attribute[TEMPERATURE];
	const bool symmetric = call->attribute[SYMMETRIC] != 0;
	const REAL *z = call->in[0];
	for (size_t i = first; i < end && !stopped(call); i++) {
		struct NAME(exponentials) row = { (double)-INFINITY, 0 }, column = row;
		const REAL *q = z + 2 * i * m, *k = q + m, *other = z;
		for (size_t j = 0; j < call->rows; j++, other += 2 * m) {
			NAME(exponentials_add)(&row, NAME(dot)(m, q, other + m) / t);
			if (symmetric) {
				NAME(exponentials_add)(&column, NAME(dot)(m, other, k) / t);
			}
		}
		const WIDE own = NAME(dot)(m, q, k) / t, lse = row.most + WIDE_M(log)(row.sum);
		const WIDE of_key = symmetric ? column.most + WIDE_M(log)(column.sum) : lse;
		NAME(kept)(call, LSE)[i] = lse;
		NAME(kept)(call, LSE_OF_KEY)[i] = of_key;
		NAME(kept)(call, LOSS)[i] = 0.5 * (lse - own) + 0.5 * (of_key - own);
	}
}

/* dq_i = sum over j of w[i, j] k_j - k_i, dk_i = sum over j of w[j, i] q_j - q_i, by t; w the softmax along the row,
 * or the mean of that and the one along the column. */
static void NAME(info_slopes)(const struct op_call *call, size_t first, size_t end)
{
	const size_t m = call->shape[0].extent[0] / 2;
	const double t = call->attribute[TEMPERATURE], factor = call->seed / t;
	const bool symmetric = call->attribute[SYMMETRIC] != 0;
	const WIDE *lse = NAME(kept)(call, LSE), *of_key = NAME(kept)(call, LSE_OF_KEY);
	const REAL *z = call->in[0];
	for (size_t i = first; i < end && !stopped(call); i++) {
		const REAL *q = z + 2 * i * m, *k = q + m, *other = z;
		REAL *dq = (REAL *)call->d_in[0] + 2 * i * m, *dk = dq + m;
		memset(dq, 0, 2 * m * sizeof *dq);
		for (size_t j = 0; j < call->rows; j++, other += 2 * m) {
			const WIDE ij = NAME(dot)(m, q, other + m) / t, ji = NAME(dot)(m, other, k) / t;
			WIDE along = WIDE_M(exp)(ij - lse[i]), across = WIDE_M(exp)(ji - lse[j]);
			if (symmetric) {
				along = 0.5 * along + 0.5 * WIDE_M(exp)(ij - of_key[j]);
				across = 0.5 * across + 0.5 * WIDE_M(exp)(ji - of_key[i]);
			}
			along -= j == i ? 1 : 0;
			across -= j == i ? 1 : 0;
			for (size_t c = 0; c < m; c++) {
				dq[c] += (REAL)(factor * along * (WIDE)other[m + c]);
				dk[c] += (REAL)(factor * across * (WIDE)other[c]);
			}
		}
	}
}

static void NAME(info_nce_mean)(const struct op_call *call)
{
	over_rows(call, NAME(info_values));
	deliver(call, RE(NAME(kept_sum)(call, LOSS)));
	if (call->d_in[0] != NULL) {
		over_rows(call, NAME(info_slopes));
	}
}

/* --- class_info_nce --- */

static void NAME(class_info_values)(const struct op_call *call, size_t first, size_t end)
{
	const size_t m = call->shape[0].extent[0];
	const double t = call->attribute[TEMPERATURE];
	const int32_t *label = call->in[1];
	const REAL *z = call->in[0];
	for (size_t i = first; i < end && !stopped(call); i++) {
		struct NAME(exponentials) all = { (double)-INFINITY, 0 };
		double mates = 0;
		WIDE sum = 0;
		for (size_t j = 0; j < call->rows; j++) {
			const WIDE s = j == i ? 0 : NAME(dot)(m, z + i * m, z + j * m) / t;
			if (j != i) {
				NAME(exponentials_add)(&all, s);
				mates += label[j] == label[i];
				sum += label[j] == label[i] ? s : 0;
			}
		}
		NAME(kept)(call, LSE)[i] = all.most + WIDE_M(log)(all.sum);
		NAME(kept)(call, MATES)[i] = mates;
		NAME(kept)(call, LOSS)[i] = mates > 0 ? all.most + WIDE_M(log)(all.sum) - sum / mates : 0;
	}
}

/* dz_i = sum over j of (g[i, j] + g[j, i]) z_j by t, g[i, j] = softmax over j of S[i, j] - [one class] / mates of i. */
static void NAME(class_info_slopes)(const struct op_call *call, size_t first, size_t end)
{
	const size_t m = call->shape[0].extent[0];
	const double t = call->attribute[TEMPERATURE];
	const WIDE *lse = NAME(kept)(call, LSE), *mates = NAME(kept)(call, MATES);
	const int32_t *label = call->in[1];
	const REAL *z = call->in[0];
	double anchors = 0;
	for (size_t i = 0; i < call->rows; i++) {
		anchors += RE(mates[i]) > 0;
	}
	const double factor = call->seed * (double)call->rows / anchors / t;
	for (size_t i = first; i < end && !stopped(call); i++) {
		REAL *dz = (REAL *)call->d_in[0] + i * m;
		memset(dz, 0, m * sizeof *dz);
		for (size_t j = 0; j < call->rows; j++) {
			if (j == i || (RE(mates[i]) == 0 && RE(mates[j]) == 0)) {
				continue;
			}
			const WIDE s = NAME(dot)(m, z + i * m, z + j * m) / t;
			const double like = label[j] == label[i];
			const WIDE own = RE(mates[i]) > 0 ? WIDE_M(exp)(s - lse[i]) - like / mates[i] : 0;
			const WIDE its = RE(mates[j]) > 0 ? WIDE_M(exp)(s - lse[j]) - like / mates[j] : 0;
			for (size_t c = 0; c < m; c++) {
				dz[c] += (REAL)(factor * (own + its) * (WIDE)z[j * m + c]);
			}
		}
	}
}

static void NAME(class_info_nce_mean)(const struct op_call *call)
{
	double anchors = 0;
	over_rows(call, NAME(class_info_values));
	for (size_t i = 0; i < call->rows; i++) {
		anchors += RE(NAME(kept)(call, MATES)[i]) > 0;
	}
	if (anchors == 0) {
		NAME(zero)(call);
		return;
	}
	deliver(call, (double)call->rows * (RE(NAME(kept_sum)(call, LOSS)) / anchors));
	if (call->d_in[0] != NULL) {
		over_rows(call, NAME(class_info_slopes));
	}
}

/* --- class_contrastive --- */

/* Half of the losses of each row's pairs, and what the row gathers from them. */
static void NAME(class_pairs)(const struct op_call *call, size_t first, size_t end)
{
	const size_t m = call->shape[0].extent[0];
	const double n = (double)call->rows, margin = call->attribute[MARGIN];
	const double factor = call->seed * n / (0.5 * n * (n - 1)); /* rows times the mean over all pairs */
	const int32_t *label = call->in[1];
	const REAL *z = call->in[0];
	for (size_t i = first; i < end && !stopped(call); i++) {
		const REAL *u = z + i * m, *v = z;
		REAL *dz = call->d_in[0] != NULL ? (REAL *)call->d_in[0] + i * m : NULL;
		WIDE sum = 0;
		if (dz != NULL) {
			memset(dz, 0, m * sizeof *dz);
		}
		for (size_t j = 0; j < call->rows; j++, v += m) {
			if (j == i) {
				continue;
			}
			const bool like = label[j] == label[i];
			const WIDE d = NAME(distance)(m, u, v, 0),
				   gap = RE(margin - d) > 0 || isnan(RE(d)) ? margin - d : 0;
			const WIDE slope = factor * (like ? 1 : RE(d) > 0 ? -gap / d : d);
			sum += 0.25 * (like ? d * d : gap * gap);
			for (size_t c = 0; c < m && dz != NULL && RE(slope) != 0; c++) {
				dz[c] += (REAL)(slope * ((WIDE)u[c] - (WIDE)v[c]));
			}
		}
		NAME(kept)(call, LOSS)[i] = sum;
	}
}

/* --- class_cosine_embedding --- */

/* As class_pairs, by angles. */
static void NAME(class_angles)(const struct op_call *call, size_t first, size_t end)
{
	const size_t m = call->shape[0].extent[0];
	const double n = (double)call->rows, factor = call->seed * n / (0.5 * n * (n - 1));
	const int32_t *label = call->in[1];
	const REAL *z = call->in[0];
	for (size_t i = first; i < end && !stopped(call); i++) {
		REAL *dz = call->d_in[0] != NULL ? (REAL *)call->d_in[0] + i * m : NULL;
		WIDE sum = 0;
		double slope;
		if (dz != NULL) {
			memset(dz, 0, m * sizeof *dz);
		}
		for (size_t j = 0; j < call->rows; j++) {
			const struct NAME(lengths) angle = NAME(angle)(m, z + i * m, z + j * m);
			if (j == i) {
				continue;
			}
			sum += 0.5 * NAME(angle_loss)(&angle, label[j] == label[i], call->attribute[MARGIN], &slope);
			if (dz != NULL && slope != 0) {
				NAME(angle_slope)(m, z + i * m, z + j * m, &angle, factor * slope, dz);
			}
		}
		NAME(kept)(call, LOSS)[i] = sum;
	}
}

/* The mean over all pairs, by a work that keeps half of the losses of each row's. */
static void NAME(pairs_mean)(const struct op_call *call, void (*work)(const struct op_call *, size_t, size_t))
{
	const double n = (double)call->rows;
	if (call->rows < 2) {
		NAME(zero)(call);
		return;
	}
	over_rows(call, work);
	deliver(call, n * (RE(NAME(kept_sum)(call, LOSS)) / (0.5 * n * (n - 1))));
}

static void NAME(class_contrastive_mean)(const struct op_call *call)
{
	NAME(pairs_mean)(call, NAME(class_pairs));
}

static void NAME(class_cosine_embedding_mean)(const struct op_call *call)
{
	NAME(pairs_mean)(call, NAME(class_angles));
}

/* --- class_triplet --- */

/* Of each row the farthest of its class and the nearest of another, and their distances: infinite where there is none.
 * The first of equals; one whose distance is NaN before all others. */
static void NAME(class_mine)(const struct op_call *call, size_t first, size_t end)
{
	const size_t m = call->shape[0].extent[0];
	const double p = call->attribute[POWER];
	const int32_t *label = call->in[1];
	const REAL *z = call->in[0];
	for (size_t i = first; i < end && !stopped(call); i++) {
		WIDE far = (double)-INFINITY, near = (double)INFINITY;
		size_t far_at = i, near_at = i;
		for (size_t j = 0; j < call->rows; j++) {
			const WIDE d = j == i ? 0 : NAME(triplet_distance)(m, z + i * m, z + j * m, p);
			if (j != i && label[j] == label[i] && (RE(d) > RE(far) || isnan(RE(d)))) {
				far = d;
				far_at = j;
			} else if (label[j] != label[i] && (RE(d) < RE(near) || isnan(RE(d)))) {
				near = d;
				near_at = j;
			}
		}
		NAME(kept)(call, FARTHEST)[i] = far;
		NAME(kept)(call, NEAREST)[i] = near;
		NAME(kept)(call, FAR_AT)[i] = (double)far_at;
		NAME(kept)(call, NEAR_AT)[i] = (double)near_at;
	}
}

/* The loss of row i, and its gradient where dz is there. */
static WIDE NAME(class_hardest)(const struct op_call *call, size_t i, double seed, REAL *dz)
{
	const size_t m = call->shape[0].extent[0];
	const size_t far_at = (size_t)RE(NAME(kept)(call, FAR_AT)[i]),
		     near_at = (size_t)RE(NAME(kept)(call, NEAR_AT)[i]);
	const double p = call->attribute[POWER];
	const WIDE far = NAME(kept)(call, FARTHEST)[i];
	const REAL *z = call->in[0], *positive = z + far_at * m, *negative = z + near_at * m;
	WIDE near = NAME(kept)(call, NEAREST)[i];
	size_t from = i;
	if (call->attribute[SWAP] != 0) {
		const WIDE other = NAME(triplet_distance)(m, positive, negative, p);
		from = RE(other) < RE(near) ? far_at : i;
		near = RE(other) < RE(near) ? other : near;
	}
	const WIDE loss = far - near + call->attribute[MARGIN];
	if (RE(loss) <= 0) {
		return 0;
	}
	if (dz != NULL) {
		NAME(triplet_slope)(m, z + i * m, positive, p, far, seed, dz + i * m, dz + far_at * m);
		NAME(triplet_slope)(m, z + from * m, negative, p, near, -seed, dz + from * m, dz + near_at * m);
	}
	return loss;
}

/* Whether there is such a triplet of row i. */
static bool NAME(mined)(const struct op_call *call, size_t i)
{
	return RE(NAME(kept)(call, FAR_AT)[i]) != (double)i && RE(NAME(kept)(call, NEAR_AT)[i]) != (double)i;
}

static void NAME(class_triplet_mean)(const struct op_call *call)
{
	double anchors = 0;
	WIDE sum = 0;
	over_rows(call, NAME(class_mine));
	NAME(zero)(call);
	if (stopped(call)) {
		return; /* not every row knows of its triplet */
	}
	for (size_t i = 0; i < call->rows; i++) {
		anchors += NAME(mined)(call, i);
	}
	const double share = (double)call->rows / anchors;
	for (size_t i = 0; i < call->rows; i++) {
		if (NAME(mined)(call, i)) {
			sum += NAME(class_hardest)(call, i, call->seed * share, call->d_in[0]);
		}
	}
	deliver(call, anchors > 0 ? share * RE(sum) : 0);
}

#undef REAL_IS_FLOAT
