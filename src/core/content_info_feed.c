/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entry of the feed: cutting what comes into the pieces that are looked at as a whole. */
#include "core/content_info_feed.h"

#include <stdlib.h>
#include <string.h>

#include "core/content_info_feed_internal.h"

void feed_want(struct content_info_feed *feed, enum feed_step step, uint32_t length)
{
    feed->step = step;
    feed->piece_length = 0;
    feed->piece_wanted = length;
}

struct content_info_feed *content_info_feed_create(const struct content_info_spool *spool)
{
    struct content_info_feed *feed = calloc(1, sizeof(*feed));
    if (feed == NULL)
        return NULL;
    feed->spool = *spool;
    feed_want(feed, FEED_VERSION, 2);
    return feed;
}

void content_info_feed_destroy(struct content_info_feed *feed)
{
    if (feed == NULL)
        return;
    digest_destroy(feed->digest);
    free(feed->marks);
    secure_wipe(feed->piece, sizeof(feed->piece));
    free(feed);
}

/* The version bytes stay in the piece: the header goes on from them. */
static enum pd_status look_at_version(struct content_info_feed *feed)
{
    if (feed->piece[0] != 0 || (feed->piece[1] != 1 && feed->piece[1] != 2))
        return PD_CONTENT_INFO_VERSION_UNSUPPORTED;
    feed->summary.scheme.version = feed->piece[1];
    feed->step = FEED_HEADER;
    feed->piece_wanted = feed->piece[1] == 1 ? V1_HEADER_SIZE : V2_HEADER_SIZE;
    return PD_OK;
}

static enum pd_status look(struct content_info_feed *feed)
{
    if (feed->step == FEED_VERSION)
        return look_at_version(feed);
    return feed->summary.scheme.version == 1 ? feed_v1_piece(feed) : feed_v2_piece(feed);
}

static enum pd_status parse(struct content_info_feed *feed, const uint8_t *data, size_t length)
{
    enum pd_status status = PD_OK;
    while (status == PD_OK && length > 0) {
        size_t part;
        if (feed->step == FEED_END) {
            return PD_CANNOT_PARSE_CONTENT_INFO; /* trailing bytes */
        } else if (feed->step == FEED_HASHES) {
            part = feed_v1_hashes(feed, data, length);
            if (feed->hash_bytes_left == 0)
                status = feed_v1_piece(feed);
        } else {
            part = feed->piece_wanted - feed->piece_length;
            part = length < part ? length : part;
            memcpy(feed->piece + feed->piece_length, data, part);
            feed->piece_length += (uint32_t)part;
        }
        feed->position += part;
        data += part;
        length -= part;
        if (status == PD_OK && feed->step != FEED_HASHES && feed->step != FEED_END &&
            feed->piece_length == feed->piece_wanted)
            status = look(feed);
    }
    return status;
}

enum pd_status content_info_feed_add(struct content_info_feed *feed, const void *data,
                                     size_t length)
{
    if (feed->status == PD_OK && feed->complete)
        feed->status = PD_CANNOT_PARSE_CONTENT_INFO;
    if (feed->status == PD_OK && length > 0)
        feed->status = feed->spool.append(feed->spool.context, data, length);
    if (feed->status == PD_OK && length > 0)
        feed->status = parse(feed, data, length);
    return feed->status;
}

enum pd_status content_info_feed_complete(struct content_info_feed *feed)
{
    if (feed->status == PD_OK && !feed->complete) {
        if (feed->step <= FEED_HEADER)
            feed->status = PD_CANNOT_PARSE_CONTENT_INFO;
        else
            feed->status =
                feed->summary.scheme.version == 1 ? feed_v1_finish(feed) : feed_v2_finish(feed);
        feed->complete = true;
    }
    return feed->status;
}

const struct content_info_summary *content_info_feed_summary(const struct content_info_feed *feed)
{
    return &feed->summary;
}

enum pd_status content_info_feed_find(const struct content_info_feed *feed, uint64_t offset,
                                      struct content_info_entry *entry)
{
    if (offset < feed->summary.first_offset || offset >= feed->summary.end_offset)
        return PD_OUT_OF_BOUNDS;
    return feed->summary.scheme.version == 1 ? feed_v1_find(feed, offset, entry)
                                             : feed_v2_find(feed, offset, entry);
}

enum pd_status content_info_feed_next(const struct content_info_feed *feed,
                                      struct content_info_entry *entry)
{
    if (entry->index + 1 >= feed->summary.segment_count)
        return PD_NO_MORE;
    return feed->summary.scheme.version == 1 ? feed_v1_next(feed, entry)
                                             : feed_v2_next(feed, entry);
}

enum pd_status content_info_feed_hashes(const struct content_info_feed *feed,
                                        const struct content_info_entry *entry, uint32_t first,
                                        uint32_t count, uint8_t *out)
{
    size_t length = hash_size(feed->summary.scheme.algorithm);
    if (first < entry->first_block || count > entry->block_count ||
        first - entry->first_block > entry->block_count - count)
        return PD_OUT_OF_BOUNDS;
    if (feed->summary.scheme.version == 2) {
        memcpy(out, entry->hod, (size_t)count * V2_VALUE_SIZE);
        return PD_OK;
    }
    return feed_read(feed, entry->hashes + (first - entry->first_block) * length, out,
                     count * length);
}
