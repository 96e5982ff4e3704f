/*
 * The dataset of a job: which columns are target and features, and how the rows are split. What the
 * target must be is the model's or its loss's matter: spec_target.c.
 */
#include <math.h>
#include <string.h>

#include "api/columns.h"
#include "api/spec_dataset.h"

const struct at at_dataset = { NULL, "dataset", 0 };

enum part {
	PART_ID,
	PART_INLINE,
	PART_GENERATOR,
	PART_TARGET,
	PART_FEATURES,
	PART_EXCLUDE,
	PART_STANDARDIZE,
	PART_FRACTION,
	PART_VALIDATION,
	PART_MISSING,
	PART_CATEGORICAL,
	PART_WEIGHT,
	PART_COUNT
};

static const struct field parts[PART_COUNT] = {
	[PART_ID] = { .name = "id" },
	[PART_INLINE] = { .name = "inline" },
	[PART_GENERATOR] = { .name = "generator" },
	[PART_TARGET] = { .name = "target" },
	[PART_FEATURES] = { .name = "features" },
	[PART_EXCLUDE] = { .name = "exclude" },
	[PART_STANDARDIZE] = { .name = "standardize" },
	[PART_FRACTION] = { .name = "validation_fraction" },
	[PART_VALIDATION] = { .name = "validation" },
	[PART_MISSING] = { .name = "missing" },
	[PART_CATEGORICAL] = { .name = "categorical",
			       .later = "one-hot encoding is not available yet: encode the column in the data, or "
					"exclude it" },
	[PART_WEIGHT] = { .name = "sample_weight", .later = "weights of rows are not available yet" },
};

/* Strings of a field that is a name or a list of names. */
static bool names_of(struct judge *judge, const struct at *at, const cJSON *item, const char ***names, size_t *count)
{
	if (cJSON_IsString(item)) {
		*names = arena_alloc(judge->reader.arena, 1, sizeof **names);
		*count = 1;
		return *names != NULL && read_string(&judge->reader, at, item, *names);
	}
	return read_strings(&judge->reader, at, item, names, count);
}

/* Where the k-th of a field's names stands: the field itself when it is one string. */
static struct at place(const struct at *at, const cJSON *item, size_t k)
{
	return item != NULL && cJSON_IsArray(item) ? (struct at){ at, NULL, k } : *at;
}

/* What the target of a model of embeddings is for. */
static const char *missing_target_hint(const struct judge *judge)
{
	if (judge->model == NULL || !judge->model->embeds) {
		return "";
	}
	return judge_pairs_in_rows(judge) ? ": whether the two points of a row are alike, 1, or not, 0"
					  : ": the class of each point; where a row holds its points side by side, use "
					    "\"pairs\": \"rows\"";
}

static void take_targets(struct judge *judge, const struct columns *columns, const cJSON *item, bool *taken)
{
	struct job_spec *spec = judge->spec;
	struct at at = { &at_dataset, "target", 0 };
	const bool spared = target_spared(judge);
	const char **names = NULL, *preset = judge->info->target;
	size_t count = 0;
	if (preset == NULL) {
		preset = inline_target_name(judge);
	}
	if (spared && (item == NULL ? preset == NULL : cJSON_IsNull(item))) {
		return;
	}
	if (item != NULL && !cJSON_IsNull(item)) {
		if (!names_of(judge, &at, item, &names, &count)) {
			return;
		}
	} else if (preset != NULL) {
		names = arena_alloc(judge->reader.arena, 1, sizeof *names);
		if (names == NULL) {
			return;
		}
		names[0] = preset;
		count = 1;
	}
	if (count == 0) {
		reader_fault(&judge->reader, &at, FAULT_MISSING, NULL,
			     columns->info->columns <= 50 ? columns->names : NULL, "say which column is the target%s",
			     missing_target_hint(judge));
		return;
	}
	spec->target = arena_alloc(judge->reader.arena, count, sizeof *spec->target);
	spec->target_column = arena_alloc(judge->reader.arena, count, sizeof *spec->target_column);
	bool fine = spec->target != NULL && spec->target_column != NULL;
	for (size_t k = 0; k < count && !arena_failed(judge->reader.arena); k++) {
		struct at here = place(&at, item, k);
		long index = columns_need(judge, &here, columns, names[k]);
		if (index >= 0 && taken[index]) {
			reader_fault(&judge->reader, &here, FAULT_DUPLICATE, NULL, NULL, "%.100s is named twice",
				     names[k]);
			index = -1;
		}
		if (index < 0) {
			fine = false;
			continue;
		}
		taken[index] = true;
		spec->target[spec->target_count] = arena_strdup(judge->reader.arena, names[k]);
		spec->target_column[spec->target_count++] = (size_t)index;
	}
	judge->columns_known = judge->columns_known && fine;
	const bool alone = judge->model != NULL && (judge->model->embeds ? judge_embeds_target(judge) == TARGET_NONE
									 : judge->model->target == TARGET_NONE);
	if (alone && spec->target_count > 0) {
		judge_warn(judge, "%s learns from the features alone: the target %s is left out of them and not used",
			   judge->model->name, spec->target[0]);
		spec->target_count = 0;
	}
}

/* Marks what `exclude` names. */
static void take_excluded(struct judge *judge, const struct columns *columns, const cJSON *item, bool *excluded)
{
	struct at at = { &at_dataset, "exclude", 0 };
	const char **names;
	size_t count;
	if (item == NULL || cJSON_IsNull(item) || !names_of(judge, &at, item, &names, &count)) {
		return;
	}
	for (size_t k = 0; k < count; k++) {
		struct at here = place(&at, item, k);
		long index = columns_need(judge, &here, columns, names[k]);
		if (index >= 0) {
			excluded[index] = true;
		}
	}
}

/* Adds a column to the features unless it cannot be one (noted at `here`). */
static void add_feature(struct judge *judge, const struct at *here, size_t index)
{
	struct job_spec *spec = judge->spec;
	const struct column_info *column = &judge->info->column[index];
	if (column->kind == COLUMN_TEXT) {
		reader_fault(&judge->reader, here, FAULT_NOT_ALLOWED, NULL, NULL,
			     "column %.100s holds text, and one-hot encoding is not available yet: add it to "
			     "dataset.exclude",
			     column->name);
		judge->columns_known = false;
	} else if (column->missing > 0) {
		reader_fault(&judge->reader, here, FAULT_NOT_ALLOWED, NULL, NULL,
			     "column %.100s lacks %llu values: add it to dataset.exclude", column->name,
			     (unsigned long long)column->missing);
		judge->columns_known = false;
	} else {
		spec->feature[spec->feature_count] = arena_strdup(judge->reader.arena, column->name);
		spec->feature_column[spec->feature_count++] = index;
	}
}

static void take_features(struct judge *judge, const struct columns *columns, const cJSON *item, bool *taken,
			  const bool *excluded)
{
	struct job_spec *spec = judge->spec;
	struct at at = { &at_dataset, "features", 0 };
	const char **names = NULL;
	size_t count = columns->info->columns;
	if (item != NULL && cJSON_IsNull(item)) {
		item = NULL;
	}
	if (item != NULL && !names_of(judge, &at, item, &names, &count)) {
		return;
	}
	spec->feature = arena_alloc(judge->reader.arena, count, sizeof *spec->feature);
	spec->feature_column = arena_alloc(judge->reader.arena, count, sizeof *spec->feature_column);
	for (size_t k = 0; k < count && !arena_failed(judge->reader.arena); k++) {
		struct at here = item == NULL ? at : place(&at, item, k);
		long index = item == NULL ? (long)k : columns_need(judge, &here, columns, names[k]);
		if (index < 0) {
			judge->columns_known = false;
		} else if (item != NULL && taken[index]) {
			bool target = false;
			for (size_t t = 0; t < spec->target_count; t++) {
				target = target || spec->target_column[t] == (size_t)index;
			}
			reader_fault(&judge->reader, &here, target ? FAULT_NOT_ALLOWED : FAULT_DUPLICATE, NULL, NULL,
				     target ? "%.100s is the target: it cannot be a feature too"
					    : "%.100s is named twice",
				     names[k]);
		} else if (!taken[index] && !excluded[index]) {
			taken[index] = true;
			add_feature(judge, &here, (size_t)index);
		}
	}
	if (spec->feature_count == 0 && judge->columns_known) {
		reader_fault(&judge->reader, &at, FAULT_MISSING, NULL, NULL, "no column is left to be a feature");
		judge->columns_known = false;
	}
}

static void warn_of_constants(struct judge *judge)
{
	enum { SHOWN = 10 };
	const struct job_spec *spec = judge->spec;
	const char *names[SHOWN];
	size_t count = 0;
	for (size_t i = 0; i < spec->feature_count; i++) {
		const struct column_info *column = &judge->info->column[spec->feature_column[i]];
		if (column->minimum == column->maximum) {
			if (count < SHOWN) {
				names[count] = column->name;
			}
			count++;
		}
	}
	if (count > 0) {
		judge_warn(judge, "%s %s the same value in every row and cannot help: %s%s",
			   count == 1 ? "one feature" : "some features", count == 1 ? "has" : "have",
			   join_words(judge, names, count < SHOWN ? count : SHOWN), count > SHOWN ? " and others" : "");
	}
}

/* How many rows train and how many validate. The split itself is drawn by whoever prepares the data. */
static void take_split(struct judge *judge, const cJSON *fraction_item)
{
	struct job_spec *spec = judge->spec;
	struct at at = { &at_dataset, "validation_fraction", 0 };
	struct range range = { 0, 1, false, true, NULL };
	uint64_t rows = judge->info == NULL ? 0 : judge->info->rows;
	bool given = fraction_item != NULL &&
		     read_real(&judge->reader, &at, fraction_item, range, &spec->validation_fraction);
	spec->training_rows = rows;
	if (!given || spec->validation_fraction == 0) {
		return;
	}
	if (spec->validation_id[0] != '\0') {
		reader_fault(&judge->reader, &at, FAULT_NOT_ALLOWED, NULL, NULL,
			     "validation names a dataset of its own: give one of the two");
		return;
	}
	uint64_t validating = (uint64_t)llround((double)rows * spec->validation_fraction);
	validating = validating == 0 ? 1 : validating;
	if (judge->info != NULL && validating >= rows) {
		reader_fault(&judge->reader, &at, FAULT_OUT_OF_RANGE, NULL, NULL,
			     "of %llu rows this leaves none to train on", (unsigned long long)rows);
		return;
	}
	/* Each class keeps a row to train on (split.c). */
	uint64_t most = rows > spec->class_count ? rows - spec->class_count : 0;
	if (judge->info != NULL && most == 0) {
		reader_fault(&judge->reader, &at, FAULT_OUT_OF_RANGE, NULL, NULL,
			     "each class has one row, which it needs to train on: none is left to validate with");
		return;
	}
	if (judge->info != NULL && validating > most) {
		judge_warn(judge, "%llu rows validate instead of %llu: each of the %zu classes keeps one to train on",
			   (unsigned long long)most, (unsigned long long)validating, spec->class_count);
		validating = most;
	}
	spec->validation_rows = judge->info == NULL ? 0 : validating;
	spec->training_rows = rows - spec->validation_rows;
}

/* The dataset of validation.id must have the job's columns, of the same kind. */
static void take_validation(struct judge *judge, const cJSON *item)
{
	struct job_spec *spec = judge->spec;
	struct at at = { &at_dataset, "validation", 0 }, at_id = { &at, "id", 0 };
	struct field fields[] = { { .name = "id" } };
	const char *id;
	struct columns columns;
	if (item == NULL || cJSON_IsNull(item) || !read_object(&judge->reader, &at, item, fields, 1, NULL, NULL)) {
		return;
	}
	if (fields[0].item == NULL) {
		reader_fault(&judge->reader, &at_id, FAULT_MISSING, NULL, NULL, "the id of a dataset is needed");
		return;
	}
	if (!read_string(&judge->reader, &at_id, fields[0].item, &id)) {
		return;
	}
	if (strlen(id) >= ID_SIZE || (judge->validation == NULL && !judge->alone)) {
		reader_fault(&judge->reader, &at_id, FAULT_NOT_FOUND, NULL, NULL, "there is no dataset '%.60s'", id);
		return;
	}
	memcpy(spec->validation_id, id, strlen(id) + 1);
	if (judge->validation == NULL || !columns_make(judge, judge->validation, &columns)) {
		return;
	}
	spec->validation_rows = judge->validation->rows;
	if (judge->validation->rows == 0) {
		reader_fault(&judge->reader, &at_id, FAULT_OUT_OF_RANGE, NULL, NULL, "the dataset has no rows");
	}
	for (size_t i = 0; i < spec->feature_count + spec->target_count; i++) {
		bool feature = i < spec->feature_count;
		const char *name = feature ? spec->feature[i] : spec->target[i - spec->feature_count];
		size_t own = feature ? spec->feature_column[i] : spec->target_column[i - spec->feature_count];
		long index = columns_need(judge, &at_id, &columns, name);
		if (index >= 0 && judge->validation->column[index].kind != judge->info->column[own].kind) {
			reader_fault(&judge->reader, &at_id, FAULT_WRONG_TYPE, NULL, NULL,
				     "column %.100s holds text in one dataset and numbers in the other", name);
		} else if (index >= 0 && !feature && spec->class_count > 0 && !judge->stored) {
			judge_validation_classes(judge, &at_id, &judge->validation->column[index]);
		}
	}
}

static void take_missing(struct judge *judge, const cJSON *item)
{
	static const char *const words[] = { "error", "drop", "mean", "median", "most_frequent", NULL };
	struct at at = { &at_dataset, "missing", 0 };
	size_t index = 0;
	if (item != NULL && read_choice(&judge->reader, &at, item, words, &index) && index > 0) {
		reader_fault(&judge->reader, &at, FAULT_NOT_ALLOWED, "error", NULL,
			     "'%s' is not available yet: rows with missing values are refused at the upload",
			     words[index]);
	}
}

/* id, inline or generator, one of them; false when the columns cannot be looked at. */
static bool take_source(struct judge *judge, const struct field *fields)
{
	struct at at_id = { &at_dataset, "id", 0 };
	const cJSON *id = fields[PART_ID].item;
	const char *string = NULL;
	const bool rows = fields[PART_INLINE].item != NULL, drawn = fields[PART_GENERATOR].item != NULL;
	const int sources = (id != NULL) + rows + drawn;
	if (sources == 0) {
		reader_fault(&judge->reader, &at_dataset, FAULT_MISSING, NULL, NULL,
			     "give the id of an uploaded dataset, the rows themselves as inline, or a generator");
		return false;
	}
	if (sources > 1) {
		const char *last = drawn ? "generator" : "inline", *first = id != NULL ? "id" : "inline";
		struct at at_first = { &at_dataset, first, 0 };
		reader_fault(&judge->reader, &at_first, FAULT_NOT_ALLOWED, NULL, NULL, "give either %s or %s, not both",
			     first, last);
		return false;
	}
	if (id != NULL && !read_string(&judge->reader, &at_id, id, &string)) {
		return false;
	}
	if (judge->info == NULL) {
		if (string != NULL && !judge->alone) {
			reader_fault(&judge->reader, &at_id, FAULT_NOT_FOUND, NULL, NULL, "there is no dataset '%.60s'",
				     string);
		}
		return false;
	}
	memcpy(judge->spec->dataset_id, judge->info->id, sizeof judge->spec->dataset_id);
	if (judge->info->rows == 0) {
		reader_fault(&judge->reader, id == NULL ? &at_dataset : &at_id, FAULT_OUT_OF_RANGE, NULL, NULL,
			     "the dataset has no rows");
	}
	return true;
}

static void judge_columns(struct judge *judge, const struct field *fields)
{
	struct columns columns;
	size_t count = judge->info->columns;
	bool *taken = arena_alloc(judge->reader.arena, count, sizeof *taken);
	bool *excluded = arena_alloc(judge->reader.arena, count, sizeof *excluded);
	if (taken == NULL || excluded == NULL || !columns_make(judge, judge->info, &columns)) {
		return;
	}
	judge->columns_known = true;
	take_targets(judge, &columns, fields[PART_TARGET].item, taken);
	judge->columns_known = judge->columns_known && (judge->spec->target_count > 0 || target_spared(judge));
	take_excluded(judge, &columns, fields[PART_EXCLUDE].item, excluded);
	if (judge->columns_known || fields[PART_FEATURES].item != NULL) {
		/* Without a target "all other columns" are not known: one of them may be the mistyped one. */
		take_features(judge, &columns, fields[PART_FEATURES].item, taken, excluded);
	}
	warn_of_constants(judge);
	judge_target(judge);
}

void judge_dataset(struct judge *judge)
{
	struct job_spec *spec = judge->spec;
	const cJSON *item = judge->top[TOP_DATASET].item;
	struct at at_standardize = { &at_dataset, "standardize", 0 };
	struct field fields[PART_COUNT];
	bool function = judge->model != NULL && judge->model->is_function;
	memcpy(fields, parts, sizeof fields);
	if (item == NULL || (judge->rowless && cJSON_IsNull(item))) {
		if (judge->model != NULL && !judge->rowless) {
			reader_fault(&judge->reader, &at_dataset, FAULT_MISSING, NULL, NULL, "%s needs a dataset",
				     judge->model->name);
		}
		return;
	}
	if (function) {
		reader_fault(&judge->reader, &at_dataset, FAULT_NOT_ALLOWED, NULL, NULL,
			     "a function is minimised without a dataset");
		return;
	}
	if (!read_object(&judge->reader, &at_dataset, item, fields, PART_COUNT, NULL, NULL)) {
		return;
	}
	spec->has_dataset = true;
	spec->standardize = judge->model == NULL ||
			    (!judge->model->is_expression && !judge->model->indexes && !network_reads_indices(judge));
	if (fields[PART_STANDARDIZE].item != NULL) {
		read_bool(&judge->reader, &at_standardize, fields[PART_STANDARDIZE].item, &spec->standardize);
	}
	take_missing(judge, fields[PART_MISSING].item);
	if (take_source(judge, fields)) {
		judge_columns(judge, fields);
	}
	take_validation(judge, fields[PART_VALIDATION].item);
	take_split(judge, fields[PART_FRACTION].item);
}
