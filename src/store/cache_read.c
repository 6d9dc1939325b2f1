/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding places, reading bytes, noting use. */
#include "store/cache_internal.h"

#include <stdlib.h>
#include <string.h>

#include "platform/wall_clock.h"

/* ---- Places ---- */

static void answer(const struct cache_query *query, const struct cache_row *row, uint64_t oldest)
{
    bool found = cache_row_is(row, query->segment) && row->added >= oldest;
    for (uint32_t i = 0; i < query->count; i++) {
        uint32_t number = query->first + i;
        query->places[i] =
            found && number < row->block_count ? row->places[number] : (struct cache_place){0};
    }
}

uint64_t cache_oldest_allowed(struct cache_store *store)
{
    uint64_t now = wall_clock_milliseconds();
    mutex_lock(&store->files);
    uint64_t age = store->age_limit;
    mutex_unlock(&store->files);
    return age == 0 || age * 1000 > now ? 0 : now - age * 1000;
}

enum pd_status cache_locate(struct cache_store *store, const struct cache_query *queries,
                            size_t count)
{
    struct cache_row *row = malloc(sizeof(*row));
    if (row == NULL)
        return PD_NO_MEMORY;
    uint64_t oldest = cache_oldest_allowed(store);
    mutex_lock(&store->reading);
    enum pd_status status = cache_reader_ready(store);
    if (status == PD_OK)
        status = database_run(&store->reader, CACHE_BEGIN_READING, 0, NULL);
    for (size_t i = 0; status == PD_OK && i < count; i++) {
        status = cache_row_find(&store->reader, cache_key(queries[i].segment), row);
        if (status == PD_OK)
            answer(&queries[i], row, oldest);
    }
    if (status == PD_OK)
        status = database_run(&store->reader, CACHE_COMMIT, 0, NULL);
    database_rollback(&store->reader);
    mutex_unlock(&store->reading);
    free(row);
    return status;
}

/* ---- Bytes ---- */

static struct cache_open_file *find_open(struct cache_store *store, uint32_t id)
{
    for (size_t i = 0; i < CACHE_OPEN_FILES; i++)
        if (store->open_files[i].id == id && store->open_files[i].file != NULL)
            return &store->open_files[i];
    return NULL;
}

/* An entry that nobody uses, the one used least recently; NULL when all are in use. */
static struct cache_open_file *find_free(struct cache_store *store)
{
    struct cache_open_file *found = NULL;
    for (size_t i = 0; i < CACHE_OPEN_FILES; i++) {
        struct cache_open_file *entry = &store->open_files[i];
        if (entry->users == 0 && (found == NULL || entry->stamp < found->stamp))
            found = entry;
    }
    return found;
}

/* *kept: the table's entry, NULL when the file is the caller's alone to close. */
static enum pd_status open_block_file(struct cache_store *store, uint32_t id,
                                      struct data_file **file, struct cache_open_file **kept)
{
    enum pd_status status = PD_OK;
    mutex_lock(&store->files);
    struct cache_open_file *entry = find_open(store, id);
    if (entry == NULL) {
        char *path = store->folder != NULL ? cache_block_path(store, id) : NULL;
        status = path != NULL ? data_file_open(path, file) : PD_NOT_FOUND;
        free(path);
        entry = status == PD_OK ? find_free(store) : NULL;
        if (entry != NULL) {
            data_file_close(entry->file);
            *entry = (struct cache_open_file){.id = id, .file = *file};
        }
    } else {
        *file = entry->file;
    }
    if (entry != NULL) {
        entry->users++;
        entry->stamp = ++store->stamp;
    }
    mutex_unlock(&store->files);
    *kept = entry;
    return status;
}

enum pd_status cache_read(struct cache_store *store, const struct cache_place *place, void *out,
                          size_t length)
{
    struct cache_open_file *kept;
    struct data_file *file = NULL;
    enum pd_status status = open_block_file(store, place->file, &file, &kept);
    if (status == PD_OK)
        status = data_file_read(file, place->position, out, length);
    if (kept == NULL) {
        data_file_close(file);
    } else {
        mutex_lock(&store->files);
        kept->users--;
        if (kept->id == 0 && kept->users == 0) { /* it was to be closed meanwhile */
            data_file_close(kept->file);
            *kept = (struct cache_open_file){0};
        }
        mutex_unlock(&store->files);
    }
    return status == PD_OK || status == PD_NO_MEMORY ? status : PD_NOT_FOUND;
}

static void forget(struct cache_open_file *entry)
{
    entry->id = 0;
    if (entry->users == 0) {
        data_file_close(entry->file);
        *entry = (struct cache_open_file){0};
    }
}

void cache_forget_file(struct cache_store *store, uint32_t file)
{
    mutex_lock(&store->files);
    struct cache_open_file *entry = find_open(store, file);
    if (entry != NULL)
        forget(entry);
    mutex_unlock(&store->files);
}

void cache_forget_files(struct cache_store *store)
{
    mutex_lock(&store->files);
    for (size_t i = 0; i < CACHE_OPEN_FILES; i++)
        forget(&store->open_files[i]);
    mutex_unlock(&store->files);
}

/* ---- Use ---- */

/* Under `writing`, or before anybody else knows the store. */
static size_t take_touches(struct cache_store *store, struct cache_touch_note *notes)
{
    mutex_lock(&store->reading);
    size_t count = store->touch_count;
    memcpy(notes, store->touches, count * sizeof(notes[0]));
    store->touch_count = 0;
    mutex_unlock(&store->reading);
    return count;
}

enum pd_status cache_write_touches(struct cache_store *store)
{
    struct cache_touch_note notes[CACHE_TOUCHES];
    size_t count = take_touches(store, notes);
    enum pd_status status = PD_OK;
    int64_t now = (int64_t)wall_clock_milliseconds();
    for (size_t i = 0; status == PD_OK && i < count; i++) {
        const int64_t values[] = {notes[i].key, now, notes[i].times};
        status = database_run(&store->writer, CACHE_USED, 3, values);
    }
    return status;
}

void cache_touch(struct cache_store *store, const struct cache_segment *segment)
{
    int64_t key = cache_key(segment);
    mutex_lock(&store->reading);
    size_t i = 0;
    while (i < store->touch_count && store->touches[i].key != key)
        i++;
    if (i < store->touch_count)
        store->touches[i].times++;
    else if (i < CACHE_TOUCHES)
        store->touches[store->touch_count++] = (struct cache_touch_note){key, 1};
    bool full = store->touch_count == CACHE_TOUCHES;
    mutex_unlock(&store->reading);
    if (!full)
        return;
    /* What cannot be written back now is lost: it only decides what goes first. */
    mutex_lock(&store->writing);
    if (cache_writer_ready(store) == PD_OK && cache_begin(store) == PD_OK)
        (void)cache_end(store, cache_write_touches(store));
    mutex_unlock(&store->writing);
}

enum pd_status cache_foreign_changes(struct cache_store *store, uint64_t *number)
{
    int64_t version = 0;
    mutex_lock(&store->writing);
    enum pd_status status = cache_writer_ready(store);
    if (status == PD_OK)
        status = database_integer(&store->writer, CACHE_DATA_VERSION, 0, NULL, &version);
    mutex_unlock(&store->writing);
    *number = (uint64_t)version;
    return status;
}
