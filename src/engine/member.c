/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of handles, and what happens to many of them at once. */
#include "engine/member.h"

#include <stdlib.h>
#include <string.h>

void member_init(struct member *handle, struct instance *instance, struct instance_user *user,
                 struct identity *identity, struct completion_port *port)
{
    mutex_init(&handle->lock);
    handle_retain(&instance->object);
    handle->instance = instance;
    handle->user = user;
    handle->identity = *identity;
    identity->token = NULL;
    handle->port = port;
    if (port != NULL)
        operation_sink()->retain_port(port);
}

enum pd_status member_set_identifier(struct member *handle, const void *identifier,
                                     uint32_t identifier_length)
{
    handle->publication.identifier = malloc(identifier_length);
    if (handle->publication.identifier == NULL)
        return PD_NO_MEMORY;
    memcpy(handle->publication.identifier, identifier, identifier_length);
    handle->publication.identifier_length = identifier_length;
    return PD_OK;
}

void member_fini(struct member *handle)
{
    if (handle->port != NULL)
        operation_sink()->release_port(handle->port);
    identity_fini(&handle->identity);
    free(handle->publication.identifier);
    mutex_fini(&handle->lock);
    handle_release(&handle->instance->object);
}

enum pd_status member_publish(struct member *handle, uint32_t drops, uintptr_t *value)
{
    struct instance *instance = handle->instance;
    enum pd_status status = PD_OK;
    mutex_lock(&instance->lock);
    struct service_state state = runtime_state();
    if (instance->closing)
        status = PD_SHUTDOWN_IN_PROGRESS;
    else if (state.drops != drops || state.status != SERVICE_STATE_AVAILABLE)
        status = state.status == SERVICE_STATE_UNAVAILABLE ? PD_UNAVAILABLE : PD_DISABLED;
    else if ((handle->handle = handle_open(&handle->object)) == 0)
        status = PD_NO_MEMORY;
    if (status == PD_OK) {
        handle->previous = NULL;
        handle->next = instance->members;
        if (handle->next != NULL)
            handle->next->previous = handle;
        instance->members = handle;
        handle->listed = true;
        *value = handle->handle;
    }
    mutex_unlock(&instance->lock);
    return status;
}

struct member *member_acquire(const struct instance *instance, uintptr_t value,
                              enum handle_kind kind)
{
    struct member *handle = (struct member *)handle_acquire(value, kind);
    if (handle != NULL && handle->instance != instance) {
        handle_release(&handle->object);
        handle = NULL;
    }
    return handle;
}

/* With the instance's lock. */
static void unlist(struct member *handle)
{
    if (!handle->listed)
        return;
    if (handle->previous != NULL)
        handle->previous->next = handle->next;
    else
        handle->instance->members = handle->next;
    if (handle->next != NULL)
        handle->next->previous = handle->previous;
    handle->listed = false;
}

/* Whoever is second does the same, or waits for it: when an instance was closed, nothing of its
 * handles is pending or listed, even of those that another thread is just closing. */
enum pd_status member_close(struct member *handle)
{
    bool first = handle_close(handle->handle, &handle->object);
    handle->kind->end(handle, END_CLOSED);
    mutex_lock(&handle->instance->lock);
    unlist(handle);
    mutex_unlock(&handle->instance->lock);
    if (!first)
        return PD_INVALID_HANDLE;
    handle_release(&handle->object); /* the table's */
    return PD_OK;
}

enum pd_status end_reason_status(enum end_reason reason)
{
    return reason == END_STATUS || reason == END_REPLACED ? PD_INVALIDATED : PD_ABORTED;
}

/* The matching handles, each with a reference, chained by visit_next. Until
 * instance_release_visited nobody else collects from this instance. */
static struct member *collect(struct instance *instance,
                              bool (*match)(const struct member *handle, const void *context),
                              const void *context)
{
    struct member *chain = NULL;
    mutex_lock(&instance->visitor);
    mutex_lock(&instance->lock);
    for (struct member *handle = instance->members; handle != NULL; handle = handle->next) {
        if (!match(handle, context))
            continue;
        handle_retain(&handle->object);
        handle->visit_next = chain;
        chain = handle;
    }
    mutex_unlock(&instance->lock);
    return chain;
}

static struct member *next_visited(struct member *handle)
{
    struct member *next = handle->visit_next;
    handle_release(&handle->object);
    return next;
}

void instance_end_members(struct instance *instance,
                          bool (*match)(const struct member *handle, const void *context),
                          const void *context, enum end_reason reason)
{
    struct member *handle = collect(instance, match, context);
    while (handle != NULL) {
        if (reason == END_CLOSED)
            (void)member_close(handle); /* or another thread just did */
        else
            handle->kind->end(handle, reason);
        handle = next_visited(handle);
    }
    mutex_unlock(&instance->visitor);
}

struct content_name {
    const char *user;
    const void *identifier;
    uint32_t identifier_length;
};

static bool names_content(const struct member *handle, const void *context)
{
    const struct content_name *name = context;
    const struct member_publication *publication = &handle->publication;
    return publication->identifier_length == name->identifier_length &&
           memcmp(publication->identifier, name->identifier, name->identifier_length) == 0 &&
           strcmp(handle->user->name, name->user) == 0;
}

enum pd_status instance_cancel(struct instance *instance, const char *user, const void *identifier,
                               uint32_t identifier_length, const void *block)
{
    const struct content_name name = {user, identifier, identifier_length};
    enum pd_status status = PD_OPERATION_NOT_FOUND;
    struct member *handle = collect(instance, names_content, &name);
    while (handle != NULL) {
        if (status != PD_OK)
            status = handle->kind->cancel(handle, block);
        handle = next_visited(handle);
    }
    mutex_unlock(&instance->visitor);
    return status;
}

static bool has_id(const struct member *handle, const void *context)
{
    const struct member_publication *publication = &handle->publication;
    return publication->identifier != NULL &&
           memcmp(&publication->id, context, sizeof(publication->id)) == 0;
}

struct removed {
    const struct instance *by;
    const struct publication_id *id;
};

static void end_in_instance(struct instance *instance, void *context)
{
    const struct removed *removed = context;
    instance_end_members(instance, has_id, removed->id,
                         instance == removed->by ? END_UNPUBLISHED : END_REPLACED);
}

/* Removals between the store and the end of the handles. */
static struct {
    struct mutex lock;
    struct condition ended;
    unsigned count;
} removals = {.lock = MUTEX_INITIALIZER, .ended = CONDITION_INITIALIZER};

static void begin_removal(void)
{
    mutex_lock(&removals.lock);
    removals.count++;
    mutex_unlock(&removals.lock);
}

static void end_removal(void)
{
    mutex_lock(&removals.lock);
    removals.count--;
    condition_wake_all(&removals.ended);
    mutex_unlock(&removals.lock);
}

void await_unpublish(void)
{
    mutex_lock(&removals.lock);
    while (removals.count > 0)
        condition_wait(&removals.ended, &removals.lock);
    mutex_unlock(&removals.lock);
}

enum pd_status instance_unpublish(struct instance *instance, const struct identity *user,
                                  const void *identifier, uint32_t identifier_length)
{
    if (!instance_enter(instance))
        return PD_SHUTDOWN_IN_PROGRESS;
    struct instance_user *entry;
    struct publication_id id;
    begin_removal();
    enum pd_status status = instance_user(instance, user->user, &entry);
    if (status == PD_OK)
        status = publication_remove_identifier(entry->store, identifier, identifier_length, &id);
    instance_leave(instance);
    if (status == PD_OK) {
        struct removed removed = {instance, &id};
        runtime_visit_instances(end_in_instance, &removed);
    }
    end_removal();
    return status;
}
