/* What a report says of a result beside its metrics: the bounds that it lies on, and of sums of squares the fit. */
#include <math.h>

#include "api/answers.h"

enum { ACTIVE_MAX = 1000 };

static double number_at(const struct objective *objective, const void *v, size_t i)
{
	return objective->dtype == DTYPE_FLOAT32 ? (double)((const float *)v)[i] : ((const double *)v)[i];
}

/* One number: its parameter, its place in it, and the bound that it lies on. */
static void active_render(const struct tensor *tensor, size_t index, const char *bound, size_t count, struct text *out)
{
	if (count < ACTIVE_MAX) {
		text_puts(out, count == 0 ? "{\"parameter\":" : ",{\"parameter\":");
		text_json_string(out, tensor->name);
		text_puts(out, ",\"index\":");
		text_json_uint(out, index);
		text_printf(out, ",\"bound\":\"%s\"}", bound);
	}
}

void active_bounds_render(const struct objective *objective, const void *theta, struct text *out)
{
	size_t count = 0;
	if (objective == NULL || theta == NULL || objective->lower == NULL) {
		return;
	}
	text_puts(out, ",\"active_bounds\":[");
	for (size_t p = 0; p < objective->tensors; p++) {
		const struct tensor *tensor = &objective->tensor[p];
		for (size_t i = 0; i < tensor->size; i++) {
			const double x = number_at(objective, theta, tensor->offset + i);
			const bool low = x <= number_at(objective, objective->lower, tensor->offset + i);
			if (low || x >= number_at(objective, objective->upper, tensor->offset + i)) {
				active_render(tensor, i, low ? "min" : "max", count++, out);
			}
		}
	}
	text_puts(out, "]");
}

void fit_render(const struct objective *objective, const struct fit *fit, struct text *out)
{
	if (objective == NULL || fit == NULL) {
		return;
	}
	text_puts(out, ",\"fit\":{\"residual_sum_of_squares\":");
	text_json_double(out, fit->squares);
	text_puts(out, ",\"degrees_of_freedom\":");
	text_json_uint(out, fit->freedom);
	text_puts(out, ",\"residual_standard_deviation\":");
	text_json_double(out, fit->deviation);
	text_puts(out, ",\"r2\":");
	text_json_double(out, fit->r2);
	text_puts(out, ",\"standard_errors\":[");
	for (size_t p = 0; p < objective->tensors && objective->tensor[p].offset < fit->n; p++) {
		const struct tensor *tensor = &objective->tensor[p];
		text_puts(out, p == 0 ? "{\"name\":" : ",{\"name\":");
		text_json_string(out, tensor->name);
		text_puts(out, ",\"values\":[");
		for (size_t i = 0; i < tensor->size; i++) {
			text_puts(out, i == 0 ? "" : ",");
			text_json_double(out, fit->error[tensor->offset + i]);
		}
		text_puts(out, "]}");
	}
	text_puts(out, "]}");
}

/* Of a parameter's numbers that the rows do not tell: their names, into *text. Returns the number of names that were
 * there before and these. */
static size_t unknown_render(const struct tensor *tensor, const bool *unknown, size_t count, struct text *text)
{
	enum { SHOWN = 8 };
	for (size_t i = 0; i < tensor->size; i++) {
		if (unknown[i] && count++ < SHOWN) {
			text_printf(text, "%s%s", count > 1 ? ", " : "", tensor->name);
			if (tensor->size > 1) {
				text_printf(text, "[%zu]", i);
			}
		} else if (unknown[i] && count == SHOWN + 1) {
			text_puts(text, " and others");
		}
	}
	return count;
}

bool fit_warning(const struct job_report *report, struct text *out)
{
	const struct objective *objective = report->objective;
	size_t count = 0;
	if (objective == NULL || report->fit == NULL) {
		return false;
	}
	text_puts(out, "the data do not determine ");
	for (size_t p = 0; p < objective->tensors && objective->tensor[p].offset < report->fit->n; p++) {
		const struct tensor *tensor = &objective->tensor[p];
		count = unknown_render(tensor, report->fit->unknown + tensor->offset, count, out);
	}
	text_printf(out, ": changed by %s it leaves every residual as it is, so there is no standard error",
		    count > 1 ? "itself or together with others" : "itself");
	text_puts(out, report->spec->model.type->is_expression ? "; leave it out, or say \"trainable\": false" : "");
	return count > 0;
}
