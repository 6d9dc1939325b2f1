/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* State of a feed, which the readers of both versions share. */
#ifndef PEERDIST_CORE_CONTENT_INFO_FEED_INTERNAL_H
#define PEERDIST_CORE_CONTENT_INFO_FEED_INTERNAL_H

#include "core/content_info_feed.h"
#include "core/content_info_rules.h"

/* The longest piece that is looked at as a whole: a description of version 1.0 with SHA-512. */
#define FEED_PIECE_MAX (V1_DESCRIPTION_FIXED + 2 * HASH_MAX_SIZE)

/* What comes next. */
enum feed_step {
    FEED_VERSION,
    FEED_HEADER,
    FEED_DESCRIPTION,
    FEED_LIST,   /* v1: the count before a list */
    FEED_HASHES, /* v1 */
    FEED_CHUNK,  /* v2: a chunk header, or nothing */
    FEED_END     /* v1: nothing */
};

/* v2: every CONTENT_INFO_FEED_STRIDE segments. */
struct feed_mark {
    uint64_t offset;   /* of the segment in the content */
    uint64_t position; /* of its description in the spool */
    uint32_t chunk_left;
};

struct content_info_feed {
    struct content_info_spool spool;
    enum pd_status status; /* sticky */
    bool complete;
    struct content_info_summary summary;
    struct content_info_extent extent;

    enum feed_step step;
    uint8_t piece[FEED_PIECE_MAX];
    uint32_t piece_length, piece_wanted;
    uint64_t position; /* bytes looked at */

    uint64_t listed; /* segments, v1: that the header announces */
    uint64_t index;  /* of the segment that is being read */
    uint64_t offset; /* where it begins */

    /* v1 */
    uint32_t offset_in_first, last_bytes, last_size;
    uint32_t first_listed, last_listed; /* block hashes of the first and the last segment */
    uint64_t hash_bytes_left;
    struct digest *digest; /* of a complete list */
    bool digesting;

    /* v2 */
    bool whole_content;
    uint32_t chunk_left;
    struct feed_mark *marks;
    size_t mark_count, mark_capacity;
};

/* Looks at feed->piece, which is full, and says what comes next. PD_CANNOT_PARSE_CONTENT_INFO,
 * PD_NO_MEMORY, what the spool answers. */
enum pd_status feed_v1_piece(struct content_info_feed *feed);
enum pd_status feed_v2_piece(struct content_info_feed *feed);
/* Takes hashes of the list that is open; returns how many bytes of them. */
size_t feed_v1_hashes(struct content_info_feed *feed, const uint8_t *data, size_t length);
void feed_want(struct content_info_feed *feed, enum feed_step step, uint32_t length);
/* Whether the end may come here. Fills in the summary. */
enum pd_status feed_v1_finish(struct content_info_feed *feed);
enum pd_status feed_v2_finish(struct content_info_feed *feed);

enum pd_status feed_v1_find(const struct content_info_feed *feed, uint64_t offset,
                            struct content_info_entry *entry);
enum pd_status feed_v2_find(const struct content_info_feed *feed, uint64_t offset,
                            struct content_info_entry *entry);
enum pd_status feed_v1_next(const struct content_info_feed *feed, struct content_info_entry *entry);
enum pd_status feed_v2_next(const struct content_info_feed *feed, struct content_info_entry *entry);

static inline enum pd_status feed_read(const struct content_info_feed *feed, uint64_t position,
                                       void *out, size_t length)
{
    return feed->spool.read(feed->spool.context, position, out, length);
}

#endif
