/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shares are taken one after another by whoever comes for them. */
#include "engine/shares.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "async/workers.h"
#include "engine/impersonation.h"
#include "platform/thread.h"

struct job {
    struct task task;
    atomic_uint references; /* the caller's, and the task's, which may come when all is done */
    void *token;
    void (*work)(void *context, uint32_t first, uint32_t count);
    void *context;
    uint32_t count, share;
    atomic_uint next; /* first item that nobody took */
    struct mutex lock;
    struct condition finished;
    uint32_t done; /* items; lock */
};

static void take_shares(struct job *job)
{
    uint32_t first;
    while ((first = atomic_fetch_add(&job->next, job->share)) < job->count) {
        uint32_t left = job->count - first;
        uint32_t count = left < job->share ? left : job->share;
        job->work(job->context, first, count);
        mutex_lock(&job->lock);
        job->done += count;
        if (job->done == job->count)
            condition_wake_all(&job->finished);
        mutex_unlock(&job->lock);
    }
}

static void release_job(struct job *job)
{
    if (atomic_fetch_sub(&job->references, 1) != 1)
        return;
    condition_fini(&job->finished);
    mutex_fini(&job->lock);
    free(job);
}

static void run_job(struct task *task)
{
    struct job *job = (struct job *)task; /* its first member */
    struct impersonation user;
    if (atomic_load(&job->next) < job->count) {
        if (impersonation_begin_on_pool(&user, job->token))
            take_shares(job);
        impersonation_end(&user);
    }
    release_job(job);
}

static struct job *create_job(uint32_t count, void *token,
                              void (*work)(void *context, uint32_t first, uint32_t count),
                              void *context)
{
    struct job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        return NULL;
    job->task.run = run_job;
    atomic_init(&job->references, 2);
    job->token = token;
    job->work = work;
    job->context = context;
    job->count = count;
    job->share = (count + 1) / 2 < SHARE_MAX ? (count + 1) / 2 : SHARE_MAX;
    mutex_init(&job->lock);
    condition_init(&job->finished);
    return job;
}

void shares_run(uint32_t count, void *token,
                void (*work)(void *context, uint32_t first, uint32_t count), void *context)
{
    struct job *job = NULL;
    if (count >= 2 * SHARE_MIN)
        job = create_job(count, token, work, context);
    if (job == NULL) {
        for (uint32_t first = 0; first < count; first += SHARE_MAX)
            work(context, first, count - first < SHARE_MAX ? count - first : SHARE_MAX);
        return;
    }
    if (workers_submit(&job->task) != PD_OK)
        atomic_store(&job->references, 1); /* no task will come */
    take_shares(job);
    mutex_lock(&job->lock);
    while (job->done < job->count)
        condition_wait(&job->finished, &job->lock);
    mutex_unlock(&job->lock);
    release_job(job);
}
