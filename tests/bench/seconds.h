/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The clock of the benchmarks. */
#ifndef PEERDIST_TESTS_BENCH_SECONDS_H
#define PEERDIST_TESTS_BENCH_SECONDS_H

#ifdef _WIN32
#include <windows.h>
#else
#include <time.h>
#endif

static inline double seconds(void)
{
#ifdef _WIN32
    LARGE_INTEGER now, frequency;
    QueryPerformanceCounter(&now);
    QueryPerformanceFrequency(&frequency);
    return (double)now.QuadPart / (double)frequency.QuadPart;
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
#endif
}

#endif
