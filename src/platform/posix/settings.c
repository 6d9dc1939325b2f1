/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings in memory, for native tests. */
#include "platform/posix/settings.h"

#include <stdlib.h>

#include "platform/thread.h"

static struct mutex lock = MUTEX_INITIALIZER; /* guards all below */
static struct condition changed_or_stopped = CONDITION_INITIALIZER;
static struct settings current;
static uint64_t generation; /* 0: nothing was set yet */

struct settings_watch {
    void (*changed)(void *context);
    void *context;
    struct thread *thread;
    bool stop; /* under lock */
};

void settings_test_set(const struct settings *settings)
{
    mutex_lock(&lock);
    current = *settings;
    generation++;
    condition_wake_all(&changed_or_stopped);
    mutex_unlock(&lock);
}

void settings_read(struct settings *settings)
{
    mutex_lock(&lock);
    *settings = generation == 0 ? settings_defaults : current;
    mutex_unlock(&lock);
}

enum pd_status settings_set_cache_size(uint32_t percent, uint64_t bytes)
{
    mutex_lock(&lock);
    if (generation == 0)
        current = settings_defaults;
    if (percent != 0)
        current.cache_percent = percent;
    current.cache_by_bytes = percent == 0;
    current.cache_bytes = bytes;
    generation++;
    condition_wake_all(&changed_or_stopped);
    mutex_unlock(&lock);
    return PD_OK;
}

static void watch_main(void *argument)
{
    struct settings_watch *watch = argument;
    uint64_t seen;

    mutex_lock(&lock);
    while (!watch->stop) {
        seen = generation;
        mutex_unlock(&lock);
        watch->changed(watch->context);
        mutex_lock(&lock);
        while (!watch->stop && generation == seen)
            condition_wait(&changed_or_stopped, &lock);
    }
    mutex_unlock(&lock);
}

enum pd_status settings_watch_start(void (*changed)(void *context), void *context,
                                    struct settings_watch **watch)
{
    struct settings_watch *made = calloc(1, sizeof(*made));

    *watch = NULL;
    if (!made)
        return PD_NO_MEMORY;
    made->changed = changed;
    made->context = context;
    made->thread = thread_start(watch_main, made);
    if (!made->thread) {
        free(made);
        return PD_NO_MEMORY;
    }
    *watch = made;
    return PD_OK;
}

void settings_watch_stop(struct settings_watch *watch)
{
    if (!watch)
        return;
    mutex_lock(&lock);
    watch->stop = true;
    condition_wake_all(&changed_or_stopped);
    mutex_unlock(&lock);
    thread_join(watch->thread);
    free(watch);
}
