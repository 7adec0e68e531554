/* html_accuracy.c: error bounds, works x types. */
#include "html_page.h"

#include <math.h>
#include <stdlib.h>

static bool has_bound(const struct result *r) {
    return (r->kind == KIND_MODEL || r->kind == KIND_KERNEL) && r->bound >= 0;
}

static int by_way(const void *a, const void *b) {
    static const enum field fields[] = {FIELD_MODEL, FIELD_HOW, FIELD_TYPE};
    const struct result *x = *(const struct result *const *)a,
                        *y = *(const struct result *const *)b;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        size_t wx = x->word[fields[i]], wy = y->word[fields[i]];
        if (wx != wy) return wx < wy ? -1 : 1;
    }
    return 0;
}

static bool same_way(const struct result *a, const struct result *b) {
    return a->kind == b->kind && a->word[FIELD_MODEL] == b->word[FIELD_MODEL] &&
           a->word[FIELD_HOW] == b->word[FIELD_HOW];
}

static void put_row(struct page *page, const struct result **r, size_t count, const bool *shown) {
    put(page, "<tr><th scope=\"row\">%s", r[0]->kind == KIND_KERNEL ? "kernel " : "");
    put_short(page, result_word(page->runs, r[0], FIELD_MODEL), 48);
    put(page, " <small>");
    put_work(page, r[0], FIELD_HOW, FIELD_HOW);
    put(page, "</small></th>");
    for (size_t type = 0; type < page->runs->words[FIELD_TYPE].count; type++) {
        double bound = (double)NAN;
        if (!shown[type]) continue;
        for (size_t i = 0; i < count; i++)
            if (r[i]->word[FIELD_TYPE] == type) bound = fmax(bound, r[i]->bound);
        put(page, "<td class=\"number\">");
        if (bound == 0)
            put(page, "exact");
        else
            put_number(page, bound);
        put(page, "</td>");
    }
    put(page, "</tr>\n");
}

void section_accuracy(struct page *page) {
    size_t count;
    const struct result **r = page_select(page, has_bound, &count);
    const struct words *types = &page->runs->words[FIELD_TYPE];
    bool *shown = calloc(types->count + 1, sizeof *shown);
    if (!count || !shown) {
        put_missing(page, "error bounds (counter error_bound_ulp)",
                    "They stand in kernels/kernels.def and docs/numerics.md.");
        free(shown);
        free(r);
        return;
    }
    qsort(r, count, sizeof(void *), by_way);
    for (size_t i = 0; i < count; i++) shown[r[i]->word[FIELD_TYPE]] = true;
    put(page,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Error bounds\"><table>"
        "<caption>Error bounds, ULP</caption>\n<thead><tr><th scope=\"col\">Work</th>");
    for (size_t type = 0; type < types->count; type++)
        if (shown[type]) {
            put(page, "<th scope=\"col\" class=\"number\">");
            put_text(page, types->text[type]);
            put(page, "</th>");
        }
    put(page, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i; next < count && same_way(r[i], r[next]);) next++;
        put_row(page, r + i, next - i, shown);
    }
    put(page, "</tbody></table></div>\n");
    free(shown);
    free(r);
}
