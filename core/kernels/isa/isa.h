/*
 * What a file that is compiled once an instruction set, with -DISA=baseline|avx2|avx512, needs of the preprocessor. All
 * that it defines is static but for one symbol, whose name ends in the set's.
 */
#ifndef CORE_KERNELS_ISA_ISA_H
#define CORE_KERNELS_ISA_ISA_H

#ifndef ISA
#error "compiled by the rule for instruction sets, with -DISA=..."
#endif

#define ISA_PASTE(a, b) a##b
#define ISA_JOIN(a, b)  ISA_PASTE(a, b)
#define ISA_QUOTE(a)    #a
#define ISA_TEXT_OF(a)  ISA_QUOTE(a)

/* kernels_ -> kernels_avx2 */
#define OF_ISA(prefix) ISA_JOIN(prefix, ISA)
/* "avx2" */
#define ISA_TEXT ISA_TEXT_OF(ISA)

/* Before a loop over the vectors of a tile, which then stay in registers. */
#define UNROLL _Pragma("GCC unroll 16")

#endif
