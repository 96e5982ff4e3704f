/*
 * OpenBLAS, loaded at first use: the only place of cblas.h.
 *
 * Why not linked: the library reads its settings from the environment in its constructor, before main() could make
 * them, and starts a thread pool there. Loaded by ourselves it gets one thread, a kernel that suits the processor, and
 * a service that has nothing to multiply yet starts without it.
 */
#ifndef CORE_KERNELS_BLAS_H
#define CORE_KERNELS_BLAS_H

#include <cblas.h>

struct blas {
	__typeof__(cblas_sgemm) *sgemm;
	__typeof__(cblas_dgemm) *dgemm;
	const char *core; /* name of its kernel, "SkylakeX"; static */
};

/* Makes the settings that the library reads when it is loaded (OPENBLAS_NUM_THREADS, OPENBLAS_CORETYPE; those that are
 * set stay): to be called before other threads run, since it writes to the environment. */
void blas_settings(void);
/* The library, loaded by the first caller; thread-safe. NULL when it cannot be loaded. */
const struct blas *blas_get(void);

#endif
