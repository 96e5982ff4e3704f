/*
 * Optimizers that need more than element i: what they do tensor by tensor, over all of x, and with matrices, by loops
 * written here.
 */
#include "core/train/internal.h"
#include "tests/support/suite.h"
#include "tests/support/trial.h"

/* A bowl of a vector of 3, a matrix of 2 x 4, a vector of 2. */
enum { N = 13 };
static const struct tensor tensors[] = {
	{ .name = "first", .rank = 1, .shape = { 3 }, .size = 3 },
	{ .name = "matrix", .rank = 2, .shape = { 2, 4 }, .size = 8, .offset = 3 },
	{ .name = "last", .rank = 1, .shape = { 2 }, .size = 2, .offset = 11 },
};
enum { TENSORS = sizeof tensors / sizeof tensors[0] };

static void begin(struct trial *trial, const char *optimizer, uint64_t steps)
{
	trial_init(trial, steps);
	trial_objective_init(&trial->objective, DTYPE_FLOAT64, N, trial_bowl);
	trial->objective.base.tensor = tensors;
	trial->objective.base.tensors = TENSORS;
	trial_optimizer(trial, optimizer, "constant");
	trial->setup.config.recording.parameters = true;
}

static double gradient(const double *x, size_t i)
{
	return ((double)i + 1.385) * x[i];
}

static double norm(const double *x, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++) {
		sum += x[i] * x[i];
	}
	return sqrt(sum);
}

static void close_to(const double *ours, const double *theirs, size_t n, const char *what, size_t step)
{
	for (size_t i = 0; i < n; i++) {
		ck_assert_msg(fabs(ours[i] - theirs[i]) <= 1e-13, "%s: x[%zu] after step %zu is %.17g, not %.17g", what,
			      i, step, ours[i], theirs[i]);
	}
}

START_TEST(lars_scales_every_tensor_by_its_own_norms)
{
	struct trial trial;
	double m[N] = { 0 }, x[N];
	begin(&trial, "lars", 5);
	trial_number(&trial, "trust_coefficient", 0.0385);
	trial_run(&trial);
	memcpy(x, trial.parameters, sizeof x);
	for (size_t step = 1; step <= 5; step++) {
		for (size_t t = 0; t < TENSORS; t++) {
			double g[N];
			const size_t from = tensors[t].offset, count = tensors[t].size;
			for (size_t i = from; i < from + count; i++) {
				g[i] = gradient(x, i);
			}
			const double ratio = 0.0385 * norm(x + from, count) / norm(g + from, count);
			for (size_t i = from; i < from + count; i++) {
				m[i] = 0.9 * m[i] + ratio * g[i];
				x[i] -= m[i];
			}
		}
		close_to(trial.parameters + step * N, x, N, "lars", step);
	}
	trial_end(&trial);
}
END_TEST

START_TEST(dowg_is_distance_over_weighted_gradients)
{
	struct trial trial;
	double x[N], v = 0, r = 0.0385;
	begin(&trial, "dowg", 20);
	trial_number(&trial, "eps", 0.0385);
	trial_run(&trial);
	memcpy(x, trial.parameters, sizeof x);
	for (size_t step = 1; step <= 20; step++) {
		double g[N], moved[N];
		for (size_t i = 0; i < N; i++) {
			g[i] = gradient(x, i);
			moved[i] = x[i] - trial.parameters[i];
		}
		r = fmax(r, norm(moved, N));
		v += r * r * norm(g, N) * norm(g, N);
		for (size_t i = 0; i < N; i++) {
			x[i] -= r * r / sqrt(v) * g[i];
		}
		close_to(trial.parameters + step * N, x, N, "dowg", step);
	}
	ck_assert_double_lt(trial.points[20].train_loss, 0.7 * trial.points[0].train_loss);
	trial_end(&trial);
}
END_TEST

START_TEST(dowg_with_no_gradient_stays_where_it_is)
{
	struct trial trial;
	static const double x0[N] = { 0 };
	begin(&trial, "dowg", 3);
	trial.setup.initial = x0;
	ck_assert_int_eq(trial_run(&trial), STOP_STEPS);
	ck_assert_mem_eq(trainer_parameters(trial.trainer), x0, sizeof x0);
	trial_end(&trial);
}
END_TEST

/* What is no matrix goes the way of adamw with the companion's settings; the matrix does not. */
START_TEST(muon_leaves_vectors_to_its_companion)
{
	static const double betas[] = { 0.885, 0.965 };
	struct trial muon, adamw;
	begin(&muon, "muon", 6);
	trial_number(&muon, "companion_learning_rate", 0.0385);
	trial_number(&muon, "weight_decay", 0.285);
	trial_setting(&muon.setup.config.optimizer.settings, "companion_betas")->values = betas;
	trial_run(&muon);
	begin(&adamw, "adamw", 6);
	trial_number(&adamw, "learning_rate", 0.0385);
	trial_number(&adamw, "weight_decay", 0.285);
	trial_number(&adamw, "eps", 1e-10);
	trial_setting(&adamw.setup.config.optimizer.settings, "betas")->values = betas;
	trial_run(&adamw);
	const double *a = muon.parameters + 6 * N, *b = adamw.parameters + 6 * N;
	close_to(a, b, 3, "muon", 6);
	close_to(a + 11, b + 11, 2, "muon", 6);
	for (size_t i = 3; i < 11; i++) {
		ck_assert_double_gt(fabs(a[i] - b[i]), 1e-3);
	}
	trial_end(&muon);
	trial_end(&adamw);
}
END_TEST

START_TEST(a_schedule_scales_the_companion_too)
{
	struct trial trial;
	begin(&trial, "muon", 1);
	trial_number(&trial, "companion_learning_rate", 0.0385);
	trial.setup.config.optimizer.schedule.warmup_steps = 4;
	trial_run(&trial);
	/* Adam's first step is the rate by the sign. */
	ck_assert_double_eq_tol(trial.parameters[N] - trial.parameters[0], -0.0385 / 4, 1e-9);
	trial_end(&trial);
}
END_TEST

START_TEST(muon_without_a_matrix_is_refused_with_what_to_use)
{
	struct trial trial;
	struct error error;
	begin(&trial, "muon", 1);
	trial.objective.base.tensors = 1;
	trial.objective.base.n = 3;
	ck_assert_int_eq(trainer_create(&trial.setup, &trial.trainer, &error), E_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "use adamw"));
}
END_TEST

/* sum_ij u_ij^2 with u = g / sqrt(R C / mean(R)), from the means of the first gradient: b = 0 in the first update. */
START_TEST(adafactor_factors_the_matrix_and_not_the_vectors)
{
	struct trial trial;
	begin(&trial, "adafactor", 1);
	trial_number(&trial, "learning_rate", 0.0385);
	trial_number(&trial, "scale_parameter", 0);
	trial_run(&trial);
	const double *x = trial.parameters, *after = trial.parameters + N;
	for (size_t i = 0; i < 3; i++) {
		ck_assert_double_eq_tol(after[i], x[i] - 0.0385, 1e-13); /* g / |g| */
	}
	double R[2] = { 0 }, C[4] = { 0 }, u[8], squares = 0;
	for (size_t i = 0; i < 8; i++) {
		const double g = gradient(x, 3 + i);
		R[i / 4] += g * g / 4;
		C[i % 4] += g * g / 2;
	}
	for (size_t i = 0; i < 8; i++) {
		u[i] = gradient(x, 3 + i) / sqrt(R[i / 4] * C[i % 4] / ((R[0] + R[1]) / 2));
		squares += u[i] * u[i];
	}
	for (size_t i = 0; i < 8; i++) {
		const double clipped = u[i] / fmax(1, sqrt(squares / 8));
		ck_assert_double_eq_tol(after[3 + i], x[3 + i] - 0.0385 * clipped, 1e-13);
	}
	trial_end(&trial);
}
END_TEST

/* A dead unit of a dead input: no number of the row and none of the column. */
START_TEST(adafactor_in_float32_bears_rows_and_columns_of_zeros)
{
	struct trial trial;
	static const float x0[N] = { 1, 1, 1, 0, 0, 0, 0, 0, 2.385f, 3, 4, 1, 1 };
	begin(&trial, "adafactor", 8);
	trial.objective.base.dtype = DTYPE_FLOAT32;
	trial.setup.config.training.dtype = DTYPE_FLOAT32;
	trial.setup.initial = x0;
	ck_assert_int_eq(trial_run(&trial), STOP_STEPS);
	ck_assert_double_eq(trial.parameters[8 * N + 3], 0);
	ck_assert_double_lt(trial.parameters[8 * N + 8], 2.385);
	trial_end(&trial);
}
END_TEST

/* The rule on |dx| looks at whole updates as at others. */
START_TEST(a_whole_update_is_measured)
{
	struct trial trial;
	begin(&trial, "lamb", 50);
	trial.setup.config.stopping.parameter_change = 1e-30;
	trial_create(&trial);
	for (size_t step = 1; step <= 3; step++) {
		double moved[N];
		ck_assert_int_eq(trainer_advance(trial.trainer, 1), OK);
		trial_take(&trial);
		const double *x = trainer_parameters(trial.trainer), *before = trial.parameters + (step - 1) * N;
		for (size_t i = 0; i < N; i++) {
			moved[i] = x[i] - before[i];
		}
		ck_assert_double_eq_tol(trial.trainer->state->change, norm(moved, N), 1e-15);
		ck_assert_double_eq_tol(trial.trainer->state->norm, norm(x, N), 1e-14);
	}
	trial_end(&trial);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("optimizers of tensors");
	TCase *cases = tcase_create("tensors");
	tcase_add_test(cases, lars_scales_every_tensor_by_its_own_norms);
	tcase_add_test(cases, dowg_is_distance_over_weighted_gradients);
	tcase_add_test(cases, dowg_with_no_gradient_stays_where_it_is);
	tcase_add_test(cases, muon_leaves_vectors_to_its_companion);
	tcase_add_test(cases, a_schedule_scales_the_companion_too);
	tcase_add_test(cases, muon_without_a_matrix_is_refused_with_what_to_use);
	tcase_add_test(cases, adafactor_factors_the_matrix_and_not_the_vectors);
	tcase_add_test(cases, adafactor_in_float32_bears_rows_and_columns_of_zeros);
	tcase_add_test(cases, a_whole_update_is_measured);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
