/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owners of publications: making and ending them, telling the dead and removing what they left. */
#include "store/publication_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/random.h"

#define OWNER_HEX  (2u * STORE_OWNER_SIZE)
#define OWNER_FILE (sizeof(STORE_OWNER_PREFIX) - 1 + OWNER_HEX + sizeof(STORE_OWNER_SUFFIX))

static void name_of(const uint8_t owner[STORE_OWNER_SIZE], char name[OWNER_FILE])
{
    size_t at = sizeof(STORE_OWNER_PREFIX) - 1;

    memcpy(name, STORE_OWNER_PREFIX, at);
    for (size_t i = 0; i < STORE_OWNER_SIZE; i++, at += 2)
        snprintf(name + at, 3, "%02x", owner[i]);
    memcpy(name + at, STORE_OWNER_SUFFIX, sizeof(STORE_OWNER_SUFFIX));
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool owner_of_name(const char *name, uint8_t owner[STORE_OWNER_SIZE])
{
    const char *hex = name + sizeof(STORE_OWNER_PREFIX) - 1;

    if (strlen(name) != OWNER_FILE - 1 ||
        memcmp(name, STORE_OWNER_PREFIX, sizeof(STORE_OWNER_PREFIX) - 1) != 0 ||
        strcmp(hex + OWNER_HEX, STORE_OWNER_SUFFIX) != 0)
        return false;
    for (size_t i = 0; i < STORE_OWNER_SIZE; i++) {
        int high = digit_of(hex[2 * i]), low = digit_of(hex[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        owner[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

char *store_owner_path(const struct publication_store *store, const uint8_t owner[STORE_OWNER_SIZE])
{
    char name[OWNER_FILE];

    name_of(owner, name);
    return path_join(store->folder, name);
}

/* A new random name with its locked file. */
static enum pd_status lock_new(struct publication_store *store, uint8_t name[STORE_OWNER_SIZE],
                               struct owner_lock **lock)
{
    enum pd_status status;
    char *path;

    if (!random_bytes(name, STORE_OWNER_SIZE))
        return PD_UNAVAILABLE;
    path = store_owner_path(store, name);
    if (!path)
        return PD_NO_MEMORY;
    status = owner_lock_create(path, lock);
    if (status == PD_UNAVAILABLE)
        snprintf(store->database.problem, sizeof(store->database.problem),
                 "no file can be made in the folder");
    free(path);
    return status;
}

enum pd_status publication_owner_create(struct publication_store *store,
                                        struct publication_owner **owner)
{
    struct publication_owner *made = calloc(1, sizeof(*made));
    enum pd_status status;

    *owner = NULL;
    if (!made)
        return PD_NO_MEMORY;
    made->store = store;
    mutex_lock(&store->mutex);
    status = store_place(store);
    if (status == PD_OK)
        status = lock_new(store, made->name, &made->lock);
    if (status == PD_OK) {
        made->next = store->owners;
        store->owners = made;
        *owner = made;
        made = NULL;
    }
    mutex_unlock(&store->mutex);
    free(made);
    return status;
}

void publication_owner_destroy(struct publication_owner *owner)
{
    struct publication_store *store;
    struct publication_owner **at;

    if (!owner)
        return;
    store = owner->store;
    mutex_lock(&store->mutex);
    for (at = &store->owners; *at != owner; at = &(*at)->next)
        ;
    *at = owner->next;
    /* First the lock: whatever happens to the rows, nobody sees them from now on. */
    owner_lock_destroy(owner->lock);
    if (owner->used && store_ready(store, true) == PD_OK) {
        store_bury_owner(store, owner->name);
        store_purge(store);
    }
    mutex_unlock(&store->mutex);
    free(owner);
}

/* Asks a neighbour; a dead one is forgotten, which lets go of its file. */
static enum owner_state ask(struct store_neighbour **at)
{
    struct store_neighbour *neighbour = *at;
    enum owner_state state = owner_probe_state(neighbour->probe);

    if (state == OWNER_DEAD) {
        *at = neighbour->next;
        owner_probe_close(neighbour->probe);
        free(neighbour);
    }
    return state;
}

static enum owner_state meet(struct publication_store *store, const uint8_t owner[STORE_OWNER_SIZE])
{
    struct store_neighbour *neighbour = calloc(1, sizeof(*neighbour));
    char *path = store_owner_path(store, owner);
    enum owner_state state = OWNER_UNKNOWN;

    /* As many files stay open as there are living neighbours, and not all that ever were. */
    for (struct store_neighbour **at = &store->neighbours; *at;)
        if (ask(at) != OWNER_DEAD)
            at = &(*at)->next;
    if (neighbour && path && (neighbour->probe = owner_probe_open(path, &state)) != NULL) {
        memcpy(neighbour->name, owner, STORE_OWNER_SIZE);
        neighbour->next = store->neighbours;
        store->neighbours = neighbour;
        neighbour = NULL;
    }
    free(path);
    free(neighbour);
    return state;
}

enum owner_state store_owner_state(struct publication_store *store,
                                   const uint8_t owner[STORE_OWNER_SIZE])
{
    struct store_neighbour **at;

    for (const struct publication_owner *own = store->owners; own; own = own->next)
        if (memcmp(own->name, owner, STORE_OWNER_SIZE) == 0)
            return OWNER_ALIVE;
    for (at = &store->neighbours; *at; at = &(*at)->next)
        if (memcmp((*at)->name, owner, STORE_OWNER_SIZE) == 0)
            return ask(at);
    return meet(store, owner);
}

void store_forget_neighbours(struct publication_store *store)
{
    while (store->neighbours) {
        struct store_neighbour *neighbour = store->neighbours;

        store->neighbours = neighbour->next;
        owner_probe_close(neighbour->probe);
        free(neighbour);
    }
}

enum pd_status store_owner_renew(struct publication_owner *owner)
{
    struct publication_store *store = owner->store;
    uint8_t name[STORE_OWNER_SIZE];
    struct owner_lock *lock;
    char *path = store_owner_path(store, owner->name);
    enum pd_status status = PD_OK;

    if (!path)
        return PD_NO_MEMORY;
    if (!file_exists(path)) {
        status = lock_new(store, name, &lock);
        if (status == PD_OK) {
            owner_lock_destroy(owner->lock);
            owner->lock = lock;
            memcpy(owner->name, name, sizeof(name));
        }
    }
    free(path);
    return status;
}

/* Runs a statement whose one parameter is the owner. */
static enum pd_status run_for_owner(struct publication_store *store, enum store_statement which,
                                    const uint8_t owner[STORE_OWNER_SIZE])
{
    sqlite3_stmt *statement = store_statement(store, which);
    int code = statement ? sqlite3_bind_blob(statement, 1, owner, STORE_OWNER_SIZE, SQLITE_STATIC)
                         : sqlite3_errcode(store->database.db);

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    database_done(statement);
    return code == SQLITE_DONE ? PD_OK : store_failed(store, code);
}

enum pd_status store_discard_owner(struct publication_store *store,
                                   const uint8_t owner[STORE_OWNER_SIZE])
{
    enum pd_status status = run_for_owner(store, STATEMENT_DISCARD_OWNER, owner);

    return status == PD_OK ? run_for_owner(store, STATEMENT_DELETE_OWNER, owner) : status;
}

void store_bury_owner(struct publication_store *store, const uint8_t owner[STORE_OWNER_SIZE])
{
    enum pd_status status = store_begin(store);
    char *path;

    if (status == PD_OK)
        status = store_discard_owner(store, owner);
    if (status == PD_OK)
        status = store_commit(store);
    if (status != PD_OK)
        return;
    path = store_owner_path(store, owner);
    if (path)
        file_delete(path);
    free(path);
}

/* The owners met in the table or the folder: a small set, in one block of memory. */
struct owner_list {
    uint8_t (*names)[STORE_OWNER_SIZE];
    size_t count, room;
};

static bool add_owner(struct owner_list *list, const uint8_t *owner)
{
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 16;
        void *names = realloc(list->names, room * sizeof(*list->names));

        if (!names)
            return false;
        list->names = names;
        list->room = room;
    }
    memcpy(list->names[list->count++], owner, STORE_OWNER_SIZE);
    return true;
}

static bool visit_file(const char *name, void *context)
{
    uint8_t owner[STORE_OWNER_SIZE];

    return !owner_of_name(name, owner) || add_owner(context, owner);
}

static enum pd_status owners_of_table(struct publication_store *store, struct owner_list *list)
{
    sqlite3_stmt *statement = store_statement(store, STATEMENT_LIST_OWNERS);
    enum pd_status status = PD_OK;
    int code = statement ? SQLITE_ROW : sqlite3_errcode(store->database.db);

    while (status == PD_OK && statement && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const void *owner = sqlite3_column_blob(statement, 0);

        if (!owner || sqlite3_column_bytes(statement, 0) != (int)STORE_OWNER_SIZE)
            code = SQLITE_CORRUPT;
        else if (!add_owner(list, owner))
            status = PD_NO_MEMORY;
        if (code != SQLITE_ROW)
            break;
    }
    database_done(statement);
    if (status == PD_OK && code != SQLITE_DONE)
        status = store_failed(store, code);
    return status;
}

enum pd_status store_sweep(struct publication_store *store)
{
    struct owner_list list = {0};
    enum pd_status status = owners_of_table(store, &list);

    if (status == PD_OK)
        folder_list(store->folder, FOLDER_FILES, visit_file,
                    &list); /* what is missed is met another time */
    for (size_t i = 0; i < list.count && store->database.db; i++)
        if (store_owner_state(store, list.names[i]) == OWNER_DEAD)
            store_bury_owner(store, list.names[i]);
    free(list.names);
    if (status == PD_OK && store->database.db)
        store_purge(store);
    if (status == PD_OK && !store->database.db)
        status = PD_UNAVAILABLE;
    return status;
}
