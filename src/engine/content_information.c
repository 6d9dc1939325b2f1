/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Retrieves are served in order by one task at a time on the pool: it loads pieces without the lock
 * and copies them to the caller's buffer under it, so that an operation that is cancelled meanwhile
 * is not touched again. */
#include "engine/content_information.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "async/workers.h"
#include "engine/content_info_reader.h"
#include "engine/impersonation.h"

struct content_information {
    struct member base;              /* its lock guards everything below */
    uint64_t position;               /* of the next Retrieve */
    bool serving;                    /* the task is queued or runs; it alone uses `reader` then */
    const struct operation *checked; /* the publication was seen to live for this one */
    struct task task;
    struct content_info_reader reader;
};

static void destroy_information(struct handle_object *object)
{
    struct content_information *information = (struct content_information *)object;
    content_info_reader_close(&information->reader);
    member_fini(&information->base);
    free(information);
}

static void end_information(struct member *handle, enum end_reason reason)
{
    mutex_lock(&handle->lock);
    handle->dead = true;
    operation_complete_all(&handle->queue, end_reason_status(reason));
    mutex_unlock(&handle->lock);
}

static enum pd_status cancel_retrieve(struct member *handle, const void *block)
{
    enum pd_status status = PD_OPERATION_NOT_FOUND;
    mutex_lock(&handle->lock);
    struct operation *operation = operation_find(&handle->queue, block);
    if (operation != NULL) {
        const struct completion aborted = {.status = PD_ABORTED};
        operation_complete(&handle->queue, operation, &aborted);
        ((struct content_information *)handle)->checked = NULL; /* its address may come again */
        status = PD_OK;
    }
    mutex_unlock(&handle->lock);
    return status;
}

static const struct member_class information_class = {end_information, cancel_retrieve};

/* Without the lock. load: the piece at position; else only whether the publication still lives. */
static enum pd_status read_store(struct content_information *information, bool load,
                                 uint64_t position)
{
    struct member *base = &information->base;
    struct impersonation user;
    enum pd_status status = PD_UNAVAILABLE;
    if (!instance_enter(base->instance))
        return PD_ABORTED;
    if (impersonation_begin(&user, base->identity.token))
        status = load ? content_info_reader_load(&information->reader, position)
                      : publication_check(base->user->store, &base->publication.id);
    impersonation_end(&user);
    instance_leave(base->instance);
    return status;
}

static void finish(struct content_information *information, struct operation *operation,
                   enum pd_status status)
{
    struct completion completion = {.status = status};
    if (status == PD_OK) {
        completion.bytes = operation->done;
        completion.has_offset = true;
        completion.offset = information->position;
        information->position += operation->done;
    }
    if (status == PD_INVALIDATED)
        information->base.dead = true;
    information->checked = NULL;
    operation_complete(&information->base.queue, operation, &completion);
}

/* One step for the first operation, with the lock, which it lets go of to read. */
static void serve(struct content_information *information)
{
    struct member *base = &information->base;
    const struct content_info_reader *reader = &information->reader;
    struct operation *operation = base->queue.head;
    uint64_t position = information->position + operation->done;
    bool present = position >= reader->piece_position &&
                   position - reader->piece_position < reader->piece_length;
    bool at_end = position == reader->total_size;

    if (information->checked != operation || (!present && !at_end)) {
        bool load = !present && !at_end;
        mutex_unlock(&base->lock);
        enum pd_status status = read_store(information, load, position);
        if (status == PD_INVALIDATED)
            await_unpublish();
        mutex_lock(&base->lock);
        if (base->queue.head != operation)
            return; /* cancelled meanwhile */
        information->checked = operation;
        if (status != PD_OK)
            finish(information, operation, status);
        return;
    }
    if (!at_end) {
        size_t from = (size_t)(position - reader->piece_position);
        size_t have = reader->piece_length - from;
        size_t want = operation->length - operation->done;
        size_t part = have < want ? have : want;
        memcpy(operation->buffer + operation->done, reader->piece + from, part);
        operation->done += (uint32_t)part;
        if (operation->done < operation->length && position + part < reader->total_size)
            return;
    }
    finish(information, operation, operation->done > 0 ? PD_OK : PD_NO_MORE);
}

static void run_task(struct task *task)
{
    struct content_information *information =
        (struct content_information *)((char *)task - offsetof(struct content_information, task));
    mutex_lock(&information->base.lock);
    while (information->base.queue.head != NULL)
        serve(information);
    information->serving = false;
    mutex_unlock(&information->base.lock);
    content_information_release(information);
}

enum pd_status content_information_retrieve(struct content_information *information,
                                            uint8_t *buffer, uint32_t length, void *block)
{
    struct member *base = &information->base;
    struct operation *operation = operation_create(OPERATION_RETRIEVE, block, base->port);
    if (operation == NULL)
        return PD_NO_MEMORY;
    operation->buffer = buffer;
    operation->length = length;

    mutex_lock(&base->lock);
    enum pd_status status = base->dead ? PD_INVALIDATED : runtime_check();
    bool at_end = information->position == information->reader.total_size;
    if (status == PD_OK && at_end && base->queue.head == NULL) {
        mutex_unlock(&base->lock);
        operation_discard(operation);
        status = read_store(information, false, 0);
        if (status == PD_ABORTED)
            return PD_SHUTDOWN_IN_PROGRESS;
        return status == PD_OK ? PD_NO_MORE : status;
    }
    if (status == PD_OK) {
        operation_accept(&base->queue, operation);
        if (!information->serving) {
            information->serving = true;
            information->task.run = run_task;
            handle_retain(&base->object);
            if (workers_submit(&information->task) != PD_OK) {
                mutex_unlock(&base->lock);
                run_task(&information->task);
                return PD_OK;
            }
        }
    }
    mutex_unlock(&base->lock);
    if (status != PD_OK)
        operation_discard(operation);
    return status;
}

/* For a caller that entered the instance and runs as `identity`. */
static enum pd_status open_for(struct instance *instance, struct identity *identity,
                               const void *identifier, uint32_t identifier_length, uint64_t offset,
                               uint64_t length, uint32_t min_version, uint32_t max_version,
                               struct completion_port *port, uintptr_t *handle)
{
    struct service_state state = runtime_state();
    struct instance_user *user;
    struct publication_info publication;
    enum pd_status status = instance_user(instance, identity->user, &user);
    if (status == PD_OK)
        status = publication_find(user->store, identifier, identifier_length, &publication);
    if (status != PD_OK)
        return status;

    uint32_t available = publication.segmenter_function != 0 ? state.max_version : 1;
    uint32_t version = max_version < available ? max_version : available;
    if (version == 0 || version < min_version) /* {0, 0} asks for a version that is none */
        return PD_CONTENT_INFO_VERSION_UNSUPPORTED;

    struct content_information *information = calloc(1, sizeof(*information));
    if (information == NULL)
        return PD_NO_MEMORY;
    handle_object_init(&information->base.object, HANDLE_CONTENT_INFORMATION, destroy_information);
    information->base.kind = &information_class;
    member_init(&information->base, instance, user, identity, port);
    status = member_set_identifier(&information->base, identifier, identifier_length);
    if (status == PD_OK)
        status = content_info_reader_open(&information->reader, user->store, &publication, version,
                                          offset, length);
    if (status == PD_INVALIDATED)
        status = PD_NOT_FOUND; /* it went away between the two looks */
    if (status == PD_OK) {
        information->base.publication.id = publication.id;
        status = member_publish(&information->base, state.drops, handle);
    }
    content_information_release(information);
    return status;
}

enum pd_status content_information_open(struct instance *instance, const void *identifier,
                                        uint32_t identifier_length, uint64_t offset,
                                        uint64_t length, uint32_t min_version, uint32_t max_version,
                                        struct completion_port *port, uintptr_t *handle)
{
    struct identity identity;
    enum pd_status status = runtime_check();
    if (status == PD_OK)
        status = identity_current(&identity);
    if (status != PD_OK)
        return status;
    if (instance_enter(instance)) {
        status = open_for(instance, &identity, identifier, identifier_length, offset, length,
                          min_version, max_version, port, handle);
        instance_leave(instance);
    } else {
        status = PD_SHUTDOWN_IN_PROGRESS;
    }
    identity_fini(&identity);
    return status;
}

struct content_information *content_information_acquire(const struct instance *instance,
                                                        uintptr_t handle)
{
    return (struct content_information *)member_acquire(instance, handle,
                                                        HANDLE_CONTENT_INFORMATION);
}

void content_information_release(struct content_information *information)
{
    handle_release(&information->base.object);
}

enum pd_status content_information_close(struct content_information *information)
{
    return member_close(&information->base);
}
