/* The store's verbs, one by one, on real files. */
#include "tests/server/store_fixture.h"
#include "tests/support/suite.h"

#include <sys/stat.h>

#include "server/store/job_state.h"

static char folder[64];
static struct store *store;

static void set_up(void)
{
	fixture_folder(folder);
	store = fixture_open(folder);
}

static void tear_down(void)
{
	store_close(store);
	fixture_remove(folder);
}

START_TEST(a_missing_folder_is_made_for_its_owner_alone)
{
	char deep[128];
	struct stat info;
	struct store *other;
	snprintf(deep, sizeof deep, "%s/a/b", folder);
	other = fixture_open(deep);
	ck_assert_int_eq(stat(deep, &info), 0);
	ck_assert_int_eq(info.st_mode & 0777, 0700);
	ck_assert_int_eq(store_ping(other), OK);
	store_close(other);
}
END_TEST

START_TEST(a_second_store_on_the_same_folder_is_refused)
{
	struct store *second;
	struct error error = { 0 };
	ck_assert_int_eq(store_open(folder, &second, &error), E_BUSY);
	ck_assert_ptr_null(second);
	ck_assert_ptr_nonnull(strstr(error.text, "another descentd uses the folder"));
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_is_an_error_with_a_sentence)
{
	struct store *other;
	struct error error = { 0 };
	ck_assert_int_ne(store_open("/proc/none/here", &other, &error), OK);
	ck_assert_ptr_nonnull(strstr(error.text, "/proc/none/here"));
	ck_assert_int_eq(store_open("", &other, &error), E_INVALID);
}
END_TEST

START_TEST(a_job_comes_back_as_it_was_added)
{
	struct new_job job = fixture_job(store, "it's \"100%\" _fine_ \xc3\xa9");
	struct job_record record;
	job.validation_id = "";
	ck_assert_int_eq(store_add_job(store, &job, 10, NULL), OK);
	record = fixture_get(store, job.id);
	ck_assert_str_eq(record.id, job.id);
	ck_assert_str_eq(record.name, job.name);
	ck_assert_str_eq(record.spec, job.spec);
	ck_assert_uint_eq(record.spec_length, job.spec_length);
	ck_assert_str_eq(record.report, job.report);
	ck_assert_int_eq(record.status, JOB_QUEUED);
	ck_assert_uint_eq(record.queue_position, 1);
	ck_assert_uint_eq(record.attempt, 0);
	ck_assert(!record.cancel_pending);
	ck_assert_ptr_null(record.card);
	ck_assert_ptr_null(record.error);
	ck_assert_ptr_null(record.stop_reason);
	ck_assert(record.created_at > 1600000000000 && record.created_at == record.updated_at);
	ck_assert(record.started_at == 0 && record.finished_at == 0);
	ck_assert_str_eq(record.dataset_id, "");
	job_record_fini(&record);
	ck_assert_int_eq(store_get_job(store, "job_none", &record), E_NOT_FOUND);
}
END_TEST

START_TEST(the_same_id_is_not_added_twice)
{
	struct new_job job = fixture_job(store, NULL);
	struct error error = { 0 };
	uint64_t counts[JOB_STATUS_COUNT];
	ck_assert_int_eq(store_add_job(store, &job, 10, NULL), OK);
	ck_assert_int_eq(store_add_job(store, &job, 10, &error), E_CONFLICT);
	ck_assert_int_ne(error.text[0], 0);
	ck_assert_int_eq(store_count_jobs(store, counts), OK);
	ck_assert_uint_eq(counts[JOB_QUEUED], 1);
}
END_TEST

START_TEST(a_full_queue_refuses_a_job)
{
	struct new_job third = fixture_job(store, NULL);
	struct error error = { 0 };
	char id[ID_SIZE];
	fixture_add(store, NULL, id);
	fixture_add(store, NULL, id);
	ck_assert_int_eq(store_add_job(store, &third, 2, &error), E_FULL);
	ck_assert_ptr_nonnull(strstr(error.text, "2 jobs are queued"));
	fixture_claim(store, NULL);
	ck_assert_int_eq(store_add_job(store, &third, 2, NULL), OK);
}
END_TEST

START_TEST(the_place_in_the_queue_follows_what_happens_to_it)
{
	char id[5][ID_SIZE];
	enum job_status now;
	struct job_record record;
	uint64_t attempt;
	for (size_t i = 0; i < 5; i++) {
		fixture_add(store, NULL, id[i]);
	}
	attempt = fixture_claim(store, id[0]);
	ck_assert_int_eq(store_cancel_job(store, id[2], &now), OK);
	record = fixture_get(store, id[4]);
	ck_assert_uint_eq(record.queue_position, 3);
	job_record_fini(&record);
	ck_assert_int_eq(store_requeue_job(store, id[0], attempt), OK);
	record = fixture_get(store, id[0]);
	ck_assert_uint_eq(record.queue_position, 1);
	job_record_fini(&record);
	ck_assert_int_eq(store_delete_job(store, id[1]), OK);
	record = fixture_get(store, id[4]);
	ck_assert_uint_eq(record.queue_position, 3);
	job_record_fini(&record);
}
END_TEST

START_TEST(the_oldest_job_is_claimed_first)
{
	char first[ID_SIZE], second[ID_SIZE];
	struct job_record record;
	uint64_t memory;
	fixture_add(store, NULL, first);
	fixture_add(store, NULL, second);
	ck_assert_int_eq(store_claim_job(store, UINT64_MAX, &record, &memory), OK);
	ck_assert_str_eq(record.id, first);
	ck_assert_uint_eq(record.attempt, 1);
	ck_assert_uint_eq(memory, 2385);
	ck_assert(record.started_at != 0);
	ck_assert_uint_eq(record.queue_position, 0);
	ck_assert_ptr_nonnull(record.spec);
	job_record_fini(&record);
	fixture_claim(store, second);
	ck_assert_int_eq(store_claim_job(store, UINT64_MAX, &record, &memory), E_NOT_FOUND);
}
END_TEST

START_TEST(a_job_too_large_for_the_free_memory_waits_and_is_not_overtaken)
{
	struct new_job large = fixture_job(store, NULL);
	char small[ID_SIZE];
	struct job_record record;
	uint64_t memory;
	large.memory_bytes = 1000000;
	ck_assert_int_eq(store_add_job(store, &large, 10, NULL), OK);
	fixture_add(store, NULL, small);
	ck_assert_int_eq(store_claim_job(store, 999999, &record, &memory), E_BUSY);
	ck_assert_uint_eq(memory, 1000000);
	ck_assert_int_eq(fixture_status(store, large.id), JOB_QUEUED);
	ck_assert_int_eq(store_claim_job(store, 1000000, &record, &memory), OK);
	ck_assert_str_eq(record.id, large.id);
	job_record_fini(&record);
}
END_TEST

START_TEST(a_finished_job_has_all_that_its_ending_says)
{
	char id[ID_SIZE];
	struct job_record record;
	struct curve_point point = fixture_point(9);
	double last[3] = { 2.385, -1.5, 1e300 }, best[2] = { 0.1, 0.2 };
	struct job_ending ending = { .status = JOB_FAILED,
				     .stop_reason = "diverged",
				     .report = ",\"r\":2",
				     .step = 11,
				     .error = "{\"step\":11}",
				     .card = "the card",
				     .last = { 11, last, sizeof last },
				     .best = { 4, best, sizeof best },
				     .chunk = { 1, &point, NULL, 0 } };
	struct curve_slice slice;
	void *values;
	size_t length;
	uint64_t step, attempt;
	fixture_add(store, NULL, id);
	attempt = fixture_claim(store, id);
	ck_assert_int_eq(store_read_weights(store, id, "last", &step, &values, &length), E_NOT_FOUND);
	ck_assert_int_eq(store_finish_job(store, id, attempt, &ending), OK);
	record = fixture_get(store, id);
	ck_assert_int_eq(record.status, JOB_FAILED);
	ck_assert_str_eq(record.stop_reason, "diverged");
	ck_assert_str_eq(record.report, ",\"r\":2");
	ck_assert_str_eq(record.error, "{\"step\":11}");
	ck_assert_str_eq(record.card, "the card");
	ck_assert_uint_eq(record.step, 11);
	ck_assert(record.finished_at != 0);
	job_record_fini(&record);
	ck_assert_int_eq(store_read_weights(store, id, "last", &step, &values, &length), OK);
	ck_assert(step == 11 && length == sizeof last && memcmp(values, last, length) == 0);
	free(values);
	ck_assert_int_eq(store_read_weights(store, id, "best", &step, &values, &length), OK);
	ck_assert(step == 4 && length == sizeof best && memcmp(values, best, length) == 0);
	free(values);
	ck_assert_int_eq(store_read_points(store, id, 0, 10, &slice), OK);
	ck_assert(slice.count == 1 && slice.points_total == 1 && slice.status == JOB_FAILED);
	ck_assert_mem_eq(slice.points, &point, sizeof point);
	curve_slice_fini(&slice);
}
END_TEST

START_TEST(a_card_is_set_once)
{
	char id[ID_SIZE];
	uint64_t attempt;
	struct job_record record;
	fixture_add(store, NULL, id);
	attempt = fixture_claim(store, id);
	ck_assert_int_eq(store_append_points(store, id, attempt, NULL, ",\"a\":1", 0, "first"), OK);
	ck_assert_int_eq(store_append_points(store, id, attempt, NULL, NULL, 3, "second"), OK);
	fixture_flush(store);
	record = fixture_get(store, id);
	ck_assert_str_eq(record.card, "first");
	ck_assert_str_eq(record.report, ",\"a\":1");
	ck_assert_uint_eq(record.step, 3);
	job_record_fini(&record);
}
END_TEST

START_TEST(a_cancel_of_a_running_job_is_pending_until_it_ends)
{
	char id[ID_SIZE];
	enum job_status now;
	struct job_record record;
	uint64_t attempt;
	fixture_add(store, NULL, id);
	attempt = fixture_claim(store, id);
	ck_assert_int_eq(store_cancel_job(store, id, &now), OK);
	ck_assert_int_eq(now, JOB_RUNNING);
	ck_assert_int_eq(store_cancel_job(store, id, &now), OK);
	record = fixture_get(store, id);
	ck_assert(record.cancel_pending && record.status == JOB_RUNNING);
	job_record_fini(&record);
	ck_assert_int_eq(fixture_finish(store, id, attempt, JOB_CANCELLED), OK);
	record = fixture_get(store, id);
	ck_assert(!record.cancel_pending && record.status == JOB_CANCELLED);
	job_record_fini(&record);
	ck_assert_int_eq(store_cancel_job(store, id, &now), OK);
	ck_assert_int_eq(now, JOB_CANCELLED);
	ck_assert_int_eq(store_cancel_job(store, "job_none", &now), E_NOT_FOUND);
}
END_TEST

START_TEST(a_job_with_a_pending_cancel_is_not_queued_again)
{
	char id[ID_SIZE];
	enum job_status now;
	fixture_add(store, NULL, id);
	uint64_t attempt = fixture_claim(store, id);
	ck_assert_int_eq(store_cancel_job(store, id, &now), OK);
	ck_assert_int_eq(store_requeue_job(store, id, attempt), OK);
	ck_assert_int_eq(fixture_status(store, id), JOB_CANCELLED);
}
END_TEST

START_TEST(a_stale_owner_changes_nothing)
{
	char id[ID_SIZE];
	uint64_t old, new;
	struct job_record record;
	fixture_add(store, NULL, id);
	old = fixture_claim(store, id);
	ck_assert_int_eq(store_requeue_job(store, id, old), OK);
	ck_assert_int_eq(store_requeue_job(store, id, old), E_CONFLICT);
	new = fixture_claim(store, id);
	ck_assert_uint_eq(new, old + 1);
	ck_assert_int_eq(fixture_finish(store, id, old, JOB_SUCCEEDED), E_CONFLICT);
	ck_assert_int_eq(fixture_checkpoint(store, id, old, 5), E_CONFLICT);
	ck_assert_int_eq(store_restart_job(store, id, old), E_CONFLICT);
	ck_assert_int_eq(store_requeue_job(store, id, old), E_CONFLICT);
	ck_assert_int_eq(fixture_append(store, id, old, 1, 1, 5), OK); /* posted: the answer comes later */
	fixture_flush(store);
	ck_assert_int_eq(fixture_append(store, id, old, 6, 1, 5), E_CONFLICT);
	record = fixture_get(store, id);
	ck_assert_int_eq(record.status, JOB_RUNNING);
	ck_assert_uint_eq(record.step, 0);
	job_record_fini(&record);
	ck_assert_int_eq(fixture_append(store, id, new, 1, 1, 5), OK);
	ck_assert_int_eq(fixture_finish(store, id, new, JOB_SUCCEEDED), OK);
	ck_assert_int_eq(fixture_finish(store, id, new, JOB_FAILED), E_CONFLICT);
	ck_assert_int_eq(fixture_finish(store, "job_none", 1, JOB_FAILED), E_NOT_FOUND);
}
END_TEST

/* Brings a fresh job into a status; returns its attempt. */
static uint64_t bring(enum job_status status, char id[ID_SIZE])
{
	enum job_status now;
	uint64_t attempt = 0;
	fixture_add(store, NULL, id);
	if (status == JOB_CANCELLED) {
		ck_assert_int_eq(store_cancel_job(store, id, &now), OK);
	} else if (status != JOB_QUEUED) {
		attempt = fixture_claim(store, id);
		if (status != JOB_RUNNING) {
			ck_assert_int_eq(fixture_finish(store, id, attempt, status), OK);
		}
	}
	return attempt;
}

/* Every edge that a verb can make from each status is made exactly when the table allows it. */
START_TEST(statuses_change_only_along_the_edges)
{
	static const enum job_status from_all[] = { JOB_QUEUED, JOB_RUNNING, JOB_SUCCEEDED, JOB_FAILED, JOB_CANCELLED };
	static const enum job_status ends[] = { JOB_SUCCEEDED, JOB_FAILED, JOB_CANCELLED };
	enum job_status from = from_all[_i], now;
	char id[ID_SIZE];
	struct job_record record;
	uint64_t memory, attempt;
	for (size_t i = 0; i < 3; i++) { /* finish */
		attempt = bring(from, id);
		ck_assert_int_eq(fixture_finish(store, id, attempt, ends[i]), from == JOB_RUNNING ? OK : E_CONFLICT);
		ck_assert_int_eq(fixture_status(store, id), from == JOB_RUNNING ? ends[i] : from);
		ck_assert_int_eq(store_delete_job(store, id), OK);
	}
	attempt = bring(from, id); /* requeue */
	ck_assert_int_eq(store_requeue_job(store, id, attempt), from == JOB_RUNNING ? OK : E_CONFLICT);
	ck_assert_int_eq(fixture_status(store, id), from == JOB_RUNNING ? JOB_QUEUED : from);
	ck_assert_int_eq(store_delete_job(store, id), OK);
	bring(from, id); /* claim */
	ck_assert_int_eq(store_claim_job(store, UINT64_MAX, &record, &memory), from == JOB_QUEUED ? OK : E_NOT_FOUND);
	job_record_fini(&record);
	ck_assert_int_eq(fixture_status(store, id), from == JOB_QUEUED ? JOB_RUNNING : from);
	attempt = bring(from, id); /* cancel */
	ck_assert_int_eq(store_cancel_job(store, id, &now),
			 from == JOB_SUCCEEDED || from == JOB_FAILED ? E_CONFLICT : OK);
	ck_assert_int_eq(fixture_status(store, id), from == JOB_QUEUED ? JOB_CANCELLED : from);
	ck_assert_int_eq(fixture_status(store, id), now);
	/* delete */
	ck_assert_int_eq(store_delete_job(store, id), from == JOB_RUNNING ? E_CONFLICT : OK);
}
END_TEST

START_TEST(the_table_of_successors_is_the_diagram)
{
	for (int from = 0; from < JOB_STATUS_COUNT; from++) {
		ck_assert(!job_may_become((enum job_status)from, (enum job_status)from));
		if (job_status_ended((enum job_status)from)) {
			ck_assert_uint_eq(job_successors((enum job_status)from), 0);
		}
	}
	ck_assert(job_may_become(JOB_QUEUED, JOB_RUNNING) && job_may_become(JOB_QUEUED, JOB_CANCELLED));
	ck_assert(job_may_become(JOB_RUNNING, JOB_QUEUED) && job_may_become(JOB_RUNNING, JOB_SUCCEEDED));
	ck_assert(job_may_become(JOB_RUNNING, JOB_FAILED) && job_may_become(JOB_RUNNING, JOB_CANCELLED));
	ck_assert(job_may_become(JOB_PAUSED, JOB_CANCELLED));
	ck_assert(!job_may_become(JOB_QUEUED, JOB_SUCCEEDED) && !job_may_become(JOB_QUEUED, JOB_FAILED));
}
END_TEST

START_TEST(an_ending_that_is_none_is_refused)
{
	char id[ID_SIZE];
	uint64_t attempt = bring(JOB_RUNNING, id);
	ck_assert_int_eq(fixture_finish(store, id, attempt, JOB_QUEUED), E_INVALID);
	ck_assert_int_eq(fixture_finish(store, id, attempt, JOB_RUNNING), E_INVALID);
	ck_assert_int_eq(fixture_status(store, id), JOB_RUNNING);
}
END_TEST

START_TEST(deleting_a_job_removes_all_that_was_its)
{
	char id[ID_SIZE];
	uint64_t step, attempt = bring(JOB_RUNNING, id);
	struct curve_slice slice;
	void *state;
	char *build;
	size_t length;
	ck_assert_int_eq(fixture_append(store, id, attempt, 0, 1, 5), OK);
	ck_assert_int_eq(fixture_checkpoint(store, id, attempt, 5), OK);
	ck_assert_int_eq(store_delete_job(store, id), E_CONFLICT);
	ck_assert_int_eq(store_requeue_job(store, id, attempt), OK);
	ck_assert_int_eq(store_delete_job(store, id), OK);
	ck_assert_int_eq(store_delete_job(store, id), E_NOT_FOUND);
	ck_assert_int_eq(store_read_points(store, id, 0, 10, &slice), E_NOT_FOUND);
	ck_assert_int_eq(store_load_checkpoint(store, id, &step, &build, &state, &length), E_NOT_FOUND);
}
END_TEST

START_TEST(counts_follow_every_change)
{
	uint64_t counts[JOB_STATUS_COUNT];
	char id[ID_SIZE], gone[ID_SIZE];
	bring(JOB_SUCCEEDED, id);
	bring(JOB_CANCELLED, id);
	bring(JOB_CANCELLED, gone);
	bring(JOB_RUNNING, id);
	bring(JOB_QUEUED, id);
	ck_assert_int_eq(store_delete_job(store, gone), OK);
	ck_assert_int_eq(store_count_jobs(store, counts), OK);
	ck_assert_uint_eq(counts[JOB_SUCCEEDED], 1);
	ck_assert_uint_eq(counts[JOB_CANCELLED], 1);
	ck_assert_uint_eq(counts[JOB_RUNNING], 1);
	ck_assert_uint_eq(counts[JOB_QUEUED], 1);
	ck_assert_uint_eq(counts[JOB_FAILED] + counts[JOB_PAUSED], 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store");
	TCase *verbs = tcase_create("verbs");
	tcase_add_checked_fixture(verbs, set_up, tear_down);
	tcase_add_test(verbs, a_missing_folder_is_made_for_its_owner_alone);
	tcase_add_test(verbs, a_second_store_on_the_same_folder_is_refused);
	tcase_add_test(verbs, a_folder_that_cannot_be_made_is_an_error_with_a_sentence);
	tcase_add_test(verbs, a_job_comes_back_as_it_was_added);
	tcase_add_test(verbs, the_same_id_is_not_added_twice);
	tcase_add_test(verbs, a_full_queue_refuses_a_job);
	tcase_add_test(verbs, the_place_in_the_queue_follows_what_happens_to_it);
	tcase_add_test(verbs, the_oldest_job_is_claimed_first);
	tcase_add_test(verbs, a_job_too_large_for_the_free_memory_waits_and_is_not_overtaken);
	tcase_add_test(verbs, a_finished_job_has_all_that_its_ending_says);
	tcase_add_test(verbs, a_card_is_set_once);
	tcase_add_test(verbs, a_cancel_of_a_running_job_is_pending_until_it_ends);
	tcase_add_test(verbs, a_job_with_a_pending_cancel_is_not_queued_again);
	tcase_add_test(verbs, a_stale_owner_changes_nothing);
	tcase_add_loop_test(verbs, statuses_change_only_along_the_edges, 0, 5);
	tcase_add_test(verbs, the_table_of_successors_is_the_diagram);
	tcase_add_test(verbs, an_ending_that_is_none_is_refused);
	tcase_add_test(verbs, deleting_a_job_removes_all_that_was_its);
	tcase_add_test(verbs, counts_follow_every_change);
	suite_add_tcase(suite, verbs);
	return suite_run(suite);
}
