/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Slots in chunks that never move or shrink; freed slots wait in a queue, so that a slot's next
 * use, with another generation, comes as late as possible. */
#include "async/handle_table.h"

#include <stdlib.h>

#include "platform/thread.h"

/* value = (generation << SLOT_BITS | slot) << 2 */
#define SLOT_BITS       19u
#define SLOT_COUNT_MAX  (1u << SLOT_BITS)
#define GENERATION_BITS 11u
#define GENERATION_MAX  ((1u << GENERATION_BITS) - 1u)
#define CHUNK_SLOTS     1024u
#define CHUNK_COUNT_MAX (SLOT_COUNT_MAX / CHUNK_SLOTS)
#define NO_SLOT         UINT32_MAX
/* A freed slot is not used again before this many others are free. */
#define FREE_SLOTS_KEPT 512u

struct slot {
    struct handle_object *object; /* NULL: free */
    uint32_t generation;          /* 1 to GENERATION_MAX, of the present or the next use */
    uint32_t next_free;
};

static struct {
    struct mutex lock; /* guards everything here */
    struct slot *chunks[CHUNK_COUNT_MAX];
    uint32_t slot_count;
    uint32_t free_count;
    uint32_t free_head, free_tail;
} table = {.lock = MUTEX_INITIALIZER, .free_head = NO_SLOT, .free_tail = NO_SLOT};

void handle_object_init(struct handle_object *object, enum handle_kind kind,
                        void (*destroy)(struct handle_object *object))
{
    object->kind = kind;
    object->destroy = destroy;
    atomic_init(&object->references, 1);
}

void handle_retain(struct handle_object *object)
{
    atomic_fetch_add_explicit(&object->references, 1, memory_order_relaxed);
}

void handle_release(struct handle_object *object)
{
    if (atomic_fetch_sub_explicit(&object->references, 1, memory_order_acq_rel) == 1)
        object->destroy(object);
}

static struct slot *slot_at(uint32_t index)
{
    return &table.chunks[index / CHUNK_SLOTS][index % CHUNK_SLOTS];
}

static uint32_t take_slot(void)
{
    if (table.free_count > FREE_SLOTS_KEPT ||
        (table.free_count > 0 && table.slot_count == SLOT_COUNT_MAX)) {
        uint32_t index = table.free_head;
        table.free_head = slot_at(index)->next_free;
        if (table.free_head == NO_SLOT)
            table.free_tail = NO_SLOT;
        table.free_count--;
        return index;
    }
    if (table.slot_count == SLOT_COUNT_MAX)
        return NO_SLOT;
    uint32_t chunk = table.slot_count / CHUNK_SLOTS;
    if (table.chunks[chunk] == NULL) {
        table.chunks[chunk] = calloc(CHUNK_SLOTS, sizeof(struct slot));
        if (table.chunks[chunk] == NULL)
            return NO_SLOT;
    }
    slot_at(table.slot_count)->generation = 1;
    return table.slot_count++;
}

uintptr_t handle_open(struct handle_object *object)
{
    uintptr_t value = 0;
    mutex_lock(&table.lock);
    uint32_t index = take_slot();
    if (index != NO_SLOT) {
        struct slot *slot = slot_at(index);
        handle_retain(object);
        slot->object = object;
        value = (uintptr_t)(slot->generation << SLOT_BITS | index) << 2;
    }
    mutex_unlock(&table.lock);
    return value;
}

/* The slot that a value names, whatever is in it now. */
static struct slot *find_slot(uintptr_t value)
{
    if (value > UINT32_MAX || (value & 3u) != 0)
        return NULL;
    uint32_t packed = (uint32_t)value >> 2;
    uint32_t index = packed & (SLOT_COUNT_MAX - 1u);
    if (index >= table.slot_count)
        return NULL;
    struct slot *slot = slot_at(index);
    return slot->object != NULL && slot->generation == packed >> SLOT_BITS ? slot : NULL;
}

struct handle_object *handle_acquire(uintptr_t value, enum handle_kind kind)
{
    struct handle_object *object = NULL;
    mutex_lock(&table.lock);
    struct slot *slot = find_slot(value);
    if (slot != NULL && slot->object->kind == kind) {
        object = slot->object;
        handle_retain(object);
    }
    mutex_unlock(&table.lock);
    return object;
}

bool handle_close(uintptr_t value, const struct handle_object *object)
{
    bool closed = false;
    mutex_lock(&table.lock);
    struct slot *slot = find_slot(value);
    if (slot != NULL && slot->object == object) {
        uint32_t index = ((uint32_t)value >> 2) & (SLOT_COUNT_MAX - 1u);
        slot->object = NULL;
        slot->generation = slot->generation == GENERATION_MAX ? 1 : slot->generation + 1;
        slot->next_free = NO_SLOT;
        if (table.free_tail != NO_SLOT)
            slot_at(table.free_tail)->next_free = index;
        else
            table.free_head = index;
        table.free_tail = index;
        table.free_count++;
        closed = true;
    }
    mutex_unlock(&table.lock);
    return closed;
}

void handle_table_fini(void)
{
    for (uint32_t i = 0; i < CHUNK_COUNT_MAX; i++)
        free(table.chunks[i]);
}
