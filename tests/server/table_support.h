/* Help for tests of datasets: CSV text to an import, a scratch folder. */
#ifndef TESTS_SERVER_TABLE_SUPPORT_H
#define TESTS_SERVER_TABLE_SUPPORT_H

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/dataset/import.h"
#include "server/dataset/table.h"

/* A fresh folder under /tmp. */
static inline void scratch_make(char path[64])
{
	snprintf(path, 64, "/tmp/descentd-dataset-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
}

static inline void scratch_remove(const char *path)
{
	static const char *const folders[] = { "tmp", "datasets" };
	char name[1024];
	for (size_t i = 0; i < 2; i++) {
		snprintf(name, sizeof name, "%s/%s", path, folders[i]);
		DIR *folder = opendir(name);
		for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
			unlinkat(dirfd(folder), entry->d_name, 0);
		}
		if (folder != NULL) {
			closedir(folder);
			rmdir(name);
		}
	}
	rmdir(path);
}

/* Files (not folders) under path/tmp. */
static inline size_t scratch_leftovers(const char *path)
{
	char name[1024];
	size_t count = 0;
	snprintf(name, sizeof name, "%s/tmp", path);
	DIR *folder = opendir(name);
	for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
		count += entry->d_name[0] != '.';
	}
	if (folder != NULL) {
		closedir(folder);
	}
	return count;
}

struct imported {
	struct import *import;
	struct dataset_info info;
	struct table *table;
	struct error error;
	enum status status;
};

/* Imports text in portions of `step` bytes; on success the table is open. */
static inline struct imported import_bytes(const char *dir, const struct import_options *options, const char *text,
					   size_t length, size_t step)
{
	static const struct import_options defaults;
	struct imported out = { 0 };
	out.status = import_open(dir, options == NULL ? &defaults : options, &out.import, &out.error);
	for (size_t at = 0; at < length && out.status == OK; at += step) {
		size_t n = length - at < step ? length - at : step;
		out.status = import_write(out.import, text + at, n, &out.error);
	}
	if (out.status == OK) {
		out.status = import_finish(out.import, &out.info, &out.error);
	}
	if (out.status == OK) {
		ck_assert_int_eq(import_open_table(out.import, &out.table, &out.error), OK);
	}
	return out;
}

static inline void imported_fini(struct imported *imported)
{
	table_close(imported->table);
	import_destroy(imported->import);
	dataset_info_fini(&imported->info);
}

static inline struct imported import_text(const char *text)
{
	return import_bytes("/nonexistent", NULL, text, strlen(text), strlen(text) + 1);
}

static inline struct imported import_good(const char *text)
{
	struct imported out = import_text(text);
	ck_assert_msg(out.status == OK, "%s", out.error.text);
	return out;
}

static inline double cell_number(const struct table *table, size_t column, uint64_t row)
{
	double value;
	table_read_numbers(table, column, row, 1, &value);
	return value;
}

/* The text of a cell, as a string to free. */
static inline char *cell_text(const struct table *table, size_t column, uint64_t row)
{
	size_t length;
	const char *text = table_text(table, column, (size_t)cell_number(table, column, row), &length);
	return strndup(text, length);
}

#define ASSERT_CELL_TEXT(table, column, row, expected)                                                                 \
	do {                                                                                                           \
		char *text_ = cell_text(table, column, row);                                                           \
		ck_assert_str_eq(text_, expected);                                                                     \
		free(text_);                                                                                           \
	} while (0)

#endif
