/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One open cache for each user's folder below the root of stores. */
#include "service/served_stores.h"

#include <stdlib.h>
#include <string.h>

#include "platform/folder.h"
#include "platform/thread.h"

#define STORES_MAX 256u

struct served_store {
    char *user;
    struct cache_store *cache;
};

struct served_stores {
    struct mutex lock; /* guards everything below; entries are added and stay */
    struct cache_limits limits;
    uint64_t refresh_at;
    unsigned count;
    struct served_store entries[STORES_MAX];
};

struct served_stores *served_stores_create(void)
{
    struct served_stores *stores = calloc(1, sizeof(*stores));
    if (stores != NULL)
        mutex_init(&stores->lock);
    return stores;
}

void served_stores_destroy(struct served_stores *stores)
{
    if (stores == NULL)
        return;
    for (unsigned i = 0; i < stores->count; i++) {
        cache_store_destroy(stores->entries[i].cache);
        free(stores->entries[i].user);
    }
    mutex_fini(&stores->lock);
    free(stores);
}

/* Folders of users are named by SID, or, on POSIX, by user number. */
static bool is_user(const char *name)
{
    return strncmp(name, "S-", 2) == 0 || strncmp(name, "uid-", 4) == 0;
}

static bool add(const char *name, void *context)
{
    struct served_stores *stores = context;
    bool known = !is_user(name);
    for (unsigned i = 0; i < stores->count && !known; i++)
        known = strcmp(stores->entries[i].user, name) == 0;
    if (known || stores->count == STORES_MAX)
        return true;
    size_t size = strlen(name) + 1;
    char *user = malloc(size);
    struct cache_store *cache = user != NULL ? cache_store_create(name, &stores->limits) : NULL;
    if (cache == NULL) {
        free(user);
        return true;
    }
    memcpy(user, name, size);
    stores->entries[stores->count++] = (struct served_store){user, cache};
    return true;
}

/* With the lock. */
static void refresh(struct served_stores *stores)
{
    char *root = NULL;
    uint64_t now = clock_milliseconds();
    if (now < stores->refresh_at)
        return;
    stores->refresh_at = now + SERVED_STORES_REFRESH;
    if (folder_store_root(&root) == PD_OK)
        (void)folder_list(root, FOLDER_FOLDERS, add, stores);
    free(root);
}

bool served_stores_find(struct served_stores *stores, const uint8_t *id, size_t id_length,
                        uint32_t number, struct cache_held *held, struct cache_store **store)
{
    mutex_lock(&stores->lock);
    refresh(stores);
    unsigned count = stores->count;
    mutex_unlock(&stores->lock);
    for (unsigned i = 0; i < count; i++) {
        *store = stores->entries[i].cache;
        if (cache_find(*store, id, id_length, number, held) == PD_OK &&
            !block_set_is_empty(&held->present))
            return true;
    }
    return false;
}

void served_stores_set_limits(struct served_stores *stores, const struct cache_limits *limits)
{
    mutex_lock(&stores->lock);
    stores->limits = *limits;
    for (unsigned i = 0; i < stores->count; i++)
        cache_set_limits(stores->entries[i].cache, limits);
    mutex_unlock(&stores->lock);
}
