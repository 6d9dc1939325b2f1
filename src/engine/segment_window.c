/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loading windows, and finding blocks in them. */
#include "engine/segment_window.h"

#include <stdlib.h>
#include <string.h>

static enum pd_status describe(const struct content_info_feed *feed,
                               const struct content_info_entry *entry, struct window_segment *out)
{
    struct segment_scheme scheme = content_info_feed_summary(feed)->scheme;
    *out = (struct window_segment){
        .segment = {.scheme = scheme, .size = entry->size},
        .offset = entry->offset,
        .first_block = entry->first_block,
        .block_count = entry->block_count,
    };
    memcpy(out->segment.hod, entry->hod, segment_value_size(scheme));
    memcpy(out->segment.secret, entry->secret, segment_value_size(scheme));
    return segment_derive_id(scheme, entry->secret, entry->hod, out->segment.id);
}

static void destroy(struct segment_window *window)
{
    secure_wipe(window->segments, window->segment_count * sizeof(window->segments[0]));
    free(window->hashes);
    free(window->places);
    free(window);
}

/* Hashes of all listed blocks, one segment after another. */
static enum pd_status load_hashes(const struct content_info_feed *feed,
                                  struct content_info_entry *entry, struct segment_window *window)
{
    enum pd_status status = PD_OK;
    window->hashes = malloc((size_t)window->entry_count * window->hash_length);
    window->places = calloc(window->entry_count, sizeof(*window->places));
    if (window->entry_count > 0 && (window->hashes == NULL || window->places == NULL))
        return PD_NO_MEMORY;
    for (uint32_t i = 0; status == PD_OK && i < window->segment_count; i++) {
        const struct window_segment *segment = &window->segments[i];
        uint8_t *out = window->hashes + (size_t)segment->first_entry * window->hash_length;
        if (segment->segment.scheme.version == 2)
            memcpy(out, segment->segment.hod, window->hash_length);
        else if (segment->block_count > 0) /* a window of version 1 has one segment: entry's */
            status = content_info_feed_hashes(feed, entry, segment->first_block,
                                              segment->block_count, out);
    }
    return status;
}

enum pd_status segment_window_load(const struct content_info_feed *feed, uint64_t offset,
                                   struct segment_window **loaded)
{
    const struct content_info_summary *summary = content_info_feed_summary(feed);
    uint32_t room = summary->scheme.version == 1 ? 1 : SEGMENT_WINDOW_MAX;
    struct content_info_entry entry;
    enum pd_status status = content_info_feed_find(feed, offset, &entry);
    if (status != PD_OK)
        return status;
    struct segment_window *window = calloc(1, sizeof(*window) + room * sizeof(window->segments[0]));
    if (window == NULL)
        return PD_NO_MEMORY;
    atomic_init(&window->references, 1);
    window->begin = entry.offset;
    window->hash_length = summary->scheme.version == 1 ? hash_size(summary->scheme.algorithm)
                                                       : segment_value_size(summary->scheme);
    for (;;) {
        struct window_segment *segment = &window->segments[window->segment_count];
        status = describe(feed, &entry, segment);
        if (status != PD_OK)
            break;
        segment->first_entry = window->entry_count;
        window->entry_count += segment->block_count;
        window->end = entry.offset + entry.size;
        if (++window->segment_count == room)
            break;
        status = content_info_feed_next(feed, &entry);
        if (status != PD_OK)
            break;
    }
    if (status == PD_OK || status == PD_NO_MORE)
        status = load_hashes(feed, &entry, window);
    secure_wipe(&entry, sizeof(entry));
    if (status != PD_OK) {
        destroy(window);
        return status;
    }
    *loaded = window;
    return PD_OK;
}

void segment_window_retain(struct segment_window *window)
{
    atomic_fetch_add_explicit(&window->references, 1, memory_order_relaxed);
}

void segment_window_release(struct segment_window *window)
{
    if (window != NULL &&
        atomic_fetch_sub_explicit(&window->references, 1, memory_order_acq_rel) == 1)
        destroy(window);
}

/* Segments are in order and without holes. */
static struct window_segment *find_segment(struct segment_window *window, uint64_t offset)
{
    uint32_t low = 0, high = window->segment_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (window->segments[middle].offset <= offset)
            low = middle;
        else
            high = middle;
    }
    return &window->segments[low];
}

struct window_block segment_window_block(struct segment_window *window, uint64_t offset)
{
    struct window_segment *segment = find_segment(window, offset);
    uint32_t within = (uint32_t)(offset - segment->offset);
    struct window_block block = {.segment = segment};
    block.number = segment->segment.scheme.version == 1 ? within / BLOCK_SIZE_V1 : 0;
    block.length = cache_block_size(&segment->segment, block.number);
    block.offset = segment->offset + (uint64_t)block.number * BLOCK_SIZE_V1;
    block.listed = block.number >= segment->first_block &&
                   block.number - segment->first_block < segment->block_count;
    if (block.listed) {
        block.entry = segment->first_entry + (block.number - segment->first_block);
        block.hash = window->hashes + (size_t)block.entry * window->hash_length;
    }
    return block;
}
