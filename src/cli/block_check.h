/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether bytes from elsewhere are those of the content: whole blocks against the hashes in its
 * content information. */
#ifndef PEERDIST_CLI_BLOCK_CHECK_H
#define PEERDIST_CLI_BLOCK_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include "core/content_info.h"

struct block_check {
    struct content_info info; /* parsed, PD_OK */
    struct content_info_cursor cursor;
    struct content_info_segment segment; /* the one that was looked at last */
    bool found;
};

/* `info` is a view that stays valid. */
void block_check_init(struct block_check *check, const struct content_info *info);
/* The stretch of whole blocks that begins with the one of the byte at offset, which is in the
 * content's range, and has at most `room` bytes, at least one block (128 KiB are always enough),
 * and no block that only bytes from `end` on need. *begin: its first byte. Returns its length. */
uint32_t block_check_cover(struct block_check *check, uint64_t offset, uint64_t end, uint32_t room,
                           uint64_t *begin);
/* Such a stretch. False: *wrong is the first byte of the first block that is another one. */
bool block_check_verify(struct block_check *check, uint64_t begin, const uint8_t *data,
                        uint32_t length, uint64_t *wrong);

#endif
