#include "core/objective/game.h"

#include <stdlib.h>
#include <string.h>

struct game_objective {
	struct objective base; /* first: the two are cast to one another */
	struct game game;
	struct tensor *tensor; /* of both players, offsets from the start of their parts */
	void *gradient;        /* [n]: the other player's, while one's is kept */
};

static struct game_objective *of(struct objective *objective)
{
	return (struct game_objective *)objective;
}

static enum status evaluate(struct objective *objective, const void *theta, const struct batch *batch,
			    struct executor *executor, double *value, void *gradient)
{
	struct game_objective *self = of(objective);
	const struct player *player = self->game.player;
	struct objective *first = player[DISCRIMINATOR].objective, *second = player[GENERATOR].objective;
	const size_t size = dtype_size(objective->dtype);
	enum status status = OK;
	if (gradient != NULL) {
		status = first->type->evaluate(first, theta, batch, executor, NULL, self->gradient);
	}
	if (status == OK) {
		status = second->type->evaluate(second, theta, batch, executor, value, gradient);
	}
	if (status == OK && gradient != NULL) {
		const size_t at = player[DISCRIMINATOR].first * size;
		memcpy((char *)gradient + at, (const char *)self->gradient + at, player[DISCRIMINATOR].count * size);
	}
	return status;
}

static enum status predict(struct objective *objective, const void *theta, const struct batch *batch,
			   struct executor *executor, void *outputs)
{
	struct objective *judge = of(objective)->game.player[DISCRIMINATOR].objective;
	return judge->type->predict(judge, theta, batch, executor, outputs);
}

static void initialise(const struct objective *objective, uint64_t seed, void *theta)
{
	const struct objective *whole =
		((const struct game_objective *)objective)->game.player[DISCRIMINATOR].objective;
	whole->type->initialise(whole, seed, theta);
}

static void destroy_parts(const struct game *game)
{
	for (size_t p = 0; p < PLAYERS; p++) {
		objective_destroy(game->player[p].objective);
	}
	objective_destroy(game->sampler);
}

static void destroy(struct objective *objective)
{
	struct game_objective *self = of(objective);
	destroy_parts(&self->game);
	free(self->tensor);
	free(self->gradient);
	free(self);
}

static const struct objective_type type = {
	.evaluate = evaluate, .predict = predict, .initialise = initialise, .destroy = destroy
};

/* The parts of theta, and which tensors lie in them. */
static void find_parts(struct game_objective *self, size_t generator)
{
	const struct objective *whole = self->game.player[DISCRIMINATOR].objective;
	struct player *first = &self->game.player[DISCRIMINATOR], *second = &self->game.player[GENERATOR];
	second->count = first->first = generator;
	first->count = whole->n - generator;
	second->tensor = self->tensor;
	for (size_t i = 0; i < whole->tensors; i++) {
		self->tensor[i] = whole->tensor[i];
		if (whole->tensor[i].offset < generator) {
			second->tensors++;
		} else {
			self->tensor[i].offset -= generator;
		}
	}
	first->tensor = self->tensor + second->tensors;
	first->tensors = whole->tensors - second->tensors;
}

enum status game_objective_create(const struct game *parts, size_t generator, size_t slots, struct objective **out,
				  struct error *error)
{
	const struct objective *whole = parts->player[DISCRIMINATOR].objective;
	struct game_objective *self = calloc(1, sizeof *self);
	struct tensor *tensor = calloc(whole->tensors + 1, sizeof *tensor);
	void *gradient = calloc(slots > 0 ? whole->n + 1 : 1, dtype_size(whole->dtype));
	if (self == NULL || tensor == NULL || gradient == NULL) {
		free(self);
		free(tensor);
		free(gradient);
		destroy_parts(parts);
		return error_set(error, E_MEMORY, "out of memory for the model");
	}
	*self = (struct game_objective){ .game = *parts, .tensor = tensor, .gradient = gradient };
	find_parts(self, generator);
	self->base = (struct objective){
		.type = &type,
		.dtype = whole->dtype,
		.n = whole->n,
		.tensors = whole->tensors,
		.tensor = whole->tensor,
		.outputs = whole->outputs,
		.rowed = true,
		.game = &self->game,
	};
	*out = &self->base;
	return OK;
}

size_t game_objective_bytes(size_t n, size_t tensors, enum dtype dtype)
{
	return sizeof(struct game_objective) + (tensors + 1) * sizeof(struct tensor) + (n + 1) * dtype_size(dtype);
}

enum status game_generate(const struct game *game, const void *theta, const struct batch *latents,
			  struct executor *executor, void *rows)
{
	return game->sampler->type->predict(game->sampler, theta, latents, executor, rows);
}

struct objective *objective_of(struct objective *objective, size_t index)
{
	const struct game *game = objective->game;
	for (size_t p = 0; game != NULL && p < PLAYERS; p++) {
		const struct player *player = &game->player[p];
		if (index >= player->first && index - player->first < player->count) {
			return player->objective;
		}
	}
	return objective;
}
