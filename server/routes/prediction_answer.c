/* Long answers in sections. See prediction_answer.h. */
#include "server/routes/prediction_answer.h"

#include <stdlib.h>

#include "server/dataset/spill.h"

enum { KEPT_BYTES = 1 << 17 }; /* of a section in memory */

struct long_answer {
	struct spill section[PREDICTION_SECTIONS];
};

uint64_t long_answer_memory(void)
{
	return sizeof(struct long_answer) + (uint64_t)PREDICTION_SECTIONS * KEPT_BYTES;
}

struct long_answer *long_answer_create(const char *dir)
{
	struct long_answer *answer = malloc(sizeof *answer);
	for (size_t k = 0; answer != NULL && k < PREDICTION_SECTIONS; k++) {
		spill_init(&answer->section[k], dir, KEPT_BYTES, false);
	}
	return answer;
}

void long_answer_destroy(struct long_answer *answer)
{
	for (size_t k = 0; answer != NULL && k < PREDICTION_SECTIONS; k++) {
		spill_fini(&answer->section[k]);
	}
	free(answer);
}

enum status long_answer_write(struct long_answer *answer, size_t section, const char *bytes, size_t length,
			      struct error *error)
{
	return spill_write(&answer->section[section], bytes, length, error);
}

/* http_source.read */
static size_t read_answer(void *context, uint64_t offset, void *bytes, size_t size)
{
	const struct long_answer *answer = context;
	for (size_t k = 0; k < PREDICTION_SECTIONS; k++) {
		const struct spill *section = &answer->section[k];
		struct error error;
		size_t length;
		if (offset < section->length) {
			return spill_read(section, offset, bytes, size, &length, &error) == OK ? length : 0;
		}
		offset -= section->length;
	}
	return 0;
}

static void destroy_answer(void *context)
{
	long_answer_destroy(context);
}

void long_answer_send(struct long_answer *answer, struct http_response *response)
{
	uint64_t length = 0;
	for (size_t k = 0; k < PREDICTION_SECTIONS; k++) {
		length += answer->section[k].length;
	}
	response->source = (struct http_source){
		.length = length, .read = read_answer, .destroy = destroy_answer, .context = answer
	};
}
