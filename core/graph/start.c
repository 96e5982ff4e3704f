/*
 * Initial numbers by rule. Orthogonal: the numbers are drawn normal, then made orthogonal by Gram and Schmidt's method,
 * each vector twice against those before it (Giraud, Langou, Rozloznik 2005, The loss of orthogonality in the
 * Gram-Schmidt orthogonalization process: twice is enough). Signs are those of the draw, so that the result is uniform
 * over all such matrices (Saxe, McClelland, Ganguli 2014; Mezzadri 2007).
 */
#include "core/graph/start.h"

#include <math.h>

#include "core/base/random.h"

#define REAL_IS_FLOAT 1
#include "core/graph/start.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/start.inc.c"

/* Products that the orthogonal starts of a model may take, twice: a few seconds. */
static const double ORTHOGONAL_PRODUCTS = 2e9;

bool start_affordable(const struct start_rule *rule, size_t rank, const size_t *extent, double *spent)
{
	double few = rank > 0 ? (double)extent[0] : 0, many = 1;
	for (size_t i = 1; i < rank; i++) {
		many *= (double)extent[i];
	}
	if (rule->law == STARTS_ORTHOGONAL) {
		*spent += few * many * fmin(few, many);
	}
	return rule->law != STARTS_ORTHOGONAL || *spent <= ORTHOGONAL_PRODUCTS;
}

void start_write(const struct start_rule *rule, const struct tensor *tensor, enum dtype dtype, uint64_t seed,
		 void *place)
{
	if (dtype == DTYPE_FLOAT32) {
		start_write_f32(rule, tensor, seed, place);
	} else {
		start_write_f64(rule, tensor, seed, place);
	}
}
