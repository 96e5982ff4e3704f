/*
 * An error as a value: a status and one sentence that a human can act on.
 *
 * A function that takes a `struct error *` accepts NULL there, writes it only when it fails,
 * and returns the same status that it wrote.
 */
#ifndef CORE_BASE_ERROR_H
#define CORE_BASE_ERROR_H

#include "core/base/status.h"

struct error {
	enum status status;
	char text[512]; /* one sentence, UTF-8, no newline */
};

/* Fills *error (may be NULL) and returns `status`, so that `return error_set(...)` reads well. */
enum status error_set(struct error *error, enum status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
