/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One user's data cache, shared by all processes of that user: segments found by their segment ID,
 * blocks of verified content, content tags that keep them.
 *
 * On disk, in the user's private folder: a SQLite database (WAL, synchronous NORMAL) as the index,
 * and append-only block files, each written by one process. Bytes are written first, then the rows
 * that name them are committed, so that what is lost with a crash is a cache miss. The store does
 * not verify what it reads: its users compare every block with its hash, and call cache_drop for
 * one that differs.
 *
 * A segment stays while a content tag holds it; the least recently used ones go when the size limit
 * asks for it, old ones when the age limit does, pinned tags' never.
 *
 * Every function may be called from any thread; readers never wait for writers of this or another
 * process. Every function may answer PD_UNAVAILABLE (damaged, full, out of reach: the next call
 * tries afresh, so it works again when the cause is gone) and PD_NO_MEMORY. The caller's thread
 * must run under the user's identity (platform/identity.h). */
#ifndef PEERDIST_STORE_CACHE_STORE_H
#define PEERDIST_STORE_CACHE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/block_set.h"
#include "core/segment.h"
#include "core/status.h"

struct cache_store;

#define CACHE_TAG_SIZE 16u
struct cache_tag {
    uint8_t bytes[CACHE_TAG_SIZE];
};

/* What content information tells of a segment, and the name under which it is found. Values are
 * segment_value_size(scheme) bytes long, the rest is not looked at. */
struct cache_segment {
    struct segment_scheme scheme;
    uint32_t size;             /* bytes */
    uint8_t id[HASH_MAX_SIZE]; /* HoHoDk */
    uint8_t hod[HASH_MAX_SIZE];
    uint8_t secret[HASH_MAX_SIZE]; /* Kp: peers are served with it */
};

/* Blocks of a segment: 64 KiB each and the last one what is left in version 1, one in version 2. */
uint32_t cache_block_count(const struct cache_segment *segment);
uint32_t cache_block_size(const struct cache_segment *segment, uint32_t number);

/* Limits of the data cache. */
struct cache_limits {
    uint64_t bytes;       /* of all block files together; 0: nothing is kept */
    uint64_t age_seconds; /* since a segment's first block came; 0: no limit */
};

/* The cache of `user` (SID string). Nothing is opened or created on disk before the first call that
 * needs it. NULL without memory. */
struct cache_store *cache_store_create(const char *user, const struct cache_limits *limits);
/* Writes back what is only noted (cache_touch). */
void cache_store_destroy(struct cache_store *store);
/* In force from the next write or cache_trim on. */
void cache_set_limits(struct cache_store *store, const struct cache_limits *limits);

/* ---- Writing ---- */

/* A block whose hash the caller compared. */
struct cache_block {
    const struct cache_segment *segment;
    const struct cache_tag *tag;
    uint32_t number;
    const uint8_t *data; /* cache_block_size bytes */
    const uint8_t *hash; /* hash_size bytes in version 1; version 2: ignored, it is the HoD */
};
/* Makes room, writes the bytes to this process's block file and commits all blocks in one
 * transaction, ends the fetches (below) of these blocks, and ties each segment to its block's tag.
 * A block that is there already is only tied. Blocks for which there is no room (everything else is
 * pinned, or they alone are beyond the limit) are dropped: PD_OK. After any failure none of the
 * blocks is in the index. */
enum pd_status cache_write(struct cache_store *store, const struct cache_block *blocks,
                           size_t count);
/* Takes one block out of the index, if it still stands where the caller read it. */
struct cache_place;
enum pd_status cache_drop(struct cache_store *store, const struct cache_segment *segment,
                          uint32_t number, const struct cache_place *place);

/* ---- Reading ---- */

/* Where a block's bytes are. file 0: the block is not in the cache. */
struct cache_place {
    uint32_t file;
    uint32_t position;
};
/* Asks for the blocks [first, first + count) of a segment. */
struct cache_query {
    const struct cache_segment *segment; /* scheme, size and id count */
    uint32_t first, count;
    struct cache_place *places; /* count of them, filled in */
};
/* All queries in one read transaction. Segments over the age limit are not found. */
enum pd_status cache_locate(struct cache_store *store, const struct cache_query *queries,
                            size_t count);
/* Reads bytes of a block file, across blocks that stand one after another in it. PD_NOT_FOUND: the
 * file is gone, or ends before (the caller asks for the places again). Takes no lock while it
 * reads. */
enum pd_status cache_read(struct cache_store *store, const struct cache_place *place, void *out,
                          size_t length);
/* The segments were used now: for "least recently used", and for the count of hits. Kept in memory
 * and written back with later writes, when many are noted, and at the end. */
void cache_touch(struct cache_store *store, const struct cache_segment *segment);

/* A number that changes when another connection, of this process or another, changed the cache;
 * writes through this store do not change it. */
enum pd_status cache_foreign_changes(struct cache_store *store, uint64_t *number);

/* ---- Serving: segments that are asked for by their ID alone ---- */

struct cache_held {
    struct cache_segment segment;
    uint64_t added;           /* its first block: milliseconds since 1970 */
    struct block_set present; /* blocks that are in the cache */
    struct cache_place places[BLOCKS_PER_SEGMENT];
    size_t hash_length;
    uint8_t hashes[BLOCKS_PER_SEGMENT * HASH_MAX_SIZE]; /* those of present blocks */
};
/* The segment with this ID, of whatever version. PD_NOT_FOUND: there is none, or it is over the age
 * limit. It counts as used only after cache_touch. */
enum pd_status cache_find(struct cache_store *store, const uint8_t *id, size_t id_length,
                          struct cache_held *held);

/* ---- Fetches: who is bringing what, over all processes of the user ---- */

/* `fetcher` is a number of this process's own for a content handle. A fetch ends when the block is
 * written, when cache_fetch_end is called, after its lifetime, or with its process. */
struct cache_fetch {
    const struct cache_segment *segment; /* scheme and id count */
    uint64_t offset;                     /* of the segment in the content */
    uint32_t first, count;               /* blocks */
};
/* In one transaction: if another fetcher brings the first of these blocks already,
 * *fetched_by_other is true and the caller is noted as waiting for them (for cache_fetch_visit);
 * else the caller brings all of them. */
enum pd_status cache_fetch_begin(struct cache_store *store, uint64_t fetcher,
                                 const struct cache_fetch *fetches, size_t count,
                                 uint32_t lifetime_milliseconds, bool *fetched_by_other);
enum pd_status cache_fetch_end(struct cache_store *store, uint64_t fetcher);
/* Calls visit for each segment that a living fetcher brings or waits for. `process` and `fetcher`
 * together name it; `id` has segment_value_size bytes. Stops early when visit returns false. */
struct cache_fetch_row {
    uint64_t process, fetcher;
    uint64_t offset;
    const uint8_t *id;
    size_t id_length;
};
enum pd_status cache_fetch_visit(struct cache_store *store,
                                 bool (*visit)(const struct cache_fetch_row *row, void *context),
                                 void *context);

/* ---- Tags, limits, people ---- */

/* Unties all that the tag holds; segments that no other tag holds go, with their bytes. An unknown
 * tag is fine. Pinned or not. */
enum pd_status cache_flush(struct cache_store *store, const struct cache_tag *tag);
/* Everything, pinned or not. */
enum pd_status cache_flush_all(struct cache_store *store);
/* PD_NOT_FOUND: no such tag in the cache. */
enum pd_status cache_pin(struct cache_store *store, const struct cache_tag *tag, bool pinned);
/* Puts the limits in force now: drops what is too old or too much, and gives the space back. */
enum pd_status cache_trim(struct cache_store *store);

/* Reads every block and compares it with its hash; drops those that differ. visit may be NULL; it
 * is told of each segment and of the blocks of it that were dropped, and ends the walk by false. */
struct cache_verify_result {
    uint64_t segments, blocks, bytes;
    uint64_t dropped; /* blocks */
};
enum pd_status cache_verify(struct cache_store *store,
                            bool (*visit)(const struct cache_verify_result *so_far, void *context),
                            void *context, struct cache_verify_result *result);

struct cache_tag_report {
    struct cache_tag tag;
    bool pinned;
    uint64_t segments;
    uint64_t bytes;       /* of blocks present */
    uint64_t hits;        /* times a segment of it was read from the cache */
    uint64_t added, used; /* oldest addition, latest use: seconds since 1970 */
};
struct cache_report {
    char path[1024]; /* of the index, UTF-8 */
    struct cache_limits limits;
    uint64_t file_bytes; /* of all block files on disk */
    uint64_t files, segments, blocks;
    uint64_t bytes;    /* of blocks present */
    char problem[256]; /* empty: none */
};
/* visit may be NULL; called for each tag, oldest first; false ends the walk. Where there is no
 * index yet none is made: all is 0, and PD_OK. */
enum pd_status cache_inspect(struct cache_store *store, struct cache_report *report,
                             bool (*visit)(const struct cache_tag_report *tag, void *context),
                             void *context);

#endif
