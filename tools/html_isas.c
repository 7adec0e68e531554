/* html_isas.c: the instruction sets of a machine on the same work. */
#include "html_strip.h"

#include <math.h>
#include <stdlib.h>

enum { ISAS = 32 };

static bool is_timed(const struct result *r) {
    return (r->kind == KIND_MODEL || r->kind == KIND_KERNEL) && r->threads == 1 && r->items > 0;
}

/* The results of one work on one machine, which lie together. */
static size_t group(const struct result **r, size_t from, size_t count) {
    size_t next = from + 1;
    while (next < count && r[next]->run == r[from]->run && same_work(r[next], r[from])) next++;
    return next;
}

struct table {
    bool has[ISAS]; /* instruction sets that appear */
    double from, to;
    size_t rows;
};

/* What the works of a machine that have two instruction sets or more need. */
static struct table survey(const struct result **r, size_t count, size_t run, enum kind kind) {
    struct table t = {.from = HUGE_VAL};
    for (size_t i = 0, next; i < count; i = next) {
        next = group(r, i, count);
        if (r[i]->run != run || r[i]->kind != kind || next - i < 2) continue;
        t.rows++;
        for (size_t k = i; k < next; k++) {
            if (r[k]->word[FIELD_ISA] < ISAS) t.has[r[k]->word[FIELD_ISA]] = true;
            t.from = fmin(t.from, r[k]->items / 1e9);
            t.to = fmax(t.to, r[k]->items / 1e9);
        }
    }
    return t;
}

static void put_row(struct page *page, const struct table *t, const struct axis *axis,
                    const struct result **r, size_t count) {
    struct dot dots[ISAS];
    size_t dot_count = 0;
    put(page, "<tr><th scope=\"row\">");
    put_short(page, result_word(page->runs, r[0], FIELD_MODEL), 48);
    put(page, " <small>");
    put_work(page, r[0], FIELD_TYPE, FIELD_SIZE);
    put(page, "</small></th>");
    for (size_t k = 0; k < count && dot_count < ISAS; k++)
        if (r[k]->word[FIELD_ISA] < ISAS)
            dots[dot_count++] = (struct dot){r[k]->items / 1e9, r[k]->word[FIELD_ISA],
                                             result_word(page->runs, r[k], FIELD_ISA)};
    strip_dots(page, axis, dots, dot_count, "Gelem/s");
    for (size_t isa = 0; isa < ISAS; isa++) {
        if (!t->has[isa]) continue;
        put(page, "<td class=\"number\">");
        const struct result *found = NULL;
        for (size_t k = 0; k < count; k++)
            if (r[k]->word[FIELD_ISA] == isa) found = r[k];
        put_number(page, found ? found->items / 1e9 : (double)NAN);
        if (found && found != r[0]) {
            put(page, " <small>\xc3\xb7");
            put_number(page, r[0]->items / found->items);
            put(page, "</small>");
        }
        put(page, "</td>");
    }
    put(page, "</tr>\n");
}

static void put_table(struct page *page, const struct result **r, size_t count, size_t run,
                      enum kind kind, bool open) {
    struct table t = survey(r, count, run, kind);
    if (!t.rows) return;
    struct axis axis = strip_over(t.from, t.to);
    put_details(page, open);
    put_text(page, page->runs->items[run].label);
    put(page,
        ": %zu %s</summary>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
        "aria-label=\"Instruction sets\"><table class=\"strips\"><caption>Gelem/s; &#247;: how "
        "many times "
        "slower than the first</caption>\n<thead><tr><th scope=\"col\">Work</th><th scope=\"col\" "
        "class=\"strip\">",
        t.rows, kind == KIND_KERNEL ? "kernels" : "works");
    strip_axis(page, &axis);
    put(page, "</th>");
    for (size_t isa = 0; isa < ISAS; isa++)
        if (t.has[isa]) {
            put(page, "<th scope=\"col\" class=\"key k%zu\">", isa % KEYS);
            put_text(page, page->runs->words[FIELD_ISA].text[isa]);
            put(page, "</th>");
        }
    put(page, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0, next; i < count; i = next) {
        next = group(r, i, count);
        if (r[i]->run == run && r[i]->kind == kind && next - i >= 2)
            put_row(page, &t, &axis, r + i, next - i);
    }
    put(page, "</tbody></table></div></details>\n");
}

void section_isas(struct page *page) {
    size_t count, rows = 0;
    const struct result **r = page_select(page, is_timed, &count);
    for (size_t run = 0; run < page->runs->machines; run++)
        for (enum kind kind = KIND_MODEL; kind <= KIND_KERNEL; kind++) {
            bool open = !rows;
            rows += survey(r, count, run, kind).rows;
            put_table(page, r, count, run, kind, open);
        }
    if (!rows)
        put_missing(page, "works measured with two instruction sets",
                    "Run 'nll bench --full --json here.json'.");
    free(r);
}
