/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's secret key as bytes: from a passphrase, and in Windows' export file format
 * ([MS-PCCRC] 2.5). Passphrases are UTF-16LE code units without NUL, as the caller has them. */
#ifndef PEERDIST_CORE_KEY_FILE_H
#define PEERDIST_CORE_KEY_FILE_H

#include "core/hash/digest.h"
#include "core/status.h"

#define SECRET_KEY_MAX       4096u /* bytes; longer keys are refused */
#define SECRET_KEY_GENERATED 32u   /* bytes of a generated key */
#define KEY_FILE_MAX         ((size_t)16 * ((32 + SECRET_KEY_MAX) / 16 + 1))

/* Caller's memory; wipe with secret_key_wipe. */
struct secret_key {
    size_t length;
    uint8_t bytes[SECRET_KEY_MAX];
};
void secret_key_wipe(struct secret_key *key);

/* The key of a passphrase is its UTF-16LE bytes. PD_INVALID_PARAMETER: empty or too long. */
enum pd_status secret_key_from_passphrase(const uint8_t *utf16le, size_t length,
                                          struct secret_key *key);

/* *length receives the bytes written; out has room for KEY_FILE_MAX. */
enum pd_status key_file_export(const struct secret_key *key, const uint8_t *passphrase,
                               size_t passphrase_length, uint8_t *out, size_t *length);
/* PD_WRONG_PASSPHRASE on any mismatch: length, padding or digest. */
enum pd_status key_file_import(const uint8_t *file, size_t length, const uint8_t *passphrase,
                               size_t passphrase_length, struct secret_key *key);

#endif
