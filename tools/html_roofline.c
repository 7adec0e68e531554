/* html_roofline.c: for each machine, works under its memory roofs and its arithmetic peak. */
#include "html_chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_work(const struct result *r) {
    return r->kind == KIND_MODEL && r->best && r->threads == 1 && r->items > 0 && r->bytes > 0;
}

static bool is_roof(const struct result *r) {
    return r->kind == KIND_ROOF && r->best && r->threads == 1 && r->bytes > 0;
}

/* Operations without memory: the peak of the arithmetic. */
static bool is_peak(const struct result *r) {
    return r->kind == KIND_ROOF && r->best && r->threads == 1 && r->items > 0 && isnan(r->bytes);
}

static double intensity(const struct result *r) { return r->items / r->bytes; }

/* Filled marks first, high ones first: those get their labels first. */
static int by_importance(const void *a, const void *b) {
    const struct result *x = *(const struct result *const *)a,
                        *y = *(const struct result *const *)b;
    if (x->dram != y->dram) return x->dram ? -1 : 1;
    return (x->items < y->items) - (x->items > y->items);
}

/* A slanted line, as far as the frame goes; its height at the right. */
static double put_roof(struct chart *chart, const struct result *roof) {
    double rate = roof->bytes / 1e9, x0 = fmax(chart->x.from, chart->y.from / rate);
    put(chart->page, "<path class=\"roof%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>",
        roof->dram ? " dram" : "", axis_at(&chart->x, x0), axis_at(&chart->y, x0 * rate),
        chart->x.end, axis_at(&chart->y, chart->x.to * rate));
    return axis_at(&chart->y, chart->x.to * rate);
}

static void put_roofs(struct chart *chart, const struct result **roofs, size_t count) {
    double y[64];
    if (count > 64) count = 64;
    for (size_t i = 0; i < count; i++) y[i] = put_roof(chart, roofs[i]);
    chart_spread(y, count, 12, chart->y.end, chart->y.begin);
    for (size_t i = 0; i < count; i++) {
        put(chart->page, "<text class=\"roofname\" x=\"%.1f\" y=\"%.1f\">", chart->x.end + 6,
            y[i] + 4);
        put_work(chart->page, roofs[i], FIELD_HOW, FIELD_SIZE);
        put(chart->page, ", ");
        put_number(chart->page, roofs[i]->bytes / 1e9);
        put(chart->page, " GB/s</text>\n");
    }
}

/* What works of so many FMA an element can reach, and the peak that this comes from. */
static void put_peak(struct chart *chart, const struct result *peak) {
    static const int operations[] = {16, 64};
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        double rate = peak->items / 1e9 / operations[i];
        if (rate <= chart->y.from || rate >= chart->y.to) continue;
        double y = axis_at(&chart->y, rate);
        put(chart->page, "<path class=\"roof\" d=\"M%.1f %.1fH%.1f\"/>", chart->x.begin, y,
            chart->x.end);
        put(chart->page, "<text class=\"end roofname\" x=\"%.1f\" y=\"%.1f\">", chart->x.end - 4,
            y - 4);
        put_work(chart->page, peak, FIELD_TYPE, FIELD_TYPE);
        put(chart->page, ": %d ", operations[i]);
        put_work(chart->page, peak, FIELD_HOW, FIELD_HOW);
        put(chart->page, " an element at the peak, ");
        put_number(chart->page, peak->items / 1e9);
        put(chart->page, " G/s</text>\n");
        if (chart->taken_count < LABELS / 2) /* no label of a mark over it */
            chart->taken[chart->taken_count++] = (struct box){chart->x.end - 248, y - 14, 244, 13};
    }
}

/* The name of a mark, where there is room for it. */
static void put_label(struct chart *chart, const struct result *r, double x, double y) {
    const struct runs *runs = chart->page->runs;
    struct box box;
    size_t length = 1;
    static const enum field fields[] = {FIELD_MODEL, FIELD_TYPE, FIELD_SIZE};
    for (size_t i = 0; i < 3; i++) length += strlen(result_word(runs, r, fields[i])) + 1;
    if (length > 40 || !chart_room(chart, x, y, length - 2, &box)) return;
    put(chart->page, "<text class=\"direct\" x=\"%.1f\" y=\"%.1f\">", box.x, box.y + 10);
    for (size_t i = 0; i < 3; i++) {
        if (i) put(chart->page, " ");
        put_text(chart->page, result_word(runs, r, fields[i]));
    }
    put(chart->page, "</text>");
}

static void put_works(struct chart *chart, const struct result **works, size_t count) {
    for (size_t i = 0; i < count; i++) { /* no label over a mark */
        double x = axis_at(&chart->x, intensity(works[i])),
               y = axis_at(&chart->y, works[i]->items / 1e9);
        if (chart->taken_count < LABELS / 2)
            chart->taken[chart->taken_count++] = (struct box){x - 4, y - 4, 8, 8};
    }
    for (size_t i = count; i-- > 0;) {
        chart_mark(chart, works[i]->word[FIELD_HOW] % SERIES,
                   axis_at(&chart->x, intensity(works[i])),
                   axis_at(&chart->y, works[i]->items / 1e9), !works[i]->dram);
        put_rates(chart->page, works[i]);
        put(chart->page, "</title></path>\n");
    }
}

/* Of the caches only the read roofs: the others lie near them. */
static bool is_drawn(const struct page *page, const struct result *roof, size_t run) {
    return roof->run == run && roof->bytes > 0 &&
           (roof->dram || strcmp(result_word(page->runs, roof, FIELD_HOW), "read") == 0);
}

static void put_machine(struct page *page, size_t run, const struct result **works, size_t count,
                        const struct result **roofs, size_t roof_count) {
    double x_from = HUGE_VAL, x_to = 0, y_from = HUGE_VAL, y_to = 0;
    const struct result **drawn = calloc(roof_count + 1, sizeof(void *));
    size_t drawn_count = 0, streaming = 0;
    for (size_t i = 0; i < count; i++) {
        x_from = fmin(x_from, intensity(works[i]) / 1.5);
        x_to = fmax(x_to, intensity(works[i]) * 1.5);
        y_from = fmin(y_from, works[i]->items / 1e9 / 1.6);
        y_to = fmax(y_to, works[i]->items / 1e9 * 1.6);
        streaming += works[i]->dram;
    }
    for (size_t i = 0; drawn && i < roof_count; i++)
        if (is_drawn(page, roofs[i], run)) {
            drawn[drawn_count++] = roofs[i];
            y_to = fmax(y_to, roofs[i]->bytes / 1e9 * x_to);
        }
    struct chart chart = {.page = page, .width = 900, .height = 500};
    chart.x = axis_over(x_from, x_to, true, 46, 740);
    chart.y = axis_over(y_from, y_to, true, 455, 26);
    put(page, "<figure class=\"wide\"><figcaption>");
    put_text(page, page->runs->items[run].label);
    put(page, "</figcaption>");
    chart_begin(&chart, "Roofline", works[0]);
    chart_axes(&chart, TICKS_NUMBER, "elements per byte", TICKS_NUMBER, "Gelem/s");
    put_roofs(&chart, drawn, drawn_count);
    for (size_t i = 0; i < roof_count; i++)
        if (roofs[i]->run == run && is_peak(roofs[i])) put_peak(&chart, roofs[i]);
    put_works(&chart, works, count);
    for (size_t i = 0; i < (streaming ? streaming : count); i++)
        put_label(&chart, works[i], axis_at(&chart.x, intensity(works[i])),
                  axis_at(&chart.y, works[i]->items / 1e9));
    chart_end(&chart);
    put(page, "</figure>\n");
    free(drawn);
}

static bool is_any_roof(const struct result *r) { return is_roof(r) || is_peak(r); }

static void put_legend(struct page *page, const struct result **works, size_t count) {
    size_t used, *hows = page_words(page, FIELD_HOW, works, count, &used);
    put(page, "<p class=\"legend\">");
    for (size_t i = 0; i < used; i++) {
        put(page, "<span class=\"key k%zu\">", hows[i] % SERIES);
        put_text(page, page->runs->words[FIELD_HOW].text[hows[i]]);
        put(page, "</span> ");
    }
    put(page, "</p>\n");
    free(hows);
}

void section_roofline(struct page *page) {
    size_t count, roof_count;
    const struct result **works = page_select(page, is_work, &count);
    const struct result **roofs = page_select(page, is_any_roof, &roof_count);
    const struct result **own = calloc(count + 1, sizeof(void *));
    if (!count) put_missing(page, "models with elements and bytes per second", "");
    if (count && !roof_count)
        put_missing(page, "roofs",
                    "Run 'nll bench --full --json here.json'; a filter has to leave roof/ in.");
    if (count) put_legend(page, works, count);
    for (size_t run = 0; own && run < page->runs->machines; run++) {
        size_t kept = 0;
        for (size_t i = 0; i < count; i++)
            if (works[i]->run == run) own[kept++] = works[i];
        if (!kept) continue;
        qsort(own, kept, sizeof(void *), by_importance);
        put_machine(page, run, own, kept, roofs, roof_count);
    }
    free(own);
    free(works);
    free(roofs);
}
