/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AddData: bytes are joined to blocks, whole blocks go to the intake. Copying is done by the
 * calling thread where the intake has room, so that adding costs no hand-over; else by the pool,
 * when there is room again. One thread at a time, in the order of the calls. */
#include "engine/content_internal.h"

#include <stdlib.h>
#include <string.h>

#include "engine/block_data.h"

/* Hands the held block over. False: still no room. */
static bool submit_held(struct content *content)
{
    struct staged_block *block = content->held;
    if (block == NULL)
        return true;
    if (!block_intake_reserve(content->cache->intake, &content->source, block->length))
        return false;
    content->held = NULL;
    block_intake_submit(content->cache->intake, block);
    return true;
}

static struct staged_block *stage(struct content *content, const struct segment_window *window,
                                  const struct window_block *block, uint8_t *data)
{
    struct staged_block *staged = malloc(sizeof(*staged));
    if (staged == NULL) {
        block_data_release(data);
        return NULL;
    }
    *staged = (struct staged_block){
        .source = &content->source,
        .segment = block->segment->segment,
        .offset = block->offset,
        .number = block->number,
        .length = block->length,
        .data = data,
    };
    memcpy(staged->hash, block->hash, window->hash_length);
    return staged;
}

/* What of [offset, offset + length) lies in one block; returns how much that is. Bytes that cannot
 * be verified, or for which there is no memory, are dropped: it is a cache. */
static uint32_t add_piece(struct content *content, uint64_t offset, const uint8_t *bytes,
                          uint32_t length)
{
    struct segment_window *window;
    if (content_window(content, offset, &window) != PD_OK)
        return length;
    struct window_block block = segment_window_block(window, offset);
    uint32_t at = (uint32_t)(offset - block.offset);
    uint32_t part = block.length - at < length ? block.length - at : length;
    uint8_t *data;
    if (block.listed && block_assembly_add(content->assembly, block.offset, block.length, at, bytes,
                                           part, &data) == BLOCK_WHOLE)
        content->held = stage(content, window, &block, data);
    segment_window_release(window);
    return part;
}

/* The part of an operation that lies in the described segments: the rest is passed over. */
static void clip(const struct content *content, const struct operation *operation, uint64_t *offset,
                 uint32_t *left)
{
    const struct content_info_summary *summary = content_info_feed_summary(content->feed);
    *offset = operation->offset + operation->done;
    *left = operation->length - operation->done;
    if (*offset < summary->first_offset) {
        uint64_t before = summary->first_offset - *offset;
        uint32_t passed = before < *left ? (uint32_t)before : *left;
        *offset += passed;
        *left -= passed;
    }
    if (*offset >= summary->end_offset)
        *left = 0;
    else if (*left > summary->end_offset - *offset)
        *left = (uint32_t)(summary->end_offset - *offset);
}

/* Goes on with one operation, in work, without the lock. True: all of it was taken over. */
static bool add(struct content *content, struct operation *operation)
{
    uint64_t offset;
    uint32_t left;
    clip(content, operation, &offset, &left);
    while (left > 0) {
        if (!submit_held(content))
            break;
        uint32_t part =
            add_piece(content, offset, operation->buffer + (offset - operation->offset), left);
        offset += part;
        left -= part;
    }
    operation->done = (uint32_t)(offset - operation->offset);
    /* A block that was just joined is to be seen by reads that follow the completion. */
    return submit_held(content) && left == 0;
}

/* What was known to be missing begins behind what was added, or is not known any more: the blocks
 * that were added may be right or not. With the lock. */
static void note_added(struct content *content, const struct operation *operation)
{
    struct missing_stretch *missing = &content->missing;
    uint64_t end = operation->offset + operation->done;
    if (operation->offset < missing->end && end > missing->begin)
        missing->begin =
            operation->offset <= missing->begin && end < missing->end ? end : missing->end;
}

static struct operation *first_add(struct content *content)
{
    struct operation *operation = content->base.queue.head;
    while (operation != NULL && operation->kind != OPERATION_ADD_DATA)
        operation = operation->next;
    return operation;
}

void content_pump_adds(struct content *content)
{
    struct operation *operation;
    if (content->adding)
        return;
    content->adding = true;
    while (!content->base.dead && (operation = first_add(content)) != NULL) {
        const struct completion done = {.bytes = operation->length};
        uint32_t advances = content->advances;
        operation->in_work = true;
        mutex_unlock(&content->base.lock);
        bool all = add(content, operation);
        mutex_lock(&content->base.lock);
        note_added(content, operation);
        if (all || operation->cancelled || content->base.dead)
            (void)content_finish(content, operation, &done);
        else
            operation->in_work = false;
        /* Room that came while this thread was at it was announced to nobody else. */
        if (!all && content->advances == advances)
            break;
    }
    content->adding = false;
}

enum pd_status content_add_data(struct content *content, uint64_t offset, uint8_t *buffer,
                                uint32_t length, void *block)
{
    struct member *base = &content->base;
    struct operation *operation = operation_create(OPERATION_ADD_DATA, block, base->port);
    if (operation == NULL)
        return PD_NO_MEMORY;
    operation->buffer = buffer;
    operation->length = length;
    operation->offset = offset;

    mutex_lock(&base->lock);
    enum pd_status status = base->dead ? PD_INVALIDATED : runtime_check();
    if (status == PD_OK && content->state != CONTENT_READY)
        status = PD_NOT_INITIALIZED;
    if (status == PD_OK) {
        const struct content_info_summary *summary = content_info_feed_summary(content->feed);
        operation_accept(&base->queue, operation);
        if (length != 0 && summary->known_end && offset >= summary->end_offset) {
            const struct completion beyond = {.status = PD_OUT_OF_BOUNDS};
            operation_complete(&base->queue, operation, &beyond);
        } else {
            content_pump_adds(content);
        }
    }
    mutex_unlock(&base->lock);
    if (status != PD_OK)
        operation_discard(operation);
    return status;
}
