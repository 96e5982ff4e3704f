/* A parameter of the model that a user writes: its shape, how it starts, its bounds. */
#include <math.h>

#include "api/expressions.h"
#include "api/spec.h"
#include "core/graph/start.h"
#include "core/model/expression.h"

enum { PARAMETER_NUMBERS_MAX = 100 * 1000 * 1000 };

static bool read_shape(struct judge *judge, const struct at *at, const cJSON *item, struct shape *shape)
{
	const double *extent;
	size_t count, size = 1;
	struct range range = { 1, PARAMETER_NUMBERS_MAX, false, false, NULL };
	*shape = (struct shape){ .rank = 0 };
	if (item == NULL || (cJSON_IsArray(item) && item->child == NULL)) {
		return true;
	}
	if (!read_vector(&judge->reader, at, item, 0, range, &extent, &count)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (extent[i] != floor(extent[i]) || count > 2 || (double)size * extent[i] > PARAMETER_NUMBERS_MAX) {
			reader_fault(&judge->reader, at, FAULT_OUT_OF_RANGE, NULL, NULL,
				     "one or two whole numbers are wanted, and at most %d elements",
				     PARAMETER_NUMBERS_MAX);
			return false;
		}
		shape->extent[i] = (size_t)extent[i];
		size *= shape->extent[i];
	}
	shape->rank = count;
	return true;
}

/* Numbers: one for all, or as many as the parameter has. shape: NULL where it was not said, *own is then made. */
static void read_values(struct judge *judge, const struct at *at, const cJSON *item, const struct shape *shape,
			struct shape *own, struct start *start)
{
	struct shape given;
	if (!tensor_read(&judge->reader, at, item, PARAMETER_NUMBERS_MAX, &given, &start->values)) {
		return;
	}
	if (shape == NULL) { /* it is that of the numbers */
		*own = given;
	} else if (given.rank == 0) {
		*start = (struct start){ .kind = START_FILL, .fill = start->values[0] };
	} else if (!shape_equal(&given, shape)) {
		char a[64], b[64];
		reader_fault(&judge->reader, at, FAULT_WRONG_TYPE, NULL, NULL,
			     "these numbers have the shape %s, the parameter %s", tensor_shape_text(&given, a),
			     tensor_shape_text(shape, b));
	}
}

/* By one of the laws that layers start by. A matrix [a, b] makes b numbers from a, as in X @ W, a vector [a] one. */
static void read_law(struct judge *judge, const struct at *at, const cJSON *item,
		     struct expression_parameter *parameter)
{
	const struct shape *shape = &parameter->shape;
	judge_init(judge, at, item, &parameter->init, &parameter->init_settings);
	if (parameter->init == NULL || judge->reader.problem->faults_total > 0) {
		return;
	}
	const struct start_rule rule =
		parameter->init->rule(&parameter->init_settings, shape->rank > 0 ? shape->extent[0] : 1,
				      shape->rank > 1 ? shape->extent[1] : 1);
	parameter->start = rule.law == STARTS_AT ? (struct start){ .kind = START_FILL, .fill = rule.middle }
						 : (struct start){ .kind = START_RULE, .rule = rule };
	if (rule.law == STARTS_ORTHOGONAL &&
	    (shape->rank != 2 || !start_affordable(&rule, 2, shape->extent, &judge->start_products))) {
		reader_fault(&judge->reader, at, FAULT_NOT_ALLOWED, NULL, NULL,
			     shape->rank != 2 ? "orthogonal is for matrices"
					      : "an orthogonal start of this size takes too long, with those before "
						"it: use another init");
	}
}

static void read_init(struct judge *judge, const struct at *at, const cJSON *item, bool shaped,
		      struct expression_parameter *parameter)
{
	if (item != NULL && (cJSON_IsArray(item) || cJSON_IsNumber(item))) {
		read_values(judge, at, item, shaped ? &parameter->shape : NULL, &parameter->shape, &parameter->start);
	} else if (item != NULL) {
		read_law(judge, at, item, parameter);
	}
}

/* The start must lie between min and max. */
static void check_start(struct judge *judge, const struct at *at, const struct expression_parameter *parameter)
{
	const struct start *start = &parameter->start;
	const bool listed = start->kind == START_VALUES && start->values != NULL;
	const bool one = !listed && parameter->lowers == 1 && parameter->uppers == 1;
	const size_t size = one ? 1 : shape_size(&parameter->shape);
	for (size_t i = 0; i < size && start->kind != START_RULE; i++) {
		const double x = start->kind == START_FILL ? start->fill : listed ? start->values[i] : 0;
		if (x < parameter->lower[parameter->lowers > 1 ? i : 0] ||
		    x > parameter->upper[parameter->uppers > 1 ? i : 0]) {
			struct at here = { at, "init", 0 };
			reader_fault(&judge->reader, &here, FAULT_OUT_OF_RANGE, NULL, NULL,
				     "%s begins at %.17g, outside of its bounds min and max", parameter->name, x);
			return;
		}
	}
}

/* min and max of a parameter. One for all its numbers stays one: it costs nothing to say it of many. */
static void take_bounds(struct judge *judge, const struct at *at, const cJSON *min, const cJSON *max,
			struct expression_parameter *parameter)
{
	const size_t size = shape_size(&parameter->shape), faults = judge->reader.problem->faults_total;
	struct at at_min = { at, "min", 0 }, at_max = { at, "max", 0 };
	if (min == NULL && max == NULL) {
		return;
	}
	if (size > CONSTANT_NUMBERS_MAX) {
		reader_fault(&judge->reader, min != NULL ? &at_min : &at_max, FAULT_OUT_OF_RANGE, NULL, NULL,
			     "at most %d numbers have bounds", CONSTANT_NUMBERS_MAX);
		return;
	}
	parameter->lowers = cJSON_IsArray(min) ? size : 1;
	parameter->uppers = cJSON_IsArray(max) ? size : 1;
	parameter->lower = bounds_read(judge, &at_min, min, parameter->lowers, -(double)INFINITY);
	parameter->upper = bounds_read(judge, &at_max, max, parameter->uppers, (double)INFINITY);
	if (parameter->lower == NULL || parameter->upper == NULL || judge->reader.problem->faults_total > faults ||
	    !bounds_check(judge, min != NULL ? &at_min : &at_max, parameter->lower, parameter->lowers, parameter->upper,
			  parameter->uppers)) {
		return;
	}
	judge->spec->train.bounded = true;
	check_start(judge, at, parameter);
}

bool judge_parameter(struct judge *judge, const struct at *at, const cJSON *item, struct expression_parameter *out,
		     bool *trainable)
{
	struct at at_shape = { at, "shape", 0 }, at_init = { at, "init", 0 }, at_train = { at, "trainable", 0 };
	struct field fields[] = {
		{ .name = "shape" }, { .name = "init" }, { .name = "trainable" }, { .name = "min" }, { .name = "max" },
	};
	if (!cJSON_IsObject(item)) {
		return tensor_read(&judge->reader, at, item, PARAMETER_NUMBERS_MAX, &out->shape, &out->start.values);
	}
	if (!read_object(&judge->reader, at, item, fields, 5, NULL, NULL) ||
	    !read_shape(judge, &at_shape, fields[0].item, &out->shape)) {
		return false;
	}
	read_init(judge, &at_init, fields[1].item, fields[0].item != NULL, out);
	take_bounds(judge, at, fields[3].item, fields[4].item, out);
	if (fields[2].item != NULL) {
		read_bool(&judge->reader, &at_train, fields[2].item, trainable);
	}
	return true;
}

const double *parameter_values(struct judge *judge, const struct expression_parameter *parameter)
{
	const struct start *start = &parameter->start;
	const size_t size = shape_size(&parameter->shape);
	if (start->kind == START_RULE) {
		return NULL;
	}
	if (start->kind == START_VALUES && start->values != NULL) {
		return start->values;
	}
	judge->filled += size; /* of at most 256 parameters of at most 1e8 numbers each */
	if (judge->filled > CONSTANT_NUMBERS_MAX) {
		return NULL;
	}
	double *values = arena_alloc(judge->reader.arena, size, sizeof *values);
	for (size_t i = 0; i < size && values != NULL; i++) {
		values[i] = start->kind == START_FILL ? start->fill : 0;
	}
	return values;
}
