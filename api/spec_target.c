/* The target: numbers or classes, as the model and its loss want it, and which classes there are. */
#include <math.h>
#include <string.h>

#include "api/spec_dataset.h"

static const struct at at_target = { &at_dataset, "target", 0 };

/* Up to this many distinct whole numbers a network's numeric target looks like classes. */
enum { LOOKS_LIKE_CLASSES = 20 };

static bool looks_like_classes(const struct column_info *column)
{
	if (column->level_count < 2 || column->level_count > LOOKS_LIKE_CLASSES) {
		return false;
	}
	for (size_t i = 0; i < column->level_count; i++) {
		if (column->level_number[i] != floor(column->level_number[i])) {
			return false;
		}
	}
	return true;
}

/* What a job of embeddings says of its pairs; "auto" where it says nothing (or nothing that is read as a word). */
static const char *pairs_word(const struct judge *judge)
{
	const cJSON *pairs = cJSON_GetObjectItemCaseSensitive(judge->top[TOP_MODEL].item, "pairs");
	return cJSON_IsString(pairs) ? pairs->valuestring : "auto";
}

bool judge_pairs_in_rows(const struct judge *judge)
{
	const char *word = pairs_word(judge);
	const struct loss_type *loss = judge->loss != NULL ? judge->loss : judge->model->losses[0];
	return strcmp(word, "rows") == 0 ||
	       (strcmp(word, "auto") == 0 && loss->target == TARGET_NONE && judge->spec->target_count == 0);
}

enum target_kind judge_embeds_target(const struct judge *judge)
{
	const struct loss_type *loss = judge->loss != NULL ? judge->loss : judge->model->losses[0];
	return model_target(judge->model, loss, judge_pairs_in_rows(judge) ? loss->members : 1);
}

/* What the target is to be: from the loss where the job names one, from the model, else from the data. */
static enum target_kind wanted(struct judge *judge, const struct column_info *column)
{
	enum target_kind kind = judge->model->target;
	if (judge->model->embeds) {
		return judge_embeds_target(judge);
	}
	if (kind != TARGET_ANY) {
		return kind;
	}
	if (judge->loss != NULL) {
		return judge->loss->target;
	}
	if (column->kind == COLUMN_TEXT) {
		return TARGET_CLASS;
	}
	/* A formula reads the numbers as its author meant them. */
	if (judge->spec->target_count == 1 && !judge->model->is_expression && looks_like_classes(column) &&
	    kind_find(&judge->losses, "cross_entropy") >= 0) {
		judge_warn(judge,
			   "the target %s holds %zu distinct whole numbers and is predicted as a number; if they are "
			   "classes, give the model \"loss\": \"cross_entropy\"",
			   column->name, column->level_count);
	}
	return TARGET_NUMBER;
}

static void copy_classes(struct judge *judge, const struct column_info *column)
{
	struct job_spec *spec = judge->spec;
	struct arena *arena = judge->reader.arena;
	char **texts = arena_alloc(arena, column->level_count, sizeof *texts);
	double *numbers = column->kind == COLUMN_TEXT ? NULL : arena_alloc(arena, column->level_count, sizeof *numbers);
	for (size_t i = 0; i < column->level_count && !arena_failed(arena); i++) {
		if (column->kind == COLUMN_TEXT) {
			texts[i] = arena_strdup(arena, column->level_text[i]);
		} else {
			struct text text;
			text_init(&text);
			text_json_double(&text, column->level_number[i]);
			numbers[i] = column->level_number[i];
			texts[i] = text_failed(&text) ? NULL : arena_strdup(arena, text.data);
			judge->failed = judge->failed || texts[i] == NULL;
			text_fini(&text);
		}
	}
	spec->class_text = texts;
	spec->class_number = numbers;
	spec->class_count = arena_failed(arena) ? 0 : column->level_count;
	spec->shape.classes = spec->class_count;
}

/* The first model or loss that takes more than two classes. */
static const char *instead_of_binary(const struct judge *judge)
{
	if (judge->model->embeds) {
		return "\"pairs\": \"classes\" where a row is a point of a class";
	}
	return judge->model->has_layers || judge->model->is_expression ? "\"loss\": \"cross_entropy\""
								       : "softmax_regression";
}

static void judge_classes(struct judge *judge, const struct column_info *column, bool binary)
{
	const char *who = judge->model->name;
	if (judge->spec->target_count > 1) {
		reader_fault(&judge->reader, &at_target, FAULT_NOT_ALLOWED, NULL, NULL,
			     "%s tells classes apart: it takes one target, %zu were given", who,
			     judge->spec->target_count);
	} else if (column->missing > 0) {
		reader_fault(&judge->reader, &at_target, FAULT_NOT_ALLOWED, NULL, NULL,
			     "column %.100s lacks %llu values", column->name, (unsigned long long)column->missing);
	} else if (judge->info->rows > 0 && column->level_count == 0) {
		reader_fault(&judge->reader, &at_target, FAULT_NOT_ALLOWED, NULL, NULL,
			     "column %.100s holds more than %d distinct values, too many for classes%s", column->name,
			     LEVELS_MAX, column->kind == COLUMN_NUMBER ? ": linear_regression predicts a number" : "");
	} else if (column->level_count == 1) {
		reader_fault(&judge->reader, &at_target, FAULT_NOT_ALLOWED, NULL, NULL,
			     "column %.100s holds one class only: there is nothing to tell apart", column->name);
	} else if (binary && column->level_count > 2) {
		reader_fault(&judge->reader, &at_target, FAULT_NOT_ALLOWED, NULL, NULL,
			     "column %.100s holds %zu classes, and %s takes two: use %s", column->name,
			     column->level_count,
			     judge->model->target == TARGET_ANY && judge->loss != NULL ? judge->loss->name : who,
			     instead_of_binary(judge));
	} else if (column->level_count >= 2) {
		if (judge->model->embeds && !binary && column->level_count == judge->info->rows) {
			judge_warn(judge, "every row of %s is a class of its own: no two points are alike",
				   column->name);
		}
		copy_classes(judge, column);
		judge->shape_known = true;
	}
}

static void judge_numbers(struct judge *judge)
{
	struct job_spec *spec = judge->spec;
	bool fine = true;
	for (size_t i = 0; i < spec->target_count; i++) {
		const struct column_info *column = &judge->info->column[spec->target_column[i]];
		if (column->kind == COLUMN_TEXT) {
			reader_fault(&judge->reader, &at_target, FAULT_NOT_ALLOWED, NULL, NULL,
				     "column %.100s holds text, and %s%s%s predicts numbers: %s", column->name,
				     judge->model->name, judge->loss != NULL ? " with the loss " : "",
				     judge->loss != NULL ? judge->loss->name : "",
				     judge->model->target == TARGET_ANY
					     ? "\"loss\": \"cross_entropy\" tells classes apart"
					     : "logistic_regression (two) or softmax_regression tells classes apart");
			fine = false;
		} else if (column->missing > 0) {
			reader_fault(&judge->reader, &at_target, FAULT_NOT_ALLOWED, NULL, NULL,
				     "column %.100s lacks %llu values", column->name,
				     (unsigned long long)column->missing);
			fine = false;
		} else if (column->minimum == column->maximum && judge->info->rows > 0) {
			judge_warn(judge, "the target %s has the same value in every row", column->name);
		} else if (judge->model->has_layers && fabs(column->mean) + column->sd > 20) {
			judge_warn(judge,
				   "the target %s has mean %.3g and standard deviation %.3g; a network learns faster "
				   "when the "
				   "target is scaled to about 1",
				   column->name, column->mean, column->sd);
		}
	}
	spec->shape.targets = spec->target_count;
	judge->shape_known = fine;
}

bool target_spared(const struct judge *judge)
{
	const cJSON *model = judge->top[TOP_MODEL].item;
	if (judge->model == NULL || judge->model->target == TARGET_NONE) {
		return judge->model != NULL;
	}
	if (judge->model->embeds) { /* without a target, that is */
		return judge_embeds_target(judge) == TARGET_NONE;
	}
	return judge->model->is_expression && !cJSON_IsString(cJSON_GetObjectItemCaseSensitive(model, "prediction"));
}

void judge_target(struct judge *judge)
{
	struct job_spec *spec = judge->spec;
	if (judge->model == NULL || arena_failed(judge->reader.arena)) {
		return;
	}
	if (spec->target_count == 0) {
		spec->shape.features = spec->feature_count;
		judge->shape_known = judge->columns_known;
		return;
	}
	const struct column_info *column = &judge->info->column[spec->target_column[0]];
	enum target_kind kind = wanted(judge, column);
	if (kind == TARGET_CLASS || kind == TARGET_BINARY) {
		judge_classes(judge, column, kind == TARGET_BINARY);
	} else {
		judge_numbers(judge);
	}
	spec->shape.features = spec->feature_count;
	judge->shape_known = judge->shape_known && judge->columns_known;
}

static bool is_class(const struct job_spec *spec, const struct column_info *column, size_t level)
{
	for (size_t k = 0; k < spec->class_count; k++) {
		if (spec->class_number != NULL ? spec->class_number[k] == column->level_number[level]
					       : strcmp(spec->class_text[k], column->level_text[level]) == 0) {
			return true;
		}
	}
	return false;
}

void judge_validation_classes(struct judge *judge, const struct at *at, const struct column_info *column)
{
	const struct job_spec *spec = judge->spec;
	if (column->level_count == 0) {
		reader_fault(&judge->reader, at, FAULT_NOT_ALLOWED, NULL, NULL,
			     "column %.100s holds more than %d distinct values there, the training data %zu",
			     column->name, LEVELS_MAX, spec->class_count);
	}
	for (size_t i = 0; i < column->level_count; i++) {
		if (is_class(spec, column, i)) {
			continue;
		}
		if (spec->class_number != NULL) {
			reader_fault(&judge->reader, at, FAULT_NOT_ALLOWED, NULL, NULL,
				     "column %.100s holds %.15g there, which no row of the training data has",
				     column->name, column->level_number[i]);
		} else {
			reader_fault(&judge->reader, at, FAULT_NOT_ALLOWED, NULL, NULL,
				     "column %.100s holds \"%.100s\" there, which no row of the training data has",
				     column->name, column->level_text[i]);
		}
		return;
	}
}
