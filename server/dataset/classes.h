/* From the values of a classifier's target column to class indices. */
#ifndef SERVER_DATASET_CLASSES_H
#define SERVER_DATASET_CLASSES_H

#include <stdatomic.h>
#include <stdint.h>

#include "api/job_spec.h"
#include "core/base/error.h"
#include "server/dataset/table.h"

/* label[i] = index in spec->class_text or class_number of row i of `column`, for all rows of the table. whose: names
 * the data in messages ("the data", "the validation data"). E_INVALID: a class that the job does not know, or a column
 * of the other kind; E_CORRUPT, E_CANCELLED, E_MEMORY. */
enum status classes_label(const struct job_spec *spec, const struct table *table, size_t column, const char *whose,
			  const atomic_bool *stop, int32_t *label, struct error *error);

#endif
