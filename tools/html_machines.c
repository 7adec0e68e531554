/* html_machines.c: the table of machines, one column each; their roofs; the embedded files. */
#include "html_page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void put_absent(struct page *page) { put(page, "<span class=\"absent\">not stated</span>"); }

/* Rows that are a member of the context as it stands. */
static const struct {
    const char *title, *key;
} facts[] = {
    {"CPU", "cpu"},
    {"Family", "cpu_family"},
    {"Model", "cpu_model"},
    {"CPUs", "num_cpus"},
    {"Nominal MHz", "mhz_per_cpu"},
    {"Virtual machine", "virtual_machine"},
    {"Governor", "governor"},
    {"Time-stamp counter", "tsc"},
    {"Instruction sets built", "isa_built"},
    {"in use", "isa"},
    {"Compiler", "compiler"},
    {"Compiler flags", "compiler_flags"},
    {"nll", "nll"},
    {"Numerics", "numerics"},
    {"Last-level cache", "last_level_cache"},
    {"DRAM size measured", "dram_size"},
    {"Date", "date"},
    {"CPU flags", "flags"},
};

static void put_fact(struct page *page, const struct run *run, const char *key) {
    enum { LONG = 90 };
    char buffer[4096];
    const char *value = run_text(run, key, buffer, sizeof buffer);
    if (!value) {
        put_absent(page);
    } else if (strlen(value) <= LONG) {
        put_text(page, value);
    } else {
        put_details(page, false);
        put_short(page, value, LONG / 2);
        put(page, "</summary>");
        put_text(page, value);
        put(page, "</details>");
    }
}

static void put_caches(struct page *page, const struct run *run) {
    bool any = false;
    for (int level = 1; level <= 3; level++) {
        if (isnan(run->cache[level])) continue;
        put(page, "%sL%d&#160;", any ? ", " : "", level);
        put_bytes(page, run->cache[level]);
        any = true;
    }
    if (!any) put_absent(page);
}

static void put_load(struct page *page, const struct run *run) {
    const json_t *load = json_object_get(run->context, "load_avg");
    if (!json_is_array(load) || !json_array_size(load)) {
        put_absent(page);
        return;
    }
    for (size_t i = 0; i < json_array_size(load) && i < 3; i++)
        put(page, "%s%.2f", i ? ", " : "", json_number_value(json_array_get(load, i)));
}

static void put_count(struct page *page, size_t run) {
    size_t count = 0, failed = page->runs->items[run].failed;
    for (size_t i = 0; i < page->runs->result_count; i++)
        count += page->runs->results[i].run == run;
    put(page, "%zu", count);
    if (failed) put(page, ", <strong>%zu failed</strong>", failed);
}

/* A heading for each column: the machine's name by its colour and mark. */
static void put_columns(struct page *page, const char *corner) {
    put(page, "<thead><tr><th scope=\"col\">%s</th>", corner);
    for (size_t i = 0; i < page->runs->machines; i++) {
        put(page, "<th scope=\"col\" class=\"key k%zu\">", i % KEYS);
        put_text(page, page->runs->items[i].label);
        put(page, "</th>");
    }
    put(page, "</tr></thead>\n");
}

static void open_row(struct page *page, const char *title) {
    put(page, "<tr><th scope=\"row\">%s</th>", title);
}

static bool is_roof(const struct result *r) {
    return r->kind == KIND_ROOF && r->best && (r->bytes > 0 || r->items > 0);
}

/* Memory before caches as sizes come, fewer threads first; of arithmetic each type for itself. */
static int by_roof(const void *a, const void *b) {
    const struct result *x = *(const struct result *const *)a,
                        *y = *(const struct result *const *)b;
    const size_t keys[][2] = {{x->word[FIELD_SIZE], y->word[FIELD_SIZE]},
                              {x->word[FIELD_HOW], y->word[FIELD_HOW]},
                              {x->word[FIELD_TYPE], y->word[FIELD_TYPE]},
                              {(size_t)x->threads, (size_t)y->threads},
                              {x->run, y->run}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (keys[i][0] != keys[i][1]) return keys[i][0] < keys[i][1] ? -1 : 1;
    return 0;
}

static bool same_roof(const struct result *a, const struct result *b) {
    return same_work(a, b) && a->threads == b->threads;
}

/* One row per roof that any machine has; single thread and more. */
static void put_roofs(struct page *page) {
    size_t count, next;
    const struct result **roofs = page_select(page, is_roof, &count);
    double most = 0;
    for (size_t i = 0; i < count; i++)
        if (roofs[i]->dram) most = fmax(most, roofs[i]->bytes);
    if (count) qsort(roofs, count, sizeof(void *), by_roof);
    if (count)
        put(page, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
                  "aria-label=\"Roofs\"><table class=\"facts\">"
                  "<caption>Roofs: what hand-written loops reach, GB/s "
                  "(arithmetic: 10<sup>9</sup> FMA per second, each of one element)</caption>");
    if (count) put_columns(page, "Loop");
    for (size_t i = 0; i < count; i = next) {
        next = i + 1;
        while (next < count && same_roof(roofs[i], roofs[next])) next++;
        put(page, "<tr><th scope=\"row\">");
        put_work(page, roofs[i], FIELD_HOW, FIELD_SIZE);
        if (isnan(roofs[i]->bytes) && *result_word(page->runs, roofs[i], FIELD_TYPE)) {
            put(page, " ");
            put_work(page, roofs[i], FIELD_TYPE, FIELD_TYPE);
        }
        if (roofs[i]->threads > 1) put(page, ", %d threads", roofs[i]->threads);
        put(page, "</th>");
        for (size_t run = 0; run < page->runs->machines; run++) {
            put(page, "<td class=\"number\">");
            bool any = false;
            for (size_t k = i; k < next; k++) {
                const struct result *r = roofs[k];
                if (r->run != run) continue;
                put(page, "%s", any ? "<br/>" : "");
                put_number(page, (r->bytes > 0 ? r->bytes : r->items) / 1e9);
                if (r->dram && r->bytes > 0)
                    put(page, "<span class=\"bar k%zu\" style=\"width:%.0fpx\">&#160;</span>",
                        run % KEYS, fmax(1, 110 * r->bytes / most));
                any = true;
            }
            put(page, "%s</td>", any ? "" : "\xe2\x80\x93");
        }
        put(page, "</tr>\n");
    }
    if (count) put(page, "</table></div>\n");
    free(roofs);
}

void section_machines(struct page *page) {
    if (!page->runs->machines) {
        put_missing(page, "measurements of nll itself", "Run 'nll bench --full --json here.json'.");
        return;
    }
    put(page, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Machines\"><table "
              "class=\"facts\">"
              "<caption>Machines and programs</caption>");
    put_columns(page, "");
    put(page, "<tbody>\n");
    open_row(page, "File");
    for (size_t i = 0; i < page->runs->machines; i++) {
        const char *slash = strrchr(page->runs->items[i].path, '/');
        put(page, "<td>");
        put_text(page, slash ? slash + 1 : page->runs->items[i].path);
        put(page, "</td>");
    }
    put(page, "</tr>\n");
    for (size_t k = 0; k < sizeof facts / sizeof facts[0]; k++) {
        open_row(page, facts[k].title);
        for (size_t i = 0; i < page->runs->machines; i++) {
            put(page, "<td>");
            put_fact(page, &page->runs->items[i], facts[k].key);
            put(page, "</td>");
        }
        put(page, "</tr>\n");
    }
    static const struct {
        const char *title;
        void (*put)(struct page *, const struct run *);
    } more[] = {{"Caches", put_caches}, {"Load at the start", put_load}};
    for (size_t k = 0; k < sizeof more / sizeof more[0]; k++) {
        open_row(page, more[k].title);
        for (size_t i = 0; i < page->runs->machines; i++) {
            put(page, "<td>");
            more[k].put(page, &page->runs->items[i]);
            put(page, "</td>");
        }
        put(page, "</tr>\n");
    }
    open_row(page, "Measurements");
    for (size_t i = 0; i < page->runs->machines; i++) {
        put(page, "<td>");
        put_count(page, i);
        put(page, "</td>");
    }
    put(page, "</tr>\n</tbody></table></div>\n");
    put_roofs(page);
}

/* Inside <script>, HTML reads characters as they are and XML does not: those that matter are
 * written as JSON's escapes, which both leave alone. */
static int put_json(const char *text, size_t size, void *context) {
    struct page *page = context;
    for (size_t i = 0; i < size; i++)
        if (strchr("<>&", text[i]) && text[i])
            fprintf(page->out, "\\u%04x", (unsigned)text[i]);
        else
            fputc(text[i], page->out);
    return 0;
}

void section_raw(struct page *page) {
    put(page, "<ul class=\"files\">\n");
    for (size_t i = 0; i < page->runs->count; i++) {
        const struct run *run = &page->runs->items[i];
        const char *slash = strrchr(run->path, '/');
        put(page, "<li data-json=\"json-%zu\">", i);
        put_text(page, slash ? slash + 1 : run->path);
        put(page, ": <code>&lt;script id=\"json-%zu\"&gt;</code>", i);
        put(page, "\n<script type=\"application/json\" id=\"json-%zu\">", i);
        json_dump_callback(run->root, put_json, page, JSON_COMPACT | JSON_ENSURE_ASCII);
        put(page, "</script></li>\n");
    }
    put(page, "</ul>\n");
}
