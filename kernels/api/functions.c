/* functions.c: the public element-wise functions. */
#include "check.h"
#include "cpu.h"
#include "fetch.h"
#include "float_env.h"

static nll_status apply(enum nll_kernel k, size_t n, nll_view x, nll_out y) {
    nll_checker c = {0};
    nll_check_that(&c, nll_view_given(&x) && nll_out_given(&y), NLL_E_NULL);
    nll_check_that(&c, (x.dtype == NLL_NUMBER || x.rows >= n) && y.rows >= n, NLL_E_SHAPE);
    x.rows = y.rows = n; /* the first n elements count */
    nll_check_in(&c, &x, n, 1, NLL_FLOATS | 1u << NLL_NUMBER, 1, 1);
    nll_check_out(&c, &y, n, 1, NLL_FLOATS, 1);
    nll_check_overlaps(&c);
    if (c.status != NLL_OK) return c.status;
    const nll_isa *isa = nll_isa_current();
    if (k == NLL_K_lgamma && isa->need == 0 && !(nll_cpu_flags() & NLL_CPU_FMA))
        return NLL_E_UNSUPPORTED; /* SLEEF's scalar functions need the instruction */
    enum nll_type type = x.dtype == NLL_F64 ? NLL_TYPE_F64 : NLL_TYPE_F32;
    double in[NLL_BLOCK], out[NLL_BLOCK];
    uint64_t env = nll_float_enter();
    for (size_t i = 0; i < n; i += NLL_BLOCK) {
        size_t count = n - i < NLL_BLOCK ? n - i : NLL_BLOCK;
        void *to = nll_put_target(&y, type, i, 0, NLL_ALONG_ROWS, out);
        const void *from = nll_fetch(&x, type, isa, i, 0, NLL_ALONG_ROWS, count, in);
        isa->fn[type][k](&(nll_job){.rows = 1, .cols = count, .in = {from}, .out = {to}});
        nll_put(&y, type, isa, i, 0, NLL_ALONG_ROWS, count, to);
    }
    nll_float_leave(env);
    return NLL_OK;
}

nll_status nll_vexp(size_t n, nll_view x, nll_out y) { return apply(NLL_K_exp, n, x, y); }
nll_status nll_vlog(size_t n, nll_view x, nll_out y) { return apply(NLL_K_log, n, x, y); }
nll_status nll_vlog1p(size_t n, nll_view x, nll_out y) { return apply(NLL_K_log1p, n, x, y); }
nll_status nll_vexpm1(size_t n, nll_view x, nll_out y) { return apply(NLL_K_expm1, n, x, y); }
nll_status nll_vsoftplus(size_t n, nll_view x, nll_out y) { return apply(NLL_K_softplus, n, x, y); }
nll_status nll_vsigmoid(size_t n, nll_view x, nll_out y) { return apply(NLL_K_sigmoid, n, x, y); }
nll_status nll_vlgamma(size_t n, nll_view x, nll_out y) { return apply(NLL_K_lgamma, n, x, y); }
