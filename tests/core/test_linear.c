/* Linear models as their solvers see them: second derivatives against differences of gradients, for any threads. */
#include <math.h>

#include "core/linear/linear.h"
#include "tests/core/modelling.h"
#include "tests/support/suite.h"

enum { ROWS = 1517, THREADS = 3 };

static const struct subject {
	const char *model, *loss;
	struct model_shape shape;
	double l2;
	bool no_intercept, penalize_intercept;
	size_t sparse; /* the first rows, which are 0 but for every seventh number */
} subjects[] = {
	{ .model = "linear_regression", .shape = { .features = 5, .targets = 1 } },
	{ .model = "linear_regression", .shape = { .features = 3, .targets = 4 }, .l2 = 0.385, .no_intercept = true },
	{ .model = "linear_regression",
	  .loss = "squared_error",
	  .shape = { .features = 37, .targets = 2 },
	  .l2 = 2.385,
	  .penalize_intercept = true },
	{ .model = "linear_regression", .loss = "huber", .shape = { .features = 5, .targets = 2 } },
	{ .model = "linear_regression", .loss = "smooth_l1", .shape = { .features = 2, .targets = 1 }, .l2 = 0.21 },
	{ .model = "linear_regression", .loss = "poisson", .shape = { .features = 4, .targets = 2 }, .l2 = 0.1 },
	{ .model = "logistic_regression", .shape = { .features = 50, .classes = 2 }, .l2 = 0.01 },
	{ .model = "logistic_regression", .loss = "squared_hinge", .shape = { .features = 7, .classes = 2 } },
	{ .model = "softmax_regression", .shape = { .features = 6, .classes = 3 }, .l2 = 0.085 },
	{ .model = "softmax_regression", .shape = { .features = 11, .classes = 5 }, .no_intercept = true },
	{ .model = "logistic_regression", .shape = { .features = 50, .classes = 2 }, .sparse = ROWS },
	{ .model = "softmax_regression", .shape = { .features = 38, .classes = 3 }, .l2 = 0.01, .sparse = 999 },
};
enum { SUBJECTS = sizeof subjects / sizeof subjects[0] };

/* A model with its data, and theta where it is looked at. */
struct model {
	struct modelling modelling;
	struct objective *objective;
	struct data_view data;
	struct linear_view view;
	void *theta;
	size_t n;
};

static void start(struct model *self, const struct subject *subject, enum dtype dtype, struct executor *executor)
{
	modelling_start(&self->modelling, subject->model, subject->loss, &subject->shape);
	modelling_set(&self->modelling, "l2", subject->l2);
	modelling_set(&self->modelling, "intercept", !subject->no_intercept);
	modelling_set(&self->modelling, "penalize_intercept", subject->penalize_intercept);
	self->objective = modelling_build(&self->modelling, &subject->shape, dtype, THREADS);
	self->data = modelling_data(dtype, ROWS, &subject->shape);
	for (size_t k = 0; k < subject->sparse * subject->shape.features; k++) {
		if (k % 7 != 3) {
			modelling_write(dtype, (void *)(uintptr_t)self->data.x, k, 0);
		}
	}
	self->view = (struct linear_view){ &self->objective->linear, &self->data, executor };
	self->n = self->objective->n;
	self->theta = modelling_numbers(dtype, self->n, 0.385, 5);
}

static void end(struct model *self)
{
	objective_destroy(self->objective);
	modelling_free(&self->data);
	free(self->theta);
}

static double *doubles(size_t n)
{
	double *array = malloc((n + 1) * sizeof *array);
	ck_assert_ptr_nonnull(array);
	return array;
}

static double *hessian_of(const struct model *self)
{
	double *h = doubles(self->n * self->n), *room = doubles(linear_hessian_room(self->n));
	ck_assert_int_eq(linear_hessian(&self->view, self->theta, h, room), OK);
	free(room);
	return h;
}

/* The gradient of a float64 model with theta[j] moved by `step`. */
static void gradient_at(struct model *self, size_t j, double step, double *gradient)
{
	struct executor serial = executor_serial();
	const struct batch all = { .data = &self->data, .count = ROWS };
	double *theta = self->theta, kept = theta[j];
	theta[j] += step;
	ck_assert_int_eq(self->objective->type->evaluate(self->objective, theta, &all, &serial, NULL, gradient), OK);
	theta[j] = kept;
}

START_TEST(the_hessian_is_what_differences_of_gradients_say)
{
	struct executor serial = executor_serial();
	struct model model;
	start(&model, &subjects[_i], DTYPE_FLOAT64, &serial);
	double *h = hessian_of(&model), *up = doubles(model.n), *down = doubles(model.n);
	const bool kinked = model.objective->linear.loss.derive == row_huber ||
			    model.objective->linear.loss.derive == row_squared_hinge;
	/* A row within the step of a corner of its slope changes its second derivative. */
	const double step = kinked ? 1e-7 : 1e-5, tolerance = kinked ? 1e-6 : 1e-8;
	for (size_t j = 0; j < model.n; j++) {
		gradient_at(&model, j, step, up);
		gradient_at(&model, j, -step, down);
		for (size_t i = 0; i < model.n; i++) {
			const double numeric = (up[i] - down[i]) / (2 * step);
			ck_assert_msg(fabs(h[i * model.n + j] - numeric) <= tolerance * fmax(1, fabs(numeric)),
				      "subject %d, H[%zu, %zu] = %.15g, differences %.15g", _i, i, j,
				      h[i * model.n + j], numeric);
		}
	}
	free(h);
	free(up);
	free(down);
	end(&model);
}
END_TEST

START_TEST(a_product_is_that_of_the_hessian_in_both_precisions)
{
	struct executor serial = executor_serial();
	for (int dtype = 0; dtype < 2; dtype++) {
		struct model model;
		start(&model, &subjects[_i], (enum dtype)dtype, &serial);
		void *v = modelling_numbers((enum dtype)dtype, model.n, 1.7, 9);
		void *out = modelling_numbers((enum dtype)dtype, model.n, 1, 10);
		double *h = hessian_of(&model), *room = doubles(linear_product_room(model.n));
		ck_assert_int_eq(linear_product(&model.view, model.theta, v, out, room), OK);
		for (size_t i = 0; i < model.n; i++) {
			double sum = 0;
			for (size_t j = 0; j < model.n; j++) {
				sum += h[i * model.n + j] *
				       (dtype == DTYPE_FLOAT32 ? (double)((float *)v)[j] : ((double *)v)[j]);
			}
			const double got = dtype == DTYPE_FLOAT32 ? (double)((float *)out)[i] : ((double *)out)[i];
			ck_assert_double_eq_tol(got, sum, (dtype == DTYPE_FLOAT32 ? 1e-6 : 1e-12) * fmax(1, fabs(sum)));
		}
		free(v);
		free(out);
		free(h);
		free(room);
		end(&model);
	}
}
END_TEST

START_TEST(threads_change_no_bit)
{
	struct executor serial = executor_serial();
	static struct threads threads;
	struct model model;
	threads_init(&threads, THREADS);
	start(&model, &subjects[_i], DTYPE_FLOAT64, &serial);
	double *h = hessian_of(&model), *hv = doubles(model.n), *other = doubles(model.n);
	double *room = doubles(linear_product_room(model.n));
	ck_assert_int_eq(linear_product(&model.view, model.theta, h, hv, room), OK);
	model.view.executor = &threads.base;
	double *again = hessian_of(&model);
	ck_assert_int_eq(linear_product(&model.view, model.theta, again, other, room), OK);
	ck_assert_mem_eq(h, again, model.n * model.n * sizeof *h);
	ck_assert_mem_eq(hv, other, model.n * sizeof *hv);
	ck_assert_uint_ge(threads.most, 2);
	free(h);
	free(again);
	free(hv);
	free(other);
	free(room);
	end(&model);
}
END_TEST

START_TEST(a_stop_is_seen)
{
	atomic_bool stop = true;
	struct executor serial = executor_serial();
	struct model model;
	serial.stop = &stop;
	start(&model, &subjects[0], DTYPE_FLOAT64, &serial);
	double *h = doubles(model.n * model.n), *room = doubles(linear_hessian_room(model.n));
	ck_assert_int_eq(linear_hessian(&model.view, model.theta, h, room), E_CANCELLED);
	ck_assert_int_eq(linear_product(&model.view, model.theta, h, h, room), E_CANCELLED);
	free(h);
	free(room);
	end(&model);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("linear");
	TCase *tests = tcase_create("second derivatives");
	tcase_add_loop_test(tests, the_hessian_is_what_differences_of_gradients_say, 0, SUBJECTS);
	tcase_add_loop_test(tests, a_product_is_that_of_the_hessian_in_both_precisions, 0, SUBJECTS);
	tcase_add_loop_test(tests, threads_change_no_bit, 0, SUBJECTS);
	tcase_add_test(tests, a_stop_is_seen);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
