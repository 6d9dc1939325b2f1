/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts that requests and answers of the retrieval protocol have in common. Internal to core.
 */
#ifndef PEERDIST_CORE_RETRIEVAL_FIELDS_H
#define PEERDIST_CORE_RETRIEVAL_FIELDS_H

#include "core/retrieval.h"

#define HEADER_SIZE 16u

struct retrieval_header {
    struct retrieval_version version;
    uint32_t type, size, cipher;
};

static inline uint32_t retrieval_pad(uint32_t length)
{
    return (4 - length % 4) % 4;
}

static inline struct retrieval_version retrieval_load_version(const uint8_t *bytes)
{
    uint32_t both = load_be32(bytes); /* the minor number comes first */
    return (struct retrieval_version){(uint16_t)both, (uint16_t)(both >> 16)};
}

/* DECODE_COMPLETE: the header alone is whole and plausible. */
enum decode_result retrieval_read_header(const uint8_t *data, size_t length, uint32_t size_max,
                                         struct retrieval_header *header);
/* Length and bytes of an ID, and what pads them. */
bool retrieval_take_id(struct byte_reader *reader, struct retrieval_id *id);
/* Count and ranges, into a set. */
bool retrieval_take_blocks(struct byte_reader *reader, struct block_set *blocks);
/* A length, and so many bytes. */
bool retrieval_take_counted(struct byte_reader *reader, const uint8_t **bytes, uint32_t *length);

/* Writing: each gives where the next field goes. */
uint8_t *retrieval_put32(uint8_t *out, uint32_t value);
uint8_t *retrieval_put_header(uint8_t *out, enum retrieval_type type, enum block_cipher cipher);
uint8_t *retrieval_put_versions(uint8_t *out); /* what we speak: 1.0 to 2.0 */
uint8_t *retrieval_put_id(uint8_t *out, struct retrieval_id id);
uint8_t *retrieval_put_blocks(uint8_t *out, const struct block_set *blocks);
/* The message ends at `end`: its length goes into its header. Gives that length. */
size_t retrieval_finish(uint8_t *message, const uint8_t *end);

#endif
