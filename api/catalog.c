/*
 * The catalog: every entry of core's tables with its doc, its source and a JSON Schema (2020-12) of its settings. What
 * a form is built from. Made of the tables, so that what is added there shows up here by itself.
 */
#include <math.h>
#include <string.h>

#include "api/answers.h"
#include "api/version.h"
#include "core/data/generator.h"
#include "core/expression/expression.h"
#include "core/function/function.h"
#include "core/model/model.h"
#include "core/optim/optimizer.h"
#include "core/schedule/schedule.h"

static void bound(struct text *out, const char *name, const char *exclusive, double value, bool open)
{
	if (isfinite(value)) {
		text_printf(out, ",\"%s\":", open ? exclusive : name);
		text_json_double(out, value);
	}
}

/* The bounds of a number of this setting. An entry without bounds has both 0. */
static void bounds_render(const struct setting *setting, struct text *out)
{
	if (setting->minimum != 0 || setting->maximum != 0) {
		bound(out, "minimum", "exclusiveMinimum", setting->minimum, setting->open_minimum);
		bound(out, "maximum", "exclusiveMaximum", setting->maximum, setting->open_maximum);
	}
}

static void type_render(const char *type, bool nullable, struct text *out)
{
	text_printf(out, nullable ? "\"type\":[\"%s\",\"null\"]" : "\"type\":\"%s\"", type);
}

static void number_default(const struct setting *setting, struct text *out)
{
	if (!setting->required) {
		text_puts(out, ",\"default\":");
		text_json_double(out, setting->preset); /* off is NaN, written null */
	}
}

static void choice_render(const struct setting *setting, struct text *out)
{
	text_puts(out, "\"enum\":[");
	for (size_t i = 0; setting->choices[i] != NULL; i++) {
		text_puts(out, i == 0 ? "" : ",");
		text_json_string(out, setting->choices[i]);
	}
	text_puts(out, setting->nullable ? ",null]" : "]");
	if (!setting->required) {
		text_puts(out, ",\"default\":");
		text_json_string(out, setting->choices[(size_t)setting->preset]);
	}
}

static void vector_render(const struct setting *setting, struct text *out)
{
	text_puts(out, "\"type\":\"array\",\"items\":{\"type\":\"number\"");
	bounds_render(setting, out);
	text_puts(out, "}");
	if (setting->length != 0) {
		text_printf(out, ",\"minItems\":%zu,\"maxItems\":%zu", setting->length, setting->length);
	}
	if (setting->preset_values != NULL) {
		text_puts(out, ",\"default\":[");
		for (size_t i = 0; i < setting->length; i++) {
			text_puts(out, i == 0 ? "" : ",");
			text_json_double(out, setting->preset_values[i]);
		}
		text_puts(out, "]");
	}
}

static void pair_render(const struct setting *setting, struct text *out)
{
	text_puts(out, "\"oneOf\":[{\"type\":\"integer\"");
	bounds_render(setting, out);
	text_puts(out, "},{\"type\":\"array\",\"minItems\":2,\"maxItems\":2,\"items\":{\"type\":\"integer\"");
	bounds_render(setting, out);
	text_puts(out, "}}]");
	if (setting->preset_values != NULL) {
		text_puts(out, ",\"default\":[");
		text_json_double(out, setting->preset_values[0]);
		text_puts(out, ",");
		text_json_double(out, setting->preset_values[1]);
		text_puts(out, "]");
	}
}

static void setting_render(const struct setting *setting, struct text *out)
{
	text_json_string(out, setting->name);
	text_puts(out, ":{");
	switch (setting->kind) {
	case SETTING_REAL:
	case SETTING_INTEGER:
		type_render(setting->kind == SETTING_REAL ? "number" : "integer", setting->nullable, out);
		bounds_render(setting, out);
		number_default(setting, out);
		break;
	case SETTING_BOOL:
		type_render("boolean", setting->nullable, out);
		text_printf(out, ",\"default\":%s",
			    isnan(setting->preset) ? "null"
			    : setting->preset != 0 ? "true"
						   : "false");
		break;
	case SETTING_CHOICE:
		choice_render(setting, out);
		break;
	case SETTING_VECTOR:
		vector_render(setting, out);
		break;
	case SETTING_PAIR:
		pair_render(setting, out);
		break;
	case SETTING_MATRIX:
		text_puts(out, "\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":{\"type\":\"number\"}}");
		break;
	}
	text_puts(out, ",\"description\":");
	text_json_string(out, setting->doc != NULL ? setting->doc : "");
	text_puts(out, "}");
}

/* {"name","doc","source","settings":{schema}; the caller closes the entry. `more`: further properties, or "". */
static void entry_render(struct text *out, bool first, const char *name, const char *doc, const char *source,
			 const struct setting *settings, size_t count, const char *more)
{
	bool any = false;
	text_puts(out, first ? "{\"name\":" : ",{\"name\":");
	text_json_string(out, name);
	text_puts(out, ",\"doc\":");
	text_json_string(out, doc);
	text_puts(out, ",\"source\":");
	text_json_string(out, source);
	text_puts(out, ",\"settings\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"type\":{"
		       "\"const\":");
	text_json_string(out, name);
	text_puts(out, "}");
	for (size_t i = 0; i < count; i++) {
		text_puts(out, ",");
		setting_render(&settings[i], out);
	}
	text_puts(out, more);
	text_puts(out, "}");
	for (size_t i = 0; i < count; i++) {
		if (settings[i].required) {
			text_puts(out, any ? "," : ",\"required\":[");
			text_json_string(out, settings[i].name);
			any = true;
		}
	}
	text_puts(out, any ? "]}" : "}");
}

static const char optimizer_more[] =
	",\"schedule\":{\"description\":\"How the learning rate changes: a name or an object, see schedules.\"}"
	",\"clip_grad_norm\":{\"type\":[\"number\",\"null\"],\"exclusiveMinimum\":0,\"default\":null,\"description\":"
	"\"The "
	"gradient is scaled down to this 2-norm where it is longer.\"}"
	",\"clip_eps\":{\"type\":\"number\",\"minimum\":0,\"default\":1e-06,\"description\":\"Added to the gradient's "
	"norm "
	"where clip_grad_norm divides by it.\"}"
	",\"clip_grad_value\":{\"type\":[\"number\",\"null\"],\"exclusiveMinimum\":0,\"default\":null,\"description\":"
	"\"Each "
	"component of the gradient is cut to this size.\"}"
	",\"discriminator_learning_rate\":{\"type\":[\"number\",\"null\"],\"exclusiveMinimum\":0,\"default\":null,"
	"\"description\":\"Of a gan: the discriminator's rate where it is not that of the generator.\"}";
static const char schedule_more[] =
	",\"warmup_steps\":{\"type\":\"integer\",\"minimum\":0,\"default\":0,\"description\":\"Updates in which the "
	"rate rises "
	"to its base.\"}"
	",\"per\":{\"enum\":[\"step\",\"epoch\"],\"default\":\"step\",\"description\":\"What the schedule counts.\"}";
static const char chain_more[] = ",\"schedules\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":100,\"description\":"
				 "\"The schedules of the chain: names or "
				 "objects.\"}";
static const char layer_more[] = ",\"activation\":{\"description\":\"A name or an object, see activations; null for "
				 "none; relu in an mlp, none in a sequential "
				 "model.\"}";
static const char init_more[] = ",\"init\":{\"description\":\"How the weights start: a name or an object, see inits; "
				"default the model's.\"}";
static const char nested_more[] = ",\"layers\":{\"type\":\"array\",\"description\":\"Layers of its own.\"}";
static const char network_more[] =
	",\"layers\":{\"type\":\"array\",\"description\":\"The hidden layers; the output layer is added.\"}"
	",\"init\":{\"description\":\"How weights start where a layer does not say: a name or an object, see inits; "
	"default "
	"he_uniform before relu and its kin, xavier_uniform before others.\"}";
static const char game_more[] =
	",\"generator\":{\"type\":\"object\",\"description\":\"{layers}: from a latent vector; the output layer, one "
	"unit a feature, is added. Default: two of 64 relu units.\"}"
	",\"discriminator\":{\"type\":\"object\",\"description\":\"{layers}: from a row; the output layer, one unit, "
	"is added. Default: two of 64 relu units.\"}"
	",\"init\":{\"description\":\"How weights start where a layer does not say: a name or an object, see inits.\"}";
static const char data_model_more[] =
	",\"loss\":{\"description\":\"A name or an object, see losses.\"}"
	",\"initial_parameters\":{\"description\":\"In the form that weights answers, or {job_id, at}.\"}";
static const char function_more[] =
	",\"function\":{\"type\":\"string\",\"description\":\"See functions; their settings stand beside it.\"}"
	",\"initial_point\":{\"type\":\"array\",\"items\":{\"type\":\"number\"},\"description\":\"Where to begin.\"}"
	",\"scale\":{\"type\":\"number\",\"default\":1,\"description\":\"A factor on the function.\"}"
	",\"min\":{\"description\":\"Least values of the point: a number for all, or a list with null where there is "
	"none.\"}"
	",\"max\":{\"description\":\"Largest values, likewise.\"}";

static const char expression_more[] =
	",\"objective\":{\"type\":\"string\",\"description\":\"What is minimised, as text.\"}"
	",\"prediction\":{\"type\":\"string\",\"description\":\"Instead of an objective: compared with the target by "
	"the loss.\"}"
	",\"parameters\":{\"type\":\"object\",\"description\":\"By name: a number, nested arrays, or {shape, init, "
	"min, max, trainable}; init: a number, nested arrays, or one of inits.\"}"
	",\"constants\":{\"type\":\"object\",\"description\":\"By name: a number or nested arrays.\"}"
	",\"columns\":{\"type\":\"object\",\"description\":\"Other names for columns: {\\\"t\\\": \\\"time "
	"(s)\\\"}.\"}";

static const char *target_word(enum target_kind kind)
{
	static const char *const words[] = { [TARGET_NONE] = "none",
					     [TARGET_NUMBER] = "number",
					     [TARGET_CLASS] = "class",
					     [TARGET_BINARY] = "binary",
					     [TARGET_ANY] = "any" };
	return words[kind];
}

static void model_render(const struct model_type *model, bool first, struct text *out)
{
	struct text more;
	text_init(&more);
	text_puts(&more, model->is_function ? function_more : data_model_more);
	text_puts(&more, model->has_layers ? network_more : "");
	text_puts(&more, model->plays ? game_more : "");
	text_puts(&more, model->is_expression ? expression_more : "");
	entry_render(out, first, model->name, model->doc, model->source, model->settings, model->setting_count,
		     text_failed(&more) ? "" : more.data);
	out->failed = out->failed || text_failed(&more);
	text_fini(&more);
	text_printf(out, ",\"target\":\"%s\",\"losses\":[", target_word(model->target));
	for (size_t i = 0; model->losses != NULL && model->losses[i] != NULL; i++) {
		text_puts(out, i == 0 ? "" : ",");
		text_json_string(out, model->losses[i]->name);
	}
	text_puts(out, "]}");
}

static void stopping_render(struct text *out)
{
	static const struct {
		const char *name, *doc, *settings;
	} rules[] = {
		{ "gradient_norm", "Stops when the 2-norm of the gradient is at most this.",
		  "{\"type\":[\"number\",\"null\"],\"minimum\":0}" },
		{ "loss_change", "Stops when |f - f'| is at most this times max(1, |f|).",
		  "{\"type\":[\"number\",\"null\"],\"minimum\":0}" },
		{ "parameter_change", "Stops when |dx| is at most this times max(1, |x|).",
		  "{\"type\":[\"number\",\"null\"],\"minimum\":0}" },
		{ "target_loss", "Stops when the objective has reached this.", "{\"type\":[\"number\",\"null\"]}" },
		{ "early_stopping",
		  "Stops when the metric has not improved for `patience` measurements, and keeps the best weights.",
		  "{\"type\":[\"object\",\"null\"],\"additionalProperties\":false,\"properties\":{\"metric\":{\"enum\":"
		  "[\"validation_loss\","
		  "\"train_loss\"]},\"patience\":{\"type\":\"integer\",\"minimum\":0,\"default\":10},\"min_delta\":{"
		  "\"type\":\"number\","
		  "\"minimum\":0,\"default\":0}}}" },
		{ "max_seconds", "Stops after this much computing time.",
		  "{\"type\":[\"number\",\"null\"],\"minimum\":0}" },
	};
	text_puts(out, ",\"stopping\":[");
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		text_printf(out, "%s{\"name\":\"%s\",\"doc\":\"%s\",\"source\":null,\"settings\":%s}",
			    i == 0 ? "" : ",", rules[i].name, rules[i].doc, rules[i].settings);
	}
	text_puts(out, "]");
}

/* ,"needs":["full_batch",...],"l1":true: what a job must give this optimizer at its default settings, and whether it
 * takes l1 to exact zeros (it is refused where not). */
static void needs_render(const struct optimizer_type *type, struct text *out)
{
	static const struct {
		enum optimizer_need need;
		const char *word;
	} words[] = {
#define NEED_WORD(name, bit, word) { name, word },
		OPTIMIZER_NEED_LIST(NEED_WORD)
#undef NEED_WORD
	};
	struct setting_value value[OPTIMIZER_SETTINGS];
	bool first = true;
	settings_defaults(type->settings, type->setting_count, value);
	const struct settings settings = { type->settings, type->setting_count, value };
	text_puts(out, ",\"needs\":[");
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (optimizer_needs(type, &settings) & words[i].need) {
			text_printf(out, "%s\"%s\"", first ? "" : ",", words[i].word);
			first = false;
		}
	}
	text_printf(out, "],\"l1\":%s", optimizer_is_proximal(type) ? "true" : "false");
}

static void optimizers_render(struct text *out)
{
	text_puts(out, ",\"optimizers\":[");
	for (size_t i = 0; i < optimizer_type_count; i++) {
		const struct optimizer_type *type = optimizer_at(i);
		entry_render(out, i == 0, type->name, type->doc, type->source, type->settings, type->setting_count,
			     optimizer_more);
		needs_render(type, out);
		text_puts(out, "}");
	}
	entry_render(out, false, "auto", "What measured best for the kind of job; the spec says which it was, and why.",
		     "api/auto.c", NULL, 0, optimizer_more);
	text_puts(out, ",\"needs\":[],\"l1\":true}]");
}

/* One list of entries that are alike. */
#define LIST_RENDER(out, word, count, type_at, more)                                                                   \
	do {                                                                                                           \
		text_puts(out, ",\"" word "\":[");                                                                     \
		for (size_t i = 0; i < (count); i++) {                                                                 \
			entry_render(out, i == 0, (type_at)->name, (type_at)->doc, (type_at)->source,                  \
				     (type_at)->settings, (type_at)->setting_count, more);                             \
			text_puts(out, "}");                                                                           \
		}                                                                                                      \
		text_puts(out, "]");                                                                                   \
	} while (0)

static void schedules_render(struct text *out)
{
	struct text chain;
	text_init(&chain);
	text_puts(&chain, schedule_more);
	text_puts(&chain, chain_more);
	out->failed = out->failed || text_failed(&chain);
	const char *more = text_failed(&chain) ? "" : chain.data;
	LIST_RENDER(out, "schedules", schedule_type_count, schedule_types[i],
		    schedule_types[i]->chains ? more : schedule_more);
	text_fini(&chain);
}

static void layers_render(struct text *out)
{
	text_puts(out, ",\"layers\":[");
	for (size_t i = 0; i < layer_type_count; i++) {
		const struct layer_type *type = layer_types[i];
		struct text more;
		text_init(&more);
		text_puts(&more, type->activates ? layer_more : "");
		text_puts(&more, type->weighs ? init_more : "");
		text_puts(&more, type->nests ? nested_more : "");
		entry_render(out, i == 0, type->name, type->doc, type->source, type->settings, type->setting_count,
			     text_failed(&more) ? "" : more.data);
		text_puts(out, "}");
		out->failed = out->failed || text_failed(&more);
		text_fini(&more);
	}
	text_puts(out, "]");
}

static void expression_functions_render(struct text *out)
{
	struct expression_card card;
	text_puts(out, ",\"expression_functions\":[");
	for (size_t i = 0; expression_card(i, &card); i++) {
		text_puts(out, i == 0 ? "{\"name\":" : ",{\"name\":");
		text_json_string(out, card.name);
		text_puts(out, ",\"signature\":");
		text_json_string(out, card.signature);
		text_puts(out, ",\"doc\":");
		text_json_string(out, card.doc);
		text_puts(out, "}");
	}
	text_puts(out, "]");
}

void catalog_render(struct text *out)
{
	text_puts(out, "{\"models\":[");
	for (size_t i = 0; i < model_type_count; i++) {
		model_render(model_types[i], i == 0, out);
	}
	text_puts(out, "]");
	optimizers_render(out);
	schedules_render(out);
	LIST_RENDER(out, "losses", loss_type_count, loss_types[i], "");
	LIST_RENDER(out, "activations", activation_type_count, activation_types[i], "");
	layers_render(out);
	LIST_RENDER(out, "inits", init_type_count, init_types[i], "");
	LIST_RENDER(out, "functions", function_type_count, function_types[i], "");
	LIST_RENDER(out, "generators", generator_type_count, generator_types[i], "");
	expression_functions_render(out);
	stopping_render(out);
	text_puts(out, "}");
}

void version_render(size_t max_body, uint64_t max_queue, struct text *out)
{
	text_puts(out, "{\"name\":\"descentd\",\"version\":\"" DESCENT_VERSION "\",\"limits\":{\"max_body\":");
	text_json_uint(out, max_body);
	text_puts(out, ",\"max_queue\":");
	text_json_uint(out, max_queue);
	text_puts(out, ",\"json_depth\":64,\"json_values\":2000000,\"list_limit\":500,\"wait_seconds\":60,"
		       "\"included_weights\":10000,\"faults\":100}}");
}
