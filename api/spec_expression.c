/*
 * The model that a user writes: its text, parameters, constants, and the columns that it may name.
 *
 * Names are looked up in parameters, constants, then the data: each numeric column by its own name (or the one that
 * `columns` gives it), X all features, y the target. A name that is found twice is a fault, not a guess.
 */
#include <math.h>
#include <string.h>

#include "api/expressions.h"
#include "api/spec.h"
#include "core/graph/start.h"
#include "core/model/expression.h"

enum { PARAMETERS_MAX = 256, CONSTANT_NUMBERS_MAX = 1000000, PARAMETER_NUMBERS_MAX = 100 * 1000 * 1000 };

static const struct at at_model = { NULL, "model", 0 };
static const struct at at_parameters = { &at_model, "parameters", 0 };
static const struct at at_constants = { &at_model, "constants", 0 };
static const struct at at_columns = { &at_model, "columns", 0 };

struct names {
	struct judge *judge;
	struct expression_parameter *parameter;
	size_t parameters;
	struct expression_symbol *symbol;
	size_t symbols;
};

/* Whether the name is free and may be one; notes it when not. */
static bool is_free(struct names *names, const struct at *at, const char *name)
{
	bool taken = false;
	for (size_t i = 0; i < names->parameters && !taken; i++) {
		taken = strcmp(names->parameter[i].name, name) == 0;
	}
	for (size_t i = 0; i < names->symbols && !taken; i++) {
		taken = strcmp(names->symbol[i].name, name) == 0;
	}
	if (name[0] == '\0' || strlen(name) > 63) {
		reader_fault(&names->judge->reader, at, FAULT_OUT_OF_RANGE, NULL, NULL,
			     "a name has between 1 and 63 bytes");
	} else if (expression_reserved(name)) {
		reader_fault(&names->judge->reader, at, FAULT_NOT_ALLOWED, NULL, NULL,
			     "%s is the name of a function or a number", name);
	} else if (taken) {
		reader_fault(&names->judge->reader, at, FAULT_DUPLICATE, NULL, NULL,
			     "the name %s means something else already: a parameter, a constant or a column", name);
	} else {
		return true;
	}
	return false;
}

static void add_symbol(struct names *names, const char *name, enum symbol_kind kind, size_t column)
{
	names->symbol[names->symbols++] = (struct expression_symbol){
		.name = arena_strdup(names->judge->reader.arena, name),
		.kind = kind,
		.column = column,
		.node = NODE_NONE,
	};
}

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

/* The values of what is not trained. */
static const double *fixed_values(struct judge *judge, const struct shape *shape, const struct start *start)
{
	size_t size = shape_size(shape);
	if (start->kind == START_VALUES && start->values != NULL) {
		return start->values;
	}
	double *values = size <= CONSTANT_NUMBERS_MAX ? arena_alloc(judge->reader.arena, size, sizeof *values) : NULL;
	for (size_t i = 0; i < size && values != NULL; i++) {
		values[i] = start->kind == START_FILL ? start->fill : 0;
	}
	return values;
}

/* Numbers: one for all, or as many as the parameter has. */
static void read_values(struct judge *judge, const struct at *at, const cJSON *item, const struct shape *shape,
			struct start *start)
{
	struct shape given;
	if (!tensor_read(&judge->reader, at, item, PARAMETER_NUMBERS_MAX, &given, &start->values)) {
		return;
	}
	if (given.rank == 0) {
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
	if (rule.law == STARTS_ORTHOGONAL && (shape->rank != 2 || !start_affordable(&rule, 2, shape->extent))) {
		reader_fault(&judge->reader, at, FAULT_NOT_ALLOWED, NULL, NULL,
			     shape->rank != 2 ? "orthogonal is for matrices"
					      : "an orthogonal start of this size takes too long: use another init");
	}
}

static void read_init(struct judge *judge, const struct at *at, const cJSON *item,
		      struct expression_parameter *parameter)
{
	if (item != NULL && (cJSON_IsArray(item) || cJSON_IsNumber(item))) {
		read_values(judge, at, item, &parameter->shape, &parameter->start);
	} else if (item != NULL) {
		read_law(judge, at, item, parameter);
	}
}

/* min and max of a parameter; its start must lie between them. */
static void take_bounds(struct judge *judge, const struct at *at, const cJSON *min, const cJSON *max,
			struct expression_parameter *parameter)
{
	const struct start *start = &parameter->start;
	const size_t size = shape_size(&parameter->shape);
	struct at at_min = { at, "min", 0 }, at_max = { at, "max", 0 }, at_init = { at, "init", 0 };
	if (min == NULL && max == NULL) {
		return;
	}
	if (size > CONSTANT_NUMBERS_MAX) {
		reader_fault(&judge->reader, min != NULL ? &at_min : &at_max, FAULT_OUT_OF_RANGE, NULL, NULL,
			     "at most %d numbers have bounds", CONSTANT_NUMBERS_MAX);
		return;
	}
	parameter->lower = bounds_read(judge, &at_min, min, size, -(double)INFINITY);
	parameter->upper = bounds_read(judge, &at_max, max, size, (double)INFINITY);
	if (parameter->lower == NULL || parameter->upper == NULL ||
	    !bounds_check(judge, min != NULL ? &at_min : &at_max, parameter->lower, parameter->upper, size)) {
		return;
	}
	judge->spec->train.bounded = true;
	for (size_t i = 0; i < size && start->kind != START_RULE; i++) {
		const double x = start->kind == START_FILL ? start->fill : start->values != NULL ? start->values[i] : 0;
		if (x < parameter->lower[i] || x > parameter->upper[i]) {
			reader_fault(&judge->reader, &at_init, FAULT_OUT_OF_RANGE, NULL, NULL,
				     "%s begins at %.17g, outside of its bounds min and max", parameter->name, x);
			return;
		}
	}
}

/* A number, nested lists, or {"shape", "init", "min", "max", "trainable"}. One that is not trained is a constant. */
static void take_parameter(struct names *names, const cJSON *item)
{
	struct judge *judge = names->judge;
	struct at at = { &at_parameters, item->string, 0 };
	struct at at_shape = { &at, "shape", 0 }, at_init = { &at, "init", 0 }, at_train = { &at, "trainable", 0 };
	struct field fields[] = {
		{ .name = "shape" }, { .name = "init" }, { .name = "trainable" }, { .name = "min" }, { .name = "max" },
	};
	struct expression_parameter parameter = { .name = arena_strdup(judge->reader.arena, item->string) };
	bool trainable = true;
	if (!is_free(names, &at, item->string)) {
		return;
	}
	if (!cJSON_IsObject(item)) {
		if (!tensor_read(&judge->reader, &at, item, PARAMETER_NUMBERS_MAX, &parameter.shape,
				 &parameter.start.values)) {
			return;
		}
	} else {
		if (!read_object(&judge->reader, &at, item, fields, 5, NULL, NULL) ||
		    !read_shape(judge, &at_shape, fields[0].item, &parameter.shape)) {
			return;
		}
		read_init(judge, &at_init, fields[1].item, &parameter);
		take_bounds(judge, &at, fields[3].item, fields[4].item, &parameter);
		if (fields[2].item != NULL) {
			read_bool(&judge->reader, &at_train, fields[2].item, &trainable);
		}
	}
	if (trainable) {
		names->parameter[names->parameters++] = parameter;
		return;
	}
	const double *values = fixed_values(judge, &parameter.shape, &parameter.start);
	if (parameter.start.kind == START_RULE || values == NULL) {
		reader_fault(&judge->reader, &at_init, FAULT_NOT_ALLOWED, NULL, NULL,
			     "what is not trained needs its values said, at most %d", CONSTANT_NUMBERS_MAX);
		return;
	}
	add_symbol(names, item->string, SYMBOL_CONSTANT, 0);
	names->symbol[names->symbols - 1].shape = parameter.shape;
	names->symbol[names->symbols - 1].values = values;
}

static void take_constant(struct names *names, const cJSON *item)
{
	struct at at = { &at_constants, item->string, 0 };
	struct shape shape;
	const double *values;
	if (is_free(names, &at, item->string) &&
	    tensor_read(&names->judge->reader, &at, item, CONSTANT_NUMBERS_MAX, &shape, &values)) {
		add_symbol(names, item->string, SYMBOL_CONSTANT, 0);
		names->symbol[names->symbols - 1].shape = shape;
		names->symbol[names->symbols - 1].values = values;
	}
}

/* The name that `columns` gives to a column, or its own. */
static const char *local_name(const cJSON *columns, const char *name)
{
	for (const cJSON *item = columns != NULL ? columns->child : NULL; item != NULL; item = item->next) {
		if (cJSON_IsString(item) && strcmp(item->valuestring, name) == 0) {
			return item->string;
		}
	}
	return name;
}

/* A column under its name; one whose own name is that of a function can only be reached by another. */
static bool add_column(struct names *names, const cJSON *columns, const char *column, enum symbol_kind kind,
		       size_t index)
{
	const char *name = local_name(columns, column);
	struct at at = { &at_columns, name, 0 };
	const struct at *where = &at;
	if (name == column) {
		where = &at_columns;
		if (expression_reserved(name) || strlen(name) > 63) {
			return false;
		}
	}
	if (!is_free(names, where, name)) {
		return false;
	}
	add_symbol(names, name, kind, index);
	return strcmp(name, "y") == 0;
}

static void take_columns(struct names *names, const cJSON *columns)
{
	const struct job_spec *spec = names->judge->spec;
	bool has_y = false;
	for (const cJSON *item = columns != NULL ? columns->child : NULL; item != NULL; item = item->next) {
		struct at at = { &at_columns, item->string, 0 };
		bool known = false;
		for (size_t i = 0; cJSON_IsString(item) && i < spec->feature_count + spec->target_count; i++) {
			const char *name =
				i < spec->feature_count ? spec->feature[i] : spec->target[i - spec->feature_count];
			known = known || strcmp(name, item->valuestring) == 0;
		}
		if (!known) {
			reader_fault(&names->judge->reader, &at, FAULT_NOT_FOUND, NULL, NULL,
				     "this is neither a feature nor a target of the dataset");
		}
	}
	for (size_t i = 0; i < spec->feature_count; i++) {
		has_y = add_column(names, columns, spec->feature[i], SYMBOL_COLUMN, i) || has_y;
	}
	if (spec->target_count == 1) {
		has_y = add_column(names, columns, spec->target[0], SYMBOL_TARGET, 0) || has_y;
	}
	struct at at_x = { &at_parameters, "X", 0 }, at_y = { &at_parameters, "y", 0 };
	bool has_x = false;
	for (size_t i = 0; i < names->symbols; i++) {
		has_x = has_x || (names->symbol[i].kind != SYMBOL_CONSTANT && strcmp(names->symbol[i].name, "X") == 0);
	}
	if (!has_x && is_free(names, &at_x, "X")) {
		add_symbol(names, "X", SYMBOL_FEATURES, 0);
	}
	if (!has_y && spec->target_count > 0 && is_free(names, &at_y, "y")) {
		add_symbol(names, "y", SYMBOL_TARGET, 0);
	}
}

/* Members of an object; a fault when it is something else or has too many. */
static const cJSON *members(struct judge *judge, const struct at *at, const cJSON *item)
{
	if (item == NULL || cJSON_IsNull(item)) {
		return NULL;
	}
	if (!cJSON_IsObject(item)) {
		reader_fault(&judge->reader, at, FAULT_WRONG_TYPE, NULL, NULL,
			     "an object {name: ...} is wanted, %s was given", json_kind(item));
		return NULL;
	}
	if (json_count(item) > PARAMETERS_MAX) {
		reader_fault(&judge->reader, at, FAULT_OUT_OF_RANGE, NULL, NULL, "at most %d names are taken",
			     PARAMETERS_MAX);
		return NULL;
	}
	return item->child;
}

/* The text itself, once every name is known. */
static void judge_text(struct judge *judge, struct expression_config *config)
{
	struct expression_error error;
	char couples[200];
	bool objective = config->objective != NULL;
	const char *text = objective ? config->objective : config->prediction;
	if (judge->reader.problem->faults_total > 0 || arena_failed(judge->reader.arena)) {
		return;
	}
	enum status status = expression_check(&judge->spec->model, &judge->spec->shape, couples, &error);
	if (status == E_MEMORY) {
		judge->failed = true;
	} else if (status != OK) {
		expression_fault(judge->reader.problem, objective ? "/model/objective" : "/model/prediction", text,
				 &error);
	} else if (couples[0] != '\0') {
		judge->couples = arena_strdup(judge->reader.arena, couples);
	}
}

void judge_expression(struct judge *judge, const struct field *fields)
{
	struct arena *arena = judge->reader.arena;
	struct job_spec *spec = judge->spec;
	struct expression_config *config = arena_alloc(arena, 1, sizeof *config);
	size_t room = 2 * PARAMETERS_MAX + spec->feature_count + 4;
	struct names names = { .judge = judge };
	const char *text[2] = { NULL, NULL };
	names.parameter = arena_alloc(arena, PARAMETERS_MAX, sizeof *names.parameter);
	names.symbol = arena_alloc(arena, room, sizeof *names.symbol);
	if (arena_failed(arena)) {
		return;
	}
	for (size_t k = 0; k < 2; k++) {
		struct at at = { &at_model, fields[EXPRESSION_OBJECTIVE + k].name, 0 };
		const cJSON *item = fields[EXPRESSION_OBJECTIVE + k].item;
		if (item != NULL && !cJSON_IsNull(item) && read_string(&judge->reader, &at, item, &text[k])) {
			text[k] = arena_strdup(arena, text[k]);
		}
	}
	if (arena_failed(arena)) {
		return;
	}
	struct at at_objective = { &at_model, "objective", 0 }, at_prediction = { &at_model, "prediction", 0 };
	if ((text[0] == NULL) == (text[1] == NULL)) {
		reader_fault(&judge->reader, &at_objective, text[0] == NULL ? FAULT_MISSING : FAULT_NOT_ALLOWED, NULL,
			     NULL, "give either an objective or a prediction with a loss");
	} else if (text[1] != NULL && judge->rowless) {
		reader_fault(&judge->reader, &at_prediction, FAULT_NOT_ALLOWED, NULL, NULL,
			     "a prediction needs a dataset; without one give an objective");
	}
	for (const cJSON *item = members(judge, &at_parameters, fields[EXPRESSION_PARAMETERS].item); item != NULL;
	     item = item->next) {
		take_parameter(&names, item);
	}
	for (const cJSON *item = members(judge, &at_constants, fields[EXPRESSION_CONSTANTS].item); item != NULL;
	     item = item->next) {
		take_constant(&names, item);
	}
	const cJSON *columns = fields[EXPRESSION_COLUMNS].item;
	members(judge, &at_columns, columns);
	if (names.parameters == 0) {
		reader_fault(&judge->reader, &at_parameters, FAULT_MISSING, NULL, NULL,
			     "say what is to be found, for example \"parameters\": {\"a\": 1}");
	}
	spec->model.expression = config;
	if (judge->rowless) {
		judge->shape_known = true;
	} else if (judge->columns_known && judge->shape_known) {
		spec->shape.rows = (size_t)(spec->training_rows + spec->validation_rows);
		take_columns(&names, cJSON_IsObject(columns) ? columns : NULL);
	}
	*config = (struct expression_config){
		.objective = text[0],
		.prediction = text[1],
		.parameter = names.parameter,
		.parameters = names.parameters,
		.symbol = names.symbol,
		.symbols = names.symbols,
	};
	if (judge->shape_known) {
		judge_text(judge, config);
	}
}

/* A tree with every number exact. */
static void tree_render(const cJSON *item, struct text *out)
{
	if (cJSON_IsNumber(item)) {
		text_json_double(out, item->valuedouble);
	} else if (cJSON_IsString(item)) {
		text_json_string(out, item->valuestring);
	} else if (cJSON_IsBool(item)) {
		text_json_bool(out, cJSON_IsTrue(item));
	} else if (cJSON_IsArray(item) || cJSON_IsObject(item)) {
		bool object = cJSON_IsObject(item);
		text_puts(out, object ? "{" : "[");
		for (const cJSON *child = item->child; child != NULL; child = child->next) {
			text_puts(out, child == item->child ? "" : ",");
			if (object) {
				text_json_string(out, child->string);
				text_puts(out, ":");
			}
			tree_render(child, out);
		}
		text_puts(out, object ? "}" : "]");
	} else {
		text_puts(out, "null");
	}
}

/* A parameter as it was given, the law of its start with every setting. */
static void parameter_render(const struct judge *judge, const cJSON *item, struct text *out)
{
	const struct expression_config *config = judge->spec->model.expression;
	const struct expression_parameter *parameter = NULL;
	for (size_t p = 0; p < config->parameters; p++) {
		parameter = strcmp(config->parameter[p].name, item->string) == 0 ? &config->parameter[p] : parameter;
	}
	if (parameter == NULL || parameter->init == NULL) {
		tree_render(item, out);
		return;
	}
	text_puts(out, "{\"shape\":[");
	for (size_t d = 0; d < parameter->shape.rank; d++) {
		text_printf(out, "%s%zu", d > 0 ? "," : "", parameter->shape.extent[d]);
	}
	text_puts(out, "]");
	member_typed(out, "init", parameter->init->name, &parameter->init_settings);
	for (const cJSON *child = item->child; child != NULL; child = child->next) {
		if (strcmp(child->string, "shape") != 0 && strcmp(child->string, "init") != 0) {
			text_puts(out, ",");
			text_json_string(out, child->string);
			text_puts(out, ":");
			tree_render(child, out);
		}
	}
	text_puts(out, "}");
}

static void parameters_render(const struct judge *judge, const cJSON *item, struct text *out)
{
	text_puts(out, "{");
	for (const cJSON *child = item->child; child != NULL; child = child->next) {
		text_puts(out, child == item->child ? "" : ",");
		text_json_string(out, child->string);
		text_puts(out, ":");
		parameter_render(judge, child, out);
	}
	text_puts(out, "}");
}

void expression_render(const struct judge *judge, struct text *out)
{
	static const char *const names[] = { "objective", "prediction", "parameters", "constants", "columns" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const cJSON *item = cJSON_GetObjectItemCaseSensitive(judge->top[TOP_MODEL].item, names[i]);
		if (item != NULL && !cJSON_IsNull(item)) {
			text_printf(out, ",\"%s\":", names[i]);
			if (i == EXPRESSION_PARAMETERS) {
				parameters_render(judge, item, out);
			} else {
				tree_render(item, out);
			}
		}
	}
}
