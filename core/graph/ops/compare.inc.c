/* Worker of compare.c: in[0] = z [rows, m], in[1] = class [rows]; seed = d(root) / d(what is added to *sum). */
#include "core/base/real.h"
#include "core/graph/ops/distance.inc.c"

static double NAME(dot)(size_t m, const REAL *u, const REAL *v)
{
	double lane[4] = { 0 };
	for (; m >= 4; m -= 4, u += 4, v += 4) {
		for (size_t k = 0; k < 4; k++) {
			lane[k] += (double)u[k] * (double)v[k];
		}
	}
	for (size_t k = 0; k < m; k++) {
		lane[k] += (double)u[k] * (double)v[k];
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
		struct exponentials row = { (double)-INFINITY, 0 }, column = row;
		const REAL *q = z + 2 * i * m, *k = q + m, *other = z;
		for (size_t j = 0; j < call->rows; j++, other += 2 * m) {
			exponentials_add(&row, NAME(dot)(m, q, other + m) / t);
			if (symmetric) {
				exponentials_add(&column, NAME(dot)(m, other, k) / t);
			}
		}
		const double own = NAME(dot)(m, q, k) / t, lse = row.most + log(row.sum);
		const double of_key = symmetric ? column.most + log(column.sum) : lse;
		kept(call, LSE)[i] = lse;
		kept(call, LSE_OF_KEY)[i] = of_key;
		kept(call, LOSS)[i] = 0.5 * (lse - own) + 0.5 * (of_key - own);
	}
}

/* dq_i = sum over j of w[i, j] k_j - k_i, dk_i = sum over j of w[j, i] q_j - q_i, by t; w the softmax along the row,
 * or the mean of that and the one along the column. */
static void NAME(info_slopes)(const struct op_call *call, size_t first, size_t end)
{
	const size_t m = call->shape[0].extent[0] / 2;
	const double t = call->attribute[TEMPERATURE], factor = call->seed / t;
	const bool symmetric = call->attribute[SYMMETRIC] != 0;
	const double *lse = kept(call, LSE), *of_key = kept(call, LSE_OF_KEY);
	const REAL *z = call->in[0];
	for (size_t i = first; i < end && !stopped(call); i++) {
		const REAL *q = z + 2 * i * m, *k = q + m, *other = z;
		REAL *dq = (REAL *)call->d_in[0] + 2 * i * m, *dk = dq + m;
		memset(dq, 0, 2 * m * sizeof *dq);
		for (size_t j = 0; j < call->rows; j++, other += 2 * m) {
			const double ij = NAME(dot)(m, q, other + m) / t, ji = NAME(dot)(m, other, k) / t;
			double along = exp(ij - lse[i]), across = exp(ji - lse[j]);
			if (symmetric) {
				along = 0.5 * along + 0.5 * exp(ij - of_key[j]);
				across = 0.5 * across + 0.5 * exp(ji - of_key[i]);
			}
			along -= j == i ? 1 : 0;
			across -= j == i ? 1 : 0;
			for (size_t c = 0; c < m; c++) {
				dq[c] += (REAL)(factor * along * (double)other[m + c]);
				dk[c] += (REAL)(factor * across * (double)other[c]);
			}
		}
	}
}

static void NAME(info_nce_mean)(const struct op_call *call)
{
	over_rows(call, NAME(info_values));
	deliver(call, kept_sum(call, LOSS));
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
		struct exponentials all = { (double)-INFINITY, 0 };
		double mates = 0, sum = 0;
		for (size_t j = 0; j < call->rows; j++) {
			const double s = j == i ? 0 : NAME(dot)(m, z + i * m, z + j * m) / t;
			if (j != i) {
				exponentials_add(&all, s);
				mates += label[j] == label[i];
				sum += label[j] == label[i] ? s : 0;
			}
		}
		kept(call, LSE)[i] = all.most + log(all.sum);
		kept(call, MATES)[i] = mates;
		kept(call, LOSS)[i] = mates > 0 ? all.most + log(all.sum) - sum / mates : 0;
	}
}

/* dz_i = sum over j of (g[i, j] + g[j, i]) z_j by t, g[i, j] = softmax over j of S[i, j] - [one class] / mates of i. */
static void NAME(class_info_slopes)(const struct op_call *call, size_t first, size_t end)
{
	const size_t m = call->shape[0].extent[0];
	const double t = call->attribute[TEMPERATURE];
	const double *lse = kept(call, LSE), *mates = kept(call, MATES);
	const int32_t *label = call->in[1];
	const REAL *z = call->in[0];
	double anchors = 0;
	for (size_t i = 0; i < call->rows; i++) {
		anchors += mates[i] > 0;
	}
	const double factor = call->seed * (double)call->rows / anchors / t;
	for (size_t i = first; i < end && !stopped(call); i++) {
		REAL *dz = (REAL *)call->d_in[0] + i * m;
		memset(dz, 0, m * sizeof *dz);
		for (size_t j = 0; j < call->rows; j++) {
			if (j == i || (mates[i] == 0 && mates[j] == 0)) {
				continue;
			}
			const double s = NAME(dot)(m, z + i * m, z + j * m) / t, like = label[j] == label[i];
			const double own = mates[i] > 0 ? exp(s - lse[i]) - like / mates[i] : 0;
			const double its = mates[j] > 0 ? exp(s - lse[j]) - like / mates[j] : 0;
			for (size_t c = 0; c < m; c++) {
				dz[c] += (REAL)(factor * (own + its) * (double)z[j * m + c]);
			}
		}
	}
}

static void NAME(class_info_nce_mean)(const struct op_call *call)
{
	double anchors = 0;
	over_rows(call, NAME(class_info_values));
	for (size_t i = 0; i < call->rows; i++) {
		anchors += kept(call, MATES)[i] > 0;
	}
	if (anchors == 0) {
		NAME(zero)(call);
		return;
	}
	deliver(call, (double)call->rows * (kept_sum(call, LOSS) / anchors));
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
		double sum = 0;
		if (dz != NULL) {
			memset(dz, 0, m * sizeof *dz);
		}
		for (size_t j = 0; j < call->rows; j++, v += m) {
			if (j == i) {
				continue;
			}
			const bool like = label[j] == label[i];
			const double d = NAME(distance)(m, u, v, 0), gap = margin - d > 0 || isnan(d) ? margin - d : 0;
			const double slope = factor * (like ? 1 : d > 0 ? -gap / d : d);
			sum += 0.25 * (like ? d * d : gap * gap);
			for (size_t c = 0; c < m && dz != NULL && slope != 0; c++) {
				dz[c] += (REAL)(slope * ((double)u[c] - (double)v[c]));
			}
		}
		kept(call, LOSS)[i] = sum;
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
		double sum = 0, slope;
		if (dz != NULL) {
			memset(dz, 0, m * sizeof *dz);
		}
		for (size_t j = 0; j < call->rows; j++) {
			const struct angle angle = NAME(angle)(m, z + i * m, z + j * m);
			if (j == i) {
				continue;
			}
			sum += 0.5 * NAME(angle_loss)(&angle, label[j] == label[i], call->attribute[MARGIN], &slope);
			if (dz != NULL && slope != 0) {
				NAME(angle_slope)(m, z + i * m, z + j * m, &angle, factor * slope, dz);
			}
		}
		kept(call, LOSS)[i] = sum;
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
	deliver(call, n * (kept_sum(call, LOSS) / (0.5 * n * (n - 1))));
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
		double far = (double)-INFINITY, near = (double)INFINITY;
		size_t far_at = i, near_at = i;
		for (size_t j = 0; j < call->rows; j++) {
			const double d = j == i ? 0 : NAME(triplet_distance)(m, z + i * m, z + j * m, p);
			if (j != i && label[j] == label[i] && (d > far || isnan(d))) {
				far = d;
				far_at = j;
			} else if (label[j] != label[i] && (d < near || isnan(d))) {
				near = d;
				near_at = j;
			}
		}
		kept(call, FARTHEST)[i] = far;
		kept(call, NEAREST)[i] = near;
		kept(call, FAR_AT)[i] = (double)far_at;
		kept(call, NEAR_AT)[i] = (double)near_at;
	}
}

/* The loss of row i, and its gradient where dz is there. */
static double NAME(class_hardest)(const struct op_call *call, size_t i, double seed, REAL *dz)
{
	const size_t m = call->shape[0].extent[0];
	const size_t far_at = (size_t)kept(call, FAR_AT)[i], near_at = (size_t)kept(call, NEAR_AT)[i];
	const double p = call->attribute[POWER], far = kept(call, FARTHEST)[i];
	const REAL *z = call->in[0], *positive = z + far_at * m, *negative = z + near_at * m;
	double near = kept(call, NEAREST)[i];
	size_t from = i;
	if (call->attribute[SWAP] != 0) {
		const double other = NAME(triplet_distance)(m, positive, negative, p);
		from = other < near ? far_at : i;
		near = other < near ? other : near;
	}
	const double loss = far - near + call->attribute[MARGIN];
	if (loss <= 0) {
		return 0;
	}
	if (dz != NULL) {
		NAME(triplet_slope)(m, z + i * m, positive, p, far, seed, dz + i * m, dz + far_at * m);
		NAME(triplet_slope)(m, z + from * m, negative, p, near, -seed, dz + from * m, dz + near_at * m);
	}
	return loss;
}

static void NAME(class_triplet_mean)(const struct op_call *call)
{
	double anchors = 0, sum = 0;
	over_rows(call, NAME(class_mine));
	NAME(zero)(call);
	if (stopped(call)) {
		return; /* not every row knows of its triplet */
	}
	for (size_t i = 0; i < call->rows; i++) {
		anchors += kept(call, FAR_AT)[i] != (double)i && kept(call, NEAR_AT)[i] != (double)i;
	}
	const double share = (double)call->rows / anchors;
	for (size_t i = 0; i < call->rows; i++) {
		if (kept(call, FAR_AT)[i] != (double)i && kept(call, NEAR_AT)[i] != (double)i) {
			sum += NAME(class_hardest)(call, i, call->seed * share, call->d_in[0]);
		}
	}
	deliver(call, anchors > 0 ? share * sum : 0);
}

#undef REAL_IS_FLOAT
