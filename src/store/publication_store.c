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
    snprintf(store->problem, sizeof(store->problem), "%s", text);
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

/* True while the path still leads to the file that is open. */
static bool is_same_file(const struct publication_store *store)
{
    void *handle = NULL;
    int moved = 0;

    if (!file_exists(store->path))
        return false;
    if (sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK)
        return !moved;
    return sqlite3_file_control(store->db, "main", SQLITE_FCNTL_WIN32_GET_HANDLE, &handle) !=
               SQLITE_OK ||
           file_is_linked(handle);
}

void store_close(struct publication_store *store)
{
    if (!store->db)
        return;
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(store->statements[i]);
        store->statements[i] = NULL;
    }
    /* The last one out folds the log into the database and deletes it by name: not when the name
     * is another database's by now. */
    if (!is_same_file(store))
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(store->db);
    store->db = NULL;
}

enum pd_status store_failed(struct publication_store *store, int code)
{
    const char *reason = sqlite3_errstr(code);
    bool keep = false;

    switch (code & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_SCHEMA:
    case SQLITE_ERROR: /* tables are missing, say */
        snprintf(store->problem, sizeof(store->problem),
                 "damaged (%s): end the programs that use it and remove " STORE_FILE ", " STORE_FILE
                 "-wal and " STORE_FILE "-shm in its folder",
                 reason);
        break;
    case SQLITE_FULL:
    case SQLITE_BUSY:
        keep = sqlite3_get_autocommit(store->db) ||
               sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK;
        snprintf(store->problem, sizeof(store->problem), "%s", reason);
        break;
    default:
        snprintf(store->problem, sizeof(store->problem), "%s", reason);
        break;
    }
    if (!keep)
        store_close(store);
    return (code & 0xff) == SQLITE_NOMEM ? PD_NO_MEMORY : PD_UNAVAILABLE;
}

enum pd_status store_damaged(struct publication_store *store)
{
    return store_failed(store, SQLITE_CORRUPT);
}

sqlite3_stmt *store_statement(struct publication_store *store, enum store_statement which)
{
    sqlite3_stmt **statement = &store->statements[which];

    if (!*statement)
        sqlite3_prepare_v3(store->db, statement_text[which], -1, SQLITE_PREPARE_PERSISTENT,
                           statement, NULL);
    return *statement;
}

void store_done(sqlite3_stmt *statement)
{
    if (statement) {
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
    }
}

enum pd_status store_run(struct publication_store *store, enum store_statement which, int count,
                         const sqlite3_int64 *parameters)
{
    sqlite3_stmt *statement = store_statement(store, which);
    int code = statement ? SQLITE_OK : sqlite3_errcode(store->db);

    for (int i = 0; i < count && code == SQLITE_OK; i++)
        code = sqlite3_bind_int64(statement, i + 1, parameters[i]);
    if (code == SQLITE_OK)
        do
            code = sqlite3_step(statement);
        while (code == SQLITE_ROW);
    store_done(statement);
    return code == SQLITE_DONE ? PD_OK : store_failed(store, code);
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
    if (store->db && !sqlite3_get_autocommit(store->db))
        store_run(store, STATEMENT_ROLLBACK, 0, NULL);
}

/* One integer; the code tells whether it could be had. */
static int query_integer(sqlite3 *db, const char *sql, sqlite3_int64 *value)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            *value = sqlite3_column_int64(statement, 0);
            code = SQLITE_OK;
        }
    }
    sqlite3_finalize(statement);
    return code;
}

/* Changing the journal mode does not wait for others by itself. */
static int use_write_ahead_log(sqlite3 *db)
{
    uint64_t end = clock_milliseconds() + STORE_BUSY_WAIT;
    int code;

    do {
        code = sqlite3_exec(db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
        if ((code & 0xff) != SQLITE_BUSY)
            break;
        sqlite3_sleep(5);
    } while (clock_milliseconds() < end);
    return code;
}

/* Makes the tables in an empty file; of several processes that try, the first one does it. */
static int make_tables(sqlite3 *db)
{
    sqlite3_int64 version = 0;
    char sql[128];
    int code;

    /* Takes effect on files without a page only. */
    code = sqlite3_exec(db, "PRAGMA auto_vacuum=INCREMENTAL", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = use_write_ahead_log(db);
    if (code == SQLITE_OK)
        code = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = query_integer(db, "PRAGMA user_version", &version);
    if (code == SQLITE_OK && version == 0) {
        snprintf(sql, sizeof(sql), "PRAGMA application_id=%d; PRAGMA user_version=%d",
                 STORE_APPLICATION, STORE_VERSION);
        code = sqlite3_exec(db, schema, NULL, NULL, NULL);
        if (code == SQLITE_OK)
            code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    }
    if (code == SQLITE_OK)
        code = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    return code;
}

/* Reads what the file says of itself; opening alone would have proved nothing. */
static enum pd_status check_tables(struct publication_store *store)
{
    sqlite3_int64 version = 0, application = 0, tables = 0;
    /* In this order: another process may make the tables in between, and version 0 with tables
     * would be no database of ours. */
    int code = query_integer(store->db, "SELECT count(*) FROM sqlite_master", &tables);

    if (code == SQLITE_OK)
        code = query_integer(store->db, "PRAGMA user_version", &version);
    if (code == SQLITE_OK && version == 0 && tables == 0) {
        code = make_tables(store->db);
        if (code == SQLITE_OK)
            code = query_integer(store->db, "PRAGMA user_version", &version);
    }
    if (code == SQLITE_OK)
        code = query_integer(store->db, "PRAGMA application_id", &application);
    if (code != SQLITE_OK)
        return store_failed(store, code);
    if (application != STORE_APPLICATION)
        return problem(store, STORE_FILE " is another program's database: remove it");
    if (version != STORE_VERSION)
        return problem(store, "made by another version of peerdist that this one cannot read: use "
                              "that version, or end the programs that use it and remove " STORE_FILE
                              ", " STORE_FILE "-wal and " STORE_FILE "-shm in its folder");
    return PD_OK;
}

/* Asks again every millisecond: SQLite's own handler sleeps longer and longer, and can starve
 * beside a writer that hardly pauses. */
static int wait_for_writer(void *context, int asked)
{
    struct publication_store *store = context;
    if (asked == 0)
        store->busy_end = clock_milliseconds() + STORE_BUSY_WAIT;
    if (clock_milliseconds() >= store->busy_end)
        return 0;
    sqlite3_sleep(1);
    return 1;
}

static enum pd_status store_open(struct publication_store *store)
{
    /* The file is outside input: its schema may call no function that does more than compute. */
    static const char settings[] = "PRAGMA trusted_schema=OFF; PRAGMA synchronous=OFF;"
                                   "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-1024;"
                                   "PRAGMA journal_size_limit=4194304";
    enum pd_status status = store_place(store);
    int code;

    if (status != PD_OK)
        return status;
    code = sqlite3_open_v2(store->path, &store->db,
                           SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                               SQLITE_OPEN_PRIVATECACHE,
                           NULL);
    if (!store->db)
        return PD_NO_MEMORY;
    if (code == SQLITE_OK)
        code = sqlite3_busy_handler(store->db, wait_for_writer, store);
    if (code == SQLITE_OK)
        code = sqlite3_exec(store->db, settings, NULL, NULL, NULL);
    status = code == SQLITE_OK ? check_tables(store) : store_failed(store, code);
    if (status == PD_OK) {
        store->problem[0] = 0;
        status = store_sweep(store);
    }
    if (status != PD_OK)
        store_close(store); /* never half open */
    return status;
}

enum pd_status store_ready(struct publication_store *store, bool look)
{
    if (store->db && look && !is_same_file(store))
        store_close(store);
    return store->db ? PD_OK : store_open(store);
}
