/*
 * Curves: one table, every column of the same length. A value that was not measured is null (empty in CSV);
 * one that was measured and is not finite is null too, and listed in `nonfinite` (NaN, Infinity in CSV).
 */
#include <math.h>
#include <string.h>

#include "api/answers.h"
#include "core/base/setting.h"

static const char *const words[] = {
#define SERIES_WORD(name, word) word,
	SERIES_LIST(SERIES_WORD)
#undef SERIES_WORD
};

bool series_parse(const char *list, unsigned *bits, struct problem *problem)
{
	static const char *const allowed[] = {
#define SERIES_ALLOWED(name, word) word,
		SERIES_LIST(SERIES_ALLOWED)
#undef SERIES_ALLOWED
			NULL
	};
	bool fine = true;
	*bits = 1u << SERIES_STEP;
	for (const char *word = list; fine;) {
		size_t length = strcspn(word, ",");
		size_t i = 0;
		while (i < SERIES_COUNT && (strlen(words[i]) != length || memcmp(words[i], word, length) != 0)) {
			i++;
		}
		if (i < SERIES_COUNT) {
			*bits |= 1u << i;
		} else {
			char copy[64] = "";
			memcpy(copy, word, length < sizeof copy ? length : sizeof copy - 1);
			problem_parameter(problem, "series", FAULT_NOT_FOUND, nearest_name(copy, words, SERIES_COUNT),
					  allowed, "there is no series '%s'", copy);
			fine = false;
		}
		if (word[length] == '\0') {
			break;
		}
		word += length + 1;
	}
	return fine;
}

/* Does this job have the series, and is it wanted? */
static bool has_series(const struct curve_view *view, enum series series)
{
	if (view->series != 0 && (view->series & (1u << series)) == 0) {
		return false;
	}
	return series == SERIES_VALIDATION_LOSS       ? view->has_validation
	       : series == SERIES_VALIDATION_ACCURACY ? view->has_accuracy
	       : series == SERIES_GENERATOR_LOSS      ? view->has_players
	       : series == SERIES_DISCRIMINATOR_LOSS  ? view->has_players
	       : series == SERIES_PARAMETERS          ? view->has_parameters
						      : true;
}

/* The value of a point; false when it was not measured there. */
static bool value_of(const struct curve_point *point, enum series series, double *value)
{
	static const struct {
		size_t offset;
		unsigned bit; /* 0: always there */
	} where[] = {
		[SERIES_STEP] = { 0, 0 },
		[SERIES_EPOCH] = { offsetof(struct curve_point, epoch), 0 },
		[SERIES_SECONDS] = { offsetof(struct curve_point, seconds), 0 },
		[SERIES_LEARNING_RATE] = { offsetof(struct curve_point, learning_rate), POINT_LEARNING_RATE },
		[SERIES_TRAIN_LOSS] = { offsetof(struct curve_point, train_loss), POINT_TRAIN_LOSS },
		[SERIES_GRADIENT_NORM] = { offsetof(struct curve_point, gradient_norm), POINT_GRADIENT_NORM },
		[SERIES_VALIDATION_LOSS] = { offsetof(struct curve_point, validation_loss), POINT_VALIDATION_LOSS },
		[SERIES_VALIDATION_ACCURACY] = { offsetof(struct curve_point, validation_accuracy),
						 POINT_VALIDATION_ACCURACY },
		[SERIES_GENERATOR_LOSS] = { offsetof(struct curve_point, generator_loss), POINT_GENERATOR_LOSS },
		[SERIES_DISCRIMINATOR_LOSS] = { offsetof(struct curve_point, discriminator_loss),
						POINT_DISCRIMINATOR_LOSS },
	};
	if (where[series].bit != 0 && (point->measured & where[series].bit) == 0) {
		return false;
	}
	memcpy(value, (const char *)point + where[series].offset, sizeof *value);
	return true;
}

static void column_render(const struct curve_view *view, enum series series, struct text *out)
{
	for (size_t i = 0; i < view->count; i++) {
		double value;
		if (i > 0) {
			text_add(out, ",", 1);
		}
		if (series == SERIES_STEP) {
			text_json_uint(out, view->points[i].step);
		} else if (series == SERIES_PARAMETERS) {
			text_puts(out, view->parameters == NULL ? "null" : "[");
			for (size_t k = 0; view->parameters != NULL && k < view->n; k++) {
				text_puts(out, k == 0 ? "" : ",");
				text_json_double(out, view->parameters[i * view->n + k]);
			}
			text_puts(out, view->parameters == NULL ? "" : "]");
		} else if (value_of(&view->points[i], series, &value)) {
			text_json_double(out, value);
		} else {
			text_add(out, "null", 4);
		}
	}
}

/* Notes one value that JSON cannot write; index is that within a parameter vector, or negative. */
static void nonfinite_item(struct text *out, bool *first, uint64_t step, const char *series, long index, double value)
{
	if (isfinite(value)) {
		return;
	}
	text_printf(out, "%s{\"step\":%llu,\"series\":\"%s\",", *first ? "" : ",", (unsigned long long)step, series);
	if (index >= 0) {
		text_printf(out, "\"index\":%ld,", index);
	}
	text_puts(out, "\"value\":\"");
	text_csv_double(out, value);
	text_puts(out, "\"}");
	*first = false;
}

static void nonfinite_render(const struct curve_view *view, struct text *out)
{
	bool first = true;
	for (size_t i = 0; i < view->count; i++) {
		const struct curve_point *point = &view->points[i];
		for (unsigned s = SERIES_EPOCH; s < SERIES_PARAMETERS; s++) {
			double value;
			if (has_series(view, (enum series)s) && value_of(point, (enum series)s, &value)) {
				nonfinite_item(out, &first, point->step, words[s], -1, value);
			}
		}
		for (size_t k = 0; k < view->n && view->parameters != NULL && has_series(view, SERIES_PARAMETERS);
		     k++) {
			nonfinite_item(out, &first, point->step, "parameters", (long)k,
				       view->parameters[i * view->n + k]);
		}
	}
}

void curve_render_json(const struct curve_view *view, struct text *out)
{
	bool first = true;
	text_puts(out, "{\"job_id\":");
	text_json_string(out, view->job_id);
	text_printf(out, ",\"status\":\"%s\",", job_status_word(view->status));
	if (view->restarts > 1) {
		text_printf(out, "\"restart\":%llu,", (unsigned long long)view->restart);
	}
	text_puts(out, "\"series\":{");
	for (unsigned s = 0; s < SERIES_COUNT; s++) {
		if (has_series(view, (enum series)s)) {
			text_printf(out, "%s\"%s\":[", first ? "" : ",", words[s]);
			column_render(view, (enum series)s, out);
			text_puts(out, "]");
			first = false;
		}
	}
	text_puts(out, "},\"nonfinite\":[");
	nonfinite_render(view, out);
	text_puts(out, "],\"points_total\":");
	text_json_uint(out, view->points_total);
	text_puts(out, ",\"thinned\":false,\"next_step\":");
	if (view->ended_and_complete) {
		text_puts(out, "null");
	} else {
		text_json_uint(out, view->next_step);
	}
	text_puts(out, "}");
}

/* One line of CSV; parameters become columns parameters.0, parameters.1, ... point NULL: the header. */
static void csv_line(const struct curve_view *view, size_t row, bool header, struct text *out)
{
	bool first = true;
	for (unsigned s = 0; s < SERIES_COUNT; s++) {
		double value;
		if (!has_series(view, (enum series)s)) {
			continue;
		}
		size_t cells = s == SERIES_PARAMETERS ? (view->parameters == NULL ? 0 : view->n) : 1;
		for (size_t k = 0; k < cells; k++) {
			text_puts(out, first ? "" : ",");
			first = false;
			if (header) {
				text_puts(out, words[s]);
				if (s == SERIES_PARAMETERS) {
					text_printf(out, ".%zu", k);
				}
			} else if (s == SERIES_STEP) {
				text_json_uint(out, view->points[row].step);
			} else if (s == SERIES_PARAMETERS) {
				text_csv_double(out, view->parameters[row * view->n + k]);
			} else if (value_of(&view->points[row], (enum series)s, &value)) {
				text_csv_double(out, value);
			}
		}
	}
	text_puts(out, "\r\n");
}

void curve_render_csv(const struct curve_view *view, struct text *out)
{
	csv_line(view, 0, true, out);
	for (size_t i = 0; i < view->count; i++) {
		csv_line(view, i, false, out);
	}
}
