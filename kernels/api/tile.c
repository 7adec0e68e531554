/* tile.c: see tile.h. */
#include "tile.h"

#include "fetch.h"

#include <string.h>

enum { LINES = 1 << 13, ROWS = 256 }; /* bytes of columns converted at a time; rows, at most */

/* An array, input or output, or a piece of it. */
typedef struct piece {
    char *data;
    nll_dtype dtype;
    size_t rows, cols;
    ptrdiff_t row_stride, col_stride;
    enum nll_type type;
    const nll_isa *isa;
    int out;    /* written */
    int stream; /* past the caches */
} piece;

static piece part(const piece *p, size_t row, size_t col, size_t rows, size_t cols) {
    piece q = *p;
    q.data += ((ptrdiff_t)row * p->row_stride + (ptrdiff_t)col * p->col_stride) *
              (ptrdiff_t)nll_dtype_size(p->dtype);
    q.rows = rows;
    q.cols = cols;
    return q;
}

static int is_compute(const piece *p) {
    return p->dtype == (p->type == NLL_TYPE_F32 ? NLL_F32 : NLL_F64);
}

/* One line of the piece, its rows or its columns, in or out of `line`. */
static void move(const piece *p, enum nll_along along, size_t n, char *line) {
    if (p->out) {
        nll_out y = {.data = p->data, .dtype = p->dtype};
        y.row_stride = p->row_stride;
        y.col_stride = p->col_stride;
        nll_put(&y, p->type, p->isa, 0, 0, along, n, line);
        return;
    }
    nll_view x = {.data = p->data, .dtype = p->dtype};
    x.row_stride = p->row_stride;
    x.col_stride = p->col_stride;
    const void *from = nll_fetch(&x, p->type, p->isa, 0, 0, along, n, line);
    if (from != line) memcpy(line, from, n * nll_type_size(p->type));
}

static void transpose(const piece *p, const void *from, ptrdiff_t ld, void *to, ptrdiff_t out_ld) {
    double mode = p->stream ? TRANSPOSE_STREAM : p->out ? TRANSPOSE_OUT : TRANSPOSE_IN;
    p->isa->fn[p->type][NLL_K_transpose](&(nll_job){.rows = p->out ? p->cols : p->rows,
                                                    .cols = p->out ? p->rows : p->cols,
                                                    .in = {from},
                                                    .ld = {ld},
                                                    .out = {to},
                                                    .out_ld = {out_ld},
                                                    .par = {mode}});
}

static int is_half(const piece *p) { return nll_is_half(p->dtype) && p->type == NLL_TYPE_F32; }
/* Lines of n numbers in half precision, `stride` apart, in or out of `to`, ld apart there. */
static void convert_half(const piece *p, size_t lines, size_t n, ptrdiff_t stride, char *to,
                         ptrdiff_t ld) {
    static const enum nll_kernel kernel[2][2] = {{NLL_K_from_bf16, NLL_K_from_f16},
                                                 {NLL_K_to_bf16, NLL_K_to_f16}};
    int whole = stride == ld && stride == (ptrdiff_t)n; /* all of it is one line */
    nll_job job = {.rows = whole ? 1 : lines, .cols = whole ? lines * n : n};
    job.in[0] = p->out ? to : p->data;
    job.out[0] = p->out ? p->data : to;
    job.ld[0] = p->out ? ld : stride;
    job.out_ld[0] = p->out ? stride : ld;
    p->isa->fn[NLL_TYPE_F32][kernel[p->out][p->dtype == NLL_F16]](&job);
}

/* The columns of the piece in or out of `lines`, p->rows apart. */
static void convert(const piece *p, char *lines) {
    if (is_half(p) && p->row_stride == 1) {
        convert_half(p, p->cols, p->rows, p->col_stride, lines, (ptrdiff_t)p->rows);
        return;
    }
    for (size_t c = 0; c < p->cols; c++) {
        piece column = part(p, 0, c, p->rows, 1);
        move(&column, NLL_ALONG_ROWS, p->rows, lines + c * p->rows * nll_type_size(p->type));
    }
}

/* At most ROWS rows, column by column. */
static void turn(const piece *p, char *tile, ptrdiff_t ld) {
    if (is_compute(p) && p->row_stride == 1) {
        if (p->out)
            transpose(p, tile, ld, p->data, p->col_stride);
        else
            transpose(p, p->data, p->col_stride, tile, ld);
        return;
    }
    _Alignas(NLL_LINE) char lines[LINES];
    size_t size = nll_type_size(p->type), most = LINES / (p->rows * size), line = NLL_LINE / size;
    if (most > line) most = most / line * line;
    for (size_t c = 0; c < p->cols; c += most, tile += most * size) {
        piece q = part(p, 0, c, p->rows, p->cols - c < most ? p->cols - c : most);
        q.stream = 0; /* `lines` are read at once */
        if (p->out) {
            transpose(&q, tile, ld, lines, (ptrdiff_t)p->rows);
            convert(&q, lines);
        } else {
            convert(&q, lines);
            transpose(&q, lines, (ptrdiff_t)p->rows, tile, ld);
        }
    }
}

static void run(const piece *p, char *tile, ptrdiff_t ld) {
    if (is_half(p) && p->col_stride == 1 && !nll_turned(p->row_stride, 1)) {
        convert_half(p, p->rows, p->cols, p->row_stride, tile, ld);
        return;
    }
    ptrdiff_t step = ld * (ptrdiff_t)nll_type_size(p->type);
    size_t n = nll_turned(p->row_stride, p->col_stride) ? ROWS : 1;
    for (size_t r = 0; r < p->rows; r += n, tile += (ptrdiff_t)n * step) {
        piece q = part(p, r, 0, p->rows - r < n ? p->rows - r : n, p->cols);
        if (n > 1)
            turn(&q, tile, ld);
        else
            move(&q, NLL_ALONG_COLS, p->cols, tile);
    }
}

void nll_tile_get(const nll_view *v, enum nll_type type, const nll_isa *isa, void *tile,
                  ptrdiff_t ld) {
    run(&(piece){(char *)(uintptr_t)v->data, v->dtype, v->rows, v->cols, v->row_stride,
                 v->col_stride, type, isa, 0, 0},
        tile, ld);
}

void nll_tile_put(const nll_out *o, enum nll_type type, const nll_isa *isa, const void *tile,
                  ptrdiff_t ld, int stream) {
    run(&(piece){o->data, o->dtype, o->rows, o->cols, o->row_stride, o->col_stride, type, isa, 1,
                 stream},
        (char *)(uintptr_t)tile, ld);
}
