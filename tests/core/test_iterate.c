/*
 * Optimizers that evaluate for themselves: no evaluation twice, the same bits after any interruption in every variant,
 * refusals.
 */
#include "tests/support/suite.h"
#include "tests/support/trial.h"

/* Every choice of every such optimizer that changes its path. */
static const struct variant {
	const char *optimizer, *setting;
	double number;
	const char *second;
	double other;
} variants[] = {
	{ "steepest_descent", "line_search", 0, NULL, 0 },
	{ "steepest_descent", "line_search", 1, NULL, 0 },
	{ "steepest_descent", "line_search", 2, NULL, 0 },
	{ "polyak", "f_star", 0, NULL, 0 },
	{ "polyak", "max_learning_rate", 0.00385, NULL, 0 },
	{ "barzilai_borwein", "variant", 1, NULL, 0 },
	{ "barzilai_borwein", "variant", 2, NULL, 0 },
	{ "normalized_gradient", "learning_rate", 0.0385, NULL, 0 },
	{ "trust_region", "epsilon", 0.00385, NULL, 0 },
	{ "conjugate_gradient", "variant", 1, NULL, 0 },
	{ "conjugate_gradient", "variant", 2, "restart_every", 3 },
	{ "conjugate_gradient", "variant", 3, "tolerance_grad", 0.1 },
	{ "conjugate_gradient", "variant", 4, NULL, 0 },
	{ "newton", "c1", 1e-4, NULL, 0 },
	{ "newton_cg", "c1", 1e-4, NULL, 0 },
	{ "newton_cg", "max_cg_iter", 2, NULL, 0 },
	{ "lbfgs", "line_search_fn", 0, NULL, 0 },
	{ "lbfgs", "line_search_fn", 1, "history_size", 2 },
	{ "lbfgs", "line_search_fn", 0, "max_iter", 4 },
	{ "lbfgs", "line_search_fn", 1, "max_iter", 4 },
	{ "lbfgs", "max_iter", 5, "history_size", 2 },
};
enum { VARIANTS = sizeof variants / sizeof variants[0], STEPS = 12 };

static void prepare(struct trial *trial, const struct variant *v, enum dtype dtype, bool clip)
{
	static const double wide[4] = { -1.2, 1, 0.385, -0.6 };
	static const float narrow[4] = { -1.2f, 1, 0.385f, -0.6f };

	trial_init(trial, STEPS);
	trial_function_init(&trial->objective, dtype, 4, "rosenbrock");
	trial->setup.initial = dtype == DTYPE_FLOAT64 ? (const void *)wide : narrow;
	trial->setup.config.training.dtype = dtype;
	trial_optimizer(trial, v->optimizer, "constant");
	trial_number(trial, v->setting, v->number);
	if (v->second != NULL) {
		trial_number(trial, v->second, v->other);
	}
	if (strcmp(v->optimizer, "lbfgs") == 0) {
		trial_number(trial, "learning_rate", v->number == 0 ? 0.385 : 1);
	}
	trial->setup.config.optimizer.clip_grad_norm = clip ? 25.385 : (double)NAN;
	trial->setup.config.stopping.parameter_change = 1e-300;
	trial->setup.config.recording.every_steps = 3;
	trial->setup.config.recording.parameters = true;
}

static void same(const struct trial *a, const struct trial *b, const char *what, uint64_t at)
{
	size_t size, other;
	const void *state = trainer_state(a->trainer, &size), *resumed = trainer_state(b->trainer, &other);

	ck_assert_uint_eq(size, other);
	ck_assert_msg(memcmp(state, resumed, size) == 0, "%s %s: another state after an interruption at %lu",
		      a->setup.config.optimizer.type->name, what, (unsigned long)at);
	ck_assert_uint_eq(a->count, b->count);
	ck_assert_mem_eq(a->points, b->points, a->count * sizeof *a->points);
	ck_assert_mem_eq(a->parameters, b->parameters, a->count * 4 * sizeof *a->parameters);
}

START_TEST(any_interruption_leaves_the_same_bits)
{
	const struct variant *v = &variants[_i];
	for (int kind = 0; kind < 4; kind++) {
		const enum dtype dtype = kind % 2 == 0 ? DTYPE_FLOAT64 : DTYPE_FLOAT32;
		struct trial whole;
		prepare(&whole, v, dtype, kind > 1);
		trial_run(&whole);
		for (uint64_t cut = 0; cut <= STEPS; cut++) {
			struct trial first, second;
			size_t size;
			prepare(&first, v, dtype, kind > 1);
			trial_create(&first);
			ck_assert_int_eq(trainer_advance(first.trainer, cut), OK);
			trial_take(&first);
			const void *state = trainer_state(first.trainer, &size);
			prepare(&second, v, dtype, kind > 1);
			trial_create(&second);
			ck_assert_int_eq(trainer_restore(second.trainer, state, size, NULL), OK);
			second.points = first.points;
			second.parameters = first.parameters;
			second.count = first.count;
			first.points = NULL;
			first.parameters = NULL;
			trial_end(&first);
			trial_finish(&second);
			same(&whole, &second, "resumed", cut);
			trial_end(&second);
		}
		trial_end(&whole);
	}
}
END_TEST

/* Whichever evaluation is given up, of a trial too, the run goes on to the same end; also from a copy of the state. */
START_TEST(a_cancelled_search_is_begun_anew_with_the_same_bits)
{
	const struct variant *v = &variants[_i];
	struct trial whole;
	prepare(&whole, v, DTYPE_FLOAT64, false);
	trial_run(&whole);
	for (size_t call = 1; call <= whole.objective.evaluations; call++) {
		struct trial trial, moved;
		size_t size;
		prepare(&trial, v, DTYPE_FLOAT64, false);
		trial.objective.cancel_at = call;
		trial_create(&trial);
		ck_assert_int_eq(trainer_advance(trial.trainer, 100), E_CANCELLED);
		trial_take(&trial);
		prepare(&moved, v, DTYPE_FLOAT64, false);
		trial_create(&moved);
		const void *state = trainer_state(trial.trainer, &size);
		ck_assert_int_eq(trainer_restore(moved.trainer, state, size, NULL), OK);
		for (size_t k = 0; k < trial.count; k++) {
			moved.points = realloc(moved.points, (k + 1) * sizeof *moved.points);
			moved.parameters = realloc(moved.parameters, (k + 1) * 4 * sizeof(double));
			moved.points[k] = trial.points[k];
			memcpy(moved.parameters + 4 * k, trial.parameters + 4 * k, 4 * sizeof(double));
		}
		moved.count = trial.count;
		trial_finish(&trial);
		trial_finish(&moved);
		same(&whole, &trial, "cancelled", call);
		same(&whole, &moved, "moved", call);
		trial_end(&trial);
		trial_end(&moved);
	}
	trial_end(&whole);
}
END_TEST

/* The objective's own count of calls is the run's, and where a search knows f and g at its end, no point is seen
 * twice. */
START_TEST(nothing_is_evaluated_twice)
{
	const struct variant *v = &variants[_i];
	struct trial trial;
	prepare(&trial, v, DTYPE_FLOAT64, false);
	trial.setup.config.recording.every_steps = 1;
	trial_run(&trial);
	const struct trainer_progress progress = trial_progress(&trial);
	const uint64_t most = progress.values > progress.gradients ? progress.values : progress.gradients;
	ck_assert_uint_ge(trial.objective.evaluations, most);
	ck_assert_uint_eq(trial.objective.values, progress.values);
	if (strcmp(v->optimizer, "lbfgs") == 0 && v->second == NULL && v->number == 0) {
		ck_assert_uint_eq(trial.objective.evaluations, STEPS + 1);
	}
	if (strcmp(v->optimizer, "conjugate_gradient") == 0) {
		ck_assert_uint_eq(progress.values, progress.gradients);
		ck_assert_uint_eq(trial.objective.evaluations, progress.values); /* x0, and the trials */
	}
	trial_end(&trial);
}
END_TEST

START_TEST(ascent_is_descent_on_the_negative_in_every_variant)
{
	const struct variant *v = &variants[_i];
	struct trial down, up;
	prepare(&down, v, DTYPE_FLOAT64, _i % 2 == 0);
	prepare(&up, v, DTYPE_FLOAT64, _i % 2 == 0);
	up.objective.scale = -1;
	up.setup.config.direction = MAXIMIZE;
	trial_run(&down);
	trial_run(&up);
	ck_assert_mem_eq(trainer_parameters(down.trainer), trainer_parameters(up.trainer), 4 * sizeof(double));
	ck_assert_uint_eq(down.count, up.count);
	for (size_t k = 0; k < down.count; k++) {
		ck_assert_double_eq(down.points[k].train_loss, -up.points[k].train_loss);
	}
	trial_end(&down);
	trial_end(&up);
}
END_TEST

/* Those that promise it: f never rises. */
START_TEST(a_search_never_goes_up)
{
	const struct variant *v = &variants[_i];
	const bool searches =
		strcmp(v->optimizer, "steepest_descent") == 0 || strcmp(v->optimizer, "conjugate_gradient") == 0 ||
		strncmp(v->optimizer, "newton", 6) == 0 || (strcmp(v->optimizer, "lbfgs") == 0 && v->number != 0);
	struct trial trial;
	prepare(&trial, v, DTYPE_FLOAT64, false);
	trial.setup.config.recording.every_steps = 1;
	trial.setup.config.training.steps = 200;
	trial_run(&trial);
	for (size_t k = 1; searches && k < trial.count; k++) {
		ck_assert_double_le(trial.points[k].train_loss, trial.points[k - 1].train_loss + 1e-14);
	}
	trial_end(&trial);
}
END_TEST

START_TEST(what_an_optimizer_needs_is_checked_when_a_run_is_made)
{
	struct trial trial;
	struct trial_data data;
	struct error error;
	trial_init(&trial, 5);
	trial_rows(&trial, &data, DTYPE_FLOAT64, 4);
	trial_optimizer(&trial, "lbfgs", "constant");
	ck_assert_int_eq(trainer_create(&trial.setup, &trial.trainer, &error), E_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "full batch"));
	trial_init(&trial, 5);
	trial_function_init(&trial.objective, DTYPE_FLOAT64, 2, "rosenbrock");
	trial_optimizer(&trial, "conjugate_gradient", "constant");
	trial_number(&trial, "variant", 0);
	ck_assert_int_eq(trainer_create(&trial.setup, &trial.trainer, &error), E_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "quadratic"));
}
END_TEST

START_TEST(linear_conjugate_gradients_solve_n_equations_in_n_steps)
{
	struct trial trial;
	for (int dtype = 0; dtype < 2; dtype++) {
		trial_init(&trial, 7);
		trial_objective_init(&trial.objective, (enum dtype)dtype, 7, trial_bowl);
		trial.setup.config.training.dtype = (enum dtype)dtype;
		trial_optimizer(&trial, "conjugate_gradient", "constant");
		trial_number(&trial, "variant", 0);
		trial_run(&trial);
		ck_assert_double_le(trial.points[7].gradient_norm, dtype == DTYPE_FLOAT32 ? 1e-4 : 1e-12);
		ck_assert_uint_eq(trial_progress(&trial).gradients, 7 + 8);
		trial_end(&trial);
	}
}
END_TEST

START_TEST(newton_solves_a_quadratic_in_one_step_and_newton_cg_in_a_few)
{
	static const char *const names[] = { "newton", "newton_cg" };
	for (size_t i = 0; i < 2; i++) {
		struct trial trial;
		trial_init(&trial, 12);
		trial_objective_init(&trial.objective, DTYPE_FLOAT64, 7, trial_bowl);
		trial_optimizer(&trial, names[i], "constant");
		trial.setup.config.stopping.gradient_norm = 1e-12;
		ck_assert_int_eq(trial_run(&trial), STOP_GRADIENT_NORM);
		ck_assert_uint_le(trial_progress(&trial).step, i == 0 ? 1 : 12);
		trial_end(&trial);
	}
}
END_TEST

/* f = x^4 / 4 - x^2 / 2 + y^2 has a saddle at 0: H is indefinite around it, and both get away from there downhill. */
static double saddle(const struct trial_objective *self, const double *x, const struct batch *batch, double *gradient)
{
	(void)self;
	(void)batch;
	if (gradient != NULL) {
		gradient[0] = x[0] * x[0] * x[0] - x[0];
		gradient[1] = 2 * x[1];
	}
	return x[0] * x[0] * x[0] * x[0] / 4 - x[0] * x[0] / 2 + x[1] * x[1];
}

START_TEST(newton_leaves_a_saddle_downhill)
{
	static const char *const names[] = { "newton", "newton_cg" };
	for (size_t i = 0; i < 2; i++) {
		const double x0[2] = { 0.0385, 0.385 };
		struct trial trial;
		trial_init(&trial, 60);
		trial_objective_init(&trial.objective, DTYPE_FLOAT64, 2, saddle);
		trial_optimizer(&trial, names[i], "constant");
		trial.setup.initial = x0;
		trial.setup.config.stopping.gradient_norm = 1e-10;
		ck_assert_int_eq(trial_run(&trial), STOP_GRADIENT_NORM);
		ck_assert_double_eq_tol(trial_progress(&trial).last.train_loss, -0.25, 1e-12);
		trial_end(&trial);
	}
}
END_TEST

/* With mini-batches the trials see the rows of the update, and nothing is carried over to the next. */
START_TEST(a_step_on_a_mini_batch_uses_the_value_of_that_batch)
{
	struct trial trial;
	struct trial_data data;
	trial_init(&trial, 9);
	trial_rows(&trial, &data, DTYPE_FLOAT64, 4);
	trial_optimizer(&trial, "polyak", "constant");
	trial_run(&trial);
	ck_assert_uint_eq(trial.objective.evaluations, 9);
	for (size_t k = 0; k < 9; k++) {
		const struct curve_point *p = &trial.points[k];
		ck_assert_double_eq_tol(p->learning_rate * p->gradient_norm * p->gradient_norm, p->train_loss, 1e-14);
	}
	trial_end(&trial);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("iterate");
	TCase *runs = tcase_create("runs");
	tcase_set_timeout(runs, 120);
	tcase_add_loop_test(runs, any_interruption_leaves_the_same_bits, 0, VARIANTS);
	tcase_add_loop_test(runs, a_cancelled_search_is_begun_anew_with_the_same_bits, 0, VARIANTS);
	tcase_add_loop_test(runs, nothing_is_evaluated_twice, 0, VARIANTS);
	tcase_add_loop_test(runs, ascent_is_descent_on_the_negative_in_every_variant, 0, VARIANTS);
	tcase_add_loop_test(runs, a_search_never_goes_up, 0, VARIANTS);
	tcase_add_test(runs, what_an_optimizer_needs_is_checked_when_a_run_is_made);
	tcase_add_test(runs, linear_conjugate_gradients_solve_n_equations_in_n_steps);
	tcase_add_test(runs, newton_solves_a_quadratic_in_one_step_and_newton_cg_in_a_few);
	tcase_add_test(runs, newton_leaves_a_saddle_downhill);
	tcase_add_test(runs, a_step_on_a_mini_batch_uses_the_value_of_that_batch);
	suite_add_tcase(suite, runs);
	return suite_run(suite);
}
