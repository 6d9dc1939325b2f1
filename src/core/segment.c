/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hash chain from a server's secret key and a segment's data to the segment's secret and its
 * public name. */
#include "core/segment.h"

#include <string.h>

#define VALUE_SIZE_V2 32u

/* "MS_P2P_CACHING" as UTF-16LE with its terminating NUL. [MS-PCCRC] 2.2 says ASCII; captures of
 * real servers and clients agree with this form only. */
static const uint8_t id_constant[30] = {
    'M', 0,   'S', 0,   '_', 0,   'P', 0,   '2', 0,   'P', 0,   '_', 0, 'C',
    0,   'A', 0,   'C', 0,   'H', 0,   'I', 0,   'N', 0,   'G', 0,   0, 0,
};

size_t segment_value_size(struct segment_scheme scheme)
{
    return scheme.version == 2 ? VALUE_SIZE_V2 : hash_size(scheme.algorithm);
}

bool segment_id_length_valid(size_t length)
{
    return length == 32 || length == 48 || length == 64;
}

/* Version 2.0 cuts each value as it comes out; inside, the HMAC is an ordinary HMAC-SHA-512. */
static enum pd_status keep_value(struct segment_scheme scheme, bool computed, uint8_t *full,
                                 uint8_t *out)
{
    if (computed)
        memcpy(out, full, segment_value_size(scheme));
    secure_wipe(full, HASH_MAX_SIZE);
    return computed ? PD_OK : PD_NO_MEMORY;
}

enum pd_status segment_derive_ks(struct segment_scheme scheme, const void *secret_key,
                                 size_t secret_key_length, uint8_t *ks)
{
    uint8_t full[HASH_MAX_SIZE];
    bool computed = digest_once(scheme.algorithm, secret_key, secret_key_length, full);

    return keep_value(scheme, computed, full, ks);
}

enum pd_status segment_derive_kp(struct segment_scheme scheme, const uint8_t *ks,
                                 const uint8_t *hod, uint8_t *kp)
{
    uint8_t full[HASH_MAX_SIZE];
    size_t size = segment_value_size(scheme);
    bool computed = hmac_once(scheme.algorithm, ks, size, hod, size, full);

    return keep_value(scheme, computed, full, kp);
}

enum pd_status segment_derive_id(struct segment_scheme scheme, const uint8_t *kp,
                                 const uint8_t *hod, uint8_t *id)
{
    uint8_t full[HASH_MAX_SIZE];
    uint8_t message[HASH_MAX_SIZE + sizeof id_constant];
    size_t size = segment_value_size(scheme);
    bool computed;

    memcpy(message, hod, size);
    memcpy(message + size, id_constant, sizeof id_constant);
    computed = hmac_once(scheme.algorithm, kp, size, message, size + sizeof id_constant, full);
    return keep_value(scheme, computed, full, id);
}

enum pd_status segment_hod_v1(enum hash_algorithm algorithm, const uint8_t *block_hashes,
                              size_t count, uint8_t *hod)
{
    bool computed = digest_once(algorithm, block_hashes, count * hash_size(algorithm), hod);

    return computed ? PD_OK : PD_NO_MEMORY;
}
