/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which blocks of a content are wanted of peers: those that a read misses, and for a StreamRead
 * some of what follows. */
#include "engine/content_internal.h"

#include <stdlib.h>
#include <string.h>

#include "engine/block_data.h"
#include "engine/impersonation.h"

/* How far ahead of a StreamRead blocks are fetched: half of what the intake holds. */
#define AHEAD (BLOCK_INTAKE_BYTES / 2)
/* Segments that are asked for at once: two handles may fill what is remembered of segments. */
#define ASK_SEGMENTS 128u

/* ---- Asking ---- */

/* Blocks of one segment within [offset, end) that can be verified and are neither in the cache nor
 * on their way into it. */
static void absent_blocks(struct content *content, struct segment_window *window,
                          const struct cache_place *places, uint64_t *offset, uint64_t end,
                          struct block_set *blocks)
{
    const struct window_segment *segment = segment_window_block(window, *offset).segment;
    memset(blocks, 0, sizeof(*blocks));
    while (*offset < end && *offset < window->end) {
        const struct window_block block = segment_window_block(window, *offset);
        if (block.segment != segment)
            return;
        if (block.listed && places[block.entry].file == 0 &&
            !block_intake_holds(content->cache->intake, &segment->segment, block.number, NULL))
            block_set_add(blocks, block.number);
        *offset = block.offset + block.length;
    }
}

/* As the user. Where *offset does not come to the end, *room is used up. False: nobody is asked. */
static bool ask_in_window(struct content *content, struct segment_window *window, uint64_t *offset,
                          uint64_t end, unsigned *room)
{
    struct cache_place *places = calloc(window->entry_count + 1, sizeof(*places));
    bool asked = places != NULL;
    if (asked) {
        const struct window_block first = segment_window_block(window, *offset);
        /* What cannot be looked up is fetched once more. */
        (void)content_locate(content, window, &first, places);
    }
    while (asked && *room > 0 && *offset < end && *offset < window->end) {
        const struct window_segment *segment = segment_window_block(window, *offset).segment;
        struct block_set blocks;
        absent_blocks(content, window, places, offset, end, &blocks);
        if (block_set_is_empty(&blocks))
            continue;
        --*room;
        asked = peers_ask(&content->peers, window, segment, &blocks);
    }
    free(places);
    return asked;
}

/* Gives the end of what was asked for; 0: nobody is asked. */
static uint64_t ask_peers(struct content *content, uint64_t offset, uint64_t wanted)
{
    uint64_t range_end = content_info_feed_summary(content->feed)->range_end;
    uint64_t end = wanted < range_end - offset ? offset + wanted : range_end;
    unsigned room = ASK_SEGMENTS;
    bool asked = true;
    while (asked && room > 0 && offset < end) {
        struct segment_window *window;
        if (content_window(content, offset, &window) != PD_OK)
            break;
        asked = ask_in_window(content, window, &offset, end, &room);
        segment_window_release(window);
    }
    return asked ? offset : 0;
}

void content_ask_peers(struct content *content, uint64_t offset, uint32_t length, bool stream)
{
    /* A longer read ends where blocks are missing, and what is behind is asked for by the next. */
    uint32_t part = length < AHEAD ? length : AHEAD;
    uint64_t end = ask_peers(content, offset, part + (stream ? AHEAD : 0));
    if (!stream)
        return;
    mutex_lock(&content->base.lock);
    content->peers_end = end;
    mutex_unlock(&content->base.lock);
}

bool content_peers_bring(struct content *content, uint64_t offset)
{
    struct segment_window *window;
    if (!atomic_load(&content->peers.active) || content_window(content, offset, &window) != PD_OK)
        return false;
    const struct window_block block = segment_window_block(window, offset);
    bool comes =
        block.listed && peers_bring(&content->peers, &block.segment->segment, block.number);
    segment_window_release(window);
    return comes;
}

/* ---- Blocks that came ---- */

/* A verified block, kept in memory until the stream has passed it: it need not be looked up, read
 * and verified again. */
struct fetched {
    struct fetched *next; /* by offset */
    uint64_t offset;
    uint32_t length;
    unsigned flushes; /* of the user's cache that happened before */
    uint8_t *data;    /* shared */
};

static void free_fetched(struct fetched *one)
{
    if (one != NULL)
        block_data_release(one->data);
    free(one);
}

static void drop_fetched(struct content *content, struct fetched **link)
{
    struct fetched *one = *link;
    *link = one->next;
    content->fetched_bytes -= one->length;
    free_fetched(one);
}

/* With the lock: what the stream has passed, and what a flush made void. */
static void forget_fetched(struct content *content)
{
    unsigned flushes = atomic_load(&content->cache->flushes);
    struct fetched **link = &content->fetched;
    while (*link != NULL)
        if ((*link)->offset + (*link)->length <= content->position || (*link)->flushes != flushes)
            drop_fetched(content, link);
        else
            link = &(*link)->next;
}

void content_fetched(struct peer_client *client, const struct staged_block *block)
{
    struct content *content = (struct content *)((char *)client - offsetof(struct content, peers));
    struct fetched *fetched = malloc(sizeof(*fetched));
    if (fetched != NULL) {
        fetched->offset = block->offset;
        fetched->length = block->length;
        fetched->flushes = atomic_load(&content->cache->flushes);
        fetched->data = block->data;
        block_data_retain(fetched->data);
    }
    mutex_lock(&content->base.lock);
    forget_fetched(content);
    bool wanted = fetched != NULL && !content->base.dead && block->offset < content->peers_end &&
                  block->offset + block->length > content->position &&
                  content->fetched_bytes + block->length <= AHEAD;
    if (wanted) {
        struct fetched **link = &content->fetched;
        while (*link != NULL && (*link)->offset < fetched->offset)
            link = &(*link)->next;
        fetched->next = *link;
        *link = fetched;
        content->fetched_bytes += fetched->length;
        content->advances++;
        content_wake_fetching(content);
    }
    mutex_unlock(&content->base.lock);
    if (!wanted)
        free_fetched(fetched);
}

uint64_t content_fetched_length(const struct content *content, uint64_t offset)
{
    uint64_t end = offset;
    for (const struct fetched *one = content->fetched; one != NULL && one->offset <= end;
         one = one->next)
        if (one->offset + one->length > end)
            end = one->offset + one->length;
    return end - offset;
}

uint32_t content_copy_fetched(struct content *content, uint64_t offset, uint8_t *buffer,
                              uint32_t length)
{
    uint64_t range_end = content_info_feed_summary(content->feed)->range_end;
    uint32_t copied = 0;
    forget_fetched(content);
    for (const struct fetched *one = content->fetched;
         one != NULL && copied < length && offset < range_end; one = one->next) {
        uint64_t end = one->offset + one->length;
        if (one->offset > offset)
            break;
        if (end <= offset)
            continue;
        uint64_t left = (end < range_end ? end : range_end) - offset;
        uint32_t part = left < length - copied ? (uint32_t)left : length - copied;
        memcpy(buffer + copied, one->data + (offset - one->offset), part);
        copied += part;
        offset += part;
    }
    return copied;
}

void content_fetched_fini(struct content *content)
{
    while (content->fetched != NULL)
        drop_fetched(content, &content->fetched);
}

/* ---- Further ahead ---- */

static void run_ahead(struct task *task)
{
    struct content *content =
        (struct content *)((char *)task - offsetof(struct content, peers_task));
    struct impersonation user;
    mutex_lock(&content->base.lock);
    uint64_t position = content->position, from = content->peers_end;
    bool go = !content->base.dead && from > position && from - position < AHEAD;
    uint64_t end = 0;
    mutex_unlock(&content->base.lock);
    if (go && impersonation_begin_on_pool(&user, content->base.identity.token))
        end = ask_peers(content, from, position + AHEAD - from);
    if (go)
        impersonation_end(&user);
    mutex_lock(&content->base.lock);
    if (go && content->peers_end == from)
        content->peers_end = end;
    content->peers_asking = false;
    mutex_unlock(&content->base.lock);
    content_release(content);
}

void content_stream_peers(struct content *content)
{
    uint64_t range_end = content_info_feed_summary(content->feed)->range_end;
    if (content->peers_asking || content->base.dead || content->peers_end <= content->position ||
        content->peers_end >= range_end || content->peers_end - content->position > AHEAD / 2)
        return;
    content->peers_asking = true;
    content->peers_task.run = run_ahead;
    handle_retain(&content->base.object);
    if (workers_submit(&content->peers_task) == PD_OK)
        return;
    content->peers_asking = false;
    content_release(content); /* not the last: the caller has one */
}
