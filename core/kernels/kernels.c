/* Which instruction set's kernels are in use. The choice is made once; it is the only state here. */
#include "core/kernels/kernels.h"

#include <stdatomic.h>
#include <string.h>

extern const struct kernels kernels_baseline, kernels_avx2, kernels_avx512;

static const struct kernels *const sets[] = { &kernels_baseline, &kernels_avx2, &kernels_avx512 };
enum { SETS = sizeof sets / sizeof sets[0] };

/* Index + 1 into sets; 0: not chosen yet. Threads that meet here choose the same. */
static _Atomic size_t chosen;

static bool supported(size_t index)
{
	__builtin_cpu_init();
	switch (index) {
	case 0:
		return true;
	case 1:
		return __builtin_cpu_supports("avx2");
	default:
		return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
		       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
	}
}

bool kernels_select(const char *isa)
{
	for (size_t i = SETS; i-- > 0;) {
		if ((isa == NULL || strcmp(sets[i]->isa, isa) == 0) && supported(i)) {
			atomic_store_explicit(&chosen, i + 1, memory_order_relaxed);
			return true;
		}
	}
	return false;
}

size_t kernels_isa_index(void)
{
	size_t index = atomic_load_explicit(&chosen, memory_order_relaxed);
	if (index == 0) {
		kernels_select(NULL);
		index = atomic_load_explicit(&chosen, memory_order_relaxed);
	}
	return index - 1;
}

const struct kernels *kernels_active(void)
{
	return sets[kernels_isa_index()];
}
