/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A copy of some bytes that ends right before an inaccessible page, so that reading one byte too
 * many crashes the test, with or without a sanitizer. */
#ifndef PD_TESTS_UNIT_CORE_GUARDED_BUFFER_H
#define PD_TESTS_UNIT_CORE_GUARDED_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct guarded_buffer {
    uint8_t *data; /* not aligned in any way */
    size_t length;
    void *mapping;
    size_t mapped;
};

void guarded_copy(struct guarded_buffer *buffer, const void *data, size_t length);
void guarded_free(struct guarded_buffer *buffer);

#endif
