#include "core/objective/link.h"

#include <math.h>
#include <string.h>

#define REAL_IS_FLOAT 1
#include "core/objective/link.inc.c"
#define REAL_IS_FLOAT 0
#include "core/objective/link.inc.c"

size_t link_numbers(enum link link, size_t outputs)
{
	return link == LINK_GAUSSIAN ? outputs / 2 : outputs;
}
