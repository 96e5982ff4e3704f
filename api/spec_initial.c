/*
 * Initial parameters: the document that `weights` answers (or its `parameters` alone), or another job's.
 * Every tensor of the model must be there, of its size; sizes come from the model itself, built for a moment.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "api/spec.h"

static const struct at at_model = { NULL, "model", 0 };
static const struct at at_initial = { &at_model, "initial_parameters", 0 };

static void take_job(struct judge *judge, const cJSON *item)
{
	static const char *const ats[] = { "best", "last", "averaged", NULL };
	enum { JOB, AT, COUNT };
	struct job_spec *spec = judge->spec;
	struct field fields[COUNT] = { { .name = "job_id" }, { .name = "at" } };
	struct at at_job = { &at_initial, "job_id", 0 }, at_at = { &at_initial, "at", 0 };
	const char *id;
	size_t which;
	read_object(&judge->reader, &at_initial, item, fields, COUNT, NULL, NULL);
	if (fields[JOB].item == NULL) {
		reader_fault(&judge->reader, &at_initial, FAULT_MISSING, NULL, NULL,
			     "give either `parameters`, in the form that weights answers, or a job_id");
	} else if (read_string(&judge->reader, &at_job, fields[JOB].item, &id)) {
		if (id[0] == '\0' || strlen(id) >= ID_SIZE) {
			reader_fault(&judge->reader, &at_job, FAULT_NOT_FOUND, NULL, NULL, "there is no job '%.60s'",
				     id);
		} else {
			memcpy(spec->initial_job_id, id, strlen(id) + 1);
		}
	}
	if (fields[AT].item != NULL && !cJSON_IsNull(fields[AT].item) &&
	    read_choice(&judge->reader, &at_at, fields[AT].item, ats, &which)) {
		spec->initial_at = arena_strdup(judge->reader.arena, ats[which]);
	}
}

static void take_values(struct judge *judge, const struct at *at, const cJSON *values, const struct tensor *tensor)
{
	struct at here = { at, "values", 0 };
	const char *dot = strrchr(tensor->name, '.');
	const bool variance = dot != NULL && strcmp(dot, ".running_var") == 0;
	const bool single = judge->spec->train.training.dtype == DTYPE_FLOAT32;
	const double most = single ? 0x1.fffffefffffffp127 : DBL_MAX; /* float32: what rounds to a number */
	const struct range any = { variance ? 0 : -most, most, false, false,
				   variance ? "A variance."
				   : single ? "What float32 holds."
					    : NULL };
	const double *numbers;
	size_t count;
	if (values == NULL) {
		reader_fault(&judge->reader, &here, FAULT_MISSING, NULL, NULL, "the numbers of %s are needed",
			     tensor->name);
	} else if (read_vector(&judge->reader, &here, values, tensor->size, any, &numbers, &count)) {
		memcpy(judge->spec->initial + tensor->offset, numbers, count * sizeof *numbers);
	}
}

static void check_shape(struct judge *judge, const struct at *at, const cJSON *shape, const struct tensor *tensor)
{
	struct at here = { at, "shape", 0 };
	struct range any = { 0, (double)INFINITY, false, false, NULL };
	const double *numbers = NULL;
	size_t count = 0;
	if (shape == NULL || !read_vector(&judge->reader, &here, shape, 0, any, &numbers, &count)) {
		return;
	}
	bool same = count == tensor->rank;
	for (size_t k = 0; same && k < count; k++) {
		same = numbers[k] == (double)tensor->shape[k];
	}
	if (!same) {
		struct text text;
		text_init(&text);
		for (size_t k = 0; k < tensor->rank; k++) {
			text_printf(&text, "%s%zu", k == 0 ? "" : ", ", tensor->shape[k]);
		}
		reader_fault(&judge->reader, &here, FAULT_OUT_OF_RANGE, NULL, NULL,
			     "%s has the shape [%s] in this model", tensor->name, text_failed(&text) ? "" : text.data);
		text_fini(&text);
	}
}

/* One tensor of the document into theta; `seen` marks those that were given. */
static void take_tensor(struct judge *judge, const struct at *at, const cJSON *item, const struct objective *objective,
			bool *seen)
{
	enum { NAME, SHAPE, DTYPE, VALUES, NONFINITE, COUNT };
	struct field fields[COUNT] = { { .name = "name" },
				       { .name = "shape" },
				       { .name = "dtype" },
				       { .name = "values" },
				       { .name = "nonfinite" } };
	struct at at_name = { at, "name", 0 };
	const char *name;
	size_t i = 0;
	if (!read_object(&judge->reader, at, item, fields, COUNT, NULL, NULL)) {
		return;
	}
	if (fields[NAME].item == NULL) {
		reader_fault(&judge->reader, &at_name, FAULT_MISSING, NULL, NULL, "the name of a tensor is needed");
		return;
	}
	if (!read_string(&judge->reader, &at_name, fields[NAME].item, &name)) {
		return;
	}
	while (i < objective->tensors && strcmp(objective->tensor[i].name, name) != 0) {
		i++;
	}
	if (i == objective->tensors) {
		reader_fault(&judge->reader, &at_name, FAULT_NOT_FOUND, NULL, NULL, "the model has no tensor '%.100s'",
			     name);
	} else if (seen[i]) {
		reader_fault(&judge->reader, &at_name, FAULT_DUPLICATE, NULL, NULL, "%s is given twice", name);
	} else {
		seen[i] = true;
		check_shape(judge, at, fields[SHAPE].item, &objective->tensor[i]);
		take_values(judge, at, fields[VALUES].item, &objective->tensor[i]);
	}
}

static void take_tensors(struct judge *judge, const struct at *at, const cJSON *list, const struct objective *objective)
{
	bool *seen = arena_alloc(judge->reader.arena, objective->tensors, sizeof *seen);
	size_t i = 0;
	judge->spec->initial = arena_alloc(judge->reader.arena, objective->n, sizeof(double));
	judge->spec->initial_count = objective->n;
	if (seen == NULL || judge->spec->initial == NULL) {
		return;
	}
	for (const cJSON *item = list->child; item != NULL; item = item->next, i++) {
		struct at here = { at, NULL, i };
		take_tensor(judge, &here, item, objective, seen);
	}
	for (i = 0; i < objective->tensors; i++) {
		if (!seen[i]) {
			reader_fault(&judge->reader, at, FAULT_MISSING, NULL, NULL, "the tensor %s is missing",
				     objective->tensor[i].name);
		}
	}
}

void judge_initial(struct judge *judge)
{
	struct job_spec *spec = judge->spec;
	const cJSON *model = judge->top[TOP_MODEL].item;
	const cJSON *item =
		cJSON_IsObject(model) ? cJSON_GetObjectItemCaseSensitive(model, "initial_parameters") : NULL;
	const cJSON *list = item;
	struct at at_list = at_initial;
	if (judge->model == NULL || judge->model->is_function || item == NULL || cJSON_IsNull(item)) {
		return;
	}
	if (cJSON_IsObject(item)) {
		list = cJSON_GetObjectItemCaseSensitive(item, "parameters");
		at_list = (struct at){ &at_initial, "parameters", 0 };
		if (list == NULL) {
			take_job(judge, item);
			return;
		}
	}
	if (!cJSON_IsArray(list)) {
		reader_fault(&judge->reader, &at_list, FAULT_WRONG_TYPE, NULL, NULL,
			     "an array of tensors is wanted, %s was given", json_kind(list));
		return;
	}
	if (!judge->shape_known || judge->reader.problem->faults_total > 0 || spec->parameters > JSON_VALUES_MAX) {
		if (spec->parameters > JSON_VALUES_MAX) {
			reader_fault(&judge->reader, &at_list, FAULT_OUT_OF_RANGE, NULL, NULL,
				     "the model has %llu parameters, more than a job can carry: give a job_id",
				     (unsigned long long)spec->parameters);
		}
		return;
	}
	struct objective *objective = NULL;
	struct error error;
	enum status status = model_build(&spec->model, &spec->shape, spec->train.training.dtype, 0, &objective, &error);
	if (status == OK) {
		take_tensors(judge, &at_list, list, objective);
	} else {
		judge->failed = judge->failed || status == E_MEMORY;
	}
	objective_destroy(objective);
}
