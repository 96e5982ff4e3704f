/* From a draft to a spec: the parts in their order, and the answer to a dry run. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/spec.h"

enum { WARNINGS_MAX = 100 };

static const char *const top_names[TOP_COUNT] = { "name",     "metadata", "dataset",   "model",     "optimizer",
						  "training", "stopping", "direction", "recording", "gradient_check" };

void judge_warn(struct judge *judge, const char *format, ...)
{
	struct job_spec *spec = judge->spec;
	char line[1024];
	va_list args;
	if (spec->warning == NULL) {
		spec->warning = arena_alloc(judge->reader.arena, WARNINGS_MAX, sizeof *spec->warning);
	}
	if (spec->warning == NULL || spec->warning_count == WARNINGS_MAX) {
		return;
	}
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	spec->warning[spec->warning_count++] = arena_strdup(judge->reader.arena, line);
}

/* It is asked of a dry run, and no part of what is stored. */
static void judge_gradient_check(struct judge *judge)
{
	static const struct at at = { NULL, "gradient_check", 0 };
	const cJSON *item = judge->top[TOP_GRADIENT_CHECK].item;
	if (item != NULL) {
		read_bool(&judge->reader, &at, item, &judge->spec->gradient_check);
	}
}

static void judge_all(struct judge *judge)
{
	for (size_t i = 0; i < TOP_COUNT; i++) {
		judge->top[i].name = top_names[i];
	}
	judge_tables(judge);
	if (arena_failed(judge->reader.arena)) {
		return;
	}
	read_object(&judge->reader, NULL, judge->draft->root, judge->top, TOP_COUNT, NULL, NULL);
	judge_names(judge);
	judge_model_type(judge);
	judge_dataset(judge);
	judge_model(judge);
	judge_optimizer(judge);
	judge_training(judge);
	judge_needs(judge);
	if (!judge->stored) {
		judge_ranges(judge);
	}
	judge_stopping(judge);
	judge_game(judge);
	judge_estimate(judge);
	if (!judge->stored) {
		judge_recorded_parameters(judge);
	}
	judge_initial(judge);
	judge_gradient_check(judge);
}

void draft_judge_alone(const struct job_draft *draft, struct problem *problem)
{
	struct arena *arena = arena_create();
	struct job_spec *spec = arena == NULL ? NULL : arena_alloc(arena, 1, sizeof *spec);
	if (spec != NULL) {
		struct judge judge = {
			.reader = { problem, arena }, .draft = draft, .spec = spec, .slots = 1, .alone = true
		};
		judge_all(&judge);
	}
	arena_destroy(arena);
}

static enum status resolve(const struct job_draft *draft, const struct dataset_info *info,
			   const struct dataset_info *validation, size_t slots, bool stored, struct job_spec **out,
			   struct problem *problem)
{
	struct arena *arena = arena_create();
	struct job_spec *spec = arena == NULL ? NULL : arena_alloc(arena, 1, sizeof *spec);
	size_t before = problem->faults_total;
	*out = NULL;
	if (spec == NULL) {
		arena_destroy(arena);
		return E_MEMORY;
	}
	struct judge judge = { .reader = { problem, arena },
			       .draft = draft,
			       .info = info,
			       .validation = validation,
			       .slots = slots,
			       .stored = stored,
			       .spec = spec };
	spec->arena = arena;
	judge_all(&judge);
	bool wrong = problem->faults_total > before || problem_any(problem);
	if (!wrong && !arena_failed(arena)) {
		spec_document(&judge);
	}
	const bool failed = judge.failed || arena_failed(arena);
	if (wrong || failed) {
		arena_destroy(arena);
		return failed ? E_MEMORY : E_INVALID; /* what memory cut short may look wrong */
	}
	*out = spec;
	return OK;
}

enum status job_spec_resolve(const struct job_draft *draft, const struct dataset_info *info,
			     const struct dataset_info *validation, size_t slots, struct job_spec **out,
			     struct problem *problem)
{
	return resolve(draft, info, validation, slots, false, out, problem);
}

enum status job_spec_load(const char *document, size_t length, const struct dataset_info *info,
			  const struct dataset_info *validation, size_t slots, struct job_spec **out,
			  struct problem *problem)
{
	struct job_draft *draft;
	*out = NULL;
	enum status status = job_draft_read(document, length, &draft, problem);
	if (status == OK) {
		status = resolve(draft, info, validation, slots, true, out, problem);
		job_draft_destroy(draft);
	}
	return status;
}

bool job_document_is_objective(const char *document, size_t length)
{
	cJSON *json = cJSON_ParseWithLength(document, length);
	const cJSON *model = cJSON_GetObjectItemCaseSensitive(json, "model");
	const bool objective = cJSON_IsString(cJSON_GetObjectItemCaseSensitive(model, "objective"));
	cJSON_Delete(json);
	return objective;
}

void job_spec_destroy(struct job_spec *spec)
{
	if (spec != NULL) {
		arena_destroy(spec->arena);
	}
}

void job_spec_keep_warnings(struct job_spec *spec, const char *report)
{
	struct text text;
	text_init(&text);
	text_printf(&text, "{\"report\":null%s}", report == NULL ? "" : report);
	cJSON *json = text_failed(&text) ? NULL : cJSON_ParseWithLength(text.data, text.length);
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "warnings"), *item = NULL;
	size_t count = (size_t)cJSON_GetArraySize(list);
	char **warning = count == 0 ? NULL : arena_alloc(spec->arena, count, sizeof *warning);
	if (warning != NULL) {
		spec->warning = warning;
		spec->warning_count = 0;
		cJSON_ArrayForEach(item, list)
		{
			char *line = cJSON_IsString(item) ? arena_strdup(spec->arena, item->valuestring) : NULL;
			if (line != NULL) {
				warning[spec->warning_count++] = line;
			}
		}
	}
	cJSON_Delete(json);
	text_fini(&text);
}

void job_spec_render_dry_run(const struct job_spec *spec, const struct gradient_report *gradients, struct text *out)
{
	text_puts(out, "{\"spec\":");
	if (job_spec_elide(spec->document, spec->document_length, out) != OK) {
		out->failed = true;
	}
	text_puts(out, ",\"estimate\":{\"memory_bytes\":");
	text_json_uint(out, spec->memory_bytes);
	text_puts(out, ",\"parameters\":");
	text_json_uint(out, spec->parameters);
	text_puts(out, ",\"steps\":");
	text_json_uint(out, spec->steps);
	text_puts(out, ",\"runs_whole\":");
	if (spec->couples != NULL) {
		text_json_string(out, spec->couples);
	} else {
		text_puts(out, "null");
	}
	text_puts(out, "},\"warnings\":[");
	for (size_t i = 0; i < spec->warning_count; i++) {
		text_puts(out, i == 0 ? "" : ",");
		text_json_string(out, spec->warning[i]);
	}
	text_puts(out, "]");
	if (gradients != NULL) {
		text_puts(out, ",\"gradient_check\":");
		gradient_report_render(gradients, out);
	}
	text_puts(out, "}");
}
