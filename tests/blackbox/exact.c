/* Jobs with exact numbers. See exact.h. */
#include "tests/blackbox/exact.h"

#include <stdio.h>

#include "tests/blackbox/client.h"

/* Every number of the tree becomes raw text that reads back to the very same double. */
static void make_exact(cJSON *item)
{
	cJSON *child = item->child;
	while (child) {
		cJSON *next = child->next;
		if (cJSON_IsNumber(child)) {
			char digits[40];
			snprintf(digits, sizeof digits, "%.17g", child->valuedouble);
			cJSON *raw = cJSON_CreateRaw(digits);
			if (child->string)
				ck_assert(cJSON_ReplaceItemInObjectCaseSensitive(item, child->string, raw));
			else
				ck_assert(cJSON_ReplaceItemViaPointer(item, child, raw));
		} else {
			make_exact(child);
		}
		child = next;
	}
}

const char *exact_take(cJSON *tree)
{
	make_exact(tree);
	char *text = cJSON_PrintUnformatted(tree);
	ck_assert_ptr_nonnull(text);
	cJSON_Delete(tree);
	return keep(text);
}

cJSON *exact_list(const double *values, size_t n)
{
	cJSON *list = cJSON_CreateArray();
	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(list, cJSON_CreateNumber(values[i]));
	return list;
}

cJSON *exact_rows(const double *values, size_t rows, size_t columns)
{
	cJSON *list = cJSON_CreateArray();
	for (size_t i = 0; i < rows; i++)
		cJSON_AddItemToArray(list, exact_list(values + i * columns, columns));
	return list;
}

cJSON *exact_tensor(const char *name, size_t rows, size_t columns, const double *values)
{
	const double shape[2] = { (double)rows, (double)columns };
	cJSON *tensor = cJSON_CreateObject();
	cJSON_AddStringToObject(tensor, "name", name);
	cJSON_AddItemToObject(tensor, "shape", exact_list(shape, columns ? 2 : 1));
	cJSON_AddItemToObject(tensor, "values", exact_list(values, columns ? rows * columns : rows));
	return tensor;
}

cJSON *exact_object(cJSON *object, const char *key)
{
	cJSON *made = cJSON_AddObjectToObject(object, key);
	ck_assert_ptr_nonnull(made);
	return made;
}

void exact_run_all_steps(cJSON *job)
{
	cJSON *stopping = exact_object(job, "stopping");
	cJSON_AddNullToObject(stopping, "gradient_norm");
	cJSON_AddNullToObject(stopping, "loss_change");
	cJSON_AddNullToObject(stopping, "parameter_change");
}
