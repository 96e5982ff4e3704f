/*
 * Layers of a network: each by its table, with its activation, its initialiser and the layers that it holds; then
 * whether they fit one another, which the model itself says, and whether the data holds what an embedding reads.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/spec.h"

enum { LAYERS_MAX = 100, NESTED_MAX = 4 };

static const struct at at_model = { NULL, "model", 0 };

/* Two settings of which the one is not above the other, where there are both. */
static void judge_order(struct judge *judge, const struct at *at, const struct settings *settings,
			struct setting_value *values, const char *low_name, const char *high_name)
{
	const struct setting_value *low = value_find(settings, values, low_name),
				   *high = value_find(settings, values, high_name);
	if (low != NULL && high != NULL && low->number > high->number) {
		reader_fault(&judge->reader, at, FAULT_OUT_OF_RANGE, NULL, NULL, "%s %.15g is above %s %.15g", low_name,
			     low->number, high_name, high->number);
	}
}

void judge_init(struct judge *judge, const struct at *at, const cJSON *item, const struct init_type **init,
		struct settings *settings)
{
	if (item == NULL || cJSON_IsNull(item)) {
		return;
	}
	long which = typed_find(judge, at, item, &judge->inits, -1, false);
	if (which < 0) {
		return;
	}
	*init = judge->inits.entries[which].type;
	judge_order(judge, at, settings, typed_read(judge, at, item, &judge->inits, which, NULL, 0, settings), "low",
		    "high");
}

static void take_activation(struct judge *judge, const struct at *at, const cJSON *item, struct layer_config *layer)
{
	const bool lone = strcmp(layer->type->name, "activation") == 0, none = cJSON_IsNull(item);
	long preset = kind_find(&judge->activations, none ? "identity" : lone ? "relu" : judge->model->activation);
	item = none ? NULL : item;
	long which = typed_find(judge, at, item, &judge->activations, preset, false);
	if (which >= 0) {
		layer->activation = judge->activations.entries[which].type;
		struct settings *settings = &layer->activation_settings;
		judge_order(judge, at, settings,
			    typed_read(judge, at, item, &judge->activations, which, NULL, 0, settings), "min", "max");
	}
}

static size_t take_layers(struct judge *judge, const struct at *at, const cJSON *item, size_t depth,
			  const struct layer_config **out);

/* {"type": "relu"}: an activation in the place of a layer. */
static bool is_activation(const struct judge *judge, const cJSON *item)
{
	const cJSON *type = cJSON_IsObject(item) ? cJSON_GetObjectItemCaseSensitive(item, "type") : NULL;
	return cJSON_IsString(type) && kind_find(&judge->layers, type->valuestring) < 0 &&
	       kind_find(&judge->activations, type->valuestring) >= 0;
}

/* Recurrent layers: a choice among their settings. */
static bool has_own_activation(const struct layer_type *type)
{
	for (size_t i = 0; i < type->setting_count; i++) {
		if (strcmp(type->settings[i].name, "activation") == 0) {
			return true;
		}
	}
	return false;
}

static void judge_layer(struct judge *judge, const struct at *at, const cJSON *item, size_t depth,
			struct layer_config *layer)
{
	enum { INIT, LAYERS, ACTIVATION, FIELDS };
	static const char *const names[FIELDS] = { "init", "layers", "activation" };
	struct field extra[FIELDS] = { { .name = names[0] }, { .name = names[1] }, { .name = names[2] } };
	if (is_activation(judge, item)) {
		layer->type = layer_find("activation");
		layer->settings = (struct settings){ 0 };
		take_activation(judge, at, item, layer);
		return;
	}
	if (!cJSON_IsObject(item)) {
		reader_fault(&judge->reader, at, FAULT_WRONG_TYPE, NULL, NULL,
			     "a layer is an object with `type`, as in {\"type\": \"%.60s\"}",
			     cJSON_IsString(item) ? item->valuestring : "relu");
		return;
	}
	long index = typed_find(judge, at, item, &judge->layers, 0, false);
	if (index < 0) {
		return;
	}
	const struct layer_type *type = layer->type = judge->layers.entries[index].type;
	if (type->indexes && !judge->model->plays && (depth > 0 || at->index > 0)) { /* a game takes none */
		reader_fault(&judge->reader, at, FAULT_NOT_ALLOWED, NULL, NULL,
			     "%s reads the whole numbers that columns hold: it can only be the first layer",
			     type->name);
	}
	const bool takes[FIELDS] = { type->weighs, type->nests, type->activates };
	typed_read(judge, at, item, &judge->layers, index, extra, has_own_activation(type) ? ACTIVATION : FIELDS,
		   &layer->settings);
	for (size_t i = 0; i < FIELDS; i++) {
		struct at here = { at, names[i], 0 };
		if (extra[i].item != NULL && !takes[i]) {
			reader_fault(&judge->reader, &here, FAULT_NOT_ALLOWED, NULL, NULL, "a layer %s has no %s",
				     type->name, names[i]);
		}
	}
	struct at at_activation = { at, "activation", 0 }, at_init = { at, "init", 0 }, at_layers = { at, "layers", 0 };
	if (type->activates) {
		take_activation(judge, &at_activation, extra[ACTIVATION].item, layer);
	}
	if (type->weighs) {
		layer->init = judge->spec->model.init;
		layer->init_settings = judge->spec->model.init_settings;
		judge_init(judge, &at_init, extra[INIT].item, &layer->init, &layer->init_settings);
	}
	if (type->nests && extra[LAYERS].item == NULL) {
		reader_fault(&judge->reader, &at_layers, FAULT_MISSING, NULL, NULL, "%s needs layers", type->name);
	} else if (type->nests) {
		layer->layer_count = take_layers(judge, &at_layers, extra[LAYERS].item, depth + 1, &layer->layers);
	}
}

/* An array of layers, returned in *out with their number. */
static size_t take_layers(struct judge *judge, const struct at *at, const cJSON *item, size_t depth,
			  const struct layer_config **out)
{
	size_t count = json_count(item), i = 0;
	if (!cJSON_IsArray(item)) {
		reader_fault(&judge->reader, at, FAULT_WRONG_TYPE, NULL, NULL,
			     "an array of layers is wanted, %s was given", json_kind(item));
		return 0;
	}
	if (count > LAYERS_MAX || depth > NESTED_MAX) {
		reader_fault(&judge->reader, at, FAULT_OUT_OF_RANGE, NULL, NULL,
			     depth > NESTED_MAX ? "layers within layers within %zu others are too deep: at most %d"
						: "%zu layers are too many: at most %d",
			     depth > NESTED_MAX ? depth : count, depth > NESTED_MAX ? NESTED_MAX : LAYERS_MAX);
		return 0;
	}
	struct layer_config *layers = arena_alloc(judge->reader.arena, count, sizeof *layers);
	for (const cJSON *layer = item->child; layer != NULL && layers != NULL; layer = layer->next, i++) {
		struct at here = { at, NULL, i };
		judge_layer(judge, &here, layer, depth, &layers[i]);
	}
	*out = layers;
	return i;
}

void judge_layers(struct judge *judge, const cJSON *item)
{
	struct model_config *config = &judge->spec->model;
	struct at at = { &at_model, "layers", 0 };
	cJSON *preset = NULL;
	if (item == NULL) {
		item = preset = cJSON_Parse(default_layers);
		judge->failed = judge->failed || preset == NULL;
	}
	if (item != NULL) {
		config->layer_count = take_layers(judge, &at, item, 0, &config->layers);
	}
	cJSON_Delete(preset);
}

void judge_player(struct judge *judge, const char *name, const cJSON *item, struct network_config *out)
{
	struct at at = { &at_model, name, 0 }, at_layers = { &at, "layers", 0 };
	struct field layers = { .name = "layers" };
	cJSON *preset = NULL;
	if (item != NULL && !read_object(&judge->reader, &at, item, &layers, 1, NULL, NULL)) {
		return;
	}
	const cJSON *list = layers.item;
	if (list == NULL) {
		list = preset = cJSON_Parse(default_player_layers);
		judge->failed = judge->failed || preset == NULL;
	}
	if (list != NULL) {
		out->layer_count = take_layers(judge, &at_layers, list, 0, &out->layers);
	}
	cJSON_Delete(preset);
}

void judge_network_init(struct judge *judge, const cJSON *item)
{
	struct at at = { &at_model, "init", 0 };
	judge_init(judge, &at, item, &judge->spec->model.init, &judge->spec->model.init_settings);
}

bool network_reads_indices(const struct judge *judge)
{
	const cJSON *model = judge->top[TOP_MODEL].item;
	const cJSON *layers = cJSON_IsObject(model) ? cJSON_GetObjectItemCaseSensitive(model, "layers") : NULL;
	const cJSON *first = cJSON_IsArray(layers) ? layers->child : NULL;
	const cJSON *type = cJSON_IsObject(first) ? cJSON_GetObjectItemCaseSensitive(first, "type") : NULL;
	const struct layer_type *layer = cJSON_IsString(type) ? layer_find(type->valuestring) : NULL;
	return judge->model != NULL && judge->model->has_layers && layer != NULL && layer->indexes;
}

/* Notes a fault at "layers.2.layers.0", a path of names and indices within the model. */
static void fault_at(struct judge *judge, const char *place, const char *text)
{
	struct at at[2 * (NESTED_MAX + 2)] = { at_model };
	char *copy = arena_strdup(judge->reader.arena, place), *rest = NULL;
	size_t depth = 0, room = sizeof at / sizeof at[0];
	for (char *word = copy == NULL ? NULL : strtok_r(copy, ".", &rest); word != NULL && depth + 1 < room;
	     word = strtok_r(NULL, ".", &rest)) {
		bool index = word[0] >= '0' && word[0] <= '9';
		at[depth + 1] = (struct at){ &at[depth], index ? NULL : word, index ? strtoul(word, NULL, 10) : 0 };
		depth++;
	}
	reader_fault(&judge->reader, &at[depth], FAULT_OUT_OF_RANGE, NULL, NULL, "%s", text);
}

/* A column with a number that is no index, and the first row with one, where somebody can tell. */
static void fault_index(struct judge *judge, size_t column, double wrong, const struct at *at_size, double size)
{
	const struct row_search *search = judge->info->search;
	char place[64] = "";
	uint64_t row;
	if (search != NULL && search->first_outside(search->context, column, size, &row, &wrong)) {
		snprintf(place, sizeof place, " in row %llu (counted from 1)", (unsigned long long)row + 1);
	}
	reader_fault(&judge->reader, at_size, FAULT_OUT_OF_RANGE, NULL, NULL,
		     "column %.100s holds %.15g%s, and whole numbers from 0 to %.15g are read",
		     judge->info->column[column].name, wrong, place, size - 1);
}

/* Features from..end hold whole numbers below a size, said at at_size. */
static void judge_index_columns(struct judge *judge, size_t from, size_t end, const struct at *at_size, double size)
{
	const struct job_spec *spec = judge->spec;
	for (size_t i = from; i < end && judge->info->rows > 0; i++) {
		const struct column_info *column = &judge->info->column[spec->feature_column[i]];
		double wrong = column->minimum < 0       ? column->minimum
			       : column->maximum >= size ? column->maximum
							 : (double)NAN;
		wrong = isnan(wrong) && column->minimum != floor(column->minimum) ? column->minimum : wrong;
		for (size_t k = 0; k < column->level_count && column->level_number != NULL && isnan(wrong); k++) {
			wrong = column->level_number[k] != floor(column->level_number[k]) ? column->level_number[k]
											  : wrong;
		}
		if (!isnan(wrong)) {
			fault_index(judge, spec->feature_column[i], wrong, at_size, size);
			return;
		}
	}
}

/* What an embedding as the first layer reads, or a model of users and items. */
static void judge_indices(struct judge *judge)
{
	const struct job_spec *spec = judge->spec;
	struct at at_layers = { &at_model, "layers", 0 }, at_first = { &at_layers, NULL, 0 };
	struct at at_size = { &at_first, "num_embeddings", 0 };
	struct at at_users = { &at_model, "users", 0 }, at_items = { &at_model, "items", 0 };
	const struct at at_dataset = { NULL, "dataset", 0 }, at_standardize = { &at_dataset, "standardize", 0 };
	if (spec->standardize) {
		reader_fault(&judge->reader, &at_standardize, FAULT_NOT_ALLOWED, NULL, NULL,
			     "%s reads whole numbers, which standardised columns do not hold: leave standardize false",
			     judge->model->indexes ? judge->model->name : "an embedding");
	}
	if (judge->model->indexes) {
		judge_index_columns(judge, 0, 1, &at_users, settings_number(&spec->model.settings, "users"));
		judge_index_columns(judge, 1, 2, &at_items, settings_number(&spec->model.settings, "items"));
	} else {
		judge_index_columns(judge, 0, spec->feature_count, &at_size,
				    settings_number(&spec->model.layers[0].settings, "num_embeddings"));
	}
}

void judge_fit(struct judge *judge)
{
	struct job_spec *spec = judge->spec;
	struct model_fault fault;
	if (!judge->shape_known || judge->reader.problem->faults_total > 0 || judge->failed ||
	    arena_failed(judge->reader.arena) || spec->model.loss == NULL) {
		return;
	}
	enum status status = model_check(&spec->model, &spec->shape, &fault);
	if (status == E_MEMORY) {
		judge->failed = true;
	} else if (status == E_INVALID) {
		fault_at(judge, fault.place, fault.error.text);
	} else if (!judge->stored && model_reads_indices(&spec->model)) {
		judge_indices(judge);
	}
}
