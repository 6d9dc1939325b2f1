/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of caches in use. */
#include "engine/user_cache.h"

#include <stdlib.h>
#include <string.h>

#include "engine/peers/peers.h"
#include "platform/data_file.h"
#include "platform/folder.h"
#include "platform/settings.h"
#include "platform/thread.h"

/* Where the size of the volume cannot be told. */
#define UNKNOWN_VOLUME (16ull << 30)

static struct {
    struct mutex lock; /* held through making and closing: nobody makes a second one meanwhile */
    struct user_cache *caches;
} list = {.lock = MUTEX_INITIALIZER};

struct cache_limits user_cache_limits(void)
{
    struct settings settings;
    settings_read(&settings);
    struct cache_limits limits = {settings.cache_bytes,
                                  (uint64_t)settings.cache_age_days * 24 * 60 * 60};
    if (!settings.cache_by_bytes) {
        uint64_t volume = 0;
        char *root = NULL;
        if (folder_store_root(&root) != PD_OK || volume_size(root, &volume) != PD_OK)
            volume = UNKNOWN_VOLUME;
        free(root);
        limits.bytes = volume / 100 * settings.cache_percent;
    }
    return limits;
}

static void note_counts(struct user_cache *cache)
{
    uint64_t delivered = atomic_exchange(&cache->delivered, 0);
    uint64_t added = block_intake_take_added(cache->intake);
    if (delivered > 0)
        counter_add(cache->counters, COUNTER_FROM_CACHE, "", delivered, 0, 0);
    if (added > 0)
        counter_add(cache->counters, COUNTER_FROM_ORIGIN, "", added, 0, 0);
}

void user_cache_count(struct user_cache *cache)
{
    note_counts(cache);
    counter_flush_due(cache->counters);
    answer_store_flush_due(cache->answers);
}

static void destroy(struct user_cache *cache)
{
    if (cache == NULL)
        return;
    if (cache->counters != NULL && cache->intake != NULL)
        note_counts(cache);
    counter_store_destroy(cache->counters);
    peers_forget(cache->answers);
    answer_store_destroy(cache->answers);
    block_intake_destroy(cache->intake);
    cache_store_destroy(cache->store);
    free(cache->user);
    free(cache);
}

static struct user_cache *create(const char *user)
{
    struct user_cache *cache = calloc(1, sizeof(*cache));
    size_t size = strlen(user) + 1;
    struct cache_limits limits = user_cache_limits();
    if (cache == NULL)
        return NULL;
    cache->references = 1;
    cache->user = malloc(size);
    if (cache->user != NULL) {
        memcpy(cache->user, user, size);
        cache->store = cache_store_create(user, &limits);
    }
    if (cache->store != NULL)
        cache->intake = block_intake_create(cache->store);
    cache->counters = counter_store_create(user, user);
    cache->answers = answer_store_create(user, user);
    if (cache->intake == NULL || cache->counters == NULL || cache->answers == NULL) {
        destroy(cache);
        return NULL;
    }
    return cache;
}

struct user_cache *user_cache_acquire(const char *user)
{
    mutex_lock(&list.lock);
    struct user_cache *cache = list.caches;
    while (cache != NULL && strcmp(cache->user, user) != 0)
        cache = cache->next;
    if (cache != NULL) {
        cache->references++;
    } else if ((cache = create(user)) != NULL) {
        cache->next = list.caches;
        list.caches = cache;
    }
    mutex_unlock(&list.lock);
    return cache;
}

void user_cache_release(struct user_cache *cache)
{
    if (cache == NULL)
        return;
    mutex_lock(&list.lock);
    if (--cache->references == 0) {
        struct user_cache **link = &list.caches;
        while (*link != cache)
            link = &(*link)->next;
        *link = cache->next;
        destroy(cache);
    }
    mutex_unlock(&list.lock);
}

void user_cache_limits_changed(void)
{
    struct cache_limits limits = user_cache_limits();
    mutex_lock(&list.lock);
    for (struct user_cache *cache = list.caches; cache != NULL; cache = cache->next)
        cache_set_limits(cache->store, &limits);
    mutex_unlock(&list.lock);
}
