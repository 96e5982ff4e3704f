/*
 * Worker of operation.c: loops of the element-wise operations over n numbers with strides (in numbers; 0: broadcast).
 *
 *   forward_x:    y[i] = f(a[i sa], b[i sb], c[i sc])
 *   reverse_x_k:  d_k[i s_k] += d[i] df/d(input k);  a broadcast input gets the sum
 *
 * Where d is 0 nothing flows, were the derivative infinite: what where() did not choose stays out of the gradient.
 */
#include "core/base/real.h"
#include "core/tensor/real_math.h"

struct NAME(lane) {
	const REAL *in[3];
	size_t stride[3];
	REAL *out;
	const REAL *d_out;
};

#define LOAD                                                                                                           \
	const REAL a = l->in[0][i * sa], b = arity > 1 ? l->in[1][i * sb] : K(0),                                      \
		   c = arity > 2 ? l->in[2][i * sc] : K(0);                                                            \
	(void)a, (void)b, (void)c
#define STRIDES size_t sa = l->stride[0], sb = l->stride[1], sc = l->stride[2]

#define FORWARD(name, arity_, value, da, db, dc)                                                                       \
	static void NAME(forward_##name)(size_t n, const struct NAME(lane) * l)                                        \
	{                                                                                                              \
		enum { arity = arity_ };                                                                               \
		STRIDES;                                                                                               \
		REAL *out = l->out;                                                                                    \
		(void)sb, (void)sc;                                                                                    \
		if (sa == 1 && (arity < 2 || sb == 1) && (arity < 3 || sc == 1)) {                                     \
			sa = sb = sc = 1;                                                                              \
			_Pragma("GCC ivdep") for (size_t i = 0; i < n; i++)                                            \
			{                                                                                              \
				LOAD;                                                                                  \
				out[i] = ELEMENT_VALUE(name, value);                                                   \
			}                                                                                              \
			return;                                                                                        \
		}                                                                                                      \
		_Pragma("GCC ivdep") for (size_t i = 0; i < n; i++)                                                    \
		{                                                                                                      \
			LOAD;                                                                                          \
			out[i] = ELEMENT_VALUE(name, value);                                                           \
		}                                                                                                      \
	}
ELEMENTS(FORWARD)
#undef FORWARD

/* One derivative: into an array, or added up into one number, over fixed lanes, so that it vectorises. */
#define ONE_REVERSE(name, arity_, k, derivative)                                                                       \
	static void NAME(reverse_##name##_##k)(size_t n, const struct NAME(lane) * l, REAL * to, size_t step)          \
	{                                                                                                              \
		enum { arity = arity_ };                                                                               \
		STRIDES;                                                                                               \
		const REAL *out = l->out, *d = l->d_out;                                                               \
		(void)sb, (void)sc;                                                                                    \
		if (step == 0) {                                                                                       \
			REAL total[LANES] = { 0 };                                                                     \
			size_t from = 0;                                                                               \
			if (sa == 1 && (arity < 2 || sb == 1) && (arity < 3 || sc == 1)) {                             \
				sa = sb = sc = 1;                                                                      \
				for (; from + LANES <= n; from += LANES) {                                             \
					for (size_t j = 0; j < LANES; j++) {                                           \
						const size_t i = from + j;                                             \
						LOAD;                                                                  \
						const REAL y = out[i];                                                 \
						(void)y;                                                               \
						total[j] += d[i] != 0 ? d[i] * (derivative) : 0;                       \
					}                                                                              \
				}                                                                                      \
			}                                                                                              \
			for (size_t i = from; i < n; i++) {                                                            \
				LOAD;                                                                                  \
				const REAL y = out[i];                                                                 \
				(void)y;                                                                               \
				total[0] += d[i] != 0 ? d[i] * (derivative) : 0;                                       \
			}                                                                                              \
			for (size_t j = 0; j < LANES; j++) {                                                           \
				*to += total[j];                                                                       \
			}                                                                                              \
			return;                                                                                        \
		}                                                                                                      \
		if (sa == 1 && (arity < 2 || sb == 1) && (arity < 3 || sc == 1)) {                                     \
			sa = sb = sc = 1;                                                                              \
			_Pragma("GCC ivdep") for (size_t i = 0; i < n; i++)                                            \
			{                                                                                              \
				LOAD;                                                                                  \
				const REAL y = out[i];                                                                 \
				(void)y;                                                                               \
				to[i] += d[i] != 0 ? d[i] * (derivative) : 0;                                          \
			}                                                                                              \
			return;                                                                                        \
		}                                                                                                      \
		_Pragma("GCC ivdep") for (size_t i = 0; i < n; i++)                                                    \
		{                                                                                                      \
			LOAD;                                                                                          \
			const REAL y = out[i];                                                                         \
			(void)y;                                                                                       \
			to[i] += d[i] != 0 ? d[i] * (derivative) : 0;                                                  \
		}                                                                                                      \
	}
#define REVERSE(name, arity, value, da, db, dc)                                                                        \
	ONE_REVERSE(name, arity, 0, da) ONE_REVERSE(name, arity, 1, db) ONE_REVERSE(name, arity, 2, dc)
ELEMENTS(REVERSE)
#undef REVERSE
#undef ONE_REVERSE
#undef LOAD
#undef STRIDES

typedef void NAME(element_forward)(size_t n, const struct NAME(lane) * lane);
typedef void NAME(element_reverse)(size_t n, const struct NAME(lane) * lane, REAL *to, size_t step);

static const struct {
	NAME(element_forward) * forward;
	NAME(element_reverse) * reverse[3];
} NAME(elements)[] = {
#define ENTRY(name, arity, value, da, db, dc)                                                                          \
	[TENSOR_##name -                                                                                               \
		TENSOR_neg] = { NAME(forward_##name),                                                                  \
				{ NAME(reverse_##name##_0), NAME(reverse_##name##_1), NAME(reverse_##name##_2) } },
	ELEMENTS(ENTRY)
#undef ENTRY
};

#ifndef REAL_IS_DUAL
/* The innermost loop of a value: our vectorised kernels where there is one. */
static void NAME(element_values)(const struct tensor_call *call, size_t n, const struct NAME(lane) * lane, REAL *slope)
{
	const struct kernels *kernels = call->program->kernels;
	if (lane->stride[0] == 1 && (n >= 8 || slope != NULL)) {
		/* clang-format off */
		switch ((int)call->step->op) {
		case TENSOR_exp: kernels->NAME(exp)(n, lane->in[0], lane->out); return;
		case TENSOR_log: kernels->NAME(log)(n, lane->in[0], lane->out); return;
		case TENSOR_tanh: kernels->NAME(tanh)(n, lane->in[0], lane->out); return;
		case TENSOR_softplus:
			kernels->NAME(softplus)(n, lane->in[0], NULL, lane->out, slope);
			return;
		case TENSOR_logistic:
			if (lane->stride[1] == 1) {
				kernels->NAME(softplus)(n, lane->in[0], lane->in[1], lane->out, slope);
				return;
			}
			break;
		case TENSOR_margin:
			if (lane->stride[1] == 1) {
				kernels->NAME(margin)(n, lane->in[0], lane->in[1], lane->out, slope);
				return;
			}
			break;
		case TENSOR_expit: kernels->NAME(sigmoid)(n, lane->in[0], lane->out); return;
		default: break;
		}
		/* clang-format on */
	}
	NAME(elements)[call->step->op - TENSOR_neg].forward(n, lane);
}

#else
/* Dual numbers keep no slopes. */
static void NAME(element_values)(const struct tensor_call *call, size_t n, const struct NAME(lane) * lane, REAL *slope)
{
	assert(slope == NULL);
	(void)slope;
	NAME(elements)[call->step->op - TENSOR_neg].forward(n, lane);
}
#endif

/* to += d slope, the slopes having been kept; the first contribution is written. uniform: d is one number for all. */
static void NAME(kept_back)(size_t n, const REAL *d, bool uniform, const REAL *slope, REAL *to, bool first)
{
	if (uniform) {
		const REAL seed = *d;
		_Pragma("GCC ivdep") for (size_t i = 0; i < n && seed != 0; i++)
		{
			to[i] = first ? seed * slope[i] : to[i] + seed * slope[i];
		}
		if (seed == 0 && first) {
			memset(to, 0, n * sizeof *to);
		}
		return;
	}
	if (first) {
		_Pragma("GCC ivdep") for (size_t i = 0; i < n; i++)
		{
			to[i] = d[i] != 0 ? d[i] * slope[i] : 0;
		}
		return;
	}
	_Pragma("GCC ivdep") for (size_t i = 0; i < n; i++)
	{
		to[i] += d[i] != 0 ? d[i] * slope[i] : 0;
	}
}

/* A loop of a value (to NULL), or of the derivative by input k. */
static void NAME(element_loop)(const struct tensor_call *call, size_t k, size_t n, const struct NAME(lane) * lane,
			       REAL *slope, REAL *to, size_t step)
{
	if (to == NULL) {
		NAME(element_values)(call, n, lane, slope);
	} else if (k == 0 && slope != NULL) {
		NAME(kept_back)(n, lane->d_out, call->step->uniform, slope, to, (call->first & 1) != 0);
	} else {
		NAME(elements)[call->step->op - TENSOR_neg].reverse[k](n, lane, to, step);
	}
}

/* Fills what is broadcast to a tile's length, so that every loop goes number by number. Returns which inputs. */
static unsigned NAME(spread)(const struct tensor_call *call, size_t n, struct NAME(lane) * lane,
			     REAL room[3][ELEMENT_TILE])
{
	unsigned spread = 0;
	for (size_t i = 0; i < tensor_arity(call->step->op) && n >= SPREAD_LEAST; i++) {
		if (lane->stride[i] == 0) {
			const REAL number = *lane->in[i];
			for (size_t j = 0; j < ELEMENT_TILE && j < n; j++) {
				room[i][j] = number;
			}
			lane->in[i] = room[i];
			lane->stride[i] = 1;
			spread |= 1u << i;
		}
	}
	return spread;
}

/* One loop is all there is. */
static void NAME(element_line)(const struct tensor_call *call, size_t k, REAL *to)
{
	const struct walk *walk = &call->step->form->walk;
	const size_t n = call->count > 0 ? call->count : walk->extent[0] * (walk->rowed ? call->rows : 1);
	const size_t step = walk->stride[k][0];
	REAL room[3][ELEMENT_TILE], *slope = call->kept;
	struct NAME(lane) lane = {
		.in = { call->in[0], call->in[1], call->in[2] },
		.stride = { walk->stride[0][0], walk->stride[1][0], walk->stride[2][0] },
		.out = call->out,
		.d_out = call->d_out,
	};
	const unsigned spread = NAME(spread)(call, n, &lane, room);
	const size_t tile = spread == 0 ? n : ELEMENT_TILE;
	for (size_t at = 0; at < n; at += tile) {
		NAME(element_loop)(call, k, n - at < tile ? n - at : tile, &lane, slope, to, step);
		for (size_t i = 0; i < 3; i++) {
			lane.in[i] += (spread >> i & 1) != 0 || lane.in[i] == NULL ? 0 : tile * lane.stride[i];
		}
		lane.out += tile;
		lane.d_out += lane.d_out == NULL || call->step->uniform ? 0 : tile;
		slope += slope == NULL ? 0 : tile;
		to += to == NULL ? 0 : tile * step;
	}
}

/* Calls the innermost loop for every index of the outer ones. to: gradient of input k (reverse), or NULL. */
static void NAME(element_walk)(const struct tensor_call *call, size_t k, REAL *to)
{
	const struct walk *walk = &call->step->form->walk;
	if (walk->dims == 1) {
		NAME(element_line)(call, k, to);
		return;
	}
	size_t extent[3] = { 1, 1, 1 }, stride[4][3] = { { 0 } };
	for (size_t d = 0; d < walk->dims; d++) { /* right-aligned */
		size_t at = 3 - walk->dims + d;
		extent[at] = walk->extent[d] * (d == 0 && walk->rowed ? call->rows : 1);
		for (size_t i = 0; i < 4; i++) {
			stride[i][at] = walk->stride[i][d];
		}
	}
	for (size_t p = 0; p < extent[0]; p++) {
		for (size_t q = 0; q < extent[1]; q++) {
			struct NAME(lane) lane = { .out = NULL };
			for (size_t i = 0; i < 3; i++) {
				lane.in[i] = (const REAL *)call->in[i] + p * stride[i][0] + q * stride[i][1];
				lane.stride[i] = stride[i][2];
			}
			size_t at = p * stride[3][0] + q * stride[3][1];
			lane.out = (REAL *)call->out + at;
			if (to == NULL) {
				NAME(element_values)(call, extent[2], &lane, NULL);
				continue;
			}
			lane.d_out = (const REAL *)call->d_out + at;
			NAME(elements)
			[call->step->op - TENSOR_neg].reverse[k](
				extent[2], &lane, to + p * stride[k][0] + q * stride[k][1], stride[k][2]);
		}
	}
}
