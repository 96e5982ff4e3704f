/* All kernels of one precision; table.c includes this once for float and once for double. */
#include "core/base/real.h"

#include "core/kernels/isa/lanes.inc.c"
#include "core/kernels/isa/math.inc.c"
#include "core/kernels/isa/element.inc.c"
#include "core/kernels/isa/activation.inc.c"
#include "core/kernels/isa/reduce.inc.c"
#include "core/kernels/isa/matvec.inc.c"
#include "core/kernels/isa/matvec_t.inc.c"
#include "core/kernels/isa/rows.inc.c"
#include "core/kernels/isa/pool.inc.c"
#include "core/kernels/isa/loss.inc.c"
#include "core/kernels/isa/softmax.inc.c"

#include "core/kernels/isa/undef.inc.c"
#undef REAL_IS_FLOAT
