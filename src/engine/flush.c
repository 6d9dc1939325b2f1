/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A flush runs on the pool. What was added under the tag before and is still on its way into the
 * cache is waited for: it would come back otherwise. */
#include "engine/flush.h"

#include <stdlib.h>

#include "async/workers.h"
#include "engine/impersonation.h"
#include "engine/user_cache.h"

/* Somebody who goes on adding under the tag shall not hold a flush up for ever. */
#define WAITS_MAX 16u

struct flush {
    struct task task;
    atomic_uint references;
    struct instance *instance; /* counted, and entered */
    struct user_cache *cache;  /* counted */
    struct identity identity;
    struct cache_tag tag;
    struct block_source waiter; /* at the intake */
    unsigned waits;
    struct operation_queue queue; /* the one operation, which nobody else can see */
};

static void retain(void *context)
{
    atomic_fetch_add(&((struct flush *)context)->references, 1);
}

static void release(void *context)
{
    struct flush *flush = context;
    if (atomic_fetch_sub(&flush->references, 1) != 1)
        return;
    struct instance *instance = flush->instance;
    user_cache_release(flush->cache);
    identity_fini(&flush->identity);
    free(flush);
    instance_leave(instance);
    handle_release(&instance->object);
}

static void run_flush(struct task *task)
{
    struct flush *flush = (struct flush *)task; /* its first member */
    struct completion completion = {.status = PD_UNAVAILABLE};
    struct impersonation user;
    /* After true the intake may have begun this task anew already. */
    if (flush->waits++ < WAITS_MAX &&
        block_intake_holds_tag(flush->cache->intake, &flush->tag, &flush->waiter))
        return;
    if (impersonation_begin_on_pool(&user, flush->identity.token))
        completion.status = cache_flush(flush->cache->store, &flush->tag);
    impersonation_end(&user);
    atomic_fetch_add(&flush->cache->flushes, 1);
    operation_complete(&flush->queue, flush->queue.head, &completion);
    release(flush);
}

static void advanced(void *context)
{
    struct flush *flush = context;
    if (workers_submit(&flush->task) != PD_OK)
        run_flush(&flush->task);
}

/* For a caller that entered the instance, which then is the flush's to leave. Takes over the
 * identity. NULL without memory. */
static struct flush *create_flush(struct instance *instance, struct identity *identity,
                                  const struct cache_tag *tag)
{
    struct flush *flush = calloc(1, sizeof(*flush));
    if (flush == NULL)
        return NULL;
    flush->cache = user_cache_acquire(identity->user);
    if (flush->cache == NULL) {
        free(flush);
        return NULL;
    }
    atomic_init(&flush->references, 1);
    handle_retain(&instance->object);
    flush->instance = instance;
    flush->identity = *identity;
    identity->token = NULL;
    flush->tag = *tag;
    flush->task.run = run_flush;
    flush->waiter = (struct block_source){
        .context = flush,
        .tag = *tag,
        .retain = retain,
        .release = release,
        .advanced = advanced,
    };
    return flush;
}

/* For a caller that entered the instance: the flush leaves it, unless this fails. */
static enum pd_status start(struct instance *instance, struct identity *identity,
                            const struct cache_tag *tag, struct completion_port *port, void *block)
{
    struct instance_user *user;
    enum pd_status status = instance_user(instance, identity->user, &user);
    if (status == PD_OK)
        status = instance_keep_cache(instance, user);
    if (status != PD_OK)
        return status;
    struct operation *operation = operation_create(OPERATION_FLUSH, block, port);
    struct flush *flush = operation != NULL ? create_flush(instance, identity, tag) : NULL;
    if (flush == NULL) {
        if (operation != NULL)
            operation_discard(operation);
        return PD_NO_MEMORY;
    }
    operation_accept(&flush->queue, operation);
    advanced(flush);
    return PD_OK;
}

enum pd_status instance_flush(struct instance *instance, const struct cache_tag *tag,
                              struct completion_port *port, void *block)
{
    struct identity identity;
    enum pd_status status = runtime_check();
    if (status == PD_OK)
        status = identity_current(&identity);
    if (status != PD_OK)
        return status;
    if (instance_enter(instance)) {
        status = start(instance, &identity, tag, port, block);
        if (status != PD_OK)
            instance_leave(instance);
    } else {
        status = PD_SHUTDOWN_IN_PROGRESS;
    }
    identity_fini(&identity);
    return status;
}
