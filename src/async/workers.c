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
        thread_yield();
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

/* With the lock. A woken thread counts as idle until it runs: compare with what it will find. */
static void add_thread_for_queue(void)
{
    if (!pool.running || pool.queued < pool.idle || pool.thread_count == pool.thread_limit)
        return;
    struct thread *thread = thread_start(work, NULL);
    if (thread != NULL)
        pool.threads[pool.thread_count++] = thread;
}

enum pd_status workers_submit_chain(struct task *first)
{
    enum pd_status status = PD_OK;
    unsigned added = 0;
    mutex_lock(&pool.lock);
    add_thread_for_queue();
    if (pool.thread_count == 0) {
        status = PD_NO_MEMORY;
    } else {
        if (pool.tail != NULL)
            pool.tail->next = first;
        else
            pool.head = first;
        for (struct task *task = first; task != NULL; task = task->next) {
            if (added > 0)
                add_thread_for_queue();
            pool.tail = task;
            pool.queued++;
            added++;
        }
    }
    unsigned woken = added < pool.idle ? added : pool.idle;
    mutex_unlock(&pool.lock);
    /* Without the lock, or the first thing they did would be to wait for it. */
    for (; woken > 0; woken--)
        condition_wake_one(&pool.wake);
    return status;
}

enum pd_status workers_submit(struct task *task)
{
    task->next = NULL;
    return workers_submit_chain(task);
}
