/*
 * Layers against torch (tests/data/golden/losses_layers/layers.json): what comes out, and the gradient by everything
 * that goes in, in both precisions. Every case of the file is computed here, by a chain of operations.
 */
#include <stdio.h>

#include "core/graph/ops/ops.h"
#include "core/graph/ops/recurrent.h"
#include "core/graph/ops/window.h"
#include "tests/core/modelling.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

enum { STAGES = 2, MOST = 4096, SCRATCH = 1 << 18 };

/* What float32 may be off by: some sixteen roundings of numbers of about one. */
static const double SINGLE = 2e-6;

/* A layer by the beginning of its cases' names (the first that fits): its operations, each of what the one before
 * made and of the named tensors ("-": zeros, as many as the weight has outputs). */
static const struct layer {
	const char *name;
	struct {
		const struct graph_op *op;
		const char *with[2];
	} stage[STAGES];
} layers[] = {
	{ "linear_no_bias", { { &op_matmul, { "weight" } } } },
	{ "linear", { { &op_affine, { "weight", "bias" } } } },
	{ "conv2d_rectangular", { { &op_conv2d, { "weight", "-" } } } },
	{ "conv1d", { { &op_conv1d, { "weight", "bias" } } } },
	{ "conv_transpose2d", { { &op_conv_transpose2d, { "weight", "bias" } } } },
	{ "group_norm", { { &op_group_norm, { NULL } }, { &op_scale_shift, { "weight", "bias" } } } },
	{ "conv2d", { { &op_conv2d, { "weight", "bias" } } } },
	{ "max_pool2d", { { &op_max_pool2d, { NULL } } } },
	{ "avg_pool2d", { { &op_avg_pool2d, { NULL } } } },
	{ "batch_norm",
	  { { &op_batch_norm, { "running_mean", "running_var" } }, { &op_scale_shift, { "weight", "bias" } } } },
	{ "layer_norm_no_affine", { { &op_layer_norm, { NULL } } } },
	{ "layer_norm", { { &op_layer_norm, { NULL } }, { &op_scale_shift, { "weight", "bias" } } } },
	{ "max_pool1d", { { &op_max_pool1d, { NULL } } } },
	{ "avg_pool1d", { { &op_avg_pool1d, { NULL } } } },
	{ "rnn", { { &op_affine_steps, { "weight_ih", "bias_ih" } }, { &op_rnn, { "weight_hh", "bias_hh" } } } },
	{ "gru", { { &op_affine_steps, { "weight_ih", "bias_ih" } }, { &op_gru, { "weight_hh", "bias_hh" } } } },
	{ "lstm", { { &op_affine_steps, { "weight_ih", "bias_ih" } }, { &op_lstm, { "weight_hh", "bias_hh" } } } },
	{ "dropout", { { &op_dropout, { NULL } } } },
	{ "embedding", { { &op_embedding, { "weight" } } } },
};

/* A tensor that goes in, in our order, and its gradient. */
struct input {
	const char *name;
	struct shape shape;
	size_t n;
	double value[MOST], gradient[MOST];
};

/* One operation at work, in a precision: what the call reads and writes lies in arrays of its own. */
struct work {
	enum dtype dtype;
	struct input input[2];
	struct graph_node node;
	struct shape shape[GRAPH_ARITY + 1];
	double out[MOST], d_in[MOST], kept[MOST], scratch[SCRATCH];
	double in_own[GRAPH_ARITY][MOST], out_own[MOST], d_out_own[MOST], d_in_own[GRAPH_ARITY][MOST];
	struct op_call call;
	const struct recurrent_state *state; /* where a cell starts; NULL: the operation is called as it stands */
};

static void give(enum dtype dtype, const double *from, size_t n, double *own)
{
	for (size_t i = 0; i < n; i++) {
		modelling_write(dtype, own, i, from[i]);
	}
}

static void take(enum dtype dtype, const double *own, size_t n, double *to)
{
	for (size_t i = 0; i < n; i++) {
		to[i] = dtype == DTYPE_FLOAT32 ? (double)((const float *)own)[i] : own[i];
	}
}

/* A number, or two for height and width; `otherwise` where there is none. */
static void pair(const cJSON *params, const char *key, double otherwise, double out[2])
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(params, key);
	out[0] = out[1] = otherwise;
	if (cJSON_IsArray(item)) {
		out[0] = item->child->valuedouble;
		out[1] = item->child->next->valuedouble;
	} else if (item != NULL) {
		out[0] = out[1] = item->valuedouble;
	}
}

static void set_constants(const struct graph_op *op, const cJSON *params, double *attribute)
{
	double kernel[2];
	if (op == &op_batch_norm) {
		attribute[0] = golden_number_or(params, "momentum", 0.1);
		attribute[1] = golden_number(params, "eps");
	} else if (op == &op_layer_norm) {
		attribute[0] = golden_number(params, "eps");
	} else if (op == &op_group_norm) {
		attribute[0] = golden_number(params, "eps");
		attribute[1] = golden_number(params, "num_groups");
	} else if (op == &op_dropout) {
		attribute[0] = golden_number(params, "p");
	} else if (op == &op_rnn || op == &op_gru || op == &op_lstm) {
		const cJSON *activation = cJSON_GetObjectItemCaseSensitive(params, "activation");
		attribute[RECURRENT_SEQUENCES] = golden_flag(params, "return_sequences");
		attribute[RECURRENT_ACTIVATION] =
			activation != NULL && strcmp(activation->valuestring, "relu") == 0 ? SQUASH_RELU : SQUASH_TANH;
	} else if (op == &op_max_pool1d || op == &op_avg_pool1d) {
		pair(params, "kernel_size", 0, attribute + WINDOW_KERNEL);
		pair(params, "stride", 1, attribute + WINDOW_STRIDE);
		pair(params, "padding", 0, attribute + WINDOW_PADDING);
		attribute[WINDOW_STRIDE] = attribute[WINDOW_KERNEL] = 1;
		attribute[WINDOW_PADDING] = 0;
		attribute[WINDOW_DILATION] = golden_flag(params, "count_include_pad");
	} else if (op == &op_conv1d || op == &op_conv_transpose2d) {
		pair(params, "stride", 1, attribute + WINDOW_STRIDE);
		pair(params, "padding", 0, attribute + WINDOW_PADDING);
		pair(params, "dilation", 1, attribute + WINDOW_DILATION);
		pair(params, "output_padding", 0, attribute + WINDOW_KERNEL);
		if (op == &op_conv1d) { /* what it says of heights */
			attribute[WINDOW_STRIDE] = attribute[WINDOW_DILATION] = 1;
			attribute[WINDOW_PADDING] = 0;
		}
	} else if (op == &op_conv2d || op == &op_max_pool2d || op == &op_avg_pool2d) {
		pair(params, "kernel_size", 0, kernel);
		pair(params, "stride", op == &op_conv2d ? 1 : kernel[0], attribute + WINDOW_STRIDE);
		pair(params, "padding", 0, attribute + WINDOW_PADDING);
		pair(params, "dilation", 1, attribute + WINDOW_DILATION);
		memcpy(attribute + WINDOW_KERNEL, kernel, sizeof kernel);
		if (op == &op_avg_pool2d) { /* it lies where a convolution has its dilation */
			attribute[WINDOW_DILATION] = golden_flag(params, "count_include_pad");
			attribute[WINDOW_DILATION + 1] = 0;
		}
	}
}

/* A tensor of {"shape", "data"} or a plain list; `rowed`: the first extent counts rows. */
static void read_tensor(struct input *input, const cJSON *tensor, bool rowed)
{
	size_t dimensions = 1;
	double *values = golden_numbers(tensor, &input->n), list = (double)input->n, *extent = &list;
	if (cJSON_IsObject(tensor)) {
		extent = golden_array(tensor, "shape", &dimensions);
	}
	ck_assert_uint_le(input->n, MOST);
	memcpy(input->value, values, input->n * sizeof *values);
	input->shape = (struct shape){ .rowed = rowed, .rank = dimensions - rowed };
	for (size_t i = rowed; i < dimensions; i++) {
		input->shape.extent[i - rowed] = (size_t)extent[i];
	}
	free(values);
	if (extent != &list) {
		free(extent);
	}
}

/* Of linear layers torch keeps [out, in], we [in, out]. */
static void turn(struct input *input, double *numbers)
{
	double *turned = golden_transpose(numbers, input->shape.extent[1], input->shape.extent[0]);
	memcpy(numbers, turned, input->n * sizeof *turned);
	free(turned);
}

static void read_weight(struct work *work, size_t i, const struct graph_op *op, const char *name, const cJSON *entry)
{
	struct input *input = &work->input[i];
	const cJSON *inputs = golden_get(entry, "inputs"), *params = golden_get(entry, "params");
	const bool dense = op == &op_matmul || op == &op_affine;
	memset(input, 0, sizeof *input);
	input->name = name;
	if (op == &op_batch_norm) {
		char before[32];
		snprintf(before, sizeof before, "%s_before", name);
		const char *key = cJSON_HasObjectItem(params, before) ? before : name;
		const cJSON *list = cJSON_GetObjectItemCaseSensitive(params, key);
		input->n = work->shape[0].extent[0];
		input->shape = (struct shape){ .rank = 1, .extent = { input->n } };
		if (list != NULL) {
			read_tensor(input, list, false);
		}
	} else if (strcmp(name, "-") == 0) {
		input->n = work->input[0].shape.extent[0];
		input->shape = (struct shape){ .rank = 1, .extent = { input->n } };
	} else {
		read_tensor(input, golden_get(inputs, name), false);
		if (dense && i == 0) {
			const size_t outputs = input->shape.extent[0];
			input->shape.extent[0] = input->shape.extent[1];
			input->shape.extent[1] = outputs;
			turn(input, input->value);
		}
	}
}

/* Runs a stage forward on x. */
static void forward(struct work *work, const struct layer *layer, size_t s, const cJSON *entry, size_t rows,
		    const struct shape *x_shape, const double *x)
{
	const struct graph_op *op = layer->stage[s].op;
	const cJSON *params = golden_get(entry, "params");
	struct error error = { .text = "" };
	struct op_memory memory = { 0 };
	const enum dtype dtype = work->dtype;
	const struct recurrent_state *state = work->state;
	memset(work, 0, sizeof *work);
	work->dtype = dtype;
	work->state = state;
	work->shape[0] = *x_shape;
	give(dtype, x, rows * shape_size(x_shape), work->in_own[0]);
	set_constants(op, params, work->node.attribute);
	for (size_t i = 0; i < 2 && layer->stage[s].with[i] != NULL; i++) {
		read_weight(work, i, op, layer->stage[s].with[i], entry);
		work->shape[1 + i] = work->input[i].shape;
		give(dtype, work->input[i].value, work->input[i].n, work->in_own[1 + i]);
	}
	if (op == &op_conv2d) {
		work->node.attribute[WINDOW_KERNEL] = (double)work->input[0].shape.extent[2];
		work->node.attribute[WINDOW_KERNEL + 1] = (double)work->input[0].shape.extent[3];
	}
	struct shape *out = &work->shape[GRAPH_ARITY];
	const enum status status = op->shape_with != NULL
					   ? op->shape_with(work->shape, work->node.attribute, out, &error)
					   : op->shape(work->shape, out, &error);
	ck_assert_msg(status == OK, "%s: %s", golden_string(entry, "name"), error.text);
	if (op->memory != NULL) {
		ck_assert(op->memory(work->shape, work->node.attribute, &memory));
	}
	ck_assert_uint_le(memory.kept + rows * memory.kept_row, MOST);
	ck_assert_uint_le(memory.scratch, SCRATCH);
	ck_assert_uint_le(rows * shape_size(out), MOST);
	work->call = (struct op_call){ .kernels = kernels_active(),
				       .shape = work->shape,
				       .attribute = work->node.attribute,
				       .rows = rows,
				       .in = { work->in_own[0], work->in_own[1], work->in_own[2] },
				       .out = work->out_own,
				       .training = golden_flag(params, "training"),
				       .kept = work->kept,
				       .scratch = work->scratch };
	if (state != NULL) {
		recurrent_forward(dtype, &work->call, state);
	} else {
		op->forward[dtype](&work->call);
	}
	take(dtype, work->out_own, rows * shape_size(out), work->out);
}

static void backward(struct work *work, const struct graph_op *op, const double *d_out)
{
	const size_t rows = work->call.rows;
	give(work->dtype, d_out, rows * shape_size(&work->shape[GRAPH_ARITY]), work->d_out_own);
	work->call.d_out = work->d_out_own;
	for (size_t i = 0; i < GRAPH_ARITY; i++) {
		work->call.d_in[i] = work->d_in_own[i];
	}
	if (work->state != NULL) {
		recurrent_reverse(work->dtype, &work->call, work->state);
	} else {
		op->reverse[work->dtype](&work->call);
	}
	take(work->dtype, work->d_in_own[0], rows * shape_size(&work->shape[0]), work->d_in);
	for (size_t i = 0; i < 2; i++) {
		take(work->dtype, work->d_in_own[1 + i], work->input[i].n, work->input[i].gradient);
	}
}

static void expect_close(const cJSON *entry, const char *what, const double *got, const cJSON *expected,
			 double tolerance)
{
	size_t n;
	double *numbers = golden_numbers(expected, &n);
	ck_assert_msg(golden_close(got, numbers, n, tolerance), "%s: %s is off by %g", golden_string(entry, "name"),
		      what, golden_distance(got, numbers, n));
	free(numbers);
}

/* The gradients by the tensors of a stage; what became of running statistics, where that is told. */
static void check_stage(struct work *work, const struct graph_op *op, const cJSON *entry, double tolerance)
{
	const cJSON *grad = golden_get(entry, "grad"), *params = golden_get(entry, "params");
	for (size_t i = 0; i < 2 && work->input[i].name != NULL; i++) {
		struct input *input = &work->input[i];
		char after[32];
		snprintf(after, sizeof after, "%s_after", input->name);
		const cJSON *expected = cJSON_GetObjectItemCaseSensitive(op == &op_batch_norm ? params : grad,
									 op == &op_batch_norm ? after : input->name);
		if ((op == &op_matmul || op == &op_affine) && i == 0) {
			const struct shape kept = input->shape;
			input->shape.extent[0] = kept.extent[1];
			input->shape.extent[1] = kept.extent[0];
			turn(input, input->gradient);
		}
		if (expected != NULL) {
			expect_close(entry, input->name, input->gradient, expected, tolerance);
		}
	}
}

static void check_case(const struct layer *layer, const cJSON *entry, enum dtype dtype, double tolerance)
{
	static struct work work[STAGES];
	static struct input x;
	static double d_out[MOST];
	const bool indices = layer->stage[0].op == &op_embedding;
	const cJSON *given = golden_get(golden_get(entry, indices ? "fixed" : "inputs"), indices ? "index" : "input");
	size_t stages = 0, n, dimensions;
	double *extent = golden_array(given, "shape", &dimensions), *d = golden_array(entry, "grad_output", &n);
	const size_t rows = (size_t)extent[0];
	read_tensor(&x, given, true);
	for (; stages < STAGES && layer->stage[stages].op != NULL; stages++) {
		work[stages].dtype = dtype;
		const struct work *before = stages > 0 ? &work[stages - 1] : NULL;
		forward(&work[stages], layer, stages, entry, rows, before ? &before->shape[GRAPH_ARITY] : &x.shape,
			before ? before->out : x.value);
	}
	expect_close(entry, "output", work[stages - 1].out, golden_get(entry, "output"), tolerance);
	memcpy(d_out, d, n * sizeof *d);
	for (size_t s = stages; s-- > 0;) {
		backward(&work[s], layer->stage[s].op, s + 1 < stages ? work[s + 1].d_in : d_out);
		check_stage(&work[s], layer->stage[s].op, entry, tolerance);
	}
	if (!indices) {
		expect_close(entry, "d/dinput", work[0].d_in, golden_get(golden_get(entry, "grad"), "input"),
			     tolerance);
	}
	free(extent);
	free(d);
}

/* A state of a cell in a precision, and what is made of it. */
struct cell {
	double h[MOST], c[MOST], last_c[MOST], d_last_c[MOST], d_h[MOST], d_c[MOST];
};

/* Columns [first, first + units) of rows x width numbers. */
static void columns(const double *from, size_t rows, size_t width, size_t first, size_t units, double *to)
{
	for (size_t r = 0; r < rows; r++) {
		memcpy(to + r * units, from + r * width + first, units * sizeof *to);
	}
}

static void read_state(const cJSON *inputs, const char *name, enum dtype dtype, double *own)
{
	size_t n = 0;
	const cJSON *given = cJSON_GetObjectItemCaseSensitive(inputs, name);
	double *values = given != NULL ? golden_numbers(given, &n) : NULL;
	give(dtype, values, n, own);
	free(values);
}

static void expect_state(const cJSON *entry, const char *name, enum dtype dtype, const double *own, double tolerance)
{
	const cJSON *expected = cJSON_GetObjectItemCaseSensitive(golden_get(entry, "grad"), name);
	double got[MOST];
	size_t n = 0;
	free(expected != NULL ? golden_numbers(expected, &n) : NULL);
	take(dtype, own, n, got);
	if (expected != NULL) {
		expect_close(entry, name, got, expected, tolerance);
	}
}

/* One step from a state; its result is h, of lstm with c beside it. */
static void check_cell(const struct layer *layer, const cJSON *entry, enum dtype dtype, double tolerance)
{
	static struct work work[STAGES];
	static struct cell cell;
	static struct input x;
	double *output = golden_array(entry, "output", NULL), *d = golden_array(entry, "grad_output", NULL);
	double part[MOST], got[MOST];
	const cJSON *inputs = golden_get(entry, "inputs");
	const bool has_c = layer->stage[1].op == &op_lstm;
	const struct recurrent_state state = { .h = cell.h,
					       .c = has_c ? cell.c : NULL,
					       .last_c = cell.last_c,
					       .d_last_c = cell.d_last_c,
					       .d_h = cell.d_h,
					       .d_c = cell.d_c };
	read_tensor(&x, golden_get(inputs, "input"), true);
	const size_t rows = x.n / x.shape.extent[0];
	const struct shape one_step = { .rowed = true, .rank = 2, .extent = { 1, x.shape.extent[0] } };
	read_state(inputs, "h", dtype, cell.h);
	read_state(inputs, "c", dtype, cell.c);
	work[0].dtype = work[1].dtype = dtype;
	work[0].state = NULL;
	work[1].state = &state;
	forward(&work[0], layer, 0, entry, rows, &one_step, x.value);
	forward(&work[1], layer, 1, entry, rows, &work[0].shape[GRAPH_ARITY], work[0].out);
	const size_t units = work[1].shape[GRAPH_ARITY].extent[0], width = has_c ? 2 * units : units;
	columns(output, rows, width, 0, units, part);
	ck_assert(golden_close(work[1].out, part, rows * units, tolerance));
	if (has_c) {
		columns(output, rows, width, units, units, part);
		take(dtype, cell.last_c, rows * units, got);
		ck_assert(golden_close(got, part, rows * units, tolerance));
		columns(d, rows, width, units, units, part);
		give(dtype, part, rows * units, cell.d_last_c);
	}
	columns(d, rows, width, 0, units, part);
	backward(&work[1], layer->stage[1].op, part);
	backward(&work[0], layer->stage[0].op, work[1].d_in);
	check_stage(&work[1], layer->stage[1].op, entry, tolerance);
	check_stage(&work[0], layer->stage[0].op, entry, tolerance);
	expect_close(entry, "d/dinput", work[0].d_in, golden_get(golden_get(entry, "grad"), "input"), tolerance);
	expect_state(entry, "h", dtype, cell.d_h, tolerance);
	expect_state(entry, "c", dtype, cell.d_c, tolerance);
	free(output);
	free(d);
}

/* Every case of a file, in both precisions. Returns how many. */
static size_t check_file(const char *path)
{
	cJSON *file = golden_load(path);
	const cJSON *entry = NULL;
	const double tolerances[] = { [DTYPE_FLOAT32] = SINGLE, [DTYPE_FLOAT64] = golden_number(file, "tolerance") };
	size_t checked = 0;
	cJSON_ArrayForEach(entry, golden_get(file, "cases"))
	{
		const char *name = golden_string(entry, "name");
		const struct layer *layer = NULL;
		for (size_t i = 0; i < sizeof layers / sizeof layers[0] && layer == NULL; i++) {
			layer = strncmp(name, layers[i].name, strlen(layers[i].name)) == 0 ? &layers[i] : NULL;
		}
		ck_assert_msg(layer != NULL, "%s: there is no such layer", name);
		for (enum dtype dtype = DTYPE_FLOAT32; dtype <= DTYPE_FLOAT64; dtype++) {
			(strstr(name, "_cell") != NULL ? check_cell : check_case)(layer, entry, dtype,
										  tolerances[dtype]);
		}
		checked++;
	}
	cJSON_Delete(file);
	return checked;
}

START_TEST(outputs_and_gradients_are_those_of_torch)
{
	ck_assert_uint_eq(check_file("golden/losses_layers/layers.json"), 27);
	ck_assert_uint_eq(check_file("golden/losses_layers/layers_more.json"), 14);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("golden_layers");
	TCase *tests = tcase_create("layers");
	tcase_add_test(tests, outputs_and_gradients_are_those_of_torch);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
