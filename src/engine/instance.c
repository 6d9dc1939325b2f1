/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Life of an instance, its users, and its registration for status changes. */
#include "engine/instance.h"

#include <stdlib.h>
#include <string.h>

#include "engine/member.h"
#include "engine/user_cache.h"

static void destroy_instance(struct handle_object *object)
{
    struct instance *instance = (struct instance *)object; /* its first member */
    condition_fini(&instance->drained);
    mutex_fini(&instance->visitor);
    mutex_fini(&instance->lock);
    free(instance);
}

enum pd_status instance_open(uintptr_t *handle)
{
    enum pd_status status = runtime_acquire();
    if (status != PD_OK)
        return status;
    struct instance *instance = calloc(1, sizeof(*instance));
    if (instance == NULL) {
        runtime_release();
        return PD_NO_MEMORY;
    }
    handle_object_init(&instance->object, HANDLE_INSTANCE, destroy_instance);
    mutex_init(&instance->lock);
    mutex_init(&instance->visitor);
    condition_init(&instance->drained);
    instance->notified = SERVICE_STATE_DISABLED;

    instance->handle = handle_open(&instance->object);
    if (instance->handle == 0) {
        handle_release(&instance->object);
        runtime_release();
        return PD_NO_MEMORY;
    }
    runtime_add_instance(instance);
    *handle = instance->handle;
    return PD_OK; /* our reference is the one that instance_close gives back */
}

static void destroy_user(struct instance_user *user)
{
    for (struct leftover *next; user->leftovers != NULL; user->leftovers = next) {
        next = user->leftovers->next;
        free(user->leftovers);
    }
    if (user->owner != NULL)
        publication_owner_destroy(user->owner);
    publication_store_destroy(user->store);
    user_cache_release(user->cache);
    free(user);
}

static bool any_handle(const struct member *handle, const void *context)
{
    (void)handle;
    (void)context;
    return true;
}

enum pd_status instance_close(struct instance *instance)
{
    if (!handle_close(instance->handle, &instance->object))
        return PD_INVALID_HANDLE;
    handle_release(&instance->object); /* the table's */
    runtime_remove_instance(instance);

    mutex_lock(&instance->lock);
    instance->closing = true;
    operation_complete_all(&instance->registration, PD_ABORTED);
    mutex_unlock(&instance->lock);
    /* A read that waits for what another handle fetches would be answered otherwise, when that one
     * is closed first. */
    instance_end_members(instance, any_handle, NULL, END_SHUTDOWN);
    instance_end_members(instance, any_handle, NULL, END_CLOSED);

    mutex_lock(&instance->lock);
    while (instance->working > 0)
        condition_wait(&instance->drained, &instance->lock);
    struct instance_user *user = instance->users;
    instance->users = NULL;
    mutex_unlock(&instance->lock);
    while (user != NULL) {
        struct instance_user *next = user->next;
        destroy_user(user);
        user = next;
    }
    runtime_release();
    handle_release(&instance->object);
    return PD_OK;
}

bool instance_enter(struct instance *instance)
{
    mutex_lock(&instance->lock);
    bool entered = !instance->closing;
    if (entered)
        instance->working++;
    mutex_unlock(&instance->lock);
    return entered;
}

void instance_leave(struct instance *instance)
{
    mutex_lock(&instance->lock);
    if (--instance->working == 0 && instance->closing)
        condition_wake_all(&instance->drained);
    mutex_unlock(&instance->lock);
}

enum pd_status instance_user(struct instance *instance, const char *name,
                             struct instance_user **found)
{
    enum pd_status status = PD_OK;
    mutex_lock(&instance->lock);
    struct instance_user *user = instance->users;
    while (user != NULL && strcmp(user->name, name) != 0)
        user = user->next;
    if (user == NULL) {
        size_t length = strlen(name);
        user = calloc(1, sizeof(*user));
        if (user != NULL && length < sizeof(user->name)) {
            memcpy(user->name, name, length + 1);
            user->store = publication_store_create(name);
        }
        if (user == NULL || user->store == NULL) {
            free(user);
            user = NULL;
            status = PD_NO_MEMORY;
        } else {
            user->next = instance->users;
            instance->users = user;
        }
    }
    mutex_unlock(&instance->lock);
    *found = user;
    return status;
}

enum pd_status instance_keep_cache(struct instance *instance, struct instance_user *user)
{
    mutex_lock(&instance->lock);
    if (user->cache == NULL)
        user->cache = user_cache_acquire(user->name);
    bool kept = user->cache != NULL;
    mutex_unlock(&instance->lock);
    return kept ? PD_OK : PD_NO_MEMORY;
}

enum pd_status instance_owner(struct instance *instance, struct instance_user *user)
{
    mutex_lock(&instance->lock);
    bool present = user->owner != NULL;
    mutex_unlock(&instance->lock);
    if (present)
        return PD_OK;

    struct publication_owner *owner;
    enum pd_status status = publication_owner_create(user->store, &owner);
    if (status != PD_OK)
        return status;
    mutex_lock(&instance->lock);
    if (user->owner == NULL) {
        user->owner = owner;
        owner = NULL;
    }
    mutex_unlock(&instance->lock);
    if (owner != NULL) /* another call was faster */
        publication_owner_destroy(owner);
    return PD_OK;
}

void instance_leave_over(struct instance *instance, struct instance_user *user,
                         struct leftover *leftover)
{
    mutex_lock(&instance->lock);
    leftover->next = user->leftovers;
    user->leftovers = leftover;
    mutex_unlock(&instance->lock);
}

void instance_clear_leftovers(struct instance *instance, struct instance_user *user)
{
    enum pd_status status = PD_OK;
    while (status == PD_OK) {
        mutex_lock(&instance->lock);
        struct leftover *leftover = user->leftovers;
        if (leftover != NULL)
            user->leftovers = leftover->next;
        mutex_unlock(&instance->lock);
        if (leftover == NULL)
            return;
        status = publication_remove(user->store, &leftover->id);
        if (status == PD_OK || status == PD_NOT_FOUND) {
            free(leftover);
            status = PD_OK;
        } else {
            instance_leave_over(instance, user, leftover);
        }
    }
}

void instance_write_status(void *output, bool extended, const struct service_state *state)
{
    uint32_t *words = output;
    if (!extended) {
        words[0] = (uint32_t)state->status;
        return;
    }
    words[1] = (uint32_t)state->status; /* words[0] is the caller's cbSize */
    words[2] = state->min_version;
    words[3] = state->max_version;
}

/* With the lock: completes the registration if the status is another than the one last told. */
static void notify(struct instance *instance)
{
    struct operation *operation = instance->registration.head;
    struct service_state state = runtime_state();
    if (operation == NULL || state.status == instance->notified)
        return;
    instance->notified = state.status;
    instance_write_status(operation->output, operation->extended, &state);
    const struct completion completion = {.status = PD_OK};
    operation_complete(&instance->registration, operation, &completion);
}

enum pd_status instance_register(struct instance *instance, struct operation *operation)
{
    enum pd_status status = PD_OK;
    mutex_lock(&instance->lock);
    if (instance->closing) {
        status = PD_SHUTDOWN_IN_PROGRESS;
    } else if (instance->registration.head != NULL) {
        status = PD_ALREADY_EXISTS;
    } else {
        struct service_state state = runtime_state();
        instance_write_status(operation->output, operation->extended, &state);
        operation_accept(&instance->registration, operation);
        notify(instance);
    }
    mutex_unlock(&instance->lock);
    return status;
}

void instance_unregister(struct instance *instance)
{
    mutex_lock(&instance->lock);
    operation_complete_all(&instance->registration, PD_ABORTED);
    mutex_unlock(&instance->lock);
}

void instance_status_changed(struct instance *instance, bool dropped)
{
    if (dropped)
        instance_end_members(instance, any_handle, NULL, END_STATUS);
    mutex_lock(&instance->lock);
    notify(instance);
    mutex_unlock(&instance->lock);
}
