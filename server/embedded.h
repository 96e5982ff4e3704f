/* Files that the binary carries within itself (scripts/embed.sh): NUL-terminated contents. */
#ifndef SERVER_EMBEDDED_H
#define SERVER_EMBEDDED_H

#include <stddef.h>

struct embedded_file {
	const char *name;
	const char *data;
	size_t length;
};

extern const struct embedded_file embedded_openapi;
extern const struct embedded_file embedded_migrations[]; /* in order; "0001_initial.sql" ... */
extern const size_t embedded_migration_count;

#endif
