/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Putting the parts together, and apart again when settings change. */
#include "service/node.h"

#include <stdlib.h>

#include "core/hash/digest.h"
#include "core/retrieval.h"
#include "engine/user_cache.h"
#include "net/http_server.h"
#include "platform/identity.h"
#include "platform/settings.h"
#include "platform/thread.h"
#include "service/block_server.h"
#include "service/responder.h"
#include "service/served_stores.h"
#include "store/service_folder.h"

/* How often it is tried to have a port that somebody else has. */
#define RETRY 5000u

struct node {
    const struct service_log *log;
    struct served_stores *stores;
    struct counter_store *counters;
    struct block_server *blocks;
    struct settings_watch *watch;
    struct thread *thread;

    struct mutex lock; /* guards the next two */
    struct condition changed;
    bool dirty, stopping;

    /* The thread's. */
    struct settings settings;
    struct http_server *http;
    struct responder *responder;
    bool complained;
};

static void settings_changed(void *context)
{
    struct node *node = context;
    mutex_lock(&node->lock);
    node->dirty = true;
    condition_wake_all(&node->changed);
    mutex_unlock(&node->lock);
}

static bool may_serve(void *context)
{
    return block_server_may_serve(context);
}

static void stop_serving(struct node *node)
{
    responder_stop(node->responder);
    http_server_stop(node->http);
    if (node->http != NULL)
        service_log(node->log, "stopped serving");
    node->responder = NULL;
    node->http = NULL;
}

static enum pd_status start_serving(struct node *node)
{
    const struct settings *settings = &node->settings;
    const struct http_server_options http = {
        .path = RETRIEVAL_PATH,
        .body_max = RETRIEVAL_REQUEST_MAX,
        .port = settings->listen_port,
        .connections = settings->upload_connections,
        .connections_per_address = settings->upload_connections_per_address,
        .context = node->blocks,
        .answer = block_server_answer,
    };
    enum pd_status status = http_server_start(&http, &node->http);
    if (status != PD_OK) {
        if (!node->complained)
            service_log(node->log, "cannot listen on TCP port %u: %s; trying again",
                        (unsigned)settings->listen_port,
                        status == PD_ALREADY_EXISTS ? "another program has it" : "no socket");
        return status;
    }
    const struct responder_options responder = {
        .stores = node->stores,
        .counters = node->counters,
        .log = node->log,
        .http_port = http_server_port(node->http),
        .backoff_min = settings->backoff_min,
        .backoff_max = SETTINGS_BACKOFF_MAX,
        .quorum = settings->republication_quorum,
        .context = node->blocks,
        .may_serve = may_serve,
    };
    status = responder_start(&responder, &node->responder);
    if (status != PD_OK) {
        if (!node->complained)
            service_log(node->log, "cannot listen on UDP port 3702; trying again");
        http_server_stop(node->http);
        node->http = NULL;
        return status;
    }
    service_log(node->log, "serving on TCP port %u, answering on UDP port 3702",
                (unsigned)responder.http_port);
    return PD_OK;
}

static bool needs_restart(const struct settings *before, const struct settings *after)
{
    return before->listen_port != after->listen_port || before->backoff_min != after->backoff_min ||
           before->republication_quorum != after->republication_quorum ||
           before->upload_connections != after->upload_connections ||
           before->upload_connections_per_address != after->upload_connections_per_address;
}

/* Gives whether all is as the settings want it. */
static bool apply(struct node *node)
{
    struct settings before = node->settings;
    settings_read(&node->settings);
    struct cache_limits limits = user_cache_limits();
    served_stores_set_limits(node->stores, &limits);
    block_server_configure(node->blocks, &node->settings);
    bool wanted = node->settings.enabled && node->settings.distributed;
    if (node->http != NULL && (!wanted || needs_restart(&before, &node->settings)))
        stop_serving(node);
    if (!wanted) {
        if (!node->complained)
            service_log(node->log, node->settings.enabled ? "not serving: distributed mode is off"
                                                          : "not serving: switched off");
        node->complained = true;
        return true;
    }
    bool good = node->http != NULL || start_serving(node) == PD_OK;
    node->complained = !good;
    return good;
}

static void run(void *argument)
{
    struct node *node = argument;
    mutex_lock(&node->lock);
    while (!node->stopping) {
        node->dirty = false;
        mutex_unlock(&node->lock);
        bool good = apply(node);
        mutex_lock(&node->lock);
        while (!node->stopping && !node->dirty) {
            bool woken = condition_wait_for(&node->changed, &node->lock, RETRY);
            mutex_unlock(&node->lock);
            counter_flush_due(node->counters);
            mutex_lock(&node->lock);
            if (!woken && !good)
                break;
        }
    }
    mutex_unlock(&node->lock);
    stop_serving(node);
}

enum pd_status node_start(const struct service_log *log, struct node **started)
{
    struct node *node = calloc(1, sizeof(*node));
    struct identity identity = {{0}, NULL};
    *started = NULL;
    if (node == NULL || !hash_library_init()) {
        free(node);
        return PD_NO_MEMORY;
    }
    node->log = log;
    mutex_init(&node->lock);
    condition_init(&node->changed);
    /* The folder is its owner's and the system's; --console runs as somebody else. */
    enum pd_status status = identity_current(&identity);
    node->stores = served_stores_create();
    node->counters = counter_store_create(SERVICE_FOLDER, identity.user);
    if (node->stores != NULL && node->counters != NULL)
        node->blocks = block_server_create(node->stores, node->counters, log);
    if (status == PD_OK && node->blocks == NULL)
        status = PD_NO_MEMORY;
    if (status == PD_OK)
        status = settings_watch_start(settings_changed, node, &node->watch);
    if (status == PD_OK) {
        node->thread = thread_start(run, node);
        status = node->thread != NULL ? PD_OK : PD_NO_MEMORY;
    }
    identity_fini(&identity);
    if (status == PD_OK)
        *started = node;
    else
        node_stop(node);
    return status;
}

void node_stop(struct node *node)
{
    if (node == NULL)
        return;
    settings_watch_stop(node->watch);
    if (node->thread != NULL) {
        mutex_lock(&node->lock);
        node->stopping = true;
        condition_wake_all(&node->changed);
        mutex_unlock(&node->lock);
        thread_join(node->thread);
    }
    block_server_destroy(node->blocks);
    counter_store_destroy(node->counters);
    served_stores_destroy(node->stores);
    condition_fini(&node->changed);
    mutex_fini(&node->lock);
    free(node);
}
