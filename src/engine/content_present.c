/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading what the cache has: which blocks, where they are, and what comes of it when one of them
 * is no longer what it was. */
#include "engine/content_internal.h"

#include <stdlib.h>
#include <string.h>

#include "engine/block_read.h"

/* Segments of version 2 that are looked up together. */
#define LOOK_AHEAD 32u
/* How often a read goes on after blocks that were not where, or what, they should be. */
#define FAILURES_MAX 8u

struct planned_block {
    struct segment_window *window; /* counted */
    struct window_block block;
};

struct plan {
    uint32_t count;
    struct planned_block blocks[BLOCK_READ_MAX];
    struct block_request requests[BLOCK_READ_MAX];
};

static bool is_partial(const struct content *content, const struct window_block *block,
                       uint64_t offset, uint32_t space)
{
    return offset != block->offset || space < block->length ||
           block->length > content_info_feed_summary(content->feed)->range_end - offset;
}

/* With the lock: what was seen before the last flush counts no more. */
static void forget_flushed(const struct content *content, struct segment_window *window)
{
    unsigned flushes = atomic_load(&content->cache->flushes);
    if (window->flushes == flushes)
        return;
    window->flushes = flushes;
    memset(window->places, 0, window->entry_count * sizeof(*window->places));
}

static struct cache_place known_place(struct content *content, struct segment_window *window,
                                      uint32_t entry)
{
    mutex_lock(&content->base.lock);
    forget_flushed(content, window);
    struct cache_place place = window->places[entry];
    mutex_unlock(&content->base.lock);
    return place;
}

/* Asks the cache for this block and some that follow. */
static void look_up(struct content *content, struct segment_window *window,
                    const struct window_block *block)
{
    struct cache_query queries[LOOK_AHEAD];
    size_t count = 0;
    uint32_t first = block->entry, end = first;
    uint32_t number = (uint32_t)(block->segment - window->segments);
    struct cache_place *places = calloc(window->entry_count - first, sizeof(*places));
    if (places == NULL)
        return;
    mutex_lock(&content->base.lock);
    forget_flushed(content, window); /* a flush from now on voids what is found */
    unsigned flushes = window->flushes;
    mutex_unlock(&content->base.lock);
    for (; number < window->segment_count && count < LOOK_AHEAD; number++) {
        const struct window_segment *segment = &window->segments[number];
        uint32_t skipped = segment == block->segment ? first - segment->first_entry : 0;
        queries[count++] = (struct cache_query){
            .segment = &segment->segment,
            .first = segment->first_block + skipped,
            .count = segment->block_count - skipped,
            .places = places + (end - first),
        };
        end += segment->block_count - skipped;
    }
    if (cache_locate(content->cache->store, queries, count) == PD_OK) {
        mutex_lock(&content->base.lock);
        if (window->flushes == flushes)
            memcpy(window->places + first, places, (end - first) * sizeof(*places));
        mutex_unlock(&content->base.lock);
    }
    free(places);
}

/* False: it is not in the cache, or (*staged) not yet. */
static bool find_place(struct content *content, struct segment_window *window,
                       const struct window_block *block, bool first, struct cache_place *place,
                       bool *staged)
{
    if (!block->listed)
        return false;
    *place = known_place(content, window, block->entry);
    if (place->file != 0)
        return true;
    /* In this order: a block that leaves the intake in between is found in the cache. */
    *staged = block_intake_holds(content->cache->intake, &block->segment->segment, block->number,
                                 first ? &content->source : NULL);
    if (*staged)
        return false;
    look_up(content, window, block);
    *place = known_place(content, window, block->entry);
    return place->file != 0;
}

/* Collects blocks from offset on as far as they are there and fit into the buffer; a partial one
 * goes to `bounce`, and alone. `progress`: something was read before. */
static bool make_plan(struct content *content, uint64_t offset, uint8_t *buffer, uint32_t space,
                      uint8_t *bounce, bool progress, struct plan *plan)
{
    uint64_t range_end = content_info_feed_summary(content->feed)->range_end;
    bool staged = false;
    plan->count = 0;
    while (plan->count < BLOCK_READ_MAX && space > 0 && offset < range_end) {
        struct planned_block *planned = &plan->blocks[plan->count];
        struct cache_place place;
        bool started = progress || plan->count > 0;
        if (content_window(content, offset, &planned->window) != PD_OK)
            break;
        const struct window_block block = segment_window_block(planned->window, offset);
        bool partial = is_partial(content, &block, offset, space);
        if ((partial && started) ||
            !find_place(content, planned->window, &block, !started, &place, &staged)) {
            segment_window_release(planned->window);
            break;
        }
        struct segment_scheme scheme = block.segment->segment.scheme;
        planned->block = block;
        plan->requests[plan->count++] = (struct block_request){
            .place = place,
            .length = block.length,
            .out = partial ? bounce : buffer,
            .hash = block.hash,
            .hash_length = planned->window->hash_length,
            .algorithm = scheme.algorithm,
        };
        if (partial)
            break;
        offset += block.length;
        buffer += block.length;
        space -= block.length;
    }
    return staged;
}

/* The first blocks that are good; others are struck from what is known, bad ones from the cache. */
static uint32_t settle_plan(struct content *content, struct plan *plan)
{
    bool used[BLOCK_READ_MAX] = {false};
    uint32_t good = 0;
    while (good < plan->count && plan->requests[good].verdict == BLOCK_GOOD)
        good++;
    mutex_lock(&content->base.lock);
    for (uint32_t i = 0; i < plan->count; i++) {
        struct window_segment *segment = plan->blocks[i].block.segment;
        struct cache_place *known = &plan->blocks[i].window->places[plan->blocks[i].block.entry];
        if (plan->requests[i].verdict != BLOCK_GOOD) {
            *known = (struct cache_place){0};
        } else if (!segment->touched) {
            segment->touched = true;
            used[i] = true;
        }
    }
    mutex_unlock(&content->base.lock);
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct window_block *block = &plan->blocks[i].block;
        if (used[i])
            cache_touch(content->cache->store, &block->segment->segment);
        /* One that only moved meanwhile stands somewhere else in the index, and stays. */
        if (plan->requests[i].verdict == BLOCK_BAD || plan->requests[i].verdict == BLOCK_GONE)
            (void)cache_drop(content->cache->store, &block->segment->segment, block->number,
                             &plan->requests[i].place);
    }
    return good;
}

/* Makes the buffer the one of the recent block; *bounce is the former one's. With the lock. */
static void keep_recent(struct content *content, const struct window_block *block, uint8_t **bounce)
{
    struct recent_block *recent = &content->recent;
    uint8_t *former = recent->data;
    *recent = (struct recent_block){block->offset, block->length, *bounce,
                                    atomic_load(&content->cache->flushes)};
    *bounce = former;
}

uint32_t content_copy_recent(struct content *content, uint64_t offset, uint8_t *buffer,
                             uint32_t length)
{
    const struct recent_block *recent = &content->recent;
    uint64_t range_end = content_info_feed_summary(content->feed)->range_end;
    if (offset < recent->offset || offset - recent->offset >= recent->length ||
        recent->flushes != atomic_load(&content->cache->flushes) || offset >= range_end)
        return 0;
    uint32_t at = (uint32_t)(offset - recent->offset);
    uint32_t part = recent->length - at < length ? recent->length - at : length;
    if (part > range_end - offset)
        part = (uint32_t)(range_end - offset);
    memcpy(buffer, recent->data + at, part);
    return part;
}

/* One plan, carried out. Returns the bytes that it brought; *failed: some block was not good. */
static uint32_t read_plan(struct content *content, struct plan *plan, uint64_t offset,
                          uint8_t *buffer, uint32_t space, bool alone, uint8_t **bounce,
                          bool *failed)
{
    uint32_t bytes = 0;
    block_read(content->cache->store, content->base.identity.token, plan->requests, plan->count,
               alone);
    bool partial = plan->requests[0].out == *bounce;
    uint32_t good = settle_plan(content, plan);
    *failed = good < plan->count;
    if (partial && good == 1) {
        mutex_lock(&content->base.lock);
        keep_recent(content, &plan->blocks[0].block, bounce);
        bytes = content_copy_recent(content, offset, buffer, space);
        if (bytes == 0) /* flushed just now */
            *failed = true;
        mutex_unlock(&content->base.lock);
    } else {
        for (uint32_t i = 0; i < good; i++)
            bytes += plan->requests[i].length;
    }
    return bytes;
}

struct present content_read_present(struct content *content, uint64_t offset, uint8_t *buffer,
                                    uint32_t length, bool alone)
{
    struct present result = {0};
    unsigned failures = 0;
    struct plan *plan = malloc(sizeof(*plan));
    uint8_t *bounce = malloc(SEGMENT_MAX_SIZE_V2);
    while (plan != NULL && bounce != NULL && result.bytes < length && failures < FAILURES_MAX) {
        uint32_t space = length - result.bytes;
        bool failed = false;
        bool staged = make_plan(content, offset + result.bytes, buffer + result.bytes, space,
                                bounce, result.bytes > 0, plan);
        if (plan->count == 0) {
            result.staged = staged;
            break;
        }
        result.bytes += read_plan(content, plan, offset + result.bytes, buffer + result.bytes,
                                  space, alone, &bounce, &failed);
        failures += failed ? 1 : 0;
        for (uint32_t i = 0; i < plan->count; i++)
            segment_window_release(plan->blocks[i].window);
        if (bounce == NULL)
            bounce = malloc(SEGMENT_MAX_SIZE_V2);
    }
    free(bounce);
    free(plan);
    return result;
}

uint32_t content_whole_blocks(struct content *content, uint64_t offset, uint32_t length)
{
    uint64_t range_end = content_info_feed_summary(content->feed)->range_end;
    uint32_t bytes = 0;
    while (bytes < length && offset < range_end) {
        struct segment_window *window;
        if (content_window(content, offset, &window) != PD_OK)
            break;
        bool full = false;
        while (!full && offset < window->end && offset < range_end) {
            struct window_block block = segment_window_block(window, offset);
            uint32_t rest = (uint32_t)(block.offset + block.length - offset);
            full = rest > length - bytes && bytes > 0;
            if (!full) {
                bytes += rest;
                offset += rest;
                full = bytes >= length;
            }
        }
        segment_window_release(window);
        if (full)
            break;
    }
    return bytes;
}
