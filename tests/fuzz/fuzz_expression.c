/*
 * libFuzzer: any bytes as an expression, evaluated at a point, and as the objective of a model over rows, planned and
 * run forward and back. Wanted is an answer or an error with a place; sanitizers see the rest. `make fuzz` runs it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/expression/evaluate.h"
#include "core/model/expression.h"

enum { ROWS = 5, FEATURES = 3, TEXT_MAX = 2000 };

static const double numbers[ROWS * FEATURES] = { 0.7, -1.3, 2.385, 0.1, 1.9, -0.6, 3.2, 0.05, 7, -2, 1, 0, 4.4, 5, -6 };

static void demand(bool holds)
{
	if (!holds) {
		abort(); /* libFuzzer keeps the text */
	}
}

static void evaluate_text(const char *text, size_t length)
{
	const struct expression_variable variables[] = {
		{ "x", { .rank = 0 }, numbers },
		{ "u", { .rank = 1, .extent = { 3 } }, numbers },
		{ "v", { .rank = 1, .extent = { 3 } }, numbers + 3 },
		{ "A", { .rank = 2, .extent = { 3, 3 } }, numbers },
		{ "B", { .rank = 2, .extent = { 3, 4 } }, numbers },
	};
	struct expression_error error;
	double value, gradient[1 + 3 + 3 + 9 + 12];
	if (expression_evaluate(text, length, variables, 5, &value, gradient, &error) != OK) {
		demand(error.position <= length && error.text[0] != '\0');
	}
}

static void train_text(const char *text, enum dtype dtype)
{
	static const float narrow[ROWS * FEATURES] = { 0.7F, -1.3F, 2.385F, 0.1F, 1.9F, -0.6F, 3.2F, 0.05F };
	const void *x = dtype == DTYPE_FLOAT32 ? (const void *)narrow : numbers;
	const struct data_view data = {
		.dtype = dtype, .rows = ROWS, .features = FEATURES, .x = x, .targets = 1, .y = x
	};
	const struct batch batch = { .data = &data, .count = ROWS };
	const struct model_shape shape = { .features = FEATURES, .targets = 1, .rows = ROWS };
	const struct expression_parameter parameters[] = {
		{ .name = "u", .shape = { .rank = 1, .extent = { 3 } }, .start = { .kind = START_FILL, .fill = 0.3 } },
		{ .name = "A",
		  .shape = { .rank = 2, .extent = { 3, 3 } },
		  .start = { .kind = START_FILL, .fill = 0.1 } },
		{ .name = "x", .start = { .kind = START_FILL, .fill = 0.2 } },
	};
	const struct expression_symbol symbols[] = {
		{ .name = "X", .kind = SYMBOL_FEATURES, .node = NODE_NONE },
		{ .name = "y", .kind = SYMBOL_TARGET, .node = NODE_NONE },
		{ .name = "t", .kind = SYMBOL_COLUMN, .column = 1, .node = NODE_NONE },
	};
	const struct expression_config expression = {
		.objective = text, .parameter = parameters, .parameters = 3, .symbol = symbols, .symbols = 3
	};
	const struct model_config config = { .type = model_find("expression"), .expression = &expression };
	struct executor executor = executor_serial();
	struct objective *objective = NULL;
	struct error error;
	size_t count, bytes = 0;
	if (model_measure(&config, &shape, dtype, 1, &count, &bytes) != OK || bytes > 64 * 1024 * 1024 ||
	    model_build(&config, &shape, dtype, 1, &objective, &error) != OK) {
		return;
	}
	double theta[13], gradient[13], value;
	demand(objective->n == 13);
	objective->type->initialise(objective, 2385, theta);
	demand(objective->type->evaluate(objective, theta, &batch, &executor, &value, gradient) == OK);
	objective_destroy(objective);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	/* Of its very length, so that a read behind its end is seen. */
	char *text = malloc(length + 1);
	if (text == NULL || length > TEXT_MAX) {
		free(text);
		return 0;
	}
	memcpy(text, bytes, length);
	text = realloc(text, length > 0 ? length : 1);
	evaluate_text(text, length);
	char *ended = realloc(text, length + 1);
	if (ended != NULL) {
		ended[length] = '\0';
		train_text(ended, DTYPE_FLOAT32);
		train_text(ended, DTYPE_FLOAT64);
		free(ended);
	} else {
		free(text);
	}
	return 0;
}
