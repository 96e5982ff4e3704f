/*
 * The loop: one step from x_k to x_{k+1}.
 *
 * A step first evaluates all that can be given up (objective, validation), then changes the state, so a
 * cancelled step leaves it as it was. With mini-batches an epoch's end has a commit of its own (`arrived`): validation
 * and the rules are done with when the next batch is evaluated. Steps of an optimizer that evaluates for itself are in
 * iterate.c; with mini-batches only what differs.
 */
#include <math.h>
#include <string.h>

#include "core/base/random.h"
#include "core/train/internal.h"

double gradient_factor(const struct trainer *trainer, double norm)
{
	const struct optimizer_config *config = &trainer->setup.config.optimizer;
	const double limit = config->clip_grad_norm;
	return isnan(limit) ? trainer->sign : trainer->sign * fmin(1, limit / (norm + config->clip_eps));
}

bool point_due(const struct trainer *trainer, uint64_t k)
{
	return k % trainer->setup.config.recording.every_steps == 0;
}

double rate_base(const struct trainer *trainer)
{
	const double number = trainer->optimizer.settings.value[trainer->rate_index].number;
	return isnan(number) ? 1 : number;
}

double rate_of(const struct trainer *trainer, uint64_t k)
{
	const double observed = trainer->state->schedule[SCHEDULE_RATE];
	if (trainer->rate_index >= trainer->optimizer.settings.count) {
		return NAN;
	}
	const double base = rate_base(trainer);
	return schedule_rate(&trainer->setup.config.optimizer.schedule, observed > 0 ? observed : base, k,
			     trainer->steps_per_epoch, trainer->steps_total);
}

void keep_validation(struct trainer *trainer, double loss, double accuracy, bool classifier)
{
	struct run_state *state = trainer->state;
	state->validation_loss = loss;
	state->validation_accuracy = accuracy;
	state->validation_bits = POINT_VALIDATION_LOSS | (classifier ? POINT_VALIDATION_ACCURACY : 0u);
}

struct verdict diverged(double loss, double norm)
{
	return (struct verdict){ STOP_DIVERGED, isfinite(loss) ? norm : loss, NAN };
}

/* The batch as one of this step, in `room`; NULL of NULL. */
static const struct batch *in_training(const struct trainer *trainer, const struct batch *batch, struct batch *room)
{
	if (batch == NULL) {
		return NULL;
	}
	*room = *batch;
	room->training = true;
	room->seed = trainer->setup.config.training.seed;
	room->step = trainer->state->step;
	return room;
}

/* The point with the buffers behind it: a model reads them there, and only theta has them. */
static const void *with_buffers(struct trainer *trainer, const void *point)
{
	const size_t size = dtype_size(trainer->dtype), first = trainer->n * size;
	if (trainer->total == trainer->n || point == trainer->theta) {
		return point;
	}
	memcpy(trainer->whole, point, first);
	memcpy((char *)trainer->whole + first, (const char *)trainer->theta + first, trainer->total * size - first);
	return trainer->whole;
}

enum status evaluate_training(struct trainer *trainer, const void *point, const struct batch *batch, double *value,
			      void *gradient)
{
	return evaluate_for_training(trainer, trainer->setup.objective, point, batch, value, gradient);
}

enum status evaluate_for_training(struct trainer *trainer, struct objective *objective, const void *point,
				  const struct batch *batch, double *value, void *gradient)
{
	struct batch training;
	batch = in_training(trainer, batch, &training);
	trainer->value_count += value != NULL;
	trainer->gradient_count += gradient != NULL;
	trainer->row_count += gradient != NULL && batch != NULL ? batch->count : 0;
	return objective->type->evaluate(objective, with_buffers(trainer, point), batch, trainer->setup.executor, value,
					 gradient);
}

enum status product_training(struct trainer *trainer, const void *point, const void *v, const struct batch *batch,
			     void *out)
{
	struct objective *objective = trainer->setup.objective;
	struct batch training;
	batch = in_training(trainer, batch, &training);
	trainer->gradient_count++;
	trainer->row_count += batch != NULL ? batch->count : 0;
	return objective->type->product(objective, with_buffers(trainer, point), v, batch, trainer->setup.executor,
					out);
}

void count_evaluations(struct trainer *trainer)
{
	struct run_state *state = trainer->state;
	state->values += trainer->value_count;
	state->gradients += trainer->gradient_count;
	state->rows_seen += trainer->row_count;
	trainer->value_count = 0;
	trainer->gradient_count = 0;
	trainer->row_count = 0;
}

/* The gradient at x, or where the optimizer wants it when an update follows; *loss at x, or NAN when neither wanted nor
 * had for nothing; *seen the value where the gradient was taken. */
static enum status evaluate(struct trainer *trainer, const struct batch *batch, bool update, bool want, double *loss,
			    double *seen)
{
	const void *x = trainer->theta;

	*loss = NAN;
	if (!trainer->look_ahead || !update) {
		const enum status status = evaluate_training(trainer, x, batch, want ? loss : NULL, trainer->gradient);
		*seen = *loss;
		return status;
	}
	vector_look_ahead(trainer);
	if (trainer->bounded) {
		box_project(trainer, trainer->point);
	}
	const enum status status = evaluate_training(trainer, trainer->point, batch, seen, trainer->gradient);
	if (status != OK || !want) {
		return status;
	}
	return evaluate_training(trainer, x, batch, loss, NULL);
}

/* The norm of the gradient that evaluate() left. */
static double norm_at(struct trainer *trainer, bool update)
{
	const void *x = trainer->look_ahead && update ? trainer->point : trainer->theta;
	if (trainer->bounded) {
		return gradient_size(trainer, trainer->gradient, trainer->sign);
	}
	return vector_stationarity(trainer, x, trainer->gradient);
}

void step_made(struct trainer *trainer)
{
	struct run_state *state = trainer->state;
	if (trainer->setup.objective->type->settle != NULL) {
		trainer->setup.objective->type->settle(trainer->setup.objective, trainer->theta);
	}
	state->step++;
	state->arrived = 0;
	state->validation_bits = 0;
	state->validation_loss = NAN;
	state->validation_accuracy = NAN;
	average_take(trainer);
}

/* x_{k+1} from the gradient: sign, clipping, then the optimizer. */
static void update(struct trainer *trainer, double rate, bool measure)
{
	const struct optimizer_config *config = &trainer->setup.config.optimizer;
	const struct run_state *state = trainer->state;
	const struct step step = { state->step + 1, rate, trainer->theta, trainer->gradient };
	const bool apart = (trainer->proximal || trainer->bounded) && !isnan(config->clip_grad_norm);
	const double factor =
		gradient_factor(trainer, apart ? vector_norm(trainer, trainer->gradient) : state->gradient_norm);

	trainer->optimizer.type->prepare(&trainer->optimizer, &step);
	vector_update(trainer, &step, factor, config->clip_grad_value, measure);
	step_made(trainer);
}

bool track_full(struct trainer *trainer, double loss, bool validated)
{
	const double validation = trainer->state->validation_loss;
	const bool early = trainer->setup.config.stopping.early_stopping && (trainer->early_train || validated);

	if (trainer->track_train) {
		track_best(trainer, loss);
	} else if (validated) {
		track_best(trainer, validation);
	} else {
		track_initial(trainer, loss);
	}
	if (early) {
		track_early(trainer, trainer->early_train ? loss : validation);
	}
	return early;
}

/* What a full step does with its evaluation: point, rules, update. */
static void settle_full(struct trainer *trainer, double loss, uint64_t measured, bool due)
{
	const struct run_state *state = trainer->state;
	const bool validated = state->validation_bits != 0;

	if (((measured & POINT_TRAIN_LOSS) && !isfinite(loss)) ||
	    ((measured & POINT_GRADIENT_NORM) && !isfinite(state->gradient_norm))) {
		record_end(trainer, diverged(loss, state->gradient_norm), measured);
		return;
	}
	struct verdict verdict = stopping_rules(trainer, track_full(trainer, loss, validated));
	if (verdict.reason == STOP_NONE) {
		verdict = stopping_budget(trainer);
	}
	if (verdict.reason != STOP_NONE) {
		record_end(trainer, verdict, measured);
		return;
	}
	if (state->step > 0 && (trainer->observe_train || trainer->observe_validation)) {
		track_schedule(trainer, trainer->observe_train ? loss : state->validation_loss);
	}
	const double rate = rate_of(trainer, state->step);
	if (due) {
		record_point(trainer, measured, rate);
	}
	update(trainer, rate, stopping_measures(trainer));
}

/* A step that sees all rows: an epoch of its own. */
static enum status step_full(struct trainer *trainer)
{
	const struct train_config *config = &trainer->setup.config;
	struct run_state *state = trainer->state;
	const uint64_t k = state->step;
	const bool last = k >= trainer->steps_total || trainer->time_up;
	const bool validate = k > 0 && trainer->setup.validation != NULL;
	const bool due = last || validate || point_due(trainer, k);
	const bool want_loss = due || trainer->track_train || trainer->rules || trainer->observe_train;
	const bool want_norm =
		due || !want_loss || !isnan(config->stopping.gradient_norm) || !isnan(config->optimizer.clip_grad_norm);
	const struct batch all = { .data = trainer->setup.training,
				   .count = trainer->rows,
				   .sum = config->training.sum };
	double loss, seen, validation_loss = NAN, accuracy = NAN;
	bool classifier = false;

	trainer_set_momentum(trainer, k);
	enum status status = evaluate(trainer, trainer->rows != 0 ? &all : NULL, !last, want_loss, &loss, &seen);
	if (status == OK && validate) {
		status = evaluate_validation(trainer, &validation_loss, &accuracy, &classifier);
	}
	if (status != OK) {
		return status;
	}
	count_evaluations(trainer);
	state->gradient_norm = want_norm ? norm_at(trainer, !last) : (double)NAN;
	track_loss(trainer, loss);
	if (validate) {
		keep_validation(trainer, validation_loss, accuracy, classifier);
	}
	settle_full(trainer, loss, (want_loss ? POINT_TRAIN_LOSS : 0u) | (want_norm ? POINT_GRADIENT_NORM : 0u), due);
	return OK;
}

/* The rows of an epoch, in their order: a permutation, or each drawn of all. */
static void order_rows(struct trainer *trainer, uint64_t epoch)
{
	const struct training_config *training = &trainer->setup.config.training;
	for (size_t r = 0; r < trainer->rows; r++) {
		trainer->order[r] = (uint32_t)r;
		if (training->replacement) {
			const double place = random_uniform(training->seed, RANDOM_SAMPLE, epoch, r);
			trainer->order[r] = (uint32_t)(place * (double)trainer->rows);
		}
	}
	if (!training->replacement) {
		random_shuffle(training->seed, RANDOM_SHUFFLE, epoch, trainer->order, trainer->rows);
	}
	trainer->order_epoch = epoch;
}

struct batch train_batch(struct trainer *trainer, uint64_t k)
{
	const struct training_config *training = &trainer->setup.config.training;
	const uint64_t epoch = k / trainer->steps_per_epoch;
	const uint64_t first = k % trainer->steps_per_epoch * training->batch_size;
	const uint64_t left = trainer->rows - first;

	if (trainer->order != NULL && trainer->order_epoch != epoch) {
		order_rows(trainer, epoch);
	}
	return (struct batch){ .data = trainer->setup.training,
			       .index = trainer->order,
			       .first = first,
			       .count = left < training->batch_size ? left : training->batch_size,
			       .sum = training->sum };
}

/* What the arrival at x_k brings, once: validation, the best, and the rules when an epoch has ended. */
static enum status arrive(struct trainer *trainer, struct verdict *verdict)
{
	struct run_state *state = trainer->state;
	const bool ended = state->step > 0 && state->step % trainer->steps_per_epoch == 0;

	if (ended || state->step >= trainer->steps_total) {
		double loss = NAN, accuracy = NAN;
		bool classifier = false;
		if (trainer->setup.validation != NULL) {
			const enum status status = evaluate_validation(trainer, &loss, &accuracy, &classifier);
			if (status != OK) {
				return status;
			}
			keep_validation(trainer, loss, accuracy, classifier);
		}
		const double mean = state->epoch_loss / (double)state->epoch_batches;
		track_best(trainer, trainer->track_train ? mean : loss);
		if (!trainer->finds_rate) {
			track_trace(trainer, mean, NAN);
		}
		if (ended && trainer->setup.config.stopping.early_stopping) {
			track_early(trainer, trainer->early_train ? mean : loss);
		}
		if (ended && (trainer->observe_train || trainer->observe_validation)) {
			track_schedule(trainer, trainer->observe_train ? mean : loss);
		}
	}
	if (ended) {
		state->epoch_loss = 0;
		state->epoch_batches = 0;
		*verdict = vector_finite(trainer, trainer->theta) ? stopping_rules(trainer, true) : diverged(NAN, NAN);
	}
	state->arrived = 1;
	return OK;
}

/* A step on a mini-batch. */
static enum status step_mini(struct trainer *trainer)
{
	const struct train_config *config = &trainer->setup.config;
	const struct stopping_config *rule = &config->stopping;
	struct run_state *state = trainer->state;
	const uint64_t k = state->step, place = k % trainer->steps_per_epoch;
	const bool epoch_last = place + 1 == trainer->steps_per_epoch;

	struct verdict verdict = { STOP_NONE, NAN, NAN };

	if (!state->arrived) {
		const enum status status = arrive(trainer, &verdict);
		if (status != OK) {
			return status;
		}
	}
	if (verdict.reason == STOP_NONE) {
		verdict = stopping_budget(trainer);
	}
	if (verdict.reason != STOP_NONE) {
		record_end(trainer, verdict, 0);
		return OK;
	}
	const bool due = point_due(trainer, k) || state->validation_bits != 0;
	const bool ruled = (epoch_last && (!isnan(rule->loss_change) || !isnan(rule->target_loss))) ||
			   (place + 2 == trainer->steps_per_epoch && !isnan(rule->loss_change));
	const bool want_loss = due || ruled || !trainer->look_ahead;
	const bool want_norm = due || trainer->iterates || !isnan(config->optimizer.clip_grad_norm) ||
			       (epoch_last && !isnan(rule->gradient_norm));
	const struct batch batch = train_batch(trainer, k);
	double loss, seen;

	trainer_set_momentum(trainer, k);
	enum status status = evaluate(trainer, &batch, true, want_loss, &loss, &seen);
	if (status != OK) {
		return status;
	}
	const double norm = want_norm ? norm_at(trainer, true) : (double)NAN;
	const bool finite = isfinite(seen) && (!want_loss || isfinite(loss)) && (!want_norm || isfinite(norm));
	double rate = rate_of(trainer, k);
	struct iteration iteration;
	if (trainer->iterates && finite) {
		vector_transform(trainer, trainer->gradient, trainer->sign, NAN);
		status = iterate_run(trainer, &batch, loss, trainer->gradient, norm, rate, &iteration);
		if (status != OK) {
			return status;
		}
		rate = iteration.alpha;
	}
	count_evaluations(trainer);
	state->gradient_norm = norm;
	track_loss(trainer, loss);
	state->epoch_loss += seen;
	state->epoch_batches++;
	const uint64_t measured = (want_loss ? POINT_TRAIN_LOSS : 0u) | (want_norm ? POINT_GRADIENT_NORM : 0u);
	if (!finite) {
		record_end(trainer, diverged(isfinite(seen) ? loss : seen, state->gradient_norm), measured);
		return OK;
	}
	track_initial(trainer, seen);
	if (due) {
		record_point(trainer, measured, rate);
	}
	const bool measure = epoch_last && stopping_measures(trainer);
	if (trainer->iterates) {
		iterate_commit(trainer, &iteration, false, measure);
	} else {
		update(trainer, rate, measure);
	}
	return OK;
}

enum status trainer_advance(struct trainer *trainer, uint64_t steps)
{
	enum status status = OK;

	clock_begin(trainer);
	for (uint64_t i = 0; i < steps && trainer->state->reason == STOP_NONE; i++) {
		if (trainer->points_count == trainer->points_capacity) {
			break;
		}
		if (executor_stopped(trainer->setup.executor)) {
			status = E_CANCELLED;
			break;
		}
		clock_step(trainer);
		trainer->value_count = 0;
		trainer->gradient_count = 0;
		trainer->row_count = 0;
		status = trainer->game != NULL ? step_playing(trainer)
			 : !trainer->full      ? step_mini(trainer)
			 : trainer->iterates   ? step_iterating(trainer)
					       : step_full(trainer);
		if (status != OK) {
			break;
		}
	}
	trainer->state->seconds = clock_seconds(trainer);
	return status;
}
