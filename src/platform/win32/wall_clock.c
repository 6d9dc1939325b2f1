/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The time of day on Win32. */
#include "platform/wall_clock.h"

#include <windows.h>

/* 1601 to 1970, in steps of 100 ns. */
#define EPOCH 116444736000000000ull

uint64_t wall_clock_milliseconds(void)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    return (((uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime) - EPOCH) / 10000;
}
