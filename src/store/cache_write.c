/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes first, then the rows that name them, in one transaction; and the way back for blocks that
 * turned out bad. */
#include "store/cache_internal.h"

#include <stdlib.h>
#include <string.h>

#include "platform/wall_clock.h"

/* Bytes that are reserved and written together. */
#define STEP_BYTES (2u << 20)

/* A part of the caller's blocks. */
struct batch {
    const struct cache_block *blocks;
    size_t count;
    struct cache_place *places; /* where the new ones were written; file 0: not written */
    struct cache_row *row;      /* the segment that is being looked at */
    uint64_t now, oldest;
};

/* The row is this segment's, and not over the age limit. Two segments of one key are as good as
 * impossible: another one is a damaged row. */
static bool is_good(const struct batch *batch, const struct cache_segment *segment)
{
    return cache_row_is(batch->row, segment) && batch->row->added >= batch->oldest;
}

static bool same_segment(const struct cache_block *a, const struct cache_block *b)
{
    return a->segment == b->segment ||
           (cache_key(a->segment) == cache_key(b->segment) && a->segment->size == b->segment->size);
}

static uint32_t block_size(const struct cache_block *block)
{
    return cache_block_size(block->segment, block->number);
}

/* Marks the blocks that are to be written, with file 1, and adds up their bytes. In a transaction:
 * each look outside of one would take and leave the locks. */
static enum pd_status mark_new(struct cache_store *store, struct batch *batch, uint64_t *bytes,
                               bool *all)
{
    struct cache_row *row = batch->row;
    *bytes = 0;
    *all = true;
    for (size_t i = 0; i < batch->count; i++) {
        const struct cache_block *block = &batch->blocks[i];
        if (i == 0 || !same_segment(block, block - 1)) {
            enum pd_status status = cache_row_find(&store->writer, cache_key(block->segment), row);
            if (status != PD_OK)
                return status;
        }
        bool present = is_good(batch, block->segment) && row->places[block->number].file != 0;
        batch->places[i].file = present ? 0 : 1;
        *bytes += present ? 0 : block_size(block);
        *all = *all && !present;
    }
    return PD_OK;
}

/* Some is there already, says the writer. Who brings it again may have been told otherwise by the
 * reader. */
static void compare_views(struct cache_store *store, struct batch *batch)
{
    struct cache_row *row = batch->row;
    bool same = true;
    mutex_lock(&store->reading);
    enum pd_status status = cache_reader_ready(store);
    if (status == PD_OK)
        status = database_run(&store->reader, CACHE_BEGIN_READING, 0, NULL);
    for (size_t i = 0; status == PD_OK && same && i < batch->count; i++) {
        const struct cache_block *block = &batch->blocks[i];
        if (i == 0 || !same_segment(block, block - 1))
            status = cache_row_find(&store->reader, cache_key(block->segment), row);
        if (status == PD_OK && batch->places[i].file == 0)
            same = is_good(batch, block->segment) && row->places[block->number].file != 0;
    }
    database_rollback(&store->reader);
    mutex_unlock(&store->reading);
    if (status == PD_OK && !same)
        cache_doubt(store);
}

static enum pd_status choose(struct cache_store *store, struct batch *batch, uint64_t *bytes)
{
    bool all = true;
    enum pd_status status = database_run(&store->writer, CACHE_BEGIN_READING, 0, NULL);
    if (status == PD_OK)
        status = cache_end(store, mark_new(store, batch, bytes, &all));
    if (status == PD_OK && !all)
        compare_views(store, batch);
    return status;
}

static enum pd_status write_bytes(struct cache_store *store, struct batch *batch)
{
    uint64_t position = store->append.position;
    for (size_t i = 0; i < batch->count; i++) {
        const struct cache_block *block = &batch->blocks[i];
        if (batch->places[i].file == 0)
            continue;
        batch->places[i] = (struct cache_place){store->append.id, (uint32_t)position};
        if (data_file_write(store->append.file, position, block->data, block_size(block)) != PD_OK)
            return PD_UNAVAILABLE;
        position += block_size(block);
    }
    return PD_OK;
}

/* ---- Rows ---- */

struct tag_row {
    const struct cache_tag *tag;
    int64_t id;
    bool pinned;
};

static enum pd_status find_tag(struct cache_store *store, const struct cache_tag *tag, uint64_t now,
                               struct tag_row *found)
{
    const int64_t values[] = {0, (int64_t)now};
    sqlite3_stmt *add = database_statement(&store->writer, CACHE_TAG_ADD, 2, values);
    int code = add != NULL ? sqlite3_bind_blob(add, 3, tag, sizeof(*tag), SQLITE_STATIC)
                           : sqlite3_errcode(store->writer.db);
    if (code == SQLITE_OK)
        code = sqlite3_step(add);
    database_done(add);
    if (code != SQLITE_DONE)
        return database_failed(&store->writer, code);
    sqlite3_stmt *find = database_statement(&store->writer, CACHE_TAG_FIND, 0, NULL);
    code = find != NULL ? sqlite3_bind_blob(find, 1, tag, sizeof(*tag), SQLITE_STATIC)
                        : sqlite3_errcode(store->writer.db);
    if (code == SQLITE_OK)
        code = sqlite3_step(find);
    if (code == SQLITE_ROW)
        *found =
            (struct tag_row){tag, sqlite3_column_int64(find, 0), sqlite3_column_int(find, 1) != 0};
    database_done(find);
    return code == SQLITE_ROW ? PD_OK : database_failed(&store->writer, code);
}

static bool same_tag(const struct cache_tag *a, const struct cache_tag *b)
{
    return a == b || memcmp(a, b, sizeof(*a)) == 0;
}

/* Makes *tag the one of the i-th block. */
static enum pd_status use_tag(struct cache_store *store, const struct batch *batch, size_t i,
                              struct tag_row *tag)
{
    if (tag->tag != NULL && same_tag(tag->tag, batch->blocks[i].tag))
        return PD_OK;
    return find_tag(store, batch->blocks[i].tag, batch->now, tag);
}

static enum pd_status link_segment(struct cache_store *store, const struct tag_row *tag,
                                   int64_t segment)
{
    const int64_t values[] = {tag->id, segment};
    return database_run(&store->writer, CACHE_LINK, 2, values);
}

/* All blocks of the batch from `first` on that belong to one segment; *end is after the last. */
static enum pd_status write_segment(struct cache_store *store, struct batch *batch, size_t first,
                                    size_t *end, struct tag_row *tag, uint64_t *live)
{
    const struct cache_segment *segment = batch->blocks[first].segment;
    struct cache_row *row = batch->row;
    bool placed = false;
    size_t i = first;
    enum pd_status status = cache_row_find(&store->writer, cache_key(segment), row);
    bool good = status == PD_OK && is_good(batch, segment);
    if (status == PD_OK && row->exists && !good)
        status = cache_row_remove(store, row);
    if (status == PD_OK && !good)
        cache_row_new(row, segment, batch->now);
    for (; i < batch->count && same_segment(&batch->blocks[i], &batch->blocks[first]); i++) {
        const struct cache_block *block = &batch->blocks[i];
        struct cache_place *place = &row->places[block->number];
        if (status != PD_OK || batch->places[i].file == 0 || place->file != 0)
            continue; /* another process may have brought it meanwhile */
        *place = batch->places[i];
        memcpy(row->hashes + block->number * row->hash_length, block->hash, row->hash_length);
        row->bytes += block_size(block);
        *live += block_size(block);
        placed = true;
    }
    *end = i;
    if (status != PD_OK || row->bytes == 0)
        return status;
    for (i = first; status == PD_OK && i < *end; i++) {
        status = use_tag(store, batch, i, tag);
        row->pinned = row->pinned || (status == PD_OK && tag->pinned);
    }
    if (status == PD_OK)
        status = cache_row_save(store, row, segment, batch->now);
    for (i = first; status == PD_OK && i < *end; i++) {
        if (i > first && same_tag(batch->blocks[i].tag, batch->blocks[i - 1].tag))
            continue;
        status = use_tag(store, batch, i, tag);
        if (status == PD_OK)
            status = link_segment(store, tag, row->id);
    }
    if (status == PD_OK && placed) {
        const int64_t values[] = {store->append.id, row->id};
        status = database_run(&store->writer, CACHE_PLACE, 2, values);
    }
    return status;
}

/* Whoever waits for these blocks finds them now. */
static enum pd_status end_fetches(struct cache_store *store, const struct batch *batch)
{
    int64_t any = 0;
    enum pd_status status = database_integer(&store->writer, CACHE_FETCH_ANY, 0, NULL, &any);
    for (size_t i = 0; status == PD_OK && any != 0 && i < batch->count; i++) {
        const int64_t values[] = {cache_key(batch->blocks[i].segment), batch->blocks[i].number};
        status = database_run(&store->writer, CACHE_FETCH_DONE, 2, values);
    }
    return status;
}

static enum pd_status write_rows(struct cache_store *store, struct batch *batch)
{
    struct tag_row tag = {0};
    uint64_t live = 0;
    enum pd_status status = PD_OK;
    for (size_t i = 0; status == PD_OK && i < batch->count;)
        status = write_segment(store, batch, i, &i, &tag, &live);
    if (status == PD_OK && live > 0) {
        const int64_t values[] = {store->append.id, (int64_t)live};
        status = database_run(&store->writer, CACHE_FILE_LIVE, 2, values);
    }
    if (status == PD_OK)
        status = end_fetches(store, batch);
    if (status == PD_OK)
        status = cache_write_touches(store);
    if (status == PD_OK)
        status = cache_space_expire(store);
    return status;
}

static enum pd_status write_batch(struct cache_store *store, struct batch *batch)
{
    uint64_t bytes;
    enum pd_status status = choose(store, batch, &bytes);
    if (status == PD_OK && bytes > 0) {
        status = cache_space_reserve(store, bytes);
        if (status == PD_INSUFFICIENT_BUFFER) {
            memset(batch->places, 0, batch->count * sizeof(batch->places[0]));
            status = PD_OK;
            bytes = 0;
        } else if (status == PD_OK) {
            status = write_bytes(store, batch);
        }
    }
    if (status == PD_OK)
        status = cache_begin(store);
    if (status == PD_OK)
        status = cache_end(store, write_rows(store, batch));
    if (status == PD_OK && bytes > 0)
        store->append.position += bytes;
    return status;
}

/* Blocks that fill a step: at least one. */
static size_t step_of(const struct cache_store *store, const struct cache_block *blocks,
                      size_t count)
{
    uint64_t most = store->limits.bytes / 8 < STEP_BYTES ? store->limits.bytes / 8 : STEP_BYTES;
    uint64_t bytes = 0;
    size_t taken = 0;
    while (taken < count && (taken == 0 || bytes + block_size(&blocks[taken]) <= most))
        bytes += block_size(&blocks[taken++]);
    return taken;
}

enum pd_status cache_write(struct cache_store *store, const struct cache_block *blocks,
                           size_t count)
{
    struct batch batch = {
        .places = calloc(count > 0 ? count : 1, sizeof(struct cache_place)),
        .row = malloc(sizeof(struct cache_row)),
        .now = wall_clock_milliseconds(),
        .oldest = cache_oldest_allowed(store),
    };
    enum pd_status status = PD_NO_MEMORY;
    bool again = true;
    mutex_lock(&store->writing);
    if (batch.places != NULL && batch.row != NULL)
        status = cache_writer_ready(store);
    if (status == PD_OK)
        status = cache_writer_lock(store);
    for (size_t done = 0; status == PD_OK && done < count;) {
        batch.blocks = blocks + done;
        batch.count = step_of(store, batch.blocks, count - done);
        status = write_batch(store, &batch);
        if (status == PD_OK) {
            done += batch.count;
        } else if (store->writer.damaged && again) {
            again = false;
            status = cache_writer_ready(store); /* makes the index anew */
        }
    }
    mutex_unlock(&store->writing);
    free(batch.row);
    free(batch.places);
    return status;
}

enum pd_status cache_drop(struct cache_store *store, const struct cache_segment *segment,
                          uint32_t number, const struct cache_place *place)
{
    struct cache_row *row = malloc(sizeof(*row));
    if (row == NULL)
        return PD_NO_MEMORY;
    mutex_lock(&store->writing);
    enum pd_status status = cache_writer_ready(store);
    if (status == PD_OK)
        status = cache_begin(store);
    if (status == PD_OK) {
        status = cache_row_find(&store->writer, cache_key(segment), row);
        if (status == PD_OK && !(cache_row_is(row, segment) && number < row->block_count &&
                                 row->places[number].file == place->file &&
                                 row->places[number].position == place->position)) {
            cache_doubt(store);
        } else if (status == PD_OK) {
            bool last = row->bytes <= cache_row_block_size(row, number);
            status = cache_row_drop(store, row, number);
            if (status == PD_OK && !last)
                status = cache_row_save(store, row, segment, 0);
        }
        status = cache_end(store, status);
    }
    mutex_unlock(&store->writing);
    free(row);
    return status;
}
