/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of the retrieval protocol: the examples written and read, and what must be refused. */
#include "core/retrieval.h"

#include "support/unit_main.h"
#include "unit/core/guarded_buffer.h"
#include "unit/core/vector_file.h"

#include <stdlib.h>
#include <string.h>

#include "core/hash/digest.h"

struct message {
    size_t length;
    uint8_t bytes[256];
};

static struct vector_file file;
static uint8_t id_bytes[32], secret[32], iv[16], plaintext[64];
static size_t plaintext_length;
static const struct retrieval_id id = {id_bytes, sizeof(id_bytes)};

static size_t value(const char *name, uint8_t *out, size_t room)
{
    for (size_t i = 0; i < file.count; i++)
        if (strcmp(file.lines[i].name, name) == 0)
            return vector_hex(file.lines[i].value, out, room);
    fail_msg("no %s", name);
    return 0;
}

static struct message example(const char *name)
{
    struct message message = {0};
    bool within = false;
    for (size_t i = 0; i < file.count; i++) {
        if (strcmp(file.lines[i].name, "vector") == 0)
            within = strcmp(file.lines[i].value, name) == 0;
        else if (within)
            message.length += vector_hex(file.lines[i].value, message.bytes + message.length,
                                         sizeof(message.bytes) - message.length);
    }
    assert_true(message.length > 0);
    return message;
}

static int set_up(void **state)
{
    (void)state;
    vector_file_load(&file, "retrieval.txt");
    value("id", id_bytes, sizeof(id_bytes));
    value("secret", secret, sizeof(secret));
    value("iv", iv, sizeof(iv));
    plaintext_length = value("plaintext", plaintext, sizeof(plaintext));
    return hash_library_init() ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    vector_file_free(&file);
    return 0;
}

static void assert_message(const char *name, const uint8_t *bytes, size_t length)
{
    struct message expected = example(name);
    assert_int_equal(length, expected.length);
    assert_memory_equal(bytes, expected.bytes, length);
}

/* From memory that ends where the message does. */
static enum decode_result read_request(const uint8_t *bytes, size_t length)
{
    struct retrieval_request request;
    struct guarded_buffer copy;
    guarded_copy(&copy, bytes, length);
    enum decode_result result = retrieval_read_request(copy.data, length, &request);
    guarded_free(&copy);
    return result;
}

static enum decode_result read_response(const uint8_t *bytes, size_t length)
{
    struct retrieval_response response;
    struct guarded_buffer copy;
    guarded_copy(&copy, bytes, length);
    enum decode_result result = retrieval_read_response(copy.data, length, &response);
    guarded_free(&copy);
    return result;
}

static struct block_set blocks_of(uint32_t first, uint32_t count)
{
    struct block_set set = {{0}};
    for (uint32_t i = 0; i < count; i++)
        block_set_add(&set, first + i);
    return set;
}

/* ---- Writing ---- */

static void test_write_requests(void **state)
{
    uint8_t out[RETRIEVAL_GETBLKLIST_SIZE];
    struct message e12 = example("E12");
    const struct retrieval_id ids[] = {{e12.bytes + 40, 32}, {e12.bytes + 76, 32}};
    const struct retrieval_id odd = {example("E15").bytes + 20, 33};
    (void)state;
    assert_message("E1", out, retrieval_write_nego_request(out));
    struct block_set blocks = blocks_of(0, 4);
    block_set_add(&blocks, 8);
    block_set_add(&blocks, 9);
    assert_message("E4", out, retrieval_write_getblklist(out, id, &blocks));
    assert_message("E7", out, retrieval_write_getblks(out, id, 0, BLOCK_CIPHER_AES_128));
    assert_message("E12", out, retrieval_write_getseglist(out, e12.bytes + 16, ids, 2));
    uint8_t long_id[33];
    struct message e15 = example("E15");
    memcpy(long_id, e15.bytes + 20, sizeof(long_id));
    const struct retrieval_id padded = {long_id, odd.length};
    assert_message("E15", out, retrieval_write_getblks(out, padded, 511, BLOCK_CIPHER_AES_128));
}

static size_t write_blk(uint8_t *out, enum block_cipher cipher, uint32_t number, uint32_t next,
                        const uint8_t *data, size_t length)
{
    size_t size = length == 0 ? 0 : block_cipher_size(cipher, length);
    size_t done = retrieval_write_blk_head(out, id, cipher, number, next, (uint32_t)size);
    assert_true(done <= RETRIEVAL_BLK_HEAD);
    if (length > 0)
        assert_true(block_cipher_encrypt(cipher, secret, iv, data, length, out + done));
    return done + size + retrieval_write_blk_tail(out + done + size, length > 0 ? iv : NULL);
}

static void test_write_responses(void **state)
{
    uint8_t out[RETRIEVAL_BLKLIST_SIZE];
    struct message e12 = example("E12");
    const struct retrieval_age ages[] = {{0, 60000}, {1, 1000}};
    bool held[2] = {true, true};
    struct block_set blocks = blocks_of(1, 2);
    (void)state;
    assert_message("E2", out, retrieval_write_nego_response(out));
    block_set_add(&blocks, 9);
    assert_message("E5", out, retrieval_write_blklist(out, id, &blocks));
    blocks = blocks_of(0, 0);
    assert_message("E6", out, retrieval_write_blklist(out, id, &blocks));
    assert_message("E8", out,
                   write_blk(out, BLOCK_CIPHER_AES_128, 0, 0, plaintext, plaintext_length));
    assert_message("E9", out,
                   write_blk(out, BLOCK_CIPHER_AES_256, 0, 0, plaintext, plaintext_length));
    assert_message("E11", out, write_blk(out, BLOCK_CIPHER_NONE, 7, 0, NULL, 0));
    assert_message("E13", out, retrieval_write_seglist(out, e12.bytes + 16, held, 2, ages, 2));
    held[0] = held[1] = false;
    assert_message("E14", out, retrieval_write_seglist(out, e12.bytes + 16, held, 2, ages, 0));
}

static void test_full_block(void **state)
{
    static uint8_t data[65536], out[65536 + 200], digest[32], expected[32];
    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(7 * i + i / 256);
    size_t length = write_blk(out, BLOCK_CIPHER_AES_128, 3, 5, data, sizeof(data));
    assert_int_equal(length, 65644);
    value("e16-sha256", expected, sizeof(expected));
    assert_true(digest_once(HASH_SHA256, out, length, digest));
    assert_memory_equal(digest, expected, sizeof(expected));

    struct retrieval_response response;
    assert_int_equal(retrieval_read_response(out, length, &response), DECODE_COMPLETE);
    assert_int_equal(response.number, 3);
    assert_int_equal(response.next, 5);
    assert_int_equal(response.block_length, 65552);
    uint8_t *block = out + (response.block - out);
    assert_true(block_cipher_decrypt(response.cipher, secret, response.iv, block, 65552, block));
    assert_memory_equal(block, data, sizeof(data));
}

static void test_most_ranges(void **state)
{
    static uint8_t out[RETRIEVAL_GETBLKLIST_SIZE + RETRIEVAL_BLKLIST_SIZE];
    struct retrieval_request request;
    struct retrieval_response response;
    struct block_set every_second = {{0}};
    (void)state;
    for (uint32_t i = 0; i < BLOCKS_PER_SEGMENT; i += 2)
        block_set_add(&every_second, i);
    size_t length = retrieval_write_getblklist(out, id, &every_second);
    assert_int_equal(length, 56 + 8 * 256);
    assert_int_equal(retrieval_read_request(out, length, &request), DECODE_COMPLETE);
    assert_memory_equal(&request.blocks, &every_second, sizeof(every_second));
    length = retrieval_write_blklist(out, id, &every_second);
    assert_int_equal(length, 4 + 60 + 8 * 256);
    assert_int_equal(retrieval_read_response(out, length, &response), DECODE_COMPLETE);
    assert_memory_equal(&response.blocks, &every_second, sizeof(every_second));
}

/* ---- Reading ---- */

static void test_read_requests(void **state)
{
    struct retrieval_request request;
    struct message e1 = example("E1"), e4 = example("E4"), e12 = example("E12");
    struct retrieval_id found;
    (void)state;
    assert_int_equal(retrieval_read_request(e1.bytes, e1.length, &request), DECODE_COMPLETE);
    assert_int_equal(request.type, RETRIEVAL_NEGO_REQ);
    assert_int_equal(request.min.major, 1);
    assert_int_equal(request.max.major, 2);

    assert_int_equal(retrieval_read_request(e4.bytes, e4.length, &request), DECODE_COMPLETE);
    assert_int_equal(request.type, RETRIEVAL_GETBLKLIST);
    assert_int_equal(request.id.length, 32);
    assert_memory_equal(request.id.bytes, id_bytes, 32);
    assert_int_equal(block_set_count(&request.blocks), 6);
    assert_int_equal(block_set_next(&request.blocks, 4), 8);

    assert_int_equal(retrieval_read_request(e12.bytes, e12.length, &request), DECODE_COMPLETE);
    assert_int_equal(request.version.major, 2);
    assert_int_equal(request.id_count, 2);
    assert_memory_equal(request.request_id, e12.bytes + 16, 16);
    assert_true(retrieval_next_id(&request.ids, &found));
    assert_memory_equal(found.bytes, e12.bytes + 40, 32);
    assert_true(retrieval_next_id(&request.ids, &found));
    assert_memory_equal(found.bytes, e12.bytes + 76, 32);
    assert_false(retrieval_next_id(&request.ids, &found));
    assert_int_equal(request.blob_length, 0);
}

static void test_read_responses(void **state)
{
    struct retrieval_response response;
    struct retrieval_age ages[RETRIEVAL_AGES_MAX];
    struct message e3 = example("E3"), e10 = example("E10"), e11 = example("E11"),
                   e13 = example("E13");
    uint32_t index, count;
    size_t age_count;
    (void)state;
    assert_int_equal(retrieval_read_response(e3.bytes, e3.length, &response), DECODE_COMPLETE);
    assert_int_equal(response.type, RETRIEVAL_NEGO_RESP);
    assert_int_equal(response.max.major, 1);

    assert_int_equal(retrieval_read_response(e10.bytes, e10.length, &response), DECODE_COMPLETE);
    assert_int_equal(response.cipher, BLOCK_CIPHER_NONE);
    assert_int_equal(response.block_length, plaintext_length);
    assert_memory_equal(response.block, plaintext, plaintext_length);

    assert_int_equal(retrieval_read_response(e11.bytes, e11.length, &response), DECODE_COMPLETE);
    assert_int_equal(response.number, 7);
    assert_int_equal(response.block_length, 0);

    assert_int_equal(retrieval_read_response(e13.bytes, e13.length, &response), DECODE_COMPLETE);
    assert_int_equal(response.range_count, 1);
    retrieval_segment_range(&response, 0, &index, &count);
    assert_int_equal(index, 0);
    assert_int_equal(count, 2);
    assert_true(retrieval_read_blob(response.blob, response.blob_length, ages, &age_count));
    assert_int_equal(age_count, 2);
    assert_int_equal(ages[0].age, 60000);
    assert_int_equal(ages[1].position, 1);
    assert_int_equal(ages[1].age, 1000);
    /* A message of the preliminary text ends after the ranges. */
    e13.bytes[3] = e13.bytes[15] = 0x2c;
    assert_int_equal(retrieval_read_response(e13.bytes, 48, &response), DECODE_COMPLETE);
    assert_int_equal(response.blob_length, 0);
}

static void test_partial(void **state)
{
    static const char *const requests[] = {"E1", "E4", "E7", "E12", "E15"};
    static const char *const responses[] = {"E2", "E5", "E8", "E10", "E11", "E13"};
    (void)state;
    for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
        struct message message = example(requests[i]);
        assert_int_equal(read_request(message.bytes, message.length), DECODE_COMPLETE);
        for (size_t length = 0; length < message.length; length++)
            assert_int_equal(read_request(message.bytes, length), DECODE_PARTIAL);
    }
    for (size_t i = 0; i < sizeof(responses) / sizeof(*responses); i++) {
        struct message message = example(responses[i]);
        assert_int_equal(read_response(message.bytes, message.length), DECODE_COMPLETE);
        for (size_t length = 0; length < message.length; length++)
            assert_int_equal(read_response(message.bytes, length), DECODE_PARTIAL);
        assert_int_equal(read_response(message.bytes, message.length + 1), DECODE_BAD);
    }
}

static void test_versions(void **state)
{
    struct retrieval_request request;
    struct message e7 = example("E7");
    static const uint8_t supported[] = {1, 2};
    static const uint8_t unsupported[] = {0, 3, 0xfe};
    (void)state;
    e7.bytes[1] = 77; /* the minor number never matters */
    for (size_t i = 0; i < sizeof(supported); i++) {
        e7.bytes[3] = supported[i];
        assert_int_equal(retrieval_read_request(e7.bytes, e7.length, &request), DECODE_COMPLETE);
        assert_false(request.unsupported);
    }
    memset(e7.bytes + 20, 0xff, e7.length - 20); /* nor what follows in a version unknown */
    for (size_t i = 0; i < sizeof(unsupported); i++) {
        e7.bytes[3] = unsupported[i];
        assert_int_equal(retrieval_read_request(e7.bytes, e7.length, &request), DECODE_COMPLETE);
        assert_true(request.unsupported);
    }
}

struct change {
    const char *message;
    size_t offset;
    uint32_t value;
};

static void test_refused_requests(void **state)
{
    static const struct change changes[] = {
        {"E7", 8, 0x43},        {"E7", 8, 0},           {"E7", 8, 0xFFFFFFFF},
        {"E7", 4, 1},           {"E7", 4, 4},           {"E7", 4, 5},
        {"E7", 4, 7},           {"E7", 4, 8},           {"E7", 12, 4},
        {"E7", 16, 0},          {"E7", 16, 0x21},       {"E7", 16, 0xFFFFFFFF},
        {"E7", 52, 10},         {"E7", 52, 0xFFFFFFFF}, {"E7", 52, 257},
        {"E7", 56, 0xFFFFFFFF}, {"E7", 56, 512},        {"E7", 60, 513},
        {"E7", 60, 0xFFFFFFFF}, {"E7", 64, 1},          {"E7", 64, 0xFFFFFFFF},
        {"E4", 52, 1},          {"E4", 52, 3},          {"E12", 32, 0},
        {"E12", 32, 1},         {"E12", 32, 3},         {"E12", 32, 0xFFFFFFFF},
        {"E12", 36, 28},        {"E12", 108, 1},        {"E12", 108, 0xFFFFFFFF},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        struct message message = example(changes[i].message);
        store_be32(message.bytes + changes[i].offset, changes[i].value);
        assert_int_equal(read_request(message.bytes, message.length), DECODE_BAD);
    }
    struct message longer = example("E7");
    store_be32(longer.bytes + 8, 0x45); /* one more byte would be left over when it has come */
    assert_int_equal(read_request(longer.bytes, longer.length), DECODE_PARTIAL);
    store_be32(longer.bytes + 8, 0x48);
    assert_int_equal(read_request(longer.bytes, longer.length + 4), DECODE_BAD);
}

static void test_empty_range(void **state)
{
    struct retrieval_request request;
    struct message e7 = example("E7");
    (void)state;
    store_be32(e7.bytes + 60, 0);
    assert_int_equal(retrieval_read_request(e7.bytes, e7.length, &request), DECODE_COMPLETE);
    assert_true(block_set_is_empty(&request.blocks));
}

static void test_refused_responses(void **state)
{
    static const struct change changes[] = {
        {"E8", 0, 0x87},
        {"E8", 0, 0xFFFFFFFF},
        {"E8", 0, 15},
        {"E8", 12, 0x87},
        {"E8", 12, 0xFFFFFFFF},
        {"E8", 4, 0},
        {"E8", 4, 3},
        {"E8", 8, 3},
        {"E8", 8, 8},
        {"E8", 16, 4},
        {"E8", 20, 0xFFFFFFFF},
        {"E8", 64, 0x2f},
        {"E8", 64, 0x20},
        {"E8", 64, 0},
        {"E8", 64, 0xFFFFFFFF},
        {"E8", 116, 1},
        {"E8", 116, 0xFFFFFFFF},
        {"E8", 120, 0},
        {"E8", 120, 15},
        {"E8", 120, 17},
        {"E5", 56, 3},
        {"E5", 56, 0xFFFFFFFF},
        {"E5", 60, 512},
        {"E13", 36, 2},
        {"E13", 36, 0xFFFFFFFF},
        {"E13", 44, 0},
        {"E13", 40, 0xFFFFFFFF},
        {"E13", 48, 13},
        {"E2", 12, 0x17},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        struct message message = example(changes[i].message);
        store_be32(message.bytes + changes[i].offset, changes[i].value);
        if (read_response(message.bytes, message.length) != DECODE_BAD)
            fail_msg("%s with %08x at %u was not refused", changes[i].message,
                     (unsigned)changes[i].value, (unsigned)changes[i].offset);
    }
}

static void test_blob(void **state)
{
    static const uint8_t published[] = {0, 1, 3, 2, 0, 0x60, 0xEA, 0, 2, 0x60, 0xEA, 0};
    static const uint32_t seconds[] = {0, 100 * 60000, 10 * 60000, 60000, 6000};
    const struct retrieval_age ours[] = {{0, 60000}, {2, 60000}, {3, 0x1000000}};
    struct retrieval_age ages[RETRIEVAL_AGES_MAX];
    uint8_t blob[16];
    size_t count;
    (void)state;
    retrieval_write_blob(blob, ours, 2);
    assert_memory_equal(blob, published, sizeof(published));
    for (uint8_t units = 0; units <= 5; units++) {
        blob[2] = units;
        bool good = retrieval_read_blob(blob, 12, ages, &count);
        assert_int_equal(good, units >= 1 && units <= 4);
        if (good)
            assert_int_equal(ages[1].age, seconds[units]);
    }
    retrieval_write_blob(blob, ours, 3);
    assert_true(retrieval_read_blob(blob, 16, ages, &count));
    assert_int_equal(ages[2].age, 0xFFFFFF);
    for (size_t length = 0; length < 16; length++)
        assert_false(retrieval_read_blob(blob, length, ages, &count));
    blob[1] = 2;
    assert_false(retrieval_read_blob(blob, 16, ages, &count));
}

/* ---- The cipher ---- */

static void test_cipher(void **state)
{
    static const char *const names[] = {NULL, "aes-128", "aes-192", "aes-256"};
    uint8_t expected[64], out[64], back[64], as[32];
    (void)state;
    for (int cipher = BLOCK_CIPHER_AES_128; cipher <= BLOCK_CIPHER_AES_256; cipher++) {
        size_t length = value(names[cipher], expected, sizeof(expected));
        assert_int_equal(block_cipher_size((enum block_cipher)cipher, plaintext_length), length);
        assert_true(block_cipher_encrypt((enum block_cipher)cipher, secret, iv, plaintext,
                                         plaintext_length, out));
        assert_memory_equal(out, expected, length);
        assert_true(block_cipher_decrypt((enum block_cipher)cipher, secret, iv, out, length, back));
        assert_memory_equal(back, plaintext, plaintext_length);
        memset(back + plaintext_length, (int)(length - plaintext_length),
               length - plaintext_length);
        assert_false(/* not a whole number of cipher blocks */
                     block_cipher_decrypt((enum block_cipher)cipher, secret, iv, out, length - 1,
                                          back));
    }
    memset(as, 'A', sizeof(as));
    size_t length = value("aes-128-of-32-A", expected, sizeof(expected));
    assert_true(block_cipher_encrypt(BLOCK_CIPHER_AES_128, secret, iv, as, sizeof(as), out));
    assert_memory_equal(out, expected, length);
    assert_int_equal(block_cipher_size(BLOCK_CIPHER_NONE, 45), 45);
    assert_true(block_cipher_encrypt(BLOCK_CIPHER_NONE, secret, iv, as, sizeof(as), out));
    assert_memory_equal(out, as, sizeof(as));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_requests),
        cmocka_unit_test(test_write_responses),
        cmocka_unit_test(test_full_block),
        cmocka_unit_test(test_most_ranges),
        cmocka_unit_test(test_read_requests),
        cmocka_unit_test(test_read_responses),
        cmocka_unit_test(test_partial),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_refused_requests),
        cmocka_unit_test(test_empty_range),
        cmocka_unit_test(test_refused_responses),
        cmocka_unit_test(test_blob),
        cmocka_unit_test(test_cipher),
    };
    return pd_unit_report(sizeof(tests) / sizeof(*tests),
                          cmocka_run_group_tests(tests, set_up, tear_down));
}
