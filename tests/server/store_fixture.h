/* What the tests of the store share: a store in a folder of its own, and small jobs, datasets and points. */
#ifndef TESTS_SERVER_STORE_FIXTURE_H
#define TESTS_SERVER_STORE_FIXTURE_H

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/store/store.h"

/* A fresh folder under the system's temporary one. */
static inline void fixture_folder(char folder[64])
{
	strcpy(folder, "/tmp/store-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static inline void fixture_remove(const char *folder)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

static inline struct store *fixture_open(const char *folder)
{
	struct store *store;
	struct error error = { 0 };
	enum status status = store_open(folder, &store, &error);
	ck_assert_msg(status == OK, "%s", error.text);
	return store;
}

/* Files in folder/name. */
static inline size_t fixture_files(const char *folder, const char *name)
{
	char path[128];
	const struct dirent *entry;
	size_t count = 0;
	DIR *stream;
	snprintf(path, sizeof path, "%s/%s", folder, name);
	stream = opendir(path);
	while (stream != NULL && (entry = readdir(stream)) != NULL) {
		count += entry->d_name[0] != '.';
	}
	if (stream != NULL) {
		closedir(stream);
	}
	return count;
}

/* A new job of this name (or NULL); its id goes to id. */
static inline struct new_job fixture_job(struct store *store, const char *name)
{
	struct new_job job = { .name = name,
			       .spec = "{\"model\":{\"type\":\"function\"}}",
			       .report = ",\"progress\":{}",
			       .model = "function",
			       .optimizer = "sgd",
			       .memory_bytes = 2385 };
	job.spec_length = strlen(job.spec);
	store_make_id(store, "job", job.id);
	return job;
}

static inline void fixture_add(struct store *store, const char *name, char id[ID_SIZE])
{
	struct new_job job = fixture_job(store, name);
	ck_assert_int_eq(store_add_job(store, &job, 1000000, NULL), OK);
	memcpy(id, job.id, ID_SIZE);
}

/* Claims the oldest job and returns its attempt; it must be `id` unless that is NULL. */
static inline uint64_t fixture_claim(struct store *store, const char *id)
{
	struct job_record record;
	uint64_t attempt, memory;
	ck_assert_int_eq(store_claim_job(store, UINT64_MAX, &record, &memory), OK);
	ck_assert_int_eq(record.status, JOB_RUNNING);
	if (id != NULL) {
		ck_assert_str_eq(record.id, id);
	}
	attempt = record.attempt;
	job_record_fini(&record);
	return attempt;
}

static inline struct job_record fixture_get(struct store *store, const char *id)
{
	struct job_record record;
	ck_assert_int_eq(store_get_job(store, id, &record), OK);
	return record;
}

static inline enum job_status fixture_status(struct store *store, const char *id)
{
	struct job_record record = fixture_get(store, id);
	enum job_status status = record.status;
	job_record_fini(&record);
	return status;
}

/* The point of a step: every field tells of it. */
static inline struct curve_point fixture_point(uint64_t step)
{
	double k = (double)step;
	struct curve_point point = { .step = step,
				     .epoch = k / 7,
				     .seconds = k * 0.001,
				     .learning_rate = 0.02385,
				     .train_loss = 2.385 / (k + 1),
				     .gradient_norm = k * 1.25 + 0.5,
				     .validation_loss = 1 / (k + 3.7),
				     .validation_accuracy = k / (k + 2.385),
				     .measured = POINT_TRAIN_LOSS };
	return point;
}

/* Points of steps first, first + stride, ...; returned owned. */
static inline struct curve_point *fixture_points(uint64_t first, uint64_t stride, size_t count)
{
	struct curve_point *points = malloc(count * sizeof *points);
	ck_assert_ptr_nonnull(points);
	for (size_t i = 0; i < count; i++) {
		points[i] = fixture_point(first + i * stride);
	}
	return points;
}

static inline enum status fixture_append(struct store *store, const char *id, uint64_t attempt, uint64_t first,
					 uint64_t stride, size_t count)
{
	struct curve_point *points = fixture_points(first, stride, count);
	struct points_chunk chunk = { .count = count, .points = points };
	enum status status = store_append_points(store, id, attempt, &chunk, ",\"progress\":{\"x\":1}",
						 first + (count - 1) * stride, NULL);
	free(points);
	return status;
}

/* A small checkpoint at a step, without points. */
static inline enum status fixture_checkpoint(struct store *store, const char *id, uint64_t attempt, uint64_t step)
{
	struct checkpoint checkpoint = { .step = step, .build = "0.1.0 test", .state = "state 2.385", .length = 11 };
	return store_save_checkpoint(store, id, attempt, &checkpoint, NULL, NULL);
}

static inline enum status fixture_finish(struct store *store, const char *id, uint64_t attempt, enum job_status status)
{
	struct job_ending ending = {
		.status = status, .stop_reason = "steps", .report = ",\"progress\":{\"end\":1}", .step = 7
	};
	return store_finish_job(store, id, attempt, &ending);
}

/* Whatever was posted before is committed when this returns: a durable verb queues behind it. */
static inline void fixture_flush(struct store *store)
{
	enum job_status now;
	ck_assert_int_eq(store_cancel_job(store, "job_none", &now), E_NOT_FOUND);
}

#endif
