/*
 * Solvers of linear models: the same bits for any threads, both precisions alike, what is ill-conditioned or not
 * determined, l1 with every optimizer.
 */
#include <math.h>
#include <stdio.h>

#include "core/train/trainer.h"
#include "tests/core/modelling.h"
#include "tests/support/suite.h"

enum { ROWS = 1385, FEATURES = 6, SETTINGS = 16, THREADS = 3 };

/* A model, its data, and a run of an optimizer on it. */
struct run {
	struct modelling modelling;
	struct objective *objective;
	struct data_view data;
	struct trainer_setup setup;
	struct setting_value value[SETTINGS];
	struct setting_value schedule[SETTINGS];
	struct executor serial;
	struct trainer *trainer;
};

static void start(struct run *run, const char *model, enum dtype dtype, double l1, double l2)
{
	const bool classes = strcmp(model, "linear_regression") != 0;
	const size_t kinds = strcmp(model, "softmax_regression") == 0 ? 3 : 2;
	const struct model_shape shape = { .features = FEATURES, .targets = !classes, .classes = classes ? kinds : 0 };
	memset(run, 0, sizeof *run);
	modelling_start(&run->modelling, model, NULL, &shape);
	modelling_set(&run->modelling, "l1", l1);
	modelling_set(&run->modelling, "l2", l2);
	run->objective = modelling_build(&run->modelling, &shape, dtype, THREADS);
	run->data = modelling_data(dtype, ROWS, &shape);
	run->serial = executor_serial();
	run->setup = (struct trainer_setup){
		.config = { .optimizer = { .clip_grad_norm = NAN, .clip_grad_value = NAN },
			    .training = { .shuffle = true, .seed = 7, .dtype = dtype },
			    .stopping = { .gradient_norm = NAN,
					  .loss_change = NAN,
					  .parameter_change = NAN,
					  .target_loss = NAN,
					  .max_seconds = NAN },
			    .recording = { .every_steps = 1000000 } },
		.objective = run->objective,
		.training = &run->data,
		.executor = &run->serial,
	};
}

/* The run's trainer; learning_rate NAN: the optimizer's own. */
static enum status prepare(struct run *run, const char *optimizer, double learning_rate, uint64_t batch, uint64_t steps,
			   struct error *error)
{
	struct train_config *config = &run->setup.config;
	config->optimizer.type = optimizer_find(optimizer);
	ck_assert_ptr_nonnull(config->optimizer.type);
	const struct optimizer_type *type = config->optimizer.type;
	settings_defaults(type->settings, type->setting_count, run->value);
	for (size_t i = 0; i < type->setting_count; i++) {
		if (strcmp(type->settings[i].name, "learning_rate") == 0) {
			run->value[i].number = learning_rate;
		} else if (strcmp(type->settings[i].name, "momentum") == 0) {
			run->value[i].number = 0.785;
		} else if (strcmp(type->settings[i].name, "weight_decay") == 0) {
			run->value[i].number = 0; /* it would move the minimum */
		}
	}
	config->optimizer.settings = (struct settings){ type->settings, type->setting_count, run->value };
	const struct schedule_type *constant = schedule_find("constant");
	settings_defaults(constant->settings, constant->setting_count, run->schedule);
	config->optimizer.schedule =
		(struct schedule_config){ .type = constant,
					  .settings = { constant->settings, constant->setting_count, run->schedule } };
	config->training.batch_size = batch;
	config->training.steps = steps;
	return trainer_create(&run->setup, &run->trainer, error);
}

static void run_to_end(struct run *run, const char *optimizer, double learning_rate, uint64_t batch, uint64_t steps)
{
	struct error error = { .text = "" };
	ck_assert_msg(prepare(run, optimizer, learning_rate, batch, steps, &error) == OK, "%s: %s", optimizer,
		      error.text);
	while (trainer_reason(run->trainer) == STOP_NONE) {
		ck_assert_int_eq(trainer_advance(run->trainer, 1000), OK);
		trainer_take_points(run->trainer, &(const struct curve_point *){ NULL }, NULL);
	}
	ck_assert_int_eq(trainer_reason(run->trainer), STOP_STEPS);
}

static void end(struct run *run)
{
	trainer_destroy(run->trainer);
	objective_destroy(run->objective);
	modelling_free(&run->data);
}

static double weight(const struct run *run, size_t i)
{
	const void *theta = trainer_parameters(run->trainer);
	return run->setup.config.training.dtype == DTYPE_FLOAT32 ? (double)((const float *)theta)[i]
								 : ((const double *)theta)[i];
}

static const struct solver {
	const char *optimizer, *model;
	double l1, l2;
	uint64_t batch, steps;
} solvers[] = {
	{ "normal_equations", "linear_regression", 0, 0.0385, 0, 2 },
	{ "coordinate_descent", "linear_regression", 0.0385, 0.1, 0, 60 },
	{ "coordinate_descent", "logistic_regression", 0.00385, 0, 0, 20 },
	{ "coordinate_descent", "softmax_regression", 0.00385, 0.01, 0, 20 },
	{ "newton", "softmax_regression", 0, 0.01, 0, 10 },
	{ "newton_cg", "logistic_regression", 0, 0.01, 0, 20 },
	{ "svrg", "logistic_regression", 0.00385, 0.1, 16, 9000 },
	{ "saga", "softmax_regression", 0.00385, 0.1, 3, 30000 },
	{ "saga", "linear_regression", 0.0385, 0.1, 1, 30000 },
	{ "lbfgs", "logistic_regression", 0.00385, 0.01, 0, 200 },
	{ "lbfgs", "softmax_regression", 0.0385, 0.01, 0, 200 },
	{ "barzilai_borwein", "softmax_regression", 0.00385, 0.01, 0, 400 },
};
enum { SOLVERS = sizeof solvers / sizeof solvers[0] };

START_TEST(a_solver_gives_the_same_bits_on_one_thread_and_on_three)
{
	const struct solver *s = &solvers[_i];
	static struct threads threads;
	struct run one, three;
	size_t size, other;
	threads_init(&threads, THREADS);
	start(&one, s->model, DTYPE_FLOAT64, s->l1, s->l2);
	start(&three, s->model, DTYPE_FLOAT64, s->l1, s->l2);
	three.setup.executor = &threads.base;
	const uint64_t steps = s->steps < 200 ? s->steps : 200;
	run_to_end(&one, s->optimizer, NAN, s->batch, steps);
	run_to_end(&three, s->optimizer, NAN, s->batch, steps);
	const void *a = trainer_state(one.trainer, &size), *b = trainer_state(three.trainer, &other);
	ck_assert_uint_eq(size, other);
	ck_assert_mem_eq(a, b, size);
	end(&one);
	end(&three);
}
END_TEST

/* Newton's end, or that of coordinate descent, is the reference; float32 comes as near as its digits allow. */
START_TEST(both_precisions_end_at_the_same_minimum)
{
	const struct solver *s = &solvers[_i];
	struct run reference, wide, narrow;
	start(&reference, s->model, DTYPE_FLOAT64, s->l1, s->l2);
	start(&wide, s->model, DTYPE_FLOAT64, s->l1, s->l2);
	start(&narrow, s->model, DTYPE_FLOAT32, s->l1, s->l2);
	run_to_end(&reference, s->l1 == 0 ? "newton" : "coordinate_descent", NAN, 0, 100);
	run_to_end(&wide, s->optimizer, NAN, s->batch, s->steps);
	run_to_end(&narrow, s->optimizer, NAN, s->batch, s->steps);
	for (size_t i = 0; i < reference.objective->n; i++) {
		const double a = weight(&reference, i);
		ck_assert_msg(fabs(weight(&wide, i) - a) <= 1e-7, "%s: %.17g instead of %.17g", s->optimizer,
			      weight(&wide, i), a);
		ck_assert_msg(fabs(weight(&narrow, i) - a) <= 1e-4, "%s: %.9g instead of %.9g in float32", s->optimizer,
			      weight(&narrow, i), a);
		ck_assert_msg(s->l1 == 0 || (a == 0) == (weight(&wide, i) == 0), "%s: weight %zu is %g and %g",
			      s->optimizer, i, a, weight(&wide, i));
	}
	end(&reference);
	end(&wide);
	end(&narrow);
}
END_TEST

/* How each optimizer that takes l1 comes to the minimum; NAN: its own rate. One that is not named takes the first. */
static const struct stepper {
	const char *optimizer;
	double rate;
	uint64_t steps;
} steppers[] = {
	{ NULL, 0.1, 8000 },
	{ "sgd", 0.1, 2000 },
	{ "sgdw", 0.1, 2000 },
	{ "heavy_ball", 0.1, 2000 },
	{ "nesterov", 0.1, 2000 },
	{ "fista", 0.1, 4000 },
	{ "ema_momentum", 0.1, 4000 },
	{ "asgd", 0.1, 4000 },
	{ "adagrad", 0.5, 20000 },
	{ "rmsprop", 1e-4, 30000 },
	{ "adam", 2e-3, 30000 },
	{ "adamw", 2e-3, 30000 },
	{ "adamax", 2e-3, 30000 },
	{ "nadam", 2e-3, 30000 },
	{ "radam", 2e-3, 30000 },
	{ "adabelief", 2e-3, 30000 },
	{ "yogi", 2e-3, 30000 },
	{ "dowg", 1, 20000 },
	{ "svrg", NAN, 2000 },
	{ "saga", NAN, 20000 },
	{ "coordinate_descent", NAN, 100 },
	{ "barzilai_borwein", NAN, 200 },
	{ "steepest_descent", NAN, 5000 },
	{ "lbfgs", 1, 100 },
};

/* Under ThreadSanitizer the long runs take minutes, and their steps are those of the short ones. */
#ifdef __SANITIZE_THREAD__
enum { STEPS_MOST = 5000 };
#else
enum { STEPS_MOST = 30000 };
#endif

static void check_lasso(const char *optimizer, const struct stepper *s, enum dtype dtype)
{
	struct run reference, run;
	size_t zeros = 0;
	start(&reference, "linear_regression", DTYPE_FLOAT64, 0.0485, 0.1);
	start(&run, "linear_regression", dtype, 0.0485, 0.1);
	run_to_end(&reference, "coordinate_descent", NAN, 0, 100);
	run_to_end(&run, optimizer, s->rate, 0, s->steps);
	for (size_t i = 0; i < reference.objective->n; i++) {
		const double a = weight(&reference, i), b = weight(&run, i);
		ck_assert_msg((a == 0) == (b == 0) && fabs(a - b) <= 1e-3, "%s: weight %zu is %.17g, not %.17g",
			      optimizer, i, b, a);
		zeros += a == 0;
	}
	ck_assert_uint_ge(zeros, 1);
	ck_assert_uint_lt(zeros, FEATURES);
	end(&reference);
	end(&run);
}

START_TEST(every_optimizer_ends_a_lasso_with_exact_zeros_or_refuses_it_and_says_what_to_use)
{
	const struct optimizer_type *type = optimizer_at((size_t)_i);
	const struct stepper *stepper = optimizer_is_proximal(type) ? &steppers[0] : NULL;
	struct run run;
	struct error error = { .text = "" };
	for (size_t k = 1; k < sizeof steppers / sizeof steppers[0]; k++) {
		stepper = strcmp(steppers[k].optimizer, type->name) == 0 ? &steppers[k] : stepper;
	}
	if (stepper != NULL && stepper->steps > STEPS_MOST) {
		return;
	}
	if (stepper != NULL) {
		check_lasso(type->name, stepper, DTYPE_FLOAT64);
		check_lasso(type->name, stepper, DTYPE_FLOAT32);
		return;
	}
	start(&run, "linear_regression", DTYPE_FLOAT64, 0.0485, 0.1);
	ck_assert_int_eq(prepare(&run, type->name, 0.1, 0, 10, &error), E_INVALID);
	ck_assert_msg(strstr(error.text, type->name) != NULL && strstr(error.text, "l1") != NULL &&
			      strstr(error.text, "use ") != NULL && strstr(error.text, "exact zeros") != NULL,
		      "%s: %s", type->name, error.text);
	end(&run);
}
END_TEST

START_TEST(a_line_search_that_needs_a_slope_refuses_l1)
{
	static const char *const names[] = { "steepest_descent", "lbfgs" };
	static const char *const searches[] = { "line_search", "line_search_fn" };
	for (size_t k = 0; k < 2; k++) {
		const struct optimizer_type *type = optimizer_find(names[k]);
		struct setting_value value[SETTINGS];
		struct error error = { .text = "" };
		struct run run;
		start(&run, "linear_regression", DTYPE_FLOAT64, 0.0485, 0.1);
		settings_defaults(type->settings, type->setting_count, value);
		for (size_t i = 0; i < type->setting_count; i++) {
			value[i].number = strcmp(type->settings[i].name, searches[k]) == 0 ? 0 : value[i].number;
		}
		const struct settings settings = { type->settings, type->setting_count, value };
		ck_assert_int_eq(type->suits(&settings, run.objective, &error), E_INVALID);
		ck_assert_msg(strstr(error.text, "use ") != NULL, "%s", error.text);
		end(&run);
	}
}
END_TEST

START_TEST(rows_seen_counts_the_whole_gradients_of_svrg)
{
	struct run run;
	struct trainer_progress progress;
	start(&run, "logistic_regression", DTYPE_FLOAT64, 0, 0.1);
	run_to_end(&run, "svrg", NAN, 277, 20); /* 5 batches an epoch, a whole gradient every 10 updates */
	trainer_progress(run.trainer, &progress);
	ck_assert_uint_eq(progress.rows_seen, 2 * ROWS + 2 * 20 * 277);
	end(&run);
}
END_TEST

/* The rows with a last column that is nearly (scale), or exactly (0), a sum of two others. */
static void nearly_dependent(struct run *run, double scale)
{
	double *x = (double *)(uintptr_t)run->data.x;
	for (size_t r = 0; r < ROWS; r++) {
		double *row = x + r * FEATURES;
		row[FEATURES - 1] = row[0] + row[1] + scale * row[FEATURES - 1];
	}
}

static double gradient_norm(const struct run *run)
{
	struct trainer_progress progress;
	trainer_progress(run->trainer, &progress);
	return progress.last.gradient_norm;
}

START_TEST(normal_equations_take_orthogonal_factors_where_the_columns_nearly_depend)
{
	struct run exact, run;
	start(&exact, "linear_regression", DTYPE_FLOAT64, 0, 0);
	start(&run, "linear_regression", DTYPE_FLOAT64, 0, 0);
	/* y is a combination of the columns: the weights are known. */
	double *x = (double *)(uintptr_t)run.data.x, *y = (double *)(uintptr_t)run.data.y;
	nearly_dependent(&run, 1e-6);
	for (size_t r = 0; r < ROWS; r++) {
		y[r] = 0.385;
		for (size_t j = 0; j < FEATURES; j++) {
			y[r] += (1.5 - (double)j) * x[r * FEATURES + j];
		}
	}
	run_to_end(&run, "normal_equations", NAN, 0, 1);
	for (size_t j = 0; j < FEATURES; j++) {
		ck_assert_double_eq_tol(weight(&run, j), 1.5 - (double)j, 1e-7);
	}
	ck_assert_double_eq_tol(weight(&run, FEATURES), 0.385, 1e-12);
	end(&run);
	objective_destroy(exact.objective);
	modelling_free(&exact.data);
}
END_TEST

START_TEST(normal_equations_give_the_shortest_weights_where_the_columns_depend)
{
	struct run run;
	start(&run, "linear_regression", DTYPE_FLOAT64, 0, 0);
	nearly_dependent(&run, 0);
	run_to_end(&run, "normal_equations", NAN, 0, 1);
	ck_assert_double_le(gradient_norm(&run), 1e-12);
	/* The shortest is at right angles to what changes no output: (1, 1, 0, .., -1). */
	ck_assert_double_eq_tol(weight(&run, 0) + weight(&run, 1) - weight(&run, FEATURES - 1), 0, 1e-12);
	end(&run);
}
END_TEST

START_TEST(a_column_of_zeros_and_one_that_is_the_intercept_break_nothing)
{
	static const char *const names[] = { "normal_equations", "coordinate_descent", "newton", "saga" };
	for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
		struct run run;
		start(&run, "linear_regression", DTYPE_FLOAT64, 0, 0);
		double *x = (double *)(uintptr_t)run.data.x;
		for (size_t r = 0; r < ROWS; r++) {
			x[r * FEATURES] = 0;
			x[r * FEATURES + 1] = 2.385;
		}
		run_to_end(&run, names[k], NAN, k == 3 ? 1 : 0, k == 3 ? 20000 : 60);
		if (k < 3) { /* with mini-batches there is none at the last point */
			ck_assert_msg(gradient_norm(&run) <= 1e-9, "%s: %g", names[k], gradient_norm(&run));
		}
		ck_assert(isfinite(weight(&run, FEATURES)) && weight(&run, 2) != 0);
		ck_assert_double_eq(weight(&run, 0), 0);
		end(&run);
	}
}
END_TEST

START_TEST(a_hinge_loss_is_solved_to_its_minimum_with_any_intercept)
{
	for (int kind = 0; kind < 6; kind++) { /* none, free, penalised; both precisions */
		const enum dtype dtype = kind < 3 ? DTYPE_FLOAT64 : DTYPE_FLOAT32;
		const struct model_shape shape = { .features = FEATURES, .classes = 2 };
		struct run run;
		start(&run, "logistic_regression", dtype, 0, 0.0385);
		objective_destroy(run.objective);
		modelling_start(&run.modelling, "logistic_regression", "hinge", &shape);
		modelling_set(&run.modelling, "l2", 0.0385);
		modelling_set(&run.modelling, "intercept", kind % 3 != 0);
		modelling_set(&run.modelling, "penalize_intercept", kind % 3 == 2);
		run.objective = modelling_build(&run.modelling, &shape, dtype, THREADS);
		run.setup.objective = run.objective;
		run.data.rows = 150;
		run_to_end(&run, "coordinate_descent", NAN, 0, 300);
		/* No point nearby is lower. */
		struct batch all = { .data = &run.data, .count = run.data.rows };
		struct executor serial = executor_serial();
		double least, value;
		char theta[64] __attribute__((aligned(16)));
		const size_t n = run.objective->n;
		const double *at = trainer_parameters(run.trainer);
		ck_assert_int_eq(run.objective->type->evaluate(run.objective, at, &all, &serial, &least, NULL), OK);
		ck_assert_double_lt(least, 1);
		for (size_t k = 0; k < 200; k++) {
			for (size_t i = 0; i < n; i++) {
				const double by = 2 * random_uniform(3, RANDOM_DATA, k, i) - 1;
				modelling_write(dtype, theta, i, weight(&run, i) + 1e-3 * by);
			}
			ck_assert_int_eq(
				run.objective->type->evaluate(run.objective, theta, &all, &serial, &value, NULL), OK);
			ck_assert_msg(value >= least - (dtype == DTYPE_FLOAT64 ? 1e-12 : 1e-6),
				      "kind %d: %.17g is below %.17g", kind, value, least);
		}
		end(&run);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("linear_solvers");
	TCase *tests = tcase_create("solvers");
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, a_solver_gives_the_same_bits_on_one_thread_and_on_three, 0, SOLVERS);
	tcase_add_loop_test(tests, both_precisions_end_at_the_same_minimum, 0, SOLVERS);
	tcase_add_loop_test(tests, every_optimizer_ends_a_lasso_with_exact_zeros_or_refuses_it_and_says_what_to_use, 0,
			    (int)optimizer_type_count);
	tcase_add_test(tests, rows_seen_counts_the_whole_gradients_of_svrg);
	tcase_add_test(tests, a_line_search_that_needs_a_slope_refuses_l1);
	tcase_add_test(tests, normal_equations_take_orthogonal_factors_where_the_columns_nearly_depend);
	tcase_add_test(tests, normal_equations_give_the_shortest_weights_where_the_columns_depend);
	tcase_add_test(tests, a_column_of_zeros_and_one_that_is_the_intercept_break_nothing);
	tcase_add_test(tests, a_hinge_loss_is_solved_to_its_minimum_with_any_intercept);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
