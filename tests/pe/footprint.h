/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this process has of the system's: to find out what a library leaves behind. */
#ifndef PEERDIST_TESTS_PE_FOOTPRINT_H
#define PEERDIST_TESTS_PE_FOOTPRINT_H

#include <windows.h>

/* Open handles below 0x8000, counted one by one: Wine 8 has 0 for GetProcessHandleCount. */
unsigned handle_count(void);
unsigned thread_count(void);
/* Private memory in KiB. */
unsigned memory_kib(void);

#endif
