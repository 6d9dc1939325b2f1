/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room in block files, and how it is won back.
 *
 * The sum of what files have reserved is never more than the limit, and a file never grows beyond
 * its reservation, which is committed before the bytes are written: so the limit holds on disk,
 * whoever writes and whoever dies. Room comes from segments: old ones, then those used least
 * recently. Files that have no block left are deleted; then the ones with most dead bytes are
 * rewritten. A file is rewritten through memory, and deleted before its blocks are written again:
 * that takes no room, and what a crash takes then is a miss. */
#include "store/cache_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/hex.h"
#include "platform/folder.h"
#include "platform/wall_clock.h"

#define FILE_SIZE_MIN (256u << 10)
#define FILE_SIZE_MAX (16u << 20)
#define EXTENT_MIN    (128u << 10)
#define EXTENT_MAX    (4u << 20)
/* Segments that one write drops for their age. */
#define EXPIRE_STEP 16u
/* The part of the limit that may be dead bytes: the more of it, the fewer live bytes are written
 * again to win a dead one's place. */
#define SLACK_DIVISOR 32u

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
    if (value < low)
        return low;
    return value > high ? high : value;
}

static uint64_t file_size_max(const struct cache_store *store)
{
    return clamp(store->limits.bytes / 16, FILE_SIZE_MIN, FILE_SIZE_MAX);
}

static enum pd_status sum(struct cache_store *store, enum cache_statement which, uint64_t *value)
{
    int64_t total = 0;
    enum pd_status status = database_integer(&store->writer, which, 0, NULL, &total);
    *value = total > 0 ? (uint64_t)total : 0;
    return status;
}

/* ---- Segments ---- */

/* Removes the segment that a statement finds; *removed: there was one. */
static enum pd_status remove_found(struct cache_store *store, enum cache_statement which, int count,
                                   const int64_t *parameters, struct cache_row *row, bool *removed)
{
    sqlite3_stmt *statement = database_statement(&store->writer, which, count, parameters);
    int code = statement != NULL ? sqlite3_step(statement) : sqlite3_errcode(store->writer.db);
    int64_t id = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    database_done(statement);
    *removed = code == SQLITE_ROW;
    if (code == SQLITE_DONE)
        return PD_OK;
    if (code != SQLITE_ROW)
        return database_failed(&store->writer, code);
    enum pd_status status = cache_row_load(&store->writer, id, row);
    return status == PD_OK && row->exists ? cache_row_remove(store, row) : status;
}

static enum pd_status expire(struct cache_store *store, unsigned count)
{
    uint64_t now = wall_clock_milliseconds(), age = store->limits.age_seconds * 1000;
    struct cache_row *row = malloc(sizeof(*row));
    enum pd_status status = row != NULL ? PD_OK : PD_NO_MEMORY;
    bool removed = store->limits.age_seconds != 0 && age < now;
    const int64_t oldest = (int64_t)(now - age);
    for (unsigned i = 0; status == PD_OK && removed && i < count; i++)
        status = remove_found(store, CACHE_OLDEST, 1, &oldest, row, &removed);
    free(row);
    return status;
}

enum pd_status cache_space_expire(struct cache_store *store)
{
    return expire(store, EXPIRE_STEP);
}

/* Until no more than `target` bytes of blocks are left, or only pinned ones. */
static enum pd_status evict(struct cache_store *store, uint64_t target)
{
    struct cache_row *row = malloc(sizeof(*row));
    uint64_t live = 0;
    bool removed = true;
    enum pd_status status = row != NULL ? sum(store, CACHE_FILES_LIVE, &live) : PD_NO_MEMORY;
    while (status == PD_OK && removed && live > target) {
        row->bytes = 0;
        status = remove_found(store, CACHE_OLDEST_USE, 0, NULL, row, &removed);
        live -= row->bytes < live ? row->bytes : live;
    }
    free(row);
    return status;
}

/* ---- Files ---- */

static enum pd_status delete_file(struct cache_store *store, uint32_t id)
{
    char *path = cache_block_path(store, id);
    if (path == NULL)
        return PD_NO_MEMORY;
    cache_forget_file(store, id);
    enum pd_status status = file_delete(path);
    free(path);
    /* One that cannot be deleted goes on being counted. */
    if (status != PD_OK && status != PD_NOT_FOUND)
        return status;
    const int64_t parameter = id;
    return database_run(&store->writer, CACHE_FILE_DELETE, 1, &parameter);
}

enum pd_status cache_space_delete_empty(struct cache_store *store)
{
    int64_t id = 0;
    enum pd_status status;
    do {
        status = database_integer(&store->writer, CACHE_FILE_EMPTY, 0, NULL, &id);
        if (status == PD_OK && id != 0)
            status = delete_file(store, (uint32_t)id);
    } while (status == PD_OK && id != 0);
    return status;
}

static enum pd_status add_file(struct cache_store *store, bool sealed, uint64_t reserved,
                               uint64_t live, uint32_t *id, struct data_file **file)
{
    int64_t next = 0;
    enum pd_status status = database_integer(&store->writer, CACHE_FILE_NEXT_ID, 0, NULL, &next);
    if (status != PD_OK)
        return status;
    if (next <= 0 || next > UINT32_MAX)
        return database_damaged(&store->writer);
    char *path = cache_block_path(store, (uint32_t)next);
    if (path == NULL)
        return PD_NO_MEMORY;
    cache_forget_file(store, (uint32_t)next);
    status = data_file_create(path, file);
    /* One without a row is what a crash left. */
    if (status == PD_ALREADY_EXISTS && file_delete(path) == PD_OK)
        status = data_file_create(path, file);
    free(path);
    if (status != PD_OK)
        return status == PD_NO_MEMORY ? status : PD_UNAVAILABLE;
    const int64_t values[] = {next, sealed ? 1 : 0, (int64_t)reserved, (int64_t)live};
    sqlite3_stmt *statement = database_statement(&store->writer, CACHE_FILE_ADD, 4, values);
    int code = statement != NULL
                   ? sqlite3_bind_blob(statement, 5, store->name, CACHE_WRITER_SIZE, SQLITE_STATIC)
                   : sqlite3_errcode(store->writer.db);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    database_done(statement);
    if (code != SQLITE_DONE) {
        data_file_close(*file);
        *file = NULL;
        return database_failed(&store->writer, code);
    }
    *id = (uint32_t)next;
    return PD_OK;
}

static enum pd_status seal(struct cache_store *store)
{
    if (store->append.id == 0)
        return PD_OK;
    const int64_t values[] = {store->append.id, (int64_t)store->append.position};
    data_file_close(store->append.file);
    store->append = (struct cache_append_file){0};
    return database_run(&store->writer, CACHE_FILE_SEAL, 2, values);
}

enum pd_status cache_space_seal(struct cache_store *store)
{
    if (store->append.id == 0)
        return PD_OK;
    enum pd_status status = cache_begin(store);
    if (status != PD_OK)
        return status;
    status = seal(store);
    if (status == PD_OK)
        status = cache_space_delete_empty(store);
    return cache_end(store, status);
}

/* ---- Rewriting ---- */

/* The blocks of one file in memory, in the order in which they are to be written. */
struct rewriting {
    uint32_t old_id, new_id;
    uint8_t *data;
    size_t capacity, length;
    int64_t *ids;
    size_t id_count;
};

static enum pd_status list_segments(struct cache_store *store, struct rewriting *rewriting)
{
    const int64_t parameter = rewriting->old_id;
    sqlite3_stmt *statement = database_statement(&store->writer, CACHE_PLACED_IN, 1, &parameter);
    int code = statement != NULL ? SQLITE_ROW : sqlite3_errcode(store->writer.db);
    size_t capacity = 0;
    while (code == SQLITE_ROW && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        if (rewriting->id_count == capacity) {
            capacity = capacity == 0 ? 64 : 2 * capacity;
            int64_t *grown = realloc(rewriting->ids, capacity * sizeof(*grown));
            if (grown == NULL) {
                database_done(statement);
                return PD_NO_MEMORY;
            }
            rewriting->ids = grown;
        }
        rewriting->ids[rewriting->id_count++] = sqlite3_column_int64(statement, 0);
    }
    database_done(statement);
    return code == SQLITE_DONE ? PD_OK : database_failed(&store->writer, code);
}

/* Reads the row's blocks that stand in the old file and notes where they will be; what cannot be
 * read is dropped. */
static enum pd_status take_blocks(struct cache_store *store, struct rewriting *rewriting,
                                  struct cache_row *row)
{
    enum pd_status status = PD_OK;
    for (uint32_t i = 0; status == PD_OK && row->bytes > 0 && i < row->block_count; i++) {
        struct cache_place *place = &row->places[i];
        uint32_t size = cache_row_block_size(row, i);
        if (place->file != rewriting->old_id)
            continue;
        if (size <= rewriting->capacity - rewriting->length &&
            cache_read(store, place, rewriting->data + rewriting->length, size) == PD_OK) {
            *place = (struct cache_place){rewriting->new_id, (uint32_t)rewriting->length};
            rewriting->length += size;
            continue;
        }
        bool last = row->bytes <= size;
        status = cache_row_drop(store, row, i);
        if (last)
            row->bytes = 0; /* and the row is gone */
    }
    return status;
}

static enum pd_status rewrite_rows(struct cache_store *store, struct rewriting *rewriting)
{
    struct cache_row *row = malloc(sizeof(*row));
    enum pd_status status = row != NULL ? PD_OK : PD_NO_MEMORY;
    for (size_t i = 0; status == PD_OK && i < rewriting->id_count; i++) {
        size_t before = rewriting->length;
        status = cache_row_load(&store->writer, rewriting->ids[i], row);
        if (status != PD_OK || !row->exists)
            continue;
        status = take_blocks(store, rewriting, row);
        const int64_t values[] = {rewriting->new_id, row->id};
        if (status == PD_OK && row->bytes > 0 && rewriting->length > before)
            status = database_run(&store->writer, CACHE_PLACE, 2, values);
        if (status == PD_OK && row->bytes > 0)
            status = cache_row_save(store, row, NULL, 0);
        const int64_t old[] = {rewriting->old_id, rewriting->ids[i]};
        if (status == PD_OK)
            status = database_run(&store->writer, CACHE_UNPLACE, 2, old);
    }
    free(row);
    return status;
}

static enum pd_status rewrite(struct cache_store *store, uint32_t id, uint64_t live)
{
    struct rewriting rewriting = {.old_id = id, .capacity = (size_t)live};
    struct data_file *file = NULL;
    int64_t next = 0;
    rewriting.data = malloc(rewriting.capacity > 0 ? rewriting.capacity : 1);
    enum pd_status status = rewriting.data != NULL ? PD_OK : PD_NO_MEMORY;
    if (status == PD_OK)
        status = database_integer(&store->writer, CACHE_FILE_NEXT_ID, 0, NULL, &next);
    rewriting.new_id = (uint32_t)next;
    if (status == PD_OK)
        status = list_segments(store, &rewriting);
    if (status == PD_OK)
        status = rewrite_rows(store, &rewriting);
    /* The new one has the number that comes next, as the old one's row stays until it is there. */
    if (status == PD_OK && rewriting.length > 0)
        status =
            add_file(store, true, rewriting.length, rewriting.length, &rewriting.new_id, &file);
    if (status == PD_OK)
        status = delete_file(store, id);
    if (status == PD_OK && rewriting.length > 0 &&
        data_file_write(file, 0, rewriting.data, rewriting.length) != PD_OK)
        status = PD_UNAVAILABLE;
    data_file_close(file);
    free(rewriting.ids);
    free(rewriting.data);
    return status;
}

/* The sealed file with most dead bytes; *id 0: there is nothing to be won. */
static enum pd_status find_most_dead(struct cache_store *store, uint32_t *id, uint64_t *live)
{
    sqlite3_stmt *statement = database_statement(&store->writer, CACHE_FILE_MOST_DEAD, 0, NULL);
    int code = statement != NULL ? sqlite3_step(statement) : sqlite3_errcode(store->writer.db);
    *id = 0;
    if (code == SQLITE_ROW) {
        int64_t size = sqlite3_column_int64(statement, 1);
        int64_t bytes = sqlite3_column_int64(statement, 2);
        if (bytes >= 0 && size > bytes && size <= UINT32_MAX) {
            *id = (uint32_t)sqlite3_column_int64(statement, 0);
            *live = (uint64_t)bytes;
        }
    }
    database_done(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? PD_OK
                                                     : database_failed(&store->writer, code);
}

/* Gives dead bytes back until `goal` bytes can be reserved; *lacking: how many are left over. */
static enum pd_status reclaim(struct cache_store *store, uint64_t goal, uint64_t *lacking)
{
    uint64_t limit = store->limits.bytes, reserved = 0, live = 0;
    uint32_t id = 1;
    enum pd_status status = cache_space_delete_empty(store);
    while (status == PD_OK) {
        status = sum(store, CACHE_FILES_RESERVED, &reserved);
        *lacking = reserved + goal > limit ? reserved + goal - limit : 0;
        if (status == PD_OK && *lacking > 0)
            status = find_most_dead(store, &id, &live);
        if (status != PD_OK || *lacking == 0 || id == 0)
            break;
        status = rewrite(store, id, live);
    }
    return status;
}

/* In a transaction. *room: `goal` bytes can be reserved. What others have reserved and not written
 * yet cannot be won back: so what lacks in the end is taken from the segments. */
static enum pd_status make_room(struct cache_store *store, uint64_t goal, bool *room)
{
    uint64_t limit = store->limits.bytes, slack = limit / SLACK_DIVISOR;
    uint64_t target = limit > goal + slack ? limit - goal - slack : 0;
    uint64_t lacking = 0, before = UINT64_MAX, live = 0;
    enum pd_status status = expire(store, UINT32_MAX);
    for (;;) {
        if (status == PD_OK)
            status = evict(store, target);
        if (status == PD_OK)
            status = reclaim(store, goal, &lacking);
        if (status == PD_OK)
            status = sum(store, CACHE_FILES_LIVE, &live);
        *room = lacking == 0;
        if (status != PD_OK || *room || live == 0 || live >= before)
            return status;
        before = live;
        target = live > lacking ? live - lacking : 0;
    }
}

/* ---- Reserving ---- */

/* Goes on with a file that another writer left short; in a transaction. */
static enum pd_status adopt(struct cache_store *store)
{
    const int64_t half = (int64_t)file_size_max(store) / 2;
    sqlite3_stmt *statement = database_statement(&store->writer, CACHE_FILE_ADOPTABLE, 1, &half);
    int code = statement != NULL ? sqlite3_step(statement) : sqlite3_errcode(store->writer.db);
    int64_t id = 0, size = 0;
    if (code == SQLITE_ROW) {
        id = sqlite3_column_int64(statement, 0);
        size = sqlite3_column_int64(statement, 1);
    }
    database_done(statement);
    if (code == SQLITE_DONE || (code == SQLITE_ROW && (id <= 0 || id > UINT32_MAX || size < 0)))
        return PD_OK;
    if (code != SQLITE_ROW)
        return database_failed(&store->writer, code);
    struct data_file *file = NULL;
    char *path = cache_block_path(store, (uint32_t)id);
    enum pd_status opened = path != NULL ? data_file_open_for_writing(path, &file) : PD_NO_MEMORY;
    free(path);
    if (opened != PD_OK)
        return opened == PD_NO_MEMORY ? opened : PD_OK; /* a new one will do */
    statement = database_statement(&store->writer, CACHE_FILE_ADOPT, 1, &id);
    code = statement != NULL
               ? sqlite3_bind_blob(statement, 2, store->name, CACHE_WRITER_SIZE, SQLITE_STATIC)
               : sqlite3_errcode(store->writer.db);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    database_done(statement);
    if (code != SQLITE_DONE) {
        data_file_close(file);
        return database_failed(&store->writer, code);
    }
    store->append = (struct cache_append_file){(uint32_t)id, (uint64_t)size, (uint64_t)size, file};
    return PD_OK;
}

static enum pd_status ready_append_file(struct cache_store *store, uint64_t bytes)
{
    enum pd_status status = PD_OK;
    if (store->append.id != 0 && store->append.position + bytes > file_size_max(store) &&
        store->append.position > 0)
        status = seal(store);
    if (status == PD_OK && store->append.id == 0)
        status = adopt(store);
    if (status == PD_OK && store->append.id != 0 &&
        store->append.position + bytes > file_size_max(store))
        status = seal(store);
    if (status == PD_OK && store->append.id == 0) {
        struct cache_append_file made = {0};
        status = add_file(store, false, 0, 0, &made.id, &made.file);
        if (status == PD_OK)
            store->append = made;
    }
    return status;
}

static enum pd_status reserve(struct cache_store *store, uint64_t bytes)
{
    uint64_t limit = store->limits.bytes, total = 0;
    enum pd_status status = ready_append_file(store, bytes);
    if (status != PD_OK)
        return status;
    uint64_t need = store->append.position + bytes - store->append.reserved;
    uint64_t extent = clamp(limit / 64, EXTENT_MIN, EXTENT_MAX);
    uint64_t grow = (need + extent - 1) / extent * extent;
    bool room = true;
    status = sum(store, CACHE_FILES_RESERVED, &total);
    if (status == PD_OK && total + grow > limit) {
        status = make_room(store, grow, &room);
        if (status == PD_OK && !room)
            status = sum(store, CACHE_FILES_RESERVED, &total);
        if (status == PD_OK && !room && total + need <= limit) {
            grow = need;
            room = true;
        }
    }
    if (status == PD_OK && !room)
        return PD_INSUFFICIENT_BUFFER;
    const int64_t values[] = {store->append.id, (int64_t)(store->append.reserved + grow)};
    if (status == PD_OK)
        status = database_run(&store->writer, CACHE_FILE_RESERVE, 2, values);
    if (status == PD_OK)
        store->append.reserved += grow;
    return status;
}

enum pd_status cache_space_reserve(struct cache_store *store, uint64_t bytes)
{
    if (bytes > store->limits.bytes || bytes > UINT32_MAX / 2)
        return PD_INSUFFICIENT_BUFFER;
    if (store->append.id != 0 && store->append.position + bytes <= store->append.reserved &&
        store->append.position + bytes <= file_size_max(store))
        return PD_OK;
    enum pd_status status = cache_begin(store);
    if (status != PD_OK)
        return status;
    status = reserve(store, bytes);
    /* What was won so far stays won. */
    bool no_room = status == PD_INSUFFICIENT_BUFFER;
    status = cache_end(store, no_room ? PD_OK : status);
    if (status != PD_OK) {
        data_file_close(store->append.file);
        store->append = (struct cache_append_file){0};
        store->swept = false; /* the file that was appended to is nobody's now */
    }
    return status == PD_OK && no_room ? PD_INSUFFICIENT_BUFFER : status;
}

enum pd_status cache_trim(struct cache_store *store)
{
    bool room = true;
    uint64_t reserved = 0;
    mutex_lock(&store->writing);
    enum pd_status status = cache_writer_existing(store);
    if (status == PD_NOT_FOUND) {
        mutex_unlock(&store->writing);
        return PD_OK;
    }
    if (status == PD_OK)
        status = cache_writer_lock(store);
    if (status == PD_OK)
        status = cache_begin(store);
    if (status == PD_OK) {
        status = seal(store);
        if (status == PD_OK)
            status = expire(store, UINT32_MAX);
        if (status == PD_OK)
            status = cache_space_delete_empty(store);
        if (status == PD_OK)
            status = sum(store, CACHE_FILES_RESERVED, &reserved);
        if (status == PD_OK && reserved > store->limits.bytes)
            status = make_room(store, 0, &room);
        if (status == PD_OK)
            status = database_run(&store->writer, CACHE_SHRINK, 0, NULL);
        status = cache_end(store, status);
    }
    mutex_unlock(&store->writing);
    return status;
}

/* ---- After the dead ---- */

/* A dead writer's file takes up what is on disk, and no more is written to it. */
static enum pd_status seal_dead(struct cache_store *store)
{
    int64_t id = 0;
    enum pd_status status = PD_OK;
    do {
        sqlite3_stmt *statement = database_statement(&store->writer, CACHE_FILES_OPEN, 1, &id);
        int code = statement != NULL ? sqlite3_step(statement) : sqlite3_errcode(store->writer.db);
        uint8_t writer[CACHE_WRITER_SIZE] = {0};
        id = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
        if (id != 0 && sqlite3_column_bytes(statement, 1) == (int)sizeof(writer))
            memcpy(writer, sqlite3_column_blob(statement, 1), sizeof(writer));
        database_done(statement);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            return database_failed(&store->writer, code);
        bool own = store->lock != NULL && memcmp(writer, store->name, sizeof(writer)) == 0;
        if (id != 0 &&
            (own ? (uint32_t)id != store->append.id : !cache_writer_lives(store, writer))) {
            char *path = cache_block_path(store, (uint32_t)id);
            uint64_t size = 0;
            status = path != NULL ? PD_OK : PD_NO_MEMORY;
            if (status == PD_OK && data_file_size(path, &size) != PD_OK)
                size = 0;
            free(path);
            const int64_t values[] = {id, (int64_t)size};
            if (status == PD_OK)
                status = database_run(&store->writer, CACHE_FILE_SEAL, 2, values);
        }
    } while (status == PD_OK && id != 0);
    return status;
}

/* The digits between a prefix and a suffix; false for other names. */
static bool parse_name(const char *name, const char *prefix, const char *suffix, uint8_t *bytes,
                       size_t length)
{
    size_t before = strlen(prefix), digits = 2 * length;
    return strlen(name) == before + digits + strlen(suffix) && strncmp(name, prefix, before) == 0 &&
           strcmp(name + before + digits, suffix) == 0 && hex_decode(name + before, bytes, length);
}

/* A block file without a row, and the lock of a dead writer. Nobody else is about to make such a
 * row: that would take this transaction. */
static bool visit_file(const char *name, void *context)
{
    struct cache_store *store = context;
    uint8_t id[4], writer[CACHE_WRITER_SIZE];
    char *path = path_join(store->folder, name);
    if (path == NULL)
        return true;
    if (parse_name(name, CACHE_FILES_PREFIX, CACHE_FILES_SUFFIX, id, sizeof(id))) {
        const int64_t parameter = load_be32(id);
        int64_t count = 1;
        if (database_integer(&store->writer, CACHE_FILE_EXISTS, 1, &parameter, &count) == PD_OK &&
            count == 0)
            (void)file_delete(path);
    } else if (parse_name(name, CACHE_WRITER_PREFIX, CACHE_WRITER_SUFFIX, writer, sizeof(writer)) &&
               !cache_writer_lives(store, writer)) {
        (void)file_delete(path);
    }
    free(path);
    return store->writer.db != NULL;
}

enum pd_status cache_space_sweep(struct cache_store *store)
{
    const int64_t now = (int64_t)wall_clock_milliseconds();
    enum pd_status status = cache_begin(store);
    if (status != PD_OK)
        return status;
    status = seal_dead(store);
    if (status == PD_OK)
        status = cache_space_delete_empty(store);
    if (status == PD_OK)
        status = database_run(&store->writer, CACHE_FETCH_EXPIRE, 1, &now);
    if (status == PD_OK)
        (void)folder_list(store->folder, FOLDER_FILES, visit_file, store);
    if (status == PD_OK && store->writer.db == NULL)
        status = PD_UNAVAILABLE;
    return cache_end(store, status);
}
