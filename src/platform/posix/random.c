/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random bytes from the kernel. */
#include "platform/random.h"

#include <unistd.h>

bool random_bytes(void *out, size_t length)
{
    unsigned char *at = out;

    while (length) {
        size_t step = length > 256 ? 256 : length; /* getentropy's own limit */

        if (getentropy(at, step) != 0)
            return false;
        at += step;
        length -= step;
    }
    return true;
}
