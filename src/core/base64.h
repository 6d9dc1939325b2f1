/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Base64 with the standard alphabet, padded ([RFC 4648] 4). */
#ifndef PEERDIST_CORE_BASE64_H
#define PEERDIST_CORE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline size_t base64_size(size_t length)
{
    return (length + 2) / 3 * 4;
}
/* Writes base64_size characters and no NUL. */
void base64_encode(const uint8_t *data, size_t length, char *out);
/* White space anywhere is passed over, all else is strict. False: it is none, or does not fit into
 * `room` bytes. */
bool base64_decode(const char *text, size_t length, uint8_t *out, size_t room, size_t *decoded);

#endif
