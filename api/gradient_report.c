/* The answer to "gradient_check": true. A parameter without a number to compare (a buffer) is left out. */
#include <math.h>
#include <stdlib.h>

#include "api/job_spec.h"
#include "core/objective/gradient_check.h"

void gradient_report_fini(struct gradient_report *report)
{
	free(report->tensor);
	free(report->check);
	*report = (struct gradient_report){ .rows = 0 };
}

/* The element's place, one index a dimension. */
static void render_index(const struct tensor *tensor, size_t index, struct text *out)
{
	size_t below = tensor->size;
	text_puts(out, "[");
	for (size_t d = 0; d < tensor->rank; d++) {
		below = below / (tensor->shape[d] == 0 ? 1 : tensor->shape[d]);
		text_puts(out, d == 0 ? "" : ",");
		text_json_uint(out, index / below);
		index %= below;
	}
	text_puts(out, "]");
}

static void render_tensor(const struct tensor *tensor, const struct gradient_check_tensor *check, struct text *out)
{
	text_puts(out, "{\"name\":");
	text_json_string(out, tensor->name);
	text_puts(out, ",\"index\":");
	render_index(tensor, check->worst.index, out);
	text_puts(out, ",\"analytic\":");
	text_json_double(out, check->worst.analytic);
	text_puts(out, ",\"numeric\":");
	text_json_double(out, check->worst.numeric);
	text_puts(out, ",\"relative_error\":");
	text_json_double(out, check->worst.error);
	if (check->worst.sided) {
		text_puts(out, ",\"one_sided\":[");
		text_json_double(out, check->worst.left);
		text_puts(out, ",");
		text_json_double(out, check->worst.right);
		text_puts(out, "]");
	}
	text_puts(out, ",\"checked\":");
	text_json_uint(out, check->checked);
	text_puts(out, "}");
}

void gradient_report_render(const struct gradient_report *report, struct text *out)
{
	size_t worst = report->tensors, shown = 0;
	text_puts(out, "{\"method\":\"central_differences\",\"rows\":");
	if (report->rows > 0) {
		text_json_uint(out, report->rows);
	} else {
		text_puts(out, "null");
	}
	text_puts(out, ",\"parameters\":[");
	for (size_t t = 0; t < report->tensors; t++) {
		if (report->check[t].checked > 0) {
			text_puts(out, shown++ == 0 ? "" : ",");
			render_tensor(&report->tensor[t], &report->check[t], out);
			if (worst == report->tensors ||
			    !(report->check[t].worst.error <= report->check[worst].worst.error)) {
				worst = t;
			}
		}
	}
	text_puts(out, "],\"worst\":");
	if (worst < report->tensors) {
		render_tensor(&report->tensor[worst], &report->check[worst], out);
	} else {
		text_puts(out, "null");
	}
	text_puts(out, ",\"tolerance\":");
	text_json_double(out, GRADIENT_TOLERANCE);
	text_puts(out, ",\"passed\":");
	text_json_bool(out, worst == report->tensors || report->check[worst].worst.error <= GRADIENT_TOLERANCE);
	text_puts(out, "}");
}
