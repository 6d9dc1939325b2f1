/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One PeerDistStartup: its open streams and content information handles, the users on whose behalf
 * it published, and its one registration for status changes.
 *
 * Lock order: visitor of an instance, instance, then runtime or a handle. */
#ifndef PEERDIST_ENGINE_INSTANCE_H
#define PEERDIST_ENGINE_INSTANCE_H

#include "async/handle_table.h"
#include "async/operation.h"
#include "engine/runtime.h"
#include "platform/identity.h"
#include "platform/thread.h"
#include "store/publication_store.h"

struct member;
struct user_cache;

/* A publication that could not be removed when its stream ended: its row still holds the
 * identifier.
 */
struct leftover {
    struct leftover *next;
    struct publication_id id;
};

/* A user this instance acted for. Counted by handles and by calls on their way. */
struct instance_user {
    struct instance_user *next;
    char name[IDENTITY_USER_MAX];
    struct publication_store *store;
    struct publication_owner *owner; /* made with the first publication */
    struct leftover *leftovers;
    struct user_cache *cache; /* kept open from the first use on; NULL before */
};

struct instance {
    struct handle_object object;
    uintptr_t handle;
    struct instance *next, *previous; /* runtime's list, under its lock */
    uint32_t visited;

    struct mutex lock; /* guards everything below */
    struct condition drained;
    bool closing;
    unsigned working;       /* calls and pool tasks that may still touch a store */
    struct member *members; /* open handles, none of which counts */
    struct instance_user *users;
    struct operation_queue registration; /* at most one */
    enum service_status notified;

    struct mutex visitor; /* one collection at a time */
};

/* *handle names the instance, which belongs to the handle table. */
enum pd_status instance_open(uintptr_t *handle);
/* Everything pending completes as aborted, publications end, handles become invalid.
 * PD_INVALID_HANDLE when another thread closed it first. */
enum pd_status instance_close(struct instance *instance);

/* Around everything that uses a store, so that instance_close can wait for it. False: closing. */
bool instance_enter(struct instance *instance);
void instance_leave(struct instance *instance);

/* The user of that name, made when new. For callers that entered. */
enum pd_status instance_user(struct instance *instance, const char *name,
                             struct instance_user **found);
/* Makes sure that it keeps its data cache open. PD_NO_MEMORY. */
enum pd_status instance_keep_cache(struct instance *instance, struct instance_user *user);
/* Makes sure it has an owner for publications. */
enum pd_status instance_owner(struct instance *instance, struct instance_user *user);
/* Takes it over, until the store can be used again. */
void instance_leave_over(struct instance *instance, struct instance_user *user,
                         struct leftover *leftover);
/* Tries again to remove what was left over: before a publication begins. */
void instance_clear_leftovers(struct instance *instance, struct instance_user *user);

/* Status registration; see the API. output is written at completion (and by the caller at once). */
enum pd_status instance_register(struct instance *instance, struct operation *operation);
void instance_unregister(struct instance *instance);
/* Writes a status into what PeerDistRegisterForStatusChangeNotification[Ex] was given. */
void instance_write_status(void *output, bool extended, const struct service_state *state);

/* From the runtime. dropped: handles of before are dead. */
void instance_status_changed(struct instance *instance, bool dropped);

#endif
