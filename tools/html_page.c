/* html_page.c: the frame of the page: head, headline, the list of sections. */
#include "html_page.h"
#include "html_assets.h"

#include <nll/nll.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *id, *title, *about;
    void (*put)(struct page *page);
} sections[] = {
    {"machines", "Machines", "What was measured on, as the files state it.", section_machines},
    {"roofs", "Share of the roof",
     "Speed as a share of what a hand-written loop moves through the same memory, measured in the "
     "same "
     "run: 100&#160;% means that the memory, not the arithmetic, is the limit. Data larger than "
     "the "
     "caches where there are any, one thread, the best instruction set.",
     section_roofs},
    {"sizes", "Throughput against size",
     "Elements per second over the bytes that one call goes through; one thread, the best "
     "instruction "
     "set. Lines join medians, bands hold the middle half of the repetitions. The strip under each "
     "chart shows which memory holds the data.",
     section_sizes},
    {"roofline", "Rooflines",
     "Elements per second over elements per byte of compulsory traffic. Slanted lines are memory "
     "roofs: nothing that comes from that memory can be above its line. Filled marks are data from "
     "DRAM, hollow "
     "ones fit a cache.",
     section_roofline},
    {"threads", "Threads",
     "Speed-up over one thread on the same data. The dashed line is ideal; grey lines are the "
     "roofs "
     "of memory, which is what work that streams from DRAM can follow at most.",
     section_threads},
    {"isas", "Instruction sets",
     "The same work by each instruction set of a machine, one thread. The axis is logarithmic: "
     "equal "
     "distances are equal ratios.",
     section_isas},
    {"accuracy", "Accuracy",
     "Stated error bounds in units in the last place (ULP); the test suite holds every kernel to "
     "its "
     "bound against multiple-precision arithmetic.",
     section_accuracy},
    {"bits", "Equal bits",
     "Digests of the outputs. Equal inputs must give equal bits on every instruction set, number "
     "of "
     "threads and machine.",
     section_bits},
    {"peers", "Peers",
     "The same work by other libraries, side by side in one run on the same data. The axis is "
     "logarithmic.",
     section_peers},
    {"raw", "Data", "The files themselves, embedded in this page.", section_raw},
};
enum { SECTIONS = sizeof sections / sizeof sections[0] };

static void put_head(struct page *page) {
    put(page,
        "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n"
        "<meta charset=\"utf-8\"/>\n"
        /* nothing may be fetched, nothing may run but the script below */
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'; script-src '%s'\"/>\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
        "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
        "<meta name=\"generator\" content=\"nll %s\"/>\n"
        "<title>nll benchmarks: ",
        HTML_SCRIPT_HASH, nll_version());
    size_t named = page->runs->machines ? page->runs->machines : page->runs->count;
    for (size_t i = 0; i < named; i++) {
        put(page, "%s", i ? ", " : "");
        put_text(page, page->runs->items[i].label);
    }
    put(page, "</title>\n<style>\n%s</style>\n</head>\n", html_style);
}

static void put_headline(struct page *page) {
    const struct runs *runs = page->runs;
    size_t best = 0, isas = 0;
    double top = 0;
    bool seen[64] = {false};
    for (size_t i = 0; i < runs->result_count; i++) {
        const struct result *r = &runs->results[i];
        size_t isa = r->word[FIELD_ISA];
        if (r->kind == KIND_MODEL && r->dram && r->fraction > top) {
            top = r->fraction;
            best = i;
        }
        if (isa < 64 && *runs->words[FIELD_ISA].text[isa] && !seen[isa]) {
            seen[isa] = true;
            isas++;
        }
    }
    put(page, "<p class=\"headline\"><b>%zu</b>&#160;machine%s, <b>%zu</b>&#160;measurements",
        runs->machines, runs->machines == 1 ? "" : "s", runs->result_count);
    if (isas) put(page, ", <b>%zu</b>&#160;instruction set%s", isas, isas == 1 ? "" : "s");
    if (top > 0) {
        put(page, ". Nearest to its roof in DRAM: ");
        put_work(page, &runs->results[best], FIELD_MODEL, FIELD_SIZE);
        put(page, ", <b>%.0f&#160;%%</b>", 100 * top);
    }
    put(page, ".</p>\n");
}

static void put_body(struct page *page) {
    put(page, "<body>\n<a class=\"skip\" href=\"#main\">Skip to the figures</a>\n<header>\n"
              "<h1>nll benchmarks</h1>\n");
    put_headline(page);
    put(page, "<nav aria-label=\"Sections\"><ul>");
    for (size_t i = 0; i < SECTIONS; i++)
        put(page, "<li><a href=\"#%s\">%s</a></li>", sections[i].id, sections[i].title);
    put(page, "</ul></nav>\n<p class=\"tools\" id=\"tools\" hidden=\"hidden\">"
              "<button type=\"button\" id=\"theme\">Theme: as the system</button> "
              "<button type=\"button\" id=\"unfold\">Open all</button></p>\n"
              "</header>\n<main id=\"main\">\n");
    for (size_t i = 0; i < SECTIONS; i++) {
        put(page,
            "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s</h2>\n"
            "<p class=\"about\">%s</p>\n",
            sections[i].id, sections[i].id, sections[i].id, sections[i].title, sections[i].about);
        sections[i].put(page);
        put(page, "</section>\n");
    }
    put(page,
        "</main>\n<footer><p>Written by nll report %s. This page asks nothing of the network."
        "</p></footer>\n<script>%s</script>\n</body>\n</html>\n",
        nll_version(), html_script);
}

char *page_make(const struct runs *runs, size_t *size) {
    char *text = NULL;
    struct page page = {.out = open_memstream(&text, size), .runs = runs};
    if (!page.out) return NULL;
    put_head(&page);
    put_body(&page);
    bool failed = ferror(page.out);
    if (fclose(page.out) || failed) {
        free(text);
        return NULL;
    }
    return text;
}
