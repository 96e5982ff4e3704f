/* Curves: what is appended in any portions reads back exactly, and is cut off exactly. */
#include "tests/server/store_fixture.h"
#include "tests/support/suite.h"

#include "server/store/db.h"

static char folder[64];
static struct store *store;
static char id[ID_SIZE];
static uint64_t attempt;

static void set_up(void)
{
	fixture_folder(folder);
	store = fixture_open(folder);
	fixture_add(store, NULL, id);
	attempt = fixture_claim(store, id);
}

static void tear_down(void)
{
	store_close(store);
	fixture_remove(folder);
}

/* The stored curve from a step on is points of steps first, first + stride, ... */
static void check_curve(uint64_t from, size_t limit, uint64_t first, uint64_t stride, size_t count, uint64_t total)
{
	struct curve_slice slice;
	ck_assert_int_eq(store_read_points(store, id, from, limit, &slice), OK);
	ck_assert_uint_eq(slice.count, count);
	ck_assert_uint_eq(slice.points_total, total);
	for (size_t i = 0; i < count; i++) {
		struct curve_point point = fixture_point(first + i * stride);
		ck_assert_mem_eq(&slice.points[i], &point, sizeof point);
	}
	curve_slice_fini(&slice);
}

START_TEST(a_hundred_thousand_points_in_odd_portions_read_back_exactly)
{
	size_t sent = 0, portion = 1;
	while (sent < 100000) {
		size_t count = portion < 100000 - sent ? portion : 100000 - sent;
		ck_assert_int_eq(fixture_append(store, id, attempt, 3 * sent, 3, count), OK);
		sent += count;
		portion = portion * 7 % 2711 + 1;
	}
	fixture_flush(store);
	check_curve(0, 1000000, 0, 3, 100000, 100000);
	check_curve(2999, 5, 3000, 3, 5, 100000);
	check_curve(3000, 5, 3000, 3, 5, 100000);
	check_curve(3001, 5, 3003, 3, 5, 100000);
	check_curve(299997, 5, 299997, 3, 1, 100000);
	check_curve(299998, 5, 0, 1, 0, 100000);
	check_curve(0, 0, 0, 1, 0, 100000);
}
END_TEST

START_TEST(single_points_are_merged_into_few_rows)
{
	char path[128];
	struct db db;
	int64_t rows, largest;
	for (uint64_t step = 0; step < 5000; step++) {
		ck_assert_int_eq(fixture_append(store, id, attempt, step, 1, 1), OK);
	}
	fixture_flush(store);
	check_curve(0, 10000, 0, 1, 5000, 5000);
	snprintf(path, sizeof path, "%s/descentd.db", folder);
	ck_assert_int_eq(db_open(&db, path, DB_READER, NULL), OK);
	ck_assert_int_eq(db_get_int(&db, "SELECT count(*) FROM curve_chunk", DB_NONE, &rows), OK);
	ck_assert_int_eq(db_get_int(&db, "SELECT max(count) FROM curve_chunk", DB_NONE, &largest), OK);
	db_close(&db);
	ck_assert_int_le(rows, 5000 / 2048 + 11);
	ck_assert_int_eq(largest, 2048);
}
END_TEST

START_TEST(recorded_parameters_travel_with_their_points)
{
	enum { WIDTH = 3, PORTION = 5, PORTIONS = 40 };
	struct curve_slice slice;
	for (size_t at = 0; at < PORTIONS; at++) {
		struct curve_point *points = fixture_points(at * PORTION, 1, PORTION);
		double parameters[PORTION * WIDTH];
		struct points_chunk chunk = { PORTION, points, parameters, WIDTH };
		for (size_t i = 0; i < PORTION * WIDTH; i++) {
			parameters[i] = (double)(at * PORTION * WIDTH + i) * 2.385;
		}
		ck_assert_int_eq(store_append_points(store, id, attempt, &chunk, NULL, at, NULL), OK);
		free(points);
	}
	fixture_flush(store);
	ck_assert_int_eq(store_read_points(store, id, 17, 100, &slice), OK);
	ck_assert(slice.count == 100 && slice.n == WIDTH);
	ck_assert_uint_eq(slice.points[0].step, 17);
	for (size_t i = 0; i < 100 * WIDTH; i++) {
		ck_assert_double_eq(slice.parameters[i], (double)(17 * WIDTH + i) * 2.385);
	}
	curve_slice_fini(&slice);
	/* Points without parameters do not fit to those with. */
	ck_assert_int_eq(fixture_append(store, id, attempt, 1000, 1, 1), OK);
	fixture_flush(store);
	ck_assert_int_eq(fixture_append(store, id, attempt, 1001, 1, 1), E_INVALID);
}
END_TEST

START_TEST(steps_must_increase_within_a_portion_and_across)
{
	struct curve_point pair[2] = { fixture_point(5), fixture_point(5) };
	struct points_chunk chunk = { 2, pair, NULL, 0 };
	ck_assert_int_eq(store_append_points(store, id, attempt, &chunk, NULL, 5, NULL), E_INVALID);
	pair[0].step = 4;
	pair[1].step = UINT64_MAX;
	ck_assert_int_eq(store_append_points(store, id, attempt, &chunk, NULL, 5, NULL), E_INVALID);
	chunk.points = NULL;
	ck_assert_int_eq(store_append_points(store, id, attempt, &chunk, NULL, 5, NULL), E_INVALID);
	ck_assert_int_eq(fixture_append(store, id, attempt, 10, 1, 5), OK);
	ck_assert_int_eq(fixture_append(store, id, attempt, 14, 1, 5), OK); /* posted; refused when it runs */
	fixture_flush(store);
	check_curve(0, 100, 10, 1, 5, 5);
	ck_assert_int_eq(fixture_append(store, id, attempt, 15, 1, 5), E_CONFLICT);
	ck_assert_int_eq(fixture_checkpoint(store, id, attempt, 15), E_CONFLICT);
	ck_assert_int_eq(fixture_finish(store, id, attempt, JOB_SUCCEEDED), E_CONFLICT);
	ck_assert_int_eq(fixture_finish(store, id, attempt, JOB_FAILED), OK);
}
END_TEST

START_TEST(a_lost_portion_is_forgotten_when_the_job_is_claimed_again)
{
	ck_assert_int_eq(fixture_append(store, id, attempt, 10, 1, 5), OK);
	ck_assert_int_eq(fixture_append(store, id, attempt, 1, 1, 5), OK);
	fixture_flush(store);
	ck_assert_int_eq(fixture_append(store, id, attempt, 20, 1, 5), E_CONFLICT);
	ck_assert_int_eq(store_requeue_job(store, id, attempt), OK);
	attempt = fixture_claim(store, id);
	check_curve(0, 100, 0, 1, 0, 0);
	ck_assert_int_eq(fixture_append(store, id, attempt, 0, 1, 25), OK);
	ck_assert_int_eq(fixture_finish(store, id, attempt, JOB_SUCCEEDED), OK);
	check_curve(0, 100, 0, 1, 25, 25);
}
END_TEST

/* Cuts at every kind of place: before all, inside a row, at its ends, in later rows, after all. */
START_TEST(a_claim_cuts_off_exactly_the_points_after_the_checkpoint)
{
	static const uint64_t cuts[] = {
		0, 1, 2, 999, 2046, 2047, 2048, 2049, 5000, 6142, 6143, 6144, 9998, 9999, 12000
	};
	uint64_t cut = cuts[_i];
	size_t left = cut + 1 < 10000 ? (size_t)cut + 1 : 10000;
	size_t after = left < 10000 ? 10000 - left : 0;
	ck_assert_int_eq(fixture_append(store, id, attempt, 0, 1, left), OK);
	ck_assert_int_eq(fixture_checkpoint(store, id, attempt, cut), OK);
	if (after != 0) {
		ck_assert_int_eq(fixture_append(store, id, attempt, left, 1, after), OK);
	}
	ck_assert_int_eq(store_requeue_job(store, id, attempt), OK);
	check_curve(0, 20000, 0, 1, 10000, 10000);
	attempt = fixture_claim(store, id);
	check_curve(0, 20000, 0, 1, left, left);
	/* They are made again, and may now come in other portions. */
	for (uint64_t step = left; step < 10000 && step < left + 7; step++) {
		ck_assert_int_eq(fixture_append(store, id, attempt, step, 1, 1), OK);
	}
	fixture_flush(store);
	check_curve(0, 20000, 0, 1, left + (after < 7 ? after : 7), left + (after < 7 ? after : 7));
}
END_TEST

START_TEST(points_stored_before_a_checkpoint_but_later_than_its_step_are_cut_off)
{
	ck_assert_int_eq(fixture_append(store, id, attempt, 0, 1, 3000), OK);
	ck_assert_int_eq(fixture_checkpoint(store, id, attempt, 2385), OK);
	ck_assert_int_eq(store_requeue_job(store, id, attempt), OK);
	fixture_claim(store, id);
	check_curve(0, 20000, 0, 1, 2386, 2386);
}
END_TEST

START_TEST(the_point_of_the_checkpoints_step_that_came_later_is_cut_off)
{
	/* The state after 50 updates; point 50 is made in the step that follows. */
	ck_assert_int_eq(fixture_append(store, id, attempt, 0, 1, 50), OK);
	ck_assert_int_eq(fixture_checkpoint(store, id, attempt, 50), OK);
	ck_assert_int_eq(fixture_append(store, id, attempt, 50, 1, 50), OK);
	ck_assert_int_eq(store_requeue_job(store, id, attempt), OK);
	fixture_claim(store, id);
	check_curve(0, 20000, 0, 1, 50, 50);
}
END_TEST

START_TEST(cutting_keeps_the_parameters_of_the_points_that_stay)
{
	struct curve_point *points = fixture_points(0, 1, 100);
	double parameters[200];
	struct points_chunk chunk = { 100, points, parameters, 2 };
	struct checkpoint checkpoint = { .step = 41, .build = "b", .state = "s", .length = 1 };
	struct curve_slice slice;
	for (size_t i = 0; i < 200; i++) {
		parameters[i] = (double)i / 3;
	}
	ck_assert_int_eq(store_save_checkpoint(store, id, attempt, &checkpoint, &chunk, ",\"r\":1"), OK);
	ck_assert_int_eq(store_requeue_job(store, id, attempt), OK);
	fixture_claim(store, id);
	ck_assert_int_eq(store_read_points(store, id, 0, 1000, &slice), OK);
	ck_assert(slice.count == 42 && slice.n == 2);
	ck_assert_mem_eq(slice.parameters, parameters, 84 * sizeof(double));
	curve_slice_fini(&slice);
	free(points);
}
END_TEST

START_TEST(a_restart_begins_with_an_empty_curve)
{
	uint64_t step;
	char *build;
	void *state;
	size_t length;
	ck_assert_int_eq(fixture_append(store, id, attempt, 0, 1, 3000), OK);
	ck_assert_int_eq(fixture_checkpoint(store, id, attempt, 3000), OK);
	ck_assert_int_eq(store_restart_job(store, id, attempt), OK);
	check_curve(0, 10, 0, 1, 0, 0);
	ck_assert_int_eq(store_load_checkpoint(store, id, &step, &build, &state, &length), E_NOT_FOUND);
	ck_assert_int_eq(fixture_append(store, id, attempt, 0, 1, 10), OK);
	fixture_flush(store);
	check_curve(0, 20, 0, 1, 10, 10);
	struct job_record record = fixture_get(store, id);
	ck_assert_uint_eq(record.step, 9);
	ck_assert_int_eq(record.status, JOB_RUNNING);
	job_record_fini(&record);
}
END_TEST

START_TEST(one_portion_may_be_larger_than_all_that_may_be_pending)
{
	ck_assert_int_eq(fixture_append(store, id, attempt, 0, 1, 300000), OK); /* 21.6 MB */
	ck_assert_int_eq(fixture_append(store, id, attempt, 300000, 1, 100000), OK);
	ck_assert_int_eq(fixture_append(store, id, attempt, 400000, 1, 1), OK);
	fixture_flush(store);
	check_curve(399990, 20, 399990, 1, 11, 400001);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store curve");
	TCase *tests = tcase_create("curve");
	tcase_set_timeout(tests, 30);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_hundred_thousand_points_in_odd_portions_read_back_exactly);
	tcase_add_test(tests, single_points_are_merged_into_few_rows);
	tcase_add_test(tests, recorded_parameters_travel_with_their_points);
	tcase_add_test(tests, steps_must_increase_within_a_portion_and_across);
	tcase_add_test(tests, a_lost_portion_is_forgotten_when_the_job_is_claimed_again);
	tcase_add_loop_test(tests, a_claim_cuts_off_exactly_the_points_after_the_checkpoint, 0, 15);
	tcase_add_test(tests, points_stored_before_a_checkpoint_but_later_than_its_step_are_cut_off);
	tcase_add_test(tests, the_point_of_the_checkpoints_step_that_came_later_is_cut_off);
	tcase_add_test(tests, cutting_keeps_the_parameters_of_the_points_that_stay);
	tcase_add_test(tests, a_restart_begins_with_an_empty_curve);
	tcase_add_test(tests, one_portion_may_be_larger_than_all_that_may_be_pending);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
