/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ks of every scheme, and the test content itself, against tests/vectors/secrets.txt. The rest of
 * the chain is checked with the vectors of content information. */
#include "core/segment.h"

#include "support/unit_main.h"
#include "unit/core/blob_builder.h"
#include "unit/core/vector_file.h"

#include <stdlib.h>
#include <string.h>

static struct vector_file file;

static int set_up(void **state)
{
    (void)state;
    vector_file_load(&file, "secrets.txt");
    return hash_library_init() ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    vector_file_free(&file);
    return 0;
}

static void test_pattern(void **state)
{
    static const uint8_t begin[] = {0x00, 0x9e, 0x3c, 0xda, 0x78, 0x17, 0xb5, 0x53,
                                    0xf1, 0x8f, 0x2e, 0xcc, 0x6a, 0x08, 0xa7, 0x45};
    static const uint8_t middle[] = {0x3d, 0xdb, 0x79, 0x17, 0xb6, 0x54};
    static const uint8_t end[] = {0x25, 0xc3, 0x62, 0x00};
    size_t most = 33754432;
    uint8_t *data = malloc(most);
    int checked = 0;

    (void)state;
    assert_non_null(data);
    fill_pattern(data, most);
    assert_memory_equal(data, begin, sizeof begin);
    assert_memory_equal(data + 65534, middle, sizeof middle);
    assert_memory_equal(data + 33554430, end, sizeof end);
    for (size_t i = 0; i < file.count; i++) {
        uint8_t expected[32];
        uint8_t actual[32];
        char *hex;
        size_t length;

        if (strcmp(file.lines[i].name, "pattern") != 0)
            continue;
        length = (size_t)strtoul(file.lines[i].value, &hex, 10);
        assert_true(length <= most);
        vector_hex(hex + 1, expected, sizeof expected);
        assert_true(digest_once(HASH_SHA256, data, length, actual));
        assert_memory_equal(actual, expected, sizeof actual);
        checked++;
    }
    assert_int_equal(checked, 8);
    free(data);
}

static bool scheme_of(const char *name, struct segment_scheme *scheme)
{
    static const struct {
        const char *name;
        struct segment_scheme scheme;
    } known[] = {
        {"ks-v1-sha256", {1, HASH_SHA256}},
        {"ks-v1-sha384", {1, HASH_SHA384}},
        {"ks-v1-sha512", {1, HASH_SHA512}},
        {"ks-v2", {2, HASH_SHA512}},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(name, known[i].name) == 0) {
            *scheme = known[i].scheme;
            return true;
        }
    return false;
}

static void test_server_secrets(void **state)
{
    uint8_t key[64];
    size_t key_length = 0;
    int checked = 0;

    (void)state;
    for (size_t i = 0; i < file.count; i++) {
        const struct vector_line *line = &file.lines[i];
        struct segment_scheme scheme;
        uint8_t expected[HASH_MAX_SIZE];
        uint8_t actual[HASH_MAX_SIZE];

        if (strcmp(line->name, "key") == 0)
            key_length = vector_hex(line->value, key, sizeof key);
        if (!scheme_of(line->name, &scheme))
            continue;
        assert_int_equal(vector_hex(line->value, expected, sizeof expected),
                         segment_value_size(scheme));
        assert_int_equal(segment_derive_ks(scheme, key, key_length, actual), PD_OK);
        assert_memory_equal(actual, expected, segment_value_size(scheme));
        checked++;
    }
    assert_int_equal(checked, 7);
}

/* Nothing is written behind a value, cut or not. */
static void test_value_sizes(void **state)
{
    static const struct segment_scheme schemes[] = {
        {1, HASH_SHA256}, {1, HASH_SHA384}, {1, HASH_SHA512}, {2, HASH_SHA512}};
    static const size_t sizes[] = {32, 48, 64, 32};
    static const uint8_t hod[HASH_MAX_SIZE] = {1, 2, 3};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        uint8_t out[3][HASH_MAX_SIZE + 1];

        memset(out, 0xa5, sizeof out);
        assert_int_equal(segment_value_size(schemes[i]), sizes[i]);
        assert_int_equal(segment_derive_ks(schemes[i], "k", 1, out[0]), PD_OK);
        assert_int_equal(segment_derive_kp(schemes[i], out[0], hod, out[1]), PD_OK);
        assert_int_equal(segment_derive_id(schemes[i], out[1], hod, out[2]), PD_OK);
        for (int v = 0; v < 3; v++)
            for (size_t b = sizes[i]; b <= HASH_MAX_SIZE; b++)
                assert_int_equal(out[v][b], 0xa5);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_pattern),
    cmocka_unit_test(test_server_secrets),
    cmocka_unit_test(test_value_sizes),
};

PD_UNIT_MAIN_WITH(tests, set_up, tear_down)
