/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unfinished blocks, the one added to last in front. */
#include "engine/block_assembly.h"

#include <stdlib.h>
#include <string.h>

#include "engine/block_data.h"

struct range {
    uint32_t begin, end;
};

struct unfinished {
    struct unfinished *next;
    uint64_t offset;
    uint32_t length;
    uint32_t range_count;
    struct range ranges[BLOCK_ASSEMBLY_PIECES]; /* in order, neither touching nor overlapping */
    uint8_t *data;
};

struct block_assembly {
    struct unfinished *blocks;
    size_t bytes;
};

struct block_assembly *block_assembly_create(void)
{
    return calloc(1, sizeof(struct block_assembly));
}

static void drop(struct block_assembly *assembly, struct unfinished **link)
{
    struct unfinished *block = *link;
    *link = block->next;
    assembly->bytes -= block->length;
    block_data_release(block->data);
    free(block);
}

void block_assembly_destroy(struct block_assembly *assembly)
{
    if (assembly == NULL)
        return;
    while (assembly->blocks != NULL)
        drop(assembly, &assembly->blocks);
    free(assembly);
}

/* Takes the block of that offset out of the list, or begins it; NULL without memory. */
static struct unfinished *take(struct block_assembly *assembly, uint64_t offset, uint32_t length)
{
    struct unfinished **link = &assembly->blocks;
    while (*link != NULL && ((*link)->offset != offset || (*link)->length != length))
        link = &(*link)->next;
    struct unfinished *block = *link;
    if (block != NULL) {
        *link = block->next;
        return block;
    }
    block = calloc(1, sizeof(*block));
    if (block == NULL || (block->data = block_data_create(length)) == NULL) {
        free(block);
        return NULL;
    }
    block->offset = offset;
    block->length = length;
    assembly->bytes += length;
    return block;
}

/* Adds to the ranges. False: they would be too many. */
static bool add_range(struct unfinished *block, uint32_t begin, uint32_t end)
{
    uint32_t first = 0;
    while (first < block->range_count && block->ranges[first].end < begin)
        first++;
    uint32_t last = first; /* those in [first, last) touch the new one */
    while (last < block->range_count && block->ranges[last].begin <= end)
        last++;
    if (first == last && block->range_count == BLOCK_ASSEMBLY_PIECES)
        return false;
    if (first < last) {
        if (block->ranges[first].begin < begin)
            begin = block->ranges[first].begin;
        if (block->ranges[last - 1].end > end)
            end = block->ranges[last - 1].end;
    }
    memmove(&block->ranges[first + 1], &block->ranges[last],
            (block->range_count - last) * sizeof(block->ranges[0]));
    block->range_count = block->range_count - (last - first) + 1;
    block->ranges[first] = (struct range){begin, end};
    return true;
}

/* The blocks added to least recently go, but never the first. */
static void trim(struct block_assembly *assembly)
{
    while (assembly->bytes > BLOCK_ASSEMBLY_BYTES && assembly->blocks->next != NULL) {
        struct unfinished **link = &assembly->blocks->next;
        while ((*link)->next != NULL)
            link = &(*link)->next;
        drop(assembly, link);
    }
}

enum block_assembly_result block_assembly_add(struct block_assembly *assembly, uint64_t offset,
                                              uint32_t block_length, uint32_t at,
                                              const uint8_t *bytes, uint32_t length, uint8_t **data)
{
    struct unfinished *block = take(assembly, offset, block_length);
    if (block == NULL)
        return BLOCK_UNFINISHED;
    if (length > 0 && add_range(block, at, at + length))
        memcpy(block->data + at, bytes, length);
    if (block->range_count == 1 && block->ranges[0].begin == 0 &&
        block->ranges[0].end == block_length) {
        *data = block->data;
        assembly->bytes -= block_length;
        free(block);
        return BLOCK_WHOLE;
    }
    block->next = assembly->blocks;
    assembly->blocks = block;
    trim(assembly);
    return BLOCK_UNFINISHED;
}
