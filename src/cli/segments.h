/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Segments as the commands name them: by a file of content information, or by an ID. */
#ifndef PEERDIST_CLI_SEGMENTS_H
#define PEERDIST_CLI_SEGMENTS_H

#include <windows.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/content_info.h"
#include "core/discovery.h"
#include "store/cache_store.h"

struct cli_segment {
    struct cache_segment segment; /* of one that was named by its ID, the ID alone */
    uint64_t offset;
    uint32_t first_block, block_count; /* that can be checked; 0: none */
    const uint8_t *block_hashes;       /* version 1; version 2: the HoD is the only block's */
};

struct cli_segments {
    unsigned version;
    bool by_file;
    uint8_t *data; /* the file, which block_hashes point into */
    size_t length;
    uint64_t total; /* that there are; `count` of them are here */
    size_t count;
    struct cli_segment *list;
};
/* At most `most` segments of the file at `name`, or the one with that ID (64, 96 or 128 hexadecimal
 * digits). Gives an exit code, and has said what was wrong. */
int segments_load(const char *command, const char *name, size_t most,
                  struct cli_segments *segments);
void segments_free(struct cli_segments *segments);
/* For Probes: as many as there are. NULL without memory; free with free(). */
struct discovery_id *segments_ids(const struct cli_segments *segments);

#endif
