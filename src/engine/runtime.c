/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Start and stop of the process-wide parts, and the reaction to changed settings. */
#include "engine/runtime.h"

#include "async/timer.h"
#include "async/workers.h"
#include "core/hash/digest.h"
#include "engine/instance.h"
#include "engine/peers/peers.h"
#include "engine/user_cache.h"
#include "platform/settings.h"
#include "platform/thread.h"

static struct {
    struct mutex life; /* held through start and stop; the watch's thread never takes it */
    unsigned users;
    struct settings_watch *watch;

    struct mutex lock; /* guards what follows; nothing else is taken under it */
    struct service_state state;
    struct instance *instances;
    uint32_t visits;
} runtime = {.life = MUTEX_INITIALIZER, .lock = MUTEX_INITIALIZER};

static struct service_state evaluate(const struct settings *settings)
{
    return (struct service_state){
        .status = settings->enabled ? SERVICE_STATE_AVAILABLE : SERVICE_STATE_DISABLED,
        .min_version = 1,
        .max_version = settings->version_1_only ? 1 : 2,
    };
}

static void apply_to_instance(struct instance *instance, void *dropped)
{
    instance_status_changed(instance, *(const bool *)dropped);
}

/* On the watch's thread and, at the start, on another one at the same time: one look at a time, or
 * what was read first could be put in force last. */
static void settings_changed(void *context)
{
    static struct mutex one_look = MUTEX_INITIALIZER;
    (void)context;
    mutex_lock(&one_look);
    struct settings settings;
    settings_read(&settings);
    struct service_state state = evaluate(&settings);
    mutex_lock(&runtime.lock);
    bool dropped =
        runtime.state.status == SERVICE_STATE_AVAILABLE && state.status != SERVICE_STATE_AVAILABLE;
    bool changed = runtime.state.status != state.status;
    state.drops = runtime.state.drops + (dropped ? 1 : 0);
    runtime.state = state;
    mutex_unlock(&runtime.lock);
    peers_configure(&settings);
    if (changed)
        runtime_visit_instances(apply_to_instance, &dropped);
    user_cache_limits_changed();
    mutex_unlock(&one_look);
}

enum pd_status runtime_acquire(void)
{
    enum pd_status status = PD_OK;
    mutex_lock(&runtime.life);
    if (runtime.users == 0) {
        if (!hash_library_init())
            status = PD_NO_MEMORY;
        if (status == PD_OK)
            status = settings_watch_start(settings_changed, NULL, &runtime.watch);
        if (status == PD_OK) {
            workers_start();
            timers_start();
            /* After the watch began: a change in between is seen by one or the other. */
            settings_changed(NULL);
        }
    }
    if (status == PD_OK)
        runtime.users++;
    mutex_unlock(&runtime.life);
    return status;
}

void runtime_release(void)
{
    mutex_lock(&runtime.life);
    if (--runtime.users == 0) {
        settings_watch_stop(runtime.watch);
        runtime.watch = NULL;
        timers_stop();
        peers_stop();
        workers_stop();
    }
    mutex_unlock(&runtime.life);
}

struct service_state runtime_state(void)
{
    mutex_lock(&runtime.lock);
    struct service_state state = runtime.state;
    mutex_unlock(&runtime.lock);
    return state;
}

enum pd_status runtime_check(void)
{
    switch (runtime_state().status) {
    case SERVICE_STATE_AVAILABLE:
        return PD_OK;
    case SERVICE_STATE_DISABLED:
        return PD_DISABLED;
    default:
        return PD_UNAVAILABLE;
    }
}

void runtime_add_instance(struct instance *instance)
{
    mutex_lock(&runtime.lock);
    instance->visited = runtime.visits;
    instance->previous = NULL;
    instance->next = runtime.instances;
    if (instance->next != NULL)
        instance->next->previous = instance;
    runtime.instances = instance;
    mutex_unlock(&runtime.lock);
}

void runtime_remove_instance(struct instance *instance)
{
    mutex_lock(&runtime.lock);
    if (instance->previous != NULL)
        instance->previous->next = instance->next;
    else
        runtime.instances = instance->next;
    if (instance->next != NULL)
        instance->next->previous = instance->previous;
    mutex_unlock(&runtime.lock);
}

/* Visits by several threads at once may each miss what the other took, which is then being visited:
 * so one visit at a time. */
void runtime_visit_instances(void (*visit)(struct instance *instance, void *context), void *context)
{
    static struct mutex one_visitor = MUTEX_INITIALIZER;
    mutex_lock(&one_visitor);
    mutex_lock(&runtime.lock);
    uint32_t visits = ++runtime.visits;
    struct instance *instance = runtime.instances;
    while (instance != NULL) {
        if (instance->visited == visits) {
            instance = instance->next;
            continue;
        }
        instance->visited = visits;
        handle_retain(&instance->object);
        mutex_unlock(&runtime.lock);
        visit(instance, context);
        handle_release(&instance->object);
        mutex_lock(&runtime.lock);
        instance = runtime.instances;
    }
    mutex_unlock(&runtime.lock);
    mutex_unlock(&one_visitor);
}
