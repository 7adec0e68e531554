/* functions.c: the public element-wise functions. */
#include "check.h"
#include "cpu.h"
#include "fetch.h"
#include "float_env.h"

/* The first n elements of x, and of y where the function takes two, through a kernel into z. */
static nll_status apply2(enum nll_kernel k, size_t n, nll_view x, nll_view y, nll_out z) {
    int two = nll_descs[k].family == BINARY;
    nll_view *const in[2] = {&x, &y};
    nll_checker c = {0};
    enum nll_type type = NLL_TYPE_F32;
    nll_check_that(&c, nll_out_given(&z), NLL_E_NULL);
    nll_check_that(&c, z.rows >= n, NLL_E_SHAPE);
    for (int i = 0; i <= two; i++) {
        nll_check_that(&c, nll_view_given(in[i]), NLL_E_NULL);
        nll_check_that(&c, in[i]->dtype == NLL_NUMBER || in[i]->rows >= n, NLL_E_SHAPE);
        in[i]->rows = n;
        nll_check_in(&c, in[i], n, 1, NLL_FLOATS | 1u << NLL_NUMBER, 1, 1);
        if (in[i]->dtype == NLL_F64) type = NLL_TYPE_F64;
    }
    z.rows = n;
    nll_check_out(&c, &z, n, 1, NLL_FLOATS, 1);
    nll_check_overlaps(&c);
    if (c.status != NLL_OK) return c.status;
    const nll_isa *isa = nll_isa_current();
    if (k == NLL_K_lgamma && isa->need == 0 && !(nll_cpu_flags() & NLL_CPU_FMA))
        return NLL_E_UNSUPPORTED; /* SLEEF's scalar functions need the instruction */
    double room[2][NLL_BLOCK], out[NLL_BLOCK];
    uint64_t env = nll_float_enter();
    for (size_t i = 0; i < n; i += NLL_BLOCK) {
        size_t count = n - i < NLL_BLOCK ? n - i : NLL_BLOCK;
        nll_job job = {.rows = 1, .cols = count};
        for (int s = 0; s <= two; s++)
            job.in[s] = nll_fetch(in[s], type, isa, i, 0, NLL_ALONG_ROWS, count, room[s]);
        job.out[0] = nll_put_target(&z, type, i, 0, NLL_ALONG_ROWS, out);
        isa->fn[type][k](&job);
        nll_put(&z, type, isa, i, 0, NLL_ALONG_ROWS, count, job.out[0]);
    }
    nll_float_leave(env);
    return NLL_OK;
}
static nll_status apply(enum nll_kernel k, size_t n, nll_view x, nll_out y) {
    return apply2(k, n, x, (nll_view){0}, y);
}

nll_status nll_vexp(size_t n, nll_view x, nll_out y) { return apply(NLL_K_exp, n, x, y); }
nll_status nll_vlog(size_t n, nll_view x, nll_out y) { return apply(NLL_K_log, n, x, y); }
nll_status nll_vlog1p(size_t n, nll_view x, nll_out y) { return apply(NLL_K_log1p, n, x, y); }
nll_status nll_vexpm1(size_t n, nll_view x, nll_out y) { return apply(NLL_K_expm1, n, x, y); }
nll_status nll_vsoftplus(size_t n, nll_view x, nll_out y) { return apply(NLL_K_softplus, n, x, y); }
nll_status nll_vsigmoid(size_t n, nll_view x, nll_out y) { return apply(NLL_K_sigmoid, n, x, y); }
nll_status nll_vlgamma(size_t n, nll_view x, nll_out y) { return apply(NLL_K_lgamma, n, x, y); }
nll_status nll_vsin(size_t n, nll_view x, nll_out y) { return apply(NLL_K_sin, n, x, y); }
nll_status nll_vcos(size_t n, nll_view x, nll_out y) { return apply(NLL_K_cos, n, x, y); }
nll_status nll_vlog1pmx(size_t n, nll_view x, nll_out y) { return apply(NLL_K_log1pmx, n, x, y); }
nll_status nll_vlgamma_pos(size_t n, nll_view x, nll_out y) {
    return apply(NLL_K_lgamma_pos, n, x, y);
}
nll_status nll_vstirling(size_t n, nll_view x, nll_out y) { return apply(NLL_K_stirling, n, x, y); }
nll_status nll_vdigamma(size_t n, nll_view x, nll_out y) { return apply(NLL_K_digamma, n, x, y); }
nll_status nll_vtrigamma(size_t n, nll_view x, nll_out y) { return apply(NLL_K_trigamma, n, x, y); }
nll_status nll_vbd0(size_t n, nll_view x, nll_view m, nll_out z) {
    return apply2(NLL_K_bd0, n, x, m, z);
}
nll_status nll_vlgamma_diff(size_t n, nll_view a, nll_view b, nll_out z) {
    return apply2(NLL_K_lgamma_diff, n, a, b, z);
}
nll_status nll_vdigamma_diff(size_t n, nll_view a, nll_view b, nll_out z) {
    return apply2(NLL_K_digamma_diff, n, a, b, z);
}
nll_status nll_vtrigamma_diff(size_t n, nll_view a, nll_view b, nll_out z) {
    return apply2(NLL_K_trigamma_diff, n, a, b, z);
}
nll_status nll_vlgamma_rise(size_t n, nll_view a, nll_view b, nll_out z) {
    return apply2(NLL_K_lgamma_rise, n, a, b, z);
}
nll_status nll_vlbeta(size_t n, nll_view a, nll_view b, nll_out z) {
    return apply2(NLL_K_lbeta, n, a, b, z);
}
nll_status nll_vstudent(size_t n, nll_view x, nll_out y) { return apply(NLL_K_student, n, x, y); }
nll_status nll_vlog_i0e(size_t n, nll_view k, nll_out y) { return apply(NLL_K_log_i0e, n, k, y); }
nll_status nll_vbessel_ratio(size_t n, nll_view k, nll_out y) {
    return apply(NLL_K_bessel_ratio, n, k, y);
}
nll_status nll_vbessel_complement(size_t n, nll_view k, nll_out y) {
    return apply(NLL_K_bessel_complement, n, k, y);
}
nll_status nll_vbessel_ratio_slope(size_t n, nll_view k, nll_out y) {
    return apply(NLL_K_bessel_ratio_slope, n, k, y);
}
