/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pieces of content information made from stored records are the pieces of the blob that the
 * core's writers make in one go, wherever one starts to read. Contents of many gigabytes are only
 * pretended: their hashes are random. */
#include "engine/content_info_reader.h"

#include "core/segmenter_v2.h"
#include "engine/segment_records.h"
#include "platform/secret_key_store.h"
#include "support/unit_main.h"
#include "unit/core/blob_builder.h"
#include "unit/engine/fixture.h"

#include <stdlib.h>
#include <string.h>

static const struct segment_scheme scheme_v1 = {1, HASH_SHA256}, scheme_v2 = {2, HASH_SHA512};
static struct publication_store *store;
static struct publication_owner *owner;
static struct secret_key key;
static struct content_info_reader reader;
static uint64_t random_state = 88172645463325252u;

static uint64_t random_below(uint64_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (random_state >> 8) % limit;
}

static int set_up(void **state)
{
    struct identity identity;
    if (fixture_set_up(state) != 0 || identity_current(&identity) != PD_OK)
        return -1;
    store = publication_store_create(identity.user);
    identity_fini(&identity);
    if (store == NULL)
        return -1;
    return publication_owner_create(store, &owner) == PD_OK && secret_key_load(&key) == PD_OK ? 0
                                                                                              : -1;
}

static int tear_down(void **state)
{
    publication_owner_destroy(owner);
    publication_store_destroy(store);
    return fixture_tear_down(state);
}

/* A content that never was, in both versions. */
struct pretence {
    struct content_record v1, v2;
    struct publication_info publication;
};

static void *random_bytes_of(size_t length)
{
    uint8_t *bytes = malloc(length + 8);
    assert_non_null(bytes);
    for (size_t i = 0; i < length; i += 8) {
        uint64_t value = random_below(UINT64_MAX);
        memcpy(bytes + i, &value, 8);
    }
    return bytes;
}

static void make_records(struct pretence *content, uint64_t length)
{
    struct content_record *v1 = &content->v1, *v2 = &content->v2;
    size_t blocks = (size_t)((length + BLOCK_SIZE_V1 - 1) / BLOCK_SIZE_V1);
    memset(content, 0, sizeof(*content));
    v1->scheme = scheme_v1;
    v2->scheme = scheme_v2;
    v1->length = v2->length = length;
    v1->segment_count = (size_t)((length + SEGMENT_SIZE_V1 - 1) / SEGMENT_SIZE_V1);
    v1->block_hashes = random_bytes_of(blocks * 32);
    v1->hods = random_bytes_of(v1->segment_count * 32);
    for (size_t s = 0; s < v1->segment_count; s++) {
        size_t first = s * BLOCKS_PER_SEGMENT;
        size_t count = blocks - first < BLOCKS_PER_SEGMENT ? blocks - first : BLOCKS_PER_SEGMENT;
        assert_int_equal(
            segment_hod_v1(HASH_SHA256, v1->block_hashes + first * 32, count, v1->hods + s * 32),
            PD_OK);
    }
    v2->sizes = malloc((size_t)(length / SEGMENT_MIN_SIZE_V2 + 1) * sizeof(uint32_t));
    assert_non_null(v2->sizes);
    for (uint64_t left = length; left > 0; left -= v2->sizes[v2->segment_count++]) {
        uint64_t size =
            SEGMENT_MIN_SIZE_V2 + random_below(SEGMENT_MAX_SIZE_V2 - SEGMENT_MIN_SIZE_V2 + 1);
        v2->sizes[v2->segment_count] = (uint32_t)(size < left ? size : left);
    }
    v2->hods = random_bytes_of(v2->segment_count * 32);
}

static void write_out(struct pretence *content, struct segment_records *records, bool complete)
{
    struct segment_records_view view;
    assert_int_equal(segment_records_view(records, &view), PD_OK);
    assert_int_equal(publication_write(store, &content->publication.id, &view.records, complete,
                                       records->content_length),
                     PD_OK);
    segment_records_written(records);
}

/* Through segment_records, as a stream does it. */
static void publish_records(struct pretence *content, const char *identifier)
{
    struct segment_records records = {0};
    uint64_t length = content->v1.length, offset = 0, v2_offset = 0;
    size_t v2 = 0;
    assert_int_equal(publication_begin(owner, identifier, strlen(identifier), SEGMENTER_V2_FUNCTION,
                                       &content->publication.id),
                     PD_OK);
    while (offset < length) {
        uint64_t left = length - offset;
        uint32_t size = left < SEGMENT_SIZE_V1 ? (uint32_t)left : SEGMENT_SIZE_V1;
        assert_int_equal(segment_records_add_blocks(
                             &records, content->v1.block_hashes + offset / BLOCK_SIZE_V1 * 32,
                             (size + BLOCK_SIZE_V1 - 1) / BLOCK_SIZE_V1, size),
                         PD_OK);
        offset += size;
        for (; v2 < content->v2.segment_count && v2_offset < offset; v2++) {
            uint8_t digest[64] = {0};
            memcpy(digest, content->v2.hods + 32 * v2, 32);
            assert_int_equal(segment_records_add_v2(&records, &content->v2.sizes[v2], digest, 1),
                             PD_OK);
            v2_offset += content->v2.sizes[v2];
        }
        if (offset < length)
            write_out(content, &records, false);
    }
    write_out(content, &records, true);
    segment_records_fini(&records);
    struct publication_info found;
    assert_int_equal(publication_find(store, identifier, strlen(identifier), &found), PD_OK);
    assert_memory_equal(&found.id, &content->publication.id, sizeof(found.id));
    assert_int_equal(found.content_length, length);
    content->publication = found;
}

static void end_records(struct pretence *content)
{
    assert_int_equal(publication_remove(store, &content->publication.id), PD_OK);
    content_record_fini(&content->v1);
    content_record_fini(&content->v2);
}

static void assert_piece(const uint8_t *blob, size_t size, uint64_t position)
{
    assert_int_equal(content_info_reader_load(&reader, position), PD_OK);
    assert_true(reader.piece_position <= position);
    assert_true(position - reader.piece_position < reader.piece_length);
    assert_true(reader.piece_length <= CONTENT_INFO_PIECE_MAX);
    assert_true(reader.piece_position + reader.piece_length <= size);
    assert_memory_equal(reader.piece, blob + reader.piece_position, reader.piece_length);
}

/* Whole pieces from the first byte on, then bytes anywhere. */
static void check_range(const struct pretence *content, unsigned version, uint64_t offset,
                        uint64_t length, int positions)
{
    uint8_t *blob;
    size_t size = 0, pieces = 0;
    assert_int_equal(content_record_write(version == 1 ? &content->v1 : &content->v2, key.bytes,
                                          key.length, offset, length, &blob, &size),
                     PD_OK);
    assert_int_equal(
        content_info_reader_open(&reader, store, &content->publication, version, offset, length),
        PD_OK);
    assert_int_equal(reader.total_size, size);
    for (uint64_t at = 0; at < size; at = reader.piece_position + reader.piece_length, pieces++)
        assert_piece(blob, size, at);
    for (int i = 0; i < positions && size > 0; i++)
        assert_piece(blob, size, random_below(size));
    if (size > 0)
        assert_piece(blob, size, size - 1);
    /* Pieces are as large as they can be. */
    assert_true(pieces <= 3 + size / 16384 + size / (CONTENT_INFO_READER_STEP * 68u) +
                              content->v1.segment_count);
    content_info_reader_close(&reader);
    free(blob);
}

static void test_lengths(void **state)
{
    static const uint64_t lengths[] = {1,        65535,    65536,    65537,   131073,
                                       33554431, 33554432, 33554433, 99999999};
    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct pretence content;
        make_records(&content, lengths[i]);
        publish_records(&content, "content");
        for (unsigned version = 1; version <= 2; version++)
            check_range(&content, version, 0, 0, 200);
        end_records(&content);
    }
}

/* More than 256 v1 segments, so that their descriptions are several pieces; hundreds of runs. */
static void test_many_segments(void **state)
{
    static const uint64_t counts[] = {256, 257, 520};
    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct pretence content;
        make_records(&content, counts[i] * SEGMENT_SIZE_V1 + (i == 0 ? 0 : 12345));
        publish_records(&content, "content");
        for (unsigned version = 1; version <= 2; version++)
            check_range(&content, version, 0, 0, 300);
        end_records(&content);
    }
}

static void test_ranges(void **state)
{
    struct pretence content;
    uint64_t length = 300ull * SEGMENT_SIZE_V1 + 77777;
    (void)state;
    make_records(&content, length);
    publish_records(&content, "content");
    for (unsigned version = 1; version <= 2; version++) {
        uint64_t first = content.v2.sizes[0], last = content.v2.sizes[content.v2.segment_count - 1];
        check_range(&content, version, 0, 1, 20);
        check_range(&content, version, length - 1, 1, 20);
        check_range(&content, version, 0, length, 20);
        check_range(&content, version, 1, length - 1, 20);
        check_range(&content, version, 0, length - 1, 20);
        check_range(&content, version, 0, first, 20);
        check_range(&content, version, first - 1, 2, 20);
        check_range(&content, version, first, 1, 20);
        check_range(&content, version, length - last, last, 20);
        check_range(&content, version, SEGMENT_SIZE_V1, SEGMENT_SIZE_V1, 20);
        check_range(&content, version, SEGMENT_SIZE_V1 - 1, 2, 20);
        check_range(&content, version, 256ull * SEGMENT_SIZE_V1 + 1, 40000000, 20);
        for (int i = 0; i < 40; i++) {
            uint64_t offset = random_below(length);
            uint64_t span = i % 2 == 0 ? 1000000000 : 200000;
            uint64_t most = span < length - offset ? span : length - offset;
            check_range(&content, version, offset, 1 + random_below(most), i % 10 == 0 ? 50 : 3);
        }
    }
    end_records(&content);
}

static void test_bad_ranges(void **state)
{
    static const struct {
        uint64_t offset, length;
        enum pd_status status;
    } ranges[] = {{100000, 1, PD_OUT_OF_BOUNDS},
                  {0, 100001, PD_OUT_OF_BOUNDS},
                  {99999, 2, PD_OUT_OF_BOUNDS},
                  {200000, 1, PD_OUT_OF_BOUNDS},
                  {UINT64_MAX, 2, PD_OUT_OF_BOUNDS},
                  {2, UINT64_MAX, PD_OUT_OF_BOUNDS},
                  {UINT64_MAX, UINT64_MAX, PD_OUT_OF_BOUNDS},
                  {1, 0, PD_INVALID_PARAMETER},
                  {UINT64_MAX, 0, PD_INVALID_PARAMETER}};
    struct pretence content;
    (void)state;
    make_records(&content, 100000);
    publish_records(&content, "content");
    for (unsigned version = 1; version <= 2; version++)
        for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
            assert_int_equal(content_info_reader_open(&reader, store, &content.publication, version,
                                                      ranges[i].offset, ranges[i].length),
                             ranges[i].status);
    end_records(&content);
}

static void test_empty_content(void **state)
{
    struct pretence content;
    (void)state;
    make_records(&content, 0);
    publish_records(&content, "content");
    for (unsigned version = 1; version <= 2; version++) {
        check_range(&content, version, 0, 0, 0);
        assert_int_equal(
            content_info_reader_open(&reader, store, &content.publication, version, 0, 1),
            PD_OUT_OF_BOUNDS);
    }
    end_records(&content);
}

/* The publication goes away in the middle, or another takes its identifier. */
static void test_publication_is_gone(void **state)
{
    (void)state;
    for (unsigned version = 1; version <= 2; version++) {
        struct pretence content, next;
        make_records(&content, 400000000);
        publish_records(&content, "content");
        assert_int_equal(
            content_info_reader_open(&reader, store, &content.publication, version, 0, 0), PD_OK);
        assert_int_equal(content_info_reader_load(&reader, 0), PD_OK);
        assert_int_equal(publication_remove(store, &content.publication.id), PD_OK);
        assert_int_equal(content_info_reader_load(&reader, reader.total_size - 1), PD_INVALIDATED);
        assert_int_equal(reader.piece_length, 0);
        make_records(&next, 400000000);
        publish_records(&next, "content");
        assert_int_equal(content_info_reader_load(&reader, 0), PD_INVALIDATED);
        assert_int_equal(content_info_reader_load(&reader, reader.total_size - 1), PD_INVALIDATED);
        content_info_reader_close(&reader);
        content_record_fini(&content.v1);
        content_record_fini(&content.v2);
        end_records(&next);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),       cmocka_unit_test(test_many_segments),
        cmocka_unit_test(test_ranges),        cmocka_unit_test(test_bad_ranges),
        cmocka_unit_test(test_empty_content), cmocka_unit_test(test_publication_is_gone),
    };
    int failed = cmocka_run_group_tests(tests, set_up, tear_down);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
