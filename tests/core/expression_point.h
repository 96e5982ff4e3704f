/* An expression at a point, as the tests of expressions ask for it. */
#ifndef TESTS_CORE_EXPRESSION_POINT_H
#define TESTS_CORE_EXPRESSION_POINT_H

#include <stdlib.h>
#include <string.h>

#include "core/expression/evaluate.h"
#include "tests/support/golden.h"

enum { VARIABLES = 16 };

struct point {
	struct expression_variable variable[VARIABLES];
	double *owned[VARIABLES];
	size_t count, size;
	double value, gradient[256];
	struct expression_error error;
};

/* Numbers, vectors and matrices of an object {"x": 1, "u": [...]}. */
static inline void point_read(struct point *point, const cJSON *variables)
{
	memset(point, 0, sizeof *point);
	for (const cJSON *item = variables->child; item != NULL; item = item->next) {
		struct expression_variable *variable = &point->variable[point->count];
		size_t n;
		point->owned[point->count++] = golden_numbers(item, &n);
		variable->name = item->string;
		variable->values = point->owned[point->count - 1];
		if (cJSON_IsArray(item)) {
			variable->shape.rank = cJSON_IsArray(item->child) ? 2 : 1;
			variable->shape.extent[0] = (size_t)cJSON_GetArraySize(item);
			variable->shape.extent[1] = n / variable->shape.extent[0];
		}
		point->size += n;
	}
}

/* The variables of the golden expressions; the caller's. */
static inline cJSON *variables_of_the_dialect(void)
{
	return cJSON_Parse("{\"x\": 0.7, \"y\": -1.3, \"z\": 2.385, \"u\": [0.5, -1.2, 2.1], \"v\": [1.1, 0.3, -0.4],"
			   "\"p\": [0.1, 0.9, -0.6, 1.7], \"A\": [[1, 2, 3], [4, 5.5, 6], [7, 8, -9]],"
			   "\"B\": [[1, 2, 3, 4], [0.5, 6, 7, 8], [9, 1.5, 2, 3]]}");
}

static inline void point_free(struct point *point)
{
	for (size_t i = 0; i < point->count; i++) {
		free(point->owned[i]);
	}
}

static inline enum status evaluate(struct point *point, const char *text)
{
	return expression_evaluate(text, strlen(text), point->variable, point->count, &point->value, point->gradient,
				   &point->error);
}

#endif
