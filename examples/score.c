/* score.c: cross entropy of a small batch, with its gradient, through the C library.
 *
 *     cc score.c $(pkg-config --cflags --libs nll) -o score && ./score
 *
 * C11, and C++17 as well. */
#include <nll/nll.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    /* Three rows of logits over four classes, and the class observed in each row. */
    static const float logits[3][4] = {
        {2.0f, 1.0f, 0.1f, -1.0f}, {0.5f, 2.5f, 0.3f, 0.0f}, {1.0f, 1.0f, 1.0f, 1.0f}};
    static const int64_t target[3] = {0, 1, 3};
    float nll[3], grad[3][4];

    /* Members that stay zero have their defaults: reduction mean, no weights, one thread. */
    nll_categorical_args args;
    nll_result result;
    memset(&args, 0, sizeof args);
    memset(&result, 0, sizeof result);
    args.struct_size = sizeof args;
    args.logits = nll_view_2d(logits, NLL_F32, 3, 4);
    args.target = nll_view_1d(target, NLL_I64, 3);
    args.nll = nll_out_1d(nll, NLL_F32, 3);
    args.grad = nll_out_2d(grad, NLL_F32, 3, 4); /* of the mean */
    args.count_correct = 1;
    result.struct_size = sizeof result;

    nll_status status = nll_categorical(&args, &result);
    if (status != NLL_OK) {
        fprintf(stderr, "score: %s\n", nll_status_string(status));
        return 1;
    }
    for (int i = 0; i < 3; i++) {
        printf("row %d  nll %.6f  gradient", i, (double)nll[i]);
        for (int j = 0; j < 4; j++) printf(" %+.6f", (double)grad[i][j]);
        printf("\n");
    }
    printf("mean %.6f nats over %d rows, %d of them right (%s)\n", result.mean, (int)result.count,
           (int)result.correct, nll_isa_active());
    return 0;
}
