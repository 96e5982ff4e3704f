/*
 * The whole spec as JSON: what was said and every default, from the resolved structs. POSTed as it stands it
 * resolves to the same spec.
 */
#include <math.h>
#include <string.h>

#include "api/spec.h"
#include "core/function/function.h"

static void strings_render(struct text *out, char *const *strings, size_t count)
{
	text_puts(out, "[");
	for (size_t i = 0; i < count; i++) {
		text_puts(out, i == 0 ? "" : ",");
		text_json_string(out, strings[i]);
	}
	text_puts(out, "]");
}

static void member_number(struct text *out, const char *name, double value)
{
	text_printf(out, ",\"%s\":", name);
	text_json_double(out, value);
}

/* A budget or count, null where 0 means none. */
static void member_budget(struct text *out, const char *name, uint64_t value)
{
	member_number(out, name, value == 0 ? (double)NAN : (double)value);
}

static void names_render(const struct job_spec *spec, struct text *out)
{
	text_puts(out, "\"name\":");
	text_json_string(out, spec->name);
	text_puts(out, ",\"metadata\":{");
	for (size_t i = 0; i < spec->metadata_count; i++) {
		text_puts(out, i == 0 ? "" : ",");
		text_json_string(out, spec->metadata_key[i]);
		text_puts(out, ":");
		text_json_string(out, spec->metadata_value[i]);
	}
	text_puts(out, "}");
}

static void dataset_render(const struct job_spec *spec, struct text *out)
{
	text_puts(out, ",\"dataset\":{\"id\":");
	text_json_string(out, spec->dataset_id);
	text_puts(out, ",\"target\":");
	if (spec->target_count == 0) {
		text_puts(out, "null");
	} else if (spec->target_count == 1) {
		text_json_string(out, spec->target[0]);
	} else {
		strings_render(out, spec->target, spec->target_count);
	}
	text_puts(out, ",\"features\":");
	strings_render(out, spec->feature, spec->feature_count);
	text_puts(out, ",\"exclude\":[],\"missing\":\"error\",\"standardize\":");
	text_json_bool(out, spec->standardize);
	member_number(out, "validation_fraction", spec->validation_fraction);
	text_puts(out, ",\"validation\":");
	if (spec->validation_id[0] != '\0') {
		text_puts(out, "{\"id\":");
		text_json_string(out, spec->validation_id);
		text_puts(out, "}");
	} else {
		text_puts(out, "null");
	}
	text_puts(out, "}");
}

/* {"type":"relu", settings} */
static void typed_render(const char *type, const struct settings *settings, struct text *out)
{
	text_puts(out, "{\"type\":");
	text_json_string(out, type);
	settings_render(settings, out);
	text_puts(out, "}");
}

/* ,"name":"relu" or ,"name":{"type":"elu", settings} */
void member_typed(struct text *out, const char *name, const char *type, const struct settings *settings)
{
	text_printf(out, ",\"%s\":", name);
	if (settings->count == 0) {
		text_json_string(out, type);
	} else {
		typed_render(type, settings, out);
	}
}

/* Without the comma before it. */
static void layers_render_first(const struct layer_config *layers, size_t count, struct text *out);

static void layers_render(const struct layer_config *layers, size_t count, struct text *out)
{
	text_puts(out, ",");
	layers_render_first(layers, count, out);
}

static void player_render(const char *name, const struct network_config *network, struct text *out)
{
	text_printf(out, ",\"%s\":{", name);
	layers_render_first(network->layers, network->layer_count, out);
	text_puts(out, "}");
}

static void layers_render_first(const struct layer_config *layers, size_t count, struct text *out)
{
	text_puts(out, "\"layers\":[");
	for (size_t i = 0; i < count; i++) {
		const struct layer_config *layer = &layers[i];
		text_puts(out, i == 0 ? "{\"type\":" : ",{\"type\":");
		text_json_string(out, layer->type->name);
		settings_render(&layer->settings, out);
		if (layer->activation != NULL) {
			member_typed(out, "activation", layer->activation->name, &layer->activation_settings);
		}
		if (layer->init != NULL) {
			member_typed(out, "init", layer->init->name, &layer->init_settings);
		} else if (layer->type->weighs) {
			text_puts(out, ",\"init\":null");
		}
		if (layer->type->nests) {
			layers_render(layer->layers, layer->layer_count, out);
		}
		text_puts(out, "}");
	}
	text_puts(out, "]");
}

/* A list of numbers; null where one is not finite. */
static void numbers_render(const char *name, const double *numbers, size_t count, struct text *out)
{
	text_printf(out, ",\"%s\":[", name);
	for (size_t i = 0; i < count; i++) {
		text_puts(out, i == 0 ? "" : ",");
		text_json_double(out, numbers[i]);
	}
	text_puts(out, "]");
}

static void function_render(const struct model_config *model, struct text *out)
{
	text_puts(out, ",\"function\":");
	text_json_string(out, model->function->name);
	settings_render(&model->function_settings, out);
	member_number(out, "scale", model->scale);
	numbers_render("initial_point", model->initial_point, model->initial_count, out);
	if (model->lower != NULL) {
		numbers_render("min", model->lower, model->initial_count, out);
		numbers_render("max", model->upper, model->initial_count, out);
	}
}

static void initial_render(const struct judge *judge, const struct objective *objective, struct text *out)
{
	const struct job_spec *spec = judge->spec;
	text_puts(out, ",\"initial_parameters\":");
	if (spec->initial_job_id[0] != '\0') {
		text_puts(out, "{\"job_id\":");
		text_json_string(out, spec->initial_job_id);
		text_puts(out, ",\"at\":");
		text_json_string(out, spec->initial_at);
		text_puts(out, "}");
		return;
	}
	if (spec->initial == NULL || objective == NULL) {
		text_puts(out, "null");
		return;
	}
	text_puts(out, "{\"parameters\":[");
	for (size_t i = 0; i < objective->tensors; i++) {
		const struct tensor *tensor = &objective->tensor[i];
		text_puts(out, i == 0 ? "{\"name\":" : ",{\"name\":");
		text_json_string(out, tensor->name);
		text_puts(out, ",\"shape\":[");
		for (size_t k = 0; k < tensor->rank; k++) {
			text_puts(out, k == 0 ? "" : ",");
			text_json_uint(out, tensor->shape[k]);
		}
		text_puts(out, "],\"values\":[");
		for (size_t k = 0; k < tensor->size; k++) {
			text_puts(out, k == 0 ? "" : ",");
			text_json_double(out, spec->initial[tensor->offset + k]);
		}
		text_puts(out, "]}");
	}
	text_puts(out, "]}");
}

static void model_render(const struct judge *judge, struct text *out)
{
	const struct model_config *model = &judge->spec->model;
	text_puts(out, ",\"model\":{\"type\":");
	text_json_string(out, model->type->name);
	settings_render(&model->settings, out);
	if (model->function != NULL) {
		function_render(model, out);
	}
	if (model->expression != NULL) {
		expression_render(judge, out);
	}
	if (model->type->has_layers) {
		layers_render(model->layers, model->layer_count, out);
	}
	if (model->type->plays) {
		player_render("generator", &model->generator, out);
		player_render("discriminator", &model->discriminator, out);
	}
	if (model->type->has_layers || model->type->plays) {
		if (model->init != NULL) {
			member_typed(out, "init", model->init->name, &model->init_settings);
		} else {
			text_puts(out, ",\"init\":null");
		}
	}
	if (model->loss != NULL) {
		text_puts(out, ",\"loss\":");
		if (model->loss_settings.count == 0) {
			text_json_string(out, model->loss->name);
		} else {
			typed_render(model->loss->name, &model->loss_settings, out);
		}
	}
	if (model->function == NULL) {
		struct objective *objective = NULL;
		struct job_spec *spec = judge->spec;
		if (spec->initial != NULL) {
			model_build(&spec->model, &spec->shape, spec->train.training.dtype, 0, &objective, NULL);
			out->failed = out->failed || objective == NULL;
		}
		initial_render(judge, objective, out);
		objective_destroy(objective);
	}
	text_puts(out, "}");
}

static void schedule_render(const struct schedule_config *schedule, struct text *out)
{
	text_puts(out, "{\"type\":");
	text_json_string(out, schedule->type->name);
	settings_render(&schedule->settings, out);
	member_number(out, "warmup_steps", (double)schedule->warmup_steps);
	text_printf(out, ",\"per\":\"%s\"", schedule->per_epoch ? "epoch" : "step");
	for (size_t i = 0; i < schedule->parts; i++) {
		text_puts(out, i == 0 ? ",\"schedules\":[" : ",");
		schedule_render(&schedule->part[i], out);
	}
	text_puts(out, schedule->parts > 0 ? "]}" : "}");
}

static void optimizer_render(const struct judge *judge, struct text *out)
{
	const struct optimizer_config *optimizer = &judge->spec->train.optimizer;
	text_puts(out, ",\"optimizer\":{\"type\":");
	text_json_string(out, optimizer->type->name);
	settings_render(&optimizer->settings, out);
	text_puts(out, ",\"schedule\":");
	schedule_render(&optimizer->schedule, out);
	member_number(out, "clip_grad_norm", optimizer->clip_grad_norm);
	member_number(out, "clip_eps", optimizer->clip_eps);
	member_number(out, "clip_grad_value", optimizer->clip_grad_value);
	common_render(judge, out);
	if (judge->model != NULL && judge->model->plays) {
		const double rate = optimizer->discriminator_rate;
		member_number(out, "discriminator_learning_rate", rate > 0 ? rate : (double)NAN);
	}
	text_puts(out, ",\"auto\":");
	text_json_string(out, judge->auto_why);
	text_puts(out, "}");
}

static void training_render(const struct job_spec *spec, struct text *out)
{
	const struct training_config *training = &spec->train.training;
	text_puts(out, ",\"training\":{\"batch_size\":");
	if (training->batch_size == 0) {
		text_puts(out, "\"full\"");
	} else {
		text_json_uint(out, training->batch_size);
	}
	if (spec->has_dataset) {
		member_budget(out, "epochs", training->epochs);
	}
	member_budget(out, "steps", training->steps);
	text_puts(out, ",\"shuffle\":");
	text_json_bool(out, training->shuffle);
	member_number(out, "seed", (double)training->seed);
	if (training->restarts > 1) {
		member_number(out, "restarts", (double)training->restarts);
	}
	text_printf(out, ",\"dtype\":\"%s\"}", dtype_name(training->dtype));
}

static void stopping_render(const struct stopping_config *stopping, struct text *out)
{
	text_puts(out, ",\"stopping\":{\"gradient_norm\":");
	text_json_double(out, stopping->gradient_norm);
	member_number(out, "loss_change", stopping->loss_change);
	member_number(out, "parameter_change", stopping->parameter_change);
	member_number(out, "target_loss", stopping->target_loss);
	member_number(out, "max_seconds", stopping->max_seconds);
	text_puts(out, ",\"early_stopping\":");
	if (stopping->early_stopping) {
		text_printf(out, "{\"metric\":\"%s\"",
			    stopping->early_metric == METRIC_TRAIN_LOSS ? "train_loss" : "validation_loss");
		member_number(out, "patience", (double)stopping->patience);
		member_number(out, "min_delta", stopping->min_delta);
		text_puts(out, "}}");
	} else {
		text_puts(out, "null}");
	}
}

void spec_document(struct judge *judge)
{
	struct job_spec *spec = judge->spec;
	struct text out;
	text_init(&out);
	text_puts(&out, "{");
	names_render(spec, &out);
	if (spec->has_dataset) {
		dataset_render(spec, &out);
	}
	model_render(judge, &out);
	optimizer_render(judge, &out);
	training_render(spec, &out);
	stopping_render(&spec->train.stopping, &out);
	text_printf(&out, ",\"direction\":\"%s\"", spec->train.direction == MAXIMIZE ? "maximize" : "minimize");
	text_puts(&out, ",\"recording\":{\"every_steps\":");
	text_json_uint(&out, spec->train.recording.every_steps);
	text_puts(&out, ",\"parameters\":");
	if (spec->parameters_unsaid) {
		text_puts(&out, "null");
	} else {
		text_json_bool(&out, spec->train.recording.parameters);
	}
	text_puts(&out, "}}");
	if (text_failed(&out)) {
		judge->failed = true;
	} else {
		spec->document = arena_strndup(judge->reader.arena, out.data, out.length);
		spec->document_length = out.length;
	}
	text_fini(&out);
}
