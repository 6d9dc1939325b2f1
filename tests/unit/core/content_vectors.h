/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The content information vectors of tests/vectors as structures, and their blobs. */
#ifndef PD_TESTS_UNIT_CORE_CONTENT_VECTORS_H
#define PD_TESTS_UNIT_CORE_CONTENT_VECTORS_H

#include "unit/core/blob_builder.h"
#include "unit/core/vector_file.h"

#define VECTORS_MAX         64
#define VECTOR_SEGMENTS_MAX 8
#define VECTOR_BLOB_MAX     1024

enum content_kind { CONTENT_PATTERN, CONTENT_ZEROS, CONTENT_CAPTURED };

enum vector_use {
    VECTOR_WRITE, /* our writer makes exactly this, our reader reads it */
    VECTOR_READ,  /* another writer may make this */
    VECTOR_REFUSE /* no writer makes this */
};

/* NULL and 0 for what the file does not tell. */
struct vector_segment {
    size_t index;
    uint64_t offset;
    uint32_t size;
    uint32_t first_block, block_count;
    const char *hod, *kp, *id, *first_hash, *last_hash;
};

struct content_vector {
    const char *name;
    struct segment_scheme scheme;
    enum content_kind content;
    uint64_t content_length;
    uint8_t key[64];
    size_t key_length;
    uint64_t range_start, range_end;
    uint32_t sizes[4]; /* v2: of the segments, the last repeated */
    size_t size_count;
    enum vector_use use;
    uint64_t fields[6]; /* of the header, then v2: chunks and segments */
    size_t size;
    const char *sha256;
    const char *ids; /* SHA-256 of all segment IDs in a row */
    uint8_t blob[VECTOR_BLOB_MAX];
    size_t blob_length; /* less than size: the beginning only */
    struct vector_segment segments[VECTOR_SEGMENTS_MAX];
    size_t segment_count; /* described, of fields[2] (v1) or fields[5] (v2) */
};

/* All vectors of the three files. Kept for the life of the program. */
const struct content_vector *content_vectors(size_t *count);
/* NULL when there is none of that name. */
const struct content_vector *content_vector_find(const char *name);

/* The blob in memory of its own: from the text where it is complete there, else through the writers
 * under test, checked against the SHA-256. Aborts when that differs. */
uint8_t *content_vector_blob(const struct content_vector *vector);

/* What our writers make of the vector's content, key and range; NULL for empty content. */
uint8_t *content_vector_write(const struct content_vector *vector, size_t *size);

#endif
