/*
 * Status codes of every function that can fail. One list: name, slug, text.
 *
 * OK is 0. A status says what kind of thing went wrong; the sentence for a human is in a
 * struct error (core/base/error.h). Stopping is not failing: converged, out of budget,
 * diverged are outcomes (core/train/trainer.h), not statuses.
 */
#ifndef CORE_BASE_STATUS_H
#define CORE_BASE_STATUS_H

#define STATUS_LIST(X)                                                                                                 \
	X(OK, "ok", "done")                                                                                            \
	X(E_MEMORY, "out_of_memory", "out of memory")                                                                  \
	X(E_INVALID, "invalid", "the input is wrong")                                                                  \
	X(E_RANGE, "out_of_range", "a value is out of range")                                                          \
	X(E_UNSUPPORTED, "unsupported", "not supported")                                                               \
	X(E_NOT_FOUND, "not_found", "not found")                                                                       \
	X(E_CONFLICT, "conflict", "in the wrong state")                                                                \
	X(E_FULL, "full", "the queue is full")                                                                         \
	X(E_TOO_LARGE, "too_large", "too large")                                                                       \
	X(E_DISK_FULL, "disk_full", "the disk is full")                                                                \
	X(E_IO, "io", "input or output failed")                                                                        \
	X(E_CORRUPT, "corrupt", "stored data does not check out")                                                      \
	X(E_NEWER, "newer", "made by a newer version")                                                                 \
	X(E_CANCELLED, "cancelled", "asked to stop")                                                                   \
	X(E_BUSY, "busy", "busy")

enum status {
#define STATUS_MEMBER(name, slug, text) name,
	STATUS_LIST(STATUS_MEMBER)
#undef STATUS_MEMBER
		STATUS_COUNT
};

/* The machine-readable word ("out_of_memory") and the short text of a status; static strings. */
const char *status_slug(enum status status);
const char *status_text(enum status status);

#endif
