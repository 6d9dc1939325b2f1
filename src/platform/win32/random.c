/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random bytes from RtlGenRandom, the system's generator without a provider handle. */
#include "platform/random.h"

#include <windows.h>
#include <ntsecapi.h>

bool random_bytes(void *out, size_t length)
{
    unsigned char *at = out;

    while (length) {
        ULONG step = length > 0x10000 ? 0x10000 : (ULONG)length;

        if (!RtlGenRandom(at, step))
            return false;
        at += step;
        length -= step;
    }
    return true;
}
