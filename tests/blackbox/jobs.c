/* Datasets, jobs and their results. See jobs.h. */
#include "tests/blackbox/jobs.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/support/golden.h"

const char *dataset_upload_text(const struct server *server, const char *csv, const char *query)
{
	const char *path = text_of("/v1/datasets?%s", query);
	const struct reply *reply =
		client_call(server, &(struct call){ .path = path, .body = csv, .type = "text/csv" });
	expect(reply, 201);
	const char *id = string_at(reply->json, "id");
	const char *location = reply_header(reply, "Location");
	ck_assert_ptr_nonnull(location);
	ck_assert_str_eq(location, text_of("/v1/datasets/%s", id));
	return id;
}

const char *dataset_upload(const struct server *server, const char *file, const char *query)
{
	char *csv = golden_read(file, NULL);
	const char *id = dataset_upload_text(server, csv, query);
	free(csv);
	return id;
}

const char *job_post(const struct server *server, const char *json)
{
	const struct reply *reply = client_post(server, "/v1/jobs", json);
	ck_assert_msg(reply->status == 202 || reply->status == 200, "status %d: %s", reply->status, reply->body);
	return string_at(reply->json, "id");
}

static bool ended(const char *status)
{
	return strcmp(status, "succeeded") == 0 || strcmp(status, "failed") == 0 || strcmp(status, "cancelled") == 0;
}

const struct reply *job_wait(const struct server *server, const char *id)
{
	double until = seconds_now() + HANG_SECONDS;
	for (;;) {
		const struct reply *job = client_get(server, text_of("/v1/jobs/%s?wait=20", id));
		expect(job, 200);
		if (ended(string_at(job->json, "status")))
			return job;
		ck_assert_msg(seconds_now() < until, "the job does not end: %s", job->body);
	}
}

const struct reply *job_run(const struct server *server, const char *json)
{
	const struct reply *job = job_wait(server, job_post(server, json));
	ck_assert_msg(strcmp(string_at(job->json, "status"), "succeeded") == 0, "%s", job->body);
	return job;
}

bool job_reach(const struct server *server, const char *id, double step)
{
	for (double until = seconds_now() + HANG_SECONDS; seconds_now() < until;) {
		const struct reply *job = client_get(server, text_of("/v1/jobs/%s", id));
		expect(job, 200);
		/* A queued job still tells the step that it had reached before the restart. */
		bool runs = strcmp(string_at(job->json, "status"), "running") == 0;
		if (runs && number_at(job->json, "progress.step") >= step)
			return true;
		if (ended(string_at(job->json, "status")))
			return false;
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	}
	ck_abort_msg("the job does not reach step %g", step);
	return false;
}

double job_attempt(const struct server *server, const char *id)
{
	return number_at(client_get(server, text_of("/v1/jobs/%s", id))->json, "attempt");
}

static const struct reply *weights_reply(const struct server *server, const char *id, const char *at)
{
	const struct reply *reply =
		client_get(server, text_of("/v1/jobs/%s/weights%s%s", id, at ? "?at=" : "", at ? at : ""));
	expect(reply, 200);
	return reply;
}

const double *job_weights(const struct server *server, const char *id, const char *at, size_t *n)
{
	const struct reply *reply = weights_reply(server, id, at);
	double *all = NULL;
	size_t total = 0;
	const cJSON *tensor = NULL;
	cJSON_ArrayForEach(tensor, get_at(reply->json, "parameters"))
	{
		size_t count;
		double *values = golden_array(tensor, "values", &count);
		size_t expected = 1;
		const cJSON *length = NULL;
		cJSON_ArrayForEach(length, get_at(tensor, "shape")) expected *= (size_t)length->valuedouble;
		ck_assert_uint_eq(count, expected);
		all = realloc(all, (total + count) * sizeof *all);
		ck_assert_ptr_nonnull(all);
		memcpy(all + total, values, count * sizeof *all);
		total += count;
		free(values);
	}
	*n = total;
	return keep(all);
}

const double *job_tensor(const struct server *server, const char *id, const char *name, size_t *n)
{
	const struct reply *reply = weights_reply(server, id, "last");
	const cJSON *tensor = NULL;
	cJSON_ArrayForEach(tensor, get_at(reply->json, "parameters"))
	{
		if (strcmp(string_at(tensor, "name"), name) == 0)
			return keep(golden_array(tensor, "values", n));
	}
	ck_abort_msg("no tensor %s: %.300s", name, reply->body);
	return NULL;
}

const double *curve_series(const struct reply *curve, const char *name, size_t *n)
{
	const cJSON *list = get_at(curve->json, text_of("series.%s", name));
	size_t count = (size_t)cJSON_GetArraySize(list), i = 0;
	double *values = keep(malloc((count + 1) * sizeof *values));
	const cJSON *item = NULL;
	cJSON_ArrayForEach(item, list) values[i++] = cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
	if (n)
		*n = count;
	return values;
}

void results_take(const struct server *server, const char *id, struct results *out)
{
	const struct reply *job = job_wait(server, id);
	*out = (struct results){ .step = number_at(job->json, "progress.step") };
	snprintf(out->stop_reason, sizeof out->stop_reason, "%s", string_at(job->json, "stop_reason"));
	out->weight = job_weights(server, id, "last", &out->weight_count);
	out->curve = client_get(server, text_of("/v1/jobs/%s/curve", id));
	expect(out->curve, 200);
}

void expect_results(const struct server *server, const char *id, const struct results *expected)
{
	struct results got;
	results_take(server, id, &got);
	ck_assert_str_eq(got.stop_reason, expected->stop_reason);
	ck_assert_double_eq(got.step, expected->step);
	ck_assert_uint_eq(got.weight_count, expected->weight_count);
	for (size_t i = 0; i < got.weight_count; i++)
		ck_assert_msg(memcmp(&got.weight[i], &expected->weight[i], sizeof(double)) == 0,
			      "weight %zu: %.17g and %.17g", i, got.weight[i], expected->weight[i]);
	const cJSON *series = NULL;
	cJSON_ArrayForEach(series, get_at(expected->curve->json, "series"))
	{
		if (strcmp(series->string, "seconds") == 0)
			continue;
		if (cJSON_IsArray(series->child))
			continue; /* parameters: the weights stand for them */
		size_t n, m;
		const double *a = curve_series(got.curve, series->string, &n);
		const double *b = curve_series(expected->curve, series->string, &m);
		ck_assert_uint_eq(n, m);
		for (size_t i = 0; i < n; i++)
			ck_assert_msg((isnan(a[i]) && isnan(b[i])) || memcmp(&a[i], &b[i], sizeof(double)) == 0,
				      "%s, point %zu: %.17g and %.17g", series->string, i, a[i], b[i]);
	}
}

void expect_same_results(const struct server *one_server, const char *one, const struct server *other_server,
			 const char *other)
{
	struct results expected;
	results_take(one_server, one, &expected);
	expect_results(other_server, other, &expected);
}

void expect_alive(const struct server *server, const char *job)
{
	expect(client_get(server, "/healthz"), 200);
	if (job == NULL)
		return;
	const struct reply *reply = client_get(server, text_of("/v1/jobs/%s", job));
	expect(reply, 200);
	ck_assert_str_eq(string_at(reply->json, "id"), job);
}
