/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Single messages over libcrypto. The EVP_MDs are fetched once and kept for the life of the
 * process: an implicit fetch per message costs more than hashing a short one. */
#include "core/hash/digest.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "core/hash/hash_dispatch.h"

#define HASH_MAX_BLOCK 128

struct digest {
    EVP_MD_CTX *context;
    size_t size;
    bool failed; /* a failed call makes the digest zeros, which match nothing */
};

static const struct {
    const char *name;
    size_t size;
    size_t block;
} algorithms[HASH_ALGORITHM_COUNT] = {
    [HASH_SHA256] = {"SHA2-256", 32, 64},
    [HASH_SHA384] = {"SHA2-384", 48, 128},
    [HASH_SHA512] = {"SHA2-512", 64, 128},
};

static _Atomic(EVP_MD *) fetched[HASH_ALGORITHM_COUNT];

size_t hash_size(enum hash_algorithm algorithm)
{
    return algorithms[algorithm].size;
}

void secure_wipe(void *data, size_t length)
{
    OPENSSL_cleanse(data, length);
}

/* NULL when libcrypto fails. Threads that race fetch twice; one result is kept. */
static const EVP_MD *message_digest(enum hash_algorithm algorithm)
{
    EVP_MD *known = atomic_load_explicit(&fetched[algorithm], memory_order_acquire);
    if (known)
        return known;
    /* The exit handler would run in a DLL that FreeLibrary has already unmapped. */
    if (!OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL))
        return NULL;
    EVP_MD *mine = EVP_MD_fetch(NULL, algorithms[algorithm].name, NULL);
    if (!mine)
        return NULL;
    if (atomic_compare_exchange_strong(&fetched[algorithm], &known, mine))
        return mine;
    EVP_MD_free(mine);
    return known;
}

bool hash_library_init(void)
{
    hash_dispatch_init();
    for (int i = 0; i < HASH_ALGORITHM_COUNT; i++) {
        if (!message_digest((enum hash_algorithm)i))
            return false;
    }
    return true;
}

void hash_library_fini(void)
{
    for (int i = 0; i < HASH_ALGORITHM_COUNT; i++)
        EVP_MD_free(atomic_exchange(&fetched[i], NULL));
    OPENSSL_cleanup();
}

static bool start(EVP_MD_CTX *context, enum hash_algorithm algorithm)
{
    const EVP_MD *md = message_digest(algorithm);
    return md && EVP_DigestInit_ex2(context, md, NULL) == 1;
}

static bool update(EVP_MD_CTX *context, const void *data, size_t length)
{
    return length == 0 || EVP_DigestUpdate(context, data, length) == 1;
}

struct digest *digest_create(enum hash_algorithm algorithm)
{
    struct digest *digest = malloc(sizeof *digest);
    if (!digest)
        return NULL;
    digest->size = algorithms[algorithm].size;
    digest->failed = false;
    digest->context = EVP_MD_CTX_new();
    if (!digest->context || !start(digest->context, algorithm)) {
        digest_destroy(digest);
        return NULL;
    }
    return digest;
}

void digest_destroy(struct digest *digest)
{
    if (!digest)
        return;
    EVP_MD_CTX_free(digest->context); /* clears the state */
    free(digest);
}

void digest_update(struct digest *digest, const void *data, size_t length)
{
    if (!update(digest->context, data, length))
        digest->failed = true;
}

void digest_final(struct digest *digest, uint8_t *out)
{
    if (EVP_DigestFinal_ex(digest->context, out, NULL) != 1 || digest->failed)
        memset(out, 0, digest->size);
    digest->failed = EVP_DigestInit_ex2(digest->context, NULL, NULL) != 1;
}

bool digest_once(enum hash_algorithm algorithm, const void *data, size_t length, uint8_t *out)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context && start(context, algorithm) && update(context, data, length) &&
                EVP_DigestFinal_ex(context, out, NULL) == 1;
    EVP_MD_CTX_free(context);
    if (!done)
        memset(out, 0, algorithms[algorithm].size);
    return done;
}

/* RFC 2104 over one digest context: EVP_MAC fetches its digest by name at every use. */
bool hmac_once(enum hash_algorithm algorithm, const void *key, size_t key_length, const void *data,
               size_t length, uint8_t *out)
{
    const size_t size = algorithms[algorithm].size;
    const size_t block = algorithms[algorithm].block;
    uint8_t pad[HASH_MAX_BLOCK] = {0};
    uint8_t inner[HASH_MAX_SIZE];
    bool done = false;

    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context)
        goto cleanup;
    if (key_length > block) {
        if (!start(context, algorithm) || !update(context, key, key_length) ||
            EVP_DigestFinal_ex(context, pad, NULL) != 1)
            goto cleanup;
    } else if (key_length) {
        memcpy(pad, key, key_length);
    }
    for (size_t i = 0; i < block; i++)
        pad[i] ^= 0x36;
    if (!start(context, algorithm) || !update(context, pad, block) ||
        !update(context, data, length) || EVP_DigestFinal_ex(context, inner, NULL) != 1)
        goto cleanup;
    for (size_t i = 0; i < block; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    done = start(context, algorithm) && update(context, pad, block) &&
           update(context, inner, size) && EVP_DigestFinal_ex(context, out, NULL) == 1;

cleanup:
    EVP_MD_CTX_free(context);
    secure_wipe(pad, sizeof pad);
    secure_wipe(inner, sizeof inner);
    if (!done)
        memset(out, 0, size);
    return done;
}
