/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A second process of a test's own program that shares memory with it: for tests of many calls at
 * once, or of a death at any moment, where a command at a time (agent.h) is too slow. */
#ifndef PEERDIST_TESTS_PE_PARTNER_H
#define PEERDIST_TESTS_PE_PARTNER_H

#include <windows.h>

#include <stdbool.h>
#include <stddef.h>

struct partner {
    HANDLE process;
};

/* Zeroed memory that partners share; once in a program, which ends without it. */
void *partner_memory(size_t size);
/* An event or semaphore that partners inherit. */
SECURITY_ATTRIBUTES *partner_inherits(void);

/* Starts this program again, which must pass its arguments to partner_main. Ends the program when
 * that does not work. */
struct partner partner_start(void);
/* Its exit code, when it has ended by itself within so many milliseconds; ends it otherwise and
 * gives STILL_ACTIVE. */
DWORD partner_end(struct partner *partner, DWORD milliseconds);
/* As kill -9 does. */
void partner_kill(struct partner *partner);

/* In main, first of all: the shared memory when this process is a partner, otherwise NULL. */
void *partner_main(int argc, char **argv);

#endif
