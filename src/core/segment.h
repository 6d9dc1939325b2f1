/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names and secrets of a segment: Ks, HoD, Kp and HoHoDk ([MS-PCCRC] 2.2). */
#ifndef PEERDIST_CORE_SEGMENT_H
#define PEERDIST_CORE_SEGMENT_H

#include "core/hash/digest.h"
#include "core/status.h"

#define BLOCK_SIZE_V1       65536u    /* bytes; the last block of a content may be shorter */
#define SEGMENT_SIZE_V1     33554432u /* bytes; the last segment of a content may be shorter */
#define BLOCKS_PER_SEGMENT  512u
#define SEGMENT_MAX_SIZE_V2 131072u

/* Which chain of formulas: version 1.0 with one of three algorithms, or version 2.0, in which Ks,
 * HoD, Kp and HoHoDk are each SHA-512 values cut to 32 bytes. */
struct segment_scheme {
    unsigned version;              /* 1 or 2 */
    enum hash_algorithm algorithm; /* HASH_SHA512 for version 2 */
};

/* Length of HoD, Kp and HoHoDk in bytes: 32, 48 or 64; 32 in version 2. */
size_t segment_value_size(struct segment_scheme scheme);
/* Segment IDs have one of these lengths. */
bool segment_id_length_valid(size_t length);

/* Each writes segment_value_size bytes; HASH_MAX_SIZE is always room enough. PD_NO_MEMORY when
 * libcrypto fails. Callers wipe Ks and Kp after use. */
enum pd_status segment_derive_ks(struct segment_scheme scheme, const void *secret_key,
                                 size_t secret_key_length, uint8_t *ks);
enum pd_status segment_derive_kp(struct segment_scheme scheme, const uint8_t *ks,
                                 const uint8_t *hod, uint8_t *kp);
enum pd_status segment_derive_id(struct segment_scheme scheme, const uint8_t *kp,
                                 const uint8_t *hod, uint8_t *id);

/* HoD of a v1 segment from its block hashes, all of them, in order. */
enum pd_status segment_hod_v1(enum hash_algorithm algorithm, const uint8_t *block_hashes,
                              size_t count, uint8_t *hod);

#endif
