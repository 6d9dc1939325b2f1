/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads and stores of both byte orders at odd addresses, and the bounds of the cursor. */
#include "core/bytes.h"

#include "support/unit_main.h"
#include "unit/core/guarded_buffer.h"

#include <string.h>

static const uint8_t bytes[] = {0xf1, 0xe2, 0xd3, 0xc4, 0xb5, 0xa6, 0x97, 0x88};

static void test_loads(void **state)
{
    struct guarded_buffer buffer;

    (void)state;
    for (size_t before = 0; before < 8; before++) {
        uint8_t shifted[16] = {0};

        memcpy(shifted + before, bytes, 8);
        guarded_copy(&buffer, shifted, before + 8);
        assert_int_equal(load_le16(buffer.data + before), 0xe2f1);
        assert_int_equal(load_le32(buffer.data + before), 0xc4d3e2f1);
        assert_int_equal(load_le64(buffer.data + before), 0x8897a6b5c4d3e2f1);
        assert_int_equal(load_be32(buffer.data + before), 0xf1e2d3c4);
        assert_int_equal(load_be64(buffer.data + before), 0xf1e2d3c4b5a69788);
        guarded_free(&buffer);
    }
}

static void test_stores(void **state)
{
    uint8_t out[9];

    (void)state;
    memset(out, 0x5a, sizeof out);
    store_le64(out + 1, 0x8897a6b5c4d3e2f1);
    assert_memory_equal(out + 1, bytes, 8);
    assert_int_equal(out[0], 0x5a);
    memset(out, 0x5a, sizeof out);
    store_be64(out, 0xf1e2d3c4b5a69788);
    assert_memory_equal(out, bytes, 8);
    assert_int_equal(out[8], 0x5a);
    memset(out, 0x5a, sizeof out);
    store_le32(out, 0xc4d3e2f1);
    store_be32(out + 4, 0xb5a69788);
    assert_memory_equal(out, bytes, 8);
    memset(out, 0x5a, sizeof out);
    store_le16(out, 0xe2f1);
    assert_memory_equal(out, bytes, 2);
    assert_int_equal(out[2], 0x5a);
}

/* What is not all there is not read, and takes nothing. */
static void test_reader_bounds(void **state)
{
    struct guarded_buffer buffer;
    const uint8_t *taken;
    uint32_t value = 7;

    (void)state;
    for (size_t length = 0; length <= sizeof bytes; length++) {
        struct byte_reader reader;

        guarded_copy(&buffer, bytes, length);
        reader.next = buffer.data;
        reader.left = length;
        assert_false(byte_reader_take(&reader, length + 1, &taken));
        assert_false(byte_reader_take(&reader, SIZE_MAX, &taken));
        assert_ptr_equal(reader.next, buffer.data);
        assert_int_equal(reader.left, length);
        assert_int_equal(byte_reader_le32(&reader, &value), length >= 4);
        assert_int_equal(value, length >= 4 ? 0xc4d3e2f1 : 7);
        assert_int_equal(byte_reader_be32(&reader, &value), length >= 8);
        if (length >= 8)
            assert_int_equal(value, 0xb5a69788);
        assert_true(byte_reader_take(&reader, reader.left, &taken));
        assert_int_equal(reader.left, 0);
        assert_ptr_equal(reader.next, buffer.data + length);
        guarded_free(&buffer);
        value = 7;
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_loads),
    cmocka_unit_test(test_stores),
    cmocka_unit_test(test_reader_bounds),
};

PD_UNIT_MAIN(tests)
