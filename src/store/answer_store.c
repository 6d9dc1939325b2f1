/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notes in memory, and the database that they go to. */
#include "store/answer_store.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash/digest.h"
#include "platform/thread.h"
#include "platform/wall_clock.h"
#include "store/side_database.h"

#define FLUSH_EVERY 2000u /* milliseconds */
#define RETRY_EVERY 2000u /* milliseconds: a file that cannot be read */
#define ROWS_MAX    "10000"
#define HALF_LIFE   3600u /* seconds */

enum statement { BEGIN, COMMIT, WRITE, ERASE, FIND, PRUNE, STATEMENT_COUNT };
static const char *const statements[STATEMENT_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [WRITE] = "INSERT OR REPLACE INTO answer(replies, complete, noted, id)"
              " VALUES(?1, ?2, ?3, ?4)",
    [ERASE] = "DELETE FROM answer WHERE id=?1",
    [FIND] = "SELECT replies, complete, noted FROM answer WHERE id=?1",
    [PRUNE] = "DELETE FROM answer WHERE id IN"
              " (SELECT id FROM answer ORDER BY noted DESC LIMIT -1 OFFSET " ROWS_MAX ")",
};

static const struct database_kind kind = {
    .name = "answers.db",
    .application = 0x5044416e, /* "PDAn" */
    .version = 1,
    .schema = "CREATE TABLE answer(id BLOB PRIMARY KEY NOT NULL, replies INTEGER NOT NULL,"
              " complete INTEGER NOT NULL, noted INTEGER NOT NULL) WITHOUT ROWID;"
              "CREATE INDEX answer_noted ON answer(noted);",
    .settings = "PRAGMA synchronous=OFF;",
    .statements = statements,
    .statement_count = STATEMENT_COUNT,
};

struct note {
    uint8_t id[HASH_MAX_SIZE];
    size_t id_length;
    struct answer_count count;
    uint64_t noted;
};

struct answer_store {
    struct mutex lock; /* guards everything below, the database too */
    struct side_database side;
    uint64_t retry_at;
    atomic_uint_least64_t flush_at; /* 0: nothing is noted */
    unsigned pending_count;
    struct note pending[ANSWERS_PENDING_MAX];
};

/* ---- Rules ---- */

bool answer_is_wanted(struct answer_count count, uint32_t quorum, uint32_t random)
{
    if (quorum == 0 || count.replies < quorum)
        return true;
    return count.complete < quorum && random < UINT32_MAX / 100 * 33;
}

/* A clock that was set back makes no count last longer: time counts in both directions. */
static struct answer_count halve(struct answer_count count, uint64_t noted, uint64_t now)
{
    uint64_t hours = (now > noted ? now - noted : noted - now) / HALF_LIFE;
    if (hours >= 32)
        return (struct answer_count){0, 0};
    return (struct answer_count){count.replies >> hours, count.complete >> hours};
}

/* ---- Life ---- */

struct answer_store *answer_store_create(const char *folder, const char *user)
{
    struct answer_store *store = calloc(1, sizeof(*store));
    if (store == NULL)
        return NULL;
    mutex_init(&store->lock);
    if (side_database_init(&store->side, &kind, folder, user))
        return store;
    answer_store_destroy(store);
    return NULL;
}

void answer_store_destroy(struct answer_store *store)
{
    if (store == NULL)
        return;
    (void)answer_store_flush(store);
    side_database_fini(&store->side);
    mutex_fini(&store->lock);
    free(store);
}

/* ---- The database; with the lock ---- */

static enum pd_status run(struct database *database, enum statement which)
{
    return database_run(database, which, 0, NULL);
}

/* A statement about a segment: its ID is what follows the integers. */
static sqlite3_stmt *statement_for(struct database *database, enum statement which, int count,
                                   const int64_t *integers, const uint8_t *id, size_t id_length)
{
    sqlite3_stmt *statement = database_statement(database, which, count, integers);
    if (statement != NULL &&
        sqlite3_bind_blob(statement, count + 1, id, (int)id_length, SQLITE_STATIC) == SQLITE_OK)
        return statement;
    database_done(statement);
    return NULL;
}

/* Few replies are not worth a row, but end what an earlier one says. */
static enum pd_status write_one(struct database *database, const struct note *note)
{
    const int64_t integers[] = {note->count.replies, note->count.complete, (int64_t)note->noted};
    bool worth = note->count.replies >= ANSWERS_LEAST;
    sqlite3_stmt *statement = statement_for(database, worth ? WRITE : ERASE, worth ? 3 : 0,
                                            integers, note->id, note->id_length);
    int code = statement != NULL ? sqlite3_step(statement) : sqlite3_errcode(database->db);
    database_done(statement);
    return code == SQLITE_DONE ? PD_OK : database_failed(database, code);
}

static enum pd_status write_all(struct answer_store *store)
{
    enum pd_status status = run(&store->side.database, BEGIN);
    for (unsigned i = 0; status == PD_OK && i < store->pending_count; i++)
        status = write_one(&store->side.database, &store->pending[i]);
    if (status == PD_OK)
        status = run(&store->side.database, PRUNE);
    if (status == PD_OK)
        status = run(&store->side.database, COMMIT);
    database_rollback(&store->side.database);
    return status;
}

static enum pd_status flush(struct answer_store *store)
{
    bool make = false;
    if (store->pending_count == 0)
        return PD_OK;
    atomic_store(&store->flush_at, clock_milliseconds() + FLUSH_EVERY);
    for (unsigned i = 0; i < store->pending_count; i++)
        make = make || store->pending[i].count.replies >= ANSWERS_LEAST;
    enum pd_status status = side_database_open(&store->side, make);
    if (status == PD_OK)
        status = write_all(store);
    else if (status == PD_NOT_FOUND)
        status = PD_OK; /* there is no row to end */
    if (status == PD_OK) {
        store->pending_count = 0;
        atomic_store(&store->flush_at, 0);
    }
    return status;
}

/* The file is outside input. */
static struct answer_count load(sqlite3_stmt *statement, uint64_t now)
{
    int64_t replies = sqlite3_column_int64(statement, 0);
    int64_t complete = sqlite3_column_int64(statement, 1);
    int64_t noted = sqlite3_column_int64(statement, 2);
    if (replies < 0 || replies > UINT32_MAX || complete < 0 || complete > replies || noted < 0)
        return (struct answer_count){0, 0};
    return halve((struct answer_count){(uint32_t)replies, (uint32_t)complete}, (uint64_t)noted,
                 now);
}

static struct answer_count read_row(struct answer_store *store, const uint8_t *id, size_t id_length,
                                    uint64_t now)
{
    struct answer_count count = {0, 0};
    if (clock_milliseconds() < store->retry_at)
        return count;
    enum pd_status status = side_database_open(&store->side, false);
    if (status == PD_OK) {
        sqlite3_stmt *statement =
            statement_for(&store->side.database, FIND, 0, NULL, id, id_length);
        int code =
            statement != NULL ? sqlite3_step(statement) : sqlite3_errcode(store->side.database.db);
        if (code == SQLITE_ROW)
            count = load(statement, now);
        database_done(statement);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            status = database_failed(&store->side.database, code);
    }
    /* Whoever sends many Probes does not have us try it each time. */
    if (status != PD_OK && status != PD_NOT_FOUND)
        store->retry_at = clock_milliseconds() + RETRY_EVERY;
    return count;
}

/* NULL: not noted since the last flush. */
static struct note *find_pending(struct answer_store *store, const uint8_t *id, size_t id_length)
{
    for (unsigned i = 0; i < store->pending_count; i++)
        if (store->pending[i].id_length == id_length &&
            memcmp(store->pending[i].id, id, id_length) == 0)
            return &store->pending[i];
    return NULL;
}

/* ---- Calls ---- */

void answer_store_note_at(struct answer_store *store, const uint8_t *id, size_t id_length,
                          struct answer_count count, uint64_t now)
{
    if (id_length > HASH_MAX_SIZE)
        return;
    mutex_lock(&store->lock);
    struct note *note = find_pending(store, id, id_length);
    if (note == NULL && store->pending_count < ANSWERS_PENDING_MAX)
        note = &store->pending[store->pending_count++];
    if (note != NULL) {
        *note = (struct note){.id_length = id_length, .count = count, .noted = now};
        memcpy(note->id, id, id_length);
    }
    if (atomic_load(&store->flush_at) == 0)
        atomic_store(&store->flush_at, clock_milliseconds() + FLUSH_EVERY);
    mutex_unlock(&store->lock);
}

struct answer_count answer_store_find_at(struct answer_store *store, const uint8_t *id,
                                         size_t id_length, uint64_t now)
{
    mutex_lock(&store->lock);
    const struct note *note = find_pending(store, id, id_length);
    struct answer_count count =
        note != NULL ? halve(note->count, note->noted, now) : read_row(store, id, id_length, now);
    mutex_unlock(&store->lock);
    return count;
}

void answer_store_note(struct answer_store *store, const uint8_t *id, size_t id_length,
                       struct answer_count count)
{
    answer_store_note_at(store, id, id_length, count, wall_clock_milliseconds() / 1000);
}

struct answer_count answer_store_find(struct answer_store *store, const uint8_t *id,
                                      size_t id_length)
{
    return answer_store_find_at(store, id, id_length, wall_clock_milliseconds() / 1000);
}

void answer_store_flush_due(struct answer_store *store)
{
    uint64_t at = atomic_load(&store->flush_at);
    if (at != 0 && clock_milliseconds() >= at)
        (void)answer_store_flush(store);
}

enum pd_status answer_store_flush(struct answer_store *store)
{
    mutex_lock(&store->lock);
    enum pd_status status = flush(store);
    mutex_unlock(&store->lock);
    return status;
}
