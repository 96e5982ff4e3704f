/*
 * Golden references: JSON files under tests/data/ with results that other programs computed, and how
 * a test agrees with them (tests/data/golden/README.md).
 *
 * A file that is missing or has another form than the test says fails the test at once: no function here
 * returns an error.
 */
#ifndef TESTS_SUPPORT_GOLDEN_H
#define TESTS_SUPPORT_GOLDEN_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

/* Reads $TESTS_DATA/<path> (tests/data/<path> of the folder that tests start in: the repository's top).
 * Example: golden_load("golden/optimizers/adam.json"). Returned owned: cJSON_Delete. */
cJSON *golden_load(const char *path);
/* The bytes of such a file, NUL-terminated. Returned owned: free. */
char *golden_read(const char *path, size_t *length);

/* A member that must be there; borrowed. */
const cJSON *golden_get(const cJSON *object, const char *key);
double golden_number(const cJSON *object, const char *key);
/* A number, or otherwise when there is no such member or it is null. */
double golden_number_or(const cJSON *object, const char *key, double otherwise);
bool golden_flag(const cJSON *object, const char *key); /* false when there is none */
const char *golden_string(const cJSON *object, const char *key);

/* Numbers of a (nested) list, of {"shape", "data"}, or of one number, flat and row-major; n may be NULL.
 * Booleans count as 0 and 1. Returned owned: free. */
double *golden_numbers(const cJSON *value, size_t *n);
/* golden_numbers of a member. */
double *golden_array(const cJSON *object, const char *key, size_t *n);
/* A list of lists of the same length: rows and columns may be NULL. Returned owned: free. */
double *golden_matrix(const cJSON *object, const char *key, size_t *rows, size_t *columns);
/* out[j * rows + i] = a[i * columns + j]. Returned owned: free. */
double *golden_transpose(const double *a, size_t rows, size_t columns);

/* max|a - b| / max(1, max|b|) over n numbers; infinite when any difference is not a number. */
double golden_distance(const double *a, const double *b, size_t n);
/* golden_distance <= tolerance. */
bool golden_close(const double *a, const double *b, size_t n, double tolerance);

#endif
