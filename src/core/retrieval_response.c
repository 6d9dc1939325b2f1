/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers of the retrieval protocol ([MS-PCCRR] 2.2.5). */
#include <string.h>

#include "core/retrieval_fields.h"

#define LENGTH_FIELD 4u

bool retrieval_response_length(const uint8_t *data, size_t *length)
{
    uint32_t size = load_be32(data);
    *length = (size_t)LENGTH_FIELD + size;
    return size >= HEADER_SIZE && size <= RETRIEVAL_RESPONSE_MAX - LENGTH_FIELD;
}

static bool read_block(struct byte_reader *reader, struct retrieval_response *response)
{
    const uint8_t *bytes;
    uint32_t length;
    if (!retrieval_take_id(reader, &response->id) || !byte_reader_be32(reader, &response->number) ||
        !byte_reader_be32(reader, &response->next) ||
        !retrieval_take_counted(reader, &response->block, &response->block_length) ||
        !byte_reader_take(reader, retrieval_pad(response->block_length), &bytes) ||
        !retrieval_take_counted(reader, &bytes, &length) ||
        !byte_reader_take(reader, retrieval_pad(length), &bytes) ||
        !retrieval_take_counted(reader, &response->iv, &length))
        return false;
    /* With a block that is not there senders differ in cipher and IV. */
    return response->block_length == 0 || response->cipher == BLOCK_CIPHER_NONE ||
           (length == BLOCK_CIPHER_IV_SIZE && response->block_length % 16 == 0);
}

static bool read_segments(struct byte_reader *reader, struct retrieval_response *response)
{
    uint32_t count;
    if (!byte_reader_take(reader, RETRIEVAL_REQUEST_ID, &response->request_id) ||
        !byte_reader_be32(reader, &count) || count > reader->left / 8 ||
        !byte_reader_take(reader, (size_t)count * 8, &response->ranges))
        return false;
    response->range_count = count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index, length;
        retrieval_segment_range(response, i, &index, &length);
        if (length == 0 || index > UINT32_MAX - length)
            return false;
    }
    /* The preliminary text had no blob. */
    return reader->left == 0 ||
           retrieval_take_counted(reader, &response->blob, &response->blob_length);
}

void retrieval_segment_range(const struct retrieval_response *response, uint32_t i, uint32_t *index,
                             uint32_t *count)
{
    *index = load_be32(response->ranges + (size_t)8 * i);
    *count = load_be32(response->ranges + (size_t)8 * i + 4);
}

static bool read_body(struct byte_reader *reader, struct retrieval_response *response)
{
    const uint8_t *bytes;
    uint32_t ignored;
    switch (response->type) {
    case RETRIEVAL_NEGO_RESP:
        if (!byte_reader_take(reader, 8, &bytes))
            return false;
        response->min = retrieval_load_version(bytes);
        response->max = retrieval_load_version(bytes + 4);
        break;
    case RETRIEVAL_BLKLIST:
        if (!retrieval_take_id(reader, &response->id) ||
            !retrieval_take_blocks(reader, &response->blocks) ||
            !byte_reader_be32(reader, &ignored))
            return false;
        break;
    case RETRIEVAL_BLK:
        if (!read_block(reader, response))
            return false;
        break;
    case RETRIEVAL_SEGLIST:
        if (!read_segments(reader, response))
            return false;
        break;
    default: /* a request */
        return false;
    }
    return reader->left == 0;
}

enum decode_result retrieval_read_response(const uint8_t *data, size_t length,
                                           struct retrieval_response *response)
{
    struct retrieval_header header;
    size_t whole;
    memset(response, 0, sizeof(*response));
    if (length < LENGTH_FIELD)
        return DECODE_PARTIAL;
    if (!retrieval_response_length(data, &whole) || length > whole)
        return DECODE_BAD;
    enum decode_result result = retrieval_read_header(
        data + LENGTH_FIELD, length - LENGTH_FIELD, RETRIEVAL_RESPONSE_MAX - LENGTH_FIELD, &header);
    if (result != DECODE_COMPLETE)
        return result;
    if (header.size != whole - LENGTH_FIELD || header.version.major < 1 || header.version.major > 2)
        return DECODE_BAD;
    response->type = (enum retrieval_type)header.type;
    response->cipher = (enum block_cipher)header.cipher;
    if (length < whole)
        return DECODE_PARTIAL;
    struct byte_reader reader = {data + LENGTH_FIELD + HEADER_SIZE,
                                 length - LENGTH_FIELD - HEADER_SIZE};
    return read_body(&reader, response) ? DECODE_COMPLETE : DECODE_BAD;
}

/* ---- Writing ---- */

/* The length goes in front of the message once more. */
static size_t finish(uint8_t *out, const uint8_t *end)
{
    size_t length = retrieval_finish(out + LENGTH_FIELD, end);
    store_be32(out, (uint32_t)length);
    return LENGTH_FIELD + length;
}

size_t retrieval_write_nego_response(uint8_t *out)
{
    uint8_t *next =
        retrieval_put_header(out + LENGTH_FIELD, RETRIEVAL_NEGO_RESP, BLOCK_CIPHER_AES_128);
    return finish(out, retrieval_put_versions(next));
}

size_t retrieval_write_blklist(uint8_t *out, struct retrieval_id id, const struct block_set *blocks)
{
    uint8_t *next =
        retrieval_put_header(out + LENGTH_FIELD, RETRIEVAL_BLKLIST, BLOCK_CIPHER_AES_128);
    next = retrieval_put_blocks(retrieval_put_id(next, id), blocks);
    /* NextBlockIndex, of which no block is there that it could follow. */
    return finish(out, retrieval_put32(next, 0));
}

size_t retrieval_write_blk_head(uint8_t *out, struct retrieval_id id, enum block_cipher cipher,
                                uint32_t number, uint32_t next_number, uint32_t length)
{
    uint8_t *next = retrieval_put_header(out + LENGTH_FIELD, RETRIEVAL_BLK, cipher);
    next = retrieval_put_id(next, id);
    next = retrieval_put32(retrieval_put32(next, number), next_number);
    next = retrieval_put32(next, length);
    uint32_t tail = length == 0 ? 8 : RETRIEVAL_BLK_TAIL;
    size_t head = (size_t)(next - out);
    store_be32(out + LENGTH_FIELD + 8, (uint32_t)(head - LENGTH_FIELD) + length + tail);
    store_be32(out, (uint32_t)(head - LENGTH_FIELD) + length + tail);
    return head;
}

size_t retrieval_write_blk_tail(uint8_t *out, const uint8_t *iv)
{
    uint8_t *next = retrieval_put32(out, 0);
    next = retrieval_put32(next, iv != NULL ? BLOCK_CIPHER_IV_SIZE : 0);
    if (iv != NULL) {
        memcpy(next, iv, BLOCK_CIPHER_IV_SIZE);
        next += BLOCK_CIPHER_IV_SIZE;
    }
    return (size_t)(next - out);
}

size_t retrieval_write_seglist(uint8_t *out, const uint8_t request_id[RETRIEVAL_REQUEST_ID],
                               const bool *held, uint32_t count, const struct retrieval_age *ages,
                               size_t age_count)
{
    uint8_t *next =
        retrieval_put_header(out + LENGTH_FIELD, RETRIEVAL_SEGLIST, BLOCK_CIPHER_AES_128);
    memcpy(next, request_id, RETRIEVAL_REQUEST_ID);
    uint8_t *range_count = next + RETRIEVAL_REQUEST_ID;
    uint32_t ranges = 0;
    next = range_count + 4;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t begin = i;
        while (i < count && held[i])
            i++;
        if (i > begin) {
            next = retrieval_put32(retrieval_put32(next, begin), i - begin);
            ranges++;
        }
    }
    store_be32(range_count, ranges);
    size_t blob = ranges > 0 ? retrieval_blob_size(age_count) : 0;
    next = retrieval_put32(next, (uint32_t)blob);
    if (blob > 0)
        retrieval_write_blob(next, ages, age_count);
    return finish(out, next + blob);
}
