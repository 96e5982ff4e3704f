/* Shape rules of the operations, and constants folded; private to core/tensor. */
#ifndef CORE_TENSOR_RULES_H
#define CORE_TENSOR_RULES_H

#include "core/tensor/tensor.h"

/* The result's shape; E_INVALID with the shapes in the sentence, E_UNSUPPORTED. */
enum status tensor_rule(enum tensor_op op, bool whole, const struct shape *in, struct shape *out, struct error *error);
/* An element-wise operation on numbers. */
double tensor_element_value(enum tensor_op op, const double in[3]);

#endif
