/*
 * The model "expression" and its losses: settings, weights of classes, rows that are ignored, and what does not fit the
 * data. Their numbers over rows: test_expression_model.c; at a point: test_expression_losses.c.
 */
#include "tests/core/written.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

START_TEST(settings_of_losses_are_taken_and_couple_no_rows)
{
	struct model_shape shape = { .features = FEATURES, .classes = 5, .rows = 10 };
	struct setting_value value[4];
	struct written written;
	struct expression_error error;
	char couples[200];
	write_model(&written, NULL, "X * w", "cross_entropy");
	const struct loss_type *loss = written.config.loss;
	settings_defaults(loss->settings, loss->setting_count, value);
	written.config.loss_settings = (struct settings){ loss->settings, loss->setting_count, value };
	ck_assert_int_eq(expression_check(&written.config, &shape, couples, &error), OK);
	value[0].number = 0.1;
	ck_assert_int_eq(expression_check(&written.config, &shape, couples, &error), OK);
	value[1].rows = 5;
	value[1].values = (const double[]){ 0.3, 1, 2.385, 0, 1 };
	ck_assert_int_eq(expression_check(&written.config, &shape, couples, &error), OK);
	ck_assert_str_eq(couples, "");
	shape.classes = 2;
	write_model(&written, NULL, "X @ w", "log_loss");
	loss = written.config.loss;
	settings_defaults(loss->settings, loss->setting_count, value);
	value[0].rows = 2;
	value[0].values = (const double[]){ 0.3, 1 };
	written.config.loss_settings = (struct settings){ loss->settings, loss->setting_count, value };
	ck_assert_int_eq(expression_check(&written.config, &shape, couples, &error), OK);
	ck_assert_str_eq(couples, "");
}
END_TEST

/* Where all rows of a batch are of a class that weighs nothing, their mean is 0, as the built-in model has it. */
START_TEST(class_weights_weigh_a_batch_as_in_the_built_in_model)
{
	enum { MANY = 500 };
	static const double weights[][2] = { { 0.3, 2.385 }, { 0, 1 } };
	const struct model_shape shape = { .features = FEATURES, .classes = 2, .rows = MANY };
	struct executor executor = executor_serial();
	for (size_t k = 0; k < 16; k++) { /* of two classes by two outputs, then by one */
		const bool one_output = k >= 8, plain = k / 4 % 2 == 0;
		const char *const loss = one_output ? "bce_with_logits" : "cross_entropy";
		const enum dtype dtype = k % 2 == 0 ? DTYPE_FLOAT32 : DTYPE_FLOAT64;
		const double tolerance = dtype == DTYPE_FLOAT32 ? 2e-5 : 1e-13;
		struct modelling model;
		struct written written;
		modelling_start(&model, one_output ? "logistic_regression" : "softmax_regression", loss, &shape);
		model.loss_value[0].number = one_output ? (plain ? 1 : 2.385) : plain ? 0 : 0.15;
		model.loss_value[1].rows = 2;
		model.loss_value[1].values = weights[k / 2 % 2];
		write_model(&written, NULL, "X @ w + b", loss);
		if (!one_output) {
			written.parameter[0].shape = (struct shape){ .rank = 2, .extent = { FEATURES, 2 } };
			written.parameter[1].shape = vector_of(2);
		}
		written.config.loss_settings = model.config.loss_settings;
		struct objective *one = modelling_build(&model, &shape, dtype, 1);
		struct objective *two = build(&written, &shape, dtype, 1);
		struct data_view data = modelling_data(dtype, MANY, &shape);
		uint32_t index[MANY], first = 0;
		for (uint32_t i = 0; i < MANY; i++) {
			index[i] = (i * 7) % MANY;
			first = data.label[i] == 0 ? i : first;
		}
		const struct batch batches[] = {
			{ .data = &data, .count = MANY },
			{ .data = &data, .count = MANY, .sum = true },
			{ .data = &data, .first = 13, .count = 64 },
			{ .data = &data, .index = index, .first = 5, .count = 200 },
			{ .data = &data, .index = index, .first = 5, .count = 20, .sum = true },
			{ .data = &data, .first = first, .count = 1 },
		};
		for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
			static const double from[] = {
				0.31, -0.7, 0.12, 1.4, -0.25, 0.6, 0.45, 1, 0.9, -2, 0.1, 0.3, 0
			};
			struct result a = evaluate(one, from, &batches[i], &executor);
			struct result b = evaluate(two, from, &batches[i], &executor);
			ck_assert_msg(golden_close(&b.value, &a.value, 1, tolerance), "%zu: %.17g, not %.17g", i,
				      b.value, a.value);
			ck_assert_msg(golden_close(b.gradient, a.gradient, one->n, tolerance), "%zu: %.17g, not %.17g",
				      i, b.gradient[0], a.gradient[0]);
		}
		modelling_free(&data);
		objective_destroy(one);
		objective_destroy(two);
	}
}
END_TEST

START_TEST(rows_of_the_ignored_class_are_as_if_they_were_not_there)
{
	static const char *const texts[] = {
		"cross_entropy(X * w, where(y > 0, 3, -100))",
		"cross_entropy(X * w, where(y > 0, 3, 7), ignore_index=7)",
		"nll(log_softmax(X * w), where(y > 0, 3, -100))",
		"sum(where(y > 0, cross_entropy(X * w, 3 + 0*y, reduction=none), 0))/sum(where(y > 0, 1, 0))",
	};
	struct model_shape shape = { .features = FEATURES, .targets = 1, .rows = 400 };
	struct executor executor = executor_serial();
	struct data_view data = modelling_data(DTYPE_FLOAT64, 400, &shape);
	const struct batch batch = { .data = &data, .first = 17, .count = 100 };
	struct result result[4];
	for (size_t k = 0; k < 4; k++) {
		struct written written;
		write_model(&written, texts[k], NULL, NULL);
		struct objective *objective = build(&written, &shape, DTYPE_FLOAT64, 1);
		result[k] = evaluate(objective, point, &batch, &executor);
		ck_assert_msg(golden_close(&result[k].value, &result[0].value, 1, 1e-14), "%s", texts[k]);
		ck_assert_msg(golden_close(result[k].gradient, result[0].gradient, objective->n, 1e-13), "%s",
			      texts[k]);
		objective_destroy(objective);
	}
	modelling_free(&data);
}
END_TEST

START_TEST(what_does_not_fit_the_data_is_refused_in_words)
{
	static const struct {
		const char *objective, *prediction, *loss, *sentence;
	} cases[] = {
		{ "mean(X)*X @ w", NULL, NULL, "the result is [rows], not a number" },
		{ "mean(y - w)", NULL, NULL, "shapes [rows] and [5] do not fit for -" },
		{ "X[0] @ w", NULL, NULL, "single rows cannot be picked: write : for the rows, as in X[:, 0]" },
		{ "info_nce(X, X * w)", NULL, NULL,
		  "info_nce of an expression takes matrices, not rows of data: for those there is the model "
		  "contrastive "
		  "with the loss info_nce" },
		{ NULL, "X * w", "mse", "the prediction gives 5 numbers a row, and mse wants 1" },
		{ NULL, "w", "mse", "the prediction is [5], not one for each row" },
		{ NULL, "X @ w - mean(x0)", "mse",
		  "a row's prediction depends on the other rows: each row needs a sum or mean over all rows (-)" },
	};
	struct model_shape shape = { .features = FEATURES, .targets = 1, .rows = 10 };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct written written;
		struct expression_error error;
		char couples[200];
		write_model(&written, cases[i].objective, cases[i].prediction, cases[i].loss);
		ck_assert_int_ne(expression_check(&written.config, &shape, couples, &error), OK);
		ck_assert_str_eq(error.text, cases[i].sentence);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/written_losses");
	TCase *tests = tcase_create("all");
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, settings_of_losses_are_taken_and_couple_no_rows);
	tcase_add_test(tests, class_weights_weigh_a_batch_as_in_the_built_in_model);
	tcase_add_test(tests, rows_of_the_ignored_class_are_as_if_they_were_not_there);
	tcase_add_test(tests, what_does_not_fit_the_data_is_refused_in_words);
	return suite_run(suite);
}
