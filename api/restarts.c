/* The runs of a job that starts several times: their ends as the job lists them, and which run a curve is of. */
#include <stdio.h>
#include <string.h>

#include "api/answers.h"

static void point_render(const struct job_report *report, uint64_t place, struct text *out)
{
	if (report->restart_point == NULL) {
		text_puts(out, "null");
		return;
	}
	for (size_t i = 0; i < report->restart_n; i++) {
		text_puts(out, i == 0 ? "[" : ",");
		text_json_double(out, report->restart_point[place * report->restart_n + i]);
	}
	text_puts(out, "]");
}

void restarts_render(const struct job_report *report, struct text *out)
{
	text_puts(out, ",\"best_restart\":");
	if (report->best_restart == UINT64_MAX) {
		text_puts(out, "null");
	} else {
		text_json_uint(out, report->best_restart);
	}
	text_puts(out, ",\"restarts\":[");
	for (uint64_t k = 0, shown = 0; k < report->restarts && report->restart_entry != NULL; k++) {
		const struct restart_entry *entry = &report->restart_entry[k];
		if (entry->ended) {
			text_printf(out, "%s{\"restart\":", shown++ == 0 ? "" : ",");
			text_json_uint(out, k);
			text_puts(out, ",\"seed\":");
			text_json_uint(out, entry->seed);
			text_puts(out, ",\"start\":");
			point_render(report, 2 * k, out);
			text_puts(out, ",\"start_loss\":");
			text_json_double(out, entry->start_loss);
			text_puts(out, ",\"end\":");
			point_render(report, 2 * k + 1, out);
			text_puts(out, ",\"loss\":");
			text_json_double(out, entry->loss);
			text_puts(out, ",\"step\":");
			text_json_uint(out, entry->step);
			text_printf(out, ",\"stop_reason\":\"%s\"}", stop_reason_word((enum stop_reason)entry->reason));
		}
	}
	text_puts(out, "]");
}

bool restarts_describe(const char *report, uint64_t *count, uint64_t *shown)
{
	/* The report is made here: `"restart":k,"restarts":n` stands in progress and nowhere before it. */
	const char *at = report == NULL ? NULL : strstr(report, "\"restart\":");
	unsigned long long k, n;
	if (at == NULL || sscanf(at, "\"restart\":%llu,\"restarts\":%llu", &k, &n) != 2) {
		return false;
	}
	*count = n;
	*shown = k;
	return true;
}
