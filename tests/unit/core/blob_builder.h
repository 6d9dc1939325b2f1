/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Content in memory to content information, by way of the functions under test: what the engine
 * does with stored records, without engine or store. */
#ifndef PD_TESTS_UNIT_CORE_BLOB_BUILDER_H
#define PD_TESTS_UNIT_CORE_BLOB_BUILDER_H

#include "core/content_info_write.h"

/* What a content server keeps of a content. */
struct content_record {
    struct segment_scheme scheme;
    uint64_t length;
    size_t segment_count;
    uint32_t *sizes;       /* of the segments */
    uint8_t *hods;         /* one value per segment */
    uint8_t *block_hashes; /* v1: of all blocks */
};

/* v1: `data` cut as the version demands, `sizes` not looked at. v2: `size_count` segment sizes, the
 * last of which is repeated until the content ends; none: content-defined borders. Aborts without
 * memory. */
void content_record_init(struct content_record *record, struct segment_scheme scheme,
                         const uint8_t *data, uint64_t length, const uint32_t *sizes,
                         size_t size_count);
void content_record_fini(struct content_record *record);

/* The blob, in memory of its own (NULL for empty content); length 0: the whole content. */
enum pd_status content_record_write(const struct content_record *record, const uint8_t *secret_key,
                                    size_t secret_key_length, uint64_t start, uint64_t length,
                                    uint8_t **blob, size_t *size);

/* Byte i is the top byte of the low 32 bits of i * 2654435761. */
void fill_pattern(uint8_t *data, size_t length);

#endif
