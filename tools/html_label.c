/* html_label.c: names of machines, short enough for a chart. */
#include "html_run.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST = 31, SHORTEST_TOKEN = 2, LONGEST_TOKEN = 12 };

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The next word of *text, moving behind it; NULL after the last. */
static const char *next_word(const char **text, size_t *length) {
    const char *word = *text + strspn(*text, " \t");
    *length = strcspn(word, " \t");
    *text = word + *length;
    return *length ? word : NULL;
}

/* "64-Core", "CPU", "Processor": say nothing about which CPU it is. */
static bool is_idle(const char *word, size_t length) {
    static const char *const words[] = {"CPU", "Processor", "processor"};
    size_t digits = strspn(word, "0123456789");
    if (digits && length == digits + 5 && strncmp(word + digits, "-Core", 5) == 0) return true;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i]) == length && strncmp(word, words[i], length) == 0) return true;
    return false;
}

/* The bytes of a text, at most so many, that cut no character of UTF-8 apart. */
static int whole(const char *text, size_t most) {
    size_t length = strnlen(text, most + 1);
    if (length <= most) return (int)length;
    while (most && ((unsigned char)text[most] & 0xc0) == 0x80) most--;
    return (int)most;
}

/* "Intel(R) Xeon(R) Platinum 8480+ CPU @ 2.00GHz": "Intel Xeon Platinum 8480+". */
static void shorten(const char *cpu, char label[RUN_LABEL]) {
    /* room for what whole() cuts off again */
    enum { ROOM = LONGEST + 4 };
    size_t used = 0, length;
    for (const char *word; (word = next_word(&cpu, &length)) && *word != '@';) {
        if (is_idle(word, length)) continue;
        if (used && used < ROOM) label[used++] = ' ';
        for (size_t i = 0; i < length && used < ROOM; i++) {
            if (word[i] == '(') { /* (R), (TM) */
                size_t close = strcspn(word + i, ")");
                if (close <= 3 && i + close < length) {
                    i += close;
                    continue;
                }
            }
            label[used++] = word[i];
        }
    }
    label[used] = '\0';
    label[whole(label, LONGEST)] = '\0';
    if (!*label) memcpy(label, "?", sizeof "?");
}

/* The word with the number in it, "8480+", else the label. */
static void abbreviate(const char label[RUN_LABEL], char brief[RUN_LABEL]) {
    size_t length;
    const char *rest = label;
    for (const char *word; (word = next_word(&rest, &length));) {
        size_t digit = strcspn(word, "0123456789");
        if (digit >= length || length < SHORTEST_TOKEN || length > LONGEST_TOKEN) continue;
        memcpy(brief, word, length);
        brief[length] = '\0';
        return;
    }
    memcpy(brief, label, RUN_LABEL);
}

void runs_label(struct runs *runs) {
    char cpu[RUNS_MOST][RUN_LABEL], brief[RUNS_MOST][RUN_LABEL], buffer[RUN_LABEL];
    for (size_t i = 0; i < runs->count; i++) {
        const char *name = run_text(&runs->items[i], "cpu", buffer, sizeof buffer);
        shorten(name ? name : base_name(runs->items[i].path), cpu[i]);
        abbreviate(cpu[i], brief[i]);
    }
    for (size_t i = 0; i < runs->count; i++) {
        bool twice = false, brief_twice = false;
        for (size_t k = 0; k < runs->count; k++) {
            if ((k < runs->machines) != (i < runs->machines)) continue; /* peers beside it */
            twice |= k != i && strcmp(cpu[k], cpu[i]) == 0;
            brief_twice |= k != i && strcmp(brief[k], brief[i]) == 0;
        }
        struct run *run = &runs->items[i];
        snprintf(run->label, RUN_LABEL, twice ? "%.31s #%zu" : "%.31s", cpu[i], i + 1);
        snprintf(run->brief, RUN_LABEL, brief_twice ? "%.*s #%zu" : "%.*s",
                 whole(brief[i], brief_twice ? 9 : 12), brief[i], i + 1);
    }
}
