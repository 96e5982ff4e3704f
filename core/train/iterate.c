/*
 * Steps of an optimizer that evaluates the objective for itself (core/optim/iteration.h).
 *
 * With a full batch a step is two halves with a commit between them. Arriving at x_k: f, g (carried over from the last
 * trial, or evaluated), validation, the best, the rules; `arrived` says that this was done. Leaving it: the optimizer's
 * trials, then the point of the curve (with the step length) and the move. A search that is cancelled is begun anew.
 */
#include <math.h>
#include <string.h>

#include "core/train/internal.h"

/* What evaluations of the running update need beside the iteration; on the stack of iterate_run. */
struct trials {
	struct trainer *trainer;
	const struct batch *batch;
};

static bool clips(const struct trainer *trainer)
{
	const struct optimizer_config *config = &trainer->setup.config.optimizer;
	return !isnan(config->clip_grad_norm) || !isnan(config->clip_grad_value);
}

static enum status call_evaluate(struct iteration *iteration, const void *point, double *f, void *gradient)
{
	const struct trials *trials = iteration->trainer;
	struct trainer *trainer = trials->trainer;
	const enum status status = evaluate_training(trainer, point, trials->batch, f, gradient);

	if (status != OK) {
		return status;
	}
	if (f != NULL) {
		*f *= trainer->sign;
	}
	if (gradient != NULL) {
		vector_transform(trainer, gradient, trainer->sign, NAN);
	}
	return OK;
}

static enum status call_evaluate_all(struct iteration *iteration, const void *point, void *gradient)
{
	const struct trials *trials = iteration->trainer;
	struct trainer *trainer = trials->trainer;
	const struct batch all = { .data = trainer->setup.training, .count = trainer->rows };
	const enum status status = evaluate_training(trainer, point, trainer->rows != 0 ? &all : NULL, NULL, gradient);

	if (status == OK) {
		vector_transform(trainer, gradient, trainer->sign, NAN);
	}
	return status;
}

static enum status call_product(struct iteration *iteration, const void *v, void *out)
{
	const struct trials *trials = iteration->trainer;
	struct trainer *trainer = trials->trainer;
	const enum status status = product_training(trainer, iteration->x, v, trials->batch, out);

	if (status == OK) {
		vector_transform(trainer, out, trainer->sign, NAN);
	}
	return status;
}

static double call_dot(const struct iteration *iteration, const void *a, const void *b)
{
	const struct trials *trials = iteration->trainer;
	return vector_dot(trials->trainer, a, b);
}

static void call_combine(const struct iteration *iteration, double a, const void *x, double b, const void *y, void *out)
{
	const struct trials *trials = iteration->trainer;
	vector_combine(trials->trainer, a, x, b, y, out);
}

static double call_largest(const struct iteration *iteration, const void *v)
{
	const struct trials *trials = iteration->trainer;
	return vector_largest(trials->trainer, v);
}

static double call_sum_sizes(const struct iteration *iteration, const void *v)
{
	const struct trials *trials = iteration->trainer;
	return vector_sum_sizes(trials->trainer, v);
}

static enum status call_residual(struct iteration *iteration, const void *point, size_t row, double *r, void *gradient)
{
	const struct trials *trials = iteration->trainer;
	struct trainer *trainer = trials->trainer;
	struct objective *residual = trainer->setup.residual;
	const struct batch batch = { .data = trainer->setup.training, .first = row, .count = 1 };

	trainer->gradient_count += row == 0; /* all rows make one evaluation */
	trainer->row_count++;
	return residual->type->evaluate(residual, point, &batch, trainer->setup.executor, r, gradient);
}

static const struct iteration_calls calls = { .evaluate_all = call_evaluate_all,
					      .evaluate = call_evaluate,
					      .product = call_product,
					      .dot = call_dot,
					      .combine = call_combine,
					      .largest = call_largest,
					      .sum_sizes = call_sum_sizes,
					      .residual = call_residual };

/* The gradient to step along: g, or the clipped one in trainer->point. */
static const void *clipped(struct trainer *trainer, const void *g, double norm)
{
	if (!clips(trainer)) {
		return g;
	}
	memcpy(trainer->point, g, trainer->n * dtype_size(trainer->dtype));
	vector_transform(trainer, trainer->point, trainer->sign * gradient_factor(trainer, norm),
			 trainer->setup.config.optimizer.clip_grad_value);
	return trainer->point;
}

/* Where the step leaves the box the nearest point of it is the new x, of which nothing is known yet. */
static void keep_to_box(struct trainer *trainer, struct iteration *iteration)
{
	const size_t bytes = trainer->n * dtype_size(trainer->dtype);

	memcpy(trainer->point, iteration->next, bytes);
	box_project(trainer, trainer->point);
	if (memcmp(trainer->point, iteration->next, bytes) != 0) {
		iteration->next = trainer->point;
		iteration->next_f = NAN;
		iteration->next_g = NULL;
	}
}

enum status iterate_run(struct trainer *trainer, const struct batch *batch, double loss, const void *g, double norm,
			double rate, struct iteration *out)
{
	struct trials trials = { trainer, batch };

	norm = trainer->bounded ? vector_norm(trainer, g) : norm;
	*out = (struct iteration){ .t = trainer->state->step + 1,
				   .learning_rate = rate,
				   .sign = trainer->sign,
				   .quadratic = trainer->setup.objective->quadratic,
				   .products = trainer->setup.objective->products,
				   .dtype = trainer->dtype,
				   .n = trainer->n,
				   .x = trainer->theta,
				   .g = g,
				   .clipped = clipped(trainer, g, norm),
				   .f = trainer->sign * loss,
				   .norm = norm,
				   .lower = trainer->setup.objective->lower,
				   .upper = trainer->setup.objective->upper,
				   .l1 = trainer->proximal ? trainer->setup.objective->l1 : NULL,
				   .rows = trainer->rows,
				   .beside = trainer->setup.residual != NULL ? trainer->setup.residual->beside : 0,
				   .next_f = NAN,
				   .alpha = NAN,
				   .batch = batch,
				   .steps_per_epoch = trainer->steps_per_epoch,
				   .linear = trainer->linear.form != NULL ? &trainer->linear : NULL,
				   .call = &calls,
				   .trainer = &trials };
	const enum status status = trainer->optimizer.type->iterate(&trainer->optimizer, out);
	out->trainer = NULL; /* the trials end here */
	out->alpha = isnan(out->alpha) ? rate : out->alpha;
	if (status == OK && trainer->bounded && out->next != NULL) {
		keep_to_box(trainer, out);
	}
	return status;
}

/* Keeps what is known at the new x: of a step that did not move, all that was known before. */
static void carry_over(struct trainer *trainer, const struct iteration *iteration)
{
	struct run_state *state = trainer->state;

	if (iteration->next == NULL) {
		state->carried = CARRIED_VALUE | CARRIED_GRADIENT;
		state->carried_value = state->loss;
		return;
	}
	state->carried = isnan(iteration->next_f) ? 0u : (unsigned)CARRIED_VALUE;
	state->carried_value = trainer->sign * iteration->next_f;
	if (iteration->next_g != NULL) {
		state->carried |= CARRIED_GRADIENT;
		memcpy(trainer->carried, iteration->next_g, trainer->n * dtype_size(trainer->dtype));
	}
}

void iterate_commit(struct trainer *trainer, const struct iteration *iteration, bool carry, bool measure)
{
	if (carry) {
		carry_over(trainer, iteration);
	}
	vector_move(trainer, iteration->next != NULL ? iteration->next : trainer->theta, measure);
	step_made(trainer);
}

/* f at x_k into *loss, sign * its gradient into trainer->carried, where they are not there already. */
static enum status evaluate_here(struct trainer *trainer, const struct batch *all, double *loss)
{
	const uint64_t carried = trainer->state->carried;
	const bool value = carried & CARRIED_VALUE, gradient = carried & CARRIED_GRADIENT;
	enum status status = OK;

	if (!value || !gradient) {
		status = evaluate_training(trainer, trainer->theta, all, value ? NULL : loss,
					   gradient ? NULL : trainer->carried);
	}
	if (status == OK && !gradient) {
		vector_transform(trainer, trainer->carried, trainer->sign, NAN);
	}
	if (value) {
		*loss = trainer->state->carried_value;
	}
	return status;
}

enum { BOTH = POINT_TRAIN_LOSS | POINT_GRADIENT_NORM };

/* What arriving at x_k brings; may end the run. */
static enum status arrive(struct trainer *trainer, const struct batch *all)
{
	struct run_state *state = trainer->state;
	const bool validate = state->step > 0 && trainer->setup.validation != NULL;
	double loss = NAN, validation_loss = NAN, accuracy = NAN;
	bool classifier = false;

	enum status status = evaluate_here(trainer, all, &loss);
	if (status == OK && validate) {
		status = evaluate_validation(trainer, &validation_loss, &accuracy, &classifier);
	}
	if (status != OK) {
		return status;
	}
	count_evaluations(trainer);
	state->carried = 0;
	state->gradient_norm = trainer->bounded ? gradient_size(trainer, trainer->carried, 1)
						: vector_stationarity(trainer, trainer->theta, trainer->carried);
	track_loss(trainer, loss);
	if (validate) {
		keep_validation(trainer, validation_loss, accuracy, classifier);
	}
	if (!isfinite(loss) || !isfinite(state->gradient_norm)) {
		record_end(trainer, diverged(loss, state->gradient_norm), BOTH);
		return OK;
	}
	const struct verdict verdict = stopping_rules(trainer, track_full(trainer, loss, validate));
	if (verdict.reason != STOP_NONE) {
		record_end(trainer, verdict, BOTH);
	} else if (state->step > 0 && (trainer->observe_train || trainer->observe_validation)) {
		track_schedule(trainer, trainer->observe_train ? loss : state->validation_loss);
	}
	state->arrived = 1;
	return OK;
}

enum status step_iterating(struct trainer *trainer)
{
	struct run_state *state = trainer->state;
	const struct batch all = { .data = trainer->setup.training,
				   .count = trainer->rows,
				   .sum = trainer->setup.config.training.sum };
	const struct batch *batch = trainer->rows != 0 ? &all : NULL;
	struct iteration iteration;

	if (!state->arrived) {
		const enum status status = arrive(trainer, batch);
		if (status != OK || state->reason != STOP_NONE) {
			return status;
		}
	}
	const struct verdict verdict = stopping_budget(trainer);
	if (verdict.reason != STOP_NONE) {
		record_end(trainer, verdict, BOTH);
		return OK;
	}
	const enum status status = iterate_run(trainer, batch, state->loss, trainer->carried, state->gradient_norm,
					       rate_of(trainer, state->step), &iteration);
	if (status != OK) {
		return status;
	}
	count_evaluations(trainer);
	if (state->validation_bits != 0 || point_due(trainer, state->step)) {
		record_point(trainer, BOTH, iteration.alpha);
	}
	iterate_commit(trainer, &iteration, true, stopping_measures(trainer));
	return OK;
}
