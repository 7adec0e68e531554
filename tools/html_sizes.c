/* html_sizes.c: throughput against size: small charts of equal axes, one for each work.
 *
 * With one machine a chart's lines are the numbers of classes; with several there is a chart for
 * each of those, and the lines are the machines. */
#include "html_chart.h"

#include <math.h>
#include <stdlib.h>

enum { POINTS = 64, LINES = 64 };

struct line {
    double x[POINTS], y[POINTS], low[POINTS], high[POINTS];
    const struct result *result[POINTS];
    size_t count;
};

static bool is_sized(const struct result *r) {
    return (r->kind == KIND_MODEL || r->kind == KIND_KERNEL) && r->best && r->threads == 1 &&
           r->items > 0 && r->footprint > 0;
}

/* NaN, for works without rows, as 0. */
static double classes(const struct result *r) { return isnan(r->classes) ? 0 : r->classes; }

static bool same_model(const struct result *a, const struct result *b) {
    return a->kind == b->kind && a->word[FIELD_MODEL] == b->word[FIELD_MODEL];
}

/* With one machine: MODEL TYPE HOW | classes; with several: MODEL TYPE classes HOW | machine. */
static int by_line(const void *a, const void *b, bool many) {
    const struct result *x = *(const struct result *const *)a,
                        *y = *(const struct result *const *)b;
    const double keys[][2] = {{x->kind, y->kind},
                              {(double)x->word[FIELD_MODEL], (double)y->word[FIELD_MODEL]},
                              {(double)x->word[FIELD_TYPE], (double)y->word[FIELD_TYPE]},
                              {many ? classes(x) : 0, many ? classes(y) : 0},
                              {(double)x->word[FIELD_HOW], (double)y->word[FIELD_HOW]},
                              {(double)x->run, (double)y->run},
                              {classes(x), classes(y)},
                              {x->footprint, y->footprint}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (keys[i][0] != keys[i][1]) return keys[i][0] < keys[i][1] ? -1 : 1;
    return 0;
}

static int by_line_one(const void *a, const void *b) { return by_line(a, b, false); }
static int by_line_many(const void *a, const void *b) { return by_line(a, b, true); }

/* Charts that have one scale of throughput. */
static bool same_scale(const struct page *page, const struct result *a, const struct result *b) {
    return same_model(a, b) && a->word[FIELD_TYPE] == b->word[FIELD_TYPE] &&
           (page->runs->machines == 1 || classes(a) == classes(b));
}

static bool same_chart(const struct page *page, const struct result *a, const struct result *b) {
    return same_scale(page, a, b) && a->word[FIELD_HOW] == b->word[FIELD_HOW];
}

static bool same_line(const struct result *a, const struct result *b) {
    return a->run == b->run && classes(a) == classes(b);
}

/* Splits the results of one chart into lines; true if one of them has two points. */
static bool split(const struct result **r, size_t count, struct line *lines, size_t *line_count) {
    bool any = false;
    *line_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !same_line(r[i - 1], r[i])) {
            if (*line_count == LINES) break;
            lines[(*line_count)++].count = 0;
        }
        struct line *line = &lines[*line_count - 1];
        if (line->count == POINTS) continue;
        size_t k = line->count++;
        line->x[k] = r[i]->footprint;
        line->y[k] = r[i]->items / 1e9;
        line->low[k] = r[i]->low / 1e9;
        line->high[k] = r[i]->high / 1e9;
        line->result[k] = r[i];
        any |= k > 0 && line->x[k] > line->x[k - 1] * 1.2;
    }
    return any;
}

static void put_tooltip(struct page *page, const struct result *r) {
    put_text(page, page->runs->items[r->run].label);
    put(page, ", ");
    put_rate(page, r);
    put(page, " in ");
    put_bytes(page, r->footprint);
    if (r->ticks > 0) {
        put(page, ", ");
        put_number(page, r->ticks);
        put(page, " ticks per element");
    }
    if (r->fraction > 0) put(page, ", %.0f%% of the roof", 100 * r->fraction);
}

/* One row for each machine: where its L1, L2, L3 and DRAM begin. */
static void put_memories(struct chart *chart, const bool *shown) {
    static const char *const names[] = {"L1", "L2", "L3", "DRAM"};
    struct page *page = chart->page;
    double y = chart->y.begin + 20;
    for (size_t run = 0; run < page->runs->machines; run++) {
        const double *cache = page->runs->items[run].cache;
        double from = chart->x.from;
        if (!shown[run] || (isnan(cache[1]) && isnan(cache[2]) && isnan(cache[3]))) continue;
        put(page, "<g class=\"memory k%zu\">", run % KEYS);
        for (int level = 0; level < 4; level++) {
            double to = level < 3 ? cache[level + 1] : chart->x.to;
            if (isnan(to) || to <= from) continue;
            double x0 = axis_at(&chart->x, from), x1 = axis_at(&chart->x, fmin(to, chart->x.to));
            put(page,
                "<rect class=\"m%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"11\"><title>",
                level, x0, y, fmax(x1 - x0 - 1, 1));
            put_text(page, page->runs->items[run].label);
            put(page, ": %s, to ", names[level]);
            if (level < 3) put_bytes(page, to);
            put(page, "</title></rect>");
            if (level < 3 && to < chart->x.to)
                put(page, "<path class=\"edge\" d=\"M%.1f %.1fV%.1f\"/>", x1, y,
                    page->runs->machines == 1 ? chart->y.end : y + 11);
            if (x1 - x0 > (level == 3 ? 30 : 14))
                put(page, "<text x=\"%.1f\" y=\"%.1f\" class=\"mid\">%s</text>", (x0 + x1) / 2,
                    y + 9, names[level]);
            from = fmin(to, chart->x.to);
        }
        put(page, "</g>");
        y += 13;
    }
    put(page, "\n");
}

static void put_ends(struct chart *chart, const struct line *lines, size_t count, bool many) {
    double y[LINES];
    for (size_t i = 0; i < count; i++) y[i] = axis_at(&chart->y, lines[i].y[lines[i].count - 1]);
    chart_spread(y, count, 11.5, chart->y.end + 4, chart->y.begin - 3);
    for (size_t i = 0; i < count; i++) {
        const struct result *last = lines[i].result[lines[i].count - 1];
        put(chart->page, "<text class=\"direct s%zu\" x=\"%.1f\" y=\"%.1f\">",
            (many ? last->run : i) % SERIES, chart->x.end + 6, y[i] + 4);
        if (many)
            put_text(chart->page, chart->page->runs->items[last->run].brief);
        else if (last->classes > 0)
            put(chart->page, "%.0f", last->classes);
        put(chart->page, "</text>");
    }
    put(chart->page, "\n");
}

/* The axes are those of all charts beside it, so that they compare. */
static void put_chart(struct page *page, const struct line *lines, size_t count, double x_from,
                      double x_to, double y_to) {
    const struct result *first = lines[0].result[0];
    bool many = page->runs->machines > 1, shown[RUNS_MOST] = {false};
    size_t machines = 0;
    for (size_t i = 0; i < count; i++)
        if (!shown[lines[i].result[0]->run]) {
            shown[lines[i].result[0]->run] = true;
            machines++;
        }
    double right = many ? 92 : first->classes > 0 ? 48 : 12, bottom = 168;
    struct chart chart = {
        .page = page, .width = 330, .height = bottom + 24 + 13 * (double)machines};
    chart.x = axis_over(x_from, x_to, true, 36, chart.width - right);
    chart.y = axis_over(0, y_to, false, bottom, 26);
    put(page, "<figure><figcaption>");
    put_work(page, first, FIELD_TYPE, FIELD_HOW);
    if (many && first->classes > 0) put(page, ", rows of %.0f", first->classes);
    put(page, "</figcaption>");
    chart_begin(&chart, "Throughput against size", first);
    chart_axes(&chart, TICKS_BYTES, NULL, TICKS_NUMBER, "Gelem/s");
    if (!many && first->classes > 0)
        put(page,
            "<g class=\"axis\"><text class=\"end name\" x=\"%.0f\" y=\"16\">classes</text></g>",
            chart.width);
    put_memories(&chart, shown);
    for (size_t i = 0; i < count; i++) {
        const struct line *line = &lines[i];
        size_t series = many ? line->result[0]->run : i;
        chart_band(&chart, series, line->x, line->low, line->high, line->count);
        chart_line(&chart, series, line->x, line->y, line->count);
        for (size_t k = 0; k < line->count; k++) {
            chart_mark(&chart, series, axis_at(&chart.x, line->x[k]), axis_at(&chart.y, line->y[k]),
                       false);
            put_tooltip(page, line->result[k]);
            put(page, "</title></path>");
        }
    }
    put_ends(&chart, lines, count, many);
    chart_end(&chart);
    put(page, "</figure>\n");
}

/* All charts of a model, folded away but for the first ones. */
static void put_model(struct page *page, const struct result **r, size_t count, struct line *lines,
                      bool *open, size_t *shown) {
    double x_from = HUGE_VAL, x_to = 0, y_to = 0;
    for (size_t i = 0; i < count; i++) {
        x_from = fmin(x_from, r[i]->footprint / 1.5);
        x_to = fmax(x_to, r[i]->footprint * 1.5);
    }
    bool begun = false;
    for (size_t i = 0, next; i < count; i = next) {
        size_t line_count;
        if (i == 0 || !same_scale(page, r[i - 1], r[i])) {
            y_to = 0;
            for (size_t k = i; k < count && same_scale(page, r[i], r[k]); k++)
                y_to = fmax(y_to, fmax(r[k]->items, isnan(r[k]->high) ? 0 : r[k]->high) / 1e9);
        }
        for (next = i; next < count && same_chart(page, r[i], r[next]);) next++;
        if (!split(r + i, next - i, lines, &line_count)) continue;
        if (!begun) {
            put_details(page, *open);
            put(page, "%s", r[i]->kind == KIND_KERNEL ? "kernel " : "");
            put_text(page, result_word(page->runs, r[i], FIELD_MODEL));
            put(page, "</summary>\n<div class=\"multiples\">\n");
        }
        begun = true;
        *shown += 1;
        put_chart(page, lines, line_count, x_from, x_to, y_to);
    }
    if (begun) put(page, "</div></details>\n");
    if (begun && *shown >= 6) *open = false;
}

void section_sizes(struct page *page) {
    size_t count, shown = 0;
    bool open = true;
    const struct result **r = page_select(page, is_sized, &count);
    struct line *lines = calloc(LINES, sizeof *lines);
    if (r && count)
        qsort(r, count, sizeof(void *), page->runs->machines > 1 ? by_line_many : by_line_one);
    for (size_t i = 0, next; lines && i < count; i = next) {
        for (next = i; next < count && same_model(r[i], r[next]);) next++;
        put_model(page, r + i, next - i, lines, &open, &shown);
    }
    if (!shown)
        put_missing(page, "works measured at two sizes or more",
                    "Run 'nll bench --full --json here.json'.");
    free(lines);
    free(r);
}
