/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The time of day: what rows of a store are dated with, so that processes can compare. Alone in its
 * object file, so that a test can put its own in its place. */
#ifndef PEERDIST_PLATFORM_WALL_CLOCK_H
#define PEERDIST_PLATFORM_WALL_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970-01-01 UTC. */
uint64_t wall_clock_milliseconds(void);

#endif
