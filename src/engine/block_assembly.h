/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Joins what AddData brings, in pieces of any size and order, into whole blocks. What a block lacks
 * is not readable and not shared. One assembly for each content handle, without a lock of its own.
 *
 * Memory: at most BLOCK_ASSEMBLY_BYTES of unfinished blocks; when that is reached the block that
 * was added to least recently is dropped. A block is remembered as up to BLOCK_ASSEMBLY_PIECES
 * ranges; a piece that would make more is dropped. */
#ifndef PEERDIST_ENGINE_BLOCK_ASSEMBLY_H
#define PEERDIST_ENGINE_BLOCK_ASSEMBLY_H

#include <stdbool.h>
#include <stdint.h>

#define BLOCK_ASSEMBLY_BYTES  (8u << 20)
#define BLOCK_ASSEMBLY_PIECES 16u

struct block_assembly;
struct block_assembly *block_assembly_create(void); /* NULL without memory */
void block_assembly_destroy(struct block_assembly *assembly);

enum block_assembly_result {
    BLOCK_UNFINISHED, /* kept, or dropped for want of memory: the application can bring it again */
    BLOCK_WHOLE       /* *data: block_data, the caller's reference; forgotten here */
};
/* `length` bytes at `at` within the block of block_length bytes whose first byte stands at `offset`
 * in the content. Bytes that are there already are overwritten: the latest wins. */
enum block_assembly_result block_assembly_add(struct block_assembly *assembly, uint64_t offset,
                                              uint32_t block_length, uint32_t at,
                                              const uint8_t *bytes, uint32_t length,
                                              uint8_t **data);

#endif
