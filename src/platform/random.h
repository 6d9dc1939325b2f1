/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random bytes from the system. */
#ifndef PEERDIST_PLATFORM_RANDOM_H
#define PEERDIST_PLATFORM_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

bool random_bytes(void *out, size_t length);

#endif
