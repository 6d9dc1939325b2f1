/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The time of day on POSIX. */
#include "platform/wall_clock.h"

#include <time.h>

uint64_t wall_clock_milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
