/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Content information that arrives in pieces of any size: checked as it comes, kept by the caller's
 * spool, then asked for segments by offset. Accepts exactly what content_info_parse accepts, and
 * fails at the first byte after which nothing valid can follow.
 *
 * Memory: fixed state; for version 2.0 also 24 bytes for every CONTENT_INFO_FEED_STRIDE segments.
 * Nothing is allocated in proportion to a field, only to bytes that came. */
#ifndef PEERDIST_CORE_CONTENT_INFO_FEED_H
#define PEERDIST_CORE_CONTENT_INFO_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/segment.h"

#define CONTENT_INFO_FEED_STRIDE 256u

/* Where the bytes are kept. The feed appends each byte once, in order, and reads what it appended,
 * while it parses and later, then from several threads at once. Failures are passed on. */
struct content_info_spool {
    void *context;
    enum pd_status (*append)(void *context, const void *data, size_t length);
    enum pd_status (*read)(void *context, uint64_t position, void *out, size_t length);
};

struct content_info_feed;
/* NULL without memory. */
struct content_info_feed *content_info_feed_create(const struct content_info_spool *spool);
void content_info_feed_destroy(struct content_info_feed *feed); /* NULL allowed */

/* PD_OK: all of it was taken. PD_CONTENT_INFO_VERSION_UNSUPPORTED, PD_CANNOT_PARSE_CONTENT_INFO,
 * PD_NO_MEMORY, or what the spool answered: then every later call answers the same. */
enum pd_status content_info_feed_add(struct content_info_feed *feed, const void *data,
                                     size_t length);
/* No bytes follow. PD_CANNOT_PARSE_CONTENT_INFO when the information is not whole (or empty). */
enum pd_status content_info_feed_complete(struct content_info_feed *feed);

/* What was said of the whole; after content_info_feed_complete answered PD_OK. */
struct content_info_summary {
    struct segment_scheme scheme;
    uint64_t range_start;   /* absolute in the content */
    uint64_t range_end;     /* exclusive; range_end > range_start */
    uint64_t first_offset;  /* of the first listed segment in the content */
    uint64_t end_offset;    /* of the last segment that the range needs, exclusive */
    uint64_t segment_count; /* that the range needs, at least 1 */
    bool known_end;         /* end_offset is the content's end: v1 with a short last segment, v2 of
                             * the whole content */
};
const struct content_info_summary *content_info_feed_summary(const struct content_info_feed *feed);

struct content_info_entry {
    uint64_t index;       /* among the listed segments, from 0 */
    uint64_t offset;      /* in the content */
    uint32_t size;        /* of the whole segment, whatever the range */
    uint32_t first_block; /* v1: index in the segment of the first listed block hash; v2: 0 */
    uint32_t block_count; /* v1: listed hashes; v2: 1 */
    uint8_t hod[HASH_MAX_SIZE];
    uint8_t secret[HASH_MAX_SIZE]; /* Kp */
    uint64_t position;             /* in the spool; for the functions below */
    uint64_t hashes;               /* v1: in the spool */
    uint64_t chunk_left;           /* v2 */
};

/* These may be called by several threads at once, after completion. */
/* The segment that holds the byte at offset. PD_OUT_OF_BOUNDS outside [first_offset, end_offset);
 * what the spool answers. v1: one read of the spool; v2: a few, of at most
 * CONTENT_INFO_FEED_STRIDE descriptions. */
enum pd_status content_info_feed_find(const struct content_info_feed *feed, uint64_t offset,
                                      struct content_info_entry *entry);
/* Makes `entry` the segment after it: PD_NO_MORE after the last. */
enum pd_status content_info_feed_next(const struct content_info_feed *feed,
                                      struct content_info_entry *entry);
/* Hashes of the blocks [first, first + count) of the segment, all of which must be listed: v1's
 * list, in v2 the HoD, which is the hash of the only block. */
enum pd_status content_info_feed_hashes(const struct content_info_feed *feed,
                                        const struct content_info_entry *entry, uint32_t first,
                                        uint32_t count, uint8_t *out);

#endif
