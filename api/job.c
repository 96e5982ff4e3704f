/* Jobs as they are answered: one record of the store, its report and its spec put together; lists. */
#include <stdlib.h>
#include <string.h>

#include "api/answers.h"

static const char *const words[] = {
#define JOB_STATUS_WORD(name, word) word,
	JOB_STATUS_LIST(JOB_STATUS_WORD)
#undef JOB_STATUS_WORD
};

const char *job_status_word(enum job_status status)
{
	return (unsigned)status < JOB_STATUS_COUNT ? words[status] : "unknown";
}

enum job_status job_status_parse(const char *word)
{
	for (unsigned i = 0; i < JOB_STATUS_COUNT; i++) {
		if (strcmp(words[i], word) == 0) {
			return (enum job_status)i;
		}
	}
	return JOB_STATUS_COUNT;
}

void job_record_fini(struct job_record *record)
{
	free(record->name);
	free(record->stop_reason);
	free(record->spec);
	free(record->report);
	free(record->card);
	free(record->error);
	memset(record, 0, sizeof *record);
}

static void optional_uint(struct text *out, uint64_t value)
{
	if (value == 0) {
		text_puts(out, "null");
	} else {
		text_json_uint(out, value);
	}
}

/* What comes before the report: who and when. */
static void head_render(const struct job_record *record, struct text *out)
{
	text_puts(out, "{\"id\":");
	text_json_string(out, record->id);
	text_puts(out, ",\"name\":");
	text_json_string(out, record->name);
	text_puts(out, ",\"status\":");
	text_json_string(out, job_status_word(record->status));
	text_puts(out, ",\"pending\":");
	text_puts(out, record->cancel_pending && !job_status_ended(record->status) ? "\"cancel\"" : "null");
	text_puts(out, ",\"stop_reason\":");
	text_json_string(out, record->stop_reason);
	text_puts(out, ",\"created_at\":");
	text_json_time(out, record->created_at);
	text_puts(out, ",\"updated_at\":");
	text_json_time(out, record->updated_at);
	text_puts(out, ",\"started_at\":");
	text_json_time(out, record->started_at);
	text_puts(out, ",\"finished_at\":");
	text_json_time(out, record->finished_at);
	text_puts(out, ",\"attempt\":");
	text_json_uint(out, record->attempt);
	text_puts(out, ",\"queue_position\":");
	optional_uint(out, record->queue_position);
}

void job_render(const struct job_record *record, const struct job_includes *includes, struct text *out)
{
	head_render(record, out);
	if (record->report != NULL && record->report[0] == ',') {
		text_puts(out, record->report);
	} else {
		text_puts(out, ",\"progress\":null,\"metrics\":{},\"best\":null,\"features\":[],\"classes\":[],"
			       "\"warnings\":[]");
	}
	text_puts(out, ",\"spec\":");
	if (record->spec == NULL || job_spec_elide(record->spec, record->spec_length, out) != OK) {
		text_puts(out, "null");
	}
	text_puts(out, ",\"error\":");
	text_puts(out, record->error != NULL ? record->error : "null");
	if (includes != NULL && includes->curve) {
		text_puts(out, ",\"curve\":");
		text_puts(out, includes->curve_document != NULL ? includes->curve_document : "null");
	}
	if (includes != NULL && includes->weights) {
		text_puts(out, ",\"weights\":");
		text_puts(out, includes->weights_document != NULL ? includes->weights_document : "null");
	}
	text_puts(out, "}");
}
