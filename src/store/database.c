/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections. */
#include "store/database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/folder.h"
#include "platform/thread.h"

#define BUSY_WAIT 10000 /* ms that a call waits for other writers */

void database_init(struct database *database, const struct database_kind *kind)
{
    memset(database, 0, sizeof(*database));
    database->kind = kind;
}

bool database_is_same_file(const struct database *database, const char *path)
{
    void *handle = NULL;
    int moved = 0;

    if (!file_exists(path))
        return false;
    if (sqlite3_file_control(database->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK)
        return moved == 0;
    return sqlite3_file_control(database->db, "main", SQLITE_FCNTL_WIN32_GET_HANDLE, &handle) !=
               SQLITE_OK ||
           file_is_linked(handle);
}

void database_close(struct database *database, const char *path)
{
    if (database->db == NULL)
        return;
    for (size_t i = 0; database->statements != NULL && i < database->kind->statement_count; i++)
        sqlite3_finalize(database->statements[i]);
    free(database->statements);
    database->statements = NULL;
    /* The last one out folds the log into the database and deletes it by name: not when the name
     * is another database's by now. */
    if (path == NULL || !database_is_same_file(database, path))
        sqlite3_db_config(database->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(database->db);
    database->db = NULL;
}

/* Missing tables and columns are an SQLITE_ERROR, as is much else. A row that was not found, and
 * then cannot be made because it is there, is in one part of the file alone. */
static bool says_damaged(sqlite3 *db, int code)
{
    return code == SQLITE_NOTADB || code == SQLITE_CORRUPT || code == SQLITE_CONSTRAINT ||
           (code == SQLITE_ERROR && strncmp(sqlite3_errmsg(db), "no such ", 8) == 0);
}

enum pd_status database_failed(struct database *database, int code)
{
    const char *reason = sqlite3_errstr(code);
    const char *name = database->kind->name;
    bool keep = false;

    database->damaged = says_damaged(database->db, code & 0xff);
    switch (code & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_SCHEMA:
    case SQLITE_ERROR: /* tables are missing, say */
        snprintf(database->problem, sizeof(database->problem),
                 "damaged (%s): end the programs that use it and remove %s, %s-wal and %s-shm in "
                 "its folder",
                 reason, name, name, name);
        break;
    case SQLITE_FULL:
    case SQLITE_BUSY:
        keep = sqlite3_get_autocommit(database->db) != 0 ||
               sqlite3_exec(database->db, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK;
        snprintf(database->problem, sizeof(database->problem), "%s", reason);
        break;
    default:
        snprintf(database->problem, sizeof(database->problem), "%s", reason);
        break;
    }
    if (!keep)
        database_close(database, NULL);
    return (code & 0xff) == SQLITE_NOMEM ? PD_NO_MEMORY : PD_UNAVAILABLE;
}

enum pd_status database_damaged(struct database *database)
{
    return database_failed(database, SQLITE_CORRUPT);
}

sqlite3_stmt *database_statement(struct database *database, unsigned which, int count,
                                 const int64_t *parameters)
{
    sqlite3_stmt **statement;

    if (database->db == NULL)
        return NULL;
    statement = &database->statements[which];
    if (*statement == NULL)
        sqlite3_prepare_v3(database->db, database->kind->statements[which], -1,
                           SQLITE_PREPARE_PERSISTENT, statement, NULL);
    for (int i = 0; i < count && *statement != NULL; i++)
        if (sqlite3_bind_int64(*statement, i + 1, parameters[i]) != SQLITE_OK)
            return NULL;
    return *statement;
}

void database_done(sqlite3_stmt *statement)
{
    if (statement != NULL) {
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
    }
}

enum pd_status database_run(struct database *database, unsigned which, int count,
                            const int64_t *parameters)
{
    int64_t unused;
    return database_integer(database, which, count, parameters, &unused);
}

enum pd_status database_integer(struct database *database, unsigned which, int count,
                                const int64_t *parameters, int64_t *value)
{
    sqlite3_stmt *statement = database_statement(database, which, count, parameters);
    int code = statement != NULL ? sqlite3_step(statement) : sqlite3_errcode(database->db);

    *value = 0;
    if (code == SQLITE_ROW)
        *value = sqlite3_column_int64(statement, 0);
    while (code == SQLITE_ROW)
        code = sqlite3_step(statement);
    database_done(statement);
    return code == SQLITE_DONE ? PD_OK : database_failed(database, code);
}

void database_rollback(struct database *database)
{
    if (database->db != NULL && sqlite3_get_autocommit(database->db) == 0)
        sqlite3_exec(database->db, "ROLLBACK", NULL, NULL, NULL);
}

/* ---- Opening ---- */

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
    uint64_t end = clock_milliseconds() + BUSY_WAIT;
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
static int make_tables(sqlite3 *db, const struct database_kind *kind)
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
                 kind->application, kind->version);
        code = sqlite3_exec(db, kind->schema, NULL, NULL, NULL);
        if (code == SQLITE_OK)
            code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    }
    if (code == SQLITE_OK)
        code = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    return code;
}

/* Reads what the file says of itself. */
static enum pd_status check_tables(struct database *database)
{
    const struct database_kind *kind = database->kind;
    sqlite3_int64 version = 0, application = 0, tables = 0;
    /* In this order: another process may make the tables in between, and version 0 with tables
     * would be no database of ours. */
    int code = query_integer(database->db, "SELECT count(*) FROM sqlite_master", &tables);

    if (code == SQLITE_OK)
        code = query_integer(database->db, "PRAGMA user_version", &version);
    if (code == SQLITE_OK && version == 0 && tables == 0) {
        code = make_tables(database->db, kind);
        if (code == SQLITE_OK)
            code = query_integer(database->db, "PRAGMA user_version", &version);
    }
    if (code == SQLITE_OK)
        code = query_integer(database->db, "PRAGMA application_id", &application);
    if (code != SQLITE_OK)
        return database_failed(database, code);
    if (application != kind->application) {
        snprintf(database->problem, sizeof(database->problem),
                 "%s is another program's database: remove it", kind->name);
        return PD_UNAVAILABLE;
    }
    if (version != kind->version) {
        snprintf(database->problem, sizeof(database->problem),
                 "made by another version of peerdist that this one cannot read: use that version, "
                 "or end the programs that use it and remove %s, %s-wal and %s-shm in its folder",
                 kind->name, kind->name, kind->name);
        return PD_UNAVAILABLE;
    }
    return PD_OK;
}

/* Asks again every millisecond: SQLite's own handler sleeps longer and longer, and can starve
 * beside a writer that hardly pauses. */
static int wait_for_writer(void *context, int asked)
{
    struct database *database = context;
    if (asked == 0)
        database->busy_end = clock_milliseconds() + BUSY_WAIT;
    if (clock_milliseconds() >= database->busy_end)
        return 0;
    sqlite3_sleep(1);
    return 1;
}

enum pd_status database_open(struct database *database, const char *path)
{
    enum pd_status status;
    char *native = path_for_libraries(path);
    if (native == NULL)
        return PD_NO_MEMORY;
    int code = sqlite3_open_v2(native, &database->db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                                   SQLITE_OPEN_PRIVATECACHE,
                               NULL);
    free(native);
    if (database->db == NULL)
        return PD_NO_MEMORY;
    database->statements = calloc(database->kind->statement_count, sizeof(sqlite3_stmt *));
    if (database->statements == NULL) {
        database_close(database, NULL);
        return PD_NO_MEMORY;
    }
    if (code == SQLITE_OK)
        code = sqlite3_busy_handler(database->db, wait_for_writer, database);
    /* The file is outside input: its schema may call no function that does more than compute. */
    if (code == SQLITE_OK)
        code = sqlite3_exec(database->db, "PRAGMA trusted_schema=OFF", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(database->db, database->kind->settings, NULL, NULL, NULL);
    status = code == SQLITE_OK ? check_tables(database) : database_failed(database, code);
    if (status == PD_OK) {
        database->problem[0] = 0;
        database->damaged = false;
    } else {
        database_close(database, NULL); /* never half open */
    }
    return status;
}
