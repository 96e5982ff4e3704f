/*
 * kill -9 where it hurts most: while a large checkpoint is being written, and before a start with another number of
 * threads. The job ends with the bits of one that was never disturbed.
 */
#include <dirent.h>
#include <string.h>
#include <time.h>

#include "tests/blackbox/jobs.h"

/* 457,610 parameters in float64; with Adam's three averages and the best ones a state of 18 MB, which is more than a
 * stop writes whole. Under sanitizers 266,890 and 10.7 MB: a step takes some twenty times as long there. */
#define LARGE                                                                                                          \
	"{\"dataset\": {\"id\": \"%s\", \"validation_fraction\": 0.1}, \"model\": {\"type\": \"mlp\", \"loss\": "      \
	"\"cross_entropy\", \"layers\": [{\"type\": \"dense\", \"units\": %d, \"activation\": \"relu\"}, "             \
	"{\"type\": \"dense\", \"units\": %d, \"activation\": \"tanh\"}]}, \"optimizer\": {\"type\": \"adam\", "       \
	"\"amsgrad\": true, \"learning_rate\": 0.0002385}, \"training\": {\"steps\": %d, \"batch_size\": 24, "         \
	"\"dtype\": \"float64\", \"seed\": 11}, \"recording\": {\"every_steps\": 1}}"
#define SMALL                                                                                                          \
	"{\"dataset\": {\"id\": \"%s\", \"validation_fraction\": 0.2}, \"model\": {\"type\": \"mlp\", \"loss\": "      \
	"\"cross_entropy\", \"layers\": [{\"type\": \"dense\", \"units\": 160, \"activation\": \"sigmoid\"}]}, "       \
	"\"optimizer\": {\"type\": \"nadam\", \"learning_rate\": 0.002385}, \"training\": {%s}, \"stopping\": "        \
	"{\"gradient_norm\": null, \"loss_change\": null, \"parameter_change\": null}, \"recording\": "                \
	"{\"every_steps\": 7}}"

/* Files in a folder of the data folder. */
static int files(const struct server *server, const char *name)
{
	DIR *folder = opendir(text_of("%s/%s", server->dir, name));
	int count = 0;
	for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
		count += entry->d_name[0] != '.';
	if (folder != NULL)
		closedir(folder);
	return count;
}

/* The time of the job's first points: points that were made again have another one. */
static const double *first_seconds(const struct server *server, const char *id, size_t *n)
{
	const struct reply *curve = client_get(server, text_of("/v1/jobs/%s/curve?series=seconds", id));
	return curve_series(curve, "seconds", n);
}

/* The file goes just after the end is told. */
static void await_no_files(const struct server *server, const char *name)
{
	for (double until = seconds_now() + HANG_SECONDS; files(server, name) > 0 && seconds_now() < until;)
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	ck_assert_int_eq(files(server, name), 0);
}

/* Weights can be had from the first checkpoint on, or from the end on. */
static void reach_checkpoint(const struct server *server, const char *id, double step)
{
	const char *weights = text_of("/v1/jobs/%s/weights?at=last", id);
	job_reach(server, id, step);
	while (client_call(server, &(struct call){ .method = "HEAD", .path = weights })->status != 200)
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
}

START_TEST(a_kill_while_large_checkpoints_are_written_costs_no_bit)
{
	const char *const *often = FLAGS("--workers", "1", "--checkpoint-seconds", "0.1");
	struct server *calm = server_start(FLAGS("--workers", "1", "--checkpoint-seconds", "1000"));
	struct results expected;
	const bool slow = blackbox_patience() > 1;
	const int units = slow ? 480 : 640, steps = slow ? 120 : 400;
	const char *digits = dataset_upload(calm, "digits.csv", "target=target");
	results_take(calm, job_post(calm, text_of(LARGE, digits, units, units, steps)), &expected);
	server_destroy(calm);
	struct server *server = server_start(often);
	digits = dataset_upload(server, "digits.csv", "target=target");
	double attempts = 1;
	for (int tries = 0; tries < CATCH_TRIES && attempts < 2; tries++) {
		const char *id = job_post(server, text_of(LARGE, digits, units, units, steps));
		const double *before = NULL;
		size_t n = 0, m;
		for (int kills = 0; kills < 3; kills++) {
			reach_checkpoint(server, id, 20 + 30 * kills);
			before = kills == 0 ? first_seconds(server, id, &n) : before;
			server_kill(server);
			server_restart(server, often);
		}
		expect_results(server, id, &expected);
		const double *after = first_seconds(server, id, &m);
		ck_assert(n > 2 && m >= n);
		ck_assert_int_eq(memcmp(before, after, 2 * sizeof *before), 0);
		/* Four, unless the machine let the job run to its end before a kill came. */
		attempts = job_attempt(server, id);
	}
	ck_assert_double_ge(attempts, 2);
	await_no_files(server,
		       "checkpoints"); /* nor one that was half written at a kill: those are swept at the start */
	finish(server);
}
END_TEST

static const char *const batches[] = { "32", "\"full\"" };
static const int epochs[] = { 150, 500 };

START_TEST(a_start_with_another_number_of_threads_goes_on_to_the_same_bits)
{
	static const char *const threads[] = { "1", "3", "2", "5" };
	enum { STARTS = sizeof threads / sizeof *threads };
	struct server *server = server_start(FLAGS("--workers", "1", "--threads", "1", "--checkpoint-seconds", "1000"));
	const char *dataset = dataset_upload(server, "digits.csv", "target=target");
	const int budget = blackbox_patience() > 10 ? epochs[_i] / 3 : epochs[_i];
	const char *json = text_of(SMALL, dataset, text_of("\"epochs\": %d, \"batch_size\": %s", budget, batches[_i]));
	struct results expected;
	results_take(server, job_post(server, json), &expected);
	double attempts = 1;
	for (int tries = 0; tries < CATCH_TRIES && attempts < 2; tries++) {
		const char *id = NULL;
		for (int k = 0; k < STARTS; k++) {
			if (id != NULL)
				job_reach(server, id, expected.step * (k - 0.5) / STARTS);
			server_kill(server);
			server_restart(server,
				       FLAGS("--workers", "1", "--threads", threads[k], "--checkpoint-seconds", "0.2"));
			id = id == NULL ? job_post(server, json) : id;
		}
		expect_results(server, id, &expected);
		attempts = job_attempt(server, id);
	}
	ck_assert_double_ge(attempts, 2);
	finish(server);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("blackbox/kill");
	TCase *tests = tcase_create("kill");
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, a_kill_while_large_checkpoints_are_written_costs_no_bit);
	tcase_add_loop_test(tests, a_start_with_another_number_of_threads_goes_on_to_the_same_bits, 0, 2);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return blackbox_run(suite());
}
