/*
 * The model that a user writes: its text and every name in it, parameters, constants and columns.
 *
 * Names are looked up in parameters, constants, then the data: each numeric column by its own name (or the one that
 * `columns` gives it), X all features, y the target. A name that is found twice is a fault, not a guess.
 */
#include <math.h>
#include <string.h>

#include "api/expressions.h"
#include "api/spec.h"
#include "core/model/expression.h"

enum { PARAMETERS_MAX = 256 };

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
	/* Every name that means something, by its hash: a table may have tens of thousands of columns. */
	const char **taken;         /* [places], NULL where there is none; more than half are */
	size_t places;              /* a power of two */
	const struct field *fields; /* of the job */
};

/* Where the name lies in the table, or would lie. FNV-1a, linear probing. */
static const char **place_of(const struct names *names, const char *name)
{
	uint64_t hash = 14695981039346656037u;
	for (const char *c = name; *c != '\0'; c++) {
		hash = (hash ^ (unsigned char)*c) * 1099511628211u;
	}
	size_t i = (size_t)(hash ^ hash >> 32) & (names->places - 1);
	while (names->taken[i] != NULL && strcmp(names->taken[i], name) != 0) {
		i = (i + 1) & (names->places - 1);
	}
	return &names->taken[i];
}

static bool is_taken(const struct names *names, const char *name)
{
	return *place_of(names, name) != NULL;
}

/* Whether the name is free and may be one; notes it when not. */
static bool is_free(struct names *names, const struct at *at, const char *name)
{
	if (name[0] == '\0' || strlen(name) > 63) {
		reader_fault(&names->judge->reader, at, FAULT_OUT_OF_RANGE, NULL, NULL,
			     "a name has between 1 and 63 bytes");
	} else if (expression_reserved(name)) {
		reader_fault(&names->judge->reader, at, FAULT_NOT_ALLOWED, NULL, NULL,
			     "%s is the name of a function or a number", name);
	} else if (is_taken(names, name)) {
		reader_fault(&names->judge->reader, at, FAULT_DUPLICATE, NULL, NULL,
			     "the name %s means something else already: a parameter, a constant or a column", name);
	} else {
		return true;
	}
	return false;
}

/* Where the job says a name that the data have: in parameters, constants, or renaming a column. */
static struct at culprit(const struct names *names, const char *name)
{
	struct at at = { &at_columns, name, 0 };
	if (cJSON_GetObjectItemCaseSensitive(names->fields[EXPRESSION_CONSTANTS].item, name) != NULL) {
		at.up = &at_constants;
	} else if (cJSON_GetObjectItemCaseSensitive(names->fields[EXPRESSION_PARAMETERS].item, name) != NULL) {
		at.up = &at_parameters;
	}
	return at;
}

/* Whether a name that the data bring along is free; `what` has it. Notes it when not. */
static bool is_free_of(struct names *names, const char *name, const char *what)
{
	if (!is_taken(names, name)) {
		return true;
	}
	struct at at = culprit(names, name);
	reader_fault(&names->judge->reader, &at, FAULT_DUPLICATE, NULL, NULL,
		     "%s has the name %s too: call this something else, or the column by `columns`", what, name);
	return false;
}

static void add_symbol(struct names *names, const char *name, enum symbol_kind kind, size_t column)
{
	*place_of(names, name) = name;
	names->symbol[names->symbols++] = (struct expression_symbol){
		.name = arena_strdup(names->judge->reader.arena, name),
		.kind = kind,
		.column = column,
		.node = NODE_NONE,
	};
}

/* One that is not trained is a constant. */
static void take_parameter(struct names *names, const cJSON *item)
{
	struct judge *judge = names->judge;
	struct at at = { &at_parameters, item->string, 0 }, at_init = { &at, "init", 0 };
	struct expression_parameter parameter = { .name = arena_strdup(judge->reader.arena, item->string) };
	bool trainable = true;
	if (!is_free(names, &at, item->string) || !judge_parameter(judge, &at, item, &parameter, &trainable)) {
		return;
	}
	if (trainable) {
		*place_of(names, item->string) = item->string;
		names->parameter[names->parameters++] = parameter;
		return;
	}
	const double *values = parameter_values(judge, &parameter);
	if (values == NULL) {
		reader_fault(&judge->reader, &at_init, FAULT_NOT_ALLOWED, NULL, NULL,
			     "what is not trained needs its values said, and of all that says one for many there are "
			     "at most %d",
			     CONSTANT_NUMBERS_MAX);
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

/* A column under its name or the one that it is given. Its own may be that of a function or a number: in quotes it is
 * the column. One too long is reached by another name alone. Returns whether it is y. */
static bool add_column(struct names *names, const cJSON *columns, const char *column, enum symbol_kind kind,
		       size_t index)
{
	const char *name = local_name(columns, column);
	struct at at = { &at_columns, name, 0 };
	const bool own = name == column;
	if (own ? strlen(name) > 63 || !is_free_of(names, name, "a column of the data") : !is_free(names, &at, name)) {
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
	bool has_x = false;
	for (size_t i = 0; i < names->symbols; i++) {
		has_x = has_x || (names->symbol[i].kind != SYMBOL_CONSTANT && strcmp(names->symbol[i].name, "X") == 0);
	}
	if (!has_x && is_free_of(names, "X", "the matrix of all features")) {
		add_symbol(names, "X", SYMBOL_FEATURES, 0);
	}
	if (!has_y && spec->target_count > 0 && is_free_of(names, "y", "the target")) {
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

/* A class that is none of `picked`, of rows that count; NaN: there is none that is known. */
static double class_outside(const struct column_info *column, const struct expression_uses *uses)
{
	const double ends[] = { column->minimum, column->maximum };
	const double *value = column->level_count > 0 ? column->level_number : ends;
	for (size_t i = 0; i < (column->level_count > 0 ? column->level_count : 2); i++) {
		const bool outside = value[i] < 0 || value[i] >= (double)uses->picked || value[i] != floor(value[i]);
		if (outside && value[i] != uses->ignored) {
			return value[i];
		}
	}
	return (double)NAN;
}

/* The target where the text reads it: as a class, of which there are as many as there are numbers to pick from, or as
 * a number, which those of texts hardly are. */
static void judge_read_target(struct judge *judge, const struct at *at, const struct expression_uses *uses)
{
	const struct job_spec *spec = judge->spec;
	const struct column_info *column = &judge->info->column[spec->target_column[0]];
	const size_t classes = spec->shape.classes;
	const double outside = classes == 0 && uses->picked > 0 ? class_outside(column, uses) : (double)NAN;
	if (classes > 2 && uses->picked == 0) {
		judge_warn(
			judge,
			"the target %s holds text: y is the number of its class, 0 to %zu in the order of `classes`, "
			"and is computed with as a number",
			column->name, classes - 1);
	} else if (uses->picked > 0 && classes > uses->picked && !judge->stored) {
		reader_fault(
			&judge->reader, at, FAULT_NOT_ALLOWED, NULL, NULL,
			"y picks one of %zu numbers of a row, and the target %s has %zu classes: give one for each",
			uses->picked, column->name, classes);
	} else if (!isnan(outside) && !judge->stored) {
		reader_fault(&judge->reader, at, FAULT_NOT_ALLOWED, NULL, NULL,
			     "y picks one of %zu numbers of a row, the first being 0 and the last %zu, and the target "
			     "%s holds %.15g: give a number for each class, or count the classes from 0",
			     uses->picked, uses->picked - 1, column->name, outside);
	}
}

/* What the text makes of the names that it may use. */
static void judge_uses(struct judge *judge, const struct expression_config *config, const struct expression_uses *uses)
{
	struct at at = { &at_model, config->objective != NULL ? "objective" : "prediction", 0 };
	for (size_t p = 0; p < config->parameters; p++) {
		if (!uses->parameter[p]) {
			judge_warn(
				judge,
				"nothing depends on the parameter %s: it stays where it begins; leave it out, or use "
				"it in the %s",
				config->parameter[p].name, at.key);
		}
	}
	if (uses->target && judge->spec->target_count == 1 && judge->info != NULL) {
		judge_read_target(judge, &at, uses);
	}
}

/* What takes all rows at once is over the rows to train on: of others it is another function. */
static void judge_whole(struct judge *judge)
{
	static const struct at at_dataset = { NULL, "dataset", 0 };
	const bool other = judge->spec->validation_id[0] != '\0';
	const struct at at = { &at_dataset, other ? "validation" : "validation_fraction", 0 };
	if (judge->spec->validation_rows > 0) {
		reader_fault(&judge->reader, &at, FAULT_NOT_ALLOWED, NULL, NULL,
			     "the objective takes all rows at once, so that it has no value over others to validate "
			     "with: %s. Leave this out",
			     judge->couples);
	}
}

/* Whether the text is one of all rows, those that are to validate with among them. */
static bool spans_validation(struct judge *judge, struct expression_uses *uses)
{
	struct model_shape shape = judge->spec->shape;
	struct expression_error error;
	char couples[200];
	shape.whole = shape.rows;
	if (judge->spec->validation_rows == 0 ||
	    expression_look(&judge->spec->model, &shape, uses, couples, &error) != OK || !uses->whole) {
		return false;
	}
	judge->couples = arena_strdup(judge->reader.arena, couples);
	return judge->couples != NULL;
}

/* The text itself, once every name is known. */
static void judge_text(struct judge *judge, struct expression_config *config)
{
	struct expression_error error;
	struct expression_uses uses = { .parameter = arena_alloc(judge->reader.arena, config->parameters + 1,
								 sizeof *uses.parameter) };
	char couples[200];
	bool objective = config->objective != NULL;
	const char *text = objective ? config->objective : config->prediction;
	if (judge->reader.problem->faults_total > 0 || arena_failed(judge->reader.arena)) {
		return;
	}
	enum status status = expression_look(&judge->spec->model, &judge->spec->shape, &uses, couples, &error);
	if (status == E_MEMORY) {
		judge->failed = true;
	} else if (status != OK && spans_validation(judge, &uses)) {
		judge_whole(judge);
	} else if (status != OK) {
		expression_fault(judge->reader.problem, objective ? "/model/objective" : "/model/prediction", text,
				 &error);
	} else {
		judge->couples = couples[0] != '\0' ? arena_strdup(judge->reader.arena, couples) : NULL;
		judge->spec->couples = judge->couples;
		judge->spec->whole = uses.whole;
		if (uses.whole) {
			judge_whole(judge);
		}
		judge_uses(judge, config, &uses);
	}
}

/* The objective and the prediction, of which there is one. False: no memory. */
static bool take_texts(struct judge *judge, const struct field *fields, const char *text[2])
{
	struct at at_objective = { &at_model, "objective", 0 }, at_prediction = { &at_model, "prediction", 0 };
	const size_t faults = judge->reader.problem->faults_total;
	for (size_t k = 0; k < 2; k++) {
		struct at at = { &at_model, fields[EXPRESSION_OBJECTIVE + k].name, 0 };
		const cJSON *item = fields[EXPRESSION_OBJECTIVE + k].item;
		if (item != NULL && !cJSON_IsNull(item) && read_string(&judge->reader, &at, item, &text[k])) {
			text[k] = arena_strdup(judge->reader.arena, text[k]);
		}
	}
	if (arena_failed(judge->reader.arena)) {
		return false;
	}
	if (judge->reader.problem->faults_total > faults) {
		return true;
	}
	if ((text[0] == NULL) == (text[1] == NULL)) {
		reader_fault(&judge->reader, &at_objective, text[0] == NULL ? FAULT_MISSING : FAULT_NOT_ALLOWED, NULL,
			     NULL, "give either an objective or a prediction with a loss");
	} else if (text[1] != NULL && judge->rowless) {
		reader_fault(&judge->reader, &at_prediction, FAULT_NOT_ALLOWED, NULL, NULL,
			     "a prediction needs a dataset; without one give an objective");
	}
	return true;
}

void judge_expression(struct judge *judge, const struct field *fields)
{
	struct arena *arena = judge->reader.arena;
	struct job_spec *spec = judge->spec;
	struct expression_config *config = arena_alloc(arena, 1, sizeof *config);
	size_t room = 2 * PARAMETERS_MAX + spec->feature_count + 4;
	struct names names = { .judge = judge, .fields = fields };
	const char *text[2] = { NULL, NULL };
	names.parameter = arena_alloc(arena, PARAMETERS_MAX, sizeof *names.parameter);
	names.symbol = arena_alloc(arena, room, sizeof *names.symbol);
	for (names.places = 1024; names.places < 2 * (room + PARAMETERS_MAX); names.places *= 2) {
	}
	names.taken = arena_alloc(arena, names.places, sizeof *names.taken);
	if (arena_failed(arena) || !take_texts(judge, fields, text)) {
		return;
	}
	const size_t faults = judge->reader.problem->faults_total;
	for (const cJSON *item = members(judge, &at_parameters, fields[EXPRESSION_PARAMETERS].item); item != NULL;
	     item = item->next) {
		take_parameter(&names, item);
	}
	const bool faulty = judge->reader.problem->faults_total > faults;
	for (const cJSON *item = members(judge, &at_constants, fields[EXPRESSION_CONSTANTS].item); item != NULL;
	     item = item->next) {
		take_constant(&names, item);
	}
	const cJSON *renamed = fields[EXPRESSION_COLUMNS].item;
	const cJSON *columns = members(judge, &at_columns, renamed) != NULL ? renamed : NULL;
	const cJSON *given = fields[EXPRESSION_PARAMETERS].item;
	const bool some = given != NULL && given->child != NULL;
	if (names.parameters == 0 && !faulty) {
		reader_fault(&judge->reader, &at_parameters, FAULT_MISSING, NULL, NULL,
			     some ? "none of these is trained: leave one to be found"
				  : "say what is to be found, for example \"parameters\": {\"a\": 1}");
	}
	spec->model.expression = config;
	if (judge->rowless) {
		judge->shape_known = true;
	} else if (judge->columns_known && judge->shape_known) {
		spec->shape.rows = (size_t)(spec->training_rows + spec->validation_rows);
		spec->shape.whole = (size_t)spec->training_rows;
		take_columns(&names, columns);
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
