/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Base64 with the standard alphabet and padding (RFC 4648, section 4). */
#ifndef PEERDIST_CORE_BASE64_H
#define PEERDIST_CORE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters that `length` bytes take. */
#define BASE64_LENGTH(length) (((length) + 2) / 3 * 4)

/* Writes BASE64_LENGTH(length) characters and no NUL. */
void base64_encode(const uint8_t *bytes, size_t length, char *out);

/* Reads a text that ends with a NUL; white space of XML may stand anywhere in it. Stores the first
 * `room` bytes and tells how many there are in all, which can be more. False for other characters,
 * padding that is missing or wrong, and left-over bits that are not 0: then `out` and `length` hold
 * nothing of use. */
bool base64_decode(const char *text, uint8_t *out, size_t room, size_t *length);

#endif
