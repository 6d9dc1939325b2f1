/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Integers of either byte order in unaligned memory, and a bounded cursor for reading input that
 * cannot be trusted. Version 1.0 of content information is little-endian, version 2.0 big-endian.
 */
#ifndef PEERDIST_CORE_BYTES_H
#define PEERDIST_CORE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Loads and stores: the caller knows that the bytes are there. */
static inline uint16_t load_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t load_le32(const uint8_t *p)
{
    return (uint32_t)load_le16(p) | (uint32_t)load_le16(p + 2) << 16;
}

static inline uint64_t load_le64(const uint8_t *p)
{
    return (uint64_t)load_le32(p) | (uint64_t)load_le32(p + 4) << 32;
}

static inline uint32_t load_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static inline uint64_t load_be64(const uint8_t *p)
{
    return (uint64_t)load_be32(p) << 32 | (uint64_t)load_be32(p + 4);
}

static inline void store_le16(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

static inline void store_le32(uint8_t *p, uint32_t value)
{
    store_le16(p, (uint16_t)value);
    store_le16(p + 2, (uint16_t)(value >> 16));
}

static inline void store_le64(uint8_t *p, uint64_t value)
{
    store_le32(p, (uint32_t)value);
    store_le32(p + 4, (uint32_t)(value >> 32));
}

static inline void store_be32(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 24);
    p[1] = (uint8_t)(value >> 16);
    p[2] = (uint8_t)(value >> 8);
    p[3] = (uint8_t)value;
}

static inline void store_be64(uint8_t *p, uint64_t value)
{
    store_be32(p, (uint32_t)(value >> 32));
    store_be32(p + 4, (uint32_t)value);
}

/* Reads forward and never past the end. Each read is false, and consumes nothing, when fewer bytes
 * are left than it needs. */
struct byte_reader {
    const uint8_t *next;
    size_t left;
};

static inline bool byte_reader_take(struct byte_reader *reader, size_t length,
                                    const uint8_t **bytes)
{
    if (reader->left < length)
        return false;
    *bytes = reader->next;
    reader->next += length;
    reader->left -= length;
    return true;
}

static inline bool byte_reader_le32(struct byte_reader *reader, uint32_t *value)
{
    const uint8_t *bytes;

    if (!byte_reader_take(reader, 4, &bytes))
        return false;
    *value = load_le32(bytes);
    return true;
}

static inline bool byte_reader_be32(struct byte_reader *reader, uint32_t *value)
{
    const uint8_t *bytes;

    if (!byte_reader_take(reader, 4, &bytes))
        return false;
    *value = load_be32(bytes);
    return true;
}

#endif
