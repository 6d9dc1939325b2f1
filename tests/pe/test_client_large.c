/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Content of 6 GiB, of zeros: information of several MiB, which is kept in a file; offsets that
 * need 64 bits; counts that do not fit into 32; and segments that are all the same but for the
 * last, of which one copy is enough.
 */
#include <stdlib.h>
#include <string.h>

#include "core/hash/digest.h"
#include "pe/check.h"
#include "pe/client_support.h"
#include "unit/core/blob_builder.h"

#define TAIL     12345u
#define SEGMENTS 192u /* of 32 MiB */
#define LENGTH   ((ULONGLONG)SEGMENTS * SEGMENT_SIZE_V1 + TAIL)
#define MOST     0xffff0000u /* that a completion counts */

static HANDLE instance;
static BYTE *zeros; /* a segment and the tail */

static void *need(void *memory)
{
    require(memory != NULL, "the machine", "no memory");
    return memory;
}

/* The records of a whole segment and the tail, the former over and over again. */
static struct blob information_of_zeros(unsigned version)
{
    struct segment_scheme scheme = {version, version == 1 ? HASH_SHA256 : HASH_SHA512};
    uint32_t size = version == 1 ? SEGMENT_SIZE_V1 : SEGMENT_MAX_SIZE_V2;
    size_t count = (size_t)((LENGTH - TAIL) / size), value = segment_value_size(scheme);
    size_t list = version == 1 ? (size_t)BLOCKS_PER_SEGMENT * value : 0;
    struct content_record once, all = {scheme, LENGTH, count + 1, NULL, NULL, NULL};
    uint8_t *blob = NULL;
    size_t blob_size = 0;
    content_record_init(&once, scheme, zeros, size + TAIL, &size, 1);
    all.sizes = need(malloc((count + 1) * sizeof(*all.sizes)));
    all.hods = need(malloc((count + 1) * value));
    all.block_hashes = need(malloc(count * list + value));
    for (size_t i = 0; i < count; i++) {
        all.sizes[i] = size;
        memcpy(all.hods + i * value, once.hods, value);
        if (version == 1)
            memcpy(all.block_hashes + i * list, once.block_hashes, list);
    }
    all.sizes[count] = TAIL;
    memcpy(all.hods + count * value, once.hods + value, value);
    if (version == 1)
        memcpy(all.block_hashes + count * list, once.block_hashes + list, value);
    require(content_record_write(&all, (const uint8_t *)"key", 3, 0, 0, &blob, &blob_size) == PD_OK,
            "the test", "no information");
    check(blob_size > 2u << 20, "the test: more than is kept in memory", "%zu", blob_size);
    content_record_fini(&once);
    content_record_fini(&all);
    return (struct blob){blob, blob_size};
}

static HANDLE open_large(const struct blob *information, const PEERDIST_CONTENT_TAG *tag)
{
    HANDLE content = content_new(instance, tag);
    for (size_t at = 0; at < information->size; at += 700001) {
        size_t left = information->size - at, part = left < 700001 ? left : 700001;
        require(content_add_information(instance, content, information->bytes + at, part) == 0,
                "2.3/AddContentInformation [D]", "failed at %zu", at);
    }
    check_equal(content_complete_information(instance, content), 0,
                "2.3/CompleteContentInformation [D]");
    return content;
}

/* With nothing there: the counts are as large as they can be, and the position passes them over. */
static void test_counts(const struct blob *information)
{
    PEERDIST_CONTENT_TAG tag = tag_new();
    HANDLE content = open_large(information, &tag);
    ULONGLONG offset;
    DWORD bytes;
    BYTE byte;
    check_equal(content_block_read(instance, content, 5, &byte, 1, LOCAL_ONLY, &offset, &bytes),
                PEERDIST_ERROR_MISSING_DATA, "2.3/MISSING_DATA [D]");
    check(offset == 5 && bytes == MOST, "8/a missing range as long as can be counted [I]",
          "%lu bytes at %llu", bytes, offset);
    for (ULONGLONG position = 0; position < LENGTH; position += bytes) {
        check_equal(content_stream_read(instance, content, &byte, 1, LOCAL_ONLY, &offset, &bytes),
                    PEERDIST_ERROR_MISSING_DATA, "2.3/MISSING_DATA [D]");
        ULONGLONG left = LENGTH - position;
        check(offset == position && bytes == (left < MOST ? left : MOST),
              "8/a missing range as long as can be counted [I]", "%lu bytes at %llu", bytes,
              offset);
        if (bytes == 0)
            break;
    }
    check_equal(content_stream_read(instance, content, &byte, 1, LOCAL_ONLY, &offset, &bytes),
                PEERDIST_ERROR_NO_MORE, "2.3/NO_MORE [D]");
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
}

static void test_data(const struct blob *information)
{
    const ULONGLONG high = (LENGTH - TAIL) - 2 * SEGMENT_SIZE_V1;
    PEERDIST_CONTENT_TAG tag = tag_new();
    HANDLE content = open_large(information, &tag);
    ULONGLONG offset;
    DWORD bytes;
    BYTE *wrong = need(malloc(SEGMENT_SIZE_V1));
    memset(wrong, 1, SEGMENT_SIZE_V1);

    check_equal(content_add(instance, content, high, wrong, SEGMENT_SIZE_V1), 0, "2.3/AddData");
    check_equal(content_add(instance, content, high, zeros, SEGMENT_SIZE_V1), 0, "2.3/AddData [D]");
    check_equal(content_add(instance, content, LENGTH - TAIL, zeros, TAIL), 0, "2.3/AddData [D]");
    check_equal(content_add(instance, content, LENGTH, zeros, 1), PEERDIST_ERROR_OUT_OF_BOUNDS,
                "2.3/AddData past the end [D]");
    check_equal(content_compare(instance, content, high, zeros, 2 * 1000000), 0,
                "2.3/BlockRead above 4 GiB [D]");
    check_equal(content_compare(instance, content, LENGTH - TAIL - 100, zeros, TAIL + 100), 0,
                "2.3/BlockRead to the end [D]");
    /* Found by segment ID: the same bytes are everywhere. */
    check_equal(content_compare(instance, content, 3 * SEGMENT_SIZE_V1 - 5000, zeros, 10000), 0,
                "ours/equal segments share their bytes");
    check_equal(content_block_read(instance, content, 0, NULL, 0, LOCAL_ONLY, &offset, &bytes), 0,
                "2.3/query [D]");
    check(offset == 0 && bytes == MOST, "8/as many bytes as can be counted [I]", "%lu", bytes);
    check_equal(content_stream_read(instance, content, NULL, 0, LOCAL_ONLY, &offset, &bytes), 0,
                "2.3/query [D]");
    check(bytes == MOST, "8/as many bytes as can be counted [I]", "%lu", bytes);
    check_equal(
        content_block_read(instance, content, LENGTH - 1, wrong, 10, LOCAL_ONLY, &offset, &bytes),
        0, "2.3/BlockRead at the last byte [D]");
    check(bytes == 1 && wrong[0] == 0, "2.3/BlockRead at the last byte [D]", "%lu bytes", bytes);
    check_equal(content_flush(instance, &tag), 0, "2.3/FlushContent [D]");
    check_equal(content_block_read(instance, content, high, wrong, 1, LOCAL_ONLY, NULL, NULL),
                PEERDIST_ERROR_MISSING_DATA, "2.3/FlushContent [D]");
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
    free(wrong);
}

int main(void)
{
    check_begin("pe.client_large", 110);
    require(hash_library_init(), "the machine", "no libcrypto");
    zeros = need(calloc(1, SEGMENT_SIZE_V1 + TAIL));
    instance = instance_new();
    for (unsigned version = 1; version <= 2; version++) {
        struct blob information = information_of_zeros(version);
        test_counts(&information);
        test_data(&information);
        blob_fini(&information);
    }
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
    free(zeros);
    return check_end();
}
