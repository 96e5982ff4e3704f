/*
 * The arithmetic of every tensor operation, in both precisions: see operation.inc.c and element.inc.c. Compiled once an
 * instruction set; nothing here depends on which, but how many numbers a register holds.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/kernels/gemm.h"
#include "core/kernels/isa/isa.h"
#include "core/tensor/program_internal.h"

#define REAL_IS_FLOAT 1
#include "core/tensor/element.inc.c"
#include "core/tensor/operation.inc.c"
#undef REAL_IS_FLOAT
#define REAL_IS_FLOAT 0
#include "core/tensor/element.inc.c"
#include "core/tensor/operation.inc.c"
#undef REAL_IS_FLOAT

const struct tensor_operations OF_ISA(tensor_operations_) = {
	.forward_f32 = tensor_forward_f32,
	.forward_f64 = tensor_forward_f64,
	.reverse_f32 = tensor_reverse_f32,
	.reverse_f64 = tensor_reverse_f64,
};
