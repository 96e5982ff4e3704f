/* Ids that sort by creation, whatever the clock does; and the queue's order in memory. */
#include "tests/server/store_fixture.h"
#include "tests/support/suite.h"

#include "server/store/ids.h"
#include "server/store/waiting.h"

START_TEST(ids_sort_by_creation_within_a_millisecond_and_when_the_clock_steps_back)
{
	static const int64_t moments[] = {
		1700000000000, 1700000000000, 1700000000001, 1699999999000, 5, 1700000000002
	};
	struct ids ids;
	char last[ID_SIZE] = "", id[ID_SIZE];
	ck_assert_int_eq(ids_init(&ids), OK);
	for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
		for (int j = 0; j < 70000; j++) { /* more than a millisecond's counter holds */
			ids_make(&ids, "job", moments[i], id);
			ck_assert_int_gt(strcmp(id, last), 0);
			memcpy(last, id, sizeof last);
		}
	}
	ck_assert_uint_eq(strlen(id), 4 + 22);
	ck_assert_uint_eq(strspn(id + 4, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"), 22);
	ids_fini(&ids);
}
END_TEST

START_TEST(ids_go_on_after_those_that_were_stored)
{
	struct ids first, second;
	char stored[ID_SIZE], next[ID_SIZE];
	ck_assert_int_eq(ids_init(&first), OK);
	ck_assert_int_eq(ids_init(&second), OK);
	ids_make(&first, "ds", 1700000000000, stored);
	ids_seen(&second, "job_not one of ours");
	ids_seen(&second, "");
	ids_seen(&second, "job_zzzzzzzzzzzzzzzzzzzzzz"); /* above 2^128: no id of ours */
	ids_seen(&second, stored);
	ids_make(&second, "ds", 1699999000000, next);
	ck_assert_int_gt(strcmp(next, stored), 0);
	ids_make(&second, "ds", 1700000001000, stored);
	ck_assert_int_gt(strcmp(stored, next), 0);
	ids_fini(&first);
	ids_fini(&second);
}
END_TEST

START_TEST(a_store_that_opens_goes_on_after_its_greatest_id)
{
	char folder[64], id[ID_SIZE], fresh[ID_SIZE];
	struct store *store;
	struct ids ahead;
	struct new_job job;
	fixture_folder(folder);
	store = fixture_open(folder);
	ck_assert_int_eq(ids_init(&ahead), OK);
	job = fixture_job(store, NULL);
	ids_make(&ahead, "job", clock_milliseconds() + 60000, id); /* the clock was a minute ahead */
	memcpy(job.id, id, sizeof id);
	ck_assert_int_eq(store_add_job(store, &job, 10, NULL), OK);
	store_close(store);
	store = fixture_open(folder);
	store_make_id(store, "job", fresh);
	ck_assert_int_gt(strcmp(fresh, id), 0);
	store_close(store);
	ids_fini(&ahead);
	fixture_remove(folder);
}
END_TEST

/* Against a plain model: a set of numbers. */
START_TEST(the_queues_order_is_that_of_a_sorted_set)
{
	enum { UNIVERSE = 500 };
	bool in[UNIVERSE] = { false };
	struct waiting waiting;
	unsigned seed = 2385;
	char id[ID_SIZE];
	waiting_init(&waiting);
	ck_assert(waiting_empty(&waiting));
	for (int i = 0; i < 20000; i++) {
		unsigned at = (seed = seed * 1664525u + 1013904223u) >> 8, place = 1;
		bool put = (at / UNIVERSE) % 3 != 0;
		at %= UNIVERSE;
		snprintf(id, sizeof id, "job_%05u", at);
		ck_assert_int_eq(waiting_follow(&waiting, id, put ? JOB_QUEUED : JOB_RUNNING), OK);
		in[at] = put;
		at = seed % UNIVERSE;
		snprintf(id, sizeof id, "job_%05u", at);
		for (unsigned j = 0; j < at; j++) {
			place += in[j];
		}
		ck_assert_uint_eq(waiting_place(&waiting, id), place);
	}
	for (unsigned j = 0; j < UNIVERSE; j++) {
		snprintf(id, sizeof id, "job_%05u", j);
		ck_assert_int_eq(waiting_follow(&waiting, id, JOB_CANCELLED), OK);
	}
	ck_assert(waiting_empty(&waiting));
	waiting_fini(&waiting);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store ids");
	TCase *tests = tcase_create("ids");
	tcase_add_test(tests, ids_sort_by_creation_within_a_millisecond_and_when_the_clock_steps_back);
	tcase_add_test(tests, ids_go_on_after_those_that_were_stored);
	tcase_add_test(tests, a_store_that_opens_goes_on_after_its_greatest_id);
	tcase_add_test(tests, the_queues_order_is_that_of_a_sorted_set);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
