/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Life of a content handle, and its content information. */
#include "engine/content_internal.h"

#include <stdlib.h>
#include <string.h>

#include "engine/block_data.h"
#include "engine/impersonation.h"

static struct content *content_of(struct member *member)
{
    return (struct content *)member; /* its first member */
}

static void destroy_content(struct handle_object *object)
{
    struct content *content = (struct content *)object;
    for (unsigned i = 0; i < CONTENT_WINDOWS; i++)
        segment_window_release(content->windows[i]);
    if (content->held != NULL) {
        block_data_release(content->held->data);
        free(content->held);
    }
    block_assembly_destroy(content->assembly);
    free(content->recent.data);
    content_ahead_fini(content);
    content_fetched_fini(content);
    content_info_feed_destroy(content->feed);
    info_spool_destroy(content->spool);
    user_cache_release(content->cache);
    mutex_fini(&content->window_lock);
    condition_fini(&content->settled);
    member_fini(&content->base);
    free(content);
}

/* ---- Operations ---- */

bool content_finish(struct content *content, struct operation *operation,
                    const struct completion *completion)
{
    struct completion aborted = {.status = PD_ABORTED};
    bool good = !operation->cancelled && !content->base.dead;
    if (content->base.dead && !operation->cancelled)
        aborted.status = content->end_status;
    operation_complete(&content->base.queue, operation, good ? completion : &aborted);
    condition_wake_all(&content->settled);
    return good;
}

/* Completes an operation that is at rest. With the lock. */
static void complete_at_rest(struct content *content, struct operation *operation,
                             enum pd_status status)
{
    const struct completion completion = {.status = status};
    if (operation->read != NULL)
        content_abandon_read(content, operation->read);
    operation_complete(&content->base.queue, operation, &completion);
    condition_wake_all(&content->settled);
}

static struct operation *first_at_rest(struct content *content)
{
    struct operation *operation = content->base.queue.head;
    while (operation != NULL && operation->in_work)
        operation = operation->next;
    return operation;
}

/* What was added is committed, and nobody waits for this handle any more. */
static void leave_cache(struct content *content)
{
    struct impersonation user;
    block_intake_drain_source(content->cache->intake, &content->source);
    if (!content->fetching)
        return;
    /* Where this fails the fetch ends by its lifetime. */
    if (impersonation_begin(&user, content->base.identity.token))
        (void)cache_fetch_end(content->cache->store, content->source.fetcher);
    impersonation_end(&user);
}

static void end_content(struct member *member, enum end_reason reason)
{
    struct content *content = content_of(member);
    struct operation *operation;
    mutex_lock(&member->lock);
    if (!member->dead) {
        member->dead = true;
        content->end_status = end_reason_status(reason);
    }
    while ((operation = first_at_rest(content)) != NULL)
        complete_at_rest(content, operation, content->end_status);
    while (member->queue.head != NULL)
        condition_wait(&content->settled, &member->lock);
    mutex_unlock(&member->lock);
    peers_drop(&content->peers);
    if (timer_clear(&content->timer))
        content_release(content); /* the timer's reference */
    if (reason == END_CLOSED)
        leave_cache(content);
}

/* The server's cancel looks for identifiers, which no content handle has. */
static enum pd_status cancel_in_content(struct member *member, const void *block)
{
    return content_cancel(content_of(member), block);
}

static const struct member_class content_class = {end_content, cancel_in_content};

/* One operation; in work it is waited for. With the lock. */
static void cancel_operation(struct content *content, struct operation *operation)
{
    const void *block = operation->block;
    if (!operation->in_work) {
        complete_at_rest(content, operation, PD_ABORTED);
        return;
    }
    operation->cancelled = true;
    /* Its address cannot come again meanwhile: the caller has not got the block back. */
    while (operation_find(&content->base.queue, block) == operation)
        condition_wait(&content->settled, &content->base.lock);
}

enum pd_status content_cancel(struct content *content, const void *block)
{
    struct operation_queue *queue = &content->base.queue;
    enum pd_status status = PD_OPERATION_NOT_FOUND;
    struct operation *operation;
    mutex_lock(&content->base.lock);
    if (content->base.dead) {
        status = PD_INVALIDATED;
    } else if (block != NULL) {
        operation = operation_find(queue, block);
        if (operation != NULL) {
            cancel_operation(content, operation);
            status = PD_OK;
        }
    } else {
        /* Those that are in work are all marked before the first is waited for. */
        for (operation = queue->head; operation != NULL; operation = operation->next) {
            operation->cancelled = true;
            status = PD_OK;
        }
        while ((operation = first_at_rest(content)) != NULL && operation->cancelled)
            complete_at_rest(content, operation, PD_ABORTED);
        for (operation = queue->head; operation != NULL; operation = queue->head) {
            while (operation != NULL && !operation->cancelled)
                operation = operation->next;
            if (operation == NULL)
                break;
            condition_wait(&content->settled, &content->base.lock);
        }
    }
    mutex_unlock(&content->base.lock);
    return status;
}

/* ---- Information ---- */

/* In order, on the pool: information can be large, and checking it takes hashing. With the lock,
 * which it lets go of. */
static void inform(struct content *content, struct operation *operation)
{
    bool complete = operation->kind == OPERATION_COMPLETE_INFORMATION;
    struct completion completion = {0};
    struct impersonation user;
    operation->in_work = true;
    mutex_unlock(&content->base.lock);
    completion.status = PD_UNAVAILABLE;
    if (impersonation_begin_on_pool(&user, content->base.identity.token))
        completion.status =
            complete ? content_info_feed_complete(content->feed)
                     : content_info_feed_add(content->feed, operation->buffer, operation->length);
    impersonation_end(&user);
    mutex_lock(&content->base.lock);
    if (completion.status != PD_OK)
        content->state = CONTENT_BROKEN;
    else if (complete)
        content->state = CONTENT_READY;
    completion.bytes = completion.status == PD_OK ? operation->length : 0;
    if (completion.status == PD_OK && complete)
        content->position = content_info_feed_summary(content->feed)->range_start;
    (void)content_finish(content, operation, &completion);
}

static void run_information(struct task *task)
{
    struct content *content =
        (struct content *)((char *)task - offsetof(struct content, info_task));
    mutex_lock(&content->base.lock);
    /* Nothing but information is in the queue before it is complete. */
    while (content->base.queue.head != NULL && content->state != CONTENT_READY)
        inform(content, content->base.queue.head);
    content->informing = false;
    mutex_unlock(&content->base.lock);
    content_release(content);
}

static enum pd_status start_information(struct content *content, enum operation_kind kind,
                                        uint8_t *buffer, uint32_t length, void *block)
{
    struct member *base = &content->base;
    struct operation *operation = operation_create(kind, block, base->port);
    if (operation == NULL)
        return PD_NO_MEMORY;
    operation->buffer = buffer;
    operation->length = length;

    bool here = false; /* no thread of the pool would take it */
    mutex_lock(&base->lock);
    enum pd_status status = base->dead ? PD_INVALIDATED : runtime_check();
    if (status == PD_OK && content->state != CONTENT_FEEDING)
        status =
            content->state == CONTENT_BROKEN ? PD_CANNOT_PARSE_CONTENT_INFO : PD_ALREADY_COMPLETED;
    if (status == PD_OK) {
        if (kind == OPERATION_COMPLETE_INFORMATION)
            content->state = CONTENT_COMPLETING;
        operation_accept(&base->queue, operation);
        if (!content->informing) {
            content->informing = true;
            content->info_task.run = run_information;
            handle_retain(&base->object);
            here = workers_submit(&content->info_task) != PD_OK;
        }
    }
    mutex_unlock(&base->lock);
    if (status != PD_OK)
        operation_discard(operation);
    if (here)
        run_information(&content->info_task);
    return status;
}

enum pd_status content_add_information(struct content *content, uint8_t *buffer, uint32_t length,
                                       void *block)
{
    return start_information(content, OPERATION_ADD_INFORMATION, buffer, length, block);
}

enum pd_status content_complete_information(struct content *content, void *block)
{
    return start_information(content, OPERATION_COMPLETE_INFORMATION, NULL, 0, block);
}

enum pd_status content_window(struct content *content, uint64_t offset,
                              struct segment_window **window_found)
{
    enum pd_status status = PD_OK;
    struct segment_window *window;
    unsigned i = 0;
    mutex_lock(&content->window_lock);
    while (i < CONTENT_WINDOWS && (window = content->windows[i]) != NULL &&
           (offset < window->begin || offset >= window->end))
        i++;
    if (i == CONTENT_WINDOWS || content->windows[i] == NULL) {
        status = segment_window_load(content->feed, offset, &window);
        if (status == PD_OK && i == CONTENT_WINDOWS)
            segment_window_release(content->windows[--i]);
    }
    if (status == PD_OK) {
        for (; i > 0; i--)
            content->windows[i] = content->windows[i - 1];
        content->windows[0] = window;
        segment_window_retain(window);
        *window_found = window;
    }
    mutex_unlock(&content->window_lock);
    return status;
}

/* ---- The source of blocks that this handle is to the intake ---- */

static void retain_content(void *context)
{
    handle_retain(&((struct content *)context)->base.object);
}

static void release_content(void *context)
{
    content_release(context);
}

static void advanced(void *context)
{
    struct content *content = context;
    mutex_lock(&content->base.lock);
    content->advances++;
    content_wake_reads(content);
    content_pump_adds(content);
    mutex_unlock(&content->base.lock);
    peers_go_on(&content->peers);
}

/* ---- Flash crowds ---- */

struct crowd {
    const struct content *content;
    bool found;
    uint64_t process, fetcher;
    bool crowd;
};

/* A segment of this content is what its information names so at the same place. */
static bool is_of_content(const struct content *content, const struct cache_fetch_row *row)
{
    struct segment_scheme scheme = content_info_feed_summary(content->feed)->scheme;
    struct content_info_entry entry;
    uint8_t id[HASH_MAX_SIZE];
    bool same = content_info_feed_find(content->feed, row->offset, &entry) == PD_OK &&
                entry.offset == row->offset &&
                segment_derive_id(scheme, entry.secret, entry.hod, id) == PD_OK &&
                row->id_length == segment_value_size(scheme) &&
                memcmp(row->id, id, row->id_length) == 0;
    secure_wipe(&entry, sizeof(entry));
    return same;
}

static bool visit_fetch(const struct cache_fetch_row *row, void *context)
{
    struct crowd *crowd = context;
    if (crowd->found && row->process == crowd->process && row->fetcher == crowd->fetcher)
        return true;
    if (is_of_content(crowd->content, row)) {
        crowd->crowd = crowd->found; /* and this is another one */
        crowd->found = true;
        crowd->process = row->process;
        crowd->fetcher = row->fetcher;
    }
    return !crowd->crowd;
}

enum pd_status content_is_flash_crowd(struct content *content, bool *crowded)
{
    struct crowd crowd = {.content = content};
    struct impersonation user;
    *crowded = false;
    mutex_lock(&content->base.lock);
    bool dead = content->base.dead;
    bool ready = content->state == CONTENT_READY;
    mutex_unlock(&content->base.lock);
    if (dead)
        return PD_INVALIDATED;
    if (!ready)
        return PD_OK;
    /* A cache that cannot be asked knows of no crowd. */
    if (impersonation_begin(&user, content->base.identity.token) &&
        cache_fetch_visit(content->cache->store, visit_fetch, &crowd) == PD_OK)
        *crowded = crowd.crowd;
    impersonation_end(&user);
    return PD_OK;
}

/* ---- Opening and closing ---- */

static struct content *create_content(struct instance *instance, struct instance_user *user,
                                      struct identity *identity, const struct cache_tag *tag,
                                      struct completion_port *port)
{
    static atomic_uint_least64_t fetchers;
    struct content *content = calloc(1, sizeof(*content));
    if (content == NULL)
        return NULL;
    handle_object_init(&content->base.object, HANDLE_CONTENT, destroy_content);
    content->base.kind = &content_class;
    member_init(&content->base, instance, user, identity, port);
    condition_init(&content->settled);
    mutex_init(&content->window_lock);
    content->timer.expired = content_timer_expired;
    content->source = (struct block_source){
        .context = content,
        .fetcher = atomic_fetch_add(&fetchers, 1) + 1,
        .tag = *tag,
        .token = content->base.identity.token,
        .retain = retain_content,
        .release = release_content,
        .advanced = advanced,
    };
    content->cache = user_cache_acquire(content->base.identity.user);
    if (content->cache != NULL) {
        content->peers.source = &content->source;
        content->peers.intake = content->cache->intake;
        content->peers.counters = content->cache->counters;
        content->peers.answers = content->cache->answers;
        content->peers.arrived = content_fetched;
    }
    content->assembly = block_assembly_create();
    content->spool = info_spool_create(content->base.identity.user);
    if (content->spool != NULL) {
        const struct content_info_spool spool = {content->spool, info_spool_append,
                                                 info_spool_read};
        content->feed = content_info_feed_create(&spool);
    }
    if (content->cache == NULL || content->assembly == NULL || content->feed == NULL) {
        content_release(content);
        return NULL;
    }
    return content;
}

/* For a caller that entered the instance and runs as `identity`. */
static enum pd_status open_for(struct instance *instance, struct identity *identity,
                               const struct cache_tag *tag, struct completion_port *port,
                               uintptr_t *handle)
{
    struct service_state state = runtime_state();
    struct instance_user *user;
    enum pd_status status = instance_user(instance, identity->user, &user);
    if (status == PD_OK)
        status = instance_keep_cache(instance, user);
    if (status != PD_OK)
        return status;
    struct content *content = create_content(instance, user, identity, tag, port);
    if (content == NULL)
        return PD_NO_MEMORY;
    status = member_publish(&content->base, state.drops, handle);
    content_release(content);
    return status;
}

enum pd_status content_open(struct instance *instance, const struct cache_tag *tag,
                            struct completion_port *port, uintptr_t *handle)
{
    struct identity identity;
    enum pd_status status = runtime_check();
    if (status == PD_OK)
        status = identity_current(&identity);
    if (status != PD_OK)
        return status;
    if (instance_enter(instance)) {
        status = open_for(instance, &identity, tag, port, handle);
        instance_leave(instance);
    } else {
        status = PD_SHUTDOWN_IN_PROGRESS;
    }
    identity_fini(&identity);
    return status;
}

struct content *content_acquire(const struct instance *instance, uintptr_t handle)
{
    return (struct content *)member_acquire(instance, handle, HANDLE_CONTENT);
}

void content_release(struct content *content)
{
    handle_release(&content->base.object);
}

enum pd_status content_close(struct content *content)
{
    return member_close(&content->base);
}
