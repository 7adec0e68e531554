/* html_strip.c: see html_strip.h. */
#include "html_strip.h"

#include <math.h>

enum { WIDTH = 360, HEIGHT = 20 };

struct axis strip_over(double from, double to) {
    return axis_over(from / 1.2, to * 1.2, true, 6, WIDTH - 6);
}

static void put_grid(struct page *page, const struct axis *axis, double from, double to) {
    double ticks[TICKS];
    size_t count = axis_ticks(axis, false, 7, ticks);
    put(page, "<g class=\"axis\">");
    for (size_t i = 0; i < count; i++)
        put(page, "<path d=\"M%.1f %.0fV%.0f\"/>", axis_at(axis, ticks[i]), from, to);
    put(page, "</g>");
}

void strip_axis(struct page *page, const struct axis *axis) {
    double ticks[TICKS];
    size_t count = axis_ticks(axis, false, 7, ticks);
    put(page,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"strip\" viewBox=\"0 0 %d %d\" "
        "aria-hidden=\"true\">",
        WIDTH, HEIGHT);
    put_grid(page, axis, 14, HEIGHT);
    put(page, "<g class=\"axis\">");
    for (size_t i = 0; i < count; i++)
        put(page, "<text class=\"mid\" x=\"%.1f\" y=\"11\">%.6g</text>", axis_at(axis, ticks[i]),
            ticks[i]);
    put(page, "</g></svg>");
}

void strip_dots(struct page *page, const struct axis *axis, const struct dot *dots, size_t count,
                const char *unit) {
    struct chart chart = {.page = page, .width = WIDTH, .height = HEIGHT, .x = *axis};
    double low = HUGE_VAL, high = 0;
    for (size_t i = 0; i < count; i++) {
        low = fmin(low, dots[i].value);
        high = fmax(high, dots[i].value);
    }
    put(page,
        "<td class=\"strip\"><svg xmlns=\"http://www.w3.org/2000/svg\" class=\"strip\" "
        "viewBox=\"0 0 %d %d\" aria-hidden=\"true\">",
        WIDTH, HEIGHT);
    put_grid(page, axis, 0, HEIGHT);
    put(page, "<path class=\"span\" d=\"M%.1f %dH%.1f\"/>", axis_at(axis, low), HEIGHT / 2,
        axis_at(axis, high));
    for (size_t i = count; i-- > 0;) {
        chart_mark(&chart, dots[i].series, axis_at(axis, dots[i].value), HEIGHT / 2.0, false);
        put_text(page, dots[i].name);
        put(page, ": ");
        put_number(page, dots[i].value);
        put(page, " %s</title></path>", unit);
    }
    put(page, "</svg></td>");
}
