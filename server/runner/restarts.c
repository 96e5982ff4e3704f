#include "server/runner/restarts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/random.h"
#include "core/base/size.h"

static const uint64_t restarts_magic = 0x3172747372747372; /* "rstrtsr1" in memory */

/* The head of the block; after it: entries, points [count, 2, n] where they are kept, the best state, the running one.
 */
struct head {
	uint64_t magic, count, index, best, finished, has_best;
	double best_value;
};

struct restarts {
	size_t length, state_length, state_at, best_at;
	size_t n; /* numbers of a point that is kept; 0: too many */
	struct head *head;
	struct restart_entry *entry; /* [count], in the block */
	double *point;               /* [count, 2, n], in the block */
	void *scratch;               /* theta of a start */
};

static size_t theta_bytes(const struct run *run)
{
	size_t length;
	trainer_state(run->trainer, &length);
	return length; /* more than any theta in it */
}

enum status restarts_create(struct run *run, struct restarts **out)
{
	const uint64_t count = run->spec->train.training.restarts;
	const size_t n = run->objective->n <= RESTART_POINT_MAX ? run->objective->n : 0;
	size_t entries, points, states;

	*out = NULL;
	if (count <= 1) {
		return OK;
	}
	struct restarts *self = calloc(1, sizeof *self);
	if (self == NULL) {
		return E_MEMORY;
	}
	trainer_state(run->trainer, &self->state_length);
	if (!size_multiply(count, sizeof(struct restart_entry), &entries) ||
	    !size_multiply(count, 2 * n * sizeof(double), &points) || !size_multiply(2, self->state_length, &states) ||
	    !size_add(sizeof(struct head), entries, &self->length) || !size_add(self->length, points, &self->length)) {
		free(self);
		return E_TOO_LARGE;
	}
	self->best_at = self->length;
	self->state_at = self->length + self->state_length;
	if (!size_add(self->length, states, &self->length) || (self->head = calloc(1, self->length)) == NULL ||
	    (self->scratch = malloc(theta_bytes(run))) == NULL) {
		restarts_destroy(self);
		return E_MEMORY;
	}
	self->n = n;
	self->entry = (struct restart_entry *)(void *)(self->head + 1);
	self->point = (double *)(void *)((char *)self->entry + entries);
	*self->head = (struct head){ .magic = restarts_magic, .count = count };
	*out = self;
	return OK;
}

void restarts_destroy(struct restarts *self)
{
	if (self != NULL) {
		free(self->head);
		free(self->scratch);
		free(self);
	}
}

static uint64_t seed_of(const struct run *run, uint64_t k)
{
	return run->spec->train.training.seed + k;
}

const void *restarts_save(struct restarts *self, const struct trainer *trainer, size_t *length)
{
	size_t size;
	memcpy((char *)self->head + self->state_at, trainer_state(trainer, &size), self->state_length);
	*length = self->length;
	return self->head;
}

bool restarts_load(struct restarts *self, struct trainer *trainer, const void *state, size_t length)
{
	struct head head;
	if (length != self->length) {
		return false;
	}
	memcpy(&head, state, sizeof head);
	if (head.magic != restarts_magic || head.count != self->head->count || head.index >= head.count ||
	    head.best >= head.count ||
	    trainer_restore(trainer, (const char *)state + self->state_at, self->state_length, NULL) != OK) {
		return false;
	}
	memcpy(self->head, state, length);
	return true;
}

static void set(enum dtype dtype, void *theta, size_t i, double value)
{
	if (dtype == DTYPE_FLOAT32) {
		((float *)theta)[i] = (float)value;
	} else {
		((double *)theta)[i] = value;
	}
}

static double get(enum dtype dtype, const void *theta, size_t i)
{
	return dtype == DTYPE_FLOAT32 ? (double)((const float *)theta)[i] : ((const double *)theta)[i];
}

/* Where run k begins; NULL: where the model begins for the seed that the trainer has then. */
static const void *start_of(const struct run *run, uint64_t k)
{
	const struct objective *objective = run->objective;
	const struct function_type *function = run->spec->model.function;
	const size_t bytes = objective->n * dtype_size(objective->dtype);
	void *theta = run->restarts->scratch;

	if (k == 0) {
		return run->initial;
	}
	/* The same place for two seeds: there is no draw. */
	objective->type->initialise(objective, seed_of(run, 0), theta);
	void *other = malloc(theta_bytes(run));
	if (other == NULL) {
		return NULL;
	}
	objective->type->initialise(objective, seed_of(run, k), other);
	const bool drawn = memcmp(theta, other, bytes) != 0;
	free(other);
	if (drawn) {
		return NULL;
	}
	for (size_t i = 0; i < objective->n; i++) {
		const double u = random_uniform(run->spec->train.training.seed, RANDOM_INIT, k, i);
		const double x = get(objective->dtype, theta, i);
		const bool domain = function != NULL && function->high > function->low;
		set(objective->dtype, theta, i,
		    domain ? function->low + u * (function->high - function->low) : x + (1 + fabs(x)) * (2 * u - 1));
	}
	return theta;
}

static const struct data_view *training_of(const struct run *run)
{
	return run->is_prepared ? &run->prepared.training : NULL;
}

static void keep_point(struct restarts *self, const struct run *run, size_t place, const void *theta)
{
	for (size_t i = 0; i < self->n; i++) {
		self->point[place * self->n + i] = get(run->objective->dtype, theta, i);
	}
}

/* What the runs are compared by; less is better. */
static double value_of(const struct run *run, const struct trainer_progress *progress, double loss)
{
	const bool validated = progress->has_best && progress->best_metric == METRIC_VALIDATION_LOSS;
	const double value = validated ? progress->best_value : loss;
	return run->spec->train.direction == MAXIMIZE ? -value : value;
}

static void note(struct run *run, double start_loss, double loss)
{
	struct restarts *self = run->restarts;
	struct head *head = self->head;
	struct trainer_progress progress;
	size_t size;
	trainer_progress(run->trainer, &progress);
	keep_point(self, run, 2 * head->index + 1, trainer_parameters(run->trainer));
	self->entry[head->index] = (struct restart_entry){ .ended = 1,
							   .seed = seed_of(run, head->index),
							   .step = progress.step,
							   .reason = progress.reason,
							   .start_loss = start_loss,
							   .loss = loss };
	const double value = value_of(run, &progress, loss);
	const bool finite = isfinite(value) && progress.reason != STOP_DIVERGED;
	if (!head->has_best || (finite && !(value >= head->best_value))) {
		head->has_best = 1;
		head->best = head->index;
		head->best_value = finite ? value : (double)NAN;
		memcpy((char *)head + self->best_at, trainer_state(run->trainer, &size), self->state_length);
	}
}

/* f where the running one began (its point is kept) and where it stands. */
static enum status measure(struct run *run, double *start_loss, double *loss)
{
	struct restarts *self = run->restarts;
	struct evaluation evaluation;
	const uint64_t k = self->head->index;
	const void *start = start_of(run, k);

	if (start == NULL) {
		run->objective->type->initialise(run->objective, seed_of(run, k), self->scratch);
		start = self->scratch;
	}
	enum status status = trainer_evaluate(run->trainer, start, training_of(run), &evaluation);
	*start_loss = evaluation.loss;
	if (status == OK) {
		status =
			trainer_evaluate(run->trainer, trainer_parameters(run->trainer), training_of(run), &evaluation);
		*loss = evaluation.loss;
	}
	return status;
}

enum status restarts_next(struct run *run, bool *more)
{
	struct restarts *self = run->restarts;
	struct trainer_progress progress;
	double start_loss, loss;

	*more = false;
	if (self == NULL || self->head->finished) {
		return OK;
	}
	enum status status = run_flush_points(run);
	if (status == OK) {
		status = measure(run, &start_loss, &loss);
	}
	if (status != OK) {
		return status;
	}
	trainer_progress(run->trainer, &progress);
	note(run, start_loss, loss);
	const bool time_up = progress.reason == STOP_MAX_SECONDS;
	if (time_up || self->head->index + 1 == self->head->count) {
		self->head->finished = 1;
		trainer_return(run->trainer, (const char *)self->head + self->best_at,
			       time_up ? STOP_MAX_SECONDS : STOP_NONE);
		return OK;
	}
	const uint64_t k = ++self->head->index;
	trainer_number(run->trainer, seed_of(run, k), k * RESTART_STEPS);
	trainer_begin_again(run->trainer, start_of(run, k));
	keep_point(self, run, 2 * k, trainer_parameters(run->trainer));
	*more = true;
	return OK;
}

uint64_t restarts_base(const struct restarts *self)
{
	/* Back at the best: beyond all points that there are. */
	return self != NULL ? (self->head->index + self->head->finished) * RESTART_STEPS : 0;
}

void restarts_resume(struct run *run)
{
	const uint64_t k = run->restarts != NULL ? run->restarts->head->index : 0;
	struct trainer_progress progress;
	trainer_number(run->trainer, seed_of(run, k), k * RESTART_STEPS);
	trainer_progress(run->trainer, &progress);
	if (run->restarts != NULL && progress.step == 0) {
		keep_point(run->restarts, run, 2 * k, trainer_parameters(run->trainer));
	}
}

void restarts_cancel(struct run *run)
{
	struct restarts *self = run->restarts;
	struct trainer_progress progress;

	if (self == NULL || self->head->finished) {
		return;
	}
	trainer_progress(run->trainer, &progress);
	const bool measured = progress.last.step == progress.step && (progress.last.measured & POINT_TRAIN_LOSS);
	note(run, NAN, measured ? progress.last.train_loss : (double)NAN);
	self->head->finished = 1;
	trainer_return(run->trainer, (const char *)self->head + self->best_at, STOP_CANCELLED);
}

void restarts_report(const struct restarts *self, struct job_report *report)
{
	if (self == NULL) {
		return;
	}
	report->restarts = self->head->count;
	report->restart = self->head->finished ? self->head->best : self->head->index;
	report->restarts_done = self->head->finished ? self->head->count : self->head->index;
	report->best_restart = self->head->finished ? self->head->best : UINT64_MAX;
	report->restart_entry = self->entry;
	report->restart_point = self->n > 0 ? self->point : NULL;
	report->restart_n = self->n;
}
