/*
 * Jobs built as cJSON trees and sent with every number exact: cJSON's own printer loses the last bit of some doubles,
 * ours writes 17 digits.
 */
#ifndef TESTS_BLACKBOX_EXACT_H
#define TESTS_BLACKBOX_EXACT_H

#include <cjson/cJSON.h>
#include <stddef.h>

/* The text of a tree, kept. Takes the tree. */
const char *exact_take(cJSON *tree);
/* A list of numbers; a list of lists, rows by columns. Returned owned. */
cJSON *exact_list(const double *values, size_t n);
cJSON *exact_rows(const double *values, size_t rows, size_t columns);
/* {"name", "shape": [rows, columns] or [rows] when columns is 0, "values"}. Returned owned. */
cJSON *exact_tensor(const char *name, size_t rows, size_t columns, const double *values);
/* A member of an object that is itself an object, made and put there; borrowed. */
cJSON *exact_object(cJSON *object, const char *key);
/* Puts null where a stopping rule would end the job early. */
void exact_run_all_steps(cJSON *job);

#endif
