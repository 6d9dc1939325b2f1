/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Version 1.0 in pieces ([MS-PCCRC] 2.3): header, descriptions, lists of block hashes. A list that
 * is complete is hashed as it comes and compared with the HoD, which is read back. */
#include "core/content_info_feed_internal.h"

#include <string.h>

static enum hash_algorithm algorithm_of(const struct content_info_feed *feed)
{
    return feed->summary.scheme.algorithm;
}

static uint64_t description_position(const struct content_info_feed *feed, uint64_t index)
{
    return V1_HEADER_SIZE + index * v1_description_size(algorithm_of(feed));
}

static uint32_t segment_size(const struct content_info_feed *feed, uint64_t index)
{
    return index + 1 == feed->listed ? feed->last_size : SEGMENT_SIZE_V1;
}

static enum pd_status look_at_header(struct content_info_feed *feed)
{
    if (!v1_algorithm(load_le32(feed->piece + 2), &feed->summary.scheme.algorithm))
        return PD_CANNOT_PARSE_CONTENT_INFO;
    feed->offset_in_first = load_le32(feed->piece + 6);
    feed->last_bytes = load_le32(feed->piece + 10);
    feed->listed = load_le32(feed->piece + 14);
    if (feed->listed == 0)
        return PD_CANNOT_PARSE_CONTENT_INFO;
    feed_want(feed, FEED_DESCRIPTION, v1_description_size(algorithm_of(feed)));
    return PD_OK;
}

static enum pd_status look_at_description(struct content_info_feed *feed)
{
    if (!v1_check_description(feed->piece, feed->index, &feed->extent.first_offset, &feed->offset,
                              &feed->last_size))
        return PD_CANNOT_PARSE_CONTENT_INFO;
    if (++feed->index < feed->listed) {
        feed_want(feed, FEED_DESCRIPTION, v1_description_size(algorithm_of(feed)));
        return PD_OK;
    }
    if (!v1_resolve_range(&feed->extent, feed->listed, feed->offset_in_first, feed->last_bytes,
                          feed->last_size))
        return PD_CANNOT_PARSE_CONTENT_INFO;
    feed->index = 0;
    feed->offset = feed->extent.first_offset;
    feed_want(feed, FEED_LIST, V1_LIST_FIXED);
    return PD_OK;
}

/* The list, or the one after it, is behind. */
static void end_list(struct content_info_feed *feed)
{
    feed->offset += segment_size(feed, feed->index);
    if (++feed->index == feed->listed)
        feed_want(feed, FEED_END, 0);
    else
        feed_want(feed, FEED_LIST, V1_LIST_FIXED);
}

static enum pd_status look_at_list(struct content_info_feed *feed)
{
    uint32_t listed = load_le32(feed->piece), first_block;
    uint32_t size = segment_size(feed, feed->index);
    if (!v1_place_list(&feed->extent, feed->offset, size, listed, &first_block))
        return PD_CANNOT_PARSE_CONTENT_INFO;
    if (feed->index == 0)
        feed->first_listed = listed;
    feed->last_listed = listed;
    feed->hash_bytes_left = (uint64_t)listed * hash_size(algorithm_of(feed));
    feed->digesting = listed == v1_blocks_in(size);
    if (feed->digesting && feed->digest == NULL &&
        (feed->digest = digest_create(algorithm_of(feed))) == NULL)
        return PD_NO_MEMORY;
    feed_want(feed, FEED_HASHES, 0);
    if (feed->hash_bytes_left == 0)
        end_list(feed);
    return PD_OK;
}

size_t feed_v1_hashes(struct content_info_feed *feed, const uint8_t *data, size_t length)
{
    size_t part = length < feed->hash_bytes_left ? length : (size_t)feed->hash_bytes_left;
    if (feed->digesting)
        digest_update(feed->digest, data, part);
    feed->hash_bytes_left -= part;
    return part;
}

/* Or the public name of the segment would stand for other blocks (2.2). */
static enum pd_status look_at_hashes(struct content_info_feed *feed)
{
    uint8_t computed[HASH_MAX_SIZE], hod[HASH_MAX_SIZE];
    size_t length = hash_size(algorithm_of(feed));
    if (feed->digesting) {
        digest_final(feed->digest, computed);
        enum pd_status status = feed_read(
            feed, description_position(feed, feed->index) + V1_DESCRIPTION_FIXED, hod, length);
        if (status != PD_OK)
            return status;
        if (memcmp(computed, hod, length) != 0)
            return PD_CANNOT_PARSE_CONTENT_INFO;
    }
    end_list(feed);
    return PD_OK;
}

enum pd_status feed_v1_piece(struct content_info_feed *feed)
{
    switch (feed->step) {
    case FEED_HEADER:
        return look_at_header(feed);
    case FEED_DESCRIPTION:
        return look_at_description(feed);
    case FEED_LIST:
        return look_at_list(feed);
    default:
        return look_at_hashes(feed);
    }
}

enum pd_status feed_v1_finish(struct content_info_feed *feed)
{
    if (feed->step != FEED_END)
        return PD_CANNOT_PARSE_CONTENT_INFO;
    feed->summary.first_offset = feed->extent.first_offset;
    feed->summary.range_start = feed->extent.range_start;
    feed->summary.range_end = feed->extent.range_end;
    feed->summary.end_offset = feed->offset;
    feed->summary.segment_count = feed->listed;
    feed->summary.known_end = feed->last_size < SEGMENT_SIZE_V1;
    return PD_OK;
}

/* All lists but the first and the last have the hashes of whole segments. */
static uint64_t list_position(const struct content_info_feed *feed, uint64_t index)
{
    uint64_t position = description_position(feed, feed->listed),
             hash = hash_size(algorithm_of(feed));
    if (index > 0)
        position += V1_LIST_FIXED + feed->first_listed * hash +
                    (index - 1) * (V1_LIST_FIXED + BLOCKS_PER_SEGMENT * hash);
    return position;
}

static enum pd_status load(const struct content_info_feed *feed, uint64_t index,
                           struct content_info_entry *entry)
{
    uint8_t description[FEED_PIECE_MAX];
    size_t length = hash_size(algorithm_of(feed));
    uint64_t position = description_position(feed, index);
    enum pd_status status =
        feed_read(feed, position, description, v1_description_size(algorithm_of(feed)));
    if (status != PD_OK)
        return status;
    memset(entry, 0, sizeof(*entry));
    entry->index = index;
    entry->offset = feed->extent.first_offset + index * SEGMENT_SIZE_V1;
    entry->size = segment_size(feed, index);
    entry->block_count = BLOCKS_PER_SEGMENT;
    if (index == 0)
        entry->block_count = feed->first_listed;
    else if (index + 1 == feed->listed)
        entry->block_count = feed->last_listed;
    (void)v1_place_list(&feed->extent, entry->offset, entry->size, entry->block_count,
                        &entry->first_block);
    memcpy(entry->hod, description + V1_DESCRIPTION_FIXED, length);
    memcpy(entry->secret, description + V1_DESCRIPTION_FIXED + length, length);
    secure_wipe(description, sizeof(description));
    entry->position = position;
    entry->hashes = list_position(feed, index) + V1_LIST_FIXED;
    return PD_OK;
}

enum pd_status feed_v1_find(const struct content_info_feed *feed, uint64_t offset,
                            struct content_info_entry *entry)
{
    return load(feed, (offset - feed->extent.first_offset) / SEGMENT_SIZE_V1, entry);
}

enum pd_status feed_v1_next(const struct content_info_feed *feed, struct content_info_entry *entry)
{
    return load(feed, entry->index + 1, entry);
}
