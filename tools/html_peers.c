/* html_peers.c: libraries on the same work, one table for each machine. */
#include "html_strip.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LIBRARIES = 32 };

static bool is_peer(const struct result *r) { return r->kind == KIND_PEER && r->items > 0; }

/* By machine, then work and size and threads. */
static int by_row(const void *a, const void *b) {
    const struct result *x = *(const struct result *const *)a,
                        *y = *(const struct result *const *)b;
    const size_t keys[][2] = {{x->run, y->run},
                              {x->word[FIELD_MODEL], y->word[FIELD_MODEL]},
                              {x->word[FIELD_SIZE], y->word[FIELD_SIZE]},
                              {(size_t)x->threads, (size_t)y->threads}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (keys[i][0] != keys[i][1]) return keys[i][0] < keys[i][1] ? -1 : 1;
    return (x->items < y->items) - (x->items > y->items);
}

static bool same_row(const struct result *a, const struct result *b) {
    return a->run == b->run && a->word[FIELD_MODEL] == b->word[FIELD_MODEL] &&
           a->word[FIELD_SIZE] == b->word[FIELD_SIZE] && a->threads == b->threads;
}

struct libraries {
    size_t word[LIBRARIES]; /* nll first */
    size_t count;
    bool own; /* nll is among them */
};

static struct libraries find_libraries(const struct page *page, const struct result **r,
                                       size_t count) {
    struct libraries l = {.count = 0};
    const struct words *words = &page->runs->words[FIELD_HOW];
    size_t used, *hows = page_words(page, FIELD_HOW, r, count, &used);
    for (int own = 1; own >= 0; own--)
        for (size_t i = 0; i < used && l.count < LIBRARIES; i++) {
            bool nll = strcmp(words->text[hows[i]], "nll") == 0;
            if (nll == (own == 1)) l.word[l.count++] = hows[i];
            l.own |= nll;
        }
    free(hows);
    return l;
}

static void put_row(struct page *page, const struct libraries *l, const struct axis *axis,
                    const struct result **r, size_t count) {
    struct dot dots[LIBRARIES];
    const struct result *of[LIBRARIES] = {NULL};
    size_t dot_count = 0;
    for (size_t k = 0; k < l->count; k++) {
        for (size_t i = 0; i < count; i++)
            if (r[i]->word[FIELD_HOW] == l->word[k]) of[k] = r[i];
        if (of[k])
            dots[dot_count++] =
                (struct dot){of[k]->items / 1e9, k, result_word(page->runs, of[k], FIELD_HOW)};
    }
    put(page, "<tr><th scope=\"row\">");
    put_work(page, r[0], FIELD_MODEL, FIELD_MODEL);
    put(page, " <small>");
    put_work(page, r[0], FIELD_SIZE, FIELD_SIZE);
    if (r[0]->threads > 1) put(page, ", %d threads", r[0]->threads);
    put(page, "</small></th>");
    strip_dots(page, axis, dots, dot_count, "Gelem/s");
    for (size_t k = 0; k < l->count; k++) {
        put(page, "<td class=\"number\">");
        put_number(page, of[k] ? of[k]->items / 1e9 : (double)NAN);
        if (l->own && k > 0 && of[0] && of[k]) {
            put(page, " <small>\xc3\xb7");
            put_number(page, of[0]->items / of[k]->items);
            put(page, "</small>");
        }
        put(page, "</td>");
    }
    put(page, "</tr>\n");
}

/* "Versions: torch 2.4.1, ...", as the context states them. */
static void put_versions(struct page *page, size_t run) {
    const char *name, *before = "<p class=\"about\">Versions: ";
    json_t *version;
    json_object_foreach(json_object_get(page->runs->items[run].context, "versions"), name,
                        version) {
        if (!json_is_string(version)) continue;
        put(page, "%s", before);
        put_short(page, name, 48);
        put(page, " ");
        put_short(page, json_string_value(version), 48);
        before = ", ";
    }
    if (strcmp(before, ", ") == 0) put(page, ".</p>\n");
}

static void put_machine(struct page *page, const struct result **r, size_t count) {
    struct libraries l = find_libraries(page, r, count);
    double from = HUGE_VAL, to = 0;
    for (size_t i = 0; i < count; i++) {
        from = fmin(from, r[i]->items / 1e9);
        to = fmax(to, r[i]->items / 1e9);
    }
    struct axis axis = strip_over(from, to);
    put(page, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Peers\"><table "
              "class=\"strips\"><caption>");
    put_text(page, page->runs->items[r[0]->run].label);
    put(page,
        ", Gelem/s%s</caption>\n<thead><tr><th scope=\"col\">Work</th><th scope=\"col\" "
        "class=\"strip\">",
        l.own ? "; &#247;: how many times slower than nll" : "");
    strip_axis(page, &axis);
    put(page, "</th>");
    for (size_t k = 0; k < l.count; k++) {
        put(page, "<th scope=\"col\" class=\"key k%zu\">", k % KEYS);
        put_text(page, page->runs->words[FIELD_HOW].text[l.word[k]]);
        put(page, "</th>");
    }
    put(page, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i; next < count && same_row(r[i], r[next]);) next++;
        put_row(page, &l, &axis, r + i, next - i);
    }
    put(page, "</tbody></table></div>\n");
    put_versions(page, r[0]->run);
}

void section_peers(struct page *page) {
    size_t count;
    const struct result **r = page_select(page, is_peer, &count);
    if (r && count) qsort(r, count, sizeof(void *), by_row);
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i; next < count && r[next]->run == r[i]->run;) next++;
        put_machine(page, r + i, next - i);
    }
    if (!count) put_missing(page, "results of other libraries (names that begin with peer/)", "");
    free(r);
}
