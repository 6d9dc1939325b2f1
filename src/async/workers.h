/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process's pool: as many threads as processors, on a lock and a condition variable. Tasks are
 * the submitter's memory, so submitting cannot fail. */
#ifndef PEERDIST_ASYNC_WORKERS_H
#define PEERDIST_ASYNC_WORKERS_H

#include "core/status.h"

struct task {
    struct task *next;
    void (*run)(struct task *task); /* the task may be gone or submitted anew when this returns */
};

/* Threads come with the first task. workers_stop runs what is queued, then ends and joins all
 * threads; meanwhile only tasks may submit, later nobody until the next workers_start. */
void workers_start(void);
void workers_stop(void);

/* First in, first out. PD_NO_MEMORY: the task was not taken, because not even one thread could be
 * started. */
enum pd_status workers_submit(struct task *task);
/* Several at once, chained by `next`: all are taken or none. */
enum pd_status workers_submit_chain(struct task *first);

#endif
