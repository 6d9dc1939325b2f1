/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of a block in memory, shared by those who hold them. What is given back is kept for the
 * next block: memory that goes back to the system and comes again is faulted in page by page. */
#ifndef PEERDIST_ENGINE_BLOCK_DATA_H
#define PEERDIST_ENGINE_BLOCK_DATA_H

#include <stddef.h>
#include <stdint.h>

/* By one reference; NULL without memory. Not zeroed. */
uint8_t *block_data_create(size_t size);
void block_data_retain(uint8_t *data);
void block_data_release(uint8_t *data); /* NULL allowed */
/* Nothing is kept any more. */
void block_data_trim(void);

#endif
