/* tu_row.c: kernels over rows of classes, compiled once per instruction set and compute type. */
#include "table.h"

#include "row/curve.h"
#include "row/divergence.h"
#include "row/dot.h"
#include "row/grad.h"
#include "row/kl_pass.h"
#include "row/lse.h"
#include "row/moments.h"
#include "row/rank.h"
#include "row/softcap.h"
#include "row/softmax_pass.h"
#include "row/vjp.h"
#if defined(NLL_T_F64)
#include "row/counts.h"
#include "row/dirichlet.h"
#include "row/finish.h"
#include "row/kl_dirichlet.h"
#endif
