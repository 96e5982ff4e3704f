/* Mini-batches: which rows an update sees, what a point and the best are made of. */
#include "tests/support/suite.h"
#include "tests/support/trial.h"

/* What rows each evaluation of a run saw. */
static struct {
	size_t count[64], row[64][TRIAL_ROWS], calls;
	double x[64][TRIAL_FEATURES];
} seen;

static double watch(const struct trial_objective *self, const double *theta, const struct batch *batch,
		    double *gradient)
{
	if (gradient != NULL) {
		seen.count[seen.calls] = batch->count;
		memcpy(seen.x[seen.calls], theta, sizeof seen.x[0]);
		for (size_t k = 0; k < batch->count; k++) {
			seen.row[seen.calls][k] =
				batch->index != NULL ? batch->index[batch->first + k] : batch->first + k;
		}
		seen.calls++;
	}
	return trial_least_squares(self, theta, batch, gradient);
}

static void watched_run(bool shuffle, uint64_t seed)
{
	struct trial trial;
	struct trial_data data;
	memset(&seen, 0, sizeof seen);
	trial_init(&trial, 0);
	trial_rows(&trial, &data, DTYPE_FLOAT64, 4);
	trial.objective.evaluate = watch;
	trial.setup.config.training.epochs = 3;
	trial.setup.config.training.shuffle = shuffle;
	trial.setup.config.training.seed = seed;
	ck_assert_int_eq(trial_run(&trial), STOP_EPOCHS);
	ck_assert_uint_eq(seen.calls, 9);
	ck_assert_uint_eq(trial_progress(&trial).rows_seen, 3 * TRIAL_ROWS);
	trial_end(&trial);
}

START_TEST(the_batches_of_an_epoch_cover_every_row_once)
{
	watched_run(true, 7);
	for (size_t epoch = 0; epoch < 3; epoch++) {
		unsigned rows = 0;
		for (size_t b = 3 * epoch; b < 3 * epoch + 3; b++) {
			ck_assert_uint_eq(seen.count[b], b % 3 == 2 ? 2 : 4);
			for (size_t k = 0; k < seen.count[b]; k++) {
				ck_assert_uint_eq(rows & 1u << seen.row[b][k], 0);
				rows |= 1u << seen.row[b][k];
			}
		}
		ck_assert_uint_eq(rows, (1u << TRIAL_ROWS) - 1);
	}
	ck_assert_mem_ne(seen.row[0], seen.row[3], 4 * sizeof seen.row[0][0]);
}
END_TEST

START_TEST(the_order_is_the_seeds_and_without_shuffling_the_files)
{
	size_t first[TRIAL_ROWS];
	watched_run(true, 7);
	memcpy(first, seen.row[0], sizeof first);
	watched_run(true, 7);
	ck_assert_mem_eq(first, seen.row[0], sizeof first);
	watched_run(true, 8);
	ck_assert_mem_ne(first, seen.row[0], sizeof first);
	watched_run(false, 7);
	for (size_t b = 0; b < 9; b++) {
		for (size_t k = 0; k < seen.count[b]; k++) {
			ck_assert_uint_eq(seen.row[b][k], b % 3 * 4 + k);
		}
	}
}
END_TEST

START_TEST(a_point_with_mini_batches_is_of_the_next_updates_batch)
{
	struct trial trial;
	struct trial_data data;
	memset(&seen, 0, sizeof seen);
	trial_init(&trial, 7);
	trial_rows(&trial, &data, DTYPE_FLOAT64, 4);
	trial.setup.validation = &data.validation;
	trial.objective.evaluate = watch;
	trial.setup.config.recording.every_steps = 2;
	ck_assert_int_eq(trial_run(&trial), STOP_STEPS);
	/* 0, 2, 4, 6 by every_steps, 3 and 6 by validation, 7 as the last. */
	static const uint64_t steps[] = { 0, 2, 3, 4, 6, 7 };
	ck_assert_uint_eq(trial.count, 6);
	for (size_t i = 0; i < 6; i++) {
		const struct curve_point *point = &trial.points[i];
		ck_assert_uint_eq(point->step, steps[i]);
		ck_assert_double_eq(point->epoch, (double)steps[i] / 3);
		const bool validated = steps[i] == 3 || steps[i] == 6 || steps[i] == 7;
		ck_assert_int_eq((point->measured & POINT_VALIDATION_LOSS) != 0, validated);
		ck_assert_int_eq((point->measured & POINT_TRAIN_LOSS) != 0, i < 5);
		ck_assert_int_eq((point->measured & POINT_GRADIENT_NORM) != 0, i < 5);
		ck_assert_uint_eq(point->measured & POINT_VALIDATION_ACCURACY, 0);
	}
	uint32_t index[TRIAL_ROWS];
	for (size_t k = 0; k < seen.count[3]; k++) {
		index[k] = (uint32_t)seen.row[3][k];
	}
	double g[TRIAL_FEATURES];
	const struct batch batch = { .data = &data.training, .index = index, .count = seen.count[3] };
	ck_assert_double_eq(trial.points[2].train_loss, trial_least_squares(&trial.objective, seen.x[3], &batch, g));
	ck_assert_double_eq_tol(trial.points[2].gradient_norm,
				sqrt(g[0] * g[0] + g[1] * g[1] + g[2] * g[2] + g[3] * g[3]), 1e-14);
	const struct batch validation = { .data = &data.validation, .count = TRIAL_VALIDATION_ROWS };
	ck_assert_double_eq(trial.points[2].validation_loss,
			    trial_least_squares(&trial.objective, seen.x[3], &validation, NULL));
	trial_end(&trial);
}
END_TEST

START_TEST(without_validation_the_best_epoch_is_told_by_its_mean_loss)
{
	struct trial trial;
	struct trial_data data;
	trial_init(&trial, 0);
	trial.setup.config.training.epochs = 30;
	trial_rows(&trial, &data, DTYPE_FLOAT64, 4);
	trial_number(&trial, "learning_rate", 0.3);
	trial_run(&trial);
	double best = INFINITY;
	uint64_t step = 0;
	for (size_t e = 0; e < 30; e++) {
		const struct curve_point *p = trial.points + 3 * e;
		const double mean = (p[0].train_loss + p[1].train_loss + p[2].train_loss) / 3;
		if (mean < best) {
			best = mean;
			step = 3 * e + 3;
		}
	}
	ck_assert_uint_eq(trial_progress(&trial).best_step, step);
	ck_assert_double_eq_tol(trial_progress(&trial).best_value, best, 1e-15);
	ck_assert_int_eq(trial_progress(&trial).best_metric, METRIC_TRAIN_LOSS);
	trial_end(&trial);
}
END_TEST

START_TEST(a_batch_no_smaller_than_the_rows_is_a_full_batch)
{
	struct trial full, large;
	struct trial_data data, again;
	trial_init(&full, 20);
	trial_rows(&full, &data, DTYPE_FLOAT64, 0);
	trial_init(&large, 20);
	trial_rows(&large, &again, DTYPE_FLOAT64, 10);
	trial_run(&full);
	trial_run(&large);
	ck_assert_uint_eq(trial_progress(&large).steps_per_epoch, 1);
	ck_assert_uint_eq(full.count, 21);
	ck_assert_mem_eq(full.points, large.points, 21 * sizeof *full.points);
	trial_end(&full);
	trial_end(&large);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("batches");
	TCase *batches = tcase_create("batches");
	tcase_add_test(batches, the_batches_of_an_epoch_cover_every_row_once);
	tcase_add_test(batches, the_order_is_the_seeds_and_without_shuffling_the_files);
	tcase_add_test(batches, a_batch_no_smaller_than_the_rows_is_a_full_batch);
	tcase_add_test(batches, without_validation_the_best_epoch_is_told_by_its_mean_loss);
	tcase_add_test(batches, a_point_with_mini_batches_is_of_the_next_updates_batch);
	suite_add_tcase(suite, batches);
	return suite_run(suite);
}
