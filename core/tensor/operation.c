/* The arithmetic of every tensor operation, in both precisions: see operation.inc.c and element.inc.c. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/kernels/gemm.h"
#include "core/tensor/program_internal.h"

/* Numbers that an operation of several passes works on at a time: they stay in the first-level cache. */
enum { ELEMENT_TILE = 256 };

#define REAL_IS_FLOAT 1
#include "core/tensor/element.inc.c"
#include "core/tensor/operation.inc.c"
#undef REAL_IS_FLOAT
#define REAL_IS_FLOAT 0
#include "core/tensor/element.inc.c"
#include "core/tensor/operation.inc.c"
#undef REAL_IS_FLOAT
