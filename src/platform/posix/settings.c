/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings in memory, for native tests. */
#include "platform/posix/settings.h"

#include <stdlib.h>
#include <string.h>

#include "platform/thread.h"

static struct mutex lock = MUTEX_INITIALIZER; /* guards all below */
static struct condition changed_or_stopped = CONDITION_INITIALIZER;
static struct settings defaults;
static uint64_t generation; /* 0: nothing was set yet */
static struct {
    enum settings_raw raw;
    uint64_t number;
} values[SETTINGS_BRANCHES][SETTING_COUNT];

struct settings_watch {
    void (*changed)(void *context);
    void *context;
    struct thread *thread;
    bool stop; /* under lock */
};

/* Under lock. */
static void tell(void)
{
    generation++;
    condition_wake_all(&changed_or_stopped);
}

void settings_test_set(const struct settings *settings)
{
    mutex_lock(&lock);
    defaults = *settings;
    memset(values, 0, sizeof(values));
    tell();
    mutex_unlock(&lock);
}

void settings_test_put(enum settings_branch branch, enum setting_id id, enum settings_raw raw,
                       uint64_t number)
{
    mutex_lock(&lock);
    if (generation == 0)
        defaults = settings_defaults;
    values[branch][id].raw = raw;
    values[branch][id].number = number;
    tell();
    mutex_unlock(&lock);
}

enum settings_raw settings_source_read(enum settings_branch branch, enum setting_id id,
                                       uint64_t *number)
{
    mutex_lock(&lock);
    enum settings_raw raw = values[branch][id].raw;
    *number = values[branch][id].number;
    mutex_unlock(&lock);
    return raw;
}

enum pd_status settings_source_write(enum setting_id id, uint64_t number)
{
    settings_test_put(SETTINGS_LOCAL, id, SETTINGS_RAW_NUMBER, number);
    return PD_OK;
}

enum pd_status settings_source_remove(enum setting_id id)
{
    settings_test_put(SETTINGS_LOCAL, id, SETTINGS_RAW_ABSENT, 0);
    return PD_OK;
}

void settings_source_defaults(struct settings *settings)
{
    mutex_lock(&lock);
    *settings = generation == 0 ? settings_defaults : defaults;
    mutex_unlock(&lock);
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
