/* html_threads.c: speed-up over one thread, for each machine and model. */
#include "html_chart.h"

#include <math.h>
#include <stdlib.h>

enum { POINTS = 64, LINES = 24, ISAS = 16 };

struct scaling {
    double threads[POINTS], speed[POINTS];
    const struct result *result[POINTS];
    size_t count;
};

static bool is_scaled(const struct result *r) {
    return (r->kind == KIND_MODEL || r->kind == KIND_ROOF || r->kind == KIND_KERNEL) &&
           (r->items > 0 || r->bytes > 0);
}

static double rate(const struct result *r) { return r->items > 0 ? r->items : r->bytes; }

/* One work on one machine by rising number of threads: of the best instruction set that was
 * measured with one thread and with more.  count below 2: there is none. */
static size_t read_line(const struct result **r, size_t count, struct scaling *line) {
    size_t used = 1;
    while (used < count && r[used]->run == r[0]->run && same_work(r[used], r[0])) used++;
    line->count = 0;
    for (size_t one = 0; one < used && one < ISAS && r[one]->threads == 1 && line->count < 2;
         one++) {
        line->count = 0;
        for (size_t i = one; i < used && line->count < POINTS; i++) {
            if (r[i]->word[FIELD_ISA] != r[one]->word[FIELD_ISA]) continue;
            size_t k = line->count++;
            line->threads[k] = r[i]->threads;
            line->speed[k] = rate(r[i]) / rate(r[one]);
            line->result[k] = r[i];
        }
    }
    return used;
}

static void put_scaling(struct chart *chart, const struct scaling *line, size_t series, bool roof) {
    struct page *page = chart->page;
    if (roof) {
        put(page, "<path class=\"roof dram\" d=\"");
        for (size_t k = 0; k < line->count; k++)
            put(page, "%c%.1f %.1f", k ? 'L' : 'M', axis_at(&chart->x, line->threads[k]),
                axis_at(&chart->y, line->speed[k]));
        put(page, "\"><title>roof: ");
        put_work(page, line->result[0], FIELD_HOW, FIELD_SIZE);
        put(page, "</title></path>");
        return;
    }
    chart_line(chart, series, line->threads, line->speed, line->count);
    for (size_t k = 0; k < line->count; k++) {
        chart_mark(chart, series, axis_at(&chart->x, line->threads[k]),
                   axis_at(&chart->y, line->speed[k]), false);
        put_work(page, line->result[k], FIELD_MODEL, FIELD_SIZE);
        put(page, ", ");
        put_text(page, result_word(page->runs, line->result[k], FIELD_ISA));
        put(page, ", %d threads: ", line->result[k]->threads);
        put_number(page, rate(line->result[k]) / 1e9);
        put(page, " G/s, ");
        put_number(page, line->speed[k]);
        put(page, " times one thread</title></path>");
    }
}

static void put_names(struct chart *chart, const struct scaling *lines, size_t count,
                      size_t roofs) {
    double y[LINES];
    for (size_t i = 0; i < count; i++)
        y[i] = axis_at(&chart->y, lines[i].speed[lines[i].count - 1]);
    chart_spread(y, count, 12, chart->y.end, chart->y.begin);
    for (size_t i = 0; i < count; i++) {
        if (i < roofs)
            put(chart->page, "<text class=\"roofname\"");
        else
            put(chart->page, "<text class=\"direct s%zu\"", (i - roofs) % SERIES);
        put(chart->page, " x=\"%.1f\" y=\"%.1f\">%s", chart->x.end + 8, y[i] + 4,
            i < roofs ? "roof: " : "");
        put_work(chart->page, lines[i].result[0], FIELD_HOW, FIELD_SIZE);
        put(chart->page, "</text>");
    }
}

/* The first `roofs` lines are roofs. */
static void put_chart(struct page *page, const struct scaling *lines, size_t count, size_t roofs) {
    double threads = 2, least = 1;
    const struct result *first = lines[count - 1].result[0];
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < lines[i].count; k++) {
            threads = fmax(threads, fmax(lines[i].threads[k], lines[i].speed[k]));
            least = fmin(least, lines[i].speed[k]);
        }
    struct chart chart = {.page = page, .width = 430, .height = 250};
    chart.x = (struct axis){1, threads, 40, 250, true};
    chart.y = (struct axis){least, threads, 205, 26, true};
    put(page, "<figure><figcaption>");
    put_text(page, page->runs->items[first->run].label);
    put(page, ": ");
    put_work(page, first, FIELD_MODEL, FIELD_TYPE);
    put(page, "</figcaption>");
    chart_begin(&chart, "Thread scaling", first);
    chart_axes(&chart, TICKS_POWERS, "threads", TICKS_POWERS, "times one thread");
    double ideal = threads;
    put(page, "<path class=\"ideal\" d=\"M%.1f %.1fL%.1f %.1f\"><title>ideal</title></path>",
        axis_at(&chart.x, 1), axis_at(&chart.y, 1), axis_at(&chart.x, ideal),
        axis_at(&chart.y, ideal));
    for (size_t i = 0; i < count; i++) put_scaling(&chart, &lines[i], i - roofs, i < roofs);
    put_names(&chart, lines, count, roofs);
    chart_end(&chart);
    put(page, "</figure>\n");
}

/* Charts of one machine: those of a model hold its lines and the roofs of DRAM. */
static void put_machine(struct page *page, const struct result **r, size_t count,
                        struct scaling *lines, size_t *shown) {
    size_t roofs = 0, used = 0, line_count;
    struct scaling line;
    for (size_t i = 0; i < count; i += used) {
        used = read_line(r + i, count - i, &line);
        if (r[i]->kind == KIND_ROOF && r[i]->dram && line.count > 1 && roofs < 4)
            lines[roofs++] = line;
    }
    line_count = roofs;
    const struct result *before = NULL;
    for (size_t i = 0; i < count; i += used) {
        used = read_line(r + i, count - i, &line);
        if (r[i]->kind == KIND_ROOF || line.count < 2) continue;
        bool same = before && before->kind == r[i]->kind &&
                    before->word[FIELD_MODEL] == r[i]->word[FIELD_MODEL] &&
                    before->word[FIELD_TYPE] == r[i]->word[FIELD_TYPE];
        if (!same && line_count > roofs) {
            put_chart(page, lines, line_count, roofs);
            line_count = roofs;
        }
        if (line_count < LINES) lines[line_count++] = line;
        before = r[i];
        *shown += 1;
    }
    if (line_count > roofs) put_chart(page, lines, line_count, roofs);
}

static int by_run(const void *a, const void *b) {
    const struct result *x = *(const struct result *const *)a,
                        *y = *(const struct result *const *)b;
    if (x->run != y->run) return x->run < y->run ? -1 : 1;
    return (x > y) - (x < y); /* their order among all results */
}

void section_threads(struct page *page) {
    size_t count, shown = 0;
    const struct result **r = page_select(page, is_scaled, &count);
    struct scaling *lines = calloc(LINES, sizeof *lines);
    if (r && count) qsort(r, count, sizeof(void *), by_run);
    put(page, "<div class=\"multiples two\">\n");
    for (size_t i = 0, next; lines && i < count; i = next) {
        for (next = i; next < count && r[next]->run == r[i]->run;) next++;
        put_machine(page, r + i, next - i, lines, &shown);
    }
    put(page, "</div>\n");
    if (!shown)
        put_missing(page,
                    "works measured with one thread and with more (names that end in /threads:N)",
                    "");
    free(lines);
    free(r);
}
