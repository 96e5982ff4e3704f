/*
 * Predictions of a stored dataset and of CSV, for every model: the same bytes as of the same rows given one by one;
 * which weights; long answers; every refusal.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/blackbox/jobs.h"

/* A sink of text that lives as long as replies do. */
struct lines {
	char *text;
	size_t length, size;
};

static void add(struct lines *lines, const char *text)
{
	const size_t more = strlen(text);
	ck_assert_uint_lt(lines->length + more, lines->size);
	memcpy(lines->text + lines->length, text, more + 1);
	lines->length += more;
}

static struct lines lines_of(size_t size)
{
	return (struct lines){ .text = keep(calloc(size, 1)), .size = size };
}

/* The rows of a dataset as a body {"inputs": ..., "columns": ...}, or as CSV: the very texts that its preview has. */
static const char *rows_again(const struct server *server, const char *dataset, bool csv)
{
	struct lines out = lines_of(4 << 20), columns = lines_of(1 << 16);
	double total = 1;
	for (double offset = 0; offset < total; offset += 500) {
		const struct reply *page =
			client_get(server, text_of("/v1/datasets/%s/rows?limit=500&offset=%.0f", dataset, offset));
		total = number_at(page->json, "total");
		char *names = strstr(page->body, "[") + 1, *rows = strstr(page->body, "\"rows\":[") + 8;
		*strstr(names, "]") = '\0';
		*strstr(rows, "]],") = '\0';
		if (offset == 0)
			add(&columns, names);
		add(&out, offset == 0 ? "" : "],[");
		add(&out, rows + 1);
	}
	if (!csv)
		return text_of("{\"inputs\":[[%s]],\"columns\":[%s]}", out.text, columns.text);
	for (char *end = out.text; (end = strstr(end, "],[")) != NULL;)
		memcpy(end, "\n  ", 3);
	return text_of("%s\n%s\n", columns.text, out.text);
}

static const char *path_of(const char *job, const char *query)
{
	return text_of("/v1/jobs/%s/predictions%s", job, query);
}

static const char *by_id(const char *dataset)
{
	return text_of("{\"dataset\": {\"id\": \"%s\"}}", dataset);
}

static const struct reply *post_csv(const struct server *server, const char *path, const char *csv)
{
	return client_call(server, &(struct call){ .path = path, .body = csv, .type = "text/csv" });
}

static void expect_same(const struct reply *one, const struct reply *other)
{
	expect(one, 200);
	expect(other, 200);
	ck_assert_uint_eq(one->length, other->length);
	ck_assert_msg(memcmp(one->body, other->body, one->length) == 0, "%.300s\n%.300s", one->body, other->body);
}

#define GENERATED(generator, model, more)                                                                              \
	"{\"dataset\": {\"generator\": {\"type\": " generator "}}, \"model\": {\"type\": " model                       \
	"}, \"training\": {\"epochs\": 2" more "}}"
#define DENSE "\"layers\": [{\"type\": \"dense\", \"units\": 5}]"

/* Each with a member that its answer has, and whether it has metrics. */
static const struct {
	const char *job, *member, *metric;
} models[] = {
	{ GENERATED("\"linear\", \"rows\": 90", "\"linear_regression\"", ""), "predictions.89", "rmse" },
	{ GENERATED("\"linear\", \"rows\": 90", "\"linear_regression\", \"loss\": \"huber\"",
		    ", \"dtype\": \"float64\""),
	  "predictions.89", "r2" },
	{ GENERATED("\"moons\", \"rows\": 90", "\"logistic_regression\"", ""), "probabilities.89.1", "accuracy" },
	{ GENERATED("\"moons\", \"rows\": 90", "\"logistic_regression\", \"loss\": \"hinge\"", ""), "predictions.89",
	  "accuracy" },
	{ GENERATED("\"blobs\", \"rows\": 90", "\"softmax_regression\"", ""), "probabilities.89.2", "accuracy" },
	{ GENERATED("\"spirals\", \"rows\": 90", "\"mlp\", \"loss\": \"cross_entropy\", " DENSE, ""),
	  "probabilities.89.0", "accuracy" },
	{ GENERATED("\"sine\", \"rows\": 90", "\"mlp\", \"loss\": \"gaussian\", " DENSE, ""), "standard_deviations.89",
	  "mae" },
	{ GENERATED("\"waves\", \"rows\": 60, \"steps\": 16",
		    "\"sequential\", \"input_shape\": [1, 4, 4], \"loss\": \"cross_entropy\", \"layers\": [{\"type\": "
		    "\"conv2d\", \"out_channels\": 3, \"kernel_size\": 3, \"padding\": 1}, {\"type\": \"batch_norm\"}, "
		    "{\"type\": \"max_pool2d\", \"kernel_size\": 2}, {\"type\": \"dropout\", \"p\": 0.2}]",
		    ""),
	  "probabilities.59.2", "accuracy" },
	{ GENERATED("\"pulses\", \"rows\": 60, \"steps\": 8",
		    "\"sequential\", \"input_shape\": [8, 1], \"loss\": \"cross_entropy\", \"layers\": [{\"type\": "
		    "\"lstm\", \"units\": 4}]",
		    ""),
	  "outputs.59.0", "accuracy" },
	{ GENERATED("\"ratings\", \"rows\": 90, \"users\": 9, \"items\": 9",
		    "\"sequential\", \"layers\": [{\"type\": \"embedding\", \"num_embeddings\": 9, \"embedding_dim\": "
		    "2}, "
		    "{\"type\": \"flatten\"}]",
		    ""),
	  "predictions.89", "rmse" },
	{ GENERATED("\"ring\", \"rows\": 90", "\"autoencoder\", \"code_size\": 1, " DENSE, ""), "codes.89.0", NULL },
	{ GENERATED("\"blobs\", \"rows\": 90, \"features\": 3", "\"contrastive\", \"embedding_size\": 2", ""),
	  "predictions.89.1", NULL },
	{ GENERATED("\"linear\", \"rows\": 90, \"features\": 4",
		    "\"contrastive\", \"embedding_size\": 2, \"pairs\": \"rows\", \"loss\": \"info_nce\"", ""),
	  "embeddings.89.1.1", NULL },
	{ GENERATED("\"ring\", \"rows\": 90", "\"gan\", \"latent_size\": 2", ""), "outputs.89.0", NULL },
	{ GENERATED("\"ratings\", \"rows\": 90, \"users\": 9, \"items\": 9",
		    "\"matrix_factorization\", \"users\": 9, \"items\": 9, \"factors\": 2", ""),
	  "predictions.89", "rmse" },
	{ GENERATED("\"interactions\", \"rows\": 90, \"features\": 4", "\"factorization_machine\", \"factors\": 2", ""),
	  "predictions.89", "r2" },
	{ GENERATED("\"sine\", \"rows\": 90",
		    "\"expression\", \"prediction\": \"a * sin(b * x) + c\", \"parameters\": {\"a\": 1, \"b\": 2.385, "
		    "\"c\": 0}",
		    ""),
	  "predictions.89", "rmse" },
};
enum { MODELS = sizeof models / sizeof *models };

START_TEST(a_dataset_is_predicted_as_its_rows_are_by_every_model)
{
	struct server *server = server_start(NULL);
	for (size_t i = 0; i < MODELS; i++) {
		const struct reply *job = job_run(server, models[i].job);
		const char *id = string_at(job->json, "id"), *data = string_at(job->json, "spec.dataset.id");
		const struct reply *stored = client_post(server, path_of(id, ""), by_id(data));
		expect(stored, 200);
		ck_assert_msg(find(stored->json, models[i].member) != NULL, "%s: %s", models[i].job, stored->body);
		ck_assert_msg((find(stored->json, "metrics") != NULL) == (models[i].metric != NULL), "%s",
			      stored->body);
		if (models[i].metric != NULL) {
			const double metric = number_at(stored->json, text_of("metrics.%s", models[i].metric));
			/* The job's own last look at the same rows, in its own precision. */
			ck_assert_double_eq_tol(
				metric, number_at(job->json, text_of("metrics.train_%s", models[i].metric)), 1e-4);
		}
		expect_same(stored, client_post(server, path_of(id, ""), rows_again(server, data, false)));
		expect_same(stored, post_csv(server, path_of(id, ""), rows_again(server, data, true)));
		/* Drawn again, from the job's own settings. */
		cJSON *spec = cJSON_Parse(models[i].job);
		char *drawn = cJSON_PrintUnformatted(get_at(spec, "dataset"));
		expect_same(stored, client_post(server, path_of(id, ""), text_of("{\"dataset\": %s}", drawn)));
		free(drawn);
		cJSON_Delete(spec);
		const struct reply *csv = client_post(server, path_of(id, "?format=csv"), by_id(data));
		expect_same(csv, post_csv(server, path_of(id, "?format=csv"), rows_again(server, data, true)));
		ck_assert_int_eq(strncmp(reply_header(csv, "Content-Type"), "text/csv", 8), 0);
		size_t lines = 0;
		for (const char *c = csv->body; (c = strstr(c, "\r\n")) != NULL; c += 2)
			lines++;
		ck_assert_uint_eq(lines, 1 + (size_t)cJSON_GetArraySize(get_at(stored->json, "outputs")));
	}
	finish(server);
}
END_TEST

START_TEST(a_long_answer_is_the_same_and_leaves_nothing_behind)
{
	/* More rows than pass at once, more text than is kept in memory. */
	enum { ROWS = 8001, TOO_MANY = 40000 };
	struct server *server = server_start(NULL);
	const struct reply *job = job_run(server, GENERATED("\"sine\", \"rows\": 8001", "\"linear_regression\"", ""));
	const char *id = string_at(job->json, "id"), *data = string_at(job->json, "spec.dataset.id");
	const struct reply *stored = client_post(server, path_of(id, ""), by_id(data));
	expect(stored, 200);
	ck_assert_int_eq(cJSON_GetArraySize(get_at(stored->json, "predictions")), ROWS);
	ck_assert_int_eq(cJSON_GetArraySize(get_at(stored->json, "outputs")), ROWS);
	ck_assert_double_eq_tol(number_at(stored->json, "metrics.rmse"), number_at(job->json, "metrics.train_rmse"),
				1e-5);
	expect_same(stored, client_post(server, path_of(id, ""), rows_again(server, data, false)));
	/* In this memory so many rows do not fit as JSON; those of a dataset pass piece by piece. */
	server_terminate(server, NULL);
	server_restart(server, FLAGS("--memory", "3M"));
	struct lines many = lines_of(4 * TOO_MANY + 64);
	add(&many, "{\"inputs\":[[1]");
	for (size_t i = 1; i < TOO_MANY; i++, many.length += 4)
		memcpy(many.text + many.length, ",[1]", 4);
	add(&many, "]}");
	const struct reply *large = client_post(server, path_of(id, ""), many.text);
	ck_assert_int_eq(large->status, 422);
	expect_problem(large, 422, "needs-too-much-memory");
	expect_same(stored, client_post(server, path_of(id, ""), by_id(data)));
	ck_assert_int_eq(system(text_of("test -z \"$(ls -A '%s/tmp' 2>/dev/null)\"", server->dir)), 0);
	finish(server);
}
END_TEST

START_TEST(the_weights_are_those_that_are_asked_for)
{
	struct server *server = server_start(NULL);
	const char *data = dataset_upload(server, "iris.csv", "target=target");
	const char *id = string_at(
		job_run(server,
			text_of("{\"dataset\": {\"id\": \"%s\", \"validation_fraction\": 0.3}, \"model\": {\"type\": "
				"\"softmax_regression\"}, \"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 4, "
				"\"averaging\": {\"from_step\": 1}}, \"training\": {\"epochs\": 9, \"batch_size\": "
				"20}}",
				data))
			->json,
		"id");
	const struct reply *plain = client_post(server, path_of(id, ""), by_id(data));
	expect(plain, 200);
	ck_assert_str_eq(string_at(plain->json, "at"), "last");
	static const char *const places[] = { "last", "best", "averaged" };
	for (size_t i = 0; i < 3; i++) {
		const struct reply *weights = client_get(server, text_of("/v1/jobs/%s/weights?at=%s", id, places[i]));
		const struct reply *some =
			client_post(server, path_of(id, text_of("?at=%s", places[i])), "{\"inputs\": [[5, 3, 4, 1]]}");
		ck_assert_int_eq(weights->status, some->status);
		if (some->status == 409)
			continue;
		expect(some, 200);
		ck_assert_str_eq(string_at(some->json, "at"), places[i]);
		ck_assert_double_eq(number_at(some->json, "step"), number_at(weights->json, "step"));
		/* The first output from the weights themselves. */
		double z = number_at(weights->json, "parameters.1.values.0");
		static const double x[] = { 5, 3, 4, 1 };
		for (int k = 0; k < 4; k++) {
			z += (x[k] - number_at(weights->json, text_of("features.%d.mean", k))) /
			     number_at(weights->json, text_of("features.%d.std", k)) *
			     number_at(weights->json, text_of("parameters.0.values.%d", 3 * k));
		}
		ck_assert_double_eq_tol(number_at(some->json, "outputs.0.0"), z, 1e-3);
	}
	expect_problem(client_post(server, path_of(id, "?at=first"), by_id(data)), 400, "bad-query");
	expect_fault(client_post(server, path_of(id, ""), "{\"inputs\": [[5, 3, 4, 1]], \"at\": \"best\"}"), "/at",
		     "not_allowed");
	finish(server);
}
END_TEST

/* y = 2 a - b, classes by the sign: "no", "yes". */
#define TWO_COLUMNS                                                                                                    \
	"{\"dataset\": {\"inline\": {\"columns\": [\"a\", \"b\", \"t\"], \"rows\": [[1, 1, %s], [2, 7, %s], [3, "      \
	"2, %s], [0, 1, %s]]}, \"target\": \"t\"}, \"model\": {\"type\": %s}, \"training\": {\"epochs\": 50}}"

static const char *regression(const struct server *server)
{
	return string_at(job_run(server, text_of(TWO_COLUMNS, "1", "-3", "4", "-1", "\"linear_regression\""))->json,
			 "id");
}

static const char *classifier(const struct server *server)
{
	return string_at(job_run(server, text_of(TWO_COLUMNS, "\"yes\"", "\"no\"", "\"yes\"", "\"no\"",
						 "\"logistic_regression\", \"l2\": 0.01"))
				 ->json,
			 "id");
}

START_TEST(columns_are_found_by_name_and_others_ignored)
{
	struct server *server = server_start(NULL);
	const char *number = regression(server), *word = classifier(server);
	const struct reply *rows = client_post(server, path_of(number, ""), "{\"inputs\": [[2.385, 1], [5, -3]]}");
	const struct reply *csv =
		post_csv(server, path_of(number, ""), "note,b,when,a\n,1,monday,2.385\n\"a,\nb\",-3,,5\n");
	expect_same(rows, csv);
	ck_assert_double_eq_tol(number_at(csv->json, "predictions.0"), 2 * 2.385 - 1, 1e-4);
	ck_assert(find(csv->json, "metrics") == NULL);
	/* As lines of records. */
	const struct call lines = { .path = path_of(number, ""),
				    .body = "{\"b\": 1, \"when\": null, \"a\": 2.385}\r\n\n{\"a\": 5, \"b\": -3}",
				    .type = "application/x-ndjson" };
	expect_same(rows, client_call(server, &lines));
	/* With other separators; the type may have a charset. */
	expect_same(rows, client_call(server, &(struct call){ .path = path_of(number, "?delimiter=;&decimal=,"),
							      .body = "b;a\r\n1;2,385\r\n-3;5\r\n",
							      .type = "text/csv; charset=utf-8" }));
	/* The target is used where it is there, by its name too. */
	csv = post_csv(server, path_of(number, ""), "t,b,a\n3.77,1,2.385\n13,-3,5\n");
	ck_assert_double_eq_tol(number_at(csv->json, "metrics.rmse"), 0, 1e-4);
	csv = post_csv(server, path_of(word, ""), "t,b,a\nyes,1,5\nno,1,5\nperhaps,9,0\n");
	expect(csv, 200);
	ck_assert_str_eq(string_at(csv->json, "predictions.0"), "yes");
	ck_assert_str_eq(string_at(csv->json, "predictions.2"), "no");
	ck_assert_double_eq_tol(number_at(csv->json, "metrics.accuracy"), 1.0 / 3, 1e-12);
	ck_assert_ptr_nonnull(strstr(string_at(csv->json, "warnings.0"), "1 row has"));
	/* A stored dataset with more columns than the model knows, the job's own dataset being gone. */
	const char *more = dataset_upload_text(server, "x,t,b,a\nq,yes,1,5\nr,no,9,0\n", "");
	const struct reply *stored = client_post(server, path_of(word, ""), by_id(more));
	expect(stored, 200);
	ck_assert_double_eq(number_at(stored->json, "metrics.accuracy"), 1);
	expect(client_delete(server, text_of("/v1/datasets/%s", more)), 204);
	expect_fault(client_post(server, path_of(word, ""), by_id(more)), "/dataset/id", "not_found");
	finish(server);
}
END_TEST

START_TEST(what_cannot_be_predicted_is_said_with_its_place)
{
	struct server *server = server_start(FLAGS("--max-body", "2000"));
	const char *number = regression(server), *word = classifier(server);
	static const struct {
		const char *csv, *words, *more;
	} cases[] = {
		{ "a,c\n1,2\n", "\"b\" is missing", "" },
		{ "1,2\n3,4\n", "\"a\" is missing", "" },
		{ "a,bb\n1,2\n", "is it \"bb\"?", "" },
		{ "a,b\n1,2\n3,x7\n", "line 3, column 2 (\"b\")", "x7" },
		{ "a,b\n1,2\n\n3,\n", "line 4, column 2 (\"b\")", "empty" },
		{ "a,b\n1,2\n3\n", "line 3", "1 cells where 2" },
		{ "a,b\n1,2\n3,1e999\n", "line 3", "1e999" },
		{ "a,b\n1,nan\n", "line 2", "nan" },
		{ "a,b,a\n1,2,3\n", "\"a\"", "columns 1 and 3" },
		{ "a,b\n", "no rows", "" },
		{ "", "empty", "" },
		{ "a;b\n1;2\n", "delimiter=;", "" },
		{ "a,b\n1,\"2\n", "line", "" },
		{ "a,b,t\n1,2,yes\n", "line 2, column 3 (\"t\")", "yes" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct reply *reply = post_csv(server, path_of(number, ""), cases[i].csv);
		const cJSON *fault = expect_fault(reply, "", NULL);
		const char *detail = string_at(fault, "detail");
		ck_assert_msg(strstr(detail, cases[i].words) != NULL && strstr(detail, cases[i].more) != NULL,
			      "%s -> %s", cases[i].csv, detail);
	}
	static const struct {
		const char *lines;
		int status;
		const char *words;
	} records[] = {
		{ "{\"a\": 1, \"b\": 2}\n{\"a\": 1, \"b\": }\n", 400, "line 2, column 15" },
		{ "{\"a\": 1, \"b\": 2}],\"columns\":[\n", 400, "line 1, column 17" },
		{ "{\"a\": 1, \"b\": 2}\n\n{\"a\": 1}\n", 422, "/inputs/1: the feature b is missing" },
		{ "{\"a\": 1, \"b\": \"2\"}", 422, "/inputs/0/b" },
		{ "\n\n", 422, "no rows" },
	};
	for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
		const struct call call = { .path = path_of(number, ""),
					   .body = records[i].lines,
					   .type = "application/x-ndjson" };
		const struct reply *reply = client_call(server, &call);
		expect_problem(reply, records[i].status, NULL);
		const char *detail = string_at(reply->json, "detail");
		ck_assert_msg(strstr(detail, records[i].words) != NULL, "%s -> %s", records[i].lines, detail);
	}
	expect_problem(post_csv(server, path_of(number, "?delimiter=ab"), "a,b\n1,2\n"), 400, "bad-query");
	expect_problem(post_csv(server, path_of(number, "?format=xml"), "a,b\n1,2\n"), 400, "bad-query");
	const char *large = text_of("a,b\n%*s", 2000, "1,2\n");
	expect_problem(post_csv(server, path_of(number, ""), large), 413, "too-large");
	const struct reply *type = client_call(
		server, &(struct call){ .path = path_of(number, ""), .body = "a\tb", .type = "text/plain" });
	expect_problem(type, 415, "unsupported-media-type");
	ck_assert_ptr_nonnull(strstr(reply_header(type, "Accept"), "text/csv"));
	/* Stored: a column is missing, of text, the classes are of another kind. */
	const char *missing = dataset_upload_text(server, "a,bee,t\n1,2,3\n", "");
	const cJSON *fault =
		expect_fault(client_post(server, path_of(number, ""), by_id(missing)), "/dataset/id", "missing");
	ck_assert_ptr_nonnull(strstr(string_at(fault, "detail"), "\"b\" is missing"));
	const char *text = dataset_upload_text(server, "a,b,t\n1,2,3\n4,five,6\n", "");
	fault = expect_fault(client_post(server, path_of(number, ""), by_id(text)), "/dataset/id", "wrong_type");
	ck_assert_ptr_nonnull(strstr(string_at(fault, "detail"), "row 2, column \"b\""));
	ck_assert_ptr_nonnull(strstr(string_at(fault, "detail"), "five"));
	const char *other = dataset_upload_text(server, "a,b,t\n1,2,3\n", "");
	fault = expect_fault(client_post(server, path_of(word, ""), by_id(other)), "/dataset/id", "wrong_type");
	ck_assert_ptr_nonnull(strstr(string_at(fault, "detail"), "column \"t\""));
	expect_alive(server, number);
	finish(server);
}
END_TEST

START_TEST(rows_come_along_as_in_a_job)
{
	struct server *server = server_start(NULL);
	const char *number = regression(server), *word = classifier(server);
#define INLINE(rows) "{\"dataset\": {\"inline\": " rows "}}"
	const struct reply *rows = client_post(server, path_of(number, ""), "{\"inputs\": [[2.385, 1], [5, -3]]}");
	expect_same(rows, client_post(server, path_of(number, ""),
				      INLINE("{\"columns\": [\"b\", \"x\", \"a\"], \"rows\": [[1, \"-\", 2.385], [-3, "
					     "\"-\", 5]]}")));
	const struct reply *records =
		client_post(server, path_of(word, ""),
			    INLINE("[{\"a\": 5, \"b\": 1, \"t\": \"yes\"}, {\"a\": 0, \"b\": 9, \"t\": \"no\"}]"));
	expect(records, 200);
	ck_assert_double_eq(number_at(records->json, "metrics.accuracy"), 1);
	static const struct {
		const char *body, *pointer;
	} cases[] = {
		{ INLINE("[{\"a\": 5}]"), "/dataset/inline" },
		{ INLINE("[{\"a\": 5, \"b\": null}]"), "/dataset/inline/0/b" },
		{ INLINE("[{\"a\": 5, \"b\": \"c\"}]"), "/dataset/inline" },
		{ INLINE("[]"), "/dataset/inline" },
		{ INLINE("{\"columns\": [\"a\", \"b\"], \"rows\": [[1, 2], [3]]}"), "/dataset/inline/rows/1" },
		{ "{\"dataset\": {\"generator\": {\"type\": \"ring\"}}}", "/dataset/generator" },
		{ "{\"dataset\": {\"generator\": {\"type\": \"rink\"}}}", "/dataset/generator/type" },
		{ "{\"dataset\": {\"generator\": {\"type\": \"ring\", \"rows\": 0}}}", "/dataset/generator/rows" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		expect_fault(client_post(server, path_of(number, ""), cases[i].body), cases[i].pointer, NULL);
	}
	/* Nothing of it is kept. */
	const struct reply *kept = client_get(server, "/v1/datasets?inline=true");
	ck_assert_int_eq(cJSON_GetArraySize(get_at(kept->json, "data")), 2);
	finish(server);
}
END_TEST

START_TEST(a_job_predicts_from_its_first_checkpoint_on)
{
	struct server *server = server_start(FLAGS("--workers", "1", "--checkpoint-seconds", "0.05"));
	const char *const endless =
		GENERATED("\"moons\", \"rows\": 90", "\"mlp\", \"loss\": \"cross_entropy\", " DENSE, "000000000");
	const char *running = job_post(server, endless), *queued = job_post(server, endless);
	const char *body = "{\"inputs\": [[0.5, 0.25]]}";
	const struct reply *reply = client_post(server, path_of(queued, ""), body);
	expect_problem(reply, 409, "conflict");
	ck_assert_ptr_nonnull(reply_header(reply, "Retry-After"));
	job_reach(server, running, 1);
	while ((reply = client_post(server, path_of(running, ""), body))->status == 409)
		usleep(20000);
	expect(reply, 200);
	ck_assert_ptr_nonnull(reply_header(reply, "Retry-After"));
	ck_assert_double_ge(number_at(reply->json, "step"), 0);
	expect(client_post(server, text_of("/v1/jobs/%s/cancel", queued), ""), 200);
	reply = client_post(server, path_of(queued, ""), body);
	expect_problem(reply, 409, "conflict");
	client_post(server, text_of("/v1/jobs/%s/cancel", running), "");
	job_wait(server, running);
	finish(server);
}
END_TEST

START_TEST(samples_as_csv_are_a_file_that_can_be_uploaded)
{
	struct server *server = server_start(NULL);
	const char *id = string_at(
		job_run(server, GENERATED("\"ring\", \"rows\": 90", "\"gan\", \"latent_size\": 2", ""))->json, "id");
	const struct reply *json = client_post(server, path_of(id, ""), "{\"samples\": 40, \"seed\": 7}");
	const struct reply *csv = client_post(server, path_of(id, "?format=csv"), "{\"samples\": 40, \"seed\": 7}");
	expect(csv, 200);
	const char *data = dataset_upload_text(server, csv->body, "");
	const struct reply *rows = client_get(server, text_of("/v1/datasets/%s/rows", data));
	ck_assert(cJSON_Compare(get_at(rows->json, "rows"), get_at(json->json, "samples"), true));
	ck_assert(cJSON_Compare(get_at(rows->json, "columns"), get_at(json->json, "columns"), true));
	finish(server);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("blackbox/predictions");
	TCase *tests = tcase_create("predictions");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_dataset_is_predicted_as_its_rows_are_by_every_model);
	tcase_add_test(tests, a_long_answer_is_the_same_and_leaves_nothing_behind);
	tcase_add_test(tests, the_weights_are_those_that_are_asked_for);
	tcase_add_test(tests, columns_are_found_by_name_and_others_ignored);
	tcase_add_test(tests, what_cannot_be_predicted_is_said_with_its_place);
	tcase_add_test(tests, rows_come_along_as_in_a_job);
	tcase_add_test(tests, a_job_predicts_from_its_first_checkpoint_on);
	tcase_add_test(tests, samples_as_csv_are_a_file_that_can_be_uploaded);
	suite_add_tcase(suite, tests);
	return blackbox_run(suite);
}
