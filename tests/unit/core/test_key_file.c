/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secret keys from passphrases, and their exchange through Windows' export file. */
#include "core/key_file.h"

#include "support/unit_main.h"
#include "unit/core/guarded_buffer.h"
#include "unit/core/vector_file.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

static struct vector_file file;
static struct secret_key vector_key;
static uint8_t passphrase[64];
static size_t passphrase_length;
static uint8_t exported[64];

static int set_up(void **state)
{
    size_t wanted = 0;

    (void)state;
    vector_file_load(&file, "secrets.txt");
    for (size_t i = 0; i < file.count; i++) {
        const char *name = file.lines[i].name;
        const char *value = file.lines[i].value;

        if (strcmp(name, "key") == 0 && ++wanted == 2)
            vector_key.length = vector_hex(value, vector_key.bytes, sizeof vector_key.bytes);
        if (strcmp(name, "file-passphrase") == 0)
            passphrase_length = vector_hex(value, passphrase, sizeof passphrase);
        if (strcmp(name, "file") == 0)
            vector_hex(value, exported, sizeof exported);
    }
    return hash_library_init() ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    vector_file_free(&file);
    return 0;
}

static void test_passphrase(void **state)
{
    static const uint8_t text[SECRET_KEY_MAX + 2] = {'s', 0, 'e', 0};
    struct secret_key key;

    (void)state;
    assert_int_equal(secret_key_from_passphrase(text, 4, &key), PD_OK);
    assert_int_equal(key.length, 4);
    assert_memory_equal(key.bytes, text, 4);
    assert_int_equal(secret_key_from_passphrase(text, SECRET_KEY_MAX, &key), PD_OK);
    assert_int_equal(secret_key_from_passphrase(text, 0, &key), PD_INVALID_PARAMETER);
    assert_int_equal(secret_key_from_passphrase(text, 3, &key), PD_INVALID_PARAMETER);
    assert_int_equal(secret_key_from_passphrase(text, sizeof text, &key), PD_INVALID_PARAMETER);
    secret_key_wipe(&key);
    assert_int_equal(key.length, 0);
    assert_int_equal(key.bytes[0], 0);
}

static void test_export_vector(void **state)
{
    uint8_t out[KEY_FILE_MAX];
    size_t length;

    (void)state;
    assert_int_equal(key_file_export(&vector_key, passphrase, passphrase_length, out, &length),
                     PD_OK);
    assert_int_equal(length, sizeof exported);
    assert_memory_equal(out, exported, sizeof exported);
}

static void test_import_vector(void **state)
{
    struct guarded_buffer buffer;
    struct secret_key key;

    (void)state;
    guarded_copy(&buffer, exported, sizeof exported);
    assert_int_equal(
        key_file_import(buffer.data, buffer.length, passphrase, passphrase_length, &key), PD_OK);
    assert_int_equal(key.length, vector_key.length);
    assert_memory_equal(key.bytes, vector_key.bytes, key.length);
    guarded_free(&buffer);
}

static void test_lengths(void **state)
{
    static const size_t lengths[] = {1, 15, 16, 17, 31, 32, 33, 64, 1000, SECRET_KEY_MAX};
    uint8_t *out = malloc(KEY_FILE_MAX);
    struct secret_key key, back;

    (void)state;
    assert_non_null(out);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t length;

        key.length = lengths[i];
        for (size_t b = 0; b < key.length; b++)
            key.bytes[b] = (uint8_t)(b * 7 + i);
        assert_int_equal(key_file_export(&key, passphrase, passphrase_length, out, &length), PD_OK);
        assert_int_equal(length, 16 * ((32 + key.length) / 16 + 1));
        assert_true(length <= KEY_FILE_MAX);
        memset(&back, 0xa5, sizeof back);
        assert_int_equal(key_file_import(out, length, passphrase, passphrase_length, &back), PD_OK);
        assert_int_equal(back.length, key.length);
        assert_memory_equal(back.bytes, key.bytes, key.length);
    }
    free(out);
}

static void test_export_refuses(void **state)
{
    uint8_t out[16];
    size_t length;
    struct secret_key key = {0, {0}};

    (void)state;
    assert_int_equal(key_file_export(&key, passphrase, passphrase_length, out, &length),
                     PD_INVALID_PARAMETER);
    key.length = SECRET_KEY_MAX + 1;
    assert_int_equal(key_file_export(&key, passphrase, passphrase_length, out, &length),
                     PD_INVALID_PARAMETER);
    key.length = 32;
    assert_int_equal(key_file_export(&key, passphrase, 0, out, &length), PD_INVALID_PARAMETER);
}

static void test_import_refuses_every_change(void **state)
{
    struct secret_key key;
    struct guarded_buffer buffer;

    (void)state;
    key.length = 77;
    guarded_copy(&buffer, exported, sizeof exported);
    for (size_t bit = 0; bit < 8 * sizeof exported; bit++) {
        buffer.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(
            key_file_import(buffer.data, buffer.length, passphrase, passphrase_length, &key),
            PD_WRONG_PASSPHRASE);
        buffer.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    guarded_free(&buffer);
    for (size_t length = 0; length < sizeof exported; length++) {
        guarded_copy(&buffer, exported, length);
        assert_int_equal(key_file_import(buffer.data, length, passphrase, passphrase_length, &key),
                         PD_WRONG_PASSPHRASE);
        guarded_free(&buffer);
    }
    assert_int_equal(
        key_file_import(exported, sizeof exported, passphrase, passphrase_length - 2, &key),
        PD_WRONG_PASSPHRASE);
    assert_int_equal(key_file_import(exported, sizeof exported, passphrase, 0, &key),
                     PD_WRONG_PASSPHRASE);
    assert_int_equal(key.length, 77);
}

/* Encrypts anything the way an export is encrypted. */
static size_t encrypt(const uint8_t *plain, size_t length, uint8_t *out)
{
    static const uint8_t iv[16];
    uint8_t file_key[32];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int body, tail;

    assert_true(digest_once(HASH_SHA256, passphrase, passphrase_length, file_key));
    assert_int_equal(EVP_EncryptInit_ex(context, EVP_aes_256_cbc(), NULL, file_key, iv), 1);
    assert_int_equal(EVP_EncryptUpdate(context, out, &body, plain, (int)length), 1);
    assert_int_equal(EVP_EncryptFinal_ex(context, out + body, &tail), 1);
    EVP_CIPHER_CTX_free(context);
    return (size_t)body + (size_t)tail;
}

/* Files that decrypt and pad well but hold no key: too short for a digest, a digest of nothing, a
 * key longer than we keep. */
static void test_import_refuses_wellformed_files(void **state)
{
    uint8_t *plain = calloc(1, 32 + SECRET_KEY_MAX + 17);
    uint8_t *out = malloc(KEY_FILE_MAX + 32);
    struct secret_key key;
    size_t length;

    (void)state;
    assert_non_null(plain);
    assert_non_null(out);
    length = encrypt(plain, 31, out);
    assert_int_equal(key_file_import(out, length, passphrase, passphrase_length, &key),
                     PD_WRONG_PASSPHRASE);
    length = encrypt(plain, 40, out);
    assert_int_equal(key_file_import(out, length, passphrase, passphrase_length, &key),
                     PD_WRONG_PASSPHRASE);
    assert_true(digest_once(HASH_SHA256, "", 0, plain));
    length = encrypt(plain, 32, out);
    assert_int_equal(key_file_import(out, length, passphrase, passphrase_length, &key),
                     PD_WRONG_PASSPHRASE);
    for (size_t more = 1; more <= 17; more += 8) {
        assert_true(digest_once(HASH_SHA256, plain + 32, SECRET_KEY_MAX + more, plain));
        length = encrypt(plain, 32 + SECRET_KEY_MAX + more, out);
        assert_int_equal(key_file_import(out, length, passphrase, passphrase_length, &key),
                         PD_WRONG_PASSPHRASE);
    }
    free(plain);
    free(out);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_passphrase),
    cmocka_unit_test(test_export_vector),
    cmocka_unit_test(test_import_vector),
    cmocka_unit_test(test_lengths),
    cmocka_unit_test(test_export_refuses),
    cmocka_unit_test(test_import_refuses_every_change),
    cmocka_unit_test(test_import_refuses_wellformed_files),
};

PD_UNIT_MAIN_WITH(tests, set_up, tear_down)
