/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Draws the bar in one line that is rewritten in place. */
#include "cli/progress.h"

#include <windows.h>
#include <stdio.h>
#include <string.h>
#include "cli/output.h"

#define BAR_WIDTH    24
#define MAX_COLUMNS  120
#define REDRAW_AFTER 100 /* milliseconds */

void progress_begin(struct progress *progress, uint64_t total)
{
    progress->columns = output_error_columns();
    if (progress->columns > MAX_COLUMNS)
        progress->columns = MAX_COLUMNS;
    progress->total = total;
    progress->start = GetTickCount64();
    progress->drawn = 0;
}

/* The last part of a text that has room for `columns` characters, cut between characters. */
static const char *tail(const char *text, size_t columns)
{
    const char *start = text + strlen(text);
    size_t used = 0;

    while (start > text && used < columns) {
        start--;
        if (((unsigned char)*start & 0xC0) != 0x80)
            used++;
    }
    while (((unsigned char)*start & 0xC0) == 0x80)
        start++;
    return start;
}

static size_t characters(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        if (((unsigned char)*text & 0xC0) != 0x80)
            count++;
    return count;
}

void progress_update(struct progress *progress, uint64_t done, const char *label)
{
    uint64_t now = GetTickCount64();
    double seconds = (double)(now - progress->start) / 1000.0;
    double megabytes = (double)done / 1e6;
    char head[160];
    int used = 0;

    if (progress->columns == 0 || (progress->drawn != 0 && now - progress->drawn < REDRAW_AFTER))
        return;
    progress->drawn = now;
    if (progress->total > 0) {
        double part = (double)done / (double)progress->total;
        int filled = part >= 1.0 ? BAR_WIDTH : (int)(part * BAR_WIDTH);
        used =
            snprintf(head, sizeof(head), "%3d%% [%.*s%*s] ", part >= 1.0 ? 100 : (int)(part * 100),
                     filled, "########################", BAR_WIDTH - filled, "");
    }
    used += snprintf(head + used, sizeof(head) - (size_t)used, "%.1f MB, %.0f MB/s  ", megabytes,
                     seconds > 0 ? megabytes / seconds : 0.0);
    if ((size_t)used + 1 < progress->columns) {
        size_t room = progress->columns - 1 - (size_t)used;
        const char *shown = tail(label, room);
        output_error("\r%s%s%*s", head, shown, (int)(room - characters(shown)), "");
    }
}

void progress_end(struct progress *progress)
{
    if (progress->drawn != 0)
        output_error("\r%*s\r", (int)progress->columns - 1, "");
}
