/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/block_data.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "platform/thread.h"

/* Kept are those that a block of version 1.0 and its padding need: smaller ones cost little. */
#define KEPT_LEAST 32768u
#define KEPT_ROOM  66048u
#define KEPT_MAX   64u

struct block_data {
    struct block_data *next; /* while it is kept */
    atomic_uint references;
    bool usual; /* of KEPT_ROOM */
    uint8_t bytes[];
};

static struct {
    struct mutex lock; /* guards everything here */
    struct block_data *head;
    unsigned count;
} kept = {.lock = MUTEX_INITIALIZER};

static struct block_data *take_kept(void)
{
    mutex_lock(&kept.lock);
    struct block_data *one = kept.head;
    if (one != NULL) {
        kept.head = one->next;
        kept.count--;
    }
    mutex_unlock(&kept.lock);
    return one;
}

static bool keep(struct block_data *one)
{
    mutex_lock(&kept.lock);
    bool room = kept.count < KEPT_MAX;
    if (room) {
        one->next = kept.head;
        kept.head = one;
        kept.count++;
    }
    mutex_unlock(&kept.lock);
    return room;
}

static struct block_data *of_bytes(uint8_t *data)
{
    return (struct block_data *)(data - offsetof(struct block_data, bytes));
}

uint8_t *block_data_create(size_t size)
{
    bool usual = size >= KEPT_LEAST && size <= KEPT_ROOM;
    struct block_data *one = usual ? take_kept() : NULL;
    if (one == NULL && size <= SIZE_MAX - sizeof(*one))
        one = malloc(sizeof(*one) + (usual ? KEPT_ROOM : size));
    if (one == NULL)
        return NULL;
    one->usual = usual;
    atomic_init(&one->references, 1);
    return one->bytes;
}

void block_data_retain(uint8_t *data)
{
    atomic_fetch_add(&of_bytes(data)->references, 1);
}

void block_data_release(uint8_t *data)
{
    if (data == NULL || atomic_fetch_sub(&of_bytes(data)->references, 1) != 1)
        return;
    if (!of_bytes(data)->usual || !keep(of_bytes(data)))
        free(of_bytes(data));
}

void block_data_trim(void)
{
    struct block_data *one;
    while ((one = take_kept()) != NULL)
        free(one);
}
