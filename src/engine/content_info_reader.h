/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes any part of a publication's content information from the store's records, with one piece of
 * it in memory at a time. The secret key is read once, when the reader is opened. */
#ifndef PEERDIST_ENGINE_CONTENT_INFO_READER_H
#define PEERDIST_ENGINE_CONTENT_INFO_READER_H

#include "core/content_info_write.h"
#include "store/publication_store.h"

/* Records that one piece is made of. */
#define CONTENT_INFO_READER_STEP 256u
#define CONTENT_INFO_PIECE_MAX \
    (CONTENT_INFO_READER_STEP * 80u + CONTENT_INFO_HEADER_V2 + CONTENT_INFO_CHUNK_HEADER_V2)

struct content_info_reader {
    struct publication_store *store;
    struct publication_id id;
    struct segment_scheme scheme;
    uint8_t ks[HASH_MAX_SIZE];
    uint64_t total_size;
    union {
        struct content_info_v1_plan v1;
        struct content_info_v2_plan v2;
    } plan;
    /* The piece in memory: bytes [piece_position, piece_position + piece_length) of the blob. */
    uint64_t piece_position;
    size_t piece_length;
    uint8_t piece[CONTENT_INFO_PIECE_MAX];
    union {
        struct publication_segment_v1_row v1;
        struct publication_run_v2_row v2;
        uint8_t hods[CONTENT_INFO_READER_STEP * 32];
    } row;
};

/* version: 1 or 2. Range as in content_info_check_range. PD_OUT_OF_BOUNDS, PD_INVALID_PARAMETER,
 * PD_INVALIDATED, PD_UNAVAILABLE, PD_NO_MEMORY. */
enum pd_status content_info_reader_open(struct content_info_reader *reader,
                                        struct publication_store *store,
                                        const struct publication_info *publication,
                                        unsigned version, uint64_t offset, uint64_t length);
void content_info_reader_close(struct content_info_reader *reader);

/* Loads the piece that holds the byte at position < total_size. */
enum pd_status content_info_reader_load(struct content_info_reader *reader, uint64_t position);

#endif
