/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table of additions in memory, and the database that they go to. */
#include "store/counter_store.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/thread.h"
#include "platform/wall_clock.h"
#include "store/side_database.h"

#define FLUSH_EVERY 2000u   /* milliseconds */
#define PEERS_MAX   "10000" /* rows: the network decides how many there could be */

enum statement { BEGIN, COMMIT, ADD, LIST, PRUNE, RESET, STATEMENT_COUNT };
static const char *const statements[STATEMENT_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ADD] = "INSERT INTO counter(kind, bytes, blocks, failures, used, peer)"
            " VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(kind, peer) DO UPDATE SET"
            " bytes=bytes+excluded.bytes, blocks=blocks+excluded.blocks,"
            " failures=failures+excluded.failures, used=max(used, excluded.used)",
    [LIST] = "SELECT kind, bytes, blocks, failures, used, peer FROM counter"
             " ORDER BY kind, bytes DESC, peer",
    [PRUNE] = "DELETE FROM counter WHERE used < (SELECT used FROM counter ORDER BY used DESC"
              " LIMIT 1 OFFSET " PEERS_MAX ")",
    [RESET] = "DELETE FROM counter",
};

static const struct database_kind kind = {
    .name = "counters.db",
    .application = 0x50444374,
    .version = 1,
    .schema = "CREATE TABLE counter(kind INTEGER NOT NULL, peer TEXT NOT NULL,"
              " bytes INTEGER NOT NULL, blocks INTEGER NOT NULL, failures INTEGER NOT NULL,"
              " used INTEGER NOT NULL, PRIMARY KEY(kind, peer)) WITHOUT ROWID;",
    .settings = "PRAGMA synchronous=OFF;",
    .statements = statements,
    .statement_count = STATEMENT_COUNT,
};

struct counter_store {
    struct mutex lock; /* guards everything below, the database too */
    struct side_database side;
    atomic_uint_least64_t flush_at; /* 0: nothing is noted */
    unsigned pending_count;
    struct counter pending[COUNTER_PENDING_MAX];
};

struct counter_store *counter_store_create(const char *folder, const char *user)
{
    struct counter_store *store = calloc(1, sizeof(*store));
    if (store == NULL)
        return NULL;
    mutex_init(&store->lock);
    if (side_database_init(&store->side, &kind, folder, user))
        return store;
    counter_store_destroy(store);
    return NULL;
}

void counter_store_destroy(struct counter_store *store)
{
    if (store == NULL)
        return;
    (void)counter_flush(store);
    side_database_fini(&store->side);
    mutex_fini(&store->lock);
    free(store);
}

static enum pd_status write_one(struct database *database, const struct counter *counter)
{
    const int64_t values[] = {counter->kind, (int64_t)counter->bytes, (int64_t)counter->blocks,
                              (int64_t)counter->failures, (int64_t)counter->used};
    sqlite3_stmt *statement = database_statement(database, ADD, 5, values);
    int code = statement == NULL
                   ? sqlite3_errcode(database->db)
                   : sqlite3_bind_text(statement, 6, counter->peer, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    database_done(statement);
    return code == SQLITE_DONE ? PD_OK : database_failed(database, code);
}

static enum pd_status run(struct database *database, enum statement which)
{
    return database_run(database, which, 0, NULL);
}

/* With the lock. What cannot be written is counted on in memory. */
static enum pd_status flush(struct counter_store *store)
{
    if (store->pending_count == 0)
        return PD_OK;
    atomic_store(&store->flush_at, clock_milliseconds() + FLUSH_EVERY);
    enum pd_status status = side_database_open(&store->side, true);
    if (status == PD_OK)
        status = run(&store->side.database, BEGIN);
    for (unsigned i = 0; status == PD_OK && i < store->pending_count; i++)
        status = write_one(&store->side.database, &store->pending[i]);
    if (status == PD_OK)
        status = run(&store->side.database, PRUNE);
    if (status == PD_OK)
        status = run(&store->side.database, COMMIT);
    database_rollback(&store->side.database);
    if (status == PD_OK) {
        store->pending_count = 0;
        atomic_store(&store->flush_at, 0);
    }
    return status;
}

/* With the lock; NULL: there is no room. */
static struct counter *find_pending(struct counter_store *store, enum counter_kind which,
                                    const char *peer)
{
    for (unsigned i = 0; i < store->pending_count; i++)
        if (store->pending[i].kind == which && strcmp(store->pending[i].peer, peer) == 0)
            return &store->pending[i];
    if (store->pending_count == COUNTER_PENDING_MAX)
        return NULL;
    struct counter *counter = &store->pending[store->pending_count++];
    *counter = (struct counter){.kind = which};
    snprintf(counter->peer, sizeof(counter->peer), "%s", peer);
    return counter;
}

void counter_add(struct counter_store *store, enum counter_kind which, const char *peer,
                 uint64_t bytes, uint64_t blocks, uint64_t failures)
{
    mutex_lock(&store->lock);
    struct counter *counter = find_pending(store, which, peer);
    if (counter != NULL) {
        counter->bytes += bytes;
        counter->blocks += blocks;
        counter->failures += failures;
        counter->used = wall_clock_milliseconds() / 1000;
    }
    if (atomic_load(&store->flush_at) == 0)
        atomic_store(&store->flush_at, clock_milliseconds() + FLUSH_EVERY);
    mutex_unlock(&store->lock);
}

void counter_flush_due(struct counter_store *store)
{
    uint64_t at = atomic_load(&store->flush_at);
    if (at != 0 && clock_milliseconds() >= at)
        (void)counter_flush(store);
}

enum pd_status counter_flush(struct counter_store *store)
{
    mutex_lock(&store->lock);
    enum pd_status status = flush(store);
    mutex_unlock(&store->lock);
    return status;
}

static void load(sqlite3_stmt *statement, struct counter *counter)
{
    const unsigned char *peer = sqlite3_column_text(statement, 5);
    *counter = (struct counter){
        .kind = (enum counter_kind)sqlite3_column_int(statement, 0),
        .bytes = (uint64_t)sqlite3_column_int64(statement, 1),
        .blocks = (uint64_t)sqlite3_column_int64(statement, 2),
        .failures = (uint64_t)sqlite3_column_int64(statement, 3),
        .used = (uint64_t)sqlite3_column_int64(statement, 4),
    };
    snprintf(counter->peer, sizeof(counter->peer), "%s", peer != NULL ? (const char *)peer : "");
}

enum pd_status counter_visit(struct counter_store *store,
                             bool (*visit)(const struct counter *counter, void *context),
                             void *context)
{
    mutex_lock(&store->lock);
    enum pd_status status = flush(store);
    if (status == PD_OK)
        status = side_database_open(&store->side, false);
    if (status == PD_OK) {
        sqlite3_stmt *statement = database_statement(&store->side.database, LIST, 0, NULL);
        int code = statement != NULL ? SQLITE_ROW : sqlite3_errcode(store->side.database.db);
        bool more = true;
        while (more && code == SQLITE_ROW && (code = sqlite3_step(statement)) == SQLITE_ROW) {
            struct counter counter;
            load(statement, &counter);
            more = visit(&counter, context);
        }
        database_done(statement);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            status = database_failed(&store->side.database, code);
    }
    mutex_unlock(&store->lock);
    return status == PD_NOT_FOUND ? PD_OK : status;
}

enum pd_status counter_reset(struct counter_store *store)
{
    mutex_lock(&store->lock);
    store->pending_count = 0;
    enum pd_status status = side_database_open(&store->side, false);
    if (status == PD_OK)
        status = run(&store->side.database, RESET);
    mutex_unlock(&store->lock);
    return status == PD_NOT_FOUND ? PD_OK : status;
}
