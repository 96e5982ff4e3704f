/*
 * Settings as a table: flag, variable, how its text is read, default, one line of help. The parser and the help are
 * made from it. Flags win over variables. Every complaint names the setting, what was given and what is allowed.
 *
 * It opens one file, the token's; it starts nothing.
 */
#include "server/config.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/version.h"
#include "core/base/setting.h"
#include "server/machine.h"

enum kind { KIND_LISTEN, KIND_PATH, KIND_COUNT, KIND_SIZE, KIND_SECONDS, KIND_TOKEN_FILE, KIND_SWITCH, KIND_WORD };

struct entry {
	const char *flag; /* with its dashes */
	const char *variable;
	enum kind kind;
	size_t offset; /* of its place in struct config */
	double minimum, maximum;
	const char *const *words; /* KIND_WORD */
	const char *value;        /* in the help */
	const char *help;
};

static const char *const level_words[] = { "debug", "info", "warn", "error", NULL };
static const char *const format_words[] = { "text", "json", NULL };

#define PLACE(field) offsetof(struct config, field)
static const struct entry entries[] = {
	{ "--listen", "DESCENT_LISTEN", KIND_LISTEN, 0, 0, 0, NULL, "HOST:PORT",
	  "address to serve on; port 0 takes a free one (127.0.0.1:8080)" },
	{ "--data-dir", "DESCENT_DATA_DIR", KIND_PATH, PLACE(data_dir), 0, 0, NULL, "DIR",
	  "where the SQLite file and the datasets lie (./data)" },
	{ "--workers", "DESCENT_WORKERS", KIND_COUNT, PLACE(workers), 1, 1024, NULL, "N",
	  "jobs trained at once (processors that this process may use)" },
	{ "--threads", "DESCENT_THREADS", KIND_COUNT, PLACE(threads), 1, 1024, NULL, "N",
	  "threads that the jobs share for their arithmetic (processors that this process may use)" },
	{ "--token-file", "DESCENT_TOKEN_FILE", KIND_TOKEN_FILE, 0, 0, 0, NULL, "FILE",
	  "file with the token that every call under /v1 needs; DESCENT_TOKEN is the token itself (none)" },
	{ "--no-token", "DESCENT_NO_TOKEN", KIND_SWITCH, PLACE(no_token), 0, 0, NULL, NULL,
	  "serve any address without a token: something else guards the door" },
	{ "--max-body", "DESCENT_MAX_BODY", KIND_SIZE, PLACE(max_body), 1024, 1099511627776.0, NULL, "SIZE",
	  "largest JSON body (64MiB)" },
	{ "--max-queue", "DESCENT_MAX_QUEUE", KIND_COUNT, PLACE(max_queue), 1, 1e9, NULL, "N",
	  "jobs that may be queued (10000)" },
	{ "--memory", "DESCENT_MEMORY", KIND_SIZE, PLACE(memory), 1048576, 9007199254740992.0, NULL, "SIZE",
	  "memory that running jobs may take together (half of RAM, or of the container's limit)" },
	{ "--max-job-seconds", "DESCENT_MAX_JOB_SECONDS", KIND_SECONDS, PLACE(max_job_seconds), 0.001, 1e9, NULL, "S",
	  "computing time after which a job is ended (none)" },
	{ "--checkpoint-seconds", "DESCENT_CHECKPOINT_SECONDS", KIND_SECONDS, PLACE(checkpoint_seconds), 0.001, 1e9,
	  NULL, "S", "time between checkpoints of a running job (5)" },
	{ "--log-level", "DESCENT_LOG_LEVEL", KIND_WORD, PLACE(log_level), 0, 0, level_words, "LEVEL",
	  "debug, info, warn or error (info)" },
	{ "--log-format", "DESCENT_LOG_FORMAT", KIND_WORD, PLACE(log_json), 0, 0, format_words, "FORMAT",
	  "text or json (text)" },
};
enum { ENTRIES = sizeof entries / sizeof *entries };

static const struct {
	const char *flag;
	enum config_action action;
	const char *help;
} actions[] = {
	{ "--check", CONFIG_CHECK, "ask the running server's /healthz; exit 0 when it is well, else 1" },
	{ "--version", CONFIG_VERSION, "print the version" },
	{ "--help", CONFIG_HELP, "print this" },
};
enum { ACTIONS = sizeof actions / sizeof *actions };

/* --- values --- */

static enum status read_listen(struct config *config, const char *name, const char *value, struct error *error)
{
	const char *colon = strrchr(value, ':');
	char *end = NULL;
	errno = 0;
	unsigned long port = colon == NULL || colon[1] < '0' || colon[1] > '9' ? 65536 : strtoul(colon + 1, &end, 10);
	size_t length = colon == NULL ? 0 : (size_t)(colon - value);
	bool brackets = length >= 2 && value[0] == '[' && value[length - 1] == ']';
	const char *host = value + brackets;
	length -= brackets ? 2 : 0;
	if (port > 65535 || errno != 0 || *end != '\0' || length == 0 || length >= sizeof config->host ||
	    (!brackets && memchr(host, ':', length) != NULL)) {
		return error_set(error, E_INVALID,
				 "%s: \"%.100s\" is not HOST:PORT with a port from 0 to 65535, such as 127.0.0.1:8080 "
				 "or [::1]:8080",
				 name, value);
	}
	memcpy(config->host, host, length);
	config->host[length] = '\0';
	config->port = (uint16_t)port;
	return OK;
}

static enum status read_count(const struct entry *entry, void *place, const char *name, const char *value,
			      struct error *error)
{
	char *end = NULL;
	errno = 0;
	unsigned long long number = value[0] >= '0' && value[0] <= '9' ? strtoull(value, &end, 10) : 0;
	if (end == NULL || *end != '\0' || errno != 0 || (double)number < entry->minimum ||
	    (double)number > entry->maximum) {
		return error_set(error, E_INVALID, "%s: \"%.100s\" is not a whole number from %.0f to %.0f", name,
				 value, entry->minimum, entry->maximum);
	}
	*(uint64_t *)place = number;
	return OK;
}

/* 1024, 64MiB, 2GB, 1.5 GiB; letters in any case. */
static enum status read_size(const struct entry *entry, void *place, const char *name, const char *value,
			     struct error *error)
{
	static const struct {
		const char *suffix;
		double factor;
	} units[] = { { "", 1 },
		      { "b", 1 },
		      { "k", 1024 },
		      { "m", 1048576 },
		      { "g", 1073741824 },
		      { "kb", 1e3 },
		      { "mb", 1e6 },
		      { "gb", 1e9 },
		      { "tb", 1e12 },
		      { "kib", 1024 },
		      { "mib", 1048576 },
		      { "gib", 1073741824 },
		      { "tib", 1099511627776.0 } };
	char *end = NULL;
	double number = value[0] >= '0' && value[0] <= '9' ? strtod(value, &end) : 0;
	double size = -1;
	if (end != NULL) {
		end += strspn(end, " ");
		for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
			if (strcasecmp(end, units[i].suffix) == 0) {
				size = number * units[i].factor;
			}
		}
	}
	if (!(size >= entry->minimum && size <= entry->maximum)) {
		return error_set(error, E_INVALID,
				 "%s: \"%.100s\" is not a size of at least %.0f bytes, such as 64MiB or 2GB", name,
				 value, entry->minimum);
	}
	*(uint64_t *)place = (uint64_t)size;
	return OK;
}

static enum status read_seconds(const struct entry *entry, void *place, const char *name, const char *value,
				struct error *error)
{
	char *end = NULL;
	double number = (value[0] >= '0' && value[0] <= '9') || value[0] == '.' ? strtod(value, &end) : -1;
	if (end == NULL || end == value || *end != '\0' || !(number >= entry->minimum && number <= entry->maximum)) {
		return error_set(error, E_INVALID, "%s: \"%.100s\" is not a number of seconds from %g to %g", name,
				 value, entry->minimum, entry->maximum);
	}
	*(double *)place = number;
	return OK;
}

static enum status read_word(const struct entry *entry, struct config *config, const char *name, const char *value,
			     struct error *error)
{
	for (size_t i = 0; entry->words[i] != NULL; i++) {
		if (strcmp(entry->words[i], value) == 0) {
			if (entry->words == level_words) {
				config->log_level = (enum log_level)i;
			} else {
				config->log_json = i == 1;
			}
			return OK;
		}
	}
	return error_set(error, E_INVALID, "%s: \"%.100s\" is none of %s", name, value,
			 entry->words == level_words ? "debug, info, warn, error" : "text, json");
}

static enum status read_switch(void *place, const char *name, const char *value, struct error *error)
{
	if (strcmp(value, "1") != 0 && strcmp(value, "0") != 0 && strcmp(value, "") != 0) {
		return error_set(error, E_INVALID, "%s: \"%.100s\" is neither 1 nor 0", name, value);
	}
	*(bool *)place = value[0] == '1';
	return OK;
}

/* A token is one line of 1 to 1024 visible characters. */
static enum status take_token(struct config *config, const char *name, char *text, struct error *error)
{
	text[strcspn(text, "\r\n")] = '\0';
	size_t length = strlen(text);
	bool good = length >= 1 && length <= 1024;
	for (size_t i = 0; good && i < length; i++) {
		good = text[i] > 0x20 && text[i] < 0x7f;
	}
	if (!good) {
		return error_set(error, E_INVALID, "%s: a token is 1 to 1024 visible characters on the first line",
				 name);
	}
	char *copy = strdup(text);
	if (copy == NULL) {
		return error_set(error, E_MEMORY, "out of memory");
	}
	free(config->token);
	config->token = copy;
	return OK;
}

static enum status read_token_file(struct config *config, const char *name, const char *value, struct error *error)
{
	FILE *file = fopen(value, "re");
	if (file == NULL) {
		return error_set(error, E_INVALID, "%s: cannot read \"%.200s\": %s", name, value, strerror(errno));
	}
	char line[1100] = "";
	char *got = fgets(line, sizeof line, file);
	fclose(file);
	return take_token(config, name, got == NULL ? line : got, error);
}

static enum status read_value(const struct entry *entry, struct config *config, const char *name, const char *value,
			      struct error *error)
{
	void *place = (char *)config + entry->offset;
	switch (entry->kind) {
	case KIND_LISTEN:
		return read_listen(config, name, value, error);
	case KIND_PATH:
		if (value[0] == '\0' || strlen(value) > 3500) {
			return error_set(error, E_INVALID, "%s: a path of 1 to 3500 characters is needed", name);
		}
		snprintf(config->data_dir, sizeof config->data_dir, "%s", value);
		return OK;
	case KIND_COUNT:
		return read_count(entry, place, name, value, error);
	case KIND_SIZE:
		return read_size(entry, place, name, value, error);
	case KIND_SECONDS:
		return read_seconds(entry, place, name, value, error);
	case KIND_TOKEN_FILE:
		return read_token_file(config, name, value, error);
	case KIND_SWITCH:
		return read_switch(place, name, value, error);
	case KIND_WORD:
		return read_word(entry, config, name, value, error);
	}
	return OK;
}

/* --- sources --- */

static const char *variable_value(char **environment, const char *name)
{
	size_t length = strlen(name);
	for (char **entry = environment; entry != NULL && *entry != NULL; entry++) {
		if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') {
			return *entry + length + 1;
		}
	}
	return NULL;
}

static enum status read_environment(char **environment, struct config *config, struct error *error)
{
	enum status status = OK;
	for (size_t i = 0; i < ENTRIES && status == OK; i++) {
		const char *value = variable_value(environment, entries[i].variable);
		if (value != NULL && (value[0] != '\0' || entries[i].kind == KIND_SWITCH)) {
			status = read_value(&entries[i], config, entries[i].variable, value, error);
		}
	}
	const char *token = variable_value(environment, "DESCENT_TOKEN");
	if (status == OK && token != NULL && token[0] != '\0') {
		char *copy = strdup(token);
		status = copy == NULL ? error_set(error, E_MEMORY, "out of memory")
				      : take_token(config, "DESCENT_TOKEN", copy, error);
		free(copy);
	}
	return status;
}

static enum status unknown_flag(const char *argument, struct error *error)
{
	char name[64];
	snprintf(name, sizeof name, "%.*s", (int)strcspn(argument, "="), argument);
	const char *names[ENTRIES + ACTIONS];
	for (size_t i = 0; i < ENTRIES; i++) {
		names[i] = entries[i].flag;
	}
	for (size_t i = 0; i < ACTIONS; i++) {
		names[ENTRIES + i] = actions[i].flag;
	}
	const char *near = nearest_name(name, names, ENTRIES + ACTIONS);
	return near == NULL ? error_set(error, E_INVALID, "unknown argument \"%s\"; --help lists what there is", name)
			    : error_set(error, E_INVALID, "unknown argument \"%s\", did you mean %s?", name, near);
}

static bool read_action(const char *argument, struct config *config)
{
	for (size_t i = 0; i < ACTIONS; i++) {
		if (strcmp(argument, actions[i].flag) == 0) {
			config->action = actions[i].action;
			return true;
		}
	}
	return false;
}

static enum status read_arguments(int argc, char **argv, struct config *config, struct error *error)
{
	for (int k = 1; k < argc; k++) {
		if (read_action(argv[k], config)) {
			continue;
		}
		const struct entry *entry = NULL;
		size_t length = strcspn(argv[k], "=");
		for (size_t i = 0; i < ENTRIES; i++) {
			if (strlen(entries[i].flag) == length && strncmp(entries[i].flag, argv[k], length) == 0) {
				entry = &entries[i];
			}
		}
		if (entry == NULL) {
			return unknown_flag(argv[k], error);
		}
		const char *value = argv[k][length] == '=' ? argv[k] + length + 1 : NULL;
		if (value == NULL && entry->kind == KIND_SWITCH) {
			value = "1";
		} else if (value == NULL && k + 1 < argc) {
			value = argv[++k];
		}
		if (value == NULL) {
			return error_set(error, E_INVALID, "%s needs a value: %s %s", entry->flag, entry->flag,
					 entry->value);
		}
		enum status status = read_value(entry, config, entry->flag, value, error);
		if (status != OK) {
			return status;
		}
	}
	return OK;
}

bool config_loopback(const struct config *config)
{
	return strcasecmp(config->host, "localhost") == 0 || strncmp(config->host, "127.", 4) == 0 ||
	       strcmp(config->host, "::1") == 0;
}

enum status config_read(int argc, char **argv, char **environment, struct config *out, struct error *error)
{
	struct machine machine;
	machine_read(&machine);
	*out = (struct config){
		.host = "127.0.0.1",
		.port = 8080,
		.data_dir = "./data",
		.workers = machine.cores,
		.threads = machine.cores,
		.max_body = (size_t)64 << 20,
		.max_queue = 10000,
		.memory = machine.memory / 2,
		.max_job_seconds = NAN,
		.checkpoint_seconds = 5,
		.log_level = LOG_INFO,
	};
	enum status status = read_environment(environment, out, error);
	if (status == OK) {
		status = read_arguments(argc, argv, out, error);
	}
	if (status == OK && out->action == CONFIG_SERVE && out->token == NULL && !out->no_token &&
	    !config_loopback(out)) {
		status = error_set(error, E_INVALID,
				   "--listen: \"%s\" can be reached from other machines: give --token-file FILE (or "
				   "DESCENT_TOKEN), or "
				   "--no-token when something else guards the door",
				   out->host);
	}
	if (status != OK) {
		config_fini(out);
	}
	return status;
}

void config_fini(struct config *config)
{
	free(config->token);
	config->token = NULL;
}

const char *config_help(void)
{
	static char help[4096];
	size_t used = (size_t)snprintf(
		help, sizeof help,
		"descentd %s: minimises things that are posted to it as JSON.\n\n"
		"usage: descentd [--flag value | --flag=value ...]; below each flag stands its variable\n\n",
		DESCENT_VERSION);
	for (size_t i = 0; i < ENTRIES && used < sizeof help; i++) {
		char flag[64];
		snprintf(flag, sizeof flag, "%s %s", entries[i].flag, entries[i].value == NULL ? "" : entries[i].value);
		used += (size_t)snprintf(help + used, sizeof help - used, "  %-24s %s\n    %s\n", flag, entries[i].help,
					 entries[i].variable);
	}
	if (used < sizeof help) {
		used += (size_t)snprintf(help + used, sizeof help - used, "  %-24s %s\n    DESCENT_ISA\n", "(no flag)",
					 "instruction set: baseline, avx2 or avx512 (the best that the processor has)");
	}
	for (size_t i = 0; i < ACTIONS && used < sizeof help; i++) {
		used += (size_t)snprintf(help + used, sizeof help - used, "  %-24s %s\n", actions[i].flag,
					 actions[i].help);
	}
	return help;
}
