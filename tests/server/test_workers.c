/*
 * Job runners on a store of their own: what a stop leaves, however little time it has, and that a job goes on from it
 * to the same bits.
 */
#include <time.h>

#include "api/job_spec.h"
#include "server/work/workers.h"
#include "tests/server/store_fixture.h"
#include "tests/support/suite.h"

/* Large enough for a state that lies in a file, and that a stop writes without the weights (above 8 MiB). */
enum { PARAMETERS = 300011, STEPS = 300 };

static char folder[64];
static struct store *store;
static char *document; /* the spec as it is stored */
static size_t document_length;

static void make_document(void)
{
	struct text body;
	struct problem problem;
	struct job_draft *draft = NULL;
	struct job_spec *spec = NULL;
	text_init(&body);
	problem_init(&problem);
	text_puts(&body, "{\"model\":{\"type\":\"function\",\"function\":\"rosenbrock\",\"initial_point\":[-1.2");
	for (int i = 1; i < PARAMETERS; i++) {
		text_puts(&body, i % 3 == 0 ? ",0.785" : ",1.2385");
	}
	text_puts(&body, "]},\"optimizer\":{\"type\":\"adam\",\"learning_rate\":0.002385},\"training\":{\"steps\":300},"
			 "\"stopping\":{\"gradient_norm\":null,\"loss_change\":null,\"parameter_change\":null}}");
	ck_assert_int_eq(job_draft_read(body.data, body.length, &draft, &problem), OK);
	ck_assert_int_eq(job_spec_resolve(draft, NULL, NULL, 1, &spec, &problem), OK);
	document_length = spec->document_length;
	document = malloc(document_length + 1);
	ck_assert_ptr_nonnull(document);
	memcpy(document, spec->document, document_length);
	document[document_length] = '\0';
	job_spec_destroy(spec);
	job_draft_destroy(draft);
	problem_fini(&problem);
	text_fini(&body);
}

static void set_up(void)
{
	fixture_folder(folder);
	store = fixture_open(folder);
	make_document();
}

static void tear_down(void)
{
	store_close(store);
	free(document);
	fixture_remove(folder);
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
}

static struct workers *start(double checkpoint_seconds, double leave_seconds)
{
	const struct workers_options options = {
		.data_dir = folder,
		.workers = 1,
		.threads = 1,
		.checkpoint_seconds = checkpoint_seconds,
		.max_job_seconds = (double)NAN,
		.memory_budget = UINT64_MAX,
		.leave_seconds = leave_seconds,
	};
	struct workers *workers = NULL;
	struct error error = { 0 };
	ck_assert_msg(workers_start(store, &options, &workers, &error) == OK, "%s", error.text);
	return workers;
}

static void add(char id[ID_SIZE])
{
	struct new_job job = fixture_job(store, NULL);
	job.spec = document;
	job.spec_length = document_length;
	ck_assert_int_eq(store_add_job(store, &job, 10, NULL), OK);
	memcpy(id, job.id, ID_SIZE);
}

static uint64_t step_of(const char *id)
{
	struct job_record record = fixture_get(store, id);
	uint64_t step = record.step;
	job_record_fini(&record);
	return step;
}

/* The step of the checkpoint that is stored; UINT64_MAX: there is none. */
static uint64_t checkpoint_step(const char *id)
{
	uint64_t step = UINT64_MAX;
	char *build = NULL;
	void *state = NULL;
	size_t length;
	enum status status = store_load_checkpoint(store, id, &step, &build, &state, &length);
	ck_assert(status == OK || status == E_NOT_FOUND);
	free(build);
	free(state);
	return status == OK ? step : UINT64_MAX;
}

static void wait_for_step(const char *id, uint64_t step)
{
	while (step_of(id) < step) {
		ck_assert_int_ne(fixture_status(store, id), JOB_FAILED);
		nap();
	}
}

struct outcome {
	void *weights;
	size_t length;
	struct curve_slice curve;
};

static void finish(const char *id, struct outcome *out)
{
	uint64_t step;
	while (!job_status_ended(fixture_status(store, id))) {
		nap();
	}
	ck_assert_int_eq(fixture_status(store, id), JOB_SUCCEEDED);
	ck_assert_int_eq(store_read_weights(store, id, "last", &step, &out->weights, &out->length), OK);
	ck_assert_uint_eq(step, STEPS);
	ck_assert_int_eq(store_read_points(store, id, 0, SIZE_MAX, &out->curve), OK);
}

static void outcome_fini(struct outcome *outcome)
{
	free(outcome->weights);
	curve_slice_fini(&outcome->curve);
}

/* An undisturbed run. */
static void run_calmly(struct outcome *out)
{
	char id[ID_SIZE];
	struct workers *workers = start(1000, 10);
	add(id);
	workers_wake(workers);
	finish(id, out);
	workers_stop(workers);
	store_close(store);
	store = fixture_open(folder);
}

static void expect_same(const struct outcome *a, const struct outcome *b)
{
	ck_assert_uint_eq(a->length, b->length);
	ck_assert_uint_eq(a->length, PARAMETERS * sizeof(double));
	ck_assert_int_eq(memcmp(a->weights, b->weights, a->length), 0);
	ck_assert_uint_eq(a->curve.count, b->curve.count);
	for (size_t i = 0; i < a->curve.count; i++) {
		ck_assert_uint_eq(a->curve.points[i].step, b->curve.points[i].step);
		ck_assert_int_eq(memcmp(&a->curve.points[i].train_loss, &b->curve.points[i].train_loss, sizeof(double)),
				 0);
	}
}

/* Stops in the middle and opens the folder again, as the next start of the program does. */
static void interrupt(struct workers *workers, const char *id, uint64_t step)
{
	wait_for_step(id, step);
	workers_stop(workers);
	store_close(store);
	store = fixture_open(folder);
	ck_assert_int_eq(fixture_status(store, id), JOB_QUEUED);
}

/* Goes on to the end, and gives what an undisturbed run gave. */
static void expect_same_end(const char *id, const struct outcome *calm)
{
	struct outcome outcome;
	struct workers *workers = start(1000, 10);
	workers_wake(workers);
	finish(id, &outcome);
	workers_stop(workers);
	expect_same(calm, &outcome);
	outcome_fini(&outcome);
}

START_TEST(a_stop_with_time_leaves_a_checkpoint_of_the_last_step)
{
	struct outcome calm;
	char id[ID_SIZE];
	uint64_t step;
	void *weights;
	size_t length;
	run_calmly(&calm);
	struct workers *workers = start(1000, 60);
	add(id);
	workers_wake(workers);
	interrupt(workers, id, 20);
	ck_assert_uint_ge(checkpoint_step(id), 20);
	ck_assert_uint_eq(checkpoint_step(id), step_of(id));
	/* A large state is written without the weights that it holds. */
	ck_assert_int_eq(store_read_weights(store, id, "last", &step, &weights, &length), E_NOT_FOUND);
	expect_same_end(id, &calm);
	outcome_fini(&calm);
}
END_TEST

START_TEST(a_stop_without_time_leaves_the_checkpoint_before)
{
	struct outcome calm;
	char id[ID_SIZE];
	run_calmly(&calm);
	struct workers *workers = start(0.02, 0);
	add(id);
	workers_wake(workers);
	while (checkpoint_step(id) == UINT64_MAX) {
		nap();
	}
	interrupt(workers, id, 1);
	ck_assert_uint_ge(checkpoint_step(id), 1);
	ck_assert_uint_le(checkpoint_step(id), step_of(id));
	ck_assert_uint_eq(fixture_files(folder, "checkpoints"), 1);
	expect_same_end(id, &calm);
	outcome_fini(&calm);
}
END_TEST

START_TEST(a_stop_without_time_before_the_first_checkpoint_begins_again)
{
	struct outcome calm;
	char id[ID_SIZE];
	run_calmly(&calm);
	struct workers *workers = start(1000, 0);
	add(id);
	workers_wake(workers);
	interrupt(workers, id, 20);
	ck_assert_uint_eq(checkpoint_step(id), UINT64_MAX);
	ck_assert_uint_eq(fixture_files(folder, "checkpoints"), 0);
	expect_same_end(id, &calm);
	outcome_fini(&calm);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("server/workers");
	TCase *stops = tcase_create("stops");
	tcase_set_timeout(stops, 60);
	tcase_add_checked_fixture(stops, set_up, tear_down);
	tcase_add_test(stops, a_stop_with_time_leaves_a_checkpoint_of_the_last_step);
	tcase_add_test(stops, a_stop_without_time_leaves_the_checkpoint_before);
	tcase_add_test(stops, a_stop_without_time_before_the_first_checkpoint_begins_again);
	suite_add_tcase(suite, stops);
	return suite;
}

int main(void)
{
	return suite_run(suite());
}
