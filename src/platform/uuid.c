/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/uuid.h"

#include <stdint.h>
#include <stdio.h>

#include "platform/random.h"

bool uuid_urn(char urn[UUID_URN_SIZE])
{
    uint8_t b[16];

    if (!random_bytes(b, sizeof(b)))
        return false;
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    snprintf(urn, UUID_URN_SIZE,
             "urn:uuid:%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
             b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
    return true;
}
