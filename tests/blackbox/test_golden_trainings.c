/* The golden trainings through HTTP: losses, final weights, accuracy. */
#include <math.h>
#include <string.h>

#include "tests/blackbox/exact.h"
#include "tests/blackbox/golden_job.h"
#include "tests/blackbox/jobs.h"
#include "tests/support/golden.h"

static const char *const trainings[] = {
	"linear_diabetes_gd", "linear_diabetes_adam", "logistic_breast_cancer_gd", "logistic_breast_cancer_adam",
	"softmax_iris_gd",    "softmax_iris_adam",    "softmax_digits_gd",         "softmax_digits_adam",
	"mlp_iris_gd",        "mlp_iris_adam",        "autoencoder_digits_gd",     "autoencoder_digits_adam",
};
enum { TRAININGS = sizeof trainings / sizeof *trainings };

/* The name of layer k's tensor in a model of `layers` layers. */
static const char *tensor_name(size_t layers, size_t k, const char *what)
{
	return layers == 1 ? what : text_of("layers.%zu.%s", k, what);
}

/* The golden W_k is [out, in], ours [in, out]. Kept; rows and columns are ours. */
static const double *golden_weight(const cJSON *weights, size_t k, size_t *rows, size_t *columns)
{
	double *theirs = golden_matrix(weights, text_of("W%zu", k + 1), columns, rows);
	double *ours = keep(golden_transpose(theirs, *columns, *rows));
	free(theirs);
	return ours;
}

static void add_initial(cJSON *model, const cJSON *weights, size_t layers)
{
	cJSON *list = cJSON_AddArrayToObject(exact_object(model, "initial_parameters"), "parameters");
	for (size_t k = 0; k < layers; k++) {
		size_t rows, columns, n;
		const double *w = golden_weight(weights, k, &rows, &columns);
		double *b = golden_array(weights, text_of("b%zu", k + 1), &n);
		cJSON_AddItemToArray(list, exact_tensor(tensor_name(layers, k, "weight"), rows, columns, w));
		cJSON_AddItemToArray(list, exact_tensor(tensor_name(layers, k, "bias"), n, 0, b));
		free(b);
	}
}

static void add_model(cJSON *job, const cJSON *training, size_t layers)
{
	const char *loss = golden_string(golden_get(training, "loss_function"), "name");
	const cJSON *golden = golden_get(training, "model");
	cJSON *model = exact_object(job, "model");
	if (layers > 1) {
		cJSON_AddStringToObject(model, "type", "mlp");
		cJSON_AddStringToObject(model, "loss", loss);
		cJSON *list = cJSON_AddArrayToObject(model, "layers");
		for (int k = 1; k < (int)layers; k++) {
			cJSON *layer = cJSON_CreateObject();
			cJSON_AddStringToObject(layer, "type", "dense");
			cJSON_AddNumberToObject(layer, "units", number_at(golden, text_of("layers.%d", k)));
			cJSON_AddStringToObject(layer, "activation", golden_string(golden, "hidden"));
			cJSON_AddItemToArray(list, layer);
		}
	} else if (strcmp(loss, "mse") == 0) {
		cJSON_AddStringToObject(model, "type", "linear_regression");
	} else {
		bool two = strcmp(loss, "bce_with_logits") == 0;
		cJSON_AddStringToObject(model, "type", two ? "logistic_regression" : "softmax_regression");
	}
	add_initial(model, golden_get(training, "initial"), layers);
}

/* Takes the final weights of golden and job together, as the file's tolerance is meant. */
static void check_final(const struct server *server, const char *id, const cJSON *training, size_t layers)
{
	size_t n, total = 0, most = 100000;
	double *golden = keep(calloc(most, sizeof *golden)), *got = keep(calloc(most, sizeof *got));
	const cJSON *final = golden_get(training, "final");
	for (size_t k = 0; k < layers; k++) {
		size_t rows, columns;
		const double *w = golden_weight(final, k, &rows, &columns);
		const double *ours = job_tensor(server, id, tensor_name(layers, k, "weight"), &n);
		ck_assert_uint_eq(n, rows * columns);
		ck_assert_uint_le(total + n + columns, most);
		memcpy(golden + total, w, n * sizeof *w);
		memcpy(got + total, ours, n * sizeof *w);
		total += n;
		double *b = keep(golden_array(final, text_of("b%zu", k + 1), NULL));
		ours = job_tensor(server, id, tensor_name(layers, k, "bias"), &n);
		ck_assert_uint_eq(n, columns);
		memcpy(golden + total, b, n * sizeof *b);
		memcpy(got + total, ours, n * sizeof *b);
		total += n;
	}
	double far = golden_distance(got, golden, total), tolerance = golden_number(training, "tolerance");
	ck_assert_msg(far <= tolerance, "final weights off by %g, %g allowed", far, tolerance);
}

START_TEST(a_whole_training_agrees_with_the_reference)
{
	struct server *server = server_start(NULL);
	cJSON *training = golden_load(text_of("golden/trainings/%s.json", trainings[_i]));
	size_t layers = (size_t)cJSON_GetArraySize(get_at(training, "model.layers")) - 1;
	struct golden_data data;
	golden_data_read(golden_get(training, "data"), &data);
	cJSON *job = cJSON_CreateObject();
	golden_add_data(job, &data);
	add_model(job, training, layers);
	golden_add_optimizer(job, golden_get(training, "optimizer"));
	golden_add_training(job, golden_number(training, "steps"));
	exact_run_all_steps(job);
	cJSON_AddNumberToObject(exact_object(job, "recording"), "every_steps", 1);
	const struct reply *answer = job_run(server, exact_take(job));
	const char *id = string_at(answer->json, "id");
	size_t points, losses;
	double *loss = keep(golden_array(training, "loss", &losses));
	const double *got = curve_series(client_get(server, text_of("/v1/jobs/%s/curve", id)), "train_loss", &points);
	ck_assert_uint_eq(points, losses);
	double far = golden_distance(got, loss, losses), tolerance = golden_number(training, "tolerance");
	ck_assert_msg(far <= tolerance, "%s: loss off by %g, %g allowed", trainings[_i], far, tolerance);
	check_final(server, id, training, layers);
	double correct = golden_number_or(training, "correct_predictions", -1);
	if (correct >= 0)
		ck_assert_double_eq_tol(number_at(answer->json, "metrics.train_accuracy"), correct / (double)data.rows,
					1e-12);
	cJSON_Delete(training);
	finish(server);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("blackbox/golden_trainings");
	TCase *tests = tcase_create("trainings");
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, a_whole_training_agrees_with_the_reference, 0, TRAININGS);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return blackbox_run(suite());
}
