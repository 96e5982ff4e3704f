/* What only shows after a while: files that must go, jobs whose beginnings are gone, warnings that must stay. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <time.h>

#include "tests/blackbox/jobs.h"

#define ENDLESS_STOPPING "\"stopping\": {\"gradient_norm\": null, \"loss_change\": null, \"parameter_change\": null}"

static int tables(const struct server *server)
{
	DIR *folder = opendir(text_of("%s/datasets", server->dir));
	int count = 0;
	for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
		count += strstr(entry->d_name, ".table") != NULL;
	if (folder != NULL)
		closedir(folder);
	return count;
}

/* A job whose inline data is too large for the database (beyond 1 MiB encoded). */
static const char *large_inline_job(void)
{
	enum { ROWS = 80000 };
	size_t room = (size_t)ROWS * 40 + 200, used = 0;
	char *json = keep(malloc(room));
	used += (size_t)snprintf(json, room, "{\"dataset\": {\"inline\": {\"columns\": [\"x\", \"y\"], \"rows\": [");
	for (int i = 0; i < ROWS; i++)
		used += (size_t)snprintf(json + used, room - used, "%s[%.9f,%.9f]", i == 0 ? "" : ",", 0.000031 * i,
					 2.385 - 0.000017 * i * i);
	snprintf(
		json + used, room - used,
		"]}, \"target\": \"y\"}, \"model\": {\"type\": \"linear_regression\"}, \"training\": {\"epochs\": 1}}");
	return json;
}

START_TEST(the_file_of_inline_data_goes_with_the_last_job_that_uses_it)
{
	struct server *server = server_start(NULL);
	const char *json = large_inline_job();
	const char *one = string_at(job_run(server, json)->json, "id");
	const char *other = string_at(job_run(server, json)->json, "id");
	ck_assert_int_eq(tables(server), 1); /* the same bytes: one file */
	expect(client_delete(server, text_of("/v1/jobs/%s", one)), 204);
	ck_assert_int_eq(tables(server), 1);
	expect(client_post(server, text_of("/v1/jobs/%s/predictions", other), "{\"inputs\": [[2.385]]}"), 200);
	expect(client_delete(server, text_of("/v1/jobs/%s", other)), 204);
	ck_assert_int_eq(tables(server), 0);
	finish(server);
}
END_TEST

START_TEST(files_that_no_record_points_to_are_swept_at_the_start)
{
	struct server *server = server_start(NULL);
	const char *id = string_at(job_run(server, large_inline_job())->json, "id");
	const char *orphan = text_of("%s/datasets/%064d.table", server->dir, 7);
	FILE *file = fopen(orphan, "w");
	ck_assert_ptr_nonnull(file);
	fclose(file);
	ck_assert_int_eq(tables(server), 2);
	server_kill(server);
	server_restart(server, NULL);
	ck_assert_int_eq(tables(server), 1);
	ck_assert_ptr_null(fopen(orphan, "r"));
	expect(client_get(server,
			  text_of("/v1/datasets/%s/rows?limit=1",
				  string_at(client_get(server, text_of("/v1/jobs/%s", id))->json, "spec.dataset.id"))),
	       200);
	finish(server);
}
END_TEST

START_TEST(a_job_goes_on_when_the_job_that_it_began_from_is_gone)
{
	const char *const *flags = FLAGS("--checkpoint-seconds", "0.05");
	struct server *server = server_start(flags);
	const char *dataset = dataset_upload_text(server, "x,y\n0.5,1.1\n1.5,2.385\n2.5,5.2\n", "target=y");
	const char *first = string_at(job_run(server, text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": "
							      "\"linear_regression\"}, \"training\": {\"epochs\": 17}}",
							      dataset))
					      ->json,
				      "id");
	const char *json = text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"linear_regression\", "
				   "\"initial_parameters\": {\"job_id\": \"%s\"}}, "
				   "\"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 1e-9}, "
				   "\"training\": {\"epochs\": 100000000000}, " ENDLESS_STOPPING "}",
				   dataset, first);
	const char *id = job_post(server, json);
	const char *weights = text_of("/v1/jobs/%s/weights", id);
	while (client_get(server, weights)->status != 200)
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	double step = number_at(client_get(server, weights)->json, "step");
	ck_assert_double_gt(step, 0);
	expect(client_delete(server, text_of("/v1/jobs/%s", first)), 204);
	server_kill(server);
	server_restart(server, flags);
	job_reach(server, id, step + 1);
	const struct reply *job = client_get(server, text_of("/v1/jobs/%s", id));
	ck_assert_str_eq(string_at(job->json, "status"), "running");
	ck_assert_double_eq(number_at(job->json, "attempt"), 2);
	finish(server);
}
END_TEST

/* What a job starts from is settled when it is posted: the other job may go before the first run. */
START_TEST(a_queued_job_keeps_the_weights_that_it_was_told_to_start_from)
{
	struct server *server = server_start(FLAGS("--workers", "1"));
	const char *dataset = dataset_upload_text(server, "x,y\n0.5,1.1\n1.5,2.385\n2.5,5.2\n", "target=y");
	const char *begin =
		text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"linear_regression\"", dataset);
	const char *first = string_at(
		job_run(server, text_of("%s}, \"training\": {\"epochs\": 17, \"dtype\": \"float64\"}}", begin))->json,
		"id");
	size_t n, m;
	const double *weights = job_weights(server, first, NULL, &n);
	const char *busy = job_post(server, text_of("%s}, \"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 1e-9}, "
						    "\"training\": {\"epochs\": 100000000000}, " ENDLESS_STOPPING "}",
						    begin));
	job_reach(server, busy, 1);
	/* A rate that moves no weight by a bit shows the start. */
	const char *id =
		job_post(server, text_of("%s, \"initial_parameters\": {\"job_id\": \"%s\"}}, \"training\": {\"dtype\": "
					 "\"float64\", \"steps\": 1}, \"optimizer\": {\"type\": \"sgd\", "
					 "\"learning_rate\": 1e-300}}",
					 begin, first));
	expect(client_delete(server, text_of("/v1/jobs/%s", first)), 204);
	server_kill(server);
	server_restart(server, FLAGS("--workers", "1"));
	/* 202 where a worker has it again, 200 where it still waits: the restart settles neither. */
	int cancelled = client_post(server, text_of("/v1/jobs/%s/cancel", busy), "")->status;
	ck_assert_msg(cancelled == 202 || cancelled == 200, "cancel gave %d", cancelled);
	ck_assert_str_eq(string_at(job_wait(server, id)->json, "status"), "succeeded");
	const double *start = job_weights(server, id, NULL, &m);
	ck_assert_uint_eq(n, m);
	ck_assert_int_eq(memcmp(weights, start, n * sizeof *weights), 0);
	finish(server);
}
END_TEST

/* Uploads a table of more than 1 MB, looks at it and deletes it, again and again. */
static void come_and_go(const struct server *server, const char *csv, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		const char *id = dataset_upload_text(server, csv, "");
		expect(client_get(server, text_of("/v1/datasets/%s/rows?limit=1", id)), 200);
		expect(client_delete(server, text_of("/v1/datasets/%s", id)), 204);
	}
}

/* They share one file: none may find it gone, and none may leave it behind. */
START_TEST(the_same_large_table_comes_and_goes_at_the_same_time)
{
	enum { CLIENTS = 4, ROUNDS = 5, ROWS = 120000 };
	struct server *server = server_start(NULL);
	char *csv = keep(malloc((size_t)ROWS * 32 + 8)), *end = csv + sprintf(csv, "x,y\n");
	for (int i = 0; i < ROWS; i++)
		end += sprintf(end, "%.7f,%.7f\n", 0.00002385 * i, 1.5 - 0.00001 * i);
	pid_t client[CLIENTS];
	for (int i = 0; i < CLIENTS; i++) {
		client[i] = fork();
		if (client[i] == 0) {
			come_and_go(server, csv, ROUNDS);
			_exit(0);
		}
		ck_assert_int_gt(client[i], 0);
	}
	for (int i = 0; i < CLIENTS; i++) {
		int status;
		ck_assert_int_eq(waitpid(client[i], &status, 0), client[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(tables(server), 0);
	finish(server);
}
END_TEST

START_TEST(a_warning_about_a_default_stays_with_the_job)
{
	struct server *server = server_start(NULL);
	const char *csv = "a,y\n0.5,0\n1.5,1\n2.5,2\n2.385,1\n";
	const char *dataset = dataset_upload_text(server, csv, "target=y");
	const char *json = text_of(
		"{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"mlp\"}, \"training\": {\"epochs\": 2}}",
		dataset);
	const struct reply *dry = client_post(server, "/v1/jobs?dry_run=true", json);
	const struct reply *job = job_run(server, json);
	ck_assert_ptr_nonnull(strstr(string_at(dry->json, "warnings.0"), "cross_entropy"));
	ck_assert_str_eq(string_at(job->json, "warnings.0"), string_at(dry->json, "warnings.0"));
	finish(server);
}
END_TEST

START_TEST(every_answer_about_a_job_at_work_says_when_to_come_again)
{
	struct server *server = server_start(NULL);
	const char *id = job_post(
		server, "{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", "
			"\"initial_point\": [-1.2, 1]}, \"optimizer\": {\"type\": \"sgd\", "
			"\"learning_rate\": 1e-9}, \"training\": {\"steps\": 100000000000}, " ENDLESS_STOPPING "}");
	static const char *const parts[] = {
		"", "?wait=0.01", "?include=curve,weights", "/spec", "/curve", "/weights"
	};
	job_reach(server, id, 1);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		const struct reply *reply = client_get(server, text_of("/v1/jobs/%s%s", id, parts[i]));
		ck_assert_msg(reply_header(reply, "Retry-After") != NULL, "GET %s", parts[i]);
	}
	const struct reply *deletion = client_delete(server, text_of("/v1/jobs/%s", id));
	expect_problem(deletion, 409, "conflict");
	ck_assert_ptr_nonnull(reply_header(deletion, "Retry-After"));
	finish(server);
}
END_TEST

START_TEST(a_slip_in_a_query_is_answered_with_what_was_meant)
{
	struct server *server = server_start(NULL);
	const struct call upload = { .path = "/v1/datasets?target=lable",
				     .body = "a,label\n2.385,1\n1,2\n",
				     .type = "text/csv" };
	const struct reply *reply = client_call(server, &upload);
	expect_problem(reply, 422, "invalid");
	ck_assert_str_eq(string_at(reply->json, "errors.0.suggestion"), "label");
	ck_assert_str_eq(string_at(reply->json, "errors.0.allowed.0"), "a");
	reply = client_get(server, "/v1/jobs?status=runing");
	expect_problem(reply, 400, "bad-query");
	ck_assert_str_eq(string_at(reply->json, "errors.0.suggestion"), "running");
	expect(client_get(server, "/v1/jobs?limit=99999999999999999999999"), 200); /* over 500 counts as 500 */
	expect_problem(client_get(server, "/v1/jobs?limit=5x"), 400, "bad-query");
	expect_problem(client_get(server, "/v1/jobs/job_x/curve?from_step=99999999999999999999"), 400, "bad-query");
	expect_problem(client_get(server, "/v1/jobs/job_x?wait=0x10"), 400, "bad-query");
	finish(server);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("blackbox/long_run");
	TCase *tcase = tcase_create("long run");
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, the_file_of_inline_data_goes_with_the_last_job_that_uses_it);
	tcase_add_test(tcase, files_that_no_record_points_to_are_swept_at_the_start);
	tcase_add_test(tcase, a_job_goes_on_when_the_job_that_it_began_from_is_gone);
	tcase_add_test(tcase, a_queued_job_keeps_the_weights_that_it_was_told_to_start_from);
	tcase_add_test(tcase, the_same_large_table_comes_and_goes_at_the_same_time);
	tcase_add_test(tcase, a_warning_about_a_default_stays_with_the_job);
	tcase_add_test(tcase, every_answer_about_a_job_at_work_says_when_to_come_again);
	tcase_add_test(tcase, a_slip_in_a_query_is_answered_with_what_was_meant);
	suite_add_tcase(suite, tcase);
	return blackbox_run(suite);
}
