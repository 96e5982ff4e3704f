/* Preparing the data of a job. See prepare.h; the parts are classes.h, split.h and fill.h. */
#include "server/dataset/prepare.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/size.h"
#include "server/dataset/classes.h"
#include "server/dataset/fill.h"

/* From the size of a huge page on X is mapped; rows begin at a cache line either way. */
enum { HUGE_PAGE = 2 << 20, CACHE_LINE = 64 };

struct memory {
	void *x; /* both parts, training first */
	size_t x_bytes;
	void *y;
	int32_t *label;
	double *mean; /* and std behind it */
};

/* One preparation under way. */
struct preparation {
	const struct job_spec *spec;
	const struct table *table;
	const struct table *apart; /* the table of dataset.validation.id, or NULL */
	const atomic_bool *stop;
	enum dtype dtype;
	size_t rows;          /* of table */
	size_t apart_rows;    /* of apart, or 0 */
	size_t *apart_column; /* features, then targets: their columns in apart */
	struct split split;
	int32_t *label; /* [rows]: in the order of the table */
	struct memory *memory;
};

static enum status no_memory(struct error *error)
{
	return error_set(error, E_MEMORY, "out of memory while preparing the data");
}

/* --- columns --- */

static enum status check_number(const struct table *table, size_t column, const char *whose, struct error *error)
{
	if (table_kind(table, column) == COLUMN_TEXT) {
		return error_set(error, E_INVALID, "column \"%.100s\" of %s holds text, a number is needed",
				 table_name(table, column), whose);
	}
	return OK;
}

/* Features, and targets that are no classes, must be numbers. */
static enum status check_columns(const struct job_spec *spec, const struct table *table, const size_t *feature,
				 const size_t *target, const char *whose, struct error *error)
{
	enum status status = OK;
	for (size_t k = 0; k < spec->feature_count && status == OK; k++) {
		assert(feature[k] < table_columns(table));
		status = check_number(table, feature[k], whose, error);
	}
	for (size_t k = 0; k < spec->target_count && status == OK && spec->class_count == 0; k++) {
		assert(target[k] < table_columns(table));
		status = check_number(table, target[k], whose, error);
	}
	return status;
}

struct named_column {
	const char *name;
	size_t column;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct named_column *)a)->name, ((const struct named_column *)b)->name);
}

/* Finds the job's columns in the other table by their names. */
static enum status match_columns(struct preparation *p, struct error *error)
{
	const struct job_spec *spec = p->spec;
	size_t columns = table_columns(p->apart), wanted = spec->feature_count + spec->target_count;
	struct named_column *sorted = malloc(columns * sizeof *sorted);
	p->apart_column = malloc((wanted + 1) * sizeof *p->apart_column);
	enum status status = sorted == NULL || p->apart_column == NULL ? no_memory(error) : OK;
	for (size_t j = 0; j < columns && status == OK; j++) {
		sorted[j] = (struct named_column){ table_name(p->apart, j), j };
	}
	if (status == OK) {
		qsort(sorted, columns, sizeof *sorted, compare_names);
	}
	for (size_t k = 0; k < wanted && status == OK; k++) {
		size_t own = k < spec->feature_count ? spec->feature_column[k]
						     : spec->target_column[k - spec->feature_count];
		struct named_column key = { table_name(p->table, own), 0 };
		const struct named_column *found = bsearch(&key, sorted, columns, sizeof key, compare_names);
		if (found == NULL) {
			status = error_set(error, E_INVALID, "the validation data has no column \"%.100s\"", key.name);
		} else {
			p->apart_column[k] = found->column;
		}
	}
	free(sorted);
	return status == OK ? check_columns(spec, p->apart, p->apart_column, p->apart_column + spec->feature_count,
					    "the validation data", error)
			    : status;
}

/* --- memory --- */

static enum status allocate_x(struct memory *memory, size_t rows, size_t features, enum dtype dtype,
			      struct error *error)
{
	size_t bytes;
	if (!size_multiply(rows, features, &bytes) || !size_multiply(bytes, dtype_size(dtype), &bytes) ||
	    !size_add(bytes, CACHE_LINE, &bytes)) {
		return no_memory(error);
	}
	if (bytes < HUGE_PAGE) {
		memory->x = aligned_alloc(CACHE_LINE, bytes / CACHE_LINE * CACHE_LINE + CACHE_LINE);
		return memory->x == NULL ? no_memory(error) : OK;
	}
	void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED) {
		return no_memory(error);
	}
	madvise(map, bytes, MADV_HUGEPAGE); /* only advice: where it fails small pages do */
	memory->x = map;
	memory->x_bytes = bytes;
	return OK;
}

static enum status allocate(struct preparation *p, struct error *error)
{
	const struct job_spec *spec = p->spec;
	struct memory *memory = p->memory;
	size_t rows = p->rows + p->apart_rows, y_bytes, label_bytes;
	enum status status = allocate_x(memory, rows, spec->feature_count, p->dtype, error);
	if (status != OK) {
		return status;
	}
	if (!size_multiply(rows, spec->target_count, &y_bytes) ||
	    !size_multiply(y_bytes, dtype_size(p->dtype), &y_bytes) ||
	    !size_multiply(rows, sizeof *memory->label, &label_bytes)) {
		return no_memory(error);
	}
	if (spec->class_count > 0) {
		memory->label = malloc(label_bytes);
	} else if (spec->target_count > 0) {
		memory->y = malloc(y_bytes);
	}
	if (spec->standardize) {
		memory->mean = malloc((2 * spec->feature_count + 1) * sizeof *memory->mean);
	}
	bool missing = (spec->class_count > 0 && memory->label == NULL) ||
		       (spec->class_count == 0 && spec->target_count > 0 && memory->y == NULL) ||
		       (spec->standardize && memory->mean == NULL);
	return missing ? no_memory(error) : OK;
}

void prepared_fini(struct prepared *prepared)
{
	struct memory *memory = prepared->memory;
	if (memory != NULL) {
		if (memory->x_bytes > 0) {
			munmap(memory->x, memory->x_bytes);
		} else {
			free(memory->x);
		}
		free(memory->y);
		free(memory->label);
		free(memory->mean);
		free(memory);
	}
	memset(prepared, 0, sizeof *prepared);
}

/* --- the steps --- */

/* Labels of the table's rows, and the split that is stratified by them. */
static enum status draw_split(struct preparation *p, struct error *error)
{
	const struct job_spec *spec = p->spec;
	enum status status = OK;
	if (spec->class_count > 0) {
		p->label = malloc(p->rows * sizeof *p->label);
		status = p->label == NULL ? no_memory(error)
					  : classes_label(spec, p->table, spec->target_column[0], "the data", p->stop,
							  p->label, error);
	}
	if (status != OK) {
		return status;
	}
	size_t validating = 0;
	if (p->apart == NULL && spec->validation_fraction > 0) {
		double share = round((double)p->rows * spec->validation_fraction);
		validating = spec->validation_rows > 0 ? (size_t)spec->validation_rows : (size_t)share;
		validating = validating == 0 ? 1 : validating;
		if (validating >= p->rows) {
			return error_set(error, E_INVALID, "a validation split of %zu rows leaves none to train on",
					 p->rows);
		}
	}
	return split_draw(spec->train.training.seed, p->rows, validating, p->label, spec->class_count, &p->split,
			  error);
}

/* Labels in their parts: training rows, then those that validate. */
static enum status place_labels(struct preparation *p, struct error *error)
{
	int32_t *out = p->memory->label;
	for (size_t i = 0; i < p->rows; i++) {
		uint32_t place = p->split.place == NULL ? (uint32_t)i : p->split.place[i];
		bool validates = (place & SPLIT_VALIDATION) != 0;
		out[(validates ? p->split.training : 0) + (place & ~SPLIT_VALIDATION)] = p->label[i];
	}
	if (p->apart == NULL) {
		return OK;
	}
	return classes_label(p->spec, p->apart, p->apart_column[p->spec->feature_count], "the validation data", p->stop,
			     out + p->rows, error);
}

/* Fills one matrix (X, or y) of both parts. */
static enum status fill_both(const struct preparation *p, const size_t *column, const size_t *apart_column,
			     size_t columns, const double *mean, const double *std, void *out, struct error *error)
{
	struct fill fill = { .table = p->table,
			     .whose = "the data",
			     .column = column,
			     .columns = columns,
			     .place = p->split.place,
			     .mean = mean,
			     .std = std,
			     .stop = p->stop };
	unsigned char *second = (unsigned char *)out + p->split.training * columns * dtype_size(p->dtype);
	enum status status = fill_matrix(&fill, p->dtype, out, second, error);
	if (status == OK && p->apart != NULL) {
		fill.table = p->apart;
		fill.whose = "the validation data";
		fill.column = apart_column;
		fill.place = NULL;
		status = fill_matrix(&fill, p->dtype, second, NULL, error);
	}
	return status;
}

static enum status fill_all(struct preparation *p, struct error *error)
{
	const struct job_spec *spec = p->spec;
	struct memory *memory = p->memory;
	enum status status = OK;
	const double *std = NULL;
	if (memory->mean != NULL) {
		struct fill fill = { .table = p->table,
				     .whose = "the data",
				     .column = spec->feature_column,
				     .columns = spec->feature_count,
				     .members = spec->model.type != NULL ? model_members(&spec->model) : 1,
				     .place = p->split.place,
				     .stop = p->stop };
		std = memory->mean + spec->feature_count;
		status = fill_moments(&fill, memory->mean, memory->mean + spec->feature_count, error);
	}
	if (status == OK) {
		status = fill_both(p, spec->feature_column, p->apart_column, spec->feature_count, memory->mean, std,
				   memory->x, error);
	}
	if (status == OK && memory->y != NULL) {
		const size_t *target = p->apart_column == NULL ? NULL : p->apart_column + spec->feature_count;
		status = fill_both(p, spec->target_column, target, spec->target_count, NULL, NULL, memory->y, error);
	}
	return status == OK && memory->label != NULL ? place_labels(p, error) : status;
}

static struct data_view view(const struct preparation *p, size_t first, size_t rows)
{
	const struct job_spec *spec = p->spec;
	const struct memory *memory = p->memory;
	size_t size = dtype_size(p->dtype);
	size_t targets = spec->class_count > 0 ? 0 : spec->target_count;
	return (struct data_view){
		.dtype = p->dtype,
		.rows = rows,
		.features = spec->feature_count,
		.x = (const unsigned char *)memory->x + first * spec->feature_count * size,
		.targets = targets,
		.y = memory->y == NULL ? NULL : (const unsigned char *)memory->y + first * targets * size,
		.classes = spec->class_count,
		.label = memory->label == NULL ? NULL : memory->label + first,
	};
}

static enum status check_rows(struct preparation *p, struct error *error)
{
	uint64_t rows = table_rows(p->table), apart = p->apart == NULL ? 0 : table_rows(p->apart);
	if (rows >= SPLIT_VALIDATION || apart >= SPLIT_VALIDATION) {
		return error_set(error, E_TOO_LARGE, "a job can train on up to %u rows", SPLIT_VALIDATION - 1);
	}
	p->rows = (size_t)rows;
	p->apart_rows = (size_t)apart;
	return OK;
}

static enum status prepare(struct preparation *p, struct error *error)
{
	const struct job_spec *spec = p->spec;
	enum status status = check_rows(p, error);
	status = status == OK
			 ? check_columns(spec, p->table, spec->feature_column, spec->target_column, "the data", error)
			 : status;
	status = status == OK && p->apart != NULL ? match_columns(p, error) : status;
	status = status == OK ? draw_split(p, error) : status;
	status = status == OK ? allocate(p, error) : status;
	return status == OK ? fill_all(p, error) : status;
}

enum status prepare_data(const struct job_spec *spec, const struct table *table, const struct table *validation,
			 const atomic_bool *stop, struct prepared *out, struct error *error)
{
	memset(out, 0, sizeof *out);
	struct preparation p = { .spec = spec,
				 .table = table,
				 .apart = validation,
				 .stop = stop,
				 .dtype = spec->train.training.dtype,
				 .memory = calloc(1, sizeof *p.memory) };
	enum status status = p.memory == NULL ? no_memory(error) : prepare(&p, error);
	out->memory = p.memory;
	if (status == OK) {
		out->training = view(&p, 0, p.split.training);
		out->validation = view(&p, p.split.training, validation == NULL ? p.split.validation : p.apart_rows);
		out->mean = p.memory->mean;
		out->std = p.memory->mean == NULL ? NULL : p.memory->mean + spec->feature_count;
	} else {
		prepared_fini(out);
	}
	split_fini(&p.split);
	free(p.apart_column);
	free(p.label);
	return status;
}
