/*
 * An answer that is written in sections side by side and may be long: each section lies in memory while it is small and
 * in a temporary file of the data folder then. What is sent is one section behind the other.
 *
 * The length is known before the first byte goes out, and so is that nothing failed: an answer that begins with 200 is
 * whole.
 */
#ifndef SERVER_ROUTES_PREDICTION_ANSWER_H
#define SERVER_ROUTES_PREDICTION_ANSWER_H

#include "api/predictions.h"
#include "core/base/error.h"
#include "server/http/http.h"

struct long_answer;
/* Bytes of memory that one takes at most. */
uint64_t long_answer_memory(void);
/* dir: the data directory, borrowed. NULL: out of memory. */
struct long_answer *long_answer_create(const char *dir);
void long_answer_destroy(struct long_answer *answer);
/* Appends to a section. E_MEMORY, E_DISK_FULL, E_IO. */
enum status long_answer_write(struct long_answer *answer, size_t section, const char *bytes, size_t length,
			      struct error *error);
/* Takes the answer: it becomes the body of the response. */
void long_answer_send(struct long_answer *answer, struct http_response *response);

#endif
