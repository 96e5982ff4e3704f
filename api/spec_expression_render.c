/* The model that a user wrote, as an answer repeats it: every number exact, the law of a start with every setting. */
#include <string.h>

#include "api/spec.h"
#include "core/model/expression.h"

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

/* A parameter as it was given, the law of its start with every setting; 0 where it says nothing of its start. */
static void parameter_render(const struct judge *judge, const cJSON *item, struct text *out)
{
	const struct expression_config *config = judge->spec->model.expression;
	const struct expression_parameter *parameter = NULL;
	for (size_t p = 0; p < config->parameters; p++) {
		parameter = strcmp(config->parameter[p].name, item->string) == 0 ? &config->parameter[p] : parameter;
	}
	if (cJSON_IsObject(item) && !cJSON_HasObjectItem(item, "init")) {
		text_puts(out, "{");
		for (const cJSON *child = item->child; child != NULL; child = child->next) {
			text_json_string(out, child->string);
			text_puts(out, ":");
			tree_render(child, out);
			text_puts(out, ",");
		}
		text_puts(out, "\"init\":0}");
		return;
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
