/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Version 2.0 in pieces ([MS-PCCRC] 2.4): header, then chunks of descriptions. Segments have any
 * size: marks among them are what finding begins from. */
#include "core/content_info_feed_internal.h"

#include <stdlib.h>
#include <string.h>

/* Descriptions that are read from the spool at once. */
#define WALK_DESCRIPTIONS 32u

static enum pd_status look_at_header(struct content_info_feed *feed)
{
    feed->summary.scheme.algorithm = HASH_SHA512;
    if (!v2_check_header(feed->piece, &feed->extent, &feed->whole_content))
        return PD_CANNOT_PARSE_CONTENT_INFO;
    feed->offset = feed->extent.first_offset;
    feed_want(feed, FEED_CHUNK, V2_CHUNK_HEADER_SIZE);
    return PD_OK;
}

static enum pd_status mark(struct content_info_feed *feed)
{
    if (feed->mark_count == feed->mark_capacity) {
        size_t capacity = feed->mark_capacity > 0 ? 2 * feed->mark_capacity : 16;
        struct feed_mark *grown = realloc(feed->marks, capacity * sizeof(*grown));
        if (grown == NULL)
            return PD_NO_MEMORY;
        feed->marks = grown;
        feed->mark_capacity = capacity;
    }
    feed->marks[feed->mark_count++] = (struct feed_mark){
        .offset = feed->offset,
        .position = feed->position - V2_DESCRIPTION_SIZE,
        .chunk_left = feed->chunk_left,
    };
    return PD_OK;
}

static enum pd_status look_at_description(struct content_info_feed *feed)
{
    uint64_t needed = feed->summary.segment_count, offset = feed->offset;
    if (!v2_check_description(feed->piece, &feed->extent, &needed, &offset))
        return PD_CANNOT_PARSE_CONTENT_INFO;
    if (needed > feed->summary.segment_count) {
        if (feed->summary.segment_count % CONTENT_INFO_FEED_STRIDE == 0 && mark(feed) != PD_OK)
            return PD_NO_MEMORY;
        feed->summary.segment_count = needed;
        feed->summary.end_offset = offset;
    }
    feed->offset = offset;
    feed->chunk_left -= V2_DESCRIPTION_SIZE;
    if (feed->chunk_left > 0)
        feed_want(feed, FEED_DESCRIPTION, V2_DESCRIPTION_SIZE);
    else
        feed_want(feed, FEED_CHUNK, V2_CHUNK_HEADER_SIZE);
    return PD_OK;
}

enum pd_status feed_v2_piece(struct content_info_feed *feed)
{
    switch (feed->step) {
    case FEED_HEADER:
        return look_at_header(feed);
    case FEED_CHUNK:
        if (!v2_check_chunk(feed->piece, &feed->chunk_left))
            return PD_CANNOT_PARSE_CONTENT_INFO;
        feed_want(feed, FEED_DESCRIPTION, V2_DESCRIPTION_SIZE);
        return PD_OK;
    default:
        return look_at_description(feed);
    }
}

enum pd_status feed_v2_finish(struct content_info_feed *feed)
{
    /* At least one segment, and between two chunks. */
    if (feed->step != FEED_CHUNK || feed->piece_length != 0 || feed->summary.segment_count == 0 ||
        feed->extent.range_end > feed->offset)
        return PD_CANNOT_PARSE_CONTENT_INFO;
    feed->summary.first_offset = feed->extent.first_offset;
    feed->summary.range_start = feed->extent.range_start;
    feed->summary.range_end = feed->whole_content ? feed->offset : feed->extent.range_end;
    feed->summary.known_end = feed->whole_content;
    return PD_OK;
}

static void fill(struct content_info_entry *entry, const uint8_t *description)
{
    entry->size = load_be32(description);
    entry->first_block = 0;
    entry->block_count = 1;
    memcpy(entry->hod, description + 4, V2_VALUE_SIZE);
    memcpy(entry->secret, description + 4 + V2_VALUE_SIZE, V2_VALUE_SIZE);
}

/* Moves to where the next description stands, past the header of a chunk. */
static enum pd_status step_over(const struct content_info_feed *feed,
                                struct content_info_entry *entry)
{
    uint8_t header[V2_CHUNK_HEADER_SIZE];
    entry->index++;
    entry->offset += entry->size;
    entry->position += V2_DESCRIPTION_SIZE;
    entry->chunk_left -= V2_DESCRIPTION_SIZE;
    if (entry->chunk_left > 0)
        return PD_OK;
    enum pd_status status = feed_read(feed, entry->position, header, sizeof(header));
    entry->position += sizeof(header);
    entry->chunk_left = load_be32(header + 1);
    return status;
}

enum pd_status feed_v2_find(const struct content_info_feed *feed, uint64_t offset,
                            struct content_info_entry *entry)
{
    uint8_t buffer[WALK_DESCRIPTIONS * V2_DESCRIPTION_SIZE];
    size_t low = 0, high = feed->mark_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (feed->marks[middle].offset <= offset)
            low = middle;
        else
            high = middle;
    }
    memset(entry, 0, sizeof(*entry));
    entry->index = low * CONTENT_INFO_FEED_STRIDE;
    entry->offset = feed->marks[low].offset;
    entry->position = feed->marks[low].position;
    entry->chunk_left = feed->marks[low].chunk_left;
    enum pd_status status = PD_OK;
    bool found = false;
    while (status == PD_OK && !found) {
        size_t length =
            entry->chunk_left < sizeof(buffer) ? (size_t)entry->chunk_left : sizeof(buffer);
        status = feed_read(feed, entry->position, buffer, length);
        for (size_t at = 0; status == PD_OK && at < length; at += V2_DESCRIPTION_SIZE) {
            fill(entry, buffer + at);
            found = offset - entry->offset < entry->size;
            if (found)
                break;
            status = step_over(feed, entry);
        }
    }
    secure_wipe(buffer, sizeof(buffer));
    return status;
}

enum pd_status feed_v2_next(const struct content_info_feed *feed, struct content_info_entry *entry)
{
    uint8_t description[V2_DESCRIPTION_SIZE];
    enum pd_status status = step_over(feed, entry);
    if (status == PD_OK)
        status = feed_read(feed, entry->position, description, sizeof(description));
    if (status == PD_OK)
        fill(entry, description);
    secure_wipe(description, sizeof(description));
    return status;
}
