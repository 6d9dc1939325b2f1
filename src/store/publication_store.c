/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The connection of a publication store: place, tables, statements, and what happens on errors. */
#include "store/publication_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/publication_internal.h"

/* Identifiers are last: they can be long, and are seldom looked at. Records refer to their
 * publication by its row number, which is random and so never used twice. */
static const char schema[] =
    "CREATE TABLE publication(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, uid BLOB NOT NULL,"
    " owner BLOB NOT NULL, complete INTEGER NOT NULL, length INTEGER NOT NULL,"
    " segmenter INTEGER NOT NULL, identifier BLOB NOT NULL);"
    "CREATE TABLE segment_v1(publication INTEGER NOT NULL, number INTEGER NOT NULL,"
    " size INTEGER NOT NULL, block_count INTEGER NOT NULL, hod BLOB NOT NULL,"
    " hashes BLOB NOT NULL, UNIQUE(publication, number));"
    "CREATE TABLE run_v2(publication INTEGER NOT NULL, first_index INTEGER NOT NULL,"
    " first_offset INTEGER NOT NULL, count INTEGER NOT NULL, sizes BLOB NOT NULL,"
    " hods BLOB NOT NULL, UNIQUE(publication, first_index), UNIQUE(publication, first_offset));"
    /* Publications that are gone while records of them are left. */
    "CREATE TABLE garbage(publication INTEGER PRIMARY KEY);";

#define PUBLICATION_COLUMNS "uid, owner, complete, length, segmenter"
#define RUN_COLUMNS         "r.first_index, r.first_offset, r.count, r.sizes, r.hods"
#define PURGE_LIMIT         "64" /* rows of one table at a time; STORE_PURGE_ROWS in C */

static const char *const statement_text[STATEMENT_COUNT] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_FIND_KEY] =
        "SELECT " PUBLICATION_COLUMNS ", identifier FROM publication WHERE key=?1",
    [STATEMENT_FIND_ID] = "SELECT " PUBLICATION_COLUMNS " FROM publication WHERE id=?1",
    [STATEMENT_INSERT] = "INSERT INTO publication(id, key, uid, owner, complete, length, segmenter,"
                         " identifier) VALUES(?1, ?2, ?3, ?4, 0, 0, ?5, ?6)",
    [STATEMENT_INSERT_SEGMENT] = "INSERT INTO segment_v1(publication, number, size, block_count,"
                                 " hod, hashes) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [STATEMENT_INSERT_RUN] = "INSERT INTO run_v2(publication, first_index, first_offset, count,"
                             " sizes, hods) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [STATEMENT_COMPLETE] = "UPDATE publication SET complete=1, length=?2 WHERE id=?1",
    [STATEMENT_DELETE] = "DELETE FROM publication WHERE id=?1",
    [STATEMENT_DISCARD] = "INSERT OR IGNORE INTO garbage VALUES(?1)",
    [STATEMENT_DISCARD_OWNER] =
        "INSERT OR IGNORE INTO garbage SELECT id FROM publication WHERE owner=?1",
    [STATEMENT_DELETE_OWNER] = "DELETE FROM publication WHERE owner=?1",
    [STATEMENT_LIST_OWNERS] = "SELECT DISTINCT owner FROM publication",
    [STATEMENT_GARBAGE_NEXT] = "SELECT publication FROM garbage LIMIT 1",
    [STATEMENT_GARBAGE_FORGET] = "DELETE FROM garbage WHERE publication=?1",
    [STATEMENT_PURGE_SEGMENTS] = "DELETE FROM segment_v1 WHERE rowid IN (SELECT rowid FROM"
                                 " segment_v1 WHERE publication=?1 LIMIT " PURGE_LIMIT ")",
    [STATEMENT_PURGE_RUNS] = "DELETE FROM run_v2 WHERE rowid IN (SELECT rowid FROM run_v2"
                             " WHERE publication=?1 LIMIT " PURGE_LIMIT ")",
    [STATEMENT_FREE_PAGES] = "PRAGMA freelist_count",
    [STATEMENT_SHRINK] = "PRAGMA incremental_vacuum(1024)",
    [STATEMENT_READ_SEGMENT] =
        "SELECT " PUBLICATION_COLUMNS ", s.size, s.block_count, s.hod, s.hashes"
        " FROM publication p LEFT JOIN segment_v1 s ON s.publication=p.id AND s.number=?2"
        " WHERE p.id=?1",
    [STATEMENT_READ_HODS] =
        "SELECT " PUBLICATION_COLUMNS ", s.number, s.hod"
        " FROM publication p LEFT JOIN segment_v1 s"
        " ON s.publication=p.id AND s.number>=?2 AND s.number<?3 WHERE p.id=?1 ORDER BY s.number",
    [STATEMENT_READ_RUN_AT_INDEX] =
        "SELECT " PUBLICATION_COLUMNS ", " RUN_COLUMNS " FROM publication p LEFT JOIN run_v2 r"
        " ON r.rowid=(SELECT rowid FROM run_v2 WHERE publication=?1 AND first_index<=?2"
        " ORDER BY first_index DESC LIMIT 1) WHERE p.id=?1",
    [STATEMENT_READ_RUN_AT_OFFSET] =
        "SELECT " PUBLICATION_COLUMNS ", " RUN_COLUMNS " FROM publication p LEFT JOIN run_v2 r"
        " ON r.rowid=(SELECT rowid FROM run_v2 WHERE publication=?1 AND first_offset<=?2"
        " ORDER BY first_offset DESC LIMIT 1) WHERE p.id=?1",
    [STATEMENT_REPORT] = "SELECT owner, length FROM publication WHERE complete=1 ORDER BY owner",
};

/* Rows die with their owners anyway: nothing is synced. */
static const struct database_kind kind = {
    .name = STORE_FILE,
    .application = STORE_APPLICATION,
    .version = STORE_VERSION,
    .schema = schema,
    .settings = "PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-1024;"
                "PRAGMA journal_size_limit=4194304",
    .statements = statement_text,
    .statement_count = STATEMENT_COUNT,
};

struct publication_store *publication_store_create(const char *user)
{
    struct publication_store *store = calloc(1, sizeof(*store));
    size_t size = strlen(user) + 1;

    if (!store || !(store->user = malloc(size))) {
        free(store);
        return NULL;
    }
    memcpy(store->user, user, size);
    mutex_init(&store->mutex);
    database_init(&store->database, &kind);
    return store;
}

void publication_store_destroy(struct publication_store *store)
{
    if (!store)
        return;
    store_close(store);
    store_forget_neighbours(store);
    mutex_fini(&store->mutex);
    free(store->path);
    free(store->folder);
    free(store->user);
    free(store);
}

static enum pd_status problem(struct publication_store *store, const char *text)
{
    snprintf(store->database.problem, sizeof(store->database.problem), "%s", text);
    return PD_UNAVAILABLE;
}

enum pd_status store_place(struct publication_store *store)
{
    char *root = NULL, *folder = NULL, *path = NULL;
    enum pd_status status;

    if (store->folder) {
        /* It may have been removed since, with what is above it. */
        status = folder_create_private(store->folder, store->user);
        if (status == PD_UNAVAILABLE && folder_store_root(&root) == PD_OK) {
            free(root);
            status = folder_create_private(store->folder, store->user);
        }
        if (status == PD_UNAVAILABLE)
            problem(store, "the folder is missing and cannot be made, or belongs to another user");
        return status;
    }
    status = folder_store_root(&root);
    if (status != PD_OK) {
        if (status == PD_UNAVAILABLE)
            problem(store, "the folder of all stores cannot be made");
        goto cleanup;
    }
    folder = path_join(root, store->user);
    path = folder ? path_join(folder, STORE_FILE) : NULL;
    if (!path) {
        status = PD_NO_MEMORY;
        goto cleanup;
    }
    status = folder_create_private(folder, store->user);
    if (status != PD_OK) {
        if (status == PD_UNAVAILABLE)
            problem(store, "the folder cannot be made, or belongs to another user");
        goto cleanup;
    }
    store->folder = folder;
    store->path = path;
    folder = path = NULL;

cleanup:
    free(path);
    free(folder);
    free(root);
    return status;
}

void store_close(struct publication_store *store)
{
    database_close(&store->database, store->path);
}

enum pd_status store_begin(struct publication_store *store)
{
    return store_run(store, STATEMENT_BEGIN, 0, NULL);
}

enum pd_status store_commit(struct publication_store *store)
{
    return store_run(store, STATEMENT_COMMIT, 0, NULL);
}

void store_rollback(struct publication_store *store)
{
    if (store->database.db && !sqlite3_get_autocommit(store->database.db))
        store_run(store, STATEMENT_ROLLBACK, 0, NULL);
}

static enum pd_status store_open(struct publication_store *store)
{
    enum pd_status status = store_place(store);

    if (status == PD_OK)
        status = database_open(&store->database, store->path);
    if (status != PD_OK)
        return status;
    status = store_sweep(store);
    if (status != PD_OK)
        store_close(store); /* never half open */
    return status;
}

enum pd_status store_ready(struct publication_store *store, bool look)
{
    if (store->database.db && look && !database_is_same_file(&store->database, store->path))
        store_close(store);
    return store->database.db ? PD_OK : store_open(store);
}
