/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Known answers (FIPS 180-4 examples, RFC 4231) and the ways to one digest. */
#include "core/hash/digest.h"

#include <stdlib.h>
#include <string.h>

#include "support/unit_main.h"

static void assert_hex(const uint8_t *digest, const char *hex)
{
    for (size_t i = 0; hex[2 * i]; i++) {
        const char two[3] = {hex[2 * i], hex[2 * i + 1], 0};
        assert_int_equal(digest[i], strtoul(two, NULL, 16));
    }
}

static const char *const abc[HASH_ALGORITHM_COUNT] = {
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
    "8086072ba1e7cc2358baeca134c825a7",
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
};

static const enum hash_algorithm algorithms[] = {HASH_SHA256, HASH_SHA384, HASH_SHA512};

static void init_may_be_repeated(void **state)
{
    (void)state;
    assert_true(hash_library_init());
    assert_true(hash_library_init());
}

static void sizes(void **state)
{
    (void)state;
    assert_int_equal(hash_size(HASH_SHA256), 32);
    assert_int_equal(hash_size(HASH_SHA384), 48);
    assert_int_equal(hash_size(HASH_SHA512), 64);
}

static void once(void **state)
{
    uint8_t out[HASH_MAX_SIZE];
    (void)state;
    for (size_t i = 0; i < HASH_ALGORITHM_COUNT; i++) {
        assert_true(digest_once(algorithms[i], "abc", 3, out));
        assert_hex(out, abc[i]);
    }
    assert_true(digest_once(HASH_SHA256, NULL, 0, out));
    assert_hex(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void in_pieces_and_again(void **state)
{
    uint8_t out[HASH_MAX_SIZE];
    (void)state;
    for (size_t i = 0; i < HASH_ALGORITHM_COUNT; i++) {
        struct digest *digest = digest_create(algorithms[i]);
        assert_non_null(digest);
        for (int turn = 0; turn < 3; turn++) {
            digest_update(digest, "a", 1);
            digest_update(digest, NULL, 0);
            digest_update(digest, "bc", 2);
            digest_final(digest, out);
            assert_hex(out, abc[i]);
        }
        digest_destroy(digest);
    }
    digest_destroy(NULL);
}

static void hmac(void **state)
{
    uint8_t out[HASH_MAX_SIZE], key[131];
    static const char question[] = "what do ya want for nothing?";
    static const char large_key[] = "Test Using Larger Than Block-Size Key - Hash Key First";
    (void)state;

    assert_true(hmac_once(HASH_SHA256, "Jefe", 4, question, strlen(question), out));
    assert_hex(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_true(hmac_once(HASH_SHA384, "Jefe", 4, question, strlen(question), out));
    assert_hex(out, "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
                    "8e2240ca5e69e2c78b3239ecfab21649");
    assert_true(hmac_once(HASH_SHA512, "Jefe", 4, question, strlen(question), out));
    assert_hex(out, "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                    "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
    memset(key, 0xaa, sizeof key);
    assert_true(hmac_once(HASH_SHA256, key, sizeof key, large_key, strlen(large_key), out));
    assert_hex(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    assert_true(hmac_once(HASH_SHA512, key, sizeof key, large_key, strlen(large_key), out));
    assert_hex(out, "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
                    "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598");
    /* no key and no data; computed with another implementation */
    assert_true(hmac_once(HASH_SHA256, NULL, 0, NULL, 0, out));
    assert_hex(out, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void wipe(void **state)
{
    uint8_t secret[40];
    static const uint8_t zeros[sizeof secret];
    (void)state;
    memset(secret, 7, sizeof secret);
    secure_wipe(secret, sizeof secret);
    assert_memory_equal(secret, zeros, sizeof secret);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(init_may_be_repeated), cmocka_unit_test(sizes), cmocka_unit_test(once),
    cmocka_unit_test(in_pieces_and_again),  cmocka_unit_test(hmac),  cmocka_unit_test(wipe),
};

PD_UNIT_MAIN(tests)
