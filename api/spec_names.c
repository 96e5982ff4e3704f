/* Name and metadata of a job. */
#include <string.h>

#include "api/spec.h"

enum { NAME_MAX_BYTES = 200, PAIRS_MAX = 16, KEY_MAX_BYTES = 64, VALUE_MAX_BYTES = 500 };

static bool short_enough(struct judge *judge, const struct at *at, const char *string, size_t most)
{
	if (strlen(string) > most) {
		reader_fault(&judge->reader, at, FAULT_OUT_OF_RANGE, NULL, NULL, "%zu bytes are too many: at most %zu",
			     strlen(string), most);
		return false;
	}
	return true;
}

static void judge_metadata(struct judge *judge, const cJSON *item)
{
	struct job_spec *spec = judge->spec;
	struct at at = { NULL, "metadata", 0 };
	if (!cJSON_IsObject(item)) {
		reader_fault(&judge->reader, &at, FAULT_WRONG_TYPE, NULL, NULL,
			     "an object of strings is wanted, %s was given", json_kind(item));
		return;
	}
	size_t count = json_count(item);
	if (count > PAIRS_MAX) {
		reader_fault(&judge->reader, &at, FAULT_OUT_OF_RANGE, NULL, NULL, "%zu pairs are too many: at most %d",
			     count, PAIRS_MAX);
		return;
	}
	spec->metadata_key = arena_alloc(judge->reader.arena, count, sizeof(char *));
	spec->metadata_value = arena_alloc(judge->reader.arena, count, sizeof(char *));
	if (arena_failed(judge->reader.arena)) {
		return;
	}
	for (const cJSON *pair = item->child; pair != NULL; pair = pair->next) {
		struct at here = { &at, pair->string, 0 };
		const char *value;
		if (short_enough(judge, &here, pair->string, KEY_MAX_BYTES) &&
		    read_string(&judge->reader, &here, pair, &value) &&
		    short_enough(judge, &here, value, VALUE_MAX_BYTES)) {
			spec->metadata_key[spec->metadata_count] = arena_strdup(judge->reader.arena, pair->string);
			spec->metadata_value[spec->metadata_count++] = arena_strdup(judge->reader.arena, value);
		}
	}
}

void judge_names(struct judge *judge)
{
	const cJSON *name = judge->top[TOP_NAME].item, *metadata = judge->top[TOP_METADATA].item;
	struct at at = { NULL, "name", 0 };
	const char *string;
	if (name != NULL && !cJSON_IsNull(name) && read_string(&judge->reader, &at, name, &string) &&
	    short_enough(judge, &at, string, NAME_MAX_BYTES)) {
		judge->spec->name = arena_strdup(judge->reader.arena, string);
	}
	if (metadata != NULL) {
		judge_metadata(judge, metadata);
	}
}
