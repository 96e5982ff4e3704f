/* Certificates against problems whose minima are known (golden optima): a gap is never less than the truth and goes to
 * 0, the closed form is as far as it is, the spectrum is the one that was computed elsewhere. */
#include <math.h>
#include <stdio.h>

#include "core/certificate/certificate.h"
#include "core/certificate/internal.h"
#include "core/train/config.h"
#include "tests/core/modelling.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

static const struct {
	const char *name, *model, *loss;
	double tight; /* the gap at the minimum is at most this */
} problems[] = {
	{ "least_squares_diabetes", "linear_regression", "squared_error", NAN },
	{ "ridge_diabetes", "linear_regression", "squared_error", 1e-14 },
	{ "ridge_diabetes_no_intercept", "linear_regression", "squared_error", 1e-14 },
	{ "lasso_diabetes_0.02", "linear_regression", "squared_error", 1e-13 },
	{ "lasso_diabetes_0.2", "linear_regression", "squared_error", 1e-13 },
	{ "elastic_net_diabetes_0.1_0.5", "linear_regression", "squared_error", 1e-14 },
	{ "elastic_net_diabetes_0.3_0.2", "linear_regression", "squared_error", 1e-14 },
	{ "huber_diabetes_1.0", "linear_regression", "huber", 1e-14 },
	{ "huber_diabetes_0.5", "linear_regression", "huber", 1e-14 },
	{ "logistic_breast_cancer_0.01", "logistic_regression", "log_loss", 1e-14 },
	{ "logistic_breast_cancer_0.0001", "logistic_regression", "log_loss", 1e-14 },
	{ "logistic_l1_breast_cancer", "logistic_regression", "log_loss", 1e-13 },
	{ "squared_hinge_breast_cancer", "logistic_regression", "squared_hinge", 1e-14 },
	{ "hinge_breast_cancer", "logistic_regression", "hinge", 1e-9 },
	{ "poisson_diabetes", "linear_regression", "poisson", 1e-9 },
};
enum { PROBLEMS = sizeof problems / sizeof *problems };

struct problem {
	cJSON *file;
	const cJSON *golden;
	struct modelling model;
	struct data_view data;
	struct objective *objective;
	double *minimum; /* [n] */
	struct train_config config;
	struct executor executor;
};

static void read_data(struct problem *self)
{
	const cJSON *description = golden_get(self->golden, "data");
	const char *name = strrchr(golden_string(description, "file"), '/') + 1, *how;
	char path[128];
	snprintf(path, sizeof path, "golden/trainings/%s", name);
	cJSON *file = golden_load(path);
	struct data_view *data = &self->data;
	double *x = golden_matrix(file, "X", &data->rows, &data->features), *y = golden_array(file, "y", NULL);
	double *mean = golden_array(file, "mean", NULL), *std = golden_array(file, "std", NULL);
	for (size_t i = 0; i < data->rows * data->features; i++) {
		x[i] = (x[i] - mean[i % data->features]) / std[i % data->features];
	}
	how = golden_string(description, "targets");
	data->dtype = DTYPE_FLOAT64;
	data->x = x;
	data->y = y;
	if (strncmp(how, "class", 5) == 0) {
		int32_t *label = calloc(data->rows, sizeof *label);
		for (size_t i = 0; i < data->rows; i++) {
			label[i] = (int32_t)y[i];
		}
		data->label = label;
		data->classes = 2;
	} else {
		data->targets = 1;
		for (size_t i = 0; i < data->rows && strcmp(how, "standardised") == 0; i++) {
			y[i] = (y[i] - golden_number(file, "y_mean")) / golden_number(file, "y_std");
		}
	}
	free(mean);
	free(std);
	cJSON_Delete(file);
}

static void problem_init(struct problem *self, size_t which)
{
	memset(self, 0, sizeof *self);
	self->file = golden_load("golden/optima/linear_models.json");
	const cJSON *one = NULL;
	cJSON_ArrayForEach(one, golden_get(self->file, "problems"))
	{
		if (strcmp(golden_string(one, "name"), problems[which].name) == 0) {
			self->golden = one;
		}
	}
	ck_assert_ptr_nonnull(self->golden);
	read_data(self);
	const struct model_shape shape = { .features = self->data.features,
					   .targets = self->data.targets,
					   .classes = self->data.classes,
					   .rows = self->data.rows };
	modelling_start(&self->model, problems[which].model, problems[which].loss, &shape);
	modelling_set(&self->model, "l1", golden_number(self->golden, "l1"));
	modelling_set(&self->model, "l2", golden_number(self->golden, "l2"));
	modelling_set(&self->model, "intercept", golden_flag(self->golden, "intercept"));
	if (strcmp(problems[which].name, "huber_diabetes_0.5") == 0) {
		self->model.loss_value[0].number = 0.5;
	}
	self->objective = modelling_build(&self->model, &shape, DTYPE_FLOAT64, 4);
	self->minimum = calloc(self->objective->n, sizeof(double));
	size_t n;
	double *w = golden_array(golden_get(self->golden, "optimum"), "w", &n);
	memcpy(self->minimum, w, n * sizeof *w);
	self->minimum[self->objective->n - 1] =
		golden_number_or(golden_get(self->golden, "optimum"), "b", self->minimum[self->objective->n - 1]);
	free(w);
	self->executor = executor_serial();
	self->config.training.dtype = DTYPE_FLOAT64;
}

static void problem_fini(struct problem *self)
{
	objective_destroy(self->objective);
	modelling_free(&self->data);
	free(self->minimum);
	cJSON_Delete(self->file);
}

/* theta = the minimum, and `off` along odd directions; returns F less its minimum. */
static double shifted(struct problem *self, double off, double *theta)
{
	const struct batch all = { .data = &self->data, .count = self->data.rows };
	double f;
	for (size_t i = 0; i < self->objective->n; i++) {
		theta[i] = self->minimum[i] + off * cos(2.385 * (double)(i + 1));
	}
	ck_assert_int_eq(self->objective->type->evaluate(self->objective, theta, &all, &self->executor, &f, NULL), OK);
	return f - golden_number(golden_get(self->golden, "optimum"), "value");
}

static struct certificate certificate_of(struct problem *self, const double *theta)
{
	const struct certificate_request request = { .config = &self->config,
						     .model = &self->model.config,
						     .objective = self->objective,
						     .training = &self->data,
						     .theta = theta,
						     .executor = &self->executor,
						     .progress = { .rows_seen = 100 * self->data.rows } };
	struct certificate out;
	ck_assert_int_eq(certify(&request, &out), OK);
	return out;
}

START_TEST(the_gap_is_never_below_the_truth_and_vanishes_at_the_minimum)
{
	static const double offs[] = { 0.385, 0.02385, 1e-4, 1e-6, 0 };
	struct problem problem;
	double theta[64], before = INFINITY;

	problem_init(&problem, (size_t)_i);
	for (size_t k = 0; k < sizeof offs / sizeof *offs; k++) {
		const double above = shifted(&problem, offs[k], theta);
		const struct certificate certificate = certificate_of(&problem, theta);
		if (isnan(problems[_i].tight)) {
			ck_assert(isnan(certificate.duality_gap));
			continue;
		}
		ck_assert_msg(certificate.duality_gap >= above - 1e-13, "%s at %g: gap %g, truth %g", problems[_i].name,
			      offs[k], certificate.duality_gap, above);
		ck_assert_msg(certificate.duality_gap <= before, "%s at %g: gap %g after %g", problems[_i].name,
			      offs[k], certificate.duality_gap, before);
		before = certificate.duality_gap + 1e-15;
	}
	ck_assert_msg(isnan(problems[_i].tight) || before <= problems[_i].tight, "%s: gap %g at the minimum",
		      problems[_i].name, before);
	problem_fini(&problem);
}
END_TEST

/* The problem with a weight for either class. */
static struct certificate weighted(double first, double second)
{
	const double weights[] = { first, second };
	struct problem problem;
	problem_init(&problem, 9);
	const struct model_shape shape = { .features = problem.data.features,
					   .classes = problem.data.classes,
					   .rows = problem.data.rows };
	const struct settings *settings = &problem.model.config.loss_settings;
	struct setting_value *value =
		&problem.model.loss_value[settings_get(settings, "class_weight") - settings->value];
	value->values = weights;
	value->rows = 2;
	objective_destroy(problem.objective);
	problem.objective = modelling_build(&problem.model, &shape, DTYPE_FLOAT64, 4);
	const struct certificate certificate = certificate_of(&problem, problem.minimum);
	problem_fini(&problem);
	return certificate;
}

START_TEST(weights_of_classes_leave_no_gap_and_count_in_the_curvature)
{
	struct problem problem;
	problem_init(&problem, 9);
	const struct certificate plain = certificate_of(&problem, problem.minimum), even = weighted(2.385, 2.385),
				 odd = weighted(1, 2.385);
	ck_assert(!isnan(plain.duality_gap));
	ck_assert(isnan(odd.duality_gap) && isnan(odd.dual_value));
	ck_assert_double_eq_tol(even.lambda_max, plain.lambda_max, 1e-4 * plain.lambda_max);
	ck_assert(fabs(odd.lambda_max - plain.lambda_max) > 0.02385 * plain.lambda_max);
	problem_fini(&problem);
}
END_TEST

START_TEST(the_spectrum_is_that_of_the_reference)
{
	struct problem problem;
	problem_init(&problem, (size_t)_i);
	const cJSON *ends = cJSON_GetObjectItemCaseSensitive(problem.golden, "hessian_eigenvalues_at_optimum");
	if (ends != NULL) {
		double *reference = golden_numbers(ends, NULL);
		const struct certificate certificate = certificate_of(&problem, problem.minimum);
		ck_assert_double_eq_tol(certificate.lambda_min, reference[0], 1e-5 * reference[0] + 1e-8);
		ck_assert_double_eq_tol(certificate.lambda_max, reference[1], 6e-6 * reference[1]);
		ck_assert_double_eq_tol(certificate.stable_rate, 2 / certificate.lambda_max, 1e-15);
		ck_assert_uint_eq(certificate.curvature_rows, 0);
		free(reference);
	}
	problem_fini(&problem);
}
END_TEST

START_TEST(the_closed_form_is_as_far_as_it_is)
{
	static const double offs[] = { 0.385, 1e-3, 1e-7, 0 };
	for (size_t which = 0; which < 4; which++) {
		struct problem problem;
		double theta[64], distance = 0;
		problem_init(&problem, which);
		for (size_t i = 0; i < problem.objective->n; i++) {
			distance = hypot(distance, cos(2.385 * (double)(i + 1)));
		}
		for (size_t k = 0; k < 4; k++) {
			const double above = shifted(&problem, offs[k], theta);
			const struct certificate certificate = certificate_of(&problem, theta);
			if (which == 3) {
				ck_assert(isnan(certificate.closed_form_distance)); /* lasso has none */
				continue;
			}
			ck_assert_double_eq_tol(certificate.closed_form_distance, offs[k] * distance, 1e-12);
			ck_assert_double_eq_tol(certificate.closed_form_gap, above, 1e-13);
		}
		problem_fini(&problem);
	}
}
END_TEST

START_TEST(the_bits_do_not_depend_on_the_threads)
{
	for (size_t which = 0; which < PROBLEMS; which++) {
		struct problem problem;
		struct threads threads;
		double theta[64];
		problem_init(&problem, which);
		shifted(&problem, 0.02385, theta);
		const struct certificate one = certificate_of(&problem, theta);
		threads_init(&threads, 4);
		const struct executor serial = problem.executor;
		const struct certificate_request request = { .config = &problem.config,
							     .model = &problem.model.config,
							     .objective = problem.objective,
							     .training = &problem.data,
							     .theta = theta,
							     .executor = &threads.base,
							     .progress = { .rows_seen = 100 * problem.data.rows } };
		struct certificate many;
		ck_assert_int_eq(certify(&request, &many), OK);
		ck_assert_mem_eq(&one.gradient_norm, &many.gradient_norm, sizeof(double));
		ck_assert_mem_eq(&one.duality_gap, &many.duality_gap, sizeof(double));
		ck_assert_mem_eq(&one.closed_form_gap, &many.closed_form_gap, sizeof(double));
		ck_assert_mem_eq(&one.lambda_max, &many.lambda_max, sizeof(double));
		ck_assert_mem_eq(&one.lambda_min, &many.lambda_min, sizeof(double));
		problem.executor = serial;
		problem_fini(&problem);
	}
}
END_TEST

START_TEST(a_flag_that_is_raised_ends_it_and_what_is_known_needs_no_pass)
{
	struct problem problem;
	atomic_bool stop;
	struct certificate out;
	problem_init(&problem, 1);
	atomic_init(&stop, true);
	problem.executor.stop = &stop;
	struct certificate_request request = { .config = &problem.config,
					       .model = &problem.model.config,
					       .objective = problem.objective,
					       .training = &problem.data,
					       .theta = problem.minimum,
					       .executor = &problem.executor };
	ck_assert_int_eq(certify(&request, &out), E_CANCELLED);
	request.known_only = true;
	request.progress.last = (struct curve_point){ .gradient_norm = 2.385, .measured = POINT_GRADIENT_NORM };
	ck_assert_int_eq(certify(&request, &out), OK);
	ck_assert_double_eq(out.gradient_norm, 2.385);
	ck_assert(isnan(out.duality_gap) && isnan(out.lambda_max));
	problem_fini(&problem);
}
END_TEST

/* Products with diag(1.385, 2.385, ...): as many as there are dimensions tell all. */
static enum status diagonal(void *context, const double *v, double *out)
{
	size_t *calls = context;
	++*calls;
	for (size_t i = 0; i < 12; i++) {
		out[i] = ((double)i - 3.385) * v[i];
	}
	return OK;
}

START_TEST(the_ends_of_a_spectrum_are_exact_after_n_products)
{
	struct spectrum spectrum;
	size_t calls = 0;
	ck_assert_int_eq(lanczos(12, 48, diagonal, &calls, &spectrum), OK);
	ck_assert_uint_le(calls, 12);
	ck_assert_double_eq_tol(spectrum.smallest, -3.385, 1e-12);
	ck_assert_double_eq_tol(spectrum.largest, 7.615, 1e-12);
}
END_TEST

START_TEST(a_rate_is_told_from_a_power)
{
	struct trace_sample trace[40];
	for (size_t i = 0; i < 40; i++) {
		trace[i] = (struct trace_sample){ 3 * i, 1, 2.385 * pow(0.885, 3 * (double)i) };
	}
	struct convergence rate = convergence_of(trace, 40, 1e-16);
	ck_assert_int_eq(rate.kind, RATE_LINEAR);
	ck_assert_double_eq_tol(rate.factor, 0.885, 1e-12);
	for (size_t i = 0; i < 40; i++) {
		trace[i].gradient_norm = 2.385 * pow(1 + (double)trace[i].step, -1.385);
	}
	rate = convergence_of(trace, 40, 1e-16);
	ck_assert_int_eq(rate.kind, RATE_SUBLINEAR);
	ck_assert_double_eq_tol(rate.order, 1.385, 0.05);
	ck_assert_int_eq(convergence_of(trace, 4, 1e-16).kind, RATE_UNKNOWN);
	for (size_t i = 20; i < 40; i++) {
		trace[i].gradient_norm = 1e-15 * (1 + (double)(i % 3)); /* rounding is no rate */
	}
	for (size_t i = 0; i < 20; i++) {
		trace[i].gradient_norm = 2.385 * pow(0.5, (double)trace[i].step);
	}
	rate = convergence_of(trace, 40, 2.2e-16);
	ck_assert_double_eq_tol(rate.factor, 0.5, 1e-9);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/certificate");
	TCase *golden = tcase_create("golden");
	suite_add_tcase(suite, golden);
	tcase_set_timeout(golden, 60);
	tcase_add_loop_test(golden, the_gap_is_never_below_the_truth_and_vanishes_at_the_minimum, 0, PROBLEMS);
	tcase_add_loop_test(golden, the_spectrum_is_that_of_the_reference, 0, PROBLEMS);
	tcase_add_test(golden, weights_of_classes_leave_no_gap_and_count_in_the_curvature);
	tcase_add_test(golden, the_closed_form_is_as_far_as_it_is);
	tcase_add_test(golden, the_bits_do_not_depend_on_the_threads);
	tcase_add_test(golden, a_flag_that_is_raised_ends_it_and_what_is_known_needs_no_pass);
	tcase_add_test(golden, the_ends_of_a_spectrum_are_exact_after_n_products);
	tcase_add_test(golden, a_rate_is_told_from_a_power);
	return suite_run(suite);
}
