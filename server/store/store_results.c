/* What a job leaves for its readers: curve and weights. */
#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"
#include "server/store/internal.h"

void curve_slice_fini(struct curve_slice *slice)
{
	free(slice->points);
	free(slice->parameters);
	memset(slice, 0, sizeof *slice);
}

/* Room for at least `count` points, at most `limit` of them. */
static enum status grow(struct curve_slice *slice, size_t *capacity, size_t count, size_t limit)
{
	size_t wanted = *capacity, bytes;
	struct curve_point *points;
	double *parameters;
	if (count <= *capacity) {
		return OK;
	}
	wanted = wanted < limit / 2 ? 2 * wanted : limit;
	if (wanted < count) {
		wanted = count;
	}
	if (!size_multiply(wanted, sizeof *points, &bytes) || (points = realloc(slice->points, bytes)) == NULL) {
		return E_MEMORY;
	}
	slice->points = points;
	if (slice->n != 0) {
		if (!size_multiply(wanted, slice->n * sizeof *parameters, &bytes) ||
		    (parameters = realloc(slice->parameters, bytes)) == NULL) {
			return E_MEMORY;
		}
		slice->parameters = parameters;
	}
	*capacity = wanted;
	return OK;
}

/* Columns: count, width, points, parameters. Takes the points of one row from from_step on, up to the limit. */
static enum status take_row(sqlite3_stmt *row, uint64_t from_step, size_t limit, struct curve_slice *slice,
			    size_t *capacity)
{
	size_t count = (size_t)sqlite3_column_int64(row, 0), width = (size_t)sqlite3_column_int64(row, 1), first = 0;
	const struct curve_point *points = sqlite3_column_blob(row, 2);
	const double *parameters = width != 0 ? sqlite3_column_blob(row, 3) : NULL;
	enum status status;
	if (points == NULL || (width != 0 && parameters == NULL)) {
		return E_MEMORY;
	}
	if ((slice->count != 0 && width != slice->n) ||
	    (size_t)sqlite3_column_bytes(row, 2) != count * sizeof *points ||
	    (width != 0 && (size_t)sqlite3_column_bytes(row, 3) != count * width * sizeof *parameters)) {
		return E_CORRUPT;
	}
	slice->n = width;
	while (first < count && points[first].step < from_step) {
		first++;
	}
	count = count - first < limit - slice->count ? count - first : limit - slice->count;
	status = grow(slice, capacity, slice->count + count, limit);
	if (status != OK || count == 0) {
		return status;
	}
	memcpy(slice->points + slice->count, points + first, count * sizeof *points);
	if (width != 0) {
		memcpy(slice->parameters + slice->count * width, parameters + first * width,
		       count * width * sizeof *parameters);
	}
	slice->count += count;
	return OK;
}

static enum status read_slice(struct db *db, const char *id, uint64_t from_step, size_t limit, struct curve_slice *out)
{
	struct job_head head;
	sqlite3_stmt *row;
	size_t capacity = 0, most;
	enum status status = job_head_find(db, id, &head);
	if (status != OK) {
		return status;
	}
	out->status = head.status;
	out->points_total = (uint64_t)head.points_total;
	if (limit == 0 || from_step > INT64_MAX) {
		return OK;
	}
	most = limit < out->points_total ? limit : (size_t)out->points_total;
	status = db_first(db,
			  "SELECT count, width, points, parameters FROM curve_chunk "
			  "WHERE job = ?1 AND last_step >= ?2 ORDER BY last_step",
			  DB_VALUES(DB_INT(head.key), DB_INT(from_step)), &row);
	for (; status == OK && out->count < most; status = db_next(db, row)) {
		status = take_row(row, from_step, most, out, &capacity);
		if (status != OK) {
			break;
		}
	}
	db_done(row);
	return status == E_NOT_FOUND ? OK : status;
}

enum status store_read_points(struct store *store, const char *id, uint64_t from_step, size_t limit,
			      struct curve_slice *out)
{
	struct db *db;
	enum status status = readers_take(&store->readers, &db);
	memset(out, 0, sizeof *out);
	if (status != OK) {
		return status;
	}
	status = read_slice(db, id, from_step, limit, out);
	readers_give(&store->readers, db);
	if (status != OK) {
		curve_slice_fini(out);
	}
	return status;
}

enum status store_read_weights(struct store *store, const char *id, const char *at, uint64_t *step, void **values,
			       size_t *length)
{
	enum snapshot_kind kind = strcmp(at, "best") == 0       ? SNAPSHOT_BEST
				  : strcmp(at, "averaged") == 0 ? SNAPSHOT_AVERAGED
								: SNAPSHOT_LAST;
	return snapshot_read(store, id, kind, step, NULL, values, length);
}

enum status store_read_initial(struct store *store, const char *id, void **values, size_t *length)
{
	uint64_t step;
	return snapshot_read(store, id, SNAPSHOT_INITIAL, &step, NULL, values, length);
}
