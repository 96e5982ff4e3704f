/*
 * Networks through the door: a small convolutional network learns the digits; dropout and batch normalisation give the
 * same bits for any number of threads and after kills, stay out of validation and predictions, and keep their running
 * statistics in the weights; what does not fit is refused where it stands.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/blackbox/bits.h"
#include "tests/support/golden.h"

#define LENET                                                                                                          \
	"{\"dataset\": {\"id\": \"%s\", \"validation_fraction\": 0.2}, \"model\": {\"type\": \"sequential\", "         \
	"\"input_shape\": [1, 8, 8], \"loss\": \"cross_entropy\", \"layers\": [{\"type\": \"conv2d\", "                \
	"\"out_channels\": 8, \"kernel_size\": 3, \"padding\": 1, \"activation\": \"relu\"}, {\"type\": "              \
	"\"max_pool2d\", \"kernel_size\": 2}, {\"type\": \"conv2d\", \"out_channels\": 16, \"kernel_size\": 3, "       \
	"\"activation\": \"relu\"}, {\"type\": \"flatten\"}, {\"type\": \"dense\", \"units\": 64, \"activation\": "    \
	"\"relu\"}, {\"type\": \"dense\", \"units\": 10}]}, \"optimizer\": {\"type\": \"adam\", \"learning_rate\": "   \
	"0.003}, \"training\": {\"epochs\": 12, \"batch_size\": 32, \"seed\": 7}}"

/* Everything that differs between training and evaluation, in a precision and a number of epochs. */
#define STOCHASTIC                                                                                                     \
	"{\"dataset\": {\"id\": \"%s\", \"validation_fraction\": 0.2}, \"model\": {\"type\": \"sequential\", "         \
	"\"input_shape\": [8, 8], \"loss\": \"cross_entropy\", \"layers\": [{\"type\": \"conv2d\", "                   \
	"\"out_channels\": 4, \"kernel_size\": 3, \"stride\": 2}, {\"type\": \"batch_norm\"}, {\"type\": \"prelu\"}, " \
	"{\"type\": \"conv_transpose2d\", \"out_channels\": 4, \"kernel_size\": 2}, {\"type\": \"group_norm\", "       \
	"\"groups\": 2}, "                                                                                             \
	"{\"type\": \"residual\", \"layers\": [{\"type\": \"conv2d\", \"out_channels\": 4, \"kernel_size\": 3, "       \
	"\"padding\": 1}, {\"type\": \"layer_norm\"}]}, {\"type\": \"flatten\"}, {\"type\": \"dropout\", \"p\": "      \
	"0.3}, {\"type\": \"dense\", \"units\": 24, \"activation\": \"gelu\", \"init\": \"orthogonal\"}, {\"type\": "  \
	"\"dropout\"}]}, \"optimizer\": {\"type\": \"adamw\"}, \"training\": {\"epochs\": %d, \"batch_size\": 32, "    \
	"\"seed\": 5, \"dtype\": \"%s\"}, \"recording\": {\"every_steps\": 20}}"

START_TEST(a_convolutional_network_learns_the_digits)
{
	struct server *server = server_start(FLAGS("--workers", "1"));
	const struct reply *job =
		job_run(server, text_of(LENET, dataset_upload(server, "digits.csv", "target=target")));
	ck_assert_double_ge(number_at(job->json, "metrics.validation_accuracy"), 0.96);
	ck_assert_double_ge(number_at(job->json, "metrics.train_accuracy"), 0.99);
	size_t n;
	job_tensor(server, string_at(job->json, "id"), "layers.2.weight", &n);
	ck_assert_uint_eq(n, 16 * 8 * 3 * 3);
	/* The last dense layer is the output layer: no other was added. */
	job_tensor(server, string_at(job->json, "id"), "layers.5.weight", &n);
	ck_assert_uint_eq(n, 64 * 10);
	job_weights(server, string_at(job->json, "id"), NULL, &n);
	ck_assert_uint_eq(n, 80 + 1168 + 64 * 64 + 64 + 640 + 10);
	finish(server);
}
END_TEST

static const char *stochastic(int which, const char *dataset, int epochs, const char *dtype)
{
	(void)which;
	return text_of(STOCHASTIC, dataset, epochs, dtype);
}

START_TEST(dropout_and_batch_norm_give_the_same_bits_for_one_two_and_three_threads)
{
	expect_bits_for_threads(stochastic, 0, 0);
}
END_TEST

START_TEST(dropout_and_batch_norm_end_with_the_same_bits_after_kills)
{
	expect_bits_after_kills(stochastic, 0, 40);
}
END_TEST

/* Training goes through the same weights by another batch size, if only batch statistics stayed in training. */
START_TEST(predictions_and_final_metrics_use_running_statistics_and_drop_nothing)
{
	struct server *server = server_start(FLAGS("--workers", "1"));
	const char *csv = "a,b,y\n0.1,2,0.385\n1.3,-1,2.1\n-0.7,0.5,-1.2\n2.2,1.1,0.9\n0.4,-2.385,1.7\n-1.9,0.3,-0.6\n";
	const char *data = dataset_upload_text(server, csv, "target=y");
	const struct reply *job = job_run(
		server,
		text_of("{\"dataset\": {\"id\": \"%s\", \"standardize\": false}, \"model\": {\"type\": "
			"\"sequential\", \"layers\": [{\"type\": \"batch_norm\"}, {\"type\": \"dropout\", \"p\": "
			"0.4}, {\"type\": \"dense\", \"units\": 1}]}, \"optimizer\": {\"type\": \"sgd\", "
			"\"learning_rate\": 0.05}, \"training\": {\"epochs\": 30, \"batch_size\": 3, \"dtype\": "
			"\"float64\", \"seed\": 2}}",
			data));
	const char *id = string_at(job->json, "id");
	size_t n;
	const double *mean = job_tensor(server, id, "layers.0.running_mean", &n);
	const double *variance = job_tensor(server, id, "layers.0.running_var", &n);
	const double *g = job_tensor(server, id, "layers.0.weight", &n),
		     *h = job_tensor(server, id, "layers.0.bias", &n);
	const double *w = job_tensor(server, id, "layers.2.weight", &n),
		     *b = job_tensor(server, id, "layers.2.bias", &n);
	const double x[6][2] = { { 0.1, 2 }, { 1.3, -1 }, { -0.7, 0.5 }, { 2.2, 1.1 }, { 0.4, -2.385 }, { -1.9, 0.3 } };
	const double y[6] = { 0.385, 2.1, -1.2, 0.9, 1.7, -0.6 };
	const struct reply *answer = client_post(server, text_of("/v1/jobs/%s/predictions", id),
						 "{\"inputs\": [[0.1, 2], [1.3, -1], [-0.7, 0.5]]}");
	double loss = 0;
	for (int i = 0; i < 6; i++) {
		double z = b[0];
		for (int c = 0; c < 2; c++)
			z += w[c] * (g[c] * (x[i][c] - mean[c]) / sqrt(variance[c] + 1e-5) + h[c]);
		loss += (z - y[i]) * (z - y[i]) / 6;
		if (i < 3)
			ck_assert_double_eq_tol(number_at(answer->json, text_of("predictions.%d", i)), z, 1e-12);
	}
	ck_assert_double_eq_tol(number_at(job->json, "metrics.train_loss"), loss, 1e-12);
	ck_assert(mean[0] != 0 && variance[0] != 1);
	/* And they travel with the weights: a job that goes on from there with a rate of almost nothing has the same
	 * loss. */
	const struct reply *next = job_run(
		server,
		text_of("{\"dataset\": {\"id\": \"%s\", \"standardize\": false}, \"model\": {\"type\": "
			"\"sequential\", \"layers\": [{\"type\": \"batch_norm\", \"momentum\": 0}, {\"type\": "
			"\"dropout\", \"p\": 0.4}, {\"type\": \"dense\", \"units\": 1}], \"initial_parameters\": "
			"{\"job_id\": \"%s\", \"at\": \"last\"}}, \"optimizer\": {\"type\": \"sgd\", "
			"\"learning_rate\": 1e-300}, \"training\": {\"steps\": 2, \"dtype\": \"float64\"}}",
			data, id));
	ck_assert_double_eq_tol(number_at(next->json, "metrics.train_loss"), loss, 1e-12);
	finish(server);
}
END_TEST

#define LOOKUP                                                                                                         \
	"{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"sequential\", \"layers\": [{\"type\": "               \
	"\"embedding\", \"num_embeddings\": %d, \"embedding_dim\": 3}, {\"type\": \"flatten\"}, {\"type\": "           \
	"\"dense\", \"units\": 1}]}, \"optimizer\": {\"type\": \"adam\", \"learning_rate\": 0.05}, "                   \
	"\"training\": {\"steps\": 800, \"batch_size\": 20}}"

/* Whichever points an optimizer looks at: after three updates 0.9^3 of the start and the rest of the rows'. */
START_TEST(running_statistics_are_those_of_the_updates_with_every_optimizer)
{
	static const char *const optimizers[] = { "sgd",    "nesterov",  "adam",         "schedule_free_sgd",
						  "lbfgs",  "lbfgsb",    "newton",       "conjugate_gradient",
						  "polyak", "newton_cg", "trust_region", "barzilai_borwein" };
	struct server *server = server_start(FLAGS("--workers", "1"));
	for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; i++) {
		const struct reply *job = job_run(
			server,
			text_of("{\"dataset\": {\"inline\": {\"columns\": [\"x\", \"y\"], \"rows\": [[1, 0.5], [2, 2], "
				"[3, 1], [4, 3], [6, 2.5]]}, \"target\": \"y\", \"standardize\": false}, \"model\": "
				"{\"type\": \"sequential\", \"loss\": \"mse\", \"layers\": [{\"type\": "
				"\"batch_norm\"}, "
				"{\"type\": \"dense\", \"units\": 3, \"activation\": \"tanh\"}]}, \"optimizer\": "
				"{\"type\": \"%s\"}, \"training\": {\"steps\": 3, \"batch_size\": \"full\", \"dtype\": "
				"\"float64\"}, \"stopping\": {\"gradient_norm\": null, \"loss_change\": null, "
				"\"parameter_change\": null}}",
				optimizers[i]));
		const char *id = string_at(job->json, "id");
		size_t n;
		const double kept = 0.9 * 0.9 * 0.9, mean = job_tensor(server, id, "layers.0.running_mean", &n)[0];
		ck_assert_double_eq_tol(mean, (1 - kept) * 3.2, 1e-12);
		ck_assert_double_eq_tol(job_tensor(server, id, "layers.0.running_var", &n)[0], kept + (1 - kept) * 3.7,
					1e-12);
	}
	finish(server);
}
END_TEST

START_TEST(an_embedding_learns_a_table)
{
	struct server *server = server_start(FLAGS("--workers", "1"));
	char csv[4096], *end = csv + sprintf(csv, "k,y\n");
	const double table[5] = { 1.5, -2.385, 0.7, 3.1, -0.2 };
	for (int i = 0; i < 100; i++)
		end += sprintf(end, "%d,%.4f\n", i % 5, table[i % 5]);
	const char *data = dataset_upload_text(server, csv, "target=y");
	const struct reply *job = job_run(server, text_of(LOOKUP, data, 5));
	ck_assert_double_lt(number_at(job->json, "metrics.train_rmse"), 0.01);
	const struct reply *answer = client_post(server, text_of("/v1/jobs/%s/predictions", string_at(job->json, "id")),
						 "{\"inputs\": [[1], [3]]}");
	ck_assert_double_eq_tol(number_at(answer->json, "predictions.0"), -2.385, 0.05);
	ck_assert_double_eq_tol(number_at(answer->json, "predictions.1"), 3.1, 0.05);
	const struct reply *small = client_post(server, "/v1/jobs", text_of(LOOKUP, data, 4));
	expect_problem(small, 422, NULL);
	const cJSON *fault = expect_fault(small, "/model/layers/0/num_embeddings", "out_of_range");
	ck_assert_ptr_nonnull(strstr(string_at(fault, "detail"), "column k holds 4 in row 5 (counted from 1)"));
	/* The first such row of all, also of rows that come with the job. */
	small = client_post(
		server, "/v1/jobs",
		"{\"dataset\": {\"inline\": {\"columns\": [\"k\", \"y\"], \"rows\": [[0, 1], [1, 2.385], [0.5, "
		"3], [7, 1]]}, \"target\": \"y\"}, \"model\": {\"type\": \"sequential\", \"layers\": [{\"type\": "
		"\"embedding\", \"num_embeddings\": 3, \"embedding_dim\": 2}, {\"type\": \"flatten\"}]}}");
	fault = expect_fault(small, "/model/layers/0/num_embeddings", "out_of_range");
	ck_assert_ptr_nonnull(strstr(string_at(fault, "detail"), "column k holds 0.5 in row 3 (counted from 1)"));
	finish(server);
}
END_TEST

static const struct misfit wrong[] = {
	{ "\"input_shape\": [1, 8, 8], \"layers\": [{\"type\": \"conv2d\", \"out_channels\": 4, \"kernel_size\": 3}, "
	  "{\"type\": \"max_pool2d\", \"kernel_size\": 7}]",
	  "/model/layers/1", "out_of_range", "rows x [4, 6, 6]" },
	{ "\"layers\": [{\"type\": \"conv2d\", \"out_channels\": 4, \"kernel_size\": 3}]", "/model/layers/0",
	  "out_of_range", "input_shape" },
	{ "\"input_shape\": [1, 8, 9], \"layers\": [{\"type\": \"flatten\"}]", "/model/input_shape", "out_of_range",
	  "64" },
	{ "\"input_shape\": [8, 8], \"layers\": [{\"type\": \"conv2d\", \"out_channels\": 4, \"kernel_size\": 3, "
	  "\"stride\": 0}]",
	  "/model/layers/0/stride", "out_of_range", "" },
	{ "\"input_shape\": [8, 8], \"layers\": [{\"type\": \"conv2d\", \"out_channels\": 4, \"kernel_size\": [3, 0]}]",
	  "/model/layers/0/kernel_size/1", "out_of_range", "" },
	{ "\"input_shape\": [8, 8], \"layers\": [{\"type\": \"conv2d\", \"out_channels\": 4, \"kernel_size\": \"3\"}]",
	  "/model/layers/0/kernel_size", "wrong_type", "height" },
	{ "\"input_shape\": [8, 8], \"layers\": [{\"type\": \"conv2d\", \"out_channels\": 4}]",
	  "/model/layers/0/kernel_size", "missing", "" },
	{ "\"input_shape\": [8, 8], \"layers\": [{\"type\": \"dense\", \"units\": 5}]", "/model/layers/0",
	  "out_of_range", "flatten" },
	{ "\"layers\": [{\"type\": \"residual\", \"layers\": [{\"type\": \"dense\", \"units\": 63}]}]",
	  "/model/layers/0", "out_of_range", "rows x [63]" },
	{ "\"layers\": [{\"type\": \"relu\"}, {\"type\": \"residual\", \"layers\": [{\"type\": \"dropout\"}, "
	  "{\"type\": "
	  "\"max_pool2d\"}]}]",
	  "/model/layers/1/layers/1", "out_of_range", "images" },
	{ "\"layers\": [{\"type\": \"residual\"}]", "/model/layers/0/layers", "missing", "" },
	{ "\"layers\": [{\"type\": \"dropout\", \"p\": 1}]", "/model/layers/0/p", "out_of_range", "" },
	{ "\"layers\": [{\"type\": \"dropout\", \"activation\": \"relu\"}]", "/model/layers/0/activation",
	  "not_allowed", "dropout" },
	{ "\"layers\": [{\"type\": \"dense\", \"units\": 5, \"init\": \"xavir\"}]", "/model/layers/0/init",
	  "not_allowed", "did you mean xavier" },
	{ "\"layers\": [{\"type\": \"convolution\"}]", "/model/layers/0/type", "not_allowed", "" },
	{ "\"layers\": [\"relu\"]", "/model/layers/0", "wrong_type", "{\"type\": \"relu\"}" },
	{ "\"init\": {\"type\": \"uniform\", \"low\": 1, \"high\": -1}", "/model/init", "out_of_range", "low" },
	{ "\"input_shape\": [8, 8], \"layers\": [{\"type\": \"conv2d\", \"out_channels\": 4, \"kernel_size\": 3, "
	  "\"groups\": 2}]",
	  "/model/layers/0", "out_of_range", "groups" },
	{ "\"input_shape\": [1, 8, 8], \"layers\": [{\"type\": \"conv_transpose2d\", \"out_channels\": 2, "
	  "\"kernel_size\": 3, \"output_padding\": 1}]",
	  "/model/layers/0", "out_of_range", "output_padding" },
	{ "\"layers\": [{\"type\": \"conv_transpose2d\", \"out_channels\": 2, \"kernel_size\": 3}]", "/model/layers/0",
	  "out_of_range", "rows x [64]" },
	{ "\"layers\": [{\"type\": \"group_norm\", \"groups\": 7}]", "/model/layers/0", "out_of_range",
	  "7 groups do not divide the 64 channels" },
	{ "\"layers\": [{\"type\": \"group_norm\"}]", "/model/layers/0/groups", "missing", "" },
	{ "\"input_shape\": [8, 8], \"layers\": [{\"type\": \"conv2d\", \"out_channels\": 2, \"kernel_size\": 3, "
	  "\"dilation\": 2, \"padding\": [52, 53]}]",
	  "/model/layers/0", "out_of_range", "a padding of 53 is out of proportion to a side of 8 and a window of 5" },
	{ "\"input_shape\": [1, 64], \"layers\": [{\"type\": \"conv1d\", \"out_channels\": 2, \"kernel_size\": 3, "
	  "\"padding\": 1000000}]",
	  "/model/layers/0", "out_of_range", "a padding of 1000000" },
	{ "\"layers\": [{\"type\": \"dense\", \"units\": 3}, {\"type\": \"embedding\", \"num_embeddings\": 5, "
	  "\"embedding_dim\": 2}]",
	  "/model/layers/1", "not_allowed", "first layer" },
	{ "\"layers\": [{\"type\": \"dense\", \"units\": 1}, {\"type\": \"batch_norm\"}], \"initial_parameters\": "
	  "[{\"name\": "
	  "\"layers.1.running_var\", \"values\": [-2.385]}]",
	  "/model/initial_parameters/0/values/0", "out_of_range", "A variance." },
	{ "\"layers\": [{\"type\": \"hardtanh\", \"min\": 1, \"max\": -2.385}]", "/model/layers/0", "out_of_range",
	  "min 1 is above max -2.385" },
	{ "\"input_shape\": [2.5, 32], \"layers\": [{\"type\": \"flatten\"}]", "/model/input_shape", "out_of_range",
	  "whole numbers" },
	{ "\"input_shape\": [1, 64], \"layers\": [{\"type\": \"avg_pool1d\", \"kernel_size\": 3, \"padding\": 2}]",
	  "/model/layers/0", "out_of_range", "avg_pool1d: padding 2" },
	{ "\"layers\": [{\"type\": \"dense\", \"units\": 1100, \"init\": \"orthogonal\"}, {\"type\": \"dense\", "
	  "\"units\": 1100, \"init\": \"orthogonal\"}, {\"type\": \"dense\", \"units\": 1100, \"init\": "
	  "\"orthogonal\"}]",
	  "/model/layers/2", "out_of_range", "takes too long" },
};

START_TEST(what_does_not_fit_is_refused_at_its_place)
{
	expect_misfits(wrong, sizeof wrong / sizeof wrong[0]);
}
END_TEST

#define NOISY                                                                                                          \
	"{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"mlp\", \"layers\": [], \"loss\": %s}, "               \
	"\"optimizer\": "                                                                                              \
	"{\"type\": \"adam\", \"learning_rate\": 0.05}, \"training\": {\"steps\": 600, \"batch_size\": \"full\", "     \
	"\"dtype\": \"float64\"}}"

START_TEST(losses_of_distributions_and_weights_of_classes_learn_what_they_should)
{
	struct server *server = server_start(FLAGS("--workers", "1"));
	/* Shares of three parts, the same in each row: what kl learns is their mean. */
	const char *shares = dataset_upload_text(
		server, "x,a,b,c\n1,0.2,0.3,0.5\n2,0.4,0.1,0.5\n1,0.4,0.1,0.5\n2,0.2,0.3,0.5\n", "");
	const struct reply *job = job_run(
		server,
		text_of("{\"dataset\": {\"id\": \"%s\", \"target\": [\"a\", \"b\", \"c\"]}, \"model\": {\"type\": "
			"\"mlp\", \"layers\": [], \"loss\": \"kl\"}, \"optimizer\": {\"type\": \"adam\", "
			"\"learning_rate\": 0.05}, \"training\": {\"steps\": 600, \"dtype\": \"float64\"}}",
			shares));
	const struct reply *answer = client_post(server, text_of("/v1/jobs/%s/predictions", string_at(job->json, "id")),
						 "{\"inputs\": [[1]]}");
	ck_assert_double_eq_tol(number_at(answer->json, "predictions.0.0"), 0.3, 1e-3);
	ck_assert_double_eq_tol(number_at(answer->json, "predictions.0.2"), 0.5, 1e-3);
	/* y is 2.385 +- 0.5: the mean, and log variances that are those of the rows. */
	const char *noise = dataset_upload_text(server, "x,y\n1,1.885\n1,2.885\n2,1.885\n2,2.885\n", "target=y");
	job = job_run(server, text_of(NOISY, noise, "{\"type\": \"gaussian\", \"full\": true}"));
	double best = log(0.25) / 2 + 0.5 + 0.91893853320467274;
	ck_assert_double_eq_tol(number_at(job->json, "metrics.train_loss"), best, 1e-3);
	answer = client_post(server, text_of("/v1/jobs/%s/predictions", string_at(job->json, "id")),
			     "{\"inputs\": [[2]]}");
	ck_assert_double_eq_tol(number_at(answer->json, "predictions.0"), 2.385, 1e-2);
	ck_assert_double_eq_tol(number_at(answer->json, "standard_deviations.0"), 0.5, 1e-2);
	ck_assert_double_eq_tol(number_at(job->json, "metrics.train_rmse"), 0.5, 1e-2);
	/* One row of three is of class b, which weighs four: its share is 4 / 6. */
	const char *classes = dataset_upload_text(server, "x,y\n1,a\n1,a\n1,b\n2,a\n2,a\n2,b\n", "target=y");
	const char *const losses[] = { "{\"type\": \"cross_entropy\", \"class_weight\": [1, 4]}",
				       "{\"type\": \"bce_with_logits\", \"class_weight\": [1, 4]}" };
	for (int i = 0; i < 2; i++) {
		job = job_run(server, text_of(NOISY, classes, losses[i]));
		answer = client_post(server, text_of("/v1/jobs/%s/predictions", string_at(job->json, "id")),
				     "{\"inputs\": [[1]]}");
		ck_assert_double_eq_tol(number_at(answer->json, "probabilities.0.1"), 4.0 / 6, 1e-3);
		ck_assert_double_eq_tol(number_at(job->json, "metrics.train_loss"), log(3) - 2 * log(2) / 3, 1e-4);
	}
	const struct reply *refused =
		client_post(server, "/v1/jobs",
			    text_of(NOISY, classes, "{\"type\": \"cross_entropy\", \"class_weight\": [1, 4, 2]}"));
	expect_fault(refused, "/model/loss/class_weight", "out_of_range");
	finish(server);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("blackbox/networks");
	TCase *tests = tcase_create("networks");
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, a_convolutional_network_learns_the_digits);
	tcase_add_test(tests, dropout_and_batch_norm_give_the_same_bits_for_one_two_and_three_threads);
	tcase_add_test(tests, dropout_and_batch_norm_end_with_the_same_bits_after_kills);
	tcase_add_test(tests, predictions_and_final_metrics_use_running_statistics_and_drop_nothing);
	tcase_add_test(tests, running_statistics_are_those_of_the_updates_with_every_optimizer);
	tcase_add_test(tests, an_embedding_learns_a_table);
	tcase_add_test(tests, losses_of_distributions_and_weights_of_classes_learn_what_they_should);
	tcase_add_test(tests, what_does_not_fit_is_refused_at_its_place);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return blackbox_run(suite());
}
