/* Datasets, jobs and their results, as the black-box tests use them again and again. */
#ifndef TESTS_BLACKBOX_JOBS_H
#define TESTS_BLACKBOX_JOBS_H

#include "tests/blackbox/client.h"

/* Uploads a file of tests/data (201 is expected); query like "name=iris&target=target" or "". Returns the id, kept. */
const char *dataset_upload(const struct server *server, const char *file, const char *query);
/* Uploads CSV text. */
const char *dataset_upload_text(const struct server *server, const char *csv, const char *query);

/* Posts a job (202, or 200 when it had ended already) and returns its id, kept. */
const char *job_post(const struct server *server, const char *json);
/* Waits for the job's end and returns the job as it then is. */
const struct reply *job_wait(const struct server *server, const char *id);
/* Both; the job must have succeeded. */
const struct reply *job_run(const struct server *server, const char *json);
/* Waits until the job runs and has made `step` updates; false: it ended before it was seen there, as any job of so many
 * steps may where the machine lets the service go on and this program wait. */
bool job_reach(const struct server *server, const char *id, double step);
/* A test that interrupts jobs is made anew where a job came to its end before it was met at work: so often at most. */
enum { CATCH_TRIES = 10 };

/* How often it was started. */
double job_attempt(const struct server *server, const char *id);

/* All parameters of a job, flat, in the order in which `weights` lists them. Kept. */
const double *job_weights(const struct server *server, const char *id, const char *at, size_t *n);
/* One tensor by name. Kept. */
const double *job_tensor(const struct server *server, const char *id, const char *name, size_t *n);
/* A series of a curve answer; null counts as NaN. Kept. */
const double *curve_series(const struct reply *curve, const char *name, size_t *n);
/* Fails unless both jobs (on any server) have the same weights and the same curve, to the last bit, but for `seconds`.
 */
void expect_same_results(const struct server *one_server, const char *one, const struct server *other_server,
			 const char *other);
/* A snapshot of what expect_same_results compares, to hold against a job of a later server. */
struct results {
	size_t weight_count;
	const double *weight;
	const struct reply *curve;
	double step;
	char stop_reason[32];
};
void results_take(const struct server *server, const char *id, struct results *out);
void expect_results(const struct server *server, const char *id, const struct results *expected);

/* The service answers, and this job (NULL: none) is still there. */
void expect_alive(const struct server *server, const char *job);

#endif
