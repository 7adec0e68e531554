/* html_heat.c: the heat table: works x machines, coloured by the share of the roof. */
#include "html_page.h"

#include <math.h>
#include <stdlib.h>

enum {
    STEPS = 11,   /* of the scale: 0 .. 9 %, 10 .. 19 %, ..., 100 % and more */
    COLUMNS = 96, /* of a table at most: empty cells take room, too */
    WAYS = 8      /* but of each machine so many */
};

static bool is_measured(const struct result *r) {
    return (r->kind == KIND_MODEL || r->kind == KIND_KERNEL) && r->best && r->threads == 1 &&
           r->fraction > 0;
}

static bool same_row(const struct result *a, const struct result *b) {
    return a->kind == b->kind && a->word[FIELD_MODEL] == b->word[FIELD_MODEL] &&
           a->word[FIELD_TYPE] == b->word[FIELD_TYPE] && a->word[FIELD_SIZE] == b->word[FIELD_SIZE];
}

/* Rows together: results are sorted by HOW before SIZE. */
static int by_row(const void *a, const void *b) {
    static const enum field fields[] = {FIELD_MODEL, FIELD_TYPE, FIELD_SIZE, FIELD_HOW};
    const struct result *x = *(const struct result *const *)a,
                        *y = *(const struct result *const *)b;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        size_t wx = x->word[fields[i]], wy = y->word[fields[i]];
        if (wx != wy) return wx < wy ? -1 : 1;
    }
    return (x->run > y->run) - (x->run < y->run);
}

/* Rows that stream from DRAM some way; all of them if none does. */
static size_t keep_streaming(const struct result **rows, size_t count) {
    size_t kept = 0;
    for (size_t i = 0, next; i < count; i = next) {
        bool dram = false;
        for (next = i; next < count && same_row(rows[i], rows[next]); next++)
            dram |= rows[next]->dram;
        for (size_t k = i; dram && k < next; k++) {
            const struct result *row = rows[k];
            rows[k] = rows[kept];
            rows[kept++] = row;
        }
    }
    return kept ? kept : count;
}

static void put_cell(struct page *page, const struct result *r, bool first) {
    if (!r) {
        put(page, "<td class=\"heat none%s\">\xc2\xb7</td>", first ? " first" : "");
        return;
    }
    int step = (int)fmin(floor(r->fraction * 10), STEPS - 1);
    put(page, "<td class=\"heat h%d%s\" title=\"", step, first ? " first" : "");
    put_rates(page, r);
    put(page, "\">%s%.0f</td>", r->fraction < 0.01 ? "&lt;" : "",
        fmax(1, fmin(100 * r->fraction, 9999)));
}

/* A table of one kind; a column for each way and machine, machines side by side. */
static void put_table(struct page *page, const struct result **rows, size_t count,
                      const char *caption) {
    const struct runs *runs = page->runs;
    size_t shown, most = COLUMNS / runs->machines < WAYS ? WAYS : COLUMNS / runs->machines;
    size_t *column = page_words(page, FIELD_HOW, rows, count, &shown);
    if (shown > most) {
        put(page,
            "<p class=\"missing\">%s: %zu of %zu ways are shown; filter the benchmarks to see "
            "others.</p>\n",
            caption, most, shown);
        shown = most;
    }
    put(page,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\"><table "
        "class=\"heats\">"
        "<caption>%s: %% of the roof</caption>\n<thead>",
        caption, caption);
    if (runs->machines > 1) {
        put(page, "<tr><td></td>");
        for (size_t k = 0; k < shown; k++) {
            put(page, "<th scope=\"colgroup\" colspan=\"%zu\" class=\"group\">", runs->machines);
            put_text(page, runs->words[FIELD_HOW].text[column[k]]);
            put(page, "</th>");
        }
        put(page, "</tr>");
    }
    put(page, "<tr><th scope=\"col\">Work</th>");
    for (size_t k = 0; k < shown; k++)
        for (size_t run = 0; run < runs->machines; run++) {
            put(page, "<th scope=\"col\" class=\"%s%s\"><span>",
                runs->machines > 1 ? "tilt" : "flat", run == 0 ? " first" : "");
            if (runs->machines > 1)
                put_short(page, runs->items[run].label, 32);
            else
                put_text(page, runs->words[FIELD_HOW].text[column[k]]);
            put(page, "</span></th>");
        }
    put(page, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i; next < count && same_row(rows[i], rows[next]);) next++;
        put(page, "<tr><th scope=\"row\">");
        put_short(page, result_word(runs, rows[i], FIELD_MODEL), 48);
        put(page, " <small>");
        put_work(page, rows[i], FIELD_TYPE, FIELD_TYPE);
        put(page, " ");
        put_work(page, rows[i], FIELD_SIZE, FIELD_SIZE);
        put(page, "</small></th>");
        for (size_t k = 0; k < shown; k++)
            for (size_t run = 0; run < runs->machines; run++) {
                const struct result *found = NULL;
                for (size_t r = i; r < next; r++)
                    if (rows[r]->word[FIELD_HOW] == column[k] && rows[r]->run == run)
                        found = rows[r];
                put_cell(page, found, run == 0);
            }
        put(page, "</tr>\n");
    }
    put(page, "</tbody></table></div>\n");
    free(column);
}

static void put_legend(struct page *page) {
    put(page, "<p class=\"legend\" aria-hidden=\"true\">%% of the roof: ");
    for (int i = 0; i < STEPS; i++)
        put(page, "<span class=\"heat h%d\">%d%s</span>", i, 10 * i, i == STEPS - 1 ? "+" : "");
    put(page, "</p>\n");
}

void section_roofs(struct page *page) {
    size_t count, first_kernel = 0;
    const struct result **rows = page_select(page, is_measured, &count);
    if (count) {
        qsort(rows, count, sizeof(void *), by_row);
        count = keep_streaming(rows, count);
    }
    while (first_kernel < count && rows[first_kernel]->kind == KIND_MODEL) first_kernel++;
    if (!count)
        put_missing(page, "shares of a roof (counter roof_fraction)",
                    "Run 'nll bench --full --json here.json'.");
    else
        put_legend(page);
    if (first_kernel) put_table(page, rows, first_kernel, "Models");
    if (count > first_kernel) {
        put_details(page, !first_kernel);
        put(page, "Kernels</summary>\n");
        put_table(page, rows + first_kernel, count - first_kernel, "Kernels");
        put(page, "</details>\n");
    }
    free(rows);
}
