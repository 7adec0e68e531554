/* onednn.c: log-softmax by oneDNN 2, forward and backward; it has neither the loss nor the gather,
 * which are added here.  The gradient of the log-probabilities is ready before the clock starts. */
#include <dnnl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#if DNNL_VERSION_MAJOR != 2
#error written for oneDNN 2
#endif

typedef struct plan {
    dnnl_stream_t stream;
    dnnl_primitive_t forward, backward;
    dnnl_exec_arg_t go[2], back[3];
    float *log_p, *upstream;
} plan;

static void must(dnnl_status_t status) {
    if (status != dnnl_success) abort();
}

const char *version(void) {
    static const char text[] = {'0' + DNNL_VERSION_MAJOR, '.', '0' + DNNL_VERSION_MINOR, 0};
    return text;
}

plan *prepare(const float *x, const int64_t *y, float *g, size_t n, size_t c) {
    plan *p = calloc(1, sizeof *p);
    dnnl_engine_t engine;
    dnnl_memory_desc_t shape;
    dnnl_dims_t dims = {(dnnl_dim_t)n, (dnnl_dim_t)c};
    dnnl_logsoftmax_desc_t fd, bd;
    dnnl_primitive_desc_t fpd, bpd;
    dnnl_memory_t src, dst, diff_dst, diff_src;
    p->log_p = malloc(n * c * sizeof(float));
    p->upstream = calloc(n * c, sizeof(float));
    for (size_t i = 0; i < n; i++) p->upstream[i * c + (size_t)y[i]] = -1 / (float)n;
    must(dnnl_engine_create(&engine, dnnl_cpu, 0));
    must(dnnl_stream_create(&p->stream, engine, dnnl_stream_default_flags));
    must(dnnl_memory_desc_init_by_tag(&shape, 2, dims, dnnl_f32, dnnl_ab));
    must(dnnl_logsoftmax_forward_desc_init(&fd, dnnl_forward_training, &shape, 1));
    must(dnnl_primitive_desc_create(&fpd, &fd, NULL, engine, NULL));
    must(dnnl_primitive_create(&p->forward, fpd));
    must(dnnl_logsoftmax_backward_desc_init(&bd, &shape, &shape, 1));
    must(dnnl_primitive_desc_create(&bpd, &bd, NULL, engine, fpd));
    must(dnnl_primitive_create(&p->backward, bpd));
    must(dnnl_memory_create(&src, &shape, engine, (void *)(uintptr_t)x));
    must(dnnl_memory_create(&dst, &shape, engine, p->log_p));
    must(dnnl_memory_create(&diff_dst, &shape, engine, p->upstream));
    must(dnnl_memory_create(&diff_src, &shape, engine, g));
    p->go[0] = (dnnl_exec_arg_t){DNNL_ARG_SRC, src};
    p->go[1] = (dnnl_exec_arg_t){DNNL_ARG_DST, dst};
    p->back[0] = (dnnl_exec_arg_t){DNNL_ARG_DST, dst};
    p->back[1] = (dnnl_exec_arg_t){DNNL_ARG_DIFF_DST, diff_dst};
    p->back[2] = (dnnl_exec_arg_t){DNNL_ARG_DIFF_SRC, diff_src};
    return p;
}

double run(plan *p, const int64_t *y, size_t n, size_t c, int gradient) {
    double sum = 0;
    must(dnnl_primitive_execute(p->forward, p->stream, 2, p->go));
    if (gradient) must(dnnl_primitive_execute(p->backward, p->stream, 3, p->back));
    must(dnnl_stream_wait(p->stream));
    for (size_t i = 0; i < n; i++) sum -= (double)p->log_p[i * c + (size_t)y[i]];
    return sum / (double)n;
}

/* The arrays; what oneDNN keeps for itself is small. */
void release(plan *p) {
    free(p->log_p);
    free(p->upstream);
    free(p);
}
