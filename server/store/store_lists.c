/*
 * Lists: keyset pages. A page says where the next begins by the last id it showed; ids sort by creation, so that a
 * page costs the same wherever it lies, and what is added or deleted meanwhile shifts nothing.
 *
 * The cursor: one character for list and direction ('d' datasets, 'n' jobs newest first, 'o' oldest first), then the
 * id.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/internal.h"

_Static_assert(sizeof(((struct job_page *)0)->next_cursor) > ID_SIZE + 1, "a cursor holds an id");

/* The id in a cursor of this kind; "" for the first page. E_INVALID. */
static enum status read_cursor(const char *cursor, char kind, char id[ID_SIZE])
{
	size_t length = cursor != NULL ? strlen(cursor) : 0;
	id[0] = '\0';
	if (length == 0) {
		return OK;
	}
	if (cursor[0] != kind || length < 2 || length > ID_SIZE ||
	    strspn(cursor + 1, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_") != length - 1) {
		return E_INVALID;
	}
	memcpy(id, cursor + 1, length);
	return OK;
}

static void write_cursor(char kind, const char *id, char cursor[64])
{
	snprintf(cursor, 64, "%c%s", kind, id);
}

/* A page ends early, with a cursor, when its documents come to this: a few with large specs would otherwise be hundreds
 * of MB. */
enum { PAGE_BYTES = 4 << 20 };

/* --- datasets --- */

void dataset_page_fini(struct dataset_page *page)
{
	for (size_t i = 0; i < page->count; i++) {
		dataset_info_fini(&page->item[i]);
	}
	free(page->item);
	memset(page, 0, sizeof *page);
}

static enum status read_datasets(sqlite3_stmt *row, struct db *db, size_t limit, struct dataset_page *out)
{
	enum status status = OK;
	size_t bytes = 0;
	for (; status == OK; status = db_next(db, row)) {
		const char *text;
		struct dataset_info *info = &out->item[out->count];
		if (out->count == limit || bytes >= PAGE_BYTES) {
			write_cursor('d', out->item[out->count - 1].id, out->next_cursor);
			return OK;
		}
		text = (const char *)sqlite3_column_text(row, 4);
		status = text == NULL ? E_MEMORY : dataset_info_load(text, (size_t)sqlite3_column_bytes(row, 4), info);
		if (status != OK) {
			return status;
		}
		db_copy_field(row, 0, info->id, sizeof info->id);
		info->is_inline = sqlite3_column_int64(row, 1) != 0;
		bytes += (size_t)sqlite3_column_bytes(row, 4);
		info->created_at = sqlite3_column_int64(row, 2);
		db_copy_field(row, 3, info->content_name, sizeof info->content_name);
		out->count++;
	}
	return status == E_NOT_FOUND ? OK : status;
}

enum status store_list_datasets(struct store *store, size_t limit, const char *cursor, bool include_inline,
				struct dataset_page *out)
{
	char after[ID_SIZE];
	struct db *db;
	sqlite3_stmt *row;
	enum status status = read_cursor(cursor, 'd', after);
	memset(out, 0, sizeof *out);
	if (status != OK || limit == 0) {
		return E_INVALID;
	}
	out->item = calloc(limit, sizeof *out->item);
	status = out->item == NULL ? E_MEMORY : readers_take(&store->readers, &db);
	if (status == OK) {
		/* "~" sorts after every id. */
		const struct db_value *values =
			DB_VALUES(DB_TEXT(after[0] != '\0' ? after : "~"), DB_INT((int64_t)limit + 1));
		status = include_inline ? db_first(db,
						   "SELECT id, is_inline, created_at, content_name, info FROM dataset "
						   "WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
						   values, &row)
					: db_first(db,
						   "SELECT id, is_inline, created_at, content_name, info FROM dataset "
						   "WHERE is_inline = 0 AND id < ?1 ORDER BY id DESC LIMIT ?2",
						   values, &row);
		if (status == OK) {
			status = read_datasets(row, db, limit, out);
			db_done(row);
		} else if (status == E_NOT_FOUND) {
			status = OK;
		}
		readers_give(&store->readers, db);
	}
	if (status != OK) {
		dataset_page_fini(out);
	}
	return status;
}

/* --- jobs --- */

void job_page_fini(struct job_page *page)
{
	for (size_t i = 0; i < page->count; i++) {
		job_record_fini(&page->item[i]);
	}
	free(page->item);
	memset(page, 0, sizeof *page);
}

/* SQL that is put together of fixed parts; all that comes from outside is bound. */
struct sql {
	char text[4096];
	size_t length;
};

static void add(struct sql *sql, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct sql *sql, const char *format, ...)
{
	va_list args;
	int written;
	va_start(args, format);
	written = vsnprintf(sql->text + sql->length, sizeof sql->text - sql->length, format, args);
	va_end(args);
	if (written > 0) {
		sql->length += (size_t)written;
	}
}

/* One page of one status (-1: any) in the list's order, by the best index that there is. */
static void add_branch(struct sql *sql, const struct job_filter *filter, int status, bool after)
{
	add(sql, "SELECT * FROM (SELECT key, id FROM job WHERE 1");
	if (status >= 0) {
		add(sql, " AND status = %d", status);
	}
	if (filter->name != NULL) {
		add(sql, " AND name = ?1");
	}
	if (filter->name_prefix != NULL && filter->name_prefix[0] != '\0') {
		add(sql, " AND name >= ?2 AND name < ?3");
	}
	if (filter->dataset != NULL) {
		add(sql, " AND dataset_id = ?4");
	}
	if (filter->model != NULL) {
		add(sql, " AND model = ?5");
	}
	if (filter->optimizer != NULL) {
		add(sql, " AND optimizer = ?6");
	}
	if (after) {
		add(sql, " AND id %s ?7", filter->oldest_first ? ">" : "<");
	}
	add(sql, " ORDER BY id %s LIMIT ?8)", filter->oldest_first ? "ASC" : "DESC");
}

/* Several statuses: a page of each, merged. One query with IN could not walk the index in order, and would sort
 * every job there is for each page. */
static void build(struct sql *sql, const struct job_filter *filter, bool after)
{
	const char *direction = filter->oldest_first ? "ASC" : "DESC", *between = "";
	add(sql, "SELECT " JOB_COLUMNS " FROM (SELECT * FROM (");
	if (filter->statuses == 0) {
		add_branch(sql, filter, -1, after);
	}
	for (int status = 0; status < JOB_STATUS_COUNT; status++) {
		if ((filter->statuses & JOB_BIT(status)) != 0) {
			add(sql, "%s", between);
			add_branch(sql, filter, status, after);
			between = " UNION ALL ";
		}
	}
	add(sql, ") ORDER BY id %s LIMIT ?8) AS page CROSS JOIN job ON job.key = page.key ", direction);
	add(sql, "CROSS JOIN job_text ON job_text.job = page.key ORDER BY page.id %s", direction);
}

/* The least text greater than all that begin with the prefix. UTF-8 has no byte 0xff, so the last one can be raised. */
static char *end_of_prefix(const char *prefix)
{
	char *end = strdup(prefix);
	if (end != NULL && end[0] != '\0') {
		end[strlen(end) - 1]++;
	}
	return end;
}

static enum status read_jobs(struct store *store, sqlite3_stmt *row, struct db *db, const struct job_filter *filter,
			     size_t limit, struct job_page *out)
{
	enum status status = OK;
	size_t bytes = 0;
	for (; status == OK; status = db_next(db, row)) {
		struct job_record *record = &out->item[out->count];
		if (out->count == limit || bytes >= PAGE_BYTES) {
			write_cursor(filter->oldest_first ? 'o' : 'n', out->item[out->count - 1].id, out->next_cursor);
			return OK;
		}
		status = job_record_read(store, row, -1, record);
		if (status != OK) {
			return status;
		}
		bytes += record->spec_length + (record->report == NULL ? 0 : strlen(record->report));
		out->count++;
	}
	return status == E_NOT_FOUND ? OK : status;
}

static enum status list_jobs(struct store *store, const struct job_filter *filter, size_t limit, const char *after,
			     struct job_page *out)
{
	struct sql sql = { .length = 0 };
	struct db *db;
	sqlite3_stmt *row;
	char *prefix_end = end_of_prefix(filter->name_prefix != NULL ? filter->name_prefix : "");
	enum status status = prefix_end == NULL ? E_MEMORY : readers_take(&store->readers, &db);
	if (status == OK) {
		build(&sql, filter, after[0] != '\0');
		status =
			db_first_once(db, sql.text,
				      DB_VALUES(DB_TEXT(filter->name), DB_TEXT(filter->name_prefix),
						DB_TEXT(prefix_end), DB_TEXT(filter->dataset), DB_TEXT(filter->model),
						DB_TEXT(filter->optimizer), DB_TEXT(after), DB_INT((int64_t)limit + 1)),
				      &row);
		if (status == OK) {
			status = read_jobs(store, row, db, filter, limit, out);
			db_drop(row);
		} else if (status == E_NOT_FOUND) {
			status = OK;
		}
		readers_give(&store->readers, db);
	}
	free(prefix_end);
	return status;
}

enum status store_list_jobs(struct store *store, const struct job_filter *filter, size_t limit, const char *cursor,
			    struct job_page *out)
{
	char after[ID_SIZE];
	enum status status = read_cursor(cursor, filter->oldest_first ? 'o' : 'n', after);
	memset(out, 0, sizeof *out);
	if (status != OK || limit == 0 || filter->statuses >= JOB_BIT(JOB_STATUS_COUNT)) {
		return E_INVALID;
	}
	out->item = calloc(limit, sizeof *out->item);
	status = out->item == NULL ? E_MEMORY : list_jobs(store, filter, limit, after, out);
	if (status != OK) {
		job_page_fini(out);
	}
	return status;
}
