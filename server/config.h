/* Settings of the program: flags, and below them environment variables. */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

enum config_action { CONFIG_SERVE, CONFIG_VERSION, CONFIG_HELP, CONFIG_CHECK };

struct config {
	enum config_action action;
	char host[256];
	uint16_t port;
	char data_dir[4096];
	uint64_t workers, threads;
	char *token; /* owned, or NULL */
	bool no_token;
	uint64_t max_body; /* bytes */
	uint64_t max_queue;
	uint64_t memory;        /* bytes */
	double max_job_seconds; /* NAN: none */
	double checkpoint_seconds;
	enum log_level log_level;
	bool log_json;
};

/* Reads flags and environment; E_INVALID with a sentence that names the flag, what was given and what is allowed. */
enum status config_read(int argc, char **argv, char **environment, struct config *out, struct error *error);
/* Can the address be reached from this machine only? */
bool config_loopback(const struct config *config);
void config_fini(struct config *config);
/* The help text: one line a setting, made from the same table. */
const char *config_help(void);

#endif
