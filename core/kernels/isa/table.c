/*
 * The kernels of one instruction set, in both precisions, as one table. Compiled once a set with
 * -DISA=baseline|avx2|avx512; all else is static, so that only the table's name differs.
 *
 * Invariants
 *  1. No operation here depends on the instruction set: only how many of the fixed lanes a register holds does.
 *  2. No contraction to FMA (-ffp-contract=off), no reassociation.
 *  3. Nothing is read beyond an array's end.
 */
#include "core/kernels/kernels.h"

#include <math.h>
#include <string.h>

#include "core/kernels/isa/isa.h"

/* Bytes of a register, and registers that hold the 64 bytes of one group of lanes. */
#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
#define PACK (64 / VECTOR_BYTES)

/* Elements that a loss works on at a time; their intermediate values stay in L1. */
#define CHUNK 512

#define IVDEP _Pragma("GCC ivdep")

#define REAL_IS_FLOAT 1
#include "core/kernels/isa/all.inc.c"
#define REAL_IS_FLOAT 0
#include "core/kernels/isa/all.inc.c"

#define ACTIVATE_F32(name)      [ACTIVATE_##name] = activate_##name##_f32,
#define ACTIVATE_F64(name)      [ACTIVATE_##name] = activate_##name##_f64,
#define ACTIVATE_BACK_F32(name) [ACTIVATE_##name] = activate_back_##name##_f32,
#define ACTIVATE_BACK_F64(name) [ACTIVATE_##name] = activate_back_##name##_f64,

#define MEMBERS(S)                                                                                                     \
	.matvec_##S = matvec_##S, .matvec_t_##S = matvec_t_##S, .matvec_ahead_##S = matvec_ahead_##S,                  \
	.matvec_t_ahead_##S = matvec_t_ahead_##S, .gather_rows_##S = gather_rows_##S,                                  \
	.max_quarters_##S = max_quarters_##S, .add_row_##S = add_row_##S, .column_sums_##S = column_sums_##S,          \
	.relu_##S = relu_##S, .tanh_##S = tanh_##S, .sigmoid_##S = sigmoid_##S, .exp_##S = exp_##S,                    \
	.log_##S = log_##S, .relu_back_##S = relu_back_##S, .tanh_back_##S = tanh_back_##S,                            \
	.sigmoid_back_##S = sigmoid_back_##S, .bce_logits_##S = bce_logits_##S,                                        \
	.bce_logits_label_##S = bce_logits_label_##S, .softplus_##S = softplus_##S, .margin_##S = margin_##S,          \
	.squared_error_##S = squared_error_##S, .softmax_xent_##S = softmax_xent_##S, .dot_##S = dot_##S,              \
	.sum_squares_##S = sum_squares_##S, .sum_squared_difference_##S = sum_squared_difference_##S,                  \
	.sum_abs_##S = sum_abs_##S, .add_##S = add_##S, .axpy_##S = axpy_##S, .combine_##S = combine_##S,              \
	.axpy_sign_##S = axpy_sign_##S, .scale_##S = scale_##S, .clamp_##S = clamp_##S,                                \
	.all_finite_##S = all_finite_##S

extern const struct kernels OF_ISA(kernels_);
const struct kernels OF_ISA(kernels_) = {
	.isa = ISA_TEXT,
	MEMBERS(f32),
	MEMBERS(f64),
	.activate_f32 = { ACTIVATION_KERNELS(ACTIVATE_F32) },
	.activate_f64 = { ACTIVATION_KERNELS(ACTIVATE_F64) },
	.activate_back_f32 = { ACTIVATION_KERNELS(ACTIVATE_BACK_F32) },
	.activate_back_f64 = { ACTIVATION_KERNELS(ACTIVATE_BACK_F64) },
};
