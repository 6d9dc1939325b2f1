/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading and comparing. */
#include "engine/block_read.h"

#include <string.h>

#include "core/hash/hash_many.h"
#include "engine/shares.h"

struct job {
    struct cache_store *store;
    struct block_request *requests;
};

/* Blocks that stand side by side in the file and in memory are one read. */
static void read_bytes(struct cache_store *store, struct block_request *requests, uint32_t count)
{
    for (uint32_t i = 0; i < count;) {
        const struct block_request *first = &requests[i];
        size_t length = first->length;
        uint32_t end = i + 1;
        while (end < count && requests[end].place.file == first->place.file &&
               requests[end].place.position == first->place.position + length &&
               requests[end].out == first->out + length)
            length += requests[end++].length;
        bool all = cache_read(store, &first->place, first->out, length) == PD_OK;
        bool alone = end - i == 1;
        for (; i < end; i++) {
            struct block_request *request = &requests[i];
            request->verdict = BLOCK_BAD; /* until it is compared */
            /* One of several may be what ails them. */
            if (!all && (alone || cache_read(store, &request->place, request->out,
                                             request->length) != PD_OK))
                request->verdict = BLOCK_GONE;
        }
    }
}

static void verify(struct block_request *requests, uint32_t count)
{
    struct hash_message messages[SHARE_MAX] = {{0}};
    uint8_t digests[SHARE_MAX][HASH_MAX_SIZE];
    uint32_t numbers[SHARE_MAX], present = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (requests[i].verdict == BLOCK_GONE)
            continue;
        messages[present] =
            (struct hash_message){requests[i].out, requests[i].length, digests[present]};
        numbers[present++] = i;
    }
    bool hashed = hash_many(requests[0].algorithm, messages, present);
    for (uint32_t i = 0; i < present; i++) {
        struct block_request *request = &requests[numbers[i]];
        if (!hashed)
            request->verdict = BLOCK_UNCHECKED;
        else if (memcmp(digests[i], request->hash, request->hash_length) == 0)
            request->verdict = BLOCK_GOOD;
    }
    for (uint32_t i = 0; i < count; i++)
        if (requests[i].verdict != BLOCK_GOOD)
            memset(requests[i].out, 0, requests[i].length);
}

static void read_share(void *context, uint32_t first, uint32_t count)
{
    const struct job *job = context;
    read_bytes(job->store, job->requests + first, count);
    verify(job->requests + first, count);
}

void block_read(struct cache_store *store, void *token, struct block_request *requests,
                uint32_t count, bool alone)
{
    struct job job = {store, requests};
    if (!alone) {
        shares_run(count, token, read_share, &job);
        return;
    }
    for (uint32_t first = 0; first < count; first += SHARE_MAX)
        read_share(&job, first, count - first < SHARE_MAX ? count - first : SHARE_MAX);
}
