/* Laws of op_verdict: what a player of a game makes of the discriminator's outputs z. Constants: {law, a, b}. */
#ifndef CORE_GRAPH_OPS_VERDICT_H
#define CORE_GRAPH_OPS_VERDICT_H

enum verdict_law {
	VERDICT_SOFTPLUS, /* a log(1 + exp(b z)) */
	VERDICT_SQUARE,   /* a (z - b)^2 */
	VERDICT_LINEAR,   /* a z */
};

#endif
