/*
 * Interruptions: a job that was killed with -9 at any moment, or stopped with SIGTERM, ends with the same weights and
 * the same curve, to the last bit, as one that never was; and nothing that was acknowledged is lost.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/blackbox/jobs.h"
#include "tests/support/golden.h"

/* Checkpoints many times a second, so that there is one to go on from. */
#define CAREFUL FLAGS("--workers", "1", "--checkpoint-seconds", "0.05")

struct kind {
	const char *name;
	const char *job; /* with %s for the dataset, then %.0f for epochs or steps */
	double budget, steps_each;
	unsigned kills; /* up to 4: a job that took the process down five times is failed */
};

static const struct kind kinds[] = {
	{ "mini-batch network in float32",
	  "{\"dataset\": {\"id\": \"%s\", \"validation_fraction\": 0.2}, \"model\": {\"type\": \"mlp\", \"loss\": "
	  "\"cross_entropy\", "
	  "\"layers\": [{\"type\": \"dense\", \"units\": 32, \"activation\": \"tanh\"}]}, \"optimizer\": {\"type\": "
	  "\"adam\", "
	  "\"learning_rate\": 0.001, \"schedule\": {\"type\": \"cosine\", \"warmup_steps\": 50}}, \"training\": "
	  "{\"epochs\": %.0f, "
	  "\"batch_size\": 16, \"seed\": 2385}, \"recording\": {\"every_steps\": 20}}",
	  300, 90, 4 },
	{ "full-batch softmax in float64",
	  "{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"softmax_regression\", \"l2\": 0.001}, "
	  "\"optimizer\": {\"type\": "
	  "\"nesterov\", \"learning_rate\": 0.01, \"momentum\": 0.9}, \"training\": {\"epochs\": %.0f, \"batch_size\": "
	  "\"full\", "
	  "\"dtype\": \"float64\"}, \"stopping\": {\"gradient_norm\": null, \"loss_change\": null, "
	  "\"parameter_change\": null}}",
	  3000, 1, 3 },
	{ "closed-form function",
	  "{\"name\": \"%s\", \"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": "
	  "[-1.2, 1, 0.7, 2.385]}, "
	  "\"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 1e-5, \"momentum\": 0.9, \"nesterov\": true}, "
	  "\"training\": "
	  "{\"steps\": %.0f}, \"stopping\": {\"gradient_norm\": null, \"loss_change\": null, \"parameter_change\": "
	  "null}, "
	  "\"recording\": {\"every_steps\": 1000}}",
	  3000000, 1, 3 },
	{ "mini-batch expression",
	  "{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"expression\", \"prediction\": "
	  "\"h = tanh(X @ A / 8); h @ B + c\", \"loss\": \"cross_entropy\", \"parameters\": {\"A\": {\"shape\": "
	  "[64, 16], \"init\": {\"type\": \"normal\", \"std\": 0.1}}, \"B\": {\"shape\": [16, 10], \"init\": "
	  "\"normal\"}, \"c\": {\"shape\": [10]}}}, \"optimizer\": {\"type\": \"adam\", \"learning_rate\": 0.001}, "
	  "\"training\": {\"epochs\": %.0f, \"batch_size\": 16, \"seed\": 5}, \"recording\": {\"every_steps\": 20}}",
	  300, 113, 3 },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* Where steps are watched for races, fewer of them take longer still. */
static double budget_of(const struct kind *kind)
{
	return blackbox_patience() > 10 ? kind->budget / 6 : kind->budget;
}

static double steps_of(const struct kind *kind)
{
	return budget_of(kind) * kind->steps_each;
}

/* The job with the dataset's id (a function's job takes it as its name) and its budget. */
static const char *job_text(const struct kind *kind, const char *dataset)
{
	const char *hole = strstr(kind->job, "%s"), *number = strstr(kind->job, "%.0f");
	return text_of("%.*s%s%.*s%.0f%s", (int)(hole - kind->job), kind->job, dataset, (int)(number - hole - 2),
		       hole + 2, budget_of(kind), number + 4);
}

static const char *start_job(struct server *server, const struct kind *kind)
{
	const char *dataset = dataset_upload(server, "digits.csv", "target=target");
	return job_post(server, job_text(kind, dataset));
}

/* Returns how often the process was killed: less than the kind's number when the job was faster. */
static unsigned kill_again_and_again(struct server *server, const char *id, const struct kind *kind)
{
	unsigned kills = 0;
	while (kills < kind->kills && job_reach(server, id, steps_of(kind) * (kills + 0.3) / (kind->kills + 1))) {
		server_kill(server);
		server_restart(server, CAREFUL);
		kills++;
	}
	return kills;
}

START_TEST(a_job_killed_at_any_moment_ends_with_the_same_bits)
{
	const struct kind *kind = &kinds[_i];
	struct server *calm = server_start(CAREFUL);
	struct results expected;
	const char *undisturbed = start_job(calm, kind);
	results_take(calm, undisturbed, &expected);
	ck_assert_double_eq(expected.step, steps_of(kind));
	server_destroy(calm);
	struct server *server = server_start(CAREFUL);
	unsigned attempts = 1;
	for (int tries = 0; tries < CATCH_TRIES && attempts < 2; tries++) {
		const char *id = start_job(server, kind);
		const unsigned kills = kill_again_and_again(server, id, kind);
		expect_results(server, id, &expected);
		attempts = (unsigned)job_attempt(server, id);
		/* One start more than kills, unless the job came to its end just before the last of them. */
		ck_assert_uint_le(attempts, kills + 1);
		ck_assert_uint_ge(attempts, kills > 0 ? kills : 1);
	}
	ck_assert_msg(attempts > 1, "%s always ended before it could be killed", kind->name);
	finish(server);
}
END_TEST

/* SIGTERM while the job is at work, and the next start. False: it had ended before, or the machine was too slow. */
static bool stop_at_work(struct server *server, const char *id, const char *const *flags, double *seconds)
{
	const bool at_work =
		strcmp(string_at(client_get(server, text_of("/v1/jobs/%s", id))->json, "status"), "running") == 0;
	ck_assert_int_eq(server_terminate(server, seconds), 0);
	const bool late = server_stopped_late(server);
	server_restart(server, flags);
	return at_work && !late;
}

START_TEST(sigterm_checkpoints_exits_0_within_two_seconds_and_the_next_start_goes_on)
{
	const struct kind *kind = &kinds[_i];
	struct server *server = server_start(CAREFUL);
	const char *id = start_job(server, kind);
	struct results expected;
	results_take(server, id, &expected);
	server_destroy(server);
	/* Checkpoints are rare here: what SIGTERM leaves is what the job goes on from. */
	const char *const *rare = FLAGS("--workers", "1", "--checkpoint-seconds", "1000");
	server = server_start(rare);
	bool stopped = false;
	/* A machine may be too busy for two seconds once, but not always. */
	for (int tries = 0; tries < CATCH_TRIES && !stopped; tries++) {
		double seconds;
		id = start_job(server, kind);
		job_reach(server, id, 0.4 * steps_of(kind));
		double reached = number_at(client_get(server, text_of("/v1/jobs/%s", id))->json, "progress.step");
		stopped = stop_at_work(server, id, rare, &seconds);
		const struct reply *again = client_get(server, text_of("/v1/jobs/%s", id));
		ck_assert(!stopped || number_at(again->json, "progress.step") >= reached);
		stopped = stopped && seconds < 2 * blackbox_patience();
		expect_results(server, id, &expected);
	}
	ck_assert_msg(stopped, "it never stops within two seconds");
	finish(server);
}
END_TEST

/* A copy of the program with another build id (the GNU note: name of 4 bytes, type 3). Its path, kept. */
static const char *other_build(void)
{
	static const unsigned char head[] = { 3, 0, 0, 0, 'G', 'N', 'U', 0 };
	const char *program = getenv("DESCENTD") != NULL ? getenv("DESCENTD") : "build/descentd";
	char dir[256];
	FILE *file = fopen(program, "rb");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
	size_t length = (size_t)ftell(file);
	rewind(file);
	unsigned char *bytes = keep(malloc(length));
	ck_assert_uint_eq(fread(bytes, 1, length, file), length);
	fclose(file);
	unsigned char *note = memmem(bytes, length, head, sizeof head);
	ck_assert_msg(note != NULL, "%s has no build id", program);
	note[sizeof head] ^= 1;
	server_folder(dir, sizeof dir);
	const char *path = text_of("%s/descentd", dir);
	file = fopen(path, "wb");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
	fclose(file);
	ck_assert_int_eq(chmod(path, 0700), 0);
	return path;
}

START_TEST(a_checkpoint_of_another_build_is_not_trusted)
{
	const char *const *rare = FLAGS("--workers", "1", "--checkpoint-seconds", "1000");
	const bool other = _i == 1;
	const char *program = other ? other_build() : NULL;
	struct server *server = server_start(rare);
	const char *id = start_job(server, &kinds[2]);
	struct results expected;
	results_take(server, id, &expected);
	const char *const usual = text_of("%s", getenv("DESCENTD") != NULL ? getenv("DESCENTD") : "build/descentd");
	bool caught = false;
	for (int tries = 0; tries < CATCH_TRIES && !caught; tries++) {
		id = start_job(server, &kinds[2]);
		job_reach(server, id, 0.4 * steps_of(&kinds[2]));
		const char *path = text_of("/v1/jobs/%s/curve?series=seconds", id);
		size_t n, m;
		const double *before = curve_series(client_get(server, path), "seconds", &n);
		/* The other build takes turns with the one that the next try begins with. */
		if (other)
			setenv("DESCENTD", tries % 2 == 0 ? program : usual, 1);
		caught = stop_at_work(server, id, rare, NULL);
		expect_results(server, id, &expected);
		caught = caught && job_attempt(server, id) == 2;
		/* Points that were made again have another time. */
		const double *after = curve_series(client_get(server, path), "seconds", &m);
		ck_assert_uint_ge(m, n);
		if (caught) {
			ck_assert_uint_gt(n, 100);
			ck_assert_int_eq(memcmp(before, after, n * sizeof *before) == 0, !other);
		}
	}
	ck_assert(caught);
	finish(server);
}
END_TEST

/* The file of the only table in the data folder. */
static const char *table_file(const struct server *server)
{
	const char *dir = text_of("%s/datasets", server->dir), *path = NULL;
	DIR *folder = opendir(dir);
	ck_assert_ptr_nonnull(folder);
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
		if (strstr(entry->d_name, ".table") != NULL)
			path = text_of("%s/%s", dir, entry->d_name);
	closedir(folder);
	ck_assert_ptr_nonnull(path);
	return path;
}

/* A table of more than 1 MB, which lies in a file. */
static const char *large_csv(void)
{
	enum { ROWS = 120000 };
	char *csv = keep(malloc((size_t)ROWS * 32 + 8)), *end = csv + sprintf(csv, "x,y\n");
	for (int i = 0; i < ROWS; i++)
		end += sprintf(end, "%.7f,%.7f\n", 0.00002385 * i, 1.5 - 0.00001 * i);
	return csv;
}

/* Until the log says that the job met the failure and is to be tried again. */
static void await_next_try(const struct server *server, const char *id)
{
	const char *begin = text_of("job %s: ", id);
	for (bool met = false; !met;) {
		char *log = server_log(server, "err");
		const char *line = strstr(log, begin);
		met = line != NULL && strstr(line, "it is tried again") != NULL;
		free(log);
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
}

START_TEST(a_disk_that_fails_for_a_while_costs_no_job_and_one_that_fails_on_is_named)
{
	struct server *server = server_start(FLAGS("--workers", "2"));
	const char *dataset = dataset_upload_text(server, large_csv(), "target=y");
	const char *json = text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"linear_regression\"}, "
				   "\"training\": {\"epochs\": 3}}",
				   dataset);
	const char *path = table_file(server), *aside = text_of("%s.aside", path);
	ck_assert_int_eq(rename(path, aside), 0);
	ck_assert_int_eq(symlink(path, path), 0); /* opening it fails: too many links */
	const char *unlucky = job_post(server, json);
	const struct reply *job = job_wait(server, unlucky);
	ck_assert_str_eq(string_at(job->json, "status"), "failed");
	ck_assert_str_eq(string_at(job->json, "stop_reason"), "error");
	ck_assert_ptr_nonnull(strstr(string_at(job->json, "error.detail"), "tried 6 times"));
	/* The tries last for six seconds: where this program is kept waiting for longer, once more. */
	const char *end = "failed";
	for (int tries = 0; tries < CATCH_TRIES && strcmp(end, "failed") == 0; tries++) {
		const char *id = job_post(server, json);
		await_next_try(server, id);
		client_post(server, text_of("/v1/jobs/%s/cancel", id), "");
		end = string_at(job_wait(server, id)->json, "status");
	}
	ck_assert_str_eq(end, "cancelled");
	end = "failed";
	for (int tries = 0; tries < CATCH_TRIES && strcmp(end, "failed") == 0; tries++) {
		const char *id = job_post(server, json);
		await_next_try(server, id);
		ck_assert_int_eq(rename(aside, path), 0);
		end = string_at(job_wait(server, id)->json, "status");
		ck_assert_int_eq(rename(path, aside), 0);
		ck_assert_int_eq(symlink(path, path), 0);
	}
	ck_assert_str_eq(end, "succeeded");
	remove(path);
	ck_assert_int_eq(rename(aside, path), 0);
	finish(server);
}
END_TEST

START_TEST(what_was_acknowledged_survives_a_kill_at_once)
{
	struct server *server = server_start(CAREFUL);
	const char *dataset = dataset_upload(server, "iris.csv", "name=kept&target=target");
	const char *id[5];
	for (int i = 0; i < 5; i++)
		id[i] = job_post(server,
				 text_of("{\"name\": \"kept-%d\", \"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": "
					 "\"softmax_regression\"}}",
					 i, dataset));
	server_kill(server);
	server_restart(server, CAREFUL);
	for (int i = 0; i < 5; i++) {
		const struct reply *job = job_wait(server, id[i]);
		ck_assert_str_eq(string_at(job->json, "status"), "succeeded");
		ck_assert_str_eq(string_at(job->json, "name"), text_of("kept-%d", i));
		if (i)
			expect_same_results(server, id[0], server, id[i]);
	}
	server_kill(server);
	server_restart(server, CAREFUL);
	ck_assert_str_eq(string_at(client_get(server, text_of("/v1/datasets/%s", dataset))->json, "name"), "kept");
	size_t n;
	job_weights(server, id[4], NULL, &n);
	ck_assert_uint_eq(n, 15);
	finish(server);
}
END_TEST

START_TEST(a_job_that_took_the_process_down_five_times_is_failed)
{
	/* No checkpoint ever: each start is from step 0. */
	const char *const *never = FLAGS("--workers", "1", "--checkpoint-seconds", "1000");
	struct server *server = server_start(never);
	const char *id = job_post(
		server, "{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": [-1.2, "
			"1]}, \"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 1e-9}, \"training\": {\"steps\": "
			"100000000000}, \"stopping\": {\"gradient_norm\": null, \"loss_change\": null, "
			"\"parameter_change\": null}}");
	for (int i = 0; i < 5; i++) {
		job_reach(server, id, 1);
		const struct reply *job = client_get(server, text_of("/v1/jobs/%s", id));
		ck_assert_str_eq(string_at(job->json, "status"), "running");
		ck_assert_double_eq(number_at(job->json, "attempt"), i + 1);
		server_kill(server);
		server_restart(server, never);
	}
	const struct reply *job = client_get(server, text_of("/v1/jobs/%s", id));
	ck_assert_str_eq(string_at(job->json, "status"), "failed");
	ck_assert_str_eq(string_at(job->json, "stop_reason"), "error");
	ck_assert_uint_gt(strlen(string_at(job->json, "error.detail")), 0);
	finish(server);
}
END_TEST

START_TEST(a_file_of_a_newer_program_is_refused_and_left_alone)
{
	struct server *server = server_start(NULL);
	ck_assert_int_eq(server_terminate(server, NULL), 0);
	/* Bytes 60 to 63 of an SQLite file are its user version, big-endian. */
	const char *path = text_of("%s/descentd.db", server->dir);
	FILE *file = fopen(path, "r+b");
	ck_assert_ptr_nonnull(file);
	unsigned char version[4] = { 0 };
	ck_assert_int_eq(fseek(file, 60, SEEK_SET), 0);
	ck_assert_uint_eq(fread(version, 1, 4, file), 4);
	ck_assert_int_gt(version[3], 0);
	const unsigned char newer[4] = { 0, 0, 39, 15 };
	ck_assert_int_eq(fseek(file, 60, SEEK_SET), 0);
	ck_assert_uint_eq(fwrite(newer, 1, 4, file), 4);
	fclose(file);
	char *said = NULL;
	int code = program_run(server->dir, FLAGS("--listen", "127.0.0.1:0"), NULL, &said);
	ck_assert_int_ne(code, 0);
	ck_assert_int_lt(code, 126);
	ck_assert_msg(strstr(said, "newer") != NULL, "says: %s", said);
	ck_assert_msg(strstr(said, "listening") == NULL, "says: %s", said);
	free(said);
	finish(server);
}
END_TEST

START_TEST(a_second_program_on_the_same_folder_is_refused)
{
	struct server *server = server_start(NULL);
	char *said = NULL;
	int code = program_run(server->dir, FLAGS("--listen", "127.0.0.1:0"), NULL, &said);
	ck_assert_msg(code != 0 && code < 126, "exit code %d: %s", code, said);
	free(said);
	expect_alive(server, NULL);
	finish(server);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("blackbox/crash");
	TCase *tests = tcase_create("interruptions");
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, a_job_killed_at_any_moment_ends_with_the_same_bits, 0, KINDS);
	tcase_add_loop_test(tests, sigterm_checkpoints_exits_0_within_two_seconds_and_the_next_start_goes_on, 0, KINDS);
	tcase_add_loop_test(tests, a_checkpoint_of_another_build_is_not_trusted, 0, 2);
	tcase_add_test(tests, a_disk_that_fails_for_a_while_costs_no_job_and_one_that_fails_on_is_named);
	tcase_add_test(tests, what_was_acknowledged_survives_a_kill_at_once);
	tcase_add_test(tests, a_job_that_took_the_process_down_five_times_is_failed);
	tcase_add_test(tests, a_file_of_a_newer_program_is_refused_and_left_alone);
	tcase_add_test(tests, a_second_program_on_the_same_folder_is_refused);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return blackbox_run(suite());
}
