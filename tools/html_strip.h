/* html_strip.h: tables whose rows draw dots on one logarithmic axis, numbers beside them. */
#ifndef NLL_TOOL_HTML_STRIP_H
#define NLL_TOOL_HTML_STRIP_H

#include "html_chart.h"

struct dot {
    double value;
    size_t series;
    const char *name; /* in the tooltip */
};

/* The head of a column of strips: the axis with its numbers. */
void strip_axis(struct page *page, const struct axis *axis);
/* The cell of a row. */
void strip_dots(struct page *page, const struct axis *axis, const struct dot *dots, size_t count,
                const char *unit);
/* An axis wide enough for values from..to. */
struct axis strip_over(double from, double to);

#endif
