/*
 * The log: one line an event to standard error, as text for people or as JSON for machines. A line is one write, so
 * lines of several threads never mix. What is below the level costs a comparison.
 */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include "server/config.h"

/* To be called before other threads run; the default is info, text. */
void log_init(enum log_level level, bool json);
bool log_wants(enum log_level level);
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The access log, at info: method, path, status (0: the client left before its answer), seconds, request id. */
void log_request(const char *method, const char *path, int status, double seconds, const char *id);

#endif
