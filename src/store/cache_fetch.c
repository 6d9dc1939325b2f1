/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is bringing what. Rows of dead writers and rows whose time is over count for nothing; they go
 * when somebody begins a fetch. */
#include "store/cache_internal.h"

#include <string.h>

#include "core/bytes.h"
#include "platform/wall_clock.h"

/* A living fetcher other than this one brings the block. */
static enum pd_status is_brought(struct cache_store *store, uint64_t fetcher, int64_t key,
                                 uint32_t number, int64_t now, bool *brought)
{
    const int64_t values[] = {key, number, now};
    sqlite3_stmt *statement = database_statement(&store->writer, CACHE_FETCH_OTHERS, 3, values);
    int code = statement != NULL ? SQLITE_ROW : sqlite3_errcode(store->writer.db);
    *brought = false;
    while (!*brought && code == SQLITE_ROW && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const uint8_t *writer = sqlite3_column_blob(statement, 0);
        if (writer == NULL || sqlite3_column_bytes(statement, 0) != (int)CACHE_WRITER_SIZE)
            continue;
        bool own = memcmp(writer, store->name, CACHE_WRITER_SIZE) == 0;
        *brought = !(own && (uint64_t)sqlite3_column_int64(statement, 1) == fetcher) &&
                   cache_writer_lives(store, writer);
    }
    database_done(statement);
    return *brought || code == SQLITE_DONE ? PD_OK : database_failed(&store->writer, code);
}

static enum pd_status add_row(struct cache_store *store, uint64_t fetcher,
                              const struct cache_fetch *fetch, uint32_t number, bool waits,
                              int64_t expires)
{
    uint8_t name[CACHE_NAME_MAX];
    size_t length = cache_name(fetch->segment, name);
    const int64_t values[] = {cache_key(fetch->segment), number,        (int64_t)fetcher,
                              (int64_t)fetch->offset,    waits ? 1 : 0, expires};
    sqlite3_stmt *statement = database_statement(&store->writer, CACHE_FETCH_ADD, 6, values);
    int code = statement != NULL
                   ? sqlite3_bind_blob(statement, 7, store->name, CACHE_WRITER_SIZE, SQLITE_STATIC)
                   : sqlite3_errcode(store->writer.db);
    if (code == SQLITE_OK)
        code = sqlite3_bind_blob(statement, 8, name, (int)length, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    database_done(statement);
    return code == SQLITE_DONE ? PD_OK : database_failed(&store->writer, code);
}

static enum pd_status begin_fetch(struct cache_store *store, uint64_t fetcher,
                                  const struct cache_fetch *fetches, size_t count,
                                  uint32_t lifetime, bool *fetched_by_other)
{
    const int64_t now = (int64_t)wall_clock_milliseconds();
    enum pd_status status = database_run(&store->writer, CACHE_FETCH_EXPIRE, 1, &now);
    if (status == PD_OK)
        status = is_brought(store, fetcher, cache_key(fetches[0].segment), fetches[0].first, now,
                            fetched_by_other);
    for (size_t i = 0; status == PD_OK && i < count; i++)
        for (uint32_t n = 0; status == PD_OK && n < fetches[i].count; n++)
            status = add_row(store, fetcher, &fetches[i], fetches[i].first + n, *fetched_by_other,
                             now + lifetime);
    return status;
}

enum pd_status cache_fetch_begin(struct cache_store *store, uint64_t fetcher,
                                 const struct cache_fetch *fetches, size_t count,
                                 uint32_t lifetime_milliseconds, bool *fetched_by_other)
{
    *fetched_by_other = false;
    if (count == 0)
        return PD_OK;
    mutex_lock(&store->writing);
    enum pd_status status = cache_writer_ready(store);
    if (status == PD_OK)
        status = cache_writer_lock(store);
    if (status == PD_OK)
        status = cache_begin(store);
    if (status == PD_OK)
        status = cache_end(store, begin_fetch(store, fetcher, fetches, count, lifetime_milliseconds,
                                              fetched_by_other));
    mutex_unlock(&store->writing);
    return status;
}

enum pd_status cache_fetch_end(struct cache_store *store, uint64_t fetcher)
{
    const int64_t parameter = (int64_t)fetcher;
    mutex_lock(&store->writing);
    enum pd_status status = store->lock != NULL ? cache_writer_ready(store) : PD_NOT_FOUND;
    if (status == PD_OK) {
        sqlite3_stmt *statement =
            database_statement(&store->writer, CACHE_FETCH_END, 1, &parameter);
        int code = statement != NULL ? sqlite3_bind_blob(statement, 2, store->name,
                                                         CACHE_WRITER_SIZE, SQLITE_STATIC)
                                     : sqlite3_errcode(store->writer.db);
        if (code == SQLITE_OK)
            code = sqlite3_step(statement);
        database_done(statement);
        if (code != SQLITE_DONE)
            status = database_failed(&store->writer, code);
    }
    mutex_unlock(&store->writing);
    return status == PD_NOT_FOUND ? PD_OK : status; /* which never wrote a row */
}

enum pd_status cache_fetch_visit(struct cache_store *store,
                                 bool (*visit)(const struct cache_fetch_row *row, void *context),
                                 void *context)
{
    const int64_t now = (int64_t)wall_clock_milliseconds();
    mutex_lock(&store->writing);
    enum pd_status status = cache_writer_ready(store);
    if (status == PD_OK) {
        sqlite3_stmt *statement = database_statement(&store->writer, CACHE_FETCH_LIST, 1, &now);
        int code = statement != NULL ? SQLITE_ROW : sqlite3_errcode(store->writer.db);
        bool more = true;
        while (more && code == SQLITE_ROW && (code = sqlite3_step(statement)) == SQLITE_ROW) {
            const uint8_t *writer = sqlite3_column_blob(statement, 0);
            const uint8_t *name = sqlite3_column_blob(statement, 3);
            int length = sqlite3_column_bytes(statement, 3);
            if (writer == NULL || sqlite3_column_bytes(statement, 0) != (int)CACHE_WRITER_SIZE ||
                name == NULL || length < 1 || !cache_writer_lives(store, writer))
                continue;
            const struct cache_fetch_row row = {
                .process = load_le64(writer),
                .fetcher = (uint64_t)sqlite3_column_int64(statement, 1),
                .offset = (uint64_t)sqlite3_column_int64(statement, 2),
                .id = name + 1,
                .id_length = (size_t)length - 1,
            };
            more = visit(&row, context);
        }
        database_done(statement);
        if (more && code != SQLITE_DONE)
            status = database_failed(&store->writer, code);
    }
    mutex_unlock(&store->writing);
    return status;
}
