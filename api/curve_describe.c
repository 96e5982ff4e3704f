/* Which series a job has at all, from its stored spec: so that a curve has the same columns however few points it
 * shows. */
#include <string.h>

#include <cjson/cJSON.h>

#include "api/answers.h"
#include "core/model/model.h"

/* A name, or the `type` of an object. */
static const char *name_of(const cJSON *item)
{
	if (cJSON_IsObject(item)) {
		item = cJSON_GetObjectItemCaseSensitive(item, "type");
	}
	return cJSON_IsString(item) ? item->valuestring : "";
}

static bool is_class(enum target_kind kind)
{
	return kind == TARGET_CLASS || kind == TARGET_BINARY;
}

/* Does the model of this spec tell classes apart? Networks: their loss says so. */
static bool classifies(const cJSON *model)
{
	const struct model_type *type = model_find(name_of(model));
	if (type != NULL && type->embeds) {
		return false; /* an embedding names no class */
	}
	if (type == NULL || type->target != TARGET_ANY) {
		return type != NULL && is_class(type->target);
	}
	const char *loss = name_of(cJSON_GetObjectItemCaseSensitive(model, "loss"));
	for (size_t i = 0; i < loss_type_count; i++) {
		if (strcmp(loss_types[i]->name, loss) == 0) {
			return is_class(loss_types[i]->target);
		}
	}
	return false;
}

void curve_view_describe(const char *spec, size_t length, struct curve_view *view)
{
	cJSON *root = spec == NULL ? NULL : cJSON_ParseWithLength(spec, length);
	const cJSON *dataset = cJSON_GetObjectItemCaseSensitive(root, "dataset");
	const cJSON *fraction = cJSON_GetObjectItemCaseSensitive(dataset, "validation_fraction");
	const cJSON *recording = cJSON_GetObjectItemCaseSensitive(root, "recording");
	view->has_validation = (cJSON_IsNumber(fraction) && fraction->valuedouble > 0) ||
			       cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(dataset, "validation"));
	view->has_accuracy = view->has_validation && classifies(cJSON_GetObjectItemCaseSensitive(root, "model"));
	const struct model_type *type = model_find(name_of(cJSON_GetObjectItemCaseSensitive(root, "model")));
	view->has_players = type != NULL && type->plays;
	view->has_parameters = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(recording, "parameters"));
	cJSON_Delete(root);
}
