/* html_bits.c: which outputs have equal bits: works x (machine, instruction set, threads). */
#include "html_page.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEX = 64 };

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

/* A digest among those of one work. */
struct claim {
    const struct result *result;
    size_t at;        /* among all results */
    size_t numerics;  /* number of the version whose bits these are; its own run's if unknown */
    double footprint; /* where the name leaves the size open; minus the run if it is unknown */
    size_t input;     /* equal: comparable */
};

/* The first machine of the same numerics version; of an unstated one nothing is known. */
static size_t numerics_of(const struct page *page, size_t run) {
    const struct run *runs = page->runs->items;
    const json_t *version = json_object_get(runs[run].context, "numerics");
    size_t first = 0;
    if (!version || json_is_null(version)) return run;
    while (first < run && !json_equal(version, json_object_get(runs[first].context, "numerics")))
        first++;
    return first;
}

static int by_input(const void *a, const void *b) {
    const struct claim *x = a, *y = b;
    if (x->numerics != y->numerics) return x->numerics < y->numerics ? -1 : 1;
    return (x->footprint > y->footprint) - (x->footprint < y->footprint);
}

static int compare_digests(const char *a, const char *b) {
    size_t length = digest_length(a), other = digest_length(b);
    if (length != other) return length < other ? -1 : 1;
    return strncasecmp(a, b, length);
}

static int by_digest(const void *a, const void *b) {
    const struct claim *x = a, *y = b;
    if (x->input != y->input) return x->input < y->input ? -1 : 1;
    return compare_digests(x->result->digest, y->result->digest);
}

/* Numbers the inputs: what is called DRAM has another size on another machine. */
static void number_inputs(struct claim *claims, size_t count) {
    qsort(claims, count, sizeof *claims, by_input);
    for (size_t i = 0, first = 0; i < count; i++) {
        bool same = claims[i].numerics == claims[first].numerics &&
                    fabs(claims[i].footprint - claims[first].footprint) <=
                        1e-3 * fmax(claims[first].footprint, 0);
        if (!same) first = i;
        claims[i].input = first;
    }
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
        if (k == found) columns[found++] = c;
    }
    qsort(columns, found, sizeof *columns, by_column);
    return found;
}

enum state { ALONE, EQUAL, UNEQUAL, STATES }; /* to most of those that it can be compared with */

/* The states of the results of one work. */
static void compare_work(struct claim *claims, size_t count, unsigned char *states,
                         size_t totals[STATES]) {
    number_inputs(claims, count);
    qsort(claims, count, sizeof *claims, by_digest);
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i; next < count && claims[next].input == claims[i].input;) next++;
        for (size_t k = i, end; k < next; k = end) {
            for (end = k; end < next && by_digest(&claims[k], &claims[end]) == 0;) end++;
            enum state state = next - i == 1 ? ALONE : 2 * (end - k) > next - i ? EQUAL : UNEQUAL;
            for (size_t c = k; c < end; c++) states[claims[c].at] = (unsigned char)state;
            totals[state] += end - k;
        }
    }
}

/* The state of every result, the results of one work lying together. */
static bool compare_all(const struct page *page, const struct result **r, size_t count,
                        unsigned char *states, size_t totals[STATES]) {
    struct claim *claims = calloc(count + 1, sizeof *claims);
    size_t numerics[RUNS_MOST];
    if (!claims) return false;
    for (size_t run = 0; run < page->runs->count; run++) numerics[run] = numerics_of(page, run);
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i; next < count && same_work(r[i], r[next]); next++) {
            double size = !r[next]->relative          ? 0
                          : isnan(r[next]->footprint) ? -1 - (double)r[next]->run
                                                      : r[next]->footprint;
            claims[next - i] = (struct claim){r[next], next, numerics[r[next]->run], size, 0};
        }
        compare_work(claims, next - i, states, totals);
    }
    free(claims);
    return true;
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

static const char *whole_digest(const struct page *page, size_t run) {
    const char *text = json_string_value(json_object_get(page->runs->items[run].context, "digest"));
    return text && *text ? text : NULL;
}

/* One digest over everything, which the self test makes. */
static bool put_whole(struct page *page) {
    size_t first = 0, stated = 0;
    bool all_equal = true, comparable = true;
    for (size_t i = 0; i < page->runs->machines; i++) {
        const char *digest = whole_digest(page, i);
        if (!digest) continue;
        if (stated++ == 0) first = i;
        all_equal &= strcasecmp(whole_digest(page, first), digest) == 0;
        comparable &= numerics_of(page, first) == numerics_of(page, i);
    }
    if (!stated) return false;
    put(page,
        "<table class=\"facts\"><caption>The digest of the whole numerics%s</caption><tbody>\n",
        stated < 2    ? ""
        : all_equal   ? ": the same on all machines"
        : !comparable ? ": not compared, the numerics versions differ or are not stated"
                      : ": <strong>not the same on all machines</strong>");
    for (size_t i = 0; i < page->runs->machines; i++) {
        const char *digest = whole_digest(page, i);
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
    if (totals[ALONE])
        put(page,
            "<p class=\"about\">%zu digests not compared: no other has the same work, size and "
            "stated numerics version.</p>\n",
            totals[ALONE]);
}

void section_bits(struct page *page) {
    size_t count, totals[STATES] = {0};
    const struct result **r = page_select(page, has_digest, &count);
    unsigned char *states = calloc(count + 1, 1);
    struct column *columns = calloc(count + 1, sizeof *columns);
    bool whole = put_whole(page);
    if (count && states && columns && compare_all(page, r, count, states, totals)) {
        size_t column_count = find_columns(r, count, columns);
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
    free(columns);
    free(states);
    free(r);
}
