/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/block_check.h"

#include <string.h>
#include "core/hash/hash_many.h"

#define AT_ONCE 32u

struct checked_block {
    uint64_t begin;
    uint32_t length;
    const uint8_t *hash;
};

void block_check_init(struct block_check *check, const struct content_info *info)
{
    check->info = *info;
    check->found = false;
    content_info_begin(&check->info, &check->cursor);
}

/* Offsets mostly grow: the search goes on from where it was. */
static bool find_segment(struct block_check *check, uint64_t offset)
{
    if (check->found && offset < check->segment.offset)
        block_check_init(check, &check->info);
    while (!check->found || offset - check->segment.offset >= check->segment.size) {
        check->found = content_info_next(&check->cursor, &check->segment);
        if (!check->found || offset < check->segment.offset)
            return false;
    }
    return true;
}

static bool find_block(struct block_check *check, uint64_t offset, struct checked_block *block)
{
    const struct content_info_segment *segment = &check->segment;
    if (!find_segment(check, offset))
        return false;
    *block = (struct checked_block){segment->offset, segment->size, segment->hod};
    if (check->info.scheme.version == 1) {
        uint32_t number = (uint32_t)((offset - segment->offset) / BLOCK_SIZE_V1);
        uint32_t at = number * BLOCK_SIZE_V1;
        if (number < segment->first_block || number - segment->first_block >= segment->block_count)
            return false;
        block->begin += at;
        block->length = segment->size - at < BLOCK_SIZE_V1 ? segment->size - at : BLOCK_SIZE_V1;
        block->hash = segment->block_hashes +
                      (number - segment->first_block) * hash_size(check->info.scheme.algorithm);
    }
    return true;
}

uint32_t block_check_cover(struct block_check *check, uint64_t offset, uint64_t end, uint32_t room,
                           uint64_t *begin)
{
    struct checked_block block;
    uint32_t length = 0;
    *begin = offset;
    for (unsigned i = 0; i < AT_ONCE && offset < end && find_block(check, offset, &block); i++) {
        if (block.length > room - length)
            break;
        if (i == 0)
            *begin = block.begin;
        length += block.length;
        offset = block.begin + block.length;
    }
    return length;
}

bool block_check_verify(struct block_check *check, uint64_t begin, const uint8_t *data,
                        uint32_t length, uint64_t *wrong)
{
    struct checked_block blocks[AT_ONCE];
    struct hash_message messages[AT_ONCE];
    uint8_t digests[AT_ONCE][HASH_MAX_SIZE];
    size_t count = 0, compared = segment_value_size(check->info.scheme);
    *wrong = begin;
    for (uint32_t at = 0; at < length; at += blocks[count++].length) {
        if (count == AT_ONCE || !find_block(check, begin + at, &blocks[count]) ||
            blocks[count].length > length - at)
            return false;
        messages[count] = (struct hash_message){data + at, blocks[count].length, digests[count]};
    }
    if (!hash_many(check->info.scheme.algorithm, messages, count))
        return false;
    for (size_t i = 0; i < count; i++) {
        *wrong = blocks[i].begin;
        if (memcmp(digests[i], blocks[i].hash, compared) != 0)
            return false;
    }
    return true;
}
