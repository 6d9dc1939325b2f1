/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Base64: published vectors, every length, and what a strict reader refuses. */
#include "core/base64.h"

#include "support/unit_main.h"
#include "unit/core/vector_file.h"

#include <string.h>

static struct vector_file file;

static int set_up(void **state)
{
    (void)state;
    vector_file_load(&file, "discovery.txt");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    vector_file_free(&file);
    return 0;
}

static void check_pair(const uint8_t *bytes, size_t length, const char *text)
{
    char encoded[1024];
    uint8_t decoded[512];
    size_t decoded_length;

    assert_int_equal(BASE64_LENGTH(length), strlen(text));
    base64_encode(bytes, length, encoded);
    assert_memory_equal(encoded, text, strlen(text));
    assert_true(base64_decode(text, decoded, sizeof decoded, &decoded_length));
    assert_int_equal(decoded_length, length);
    assert_memory_equal(decoded, bytes, length);
}

/* Lines "HEX BASE64". */
static void test_vectors(void **state)
{
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < file.count; i++) {
        const char *value = file.lines[i].value;
        size_t digits = strcspn(value, " ");
        char hex[512];
        uint8_t bytes[256];

        if (strcmp(file.lines[i].name, "base64") != 0 &&
            strcmp(file.lines[i].name, "published") != 0)
            continue;
        assert_true(digits < sizeof hex);
        memcpy(hex, value, digits);
        hex[digits] = '\0';
        check_pair(bytes, vector_hex(hex, bytes, sizeof bytes), value + digits + 1);
        count++;
    }
    assert_int_equal(count, 9);
}

/* RFC 4648, section 10. */
static void test_rfc_vectors(void **state)
{
    static const char *const texts[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                        "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};

    (void)state;
    for (size_t length = 0; length < 7; length++)
        check_pair((const uint8_t *)"foobar", length, texts[length]);
}

static void test_room(void **state)
{
    uint8_t out[4] = {0, 0, 0xa5, 0xa5};
    size_t length;

    (void)state;
    assert_true(base64_decode("Zm9vYmFy", out, 2, &length));
    assert_int_equal(length, 6);
    assert_memory_equal(out, "fo\xa5\xa5", 4);
    assert_true(base64_decode("Zm9vYmFy", out, 0, &length));
    assert_int_equal(length, 6);
}

static void test_white_space(void **state)
{
    uint8_t out[8];
    size_t length;

    (void)state;
    assert_true(base64_decode(" Z m\t9v\r\nYg = = \n", out, sizeof out, &length));
    assert_int_equal(length, 4);
    assert_memory_equal(out, "foob", 4);
    assert_true(base64_decode(" \n", out, sizeof out, &length));
    assert_int_equal(length, 0);
}

static void test_refused(void **state)
{
    static const char *const texts[] = {
        "Z",
        "Zg",
        "Zg=",
        "Zm8",
        "=",
        "====",
        "Z===",
        "Zg===",
        "Zg==Zg==",
        "Zg== Zm9v",
        "Z=g=",
        "Zm9v=",
        "Zm9v====",
        "Zm9-",
        "Zm9_",
        "!!!!",
        "Zm9v\xc3\xa9Zm",
        "Zg=A",
        "Zh==",
        "Zm9=",
        "Zg==.",
    };
    uint8_t out[16];
    size_t length;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (base64_decode(texts[i], out, sizeof out, &length))
            fail_msg("accepted: %s", texts[i]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_vectors), cmocka_unit_test(test_rfc_vectors),
    cmocka_unit_test(test_room),    cmocka_unit_test(test_white_space),
    cmocka_unit_test(test_refused),
};

PD_UNIT_MAIN_WITH(tests, set_up, tear_down)
