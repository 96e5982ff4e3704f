/* Golden references: reading and comparing. See golden.h. */
#include "tests/support/golden.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *golden_read(const char *path, size_t *length)
{
	const char *folder = getenv("TESTS_DATA");
	char full[4096];
	snprintf(full, sizeof full, "%s/%s", folder ? folder : "tests/data", path);
	FILE *file = fopen(full, "rb");
	ck_assert_msg(file != NULL, "%s is missing (tests start in the repository's top folder)", full);
	ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
	long size = ftell(file);
	ck_assert_int_ge(size, 0);
	rewind(file);
	char *text = malloc((size_t)size + 1);
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(fread(text, 1, (size_t)size, file), (size_t)size);
	fclose(file);
	text[size] = '\0';
	if (length)
		*length = (size_t)size;
	return text;
}

cJSON *golden_load(const char *path)
{
	size_t length;
	char *text = golden_read(path, &length);
	cJSON *document = cJSON_ParseWithLength(text, length);
	free(text);
	ck_assert_msg(document != NULL, "%s is no JSON", path);
	return document;
}

const cJSON *golden_get(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
	ck_assert_msg(item != NULL, "no member %s", key);
	return item;
}

double golden_number(const cJSON *object, const char *key)
{
	const cJSON *item = golden_get(object, key);
	ck_assert_msg(cJSON_IsNumber(item), "%s is no number", key);
	return item->valuedouble;
}

double golden_number_or(const cJSON *object, const char *key, double otherwise)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
	return item == NULL || cJSON_IsNull(item) ? otherwise : golden_number(object, key);
}

bool golden_flag(const cJSON *object, const char *key)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, key));
}

const char *golden_string(const cJSON *object, const char *key)
{
	const cJSON *item = golden_get(object, key);
	ck_assert_msg(cJSON_IsString(item), "%s is no string", key);
	return item->valuestring;
}

static size_t count_numbers(const cJSON *value)
{
	if (!cJSON_IsArray(value))
		return 1;
	size_t n = 0;
	for (const cJSON *item = value->child; item; item = item->next)
		n += count_numbers(item);
	return n;
}

static double *copy_numbers(const cJSON *value, double *out)
{
	if (cJSON_IsArray(value)) {
		for (const cJSON *item = value->child; item; item = item->next)
			out = copy_numbers(item, out);
		return out;
	}
	ck_assert_msg(cJSON_IsNumber(value) || cJSON_IsBool(value), "a list holds something that is no number");
	*out = cJSON_IsNumber(value) ? value->valuedouble : cJSON_IsTrue(value);
	return out + 1;
}

double *golden_numbers(const cJSON *value, size_t *n)
{
	if (cJSON_IsObject(value))
		value = golden_get(value, "data");
	size_t count = count_numbers(value);
	double *numbers = malloc((count ? count : 1) * sizeof *numbers);
	ck_assert_ptr_nonnull(numbers);
	copy_numbers(value, numbers);
	if (n)
		*n = count;
	return numbers;
}

double *golden_array(const cJSON *object, const char *key, size_t *n)
{
	return golden_numbers(golden_get(object, key), n);
}

double *golden_matrix(const cJSON *object, const char *key, size_t *rows, size_t *columns)
{
	const cJSON *list = golden_get(object, key);
	ck_assert_msg(cJSON_IsArray(list) && cJSON_IsArray(list->child), "%s is no list of lists", key);
	size_t height = 0, width = count_numbers(list->child);
	for (const cJSON *row = list->child; row; row = row->next, height++)
		ck_assert_msg(count_numbers(row) == width, "%s is ragged", key);
	if (rows)
		*rows = height;
	if (columns)
		*columns = width;
	return golden_numbers(list, NULL);
}

double *golden_transpose(const double *a, size_t rows, size_t columns)
{
	double *out = malloc((rows * columns + 1) * sizeof *out);
	ck_assert_ptr_nonnull(out);
	for (size_t i = 0; i < rows; i++)
		for (size_t j = 0; j < columns; j++)
			out[j * rows + i] = a[i * columns + j];
	return out;
}

double golden_distance(const double *a, const double *b, size_t n)
{
	double difference = 0, size = 1;
	for (size_t i = 0; i < n; i++) {
		double d = fabs(a[i] - b[i]);
		if (isnan(d))
			return (double)INFINITY;
		difference = fmax(difference, d);
		size = fmax(size, fabs(b[i]));
	}
	return difference / size;
}

bool golden_close(const double *a, const double *b, size_t n, double tolerance)
{
	return golden_distance(a, b, n) <= tolerance;
}
