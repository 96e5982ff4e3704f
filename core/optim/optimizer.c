#include "core/optim/optimizer.h"

#include <string.h>

#include "core/kernels/kernels.h"

/* The table: one line an optimizer, the name of its file. */
#define OPTIMIZER_LIST(X, isa)                                                                                         \
	X(sgd, isa)                                                                                                    \
	X(heavy_ball, isa)                                                                                             \
	X(nesterov, isa)                                                                                               \
	X(adam, isa)

#define DECLARE(name, isa)   extern const struct optimizer_type optimizer_##name##_##isa;
#define REFERENCE(name, isa) &optimizer_##name##_##isa,

OPTIMIZER_LIST(DECLARE, baseline)
OPTIMIZER_LIST(DECLARE, avx2)
OPTIMIZER_LIST(DECLARE, avx512)

/* In the order of kernels_isa_index(). */
static const struct optimizer_type *const baseline[] = { OPTIMIZER_LIST(REFERENCE, baseline) };
static const struct optimizer_type *const avx2[] = { OPTIMIZER_LIST(REFERENCE, avx2) };
static const struct optimizer_type *const avx512[] = { OPTIMIZER_LIST(REFERENCE, avx512) };
static const struct optimizer_type *const *const tables[] = { baseline, avx2, avx512 };

const size_t optimizer_type_count = sizeof baseline / sizeof baseline[0];

const struct optimizer_type *optimizer_at(size_t index)
{
	return index < optimizer_type_count ? tables[kernels_isa_index()][index] : NULL;
}

const struct optimizer_type *optimizer_find(const char *name)
{
	for (size_t i = 0; i < optimizer_type_count; i++) {
		if (strcmp(baseline[i]->name, name) == 0) {
			return optimizer_at(i);
		}
	}
	return NULL;
}
