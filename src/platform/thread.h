/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mutexes, condition variables, threads, once. Win32: SRW locks and condition variables, which need
 * no kernel object; POSIX: pthreads, for the native tests. */
#ifndef PEERDIST_PLATFORM_THREAD_H
#define PEERDIST_PLATFORM_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#ifdef _WIN32
struct mutex {
    void *srw_lock;
};
struct condition {
    void *variable;
};
/* clang-format off */
#define MUTEX_INITIALIZER     {0}
#define CONDITION_INITIALIZER {0}
#else
#include <pthread.h>
struct mutex {
    pthread_mutex_t handle;
};
struct condition {
    pthread_cond_t handle;
};
#define MUTEX_INITIALIZER     {PTHREAD_MUTEX_INITIALIZER}
#define CONDITION_INITIALIZER {PTHREAD_COND_INITIALIZER}
/* clang-format on */
#endif

/* Neither can fail, nothing is allocated. Not recursive. */
void mutex_init(struct mutex *mutex);
void mutex_fini(struct mutex *mutex);
void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
void condition_init(struct condition *condition);
void condition_fini(struct condition *condition);
void condition_wait(struct condition *condition, struct mutex *mutex);
/* False after milliseconds without a wake-up. Spurious wake-ups happen with both. */
bool condition_wait_for(struct condition *condition, struct mutex *mutex, uint32_t milliseconds);
void condition_wake_one(struct condition *condition);
void condition_wake_all(struct condition *condition);

/* A thread that holds a reference to our module for its whole life (Win32), so that FreeLibrary
 * under a running worker does not unmap its code. NULL: could not be started. thread_join waits
 * until it ended and frees it; under the loader lock (a DLL that shuts down while it
 * is unloaded) only until its work has ended. */
struct thread;
struct thread *thread_start(void (*run)(void *), void *argument);
void thread_join(struct thread *thread);

/* Lets another thread run that waits for this processor. */
void thread_yield(void);

/* Logical processors this process may use, at least 1. */
unsigned processor_count(void);
/* Milliseconds of a clock that never goes back. */
uint64_t clock_milliseconds(void);

#endif
