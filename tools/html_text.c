/* html_text.c: text and numbers of the page. */
#include "html_page.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void put(struct page *page, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vfprintf(page->out, format, args);
    va_end(args);
}

/* Bytes of the UTF-8 character; jansson has checked that the text is UTF-8, a path need not be. */
static size_t character(const char *c) {
    unsigned char lead = (unsigned char)*c;
    size_t size = lead < 0x80   ? 1
                  : lead < 0xc2 ? 0
                  : lead < 0xe0 ? 2
                  : lead < 0xf0 ? 3
                  : lead < 0xf5 ? 4
                                : 0;
    for (size_t i = 1; i < size; i++)
        if (((unsigned char)c[i] & 0xc0) != 0x80) return 0;
    return size;
}

static unsigned code_point(const char *c, size_t size) {
    unsigned code = (unsigned char)*c & (size > 1 ? 0xffU >> (size + 1) : 0x7fU);
    for (size_t i = 1; i < size; i++) code = code << 6 | ((unsigned char)c[i] & 0x3fU);
    return code;
}

/* What XML forbids, and what would turn the direction of the text around it. */
static bool is_unfit(unsigned code) {
    return (code < ' ' && code != '\t' && code != '\n') || (code >= 0x7f && code < 0xa0) ||
           (code >= 0xd800 && code < 0xe000) || (code & 0xfffe) == 0xfffe || code > 0x10ffff ||
           (code >= 0x200e && code <= 0x200f) || (code >= 0x202a && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

void put_short(struct page *page, const char *text, size_t most) {
    for (const char *c = text; *c; most--) {
        if (most == 0) {
            fputs("\xe2\x80\xa6", page->out);
            return;
        }
        size_t size = character(c);
        if (!size || is_unfit(code_point(c, size)))
            fputs("\xef\xbf\xbd", page->out);
        else if (*c == '&')
            fputs("&amp;", page->out);
        else if (*c == '<')
            fputs("&lt;", page->out);
        else if (*c == '>')
            fputs("&gt;", page->out);
        else if (*c == '"')
            fputs("&quot;", page->out);
        else if (*c == '\'')
            fputs("&#39;", page->out);
        else
            fwrite(c, 1, size, page->out);
        c += size ? size : 1;
    }
}

void put_text(struct page *page, const char *text) { put_short(page, text, 4000); }

void put_work(struct page *page, const struct result *result, enum field first, enum field last) {
    bool any = false;
    for (enum field f = first; f <= last; f++) {
        const char *word = result_word(page->runs, result, f);
        if (!*word || f == FIELD_ISA) continue;
        if (any) fputc(' ', page->out);
        put_short(page, word, 48);
        any = true;
    }
    if (!any) put(page, "(no name)");
}

void put_number(struct page *page, double value) {
    if (!isfinite(value))
        put(page, "\xe2\x80\x93");
    else if (fabs(value) >= 1e6 || (value != 0 && fabs(value) < 1e-3))
        put(page, "%.2e", value);
    else if (fabs(value) >= 100)
        put(page, "%.0f", value);
    else
        put(page, "%.*f", fabs(value) >= 10 ? 1 : fabs(value) >= 1 ? 2 : 3, value);
}

void put_rate(struct page *page, const struct result *r) {
    put_work(page, r, FIELD_MODEL, FIELD_SIZE);
    put(page, ", ");
    put_text(page, result_word(page->runs, r, FIELD_ISA));
    put(page, ": ");
    put_number(page, r->items / 1e9);
    put(page, " Gelem/s");
}

void put_rates(struct page *page, const struct result *r) {
    put_rate(page, r);
    put(page, ", ");
    put_number(page, r->bytes / 1e9);
    put(page, " GB/s");
    if (r->fraction > 0) put(page, ", %.0f%% of its roof", 100 * r->fraction);
}

void put_bytes(struct page *page, double bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    size_t unit = 0;
    if (!isfinite(bytes)) {
        put_number(page, bytes);
        return;
    }
    while (bytes >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        bytes /= 1024;
        unit++;
    }
    put(page, "%.*f\xc2\xa0%s", bytes < 10 && bytes != floor(bytes) ? 1 : 0, bytes, units[unit]);
}

void put_missing(struct page *page, const char *what, const char *remedy) {
    put(page, "<p class=\"missing\">Not in these files: %s. %s</p>\n", what, remedy);
}

void put_details(struct page *page, bool open) {
    put(page, "<details%s><summary>", open ? " open=\"open\"" : "");
}

const struct result **page_select(const struct page *page, result_test test, size_t *count) {
    const struct runs *runs = page->runs;
    const struct result **chosen = calloc(runs->result_count + 1, sizeof(void *));
    *count = 0;
    for (size_t i = 0; chosen && i < runs->result_count; i++)
        if (test(&runs->results[i])) chosen[(*count)++] = &runs->results[i];
    return chosen;
}

size_t *page_words(const struct page *page, enum field field, const struct result **results,
                   size_t count, size_t *used) {
    size_t known = page->runs->words[field].count;
    size_t *words = calloc(known + 1, sizeof *words);
    *used = 0;
    for (size_t i = 0; words && i < count; i++) words[results[i]->word[field]] = 1;
    for (size_t word = 0; words && word < known; word++)
        if (words[word]) words[(*used)++] = word; /* no further than has been read */
    return words;
}
