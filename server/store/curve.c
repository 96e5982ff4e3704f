/*
 * Curves: many points to a row, so that a million of them read in milliseconds.
 *
 * Small chunks that arrive are merged as a binary counter carries: the rows before that hold no more
 * points than the new one are taken into it, up to a cap. A point is so rewritten at most
 * log2(cap) times, and a curve of N points has about N / cap + log2(cap) rows, however it arrived.
 *
 * Invariants
 *  1. Rows of a job do not overlap: the steps of one all come before those of the next.
 *  2. All rows of a job have the same width.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"
#include "server/store/internal.h"

/* CHUNK_POINTS: 147 KB of points, read in some 30 us; CHUNK_BYTES holds wide rows (with parameters) to about the same.
 * MERGE_MAX: more rows than log2(CHUNK_POINTS) cannot be merged at once. */
enum { CHUNK_POINTS = 2048, CHUNK_BYTES = 256 << 10, MERGE_MAX = 16 };

_Static_assert(sizeof(struct curve_point) == 72, "the database checks this size");

static size_t chunk_cap(size_t width)
{
	size_t cap = CHUNK_BYTES / (sizeof(struct curve_point) + width * sizeof(double));
	return cap < 1 ? 1 : cap > CHUNK_POINTS ? CHUNK_POINTS : cap;
}

enum status curve_check(const struct points_chunk *chunk)
{
	size_t bytes;
	if (chunk == NULL || chunk->count == 0) {
		return OK;
	}
	if (chunk->points == NULL || (chunk->parameters != NULL) != (chunk->n != 0) ||
	    chunk->n > (SIZE_MAX - sizeof(struct curve_point)) / sizeof(double) ||
	    !size_multiply(chunk->count, sizeof(struct curve_point) + chunk->n * sizeof(double), &bytes)) {
		return E_INVALID;
	}
	for (size_t i = 0; i < chunk->count; i++) {
		if (chunk->points[i].step > INT64_MAX ||
		    (i > 0 && chunk->points[i].step <= chunk->points[i - 1].step)) {
			return E_INVALID;
		}
	}
	return OK;
}

/* Stores chunk[first, first + count) as one row. */
static enum status insert_row(struct db *db, int64_t job, const struct points_chunk *chunk, size_t first, size_t count)
{
	const struct curve_point *points = chunk->points + first;
	const double *parameters = chunk->parameters != NULL ? chunk->parameters + first * chunk->n : NULL;
	return db_run(db,
		      "INSERT INTO curve_chunk (job, first_step, last_step, count, width, points, parameters) "
		      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
		      DB_VALUES(DB_INT(job), DB_INT(points[0].step), DB_INT(points[count - 1].step), DB_INT(count),
				DB_INT(chunk->n), DB_BLOB(points, count * sizeof *points),
				DB_BLOB(parameters, count * chunk->n * sizeof(double))));
}

static enum status insert_rows(struct db *db, int64_t job, const struct points_chunk *chunk)
{
	size_t cap = chunk_cap(chunk->n);
	enum status status = OK;
	for (size_t first = 0; first < chunk->count && status == OK; first += cap) {
		size_t left = chunk->count - first;
		status = insert_row(db, job, chunk, first, left < cap ? left : cap);
	}
	return status;
}

/* The rows at the curve's end that the new points take in, last one first. */
struct merge {
	int64_t key[MERGE_MAX];
	size_t rows;
	size_t points; /* in those rows */
};

static enum status find_merge(struct db *db, int64_t job, const struct points_chunk *chunk, struct merge *merge)
{
	size_t cap = chunk_cap(chunk->n);
	sqlite3_stmt *row;
	enum status status = db_first(
		db, "SELECT key, count, width FROM curve_chunk WHERE job = ?1 ORDER BY last_step DESC LIMIT 16",
		DB_VALUES(DB_INT(job)), &row);
	merge->rows = 0;
	merge->points = 0;
	for (; status == OK; status = db_next(db, row)) {
		size_t count = (size_t)sqlite3_column_int64(row, 1), total = chunk->count + merge->points;
		if ((size_t)sqlite3_column_int64(row, 2) != chunk->n) {
			status = E_INVALID;
			break;
		}
		if (merge->rows == MERGE_MAX || count > total || count + total > cap) {
			break;
		}
		merge->key[merge->rows++] = sqlite3_column_int64(row, 0);
		merge->points += count;
	}
	db_done(row);
	return status == E_NOT_FOUND ? OK : status;
}

/* Moves one row's points to the ends of the buffers, and deletes it. */
static enum status take_row(struct db *db, int64_t key, struct curve_point *points, double *parameters, size_t width,
			    size_t *count)
{
	sqlite3_stmt *row;
	enum status status = db_first(db, "SELECT count, points, parameters FROM curve_chunk WHERE key = ?1",
				      DB_VALUES(DB_INT(key)), &row);
	if (status == OK) {
		size_t more = (size_t)sqlite3_column_int64(row, 0), bytes = more * width * sizeof(double);
		const void *stored = sqlite3_column_blob(row, 1);
		if (stored == NULL) {
			status = E_MEMORY;
		} else {
			memcpy(points + *count, stored, more * sizeof *points);
		}
		if (status == OK && width != 0) {
			stored = sqlite3_column_blob(row, 2);
			if (stored == NULL || (size_t)sqlite3_column_bytes(row, 2) != bytes) {
				status = E_CORRUPT;
			} else {
				memcpy(parameters + *count * width, stored, bytes);
			}
		}
		*count += more;
	}
	db_done(row);
	if (status == OK) {
		status = db_run(db, "DELETE FROM curve_chunk WHERE key = ?1", DB_VALUES(DB_INT(key)));
	}
	return status;
}

static enum status insert_merged(struct db *db, int64_t job, const struct points_chunk *chunk,
				 const struct merge *merge)
{
	/* At most chunk_cap points: no overflow. */
	size_t total = merge->points + chunk->count, count = 0;
	struct curve_point *points = malloc(total * sizeof *points);
	double *parameters = chunk->n != 0 ? malloc(total * chunk->n * sizeof *parameters) : NULL;
	enum status status = points == NULL || (chunk->n != 0 && parameters == NULL) ? E_MEMORY : OK;
	for (size_t i = merge->rows; i > 0 && status == OK; i--) {
		status = take_row(db, merge->key[i - 1], points, parameters, chunk->n, &count);
	}
	if (status == OK) {
		struct points_chunk merged = { total, points, parameters, chunk->n };
		assert(count == merge->points);
		memcpy(points + count, chunk->points, chunk->count * sizeof *points);
		if (chunk->n != 0) {
			memcpy(parameters + count * chunk->n, chunk->parameters,
			       chunk->count * chunk->n * sizeof *parameters);
		}
		status = insert_row(db, job, &merged, 0, total);
	}
	free(parameters);
	free(points);
	return status;
}

enum status curve_append(struct db *db, struct job_head *head, const struct points_chunk *chunk)
{
	struct merge merge;
	enum status status;
	if (chunk == NULL || chunk->count == 0) {
		return OK;
	}
	if ((int64_t)chunk->points[0].step <= head->last_point) {
		return E_CONFLICT;
	}
	status = find_merge(db, head->key, chunk, &merge);
	if (status == OK) {
		status = merge.rows != 0 ? insert_merged(db, head->key, chunk, &merge)
					 : insert_rows(db, head->key, chunk);
	}
	if (status == OK) {
		head->points_total += (int64_t)chunk->count;
		head->last_point = (int64_t)chunk->points[chunk->count - 1].step;
	}
	return status;
}

/* Shortens the row in which `last` lies, when there is one: its first points stay. */
static enum status cut_row(struct db *db, const struct job_head *head, int64_t last)
{
	sqlite3_stmt *row;
	int64_t key = 0;
	size_t count = 0, width = 0, keep = 0;
	const struct curve_point *points;
	int64_t step = 0;
	enum status status = db_first(db,
				      "SELECT key, count, width, points FROM curve_chunk "
				      "WHERE job = ?1 AND last_step > ?2 ORDER BY last_step LIMIT 1",
				      DB_VALUES(DB_INT(head->key), DB_INT(last)), &row);
	if (status != OK) {
		return status == E_NOT_FOUND ? OK : status;
	}
	key = sqlite3_column_int64(row, 0);
	count = (size_t)sqlite3_column_int64(row, 1);
	width = (size_t)sqlite3_column_int64(row, 2);
	points = sqlite3_column_blob(row, 3);
	if (points == NULL) {
		status = E_MEMORY;
	}
	while (status == OK && keep < count && (int64_t)points[keep].step <= last) {
		step = (int64_t)points[keep].step;
		keep++;
	}
	db_done(row);
	if (status == OK && keep != 0) {
		status = db_run(db,
				"UPDATE curve_chunk SET count = ?2, last_step = ?3, points = substr(points, 1, ?4), "
				"parameters = substr(parameters, 1, ?5) WHERE key = ?1",
				DB_VALUES(DB_INT(key), DB_INT(keep), DB_INT(step), DB_INT(keep * sizeof *points),
					  DB_INT(keep * width * sizeof(double))));
	}
	return status;
}

enum status curve_cut(struct db *db, struct job_head *head, int64_t last)
{
	sqlite3_stmt *row;
	enum status status;
	if (head->last_point <= last) {
		return OK;
	}
	status = cut_row(db, head, last);
	if (status == OK) {
		status = db_run(db, "DELETE FROM curve_chunk WHERE job = ?1 AND last_step > ?2",
				DB_VALUES(DB_INT(head->key), DB_INT(last)));
	}
	if (status == OK) {
		status = db_first(db,
				  "SELECT coalesce(sum(count), 0), coalesce(max(last_step), -1) FROM curve_chunk "
				  "WHERE job = ?1",
				  DB_VALUES(DB_INT(head->key)), &row);
		if (status == OK) {
			head->points_total = sqlite3_column_int64(row, 0);
			head->last_point = sqlite3_column_int64(row, 1);
			db_done(row);
		}
	}
	return status;
}
