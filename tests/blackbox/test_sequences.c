/*
 * Layers over signals and sequences through the door: the same bits for any number of threads and after kills, what a
 * gru predicts from its weights, what does not fit refused where it stands.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/blackbox/bits.h"

/* A convolution of signals, every recurrent cell, and what differs between training and evaluation among them. */
#define SEQUENCES                                                                                                      \
	"{\"dataset\": {\"id\": \"%s\", \"validation_fraction\": 0.2}, \"model\": {\"type\": \"sequential\", "         \
	"\"input_shape\": [8, 8], \"loss\": \"cross_entropy\", \"layers\": [{\"type\": \"conv1d\", "                   \
	"\"out_channels\": 6, \"kernel_size\": 3, \"padding\": 1, \"groups\": 2}, {\"type\": \"batch_norm\"}, "        \
	"{\"type\": \"gru\", \"units\": 10, \"return_sequences\": true}, {\"type\": \"dropout\", \"p\": 0.2}, "        \
	"{\"type\": \"residual\", \"layers\": [{\"type\": \"rnn\", \"units\": 10, \"activation\": \"relu\", "          \
	"\"return_sequences\": true}]}, {\"type\": \"group_norm\", \"groups\": 3}, {\"type\": \"lstm\", \"units\": "   \
	"12}]}, \"optimizer\": {\"type\": \"adamw\"}, \"training\": {\"epochs\": %d, \"batch_size\": 32, \"seed\": "   \
	"5, \"dtype\": \"%s\"}, \"recording\": {\"every_steps\": 20}}"

/* Without what couples rows: blocks of rows are shared by the threads. */
#define ROWS_APART                                                                                                     \
	"{\"dataset\": {\"id\": \"%s\", \"validation_fraction\": 0.2}, \"model\": {\"type\": \"sequential\", "         \
	"\"input_shape\": [8, 8], \"loss\": \"cross_entropy\", \"layers\": [{\"type\": \"lstm\", \"units\": 10, "      \
	"\"return_sequences\": true}, {\"type\": \"dropout\", \"p\": 0.2}, {\"type\": \"gru\", \"units\": 12}]}, "     \
	"\"optimizer\": {\"type\": \"adamw\"}, \"training\": {\"epochs\": %d, \"batch_size\": 300, \"seed\": 5, "      \
	"\"dtype\": \"%s\"}, \"recording\": {\"every_steps\": 20}}"

static const char *job_of(int which, const char *data, int epochs, const char *dtype)
{
	return which == 0 ? text_of(SEQUENCES, data, epochs, dtype) : text_of(ROWS_APART, data, epochs, dtype);
}

START_TEST(recurrent_layers_give_the_same_bits_for_one_two_and_three_threads)
{
	expect_bits_for_threads(job_of, 0, 1);
}
END_TEST

START_TEST(recurrent_layers_end_with_the_same_bits_after_kills)
{
	expect_bits_after_kills(job_of, 0, 20);
}
END_TEST

enum { STEPS = 4, FEATURES = 2, UNITS = 3 };

static double sigmoid(double x)
{
	return 1 / (1 + exp(-x));
}

/* b[g] + sum of w[g, c] x[c] */
static double gate(const double *w, const double *b, const double *x, int columns, int g)
{
	double sum = b[g];
	for (int c = 0; c < columns; c++)
		sum += w[g * columns + c] * x[c];
	return sum;
}

/* torch's equations of nn.GRU, from zeros. */
static void gru(const double *ih, const double *hh, const double *bi, const double *bh, const double *x, double *h)
{
	for (int t = 0; t < STEPS; t++) {
		double next[UNITS];
		for (int k = 0; k < UNITS; k++) {
			const double *now = x + t * FEATURES;
			double r = sigmoid(gate(ih, bi, now, FEATURES, k) + gate(hh, bh, h, UNITS, k));
			double z = sigmoid(gate(ih, bi, now, FEATURES, UNITS + k) + gate(hh, bh, h, UNITS, UNITS + k));
			double n = tanh(gate(ih, bi, now, FEATURES, 2 * UNITS + k) +
					r * gate(hh, bh, h, UNITS, 2 * UNITS + k));
			next[k] = (1 - z) * n + z * h[k];
		}
		memcpy(h, next, sizeof next);
	}
}

START_TEST(a_gru_predicts_what_the_equations_make_of_its_weights)
{
	struct server *server = server_start(FLAGS("--workers", "1"));
	const char *csv = "a,b,c,d,e,f,g,h,y\n0.1,2,0.385,1,-1,0.5,0,1,0.3\n1.3,-1,2.1,0,0.2,-0.4,1,2,-0.7\n"
			  "-0.7,0.5,-1.2,1.1,0.6,0.9,-2,0.4,1.9\n2.2,1.1,0.9,-0.3,0.8,1.7,-0.5,-1.5,0.1\n";
	const char *data = dataset_upload_text(server, csv, "target=y");
	const struct reply *job = job_run(
		server,
		text_of("{\"dataset\": {\"id\": \"%s\", \"standardize\": false}, \"model\": {\"type\": "
			"\"sequential\", \"input_shape\": [4, 2], \"layers\": [{\"type\": \"gru\", \"units\": 3}, "
			"{\"type\": \"dense\", \"units\": 1}]}, \"optimizer\": {\"type\": \"adam\", "
			"\"learning_rate\": 0.05}, \"training\": {\"epochs\": 60, \"batch_size\": \"full\", "
			"\"dtype\": \"float64\"}}",
			data));
	const char *id = string_at(job->json, "id");
	size_t n;
	const double *ih = job_tensor(server, id, "layers.0.weight_ih", &n);
	ck_assert_uint_eq(n, 3 * UNITS * FEATURES);
	const double *hh = job_tensor(server, id, "layers.0.weight_hh", &n);
	ck_assert_uint_eq(n, 3 * UNITS * UNITS);
	const double *bi = job_tensor(server, id, "layers.0.bias_ih", &n),
		     *bh = job_tensor(server, id, "layers.0.bias_hh", &n);
	const double *w = job_tensor(server, id, "layers.1.weight", &n),
		     *b = job_tensor(server, id, "layers.1.bias", &n);
	const double x[2][STEPS * FEATURES] = { { 0.1, 2, 0.385, 1, -1, 0.5, 0, 1 },
						{ 2.385, -1, 0.5, 0.25, 3, -2, 0.125, 1 } };
	const struct reply *answer = client_post(
		server, text_of("/v1/jobs/%s/predictions", id),
		"{\"inputs\": [[0.1, 2, 0.385, 1, -1, 0.5, 0, 1], [2.385, -1, 0.5, 0.25, 3, -2, 0.125, 1]]}");
	for (int r = 0; r < 2; r++) {
		double h[UNITS] = { 0 }, z = b[0];
		gru(ih, hh, bi, bh, x[r], h);
		for (int k = 0; k < UNITS; k++)
			z += w[k] * h[k];
		ck_assert_double_eq_tol(number_at(answer->json, text_of("predictions.%d", r)), z, 1e-12);
	}
	ck_assert_double_lt(number_at(job->json, "metrics.train_rmse"), 0.5);
	finish(server);
}
END_TEST

static const struct misfit wrong[] = {
	{ "\"layers\": [{\"type\": \"gru\", \"units\": 4}]", "/model/layers/0", "out_of_range", "rows x [64]" },
	{ "\"layers\": [{\"type\": \"relu\"}, {\"type\": \"lstm\", \"units\": 4}]", "/model/layers/1", "out_of_range",
	  "lstm takes sequences [steps, features]" },
	{ "\"input_shape\": [8, 8], \"layers\": [{\"type\": \"gru\", \"units\": 4}, {\"type\": \"rnn\", \"units\": 4}]",
	  "/model/layers/1", "out_of_range", "rows x [4]" },
	{ "\"input_shape\": [1, 8, 8], \"layers\": [{\"type\": \"gru\", \"units\": 4}]", "/model/layers/0",
	  "out_of_range", "rows x [1, 8, 8]" },
	{ "\"input_shape\": [8, 8], \"layers\": [{\"type\": \"gru\"}]", "/model/layers/0/units", "missing", "" },
	{ "\"input_shape\": [8, 8], \"layers\": [{\"type\": \"gru\", \"units\": 4, \"activation\": \"gelu\"}]",
	  "/model/layers/0/activation", "not_allowed", "" },
	{ "\"input_shape\": [8, 8], \"layers\": [{\"type\": \"lstm\", \"units\": 4, \"return_sequences\": 1}]",
	  "/model/layers/0/return_sequences", "wrong_type", "" },
	{ "\"input_shape\": [8, 8], \"layers\": [{\"type\": \"lstm\", \"units\": 4, \"layers\": []}]",
	  "/model/layers/0/layers", "not_allowed", "lstm" },
	{ "\"input_shape\": [8, 8], \"layers\": [{\"type\": \"rnn\", \"units\": 4, \"init\": \"orthogonl\"}]",
	  "/model/layers/0/init", "not_allowed", "did you mean orthogonal" },
	{ "\"input_shape\": [4, 15], \"layers\": [{\"type\": \"gru\", \"units\": 4}]", "/model/input_shape",
	  "out_of_range", "[steps, features]" },
	{ "\"layers\": [{\"type\": \"conv1d\", \"out_channels\": 4, \"kernel_size\": 3}]", "/model/layers/0",
	  "out_of_range", "input_shape" },
	{ "\"input_shape\": [4, 16], \"layers\": [{\"type\": \"relu\"}, {\"type\": \"conv1d\", \"out_channels\": 4, "
	  "\"kernel_size\": 9, \"dilation\": 3}]",
	  "/model/layers/1", "out_of_range", "rows x [4, 16]" },
	{ "\"input_shape\": [4, 16], \"layers\": [{\"type\": \"conv1d\", \"out_channels\": 6, \"kernel_size\": 3, "
	  "\"groups\": 4}]",
	  "/model/layers/0", "out_of_range", "4 groups" },
	{ "\"input_shape\": [4, 16], \"layers\": [{\"type\": \"max_pool1d\", \"kernel_size\": 17}]", "/model/layers/0",
	  "out_of_range", "rows x [4, 16]" },
};

START_TEST(what_does_not_fit_is_refused_at_its_place)
{
	expect_misfits(wrong, sizeof wrong / sizeof wrong[0]);
}
END_TEST

START_TEST(a_recurrent_layer_that_no_memory_holds_is_refused_with_its_bytes)
{
	struct server *server = server_start(FLAGS("--workers", "1"));
	const char *const optimizers[] = { "", ", \"optimizer\": \"sgd\"", ", \"optimizer\": \"muon\"" };
	for (int i = 0; i < 3; i++) {
		const struct reply *reply = client_post(
			server, "/v1/jobs",
			text_of("{\"dataset\": {\"generator\": \"waves\"}, \"model\": {\"type\": \"sequential\", "
				"\"input_shape\": [32, 1], \"loss\": \"cross_entropy\", \"layers\": [{\"type\": "
				"\"gru\", \"units\": 65536}]}%s}",
				optimizers[i]));
		ck_assert_msg(reply->status == 422, "%s: %d", optimizers[i], reply->status);
		ck_assert_double_gt(number_at(reply->json, "needed_bytes"), 3.0 * 65536 * 65536 * 4);
	}
	finish(server);
}
END_TEST

/* Words by their numbers: an embedding makes the sequence that a recurrent layer of an mlp reads. */
START_TEST(an_embedding_feeds_a_recurrent_layer)
{
	struct server *server = server_start(FLAGS("--workers", "1"));
	char csv[8192], *end = csv + sprintf(csv, "a,b,c,y\n");
	for (int i = 0; i < 125; i++) {
		const int a = i % 5, b = i / 5 % 5, c = i / 25;
		end += sprintf(end, "%d,%d,%d,%s\n", a, b, c, a == 2 && c == 4 ? "both" : a > c ? "falls" : "other");
	}
	const char *data = dataset_upload_text(server, csv, "target=y");
	const struct reply *job = job_run(
		server,
		text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"mlp\", \"layers\": [{\"type\": "
			"\"embedding\", \"num_embeddings\": 5, \"embedding_dim\": 4}, {\"type\": \"lstm\", "
			"\"units\": 16}]}, \"optimizer\": {\"type\": \"adam\", \"learning_rate\": 0.02}, "
			"\"training\": {\"epochs\": 150, \"batch_size\": 25}}",
			data));
	ck_assert_double_ge(number_at(job->json, "metrics.train_accuracy"), 0.99);
	finish(server);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("blackbox/sequences");
	TCase *tests = tcase_create("sequences");
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, recurrent_layers_give_the_same_bits_for_one_two_and_three_threads);
	tcase_add_test(tests, recurrent_layers_end_with_the_same_bits_after_kills);
	tcase_add_test(tests, a_gru_predicts_what_the_equations_make_of_its_weights);
	tcase_add_test(tests, an_embedding_feeds_a_recurrent_layer);
	tcase_add_test(tests, a_recurrent_layer_that_no_memory_holds_is_refused_with_its_bytes);
	tcase_add_test(tests, what_does_not_fit_is_refused_at_its_place);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return blackbox_run(suite());
}
