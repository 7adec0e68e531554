/* header_c11.c: the public header alone, in C11 with pedantic warnings: includes nothing before it,
 * names every declaration once. */
#include <nll/nll.h>

int main(void) {
    float x[6] = {0};
    int y[2] = {0, 2};
    double nll[2];
    nll_result r = {.struct_size = sizeof r};
    nll_status s =
        nll_categorical(&(nll_categorical_args){.struct_size = sizeof(nll_categorical_args),
                                                .logits = nll_view_2d(x, NLL_F32, 2, 3),
                                                .target = nll_view_1d(y, NLL_I32, 2),
                                                .nll = nll_out_1d(nll, NLL_F64, 2)},
                        &r);
    nll_status b = nll_bernoulli(&(nll_bernoulli_args){.struct_size = sizeof(nll_bernoulli_args),
                                                       .rows = 2,
                                                       .logits = nll_view_1d(x, NLL_F32, 2),
                                                       .target = nll_number(1)},
                                 NULL);
    nll_status g = nll_gaussian(&(nll_gaussian_args){.struct_size = sizeof(nll_gaussian_args),
                                                     .rows = 2,
                                                     .loc = nll_view_1d(x, NLL_F32, 2),
                                                     .target = nll_number(1)},
                                NULL);
    nll_status f = nll_vexp(6, nll_view_1d(x, NLL_F32, 6), nll_out_1d(x, NLL_F32, 6));
    int fine =
        s == NLL_OK && b == NLL_OK && g == NLL_OK && f == NLL_OK && r.count == 2 && x[5] == 1;
    /* log 3 */
    return fine && r.mean > 1.0986122 && r.mean < 1.0986124 && nll_isa_active() != NULL ? 0 : 1;
}
