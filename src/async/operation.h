/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One asynchronous call of an application, from acceptance to its one completion.
 *
 * An operation stands in the queue of its object until it is completed. Queues are guarded by their
 * object's lock, and completion happens under that lock: so completions leave in order, and whoever
 * holds the lock knows that what is in the queue is pending and what is not in it has been
 * signalled. Cancel and close need nothing more to keep their promise to return after the signal.
 */
#ifndef PEERDIST_ASYNC_OPERATION_H
#define PEERDIST_ASYNC_OPERATION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"

enum operation_kind {
    OPERATION_ADD_TO_STREAM,
    OPERATION_COMPLETE_STREAM,
    OPERATION_RETRIEVE,
    OPERATION_STATUS_CHANGE,
    OPERATION_ADD_INFORMATION,
    OPERATION_COMPLETE_INFORMATION,
    OPERATION_ADD_DATA,
    OPERATION_BLOCK_READ,
    OPERATION_STREAM_READ,
    OPERATION_FLUSH
};

/* What a completion tells. */
struct completion {
    enum pd_status status;
    uint32_t bytes;
    bool has_offset;
    uint64_t offset; /* written to the caller's Offset fields when has_offset */
};

/* How completions reach the application; made by the API layer, and by tests. A port is what one
 * handle (or one call) was opened with. `block` is the caller's OVERLAPPED. */
struct completion_port;
struct completion_sink {
    /* Marks the block pending. Before anything can complete it. */
    void (*accept)(void *block);
    /* Writes the results to the block and signals; the block is the caller's again. */
    void (*deliver)(struct completion_port *port, void *block, const struct completion *completion);
    void (*retain_port)(struct completion_port *port);
    void (*release_port)(struct completion_port *port);
};

struct read;
struct operation {
    struct operation *next;
    enum operation_kind kind;
    void *block;                  /* identity for the caller: cancel finds it by this */
    struct completion_port *port; /* counted; NULL: no port */
    uint8_t *buffer;              /* caller's memory, ours until completion */
    uint32_t length;
    uint32_t done;     /* bytes of it dealt with */
    uint64_t offset;   /* OPERATION_ADD_DATA, OPERATION_BLOCK_READ: in the content */
    bool in_work;      /* client: a thread uses the buffer without the lock; completion is its */
    bool cancelled;    /* ... and shall be PD_ABORTED */
    struct read *read; /* OPERATION_BLOCK_READ, OPERATION_STREAM_READ: how far it is */
    void *output;      /* OPERATION_STATUS_CHANGE: where the status goes */
    bool extended;     /* ... and in which form */
};

/* Before the first instance; later ones may set the same again. */
void operation_set_sink(const struct completion_sink *sink);
const struct completion_sink *operation_sink(void);

/* Takes a reference to port. NULL without memory. */
struct operation *operation_create(enum operation_kind kind, void *block,
                                   struct completion_port *port);
/* For an operation that was never accepted. */
void operation_discard(struct operation *operation);

struct operation_queue {
    struct operation *head;
    struct operation *tail;
};

/* All under the object's lock. */
/* Marks the caller's block pending and appends. */
void operation_accept(struct operation_queue *queue, struct operation *operation);
/* Delivers the head's or any queued operation's only completion and frees it. */
void operation_complete(struct operation_queue *queue, struct operation *operation,
                        const struct completion *completion);
void operation_complete_all(struct operation_queue *queue, enum pd_status status);
struct operation *operation_find(const struct operation_queue *queue, const void *block);

#endif
