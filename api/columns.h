/* Columns of a dataset by name, in logarithmic time: jobs may name thousands of them. Private to api/. */
#ifndef API_COLUMNS_H
#define API_COLUMNS_H

#include "api/spec.h"

struct columns {
	const struct dataset_info *info;
	const char **names; /* in file order, NULL-terminated */
	size_t *sorted;     /* indices in order of their names */
};

/* False without memory (the arena remembers). */
bool columns_make(struct judge *judge, const struct dataset_info *info, struct columns *out);
/* The index of a column, or -1 and a fault that suggests the nearest name. */
long columns_need(struct judge *judge, const struct at *at, const struct columns *columns, const char *name);

#endif
