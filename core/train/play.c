/*
 * The step of a game (Goodfellow et al. 2014, algorithm 1): the discriminator's update at the batch of this step, and
 * with every discriminator_steps-th of them the generator's, at the discriminator that has just moved and on latent
 * vectors of its own. Each player has its own part of theta and of the optimizer's slots, scalars and count of updates:
 * while one plays, the trainer's passes see that part as if it were all.
 *
 * The two halves of a step are committed apart: `moved` says that the first is done. What a point shows is known when
 * both losses are: the discriminator's before its move, the generator's after it.
 */
#include <math.h>
#include <string.h>

#include "core/objective/game.h"
#include "core/train/internal.h"

enum status play_check(const struct trainer_setup *setup, struct error *error)
{
	const struct train_config *config = &setup->config;
	const struct optimizer_config *optimizer = &config->optimizer;
	const struct optimizer_type *type = optimizer->type;
	if (type->iterate != NULL || type->history != NULL) {
		return error_set(error, E_INVALID, "%s compares values of one function, and a game has two",
				 type->name);
	}
	if (config->direction == MAXIMIZE || stopping_any(&config->stopping) || setup->validation != NULL ||
	    optimizer->schedule.type->tests || optimizer->schedule.type->observe != NULL) {
		return error_set(error, E_INVALID, "a game has no loss that falls, which this asks for");
	}
	if (setup->objective->lower != NULL) {
		return error_set(error, E_INVALID, "a game takes no bounds");
	}
	return OK;
}

/* What of a trainer is a player's while it plays. */
struct seat {
	struct optimizer optimizer;
	void *theta, *gradient, *point;
	size_t n;
};

static void *part(const struct trainer *trainer, void *vector, size_t first)
{
	return vector == NULL ? NULL : (char *)vector + first * dtype_size(trainer->dtype);
}

/* The trainer becomes that of player p; what it was before. */
static struct seat sit_down(struct trainer *trainer, size_t p)
{
	const struct player *player = &trainer->game->player[p];
	struct optimizer *optimizer = &trainer->optimizer;
	const struct seat before = { *optimizer, trainer->theta, trainer->gradient, trainer->point, trainer->n };
	for (size_t k = 0; k < trainer->layout.slots; k++) {
		optimizer->slot[k] = part(trainer, optimizer->slot[k], player->first);
	}
	optimizer->scalar += p * optimizer->type->scalars;
	optimizer->n = trainer->n = player->count;
	optimizer->tensor = player->tensor;
	optimizer->tensors = player->tensors;
	optimizer->kept = false; /* the other player worked there */
	trainer->theta = part(trainer, trainer->theta, player->first);
	trainer->gradient = part(trainer, trainer->gradient, player->first);
	trainer->point = part(trainer, trainer->point, player->first);
	return before;
}

static void stand_up(struct trainer *trainer, const struct seat *before)
{
	trainer->optimizer = before->optimizer;
	trainer->theta = before->theta;
	trainer->gradient = before->gradient;
	trainer->point = before->point;
	trainer->n = before->n;
}

/* Player p's gradient where its optimizer wants it, and its loss at theta where `want`; *seen as evaluated beside the
 * gradient. */
static enum status look(struct trainer *trainer, size_t p, const struct batch *batch, bool want, double *loss,
			double *seen)
{
	struct objective *objective = trainer->game->player[p].objective;
	const void *point = trainer->theta;
	if (trainer->look_ahead) {
		memcpy(trainer->point, trainer->theta, trainer->total * dtype_size(trainer->dtype));
		const struct seat before = sit_down(trainer, p);
		vector_look_ahead(trainer);
		stand_up(trainer, &before);
		point = trainer->point;
	}
	enum status status = evaluate_for_training(trainer, objective, point, batch, seen, trainer->gradient);
	*loss = *seen;
	if (status == OK && want && trainer->look_ahead) {
		status = evaluate_for_training(trainer, objective, trainer->theta, batch, loss, NULL);
	}
	return status;
}

static double norm_of(struct trainer *trainer, size_t p)
{
	const struct seat before = sit_down(trainer, p);
	const double norm = vector_norm(trainer, trainer->gradient);
	stand_up(trainer, &before);
	return norm;
}

/* The t-th update of player p by the gradient that look() left. */
static void move(struct trainer *trainer, size_t p, uint64_t t, double rate, double norm)
{
	const struct optimizer_config *config = &trainer->setup.config.optimizer;
	const double clip = trainer->game->player[p].clip;
	const struct seat before = sit_down(trainer, p);
	const struct step step = { t, rate * (p == DISCRIMINATOR ? trainer->discriminator_factor : 1), trainer->theta,
				   trainer->gradient };
	trainer->optimizer.type->prepare(&trainer->optimizer, &step);
	vector_update(trainer, &step, gradient_factor(trainer, norm), config->clip_grad_value, false);
	if (clip > 0) {
		vector_transform(trainer, trainer->theta, 1, clip);
	}
	stand_up(trainer, &before);
}

/* The first half: the discriminator's move. */
static enum status discriminator_half(struct trainer *trainer, const struct batch *batch, bool due, double rate)
{
	struct run_state *state = trainer->state;
	double loss, seen;
	const enum status status = look(trainer, DISCRIMINATOR, batch, due, &loss, &seen);
	if (status != OK) {
		return status;
	}
	count_evaluations(trainer);
	state->discriminator_loss = loss;
	state->gradient_norm = norm_of(trainer, DISCRIMINATOR);
	if (!isfinite(seen) || !isfinite(state->gradient_norm)) {
		record_end(trainer, diverged(seen, state->gradient_norm), POINT_DISCRIMINATOR_LOSS);
		return OK;
	}
	move(trainer, DISCRIMINATOR, state->step + 1, rate, state->gradient_norm);
	state->moved = 1;
	return OK;
}

enum { BOTH_LOSSES = POINT_DISCRIMINATOR_LOSS | POINT_GENERATOR_LOSS };

/* The second half: the generator's move where it is its turn, and the point. */
static enum status generator_half(struct trainer *trainer, const struct batch *batch, bool due, double rate)
{
	struct run_state *state = trainer->state;
	const uint64_t moves = state->step + 1, apart = trainer->game->discriminator_steps;
	const bool turn = moves % apart == 0;
	double loss = NAN, seen = NAN;
	if (turn || due) {
		const enum status status = look(trainer, GENERATOR, batch, due, &loss, &seen);
		if (status != OK) {
			return status;
		}
		count_evaluations(trainer);
		const double norm = norm_of(trainer, GENERATOR), other = state->gradient_norm;
		state->generator_loss = loss;
		state->gradient_norm = hypot(norm, other);
		if (!isfinite(seen) || !isfinite(norm)) {
			record_end(trainer, diverged(seen, norm), BOTH_LOSSES);
			return OK;
		}
		if (due) {
			record_point(trainer, BOTH_LOSSES | POINT_GRADIENT_NORM, rate);
		}
		if (turn) {
			move(trainer, GENERATOR, moves / apart, rate, norm);
		}
	}
	state->moved = 0;
	step_made(trainer);
	return OK;
}

/* Where a run ends both losses are measured where all rows are seen in every update, so that no batch has to be chosen;
 * both at theta, since nobody moves. */
static enum status finish(struct trainer *trainer, struct verdict verdict, const struct batch *batch)
{
	struct run_state *state = trainer->state;
	double loss[PLAYERS], seen, norm[PLAYERS] = { 0 };
	uint64_t measured = 0;
	for (size_t p = 0; p < PLAYERS && trainer->full; p++) {
		const enum status status = look(trainer, p, batch, true, &loss[p], &seen);
		if (status != OK) {
			return status;
		}
		norm[p] = norm_of(trainer, p);
	}
	if (trainer->full) {
		count_evaluations(trainer);
		state->discriminator_loss = loss[DISCRIMINATOR];
		state->generator_loss = loss[GENERATOR];
		state->gradient_norm = hypot(norm[DISCRIMINATOR], norm[GENERATOR]);
		measured = BOTH_LOSSES | POINT_GRADIENT_NORM;
	}
	record_end(trainer, verdict, measured);
	return OK;
}

enum status step_playing(struct trainer *trainer)
{
	struct run_state *state = trainer->state;
	const uint64_t k = state->step;
	const bool due = point_due(trainer, k);
	const struct batch all = { .data = trainer->setup.training,
				   .count = trainer->rows,
				   .sum = trainer->setup.config.training.sum };
	const struct batch batch = trainer->full || k >= trainer->steps_total ? all : train_batch(trainer, k);
	enum status status = OK;

	if (!state->moved) {
		const bool ended = k > 0 && k % trainer->steps_per_epoch == 0;
		struct verdict verdict = stopping_budget(trainer);
		if (verdict.reason == STOP_NONE && ended && !vector_finite(trainer, trainer->theta)) {
			verdict = diverged(NAN, NAN);
		}
		if (verdict.reason != STOP_NONE) {
			return finish(trainer, verdict, &batch);
		}
	}
	trainer_set_momentum(trainer, k);
	const double rate = rate_of(trainer, k);
	if (!state->moved) {
		status = discriminator_half(trainer, &batch, due, rate);
	}
	return status == OK && state->reason == STOP_NONE ? generator_half(trainer, &batch, due, rate) : status;
}
