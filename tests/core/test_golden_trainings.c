/*
 * The golden trainings and minima by the real trainer: every loss of a training and its final weights at the file's
 * tolerance; the smooth linear problems and the functions down to their stored minima.
 */
#include "tests/core/golden_rows.h"
#include "tests/support/suite.h"
#include "tests/support/trial.h"

static const char *const trainings[] = {
	"linear_diabetes_gd", "linear_diabetes_adam", "logistic_breast_cancer_gd", "logistic_breast_cancer_adam",
	"softmax_iris_gd",    "softmax_iris_adam",    "softmax_digits_gd",         "softmax_digits_adam",
	"mlp_iris_gd",        "mlp_iris_adam",        "autoencoder_digits_gd",     "autoencoder_digits_adam",
};
enum { TRAININGS = sizeof trainings / sizeof trainings[0] };

/* W1, b1, W2, b2 ... with W [outputs, inputs] as one flat vector with weights [inputs, outputs]. Returned owned. */
static double *flat(const struct objective *objective, const cJSON *weights)
{
	double *theta = calloc(objective->n, sizeof *theta);
	for (size_t t = 0; t < objective->tensors; t++) {
		const struct tensor *tensor = &objective->tensor[t];
		char key[32];
		size_t n;
		snprintf(key, sizeof key, "%c%zu", tensor->rank == 2 ? 'W' : 'b', t / 2 + 1);
		double *values = golden_array(weights, key, &n);
		ck_assert_uint_eq(n, tensor->size);
		if (tensor->rank == 2) {
			double *transposed = golden_transpose(values, tensor->shape[1], tensor->shape[0]);
			free(values);
			values = transposed;
		}
		memcpy(theta + tensor->offset, values, n * sizeof *values);
		free(values);
	}
	return theta;
}

/* The model of a training, by the names of its loss and layers. */
static struct objective *model_of(const cJSON *training, const struct golden_rows *rows)
{
	const cJSON *about = golden_get(training, "model");
	const char *loss = golden_string(golden_get(training, "loss_function"), "name");
	struct modelling model;
	size_t n;
	double *layers = golden_array(about, "layers", &n);
	if (n > 2) {
		modelling_start(&model, "mlp", loss, &rows->shape);
	} else if (strcmp(loss, "mse") == 0) {
		modelling_start(&model, "linear_regression", loss, &rows->shape);
	} else {
		const bool two = strcmp(loss, "bce_with_logits") == 0;
		modelling_start(&model, two ? "logistic_regression" : "softmax_regression", NULL, &rows->shape);
	}
	for (size_t k = 1; k + 1 < n; k++) {
		modelling_layer(&model, (size_t)layers[k], golden_string(about, "hidden"));
	}
	free(layers);
	return modelling_build(&model, &rows->shape, DTYPE_FLOAT64, 1);
}

/* The optimizer of a training, every one of its settings. `betas` is where two numbers may be kept. */
static void take_optimizer(struct trial *trial, const cJSON *optimizer, double betas[2])
{
	const cJSON *item = NULL;
	trial_optimizer(trial, golden_string(optimizer, "algorithm"), "constant");
	cJSON_ArrayForEach(item, optimizer)
	{
		const char *key = strcmp(item->string, "lr") == 0 ? "learning_rate" : item->string;
		if (strcmp(key, "name") == 0 || strcmp(key, "algorithm") == 0) {
			continue;
		}
		struct setting_value *value = trial_setting(&trial->setup.config.optimizer.settings, key);
		if (cJSON_IsArray(item)) {
			betas[0] = item->child->valuedouble;
			betas[1] = item->child->next->valuedouble;
			value->values = betas;
			value->rows = 2;
			value->columns = 1;
		} else {
			value->number = cJSON_IsBool(item) ? cJSON_IsTrue(item) : item->valuedouble;
		}
	}
}

static void check_first_gradient(const cJSON *training, const struct trial *trial, double tolerance)
{
	if (cJSON_HasObjectItem(training, "gradient_at_start")) {
		double *gradient = flat(trial->setup.objective, golden_get(training, "gradient_at_start")), sum = 0;
		for (size_t i = 0; i < trial->setup.objective->n; i++) {
			sum += gradient[i] * gradient[i];
		}
		ck_assert_double_eq_tol(trial->points[0].gradient_norm, sqrt(sum), tolerance * fmax(1, sqrt(sum)));
		free(gradient);
	}
}

/* Rows classified rightly by the final weights. */
static void check_correct(const cJSON *training, const struct trial *trial)
{
	struct evaluation evaluation;
	double correct = golden_number_or(training, "correct_predictions", -1);
	ck_assert_int_eq(trainer_evaluate(trial->trainer, trainer_parameters(trial->trainer), trial->setup.training,
					  &evaluation),
			 OK);
	if (correct >= 0) {
		ck_assert_double_eq_tol(evaluation.accuracy, correct / (double)trial->setup.training->rows, 1e-12);
	}
}

START_TEST(a_whole_training_follows_torch)
{
	struct trial trial;
	struct golden_rows rows;
	double betas[2];
	char path[128];
	size_t losses;
	snprintf(path, sizeof path, "golden/trainings/%s.json", trainings[_i]);
	cJSON *training = golden_load(path);
	const double tolerance = golden_number(training, "tolerance");
	golden_rows_read(&rows, golden_get(training, "data"));
	struct objective *objective = model_of(training, &rows);
	double *initial = flat(objective, golden_get(training, "initial"));
	double *final = flat(objective, golden_get(training, "final")), *loss = golden_array(training, "loss", &losses);
	trial_init(&trial, (uint64_t)golden_number(training, "steps"));
	take_optimizer(&trial, golden_get(training, "optimizer"), betas);
	trial.setup.objective = objective;
	trial.setup.training = &rows.view;
	trial.setup.initial = initial;
	ck_assert_int_eq(trial_run(&trial), STOP_STEPS);
	ck_assert_uint_eq(trial.count, losses);
	double *curve = calloc(losses, sizeof *curve);
	for (size_t k = 0; k < losses; k++) {
		curve[k] = trial.points[k].train_loss;
	}
	check_first_gradient(training, &trial, tolerance);
	ck_assert_msg(golden_close(curve, loss, losses, tolerance), "%s: losses differ by %g", trainings[_i],
		      golden_distance(curve, loss, losses));
	const double *theta = trainer_parameters(trial.trainer);
	ck_assert_msg(golden_close(theta, final, objective->n, tolerance), "%s: weights differ by %g", trainings[_i],
		      golden_distance(theta, final, objective->n));
	check_correct(training, &trial);
	trial_end(&trial);
	objective_destroy(objective);
	golden_rows_free(&rows);
	free(curve);
	free(initial);
	free(final);
	free(loss);
	cJSON_Delete(training);
}
END_TEST

/* All of golden/optima/linear_models.json: smooth, with corners at 0 (l1) and in the loss (hinge). */
static const struct {
	const char *problem, *model, *loss;
	double setting; /* of the loss; 0: its default */
	const char *optimizer;
} optima[] = {
	{ "least_squares_diabetes", "linear_regression", "squared_error", 0, "newton" },
	{ "least_squares_diabetes", "linear_regression", "squared_error", 0, "lbfgs" },
	{ "ridge_diabetes", "linear_regression", "squared_error", 0, "lbfgs" },
	{ "ridge_diabetes_no_intercept", "linear_regression", "squared_error", 0, "conjugate_gradient" },
	{ "logistic_breast_cancer_0.01", "logistic_regression", NULL, 0, "lbfgs" },
	{ "logistic_breast_cancer_0.0001", "logistic_regression", NULL, 0, "newton" },
	{ "logistic_breast_cancer_0.0001", "logistic_regression", NULL, 0, "lbfgs" },
	{ "softmax_iris", "softmax_regression", NULL, 0, "lbfgs" },
	{ "softmax_digits", "softmax_regression", NULL, 0, "lbfgs" },
	{ "huber_diabetes_1.0", "linear_regression", "huber", 1, "lbfgs" },
	{ "huber_diabetes_0.5", "linear_regression", "huber", 0.5, "lbfgs" },
	{ "poisson_diabetes", "linear_regression", "poisson", 0, "lbfgs" },
	{ "squared_hinge_breast_cancer", "logistic_regression", "squared_hinge", 0, "lbfgs" },
	{ "least_squares_diabetes", "linear_regression", "squared_error", 0, "normal_equations" },
	{ "ridge_diabetes_no_intercept", "linear_regression", "squared_error", 0, "normal_equations" },
	{ "ridge_diabetes", "linear_regression", "squared_error", 0, "coordinate_descent" },
	{ "lasso_diabetes_0.02", "linear_regression", "squared_error", 0, "coordinate_descent" },
	{ "lasso_diabetes_0.2", "linear_regression", "squared_error", 0, "coordinate_descent" },
	{ "lasso_diabetes_0.2", "linear_regression", "squared_error", 0, "fista" },
	{ "elastic_net_diabetes_0.1_0.5", "linear_regression", "squared_error", 0, "coordinate_descent" },
	{ "elastic_net_diabetes_0.3_0.2", "linear_regression", "squared_error", 0, "coordinate_descent" },
	{ "elastic_net_diabetes_0.3_0.2", "linear_regression", "squared_error", 0, "nesterov" },
	{ "logistic_l1_breast_cancer", "logistic_regression", NULL, 0, "coordinate_descent" },
	{ "hinge_breast_cancer", "logistic_regression", "hinge", 0, "coordinate_descent" },
};
enum { OPTIMA = sizeof optima / sizeof optima[0] };

static const cJSON *problem_named(const cJSON *file, const char *name)
{
	const cJSON *entry;
	cJSON_ArrayForEach(entry, golden_get(file, "problems"))
	{
		if (strcmp(golden_string(entry, "name"), name) == 0) {
			return entry;
		}
	}
	ck_abort_msg("no problem %s", name);
	return NULL;
}

/* w and b of a minimum as one flat vector. Returned owned. */
static double *minimiser(const struct objective *objective, const cJSON *optimum)
{
	double *theta = calloc(objective->n, sizeof *theta);
	size_t n;
	double *w = golden_array(optimum, "w", &n);
	const size_t columns = objective->tensor[0].shape[1];
	double *turned = golden_transpose(w, columns, n / columns);
	ck_assert_uint_eq(n, objective->tensor[0].size);
	memcpy(theta, turned, n * sizeof *theta);
	free(w);
	free(turned);
	if (objective->tensors > 1) {
		double *b = golden_array(optimum, "b", &n);
		memcpy(theta + objective->tensor[1].offset, b, n * sizeof *b);
		free(b);
	}
	return theta;
}

/* Weights that are 0 at the minimum are exactly 0, and no others. */
static void same_zeros(const char *problem, const double *found, const double *theirs, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		ck_assert_msg((found[k] == 0) == (theirs[k] == 0), "%s: weight %zu is %.17g, the reference %.17g",
			      problem, k, found[k], theirs[k]);
	}
}

START_TEST(a_linear_model_reaches_its_reference_minimum)
{
	struct trial trial;
	struct golden_rows rows;
	struct modelling model;
	cJSON *file = golden_load("golden/optima/linear_models.json");
	const cJSON *problem = problem_named(file, optima[_i].problem), *optimum = golden_get(problem, "optimum");
	const double least = golden_number(optimum, "value");
	golden_rows_read(&rows, golden_get(problem, "data"));
	modelling_start(&model, optima[_i].model, optima[_i].loss, &rows.shape);
	if (optima[_i].setting != 0) {
		model.loss_value[0].number = optima[_i].setting;
	}
	modelling_set(&model, "l1", golden_number(problem, "l1"));
	modelling_set(&model, "l2", golden_number(problem, "l2"));
	modelling_set(&model, "intercept", golden_flag(problem, "intercept"));
	struct objective *objective = modelling_build(&model, &rows.shape, DTYPE_FLOAT64, 1);
	double *theirs = minimiser(objective, optimum);
	trial_init(&trial, 3000);
	trial_optimizer(&trial, optima[_i].optimizer, "constant");
	trial_number_if(&trial, "learning_rate", 0.24); /* of those that have one: about 1/L of the diabetes data */
	trial.setup.objective = objective;
	trial.setup.training = &rows.view;
	trial.setup.config.stopping.gradient_norm = 1e-10;
	trial.setup.config.stopping.parameter_change = 1e-300; /* no digit moves any more */
	enum stop_reason reason = trial_run(&trial);
	ck_assert_double_eq_tol(trial.points[0].train_loss, golden_number(problem, "value_at_zero"), 1e-12);
	const struct curve_point *last = &trial.points[trial.count - 1];
	ck_assert_msg(fabs(last->train_loss - least) <= 1e-9 * fabs(least),
		      "%s by %s: %.17g instead of %.17g, |g| %g, %s", optima[_i].problem, optima[_i].optimizer,
		      last->train_loss, least, last->gradient_norm, stop_reason_word(reason));
	ck_assert_double_ge(last->train_loss, least - 1e-12 * fmax(1, fabs(least)));
	const double far = golden_distance(trainer_parameters(trial.trainer), theirs, objective->n);
	ck_assert_msg(far <= 1e-6, "%s by %s: weights off by %g, |g| %g, %s", optima[_i].problem, optima[_i].optimizer,
		      far, last->gradient_norm, stop_reason_word(reason));
	if (golden_number(problem, "l1") > 0) {
		same_zeros(optima[_i].problem, trainer_parameters(trial.trainer), theirs, objective->tensor[0].size);
	}
	trial_end(&trial);
	objective_destroy(objective);
	golden_rows_free(&rows);
	free(theirs);
	cJSON_Delete(file);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("golden_trainings");
	TCase *tests = tcase_create("trainings and minima");
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, a_whole_training_follows_torch, 0, TRAININGS);
	tcase_add_loop_test(tests, a_linear_model_reaches_its_reference_minimum, 0, OPTIMA);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return suite_run(suite());
}
