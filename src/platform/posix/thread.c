/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads, mutexes, condition variables and the clock over pthreads. */
#include "platform/thread.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

void mutex_init(struct mutex *mutex)
{
    pthread_mutex_init(&mutex->handle, NULL);
}

void mutex_fini(struct mutex *mutex)
{
    pthread_mutex_destroy(&mutex->handle);
}

void mutex_lock(struct mutex *mutex)
{
    pthread_mutex_lock(&mutex->handle);
}

void mutex_unlock(struct mutex *mutex)
{
    pthread_mutex_unlock(&mutex->handle);
}

void condition_init(struct condition *condition)
{
    pthread_cond_init(&condition->handle, NULL);
}

void condition_fini(struct condition *condition)
{
    pthread_cond_destroy(&condition->handle);
}

void condition_wait(struct condition *condition, struct mutex *mutex)
{
    pthread_cond_wait(&condition->handle, &mutex->handle);
}

bool condition_wait_for(struct condition *condition, struct mutex *mutex, uint32_t milliseconds)
{
    struct timespec until;

    /* The clock that a statically initialised condition uses. */
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(milliseconds / 1000);
    until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    return pthread_cond_timedwait(&condition->handle, &mutex->handle, &until) != ETIMEDOUT;
}

void condition_wake_one(struct condition *condition)
{
    pthread_cond_signal(&condition->handle);
}

void condition_wake_all(struct condition *condition)
{
    pthread_cond_broadcast(&condition->handle);
}

struct thread {
    pthread_t handle;
    void (*run)(void *);
    void *argument;
};

static void *thread_main(void *argument)
{
    struct thread *thread = argument;

    thread->run(thread->argument);
    return NULL;
}

struct thread *thread_start(void (*run)(void *), void *argument)
{
    struct thread *thread = calloc(1, sizeof(*thread));

    if (!thread)
        return NULL;
    thread->run = run;
    thread->argument = argument;
    if (pthread_create(&thread->handle, NULL, thread_main, thread) != 0) {
        free(thread);
        return NULL;
    }
    return thread;
}

void thread_join(struct thread *thread)
{
    if (!thread)
        return;
    pthread_join(thread->handle, NULL);
    free(thread);
}

void thread_yield(void)
{
    sched_yield();
}

unsigned processor_count(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count > 0 ? (unsigned)count : 1;
}

uint64_t clock_milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
