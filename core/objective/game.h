/*
 * A game: two players, each with a part of theta of its own and an objective that depends on all of it.
 *
 *   theta = [generator | discriminator]
 *   the discriminator moves first, the generator at the discriminator that has just moved
 *
 * There is no one function that falls: `evaluate` of the whole gives the generator's loss and, as the gradient, both
 * players' side by side, each of its own loss by its own part. Whoever trains it asks the players (core/train/play.c).
 * Its outputs are the discriminator's verdicts on rows; `generate` makes rows of latent vectors.
 */
#ifndef CORE_OBJECTIVE_GAME_H
#define CORE_OBJECTIVE_GAME_H

#include "core/base/latent.h"
#include "core/objective/objective.h"

/* In the order in which they move. */
enum { DISCRIMINATOR, GENERATOR, PLAYERS };

struct player {
	struct objective *objective; /* over all of theta; its gradient is 0 but in this player's part */
	size_t first, count;         /* the part: theta[first, first + count) */
	struct tensor *tensor;       /* [tensors] the pieces of the part, offsets from its start */
	size_t tensors;
	double clip; /* after its update each of its numbers is brought into [-clip, clip]; 0: no */
};

struct game {
	struct player player[PLAYERS];
	struct objective
		*sampler; /* its features are latent vectors, its outputs rows as the discriminator sees them */
	size_t latent;    /* numbers in a latent vector */
	enum latent_law law;
	uint64_t discriminator_steps; /* updates of the discriminator to one of the generator */
};

/* Takes the three objectives of `parts` (all destroyed on failure); fills in the rest of the players but `clip`. The
 * generator's part of theta is the first `generator` numbers. slots: 0 takes no memory for numbers, and the game cannot
 * be evaluated. OK, or E_MEMORY. *out is returned owned. */
enum status game_objective_create(const struct game *parts, size_t generator, size_t slots, struct objective **out,
				  struct error *error);
/* Bytes beside those of the three. */
size_t game_objective_bytes(size_t n, size_t tensors, enum dtype dtype);

/* rows [batch rows, features] of dtype made of the latent vectors that are the batch's x. OK, or E_CANCELLED. */
enum status game_generate(const struct game *game, const void *theta, const struct batch *latents,
			  struct executor *executor, void *rows);

/* The objective that the number `index` of theta answers for: its player's, or the objective itself. */
struct objective *objective_of(struct objective *objective, size_t index);

#endif
