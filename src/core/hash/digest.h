/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One message at a time: SHA-2 contexts, one-shot digests and HMAC, over libcrypto. */
#ifndef PEERDIST_CORE_HASH_DIGEST_H
#define PEERDIST_CORE_HASH_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hash_algorithm { HASH_SHA256, HASH_SHA384, HASH_SHA512, HASH_ALGORITHM_COUNT };

#define HASH_MAX_SIZE 64

/* Output length in bytes: 32, 48 or 64. */
size_t hash_size(enum hash_algorithm algorithm);

/* Readies libcrypto (without its exit handler) and the dispatch of hash_many. Call before anything
 * else here, from any thread, as often as wanted. False: libcrypto could not be initialised. */
bool hash_library_init(void);
/* Gives back what libcrypto keeps for the life of the process: before a DLL is unmapped, with no
 * digest in use, and nothing here may be called any more. */
void hash_library_fini(void);

/* Context for a message that arrives in pieces. digest_create returns NULL without memory.
 * digest_final leaves the context ready for the next message. */
struct digest;
struct digest *digest_create(enum hash_algorithm algorithm);
void digest_destroy(struct digest *digest); /* NULL allowed; state is wiped */
void digest_update(struct digest *digest, const void *data, size_t length);
void digest_final(struct digest *digest, uint8_t *out /* hash_size bytes */);

/* One-shot forms. False only when libcrypto fails (no memory); `out` is then zeroed. */
bool digest_once(enum hash_algorithm algorithm, const void *data, size_t length, uint8_t *out);
bool hmac_once(enum hash_algorithm algorithm, const void *key, size_t key_length, const void *data,
               size_t length, uint8_t *out);

/* Overwrites key material so that the compiler cannot drop it. */
void secure_wipe(void *data, size_t length);

#endif
