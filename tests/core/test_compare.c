/*
 * Losses that compare points, in a row or over the rows of a batch: against torch (tests/data/golden/losses_layers),
 * their definitions written out, differences of values, and what groups, threads and lonely rows make of them.
 */
#include <math.h>
#include <stdio.h>

#include "core/graph/ops/ops.h"
#include "core/graph/plan.h"
#include "core/objective/gradient_check.h"
#include "core/objective/graph_objective.h"
#include "tests/core/modelling.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

enum { MOST = 64, MEMBERS = 3 };

/* --- torch --- */

static const struct {
	const char *name;
	const struct graph_op *op;
	bool unit; /* the members are made unit length first */
	const char *member[MEMBERS];
	double attribute[3];
} cases[] = {
	{ "triplet_margin", &op_triplet_margin, false, { "anchor", "positive", "negative" }, { 1, 2, 0 } },
	{ "triplet_margin_swap", &op_triplet_margin, false, { "anchor", "positive", "negative" }, { 1, 2, 1 } },
	{ "triplet_margin_p1", &op_triplet_margin, false, { "anchor", "positive", "negative" }, { 1, 1, 0 } },
	{ "contrastive", &op_contrastive, false, { "input1", "input2" }, { 1 } },
	{ "cosine_embedding", &op_cosine_embedding, false, { "input1", "input2" }, { 0.3 } },
	{ "info_nce", &op_info_nce, true, { "query", "key" }, { 0.5, 0 } },
	{ "info_nce_symmetric", &op_info_nce, true, { "query", "key" }, { 0.5, 1 } },
};
enum { CASES = sizeof cases / sizeof cases[0] };

static const cJSON *case_named(const cJSON *file, const char *name)
{
	const cJSON *entry;
	cJSON_ArrayForEach(entry, golden_get(file, "cases"))
	{
		if (strcmp(golden_string(entry, "name"), name) == 0) {
			return entry;
		}
	}
	ck_abort_msg("no case %s", name);
	return NULL;
}

/* The members of each row side by side. */
static size_t read_members(const cJSON *from, const char *const *name, double *out, size_t *width)
{
	size_t n = 0, members = 0, dimensions;
	while (members < MEMBERS && name[members] != NULL) {
		members++;
	}
	for (size_t k = 0; k < members; k++) {
		double *shape = golden_array(golden_get(from, name[k]), "shape", &dimensions);
		double *values = golden_array(from, name[k], &n);
		*width = (size_t)shape[1];
		ck_assert_uint_le(n * members, MOST);
		for (size_t i = 0; i < n; i++) {
			out[(i / *width * members + k) * *width + i % *width] = values[i];
		}
		free(shape);
		free(values);
	}
	*width *= members;
	return n * members / *width;
}

/* Value and gradient of the mean over rows; unit: of members of that width. */
static double apply(const struct graph_op *op, const double *attribute, enum dtype dtype, size_t rows, size_t width,
		    size_t unit, const double *z, const int32_t *label, double *gradient)
{
	double in[MOST], made[MOST], d[MOST], back[MOST], kept[8 * MOST], sum = 0;
	struct shape whole[GRAPH_ARITY + 1] = { { .rowed = true, .rank = 1, .extent = { width } },
						{ .rowed = true, .classes = 3 } };
	struct shape part[GRAPH_ARITY + 1] = { { .rowed = true, .rank = 1, .extent = { unit } } };
	part[GRAPH_ARITY] = part[0];
	for (size_t i = 0; i < rows * width; i++) {
		modelling_write(dtype, in, i, z[i]);
	}
	struct op_call call = { .kernels = kernels_active(), .shape = whole, .attribute = attribute, .rows = rows };
	call.in[0] = in;
	call.in[1] = label;
	call.kept = kept;
	call.d_in[0] = d;
	call.seed = 1 / (double)rows;
	call.sum = &sum;
	struct op_call norm = { .shape = part, .rows = unit > 0 ? rows * width / unit : 0 };
	norm.in[0] = in;
	norm.out = made;
	norm.d_out = d;
	norm.d_in[0] = back;
	if (unit > 0) {
		op_unit.forward[dtype](&norm);
		call.in[0] = made;
	}
	op->forward[dtype](&call);
	if (unit > 0) {
		op_unit.reverse[dtype](&norm);
	}
	const double *got = unit > 0 ? back : d;
	for (size_t i = 0; i < rows * width; i++) {
		gradient[i] = dtype == DTYPE_FLOAT32 ? (double)((const float *)got)[i] : got[i];
	}
	return sum / (double)rows;
}

START_TEST(values_and_gradients_are_those_of_torch)
{
	cJSON *file = golden_load("golden/losses_layers/losses_b.json");
	const cJSON *entry = case_named(file, cases[_i].name), *fixed = cJSON_GetObjectItem(entry, "fixed");
	double z[MOST], expected[MOST], got[MOST], attribute[GRAPH_ATTRIBUTES] = { 0 };
	int32_t label[MOST] = { 0 };
	size_t width, rows = read_members(golden_get(entry, "inputs"), cases[_i].member, z, &width);
	read_members(golden_get(entry, "grad"), cases[_i].member, expected, &width);
	memcpy(attribute, cases[_i].attribute, sizeof cases[_i].attribute);
	if (fixed != NULL) {
		double *target = golden_array(fixed, "target", NULL);
		for (size_t r = 0; r < rows; r++) {
			label[r] = target[r] > 0; /* 1 or 0, in another place 1 or -1 */
		}
		free(target);
	}
	for (enum dtype dtype = DTYPE_FLOAT32; dtype <= DTYPE_FLOAT64; dtype++) {
		double allowed = dtype == DTYPE_FLOAT32 ? 3e-6 : golden_number(file, "tolerance");
		double value = apply(cases[_i].op, attribute, dtype, rows, width, cases[_i].unit ? width / 2 : 0, z,
				     label, got);
		ck_assert_msg(fabs(value - golden_number(entry, "value")) <= allowed, "%s is %.17g", cases[_i].name,
			      value);
		ck_assert_msg(golden_close(got, expected, rows * width, allowed), "%s: gradients differ by %g",
			      cases[_i].name, golden_distance(got, expected, rows * width));
	}
	cJSON_Delete(file);
}
END_TEST

/* --- a loss over rows of a graph: X W -> tanh -> (unit) -> the loss --- */

enum { ROWS = 23, FEATURES = 5, EMBEDDING = 6 };

static const struct {
	const struct graph_op *op;
	size_t classes;
	bool unit;
	double attribute[GRAPH_ATTRIBUTES];
} losses[] = {
	{ &op_contrastive, 2, false, { 0.85 } },
	{ &op_contrastive, 2, true, { 1.3 } },
	{ &op_cosine_embedding, 2, false, { 0.13 } },
	{ &op_class_cosine_embedding, 3, false, { -0.2 } },
	{ &op_class_cosine_embedding, 3, true, { 0.3 } },
	{ &op_triplet_margin, 0, false, { 0.63, 2, 0 } },
	{ &op_triplet_margin, 0, false, { 0.63, 2, 1 } },
	{ &op_triplet_margin, 0, false, { 0.385, 1, 1 } },
	{ &op_triplet_margin, 0, true, { 0.385, 3.7, 0 } },
	{ &op_info_nce, 0, true, { 0.27, 0 } },
	{ &op_info_nce, 0, false, { 0.77, 1 } },
	{ &op_class_contrastive, 3, false, { 1.37 } },
	{ &op_class_contrastive, 3, true, { 0.8 } },
	{ &op_class_triplet, 3, false, { 0.63, 2, 0 } },
	{ &op_class_triplet, 3, false, { 0.63, 2, 1 } },
	{ &op_class_triplet, 4, true, { 0.385, 1, 0 } },
	{ &op_class_triplet, 4, true, { 0.385, 2.7, 1 } },
	{ &op_class_info_nce, 3, true, { 0.27 } },
	{ &op_class_info_nce, 15, false, { 1.7 } },
};
enum { LOSSES = sizeof losses / sizeof losses[0] };

static struct objective *build(size_t loss, enum dtype dtype, size_t rows, size_t slots)
{
	struct graph graph;
	struct objective *objective = NULL;
	struct error error = { .text = "" };
	const size_t extent[2] = { FEATURES, EMBEDDING };
	graph_init(&graph);
	graph.rows = rows;
	size_t x = graph_features(&graph, FEATURES), w = graph_parameter(&graph, "w", 2, extent, 0.5);
	size_t y = losses[loss].classes > 0 ? graph_label(&graph, losses[loss].classes) : NODE_NONE;
	size_t z = graph_unary(&graph, &op_tanh, graph_binary(&graph, &op_matmul, x, w));
	z = losses[loss].unit ? graph_unary(&graph, &op_unit, z) : z;
	size_t root = graph_apply_constants(&graph, losses[loss].op, (size_t[]){ z, y }, losses[loss].attribute);
	ck_assert_msg(graph.status == OK, "%s", graph.error.text);
	enum status status = graph_objective_create(&graph, root, z, dtype, slots, &objective, &error);
	ck_assert_msg(status == OK, "%s: %s", losses[loss].op->name, error.text);
	return objective;
}

START_TEST(every_gradient_is_that_of_its_value)
{
	struct model_shape shape = { .features = FEATURES, .classes = losses[_i].classes };
	struct executor executor = executor_serial();
	struct data_view data = modelling_data(DTYPE_FLOAT64, ROWS, &shape);
	struct batch batch = { .data = &data, .count = ROWS };
	for (size_t rows = 0; rows < 20; rows += 9) { /* one group, three, two */
		struct objective *objective = build((size_t)_i, DTYPE_FLOAT64, rows, 1);
		double *theta = modelling_numbers(DTYPE_FLOAT64, objective->n, 0.9, 5);
		struct gradient_error worst;
		ck_assert_int_eq(gradient_check(objective, theta, &batch, &executor, &worst), OK);
		ck_assert_msg(worst.error < 1e-6, "%s: d/dtheta[%zu] is %.12g, should be %.12g", losses[_i].op->name,
			      worst.index, worst.analytic, worst.numeric);
		free(theta);
		objective_destroy(objective);
	}
	modelling_free(&data);
}
END_TEST

START_TEST(float32_agrees_with_float64_to_its_precision)
{
	struct model_shape shape = { .features = FEATURES, .classes = losses[_i].classes };
	struct executor executor = executor_serial();
	double value[2], wide[FEATURES * EMBEDDING];
	float narrow[FEATURES * EMBEDDING];
	for (enum dtype dtype = DTYPE_FLOAT32; dtype <= DTYPE_FLOAT64; dtype++) {
		struct data_view data = modelling_data(dtype, ROWS, &shape);
		struct batch batch = { .data = &data, .count = ROWS, .training = true };
		struct objective *objective = build((size_t)_i, dtype, ROWS, 1);
		void *theta = modelling_numbers(dtype, objective->n, 0.9, 5);
		ck_assert_int_eq(objective->type->evaluate(objective, theta, &batch, &executor, &value[dtype],
							   dtype == DTYPE_FLOAT32 ? (void *)narrow : (void *)wide),
				 OK);
		free(theta);
		objective_destroy(objective);
		modelling_free(&data);
	}
	ck_assert_double_le(fabs(value[0] - value[1]), 1e-5);
	for (size_t i = 0; i < FEATURES * EMBEDDING; i++) {
		ck_assert_double_le(fabs((double)narrow[i] - wide[i]), 3e-5 * fmax(1, fabs(wide[i])));
	}
}
END_TEST

/* Rows enough for pieces, batches that are picked, evaluation in groups. */
START_TEST(any_threads_give_the_same_bits)
{
	enum { MANY = 700 };
	struct model_shape shape = { .features = FEATURES, .classes = losses[_i].classes };
	for (enum dtype dtype = DTYPE_FLOAT32; dtype <= DTYPE_FLOAT64; dtype++) {
		struct data_view data = modelling_data(dtype, MANY, &shape);
		uint32_t index[MANY];
		unsigned char bits[4][FEATURES * EMBEDDING * sizeof(double)] = { { 0 } };
		double value[4];
		size_t pieces = 0;
		for (uint32_t i = 0; i < MANY; i++) {
			index[i] = (i * 17) % MANY;
		}
		for (size_t k = 0; k < 4; k++) { /* training alone and threaded, evaluation alone and threaded */
			struct threads threads;
			struct executor serial = executor_serial();
			threads_init(&threads, 3);
			struct batch batch = { .data = &data, .index = index, .count = MANY, .training = k < 2 };
			struct objective *objective = build((size_t)_i, dtype, k < 2 ? MANY : 150, 3);
			void *theta = modelling_numbers(dtype, objective->n, 0.9, 5);
			ck_assert_int_eq(objective->type->evaluate(objective, theta, &batch,
								   k % 2 == 0 ? &serial : &threads.base, &value[k],
								   bits[k]),
					 OK);
			pieces = threads.most > pieces ? threads.most : pieces;
			free(theta);
			objective_destroy(objective);
		}
		ck_assert(value[0] == value[1] && value[2] == value[3]);
		ck_assert_mem_eq(bits[0], bits[1], sizeof bits[0]);
		ck_assert_mem_eq(bits[2], bits[3], sizeof bits[2]);
		ck_assert(!losses[_i].op->couples || pieces > 1);
		modelling_free(&data);
	}
}
END_TEST

START_TEST(more_rows_than_a_batch_count_as_the_mean_over_groups_that_are_dealt_out)
{
	struct model_shape shape = { .features = FEATURES, .classes = losses[_i].classes };
	struct executor executor = executor_serial();
	struct data_view data = modelling_data(DTYPE_FLOAT64, ROWS, &shape);
	struct objective *objective = build((size_t)_i, DTYPE_FLOAT64, 9, 1);
	double *theta = modelling_numbers(DTYPE_FLOAT64, objective->n, 0.9, 5), all, sum = 0;
	struct batch batch = { .data = &data, .count = ROWS };
	ck_assert_int_eq(objective->type->evaluate(objective, theta, &batch, &executor, &all, NULL), OK);
	for (uint32_t g = 0; g < 3; g++) {
		uint32_t index[ROWS];
		struct batch group = { .data = &data, .index = index, .training = true };
		double value;
		for (uint32_t r = g; r < ROWS; r += 3) {
			index[group.count++] = r;
		}
		ck_assert_int_eq(objective->type->evaluate(objective, theta, &group, &executor, &value, NULL), OK);
		sum += value * (double)group.count;
	}
	ck_assert_double_eq_tol(all, sum / ROWS, 1e-14);
	batch.training = true;
	enum status expected = losses[_i].op->couples ? E_TOO_LARGE : OK;
	ck_assert_int_eq(objective->type->evaluate(objective, theta, &batch, &executor, &all, NULL), expected);
	free(theta);
	modelling_free(&data);
	objective_destroy(objective);
}
END_TEST

/* --- classes, written out --- */

static double between(const double *z, size_t a, size_t b, double eps)
{
	return hypot(z[2 * a] - z[2 * b] + eps, z[2 * a + 1] - z[2 * b + 1] + eps);
}

START_TEST(losses_of_classes_are_their_definitions)
{
	enum { N = 7 };
	const double z[2 * N] = { 0.3, -1.1, 0.9, 0.4, -0.385, 1.2, 2.385, 0.7, -1.9, -0.2, 0.15, 0.25, -0.6, 1.4 };
	const int32_t label[N] = { 0, 1, 0, 1, 2, 0, 1 }; /* the 2 is alone */
	const double margin = 1.9, t = 0.7;
	double pairs = 0, angles = 0, triplets = 0, softmax = 0, anchors = 0, d[2 * N];
	for (size_t a = 0; a < N; a++) {
		double far = -1, near = 1e9, mass = 0, own = 0, mates = 0;
		for (size_t b = 0; b < N; b++) {
			const double distance = between(z, a, b, 0), shifted = between(z, a, b, 1e-6);
			const double s = (z[2 * a] * z[2 * b] + z[2 * a + 1] * z[2 * b + 1]) / t;
			if (a == b) {
				continue;
			}
			const double cosine = s * t / hypot(z[2 * a], z[2 * a + 1]) / hypot(z[2 * b], z[2 * b + 1]);
			mass += exp(s);
			angles += a > b ? 0 : label[a] == label[b] ? 1 - cosine : fmax(0, cosine - 0.2);
			if (label[a] == label[b]) {
				far = fmax(far, shifted);
				own += s;
				mates++;
				pairs += a < b ? 0.5 * distance * distance : 0;
			} else {
				near = fmin(near, shifted);
				pairs += a < b ? 0.5 * pow(fmax(0, margin - distance), 2) : 0;
			}
		}
		if (mates > 0) {
			triplets += fmax(0, far - near + margin);
			softmax += log(mass) - own / mates;
			anchors++;
		}
	}
	const double margins[GRAPH_ATTRIBUTES] = { margin, 2, 0 }, temperature[GRAPH_ATTRIBUTES] = { t };
	ck_assert_double_eq_tol(apply(&op_class_contrastive, margins, DTYPE_FLOAT64, N, 2, 0, z, label, d),
				pairs / (N * (N - 1) / 2.0), 1e-14);
	const double angle[GRAPH_ATTRIBUTES] = { 0.2 };
	ck_assert_double_eq_tol(apply(&op_class_cosine_embedding, angle, DTYPE_FLOAT64, N, 2, 0, z, label, d),
				angles / (N * (N - 1) / 2.0), 1e-11);
	ck_assert_double_eq_tol(apply(&op_class_triplet, margins, DTYPE_FLOAT64, N, 2, 0, z, label, d),
				triplets / anchors, 1e-14);
	ck_assert_double_eq_tol(apply(&op_class_info_nce, temperature, DTYPE_FLOAT64, N, 2, 0, z, label, d),
				softmax / anchors, 1e-14);
}
END_TEST

START_TEST(a_batch_without_pairs_has_no_loss_and_no_gradient)
{
	const struct graph_op *const op[] = { &op_class_contrastive, &op_class_triplet, &op_class_info_nce };
	const double z[6] = { 0.3, -1.1, 0.9, 0.4, -0.385, 1.2 }, attribute[GRAPH_ATTRIBUTES] = { 0.9, 2, 0 };
	const int32_t apart[3] = { 0, 1, 2 }, same[3] = { 1, 1, 1 };
	for (size_t k = 0; k < 3; k++) {
		double d[6] = { 7, 7, 7, 7, 7, 7 };
		/* one row */
		ck_assert_double_eq(apply(op[k], attribute, DTYPE_FLOAT64, 1, 2, 0, z, apart, d), 0);
		ck_assert(d[0] == 0 && d[1] == 0);
		/* no two of a class (pairs that are unlike remain); all of one class (no triplet) */
		double value = apply(op[k], attribute, DTYPE_FLOAT64, 3, 2, 0, z, apart, d);
		ck_assert(isfinite(value) && isfinite(d[0]));
		ck_assert(k == 0 || (value == 0 && d[0] == 0 && d[5] == 0));
		value = apply(op[k], attribute, DTYPE_FLOAT64, 3, 2, 0, z, same, d);
		ck_assert(isfinite(value) && isfinite(d[0]));
		ck_assert(k != 1 || (value == 0 && d[0] == 0 && d[5] == 0));
	}
	/* one query is its own key's only candidate */
	double d[2];
	const double temperature[GRAPH_ATTRIBUTES] = { 0.5, 1 };
	ck_assert_double_eq(apply(&op_info_nce, temperature, DTYPE_FLOAT64, 1, 2, 0, z, NULL, d), 0);
	ck_assert(d[0] == 0 && d[1] == 0);
}
END_TEST

/* Points at one place, rows of zeros, similarities that overflow exp. */
START_TEST(odd_embeddings_give_finite_numbers)
{
	const double zeros[12] = { 0 }, margins[GRAPH_ATTRIBUTES] = { 1, 2, 0 }, powers[GRAPH_ATTRIBUTES] = { 1, 3, 1 };
	const double large[4] = { 900, 900, -900, 900 }, cold[GRAPH_ATTRIBUTES] = { 1e-3, 1 };
	const int32_t label[4] = { 0, 1, 0, 1 };
	const struct graph_op *const op[] = { &op_contrastive,    &op_class_contrastive, &op_class_triplet,
					      &op_class_info_nce, &op_info_nce,          &op_triplet_margin };
	for (size_t k = 0; k < 6; k++) {
		double d[12];
		const size_t width = op[k] == &op_triplet_margin ? 3 : 2;
		const double *const attribute[2] = { margins, powers };
		for (size_t a = 0; a < 2; a++) {
			double value = apply(op[k], attribute[a], DTYPE_FLOAT64, 4, width, 0, zeros, label, d);
			ck_assert_msg(isfinite(value) && isfinite(d[0]) && isfinite(d[7]), "%s: %g", op[k]->name,
				      value);
			value = apply(op[k], attribute[a], DTYPE_FLOAT64, 4, width, 1, zeros, label, d);
			ck_assert_msg(isfinite(value) && isfinite(d[0]) && isfinite(d[7]), "%s of unit rows: %g",
				      op[k]->name, value);
		}
	}
	double d[4];
	ck_assert(isfinite(apply(&op_info_nce, cold, DTYPE_FLOAT64, 2, 2, 0, large, NULL, d)));
	ck_assert(isfinite(d[0]) && isfinite(d[3]));
}
END_TEST

/* Set by the time that the block begins or soon after: the evaluation leaves off, and says so. */
START_TEST(a_long_comparison_stops_when_it_is_asked_to)
{
	enum { MANY = 600 };
	struct model_shape shape = { .features = FEATURES, .classes = losses[_i].classes };
	struct data_view data = modelling_data(DTYPE_FLOAT64, MANY, &shape);
	struct objective *objective = build((size_t)_i, DTYPE_FLOAT64, MANY, 1);
	atomic_bool stop = true;
	struct executor executor = executor_serial();
	executor.stop = &stop;
	double *theta = modelling_numbers(DTYPE_FLOAT64, objective->n, 0.9, 5), gradient[FEATURES * EMBEDDING], value;
	struct batch batch = { .data = &data, .count = MANY, .training = true };
	ck_assert_int_eq(objective->type->evaluate(objective, theta, &batch, &executor, &value, gradient), E_CANCELLED);
	free(theta);
	modelling_free(&data);
	objective_destroy(objective);
}
END_TEST

/* --- columns --- */

START_TEST(columns_are_cut_out_of_rows_and_their_gradients_put_back)
{
	const double x[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, d[4] = { 0.5, -0.25, 2.385, 3 };
	double out[4], dx[12];
	const double attribute[GRAPH_ATTRIBUTES] = { 3, 1, 2 };
	struct shape shape[GRAPH_ARITY + 1] = { { .rowed = true, .rank = 1, .extent = { 6 } } };
	struct error error;
	ck_assert_int_eq(op_columns.shape_with(shape, attribute, &shape[GRAPH_ARITY], &error), OK);
	struct op_call call = { .shape = shape, .attribute = attribute, .rows = 2 };
	call.in[0] = x;
	call.out = out;
	call.d_out = (void *)(uintptr_t)d;
	call.d_in[0] = dx;
	op_columns.forward[DTYPE_FLOAT64](&call);
	ck_assert(out[0] == 4 && out[1] == 5 && out[2] == 10 && out[3] == 11);
	for (int again = 0; again < 2; again++) {
		call.accumulate[0] = again != 0;
		op_columns.reverse[DTYPE_FLOAT64](&call);
	}
	ck_assert(dx[2] == 0 && dx[3] == 1 && dx[4] == -0.5 && dx[9] == 4.77 && dx[10] == 6 && dx[11] == 0);
	const double beyond[GRAPH_ATTRIBUTES] = { 5, 1, 2 };
	ck_assert_int_eq(op_columns.shape_with(shape, beyond, &shape[GRAPH_ARITY], &error), E_INVALID);
}
END_TEST

START_TEST(shapes_that_do_not_fit_are_refused)
{
	static const struct {
		const struct graph_op *op;
		size_t width, classes;
	} wrong[] = {
		{ &op_contrastive, 3, 2 }, { &op_contrastive, 4, 3 },   { &op_triplet_margin, 4, 0 },
		{ &op_info_nce, 5, 0 },    { &op_class_triplet, 3, 0 },
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct shape in[GRAPH_ARITY] = { { .rowed = true, .rank = 1, .extent = { wrong[i].width } },
						 { .rowed = true, .classes = wrong[i].classes } };
		struct shape out;
		struct error error;
		ck_assert_int_eq(wrong[i].op->shape(in, &out, &error), E_INVALID);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compare");
	TCase *values = tcase_create("values");
	tcase_add_loop_test(values, values_and_gradients_are_those_of_torch, 0, CASES);
	tcase_add_test(values, losses_of_classes_are_their_definitions);
	tcase_add_test(values, a_batch_without_pairs_has_no_loss_and_no_gradient);
	tcase_add_test(values, odd_embeddings_give_finite_numbers);
	tcase_add_test(values, columns_are_cut_out_of_rows_and_their_gradients_put_back);
	tcase_add_test(values, shapes_that_do_not_fit_are_refused);
	suite_add_tcase(suite, values);
	TCase *plans = tcase_create("plans");
	tcase_add_loop_test(plans, every_gradient_is_that_of_its_value, 0, LOSSES);
	tcase_add_loop_test(plans, float32_agrees_with_float64_to_its_precision, 0, LOSSES);
	tcase_add_loop_test(plans, any_threads_give_the_same_bits, 0, LOSSES);
	tcase_add_loop_test(plans, more_rows_than_a_batch_count_as_the_mean_over_groups_that_are_dealt_out, 0, LOSSES);
	tcase_add_loop_test(plans, a_long_comparison_stops_when_it_is_asked_to, 0, LOSSES);
	suite_add_tcase(suite, plans);
	return suite_run(suite);
}
