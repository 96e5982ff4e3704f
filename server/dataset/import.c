/*
 * Importing CSV: the upload's bytes go to a spool (for a second reading, should a column turn out to be text
 * after all), to the SHA-256, and through cells and builder into the encoded table. Spool and table lie in memory
 * while they are small, so a small import touches no disk.
 */
#include "server/dataset/import.h"

#include <assert.h>
#include <dirent.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/dataset/builder.h"
#include "server/dataset/cells.h"
#include "server/dataset/format.h"
#include "server/dataset/spill.h"

enum { SPOOL_SMALL = 4 << 20, REPLAY_STEP = 1 << 16 };

struct import {
	char *dir;
	struct import_options options;
	bool *text_column; /* ours, what options.text_column points to */
	bool text_said;    /* the caller said which columns are text */
	struct spill spool;
	struct spill table;
	struct builder *builder;
	struct cells cells;
	crypto_hash_sha256_state sha;
	uint64_t bytes;
	char sha256[65], content_name[65];
	bool synced;
	enum status status; /* the first failure; all later calls return it again */
	struct error error;
	bool finished;
};

static enum status check_options(const struct import_options *options, struct error *error)
{
	const char *forbidden = "\"\r\n+-0123456789eE";
	char delimiter = options->delimiter, decimal = options->decimal;
	if (strchr(forbidden, delimiter) != NULL || (delimiter & 0x80) != 0) {
		return error_set(error, E_INVALID, "the delimiter must be one ASCII character that no number needs");
	}
	if (strchr(forbidden, decimal) != NULL || strchr(" \t", decimal) != NULL || (decimal & 0x80) != 0) {
		return error_set(error, E_INVALID, "the decimal sign must be one ASCII character such as . or ,");
	}
	if (delimiter == decimal) {
		return error_set(error, E_INVALID, "delimiter and decimal sign are both \"%c\"", delimiter);
	}
	return OK;
}

static enum status copy_text_columns(struct import *import, const struct import_options *options, struct error *error)
{
	import->options.text_column = NULL;
	import->options.text_columns = 0;
	if (options->text_column == NULL || options->text_columns == 0) {
		return OK;
	}
	size_t size = options->text_columns * sizeof *import->text_column;
	import->text_column = malloc(size);
	if (import->text_column == NULL) {
		return error_set(error, E_MEMORY, "out of memory while reading the dataset");
	}
	memcpy(import->text_column, options->text_column, size);
	import->options.text_column = import->text_column;
	import->options.text_columns = options->text_columns;
	import->text_said = true;
	return OK;
}

/* Begins a reading: an empty table, a fresh builder. */
static enum status begin(struct import *import, struct error *error)
{
	spill_init(&import->table, import->dir, IMPORT_SMALL, true);
	enum status status = builder_create(&import->options, &import->table, &import->builder, error);
	if (status == OK) {
		cells_init(&import->cells, import->builder, import->options.delimiter);
	}
	return status;
}

static void end(struct import *import)
{
	if (import->builder != NULL) {
		cells_fini(&import->cells);
		builder_destroy(import->builder);
		import->builder = NULL;
	}
}

enum status import_open(const char *dir, const struct import_options *options, struct import **out, struct error *error)
{
	if (sodium_init() < 0) {
		return error_set(error, E_IO, "libsodium cannot be initialised");
	}
	struct import *import = calloc(1, sizeof *import);
	if (import == NULL || (import->dir = strdup(dir)) == NULL) {
		free(import);
		return error_set(error, E_MEMORY, "out of memory while reading the dataset");
	}
	import->options = *options;
	import->options.delimiter = options->delimiter == '\0' ? ',' : options->delimiter;
	import->options.decimal = options->decimal == '\0' ? '.' : options->decimal;
	spill_init(&import->spool, import->dir, SPOOL_SMALL, false);
	spill_init(&import->table, import->dir, IMPORT_SMALL, true);
	crypto_hash_sha256_init(&import->sha);
	enum status status = check_options(&import->options, error);
	status = status == OK ? copy_text_columns(import, options, error) : status;
	status = status == OK ? begin(import, error) : status;
	if (status != OK) {
		import_destroy(import);
		return status;
	}
	*out = import;
	return OK;
}

void import_destroy(struct import *import)
{
	if (import == NULL) {
		return;
	}
	end(import);
	spill_fini(&import->spool);
	spill_fini(&import->table);
	free(import->text_column);
	free(import->dir);
	free(import);
}

static enum status remember(struct import *import, enum status status, struct error *error)
{
	import->status = status;
	return status == OK ? OK : error_set(error, status, "%s", import->error.text);
}

enum status import_write(struct import *import, const void *bytes, size_t length, struct error *error)
{
	assert(!import->finished);
	enum status status = import->status;
	if (status == OK) {
		crypto_hash_sha256_update(&import->sha, bytes, length);
		import->bytes += length;
		status = spill_write(&import->spool, bytes, length, &import->error);
	}
	if (status == OK) {
		status = cells_write(&import->cells, bytes, length, &import->error);
	}
	return remember(import, status, error);
}

/* Reads the spool once more, with the columns that turned to text said to be text. */
static enum status replay(struct import *import, const bool *turned, size_t columns)
{
	bool *text = calloc(columns, sizeof *text);
	unsigned char *step = malloc(REPLAY_STEP);
	enum status status = OK;
	if (text == NULL || step == NULL) {
		status = error_set(&import->error, E_MEMORY, "out of memory while reading the dataset");
		goto out;
	}
	for (size_t j = 0; j < columns; j++) {
		text[j] = turned[j] || (j < import->options.text_columns && import->text_column[j]);
	}
	free(import->text_column);
	import->options.text_column = import->text_column = text;
	import->options.text_columns = columns;
	text = NULL;
	end(import);
	spill_fini(&import->table);
	status = begin(import, &import->error);
	for (uint64_t offset = 0; status == OK && offset < import->spool.length;) {
		size_t length;
		status = spill_read(&import->spool, offset, step, REPLAY_STEP, &length, &import->error);
		status = status == OK ? cells_write(&import->cells, step, length, &import->error) : status;
		offset += length;
	}
	status = status == OK ? cells_finish(&import->cells, &import->error) : status;
out:
	free(text);
	free(step);
	return status;
}

static void write_hash(crypto_hash_sha256_state *sha, char out[65])
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_final(sha, hash);
	sodium_bin2hex(out, 65, hash, sizeof hash);
}

/* The sha256, and the name of the content: see import.h at import_finish. */
static void name_content(struct import *import)
{
	crypto_hash_sha256_state bytes = import->sha;
	write_hash(&bytes, import->sha256);
	const struct import_options *options = &import->options;
	bool header_forced = builder_header_forced(import->builder);
	if (import->table.fd >= 0 &&
	    (options->delimiter != ',' || options->decimal != '.' || header_forced || import->text_said)) {
		char line[80];
		int length =
			snprintf(line, sizeof line, "\ndelimiter %c decimal %c header %d text ", options->delimiter,
				 options->decimal, header_forced ? (int)options->header : (int)HEADER_AUTO);
		crypto_hash_sha256_update(&import->sha, (unsigned char *)line, (unsigned long long)length);
		for (size_t j = 0; import->text_said && j < options->text_columns; j++) {
			const unsigned char *bit = (const unsigned char *)(options->text_column[j] ? "1" : "0");
			crypto_hash_sha256_update(&import->sha, bit, 1);
		}
	}
	write_hash(&import->sha, import->content_name);
}

enum status import_finish(struct import *import, struct dataset_info *info, struct error *error)
{
	assert(!import->finished);
	memset(info, 0, sizeof *info);
	enum status status = import->status;
	if (status == OK) {
		status = cells_finish(&import->cells, &import->error);
	}
	if (status == OK) {
		size_t columns;
		const bool *turned = builder_turned(import->builder, &columns);
		status = turned == NULL ? OK : replay(import, turned, columns);
	}
	if (status == OK) {
		status = builder_finish(import->builder, info, &import->error);
	}
	if (status == OK) {
		name_content(import);
	}
	end(import);
	spill_fini(&import->spool);
	if (status != OK) {
		dataset_info_fini(info);
		memset(info, 0, sizeof *info);
		return remember(import, status, error);
	}
	memcpy(info->sha256, import->sha256, sizeof info->sha256);
	memcpy(info->content_name, import->content_name, sizeof info->content_name);
	info->bytes = import->bytes;
	import->finished = true;
	return OK;
}

const void *import_content(const struct import *import, size_t *length)
{
	assert(import->finished);
	*length = (size_t)import->table.length;
	return import->table.fd < 0 ? import->table.memory : NULL;
}

enum status import_open_table(const struct import *import, struct table **out, struct error *error)
{
	assert(import->finished);
	if (import->table.fd < 0) {
		return table_open_memory(import->table.memory, (size_t)import->table.length, out, error);
	}
	char path[PATH_MAX];
	table_path(import->dir, import->content_name, path, sizeof path);
	return table_open_file(import->table.path[0] != '\0' ? import->table.path : path, out, error);
}

void table_path(const char *dir, const char *content_name, char *path, size_t size)
{
	snprintf(path, size, "%s/datasets/%s.table", dir, content_name);
}

/* Is the table at `path` the one that we made? Its header holds the checksum of its directory, which holds those of
 * its chunks. */
static bool is_there(const struct import *import, const char *path)
{
	struct table_header ours, theirs;
	size_t length;
	struct stat entry;
	FILE *file = fopen(path, "rbe");
	if (file == NULL) {
		return false;
	}
	bool same = fread(&theirs, sizeof theirs, 1, file) == 1 &&
		    spill_read(&import->table, 0, &ours, sizeof ours, &length, NULL) == OK && length == sizeof ours &&
		    memcmp(&ours, &theirs, sizeof ours) == 0 && fstat(fileno(file), &entry) == 0 &&
		    (uint64_t)entry.st_size == import->table.length;
	fclose(file);
	return same;
}

enum status import_sync(struct import *import, struct error *error)
{
	assert(import->finished);
	if (import->table.fd < 0 || import->table.path[0] == '\0' || import->synced) {
		return OK;
	}
	if (fsync(import->table.fd) != 0) {
		return disk_error(error, "syncing the dataset");
	}
	import->synced = true;
	return OK;
}

enum status import_keep(struct import *import, struct error *error)
{
	assert(import->finished);
	struct spill *table = &import->table;
	if (table->fd < 0 || table->path[0] == '\0') {
		return OK;
	}
	char path[PATH_MAX], folder[PATH_MAX];
	if ((size_t)snprintf(folder, sizeof folder, "%s/datasets", import->dir) >= sizeof folder - 80) {
		return error_set(error, E_IO, "the data directory's path is too long");
	}
	table_path(import->dir, import->content_name, path, sizeof path);
	bool made;
	enum status status = disk_make_folder(import->dir, "datasets", &made, error);
	if (status == OK && is_there(import, path)) {
		unlink(table->path);
		table->path[0] = '\0';
	} else if (status == OK) {
		status = import_sync(import, error);
		if (status != OK) {
			return status;
		}
		if (rename(table->path, path) != 0) {
			return disk_error(error, "moving the dataset into place");
		}
		table->path[0] = '\0';
	}
	status = status == OK ? disk_sync_folder(folder, error) : status;
	/* The folder itself too: who made it, perhaps beside us, may not have come to that yet. */
	return status == OK ? disk_sync_folder(import->dir, error) : status;
}

void import_clean(const char *dir)
{
	char path[PATH_MAX];
	if ((size_t)snprintf(path, sizeof path, "%s/tmp", dir) >= sizeof path) {
		return;
	}
	DIR *folder = opendir(path);
	if (folder == NULL) {
		return;
	}
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		if (strncmp(entry->d_name, SPILL_PREFIX, strlen(SPILL_PREFIX)) == 0) {
			unlinkat(dirfd(folder), entry->d_name, 0);
		}
	}
	closedir(folder);
}
