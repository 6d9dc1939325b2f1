/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Timers are few, those of reads that wait for somebody: a plain list will do. */
#include "async/timer.h"

#include <stddef.h>

#include "platform/thread.h"

static struct {
    struct mutex lock; /* guards everything here, and all timers */
    struct condition changed;
    struct timer *armed;
    struct thread *thread;
    bool stopping;
} timers = {.lock = MUTEX_INITIALIZER, .changed = CONDITION_INITIALIZER};

static void unlink_timer(struct timer *timer)
{
    struct timer **link = &timers.armed;
    while (*link != timer)
        link = &(*link)->next;
    *link = timer->next;
    timer->armed = false;
}

static struct timer *earliest(void)
{
    struct timer *found = timers.armed;
    for (struct timer *timer = found; timer != NULL; timer = timer->next)
        if (timer->due < found->due)
            found = timer;
    return found;
}

static void run(void *argument)
{
    (void)argument;
    mutex_lock(&timers.lock);
    while (!timers.stopping) {
        struct timer *timer = earliest();
        uint64_t now = clock_milliseconds();
        if (timer == NULL) {
            condition_wait(&timers.changed, &timers.lock);
        } else if (timer->due > now) {
            uint64_t left = timer->due - now;
            (void)condition_wait_for(&timers.changed, &timers.lock,
                                     left < 60000 ? (uint32_t)left : 60000);
        } else {
            unlink_timer(timer);
            mutex_unlock(&timers.lock);
            timer->expired(timer);
            mutex_lock(&timers.lock);
        }
    }
    mutex_unlock(&timers.lock);
}

void timers_start(void)
{
    mutex_lock(&timers.lock);
    timers.stopping = false;
    mutex_unlock(&timers.lock);
}

void timers_stop(void)
{
    mutex_lock(&timers.lock);
    struct thread *thread = timers.thread;
    timers.thread = NULL;
    timers.stopping = true;
    condition_wake_all(&timers.changed);
    mutex_unlock(&timers.lock);
    if (thread != NULL)
        thread_join(thread);
}

enum pd_status timer_set(struct timer *timer, uint64_t due, bool *was_armed)
{
    enum pd_status status = PD_OK;
    mutex_lock(&timers.lock);
    *was_armed = timer->armed;
    if (timers.thread == NULL && !timers.stopping)
        timers.thread = thread_start(run, NULL);
    if (timers.thread == NULL) {
        status = PD_NO_MEMORY;
    } else {
        if (!timer->armed) {
            timer->next = timers.armed;
            timers.armed = timer;
            timer->armed = true;
        }
        timer->due = due;
        condition_wake_all(&timers.changed);
    }
    mutex_unlock(&timers.lock);
    return status;
}

bool timer_clear(struct timer *timer)
{
    mutex_lock(&timers.lock);
    bool armed = timer->armed;
    if (armed)
        unlink_timer(timer);
    mutex_unlock(&timers.lock);
    return armed;
}
