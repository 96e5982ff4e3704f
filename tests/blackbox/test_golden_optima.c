/* The golden optima of linear models through HTTP: each minimum by the solvers that suit it. */
#include <math.h>
#include <string.h>

#include "tests/blackbox/exact.h"
#include "tests/blackbox/golden_job.h"
#include "tests/blackbox/jobs.h"
#include "tests/support/golden.h"

/* OPTIMIZER: its settings, an object without braces. steps: the budget; 0: the job names no optimizer. */
static const struct way {
	const char *name, *model, *loss, *optimizer;
	double steps;
} ways[] = {
#define GRADIENT(rate, momentum) "\"type\":\"nesterov\",\"learning_rate\":" #rate ",\"momentum\":" #momentum
#define SOLVER(word)             "\"type\":\"" #word "\""
	/* Nesterov with a rate of about 1/L (L: largest eigenvalue of the Hessian anywhere) and the momentum that suits
	 * sqrt(smallest eigenvalue/L). */
	{ "least_squares_diabetes", "linear_regression", "squared_error", GRADIENT(0.24, 0.92), 4000 },
	{ "ridge_diabetes", "linear_regression", "squared_error", GRADIENT(0.24, 0.75), 2000 },
	{ "ridge_diabetes_no_intercept", "linear_regression", "squared_error", GRADIENT(0.19, 0.4), 1000 },
	{ "logistic_breast_cancer_0.01", "logistic_regression", NULL, GRADIENT(0.29, 0.9), 5000 },
	{ "logistic_breast_cancer_0.0001", "logistic_regression", NULL, GRADIENT(0.29, 0.99), 20000 },
	{ "softmax_iris", "softmax_regression", NULL, GRADIENT(0.6, 0.85), 5000 },
	{ "softmax_digits", "softmax_regression", NULL, GRADIENT(0.3, 0.985), 12000 },

	{ "least_squares_diabetes", "linear_regression", "squared_error", SOLVER(newton), 50 },
	{ "ridge_diabetes_no_intercept", "linear_regression", "squared_error", SOLVER(newton_cg), 100 },
	{ "huber_diabetes_1.0", "linear_regression", "{\"type\":\"huber\",\"delta\":1.0}", SOLVER(newton), 100 },
	{ "huber_diabetes_0.5", "linear_regression", "{\"type\":\"huber\",\"delta\":0.5}", SOLVER(newton), 100 },
	{ "logistic_breast_cancer_0.01", "logistic_regression", NULL, SOLVER(newton), 50 },
	{ "logistic_breast_cancer_0.0001", "logistic_regression", NULL, SOLVER(newton_cg), 200 },
	{ "squared_hinge_breast_cancer", "logistic_regression", "squared_hinge", SOLVER(newton), 100 },
	{ "poisson_diabetes", "linear_regression", "poisson", SOLVER(newton), 100 },
	{ "softmax_iris", "softmax_regression", NULL, SOLVER(newton), 50 },
	{ "softmax_digits", "softmax_regression", NULL, SOLVER(newton), 50 },

	{ "least_squares_diabetes", "linear_regression", "squared_error", SOLVER(normal_equations), 5 },
	{ "ridge_diabetes", "linear_regression", "squared_error", SOLVER(normal_equations), 5 },
	{ "ridge_diabetes_no_intercept", "linear_regression", "squared_error", SOLVER(normal_equations), 5 },

	{ "ridge_diabetes", "linear_regression", "squared_error", SOLVER(coordinate_descent), 4000 },
	{ "lasso_diabetes_0.02", "linear_regression", "squared_error", SOLVER(coordinate_descent), 4000 },
	{ "lasso_diabetes_0.2", "linear_regression", "squared_error", SOLVER(coordinate_descent), 4000 },
	{ "elastic_net_diabetes_0.1_0.5", "linear_regression", "squared_error", SOLVER(coordinate_descent), 4000 },
	{ "elastic_net_diabetes_0.3_0.2", "linear_regression", "squared_error", SOLVER(coordinate_descent), 4000 },
	{ "logistic_l1_breast_cancer", "logistic_regression", NULL, SOLVER(coordinate_descent), 200 },
	{ "huber_diabetes_0.5", "linear_regression", "{\"type\":\"huber\",\"delta\":0.5}", SOLVER(coordinate_descent),
	  100 },
	{ "softmax_iris", "softmax_regression", NULL, SOLVER(coordinate_descent), 100 },

	{ "hinge_breast_cancer", "logistic_regression", "hinge", SOLVER(coordinate_descent), 60 },

	{ "lasso_diabetes_0.02", "linear_regression", "squared_error", "\"type\":\"fista\",\"learning_rate\":0.24",
	  20000 },
	{ "elastic_net_diabetes_0.1_0.5", "linear_regression", "squared_error", GRADIENT(0.24, 0.8), 4000 },
	{ "logistic_l1_breast_cancer", "logistic_regression", NULL, GRADIENT(0.29, 0.98), 30000 },
	{ "lasso_diabetes_0.2", "linear_regression", "squared_error", "\"type\":\"adam\",\"learning_rate\":0.003",
	  20000 },
/* The service chooses, and stops by its own rules. */
#define AUTO(name, model, loss)                                                                                        \
	{                                                                                                              \
		name, model, loss, "", 0                                                                               \
	}
	AUTO("least_squares_diabetes", "linear_regression", "squared_error"),
	AUTO("ridge_diabetes", "linear_regression", "squared_error"),
	AUTO("ridge_diabetes_no_intercept", "linear_regression", "squared_error"),
	AUTO("lasso_diabetes_0.02", "linear_regression", "squared_error"),
	AUTO("lasso_diabetes_0.2", "linear_regression", "squared_error"),
	AUTO("elastic_net_diabetes_0.1_0.5", "linear_regression", "squared_error"),
	AUTO("elastic_net_diabetes_0.3_0.2", "linear_regression", "squared_error"),
	AUTO("huber_diabetes_1.0", "linear_regression", "{\"type\":\"huber\",\"delta\":1.0}"),
	AUTO("huber_diabetes_0.5", "linear_regression", "{\"type\":\"huber\",\"delta\":0.5}"),
	AUTO("logistic_breast_cancer_0.01", "logistic_regression", NULL),
	AUTO("logistic_breast_cancer_0.0001", "logistic_regression", NULL),
	AUTO("logistic_l1_breast_cancer", "logistic_regression", NULL),
	AUTO("squared_hinge_breast_cancer", "logistic_regression", "squared_hinge"),
	AUTO("hinge_breast_cancer", "logistic_regression", "hinge"),
	AUTO("poisson_diabetes", "linear_regression", "poisson"),
	AUTO("softmax_iris", "softmax_regression", NULL),
	AUTO("softmax_digits", "softmax_regression", NULL),

	/* One row a step, or 10: so many epochs. */
	{ "ridge_diabetes", "linear_regression", "squared_error", SOLVER(saga), 442 * 300 },
	{ "lasso_diabetes_0.02", "linear_regression", "squared_error", SOLVER(saga), 442 * 1200 },
	{ "elastic_net_diabetes_0.1_0.5", "linear_regression", "squared_error", SOLVER(saga), 442 * 500 },
	{ "logistic_breast_cancer_0.01", "logistic_regression", NULL, SOLVER(saga), 569 * 600 },
	{ "elastic_net_diabetes_0.3_0.2", "linear_regression", "squared_error",
	  "\"type\":\"svrg\",\"learning_rate\":0.01", 45 * 400 },
	{ "softmax_iris", "softmax_regression", NULL, "\"type\":\"svrg\",\"learning_rate\":0.05", 15 * 2000 },
#undef AUTO
#undef GRADIENT
#undef SOLVER
};
enum { WAYS = sizeof ways / sizeof ways[0] };

static const cJSON *optimum_named(const cJSON *file, const char *name)
{
	const cJSON *one = NULL;
	cJSON_ArrayForEach(one,
			   golden_get(file, "problems")) if (strcmp(golden_string(one, "name"), name) == 0) return one;
	ck_abort_msg("no optimum %s", name);
	return NULL;
}

static cJSON *keep_json(const char *text)
{
	cJSON *json = cJSON_Parse(text);
	ck_assert_ptr_nonnull(json);
	return json;
}

static const char *optimum_job(const cJSON *problem, const struct way *way)
{
	struct golden_data data;
	golden_data_read(golden_get(problem, "data"), &data);
	cJSON *job = cJSON_CreateObject();
	golden_add_data(job, &data);
	cJSON *model = exact_object(job, "model");
	cJSON_AddStringToObject(model, "type", way->model);
	if (way->loss != NULL && way->loss[0] == '{') {
		cJSON_AddItemToObject(model, "loss", keep_json(way->loss));
	} else if (way->loss != NULL) {
		cJSON_AddStringToObject(model, "loss", way->loss);
	}
	cJSON_AddNumberToObject(model, "l1", golden_number(problem, "l1"));
	cJSON_AddNumberToObject(model, "l2", golden_number(problem, "l2"));
	cJSON_AddBoolToObject(model, "intercept", golden_flag(problem, "intercept"));
	if (way->steps == 0) {
		cJSON_AddStringToObject(exact_object(job, "training"), "dtype", "float64");
		return exact_take(job);
	}
	cJSON_AddItemToObject(job, "optimizer", keep_json(text_of("{%s}", way->optimizer)));
	golden_add_training(job, way->steps);
	bool saga = strstr(way->optimizer, "saga") != NULL, svrg = strstr(way->optimizer, "svrg") != NULL;
	if (saga || svrg)
		cJSON_ReplaceItemInObjectCaseSensitive(cJSON_GetObjectItemCaseSensitive(job, "training"), "batch_size",
						       cJSON_CreateNumber(saga ? 1 : 10));
	exact_run_all_steps(job);
	cJSON *stopping = cJSON_GetObjectItemCaseSensitive(job, "stopping");
	cJSON_ReplaceItemInObjectCaseSensitive(
		stopping, "gradient_norm",
		cJSON_CreateNumber(strcmp(way->model, "linear_regression") == 0 ? 1e-10 : 1e-11));
	return exact_take(job);
}

START_TEST(a_solver_that_suits_reaches_the_reference_minimum)
{
	struct server *server = server_start(NULL);
	cJSON *file = golden_load("golden/optima/linear_models.json");
	const cJSON *problem = optimum_named(file, ways[_i].name), *optimum = golden_get(problem, "optimum");
	const struct reply *job = job_run(server, optimum_job(problem, &ways[_i]));
	const char *id = string_at(job->json, "id");
	double value = number_at(job->json, "metrics.train_loss"), least = golden_number(optimum, "value");
	ck_assert_msg(fabs(value - least) <= 1e-9 * fabs(least), "%s: %.17g instead of %.17g", ways[_i].name, value,
		      least);
	ck_assert_double_ge(value, least - 1e-12);
	size_t n, m, rows = 1, columns;
	const double *got = job_tensor(server, id, "weight", &n);
	const cJSON *w = golden_get(optimum, "w");
	double *theirs = keep(golden_numbers(w, &m));
	ck_assert_uint_eq(n, m);
	if (cJSON_IsArray(w->child)) {
		double *matrix = golden_matrix(optimum, "w", &rows, &columns);
		theirs = keep(golden_transpose(matrix, rows, columns));
		free(matrix);
	}
	double far = golden_distance(got, theirs, n);
	ck_assert_msg(far <= 1e-6, "%s: weights off by %g", ways[_i].name, far);
	for (size_t k = 0; k < n; k++)
		ck_assert_msg(golden_number(problem, "l1") == 0 || (got[k] == 0) == (theirs[k] == 0),
			      "%s: weight %zu is %.17g, the reference %.17g", ways[_i].name, k, got[k], theirs[k]);
	if (golden_flag(problem, "intercept")) {
		double *b = keep(golden_array(optimum, "b", &m));
		got = job_tensor(server, id, "bias", &n);
		ck_assert_uint_eq(n, m);
		ck_assert_double_le(golden_distance(got, b, n), 1e-6);
	}
	cJSON_Delete(file);
	finish(server);
}
END_TEST

/* A job of a function from 0.1 beside its minimum on, in each coordinate, that names no optimizer. */
static const char *function_job(const cJSON *minimum)
{
	const cJSON *objective = golden_get(minimum, "objective"), *item = NULL;
	cJSON *job = cJSON_CreateObject(), *model = exact_object(job, "model");
	size_t n;
	double *x = keep(golden_array(minimum, "x", &n));
	for (size_t i = 0; i < n; i++)
		x[i] += i % 2 ? -0.1 : 0.1;
	cJSON_AddStringToObject(model, "type", "function");
	cJSON_AddItemToObject(model, "initial_point", exact_list(x, n));
	cJSON_ArrayForEach(item, objective)
	{
		const char *name = strcmp(item->string, "kind") == 0 ? "function" : item->string;
		if (strcmp(name, "dim") != 0 && strcmp(name, "formula") != 0 && strcmp(name, "expr") != 0)
			cJSON_AddItemToObject(model, name, cJSON_Duplicate(item, true));
	}
	return exact_take(job);
}

START_TEST(a_function_whose_optimizer_is_left_open_reaches_its_minimum)
{
	struct server *server = server_start(NULL);
	cJSON *file = golden_load("golden/optima/functions.json");
	const cJSON *minimum = NULL;
	cJSON_ArrayForEach(minimum, golden_get(file, "minima"))
	{
		const struct reply *job = job_run(server, function_job(minimum));
		double value = number_at(job->json, "metrics.train_loss"), least = golden_number(minimum, "value");
		size_t n;
		double *x = keep(golden_array(minimum, "x", NULL));
		ck_assert_str_eq(string_at(job->json, "spec.optimizer.type"), "lbfgs");
		string_at(job->json, "spec.optimizer.auto");
		ck_assert_double_le(fabs(value - least), 1e-9 * fmax(1, fabs(least)));
		const double *got = job_tensor(server, string_at(job->json, "id"), "x", &n);
		double far = golden_distance(got, x, n);
		ck_assert_msg(far <= 1e-6, "%s: off by %g", golden_string(minimum, "function"), far);
	}
	cJSON_Delete(file);
	finish(server);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("blackbox/golden_optima");
	TCase *tests = tcase_create("optima");
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, a_solver_that_suits_reaches_the_reference_minimum, 0, WAYS);
	tcase_add_test(tests, a_function_whose_optimizer_is_left_open_reaches_its_minimum);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return blackbox_run(suite());
}
