/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads, SRW locks, condition variables and the clock over Win32. */
#include "platform/thread.h"

#include <windows.h>
#include <stdlib.h>

#define STACK_RESERVE (256u * 1024u)
#define JOIN_GRACE    1000 /* milliseconds */

/* An address inside our module, whichever that is. */
static const char module_mark;

_Static_assert(sizeof(struct mutex) == sizeof(SRWLOCK), "a mutex is an SRW lock");
_Static_assert(sizeof(struct condition) == sizeof(CONDITION_VARIABLE), "and so is a condition");

static SRWLOCK *lock_of(struct mutex *mutex)
{
    return (SRWLOCK *)(void *)mutex;
}

static CONDITION_VARIABLE *variable_of(struct condition *condition)
{
    return (CONDITION_VARIABLE *)(void *)condition;
}

void mutex_init(struct mutex *mutex)
{
    InitializeSRWLock(lock_of(mutex));
}

void mutex_fini(struct mutex *mutex)
{
    (void)mutex;
}

void mutex_lock(struct mutex *mutex)
{
    AcquireSRWLockExclusive(lock_of(mutex));
}

void mutex_unlock(struct mutex *mutex)
{
    ReleaseSRWLockExclusive(lock_of(mutex));
}

void condition_init(struct condition *condition)
{
    InitializeConditionVariable(variable_of(condition));
}

void condition_fini(struct condition *condition)
{
    (void)condition;
}

void condition_wait(struct condition *condition, struct mutex *mutex)
{
    SleepConditionVariableSRW(variable_of(condition), lock_of(mutex), INFINITE, 0);
}

bool condition_wait_for(struct condition *condition, struct mutex *mutex, uint32_t milliseconds)
{
    return SleepConditionVariableSRW(variable_of(condition), lock_of(mutex), milliseconds, 0) != 0;
}

void condition_wake_one(struct condition *condition)
{
    WakeConditionVariable(variable_of(condition));
}

void condition_wake_all(struct condition *condition)
{
    WakeAllConditionVariable(variable_of(condition));
}

/* Shared by the thread and its joiner; freed by whoever is last. */
struct thread {
    HANDLE handle;  /* the joiner's */
    HMODULE module; /* the reference that this thread gives back when it ends */
    void (*run)(void *);
    void *argument;
    struct mutex lock;
    struct condition ended;
    bool done;
    bool left; /* one of the two needs it no longer */
};

/* With the lock, which it lets go of. */
static void leave(struct thread *thread)
{
    bool last = thread->left;
    thread->left = true;
    mutex_unlock(&thread->lock);
    if (last)
        free(thread);
}

static DWORD WINAPI thread_main(void *argument)
{
    struct thread *thread = argument;
    HMODULE module = thread->module;

    thread->run(thread->argument);
    mutex_lock(&thread->lock);
    thread->done = true;
    condition_wake_all(&thread->ended);
    leave(thread);
    FreeLibraryAndExitThread(module, 0);
}

struct thread *thread_start(void (*run)(void *), void *argument)
{
    struct thread *thread = calloc(1, sizeof(*thread));

    if (!thread)
        return NULL;
    thread->run = run;
    thread->argument = argument;
    mutex_init(&thread->lock);
    condition_init(&thread->ended);
    /* Taken before the thread exists, so that there is no moment without it. */
    if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                            (LPCWSTR)(const void *)&module_mark, &thread->module)) {
        free(thread);
        return NULL;
    }
    thread->handle = CreateThread(NULL, STACK_RESERVE, thread_main, thread,
                                  STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (!thread->handle) {
        FreeLibrary(thread->module);
        free(thread);
        return NULL;
    }
    return thread;
}

/* First for the end of its work, as long as that takes; then, for a while only, for the thread
 * itself: its last steps need the loader lock, which a caller may be holding that shuts down while
 * its own DLL is being unloaded. The thread keeps our module until it is through. */
void thread_join(struct thread *thread)
{
    if (!thread)
        return;
    mutex_lock(&thread->lock);
    while (!thread->done)
        condition_wait(&thread->ended, &thread->lock);
    HANDLE handle = thread->handle;
    leave(thread);
    WaitForSingleObject(handle, JOIN_GRACE);
    CloseHandle(handle);
}

void thread_yield(void)
{
    SwitchToThread();
}

unsigned processor_count(void)
{
    DWORD_PTR process = 0, system = 0;
    unsigned count = 0;

    if (GetProcessAffinityMask(GetCurrentProcess(), &process, &system))
        for (; process; process &= process - 1)
            count++;
    return count ? count : 1;
}

uint64_t clock_milliseconds(void)
{
    return GetTickCount64();
}
