/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records of an imagined content, a function of its length and a seed: written, and compared with
 * what a store gives back. */
#ifndef PD_TESTS_UNIT_STORE_SAMPLE_H
#define PD_TESTS_UNIT_STORE_SAMPLE_H

#include "store/publication_store.h"

struct sample {
    uint64_t length;
    uint32_t seed;
};

#define SAMPLE_FUNCTION 7u /* what these tests keep as segmenter function */

/* Begins a publication under a text as identifier. */
enum pd_status sample_begin(struct publication_owner *owner, const char *identifier,
                            struct publication_id *id);
/* Writes all records, in several calls, completing with the last. Stops at the first failure. */
enum pd_status sample_write(struct publication_store *store, const struct publication_id *id,
                            struct sample sample);
/* Both. */
enum pd_status sample_publish(struct publication_store *store, struct publication_owner *owner,
                              const char *identifier, struct sample sample,
                              struct publication_id *id);
enum pd_status sample_find(struct publication_store *store, const char *identifier,
                           struct publication_info *info);
/* Reads every record in every way. PD_OK: all are as written; PD_MISSING_DATA: one differs. */
enum pd_status sample_verify(struct publication_store *store, const struct publication_id *id,
                             struct sample sample);

#endif
