/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far what is missing, or what is there, goes on: the lengths that reads answer with besides
 * data. */
#include "engine/content_internal.h"

#include <stdlib.h>
#include <string.h>

enum pd_status content_locate(struct content *content, const struct segment_window *window,
                              const struct window_block *from, struct cache_place *places)
{
    struct cache_query queries[SEGMENT_WINDOW_MAX];
    size_t count = 0;
    uint32_t number = (uint32_t)(from->segment - window->segments);
    for (; number < window->segment_count; number++) {
        const struct window_segment *segment = &window->segments[number];
        uint32_t first = segment->first_block, end = segment->first_block + segment->block_count;
        if (segment == from->segment && from->number > first)
            first = from->number < end ? from->number : end;
        if (first == end)
            continue;
        queries[count++] = (struct cache_query){
            .segment = &segment->segment,
            .first = first,
            .count = end - first,
            .places = places + segment->first_entry + (first - segment->first_block),
        };
    }
    return cache_locate(content->cache->store, queries, count);
}

/* A block that is on its way into the cache; the source is told when it has come, where `tell`. */
static bool is_staged(struct content *content, const struct window_block *block, bool tell)
{
    return block->listed && block_intake_holds(content->cache->intake, &block->segment->segment,
                                               block->number, tell ? &content->source : NULL);
}

/* One window: *offset moves to the first block that is there, or is not (`present`), or to where
 * the window or the search ends; true: it was found. What is on its way counts as there, but for
 * `present` false also as the end: *staged. */
static bool find_in_window(struct content *content, struct segment_window *window,
                           struct cache_place *places, uint64_t limit, bool present,
                           uint64_t *offset, bool *staged)
{
    while (*offset < limit && *offset < window->end) {
        struct window_block block = segment_window_block(window, *offset);
        bool there = block.listed && places[block.entry].file != 0;
        bool coming = !there && is_staged(content, &block, !present);
        if (!present && coming)
            *staged = true;
        if (present ? there || coming : !there)
            return true;
        *offset = block.offset + block.length;
    }
    return false;
}

/* Where, from offset on, the first block is that is there, or is not; at most at limit. */
static uint64_t find(struct content *content, uint64_t offset, uint64_t limit, bool present,
                     bool *staged)
{
    bool found = false;
    while (!found && offset < limit) {
        struct segment_window *window;
        if (content_window(content, offset, &window) != PD_OK)
            return limit;
        struct cache_place *places = calloc(window->entry_count + 1, sizeof(*places));
        if (places == NULL) { /* claim to have less */
            segment_window_release(window);
            return present ? limit : offset;
        }
        uint64_t begin = offset;
        unsigned batches;
        do { /* a block that leaves the intake between the two looks is in neither */
            batches = block_intake_batches(content->cache->intake);
            struct window_block block = segment_window_block(window, begin);
            if (content_locate(content, window, &block, places) != PD_OK)
                memset(places, 0, window->entry_count * sizeof(*places));
            offset = begin;
            *staged = false;
            found = find_in_window(content, window, places, limit, present, &offset, staged);
        } while (batches != block_intake_batches(content->cache->intake));
        free(places);
        segment_window_release(window);
    }
    return offset < limit ? offset : limit;
}

static uint64_t limit_from(const struct content *content, uint64_t offset)
{
    uint64_t end = content_info_feed_summary(content->feed)->range_end;
    return end - offset > CONTENT_STRETCH_MAX ? offset + CONTENT_STRETCH_MAX : end;
}

/* Where the block ends that holds offset. */
static uint64_t block_end(struct content *content, uint64_t offset)
{
    struct segment_window *window;
    if (content_window(content, offset, &window) != PD_OK)
        return offset + 1;
    const struct window_block block = segment_window_block(window, offset);
    segment_window_release(window);
    return block.offset + block.length;
}

uint32_t content_missing_length(struct content *content, uint64_t offset)
{
    uint64_t limit = limit_from(content, offset);
    /* The first block is missing, whatever the index says of it, or by now. */
    uint64_t first = block_end(content, offset);
    struct missing_stretch now = {.begin = offset};
    bool staged;
    bool known = cache_foreign_changes(content->cache->store, &now.foreign_changes) == PD_OK;
    now.foreign_writes = block_intake_foreign_writes(content->cache->intake, &content->source);

    mutex_lock(&content->base.lock);
    struct missing_stretch before = content->missing;
    mutex_unlock(&content->base.lock);
    bool same = known && before.foreign_changes == now.foreign_changes &&
                before.foreign_writes == now.foreign_writes;
    if (same && before.begin <= offset && offset < before.end &&
        (!before.open || before.end >= limit)) {
        now.end = before.end < limit ? before.end : limit;
        now.open = before.end > now.end || before.open;
    } else {
        now.end = find(content, first, limit, true, &staged);
        now.open = now.end == limit;
    }
    mutex_lock(&content->base.lock);
    if (known)
        content->missing = now;
    mutex_unlock(&content->base.lock);
    return (uint32_t)(now.end - offset);
}

uint32_t content_present_length(struct content *content, uint64_t offset, bool *staged)
{
    return (uint32_t)(find(content, offset, limit_from(content, offset), false, staged) - offset);
}
