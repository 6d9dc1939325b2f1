/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One open cache for each user's folder below the root of stores. */
#include "service/served_stores.h"

#include <stdlib.h>
#include <string.h>

#include "platform/folder.h"
#include "platform/thread.h"

#define STORES_MAX   256u
#define REMEMBER_MAX 32u

struct served_store {
    char *user;
    struct cache_store *cache;
    struct answer_store *answers; /* NULL without memory */
};

struct remembered {
    struct served_segment segment; /* first: what callers see */
    unsigned references;           /* one of them the table's; the lock */
    uint64_t looked_up, used;
    size_t id_length;
};

struct served_stores {
    struct mutex lock; /* guards everything below; entries are added and stay */
    struct remembered *remembered[REMEMBER_MAX];
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

/* With the lock, or when nobody else is left. */
static void release(struct remembered *one)
{
    if (--one->references > 0)
        return;
    secure_wipe(&one->segment.held.segment, sizeof(one->segment.held.segment));
    free(one);
}

void served_stores_destroy(struct served_stores *stores)
{
    if (stores == NULL)
        return;
    for (unsigned i = 0; i < REMEMBER_MAX; i++)
        if (stores->remembered[i] != NULL)
            release(stores->remembered[i]);
    for (unsigned i = 0; i < stores->count; i++) {
        cache_store_destroy(stores->entries[i].cache);
        answer_store_destroy(stores->entries[i].answers);
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
    stores->entries[stores->count++] =
        (struct served_store){user, cache, answer_store_create(name, name)};
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

/* With the lock. */
static struct remembered *recall(struct served_stores *stores, const uint8_t *id, size_t id_length)
{
    uint64_t now = clock_milliseconds();
    for (unsigned i = 0; i < REMEMBER_MAX; i++) {
        struct remembered *one = stores->remembered[i];
        if (one == NULL || one->id_length != id_length ||
            memcmp(one->segment.held.segment.id, id, id_length) != 0)
            continue;
        one->used = now;
        return now - one->looked_up <= SERVED_STORES_FRESH ? one : NULL;
    }
    return NULL;
}

/* With the lock: in the place of what was known of the segment, or of what was used longest ago. */
static void remember(struct served_stores *stores, struct remembered *found)
{
    struct remembered **slot = &stores->remembered[0];
    for (unsigned i = 0; i < REMEMBER_MAX; i++) {
        struct remembered **one = &stores->remembered[i];
        bool same = *one != NULL && (*one)->id_length == found->id_length &&
                    memcmp((*one)->segment.held.segment.id, found->segment.held.segment.id,
                           found->id_length) == 0;
        if (same || *one == NULL || (*slot != NULL && (*one)->used < (*slot)->used))
            slot = one;
        if (same)
            break;
    }
    if (*slot != NULL)
        release(*slot);
    found->references++;
    *slot = found;
}

static bool look_up(struct served_stores *stores, unsigned count, const uint8_t *id,
                    size_t id_length, struct served_segment *found)
{
    for (unsigned i = 0; i < count; i++) {
        found->store = stores->entries[i].cache;
        found->answers = stores->entries[i].answers;
        if (cache_find(found->store, id, id_length, &found->held) == PD_OK &&
            !block_set_is_empty(&found->held.present))
            return true;
    }
    return false;
}

const struct served_segment *served_stores_find(struct served_stores *stores, const uint8_t *id,
                                                size_t id_length, bool fresh)
{
    mutex_lock(&stores->lock);
    refresh(stores);
    unsigned count = stores->count;
    struct remembered *one = fresh ? NULL : recall(stores, id, id_length);
    if (one != NULL)
        one->references++;
    mutex_unlock(&stores->lock);
    if (one != NULL)
        return &one->segment;
    one = malloc(sizeof(*one));
    if (one == NULL || !look_up(stores, count, id, id_length, &one->segment)) {
        free(one);
        return NULL;
    }
    one->references = 1;
    one->id_length = id_length;
    one->looked_up = one->used = clock_milliseconds();
    mutex_lock(&stores->lock);
    remember(stores, one);
    mutex_unlock(&stores->lock);
    return &one->segment;
}

void served_segment_release(struct served_stores *stores, const struct served_segment *segment)
{
    mutex_lock(&stores->lock);
    for (unsigned i = 0; i < REMEMBER_MAX; i++)
        if (stores->remembered[i] != NULL && &stores->remembered[i]->segment == segment) {
            release(stores->remembered[i]);
            segment = NULL;
            break;
        }
    if (segment != NULL) /* it was replaced meanwhile */
        release((struct remembered *)(uintptr_t)segment);
    mutex_unlock(&stores->lock);
}

void served_stores_set_limits(struct served_stores *stores, const struct cache_limits *limits)
{
    mutex_lock(&stores->lock);
    stores->limits = *limits;
    for (unsigned i = 0; i < stores->count; i++)
        cache_set_limits(stores->entries[i].cache, limits);
    mutex_unlock(&stores->lock);
}
