/* html_bits.c: which outputs have equal bits: works x (machine, instruction set, threads). */
#include "html_page.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { COLUMNS = 128, HEX = 64 };

struct column {
    size_t run, isa;
    int threads;
};

static bool has_digest(const struct result *r) { return r->digest && r->kind != KIND_ROOF; }

static size_t digest_length(const char *digest) {
    size_t length = 0;
    while (length < HEX && isxdigit((unsigned char)digest[length])) length++;
    return length;
}

static bool equal_digests(const char *a, const char *b) {
    size_t length = digest_length(a);
    return length == digest_length(b) && strncasecmp(a, b, length) == 0;
}

/* The same input: what is called DRAM has another size on another machine. */
static bool same_input(const struct result *a, const struct result *b) {
    return !a->relative || isnan(a->footprint) || isnan(b->footprint) ||
           fabs(a->footprint - b->footprint) <= 1e-3 * fmax(a->footprint, b->footprint);
}

/* The results among r[0..count) that r[i] is comparable with, itself included, and how many of
 * them have its digest. */
static size_t count_equal(const struct result **r, size_t count, size_t i, size_t *peers) {
    size_t equal = 0;
    *peers = 0;
    for (size_t k = 0; k < count; k++) {
        if (!same_input(r[i], r[k])) continue;
        ++*peers;
        equal += equal_digests(r[i]->digest, r[k]->digest);
    }
    return equal;
}

static int by_column(const void *a, const void *b) {
    const struct column *x = a, *y = b;
    if (x->run != y->run) return x->run < y->run ? -1 : 1;
    if (x->isa != y->isa) return x->isa < y->isa ? -1 : 1;
    return (x->threads > y->threads) - (x->threads < y->threads);
}

static size_t find_columns(const struct result **r, size_t count, struct column *columns) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        struct column c = {r[i]->run, r[i]->word[FIELD_ISA], r[i]->threads};
        size_t k = 0;
        while (k < found && by_column(&columns[k], &c) != 0) k++;
        if (k == found && found < COLUMNS) columns[found++] = c;
    }
    qsort(columns, found, sizeof *columns, by_column);
    return found;
}

enum state { ALONE, EQUAL, UNEQUAL, STATES }; /* to most of those that it can be compared with */

/* The state of every result, the results of one work lying together. */
static void compare_all(const struct result **r, size_t count, unsigned char *states,
                        size_t totals[STATES]) {
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i; next < count && same_work(r[i], r[next]);) next++;
        for (size_t k = i; k < next; k++) {
            size_t peers, equal = count_equal(r + i, next - i, k - i, &peers);
            states[k] = peers == 1 ? ALONE : 2 * equal > peers ? EQUAL : UNEQUAL;
            totals[states[k]]++;
        }
    }
}

/* What r[0..count) say in a column: of one work one digest, of a model many. */
static void put_cell(struct page *page, const struct result **r, const unsigned char *states,
                     size_t count, const struct column *column) {
    size_t totals[STATES] = {0}, at = count;
    for (size_t i = 0; i < count; i++)
        if (r[i]->run == column->run && r[i]->threads == column->threads &&
            r[i]->word[FIELD_ISA] == column->isa) {
            totals[states[i]]++;
            at = i;
        }
    size_t all = totals[ALONE] + totals[EQUAL] + totals[UNEQUAL];
    if (!all) {
        put(page, "<td></td>");
        return;
    }
    put(page, "<td class=\"bit %s\" title=\"",
        totals[UNEQUAL] ? "unequal"
        : totals[EQUAL] ? "equal"
                        : "alone");
    if (all == 1)
        put_short(page, r[at]->digest, digest_length(r[at]->digest));
    else
        put(page, "%zu equal, %zu different, %zu without another to compare with", totals[EQUAL],
            totals[UNEQUAL], totals[ALONE]);
    put(page, "\">%s",
        totals[UNEQUAL] ? "\xe2\x89\xa0"
        : totals[EQUAL] ? "\xe2\x97\x8f"
                        : "\xe2\x97\x8b");
    if (totals[UNEQUAL] && all > 1) put(page, "&#160;%zu/%zu", totals[UNEQUAL], all);
    put(page, "</td>");
}

/* The machines, and below each its instruction sets and numbers of threads. */
static void put_head(struct page *page, const struct column *columns, size_t count) {
    put(page, "<thead><tr><td></td>");
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i; next < count && columns[next].run == columns[i].run;) next++;
        put(page, "<th scope=\"colgroup\" colspan=\"%zu\" class=\"group\">", next - i);
        put_text(page, page->runs->items[columns[i].run].brief);
        put(page, "</th>");
    }
    put(page, "</tr><tr><th scope=\"col\">Work</th>");
    for (size_t i = 0; i < count; i++) {
        put(page, "<th scope=\"col\" class=\"tilt%s\"><span>",
            i && columns[i].run == columns[i - 1].run ? "" : " first");
        put_text(page, page->runs->words[FIELD_ISA].text[columns[i].isa]);
        if (columns[i].threads > 1) put(page, " x %d", columns[i].threads);
        put(page, "</span></th>");
    }
    put(page, "</tr></thead>\n");
}

static bool same_model(const struct result *a, const struct result *b) {
    return a->kind == b->kind && a->word[FIELD_MODEL] == b->word[FIELD_MODEL] &&
           a->word[FIELD_TYPE] == b->word[FIELD_TYPE];
}

/* A row for each work, or with `models` for each model and type. */
static void put_matrix(struct page *page, const struct result **r, const unsigned char *states,
                       size_t count, const struct column *columns, size_t column_count,
                       bool models) {
    put(page,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Digests\">"
        "<table class=\"bits\"><caption>%s: \xe2\x97\x8f equal bits, \xe2\x89\xa0 other "
        "bits than most, \xe2\x97\x8b nothing to compare with</caption>",
        models ? "Models" : "Works");
    put_head(page, columns, column_count);
    put(page, "<tbody>\n");
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i; next < count && (models ? same_model : same_work)(r[i], r[next]);) next++;
        put(page, "<tr><th scope=\"row\">%s", r[i]->kind == KIND_KERNEL ? "kernel " : "");
        put_work(page, r[i], FIELD_MODEL, models ? FIELD_TYPE : FIELD_SIZE);
        put(page, "</th>");
        for (size_t k = 0; k < column_count; k++)
            put_cell(page, r + i, states + i, next - i, &columns[k]);
        put(page, "</tr>\n");
    }
    put(page, "</tbody></table></div>\n");
}

/* One digest over everything, which the self test makes. */
static bool put_whole(struct page *page) {
    const char *first = NULL;
    char buffer[2][HEX + 1];
    bool all_equal = true;
    size_t stated = 0;
    for (size_t i = 0; i < page->runs->count; i++) {
        const char *digest = run_text(&page->runs->items[i], "digest", buffer[1], sizeof buffer[1]);
        if (!digest) continue;
        stated++;
        if (first)
            all_equal &= strcmp(first, digest) == 0;
        else
            first = digest;
    }
    if (!stated) return false;
    put(page,
        "<table class=\"facts\"><caption>The digest of the whole numerics%s</caption><tbody>\n",
        stated < 2  ? ""
        : all_equal ? ": the same on all machines"
                    : ": <strong>not the same on all machines</strong>");
    for (size_t i = 0; i < page->runs->count; i++) {
        const char *digest = run_text(&page->runs->items[i], "digest", buffer[0], sizeof buffer[0]);
        put(page, "<tr><th scope=\"row\" class=\"key k%zu\">", i % KEYS);
        put_text(page, page->runs->items[i].label);
        put(page, "</th><td><code>");
        put_text(page, digest ? digest : "not stated");
        put(page, "</code></td></tr>\n");
    }
    put(page, "</tbody></table>\n");
    return true;
}

static void put_verdict(struct page *page, const size_t totals[STATES]) {
    size_t compared = totals[EQUAL] + totals[UNEQUAL];
    if (totals[UNEQUAL])
        put(page, "<p class=\"verdict bad\">\xe2\x89\xa0 %zu of %zu digests differ.</p>\n",
            totals[UNEQUAL], compared);
    else if (compared)
        put(page, "<p class=\"verdict good\">\xe2\x97\x8f %zu digests compared: all equal.</p>\n",
            compared);
}

void section_bits(struct page *page) {
    size_t count, totals[STATES] = {0};
    struct column columns[COLUMNS] = {{0, 0, 0}};
    const struct result **r = page_select(page, has_digest, &count);
    unsigned char *states = calloc(count + 1, 1);
    bool whole = put_whole(page);
    if (count && states) {
        size_t column_count = find_columns(r, count, columns);
        compare_all(r, count, states, totals);
        put_verdict(page, totals);
        put_matrix(page, r, states, count, columns, column_count, true);
        put_details(page, false);
        put(page, "Digest by digest</summary>\n");
        put_matrix(page, r, states, count, columns, column_count, false);
        put(page, "</details>\n");
    } else if (!whole) {
        put_missing(page, "digests",
                    "They are labels of benchmarks, and \"digest\" in the context.");
    }
    free(states);
    free(r);
}
