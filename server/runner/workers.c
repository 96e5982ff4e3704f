/*
 * The runners. Each owns at most one job at a time; who runs what stands in `runner[]`, guarded by `mutex`.
 *
 * Invariants
 *  1. A cancel is never missed: the route marks the job in the store first and calls workers_cancel then; a runner
 *     registers its job first and asks the store then. Whichever comes second sees the other.
 *  2. The jobs that run together were promised no more than the memory budget; the oldest queued job is not
 *     overtaken by a smaller one.
 *  3. Lock order: `mutex` is never held while the store is called.
 */
#include "server/runner/workers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/runner/job_run.h"

enum { CLAIM_RETRY_MS = 500, ASK_RETRY_MS = 20 };

struct runner {
	struct workers *workers;
	pthread_t thread;
	struct executor *executor;
	struct job_control control;
	char job_id[ID_SIZE]; /* "" : idle; guarded by workers->mutex */
};

struct workers {
	struct store *store;
	struct workers_options options;
	char *data_dir;
	struct pool *pool;
	pthread_mutex_t mutex; /* guards what follows and each runner's job_id */
	pthread_cond_t wake;
	uint64_t wakes; /* counts workers_wake and jobs that ended: a runner that saw nothing waits for a change */
	uint64_t memory_used;
	size_t claims; /* under way: what they were promised counts as used until they know what they need */
	pthread_cond_t claimed;
	bool stopping;
	size_t started; /* threads that were started */
	struct runner *runner;
};

/* Makes the job this runner's, and asks the store once more whether it was cancelled meanwhile (invariant 1), until
 * it answers. */
static void register_job(struct runner *runner, const struct job_record *record)
{
	struct workers *workers = runner->workers;
	pthread_mutex_lock(&workers->mutex);
	atomic_store(&runner->control.stop, workers->stopping);
	atomic_store(&runner->control.shutdown, workers->stopping);
	atomic_store(&runner->control.cancel, false);
	memcpy(runner->job_id, record->id, ID_SIZE);
	pthread_mutex_unlock(&workers->mutex);
	struct job_record now;
	enum status status = store_get_job(workers->store, record->id, &now);
	while (status != OK && status != E_NOT_FOUND && !atomic_load(&runner->control.stop)) {
		nanosleep(&(struct timespec){ .tv_nsec = ASK_RETRY_MS * 1000000L }, NULL);
		status = store_get_job(workers->store, record->id, &now);
	}
	if (status == OK) {
		if (now.cancel_pending) {
			atomic_store(&runner->control.cancel, true);
			atomic_store(&runner->control.stop, true);
		}
		job_record_fini(&now);
	}
}

static void release_job(struct runner *runner, uint64_t memory)
{
	struct workers *workers = runner->workers;
	pthread_mutex_lock(&workers->mutex);
	runner->job_id[0] = '\0';
	workers->memory_used -= memory;
	workers->wakes++;
	pthread_cond_broadcast(&workers->wake);
	pthread_mutex_unlock(&workers->mutex);
}

/* Takes the oldest queued job that fits the memory that is free, and runs it. E_NOT_FOUND, E_BUSY: there was none;
 * anything else: the claim failed, and is to be tried again. */
static enum status run_next(struct runner *runner)
{
	struct workers *workers = runner->workers;
	struct job_record record;
	uint64_t memory = 0;
	pthread_mutex_lock(&workers->mutex);
	/* What is free now is promised to the claim, so that two claims at once cannot promise it twice. */
	uint64_t budget = workers->options.memory_budget;
	uint64_t promised = workers->memory_used < budget ? budget - workers->memory_used : 0;
	workers->memory_used += promised;
	workers->claims++;
	pthread_mutex_unlock(&workers->mutex);
	enum status status = store_claim_job(workers->store, promised, &record, &memory);
	pthread_mutex_lock(&workers->mutex);
	workers->memory_used -= promised;
	workers->memory_used += status == OK ? memory : 0;
	workers->claims--;
	pthread_cond_broadcast(&workers->claimed);
	if (status == OK && promised > memory) {
		/* Somebody may have found nothing left while we held the promise. */
		workers->wakes++;
		pthread_cond_broadcast(&workers->wake);
	}
	pthread_mutex_unlock(&workers->mutex);
	if (status != OK) {
		return status;
	}
	if (workers_build() == NULL) {
		/* Nothing can be computed: main says so and ends the service. */
		store_requeue_job(workers->store, record.id, record.attempt);
		release_job(runner, memory);
		job_record_fini(&record);
		return E_UNSUPPORTED;
	}
	struct job_environment environment = {
		.store = workers->store,
		.data_dir = workers->data_dir,
		.executor = runner->executor,
		.build = workers_build(),
		.checkpoint_seconds = workers->options.checkpoint_seconds,
		.max_job_seconds = workers->options.max_job_seconds,
	};
	register_job(runner, &record);
	pool_executor_begin(runner->executor);
	job_run(&environment, &record, &runner->control);
	pool_executor_end(runner->executor);
	release_job(runner, memory);
	job_record_fini(&record);
	return OK;
}

static void *runner_main(void *argument)
{
	struct runner *runner = argument;
	struct workers *workers = runner->workers;
	for (;;) {
		pthread_mutex_lock(&workers->mutex);
		uint64_t seen = workers->wakes;
		bool stopping = workers->stopping;
		pthread_mutex_unlock(&workers->mutex);
		if (stopping) {
			return NULL;
		}
		enum status status = run_next(runner);
		if (status != OK && status != E_NOT_FOUND && status != E_BUSY) {
			nanosleep(&(struct timespec){ .tv_nsec = CLAIM_RETRY_MS * 1000000L },
				  NULL); /* a disk that is full */
			continue;
		}
		if (status == OK) {
			continue;
		}
		pthread_mutex_lock(&workers->mutex);
		while (workers->wakes == seen && !workers->stopping) {
			pthread_cond_wait(&workers->wake, &workers->mutex);
		}
		pthread_mutex_unlock(&workers->mutex);
	}
}

static void workers_free(struct workers *workers)
{
	for (size_t i = 0; workers->runner != NULL && i < workers->options.workers; i++) {
		pool_executor_destroy(workers->runner[i].executor);
	}
	pool_destroy(workers->pool);
	pthread_cond_destroy(&workers->wake);
	pthread_cond_destroy(&workers->claimed);
	pthread_mutex_destroy(&workers->mutex);
	free(workers->runner);
	free(workers->data_dir);
	free(workers);
}

static enum status start_runners(struct workers *workers, struct error *error)
{
	for (size_t i = 0; i < workers->options.workers; i++) {
		struct runner *runner = &workers->runner[i];
		runner->workers = workers;
		runner->executor = pool_executor_create(workers->pool, &runner->control.stop);
		if (runner->executor == NULL) {
			return error_set(error, E_MEMORY, "no memory for job runner %zu", i + 1);
		}
	}
	for (size_t i = 0; i < workers->options.workers; i++) {
		if (pthread_create(&workers->runner[i].thread, NULL, runner_main, &workers->runner[i]) != 0) {
			return error_set(error, E_MEMORY, "cannot start job runner %zu of %zu (--workers)", i + 1,
					 workers->options.workers);
		}
		workers->started++;
	}
	return OK;
}

enum status workers_start(struct store *store, const struct workers_options *options, struct workers **out,
			  struct error *error)
{
	struct workers *workers = calloc(1, sizeof *workers);
	if (workers == NULL) {
		return error_set(error, E_MEMORY, "no memory for the job runners");
	}
	workers->store = store;
	workers->options = *options;
	pthread_mutex_init(&workers->mutex, NULL);
	pthread_cond_init(&workers->wake, NULL);
	pthread_cond_init(&workers->claimed, NULL);
	workers->data_dir = strdup(options->data_dir);
	workers->runner = calloc(options->workers, sizeof *workers->runner);
	if (workers->data_dir == NULL || workers->runner == NULL) {
		workers_free(workers);
		return error_set(error, E_MEMORY, "no memory for the job runners");
	}
	enum status status = pool_create(options->threads, &workers->pool, error);
	if (status != OK) {
		workers_free(workers);
		return status;
	}
	status = start_runners(workers, error);
	if (status != OK) {
		workers_stop(workers);
		return status;
	}
	*out = workers;
	return OK;
}

/* One job, one runner: those at work look again by themselves when they are done. */
void workers_wake(struct workers *workers)
{
	pthread_mutex_lock(&workers->mutex);
	workers->wakes++;
	pthread_cond_signal(&workers->wake);
	pthread_mutex_unlock(&workers->mutex);
}

void workers_cancel(struct workers *workers, const char *job_id)
{
	pthread_mutex_lock(&workers->mutex);
	for (size_t i = 0; i < workers->options.workers; i++) {
		struct runner *runner = &workers->runner[i];
		if (strcmp(runner->job_id, job_id) == 0) {
			atomic_store(&runner->control.cancel, true);
			atomic_store(&runner->control.stop, true);
		}
	}
	pthread_mutex_unlock(&workers->mutex);
}

enum status workers_reserve(struct workers *workers, uint64_t bytes)
{
	uint64_t budget = workers->options.memory_budget;
	if (bytes > budget) {
		return E_TOO_LARGE;
	}
	pthread_mutex_lock(&workers->mutex);
	bool fits;
	while (!(fits = workers->memory_used <= budget - bytes) && workers->claims > 0 && !workers->stopping) {
		pthread_cond_wait(&workers->claimed, &workers->mutex);
	}
	workers->memory_used += fits ? bytes : 0;
	pthread_mutex_unlock(&workers->mutex);
	return fits ? OK : E_BUSY;
}

void workers_release(struct workers *workers, uint64_t bytes)
{
	if (bytes == 0) {
		return;
	}
	pthread_mutex_lock(&workers->mutex);
	workers->memory_used -= bytes;
	workers->wakes++;
	pthread_cond_broadcast(&workers->wake);
	pthread_mutex_unlock(&workers->mutex);
}

void workers_halt(struct workers *workers)
{
	pthread_mutex_lock(&workers->mutex);
	if (!workers->stopping) {
		store_hurry(workers->store, workers->options.leave_seconds);
	}
	workers->stopping = true;
	for (size_t i = 0; i < workers->options.workers; i++) {
		atomic_store(&workers->runner[i].control.shutdown, true);
		atomic_store(&workers->runner[i].control.stop, true);
	}
	pthread_cond_broadcast(&workers->wake);
	pthread_mutex_unlock(&workers->mutex);
}

void workers_stop(struct workers *workers)
{
	if (workers == NULL) {
		return;
	}
	workers_halt(workers);
	for (size_t i = 0; i < workers->started; i++) {
		pthread_join(workers->runner[i].thread, NULL);
	}
	workers_free(workers);
}
