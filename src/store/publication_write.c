/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Publications: begin, add records, complete, remove. */
#include "store/publication_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/segment.h"
#include "platform/random.h"

#define PURGE_ROWS        64  /* as the statements say */
#define PURGE_TRANSACTION 128 /* rows: a segment's are 16 KiB each */
#define FREE_PAGES_KEPT   4096

static enum pd_status insert(struct publication_owner *owner, const uint8_t key[32],
                             const void *identifier, size_t identifier_length,
                             uint32_t segmenter_function, const struct publication_id *id)
{
    struct publication_store *store = owner->store;
    sqlite3_stmt *statement = store_statement(store, STATEMENT_INSERT);
    int code = statement ? SQLITE_OK : sqlite3_errcode(store->database.db);

    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 1, store_row_of(id));
    if (code == SQLITE_OK)
        code = sqlite3_bind_blob(statement, 2, key, 32, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_bind_blob(statement, 3, id->bytes, sizeof(id->bytes), SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_bind_blob(statement, 4, owner->name, STORE_OWNER_SIZE, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 5, segmenter_function);
    if (code == SQLITE_OK)
        code = sqlite3_bind_blob64(statement, 6, identifier, identifier_length, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    database_done(statement);
    return code == SQLITE_DONE ? PD_OK : store_failed(store, code);
}

/* Makes room for the key, within a transaction: nobody alive may have it. *dead: the owner whose
 * rows had to go. */
static enum pd_status claim(struct publication_store *store, const uint8_t key[32],
                            const void *identifier, size_t identifier_length, bool *had_dead,
                            uint8_t dead[STORE_OWNER_SIZE])
{
    struct store_row row;
    enum pd_status status = store_find_key(store, key, identifier, identifier_length, &row);

    *had_dead = false;
    if (status != PD_OK)
        return status == PD_NOT_FOUND ? PD_OK : status;
    switch (store_owner_state(store, row.owner)) {
    case OWNER_ALIVE:
        return PD_ALREADY_EXISTS;
    case OWNER_DEAD:
        *had_dead = true;
        memcpy(dead, row.owner, STORE_OWNER_SIZE);
        return store_discard_owner(store, row.owner);
    default:
        return PD_UNAVAILABLE;
    }
}

enum pd_status publication_begin(struct publication_owner *owner, const void *identifier,
                                 size_t identifier_length, uint32_t segmenter_function,
                                 struct publication_id *id)
{
    struct publication_store *store = owner->store;
    uint8_t key[32], dead[STORE_OWNER_SIZE];
    struct publication_id made;
    bool had_dead = false;
    enum pd_status status = store_key_of(store, identifier, identifier_length, key);

    if (status != PD_OK)
        return status;
    if (!random_bytes(made.bytes, sizeof(made.bytes)))
        return PD_UNAVAILABLE;
    mutex_lock(&store->mutex);
    status = store_ready(store, true);
    if (status == PD_OK)
        status = store_owner_renew(owner);
    if (status == PD_OK)
        status = store_begin(store);
    if (status != PD_OK)
        goto cleanup;
    owner->used = true;
    status = claim(store, key, identifier, identifier_length, &had_dead, dead);
    if (status == PD_OK)
        status = insert(owner, key, identifier, identifier_length, segmenter_function, &made);
    if (status == PD_OK)
        status = store_commit(store);
    if (status == PD_OK)
        *id = made;
    else
        store_rollback(store);
    if (status == PD_OK && had_dead) {
        store_bury_owner(store, dead); /* its file */
        store_purge(store);
    }

cleanup:
    mutex_unlock(&store->mutex);
    return status;
}

static enum pd_status insert_segment(struct publication_store *store, int64_t row,
                                     const struct publication_segment_v1 *segment)
{
    sqlite3_stmt *statement = store_statement(store, STATEMENT_INSERT_SEGMENT);
    int code = statement ? SQLITE_OK : sqlite3_errcode(store->database.db);

    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 1, row);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 2, (int64_t)segment->index);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 3, segment->size);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 4, segment->block_count);
    if (code == SQLITE_OK)
        code = sqlite3_bind_blob(statement, 5, segment->hod, 32, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_bind_blob(statement, 6, segment->block_hashes,
                                 (int)(32 * segment->block_count), SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    database_done(statement);
    return code == SQLITE_DONE ? PD_OK : store_failed(store, code);
}

static enum pd_status insert_run(struct publication_store *store, int64_t row,
                                 const struct publication_run_v2 *run)
{
    uint8_t sizes[4 * PUBLICATION_RUN_MAX];
    sqlite3_stmt *statement = store_statement(store, STATEMENT_INSERT_RUN);
    int code = statement ? SQLITE_OK : sqlite3_errcode(store->database.db);

    for (uint32_t i = 0; i < run->count; i++)
        store_le32(sizes + 4 * i, run->sizes[i]);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 1, row);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 2, (int64_t)run->first_index);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 3, (int64_t)run->first_offset);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 4, run->count);
    if (code == SQLITE_OK)
        code = sqlite3_bind_blob(statement, 5, sizes, (int)(4 * run->count), SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_bind_blob(statement, 6, run->hods, (int)(32 * run->count), SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    database_done(statement);
    return code == SQLITE_DONE ? PD_OK : store_failed(store, code);
}

/* What reading would refuse is not written. */
static bool are_sound(const struct publication_records *records, uint64_t content_length)
{
    if (content_length > INT64_MAX)
        return false;
    for (size_t i = 0; i < records->segment_count; i++) {
        const struct publication_segment_v1 *segment = &records->segments[i];

        if (!segment->size || segment->size > SEGMENT_SIZE_V1 ||
            segment->block_count != (segment->size - 1) / BLOCK_SIZE_V1 + 1 ||
            segment->index > INT64_MAX / SEGMENT_SIZE_V1)
            return false;
    }
    for (size_t i = 0; i < records->run_count; i++) {
        const struct publication_run_v2 *run = &records->runs[i];

        if (!run->count || run->count > PUBLICATION_RUN_MAX || run->first_index > INT64_MAX ||
            run->first_offset > INT64_MAX)
            return false;
    }
    return true;
}

static enum pd_status write_records(struct publication_store *store,
                                    const struct publication_id *id,
                                    const struct publication_records *records, bool complete,
                                    uint64_t content_length)
{
    int64_t parameters[2] = {store_row_of(id), (int64_t)content_length};
    struct store_row row;
    enum pd_status status = store_find_id(store, id, &row);

    if (status != PD_OK)
        return status == PD_NOT_FOUND ? PD_INVALIDATED : status;
    if (row.complete)
        return PD_ALREADY_COMPLETED;
    for (size_t i = 0; i < records->segment_count && status == PD_OK; i++)
        status = insert_segment(store, parameters[0], &records->segments[i]);
    for (size_t i = 0; i < records->run_count && status == PD_OK; i++)
        status = insert_run(store, parameters[0], &records->runs[i]);
    if (complete && status == PD_OK)
        status = store_run(store, STATEMENT_COMPLETE, 2, parameters);
    return status;
}

enum pd_status publication_write(struct publication_store *store, const struct publication_id *id,
                                 const struct publication_records *records, bool complete,
                                 uint64_t content_length)
{
    enum pd_status status;

    if (!are_sound(records, content_length))
        return PD_INVALID_PARAMETER;
    mutex_lock(&store->mutex);
    status = store_ready(store, complete);
    if (status == PD_OK)
        status = store_begin(store);
    if (status == PD_OK) {
        status = write_records(store, id, records, complete, content_length);
        if (status == PD_OK)
            status = store_commit(store);
        if (status != PD_OK)
            store_rollback(store);
    }
    mutex_unlock(&store->mutex);
    return status;
}

/* One helping of one publication's records. */
static enum pd_status purge_rows(struct publication_store *store, int64_t row, int *deleted,
                                 bool *rest)
{
    enum pd_status status = store_run(store, STATEMENT_PURGE_SEGMENTS, 1, &row);
    int segments, runs;

    if (status != PD_OK)
        return status;
    segments = sqlite3_changes(store->database.db);
    status = store_run(store, STATEMENT_PURGE_RUNS, 1, &row);
    if (status != PD_OK)
        return status;
    runs = sqlite3_changes(store->database.db);
    *deleted = segments + runs;
    *rest = segments >= PURGE_ROWS || runs >= PURGE_ROWS;
    return PD_OK;
}

/* One row's number, or PD_NOT_FOUND. */
static enum pd_status first_integer(struct publication_store *store, enum store_statement which,
                                    int64_t *value)
{
    sqlite3_stmt *statement = store_statement(store, which);
    int code = statement ? sqlite3_step(statement) : sqlite3_errcode(store->database.db);

    if (code == SQLITE_ROW)
        *value = sqlite3_column_int64(statement, 0);
    database_done(statement);
    if (code == SQLITE_ROW)
        return PD_OK;
    return code == SQLITE_DONE ? PD_NOT_FOUND : store_failed(store, code);
}

/* *more: there is garbage left. */
static enum pd_status purge_once(struct publication_store *store, bool *more)
{
    enum pd_status status = PD_OK;
    int64_t row = 0;

    for (int budget = PURGE_TRANSACTION; budget > 0;) {
        bool rest = false;
        int deleted = 0;

        status = first_integer(store, STATEMENT_GARBAGE_NEXT, &row);
        if (status != PD_OK)
            break;
        status = purge_rows(store, row, &deleted, &rest);
        if (status == PD_OK && !rest)
            status = store_run(store, STATEMENT_GARBAGE_FORGET, 1, &row);
        if (status != PD_OK)
            return status;
        budget -= deleted + 1;
    }
    *more = status == PD_OK;
    return status == PD_NOT_FOUND ? PD_OK : status;
}

/* Gives back to the file system what one huge content needed. */
static void shrink(struct publication_store *store)
{
    int64_t pages = 0, before = INT64_MAX;

    while (store->database.db && first_integer(store, STATEMENT_FREE_PAGES, &pages) == PD_OK &&
           pages > FREE_PAGES_KEPT && pages < before) {
        before = pages;
        if (store_run(store, STATEMENT_SHRINK, 0, NULL) != PD_OK)
            break;
    }
}

void store_purge(struct publication_store *store)
{
    enum pd_status status = PD_OK;
    int64_t value;
    bool more = true;

    while (status == PD_OK && more) {
        /* Outside the transaction first: most often there is nothing to do. */
        status = first_integer(store, STATEMENT_GARBAGE_NEXT, &value);
        if (status == PD_OK)
            status = store_begin(store);
        if (status != PD_OK)
            break;
        status = purge_once(store, &more);
        if (status == PD_OK)
            status = store_commit(store);
        else
            store_rollback(store);
    }
    shrink(store);
}

enum pd_status store_remove_row(struct publication_store *store, int64_t row, bool *rest)
{
    int deleted = 0;
    enum pd_status status = store_run(store, STATEMENT_DELETE, 1, &row);

    *rest = false;
    if (status == PD_OK)
        status = purge_rows(store, row, &deleted, rest);
    if (status == PD_OK && *rest)
        status = store_run(store, STATEMENT_DISCARD, 1, &row);
    return status;
}

/* Ends a transaction of a removal, well or not. */
static enum pd_status finish_removal(struct publication_store *store, enum pd_status status,
                                     bool rest)
{
    if (status == PD_OK)
        status = store_commit(store);
    if (status != PD_OK)
        store_rollback(store);
    else if (rest)
        store_purge(store);
    return status;
}

enum pd_status publication_remove(struct publication_store *store, const struct publication_id *id)
{
    struct store_row row;
    bool rest = false;
    enum pd_status status;

    mutex_lock(&store->mutex);
    status = store_ready(store, true);
    if (status == PD_OK)
        status = store_begin(store);
    if (status == PD_OK) {
        status = store_find_id(store, id, &row);
        if (status == PD_OK)
            status = store_remove_row(store, store_row_of(id), &rest);
        status = finish_removal(store, status, rest);
    }
    mutex_unlock(&store->mutex);
    return status;
}

/* Within a transaction. A dead owner's publication is removed, and yet was not there. */
static enum pd_status remove_key(struct publication_store *store, const uint8_t key[32],
                                 const void *identifier, size_t identifier_length,
                                 struct store_row *row, bool *rest)
{
    enum pd_status status = store_find_key(store, key, identifier, identifier_length, row);

    if (status != PD_OK)
        return status;
    switch (store_owner_state(store, row->owner)) {
    case OWNER_ALIVE:
        return store_remove_row(store, store_row_of(&row->id), rest);
    case OWNER_DEAD:
        return PD_NOT_FOUND;
    default:
        return PD_UNAVAILABLE;
    }
}

enum pd_status publication_remove_identifier(struct publication_store *store,
                                             const void *identifier, size_t identifier_length,
                                             struct publication_id *id)
{
    struct store_row row;
    uint8_t key[32];
    bool rest = false;
    enum pd_status status = store_key_of(store, identifier, identifier_length, key);

    if (status != PD_OK)
        return status;
    mutex_lock(&store->mutex);
    status = store_ready(store, true);
    if (status == PD_OK)
        status = store_begin(store);
    if (status == PD_OK) {
        status = remove_key(store, key, identifier, identifier_length, &row, &rest);
        status = finish_removal(store, status, rest);
    }
    if (status == PD_OK)
        *id = row.id;
    mutex_unlock(&store->mutex);
    return status;
}
