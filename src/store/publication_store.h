/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One user's publications, shared by all processes of that user: a SQLite database (WAL,
 * synchronous OFF: its rows die with their owners anyway) in the user's private folder. Rows hold
 * what depends on the content only: sizes, HoDs, block hashes; never a secret.
 *
 * Rows end with their owner: an owner is a locked file (platform/owner_lock.h); rows whose owner is
 * dead are invisible and are removed by whoever meets them.
 *
 * Every function may be called from any thread. Every function may answer PD_UNAVAILABLE: the store
 * is damaged, full or out of reach now; the next call tries afresh, so it works again when the
 * cause is gone. The caller's thread must run under the user's identity (platform/identity.h). */
#ifndef PEERDIST_STORE_PUBLICATION_STORE_H
#define PEERDIST_STORE_PUBLICATION_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/status.h"

struct publication_store;
struct publication_owner;

struct publication_id {
    uint8_t bytes[16]; /* random: a re-publication is never taken for the old one */
};

/* The store of `user` (SID string). Nothing is opened or created on disk before the first call that
 * needs it. NULL without memory. */
struct publication_store *publication_store_create(const char *user);
/* All owners must be destroyed before. */
void publication_store_destroy(struct publication_store *store);

/* One per instance and user: publications live as long as it. */
enum pd_status publication_owner_create(struct publication_store *store,
                                        struct publication_owner **owner);
/* Removes its publications, and lets go of the lock even where that fails. */
void publication_owner_destroy(struct publication_owner *owner);

/* Starts a publication, not yet visible to publication_find. PD_ALREADY_EXISTS while a living
 * owner's publication, complete or not, has this identifier. The identifier is copied. */
enum pd_status publication_begin(struct publication_owner *owner, const void *identifier,
                                 size_t identifier_length, uint32_t segmenter_function,
                                 struct publication_id *id);

/* Records of hashed content. */
struct publication_segment_v1 {
    uint64_t index; /* in the content */
    uint32_t size;  /* bytes */
    uint32_t block_count;
    const uint8_t *hod;          /* 32 bytes */
    const uint8_t *block_hashes; /* 32 * block_count bytes */
};
#define PUBLICATION_RUN_MAX 256u
struct publication_run_v2 { /* up to PUBLICATION_RUN_MAX consecutive v2 segments */
    uint64_t first_index;   /* of its first segment */
    uint64_t first_offset;
    uint32_t count;
    const uint32_t *sizes;
    const uint8_t *hods; /* 32 * count bytes */
};
struct publication_records {
    const struct publication_segment_v1 *segments;
    size_t segment_count;
    const struct publication_run_v2 *runs;
    size_t run_count;
};
/* Adds records in one transaction; with `complete` also ends the publication in the same one: it
 * has content_length bytes and can be found from now on. PD_INVALIDATED: the publication is gone.
 * PD_ALREADY_COMPLETED; PD_INVALID_PARAMETER: records that could not be read back. After any
 * failure nothing of the call is stored. */
enum pd_status publication_write(struct publication_store *store, const struct publication_id *id,
                                 const struct publication_records *records, bool complete,
                                 uint64_t content_length);

/* Removes one by id (PD_NOT_FOUND when gone), or the user's publication of an identifier, complete
 * or not, whoever made it; *id then tells which it was. */
enum pd_status publication_remove(struct publication_store *store, const struct publication_id *id);
enum pd_status publication_remove_identifier(struct publication_store *store,
                                             const void *identifier, size_t identifier_length,
                                             struct publication_id *id);

struct publication_info {
    struct publication_id id;
    uint64_t content_length;
    uint32_t segmenter_function; /* of its v2 borders */
};
/* A complete publication of a living owner, else PD_NOT_FOUND. */
enum pd_status publication_find(struct publication_store *store, const void *identifier,
                                size_t identifier_length, struct publication_info *info);

/* Reading records of a complete publication. PD_INVALIDATED when it is gone or its owner is dead:
 * checked in the same read transaction. PD_OUT_OF_BOUNDS: after the end of the content. Rows that
 * contradict themselves are never delivered: PD_UNAVAILABLE. */
struct publication_segment_v1_row {
    uint32_t size;
    uint32_t block_count;
    uint8_t hod[32];
    uint8_t block_hashes[512 * 32];
};
enum pd_status publication_read_v1(struct publication_store *store, const struct publication_id *id,
                                   uint64_t index, struct publication_segment_v1_row *row);
/* HoDs of the segments [first, first + count), count <= 256, without their block hashes. */
enum pd_status publication_read_v1_hods(struct publication_store *store,
                                        const struct publication_id *id, uint64_t first,
                                        uint32_t count, uint8_t *hods /* 32 * count */);
struct publication_run_v2_row {
    uint64_t first_index;
    uint64_t first_offset;
    uint32_t count;
    uint32_t sizes[PUBLICATION_RUN_MAX];
    uint8_t hods[PUBLICATION_RUN_MAX * 32];
};
/* The run that holds the segment with this index, or the byte at this offset. */
enum pd_status publication_read_v2_index(struct publication_store *store,
                                         const struct publication_id *id, uint64_t index,
                                         struct publication_run_v2_row *row);
enum pd_status publication_read_v2_offset(struct publication_store *store,
                                          const struct publication_id *id, uint64_t offset,
                                          struct publication_run_v2_row *row);
/* PD_OK while the publication, complete or not, exists and its owner lives; else PD_INVALIDATED. */
enum pd_status publication_check(struct publication_store *store, const struct publication_id *id);

/* For people: where it is, how many publications it holds, and what is wrong with it, if anything.
 */
struct publication_store_report {
    char path[1024]; /* UTF-8 */
    uint64_t publications;
    uint64_t content_bytes;
    char problem[256]; /* empty: none */
};
void publication_store_inspect(struct publication_store *store,
                               struct publication_store_report *report);

#endif
