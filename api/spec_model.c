/* The model of a job: its type and loss, its settings, layers, or the function and where it begins. */
#include <math.h>
#include <string.h>

#include "api/spec.h"
#include "core/function/function.h"

static const struct at at_model = { NULL, "model", 0 };

/* Fields of a model beside the settings of its type. */
enum model_field {
	MODEL_LOSS,
	MODEL_LAYERS,
	MODEL_INIT,
	MODEL_FUNCTION,
	MODEL_POINT,
	MODEL_SCALE,
	MODEL_INITIAL,
	MODEL_GENERATOR,
	MODEL_DISCRIMINATOR,
	MODEL_OBJECTIVE, /* from here on as enum expression_field */
	MODEL_PREDICTION,
	MODEL_PARAMETERS,
	MODEL_CONSTANTS,
	MODEL_COLUMNS,
	MODEL_FIELDS
};
static const char *const field_names[MODEL_FIELDS] = {
	"loss",      "layers",        "init",      "function",   "initial_point", "scale",     "initial_parameters",
	"generator", "discriminator", "objective", "prediction", "parameters",    "constants", "columns"
};

static bool has_field(const struct model_type *model, enum model_field field)
{
	switch (field) {
	case MODEL_LOSS:
		return model->losses != NULL && model->losses[0] != NULL;
	case MODEL_LAYERS:
		return model->has_layers;
	case MODEL_INIT:
		return model->has_layers || model->plays;
	case MODEL_GENERATOR:
	case MODEL_DISCRIMINATOR:
		return model->plays;
	case MODEL_FUNCTION:
	case MODEL_POINT:
	case MODEL_SCALE:
		return model->is_function;
	case MODEL_INITIAL:
		return !model->is_function;
	case MODEL_OBJECTIVE:
	case MODEL_PREDICTION:
	case MODEL_PARAMETERS:
	case MODEL_CONSTANTS:
	case MODEL_COLUMNS:
		return model->is_expression;
	case MODEL_FIELDS:
		break;
	}
	return false;
}

void judge_model_type(struct judge *judge)
{
	const cJSON *item = judge->top[TOP_MODEL].item;
	if (item == NULL) {
		reader_fault(&judge->reader, &at_model, FAULT_MISSING, NULL, kind_names(judge, &judge->models),
			     "a job needs a model, for example {\"type\": \"logistic_regression\"}");
		return;
	}
	if (!cJSON_IsObject(item)) {
		reader_fault(&judge->reader, &at_model, FAULT_WRONG_TYPE, NULL, NULL,
			     "an object with `type` is wanted, %s was given", json_kind(item));
		return;
	}
	long index = typed_find(judge, &at_model, item, &judge->models, -1, false);
	if (index < 0) {
		return;
	}
	judge->model = judge->models.entries[index].type;
	judge->spec->model.type = judge->model;
	const cJSON *dataset = judge->top[TOP_DATASET].item;
	judge->rowless = judge->model->is_function ||
			 (judge->model->is_expression && (dataset == NULL || cJSON_IsNull(dataset)));
	judge->losses = judge_losses(judge, judge->model);
	const cJSON *loss = cJSON_GetObjectItemCaseSensitive(item, "loss");
	long which = loss == NULL ? -1 : typed_find(judge, NULL, loss, &judge->losses, -1, true);
	judge->loss = which < 0 ? NULL : judge->losses.entries[which].type;
}

/* Says which models have a field that the chosen one lacks. */
static void field_of_others(struct judge *judge, const struct at *at, enum model_field field)
{
	const char **owners = arena_alloc(judge->reader.arena, model_type_count, sizeof *owners);
	size_t count = 0;
	for (size_t i = 0; i < model_type_count && owners != NULL; i++) {
		if (has_field(model_types[i], field)) {
			owners[count++] = model_types[i]->name;
		}
	}
	if (field == MODEL_INITIAL) {
		reader_fault(&judge->reader, at, FAULT_NOT_ALLOWED, "initial_point", NULL,
			     "a function begins at its initial_point");
	} else {
		reader_fault(&judge->reader, at, FAULT_NOT_ALLOWED, NULL, NULL, "%s belongs to %s, not to %s",
			     field_names[field], join_words(judge, owners, count), judge->model->name);
	}
}

static bool any_above_zero(const struct setting_value *value)
{
	for (size_t i = 0; i < value->rows; i++) {
		if (value->values[i] > 0) {
			return true;
		}
	}
	return false;
}

/* What the loss wants of the data: a weight for each class, targets that are not negative, or several. */
static void judge_loss_data(struct judge *judge, const struct at *at, const struct setting_value *weight)
{
	const struct job_spec *spec = judge->spec;
	struct at at_weight = { at, "class_weight", 0 };
	if (judge->shape_known && weight != NULL && weight->rows > 0 && weight->rows != spec->shape.classes) {
		reader_fault(&judge->reader, &at_weight, FAULT_OUT_OF_RANGE, NULL, NULL,
			     "%zu weights were given, and there are %zu classes: one each, in their sorted order",
			     weight->rows, spec->shape.classes);
	} else if (weight != NULL && weight->rows > 0 && !any_above_zero(weight)) {
		reader_fault(&judge->reader, &at_weight, FAULT_OUT_OF_RANGE, NULL, NULL,
			     "every weight is 0, so that no row counts: one at least must be above 0");
	}
	if (judge->shape_known && spec->model.loss->several && !judge->stored && spec->target_count == 1) {
		reader_fault(&judge->reader, at, FAULT_NOT_ALLOWED, NULL, NULL,
			     "%s compares the numbers of a row with one another: it wants two targets or more, and "
			     "there is one",
			     spec->model.loss->name);
		return;
	}
	for (size_t i = 0;
	     judge->shape_known && spec->model.loss->nonnegative && !judge->stored && i < spec->target_count; i++) {
		const struct column_info *column = &judge->info->column[spec->target_column[i]];
		if (column->minimum < 0) {
			reader_fault(&judge->reader, at, FAULT_NOT_ALLOWED, NULL, NULL,
				     "column %.100s goes down to %.15g, and the targets of %s are not negative",
				     column->name, column->minimum, spec->model.loss->name);
			return;
		}
	}
}

static void judge_loss(struct judge *judge, const cJSON *item)
{
	struct model_config *config = &judge->spec->model;
	const struct model_type *model = judge->model;
	struct at at = { &at_model, "loss", 0 };
	const struct loss_type *preset = model->losses[0];
	if (model->default_loss != NULL && judge->shape_known) {
		preset = model->default_loss(&judge->spec->shape);
	}
	long index = typed_find(judge, &at, item, &judge->losses, kind_find(&judge->losses, preset->name), false);
	if (index < 0) {
		index = 0;
	}
	config->loss = judge->losses.entries[index].type;
	struct setting_value *values =
		typed_read(judge, &at, item, &judge->losses, index, NULL, 0, &config->loss_settings);
	judge_loss_data(judge, &at, value_find(&config->loss_settings, values, "class_weight"));
}

static void judge_point(struct judge *judge, const cJSON *item, const struct function_type *function)
{
	struct model_config *config = &judge->spec->model;
	struct at at = { &at_model, "initial_point", 0 };
	struct range any = { (double)-INFINITY, (double)INFINITY, false, false, NULL };
	size_t least = function->minimum_dimension, most = function->maximum_dimension;
	if (item == NULL) {
		reader_fault(&judge->reader, &at, FAULT_MISSING, NULL, NULL,
			     "say where to begin, for example \"initial_point\": [-1.2, 1]");
		return;
	}
	if (!read_vector(&judge->reader, &at, item, 0, any, &config->initial_point, &config->initial_count)) {
		return;
	}
	size_t count = config->initial_count;
	struct error error;
	if (count < least || count == 0 || (most != 0 && count > most)) {
		reader_fault(&judge->reader, &at, FAULT_OUT_OF_RANGE, NULL, NULL,
			     most == least ? "%s is a function of %zu numbers, the initial point has %zu"
					   : "%s is a function of at least %zu numbers, the initial point has %zu",
			     function->name, least, count);
	} else if (function->check != NULL && judge->reader.problem->faults_total == 0 &&
		   function->check(&config->function_settings, count, &error) != OK) {
		reader_fault(&judge->reader, &at_model, FAULT_OUT_OF_RANGE, NULL, NULL, "%s", error.text);
	} else {
		judge->shape_known = true;
	}
}

/* The bounds of a function's point. */
static void judge_box(struct judge *judge, const cJSON *min, const cJSON *max)
{
	struct model_config *config = &judge->spec->model;
	struct at at_min = { &at_model, "min", 0 }, at_max = { &at_model, "max", 0 };
	struct at at_point = { &at_model, "initial_point", 0 };
	const size_t n = config->initial_count;
	if ((min == NULL && max == NULL) || !judge->shape_known) {
		return;
	}
	config->lower = bounds_read(judge, &at_min, min, n, -(double)INFINITY);
	config->upper = bounds_read(judge, &at_max, max, n, (double)INFINITY);
	if (config->lower == NULL || config->upper == NULL ||
	    !bounds_check(judge, min != NULL ? &at_min : &at_max, config->lower, n, config->upper, n)) {
		return;
	}
	judge->spec->train.bounded = true;
	for (size_t i = 0; i < n; i++) {
		const double x = config->initial_point[i];
		if (x < config->lower[i] || x > config->upper[i]) {
			reader_fault(&judge->reader, &at_point, FAULT_OUT_OF_RANGE, NULL, NULL,
				     "number %zu of the initial point, %.17g, lies outside of its bounds min and max",
				     i, x);
			return;
		}
	}
}

/* The function's own constants are fields of the model, so they are read together with these. */
static void judge_function(struct judge *judge, const cJSON *item)
{
	struct model_config *config = &judge->spec->model;
	struct range any = { (double)-INFINITY, (double)INFINITY, false, false, NULL };
	struct field extra[] = { { .name = "function" },
				 { .name = "initial_point" },
				 { .name = "scale" },
				 { .name = "initial_parameters", .foreign = true },
				 { .name = "loss", .foreign = true },
				 { .name = "layers", .foreign = true },
				 { .name = "min" },
				 { .name = "max" } };
	enum { POINT = 1, SCALE = 2, INITIAL = 3, LOSS = 4, LAYERS = 5, MIN = 6, MAX = 7, EXTRAS = 8 };
	struct at at = { &at_model, "function", 0 };
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "function");
	long index = -1;
	config->scale = 1;
	if (name != NULL && !cJSON_IsString(name)) {
		reader_fault(&judge->reader, &at, FAULT_WRONG_TYPE, NULL, NULL,
			     "the name of a function is wanted, %s was given", json_kind(name));
	} else {
		index = typed_find(judge, &at, name, &judge->functions, -1, false);
	}
	if (index < 0) {
		return;
	}
	config->function = judge->functions.entries[index].type;
	typed_read(judge, &at_model, item, &judge->functions, index, extra, EXTRAS, &config->function_settings);
	const enum model_field foreign[] = { [INITIAL] = MODEL_INITIAL, [LOSS] = MODEL_LOSS, [LAYERS] = MODEL_LAYERS };
	for (size_t i = INITIAL; i <= LAYERS; i++) {
		struct at here = { &at_model, extra[i].name, 0 };
		if (extra[i].item != NULL) {
			field_of_others(judge, &here, foreign[i]);
		}
	}
	struct at at_scale = { &at_model, "scale", 0 };
	if (extra[SCALE].item != NULL) {
		read_real(&judge->reader, &at_scale, extra[SCALE].item, any, &config->scale);
	}
	judge_point(judge, extra[POINT].item, config->function);
	judge_box(judge, extra[MIN].item, extra[MAX].item);
}

/* What a job of embeddings leaves open: where its pairs come from, and whether embeddings are of length 1. */
static void settle_pairs(struct judge *judge, struct setting_value *values)
{
	const struct settings *settings = &judge->spec->model.settings;
	struct setting_value *pairs = value_find(settings, values, "pairs");
	struct setting_value *normalize = value_find(settings, values, "normalize");
	enum { CLASSES = 1, ROWS = 2 }; /* places of the words among the choices */
	if (pairs == NULL || normalize == NULL || judge->spec->model.loss == NULL) {
		return; /* no memory for them */
	}
	pairs->number = judge_pairs_in_rows(judge) ? ROWS : CLASSES;
	if (isnan(normalize->number)) {
		normalize->number = judge->spec->model.loss->compares_directions ? 1 : 0;
	}
}

void judge_model(struct judge *judge)
{
	const cJSON *item = judge->top[TOP_MODEL].item;
	struct job_spec *spec = judge->spec;
	struct field extra[MODEL_FIELDS] = { 0 };
	if (judge->model == NULL) {
		return;
	}
	if (judge->model->is_function) {
		judge_function(judge, item);
		return;
	}
	for (size_t i = 0; i < MODEL_FIELDS; i++) {
		extra[i].name = field_names[i];
		extra[i].foreign = !has_field(judge->model, (enum model_field)i);
	}
	long index = kind_find(&judge->models, judge->model->name);
	struct setting_value *settings =
		typed_read(judge, &at_model, item, &judge->models, index, extra, MODEL_FIELDS, &spec->model.settings);
	for (size_t i = 0; i < MODEL_FIELDS; i++) {
		struct at here = { &at_model, field_names[i], 0 };
		if (extra[i].item != NULL && !has_field(judge->model, (enum model_field)i)) {
			field_of_others(judge, &here, (enum model_field)i);
		}
	}
	bool own_loss = judge->model->is_expression && extra[MODEL_PREDICTION].item == NULL;
	if (own_loss && extra[MODEL_LOSS].item != NULL) {
		struct at here = { &at_model, "loss", 0 };
		reader_fault(&judge->reader, &here, FAULT_NOT_ALLOWED, NULL, NULL,
			     "an objective is its own loss: a loss goes with a prediction");
	} else if (has_field(judge->model, MODEL_LOSS) && !own_loss) {
		judge_loss(judge, extra[MODEL_LOSS].item);
	}
	if (judge->model->embeds) {
		settle_pairs(judge, settings);
	}
	if (judge->model->is_expression) {
		judge_expression(judge, extra + MODEL_OBJECTIVE);
	}
	if (judge->model->has_layers) {
		judge_network_init(judge, extra[MODEL_INIT].item);
		judge_layers(judge, extra[MODEL_LAYERS].item);
	}
	if (judge->model->plays) {
		judge_network_init(judge, extra[MODEL_INIT].item);
		judge_player(judge, "generator", extra[MODEL_GENERATOR].item, &spec->model.generator);
		judge_player(judge, "discriminator", extra[MODEL_DISCRIMINATOR].item, &spec->model.discriminator);
	}
	judge_fit(judge);
}
