/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Queues of pending operations, and the one way out of them. */
#include "async/operation.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Every start of an instance sets it, while others use it. */
static const struct completion_sink *_Atomic current_sink;

void operation_set_sink(const struct completion_sink *sink)
{
    atomic_store_explicit(&current_sink, sink, memory_order_release);
}

const struct completion_sink *operation_sink(void)
{
    return atomic_load_explicit(&current_sink, memory_order_acquire);
}

struct operation *operation_create(enum operation_kind kind, void *block,
                                   struct completion_port *port)
{
    struct operation *operation = calloc(1, sizeof(*operation));
    if (operation == NULL)
        return NULL;
    operation->kind = kind;
    operation->block = block;
    operation->port = port;
    if (port != NULL)
        operation_sink()->retain_port(port);
    return operation;
}

void operation_discard(struct operation *operation)
{
    if (operation->port != NULL)
        operation_sink()->release_port(operation->port);
    free(operation);
}

void operation_accept(struct operation_queue *queue, struct operation *operation)
{
    operation_sink()->accept(operation->block);
    operation->next = NULL;
    if (queue->tail != NULL)
        queue->tail->next = operation;
    else
        queue->head = operation;
    queue->tail = operation;
}

/* True when it was there: what is not queued has had its completion. */
static bool unlink_operation(struct operation_queue *queue, struct operation *operation)
{
    struct operation *previous = NULL;
    for (struct operation *o = queue->head; o != NULL; previous = o, o = o->next) {
        if (o != operation)
            continue;
        if (previous != NULL)
            previous->next = o->next;
        else
            queue->head = o->next;
        if (queue->tail == o)
            queue->tail = previous;
        return true;
    }
    return false;
}

void operation_complete(struct operation_queue *queue, struct operation *operation,
                        const struct completion *completion)
{
    bool pending = unlink_operation(queue, operation);
    assert(pending);
    if (!pending)
        return;
    operation_sink()->deliver(operation->port, operation->block, completion);
    operation_discard(operation);
}

void operation_complete_all(struct operation_queue *queue, enum pd_status status)
{
    const struct completion completion = {.status = status};
    while (queue->head != NULL)
        operation_complete(queue, queue->head, &completion);
}

struct operation *operation_find(const struct operation_queue *queue, const void *block)
{
    struct operation *operation = queue->head;
    while (operation != NULL && operation->block != block)
        operation = operation->next;
    return operation;
}
