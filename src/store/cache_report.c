/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What people want to know of the cache, and whether it is what it should be. */
#include "store/cache_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash/hash_many.h"

#define VERIFY_BLOCKS 16u

/* ---- Numbers ---- */

static enum pd_status count_files(struct cache_store *store, struct cache_report *report)
{
    sqlite3_stmt *statement = database_statement(&store->writer, CACHE_FILES_ALL, 0, NULL);
    int code = statement != NULL ? SQLITE_ROW : sqlite3_errcode(store->writer.db);
    while (code == SQLITE_ROW && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        char *path = cache_block_path(store, (uint32_t)sqlite3_column_int64(statement, 0));
        uint64_t size = 0;
        report->files++;
        if (path != NULL && data_file_size(path, &size) == PD_OK)
            report->file_bytes += size;
        free(path);
    }
    database_done(statement);
    return code == SQLITE_DONE ? PD_OK : database_failed(&store->writer, code);
}

static enum pd_status count_segments(struct cache_store *store, struct cache_report *report)
{
    sqlite3_stmt *statement = database_statement(&store->writer, CACHE_REPORT, 0, NULL);
    int code = statement != NULL ? sqlite3_step(statement) : sqlite3_errcode(store->writer.db);
    if (code == SQLITE_ROW) {
        report->segments = (uint64_t)sqlite3_column_int64(statement, 0);
        report->bytes = (uint64_t)sqlite3_column_int64(statement, 1);
    }
    database_done(statement);
    return code == SQLITE_ROW ? PD_OK : database_failed(&store->writer, code);
}

static enum pd_status visit_tags(struct cache_store *store,
                                 bool (*visit)(const struct cache_tag_report *tag, void *context),
                                 void *context)
{
    sqlite3_stmt *statement = database_statement(&store->writer, CACHE_REPORT_TAGS, 0, NULL);
    int code = statement != NULL ? SQLITE_ROW : sqlite3_errcode(store->writer.db);
    bool more = true;
    while (more && code == SQLITE_ROW && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct cache_tag_report report = {
            .pinned = sqlite3_column_int(statement, 1) != 0,
            .segments = (uint64_t)sqlite3_column_int64(statement, 2),
            .bytes = (uint64_t)sqlite3_column_int64(statement, 3),
            .hits = (uint64_t)sqlite3_column_int64(statement, 4),
            .added = (uint64_t)sqlite3_column_int64(statement, 5) / 1000,
            .used = (uint64_t)sqlite3_column_int64(statement, 6) / 1000,
        };
        const void *tag = sqlite3_column_blob(statement, 0);
        if (tag == NULL || sqlite3_column_bytes(statement, 0) != (int)sizeof(report.tag)) {
            code = SQLITE_CORRUPT;
            break;
        }
        memcpy(&report.tag, tag, sizeof(report.tag));
        more = visit(&report, context);
    }
    database_done(statement);
    return !more || code == SQLITE_DONE ? PD_OK : database_failed(&store->writer, code);
}

enum pd_status cache_inspect(struct cache_store *store, struct cache_report *report,
                             bool (*visit)(const struct cache_tag_report *tag, void *context),
                             void *context)
{
    memset(report, 0, sizeof(*report));
    mutex_lock(&store->writing);
    report->limits = store->limits;
    enum pd_status status = cache_writer_existing(store);
    if (status == PD_OK)
        status = cache_begin(store);
    if (status == PD_OK)
        status = cache_end(store, cache_write_touches(store));
    if (status == PD_OK)
        status = count_files(store, report);
    if (status == PD_OK)
        status = count_segments(store, report);
    if (status == PD_OK && visit != NULL)
        status = visit_tags(store, visit, context);
    if (store->path != NULL)
        snprintf(report->path, sizeof(report->path), "%s", store->path);
    snprintf(report->problem, sizeof(report->problem), "%s", store->writer.problem);
    mutex_unlock(&store->writing);
    return status == PD_NOT_FOUND ? PD_OK : status;
}

/* ---- Verifying ---- */

struct verifying {
    struct cache_store *store;
    struct cache_row row;
    uint8_t hod[HASH_MAX_SIZE]; /* version 2: the hash of its block */
    uint8_t *data;              /* VERIFY_BLOCKS blocks of the greatest size */
    struct cache_verify_result *result;
};

/* Compares some blocks of the row that stand in the cache; bad[i] tells of the number'th. */
static enum pd_status compare(struct verifying *verifying, const uint32_t *numbers, size_t count,
                              bool *bad)
{
    struct cache_row *row = &verifying->row;
    struct hash_message messages[VERIFY_BLOCKS] = {{0}};
    uint8_t digests[VERIFY_BLOCKS][HASH_MAX_SIZE];
    size_t present[VERIFY_BLOCKS], readable = 0;
    bool version_1 = row->name[0] >> 4 == 1;
    enum hash_algorithm algorithm = (enum hash_algorithm)(row->name[0] & 15);
    size_t length = version_1 ? row->hash_length : row->name_length - 1;
    for (size_t i = 0; i < count; i++) {
        uint32_t size = cache_row_block_size(row, numbers[i]);
        uint8_t *data = verifying->data + i * SEGMENT_MAX_SIZE_V2;
        bad[i] = true;
        if (cache_read(verifying->store, &row->places[numbers[i]], data, size) != PD_OK)
            continue;
        messages[readable] = (struct hash_message){data, size, digests[readable]};
        present[readable++] = i;
    }
    if (readable > 0 && !hash_many(algorithm, messages, readable))
        return PD_NO_MEMORY;
    for (size_t i = 0; i < readable; i++) {
        uint32_t number = numbers[present[i]];
        const uint8_t *hash = version_1 ? row->hashes + number * row->hash_length : verifying->hod;
        bad[present[i]] = memcmp(digests[i], hash, length) != 0;
        verifying->result->bytes += messages[i].length;
    }
    return PD_OK;
}

static enum pd_status load(struct verifying *verifying, int64_t id)
{
    struct database *database = &verifying->store->writer;
    enum pd_status status = cache_row_load(database, id, &verifying->row);
    if (status != PD_OK || !verifying->row.exists)
        return status;
    sqlite3_stmt *statement = database_statement(database, CACHE_FIND_HOD, 1, &id);
    int code = statement != NULL ? sqlite3_step(statement) : sqlite3_errcode(database->db);
    if (code == SQLITE_ROW) {
        const void *hod = sqlite3_column_blob(statement, 0);
        size_t length = (size_t)sqlite3_column_bytes(statement, 0);
        if (hod == NULL || length != verifying->row.name_length - 1)
            code = SQLITE_CORRUPT;
        else
            memcpy(verifying->hod, hod, length);
    }
    database_done(statement);
    return code == SQLITE_ROW ? PD_OK : database_failed(database, code);
}

/* Takes bad blocks out, unless they were written anew meanwhile. */
static enum pd_status drop_bad(struct verifying *verifying, const uint32_t *numbers, size_t count,
                               const bool *bad)
{
    struct cache_segment segment = {.size = verifying->row.size};
    segment.scheme.version = verifying->row.name[0] >> 4;
    segment.scheme.algorithm = (enum hash_algorithm)(verifying->row.name[0] & 15);
    memcpy(segment.id, verifying->row.name + 1, verifying->row.name_length - 1);
    enum pd_status status = PD_OK;
    for (size_t i = 0; status == PD_OK && i < count; i++) {
        if (!bad[i])
            continue;
        verifying->result->dropped++;
        status =
            cache_drop(verifying->store, &segment, numbers[i], &verifying->row.places[numbers[i]]);
    }
    return status;
}

static enum pd_status verify_segment(struct verifying *verifying)
{
    enum pd_status status = PD_OK;
    uint32_t numbers[VERIFY_BLOCKS];
    bool bad[VERIFY_BLOCKS];
    size_t count = 0;
    for (uint32_t i = 0; status == PD_OK && i < verifying->row.block_count; i++) {
        if (verifying->row.places[i].file != 0)
            numbers[count++] = i;
        if (count == VERIFY_BLOCKS || (i + 1 == verifying->row.block_count && count > 0)) {
            status = compare(verifying, numbers, count, bad);
            verifying->result->blocks += count;
            if (status == PD_OK)
                status = drop_bad(verifying, numbers, count, bad);
            count = 0;
        }
    }
    verifying->result->segments++;
    return status;
}

/* The segment after *id; rows are read one at a time, so that others may write in between. */
static enum pd_status next_segment(struct verifying *verifying, int64_t *id, bool *found)
{
    struct cache_store *store = verifying->store;
    mutex_lock(&store->writing);
    enum pd_status status = cache_writer_existing(store);
    *found = false;
    if (status == PD_OK) {
        sqlite3_stmt *statement = database_statement(&store->writer, CACHE_NEXT_SEGMENT, 1, id);
        int code = statement != NULL ? sqlite3_step(statement) : sqlite3_errcode(store->writer.db);
        if (code == SQLITE_ROW) {
            *found = true;
            *id = sqlite3_column_int64(statement, 0);
        }
        database_done(statement);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            status = database_failed(&store->writer, code);
    }
    if (status == PD_OK && *found)
        status = load(verifying, *id);
    mutex_unlock(&store->writing);
    return status;
}

enum pd_status cache_verify(struct cache_store *store,
                            bool (*visit)(const struct cache_verify_result *so_far, void *context),
                            void *context, struct cache_verify_result *result)
{
    struct verifying *verifying = malloc(sizeof(*verifying));
    uint8_t *data = malloc((size_t)VERIFY_BLOCKS * SEGMENT_MAX_SIZE_V2);
    enum pd_status status = PD_NO_MEMORY;
    int64_t id = INT64_MIN;
    bool found = true;
    memset(result, 0, sizeof(*result));
    if (verifying != NULL && data != NULL) {
        verifying->store = store;
        verifying->data = data;
        verifying->result = result;
        status = next_segment(verifying, &id, &found);
        while (status == PD_OK && found) {
            if (verifying->row.exists)
                status = verify_segment(verifying);
            if (visit != NULL && !visit(result, context))
                break;
            if (status == PD_OK)
                status = next_segment(verifying, &id, &found);
        }
    }
    free(data);
    free(verifying);
    return status == PD_NOT_FOUND ? PD_OK : status;
}
