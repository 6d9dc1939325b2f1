/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Segments by their public name: what peers ask for. */
#include "store/cache_internal.h"

#include <stdlib.h>
#include <string.h>

/* The schemes whose IDs are so long, most likely first. */
static unsigned schemes_of(size_t id_length, struct segment_scheme schemes[2])
{
    unsigned count = 0;
    for (int algorithm = HASH_SHA256; algorithm < HASH_ALGORITHM_COUNT; algorithm++)
        if (hash_size((enum hash_algorithm)algorithm) == id_length)
            schemes[count++] = (struct segment_scheme){1, (enum hash_algorithm)algorithm};
    const struct segment_scheme version_2 = {2, HASH_SHA512};
    if (segment_value_size(version_2) == id_length)
        schemes[count++] = version_2;
    return count;
}

/* HoD and Kp, which other reading has no use for. With `reading`. */
static enum pd_status read_names(struct cache_store *store, int64_t id,
                                 struct cache_segment *segment)
{
    size_t length = segment_value_size(segment->scheme);
    sqlite3_stmt *statement = database_statement(&store->reader, CACHE_FIND_NAMES, 1, &id);
    int code = statement != NULL ? sqlite3_step(statement) : sqlite3_errcode(store->reader.db);
    if (code == SQLITE_ROW) {
        const void *hod = sqlite3_column_blob(statement, 0);
        const void *secret = sqlite3_column_blob(statement, 1);
        if (hod != NULL && secret != NULL && (size_t)sqlite3_column_bytes(statement, 0) == length &&
            (size_t)sqlite3_column_bytes(statement, 1) == length) {
            memcpy(segment->hod, hod, length);
            memcpy(segment->secret, secret, length);
        } else {
            code = SQLITE_CORRUPT;
        }
    }
    database_done(statement);
    return code == SQLITE_ROW ? PD_OK : database_failed(&store->reader, code);
}

static void describe(const struct cache_row *row, struct cache_held *held)
{
    held->added = row->added;
    for (uint32_t i = 0; i < row->block_count; i++)
        if (row->places[i].file != 0)
            block_set_add(&held->present, i);
    memcpy(held->places, row->places, row->block_count * sizeof(row->places[0]));
    if (held->segment.scheme.version == 1) {
        held->hash_length = row->hash_length;
        memcpy(held->hashes, row->hashes, row->block_count * row->hash_length);
    } else {
        held->hash_length = segment_value_size(held->segment.scheme);
        memcpy(held->hashes, held->segment.hod, held->hash_length);
    }
}

/* With `reading`, in a transaction. */
static enum pd_status find(struct cache_store *store, const uint8_t *id, size_t id_length,
                           struct cache_row *row, struct cache_held *held)
{
    uint64_t oldest = cache_oldest_allowed(store);
    struct segment_scheme schemes[2];
    unsigned count = schemes_of(id_length, schemes);
    for (unsigned i = 0; i < count; i++) {
        struct cache_segment *segment = &held->segment;
        segment->scheme = schemes[i];
        memcpy(segment->id, id, id_length);
        enum pd_status status = cache_row_find(&store->reader, cache_key(segment), row);
        if (status != PD_OK)
            return status;
        segment->size = row->size; /* which nobody told us */
        if (!cache_row_is(row, segment) || row->added < oldest)
            continue;
        status = read_names(store, row->id, segment);
        if (status == PD_OK)
            describe(row, held);
        return status;
    }
    return PD_NOT_FOUND;
}

enum pd_status cache_find(struct cache_store *store, const uint8_t *id, size_t id_length,
                          struct cache_held *held)
{
    struct cache_row *row = malloc(sizeof(*row));
    if (row == NULL)
        return PD_NO_MEMORY;
    memset(held, 0, offsetof(struct cache_held, hashes));
    mutex_lock(&store->reading);
    enum pd_status status = cache_reader_existing(store);
    if (status == PD_OK)
        status = database_run(&store->reader, CACHE_BEGIN_READING, 0, NULL);
    if (status == PD_OK) {
        status = find(store, id, id_length, row, held);
        if (status == PD_OK || status == PD_NOT_FOUND)
            (void)database_run(&store->reader, CACHE_COMMIT, 0, NULL);
    }
    database_rollback(&store->reader);
    mutex_unlock(&store->reading);
    free(row);
    return status;
}
