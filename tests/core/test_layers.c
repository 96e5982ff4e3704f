/* Activations against values and derivatives in 40 digits (tests/data/golden/losses_layers). */
#include <math.h>

#include "core/expression/evaluate.h"
#include "core/graph/graph.h"
#include "core/graph/ops/ops.h"
#include "tests/core/modelling.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

enum { MOST = 64 };

/* The activation of a golden entry; gelu_tanh is gelu with a choice. NULL: one that has no entry. */
static const struct activation_type *activation_of(const cJSON *entry, struct setting_value *value,
						   struct settings *settings)
{
	const char *name = golden_string(entry, "name");
	bool tanh_form = strcmp(name, "gelu_tanh") == 0;
	const struct activation_type *type = activation_find(tanh_form ? "gelu" : name);
	if (type == NULL) {
		return NULL;
	}
	*settings = modelling_defaults(type->settings, type->setting_count, value);
	for (size_t i = 0; i < type->setting_count && type->settings[i].kind == SETTING_REAL; i++) {
		value[i].number =
			golden_number_or(golden_get(entry, "params"), type->settings[i].name, value[i].number);
	}
	if (tanh_form) {
		value[0].number = 1;
	}
	return type;
}

static struct graph_node node_of(const struct activation_type *type, const struct settings *settings, size_t columns)
{
	struct graph graph;
	graph_init(&graph);
	size_t x = graph_features(&graph, columns);
	size_t y = type->build != NULL ? type->build(&graph, settings, x) : graph_unary(&graph, type->op, x);
	ck_assert_int_eq(graph.status, OK);
	struct graph_node node = graph.node[y];
	graph_fini(&graph);
	return node;
}

/* prelu, whose slope is a parameter. */
static struct graph_node prelu_node(void)
{
	struct graph graph;
	const size_t one = 1;
	graph_init(&graph);
	const size_t x = graph_features(&graph, 1), slope = graph_parameter(&graph, "a", 1, &one, 0);
	const size_t y = graph_binary(&graph, &op_prelu, x, slope);
	const struct graph_node node = graph.node[y];
	ck_assert_int_eq(graph.status, OK);
	graph_fini(&graph);
	return node;
}

/* y and dx = dy f'(x) of rows x columns numbers; in float32 by rounding x and dy first. slope: that of prelu. */
static void run(const struct graph_node *node, enum dtype dtype, size_t rows, const double *x, const double *dy,
		double *y, double *dx, double slope)
{
	size_t n = rows * shape_size(&node->shape);
	const struct shape shape[GRAPH_ARITY + 1] = { node->shape, { .rank = 1, .extent = { 1 } } };
	double in[MOST], out[MOST], d_out[MOST], d_in[MOST], parameter;
	modelling_write(dtype, &parameter, 0, slope);
	ck_assert_uint_le(n, MOST);
	for (size_t i = 0; i < n; i++) {
		modelling_write(dtype, in, i, x[i]);
		modelling_write(dtype, d_out, i, dy[i]);
	}
	struct op_call call = { .kernels = kernels_active(),
				.shape = shape,
				.attribute = node->attribute,
				.rows = rows,
				.in = { in, &parameter },
				.out = out };
	node->op->forward[dtype](&call);
	call.d_out = d_out;
	call.d_in[0] = d_in;
	node->op->reverse[dtype](&call);
	for (size_t i = 0; i < n; i++) {
		y[i] = dtype == DTYPE_FLOAT32 ? (double)((float *)out)[i] : out[i];
		dx[i] = dtype == DTYPE_FLOAT32 ? (double)((float *)d_in)[i] : d_in[i];
	}
}

/* Compares in both precisions; float32 to what its rounding of x allows. */
static void check(const cJSON *entry, const double *x, size_t n, double tolerance)
{
	struct setting_value value[MODELLING_SETTINGS];
	struct settings settings;
	const struct activation_type *type = activation_of(entry, value, &settings);
	const char *name = golden_string(entry, "name");
	const bool prelu = strcmp(name, "prelu") == 0;
	const double a =
		prelu ? golden_number_or(cJSON_GetObjectItemCaseSensitive(entry, "params"), "weight", 0.25) : 0;
	double *y = golden_array(entry, "y", NULL), *dydx = golden_array(entry, "dydx", NULL);
	double ones[MOST], got[MOST], slope[MOST];
	for (size_t i = 0; i < MOST; i++) {
		ones[i] = 1;
	}
	ck_assert_msg(type != NULL || prelu, "there is no %s", name);
	for (enum dtype dtype = DTYPE_FLOAT32; dtype <= DTYPE_FLOAT64; dtype++) {
		struct graph_node node = prelu ? prelu_node() : node_of(type, &settings, 1);
		double allowed = dtype == DTYPE_FLOAT32 ? 2e-6 : tolerance;
		run(&node, dtype, n, x, ones, got, slope, a);
		/* The derivative stored for hardsigmoid is torch's float32 1/6. */
		double coarse = strcmp(name, "hardsigmoid") == 0 ? fmax(allowed, 6e-9) : allowed;
		for (size_t i = 0; i < n; i++) {
			ck_assert_msg(fabs(got[i] - y[i]) <= allowed * fmax(1, fabs(y[i])),
				      "%s(%g) is %.17g, not %.17g", name, x[i], got[i], y[i]);
			ck_assert_msg(fabs(slope[i] - dydx[i]) <= coarse * fmax(1, fabs(dydx[i])),
				      "%s'(%g) is %.17g, not %.17g", name, x[i], slope[i], dydx[i]);
		}
	}
	free(y);
	free(dydx);
}

START_TEST(every_activation_and_its_derivative_have_the_values_of_the_formula)
{
	cJSON *file = golden_load("golden/losses_layers/activations.json");
	size_t n, checked = 0;
	double *x = golden_array(file, "x", &n);
	const cJSON *entry;
	cJSON_ArrayForEach(entry, golden_get(file, "elementwise"))
	{
		check(entry, x, n, golden_number(file, "tolerance"));
		checked++;
	}
	ck_assert_uint_eq(checked, 22);
	free(x);
	cJSON_Delete(file);
}
END_TEST

START_TEST(derivatives_at_kinks_are_those_of_torch)
{
	cJSON *file = golden_load("golden/losses_layers/activations.json");
	size_t checked = 0;
	const cJSON *entry;
	cJSON_ArrayForEach(entry, golden_get(golden_get(file, "subgradients_at_kinks"), "rows"))
	{
		size_t n;
		double *x = golden_array(entry, "x", &n);
		check(entry, x, n, golden_number(file, "tolerance"));
		free(x);
		checked++;
	}
	ck_assert_uint_eq(checked, 12);
	cJSON_Delete(file);
}
END_TEST

/* A row's logsumexp is an operation of expressions. */
static void run_logsumexp(const double *x, const double *dy, size_t rows, size_t columns, double *y, double *dx)
{
	for (size_t r = 0; r < rows; r++) {
		struct expression_error error;
		const struct expression_variable z = { "z", { .rank = 1, .extent = { columns } }, x + r * columns };
		const char *text = "logsumexp(z)";
		ck_assert_int_eq(expression_evaluate(text, strlen(text), &z, 1, &y[r], dx + r * columns, &error), OK);
		for (size_t c = 0; c < columns; c++) {
			dx[r * columns + c] *= dy[r];
		}
	}
}

START_TEST(what_couples_a_row_is_that_of_torch_for_small_and_for_huge_numbers)
{
	cJSON *file = golden_load("golden/losses_layers/activations.json");
	size_t checked = 0;
	const cJSON *entry;
	cJSON_ArrayForEach(entry, golden_get(file, "rowwise"))
	{
		const char *name = golden_string(entry, "name");
		const bool sums = strncmp(name, "logsumexp", 9) == 0;
		size_t n, rows, made;
		double *shape = golden_array(golden_get(entry, "input"), "shape", NULL), y[MOST], dx[MOST];
		rows = (size_t)shape[0];
		double *x = golden_array(entry, "input", &n), *dy = golden_array(entry, "grad_output", NULL);
		double *output = golden_array(entry, "output", &made), *grad = golden_array(entry, "grad_input", NULL);
		for (enum dtype dtype = sums ? DTYPE_FLOAT64 : DTYPE_FLOAT32; dtype <= DTYPE_FLOAT64; dtype++) {
			const char *ours = strncmp(name, "log_softmax", 11) == 0 ? "log_softmax" : "softmax";
			double allowed = dtype == DTYPE_FLOAT32 ? 2e-6 : golden_number(file, "tolerance");
			if (sums) {
				run_logsumexp(x, dy, rows, n / rows, y, dx);
			} else {
				struct graph_node node = node_of(activation_find(ours), NULL, n / rows);
				run(&node, dtype, rows, x, dy, y, dx, 0);
			}
			ck_assert_msg(golden_close(y, output, made, allowed), "%s", name);
			ck_assert_msg(golden_close(dx, grad, n, allowed), "%s", name);
		}
		free(shape);
		free(x);
		free(dy);
		free(output);
		free(grad);
		checked++;
	}
	ck_assert_uint_eq(checked, 6);
	cJSON_Delete(file);
}
END_TEST

START_TEST(no_activation_makes_a_number_of_a_nan_or_overflows)
{
	const double extreme[4] = { (double)NAN, 1e30, -1e30, -800.5 }, ones[4] = { 1, 1, 1, 1 };
	const struct activation_type *type = activation_types[_i];
	struct setting_value value[MODELLING_SETTINGS] = { 0 };
	struct settings settings = modelling_defaults(type->settings, type->setting_count, value);
	bool gelu = strcmp(type->name, "gelu") == 0;
	for (int round = 0; round < (gelu ? 4 : 2); round++) {
		enum dtype dtype = round % 2 == 0 ? DTYPE_FLOAT32 : DTYPE_FLOAT64;
		value[0].number = gelu ? round / 2 : value[0].number;
		struct graph_node node = node_of(type, &settings, 1);
		double y[4], dx[4];
		run(&node, dtype, 4, extreme, ones, y, dx, 0);
		ck_assert_msg(isnan(y[0]) || strcmp(type->name, "relu") == 0, "%s", type->name);
		for (size_t i = 1; i < 4; i++) {
			ck_assert_msg(isfinite(y[i]) && isfinite(dx[i]), "%s(%g): %g, %g", type->name, extreme[i], y[i],
				      dx[i]);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("layers");
	TCase *golden = tcase_create("golden");
	tcase_add_test(golden, every_activation_and_its_derivative_have_the_values_of_the_formula);
	tcase_add_test(golden, derivatives_at_kinks_are_those_of_torch);
	tcase_add_test(golden, what_couples_a_row_is_that_of_torch_for_small_and_for_huge_numbers);
	suite_add_tcase(suite, golden);
	TCase *extremes = tcase_create("extremes");
	tcase_add_loop_test(extremes, no_activation_makes_a_number_of_a_nan_or_overflows, 0,
			    (int)activation_type_count);
	suite_add_tcase(suite, extremes);
	return suite_run(suite);
}
