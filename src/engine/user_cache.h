/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One user's data cache in this process, which all instances share: the store, and the intake that
 * everything on its way there goes through. */
#ifndef PEERDIST_ENGINE_USER_CACHE_H
#define PEERDIST_ENGINE_USER_CACHE_H

#include <stdatomic.h>

#include "engine/block_intake.h"
#include "store/answer_store.h"
#include "store/cache_store.h"
#include "store/counter_store.h"

struct user_cache {
    struct user_cache *next; /* the list's lock guards this and references */
    unsigned references;
    char *user;
    struct cache_store *store;
    struct block_intake *intake;
    struct counter_store *counters;
    struct answer_store *answers;
    atomic_uint_least64_t delivered; /* bytes to applications, to be noted in counters */
    atomic_uint flushes; /* FlushContent by this process: what is known of places is void */
};

/* What the settings say, for the volume of the stores. */
struct cache_limits user_cache_limits(void);

/* Counted. NULL without memory. The thread must run as the user when the last one is given back. */
struct user_cache *user_cache_acquire(const char *user);
void user_cache_release(struct user_cache *cache);
/* Writes counters and answers every now and then; on a thread that runs as the user. */
void user_cache_count(struct user_cache *cache);
/* The settings changed: from now on their limits hold. */
void user_cache_limits_changed(void);

#endif
