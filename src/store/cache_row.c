/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of the segment table, and what hangs on them: places, links, the count of live bytes of
 * block files. */
#include "store/cache_internal.h"

#include <string.h>

#include "core/bytes.h"

#define PLACE_SIZE 8u

uint32_t cache_block_count(const struct cache_segment *segment)
{
    return segment->scheme.version == 1 ? (segment->size + BLOCK_SIZE_V1 - 1) / BLOCK_SIZE_V1 : 1;
}

uint32_t cache_block_size(const struct cache_segment *segment, uint32_t number)
{
    if (segment->scheme.version != 1)
        return segment->size;
    uint32_t begin = number * BLOCK_SIZE_V1;
    return segment->size - begin < BLOCK_SIZE_V1 ? segment->size - begin : BLOCK_SIZE_V1;
}

static uint8_t scheme_byte(struct segment_scheme scheme)
{
    return (uint8_t)(scheme.version << 4 | (unsigned)scheme.algorithm);
}

int64_t cache_key(const struct cache_segment *segment)
{
    return (int64_t)(load_le64(segment->id) ^ scheme_byte(segment->scheme));
}

size_t cache_name(const struct cache_segment *segment, uint8_t name[CACHE_NAME_MAX])
{
    size_t length = segment_value_size(segment->scheme);
    name[0] = scheme_byte(segment->scheme);
    memcpy(name + 1, segment->id, length);
    return 1 + length;
}

bool cache_row_scheme(const struct cache_row *row, struct segment_scheme *scheme)
{
    *scheme = (struct segment_scheme){row->name[0] >> 4, (enum hash_algorithm)(row->name[0] & 15)};
    return (scheme->version == 1 || scheme->version == 2) &&
           (row->name[0] & 15) < HASH_ALGORITHM_COUNT;
}

/* The segment's geometry and hashes follow from its name and size. False: no segment is like that.
 */
static bool derive(struct cache_row *row)
{
    struct segment_scheme scheme;
    if (!cache_row_scheme(row, &scheme))
        return false;
    uint32_t size_max = scheme.version == 1 ? SEGMENT_SIZE_V1 : SEGMENT_MAX_SIZE_V2;
    if (row->size == 0 || row->size > size_max)
        return false;
    const struct cache_segment segment = {.scheme = scheme, .size = row->size};
    row->block_count = cache_block_count(&segment);
    row->hash_length = scheme.version == 1 ? hash_size(scheme.algorithm) : 0;
    return row->name_length == 1 + segment_value_size(scheme);
}

static void unpack(struct cache_row *row, const uint8_t *packed)
{
    for (uint32_t i = 0; i < row->block_count; i++) {
        row->places[i] = (struct cache_place){load_le32(packed), load_le32(packed + 4)};
        memcpy(row->hashes + i * row->hash_length, packed + PLACE_SIZE, row->hash_length);
        packed += PLACE_SIZE + row->hash_length;
    }
}

static enum pd_status load(struct database *database, enum cache_statement which, int64_t parameter,
                           struct cache_row *row)
{
    sqlite3_stmt *statement = database_statement(database, which, 1, &parameter);
    int code = statement != NULL ? sqlite3_step(statement) : sqlite3_errcode(database->db);
    enum pd_status status = PD_OK;
    row->exists = code == SQLITE_ROW;
    if (row->exists) {
        const void *name = sqlite3_column_blob(statement, 2);
        const void *blocks = sqlite3_column_blob(statement, 7);
        size_t name_length = (size_t)sqlite3_column_bytes(statement, 2);
        sqlite3_int64 size = sqlite3_column_int64(statement, 3);
        row->id = sqlite3_column_int64(statement, 0);
        row->key = sqlite3_column_int64(statement, 1);
        row->size = size > 0 && size <= SEGMENT_SIZE_V1 ? (uint32_t)size : 0;
        row->added = (uint64_t)sqlite3_column_int64(statement, 4);
        row->bytes = (uint64_t)sqlite3_column_int64(statement, 5);
        row->pinned = sqlite3_column_int(statement, 6) != 0;
        bool good = name != NULL && name_length <= CACHE_NAME_MAX;
        for (int column = 3; column <= 6; column++)
            good = good && sqlite3_column_type(statement, column) == SQLITE_INTEGER;
        if (good) {
            memcpy(row->name, name, name_length);
            row->name_length = name_length;
        }
        good = good && derive(row) && row->bytes <= row->size && blocks != NULL &&
               (size_t)sqlite3_column_bytes(statement, 7) ==
                   row->block_count * (PLACE_SIZE + row->hash_length);
        if (good)
            unpack(row, blocks);
        else
            code = SQLITE_CORRUPT;
    }
    database_done(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        status = database_failed(database, code);
    return status;
}

enum pd_status cache_row_find(struct database *database, int64_t key, struct cache_row *row)
{
    return load(database, CACHE_FIND, key, row);
}

enum pd_status cache_row_load(struct database *database, int64_t id, struct cache_row *row)
{
    return load(database, CACHE_FIND_ID, id, row);
}

bool cache_row_is(const struct cache_row *row, const struct cache_segment *segment)
{
    uint8_t name[CACHE_NAME_MAX];
    size_t length = cache_name(segment, name);
    return row->exists && row->size == segment->size && row->name_length == length &&
           memcmp(row->name, name, length) == 0;
}

void cache_row_new(struct cache_row *row, const struct cache_segment *segment, uint64_t now)
{
    row->key = cache_key(segment);
    row->exists = false;
    row->name_length = cache_name(segment, row->name);
    row->size = segment->size;
    row->added = now;
    row->bytes = 0;
    row->pinned = false;
    (void)derive(row);
    memset(row->places, 0, row->block_count * sizeof(row->places[0]));
    memset(row->hashes, 0, row->block_count * row->hash_length);
}

uint32_t cache_row_block_size(const struct cache_row *row, uint32_t number)
{
    const struct cache_segment segment = {.scheme = {row->name[0] >> 4, HASH_SHA256},
                                          .size = row->size};
    return cache_block_size(&segment, number);
}

enum pd_status cache_row_save(struct cache_store *store, struct cache_row *row,
                              const struct cache_segment *segment, uint64_t now)
{
    size_t entry = PLACE_SIZE + row->hash_length;
    const int64_t values[] = {row->exists ? row->id : row->key, (int64_t)row->bytes,
                              row->pinned ? 1 : 0, (int64_t)now};
    sqlite3_stmt *statement =
        database_statement(&store->writer, row->exists ? CACHE_UPDATE : CACHE_INSERT, 4, values);
    uint8_t *packed = sqlite3_malloc64(row->block_count * entry);
    int code = statement == NULL ? sqlite3_errcode(store->writer.db) : SQLITE_OK;
    if (packed == NULL)
        code = SQLITE_NOMEM;
    for (uint32_t i = 0; code == SQLITE_OK && i < row->block_count; i++) {
        store_le32(packed + i * entry, row->places[i].file);
        store_le32(packed + i * entry + 4, row->places[i].position);
        memcpy(packed + i * entry + PLACE_SIZE, row->hashes + i * row->hash_length,
               row->hash_length);
    }
    if (code == SQLITE_OK)
        code =
            sqlite3_bind_blob(statement, 5, packed, (int)(row->block_count * entry), SQLITE_STATIC);
    if (code == SQLITE_OK && !row->exists) {
        int value_size = (int)segment_value_size(segment->scheme);
        sqlite3_bind_int64(statement, 6, row->size);
        sqlite3_bind_int64(statement, 7, (sqlite3_int64)row->added);
        sqlite3_bind_blob(statement, 8, row->name, (int)row->name_length, SQLITE_STATIC);
        sqlite3_bind_blob(statement, 9, segment->hod, value_size, SQLITE_STATIC);
        code = sqlite3_bind_blob(statement, 10, segment->secret, value_size, SQLITE_STATIC);
    }
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    database_done(statement);
    sqlite3_free(packed);
    if (code != SQLITE_DONE)
        return database_failed(&store->writer, code);
    if (!row->exists)
        row->id = sqlite3_last_insert_rowid(store->writer.db);
    row->exists = true;
    return PD_OK;
}

/* One place less in a file. */
static enum pd_status take_live(struct cache_store *store, uint32_t file, uint64_t bytes)
{
    const int64_t values[] = {file, -(int64_t)bytes};
    return database_run(&store->writer, CACHE_FILE_LIVE, 2, values);
}

static bool is_in_file(const struct cache_row *row, uint32_t file)
{
    for (uint32_t i = 0; i < row->block_count; i++)
        if (row->places[i].file == file)
            return true;
    return false;
}

static enum pd_status unplace(struct cache_store *store, const struct cache_row *row, uint32_t file)
{
    const int64_t values[] = {file, row->id};
    return database_run(&store->writer, CACHE_UNPLACE, 2, values);
}

enum pd_status cache_row_remove(struct cache_store *store, const struct cache_row *row)
{
    enum pd_status status = PD_OK;
    uint32_t file = 0;
    uint64_t bytes = 0;
    /* Blocks of a segment mostly stand in one file, one after another. */
    for (uint32_t i = 0; status == PD_OK && i <= row->block_count; i++) {
        uint32_t next = i < row->block_count ? row->places[i].file : 0;
        if (i < row->block_count && next == 0)
            continue;
        if (next != file && file != 0) {
            status = take_live(store, file, bytes);
            if (status == PD_OK)
                status = unplace(store, row, file);
            bytes = 0;
        }
        file = next;
        if (next != 0)
            bytes += cache_row_block_size(row, i);
    }
    if (status == PD_OK)
        status = database_run(&store->writer, CACHE_TAG_DELETE_UNUSED, 1, &row->id);
    if (status == PD_OK)
        status = database_run(&store->writer, CACHE_UNLINK_SEGMENT, 1, &row->id);
    if (status == PD_OK)
        status = database_run(&store->writer, CACHE_DELETE, 1, &row->id);
    return status;
}

enum pd_status cache_row_drop(struct cache_store *store, struct cache_row *row, uint32_t number)
{
    uint32_t file = row->places[number].file;
    uint32_t size = cache_row_block_size(row, number);
    if (row->bytes <= size)
        return cache_row_remove(store, row);
    row->places[number] = (struct cache_place){0};
    row->bytes -= size;
    enum pd_status status = take_live(store, file, size);
    if (status == PD_OK && !is_in_file(row, file))
        status = unplace(store, row, file);
    return status;
}
