/* Objectives at work: the same bits for any executor, any cut of the batch right, cancelled between blocks. */
#include <math.h>

#include "core/objective/function_objective.h"
#include "core/objective/gradient_check.h"
#include "tests/core/modelling.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

/* Enough rows for many blocks and several lanes of each model. */
struct subject {
	const char *model;
	struct model_shape shape;
	size_t hidden, rows, second; /* units of hidden layers; 0: there is none */
};

static const struct subject subjects[] = {
	{ .model = "linear_regression", .shape = { .features = 13, .targets = 1 }, .rows = 40013 },
	{ .model = "logistic_regression", .shape = { .features = 32, .classes = 2 }, .rows = 30011 },
	{ .model = "softmax_regression", .shape = { .features = 64, .classes = 10 }, .rows = 7001 },
	{ .model = "mlp", .shape = { .features = 50, .classes = 7 }, .hidden = 33, .rows = 5003 },
	{ .model = "mlp", .shape = { .features = 300, .targets = 4 }, .hidden = 130, .rows = 1709 },
	{ .model = "mlp", .shape = { .features = 131, .classes = 3 }, .hidden = 129, .second = 128, .rows = 1409 },
};
enum { SUBJECTS = sizeof subjects / sizeof subjects[0] };

struct stage {
	struct objective *objective;
	struct data_view data;
	void *theta, *gradient;
	size_t bytes; /* of a gradient */
};

static void stage_init(struct stage *stage, const struct subject *subject, enum dtype dtype, size_t slots)
{
	struct modelling model;
	modelling_start(&model, subject->model, NULL, &subject->shape);
	modelling_set(&model, "l1", 0.0031);
	modelling_set(&model, "l2", 0.0173);
	if (subject->hidden > 0) {
		modelling_layer(&model, subject->hidden, "tanh");
	}
	if (subject->second > 0) {
		modelling_layer(&model, subject->second, "relu");
	}
	stage->objective = modelling_build(&model, &subject->shape, dtype, slots);
	stage->data = modelling_data(dtype, subject->rows, &subject->shape);
	stage->theta = modelling_numbers(dtype, stage->objective->n, 0.4, 3);
	stage->bytes = stage->objective->n * dtype_size(dtype);
	stage->gradient = malloc(stage->bytes);
}

static void stage_fini(struct stage *stage)
{
	objective_destroy(stage->objective);
	modelling_free(&stage->data);
	free(stage->theta);
	free(stage->gradient);
}

static double evaluate(struct stage *stage, const struct batch *batch, struct executor *executor)
{
	double value = NAN;
	const struct objective_type *type = stage->objective->type;
	memset(stage->gradient, 0x5a, stage->bytes); /* what lies there must not matter */
	ck_assert_int_eq(type->evaluate(stage->objective, stage->theta, batch, executor, &value, stage->gradient), OK);
	return value;
}

START_TEST(any_number_of_threads_gives_the_same_bits)
{
	static const size_t slots[] = { 1, 2, 3, 7 };
	for (enum dtype dtype = DTYPE_FLOAT32; dtype <= DTYPE_FLOAT64; dtype++) {
		struct stage stage;
		stage_init(&stage, &subjects[_i], dtype, 7);
		struct executor serial = executor_serial();
		struct batch batch = { .data = &stage.data, .count = stage.data.rows };
		double expected = evaluate(&stage, &batch, &serial);
		size_t bytes = stage.data.rows * stage.objective->outputs * dtype_size(dtype);
		void *gradient = malloc(stage.bytes), *outputs = malloc(bytes), *others = malloc(bytes);
		memcpy(gradient, stage.gradient, stage.bytes);
		const struct objective_type *type = stage.objective->type;
		ck_assert_int_eq(type->predict(stage.objective, stage.theta, &batch, &serial, outputs), OK);
		for (size_t i = 0; i < 4; i++) {
			struct threads threads;
			threads_init(&threads, slots[i]);
			ck_assert(evaluate(&stage, &batch, &threads.base) == expected);
			ck_assert_mem_eq(stage.gradient, gradient, stage.bytes);
			ck_assert_uint_gt(threads.most, 1);
			ck_assert_int_eq(type->predict(stage.objective, stage.theta, &batch, &threads.base, others),
					 OK);
			ck_assert_mem_eq(outputs, others, bytes);
		}
		free(gradient);
		free(outputs);
		free(others);
		stage_fini(&stage);
	}
}
END_TEST

/* Batches of too few rows for lanes: tiles of the products and ranges of rows are shared. */
static const struct subject short_batches[] = {
	{ .model = "mlp", .shape = { .features = 784, .classes = 10 }, .hidden = 128, .rows = 700 },
	{ .model = "mlp", .shape = { .features = 301, .targets = 3 }, .hidden = 517, .rows = 700 },
	{ .model = "mlp", .shape = { .features = 61, .classes = 5 }, .hidden = 1031, .rows = 700 },
	{ .model = "mlp", .shape = { .features = 239, .classes = 5 }, .hidden = 317, .second = 203, .rows = 700 },
	{ .model = "softmax_regression", .shape = { .features = 1021, .classes = 67 }, .rows = 700 },
};
enum { NARROW = sizeof short_batches / sizeof short_batches[0] };

START_TEST(threads_that_share_a_small_batch_give_the_same_bits)
{
	static const size_t counts[] = { 1, 17, 64, 129, 256, 385 }, slots[] = { 2, 3, 4, 7 };
	for (enum dtype dtype = DTYPE_FLOAT32; dtype <= DTYPE_FLOAT64; dtype++) {
		struct stage stage;
		stage_init(&stage, &short_batches[_i], dtype, 7);
		struct executor serial = executor_serial();
		void *gradient = malloc(stage.bytes);
		uint32_t index[700];
		for (uint32_t i = 0; i < 700; i++) {
			index[i] = i * 37 % 700; /* 37 and 700 have no common factor: each row once */
		}
		for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
			struct batch batch = { .data = &stage.data, .index = index, .first = 3, .count = counts[c] };
			double expected = evaluate(&stage, &batch, &serial);
			memcpy(gradient, stage.gradient, stage.bytes);
			for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
				struct threads threads;
				threads_init(&threads, slots[i]);
				ck_assert(evaluate(&stage, &batch, &threads.base) == expected);
				ck_assert_mem_eq(stage.gradient, gradient, stage.bytes);
				ck_assert(counts[c] < 64 || threads.most > 1);
			}
		}
		free(gradient);
		stage_fini(&stage);
	}
}
END_TEST

START_TEST(an_index_batch_equals_the_contiguous_one_of_the_same_rows)
{
	struct stage stage;
	stage_init(&stage, &subjects[_i], DTYPE_FLOAT32, 1);
	struct executor serial = executor_serial();
	size_t rows = stage.data.rows, first = 37, count = rows - 101;
	uint32_t *index = calloc(rows, sizeof *index);
	for (uint32_t i = 0; i < rows; i++) {
		index[i] = i;
	}
	struct batch plain = { .data = &stage.data, .first = first, .count = count };
	struct batch indexed = { .data = &stage.data, .index = index, .first = first, .count = count };
	double expected = evaluate(&stage, &plain, &serial);
	void *gradient = malloc(stage.bytes);
	memcpy(gradient, stage.gradient, stage.bytes);
	ck_assert(evaluate(&stage, &indexed, &serial) == expected);
	ck_assert_mem_eq(stage.gradient, gradient, stage.bytes);
	free(index);
	free(gradient);
	stage_fini(&stage);
}
END_TEST

/* Losses and gradients of a batch are means over those of its rows, however it is cut. */
START_TEST(a_batch_is_the_mean_of_its_one_row_batches)
{
	static const size_t counts[] = { 1, 2, 63, 64, 65, 257 };
	struct stage stage;
	stage_init(&stage, &subjects[_i], DTYPE_FLOAT64, 1);
	struct executor serial = executor_serial();
	size_t n = stage.objective->n;
	double *sum = calloc(n, sizeof *sum), *whole = calloc(n, sizeof *whole);
	for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
		size_t count = counts[c];
		struct batch batch = { .data = &stage.data, .first = 11, .count = count };
		double value = evaluate(&stage, &batch, &serial), mean = 0;
		memcpy(whole, stage.gradient, stage.bytes);
		memset(sum, 0, stage.bytes);
		for (size_t r = 0; r < count; r++) {
			batch = (struct batch){ .data = &stage.data, .first = 11 + r, .count = 1 };
			mean += evaluate(&stage, &batch, &serial) / (double)count;
			for (size_t i = 0; i < n; i++) {
				sum[i] += ((double *)stage.gradient)[i] / (double)count;
			}
		}
		ck_assert_double_le(fabs(value - mean), 1e-12 * fmax(1, fabs(value)));
		ck_assert_double_le(golden_distance(whole, sum, n), 1e-12);
	}
	free(sum);
	free(whole);
	stage_fini(&stage);
}
END_TEST

START_TEST(a_batch_of_one_row_wakes_nobody)
{
	struct stage stage;
	struct threads threads;
	stage_init(&stage, &subjects[_i], DTYPE_FLOAT32, 2);
	threads_init(&threads, 2);
	struct batch batch = { .data = &stage.data, .first = 5, .count = 1 };
	evaluate(&stage, &batch, &threads.base);
	ck_assert_uint_eq(threads.runs, 0);
	stage_fini(&stage);
}
END_TEST

/* The executor's flag is seen by the first block that looks, in one-block batches too. */
START_TEST(a_raised_stop_flag_cancels)
{
	struct stage stage;
	atomic_bool stop = true;
	stage_init(&stage, &subjects[_i], DTYPE_FLOAT32, 3);
	struct threads threads;
	threads_init(&threads, 3);
	threads.base.stop = &stop;
	const struct objective_type *type = stage.objective->type;
	void *outputs = malloc(stage.data.rows * stage.objective->outputs * sizeof(float));
	double value;
	for (size_t count = 1; count <= stage.data.rows; count += stage.data.rows - 1) {
		struct batch batch = { .data = &stage.data, .count = count };
		ck_assert_int_eq(
			type->evaluate(stage.objective, stage.theta, &batch, &threads.base, &value, stage.gradient),
			E_CANCELLED);
		ck_assert_int_eq(type->predict(stage.objective, stage.theta, &batch, &threads.base, outputs),
				 E_CANCELLED);
	}
	atomic_store(&stop, false);
	struct batch batch = { .data = &stage.data, .count = stage.data.rows };
	ck_assert_int_eq(type->evaluate(stage.objective, stage.theta, &batch, &threads.base, &value, stage.gradient),
			 OK);
	free(outputs);
	stage_fini(&stage);
}
END_TEST

START_TEST(what_is_not_finite_is_a_value_like_any_other)
{
	struct stage stage;
	stage_init(&stage, &subjects[_i], DTYPE_FLOAT64, 1);
	struct executor serial = executor_serial();
	struct batch batch = { .data = &stage.data, .count = 100 };
	((double *)stage.theta)[0] = NAN;
	ck_assert(isnan(evaluate(&stage, &batch, &serial)));
	stage_fini(&stage);
}
END_TEST

/* A network wide enough that the vector is added up and penalised in several ranges. */
START_TEST(penalties_of_many_parameters_are_right_across_ranges)
{
	struct model_shape shape = { .features = 400, .targets = 1 };
	struct modelling model;
	modelling_start(&model, "mlp", NULL, &shape);
	modelling_layer(&model, 251, "tanh");
	struct objective *plain = modelling_build(&model, &shape, DTYPE_FLOAT64, 3);
	modelling_set(&model, "l1", 0.3);
	modelling_set(&model, "l2", 0.7);
	struct objective *penalised = modelling_build(&model, &shape, DTYPE_FLOAT64, 3);
	struct data_view data = modelling_data(DTYPE_FLOAT64, 3, &shape);
	struct batch batch = { .data = &data, .count = 3 };
	struct threads threads;
	threads_init(&threads, 3);
	size_t n = plain->n;
	double *theta = modelling_numbers(DTYPE_FLOAT64, n, 0.1, 3), *a = calloc(n, sizeof *a),
	       *b = calloc(n, sizeof *b);
	double bare, value, penalty = 0;
	ck_assert_int_eq(plain->type->evaluate(plain, theta, &batch, &threads.base, &bare, a), OK);
	ck_assert_uint_eq(threads.runs, 0);
	ck_assert_int_eq(penalised->type->evaluate(penalised, theta, &batch, &threads.base, &value, b), OK);
	ck_assert_uint_eq(threads.runs, 1);
	for (size_t t = 0; t < plain->tensors; t++) {
		const struct tensor *tensor = &plain->tensor[t];
		for (size_t i = tensor->offset; tensor->rank == 2 && i < tensor->offset + tensor->size; i++) {
			penalty += 0.3 * fabs(theta[i]) + 0.35 * theta[i] * theta[i];
			a[i] += 0.3 * (theta[i] > 0 ? 1 : -1) + 0.7 * theta[i];
		}
	}
	ck_assert_double_le(fabs(value - bare - penalty), 1e-11 * penalty);
	ck_assert_double_le(golden_distance(b, a, n), 1e-12);
	free(theta);
	free(a);
	free(b);
	modelling_free(&data);
	objective_destroy(plain);
	objective_destroy(penalised);
}
END_TEST

static struct objective *function(struct modelling *model, const char *name, double scale, size_t n,
				  const double *point, enum dtype dtype)
{
	struct model_shape shape = { .features = 0 };
	modelling_start(model, "function", NULL, &shape);
	model->config.function = function_find(name);
	ck_assert_ptr_nonnull(model->config.function);
	model->config.function_settings = modelling_defaults(
		model->config.function->settings, model->config.function->setting_count, model->function_value);
	model->config.scale = scale;
	model->config.initial_point = point;
	model->config.initial_count = n;
	return modelling_build(model, &shape, dtype, 1);
}

START_TEST(a_function_is_scaled_in_value_and_gradient)
{
	static const double point[2] = { -1.2, 2.385 };
	struct executor serial = executor_serial();
	for (enum dtype dtype = DTYPE_FLOAT32; dtype <= DTYPE_FLOAT64; dtype++) {
		double value[2], theta[2], wide[2][2];
		float narrow[2][2];
		for (size_t i = 0; i < 2; i++) {
			struct modelling model;
			struct objective *f = function(&model, "rosenbrock", i == 0 ? 1 : -0.5, 2, point, dtype);
			void *gradient = dtype == DTYPE_FLOAT32 ? (void *)narrow[i] : (void *)wide[i];
			f->type->initialise(f, 3, theta);
			ck_assert_int_eq(f->type->evaluate(f, theta, NULL, &serial, &value[i], gradient), OK);
			ck_assert_str_eq(f->tensor[0].name, "x");
			ck_assert_uint_eq(f->n, 2);
			ck_assert(!f->rowed && f->outputs == 0 && f->type->predict == NULL);
			objective_destroy(f);
		}
		ck_assert_double_eq(value[1], -0.5 * value[0]);
		for (size_t k = 0; k < 2; k++) {
			ck_assert(dtype == DTYPE_FLOAT32 ? narrow[1][k] == -0.5f * narrow[0][k]
							 : wide[1][k] == -0.5 * wide[0][k]);
		}
	}
}
END_TEST

/* Odd constants of the shape that a function of that name takes in 4 variables. */
static struct setting_value odd_constant(const char *function, const struct setting *setting)
{
	static const double a[16] = { 3,    0.5,   0.25, -0.7, 0.5,  2,   0.385, 0.1,
				      0.25, 0.385, 1.71, 0.3,  -0.7, 0.1, 0.3,   2.385 };
	static const double labels[] = { 1, 0, 0, 1 }, shape[] = { 2, 2 };
	if (setting->kind == SETTING_MATRIX) { /* matrix_lsq: A [4, 2] and C [4, 2] of W [2, 2] */
		bool tall = strcmp(function, "matrix_lsq") == 0;
		return (struct setting_value){ .values = a, .rows = 4, .columns = tall ? 2 : 4 };
	}
	if (strcmp(setting->name, "shape") == 0) {
		return (struct setting_value){ .values = shape, .rows = 2, .columns = 1 };
	}
	return (struct setting_value){ .values = strcmp(setting->name, "y") == 0 ? labels : a,
				       .rows = 4,
				       .columns = 1 };
}

/* Each in 4 variables, or in 2 where it has no more. */
START_TEST(every_functions_gradient_is_that_of_its_value)
{
	static const double point[4] = { -1.2, 0.385, 0.71, 1.9 };
	struct executor serial = executor_serial();
	struct gradient_error worst;
	const struct function_type *type = function_types[_i];
	struct setting_value value[MODELLING_SETTINGS];
	struct settings settings = modelling_defaults(type->settings, type->setting_count, value);
	struct objective *f = NULL;
	struct error error = { .text = "" };
	for (size_t s = 0; s < type->setting_count; s++) {
		enum setting_kind kind = type->settings[s].kind;
		if (kind == SETTING_MATRIX || kind == SETTING_VECTOR) {
			value[s] = odd_constant(type->name, &type->settings[s]);
		}
	}
	for (size_t n = 4; n >= 2 && f == NULL; n -= 2) {
		function_objective_create(type, &settings, 1.7, n, point, DTYPE_FLOAT64, &f, &error);
	}
	ck_assert_msg(f != NULL, "%s: %s", type->name, error.text);
	ck_assert_int_eq(gradient_check(f, point, NULL, &serial, &worst), OK);
	ck_assert_msg(worst.error < 1e-6, "%s: %g", type->name, worst.error);
	objective_destroy(f);
}
END_TEST

START_TEST(an_initial_point_of_the_wrong_length_is_refused)
{
	static const double point[3] = { 1.5, 2.5, 3.5 };
	struct objective *objective = NULL;
	struct error error = { .status = OK };
	struct settings none = { .count = 0 };
	const struct function_type *himmelblau = function_find("himmelblau"), *rosenbrock = function_find("rosenbrock");
	ck_assert_int_eq(function_objective_create(himmelblau, &none, 1, 3, point, DTYPE_FLOAT64, &objective, &error),
			 E_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "himmelblau"));
	ck_assert_int_eq(function_objective_create(rosenbrock, &none, 1, 1, point, DTYPE_FLOAT64, &objective, &error),
			 E_INVALID);
	ck_assert_ptr_null(objective);
	size_t bytes;
	ck_assert_int_eq(function_objective_measure(SIZE_MAX / 4, &bytes), E_TOO_LARGE);
}
END_TEST

/* An objective whose gradient is wrong in one place, to see that the checker tells. */
static enum status wrong(struct objective *objective, const void *theta, const struct batch *batch,
			 struct executor *executor, double *value, void *gradient)
{
	const double *x = theta;
	(void)objective;
	(void)batch;
	(void)executor;
	*value = x[0] * x[0] + 3 * x[1] * x[1];
	if (gradient != NULL) {
		((double *)gradient)[0] = 2 * x[0];
		((double *)gradient)[1] = 6 * x[1] + 1e-4;
	}
	return OK;
}

START_TEST(the_gradient_checker_finds_a_wrong_component)
{
	static const struct objective_type type = { .evaluate = wrong };
	struct objective objective = { .type = &type, .dtype = DTYPE_FLOAT64, .n = 2 };
	struct executor serial = executor_serial();
	struct gradient_error worst;
	double theta[2] = { 0.5, -0.25 };
	ck_assert_int_eq(gradient_check(&objective, theta, NULL, &serial, &worst), OK);
	ck_assert_uint_eq(worst.index, 1);
	ck_assert_double_gt(worst.error, 5e-5);
	objective.dtype = DTYPE_FLOAT32;
	ck_assert_int_eq(gradient_check(&objective, theta, NULL, &serial, &worst), E_UNSUPPORTED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("objective");
	TCase *rows = tcase_create("rows");
	tcase_set_timeout(rows, 120);
	tcase_add_loop_test(rows, threads_that_share_a_small_batch_give_the_same_bits, 0, NARROW);
	tcase_add_loop_test(rows, any_number_of_threads_gives_the_same_bits, 0, SUBJECTS);
	tcase_add_loop_test(rows, an_index_batch_equals_the_contiguous_one_of_the_same_rows, 0, SUBJECTS);
	tcase_add_loop_test(rows, a_batch_is_the_mean_of_its_one_row_batches, 0, SUBJECTS);
	tcase_add_loop_test(rows, a_batch_of_one_row_wakes_nobody, 0, SUBJECTS);
	tcase_add_loop_test(rows, a_raised_stop_flag_cancels, 0, SUBJECTS);
	tcase_add_loop_test(rows, what_is_not_finite_is_a_value_like_any_other, 0, SUBJECTS);
	tcase_add_test(rows, penalties_of_many_parameters_are_right_across_ranges);
	suite_add_tcase(suite, rows);
	TCase *functions = tcase_create("functions");
	tcase_add_test(functions, a_function_is_scaled_in_value_and_gradient);
	tcase_add_loop_test(functions, every_functions_gradient_is_that_of_its_value, 0, (int)function_type_count);
	tcase_add_test(functions, an_initial_point_of_the_wrong_length_is_refused);
	tcase_add_test(functions, the_gradient_checker_finds_a_wrong_component);
	suite_add_tcase(suite, functions);
	return suite_run(suite);
}
