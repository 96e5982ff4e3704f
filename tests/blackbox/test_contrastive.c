/*
 * Embeddings through the door: like points end up together, on rows that the job never saw, from classes and from pairs
 * in rows; the same bits for any threads and after kills; what cannot be paired is refused where it stands.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/blackbox/bits.h"
#include "tests/support/golden.h"

enum { PIXELS = 64, DIGITS = 1797, KEPT = 450, TRAINED = DIGITS - KEPT, CLASSES = 10 };

static double digit[DIGITS][PIXELS];
static int digit_class[DIGITS];
static const char *digit_line[DIGITS], *digit_header;

static void read_digits(void)
{
	FILE *file = fopen("tests/data/digits.csv", "r");
	char line[4096];
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
	digit_header = text_of("%s", line);
	for (size_t r = 0; r < DIGITS; r++) {
		ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
		digit_line[r] = text_of("%s", line);
		char *at = line;
		for (size_t c = 0; c <= PIXELS; c++) {
			const double value = strtod(at, &at);
			at += *at == ',';
			if (c < PIXELS)
				digit[r][c] = value;
			else
				digit_class[r] = (int)value;
		}
	}
	fclose(file);
}

/* Text that grows; keep() frees it with the test. */
struct writing {
	char *text;
	size_t length, room;
};

static void write_text(struct writing *out, const char *text)
{
	const size_t more = strlen(text);
	if (out->length + more + 1 > out->room) {
		out->room = 2 * (out->length + more + 1);
		out->text = realloc(out->text, out->room);
		ck_assert_ptr_nonnull(out->text);
	}
	memcpy(out->text + out->length, text, more + 1);
	out->length += more;
}

static void write_numbers(struct writing *out, const double *numbers, size_t count)
{
	char text[40];
	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof text, "%s%.9g", i > 0 ? "," : "", numbers[i]);
		write_text(out, text);
	}
}

/* The digits that a job learns from. */
static const char *upload_digits(const struct server *server)
{
	struct writing out = { 0 };
	write_text(&out, digit_header);
	for (size_t r = 0; r < TRAINED; r++) {
		write_text(&out, digit_line[r]);
	}
	return dataset_upload_text(server, keep(out.text), "target=target");
}

static const struct reply *predict(const struct server *server, const struct reply *job, const char *inputs)
{
	const struct reply *reply = client_post(server, text_of("/v1/jobs/%s/predictions", string_at(job->json, "id")),
						text_of("{\"inputs\": %s}", inputs));
	expect(reply, 200);
	return reply;
}

/* Embeddings of the digits first.. */
static void embed(const struct server *server, const struct reply *job, size_t first, size_t rows, size_t size,
		  double *out)
{
	struct writing text = { 0 };
	for (size_t r = first; r < first + rows; r++) {
		write_text(&text, r > first ? ",[" : "[[");
		write_numbers(&text, digit[r], PIXELS);
		write_text(&text, "]");
	}
	write_text(&text, "]");
	const cJSON *all = get_at(predict(server, job, keep(text.text))->json, "predictions"), *row;
	ck_assert_int_eq(cJSON_GetArraySize(all), (int)rows);
	cJSON_ArrayForEach(row, all)
	{
		ck_assert_int_eq(cJSON_GetArraySize(row), (int)size);
		for (const cJSON *number = row->child; number != NULL; number = number->next) {
			*out++ = number->valuedouble;
		}
	}
}

/* The share of the digits kept back whose class has the nearest mean among the embeddings. */
static double class_found(const struct server *server, const struct reply *job, size_t size)
{
	enum { SIZE_MOST = 8 };
	static double z[DIGITS * SIZE_MOST];
	double mean[CLASSES][SIZE_MOST] = { { 0 } }, count[CLASSES] = { 0 };
	size_t right = 0;
	ck_assert_uint_le(size, SIZE_MOST);
	embed(server, job, 0, DIGITS, size, z);
	for (size_t r = 0; r < TRAINED; r++) {
		count[digit_class[r]]++;
		for (size_t c = 0; c < size; c++) {
			mean[digit_class[r]][c] += z[r * size + c];
		}
	}
	for (size_t r = TRAINED; r < DIGITS; r++) {
		double least = (double)INFINITY;
		int nearest = 0;
		for (int k = 0; k < CLASSES; k++) {
			double far = 0;
			for (size_t c = 0; c < size; c++) {
				far += pow(z[r * size + c] - mean[k][c] / count[k], 2);
			}
			nearest = far < least ? k : nearest;
			least = far < least ? far : least;
		}
		right += nearest == digit_class[r];
	}
	return (double)right / KEPT;
}

static const char *const losses[] = { "contrastive", "triplet", "info_nce", "cosine_embedding" };

START_TEST(digits_that_were_kept_back_lie_with_their_class_in_the_plane)
{
	struct server *server = server_start(NULL);
	read_digits();
	const char *dataset = upload_digits(server), *loss = losses[_i];
#define DIGITS_JOB(model, more)                                                                                        \
	"{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"contrastive\", " model "}" more "}"
	const struct reply *untrained =
		job_run(server, text_of(DIGITS_JOB("\"loss\": \"%s\"",
						   ", \"optimizer\": {\"type\": \"sgd\", \"learning_rate\": "
						   "1e-30}, \"training\": {\"steps\": 1}"),
					dataset, loss));
	const struct reply *job = job_run(server, text_of(DIGITS_JOB("\"loss\": \"%s\"", ""), dataset, loss));
	const double before = class_found(server, untrained, 2), after = class_found(server, job, 2);
	ck_assert_msg(before < 0.35 && after > 0.78, "%s: %g untrained, %g trained", loss, before, after);
	if (blackbox_patience() <= 1) { /* sanitizers have seen this code by now */
		const struct reply *wide = job_run(
			server, text_of(DIGITS_JOB("\"loss\": \"%s\", \"embedding_size\": 8", ""), dataset, loss));
		const double found = class_found(server, wide, 8);
		ck_assert_msg(found > 0.88, "%s: %g in 8 numbers", loss, found);
	}
	/* The spec says what was left open; there are no metrics that compare an embedding with a class. */
	ck_assert_str_eq(string_at(job->json, "spec.model.pairs"), "classes");
	ck_assert_int_eq(cJSON_IsTrue(get_at(job->json, "spec.model.normalize")), _i == 2);
	ck_assert_ptr_nonnull(get_at(job->json, "metrics.train_loss"));
	ck_assert_ptr_null(cJSON_GetObjectItem(get_at(job->json, "metrics"), "train_accuracy"));
	finish(server);
}
END_TEST

START_TEST(predictions_of_points_are_embeddings_and_nothing_else)
{
	struct server *server = server_start(NULL);
	const char *iris = dataset_upload(server, "iris.csv", "target=target");
	/* As many numbers as classes: no accuracy comes of it. */
	const struct reply *job = job_run(
		server, text_of("{\"dataset\": {\"id\": \"%s\", \"validation_fraction\": 0.2}, \"model\": {\"type\": "
				"\"contrastive\", \"embedding_size\": 3, \"normalize\": true}}",
				iris));
	ck_assert_ptr_null(cJSON_GetObjectItem(get_at(job->json, "metrics"), "validation_accuracy"));
	const struct reply *curve = client_get(server, text_of("/v1/jobs/%s/curve", string_at(job->json, "id")));
	ck_assert_ptr_null(cJSON_GetObjectItem(get_at(curve->json, "series"), "validation_accuracy"));
	const struct reply *reply =
		client_post(server, text_of("/v1/jobs/%s/predictions", string_at(job->json, "id")),
			    "{\"inputs\": [[0, 5.1, 3.5, 1.4, 0.2]], \"columns\": [\"target\", \"sepal_length_cm\", "
			    "\"sepal_width_cm\", \"petal_length_cm\", \"petal_width_cm\"]}");
	expect(reply, 200);
	double length = 0;
	for (size_t c = 0; c < 3; c++) {
		const double z = number_at(reply->json, text_of("predictions.0.%zu", c));
		ck_assert_double_eq(z, number_at(reply->json, text_of("outputs.0.%zu", c)));
		length += z * z;
	}
	ck_assert_double_eq_tol(length, 1, 1e-6);
	static const char *const absent[] = { "metrics", "classes", "probabilities", "codes", "similarities" };
	for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
		ck_assert_msg(cJSON_GetObjectItem(reply->json, absent[i]) == NULL, "%s", absent[i]);
	}
	/* The spec can be posted again. */
	const char *spec = keep(cJSON_PrintUnformatted(get_at(job->json, "spec")));
	expect_same_results(server, string_at(job->json, "id"), server, string_at(job_run(server, spec)->json, "id"));
	finish(server);
}
END_TEST

/* --- rows that hold their points --- */

/* Numbers from 0 to 1 of a sequence that is the same everywhere. */
static double drawn(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (double)(*state >> 11) / 9007199254740992.0;
}

/* Points around four corners of a square in five columns, the other three being noise. */
static void draw_point(uint64_t *state, int corner, double *x)
{
	for (int c = 0; c < 5; c++) {
		x[c] = 3 * (drawn(state) - 0.5);
	}
	x[0] = (corner & 1 ? 2 : -2) + 0.7 * x[0];
	x[1] = (corner & 2 ? 2 : -2) + 0.7 * x[1];
}

/* CSV of rows of so many points: the second at the corner of the first in half of the rows (pairs) or always, the third
 * at another. */
static const char *draw_rows(size_t rows, size_t members, bool pairs)
{
	struct writing out = { 0 };
	uint64_t state = 2385;
	for (size_t c = 0; c < 5 * members; c++) {
		write_text(&out, text_of("%sx%zu", c > 0 ? "," : "", c));
	}
	write_text(&out, pairs ? ",like\n" : "\n");
	for (size_t r = 0; r < rows; r++) {
		double x[15];
		const int corner = (int)(4 * drawn(&state)), other = (corner + 1 + (int)(3 * drawn(&state))) % 4;
		const bool like = !pairs || r % 2 == 0;
		draw_point(&state, corner, x);
		draw_point(&state, like ? corner : other, x + 5);
		draw_point(&state, other, x + 10);
		write_numbers(&out, x, 5 * members);
		write_text(&out, pairs ? (like ? ",1\n" : ",0\n") : "\n");
	}
	return keep(out.text);
}

START_TEST(pairs_in_rows_come_near_or_go_beyond_the_margin)
{
	struct server *server = server_start(NULL);
	const char *dataset = dataset_upload_text(server, draw_rows(600, 2, true), "target=like");
	const struct reply *job = job_run(
		server,
		text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"contrastive\", \"pairs\": \"rows\", "
			"\"loss\": {\"type\": \"contrastive\", \"margin\": 1.5}}}",
			dataset));
	ck_assert_double_lt(number_at(job->json, "metrics.train_loss"), 0.1);
	/* The encoder reads one point: its weights are shared. */
	size_t n;
	job_tensor(server, string_at(job->json, "id"), "layers.0.weight", &n);
	ck_assert_uint_eq(n, 5 * 64);
	uint64_t state = 77;
	double wrong = 0;
	struct writing text = { 0 };
	enum { ROWS = 200 };
	for (size_t r = 0; r < ROWS; r++) {
		double x[10];
		draw_point(&state, (int)(r % 4), x);
		draw_point(&state, (int)(r % 2 == 0 ? r % 4 : (r + 1 + r / 4 % 3) % 4), x + 5);
		write_text(&text, r > 0 ? ",[" : "[[");
		write_numbers(&text, x, 10);
		write_text(&text, "]");
	}
	/* and a point beside itself */
	write_text(&text, ",[1,2,0.385,-1,0.5,1,2,0.385,-1,0.5]]");
	const struct reply *reply = predict(server, job, keep(text.text));
	for (size_t r = 0; r < ROWS; r++) {
		const double distance = number_at(reply->json, text_of("predictions.%zu", r));
		wrong += (distance < 0.75) != (r % 2 == 0);
	}
	ck_assert_double_lt(wrong / ROWS, 0.06);
	ck_assert_double_eq(number_at(reply->json, text_of("predictions.%d", ROWS)), 0);
	ck_assert_double_eq_tol(number_at(reply->json, text_of("similarities.%d", ROWS)), 1, 1e-12);
	/* A distance and a similarity are those of the embeddings. */
	double z[4], apart, along;
	for (size_t i = 0; i < 4; i++) {
		z[i] = number_at(reply->json, text_of("embeddings.3.%zu.%zu", i / 2, i % 2));
	}
	apart = hypot(z[0] - z[2], z[1] - z[3]);
	along = (z[0] * z[2] + z[1] * z[3]) / (hypot(z[0], z[1]) * hypot(z[2], z[3]));
	ck_assert_double_eq_tol(number_at(reply->json, "predictions.3"), apart, 1e-12);
	ck_assert_double_eq_tol(number_at(reply->json, "similarities.3"), along, 1e-12);
	/* One mean and one deviation for both places of a column. */
	const struct reply *weights = client_get(server, text_of("/v1/jobs/%s/weights", string_at(job->json, "id")));
	for (size_t c = 0; c < 5; c++) {
		static const char *const word[] = { "mean", "std" };
		for (size_t k = 0; k < 2; k++) {
			ck_assert_double_eq(number_at(weights->json, text_of("features.%zu.%s", c, word[k])),
					    number_at(weights->json, text_of("features.%zu.%s", c + 5, word[k])));
		}
	}
	finish(server);
}
END_TEST

START_TEST(triplets_in_rows_put_the_positive_nearer_than_the_negative)
{
	struct server *server = server_start(NULL);
	const char *dataset = dataset_upload_text(server, draw_rows(500, 3, false), "");
	const struct reply *job = job_run(
		server,
		text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"contrastive\", \"loss\": {\"type\": "
			"\"triplet\", \"swap\": true}, \"normalize\": true, \"embedding_size\": 3}}",
			dataset));
	ck_assert_str_eq(string_at(job->json, "spec.model.pairs"), "rows");
	uint64_t state = 77;
	double wrong = 0;
	struct writing text = { 0 };
	enum { ROWS = 200 };
	for (size_t r = 0; r < ROWS; r++) {
		double x[15];
		draw_point(&state, (int)(r % 4), x);
		draw_point(&state, (int)(r % 4), x + 5);
		draw_point(&state, (int)((r + 1 + r / 4 % 3) % 4), x + 10);
		write_text(&text, r > 0 ? ",[" : "[[");
		write_numbers(&text, x, 15);
		write_text(&text, "]");
	}
	write_text(&text, "]");
	const struct reply *reply = predict(server, job, keep(text.text));
	for (size_t r = 0; r < ROWS; r++) {
		ck_assert_int_eq(cJSON_GetArraySize(get_at(reply->json, text_of("embeddings.%zu", r))), 3);
		wrong += number_at(reply->json, text_of("predictions.%zu.0", r)) >=
			 number_at(reply->json, text_of("predictions.%zu.1", r));
	}
	ck_assert_double_lt(wrong / ROWS, 0.04);
	finish(server);
}
END_TEST

/* Two noisy looks at a point: which of a hundred second looks belongs to a first one. */
START_TEST(info_nce_finds_the_partner_among_a_hundred)
{
	enum { ROWS = 600, ASKED = 100, WIDTH = 8, SIZE = 4 };
	struct server *server = server_start(NULL);
	static double x[ROWS + ASKED][2 * WIDTH];
	uint64_t state = 385;
	struct writing csv = { 0 }, text = { 0 };
	for (size_t r = 0; r < ROWS + ASKED; r++) {
		for (size_t c = 0; c < WIDTH; c++) {
			/* four columns tell points apart, the others are new in each look */
			const double own = 2 * drawn(&state) - 1;
			for (size_t k = 0; k < 2; k++) {
				x[r][k * WIDTH + c] = c < 4 ? own + 0.1 * (drawn(&state) - 0.5) : 2 * drawn(&state) - 1;
			}
		}
	}
	for (size_t c = 0; c < 2 * WIDTH; c++) {
		write_text(&csv, text_of("%s%c%zu", c > 0 ? "," : "", c < WIDTH ? 'q' : 'k', c % WIDTH));
	}
	for (size_t r = 0; r < ROWS; r++) {
		write_text(&csv, "\n");
		write_numbers(&csv, x[r], 2 * WIDTH);
	}
	write_text(&csv, "\n");
	const char *dataset = dataset_upload_text(server, keep(csv.text), "");
	const struct reply *job = job_run(
		server, text_of("{\"dataset\": {\"id\": \"%s\", \"validation_fraction\": 0.1}, \"model\": {\"type\": "
				"\"contrastive\", \"loss\": {\"type\": \"info_nce\", \"symmetric\": true}, "
				"\"embedding_size\": %d}}",
				dataset, SIZE));
	for (size_t r = 0; r < ASKED; r++) {
		write_text(&text, r > 0 ? ",[" : "[[");
		write_numbers(&text, x[ROWS + r], 2 * WIDTH);
		write_text(&text, "]");
	}
	write_text(&text, "]");
	const struct reply *reply = predict(server, job, keep(text.text));
	double z[ASKED][2 * SIZE], found = 0;
	for (size_t r = 0; r < ASKED; r++) {
		for (size_t c = 0; c < 2 * SIZE; c++) {
			z[r][c] = number_at(reply->json, text_of("outputs.%zu.%zu", r, c));
		}
	}
	for (size_t r = 0; r < ASKED; r++) {
		size_t best = 0;
		double most = -2;
		for (size_t k = 0; k < ASKED; k++) {
			double s = 0;
			for (size_t c = 0; c < SIZE; c++) {
				s += z[r][c] * z[k][SIZE + c];
			}
			best = s > most ? k : best;
			most = s > most ? s : most;
		}
		found += best == r;
	}
	ck_assert_msg(found / ASKED > 0.8, "%g of the partners", found / ASKED);
	finish(server);
}
END_TEST

/* --- batches --- */

/* What is not trained on is dealt out to groups: data in the order of its classes has the loss of shuffled data. */
START_TEST(the_order_of_the_rows_hardly_matters_to_the_final_loss)
{
	struct server *server = server_start(NULL);
	/* iris is sorted by class; a batch of 30 neighbours would be of one */
	const char *iris = dataset_upload(server, "iris.csv", "target=target");
#define SORTED(batch)                                                                                                  \
	"{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"contrastive\", \"loss\": \"info_nce\"}, "             \
	"\"optimizer\": {\"type\": \"adam\", \"learning_rate\": 1e-30}, \"training\": {\"epochs\": 1, "                \
	"\"batch_size\": " batch ", \"dtype\": \"float64\"}}"
	const struct reply *all = job_run(server, text_of(SORTED("\"full\""), iris));
	const struct reply *groups = job_run(server, text_of(SORTED("75"), iris));
	/* half as many others to be told apart from: log 2 less, but for chance */
	const double one = number_at(all->json, "metrics.train_loss"),
		     two = number_at(groups->json, "metrics.train_loss");
	ck_assert_double_eq_tol(one - two, log(149.0 / 74), 0.1);
	finish(server);
}
END_TEST

START_TEST(batches_without_a_pair_end_as_well_as_any)
{
	struct server *server = server_start(NULL);
	const char *iris = dataset_upload(server, "iris.csv", "target=target");
	for (size_t k = 0; k < 4; k++) {
		static const char *const batches[] = { "1, \"shuffle\": false", "25, \"shuffle\": false", "149" };
		for (size_t b = 0; b < 3; b++) {
			const struct reply *job = job_run(
				server,
				text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"contrastive\", "
					"\"loss\": \"%s\"}, \"training\": {\"epochs\": 2, \"batch_size\": %s}}",
					iris, losses[k], batches[b]));
			ck_assert(isfinite(number_at(job->json, "metrics.train_loss")));
			const char *warnings = keep(cJSON_PrintUnformatted(get_at(job->json, "warnings")));
			ck_assert_msg((strstr(warnings, "nothing to compare") != NULL) == (b == 0), "%s", warnings);
			const char *path = text_of("/v1/jobs/%s/curve", string_at(job->json, "id"));
			ck_assert_int_eq(cJSON_GetArraySize(get_at(client_get(server, path)->json, "nonfinite")), 0);
		}
	}
	finish(server);
}
END_TEST

/* --- bits --- */

/* Everything that could tell threads or attempts apart: a convolution, batch statistics, dropout, a loss that compares
 * the rows of a batch, validation in groups. */
#define STOCHASTIC                                                                                                     \
	"{\"dataset\": {\"id\": \"%s\", \"validation_fraction\": 0.2}, \"model\": {\"type\": \"contrastive\", "        \
	"\"input_shape\": [8, 8], \"loss\": \"%s\", \"embedding_size\": 5, \"l2\": 1e-5, \"layers\": [{\"type\": "     \
	"\"conv2d\", \"out_channels\": 4, \"kernel_size\": 3, \"stride\": 2}, {\"type\": \"batch_norm\"}, {\"type\": " \
	"\"relu\"}, {\"type\": \"flatten\"}, {\"type\": \"dropout\", \"p\": 0.2}]}, \"optimizer\": {\"type\": "        \
	"\"adamw\"}, \"training\": "                                                                                   \
	"{\"epochs\": %d, \"batch_size\": 300, \"seed\": 5, \"dtype\": \"%s\"}, \"recording\": {\"every_steps\": 2}}"

static const char *stochastic(int which, const char *dataset, int epochs, const char *dtype)
{
	return text_of(STOCHASTIC, dataset, losses[which], epochs, dtype);
}

START_TEST(losses_over_a_batch_give_the_same_bits_for_one_two_and_three_threads)
{
	expect_bits_for_threads(stochastic, _i, _i);
}
END_TEST

START_TEST(losses_over_a_batch_end_with_the_same_bits_after_kills)
{
	enum { INFO_NCE = 2 };
	ck_assert_str_eq(losses[INFO_NCE], "info_nce");
	expect_bits_after_kills(stochastic, INFO_NCE, 20);
}
END_TEST

/* --- refusals --- */

#define FIVE                                                                                                           \
	"{\"inline\": {\"columns\": [\"a\", \"b\", \"c\", \"d\", \"e\"], \"rows\": [[1, 2, 3, 4, 0], [2, 3, 1, 5, "    \
	"1], "                                                                                                         \
	"[7, 5, 3, 1, 0], [3, 3, 2, 8, 2]]}"

static const struct {
	const char *dataset, *model, *pointer, *says;
} refusals[] = {
	{ FIVE ", \"target\": null}", "\"pairs\": \"rows\", \"loss\": \"info_nce\"", "/model/pairs", "divided by 2" },
	{ FIVE ", \"target\": null}", "\"loss\": \"info_nce\"", "/model/pairs", "there are 5" },
	{ FIVE ", \"target\": null}", "\"loss\": \"triplet\"", "/model/pairs", "an anchor, a positive and a negative" },
	{ FIVE "}", "\"loss\": \"contrastive\"", "/dataset/target", "\"pairs\": \"rows\"" },
	{ FIVE "}", "\"loss\": \"contrastive\", \"pairs\": \"rows\"", "/dataset/target", "alike" },
	{ FIVE "}", "\"loss\": \"triplet\", \"pairs\": \"classes\"", "/dataset/target", "the class of each point" },
	{ FIVE ", \"target\": \"e\"}", "\"loss\": \"contrastive\", \"pairs\": \"rows\"", "/dataset/target",
	  "3 classes, and contrastive takes two" },
	{ FIVE ", \"target\": [\"d\", \"e\"]}", "\"loss\": \"triplet\"", "/dataset/target", "one target" },
	{ FIVE ", \"target\": \"e\"}", "\"pairs\": \"row\"", "/model/pairs", "did you mean rows?" },
	{ FIVE ", \"target\": \"e\"}", "\"loss\": {\"type\": \"contrastive\", \"margin\": 0}", "/model/loss/margin",
	  "above 0" },
	{ FIVE ", \"target\": \"e\"}", "\"loss\": {\"type\": \"triplet\", \"margin\": -1}", "/model/loss/margin",
	  "above 0" },
	{ FIVE ", \"target\": \"e\"}", "\"loss\": {\"type\": \"triplet\", \"p\": 0.5}", "/model/loss/p", "at least 1" },
	{ FIVE ", \"target\": \"e\"}", "\"loss\": {\"type\": \"info_nce\", \"temperature\": 0}",
	  "/model/loss/temperature", "above 0" },
	{ FIVE ", \"target\": \"e\"}", "\"loss\": {\"type\": \"info_nce\", \"margin\": 1}", "/model/loss/margin",
	  "a setting of contrastive, triplet and cosine_embedding" },
	{ FIVE ", \"target\": \"e\"}", "\"embedding_size\": 0", "/model/embedding_size", "at least 1" },
	{ FIVE ", \"target\": \"e\"}", "\"input_shape\": [3, 2]", "/model/input_shape", "number of features, 4" },
	{ FIVE ", \"target\": \"e\"}", "\"pairs\": \"rows\", \"loss\": \"info_nce\", \"input_shape\": [3]",
	  "/model/input_shape", "features of a point, 2" },
	{ FIVE ", \"target\": \"e\"}", "\"loss\": \"mse\"", "/model/loss", "there is no loss 'mse' of contrastive" },
	{ FIVE ", \"target\": \"e\"}", "\"layers\": [{\"type\": \"conv2d\", \"out_channels\": 2, \"kernel_size\": 1}]",
	  "/model/layers/0", NULL },
	{ FIVE ", \"target\": \"e\"}",
	  "\"pairs\": \"rows\", \"loss\": \"info_nce\", \"layers\": [{\"type\": \"residual\", \"layers\": "
	  "[{\"type\": \"batch_norm\"}]}]",
	  "/model/layers/0/layers/0", "layer_norm" },
};
enum { REFUSALS = sizeof refusals / sizeof *refusals };

START_TEST(what_cannot_be_paired_is_refused_where_it_stands)
{
	struct server *server = server_start(NULL);
	for (size_t i = 0; i < REFUSALS; i++) {
		const struct reply *reply =
			client_post(server, "/v1/jobs",
				    text_of("{\"dataset\": %s, \"model\": {\"type\": \"contrastive\", %s}}",
					    refusals[i].dataset, refusals[i].model));
		expect_fault(reply, refusals[i].pointer, NULL);
		const char *detail = string_at(reply->json, "errors.0.detail");
		ck_assert_msg(refusals[i].says == NULL || strstr(detail, refusals[i].says) != NULL, "%s: %s",
			      refusals[i].model, detail);
	}
	/* A target that rows of pairs do not need is left out, with a word. */
	const struct reply *dry = client_post(server, "/v1/jobs?dry_run=true",
					      "{\"dataset\": " FIVE ", \"target\": \"e\"}, \"model\": {\"type\": "
					      "\"contrastive\", \"pairs\": \"rows\", \"loss\": \"info_nce\"}, "
					      "\"gradient_check\": true}");
	expect(dry, 200);
	ck_assert_ptr_nonnull(strstr(string_at(dry->json, "warnings.0"), "the target e is left out"));
	ck_assert(cJSON_IsTrue(get_at(dry->json, "gradient_check.passed")));
	/* A target that tells all rows apart holds no likeness. */
	dry = client_post(server, "/v1/jobs?dry_run=true",
			  "{\"dataset\": " FIVE
			  ", \"target\": \"d\"}, \"model\": {\"type\": \"contrastive\", \"layers\": "
			  "[{\"units\": 3}, {\"type\": \"batch_norm\"}]}, \"training\": {\"batch_size\": 1}}");
	ck_assert_ptr_nonnull(strstr(string_at(dry->json, "warnings.0"), "every row of d is a class of its own"));
	ck_assert_ptr_nonnull(strstr(string_at(dry->json, "warnings.1"), "layer_norm"));
	finish(server);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("blackbox/contrastive");
	TCase *tests = tcase_create("contrastive");
	tcase_set_timeout(tests, 180);
	tcase_add_loop_test(tests, digits_that_were_kept_back_lie_with_their_class_in_the_plane, 0, 3);
	tcase_add_test(tests, predictions_of_points_are_embeddings_and_nothing_else);
	tcase_add_test(tests, pairs_in_rows_come_near_or_go_beyond_the_margin);
	tcase_add_test(tests, triplets_in_rows_put_the_positive_nearer_than_the_negative);
	tcase_add_test(tests, info_nce_finds_the_partner_among_a_hundred);
	tcase_add_test(tests, the_order_of_the_rows_hardly_matters_to_the_final_loss);
	tcase_add_test(tests, batches_without_a_pair_end_as_well_as_any);
	tcase_add_loop_test(tests, losses_over_a_batch_give_the_same_bits_for_one_two_and_three_threads, 0, 4);
	tcase_add_test(tests, losses_over_a_batch_end_with_the_same_bits_after_kills);
	tcase_add_test(tests, what_cannot_be_paired_is_refused_where_it_stands);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return blackbox_run(suite());
}
