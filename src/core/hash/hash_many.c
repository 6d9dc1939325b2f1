/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many independent messages: portable path, libcrypto message by message. */
#include "core/hash/hash_many.h"

bool hash_many(enum hash_algorithm algorithm, const struct hash_message *messages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!digest_once(algorithm, messages[i].data, messages[i].length, messages[i].digest))
            return false;
    }
    return true;
}

size_t hash_many_lanes(enum hash_algorithm algorithm)
{
    (void)algorithm;
    return 1;
}

const char *hash_many_implementation(enum hash_algorithm algorithm)
{
    (void)algorithm;
    return "openssl";
}
