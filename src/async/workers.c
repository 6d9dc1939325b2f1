/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pool's queue and threads. */
#include "async/workers.h"

#include <assert.h>
#include <stddef.h>

#include "platform/thread.h"

#define THREADS_MAX 64u

static struct {
    struct mutex lock; /* guards everything here */
    struct condition wake;
    struct task *head, *tail;
    struct thread *threads[THREADS_MAX];
    unsigned thread_count;
    unsigned thread_limit;
    unsigned idle;
    unsigned queued;
    bool running;
} pool = {.lock = MUTEX_INITIALIZER, .wake = CONDITION_INITIALIZER};

static void work(void *argument)
{
    (void)argument;
    mutex_lock(&pool.lock);
    for (;;) {
        while (pool.head == NULL && pool.running) {
            pool.idle++;
            condition_wait(&pool.wake, &pool.lock);
            pool.idle--;
        }
        struct task *task = pool.head;
        if (task == NULL)
            break;
        pool.head = task->next;
        if (pool.head == NULL)
            pool.tail = NULL;
        pool.queued--;
        mutex_unlock(&pool.lock);
        task->run(task);
        mutex_lock(&pool.lock);
    }
    mutex_unlock(&pool.lock);
}

void workers_start(void)
{
    mutex_lock(&pool.lock);
    assert(!pool.running && pool.thread_count == 0);
    pool.thread_limit = processor_count() < THREADS_MAX ? processor_count() : THREADS_MAX;
    pool.running = true;
    mutex_unlock(&pool.lock);
}

void workers_stop(void)
{
    mutex_lock(&pool.lock);
    pool.running = false;
    condition_wake_all(&pool.wake);
    unsigned count = pool.thread_count;
    mutex_unlock(&pool.lock);
    for (unsigned i = 0; i < count; i++)
        thread_join(pool.threads[i]);
    mutex_lock(&pool.lock);
    pool.thread_count = 0;
    assert(pool.head == NULL);
    mutex_unlock(&pool.lock);
}

enum pd_status workers_submit(struct task *task)
{
    enum pd_status status = PD_OK;
    mutex_lock(&pool.lock);
    /* A woken thread counts as idle until it runs: compare with what it will find. */
    if (pool.running && pool.queued >= pool.idle && pool.thread_count < pool.thread_limit) {
        struct thread *thread = thread_start(work, NULL);
        if (thread != NULL)
            pool.threads[pool.thread_count++] = thread;
    }
    if (pool.thread_count == 0) {
        status = PD_NO_MEMORY;
    } else {
        task->next = NULL;
        if (pool.tail != NULL)
            pool.tail->next = task;
        else
            pool.head = task;
        pool.tail = task;
        pool.queued++;
        if (pool.idle > 0)
            condition_wake_one(&pool.wake);
    }
    mutex_unlock(&pool.lock);
    return status;
}
