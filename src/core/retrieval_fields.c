/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Header, segment ID, block ranges and age blob. */
#include "core/retrieval_fields.h"

#include <string.h>

#define BLOB_VERSION           1u
#define BLOB_UNITS_SECONDS     1u
#define BLOB_UNITS_TENTHS      2u
#define BLOB_UNITS_HUNDREDTHS  3u
#define BLOB_UNITS_THOUSANDTHS 4u
#define AGE_MAX                0xFFFFFFu

enum decode_result retrieval_read_header(const uint8_t *data, size_t length, uint32_t size_max,
                                         struct retrieval_header *header)
{
    if (length < HEADER_SIZE)
        return DECODE_PARTIAL;
    header->version = retrieval_load_version(data);
    header->type = load_be32(data + 4);
    header->size = load_be32(data + 8);
    header->cipher = load_be32(data + 12);
    bool good = header->type <= RETRIEVAL_SEGLIST && header->cipher <= BLOCK_CIPHER_AES_256 &&
                header->size >= HEADER_SIZE && header->size <= size_max && header->size >= length;
    return good ? DECODE_COMPLETE : DECODE_BAD;
}

bool retrieval_take_id(struct byte_reader *reader, struct retrieval_id *id)
{
    const uint8_t *pad;
    return byte_reader_be32(reader, &id->length) && id->length >= 1 &&
           id->length <= RETRIEVAL_ID_MAX && byte_reader_take(reader, id->length, &id->bytes) &&
           byte_reader_take(reader, retrieval_pad(id->length), &pad);
}

bool retrieval_take_blocks(struct byte_reader *reader, struct block_set *blocks)
{
    uint32_t ranges, index, count;
    memset(blocks, 0, sizeof(*blocks));
    if (!byte_reader_be32(reader, &ranges) || ranges > RETRIEVAL_RANGES_MAX ||
        ranges > reader->left / 8)
        return false;
    for (; ranges > 0; ranges--) {
        if (!byte_reader_be32(reader, &index) || !byte_reader_be32(reader, &count) ||
            index >= BLOCKS_PER_SEGMENT || count > BLOCKS_PER_SEGMENT - index)
            return false;
        for (; count > 0; count--)
            block_set_add(blocks, index + count - 1);
    }
    return true;
}

bool retrieval_take_counted(struct byte_reader *reader, const uint8_t **bytes, uint32_t *length)
{
    return byte_reader_be32(reader, length) && byte_reader_take(reader, *length, bytes);
}

uint8_t *retrieval_put32(uint8_t *out, uint32_t value)
{
    store_be32(out, value);
    return out + 4;
}

uint8_t *retrieval_put_header(uint8_t *out, enum retrieval_type type, enum block_cipher cipher)
{
    /* The version is that in which the type came, whoever speaks. */
    out = retrieval_put32(out, type >= RETRIEVAL_GETSEGLIST ? 2 : 1);
    out = retrieval_put32(out, type);
    out = retrieval_put32(out, 0);
    return retrieval_put32(out, cipher);
}

uint8_t *retrieval_put_versions(uint8_t *out)
{
    return retrieval_put32(retrieval_put32(out, 1), 2);
}

uint8_t *retrieval_put_id(uint8_t *out, struct retrieval_id id)
{
    uint32_t pad = retrieval_pad(id.length);
    out = retrieval_put32(out, id.length);
    memcpy(out, id.bytes, id.length);
    memset(out + id.length, 0, pad);
    return out + id.length + pad;
}

uint8_t *retrieval_put_blocks(uint8_t *out, const struct block_set *blocks)
{
    uint8_t *next = out + 4;
    uint32_t ranges = 0, index = block_set_next(blocks, 0);
    for (; index < BLOCKS_PER_SEGMENT; ranges++) {
        uint32_t end = index + 1;
        while (block_set_has(blocks, end))
            end++;
        next = retrieval_put32(retrieval_put32(next, index), end - index);
        index = block_set_next(blocks, end);
    }
    store_be32(out, ranges);
    return next;
}

size_t retrieval_finish(uint8_t *message, const uint8_t *end)
{
    size_t length = (size_t)(end - message);
    store_be32(message + 8, (uint32_t)length);
    return length;
}

void retrieval_write_blob(uint8_t *out, const struct retrieval_age *ages, size_t count)
{
    store_be32(out, BLOB_VERSION << 16 | BLOB_UNITS_HUNDREDTHS << 8 | (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        uint32_t age = ages[i].age < AGE_MAX ? ages[i].age : AGE_MAX;
        /* The protocol's only little-endian number ([MS-PCCRR] 2.2.1.5). */
        store_le32(out + 4 + 4 * i, ages[i].position | age << 8);
    }
}

bool retrieval_read_blob(const uint8_t *blob, size_t length, struct retrieval_age *ages,
                         size_t *count)
{
    static const uint32_t hundredths[] = {
        [BLOB_UNITS_SECONDS] = 100, [BLOB_UNITS_TENTHS] = 10, [BLOB_UNITS_HUNDREDTHS] = 1};
    if (length < 4 || load_be32(blob) >> 16 != BLOB_VERSION)
        return false;
    uint8_t units = blob[2];
    *count = blob[3];
    if (units < BLOB_UNITS_SECONDS || units > BLOB_UNITS_THOUSANDTHS ||
        length < retrieval_blob_size(*count))
        return false;
    for (size_t i = 0; i < *count; i++) {
        uint32_t both = load_le32(blob + 4 + 4 * i);
        uint32_t age = both >> 8;
        age = units == BLOB_UNITS_THOUSANDTHS ? age / 10 : age * hundredths[units];
        ages[i] = (struct retrieval_age){(uint8_t)both, age};
    }
    return true;
}
