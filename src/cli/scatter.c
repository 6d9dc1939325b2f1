/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/scatter.h"

#include <stdlib.h>
#include "platform/random.h"

/* Below, reads and requests are too many for what they bring. */
#define SPAN_MIN (256u << 10)

/* A part begins with a segment: a machine that has a piece of one is not asked for any of it. */
static size_t cut(const struct content_info *info, struct fetch_span *spans)
{
    uint64_t size = info->range_end - info->range_start;
    uint64_t least = size / SCATTER_MAX > SPAN_MIN ? size / SCATTER_MAX : SPAN_MIN;
    struct content_info_cursor cursor;
    struct content_info_segment segment;
    size_t count = 0;
    content_info_begin(info, &cursor);
    while (content_info_next(&cursor, &segment)) {
        if (count == 0)
            spans[count++].begin = info->range_start;
        else if (segment.offset - spans[count - 1].begin >= least && count < SCATTER_MAX)
            spans[count++].begin = segment.offset;
    }
    for (size_t i = 0; i < count; i++)
        spans[i].end = i + 1 < count ? spans[i + 1].begin : info->range_end;
    return count;
}

DWORD scatter_segments(const struct content_info *info, struct fetch_span **found, size_t *count)
{
    struct fetch_span *spans = calloc(SCATTER_MAX, sizeof(*spans));
    uint32_t random[SCATTER_MAX] = {0};
    if (spans == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    *count = cut(info, spans);
    /* Without random numbers the order is the content's, which is no worse than none. */
    if (random_bytes(random, sizeof(random)))
        for (size_t i = *count; i > 1; i--) {
            size_t other = random[i - 1] % i;
            struct fetch_span span = spans[other];
            spans[other] = spans[i - 1];
            spans[i - 1] = span;
        }
    *found = spans;
    return ERROR_SUCCESS;
}
