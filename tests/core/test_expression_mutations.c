/*
 * Mutated expressions, parsed, planned and run: whatever the text, an answer or an error with a place, never a fault.
 * Meant for the sanitizers; the mutations are drawn from counters, so that a failure can be had again.
 */
#include <string.h>

#include "core/base/random.h"
#include "core/expression/evaluate.h"
#include "core/model/expression.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

enum { ROUNDS = 20000, LENGTH = 512 };

static const char *const seeds[] = {
	"mean((y - (a * exp(-k * t) + c))**2)",
	"z = X @ w + b; mean(log1p(exp(-y * z)))",
	"sum(u[1:3]**2) + A[0, :] @ u - A[1, 2]",
	"where(x > 0, clip(u, -1, 1) @ v, 2.5E-1 ^ -x)",
	"concat(u, outer(u, v)[0], x)[-2:] @ v[0:2] + norm(A.T)",
	"cross_entropy(X @ A, y) + huber(x, 1.0)",
	"sqrt(var(X @ u)) + max(t) + logsumexp(t * u[0])",
};
static const char *const pieces[] = { "(",        ")",       "[",      "]",      ":",        ",",     ";",      "=",
				      "**",       "@",       ".T",     "'",      "-",        "1e308", "u",      "A",
				      "X",        "y",       "t",      "where(", "sum(",     "0",     "99",     "<=",
				      "softmax(", "concat(", "[:, 0]", "outer(", "\xc3\xa9", "mean(", "z = u; " };

static size_t draw(uint64_t round, uint64_t k, size_t below)
{
	return (size_t)(random_uniform(2385, RANDOM_DATA, round, k) * (double)below);
}

/* A seed with some pieces put in, bytes changed, stretches cut or doubled. */
static size_t mutate(uint64_t round, char *text)
{
	const char *seed = seeds[draw(round, 0, sizeof seeds / sizeof *seeds)];
	size_t length = strlen(seed), changes = 1 + draw(round, 1, 6);
	memcpy(text, seed, length);
	for (size_t i = 0; i < changes; i++) {
		uint64_t k = 10 * (i + 1);
		size_t at = draw(round, k, length + 1), count = draw(round, k + 1, length - at + 1);
		const char *piece = pieces[draw(round, k + 2, sizeof pieces / sizeof *pieces)];
		switch (draw(round, k + 3, 5)) {
		case 0:
			if (length > 0 && at < length) {
				text[at] = (char)draw(round, k + 4, 256);
			}
			break;
		case 1:
			memmove(text + at, text + at + count, length - at - count);
			length -= count;
			break;
		case 2:
			if (length + count <= LENGTH) {
				memmove(text + at + count, text + at, length - at);
				length += count;
			}
			break;
		default:
			if (length + strlen(piece) <= LENGTH) {
				memmove(text + at + strlen(piece), text + at, length - at);
				memcpy(text + at, piece, strlen(piece));
				length += strlen(piece);
			}
			break;
		}
	}
	return length;
}

START_TEST(mutated_expressions_give_an_answer_or_an_error_with_a_place)
{
	static const double numbers[] = { 0.7, -1.3, 2.385, 0.1, 1.9, -0.6, 3.2, 0.05, 7 };
	const struct expression_variable variables[] = {
		{ "x", { .rank = 0 }, numbers },
		{ "u", { .rank = 1, .extent = { 3 } }, numbers },
		{ "v", { .rank = 1, .extent = { 3 } }, numbers + 3 },
		{ "A", { .rank = 2, .extent = { 3, 3 } }, numbers },
	};
	size_t good = 0, bad = 0;
	for (uint64_t round = 0; round < ROUNDS; round++) {
		char text[LENGTH];
		size_t length = mutate(round, text);
		/* A copy of its very length, so that a read behind its end is seen. */
		char *copy = malloc(length + 1);
		memcpy(copy, text, length);
		copy = realloc(copy, length > 0 ? length : 1);
		struct expression_error error;
		double value, gradient[16];
		if (expression_evaluate(copy, length, variables, 4, &value, gradient, &error) == OK) {
			good++;
		} else {
			ck_assert_uint_le(error.position, length);
			ck_assert_uint_gt(strlen(error.text), 0);
			bad++;
		}
		free(copy);
	}
	ck_assert_uint_gt(good, 20);
	ck_assert_uint_gt(bad, 1000);
}
END_TEST

START_TEST(mutated_objectives_over_rows_are_planned_and_run)
{
	enum { ROWS = 7 };
	static const double x[ROWS * 3] = { 1,   2,  0.5, 4,  5,     -6, 7, 8, 9, 0.1, 0.2,
					    0.3, -1, -2,  -3, 2.385, 0,  1, 1, 1, 2 };
	static const double y[ROWS] = { 0, 1, 2, 1, 0, 2, 1 };
	const struct data_view data = {
		.dtype = DTYPE_FLOAT64, .rows = ROWS, .features = 3, .x = x, .targets = 1, .y = y
	};
	const struct batch batch = { .data = &data, .count = ROWS };
	const struct model_shape shape = { .features = 3, .targets = 1, .rows = ROWS };
	const struct expression_parameter parameters[] = {
		{ .name = "u", .shape = { .rank = 1, .extent = { 3 } }, .start = { .kind = START_FILL, .fill = 0.3 } },
		{ .name = "A",
		  .shape = { .rank = 2, .extent = { 3, 3 } },
		  .start = { .kind = START_FILL, .fill = 0.1 } },
		{ .name = "v", .shape = { .rank = 1, .extent = { 3 } }, .start = { .kind = START_FILL, .fill = 1.3 } },
		{ .name = "x", .shape = { .rank = 0 }, .start = { .kind = START_FILL, .fill = 0.2 } },
	};
	const struct expression_symbol symbols[] = {
		{ .name = "X", .kind = SYMBOL_FEATURES, .node = NODE_NONE },
		{ .name = "y", .kind = SYMBOL_TARGET, .node = NODE_NONE },
		{ .name = "t", .kind = SYMBOL_COLUMN, .column = 1, .node = NODE_NONE },
	};
	struct executor executor = executor_serial();
	size_t good = 0;
	for (uint64_t round = 0; round < ROUNDS; round++) {
		char text[LENGTH + 1];
		text[mutate(round, text)] = '\0';
		const struct expression_config expression = {
			.objective = text, .parameter = parameters, .parameters = 4, .symbol = symbols, .symbols = 3
		};
		struct model_config config = { .type = model_find("expression"), .expression = &expression };
		struct objective *objective = NULL;
		double theta[16], gradient[16], value;
		if (model_build(&config, &shape, DTYPE_FLOAT64, 1, &objective, NULL) == OK) {
			objective->type->initialise(objective, 1, theta);
			ck_assert_int_eq(
				objective->type->evaluate(objective, theta, &batch, &executor, &value, gradient), OK);
			objective_destroy(objective);
			good++;
		}
	}
	ck_assert_uint_gt(good, 20);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/expression_mutations");
	TCase *tests = tcase_create("all");
	tcase_set_timeout(tests, 90);
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, mutated_expressions_give_an_answer_or_an_error_with_a_place);
	tcase_add_test(tests, mutated_objectives_over_rows_are_planned_and_run);
	return suite_run(suite);
}
