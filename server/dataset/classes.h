/* From the values of a classifier's target column to class indices. */
#ifndef SERVER_DATASET_CLASSES_H
#define SERVER_DATASET_CLASSES_H

#include <stdatomic.h>
#include <stdint.h>

#include "api/job_spec.h"
#include "core/base/error.h"
#include "server/dataset/table.h"

/* Classes, as the job has them: texts, or numbers where `number` is not NULL. */
struct class_list {
	size_t count;
	char *const *text;
	const double *number;
};

/* Looks classes up. Borrows list and table. */
struct labeller;
enum { CLASS_UNKNOWN = -1 };
/* whose: names the data in messages ("the data", "the validation data"); a literal. E_INVALID: a column of the other
 * kind; E_MEMORY. */
enum status labeller_create(const struct class_list *list, const struct table *table, size_t column, const char *whose,
			    struct labeller **out, struct error *error);
/* label[i] = index in the list of row first + i, or CLASS_UNKNOWN. E_CORRUPT. */
enum status labeller_read(const struct labeller *labeller, uint64_t first, size_t count, int32_t *label,
			  struct error *error);
void labeller_destroy(struct labeller *labeller);

/* label[i] = index in spec->class_text or class_number of row i of `column`, for all rows of the table. E_INVALID: a
 * class that the job does not know, or a column of the other kind; E_CORRUPT, E_CANCELLED, E_MEMORY. */
enum status classes_label(const struct job_spec *spec, const struct table *table, size_t column, const char *whose,
			  const atomic_bool *stop, int32_t *label, struct error *error);

#endif
