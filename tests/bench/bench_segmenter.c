/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Speed of finding version 2.0 borders on one core, in bytes of content. One measurement a run, one
 * line of JSON: bench_segmenter */
#include "core/segmenter_v2.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/seconds.h"

int main(void)
{
    const size_t length = (size_t)256 << 20;
    uint8_t *content = malloc(length);
    if (content == NULL)
        return 1;
    uint64_t state = 88172645463325252u; /* xorshift64: bytes without structure */
    for (size_t i = 0; i + 8 <= length; i += 8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        for (unsigned k = 0; k < 8; k++)
            content[i + k] = (uint8_t)(state >> (8 * k));
    }
    double start = seconds();
    unsigned segments = 0;
    for (size_t at = 0; at < length; segments++) {
        struct segmenter_v2_scan scan = {0};
        uint32_t size = segmenter_v2_next(content + at, length - at, &scan);
        at += size != 0 ? size : length - at;
    }
    double elapsed = seconds() - start;
    printf("{\"bytes\": %" PRIu64 ", \"seconds\": %.6f, \"segments\": %u}\n", (uint64_t)length,
           elapsed, segments);
    free(content);
    return 0;
}
