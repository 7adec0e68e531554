/* html_page.h: the page that `nll report` writes: text, tables, and what its sections share.
 *
 * The page is HTML5 that is well-formed XML, too.  Nothing from the files reaches it but through
 * put_text() and numbers. */
#ifndef NLL_TOOL_HTML_PAGE_H
#define NLL_TOOL_HTML_PAGE_H

#include "html_run.h"

#include <stdio.h>

/* Colours and marks of series; six more have the same ones hollow. */
enum { SERIES = 6, KEYS = 2 * SERIES };

struct page {
    FILE *out;
    const struct runs *runs;
};

/* Sections; each writes its contents below a heading, or a line on what the files lack. */
void section_machines(struct page *page);
void section_roofs(struct page *page);
void section_sizes(struct page *page);
void section_roofline(struct page *page);
void section_threads(struct page *page);
void section_isas(struct page *page);
void section_accuracy(struct page *page);
void section_bits(struct page *page);
void section_peers(struct page *page);
void section_raw(struct page *page);

/* Everything into a buffer that the caller frees; NULL: out of memory. */
char *page_make(const struct runs *runs, size_t *size);

/* html_text.c: markup as it is, and text escaped. */
__attribute__((format(printf, 2, 3))) void put(struct page *page, const char *format, ...);
void put_text(struct page *page, const char *text);
/* At most so many characters, then an ellipsis. */
void put_short(struct page *page, const char *text, size_t most);
/* "categorical f32 forward 4096x1000" of the fields first..last, empty ones left out. */
void put_work(struct page *page, const struct result *result, enum field first, enum field last);
/* What it is, and how many elements per second. */
void put_rate(struct page *page, const struct result *result);
/* The same with bytes per second, and their share of the roof if known: the text of tooltips. */
void put_rates(struct page *page, const struct result *result);
/* Three significant digits: 0.123, 4.56, 78.9, 1230. */
void put_number(struct page *page, double value);
/* 64 KiB, 1.5 GiB */
void put_bytes(struct page *page, double bytes);
/* What lacks and how to get it. */
void put_missing(struct page *page, const char *what, const char *remedy);
/* <details><summary> around what follows, until "</details>". */
void put_details(struct page *page, bool open);

/* The next result from `from` on that passes, or the number of results. */
typedef bool (*result_test)(const struct result *result);
/* A copy of the results that pass, in order; the caller frees it.  count 0: none, or no memory. */
const struct result **page_select(const struct page *page, result_test test, size_t *count);
/* The words of a field that occur among the results, in their order; the caller frees them.
 * used 0: none, or no memory. */
size_t *page_words(const struct page *page, enum field field, const struct result **results,
                   size_t count, size_t *used);

#endif
