/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many machines answered when a segment was looked for: where many have it already, one more
 * need not offer it ([MS-PCCRD] 3.2.4.1, note 8). A small database of its own beside a user's
 * cache, which the user's processes write and the service reads.
 *
 * Counts are halved every hour, as the machines counted may have gone away. What is lost or cannot
 * be read counts as no answer: then one's own is given. From any thread. */
#ifndef PEERDIST_STORE_ANSWER_STORE_H
#define PEERDIST_STORE_ANSWER_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

struct answer_count {
    uint32_t replies;  /* machines that have some of the segment */
    uint32_t complete; /* of these, with all of it */
};

struct answer_store;
/* `folder` is a name below the stores' root, `user` (SID string) its owner. Nothing is made on disk
 * before there is something to write. NULL without memory. */
struct answer_store *answer_store_create(const char *folder, const char *user);
/* Flushes. */
void answer_store_destroy(struct answer_store *store); /* NULL allowed */

/* Replaces what was known of the segment; in memory. Of more than ANSWERS_PENDING_MAX segments
 * between two flushes the rest is not noted, and fewer replies than ANSWERS_LEAST are not written:
 * most segments that are fetched have none or one. */
#define ANSWERS_PENDING_MAX 256u
#define ANSWERS_LEAST       2u
void answer_store_note(struct answer_store *store, const uint8_t *id, size_t id_length,
                       struct answer_count count);
/* Both on a thread that runs as the user. */
enum pd_status answer_store_flush(struct answer_store *store);
/* The same, if something was noted and the last flush is seconds ago; else it costs nothing. */
void answer_store_flush_due(struct answer_store *store);

/* What counts now of what was noted. Where there is no database none is made. */
struct answer_count answer_store_find(struct answer_store *store, const uint8_t *id,
                                      size_t id_length);

/* The same at another time, in seconds since 1970: for tests. */
void answer_store_note_at(struct answer_store *store, const uint8_t *id, size_t id_length,
                          struct answer_count count, uint64_t now);
struct answer_count answer_store_find_at(struct answer_store *store, const uint8_t *id,
                                         size_t id_length, uint64_t now);

/* Whether one's own answer is wanted beside those that were counted; quorum 0: always. `random`,
 * of all 32 bits, decides for a third where few of them had the whole segment. */
bool answer_is_wanted(struct answer_count count, uint32_t quorum, uint32_t random);

#endif
