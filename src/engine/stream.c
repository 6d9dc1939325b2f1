/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state machine of a stream.
 *
 * Bytes are copied into the hash pipeline by whoever finds room there: usually the calling thread,
 * so that adding costs a copy and no hand-over; else the pool, when a batch comes free. Store I/O
 * happens on the pool, never under the stream's lock. Every operation is completed under the lock.
 */
#include "engine/stream.h"

#include <stdlib.h>

#include "async/workers.h"
#include "core/segmenter_v2.h"
#include "engine/hash_pipeline.h"
#include "engine/impersonation.h"
#include "engine/segment_records.h"

enum stream_state { STREAM_PUBLISHING, STREAM_COMPLETING, STREAM_PUBLISHED };

struct stream {
    struct member base; /* its lock guards everything below, but `records` */
    enum stream_state state;
    uint64_t declared; /* 0: not known */
    uint64_t added;
    struct hash_pipeline *pipeline;
    enum pd_status failure; /* what the next operation will be told */
    bool ending;            /* a thread removes the publication */
    struct condition ended;
    bool task_queued;
    struct task task;               /* commits, or ends after a failure */
    struct leftover *leftover;      /* for an end at which the store is out of reach */
    struct segment_records records; /* of the one thread that consumes or commits */
};

static void pump(struct stream *stream);

static struct stream *stream_of(struct member *handle)
{
    return (struct stream *)handle; /* its first member */
}

static void destroy_stream(struct handle_object *object)
{
    struct stream *stream = (struct stream *)object;
    hash_pipeline_destroy(stream->pipeline);
    segment_records_fini(&stream->records);
    free(stream->leftover);
    condition_fini(&stream->ended);
    member_fini(&stream->base);
    free(stream);
}

/* ---- The store, without the lock ---- */

static enum pd_status write_records(struct stream *stream, bool complete)
{
    struct segment_records_view view;
    struct impersonation user;
    enum pd_status status = segment_records_view(&stream->records, &view);
    if (status != PD_OK)
        return status;
    if (!instance_enter(stream->base.instance))
        return PD_ABORTED;
    status = PD_UNAVAILABLE;
    if (impersonation_begin(&user, stream->base.identity.token))
        status = publication_write(stream->base.user->store, &stream->base.publication.id,
                                   &view.records, complete, stream->records.content_length);
    impersonation_end(&user);
    instance_leave(stream->base.instance);
    if (status == PD_OK)
        segment_records_written(&stream->records);
    return status;
}

/* Once. */
static void remove_publication(struct stream *stream)
{
    struct instance *instance = stream->base.instance;
    struct impersonation user;
    enum pd_status status = PD_UNAVAILABLE;
    /* A closing instance removes all its publications with their owner. */
    if (!instance_enter(instance))
        return;
    if (impersonation_begin(&user, stream->base.identity.token))
        status = publication_remove(stream->base.user->store, &stream->base.publication.id);
    impersonation_end(&user);
    if (status != PD_OK && status != PD_NOT_FOUND) {
        stream->leftover->id = stream->base.publication.id;
        instance_leave_over(instance, stream->base.user, stream->leftover);
        stream->leftover = NULL;
    }
    instance_leave(instance);
}

/* ---- From the pipeline ---- */

static void retain_stream(void *context)
{
    handle_retain(&((struct stream *)context)->base.object);
}

static void release_stream(void *context)
{
    handle_release(&((struct stream *)context)->base.object);
}

static enum pd_status consume(void *context, const struct hashed_batch *batch)
{
    struct stream *stream = context;
    struct segment_records *records = &stream->records;
    enum pd_status status =
        segment_records_add_v2(records, batch->v2_sizes, batch->v2_digests, batch->v2_count);
    for (uint32_t at = 0; status == PD_OK && at < batch->v1_count;) {
        uint32_t room = segment_records_room(records);
        uint32_t count = batch->v1_count - at < room ? batch->v1_count - at : room;
        uint32_t bytes = at + count == batch->v1_count ? batch->v1_bytes - at * BLOCK_SIZE_V1
                                                       : count * BLOCK_SIZE_V1;
        status =
            segment_records_add_blocks(records, batch->v1_digests + 32 * (size_t)at, count, bytes);
        at += count;
        if (status == PD_OK && segment_records_room(records) == 0)
            status = write_records(stream, false);
    }
    return status;
}

static void advanced(void *context)
{
    struct stream *stream = context;
    if (!stream->base.dead) {
        pump(stream);
    } else if (hash_pipeline_idle(stream->pipeline)) {
        hash_pipeline_destroy(stream->pipeline);
        stream->pipeline = NULL;
    }
}

/* ---- The end ---- */

/* With the lock, which it lets go of for store I/O. The operation of `block` gets block_status, all
 * others rest_status; a stream that is dead already stays as it is. */
static void end(struct stream *stream, bool remove, const void *block, enum pd_status block_status,
                enum pd_status rest_status)
{
    struct member *base = &stream->base;
    while (stream->ending)
        condition_wait(&stream->ended, &base->lock);
    if (base->dead)
        return;
    base->dead = true;
    if (stream->pipeline != NULL) {
        hash_pipeline_cancel(stream->pipeline);
        if (hash_pipeline_idle(stream->pipeline)) {
            hash_pipeline_destroy(stream->pipeline);
            stream->pipeline = NULL;
        }
    }
    if (remove && stream->state != STREAM_PUBLISHED) {
        /* First the identifier is free, then the application hears of it. */
        stream->ending = true;
        mutex_unlock(&base->lock);
        remove_publication(stream);
        mutex_lock(&base->lock);
        stream->ending = false;
        condition_wake_all(&stream->ended);
    }
    struct operation *operation = block != NULL ? operation_find(&base->queue, block) : NULL;
    const struct completion completion = {.status = block_status};
    if (operation != NULL)
        operation_complete(&base->queue, operation, &completion);
    operation_complete_all(&base->queue, rest_status);
}

static void end_stream(struct member *handle, enum end_reason reason)
{
    bool remove = reason == END_CLOSED || reason == END_SHUTDOWN || reason == END_STATUS;
    mutex_lock(&handle->lock);
    end(stream_of(handle), remove, NULL, PD_OK, end_reason_status(reason));
    mutex_unlock(&handle->lock);
}

/* A stream cannot go on without one of its operations. */
static enum pd_status cancel_in_stream(struct member *handle, const void *block)
{
    struct stream *stream = stream_of(handle);
    enum pd_status status = PD_OPERATION_NOT_FOUND;
    mutex_lock(&handle->lock);
    while (stream->ending)
        condition_wait(&stream->ended, &handle->lock);
    if (operation_find(&handle->queue, block) != NULL) {
        end(stream, true, block, PD_ABORTED, PD_INVALIDATED);
        status = PD_OK;
    }
    mutex_unlock(&handle->lock);
    return status;
}

static const struct member_class stream_class = {end_stream, cancel_in_stream};

/* ---- The task ---- */

/* The first operation failed, and the publication with it; or the instance is being closed, and all
 * of them end alike. */
static void fail(struct stream *stream, enum pd_status status)
{
    if (status == PD_INVALIDATED) {
        mutex_unlock(&stream->base.lock);
        await_unpublish();
        mutex_lock(&stream->base.lock);
        if (stream->base.dead || stream->base.queue.head == NULL)
            return;
    }
    enum pd_status rest = status == PD_ABORTED ? PD_ABORTED : PD_INVALIDATED;
    end(stream, true, stream->base.queue.head->block, status, rest);
}

static void commit(struct stream *stream)
{
    struct member *base = &stream->base;
    mutex_unlock(&base->lock);
    enum pd_status status = write_records(stream, true);
    mutex_lock(&base->lock);
    if (base->dead)
        return;
    if (status != PD_OK) {
        fail(stream, status);
        return;
    }
    stream->state = STREAM_PUBLISHED;
    hash_pipeline_destroy(stream->pipeline);
    stream->pipeline = NULL;
    const struct completion completion = {.status = PD_OK};
    operation_complete(&base->queue, base->queue.head, &completion);
}

static void run_task(struct task *task)
{
    struct stream *stream = (struct stream *)((char *)task - offsetof(struct stream, task));
    struct member *base = &stream->base;
    mutex_lock(&base->lock);
    stream->task_queued = false;
    if (!base->dead && base->queue.head != NULL) {
        if (stream->failure != PD_OK)
            fail(stream, stream->failure);
        else
            commit(stream);
    }
    mutex_unlock(&base->lock);
    handle_release(&base->object);
}

/* With the lock; the caller does nothing more before it lets go of it. */
static void queue_task(struct stream *stream)
{
    if (stream->task_queued)
        return;
    stream->task_queued = true;
    stream->task.run = run_task;
    handle_retain(&stream->base.object);
    if (workers_submit(&stream->task) != PD_OK) {
        mutex_unlock(&stream->base.lock);
        run_task(&stream->task);
        mutex_lock(&stream->base.lock);
    }
}

/* ---- Operations ---- */

/* Goes on with the queue as far as it can. With the lock. */
static void pump(struct stream *stream)
{
    struct operation_queue *queue = &stream->base.queue;
    while (!stream->base.dead && queue->head != NULL) {
        struct operation *operation = queue->head;
        if (stream->failure == PD_OK && operation->kind == OPERATION_ADD_TO_STREAM) {
            if (operation->done == 0 && stream->declared != 0 &&
                operation->length > stream->declared - stream->added) {
                stream->failure = PD_OUT_OF_BOUNDS;
            } else {
                size_t taken = 0;
                if (operation->length != 0)
                    taken = hash_pipeline_add(stream->pipeline, operation->buffer + operation->done,
                                              operation->length - operation->done);
                operation->done += (uint32_t)taken;
                stream->added += taken;
                if (operation->done == operation->length) {
                    const struct completion done = {.bytes = operation->length};
                    operation_complete(queue, operation, &done);
                    continue;
                }
            }
        } else if (stream->failure == PD_OK) {
            if (stream->declared != 0 && stream->added != stream->declared)
                stream->failure = PD_MISSING_DATA;
            else
                hash_pipeline_finish(stream->pipeline);
        }
        if (stream->failure == PD_OK)
            stream->failure = hash_pipeline_status(stream->pipeline);
        bool commit_now =
            operation->kind == OPERATION_COMPLETE_STREAM && hash_pipeline_idle(stream->pipeline);
        if (stream->failure != PD_OK || commit_now)
            queue_task(stream);
        return;
    }
}

static enum pd_status start(struct stream *stream, enum operation_kind kind, uint8_t *buffer,
                            uint32_t length, void *block)
{
    struct member *base = &stream->base;
    struct operation *operation = operation_create(kind, block, base->port);
    if (operation == NULL)
        return PD_NO_MEMORY;
    operation->buffer = buffer;
    operation->length = length;

    mutex_lock(&base->lock);
    enum pd_status status = base->dead ? PD_INVALIDATED : runtime_check();
    if (status == PD_OK && stream->state != STREAM_PUBLISHING)
        status = PD_ALREADY_COMPLETED;
    if (status == PD_OK) {
        if (kind == OPERATION_COMPLETE_STREAM)
            stream->state = STREAM_COMPLETING;
        operation_accept(&base->queue, operation);
        pump(stream);
    }
    mutex_unlock(&base->lock);
    if (status != PD_OK)
        operation_discard(operation);
    return status;
}

enum pd_status stream_add(struct stream *stream, uint8_t *buffer, uint32_t length, void *block)
{
    return start(stream, OPERATION_ADD_TO_STREAM, buffer, length, block);
}

enum pd_status stream_complete(struct stream *stream, void *block)
{
    return start(stream, OPERATION_COMPLETE_STREAM, NULL, 0, block);
}

/* ---- Opening and closing ---- */

static enum pd_status create_stream(struct instance *instance, struct instance_user *user,
                                    struct identity *identity, const void *identifier,
                                    uint32_t identifier_length, struct completion_port *port,
                                    bool with_v2, struct stream **created)
{
    struct stream *stream = calloc(1, sizeof(*stream));
    if (stream == NULL)
        return PD_NO_MEMORY;
    handle_object_init(&stream->base.object, HANDLE_STREAM, destroy_stream);
    stream->base.kind = &stream_class;
    condition_init(&stream->ended);
    member_init(&stream->base, instance, user, identity, port);
    enum pd_status status = member_set_identifier(&stream->base, identifier, identifier_length);
    const struct hash_pipeline_owner owner = {
        .context = stream,
        .lock = &stream->base.lock,
        .retain = retain_stream,
        .release = release_stream,
        .consume = consume,
        .advanced = advanced,
    };
    if (status == PD_OK && ((stream->leftover = malloc(sizeof(*stream->leftover))) == NULL ||
                            (stream->pipeline = hash_pipeline_create(&owner, with_v2)) == NULL))
        status = PD_NO_MEMORY;
    if (status != PD_OK) {
        stream_release(stream);
        return status;
    }
    *created = stream;
    return PD_OK;
}

/* For a caller that entered the instance and runs as `identity`. */
static enum pd_status begin(struct instance *instance, struct identity *identity,
                            const void *identifier, uint32_t identifier_length,
                            uint64_t declared_length, struct completion_port *port,
                            uintptr_t *handle)
{
    struct service_state state = runtime_state();
    bool with_v2 = state.max_version >= 2;
    struct instance_user *user;
    struct publication_id id;
    struct stream *stream = NULL;
    enum pd_status status = instance_user(instance, identity->user, &user);
    if (status == PD_OK)
        status = instance_owner(instance, user);
    if (status == PD_OK)
        instance_clear_leftovers(instance, user);
    if (status == PD_OK)
        status = publication_begin(user->owner, identifier, identifier_length,
                                   with_v2 ? SEGMENTER_V2_FUNCTION : 0, &id);
    if (status != PD_OK)
        return status;

    status = create_stream(instance, user, identity, identifier, identifier_length, port, with_v2,
                           &stream);
    if (status == PD_OK) {
        stream->base.publication.id = id;
        stream->declared = declared_length;
        status = member_publish(&stream->base, state.drops, handle);
        stream_release(stream);
    }
    if (status != PD_OK)
        (void)publication_remove(user->store, &id);
    return status;
}

enum pd_status stream_open(struct instance *instance, const void *identifier,
                           uint32_t identifier_length, uint64_t declared_length,
                           struct completion_port *port, uintptr_t *handle)
{
    struct identity identity;
    enum pd_status status = runtime_check();
    if (status == PD_OK)
        status = identity_current(&identity);
    if (status != PD_OK)
        return status;
    if (instance_enter(instance)) {
        status = begin(instance, &identity, identifier, identifier_length, declared_length, port,
                       handle);
        instance_leave(instance);
    } else {
        status = PD_SHUTDOWN_IN_PROGRESS;
    }
    identity_fini(&identity);
    return status;
}

struct stream *stream_acquire(const struct instance *instance, uintptr_t handle)
{
    return (struct stream *)member_acquire(instance, handle, HANDLE_STREAM);
}

void stream_release(struct stream *stream)
{
    handle_release(&stream->base.object);
}

enum pd_status stream_close(struct stream *stream)
{
    return member_close(&stream->base);
}
