/* html_chart.c: see html_chart.h. */
#include "html_chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double LETTER = 6.1, LINE = 12; /* of a label: width of a letter, height */

/* ---- axes */

/* 1, 2 or 5 times a power of ten, at least x. */
static double round_up(double x) {
    double power = pow(10, floor(log10(x)));
    double rest = x / power;
    return power * (rest <= 1.0000001 ? 1 : rest <= 2 ? 2 : rest <= 5 ? 5 : 10);
}

struct axis axis_over(double from, double to, bool log, double begin, double end) {
    if (!isfinite(from) || !isfinite(to) || (log && from <= 0)) {
        from = log ? 1 : 0;
        to = 10;
    }
    if (!log) {
        double step = round_up(fmax(to - from, 1e-12) / 5);
        to = ceil(to / step - 1e-9) * step;
        from = floor(from / step + 1e-9) * step;
    }
    if (!(to > from)) to = from * 2 + (from == 0);
    return (struct axis){from, to, begin, end, log};
}

double axis_at(const struct axis *axis, double value) {
    double share = axis->log ? log(value / axis->from) / log(axis->to / axis->from)
                             : (value - axis->from) / (axis->to - axis->from);
    share = fmin(fmax(share, -0.1), 1.1);
    return axis->begin + share * (axis->end - axis->begin);
}

/* 1, 2, 5, 10, ... or only powers of ten, or only some of them. */
static size_t decimal_ticks(const struct axis *axis, size_t wanted, double *ticks) {
    static const double parts[] = {1, 2, 5};
    double decades = log10(axis->to / axis->from);
    size_t used = decades * 3 <= (double)wanted + 1 ? 3 : 1, count = 0;
    int stride = used == 1 ? (int)ceil(fmax(decades / (double)wanted, 1)) : 1;
    int first = (int)floor(log10(axis->from));
    for (int e = first; e <= first + 620 && count < TICKS; e += stride)
        for (size_t i = 0; i < used && count < TICKS; i++) {
            double value = parts[i] * pow(10, e);
            if (value > axis->to * 1.000001) return count;
            if (value >= axis->from * 0.999999) ticks[count++] = value;
        }
    return count;
}

static size_t binary_ticks(const struct axis *axis, size_t wanted, double *ticks) {
    int first = (int)ceil(log2(axis->from) - 1e-9), last = (int)floor(log2(axis->to) + 1e-9);
    static const int strides[] = {1, 2, 3, 4, 5, 10, 20, 40, 80, 200, 400, 2000};
    size_t i = 0;
    while (i + 1 < sizeof strides / sizeof strides[0] && (last - first) / strides[i] >= (int)wanted)
        i++;
    int stride = strides[i];
    size_t count = 0;
    first = (int)(ceil((double)first / stride) * stride);
    for (int e = first; e <= last && count < TICKS; e += stride) ticks[count++] = ldexp(1, e);
    return count;
}

size_t axis_ticks(const struct axis *axis, bool binary, size_t wanted, double ticks[TICKS]) {
    if (axis->log)
        return binary ? binary_ticks(axis, wanted, ticks) : decimal_ticks(axis, wanted, ticks);
    double step = round_up((axis->to - axis->from) / (double)wanted);
    size_t count = 0;
    double first = ceil(axis->from / step - 1e-9);
    for (size_t i = 0; i < TICKS && (first + (double)i) * step <= axis->to + step * 1e-9; i++)
        ticks[count++] = (first + (double)i) * step;
    return count;
}

/* ---- the picture */

void chart_begin(struct chart *chart, const char *title, const struct result *work) {
    put(chart->page,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
        "tabindex=\"0\"><title>%s: ",
        chart->width, chart->height, title);
    put_text(chart->page, chart->page->runs->items[work->run].label);
    put(chart->page, ", ");
    put_work(chart->page, work, FIELD_MODEL, FIELD_HOW);
    put(chart->page, "</title>\n");
}

void chart_end(struct chart *chart) { put(chart->page, "</svg>\n"); }

static void put_tick(struct page *page, double value, enum tick_kind kind) {
    if (kind == TICKS_BYTES)
        put_bytes(page, value);
    else
        put(page, "%.6g", value);
}

void chart_axes(struct chart *chart, enum tick_kind x_kind, const char *x_name,
                enum tick_kind y_kind, const char *y_name) {
    struct page *page = chart->page;
    const struct axis *x = &chart->x, *y = &chart->y;
    double ticks[TICKS];
    size_t wanted = (size_t)fmax((x->end - x->begin) / 45, 2);
    size_t count = axis_ticks(x, x_kind != TICKS_NUMBER, wanted, ticks);
    put(page, "<g class=\"axis\">");
    for (size_t i = 0; i < count; i++) {
        double at = axis_at(x, ticks[i]);
        put(page, "<path d=\"M%.1f %.1fV%.1f\"/><text x=\"%.1f\" y=\"%.1f\" class=\"mid\">", at,
            y->end, y->begin, at, y->begin + 15);
        put_tick(page, ticks[i], x_kind);
        put(page, "</text>");
    }
    count = axis_ticks(y, y_kind != TICKS_NUMBER, (size_t)fmax((y->begin - y->end) / 34, 2), ticks);
    for (size_t i = 0; i < count; i++) {
        double at = axis_at(y, ticks[i]);
        put(page, "<path d=\"M%.1f %.1fH%.1f\"%s/><text x=\"%.1f\" y=\"%.1f\" class=\"end\">",
            x->begin, at, x->end, ticks[i] == 0 ? " class=\"zero\"" : "", x->begin - 6, at + 4);
        put_tick(page, ticks[i], y_kind);
        put(page, "</text>");
    }
    if (x_name)
        put(page, "<text x=\"%.1f\" y=\"%.1f\" class=\"mid name\">%s</text>",
            (x->begin + x->end) / 2, y->begin + 32, x_name);
    if (y_name) put(page, "<text x=\"4\" y=\"%.1f\" class=\"name\">%s</text>", y->end - 10, y_name);
    put(page, "</g>\n");
}

void chart_line(struct chart *chart, size_t series, const double *x, const double *y,
                size_t count) {
    char command = 'M';
    put(chart->page, "<path class=\"line s%zu\" d=\"", series % SERIES);
    for (size_t i = 0; i < count; i++) {
        put(chart->page, "%c%.1f %.1f", command, axis_at(&chart->x, x[i]),
            axis_at(&chart->y, y[i]));
        command = 'L';
    }
    put(chart->page, "\"/>");
}

void chart_band(struct chart *chart, size_t series, const double *x, const double *low,
                const double *high, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (isnan(low[i]) || isnan(high[i])) return;
    put(chart->page, "<path class=\"band s%zu\" d=\"", series % SERIES);
    for (size_t i = 0; i < count; i++)
        put(chart->page, "%c%.1f %.1f", i ? 'L' : 'M', axis_at(&chart->x, x[i]),
            axis_at(&chart->y, high[i]));
    for (size_t i = count; i-- > 0;)
        put(chart->page, "L%.1f %.1f", axis_at(&chart->x, x[i]), axis_at(&chart->y, low[i]));
    put(chart->page, "Z\"/>");
}

void chart_mark(struct chart *chart, size_t series, double x, double y, bool hollow) {
    /* circle, square, diamond, triangles, cross: around 0 0 */
    static const char *const shapes[SERIES] = {
        "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
        "m-3.5 -3.5h7v7h-7z",
        "m0 -5l5 5l-5 5l-5 -5z",
        "m0 -5l4.6 8h-9.2z",
        "m0 5l4.6 -8h-9.2z",
        "m-4 -1.4h2.6v-2.6h2.8v2.6h2.6v2.8h-2.6v2.6h-2.8v-2.6h-2.6z"};
    put(chart->page, "<path class=\"mark s%zu%s\" d=\"M%.1f %.1f%s\"><title>", series % SERIES,
        hollow || series / SERIES % 2 ? " hollow" : "", x, y, shapes[series % SERIES]);
}

/* ---- labels */

static bool is_free(const struct chart *chart, const struct box *box) {
    if (box->x < chart->x.begin || box->x + box->width > chart->width || box->y < 0 ||
        box->y + box->height > chart->y.begin)
        return false;
    for (size_t i = 0; i < chart->taken_count; i++) {
        const struct box *t = &chart->taken[i];
        if (box->x < t->x + t->width && t->x < box->x + box->width && box->y < t->y + t->height &&
            t->y < box->y + box->height)
            return false;
    }
    return true;
}

bool chart_room(struct chart *chart, double x, double y, size_t characters, struct box *box) {
    double width = LETTER * (double)characters;
    const struct box places[] = {{x + 8, y - LINE / 2, width, LINE},
                                 {x - 8 - width, y - LINE / 2, width, LINE},
                                 {x + 6, y - LINE - 2, width, LINE},
                                 {x + 6, y + 2, width, LINE}};
    if (chart->taken_count == LABELS) return false;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (is_free(chart, &places[i])) {
            *box = chart->taken[chart->taken_count++] = places[i];
            return true;
        }
    return false;
}

void chart_spread(double *y, size_t count, double least, double top, double bottom) {
    size_t order[64] = {0};
    if (count > 64) count = 64;
    for (size_t i = 0; i < count; i++) {
        size_t k = i;
        for (; k > 0 && y[order[k - 1]] > y[i]; k--) order[k] = order[k - 1];
        order[k] = i;
    }
    double floor_ = top;
    for (size_t i = 0; i < count; i++) {
        y[order[i]] = fmax(y[order[i]], floor_);
        floor_ = y[order[i]] + least;
    }
    double ceiling = bottom;
    for (size_t i = count; i-- > 0;) {
        y[order[i]] = fmin(y[order[i]], ceiling);
        ceiling = y[order[i]] - least;
    }
}
