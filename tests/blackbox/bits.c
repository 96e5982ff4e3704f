/* The same bits for any number of threads and after kills. See bits.h. */
#include "tests/blackbox/bits.h"

#include <string.h>

void expect_bits_for_threads(job_text *job, int first, int last)
{
	enum { MOST = 2 };
	const char *const threads[] = { "1", "2", "3" }, *const dtypes[] = { "float32", "float64" };
	struct results expected[MOST][2];
	ck_assert_int_lt(last - first, MOST);
	for (int k = 0; k < 3; k++) {
		struct server *server = server_start(FLAGS("--workers", "1", "--threads", threads[k]));
		const char *digits = dataset_upload(server, "digits.csv", "target=target");
		for (int which = first; which <= last; which++) {
			for (int d = 0; d < 2; d++) {
				const char *id = job_post(server, job(which, digits, 2, dtypes[d]));
				if (k == 0)
					results_take(server, id, &expected[which - first][d]);
				else
					expect_results(server, id, &expected[which - first][d]);
			}
		}
		server_destroy(server);
	}
	client_forget();
}

void expect_bits_after_kills(job_text *job, int which, int epochs)
{
	struct server *calm = server_start(FLAGS("--workers", "1"));
	const char *digits = dataset_upload(calm, "digits.csv", "target=target");
	struct results expected;
	results_take(calm, job_post(calm, job(which, digits, epochs, "float32")), &expected);
	server_destroy(calm);
	const char *const *careful = FLAGS("--workers", "1", "--checkpoint-seconds", "0.05");
	struct server *server = server_start(careful);
	digits = dataset_upload(server, "digits.csv", "target=target");
	double attempts = 1;
	for (int tries = 0; tries < CATCH_TRIES && attempts < 2; tries++) {
		const char *id = job_post(server, job(which, digits, epochs, "float32"));
		for (int kill = 0; kill < 2; kill++) {
			job_reach(server, id, expected.step * (kill + 0.3) / 3);
			server_kill(server);
			server_restart(server, careful);
		}
		expect_results(server, id, &expected);
		attempts = job_attempt(server, id);
	}
	ck_assert_double_ge(attempts, 2);
	finish(server);
}

void expect_misfits(const struct misfit *misfit, size_t count)
{
	struct server *server = server_start(FLAGS("--workers", "1"));
	const char *digits = dataset_upload(server, "digits.csv", "target=target");
	for (size_t i = 0; i < count; i++) {
		const struct reply *reply = client_post(
			server, "/v1/jobs",
			text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"sequential\", \"loss\": "
				"\"cross_entropy\", %s}}",
				digits, misfit[i].model));
		ck_assert_msg(reply->status == 422, "%s: %d", misfit[i].model, reply->status);
		const cJSON *fault = expect_fault(reply, misfit[i].pointer, misfit[i].code);
		ck_assert_msg(strstr(string_at(fault, "detail"), misfit[i].piece) != NULL, "%s: %s", misfit[i].model,
			      string_at(fault, "detail"));
	}
	finish(server);
}
