/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One thread that tells when a time has come; it exists only where a timer was ever set. Timers are
 * their owner's memory. */
#ifndef PEERDIST_ASYNC_TIMER_H
#define PEERDIST_ASYNC_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"

struct timer {
    struct timer *next;
    uint64_t due; /* clock_milliseconds */
    bool armed;
    /* On the timers' thread, without a lock, with the timer disarmed: it should not take long. */
    void (*expired)(struct timer *timer);
};

/* timers_stop ends and joins the thread; what is armed then never expires. */
void timers_start(void);
void timers_stop(void);

/* Arms the timer, or moves it if it is armed, which *was_armed tells. PD_NO_MEMORY: the thread
 * could not be started; the timer is not armed. */
enum pd_status timer_set(struct timer *timer, uint64_t due, bool *was_armed);
/* True: it was armed, and will not expire. False: it was not, or is just expiring. */
bool timer_clear(struct timer *timer);

#endif
