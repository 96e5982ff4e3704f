/* What run_data.c asks of product.c: data as dual numbers; private to core/graph. */
#ifndef CORE_GRAPH_PRODUCT_H
#define CORE_GRAPH_PRODUCT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/dtype.h"

/* room [rows, width] = the rows of data that index names, or those from `first` on where it is NULL, as dual numbers
 * without a derivative. Returns room. */
const void *product_rows(enum dtype dtype, const void *data, size_t width, const uint32_t *index, size_t first,
			 size_t rows, void *room);

#endif
