/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What streams, content information handles and content handles have in common: they belong to an
 * instance and a user, they queue operations, and they die with the status, the first two also with
 * their publication. */
#ifndef PEERDIST_ENGINE_MEMBER_H
#define PEERDIST_ENGINE_MEMBER_H

#include "engine/instance.h"

/* What the server's handles are about. */
struct member_publication {
    struct publication_id id;
    uint8_t *identifier; /* NULL: a client's handle */
    uint32_t identifier_length;
};

struct member {
    struct handle_object object;
    uintptr_t handle;
    struct instance *instance; /* counted */
    struct instance_user *user;
    struct identity identity; /* under which its store I/O runs */
    struct member_publication publication;
    struct completion_port *port; /* counted; NULL: none */
    const struct member_class *kind;

    /* Instance's lock. */
    struct member *next, *previous;
    bool listed;
    struct member *visit_next; /* visitor's lock */

    struct mutex lock; /* guards everything below, and the rest of the derived object */
    struct operation_queue queue;
    bool dead; /* PD_INVALIDATED from now on */
};

/* How the end came. */
enum end_reason {
    END_CLOSED,      /* its handle was closed */
    END_SHUTDOWN,    /* the instance is being closed, which closes the handle next */
    END_UNPUBLISHED, /* the publication was removed by this instance */
    END_REPLACED,    /* the publication was removed by another */
    END_STATUS       /* disabled or unavailable */
};

struct member_class {
    /* Ends it: dead, all that is pending completed, an unfinished publication removed. Idempotent.
     * No lock held. */
    void (*end)(struct member *handle, enum end_reason reason);
    /* Completes one operation as aborted: PD_OK; PD_OPERATION_NOT_FOUND when it is not pending
     * here, any more or at all. No lock held. */
    enum pd_status (*cancel)(struct member *handle, const void *block);
};

/* Readies the common part; object must be initialised. Takes over `identity`. */
void member_init(struct member *handle, struct instance *instance, struct instance_user *user,
                 struct identity *identity, struct completion_port *port);
/* Copies the identifier. PD_NO_MEMORY. */
enum pd_status member_set_identifier(struct member *handle, const void *identifier,
                                     uint32_t identifier_length);
/* For the object's destroy. */
void member_fini(struct member *handle);

/* Lists it with its instance and opens a handle for it, unless the instance is closing, or the
 * status was lost since `drops` was read, or before that. */
enum pd_status member_publish(struct member *handle, uint32_t drops, uintptr_t *value);
/* An open handle of this kind that belongs to the instance, with a reference for the caller, or
 * NULL. */
struct member *member_acquire(const struct instance *instance, uintptr_t value,
                              enum handle_kind kind);
/* PD_INVALID_HANDLE when another closed it first. */
enum pd_status member_close(struct member *handle);

/* What operations are told that were pending then. */
enum pd_status end_reason_status(enum end_reason reason);

/* Ends all handles of the instance for which match is true. */
void instance_end_members(struct instance *instance,
                          bool (*match)(const struct member *handle, const void *context),
                          const void *context, enum end_reason reason);

/* Cancels the operation of `block` on the content that `user` calls by this identifier. */
enum pd_status instance_cancel(struct instance *instance, const char *user, const void *identifier,
                               uint32_t identifier_length, const void *block);

/* Removes a publication of `user`, who is the calling thread's identity, and ends its handles. */
enum pd_status instance_unpublish(struct instance *instance, const struct identity *user,
                                  const void *identifier, uint32_t identifier_length);
/* For a thread that found a publication gone, holding no lock: waits until every removal that is
 * under way in this process has ended its handles, or what is pending there would be told that
 * somebody else did it. */
void await_unpublish(void);

#endif
