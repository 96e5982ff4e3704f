/* Dense products: OpenBLAS for all but tiny shapes. */
#include "core/kernels/gemm.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>

#include <cblas.h>

static void one_thread(void)
{
	openblas_set_num_threads(1);
}

const char *gemm_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, one_thread);
	return openblas_get_corename();
}

#define REAL_IS_FLOAT 1
#define BLAS_GEMM     cblas_sgemm
#include "core/kernels/gemm.inc.c"
#undef BLAS_GEMM
#define REAL_IS_FLOAT 0
#define BLAS_GEMM     cblas_dgemm
#include "core/kernels/gemm.inc.c"
#undef BLAS_GEMM
