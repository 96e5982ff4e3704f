/* Worker of start.c. */
#include "core/base/real.h"

/* `count` vectors of `length` numbers, number k of vector i at i * next + k * step. */
struct NAME(vectors) {
	size_t count, length, next, step;
	REAL *at;
};

static double NAME(product)(const struct NAME(vectors) * v, size_t i, size_t j)
{
	const REAL *a = v->at + i * v->next, *b = v->at + j * v->next;
	double sum = 0;
	for (size_t k = 0; k < v->length; k++) {
		sum += (double)a[k * v->step] * (double)b[k * v->step];
	}
	return sum;
}

static void NAME(orthogonalise)(const struct NAME(vectors) * v, double gain)
{
	for (size_t i = 0; i < v->count; i++) {
		REAL *a = v->at + i * v->next;
		for (size_t pass = 0; pass < 2; pass++) {
			for (size_t j = 0; j < i; j++) {
				const REAL *b = v->at + j * v->next;
				double share = NAME(product)(v, i, j);
				for (size_t k = 0; k < v->length; k++) {
					a[k * v->step] =
						(REAL)((double)a[k * v->step] - share * (double)b[k * v->step]);
				}
			}
			double norm = sqrt(NAME(product)(v, i, i));
			for (size_t k = 0; k < v->length && norm > 0; k++) {
				a[k * v->step] = (REAL)((double)a[k * v->step] / norm);
			}
		}
	}
	for (size_t i = 0; i < v->count * v->length; i++) {
		v->at[i] = (REAL)(gain * (double)v->at[i]);
	}
}

static void NAME(start_write)(const struct start_rule *rule, const struct tensor *tensor, uint64_t seed, REAL *place)
{
	const bool orthogonal = rule->law == STARTS_ORTHOGONAL;
	for (size_t i = 0; i < tensor->size; i++) {
		double value = rule->middle;
		if (rule->law == STARTS_UNIFORM) {
			value += rule->spread * (2 * random_uniform(seed, RANDOM_INIT, 0, tensor->offset + i) - 1);
		} else if (rule->law != STARTS_AT) {
			value += (orthogonal ? 1 : rule->spread) *
				 random_normal(seed, RANDOM_INIT, 0, tensor->offset + i);
		}
		place[i] = (REAL)value;
	}
	if (orthogonal) {
		size_t rows = tensor->shape[0], columns = tensor->size / rows;
		bool wide = rows <= columns;
		struct NAME(vectors) v = { wide ? rows : columns, wide ? columns : rows, wide ? columns : 1,
					   wide ? 1 : columns, place };
		NAME(orthogonalise)(&v, rule->spread);
	}
}

#undef REAL_IS_FLOAT
