/* The store's verbs for datasets. Their content lies in the row when small, else in a file that is not ours to touch.
 */
#include <stdlib.h>
#include <string.h>

#include "server/store/internal.h"

enum status dataset_insert(struct db *db, const struct dataset_info *info, const char *info_text, size_t info_length,
			   const struct dataset_content *content)
{
	const struct db_value text = { DB_KIND_TEXT, 0, info_text, info_length };
	const char *name = info->content_name[0] != '\0' ? info->content_name : info->sha256;
	return db_run(db,
		      "INSERT INTO dataset (id, content_name, is_inline, created_at, info, content) "
		      "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
		      DB_VALUES(DB_TEXT(info->id), DB_TEXT(name), DB_INT(info->is_inline ? 1 : 0),
				DB_INT(info->created_at), text, DB_BLOB(content->bytes, content->length)));
}

struct add_dataset {
	struct request request;
	const struct dataset_info *info;
	const struct dataset_content *content;
	struct text text;
};

static enum status run_add(struct transaction *transaction, struct request *request)
{
	const struct add_dataset *add = (const struct add_dataset *)request;
	return dataset_insert(transaction->db, add->info, add->text.data, add->text.length, add->content);
}

enum status store_add_dataset(struct store *store, const struct dataset_info *info,
			      const struct dataset_content *content, struct error *error)
{
	struct add_dataset add = { .request.run = run_add, .info = info, .content = content };
	enum status status = E_MEMORY;
	text_init(&add.text);
	dataset_info_save(info, &add.text);
	if (!text_failed(&add.text)) {
		status = writer_submit(&store->writer, &add.request);
	}
	text_fini(&add.text);
	if (status != OK) {
		error_set(error, status, "the dataset could not be stored: %s", status_text(status));
	}
	return status;
}

/* Columns: id, is_inline, created_at, content_name, info. What lists filter and sort by is the column's word. */
static enum status read_info(sqlite3_stmt *row, struct dataset_info *out)
{
	const char *text = (const char *)sqlite3_column_text(row, 4);
	enum status status =
		text == NULL ? E_MEMORY : dataset_info_load(text, (size_t)sqlite3_column_bytes(row, 4), out);
	if (status == OK) {
		db_copy_field(row, 0, out->id, sizeof out->id);
		out->is_inline = sqlite3_column_int64(row, 1) != 0;
		out->created_at = sqlite3_column_int64(row, 2);
		db_copy_field(row, 3, out->content_name, sizeof out->content_name);
	} else {
		memset(out, 0, sizeof *out);
	}
	return status;
}

enum status store_get_dataset(struct store *store, const char *id, struct dataset_info *out)
{
	struct db *db;
	sqlite3_stmt *row;
	enum status status = readers_take(&store->readers, &db);
	memset(out, 0, sizeof *out);
	if (status != OK) {
		return status;
	}
	status = db_first(db, "SELECT id, is_inline, created_at, content_name, info FROM dataset WHERE id = ?1",
			  DB_VALUES(DB_TEXT(id)), &row);
	if (status == OK) {
		status = read_info(row, out);
		db_done(row);
	}
	readers_give(&store->readers, db);
	return status;
}

enum status store_get_dataset_content(struct store *store, const char *id, struct dataset_content *out)
{
	struct db *db;
	sqlite3_stmt *row;
	void *bytes = NULL;
	enum status status = readers_take(&store->readers, &db);
	memset(out, 0, sizeof *out);
	if (status != OK) {
		return status;
	}
	status = db_first(db, "SELECT content FROM dataset WHERE id = ?1", DB_VALUES(DB_TEXT(id)), &row);
	if (status == OK) {
		status = db_copy_blob(row, 0, &bytes, &out->length) ? OK : E_MEMORY;
		out->bytes = bytes;
		db_done(row);
	}
	readers_give(&store->readers, db);
	return status;
}

bool store_has_content(struct store *store, const char *sha256)
{
	struct db *db;
	int64_t one;
	enum status status = readers_take(&store->readers, &db);
	if (status == OK) {
		status = db_get_int(db, "SELECT 1 FROM dataset WHERE content_name = ?1 AND content IS NULL LIMIT 1",
				    DB_VALUES(DB_TEXT(sha256)), &one);
		readers_give(&store->readers, db);
	}
	return status != E_NOT_FOUND; /* when in doubt the file is kept */
}

static enum status drop_dataset(struct db *db, const char *id, bool *file_unused, char sha256[65])
{
	int64_t others = 0, in_file = 0;
	sqlite3_stmt *row;
	enum status status = db_first(db, "SELECT content IS NULL, content_name FROM dataset WHERE id = ?1",
				      DB_VALUES(DB_TEXT(id)), &row);
	if (status != OK) {
		return status;
	}
	in_file = sqlite3_column_int64(row, 0);
	db_copy_field(row, 1, sha256, 65);
	db_done(row);
	status = db_run_guarded(db, "DELETE FROM dataset WHERE id = ?1", DB_VALUES(DB_TEXT(id)));
	if (status == OK) {
		status = db_get_int(db, "SELECT count(*) FROM dataset WHERE content_name = ?1 AND content IS NULL",
				    DB_VALUES(DB_TEXT(sha256)), &others);
	}
	*file_unused = status == OK && in_file != 0 && others == 0;
	return status;
}

enum status dataset_drop_unused(struct db *db, const char *id, bool *gone, char sha256[65])
{
	int64_t one;
	enum status status = db_get_int(db,
					"SELECT 1 FROM dataset WHERE id = ?1 AND is_inline = 1 AND NOT EXISTS "
					"(SELECT 1 FROM job WHERE dataset_id = ?1) AND NOT EXISTS "
					"(SELECT 1 FROM job WHERE validation_id = ?1)",
					DB_VALUES(DB_TEXT(id)), &one);
	if (status != OK) {
		return status == E_NOT_FOUND ? OK : status;
	}
	return drop_dataset(db, id, gone, sha256);
}

struct delete_dataset {
	struct request request;
	const char *id;
	char **jobs;
	bool file_unused;
	char sha256[65];
};

static void free_list(char **list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
		free(list[i]);
	}
	free(list);
}

/* E_NOT_FOUND: no job needs it. */
static enum status jobs_that_need(struct db *db, const char *id, char ***out)
{
	sqlite3_stmt *row;
	char **list = NULL;
	size_t count = 0;
	enum status status = db_first(db,
				      "SELECT id FROM job WHERE (dataset_id = ?1 OR validation_id = ?1) "
				      "AND status IN (0, 1, 2) ORDER BY id",
				      DB_VALUES(DB_TEXT(id)), &row);
	for (; status == OK; status = db_next(db, row)) {
		char **grown = realloc(list, (count + 2) * sizeof *grown);
		if (grown == NULL) {
			status = E_MEMORY;
			break;
		}
		list = grown;
		list[count + 1] = NULL;
		if (!db_copy_text(row, 0, &list[count], NULL)) {
			status = E_MEMORY;
			break;
		}
		count++;
	}
	db_done(row);
	if (status == E_NOT_FOUND && count != 0) {
		*out = list;
		return OK;
	}
	free_list(list);
	return status;
}

static enum status run_delete(struct transaction *transaction, struct request *request)
{
	struct delete_dataset *gone = (struct delete_dataset *)request;
	int64_t one;
	enum status status =
		db_get_int(transaction->db, "SELECT 1 FROM dataset WHERE id = ?1", DB_VALUES(DB_TEXT(gone->id)), &one);
	if (status != OK) {
		return status;
	}
	status = jobs_that_need(transaction->db, gone->id, &gone->jobs);
	if (status == OK) {
		return E_CONFLICT;
	}
	return status == E_NOT_FOUND ? drop_dataset(transaction->db, gone->id, &gone->file_unused, gone->sha256)
				     : status;
}

enum status store_delete_dataset(struct store *store, const char *id, char ***jobs, bool *file_unused, char sha256[65])
{
	struct delete_dataset gone = { .request.run = run_delete, .id = id };
	enum status status = writer_submit(&store->writer, &gone.request);
	*jobs = gone.jobs;
	*file_unused = status == OK && gone.file_unused;
	memcpy(sha256, gone.sha256, sizeof gone.sha256);
	return status;
}
