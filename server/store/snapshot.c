/*
 * Snapshots: what a job leaves at a step: the state to go on from, the last and the best weights; and the weights that
 * it was told to start from.
 *
 * Small ones are rows of a few MB; large ones files that a row points to, written before the
 * transaction and removed after the commit that let them go.
 *
 * Invariants
 *  1. A row never points to a file that is not complete and durable.
 *  2. Bytes are verified against their digest whenever they are read.
 *  3. Files without a row may be left by a crash; they are swept at the next open.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/internal.h"

static const char *const folders[] = { "checkpoints", "weights" };

static size_t inline_max(enum snapshot_kind kind)
{
	return kind == SNAPSHOT_STATE ? STATE_INLINE_MAX : WEIGHTS_INLINE_MAX;
}

static void digest_more(void *context, const void *bytes, size_t length)
{
	crypto_generichash_update(context, bytes, length);
}

enum status snapshot_stage(struct store *store, struct snapshot *snapshot)
{
	char id[ID_SIZE];
	crypto_generichash_state digest;
	snapshot->file[0] = '\0';
	if (snapshot->bytes == NULL) {
		return OK;
	}
	if (snapshot->step > INT64_MAX) {
		return E_INVALID;
	}
	if (snapshot->length <= inline_max(snapshot->kind)) {
		crypto_generichash(snapshot->digest, DIGEST_SIZE, snapshot->bytes, snapshot->length, NULL, 0);
		return OK;
	}
	store_make_id(store, "blob", id);
	snprintf(snapshot->file, sizeof snapshot->file, "%s/%s", folders[snapshot->kind != SNAPSHOT_STATE], id);
	crypto_generichash_init(&digest, NULL, 0, DIGEST_SIZE);
	const struct files_watch watch = { .each = digest_more, .context = &digest, .until = &store->until };
	enum status status = files_write(store->dir, snapshot->file, snapshot->bytes, snapshot->length, &watch);
	crypto_generichash_final(&digest, snapshot->digest, DIGEST_SIZE);
	if (status != OK) {
		snapshot->file[0] = '\0';
	}
	return status;
}

void snapshot_unstage(struct store *store, const struct snapshot *snapshot)
{
	if (snapshot->bytes != NULL && snapshot->file[0] != '\0') {
		files_remove(store->dir, snapshot->file);
	}
}

void released_remove(struct store *store, const struct released *released)
{
	for (size_t i = 0; i < released->count; i++) {
		files_remove(store->dir, released->file[i]);
	}
}

static enum status drop_one(struct db *db, int64_t job, enum snapshot_kind kind, struct released *released)
{
	sqlite3_stmt *row;
	int64_t key;
	enum status status = db_first(db, "SELECT key, file FROM snapshot WHERE job = ?1 AND kind = ?2",
				      DB_VALUES(DB_INT(job), DB_INT(kind)), &row);
	if (status != OK) {
		return status == E_NOT_FOUND ? OK : status;
	}
	key = sqlite3_column_int64(row, 0);
	if (sqlite3_column_type(row, 1) != SQLITE_NULL) {
		db_copy_field(row, 1, released->file[released->count++], FILE_NAME_SIZE);
	}
	db_done(row);
	return db_run(db, "DELETE FROM snapshot WHERE key = ?1", DB_VALUES(DB_INT(key)));
}

enum status snapshot_drop(struct db *db, int64_t job, unsigned kinds, struct released *released)
{
	enum status status = OK;
	for (unsigned kind = 0; kind < SNAPSHOT_KINDS && status == OK; kind++) {
		if ((kinds & 1u << kind) != 0) {
			status = drop_one(db, job, (enum snapshot_kind)kind, released);
		}
	}
	return status;
}

static enum status put_pieces(struct db *db, int64_t key, const struct snapshot *snapshot)
{
	const char *bytes = snapshot->bytes;
	enum status status = OK;
	int64_t piece = 0;
	for (size_t first = 0; first < snapshot->length && status == OK; first += SNAPSHOT_PIECE) {
		size_t left = snapshot->length - first;
		status = db_run(db, "INSERT INTO snapshot_piece (snapshot, piece, bytes) VALUES (?1, ?2, ?3)",
				DB_VALUES(DB_INT(key), DB_INT(piece),
					  DB_BLOB(bytes + first, left < SNAPSHOT_PIECE ? left : SNAPSHOT_PIECE)));
		piece++;
	}
	return status;
}

enum status snapshot_put(struct db *db, int64_t job, int64_t last_point, const struct snapshot *snapshot,
			 struct released *released)
{
	const char *file = snapshot->file[0] != '\0' ? snapshot->file : NULL;
	enum status status;
	if (snapshot->bytes == NULL) {
		return OK;
	}
	status = drop_one(db, job, snapshot->kind, released);
	if (status == OK) {
		status = db_run(db,
				"INSERT INTO snapshot (job, kind, step, last_point, build, length, digest, file) "
				"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
				DB_VALUES(DB_INT(job), DB_INT(snapshot->kind), DB_INT(snapshot->step),
					  DB_INT(last_point), DB_TEXT(snapshot->build), DB_INT(snapshot->length),
					  DB_BLOB(snapshot->digest, DIGEST_SIZE), DB_TEXT(file)));
	}
	if (status == OK && file == NULL) {
		status = put_pieces(db, sqlite3_last_insert_rowid(db->handle), snapshot);
	}
	return status;
}

/* A snapshot as it is being read. */
struct reading {
	int64_t key;
	uint64_t step;
	char *build;
	void *bytes;
	size_t length;
	char file[FILE_NAME_SIZE];
	unsigned char digest[DIGEST_SIZE]; /* as stored */
	unsigned char found[DIGEST_SIZE];  /* of the bytes */
};

static enum status read_row(struct db *db, const char *job_id, enum snapshot_kind kind, struct reading *reading)
{
	sqlite3_stmt *row;
	enum status status = db_first(db,
				      "SELECT key, step, build, length, digest, file FROM snapshot "
				      "WHERE job = (SELECT key FROM job WHERE id = ?1) AND kind = ?2",
				      DB_VALUES(DB_TEXT(job_id), DB_INT(kind)), &row);
	if (status != OK) {
		return status;
	}
	reading->key = sqlite3_column_int64(row, 0);
	reading->step = (uint64_t)sqlite3_column_int64(row, 1);
	reading->length = (size_t)sqlite3_column_int64(row, 3);
	db_copy_field(row, 5, reading->file, sizeof reading->file);
	if (!db_copy_text(row, 2, &reading->build, NULL)) {
		status = E_MEMORY;
	} else if (sqlite3_column_bytes(row, 4) != DIGEST_SIZE) {
		status = E_CORRUPT;
	} else {
		memcpy(reading->digest, sqlite3_column_blob(row, 4), DIGEST_SIZE);
	}
	db_done(row);
	return status;
}

static enum status read_pieces(struct db *db, struct reading *reading)
{
	sqlite3_stmt *row;
	size_t filled = 0;
	enum status status;
	reading->bytes = malloc(reading->length + 1);
	if (reading->bytes == NULL) {
		return E_MEMORY;
	}
	status = db_first(db, "SELECT bytes FROM snapshot_piece WHERE snapshot = ?1 ORDER BY piece",
			  DB_VALUES(DB_INT(reading->key)), &row);
	for (; status == OK; status = db_next(db, row)) {
		const void *bytes = sqlite3_column_blob(row, 0);
		size_t length = (size_t)sqlite3_column_bytes(row, 0);
		if (bytes == NULL || length > reading->length - filled) {
			status = E_CORRUPT;
			break;
		}
		memcpy((char *)reading->bytes + filled, bytes, length);
		filled += length;
	}
	db_done(row);
	if (status != E_NOT_FOUND) {
		return status;
	}
	crypto_generichash(reading->found, DIGEST_SIZE, reading->bytes, filled, NULL, 0);
	return filled == reading->length ? OK : E_CORRUPT;
}

/* One try: row and pieces in one snapshot of the database, a file after it. */
static enum status read_once(struct store *store, const char *job_id, enum snapshot_kind kind, struct reading *reading)
{
	struct db *db;
	enum status status = readers_take(&store->readers, &db);
	if (status != OK) {
		return status;
	}
	status = read_row(db, job_id, kind, reading);
	if (status == OK && reading->file[0] == '\0') {
		status = read_pieces(db, reading);
	}
	readers_give(&store->readers, db);
	if (status == OK && reading->file[0] != '\0') {
		crypto_generichash_state digest;
		crypto_generichash_init(&digest, NULL, 0, DIGEST_SIZE);
		const struct files_watch watch = { .each = digest_more, .context = &digest, .until = &store->until };
		status = files_read(store->dir, reading->file, reading->length, &watch, &reading->bytes);
		status = status == E_NOT_FOUND ? E_CORRUPT : status;
		crypto_generichash_final(&digest, reading->found, DIGEST_SIZE);
	}
	return status;
}

enum status snapshot_read(struct store *store, const char *job_id, enum snapshot_kind kind, uint64_t *step,
			  char **build, void **bytes, size_t *length)
{
	struct reading reading;
	char file[FILE_NAME_SIZE] = "";
	enum status status;
	bool again;
	do {
		memset(&reading, 0, sizeof reading);
		status = read_once(store, job_id, kind, &reading);
		/* A file may be replaced between its row and its opening: another row then names another file. */
		again = status == E_CORRUPT && strcmp(file, reading.file) != 0;
		memcpy(file, reading.file, sizeof file);
		if (status == OK) {
			status = memcmp(reading.found, reading.digest, DIGEST_SIZE) == 0 ? OK : E_CORRUPT;
		}
		if (status != OK) {
			free(reading.build);
			free(reading.bytes);
		}
	} while (again);
	if (status != OK) {
		return status;
	}
	*step = reading.step;
	*bytes = reading.bytes;
	*length = reading.length;
	if (build != NULL) {
		*build = reading.build;
	} else {
		free(reading.build);
	}
	return OK;
}

static bool is_used(void *context, const char *name)
{
	int64_t one;
	enum status status =
		db_get_int(context, "SELECT 1 FROM snapshot WHERE file = ?1", DB_VALUES(DB_TEXT(name)), &one);
	return status != E_NOT_FOUND;
}

void snapshot_sweep(struct store *store, struct db *db)
{
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		files_sweep(store->dir, folders[i], is_used, db);
	}
}
