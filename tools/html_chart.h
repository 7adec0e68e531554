/* html_chart.h: charts as inline SVG: axes, lines with bands, marks, labels that do not collide.
 *
 * A chart is a picture of fixed units in a viewBox; the page scales it.  Colours and strokes are
 * classes of the style sheet: s0 .. s5 are series, told apart by colour, dash and mark. */
#ifndef NLL_TOOL_HTML_CHART_H
#define NLL_TOOL_HTML_CHART_H

#include "html_page.h"

enum { TICKS = 24, LABELS = 160 };

struct axis {
    double from, to;   /* values */
    double begin, end; /* where these are drawn */
    bool log;
};

/* POWERS: powers of two on logarithmic axes. */
enum tick_kind { TICKS_NUMBER, TICKS_BYTES, TICKS_POWERS };

/* A rectangle that is taken by a label. */
struct box {
    double x, y, width, height;
};

struct chart {
    struct page *page;
    struct axis x, y;
    double width, height;
    struct box taken[LABELS];
    size_t taken_count;
};

/* Widens the range to round numbers; log axes need values above 0. */
struct axis axis_over(double from, double to, bool log, double begin, double end);
double axis_at(const struct axis *axis, double value);
/* Round values within the axis, about `wanted` of them. */
size_t axis_ticks(const struct axis *axis, bool binary, size_t wanted, double ticks[TICKS]);

/* <svg> and its title: the text and the work; follow with contents and chart_end(). */
void chart_begin(struct chart *chart, const char *title, const struct result *work);
void chart_end(struct chart *chart);
/* Both axes with grid lines and numbers. */
void chart_axes(struct chart *chart, enum tick_kind x_kind, const char *x_name,
                enum tick_kind y_kind, const char *y_name);
/* A line through the points, and a band from low to high where both are known. */
void chart_line(struct chart *chart, size_t series, const double *x, const double *y, size_t count);
void chart_band(struct chart *chart, size_t series, const double *x, const double *low,
                const double *high, size_t count);
/* Opens a mark: put the text of its tooltip, then "</title></path>". */
void chart_mark(struct chart *chart, size_t series, double x, double y, bool hollow);
/* Finds room for a text beside a point, preferably to the right.  False: there is none. */
bool chart_room(struct chart *chart, double x, double y, size_t characters, struct box *box);
/* The ends of lines: moves the heights (in drawing units) apart, keeping their order. */
void chart_spread(double *y, size_t count, double least, double top, double bottom);

#endif
