/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every vector of content information: written byte for byte, read field by field. One test each.
 */
#include "core/content_info.h"

#include "support/unit_main.h"
#include "unit/core/content_vectors.h"
#include "unit/core/guarded_buffer.h"

#include <stdlib.h>
#include <string.h>

static void assert_hex(const uint8_t *actual, const char *expected, size_t length)
{
    uint8_t bytes[HASH_MAX_SIZE];

    if (expected == NULL)
        return;
    assert_int_equal(vector_hex(expected, bytes, sizeof bytes), length);
    assert_memory_equal(actual, bytes, length);
}

static void check_written(const struct content_vector *vector)
{
    uint8_t digest[32];
    size_t size;
    uint8_t *blob = content_vector_write(vector, &size);

    assert_int_equal(size, vector->size);
    assert_memory_equal(blob, vector->blob, vector->blob_length);
    assert_true(digest_once(HASH_SHA256, blob, size, digest));
    assert_hex(digest, vector->sha256, sizeof digest);
    free(blob);
}

static const struct vector_segment *described(const struct content_vector *vector, size_t index)
{
    for (size_t i = 0; i < vector->segment_count; i++)
        if (vector->segments[i].index == index)
            return &vector->segments[i];
    return NULL;
}

/* The chain from the secret key to Kp and on to the ID. */
static void check_names(const struct content_vector *vector,
                        const struct content_info_segment *segment, uint8_t *id)
{
    size_t value = segment_value_size(vector->scheme);
    uint8_t ks[HASH_MAX_SIZE];
    uint8_t kp[HASH_MAX_SIZE];

    assert_int_equal(segment_derive_ks(vector->scheme, vector->key, vector->key_length, ks), PD_OK);
    assert_int_equal(segment_derive_kp(vector->scheme, ks, segment->hod, kp), PD_OK);
    assert_memory_equal(kp, segment->secret, value);
    assert_int_equal(segment_derive_id(vector->scheme, segment->secret, segment->hod, id), PD_OK);
}

static void check_segment(const struct content_vector *vector,
                          const struct vector_segment *expected,
                          const struct content_info_segment *segment, const uint8_t *id)
{
    size_t value = segment_value_size(vector->scheme);

    assert_int_equal(segment->offset, expected->offset);
    assert_int_equal(segment->size, expected->size);
    assert_int_equal(segment->first_block, expected->first_block);
    assert_int_equal(segment->block_count, expected->block_count);
    assert_hex(segment->hod, expected->hod, value);
    assert_hex(segment->secret, expected->kp, value);
    assert_hex(id, expected->id, value);
    if (expected->block_count == 0) {
        assert_null(segment->block_hashes);
        return;
    }
    assert_hex(segment->block_hashes, expected->first_hash, value);
    assert_hex(segment->block_hashes + (segment->block_count - 1) * value, expected->last_hash,
               value);
    if (segment->block_count == (segment->size + BLOCK_SIZE_V1 - 1) / BLOCK_SIZE_V1) {
        uint8_t hod[HASH_MAX_SIZE];

        assert_int_equal(segment_hod_v1(vector->scheme.algorithm, segment->block_hashes,
                                        segment->block_count, hod),
                         PD_OK);
        assert_memory_equal(hod, segment->hod, value);
    }
}

static void check_read(const struct content_vector *vector, const struct guarded_buffer *buffer)
{
    size_t value = segment_value_size(vector->scheme);
    uint64_t listed = vector->scheme.version == 1 ? vector->fields[2] : vector->fields[5];
    struct digest *ids = digest_create(HASH_SHA256);
    struct content_info info;
    struct content_info_cursor cursor;
    struct content_info_segment segment;
    uint8_t digest[32];
    size_t seen = 0;
    size_t index = 0;

    assert_int_equal(content_info_parse(buffer->data, buffer->length, &info), PD_OK);
    assert_int_equal(info.scheme.version, vector->scheme.version);
    assert_int_equal(info.scheme.algorithm, vector->scheme.algorithm);
    assert_int_equal(info.range_start, vector->range_start);
    assert_int_equal(info.range_end, vector->range_end);
    assert_int_equal(info.segment_count, listed);
    if (vector->scheme.version == 2) {
        assert_int_equal(info.first_offset, vector->fields[0]);
        assert_int_equal(info.first_index, vector->fields[1]);
        assert_int_equal(info.whole_content, vector->fields[3] == 0);
    } else {
        assert_int_equal(info.first_index, info.first_offset / SEGMENT_SIZE_V1);
    }

    for (content_info_begin(&info, &cursor); content_info_next(&cursor, &segment); index++) {
        const struct vector_segment *expected = described(vector, index);
        uint8_t id[HASH_MAX_SIZE];

        check_names(vector, &segment, id);
        digest_update(ids, id, value);
        if (expected != NULL) {
            check_segment(vector, expected, &segment, id);
            seen++;
        }
    }
    assert_int_equal(index, listed);
    assert_int_equal(seen, vector->segment_count);
    assert_true(seen > 0);
    digest_final(ids, digest);
    assert_hex(digest, vector->ids, sizeof digest);
    digest_destroy(ids);
}

static void test_vector(void **state)
{
    const struct content_vector *vector = *state;
    struct guarded_buffer buffer;
    uint8_t *blob;

    if (vector->use == VECTOR_WRITE)
        check_written(vector);
    blob = content_vector_blob(vector);
    guarded_copy(&buffer, blob, vector->size);
    free(blob);
    if (vector->use == VECTOR_REFUSE) {
        struct content_info info;
        size_t size;

        assert_int_equal(content_info_parse(buffer.data, buffer.length, &info),
                         PD_CANNOT_PARSE_CONTENT_INFO);
        assert_null(content_vector_write(vector, &size));
        assert_int_equal(size, 0);
    } else {
        check_read(vector, &buffer);
    }
    guarded_free(&buffer);
}

int main(void)
{
    struct CMUnitTest tests[VECTORS_MAX];
    size_t count;
    const struct content_vector *vectors = content_vectors(&count);
    int failed;

    if (!hash_library_init())
        return 1;
    memset(tests, 0, sizeof tests);
    for (size_t i = 0; i < count; i++) {
        tests[i].name = vectors[i].name;
        tests[i].test_func = test_vector;
        tests[i].initial_state = (void *)(uintptr_t)&vectors[i];
    }
    failed = _cmocka_run_group_tests("content information vectors", tests, count, NULL, NULL);
    return pd_unit_report(count, failed);
}
