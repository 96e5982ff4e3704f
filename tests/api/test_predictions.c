/* Predictions: bodies that are read, answers that are written. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/predictions.h"
#include "tests/api/answer_support.h"

/* The whole answer, written in pieces of `piece` rows (0: at once). */
static void answer_pieces(const struct model_card *card, const struct prediction_inputs *inputs, const double *outputs,
			  size_t columns, bool csv, size_t piece, struct text *out)
{
	double mean[4] = { 0 };
	const size_t targets = card->targets;
	struct prediction_writer *writer;
	if (inputs->has_target) {
		predictions_add_mean(card, inputs->y, inputs->rows, inputs->rows, mean);
	}
	const struct prediction_head head = { .job_id = "job_1",
					      .at = "last",
					      .step = 7,
					      .card = card,
					      .outputs = columns,
					      .mean = inputs->has_target ? mean : NULL,
					      .csv = csv };
	ck_assert_int_eq(prediction_writer_create(&head, &writer), OK);
	piece = piece == 0 ? inputs->rows : piece;
	for (size_t i = 0; i < inputs->rows; i += piece) {
		const struct prediction_rows rows = { .rows = inputs->rows - i < piece ? inputs->rows - i : piece,
						      .x = inputs->x == NULL ? NULL : inputs->x + i * card->features,
						      .y = inputs->has_target ? inputs->y + i * targets : NULL,
						      .outputs = outputs + i * columns };
		ck_assert_int_eq(prediction_writer_rows(writer, &rows), OK);
	}
	ck_assert_int_eq(prediction_writer_end(writer), OK);
	prediction_writer_join(writer, out);
	prediction_writer_destroy(writer);
}

static void answer_render(const struct model_card *card, const struct prediction_inputs *inputs, const double *outputs,
			  size_t columns, struct text *out)
{
	answer_pieces(card, inputs, outputs, columns, false, 0, out);
}

START_TEST(a_margin_has_no_probability_and_a_count_is_exp_of_the_output)
{
	struct prediction_inputs inputs = { .rows = 2 };
	struct model_card *card = make_card(2, true, DTYPE_FLOAT64), *back;
	struct text text;
	text_init(&text);
	card->link = LINK_SIGN;
	model_card_save(card, &text);
	ck_assert_int_eq(model_card_load(text.data, text.length, &back), OK);
	ck_assert_int_eq(back->link, LINK_SIGN);
	ck_assert_int_eq(back->dtype, DTYPE_FLOAT64);
	text_fini(&text);
	text_init(&text);
	answer_render(back, &inputs, (const double[]){ -0.5, 2.385 }, 1, &text);
	ck_assert_ptr_nonnull(
		strstr(text.data, "\"predictions\":[3,7],\"probabilities\":null,\"outputs\":[[-0.5],[2.385]]"));
	text_fini(&text);
	model_card_destroy(back);
	model_card_destroy(card);
	card = make_card(0, false, DTYPE_FLOAT32);
	card->link = LINK_EXP;
	text_init(&text);
	answer_render(card, &inputs, (const double[]){ 0, -2 }, 1, &text);
	ck_assert_ptr_nonnull(strstr(text.data, "\"predictions\":[1,0.1353352832366127],\"outputs\":[[0],[-2]]"));
	text_fini(&text);
	model_card_destroy(card);
}
END_TEST

static enum status read_inputs(const char *body, const struct model_card *card, struct prediction_inputs *inputs,
			       struct problem *problem)
{
	problem_init(problem);
	return predictions_read(body, strlen(body), card, inputs, problem);
}

START_TEST(inputs_are_read_as_rows_with_columns_and_as_records)
{
	struct model_card *card = make_card(2, true, DTYPE_FLOAT32);
	static const struct {
		const char *body;
		double a, b;
		bool target;
		double y;
	} cases[] = {
		{ "{\"inputs\": [[1, 2]]}", 1, 2, false, 0 },
		{ "{\"inputs\": [[2, \"what\", 1]], \"columns\": [\"b\\\"\", \"other\", \"a\"]}", 1, 2, false, 0 },
		{ "{\"inputs\": [[7, 2, 1]], \"columns\": [\"t\", \"b\\\"\", \"a\"]}", 1, 2, true, 1 },
		{ "{\"inputs\": [{\"b\\\"\": 2, \"zz\": null, \"a\": 1}]}", 1, 2, false, 0 },
		{ "{\"inputs\": [{\"b\\\"\": 2, \"t\": 9, \"a\": 1}]}", 1, 2, true, -1 },
		{ "{\"inputs\": [{\"b\\\"\": 2, \"t\": null, \"a\": 1}]}", 1, 2, false, 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct prediction_inputs inputs = { 0 };
		struct problem problem;
		ck_assert_msg(read_inputs(cases[i].body, card, &inputs, &problem) == OK, "%s", cases[i].body);
		ck_assert_uint_eq(inputs.rows, 1);
		ck_assert_double_eq(inputs.x[0], cases[i].a);
		ck_assert_double_eq(inputs.x[1], cases[i].b);
		ck_assert_int_eq(inputs.has_target, cases[i].target);
		if (cases[i].target) {
			ck_assert_double_eq(inputs.y[0], cases[i].y);
		}
		float x[2];
		predictions_standardize(card, inputs.x, inputs.rows, x);
		ck_assert(x[0] == (float)((1 - 2.385) / 0.5));
		ck_assert(x[1] == -2.0f);
		prediction_inputs_fini(&inputs);
		problem_fini(&problem);
	}
	model_card_destroy(card);
}
END_TEST

START_TEST(wrong_inputs_are_named_with_their_place)
{
	struct model_card *card = make_card(2, true, DTYPE_FLOAT32);
	static const struct {
		const char *body, *pointer;
		enum fault_code code;
	} cases[] = {
		{ "{}", "/inputs", FAULT_MISSING },
		{ "{\"inputs\": []}", "/inputs", FAULT_MISSING },
		{ "{\"inputs\": 1}", "/inputs", FAULT_WRONG_TYPE },
		{ "{\"inputs\": [[1]]}", "/inputs/0", FAULT_OUT_OF_RANGE },
		{ "{\"inputs\": [[1, 2], 3]}", "/inputs/1", FAULT_WRONG_TYPE },
		{ "{\"inputs\": [[1, \"2\"]]}", "/inputs/0/1", FAULT_WRONG_TYPE },
		{ "{\"inputs\": [[1, null]]}", "/inputs/0/1", FAULT_WRONG_TYPE },
		{ "{\"inputs\": [[1, 1e999]]}", "/inputs/0/1", FAULT_OUT_OF_RANGE },
		{ "{\"inputs\": [[9007199254740992, -9007199254740993]]}", "/inputs/0/1", FAULT_OUT_OF_RANGE },
		{ "{\"inputs\": [{\"a\": 1}]}", "/inputs/0", FAULT_MISSING },
		{ "{\"inputs\": [{\"a\": 1, \"b\\\"\": 2}, 7]}", "/inputs/1", FAULT_WRONG_TYPE },
		{ "{\"inputs\": [[1]], \"columns\": [\"a\"]}", "/columns", FAULT_MISSING },
		{ "{\"inputs\": [[1, 1, 1]], \"columns\": [\"a\", \"b\\\"\", \"a\"]}", "/columns/2", FAULT_DUPLICATE },
		{ "{\"inputs\": [[1, 2]], \"colums\": []}", "/colums", FAULT_UNKNOWN_FIELD },
		{ "{\"inputs\": [[1, 2]], \"dataset\": {\"id\": \"ds_1\"}}", "/inputs", FAULT_NOT_ALLOWED },
		{ "{\"columns\": [], \"dataset\": {\"id\": \"ds_1\"}}", "/columns", FAULT_NOT_ALLOWED },
		{ "{\"samples\": 3, \"dataset\": {\"id\": \"ds_1\"}}", "/samples", FAULT_NOT_ALLOWED },
		{ "{\"dataset\": {}}", "/dataset", FAULT_MISSING },
		{ "{\"dataset\": \"ds_1\"}", "/dataset", FAULT_WRONG_TYPE },
		{ "{\"dataset\": {\"id\": 7}}", "/dataset/id", FAULT_WRONG_TYPE },
		{ "{\"dataset\": {\"ids\": \"ds_1\"}}", "/dataset/ids", FAULT_UNKNOWN_FIELD },
		{ "{\"dataset\": {\"id\": \"ds_1\", \"inline\": []}}", "/dataset", FAULT_NOT_ALLOWED },
		{ "{\"dataset\": {\"id\": \"12345678901234567890123456789012345678901234567890\"}}", "/dataset/id",
		  FAULT_NOT_FOUND },
		{ "{\"inputs\": [[1, 2]], \"at\": \"best\"}", "/at", FAULT_NOT_ALLOWED },
		{ "{\"inputs\": [[1, 2]], \"inputs\": [[1, 2]]}", "/inputs", FAULT_DUPLICATE },
		{ "{\"inputs\": [{\"a\": 1, \"b\\\"\": 2}], \"columns\": [\"a\"]}", "/columns", FAULT_NOT_ALLOWED },
		{ "[]", "", FAULT_WRONG_TYPE },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct prediction_inputs inputs = { 0 };
		struct problem problem;
		ck_assert_msg(read_inputs(cases[i].body, card, &inputs, &problem) == E_INVALID, "%s", cases[i].body);
		ck_assert_int_eq(problem_http_status(&problem), 422);
		ck_assert_msg(strcmp(problem.fault[0].pointer, cases[i].pointer) == 0 &&
				      problem.fault[0].code == cases[i].code,
			      "%s: %s %s", cases[i].body, problem.fault[0].pointer, problem.fault[0].detail);
		problem_fini(&problem);
	}
	model_card_destroy(card);
}
END_TEST

START_TEST(predictions_are_written_as_in_the_data_with_stable_probabilities)
{
	struct model_card *card = make_card(2, true, DTYPE_FLOAT32);
	struct prediction_inputs inputs = { .rows = 4, .has_target = true, .y = (double[]){ 1, 1, 0, -1 } };
	const double logits[] = { 0.5, -800, 800, 0 };
	struct text text;
	text_init(&text);
	answer_render(card, &inputs, logits, 1, &text);
	cJSON *json = parse(&text);
	ck_assert_double_eq(get(json, "predictions")->child->valuedouble, 7);
	ck_assert_double_eq(get(json, "predictions")->child->next->valuedouble, 3);
	const cJSON *p = get(json, "probabilities")->child;
	ck_assert_double_eq_tol(p->child->next->valuedouble, 1 / (1 + exp(-0.5)), 1e-15);
	ck_assert_double_eq_tol(p->next->child->valuedouble + p->next->child->next->valuedouble, 1, 1e-15);
	ck_assert_double_eq(p->next->next->child->next->valuedouble, 1);
	ck_assert_double_eq(get(get(json, "metrics"), "accuracy")->valuedouble, 0.25);
	cJSON_Delete(json);
	model_card_destroy(card);
	text.length = 0;
	card = make_card(3, false, DTYPE_FLOAT32);
	const double scores[] = { 1000, 1001, 999, -1, -1, -2 };
	inputs = (struct prediction_inputs){ .rows = 2 };
	answer_render(card, &inputs, scores, 3, &text);
	json = parse(&text);
	ck_assert_str_eq(get(json, "predictions")->child->valuestring, "7");
	ck_assert_str_eq(get(json, "predictions")->child->next->valuestring, "3");
	ck_assert_double_eq_tol(get(json, "probabilities")->child->child->valuedouble,
				exp(-1) / (1 + exp(-1) + exp(-2)), 1e-15);
	ck_assert_ptr_null(cJSON_GetObjectItem(json, "metrics"));
	cJSON_Delete(json);
	model_card_destroy(card);
	text_fini(&text);
}
END_TEST

START_TEST(an_output_that_is_not_finite_names_no_class)
{
	struct model_card *card = make_card(3, false, DTYPE_FLOAT32);
	const double nan = (double)NAN, inf = (double)INFINITY;
	const double scores[] = { nan, 1, 2, 3, inf, inf, -inf, 2.385, 1, -inf, -inf, -inf };
	struct prediction_inputs inputs = { .rows = 4, .has_target = true, .y = (double[]){ 0, 1, 1, 0 } };
	struct text text;
	text_init(&text);
	answer_render(card, &inputs, scores, 3, &text);
	cJSON *json = parse(&text);
	const cJSON *predictions = get(json, "predictions"), *nonfinite = get(json, "nonfinite");
	ck_assert(cJSON_IsNull(cJSON_GetArrayItem(predictions, 0)));
	ck_assert(cJSON_IsNull(cJSON_GetArrayItem(predictions, 1)));
	ck_assert(cJSON_IsString(cJSON_GetArrayItem(predictions, 2)));
	ck_assert(cJSON_IsNull(cJSON_GetArrayItem(predictions, 3)));
	ck_assert_int_eq(cJSON_GetArraySize(nonfinite), 7);
	ck_assert_double_eq(get(cJSON_GetArrayItem(nonfinite, 2), "row")->valuedouble, 1);
	ck_assert_double_eq(get(cJSON_GetArrayItem(nonfinite, 2), "output")->valuedouble, 2);
	ck_assert_str_eq(get(cJSON_GetArrayItem(nonfinite, 3), "value")->valuestring, "-Infinity");
	ck_assert_double_eq(get(get(json, "metrics"), "accuracy")->valuedouble, 0.25);
	cJSON_Delete(json);
	model_card_destroy(card);
	text_fini(&text);
}
END_TEST

START_TEST(a_regression_predicts_numbers_and_measures_them)
{
	struct model_card *card = make_card(0, false, DTYPE_FLOAT64);
	struct prediction_inputs inputs = { .rows = 3, .has_target = true, .y = (double[]){ 1, 2, 3 } };
	struct text text;
	text_init(&text);
	answer_render(card, &inputs, (const double[]){ 1, 2.5, (double)2 }, 1, &text);
	cJSON *json = parse(&text);
	ck_assert_double_eq(get(json, "predictions")->child->next->valuedouble, 2.5);
	ck_assert_ptr_null(cJSON_GetObjectItem(json, "classes"));
	const cJSON *metrics = get(json, "metrics");
	ck_assert_double_eq_tol(get(metrics, "rmse")->valuedouble, sqrt(1.25 / 3), 1e-15);
	ck_assert_double_eq_tol(get(metrics, "mae")->valuedouble, 0.5, 1e-15);
	ck_assert_double_eq_tol(get(metrics, "r2")->valuedouble, 1 - 1.25 / 2, 1e-15);
	cJSON_Delete(json);
	text_fini(&text);
	model_card_destroy(card);
}
END_TEST

/* Every kind of answer: what it has to say of two rows, as CSV, and the same in JSON however the rows come. */
START_TEST(every_kind_of_answer_is_the_same_in_pieces_and_has_a_line_a_row_as_csv)
{
	static const struct {
		enum link link;
		size_t classes, columns;
		const char *csv;
	} cases[] = {
		{ LINK_NATURAL, 2, 1,
		  "predictions,probabilities.3,probabilities.7,outputs\r\n3,1,0,-2000\r\n7,0.5,0.5,1e-300\r\n" },
		{ LINK_SIGN, 2, 1, "predictions,outputs\r\n3,-2000\r\n7,1e-300\r\n" },
		{ LINK_EXP, 0, 1, "predictions,outputs\r\n0,-2000\r\n1,1e-300\r\n" },
		{ LINK_GAUSSIAN, 0, 2,
		  "predictions,standard_deviations,outputs.0,outputs.1\r\n-2000,1,-2000,1e-300\r\n3.5,NaN,3.5,"
		  "NaN\r\n" },
		{ LINK_CODE, 0, 3,
		  "predictions.a,\"predictions.b\"\"\",codes,reconstruction_errors,outputs.0,outputs.1,outputs.2\r\n"
		  "2.385,24,-2000,6.125,-2000,1e-300,3.5\r\nNaN,14,NaN,NaN,NaN,NaN,1\r\n" },
		{ LINK_EMBEDDING, 0, 1, "predictions,outputs\r\n" },
		{ LINK_PAIR, 0, 2, "predictions,similarities,embeddings.0.0,embeddings.1.0,outputs.0,outputs.1\r\n" },
		{ LINK_TRIPLET, 0, 3,
		  "predictions.0,predictions.1,similarities.0,similarities.1,embeddings.0.0,embeddings.1.0,embeddings."
		  "2.0,"
		  "outputs.0,outputs.1,outputs.2\r\n" },
	};
	double x[] = { 2.385, 10, 2.385, 10 }, y[] = { 1, 0 };
	const double outputs[] = { -2000, 1e-300, 3.5, (double)NAN, (double)NAN, 1 };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct model_card *card = make_card(cases[i].classes, true, DTYPE_FLOAT64);
		struct prediction_inputs inputs = { .rows = 2, .x = x, .y = y, .has_target = true };
		struct text whole, pieces;
		card->link = cases[i].link;
		text_init(&whole);
		text_init(&pieces);
		answer_pieces(card, &inputs, outputs, cases[i].columns, false, 0, &whole);
		answer_pieces(card, &inputs, outputs, cases[i].columns, false, 1, &pieces);
		ck_assert_str_eq(whole.data, pieces.data);
		cJSON_Delete(parse(&whole));
		whole.length = 0;
		answer_pieces(card, &inputs, outputs, cases[i].columns, true, 1, &whole);
		ck_assert_msg(strncmp(whole.data, cases[i].csv, strlen(cases[i].csv)) == 0, "%zu: %s", i, whole.data);
		text_fini(&whole);
		text_fini(&pieces);
		model_card_destroy(card);
	}
}
END_TEST

static enum status full_disk(void *context, size_t section, const char *bytes, size_t length)
{
	size_t *calls = context;
	(void)section;
	(void)bytes;
	(void)length;
	return ++*calls < 3 ? OK : E_DISK_FULL;
}

START_TEST(what_a_sink_refuses_ends_the_answer)
{
	struct model_card *card = make_card(0, false, DTYPE_FLOAT64);
	size_t calls = 0;
	const struct prediction_head head = {
		.job_id = "job_1", .at = "last", .card = card, .outputs = 1, .sink = full_disk, .context = &calls
	};
	static double outputs[30000];
	const struct prediction_rows rows = { .rows = 30000, .outputs = outputs };
	struct prediction_writer *writer;
	ck_assert_int_eq(prediction_writer_create(&head, &writer), OK);
	for (size_t i = 0; i < 30000; i++) {
		outputs[i] = 1.0 / (double)(i + 3);
	}
	ck_assert_int_eq(prediction_writer_rows(writer, &rows), E_DISK_FULL);
	ck_assert_int_eq(prediction_writer_rows(writer, &rows), E_DISK_FULL);
	ck_assert_int_eq(prediction_writer_end(writer), E_DISK_FULL);
	ck_assert_uint_eq(calls, 3);
	prediction_writer_destroy(writer);
	model_card_destroy(card);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("api/predictions");
	TCase *tcase = tcase_create("predictions");
	tcase_add_test(tcase, a_margin_has_no_probability_and_a_count_is_exp_of_the_output);
	tcase_add_test(tcase, inputs_are_read_as_rows_with_columns_and_as_records);
	tcase_add_test(tcase, wrong_inputs_are_named_with_their_place);
	tcase_add_test(tcase, predictions_are_written_as_in_the_data_with_stable_probabilities);
	tcase_add_test(tcase, an_output_that_is_not_finite_names_no_class);
	tcase_add_test(tcase, a_regression_predicts_numbers_and_measures_them);
	tcase_add_test(tcase, every_kind_of_answer_is_the_same_in_pieces_and_has_a_line_a_row_as_csv);
	tcase_add_test(tcase, what_a_sink_refuses_ends_the_answer);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
