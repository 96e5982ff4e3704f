/* Activations against values and derivatives in 40 digits (tests/data/golden/losses_layers). */
#include <math.h>

#include "core/graph/graph.h"
#include "core/graph/op.h"
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

/* y and dx = dy f'(x) of rows x columns numbers; in float32 by rounding x and dy first. */
static void run(const struct graph_node *node, enum dtype dtype, size_t rows, const double *x, const double *dy,
		double *y, double *dx)
{
	size_t n = rows * shape_size(&node->shape);
	const struct shape shape[GRAPH_ARITY + 1] = { node->shape };
	double in[MOST], out[MOST], d_out[MOST], d_in[MOST];
	ck_assert_uint_le(n, MOST);
	for (size_t i = 0; i < n; i++) {
		modelling_write(dtype, in, i, x[i]);
		modelling_write(dtype, d_out, i, dy[i]);
	}
	struct op_call call = { .kernels = kernels_active(),
				.shape = shape,
				.attribute = node->attribute,
				.rows = rows,
				.in = { in },
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

/* Compares in both precisions; float32 to what its rounding of x allows. Returns whether the entry is one of ours. */
static bool check(const cJSON *entry, const double *x, size_t n, double tolerance)
{
	struct setting_value value[MODELLING_SETTINGS];
	struct settings settings;
	const struct activation_type *type = activation_of(entry, value, &settings);
	double *y = golden_array(entry, "y", NULL), *dydx = golden_array(entry, "dydx", NULL);
	double ones[MOST], got[MOST], slope[MOST];
	for (size_t i = 0; i < MOST; i++) {
		ones[i] = 1;
	}
	for (enum dtype dtype = DTYPE_FLOAT32; type != NULL && dtype <= DTYPE_FLOAT64; dtype++) {
		struct graph_node node = node_of(type, &settings, 1);
		double allowed = dtype == DTYPE_FLOAT32 ? 2e-6 : tolerance;
		run(&node, dtype, n, x, ones, got, slope);
		/* The derivative stored for hardsigmoid is torch's float32 1/6. */
		double coarse = strcmp(type->name, "hardsigmoid") == 0 ? fmax(allowed, 6e-9) : allowed;
		for (size_t i = 0; i < n; i++) {
			ck_assert_msg(fabs(got[i] - y[i]) <= allowed * fmax(1, fabs(y[i])),
				      "%s(%g) is %.17g, not %.17g", type->name, x[i], got[i], y[i]);
			ck_assert_msg(fabs(slope[i] - dydx[i]) <= coarse * fmax(1, fabs(dydx[i])),
				      "%s'(%g) is %.17g, not %.17g", type->name, x[i], slope[i], dydx[i]);
		}
	}
	free(y);
	free(dydx);
	return type != NULL;
}

START_TEST(every_activation_and_its_derivative_have_the_values_of_the_formula)
{
	cJSON *file = golden_load("golden/losses_layers/activations.json");
	size_t n, checked = 0;
	double *x = golden_array(file, "x", &n);
	const cJSON *entry;
	cJSON_ArrayForEach(entry, golden_get(file, "elementwise"))
	{
		checked += check(entry, x, n, golden_number(file, "tolerance"));
	}
	ck_assert_uint_eq(checked, 21); /* all but prelu, whose slope is a parameter */
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
		checked += check(entry, x, n, golden_number(file, "tolerance"));
		free(x);
	}
	ck_assert_uint_eq(checked, 11);
	cJSON_Delete(file);
}
END_TEST

START_TEST(softmax_of_small_and_of_huge_outputs_is_that_of_torch)
{
	cJSON *file = golden_load("golden/losses_layers/activations.json");
	size_t checked = 0;
	const cJSON *entry;
	cJSON_ArrayForEach(entry, golden_get(file, "rowwise"))
	{
		if (strncmp(golden_string(entry, "name"), "softmax", 7) != 0) {
			continue;
		}
		size_t n, rows;
		double *shape = golden_array(golden_get(entry, "input"), "shape", NULL), y[MOST], dx[MOST];
		rows = (size_t)shape[0];
		double *x = golden_array(entry, "input", &n), *dy = golden_array(entry, "grad_output", NULL);
		double *output = golden_array(entry, "output", NULL), *grad = golden_array(entry, "grad_input", NULL);
		struct graph_node node = node_of(activation_find("softmax"), NULL, n / rows);
		run(&node, DTYPE_FLOAT64, rows, x, dy, y, dx);
		ck_assert(golden_close(y, output, n, golden_number(file, "tolerance")));
		ck_assert(golden_close(dx, grad, n, golden_number(file, "tolerance")));
		free(shape);
		free(x);
		free(dy);
		free(output);
		free(grad);
		checked++;
	}
	ck_assert_uint_eq(checked, 2);
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
		run(&node, dtype, 4, extreme, ones, y, dx);
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
	tcase_add_test(golden, softmax_of_small_and_of_huge_outputs_is_that_of_torch);
	suite_add_tcase(suite, golden);
	TCase *extremes = tcase_create("extremes");
	tcase_add_loop_test(extremes, no_activation_makes_a_number_of_a_nan_or_overflows, 0,
			    (int)activation_type_count);
	suite_add_tcase(suite, extremes);
	return suite_run(suite);
}
