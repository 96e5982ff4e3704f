/* Shape rules that losses share: in[0] the outputs z [rows, m], in[1] the target; private to core/graph/ops. */
#ifndef CORE_GRAPH_OPS_LOSS_H
#define CORE_GRAPH_OPS_LOSS_H

#include "core/graph/op.h"

/* Numbers of the shape of z; two classes and one output; as many classes as outputs. E_INVALID otherwise. */
enum status loss_numbers_shape(const struct shape *in, struct shape *out, struct error *error);
enum status loss_binary_shape(const struct shape *in, struct shape *out, struct error *error);
enum status loss_classes_shape(const struct shape *in, struct shape *out, struct error *error);

#endif
