/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stretch of consecutive segments of a content as its content information describes them, with
 * the segment IDs derived: what reading and adding look blocks up in. One segment in version 1 (32
 * MiB), up to SEGMENT_WINDOW_MAX in version 2.
 *
 * Counted, as several operations may use one at the same time. Everything but `places` and
 * `touched` stays as it was made; those two are guarded by the content's lock. */
#ifndef PEERDIST_ENGINE_SEGMENT_WINDOW_H
#define PEERDIST_ENGINE_SEGMENT_WINDOW_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/content_info_feed.h"
#include "store/cache_store.h"

#define SEGMENT_WINDOW_MAX 64u

struct window_segment {
    struct cache_segment segment;
    uint64_t offset;      /* in the content */
    uint32_t first_block; /* listed blocks, the only ones that can be verified */
    uint32_t block_count;
    uint32_t first_entry; /* index of the first listed block in `hashes` and `places` */
    bool touched;         /* its use was noted */
};

struct segment_window {
    atomic_uint references;
    uint64_t begin, end; /* in the content */
    uint32_t segment_count;
    uint32_t entry_count;
    size_t hash_length;
    uint8_t *hashes;
    struct cache_place *places; /* where blocks were seen last; file 0: not seen */
    unsigned flushes;           /* of the user's cache that happened before they were seen */
    struct window_segment segments[];
};

/* The window that begins with the segment that holds the byte at offset, by one reference.
 * PD_OUT_OF_BOUNDS outside the described segments; PD_NO_MEMORY; what the spool answers. */
enum pd_status segment_window_load(const struct content_info_feed *feed, uint64_t offset,
                                   struct segment_window **loaded);
void segment_window_retain(struct segment_window *window);
void segment_window_release(struct segment_window *window); /* NULL allowed */

struct window_block {
    struct window_segment *segment;
    uint32_t number; /* in the segment */
    uint32_t length;
    uint64_t offset; /* in the content */
    bool listed;     /* else it can never be verified, and the following two are of no use */
    const uint8_t *hash;
    uint32_t entry; /* in `places` */
};
/* The block that holds the byte at offset, which must be in the window. */
struct window_block segment_window_block(struct segment_window *window, uint64_t offset);

#endif
