/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of the retrieval protocol, versions 1.0 and 2.0 ([MS-PCCRR] 2.2): the body of an HTTP
 * POST to RETRIEVAL_PATH, and of its answer, which begins with its length once more. Integers are
 * big-endian, fields aligned to 4 bytes.
 *
 * What was read points into the message and lives as long as it. Nothing is allocated. */
#ifndef PEERDIST_CORE_RETRIEVAL_H
#define PEERDIST_CORE_RETRIEVAL_H

#include "core/block_cipher.h"
#include "core/block_set.h"
#include "core/bytes.h"
#include "core/decode.h"

#define RETRIEVAL_PATH "/116B50EB-ECE2-41ac-8429-9F9E963361B7/"

#define RETRIEVAL_REQUEST_MAX  98304u  /* bytes of a request's body */
#define RETRIEVAL_RESPONSE_MAX 393220u /* of an answer's, the leading length included */
#define RETRIEVAL_RANGES_MAX   256u
#define RETRIEVAL_ID_MAX       64u
#define RETRIEVAL_REQUEST_ID   16u
#define RETRIEVAL_AGES_MAX     255u

enum retrieval_type {
    RETRIEVAL_NEGO_REQ = 0,
    RETRIEVAL_NEGO_RESP = 1,
    RETRIEVAL_GETBLKLIST = 2,
    RETRIEVAL_GETBLKS = 3,
    RETRIEVAL_BLKLIST = 4,
    RETRIEVAL_BLK = 5,
    RETRIEVAL_GETSEGLIST = 6,
    RETRIEVAL_SEGLIST = 7
};

struct retrieval_version {
    uint16_t major, minor;
};

struct retrieval_id {
    const uint8_t *bytes;
    uint32_t length;
};

/* Ages of segments, from the blob of a segment list or of a ProbeMatches ([MS-PCCRR] 2.2.6). */
struct retrieval_age {
    uint8_t position; /* of the segment: see the message that carries the blob */
    uint32_t age;     /* 24 bits, in units of the blob: 1/100 s where it is ours */
};
/* Bytes of a blob of so many ages. */
static inline size_t retrieval_blob_size(size_t ages)
{
    return 4 + 4 * ages;
}
void retrieval_write_blob(uint8_t *out, const struct retrieval_age *ages, size_t count);
/* Ages are given in 1/100 s, whatever the blob's unit. False: it is none, and is to be ignored.
 * `ages` has room for RETRIEVAL_AGES_MAX. */
bool retrieval_read_blob(const uint8_t *blob, size_t length, struct retrieval_age *ages,
                         size_t *count);

/* ---- Requests ---- */

struct retrieval_request {
    enum retrieval_type type;
    struct retrieval_version version;
    bool unsupported; /* the version's major number is not 1 or 2: nothing below is filled in */
    enum block_cipher cipher;
    struct retrieval_version min, max; /* NEGO_REQ */
    struct retrieval_id id;            /* GETBLKLIST, GETBLKS */
    struct block_set blocks;           /* the same: those that are asked for */
    const uint8_t *request_id;         /* GETSEGLIST: RETRIEVAL_REQUEST_ID bytes */
    uint32_t id_count;
    struct byte_reader ids; /* for retrieval_next_id */
    const uint8_t *blob;
    uint32_t blob_length;
};
/* `length` bytes of a body have come. */
enum decode_result retrieval_read_request(const uint8_t *data, size_t length,
                                          struct retrieval_request *request);
/* The next of a GETSEGLIST's IDs; false after the last. */
bool retrieval_next_id(struct byte_reader *ids, struct retrieval_id *id);

/* Each gives the length written, which its size constant bounds. */
#define RETRIEVAL_NEGO_SIZE 24u
size_t retrieval_write_nego_request(uint8_t *out);
#define RETRIEVAL_GETBLKS_SIZE (28u + RETRIEVAL_ID_MAX + 8u)
size_t retrieval_write_getblks(uint8_t *out, struct retrieval_id id, uint32_t number,
                               enum block_cipher cipher);
#define RETRIEVAL_GETBLKLIST_SIZE (24u + RETRIEVAL_ID_MAX + 8u * RETRIEVAL_RANGES_MAX)
size_t retrieval_write_getblklist(uint8_t *out, struct retrieval_id id,
                                  const struct block_set *blocks);
/* Of `count` IDs of RETRIEVAL_ID_MAX bytes at most, without a blob. */
#define RETRIEVAL_GETSEGLIST_SIZE(count) (40u + (4u + RETRIEVAL_ID_MAX) * (size_t)(count))
size_t retrieval_write_getseglist(uint8_t *out, const uint8_t request_id[RETRIEVAL_REQUEST_ID],
                                  const struct retrieval_id *ids, uint32_t count);

/* ---- Answers ---- */

struct retrieval_response {
    enum retrieval_type type;
    enum block_cipher cipher;
    struct retrieval_version min, max; /* NEGO_RESP */
    struct retrieval_id id;            /* BLKLIST, BLK */
    struct block_set blocks;           /* BLKLIST */
    uint32_t number, next;     /* BLK: the block, and the one after it that is there, or 0 */
    const uint8_t *block;      /* BLK: encrypted as `cipher` says */
    uint32_t block_length;     /* 0: not there */
    const uint8_t *iv;         /* BLOCK_CIPHER_IV_SIZE bytes unless NONE or not there */
    const uint8_t *request_id; /* SEGLIST */
    uint32_t range_count;      /* SEGLIST: for retrieval_segment_range */
    const uint8_t *ranges;
    const uint8_t *blob;
    uint32_t blob_length;
};
/* `length` bytes of a body have come. Whether it answers what was asked is for the caller to see.
 */
enum decode_result retrieval_read_response(const uint8_t *data, size_t length,
                                           struct retrieval_response *response);
/* How long a body is, from its first 4 bytes on; false: too long, or too short to be one. */
bool retrieval_response_length(const uint8_t *data, size_t *length);
/* SEGLIST: the i-th range of positions in the request's list. */
void retrieval_segment_range(const struct retrieval_response *response, uint32_t i, uint32_t *index,
                             uint32_t *count);

/* Bodies of answers, the leading length included; each gives what it wrote. */
#define RETRIEVAL_NEGO_RESP_SIZE (4u + RETRIEVAL_NEGO_SIZE)
size_t retrieval_write_nego_response(uint8_t *out);
#define RETRIEVAL_BLKLIST_SIZE (32u + RETRIEVAL_ID_MAX + 8u * RETRIEVAL_RANGES_MAX)
size_t retrieval_write_blklist(uint8_t *out, struct retrieval_id id,
                               const struct block_set *blocks);
/* Around the block: RETRIEVAL_BLK_HEAD bytes at most before it, RETRIEVAL_BLK_TAIL after. `length`
 * is that of the ciphertext, a multiple of 16, or 0 for a block that is not there (cipher NONE
 * then). */
#define RETRIEVAL_BLK_HEAD (36u + RETRIEVAL_ID_MAX)
#define RETRIEVAL_BLK_TAIL (8u + BLOCK_CIPHER_IV_SIZE)
size_t retrieval_write_blk_head(uint8_t *out, struct retrieval_id id, enum block_cipher cipher,
                                uint32_t number, uint32_t next, uint32_t length);
size_t retrieval_write_blk_tail(uint8_t *out, const uint8_t *iv /* NULL: not there */);
/* held[i]: whether the request's i-th segment is there. ages: positions count from the first that
 * is. */
#define RETRIEVAL_SEGLIST_SIZE(count) \
    (44u + 4u * ((size_t)(count) + 1) + retrieval_blob_size(RETRIEVAL_AGES_MAX))
size_t retrieval_write_seglist(uint8_t *out, const uint8_t request_id[RETRIEVAL_REQUEST_ID],
                               const bool *held, uint32_t count, const struct retrieval_age *ages,
                               size_t age_count);

#endif
