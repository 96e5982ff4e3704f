/* A body that was read as JSON, before anything of it is judged. */
#include <stdlib.h>
#include <string.h>

#include "api/spec.h"

uint64_t job_draft_memory(const char *body, size_t length)
{
	return json_tree_bytes(body, length) + 3 * (uint64_t)length;
}

enum status job_draft_read(const char *body, size_t length, struct job_draft **out, struct problem *problem)
{
	struct job_draft *draft = calloc(1, sizeof *draft);
	*out = NULL;
	if (draft == NULL) {
		return E_MEMORY;
	}
	enum status status = json_parse(body, length, &draft->root, problem);
	if (status == OK && !cJSON_IsObject(draft->root)) {
		problem_fault(problem, "", FAULT_WRONG_TYPE, NULL, NULL, "a job is an object, %s was given",
			      json_kind(draft->root));
		status = E_INVALID;
	}
	struct arena *arena = arena_create();
	if (status == OK && arena != NULL) {
		struct reader reader = { problem, arena };
		json_duplicates(&reader, NULL, draft->root);
		if (problem->faults_total > 0) {
			/* Which of two is meant is unclear, so nothing comes of it; but all faults come at once. */
			draft_judge_alone(draft, problem);
			status = E_INVALID;
		}
	}
	if (status == OK && arena == NULL) {
		status = E_MEMORY;
	}
	arena_destroy(arena);
	if (status != OK) {
		job_draft_destroy(draft);
		return status;
	}
	*out = draft;
	return OK;
}

void job_draft_destroy(struct job_draft *draft)
{
	if (draft != NULL) {
		cJSON_Delete(draft->root);
		free(draft);
	}
}

/* The string at a path of keys, or NULL. */
static const char *string_at(const cJSON *item, const char *first, const char *second, const char *third)
{
	const char *const path[] = { first, second, third };
	for (size_t i = 0; i < 3 && path[i] != NULL; i++) {
		item = cJSON_IsObject(item) ? cJSON_GetObjectItemCaseSensitive(item, path[i]) : NULL;
		if (item == NULL) {
			return NULL;
		}
	}
	return cJSON_IsString(item) ? item->valuestring : NULL;
}

const char *job_draft_dataset_id(const struct job_draft *draft)
{
	return string_at(draft->root, "dataset", "id", NULL);
}

const char *job_draft_validation_id(const struct job_draft *draft)
{
	return string_at(draft->root, "dataset", "validation", "id");
}

const char *job_draft_initial_job_id(const struct job_draft *draft, const char **at)
{
	const cJSON *model = cJSON_GetObjectItemCaseSensitive(draft->root, "model");
	const cJSON *initial =
		cJSON_IsObject(model) ? cJSON_GetObjectItemCaseSensitive(model, "initial_parameters") : NULL;
	*at = NULL;
	if (!cJSON_IsObject(initial) || cJSON_GetObjectItemCaseSensitive(initial, "parameters") != NULL) {
		return NULL;
	}
	*at = string_at(initial, "at", NULL, NULL);
	return string_at(initial, "job_id", NULL, NULL);
}

bool job_draft_gradient_check(const struct job_draft *draft)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(draft->root, "gradient_check"));
}

bool job_draft_has_inline(const struct job_draft *draft)
{
	const cJSON *dataset = cJSON_GetObjectItemCaseSensitive(draft->root, "dataset");
	return cJSON_IsObject(dataset) && cJSON_GetObjectItemCaseSensitive(dataset, "inline") != NULL;
}
