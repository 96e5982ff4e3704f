/*
 * Recurrent cells over the steps of a sequence: rnn, gru, lstm; and where they may start. Private to core/graph/ops and
 * its tests.
 *
 * The operations start from zeros and leave the gradient by their start alone. recurrent_forward and recurrent_reverse
 * are the same code with a state of the caller's.
 */
#ifndef CORE_GRAPH_OPS_RECURRENT_H
#define CORE_GRAPH_OPS_RECURRENT_H

#include "core/graph/op.h"

/* Rows of one product over several steps at most: an int holds them. */
enum { PRODUCT_ROWS = 1 << 20 };

/* Constants of the operations. */
enum { RECURRENT_SEQUENCES, RECURRENT_ACTIVATION };
/* How a cell's own numbers are squashed, in the order of the layers' setting `activation`. */
enum recurrent_activation { SQUASH_TANH, SQUASH_RELU, SQUASH_SIGMOID, SQUASH_IDENTITY };

/* Each [rows, units] of the call's dtype; any may be NULL. */
struct recurrent_state {
	const void *h, *c;    /* before the first step; NULL: zeros. c is of lstm alone, here and below */
	void *last_c;         /* forward writes c after the last step */
	const void *d_last_c; /* reverse: the gradient by it */
	void *d_h, *d_c;      /* reverse writes the gradients by h and c */
};

/* A call of op_rnn, op_gru or op_lstm. */
void recurrent_forward(enum dtype dtype, const struct op_call *call, const struct recurrent_state *state);
void recurrent_reverse(enum dtype dtype, const struct op_call *call, const struct recurrent_state *state);

#endif
