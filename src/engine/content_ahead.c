/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading ahead of StreamRead, from the data cache alone. While the application works with one
 * buffer, the next pieces are read and verified, each by one thread with full lanes; a StreamRead
 * then is a copy. What is not there is left to the read that asks for it. */
#include "engine/content_internal.h"

#include <stdlib.h>
#include <string.h>

#include "engine/impersonation.h"

/* So many StreamReads in a row tell that it is worth the while. */
#define STREAK 2u

void content_ahead_fini(struct content *content)
{
    for (unsigned i = 0; i < CONTENT_AHEAD_SLOTS; i++)
        free(content->ahead[i].data);
}

static uint64_t end_of(const struct ahead_slot *slot)
{
    return slot->offset + (slot->state == AHEAD_LOADING ? slot->planned : slot->length);
}

static bool holds(const struct ahead_slot *slot, enum ahead_state state, uint64_t offset)
{
    return slot->state == state && slot->offset <= offset && offset < end_of(slot);
}

static void load(struct task *task)
{
    struct ahead_slot *slot = (struct ahead_slot *)task; /* its first member */
    struct content *content = slot->content;
    struct impersonation user;
    struct present present = {0};
    if (impersonation_begin_on_pool(&user, content->base.identity.token))
        present = content_read_present(content, slot->offset, slot->data, slot->planned, true);
    impersonation_end(&user);
    mutex_lock(&content->base.lock);
    slot->length = present.bytes;
    slot->state = present.bytes > 0 ? AHEAD_READY : AHEAD_EMPTY;
    content_wake_reads(content);
    mutex_unlock(&content->base.lock);
    content_release(content);
}

/* Begins to load into a free slot; false: it cannot. */
static bool begin(struct content *content, struct ahead_slot *slot, uint64_t offset)
{
    if (slot->data == NULL)
        slot->data = malloc(CONTENT_AHEAD_BYTES);
    slot->planned =
        slot->data != NULL ? content_whole_blocks(content, offset, CONTENT_AHEAD_BYTES) : 0;
    if (slot->planned == 0)
        return false;
    slot->content = content;
    slot->offset = offset;
    slot->flushes = atomic_load(&content->cache->flushes);
    slot->state = AHEAD_LOADING;
    slot->task.run = load;
    handle_retain(&content->base.object);
    if (workers_submit(&slot->task) == PD_OK)
        return true;
    slot->state = AHEAD_EMPTY;
    content_release(content); /* not the last: the caller has one */
    return false;
}

void content_streamed(struct content *content, bool data)
{
    uint64_t position = content->position, next = position;
    uint64_t range_end = content_info_feed_summary(content->feed)->range_end;
    content->streak = data ? content->streak + 1 : 0;
    /* What peers send is kept as it comes, and need not be read again. */
    if (content->streak < STREAK || content->base.dead || content->fetched != NULL)
        return;
    /* Slots follow each other from the position on; others are behind it, or of another place. */
    for (bool found = true; found;) {
        found = false;
        for (unsigned i = 0; i < CONTENT_AHEAD_SLOTS; i++)
            if (content->ahead[i].state != AHEAD_EMPTY && content->ahead[i].offset <= next &&
                end_of(&content->ahead[i]) > next) {
                next = end_of(&content->ahead[i]);
                found = true;
            }
    }
    for (unsigned i = 0; i < CONTENT_AHEAD_SLOTS && next < range_end; i++) {
        struct ahead_slot *slot = &content->ahead[i];
        bool ahead = slot->offset < next && end_of(slot) > position;
        if (slot->state == AHEAD_LOADING || (slot->state == AHEAD_READY && ahead))
            continue;
        if (!begin(content, slot, next))
            break;
        next += slot->planned;
    }
}

uint32_t content_copy_ahead(struct content *content, uint64_t offset, uint8_t *buffer,
                            uint32_t length)
{
    uint64_t range_end = content_info_feed_summary(content->feed)->range_end;
    unsigned flushes = atomic_load(&content->cache->flushes);
    uint32_t copied = 0;
    for (bool found = true; found && copied < length && offset < range_end;) {
        found = false;
        for (unsigned i = 0; i < CONTENT_AHEAD_SLOTS && !found; i++) {
            const struct ahead_slot *slot = &content->ahead[i];
            if (!holds(slot, AHEAD_READY, offset) || slot->flushes != flushes)
                continue;
            uint64_t left = end_of(slot) < range_end ? end_of(slot) - offset : range_end - offset;
            uint32_t part = left < length - copied ? (uint32_t)left : length - copied;
            memcpy(buffer + copied, slot->data + (offset - slot->offset), part);
            copied += part;
            offset += part;
            found = true;
        }
    }
    return copied;
}

bool content_is_loading(const struct content *content, uint64_t offset)
{
    unsigned flushes = atomic_load(&content->cache->flushes);
    for (unsigned i = 0; i < CONTENT_AHEAD_SLOTS; i++)
        if (holds(&content->ahead[i], AHEAD_LOADING, offset) &&
            content->ahead[i].flushes == flushes)
            return true;
    return false;
}
