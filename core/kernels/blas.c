#include "core/kernels/blas.h"

#include <cpuid.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Found by the run path of the program, which names the folder of the pthread build: Debian's serial build is not
 * thread-safe, and the alternatives system may swap what the plain name means. */
static const char library[] = "libopenblas.so.0";

static struct blas blas;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void symbol(void *handle, const char *name, void *out)
{
	void *address = dlsym(handle, name);
	memcpy(out, &address, sizeof address);
}

static bool has_3dnow(void)
{
	unsigned int a, b, c, d;
	return __get_cpuid(0x80000001, &a, &b, &c, &d) != 0 && (d & bit_3DNOW) != 0;
}

/* OpenBLAS 0.3.21 does not know AMD's processors with AVX-512 and gives them its AVX2 kernel, half as fast as the one
 * for SkylakeX. And a virtual processor of AMD's that says nothing of AVX it takes for an Opteron, whose kernel has
 * instructions of 3DNow, which no processor has since 2011. Whoever set the variables knows better. */
void blas_settings(void)
{
	setenv("OPENBLAS_NUM_THREADS", "1", 0);
	__builtin_cpu_init();
	if (__builtin_cpu_is("amd") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
	    __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
		setenv("OPENBLAS_CORETYPE", "SkylakeX", 0);
	} else if (__builtin_cpu_is("amd") && !__builtin_cpu_supports("avx") && !has_3dnow()) {
		setenv("OPENBLAS_CORETYPE", "Prescott", 0);
	}
}

static void load(void)
{
	char *(*core)(void) = NULL;
	void (*threads)(int) = NULL;
	blas_settings();
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL) {
		return;
	}
	symbol(handle, "cblas_sgemm", &blas.sgemm);
	symbol(handle, "cblas_dgemm", &blas.dgemm);
	symbol(handle, "openblas_get_corename", &core);
	symbol(handle, "openblas_set_num_threads", &threads);
	if (core != NULL && threads != NULL) {
		threads(1);
		blas.core = core();
	}
}

const struct blas *blas_get(void)
{
	pthread_once(&once, load);
	return blas.sgemm != NULL && blas.dgemm != NULL && blas.core != NULL ? &blas : NULL;
}
