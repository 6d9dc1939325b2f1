/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: any bytes as content information in pieces, against reading them as a whole. Where
 * they are cut follows from them. */
#include "unit/core/feed_differential.h"

#include <stdlib.h>

#include "core/hash/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t cuts = 2166136261u;
    if (!hash_library_init())
        abort();
    for (size_t i = 0; i < size; i++)
        cuts = (cuts ^ data[i]) * 16777619u;
    enum pd_status status = feed_compare(data, size, CUTS_NONE);
    if (feed_compare(data, size, CUTS_BYTE) != status || feed_compare(data, size, cuts) != status)
        abort();
    return 0;
}
