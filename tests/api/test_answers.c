/* Documents that answer: jobs, curves, weights, the catalog. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/answers.h"
#include "api/arena.h"
#include "tests/api/answer_support.h"

START_TEST(a_curve_tells_what_was_not_measured_from_what_is_not_finite)
{
	const struct curve_point points[] = {
		{ .step = 0,
		  .epoch = 0,
		  .seconds = 0.25,
		  .learning_rate = 0.1,
		  .train_loss = 2.385,
		  .gradient_norm = 1.5,
		  .measured = POINT_TRAIN_LOSS | POINT_GRADIENT_NORM | POINT_LEARNING_RATE },
		{ .step = 7,
		  .epoch = 0.5,
		  .seconds = 0.5,
		  .train_loss = (double)INFINITY,
		  .validation_loss = (double)NAN,
		  .measured = POINT_TRAIN_LOSS | POINT_VALIDATION_LOSS },
	};
	const double parameters[] = { 1, 2, (double)-INFINITY, 0.1 };
	struct curve_view view = { .job_id = "job_1",
				   .status = JOB_FAILED,
				   .count = 2,
				   .points = points,
				   .parameters = parameters,
				   .n = 2,
				   .has_validation = true,
				   .has_parameters = true,
				   .points_total = 9,
				   .ended_and_complete = true };
	struct text text;
	text_init(&text);
	curve_render_json(&view, &text);
	ck_assert_str_eq(
		text.data,
		"{\"job_id\":\"job_1\",\"status\":\"failed\",\"series\":{\"step\":[0,7],\"epoch\":[0,0.5],\"seconds\":["
		"0.25,0.5],"
		"\"learning_rate\":[0.1,null],\"train_loss\":[2.385,null],\"gradient_norm\":[1.5,null],\"validation_"
		"loss\":[null,"
		"null],\"parameters\":[[1,2],[null,0.1]]},\"nonfinite\":[{\"step\":7,\"series\":\"train_loss\","
		"\"value\":"
		"\"Infinity\"},{\"step\":7,\"series\":\"validation_loss\",\"value\":\"NaN\"},{\"step\":7,\"series\":"
		"\"parameters\","
		"\"index\":0,\"value\":\"-Infinity\"}],\"points_total\":9,\"thinned\":false,\"next_step\":null}");
	text.length = 0;
	curve_render_csv(&view, &text);
	ck_assert_str_eq(text.data, "step,epoch,seconds,learning_rate,train_loss,gradient_norm,validation_loss,"
				    "parameters.0,parameters.1\r\n"
				    "0,0,0.25,0.1,2.385,1.5,,1,2\r\n7,0.5,0.5,,Infinity,,NaN,-Infinity,0.1\r\n");
	text.length = 0;
	struct problem problem;
	problem_init(&problem);
	ck_assert(series_parse("train_loss", &view.series, &problem));
	view.ended_and_complete = false;
	view.next_step = 8;
	view.count = 1;
	curve_render_json(&view, &text);
	ck_assert_str_eq(text.data, "{\"job_id\":\"job_1\",\"status\":\"failed\",\"series\":{\"step\":[0],\"train_"
				    "loss\":[2.385]},\"nonfinite\":[],"
				    "\"points_total\":9,\"thinned\":false,\"next_step\":8}");
	ck_assert(!series_parse("step,train_los", &view.series, &problem));
	ck_assert_int_eq(problem_http_status(&problem), 400);
	ck_assert_str_eq(problem.fault[0].suggestion, "train_loss");
	ck_assert(!series_parse("", &view.series, &problem));
	problem_fini(&problem);
	text_fini(&text);
}
END_TEST

START_TEST(a_card_loads_to_itself_and_a_damaged_one_is_refused)
{
	for (int numbers = 0; numbers < 2; numbers++) {
		struct model_card *card = make_card(3, numbers != 0, DTYPE_FLOAT64), *back;
		struct text text, again;
		text_init(&text);
		text_init(&again);
		model_card_save(card, &text);
		ck_assert_int_eq(model_card_load(text.data, text.length, &back), OK);
		model_card_save(back, &again);
		ck_assert_str_eq(text.data, again.data);
		ck_assert_double_eq(back->mean[0], 2.385);
		ck_assert_str_eq(back->feature[1], "b\"");
		ck_assert_uint_eq(back->tensor[1].offset, 2);
		model_card_destroy(back);
		for (size_t i = 0; i < text.length; i++) {
			ck_assert_int_ne(model_card_load(text.data, i, &back), OK);
			for (int flip = 1; flip < 256; flip <<= 1) {
				text.data[i] = (char)(text.data[i] ^ flip);
				if (model_card_load(text.data, text.length, &back) == OK) {
					model_card_destroy(back);
				}
				text.data[i] = (char)(text.data[i] ^ flip);
			}
		}
		model_card_destroy(card);
		text_fini(&text);
		text_fini(&again);
	}
}
END_TEST

START_TEST(weights_are_exact_and_say_what_they_are_for)
{
	struct model_card *card = make_card(2, true, DTYPE_FLOAT32);
	const float values[] = { 0.1f, -2.385f, 3e-30f };
	struct text text;
	text_init(&text);
	weights_render("job_1", 42, "best", card, values, &text);
	ck_assert_str_eq(text.data, "{\"job_id\":\"job_1\",\"step\":42,\"at\":\"best\",\"classes\":[3,7],\"features\":["
				    "{\"name\":\"a\",\"mean\":2.385,\"std\":0.5},"
				    "{\"name\":\"b\\\"\",\"mean\":10,\"std\":4}],\"parameters\":[{\"name\":\"weight\","
				    "\"shape\":[2,1],\"dtype\":\"float32\","
				    "\"values\":[0.1,-2.385]},{\"name\":\"bias\",\"shape\":[1],\"dtype\":\"float32\","
				    "\"values\":[3e-30]}]}");
	text_fini(&text);
	model_card_destroy(card);
}
END_TEST

START_TEST(a_job_is_answered_with_its_report_and_spec)
{
	struct job_spec spec = { .has_dataset = true,
				 .feature_count = 1,
				 .feature = (char *[]){ "a" },
				 .class_count = 2,
				 .class_text = (char *[]){ "no", "yes" },
				 .warning_count = 1,
				 .warning = (char *[]){ "w" } };
	spec.train.stopping.max_seconds = (double)NAN;
	struct evaluation train = {
		.loss = 0.25, .accuracy = 0.875, .rmse = (double)NAN, .mae = (double)NAN, .r2 = (double)NAN
	};
	struct job_report report = { .spec = &spec };
	report.progress = (struct trainer_progress){ .step = 250,
						     .steps = 1000,
						     .epoch = 2.5,
						     .epochs = 10,
						     .seconds = 2,
						     .rows_seen = 3000,
						     .values = 260,
						     .gradients = 251,
						     .has_best = true,
						     .best_step = 100,
						     .best_value = 0.5,
						     .reason_value = 2.385,
						     .reason_limit = (double)NAN,
						     .best_metric = METRIC_VALIDATION_LOSS };
	report.progress.last = (struct curve_point){ .step = 250, .train_loss = 2.385, .measured = POINT_TRAIN_LOSS };
	struct text fragment, text;
	text_init(&fragment);
	text_init(&text);
	job_report_render(&report, &fragment);
	ck_assert_str_eq(fragment.data,
			 ",\"progress\":{\"epoch\":2.5,\"epochs\":10,\"step\":250,\"steps\":1000,\"fraction\":0.25,"
			 "\"seconds\":2,\"eta_seconds\":6,"
			 "\"rows_per_second\":1500,\"evaluations\":{\"function\":260,\"gradient\":251}},\"metrics\":{"
			 "\"train_loss\":2.385},\"stop_value\":2.385,\"stop_limit\":null,\"best\":{\"step\":100,"
			 "\"metric\":\"validation_loss\","
			 "\"value\":0.5},\"certificate\":null,\"advice\":[],\"features\":[\"a\"],\"classes\":[\"no\","
			 "\"yes\"],\"warnings\":[\"w\"]");
	struct job_record record = { .id = "job_1",
				     .status = JOB_RUNNING,
				     .cancel_pending = true,
				     .created_at = 1795317845678,
				     .attempt = 1,
				     .spec = "{\"x\":1}",
				     .spec_length = 7,
				     .report = fragment.data };
	struct job_includes includes = { .curve = true, .weights = true, .curve_document = "{\"series\":{}}" };
	job_render(&record, &includes, &text);
	cJSON *json = parse(&text);
	ck_assert_str_eq(get(json, "pending")->valuestring, "cancel");
	ck_assert_str_eq(get(json, "created_at")->valuestring, "2026-11-22T03:24:05.678Z");
	ck_assert(cJSON_IsNull(get(json, "finished_at")));
	ck_assert(cJSON_IsNull(get(json, "error")));
	ck_assert(cJSON_IsNull(get(json, "weights")));
	ck_assert(cJSON_IsObject(get(json, "curve")));
	ck_assert_double_eq(get(get(json, "spec"), "x")->valuedouble, 1);
	cJSON_Delete(json);
	fragment.length = text.length = 0;
	report.final_train = &train;
	report.progress.reason = STOP_EPOCHS;
	job_report_render(&report, &fragment);
	ck_assert_ptr_null(strstr(fragment.data, "lr_finder"));
	ck_assert_ptr_nonnull(strstr(fragment.data, "\"fraction\":1,\"seconds\":2,\"eta_seconds\":0,"));
	ck_assert_ptr_nonnull(strstr(fragment.data, "\"metrics\":{\"train_loss\":0.25,\"train_accuracy\":0.875}"));
	job_error_render("diverged", "the loss is \"NaN\"", 42, "try 0.01", &text);
	json = parse(&text);
	ck_assert_double_eq(get(json, "step")->valuedouble, 42);
	ck_assert_str_eq(get(json, "type")->valuestring, "urn:descentd:problem:diverged");
	ck_assert_str_eq(get(json, "hint")->valuestring, "try 0.01");
	cJSON_Delete(json);
	text_fini(&fragment);
	text_fini(&text);
}
END_TEST

START_TEST(every_status_word_reads_back)
{
	for (unsigned i = 0; i < JOB_STATUS_COUNT; i++) {
		ck_assert_int_eq(job_status_parse(job_status_word((enum job_status)i)), (enum job_status)i);
	}
	ck_assert_int_eq(job_status_parse("runing"), JOB_STATUS_COUNT);
}
END_TEST

START_TEST(the_catalog_lists_the_functions_of_expressions_with_their_arguments)
{
	struct text text;
	text_init(&text);
	catalog_render(&text);
	cJSON *json = parse(&text);
	size_t count = 0;
	for (const cJSON *one = get(json, "expression_functions")->child; one != NULL; one = one->next, count++) {
		const char *name = get(one, "name")->valuestring, *signature = get(one, "signature")->valuestring;
		ck_assert_msg(strlen(get(one, "doc")->valuestring) > 0, "%s has no sentence", name);
		ck_assert_msg(strncmp(signature, name, strlen(name)) == 0 && signature[strlen(name)] == '(' &&
				      signature[strlen(signature) - 1] == ')',
			      "%s: %s", name, signature);
		if (strcmp(name, "huber") == 0) {
			ck_assert_str_eq(signature, "huber(z, y, delta=1, reduction=mean)");
		} else if (strcmp(name, "cross_entropy") == 0) {
			ck_assert_str_eq(signature, "cross_entropy(z, y, label_smoothing=0, weight=1, "
						    "ignore_index=-100, reduction=mean)");
		} else if (strcmp(name, "leaky_relu") == 0) {
			ck_assert_str_eq(signature, "leaky_relu(x, slope=0.01)");
		}
	}
	ck_assert_uint_gt(count, 90);
	cJSON_Delete(json);
	text_fini(&text);
}
END_TEST

START_TEST(the_catalog_describes_every_entry_of_the_tables)
{
	static const char *const lists[] = { "models", "optimizers", "schedules",  "losses",  "activations",
					     "layers", "functions",  "generators", "stopping" };
	struct text text;
	text_init(&text);
	catalog_render(&text);
	cJSON *json = parse(&text);
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		size_t count = 0;
		for (const cJSON *entry = get(json, lists[i])->child; entry != NULL; entry = entry->next, count++) {
			ck_assert(cJSON_IsString(get(entry, "name")) && strlen(get(entry, "doc")->valuestring) > 0);
			get(entry, "source");
			const cJSON *properties = cJSON_GetObjectItem(get(entry, "settings"), "properties");
			for (const cJSON *p = properties == NULL ? NULL : properties->child; p != NULL; p = p->next) {
				ck_assert_msg(cJSON_HasObjectItem(p, "description") ||
						      cJSON_HasObjectItem(p, "const") ||
						      strcmp(lists[i], "stopping") == 0,
					      "%s.%s", get(entry, "name")->valuestring, p->string);
			}
		}
		ck_assert_uint_gt(count, 0);
	}
	const cJSON *entry = get(json, "optimizers")->child;
	while (strcmp(get(entry, "name")->valuestring, "adam") != 0) {
		entry = entry->next;
	}
	const cJSON *rate = get(get(get(entry, "settings"), "properties"), "learning_rate");
	ck_assert_double_eq(get(rate, "default")->valuedouble, 0.001);
	cJSON_Delete(json);
	text.length = 0;
	version_render(64 << 20, 10000, &text);
	json = parse(&text);
	ck_assert_double_eq(get(get(json, "limits"), "max_body")->valuedouble, 64 << 20);
	cJSON_Delete(json);
	text_fini(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("api/answers");
	TCase *tcase = tcase_create("answers");
	tcase_add_test(tcase, a_curve_tells_what_was_not_measured_from_what_is_not_finite);
	tcase_add_test(tcase, a_card_loads_to_itself_and_a_damaged_one_is_refused);
	tcase_add_test(tcase, weights_are_exact_and_say_what_they_are_for);
	tcase_add_test(tcase, a_job_is_answered_with_its_report_and_spec);
	tcase_add_test(tcase, every_status_word_reads_back);
	tcase_add_test(tcase, the_catalog_describes_every_entry_of_the_tables);
	tcase_add_test(tcase, the_catalog_lists_the_functions_of_expressions_with_their_arguments);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
