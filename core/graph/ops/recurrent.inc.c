/* Worker of recurrent.c: what is kept, a step forward, a step backward, for all rows of a block. */
#include "core/base/real.h"

/* Where what is kept lies: number k of row r at step t of h at (t * rows + r) * units + k; of the gates likewise. */
struct NAME(kept) {
	REAL *h;     /* [steps + 1, rows, units]: before the first step, and after each */
	REAL *gate;  /* [steps, rows, gates]: their values; on the way back the gradient by a */
	REAL *inner; /* gru: a_n [steps, rows, units]; lstm: c [steps + 1, rows, units] */
	REAL *dh;    /* [rows, units] */
	REAL *dc;    /* [rows, units] of lstm */
};

static struct NAME(kept) NAME(kept_of)(const struct op_call *call, const struct sequence *s)
{
	const size_t wide = s->rows * s->units;
	struct NAME(kept) at = { .h = call->kept };
	at.gate = at.h + (s->steps + 1) * wide;
	at.inner = at.gate + s->steps * s->rows * s->gates;
	at.dh = at.inner + (s->cell == CELL_RNN ? 0 : s->cell == CELL_GRU ? s->steps : s->steps + 1) * wide;
	at.dc = at.dh + wide;
	return at;
}

static void NAME(squash)(const struct op_call *call, enum recurrent_activation activation, size_t n, REAL *y)
{
	switch (activation) {
	case SQUASH_TANH:
		call->kernels->NAME(tanh)(n, y, y);
		break;
	case SQUASH_RELU:
		call->kernels->NAME(relu)(n, y, y);
		break;
	case SQUASH_SIGMOID:
		call->kernels->NAME(sigmoid)(n, y, y);
		break;
	case SQUASH_IDENTITY:
		break;
	}
}

/* f'(x) from y = f(x) */
static inline REAL NAME(slope)(enum recurrent_activation activation, REAL y)
{
	return activation == SQUASH_TANH      ? 1 - y * y
	       : activation == SQUASH_SIGMOID ? y * (1 - y)
	       : activation == SQUASH_RELU    ? (REAL)(RE(y) > 0)
					      : 1;
}

static void NAME(gru_forward)(const struct op_call *call, const struct sequence *s, const REAL *z, const REAL *h,
			      REAL *gate, REAL *inner, REAL *next)
{
	const size_t units = s->units;
	REAL *reset = gate, *update = gate + units, *new = gate + 2 * units;
	for (size_t k = 0; k < 2 * units; k++) {
		gate[k] += z[k];
	}
	call->kernels->NAME(sigmoid)(2 * units, gate, gate);
	for (size_t k = 0; k < units; k++) {
		inner[k] = new[k];
		new[k] = z[2 * units + k] + reset[k] * inner[k];
	}
	NAME(squash)(call, s->activation, units, new);
	for (size_t k = 0; k < units; k++) {
		next[k] = (1 - update[k]) * new[k] + update[k] * h[k];
	}
}

/* inner: c before the step; what comes after it lies one step on. */
static void NAME(lstm_forward)(const struct op_call *call, const struct sequence *s, const REAL *z, REAL *gate,
			       const REAL *inner, REAL *next)
{
	const size_t units = s->units;
	REAL *c = (REAL *)(uintptr_t)inner + s->rows * units;
	for (size_t k = 0; k < 4 * units; k++) {
		gate[k] += z[k];
	}
	call->kernels->NAME(sigmoid)(2 * units, gate, gate);
	NAME(squash)(call, s->activation, units, gate + 2 * units);
	call->kernels->NAME(sigmoid)(units, gate + 3 * units, gate + 3 * units);
	for (size_t k = 0; k < units; k++) {
		c[k] = gate[units + k] * inner[k] + gate[k] * gate[2 * units + k];
		next[k] = c[k];
	}
	NAME(squash)(call, s->activation, units, next);
	for (size_t k = 0; k < units; k++) {
		next[k] *= gate[3 * units + k];
	}
}

/* Step t of all rows: gate holds W h + b. */
static void NAME(step_forward)(const struct op_call *call, const struct sequence *s, const struct NAME(kept) * at,
			       size_t t)
{
	const REAL *z = (const REAL *)call->in[0] + t * s->gates;
	for (size_t r = 0; r < s->rows; r++, z += s->steps * s->gates) {
		size_t row = t * s->rows + r;
		REAL *gate = at->gate + row * s->gates, *h = at->h + row * s->units, *next = h + s->rows * s->units;
		REAL *inner = at->inner + row * s->units;
		if (s->cell == CELL_GRU) {
			NAME(gru_forward)(call, s, z, h, gate, inner, next);
		} else if (s->cell == CELL_LSTM) {
			NAME(lstm_forward)(call, s, z, gate, inner, next);
		} else {
			for (size_t k = 0; k < s->units; k++) {
				next[k] = gate[k] + z[k];
			}
			NAME(squash)(call, s->activation, s->units, next);
		}
		if (s->each || t + 1 == s->steps) {
			REAL *out = (REAL *)call->out + (s->each ? r * s->steps + t : r) * s->units;
			memcpy(out, next, s->units * sizeof *out);
		}
	}
}

/* A state of the caller's, or zeros. */
static void NAME(begin)(const void *from, size_t n, REAL *to)
{
	if (from != NULL) {
		memcpy(to, from, n * sizeof *to);
	} else {
		memset(to, 0, n * sizeof *to);
	}
}

static void NAME(sequence_forward)(const struct op_call *call, const struct recurrent_state *state)
{
	const struct sequence s = sequence_of(call);
	const struct NAME(kept) at = NAME(kept_of)(call, &s);
	const size_t wide = s.rows * s.units;
	NAME(begin)(state->h, wide, at.h);
	if (s.cell == CELL_LSTM) {
		NAME(begin)(state->c, wide, at.inner);
	}
	for (size_t t = 0; t < s.steps; t++) {
		REAL *gate = at.gate + t * s.rows * s.gates;
		NAME(gemm_shared)
		(call->executor, false, true, s.rows, s.gates, s.units, at.h + t * wide, s.units, call->in[1], s.units,
		 false, gate, s.gates);
		call->kernels->NAME(add_row)(s.rows, s.gates, gate, call->in[2]);
		NAME(step_forward)(call, &s, &at, t);
	}
	if (s.cell == CELL_LSTM && state->last_c != NULL) {
		memcpy(state->last_c, at.inner + s.steps * wide, wide * sizeof(REAL));
	}
}

/* From dh to the gradients by z (into dz) and by a (in place of the gates), and to what of dh goes on straight. */
static void NAME(gru_reverse)(const struct sequence *s, const REAL *h, REAL *gate, const REAL *inner, REAL *dh,
			      REAL *dz)
{
	const size_t units = s->units;
	for (size_t k = 0; k < units; k++) {
		REAL reset = gate[k], update = gate[units + k], new = gate[2 * units + k];
		REAL d_new = dh[k] * (1 - update) * NAME(slope)(s->activation, new);
		REAL d_update = dh[k] * (h[k] - new) * update * (1 - update);
		REAL d_reset = d_new * inner[k] * reset * (1 - reset);
		dh[k] *= update;
		dz[k] = gate[k] = d_reset;
		dz[units + k] = gate[units + k] = d_update;
		dz[2 * units + k] = d_new;
		gate[2 * units + k] = d_new * reset;
	}
}

/* scratch: f(c). */
static void NAME(lstm_reverse)(const struct op_call *call, const struct sequence *s, REAL *gate, const REAL *inner,
			       const REAL *dh, REAL *dc)
{
	const size_t units = s->units;
	const REAL *c = inner + s->rows * units;
	REAL *squashed = call->scratch;
	memcpy(squashed, c, units * sizeof *squashed);
	NAME(squash)(call, s->activation, units, squashed);
	for (size_t k = 0; k < units; k++) {
		REAL in = gate[k], forget = gate[units + k], new = gate[2 * units + k], out = gate[3 * units + k];
		REAL d = dc[k] + dh[k] * out * NAME(slope)(s->activation, squashed[k]);
		gate[k] = d * new *in *(1 - in);
		gate[units + k] = d * inner[k] * forget * (1 - forget);
		gate[2 * units + k] = d * in * NAME(slope)(s->activation, new);
		gate[3 * units + k] = dh[k] * squashed[k] * out * (1 - out);
		dc[k] = d * forget;
	}
}

/* Puts the gradient by z of a row and step in its place. */
static void NAME(deliver)(const struct op_call *call, const struct sequence *s, size_t place, const REAL *dz)
{
	REAL *to = call->d_in[0] != NULL ? (REAL *)call->d_in[0] + place * s->gates : NULL;
	if (to != NULL && call->accumulate[0]) {
		call->kernels->NAME(add)(s->gates, dz, to);
	} else if (to != NULL) {
		memcpy(to, dz, s->gates * sizeof *to);
	}
}

static void NAME(step_reverse)(const struct op_call *call, const struct sequence *s, const struct NAME(kept) * at,
			       size_t t)
{
	for (size_t r = 0; r < s->rows; r++) {
		size_t row = t * s->rows + r, place = r * s->steps + t;
		REAL *gate = at->gate + row * s->gates, *h = at->h + row * s->units, *dh = at->dh + r * s->units;
		const REAL *inner = at->inner + row * s->units;
		if (s->each || t + 1 == s->steps) {
			const REAL *d = (const REAL *)call->d_out + (s->each ? place : r) * s->units;
			call->kernels->NAME(add)(s->units, d, dh);
		}
		if (s->cell == CELL_GRU) {
			REAL *dz = call->scratch;
			NAME(gru_reverse)(s, h, gate, inner, dh, dz);
			NAME(deliver)(call, s, place, dz);
			continue;
		}
		if (s->cell == CELL_LSTM) {
			NAME(lstm_reverse)(call, s, gate, inner, dh, at->dc + r * s->units);
		} else {
			const REAL *y = h + s->rows * s->units;
			for (size_t k = 0; k < s->units; k++) {
				gate[k] = dh[k] * NAME(slope)(s->activation, y[k]);
			}
		}
		NAME(deliver)(call, s, place, gate);
	}
}

/* dW (+)= A' H and db (+)= the column sums of A, A the gradients by a of all steps and rows. */
static void NAME(weights_reverse)(const struct op_call *call, const struct sequence *s, const struct NAME(kept) * at)
{
	size_t all = s->steps * s->rows;
	for (size_t first = 0; first < all && call->d_in[1] != NULL; first += PRODUCT_ROWS) {
		size_t count = all - first < PRODUCT_ROWS ? all - first : PRODUCT_ROWS;
		NAME(gemm_shared)
		(call->executor, true, false, s->gates, s->units, count, at->gate + first * s->gates, s->gates,
		 at->h + first * s->units, s->units, call->accumulate[1] || first > 0, call->d_in[1], s->units);
	}
	if (call->d_in[2] != NULL) {
		if (!call->accumulate[2]) {
			memset(call->d_in[2], 0, s->gates * sizeof(REAL));
		}
		call->kernels->NAME(column_sums)(all, s->gates, at->gate, call->d_in[2]);
	}
}

static void NAME(sequence_reverse)(const struct op_call *call, const struct recurrent_state *state)
{
	const struct sequence s = sequence_of(call);
	const struct NAME(kept) at = NAME(kept_of)(call, &s);
	const size_t wide = s.rows * s.units;
	memset(at.dh, 0, wide * sizeof(REAL));
	if (s.cell == CELL_LSTM) {
		NAME(begin)(state->d_last_c, wide, at.dc);
	}
	for (size_t t = s.steps; t-- > 0;) {
		NAME(step_reverse)(call, &s, &at, t);
		if (t > 0 || state->d_h != NULL) { /* of gru a part of dh goes on straight */
			NAME(gemm_shared)
			(call->executor, false, false, s.rows, s.units, s.gates, at.gate + t * s.rows * s.gates,
			 s.gates, call->in[1], s.units, s.cell == CELL_GRU, at.dh, s.units);
		}
	}
	if (state->d_h != NULL) {
		memcpy(state->d_h, at.dh, wide * sizeof(REAL));
	}
	if (state->d_c != NULL && s.cell == CELL_LSTM) {
		memcpy(state->d_c, at.dc, wide * sizeof(REAL));
	}
	NAME(weights_reverse)(call, &s, &at);
}

static void NAME(from_zeros_forward)(const struct op_call *call)
{
	NAME(sequence_forward)(call, &(struct recurrent_state){ .h = NULL });
}

static void NAME(from_zeros_reverse)(const struct op_call *call)
{
	NAME(sequence_reverse)(call, &(struct recurrent_state){ .h = NULL });
}

#undef REAL_IS_FLOAT
