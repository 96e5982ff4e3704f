/* The same bits for any number of threads, and for jobs that run beside others. */
#include <stdio.h>
#include <string.h>

#include "tests/blackbox/jobs.h"
#include "tests/support/golden.h"

enum { ROWS = 20000, FEATURES = 20 };

/* A data set of two classes that no straight line separates; the same on every machine. Kept. */
static const char *noisy_csv(void)
{
	char *csv = keep(malloc((size_t)ROWS * (FEATURES + 1) * 8 + 1024)), *end = csv;
	for (int j = 0; j < FEATURES; j++)
		end += sprintf(end, "f%d,", j);
	end += sprintf(end, "label\n");
	unsigned state = 2385;
	for (int i = 0; i < ROWS; i++) {
		int sum = 0;
		for (int j = 0; j < FEATURES; j++) {
			state = state * 1664525u + 1013904223u;
			int value = (int)(state >> 16) % 2001 - 1000;
			sum += (j % 3 - 1) * value;
			end += sprintf(end, "%.2f,", value / 100.0);
		}
		state = state * 1664525u + 1013904223u;
		end += sprintf(end, "%d\n", sum + (int)(state >> 16) % 4001 - 2000 > 0);
	}
	return csv;
}

#define LOGISTIC                                                                                                       \
	"{\"dataset\": {\"id\": \"%s\", \"validation_fraction\": 0.1}, \"model\": {\"type\": "                         \
	"\"logistic_regression\", "                                                                                    \
	"\"l2\": 0.001, \"l1\": 0.0001}, \"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 0.5, \"momentum\": "    \
	"0.9}, "                                                                                                       \
	"\"training\": {\"epochs\": 40, \"batch_size\": \"full\", \"dtype\": \"%s\"}, \"stopping\": "                  \
	"{\"gradient_norm\": null, \"loss_change\": null, \"parameter_change\": null}}"
#define NETWORK                                                                                                        \
	"{\"dataset\": {\"id\": \"%s\", \"validation_fraction\": 0.1}, \"model\": {\"type\": \"mlp\", \"loss\": "      \
	"\"cross_entropy\", \"layers\": [{\"type\": \"dense\", \"units\": 256, \"activation\": \"relu\"}, {\"type\": " \
	"\"dense\", \"units\": 80, \"activation\": \"sigmoid\"}]}, \"optimizer\": {\"type\": \"adam\"}, "              \
	"\"training\": "                                                                                               \
	"{\"epochs\": 4, \"batch_size\": 64, \"dtype\": \"%s\", \"seed\": 5}, \"recording\": {\"every_steps\": 1}}"

static const char *const dtypes[] = { "float32", "float64" };
enum { JOBS = 4 };

/* The four jobs; ids are kept. They are posted together, so that they run beside each other where there are workers. */
static void post_all(const struct server *server, const char *id[JOBS])
{
	const char *wide = dataset_upload_text(server, noisy_csv(), "target=label");
	const char *digits = dataset_upload(server, "digits.csv", "target=target");
	for (int k = 0; k < 2; k++) {
		id[k] = job_post(server, text_of(LOGISTIC, wide, dtypes[k]));
		id[2 + k] = job_post(server, text_of(NETWORK, digits, dtypes[k]));
	}
}

START_TEST(one_two_three_and_five_threads_give_the_same_bits)
{
	struct results expected[JOBS];
	const char *const threads[] = { "1", "2", "3", "5" };
	for (int k = 0; k < 4; k++) {
		struct server *server = server_start(FLAGS("--workers", "1", "--threads", threads[k]));
		const char *id[JOBS];
		post_all(server, id);
		for (int j = 0; j < JOBS; j++) {
			if (k == 0) {
				results_take(server, id[j], &expected[j]);
				ck_assert_uint_gt(expected[j].weight_count, 0);
			} else {
				expect_results(server, id[j], &expected[j]);
			}
		}
		server_destroy(server);
	}
	client_forget();
}
END_TEST

START_TEST(jobs_that_multiply_matrices_at_the_same_time_do_not_disturb_each_other)
{
	struct server *alone = server_start(FLAGS("--workers", "1", "--threads", "1"));
	const char *first[JOBS];
	struct results expected[JOBS];
	post_all(alone, first);
	for (int j = 0; j < JOBS; j++)
		results_take(alone, first[j], &expected[j]);
	server_destroy(alone);
	struct server *crowd = server_start(FLAGS("--workers", "4", "--threads", "4"));
	const char *id[3][JOBS];
	for (int k = 0; k < 3; k++)
		post_all(crowd, id[k]);
	for (int k = 0; k < 3; k++)
		for (int j = 0; j < JOBS; j++)
			expect_results(crowd, id[k][j], &expected[j]);
	finish(crowd);
}
END_TEST

START_TEST(another_seed_gives_other_bits)
{
	struct server *server = server_start(NULL);
	const char *digits = dataset_upload(server, "digits.csv", "target=target");
	const char *id[2];
	for (int k = 0; k < 2; k++)
		id[k] = job_post(server,
				 text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"mlp\", \"loss\": "
					 "\"cross_entropy\", \"layers\": [{\"type\": \"dense\", \"units\": 8}]}, "
					 "\"training\": {\"epochs\": 1, \"batch_size\": 64, \"seed\": %d}}",
					 digits, k));
	size_t n, m;
	job_wait(server, id[0]);
	job_wait(server, id[1]);
	const double *a = job_weights(server, id[0], NULL, &n), *b = job_weights(server, id[1], NULL, &m);
	ck_assert_uint_eq(n, m);
	ck_assert_int_ne(memcmp(a, b, n * sizeof *a), 0);
	finish(server);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("blackbox/threads");
	TCase *tests = tcase_create("threads");
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, one_two_three_and_five_threads_give_the_same_bits);
	tcase_add_test(tests, jobs_that_multiply_matrices_at_the_same_time_do_not_disturb_each_other);
	tcase_add_test(tests, another_seed_gives_other_bits);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return blackbox_run(suite());
}
