/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every function of the core that can run out of memory, with libcrypto's Nth allocation failing,
 * for every N: it says so, or its result is right. */
#include "core/content_info.h"
#include "core/key_file.h"
#include "core/segment.h"

#include "support/unit_main.h"
#include "unit/core/content_vectors.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

static long allocations_left = -1; /* negative: no limit */
static long refused;

static bool refuse(void)
{
    if (allocations_left < 0)
        return false;
    if (allocations_left > 0) {
        allocations_left--;
        return false;
    }
    refused++;
    return true;
}

static void *limited_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return refuse() ? NULL : malloc(size);
}

static void *limited_realloc(void *memory, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return refuse() ? NULL : realloc(memory, size);
}

static void plain_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

static const struct segment_scheme scheme = {1, HASH_SHA384};
static uint8_t *blob;
static size_t blob_size;
static uint8_t file[KEY_FILE_MAX];
static size_t file_length;
static struct secret_key secret;

static enum pd_status derive_ks(uint8_t *out, size_t *length)
{
    *length = 48;
    return segment_derive_ks(scheme, "secret", 6, out);
}

static enum pd_status derive_kp(uint8_t *out, size_t *length)
{
    *length = 48;
    return segment_derive_kp(scheme, blob, blob + 48, out);
}

static enum pd_status derive_id(uint8_t *out, size_t *length)
{
    *length = 48;
    return segment_derive_id(scheme, blob, blob + 48, out);
}

static enum pd_status derive_hod(uint8_t *out, size_t *length)
{
    *length = 48;
    return segment_hod_v1(HASH_SHA384, blob, 2, out);
}

static enum pd_status parse(uint8_t *out, size_t *length)
{
    struct content_info info;
    enum pd_status status = content_info_parse(blob, blob_size, &info);

    *length = sizeof info.range_end;
    memcpy(out, &info.range_end, *length);
    return status;
}

static enum pd_status export_key(uint8_t *out, size_t *length)
{
    return key_file_export(&secret, blob, 32, out, length);
}

static enum pd_status import_key(uint8_t *out, size_t *length)
{
    static struct secret_key key;
    enum pd_status status = key_file_import(file, file_length, blob, 32, &key);

    *length = secret.length;
    memcpy(out, key.bytes, secret.length);
    return status;
}

static void test_nth_allocation_fails(void **state)
{
    static const struct {
        const char *name;
        enum pd_status (*run)(uint8_t *out, size_t *length);
    } operations[] = {
        {"Ks", derive_ks}, {"Kp", derive_kp},      {"ID", derive_id},      {"HoD", derive_hod},
        {"parse", parse},  {"export", export_key}, {"import", import_key},
    };
    static uint8_t expected[KEY_FILE_MAX];
    static uint8_t actual[KEY_FILE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        size_t length;
        long n = 0;

        assert_int_equal(operations[i].run(expected, &length), PD_OK);
        do {
            enum pd_status status;

            refused = 0;
            allocations_left = n++;
            status = operations[i].run(actual, &length);
            allocations_left = -1;
            if (status == PD_OK)
                assert_memory_equal(actual, expected, length);
            else
                assert_int_equal(status, PD_NO_MEMORY);
            assert_true(status == PD_OK || refused > 0);
        } while (refused > 0);
        printf("%s: %ld allocations\n", operations[i].name, n - 1);
        assert_true(n > 1);
    }
}

static int set_up(void **state)
{
    const struct content_vector *vector = content_vector_find("V1-3");

    (void)state;
    if (!hash_library_init())
        return -1;
    blob = content_vector_blob(vector);
    blob_size = vector->size;
    secret.length = 32;
    return key_file_export(&secret, blob, 32, file, &file_length) == PD_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(blob);
    return 0;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_nth_allocation_fails),
};

int main(void)
{
    /* Only before libcrypto's first allocation. */
    if (CRYPTO_set_mem_functions(limited_malloc, limited_realloc, plain_free) != 1)
        return 1;
    return pd_unit_report(1, cmocka_run_group_tests(tests, set_up, tear_down));
}
