/*
 * Things that core's tables describe, read alike: a name, or an object with `type` and the settings of that type.
 * A setting that the type lacks but another of its kind has is answered with whose it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/spec.h"
#include "core/function/function.h"

#define ENTRY(type_)                                                                                                   \
	(struct entry)                                                                                                 \
	{                                                                                                              \
		(type_)->name, (type_)->settings, (type_)->setting_count, (type_)                                      \
	}

static struct entry *entries(struct judge *judge, size_t count)
{
	static struct entry nothing[1];
	struct entry *list = arena_alloc(judge->reader.arena, count, sizeof *list);
	return list == NULL ? nothing : list;
}

/* A kind of all entries of one of core's tables of pointers. */
#define KIND_OF(judge, words, table, table_count)                                                                      \
	do {                                                                                                           \
		struct entry *list = entries(judge, table_count);                                                      \
		for (size_t i = 0; i < table_count && !arena_failed((judge)->reader.arena); i++) {                     \
			list[i] = ENTRY(table[i]);                                                                     \
		}                                                                                                      \
		kind = (struct kind){ .what = words,                                                                   \
				      .entries = list,                                                                 \
				      .count = arena_failed((judge)->reader.arena) ? 0 : table_count };                \
	} while (0)

struct kind judge_losses(struct judge *judge, const struct model_type *model)
{
	struct kind kind;
	size_t count = 0;
	if (model == NULL) {
		KIND_OF(judge, "loss", loss_types, loss_type_count);
		return kind;
	}
	while (model->losses != NULL && model->losses[count] != NULL) {
		count++;
	}
	KIND_OF(judge, "loss", model->losses, count);
	kind.owner = model->name;
	return kind;
}

void judge_tables(struct judge *judge)
{
	struct kind kind;
	KIND_OF(judge, "model", model_types, model_type_count);
	judge->models = kind;
	KIND_OF(judge, "activation", activation_types, activation_type_count);
	judge->activations = kind;
	KIND_OF(judge, "layer", layer_types, layer_type_count);
	judge->layers = kind;
	KIND_OF(judge, "init", init_types, init_type_count);
	judge->inits = kind;
	KIND_OF(judge, "function", function_types, function_type_count);
	judge->functions = kind;
	KIND_OF(judge, "schedule", schedule_types, schedule_type_count);
	judge->schedules = kind;
	struct entry *list = entries(judge, optimizer_type_count);
	for (size_t i = 0; i < optimizer_type_count && !arena_failed(judge->reader.arena); i++) {
		list[i] = ENTRY(optimizer_at(i));
	}
	judge->optimizers = (struct kind){ .what = "optimizer",
					   .entries = list,
					   .count = arena_failed(judge->reader.arena) ? 0 : optimizer_type_count };
	judge->losses = judge_losses(judge, NULL);
}

long kind_find(const struct kind *kind, const char *name)
{
	for (size_t i = 0; i < kind->count; i++) {
		if (strcmp(kind->entries[i].name, name) == 0) {
			return (long)i;
		}
	}
	return -1;
}

const char *const *kind_names(struct judge *judge, const struct kind *kind)
{
	const char **names = arena_alloc(judge->reader.arena, kind->count + 1, sizeof *names);
	for (size_t i = 0; names != NULL && i < kind->count; i++) {
		names[i] = kind->entries[i].name;
	}
	return names;
}

const char *join_words(struct judge *judge, const char *const *names, size_t count)
{
	const char *joined = count == 0 ? "none" : names[0];
	for (size_t i = 1; i < count && joined != NULL; i++) {
		joined = arena_printf(judge->reader.arena, "%s%s%s", joined, i + 1 == count ? " and " : ", ", names[i]);
	}
	return joined == NULL ? "" : joined;
}

/* What others call it. */
static const char *const others[][2] = {
	{ "bce", "bce_with_logits" },
	{ "binary_cross_entropy", "bce_with_logits" },
	{ "binary_crossentropy", "bce_with_logits" },
	{ "categorical_crossentropy", "cross_entropy" },
	{ "sparse_categorical_crossentropy", "cross_entropy" },
	{ "nll", "cross_entropy" },
	{ "mean_squared_error", "mse" },
	{ "mean_absolute_error", "mae" },
	{ "l1", "mae" },
	{ "pinball", "quantile" },
	{ "kl_div", "kl" },
	{ "cosine_similarity", "cosine" },
	{ "swish", "silu" },
	{ "glorot", "xavier" },
	{ "kaiming", "he" },
	{ "gradient_descent", "sgd" },
};

/* The name here of what others call so; NULL: it is none of these, or this kind has it not. */
static const char *own_name(const struct kind *kind, const char *name)
{
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		if (strcmp(name, others[i][0]) == 0 && kind_find(kind, others[i][1]) >= 0) {
			return others[i][1];
		}
	}
	return NULL;
}

/* ": it is a loss of mlp and sequential" of a loss that other models have; else "". */
static const char *loss_owners(struct judge *judge, const struct kind *kind, const char *name)
{
	const char **owners = arena_alloc(judge->reader.arena, model_type_count, sizeof *owners);
	size_t count = 0;
	for (size_t i = 0; owners != NULL && strcmp(kind->what, "loss") == 0 && i < model_type_count; i++) {
		for (size_t k = 0; model_types[i]->losses != NULL && model_types[i]->losses[k] != NULL; k++) {
			if (strcmp(model_types[i]->losses[k]->name, name) == 0) {
				owners[count++] = model_types[i]->name;
			}
		}
	}
	const char *text = count == 0 ? NULL
				      : arena_printf(judge->reader.arena, ": it is a loss of %s",
						     join_words(judge, owners, count));
	return text == NULL ? "" : text;
}

static void unknown_type(struct judge *judge, const struct at *at, const char *name, const struct kind *kind)
{
	const char *const *names = kind_names(judge, kind);
	const char *nearest = own_name(kind, name), *owners = loss_owners(judge, kind, name);
	if (nearest == NULL && owners[0] == '\0' && names != NULL) {
		nearest = reader_suggest(&judge->reader, name, names, kind->count);
	}
	const char *of = kind->owner == NULL ? "" : " of ", *owner = kind->owner == NULL ? "" : kind->owner;
	if (nearest != NULL) {
		reader_fault(&judge->reader, at, FAULT_NOT_ALLOWED, nearest, names,
			     "there is no %s '%.100s'%s%s, did you mean %s?", kind->what, name, of, owner, nearest);
	} else {
		reader_fault(&judge->reader, at, FAULT_NOT_ALLOWED, NULL, names, "there is no %s '%.100s'%s%s%s",
			     kind->what, name, of, owner, owners);
	}
}

long typed_find(struct judge *judge, const struct at *at, const cJSON *item, const struct kind *kind, long preset,
		bool quiet)
{
	struct at here = { at, "type", 0 };
	const struct at *where = at;
	const char *name = NULL;
	if (item != NULL && cJSON_IsObject(item)) {
		item = cJSON_GetObjectItemCaseSensitive(item, "type");
		where = &here;
	} else if (item != NULL && !cJSON_IsString(item)) {
		if (!quiet) {
			reader_fault(&judge->reader, at, FAULT_WRONG_TYPE, NULL, NULL,
				     "a name or an object with `type` is wanted, %s was given", json_kind(item));
		}
		return -1;
	}
	if (item == NULL) {
		if (preset < 0 && !quiet) {
			reader_fault(&judge->reader, where, FAULT_MISSING, NULL, kind_names(judge, kind),
				     "say which %s", kind->what);
		}
		return preset;
	}
	if (!cJSON_IsString(item)) {
		if (!quiet) {
			read_string(&judge->reader, where, item, &name);
		}
		return -1;
	}
	long index = kind_find(kind, item->valuestring);
	if (index < 0 && !quiet) {
		unknown_type(judge, where, item->valuestring, kind);
	}
	return index;
}

struct explanation {
	struct judge *judge;
	const struct kind *kind;
	const struct entry *entry; /* the one that was chosen */
};

/* Says whose a setting is that the chosen type lacks. */
static bool explain_setting(struct reader *reader, const struct at *at, const cJSON *item, const void *context)
{
	const struct explanation *why = context;
	const char **owners = arena_alloc(reader->arena, why->kind->count + 1, sizeof *owners);
	size_t count = 0;
	(void)item;
	for (size_t i = 0; i < why->kind->count && owners != NULL; i++) {
		const struct entry *entry = &why->kind->entries[i];
		for (size_t k = 0; k < entry->setting_count; k++) {
			if (strcmp(entry->settings[k].name, at->key) == 0) {
				owners[count++] = entry->name;
				break;
			}
		}
	}
	if (count > 0) {
		reader_fault(reader, at, FAULT_NOT_ALLOWED, NULL, NULL, "%s is a setting of %s, not of %s", at->key,
			     join_words(why->judge, owners, count), why->entry->name);
	}
	return count > 0;
}

struct setting_value *typed_read(struct judge *judge, const struct at *at, const cJSON *item, const struct kind *kind,
				 long index, struct field *extra, size_t extras, struct settings *out)
{
	static struct setting_value nothing[1];
	const struct entry *entry = &kind->entries[index];
	size_t count = 1 + extras + entry->setting_count;
	struct field *fields = arena_alloc(judge->reader.arena, count, sizeof *fields);
	*out = (struct settings){ entry->settings, 0, nothing };
	if (fields == NULL) {
		return nothing;
	}
	fields[0].name = "type";
	for (size_t i = 0; i < extras; i++) {
		fields[1 + i] = extra[i];
	}
	for (size_t i = 0; i < entry->setting_count; i++) {
		fields[1 + extras + i].name = entry->settings[i].name;
	}
	if (item != NULL && cJSON_IsObject(item)) {
		struct explanation why = { judge, kind, entry };
		read_object(&judge->reader, at, item, fields, count, explain_setting, &why);
	}
	for (size_t i = 0; i < extras; i++) {
		extra[i].item = fields[1 + i].item;
	}
	return read_settings(&judge->reader, at, entry->settings, entry->setting_count, fields + 1 + extras, out);
}

struct setting_value *value_find(const struct settings *settings, struct setting_value *values, const char *name)
{
	for (size_t i = 0; i < settings->count; i++) {
		if (strcmp(settings->table[i].name, name) == 0) {
			return &values[i];
		}
	}
	return NULL;
}
