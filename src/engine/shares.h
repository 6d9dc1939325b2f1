/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Work on many items, divided between the calling thread and the pool. */
#ifndef PEERDIST_ENGINE_SHARES_H
#define PEERDIST_ENGINE_SHARES_H

#include <stdint.h>

/* Items of one share at most; from twice SHARE_MIN on another thread is asked for help. */
#define SHARE_MIN 4u
#define SHARE_MAX 16u

/* Calls work for all items, some at a time, and returns when all is done. The calling thread never
 * waits for a task that has not begun: it takes shares itself until none is left. Threads of the
 * pool run under `token` (NULL: as the process) meanwhile. */
void shares_run(uint32_t count, void *token,
                void (*work)(void *context, uint32_t first, uint32_t count), void *context);

#endif
