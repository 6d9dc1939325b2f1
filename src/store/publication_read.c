/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Publications: finding them and reading their records. The file is outside input: every row is
 * checked against itself before a byte of it is used. */
#include "store/publication_internal.h"

#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "core/hash/digest.h"
#include "core/segment.h"

/* Columns that every statement on publications begins with; records follow. */
enum { COLUMN_UID, COLUMN_OWNER, COLUMN_COMPLETE, COLUMN_LENGTH, COLUMN_SEGMENTER, COLUMN_NEXT };

int64_t store_row_of(const struct publication_id *id)
{
    return (int64_t)(load_le64(id->bytes) & INT64_MAX);
}

enum pd_status store_key_of(const struct publication_store *store, const void *identifier,
                            size_t identifier_length, uint8_t key[32])
{
    struct digest *digest = digest_create(HASH_SHA256);

    if (!digest)
        return PD_NO_MEMORY;
    /* With its NUL: no user's name is another's beginning. */
    digest_update(digest, store->user, strlen(store->user) + 1);
    digest_update(digest, identifier, identifier_length);
    digest_final(digest, key);
    digest_destroy(digest);
    return PD_OK;
}

/* A column of exactly `size` bytes; NULL: it has another size. */
static const uint8_t *blob(sqlite3_stmt *statement, int column, size_t size)
{
    const void *bytes = sqlite3_column_blob(statement, column);

    return bytes && (size_t)sqlite3_column_bytes(statement, column) == size ? bytes : NULL;
}

/* False: the row contradicts itself. */
static bool take_row(sqlite3_stmt *statement, struct store_row *row)
{
    const uint8_t *uid = blob(statement, COLUMN_UID, sizeof(row->id.bytes));
    int64_t length = sqlite3_column_int64(statement, COLUMN_LENGTH);
    int64_t segmenter = sqlite3_column_int64(statement, COLUMN_SEGMENTER);
    const uint8_t *owner;

    if (!uid || length < 0 || segmenter < 0 || segmenter > UINT32_MAX)
        return false;
    memcpy(row->id.bytes, uid, sizeof(row->id.bytes));
    owner = blob(statement, COLUMN_OWNER, STORE_OWNER_SIZE);
    if (!owner)
        return false;
    memcpy(row->owner, owner, STORE_OWNER_SIZE);
    row->complete = sqlite3_column_int64(statement, COLUMN_COMPLETE) != 0;
    row->content_length = (uint64_t)length;
    row->segmenter_function = (uint32_t)segmenter;
    return true;
}

enum pd_status store_find_key(struct publication_store *store, const uint8_t key[32],
                              const void *identifier, size_t identifier_length,
                              struct store_row *row)
{
    sqlite3_stmt *statement = store_statement(store, STATEMENT_FIND_KEY);
    int code = statement ? sqlite3_bind_blob(statement, 1, key, 32, SQLITE_STATIC)
                         : sqlite3_errcode(store->database.db);

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        const uint8_t *kept = blob(statement, COLUMN_NEXT, identifier_length);

        if (!kept || memcmp(kept, identifier, identifier_length) != 0 || !take_row(statement, row))
            code = SQLITE_CORRUPT; /* two identifiers of one digest there are not */
    }
    database_done(statement);
    if (code == SQLITE_ROW)
        return PD_OK;
    return code == SQLITE_DONE ? PD_NOT_FOUND : store_failed(store, code);
}

/* Binds the publication's row number and up to two more; then the first row. PD_INVALIDATED: there
 * is no such publication. After PD_OK the caller reads on and ends with store_done. */
static enum pd_status first_row(struct publication_store *store, enum store_statement which,
                                const struct publication_id *id, int count, const uint64_t *more,
                                sqlite3_stmt **statement, struct store_row *row)
{
    int code;

    *statement = store_statement(store, which);
    code = *statement ? sqlite3_bind_int64(*statement, 1, store_row_of(id))
                      : sqlite3_errcode(store->database.db);
    for (int i = 0; i < count && code == SQLITE_OK; i++)
        code = sqlite3_bind_int64(*statement, i + 2, (int64_t)more[i]);
    if (code == SQLITE_OK)
        code = sqlite3_step(*statement);
    if (code == SQLITE_ROW) {
        if (!take_row(*statement, row))
            code = SQLITE_CORRUPT;
        else if (memcmp(row->id.bytes, id->bytes, sizeof(id->bytes)) == 0)
            return PD_OK;
        else
            code = SQLITE_DONE;
    }
    database_done(*statement);
    *statement = NULL;
    return code == SQLITE_DONE ? PD_INVALIDATED : store_failed(store, code);
}

enum pd_status store_find_id(struct publication_store *store, const struct publication_id *id,
                             struct store_row *row)
{
    sqlite3_stmt *statement;
    enum pd_status status = first_row(store, STATEMENT_FIND_ID, id, 0, NULL, &statement, row);

    database_done(statement);
    return status == PD_INVALIDATED ? PD_NOT_FOUND : status;
}

/* PD_OK: the owner lives; PD_INVALIDATED: it is dead, and its rows are gone with it. */
static enum pd_status check_owner(struct publication_store *store,
                                  const uint8_t owner[STORE_OWNER_SIZE])
{
    switch (store_owner_state(store, owner)) {
    case OWNER_ALIVE:
        return PD_OK;
    case OWNER_DEAD:
        store_bury_owner(store, owner);
        if (store->database.db)
            store_purge(store);
        return PD_INVALIDATED;
    default:
        return PD_UNAVAILABLE;
    }
}

enum pd_status publication_find(struct publication_store *store, const void *identifier,
                                size_t identifier_length, struct publication_info *info)
{
    struct store_row row = {0};
    uint8_t key[32];
    enum pd_status status = store_key_of(store, identifier, identifier_length, key);

    if (status != PD_OK)
        return status;
    mutex_lock(&store->mutex);
    status = store_ready(store, true);
    if (status == PD_OK)
        status = store_find_key(store, key, identifier, identifier_length, &row);
    if (status == PD_OK)
        status = check_owner(store, row.owner);
    mutex_unlock(&store->mutex);
    if (status == PD_INVALIDATED || (status == PD_OK && !row.complete))
        status = PD_NOT_FOUND;
    if (status != PD_OK)
        return status;
    info->id = row.id;
    info->content_length = row.content_length;
    info->segmenter_function = row.segmenter_function;
    return PD_OK;
}

enum pd_status publication_check(struct publication_store *store, const struct publication_id *id)
{
    struct store_row row;
    enum pd_status status;

    mutex_lock(&store->mutex);
    status = store_ready(store, false);
    if (status == PD_OK)
        status = store_find_id(store, id, &row);
    if (status == PD_OK)
        status = check_owner(store, row.owner);
    mutex_unlock(&store->mutex);
    return status == PD_NOT_FOUND ? PD_INVALIDATED : status;
}

/* The records that a statement's row carries, from column COLUMN_NEXT on, into `out`; with the
 * publication they belong to and what was asked for. PD_UNAVAILABLE: they contradict themselves. */
typedef enum pd_status (*take_records)(sqlite3_stmt *statement, const struct store_row *row,
                                       const uint64_t *asked, void *out);

/* One read of a complete publication's records: the row, its records and its owner's life, all of
 * one moment, as one statement is one read transaction. */
static enum pd_status read_records(struct publication_store *store, enum store_statement which,
                                   const struct publication_id *id, int count,
                                   const uint64_t *asked, take_records take, void *out)
{
    sqlite3_stmt *statement = NULL;
    struct store_row row = {0};
    enum pd_status status;

    mutex_lock(&store->mutex);
    status = store_ready(store, false);
    if (status == PD_OK) {
        status = first_row(store, which, id, count, asked, &statement, &row);
        if (status == PD_OK && !row.complete)
            status = PD_INVALIDATED;
        else if (status == PD_OK)
            status = take(statement, &row, asked, out);
        database_done(statement);
        if (status == PD_UNAVAILABLE && store->database.db)
            store_damaged(store);
        if (status == PD_OK)
            status = check_owner(store, row.owner);
    }
    mutex_unlock(&store->mutex);
    return status;
}

/* Bytes that the v1 segment with this index must have; 0: the content ends before it. */
static uint32_t segment_size(uint64_t content_length, uint64_t index)
{
    uint64_t left;

    if (index > content_length / SEGMENT_SIZE_V1)
        return 0;
    left = content_length - index * SEGMENT_SIZE_V1;
    return left < SEGMENT_SIZE_V1 ? (uint32_t)left : SEGMENT_SIZE_V1;
}

static enum pd_status take_segment(sqlite3_stmt *statement, const struct store_row *row,
                                   const uint64_t *asked, void *out)
{
    struct publication_segment_v1_row *segment = out;
    uint32_t size = segment_size(row->content_length, asked[0]);
    uint32_t block_count = size ? (size - 1) / BLOCK_SIZE_V1 + 1 : 0;
    const uint8_t *bytes;

    if (!size)
        return PD_OUT_OF_BOUNDS;
    if (sqlite3_column_int64(statement, COLUMN_NEXT) != size ||
        sqlite3_column_int64(statement, COLUMN_NEXT + 1) != block_count)
        return PD_UNAVAILABLE;
    segment->size = size;
    segment->block_count = block_count;
    bytes = blob(statement, COLUMN_NEXT + 2, 32);
    if (!bytes)
        return PD_UNAVAILABLE;
    memcpy(segment->hod, bytes, 32);
    bytes = blob(statement, COLUMN_NEXT + 3, 32 * (size_t)block_count);
    if (!bytes)
        return PD_UNAVAILABLE;
    memcpy(segment->block_hashes, bytes, 32 * (size_t)block_count);
    return PD_OK;
}

enum pd_status publication_read_v1(struct publication_store *store, const struct publication_id *id,
                                   uint64_t index, struct publication_segment_v1_row *row)
{
    if (index > INT64_MAX)
        return PD_OUT_OF_BOUNDS;
    return read_records(store, STATEMENT_READ_SEGMENT, id, 1, &index, take_segment, row);
}

static enum pd_status take_hods(sqlite3_stmt *statement, const struct store_row *row,
                                const uint64_t *asked, void *out)
{
    uint8_t *hods = out;

    if (!segment_size(row->content_length, asked[1] - 1))
        return PD_OUT_OF_BOUNDS;
    for (uint64_t index = asked[0]; index < asked[1]; index++) {
        const uint8_t *hod = blob(statement, COLUMN_NEXT + 1, 32);

        if (!hod || sqlite3_column_int64(statement, COLUMN_NEXT) != (int64_t)index)
            return PD_UNAVAILABLE;
        memcpy(hods, hod, 32);
        hods += 32;
        if (index + 1 < asked[1] && sqlite3_step(statement) != SQLITE_ROW)
            return PD_UNAVAILABLE;
    }
    return PD_OK;
}

enum pd_status publication_read_v1_hods(struct publication_store *store,
                                        const struct publication_id *id, uint64_t first,
                                        uint32_t count, uint8_t *hods)
{
    const uint64_t asked[2] = {first, first + count};

    if (!count || count > 256)
        return PD_INVALID_PARAMETER;
    if (first > INT64_MAX - 256)
        return PD_OUT_OF_BOUNDS;
    return read_records(store, STATEMENT_READ_HODS, id, 2, asked, take_hods, hods);
}

/* *end receives the offset after the run. */
static enum pd_status take_run(sqlite3_stmt *statement, const struct store_row *row,
                               struct publication_run_v2_row *run, uint64_t *end)
{
    int64_t index = sqlite3_column_int64(statement, COLUMN_NEXT);
    int64_t offset = sqlite3_column_int64(statement, COLUMN_NEXT + 1);
    int64_t count = sqlite3_column_int64(statement, COLUMN_NEXT + 2);
    const uint8_t *bytes;

    if (index < 0 || offset < 0 || count < 1 || count > PUBLICATION_RUN_MAX)
        return PD_UNAVAILABLE;
    run->first_index = (uint64_t)index;
    run->first_offset = (uint64_t)offset;
    run->count = (uint32_t)count;
    bytes = blob(statement, COLUMN_NEXT + 3, 4 * (size_t)count);
    if (!bytes)
        return PD_UNAVAILABLE;
    *end = run->first_offset;
    for (uint32_t i = 0; i < run->count; i++) {
        run->sizes[i] = load_le32(bytes + 4 * i);
        if (!run->sizes[i] || run->sizes[i] > SEGMENT_MAX_SIZE_V2)
            return PD_UNAVAILABLE;
        *end += run->sizes[i];
    }
    if (*end > row->content_length)
        return PD_UNAVAILABLE;
    bytes = blob(statement, COLUMN_NEXT + 4, 32 * (size_t)count);
    if (!bytes)
        return PD_UNAVAILABLE;
    memcpy(run->hods, bytes, 32 * (size_t)count);
    return PD_OK;
}

static enum pd_status take_run_at_index(sqlite3_stmt *statement, const struct store_row *row,
                                        const uint64_t *asked, void *out)
{
    struct publication_run_v2_row *run = out;
    uint64_t end = 0;
    enum pd_status status;

    if (!row->content_length)
        return PD_OUT_OF_BOUNDS;
    status = take_run(statement, row, run, &end);
    if (status != PD_OK || asked[0] < run->first_index + run->count)
        return status;
    /* After the last run, or in a hole. */
    return end == row->content_length ? PD_OUT_OF_BOUNDS : PD_UNAVAILABLE;
}

enum pd_status publication_read_v2_index(struct publication_store *store,
                                         const struct publication_id *id, uint64_t index,
                                         struct publication_run_v2_row *row)
{
    if (index > INT64_MAX)
        return PD_OUT_OF_BOUNDS;
    return read_records(store, STATEMENT_READ_RUN_AT_INDEX, id, 1, &index, take_run_at_index, row);
}

static enum pd_status take_run_at_offset(sqlite3_stmt *statement, const struct store_row *row,
                                         const uint64_t *asked, void *out)
{
    uint64_t end = 0;
    enum pd_status status;

    if (asked[0] >= row->content_length)
        return PD_OUT_OF_BOUNDS;
    status = take_run(statement, row, out, &end);
    return status == PD_OK && asked[0] >= end ? PD_UNAVAILABLE : status;
}

enum pd_status publication_read_v2_offset(struct publication_store *store,
                                          const struct publication_id *id, uint64_t offset,
                                          struct publication_run_v2_row *row)
{
    if (offset > INT64_MAX)
        return PD_OUT_OF_BOUNDS;
    return read_records(store, STATEMENT_READ_RUN_AT_OFFSET, id, 1, &offset, take_run_at_offset,
                        row);
}

/* Adds up the complete publications of living owners; the rows come in their owners' order. */
static enum pd_status count_publications(struct publication_store *store,
                                         struct publication_store_report *report)
{
    sqlite3_stmt *statement = store_statement(store, STATEMENT_REPORT);
    uint8_t owner[STORE_OWNER_SIZE] = {0};
    bool alive = false, known = false;
    int code = statement ? SQLITE_OK : sqlite3_errcode(store->database.db);

    while (statement && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const uint8_t *of = blob(statement, 0, STORE_OWNER_SIZE);
        int64_t length = sqlite3_column_int64(statement, 1);

        if (!of || length < 0) {
            code = SQLITE_CORRUPT;
            break;
        }
        if (!known || memcmp(owner, of, STORE_OWNER_SIZE) != 0) {
            memcpy(owner, of, STORE_OWNER_SIZE);
            alive = store_owner_state(store, owner) == OWNER_ALIVE;
            known = true;
        }
        if (alive) {
            report->publications++;
            report->content_bytes += (uint64_t)length;
        }
    }
    database_done(statement);
    return code == SQLITE_DONE ? PD_OK : store_failed(store, code);
}

void publication_store_inspect(struct publication_store *store,
                               struct publication_store_report *report)
{
    enum pd_status status;

    memset(report, 0, sizeof(*report));
    mutex_lock(&store->mutex);
    status = store_place(store);
    if (store->path)
        snprintf(report->path, sizeof(report->path), "%s", store->path);
    /* Looking makes no database where there is none. */
    if (status == PD_OK && file_exists(store->path)) {
        status = store_ready(store, true);
        if (status == PD_OK)
            status = count_publications(store, report);
    }
    if (status == PD_NO_MEMORY)
        snprintf(report->problem, sizeof(report->problem), "out of memory");
    else if (status != PD_OK)
        snprintf(report->problem, sizeof(report->problem), "%s", store->database.problem);
    mutex_unlock(&store->mutex);
}
