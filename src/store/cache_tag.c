/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Content tags: untying what they hold, and pinning. */
#include "store/cache_internal.h"

#include <stdlib.h>

/* Segments that are untied in one transaction, so that others get their turn. */
#define FLUSH_STEP 1024u

static enum pd_status find_tag(struct cache_store *store, const struct cache_tag *tag, int64_t *id)
{
    sqlite3_stmt *statement = database_statement(&store->writer, CACHE_TAG_FIND, 0, NULL);
    int code = statement != NULL ? sqlite3_bind_blob(statement, 1, tag, sizeof(*tag), SQLITE_STATIC)
                                 : sqlite3_errcode(store->writer.db);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    *id = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    database_done(statement);
    if (code == SQLITE_DONE)
        return PD_NOT_FOUND;
    return code == SQLITE_ROW ? PD_OK : database_failed(&store->writer, code);
}

static enum pd_status untie(struct cache_store *store, int64_t tag, int64_t segment,
                            struct cache_row *row)
{
    const int64_t values[] = {tag, segment};
    int64_t links = 0;
    enum pd_status status = database_run(&store->writer, CACHE_UNLINK, 2, values);
    if (status == PD_OK)
        status = database_integer(&store->writer, CACHE_LINKS, 1, &segment, &links);
    if (status != PD_OK)
        return status;
    if (links > 0)
        return database_run(&store->writer, CACHE_PIN_SEGMENT, 1, &segment);
    status = cache_row_load(&store->writer, segment, row);
    return status == PD_OK && row->exists ? cache_row_remove(store, row) : status;
}

/* *more: the tag holds more than was untied. */
static enum pd_status flush_step(struct cache_store *store, int64_t tag, struct cache_row *row,
                                 bool *more)
{
    enum pd_status status = PD_OK;
    *more = true;
    for (unsigned i = 0; status == PD_OK && *more && i < FLUSH_STEP; i++) {
        sqlite3_stmt *statement = database_statement(&store->writer, CACHE_LINKED_TO, 1, &tag);
        int code = statement != NULL ? sqlite3_step(statement) : sqlite3_errcode(store->writer.db);
        int64_t segment = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
        database_done(statement);
        *more = code == SQLITE_ROW;
        if (code == SQLITE_ROW)
            status = untie(store, tag, segment, row);
        else if (code != SQLITE_DONE)
            status = database_failed(&store->writer, code);
    }
    if (status == PD_OK && !*more)
        status = database_run(&store->writer, CACHE_TAG_DELETE, 1, &tag);
    return status == PD_OK ? cache_space_delete_empty(store) : status;
}

enum pd_status cache_flush(struct cache_store *store, const struct cache_tag *tag)
{
    struct cache_row *row = malloc(sizeof(*row));
    int64_t id = 0;
    bool more = true;
    if (row == NULL)
        return PD_NO_MEMORY;
    mutex_lock(&store->writing);
    enum pd_status status = cache_writer_existing(store);
    if (status == PD_OK)
        status = cache_space_seal(store); /* or its bytes would stay until it is full */
    if (status == PD_OK)
        status = find_tag(store, tag, &id);
    while (status == PD_OK && more) {
        status = cache_begin(store);
        if (status == PD_OK)
            status = cache_end(store, flush_step(store, id, row, &more));
    }
    if (status != PD_OK && store->writer.damaged)
        status = cache_writer_ready(store); /* anew: nothing has the tag */
    mutex_unlock(&store->writing);
    free(row);
    return status == PD_NOT_FOUND ? PD_OK : status;
}

static enum pd_status flush_all_step(struct cache_store *store, struct cache_row *row, bool *more)
{
    static const int64_t before_all = INT64_MIN;
    enum pd_status status = PD_OK;
    *more = true;
    for (unsigned i = 0; status == PD_OK && *more && i < FLUSH_STEP; i++) {
        sqlite3_stmt *statement =
            database_statement(&store->writer, CACHE_NEXT_SEGMENT, 1, &before_all);
        int code = statement != NULL ? sqlite3_step(statement) : sqlite3_errcode(store->writer.db);
        int64_t segment = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
        database_done(statement);
        *more = code == SQLITE_ROW;
        if (code == SQLITE_ROW)
            status = cache_row_load(&store->writer, segment, row);
        else if (code != SQLITE_DONE)
            status = database_failed(&store->writer, code);
        if (status == PD_OK && *more)
            status = cache_row_remove(store, row);
    }
    if (status == PD_OK && !*more)
        status = database_run(&store->writer, CACHE_TAG_DELETE_ALL, 0, NULL);
    return status == PD_OK ? cache_space_delete_empty(store) : status;
}

enum pd_status cache_flush_all(struct cache_store *store)
{
    struct cache_row *row = malloc(sizeof(*row));
    bool more = true;
    if (row == NULL)
        return PD_NO_MEMORY;
    mutex_lock(&store->writing);
    enum pd_status status = cache_writer_existing(store);
    if (status == PD_OK)
        status = cache_space_seal(store);
    while (status == PD_OK && more) {
        status = cache_begin(store);
        if (status == PD_OK)
            status = cache_end(store, flush_all_step(store, row, &more));
    }
    if (status != PD_OK && store->writer.damaged)
        status = cache_writer_ready(store);
    mutex_unlock(&store->writing);
    free(row);
    return status == PD_NOT_FOUND ? PD_OK : status;
}

enum pd_status cache_pin(struct cache_store *store, const struct cache_tag *tag, bool pinned)
{
    int64_t id = 0;
    mutex_lock(&store->writing);
    enum pd_status status = cache_writer_existing(store);
    if (status == PD_OK)
        status = cache_begin(store);
    if (status == PD_OK) {
        status = find_tag(store, tag, &id);
        const int64_t values[] = {id, pinned ? 1 : 0};
        if (status == PD_OK)
            status = database_run(&store->writer, CACHE_TAG_PIN, 2, values);
        if (status == PD_OK)
            status = database_run(&store->writer, CACHE_PIN_SEGMENTS, 1, &id);
        status = cache_end(store, status);
    }
    mutex_unlock(&store->writing);
    return status;
}
