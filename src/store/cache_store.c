/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data cache's place, tables and connections, and the lives of those who write to it. */
#include "store/cache_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hex.h"
#include "platform/folder.h"
#include "platform/random.h"

#define APPLICATION 0x50644361 /* "PdCa" */
#define VERSION     1

/* A segment is found by its key, the first 64 bits of its ID; everything else names it by its
 * number, which counts up: so what is written together stands together, and few pages change.
 * `blocks` holds, for every block, file and position, and in version 1 the hash. */
static const char schema[] =
    "CREATE TABLE segment(id INTEGER PRIMARY KEY, key INTEGER NOT NULL UNIQUE, name BLOB NOT NULL, "
    "size INTEGER NOT NULL,"
    " hod BLOB NOT NULL, secret BLOB NOT NULL, added INTEGER NOT NULL, used INTEGER NOT NULL,"
    " hits INTEGER NOT NULL, bytes INTEGER NOT NULL, pinned INTEGER NOT NULL,"
    " blocks BLOB NOT NULL);"
    "CREATE INDEX segment_used ON segment(pinned, used);"
    "CREATE INDEX segment_added ON segment(added);"
    "CREATE TABLE file(id INTEGER PRIMARY KEY, writer BLOB NOT NULL, sealed INTEGER NOT NULL,"
    " reserved INTEGER NOT NULL, live INTEGER NOT NULL);"
    "CREATE TABLE placed(file INTEGER NOT NULL, segment INTEGER NOT NULL,"
    " PRIMARY KEY(file, segment)) WITHOUT ROWID;"
    "CREATE TABLE tag(id INTEGER PRIMARY KEY, tag BLOB NOT NULL UNIQUE, pinned INTEGER NOT NULL,"
    " added INTEGER NOT NULL);"
    "CREATE TABLE link(tag INTEGER NOT NULL, segment INTEGER NOT NULL,"
    " PRIMARY KEY(tag, segment)) WITHOUT ROWID;"
    "CREATE INDEX link_segment ON link(segment, tag);"
    "CREATE TABLE fetch(segment INTEGER NOT NULL, number INTEGER NOT NULL, writer BLOB NOT NULL,"
    " fetcher INTEGER NOT NULL, name BLOB NOT NULL, position INTEGER NOT NULL,"
    " waits INTEGER NOT NULL, expires INTEGER NOT NULL,"
    " PRIMARY KEY(segment, number, writer, fetcher)) WITHOUT ROWID;";

static const char *const statements[CACHE_STATEMENT_COUNT] = {
    [CACHE_BEGIN_READING] = "BEGIN",
    [CACHE_BEGIN] = "BEGIN IMMEDIATE",
    [CACHE_COMMIT] = "COMMIT",
    [CACHE_FIND] = "SELECT id, key, name, size, added, bytes, pinned, blocks FROM segment"
                   " WHERE key=?1",
    [CACHE_FIND_ID] = "SELECT id, key, name, size, added, bytes, pinned, blocks FROM segment"
                      " WHERE id=?1",
    [CACHE_FIND_HOD] = "SELECT hod FROM segment WHERE id=?1",
    [CACHE_FIND_NAMES] = "SELECT hod, secret FROM segment WHERE id=?1",
    [CACHE_INSERT] = "INSERT INTO segment(key, bytes, pinned, used, blocks, size, added, name, hod,"
                     " secret, hits) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0)",
    [CACHE_UPDATE] = "UPDATE segment SET bytes=?2, pinned=?3,"
                     " used=CASE ?4 WHEN 0 THEN used ELSE ?4 END, blocks=?5 WHERE id=?1",
    [CACHE_DELETE] = "DELETE FROM segment WHERE id=?1",
    [CACHE_USED] = "UPDATE segment SET used=?2, hits=hits+?3 WHERE key=?1",
    [CACHE_OLDEST_USE] = "SELECT id FROM segment WHERE pinned=0 ORDER BY used LIMIT 1",
    [CACHE_OLDEST] = "SELECT id FROM segment WHERE added<?1 ORDER BY added LIMIT 1",
    [CACHE_NEXT_SEGMENT] = "SELECT id FROM segment WHERE id>?1 ORDER BY id LIMIT 1",
    [CACHE_FILE_NEXT_ID] = "SELECT coalesce(max(id), 0) + 1 FROM file",
    [CACHE_FILE_ADD] = "INSERT INTO file(id, sealed, reserved, live, writer)"
                       " VALUES(?1, ?2, ?3, ?4, ?5)",
    [CACHE_FILE_RESERVE] = "UPDATE file SET reserved=?2 WHERE id=?1",
    [CACHE_FILE_LIVE] = "UPDATE file SET live=live+?2 WHERE id=?1",
    [CACHE_FILE_SEAL] = "UPDATE file SET sealed=1, reserved=?2 WHERE id=?1",
    [CACHE_FILE_ADOPTABLE] = "SELECT id, reserved FROM file WHERE sealed=1 AND live>0"
                             " AND reserved<=?1 ORDER BY reserved DESC LIMIT 1",
    [CACHE_FILE_ADOPT] = "UPDATE file SET sealed=0, writer=?2 WHERE id=?1",
    [CACHE_FILE_DELETE] = "DELETE FROM file WHERE id=?1",
    [CACHE_FILE_EXISTS] = "SELECT count(*) FROM file WHERE id=?1",
    [CACHE_FILE_EMPTY] = "SELECT id FROM file WHERE sealed=1 AND live<=0 AND NOT EXISTS"
                         " (SELECT 1 FROM placed WHERE placed.file=file.id) LIMIT 1",
    [CACHE_FILES_OPEN] = "SELECT id, writer FROM file WHERE sealed=0 AND id>?1 ORDER BY id LIMIT 1",
    [CACHE_FILE_MOST_DEAD] = "SELECT id, reserved, live FROM file WHERE sealed=1"
                             " ORDER BY reserved-live DESC LIMIT 1",
    [CACHE_FILES_ALL] = "SELECT id FROM file",
    [CACHE_FILES_RESERVED] = "SELECT coalesce(sum(reserved), 0) FROM file",
    [CACHE_FILES_LIVE] = "SELECT coalesce(sum(live), 0) FROM file",
    [CACHE_PLACE] = "INSERT OR IGNORE INTO placed(file, segment) VALUES(?1, ?2)",
    [CACHE_UNPLACE] = "DELETE FROM placed WHERE file=?1 AND segment=?2",
    [CACHE_PLACED_IN] = "SELECT segment FROM placed WHERE file=?1",
    [CACHE_TAG_ADD] = "INSERT OR IGNORE INTO tag(pinned, added, tag) VALUES(?1, ?2, ?3)",
    [CACHE_TAG_FIND] = "SELECT id, pinned FROM tag WHERE tag=?1",
    [CACHE_TAG_PIN] = "UPDATE tag SET pinned=?2 WHERE id=?1",
    [CACHE_TAG_DELETE] = "DELETE FROM tag WHERE id=?1",
    [CACHE_TAG_DELETE_UNUSED] = "DELETE FROM tag WHERE pinned=0 AND id IN"
                                " (SELECT tag FROM link WHERE segment=?1)"
                                " AND NOT EXISTS (SELECT 1 FROM link WHERE link.tag=tag.id"
                                " AND link.segment<>?1)",
    [CACHE_TAG_DELETE_ALL] = "DELETE FROM tag",
    [CACHE_LINK] = "INSERT OR IGNORE INTO link(tag, segment) VALUES(?1, ?2)",
    [CACHE_UNLINK] = "DELETE FROM link WHERE tag=?1 AND segment=?2",
    [CACHE_UNLINK_SEGMENT] = "DELETE FROM link WHERE segment=?1",
    [CACHE_LINKED_TO] = "SELECT segment FROM link WHERE tag=?1 LIMIT 1",
    [CACHE_LINKS] = "SELECT count(*) FROM link WHERE segment=?1",
    [CACHE_PIN_SEGMENTS] =
        "UPDATE segment SET pinned=EXISTS(SELECT 1 FROM link JOIN tag ON tag.id=link.tag"
        " WHERE link.segment=segment.id AND tag.pinned=1)"
        " WHERE id IN (SELECT segment FROM link WHERE tag=?1)",
    [CACHE_PIN_SEGMENT] =
        "UPDATE segment SET pinned=EXISTS(SELECT 1 FROM link JOIN tag ON tag.id=link.tag"
        " WHERE link.segment=segment.id AND tag.pinned=1) WHERE id=?1",
    [CACHE_FETCH_ANY] = "SELECT EXISTS(SELECT 1 FROM fetch)",
    [CACHE_FETCH_ADD] = "INSERT OR REPLACE INTO fetch(segment, number, fetcher, position, waits,"
                        " expires, writer, name) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [CACHE_FETCH_OTHERS] = "SELECT writer, fetcher FROM fetch WHERE segment=?1 AND number=?2"
                           " AND waits=0 AND expires>?3",
    [CACHE_FETCH_DONE] = "DELETE FROM fetch WHERE segment=?1 AND number=?2",
    [CACHE_FETCH_END] = "DELETE FROM fetch WHERE fetcher=?1 AND writer=?2",
    [CACHE_FETCH_EXPIRE] = "DELETE FROM fetch WHERE expires<=?1",
    [CACHE_FETCH_LIST] = "SELECT DISTINCT writer, fetcher, position, name FROM fetch"
                         " WHERE expires>?1",
    [CACHE_REPORT] = "SELECT count(*), coalesce(sum(bytes), 0) FROM segment",
    [CACHE_REPORT_TAGS] =
        "SELECT tag.tag, tag.pinned, count(segment.id), coalesce(sum(segment.bytes), 0),"
        " coalesce(sum(segment.hits), 0), coalesce(min(segment.added), tag.added),"
        " coalesce(max(segment.used), tag.added) FROM tag LEFT JOIN link ON link.tag=tag.id"
        " LEFT JOIN segment ON segment.id=link.segment GROUP BY tag.id ORDER BY tag.added, tag.id",
    [CACHE_DATA_VERSION] = "PRAGMA data_version",
    [CACHE_SHRINK] = "PRAGMA incremental_vacuum(256)",
};

/* The cache is durable, but what a power loss takes is a miss: the log is synced at checkpoints.
 * Checkpoints at 2000 pages bound the log at some 8 MiB. */
static const struct database_kind kind = {
    .name = CACHE_FILE,
    .application = APPLICATION,
    .version = VERSION,
    .schema = schema,
    .settings = "PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-2048;"
                "PRAGMA wal_autocheckpoint=2000;"
                "PRAGMA journal_size_limit=8388608",
    .statements = statements,
    .statement_count = CACHE_STATEMENT_COUNT,
};

struct cache_store *cache_store_create(const char *user, const struct cache_limits *limits)
{
    struct cache_store *store = calloc(1, sizeof(*store));
    size_t size = strlen(user) + 1;
    if (store == NULL || (store->user = malloc(size)) == NULL) {
        free(store);
        return NULL;
    }
    memcpy(store->user, user, size);
    store->limits = *limits;
    store->age_limit = limits->age_seconds;
    mutex_init(&store->writing);
    mutex_init(&store->reading);
    mutex_init(&store->files);
    database_init(&store->writer, &kind);
    database_init(&store->reader, &kind);
    return store;
}

static void forget_neighbours(struct cache_store *store)
{
    for (struct cache_neighbour *next; store->neighbours != NULL; store->neighbours = next) {
        next = store->neighbours->next;
        owner_probe_close(store->neighbours->probe);
        free(store->neighbours);
    }
}

void cache_store_destroy(struct cache_store *store)
{
    if (store == NULL)
        return;
    mutex_lock(&store->writing);
    if (store->writer.db != NULL || store->touch_count > 0) {
        if (cache_writer_ready(store) == PD_OK && cache_begin(store) == PD_OK)
            (void)cache_end(store, cache_write_touches(store));
        (void)cache_space_seal(store);
    }
    data_file_close(store->append.file);
    database_close(&store->reader, store->path);
    database_close(&store->writer, store->path);
    owner_lock_destroy(store->lock);
    forget_neighbours(store);
    mutex_unlock(&store->writing);
    for (size_t i = 0; i < CACHE_OPEN_FILES; i++)
        data_file_close(store->open_files[i].file);
    mutex_fini(&store->files);
    mutex_fini(&store->reading);
    mutex_fini(&store->writing);
    free(store->path);
    free(store->folder);
    free(store->user);
    free(store);
}

void cache_set_limits(struct cache_store *store, const struct cache_limits *limits)
{
    mutex_lock(&store->writing);
    store->limits = *limits;
    mutex_lock(&store->files);
    store->age_limit = limits->age_seconds;
    mutex_unlock(&store->files);
    mutex_unlock(&store->writing);
}

/* ---- Connections ---- */

/* Finds out the paths. */
static enum pd_status find_place(struct cache_store *store)
{
    char *root = NULL, *folder = NULL, *path = NULL;
    enum pd_status status = folder_store_root(&root);
    if (status == PD_OK) {
        folder = path_join(root, store->user);
        path = folder != NULL ? path_join(folder, CACHE_FILE) : NULL;
        status = path != NULL ? PD_OK : PD_NO_MEMORY;
    }
    if (status == PD_OK) {
        mutex_lock(&store->files);
        if (store->folder == NULL) {
            store->folder = folder;
            store->path = path;
            folder = path = NULL;
        }
        mutex_unlock(&store->files);
    }
    free(path);
    free(folder);
    free(root);
    return status;
}

/* Makes sure of the folder, which may have been removed since. */
static enum pd_status make_place(struct cache_store *store)
{
    enum pd_status status = find_place(store);
    return status == PD_OK ? folder_create_private(store->folder, store->user) : status;
}

static enum pd_status connect(struct cache_store *store, struct database *database)
{
    enum pd_status status = make_place(store);
    if (status == PD_OK)
        return database_open(database, store->path);
    if (status == PD_UNAVAILABLE)
        snprintf(database->problem, sizeof(database->problem),
                 "the folder cannot be made, or belongs to another user");
    return status;
}

/* A cache can be had again, its index too. Where another process still uses the file it may not be
 * removable: until that one sees the damage as well. */
static void remove_index(struct cache_store *store)
{
    static const char *const names[] = {CACHE_FILE "-wal", CACHE_FILE "-shm", CACHE_FILE};
    bool removed = true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *path = path_join(store->folder, names[i]);
        enum pd_status status = path != NULL ? file_delete(path) : PD_NO_MEMORY;
        removed = removed && (status == PD_OK || status == PD_NOT_FOUND);
        free(path);
    }
    if (removed)
        store->reader.damaged = store->writer.damaged = false;
}

/* Leaves a file that was removed, replaced or damaged under the connections, with all that was
 * known of it. */
static void disconnect_if_wrong(struct cache_store *store)
{
    /* Asking for the file takes its time: readers are not kept waiting for it. */
    bool moved = store->writer.db != NULL && !database_is_same_file(&store->writer, store->path);
    mutex_lock(&store->reading);
    bool damaged = store->reader.damaged || store->writer.damaged;
    if (damaged || moved || store->doubtful) {
        const char *path = damaged ? NULL : store->path;
        database_close(&store->reader, path);
        database_close(&store->writer, path);
        cache_forget_files(store);
        store->doubtful = false;
    }
    if (damaged && store->folder != NULL)
        remove_index(store);
    mutex_unlock(&store->reading);
}

void cache_doubt(struct cache_store *store)
{
    uint64_t now = clock_milliseconds();
    /* Where files come and go all the time it is the ordinary thing. */
    if (store->doubted != 0 && now - store->doubted < 1000)
        return;
    store->doubted = now;
    store->doubtful = true;
}

static enum pd_status make_ready(struct cache_store *store)
{
    disconnect_if_wrong(store);
    bool open = store->writer.db != NULL;
    enum pd_status status = open ? PD_OK : connect(store, &store->writer);
    if (status != PD_OK)
        return status;
    if (!open || !store->swept) {
        /* Another file than before, perhaps: what was appended to is not its own. */
        data_file_close(store->append.file);
        store->append = (struct cache_append_file){0};
        status = cache_space_sweep(store);
        store->swept = status == PD_OK;
    }
    return status;
}

enum pd_status cache_writer_ready(struct cache_store *store)
{
    enum pd_status status = make_ready(store);
    /* Then with an index made anew. */
    return status != PD_OK && store->writer.damaged ? make_ready(store) : status;
}

enum pd_status cache_writer_existing(struct cache_store *store)
{
    enum pd_status status = store->writer.db == NULL ? find_place(store) : PD_OK;
    if (status == PD_OK && store->writer.db == NULL && !file_exists(store->path))
        status = PD_NOT_FOUND;
    return status == PD_OK ? cache_writer_ready(store) : status;
}

enum pd_status cache_reader_ready(struct cache_store *store)
{
    return store->reader.db != NULL ? PD_OK : connect(store, &store->reader);
}

enum pd_status cache_reader_existing(struct cache_store *store)
{
    enum pd_status status = store->reader.db == NULL ? find_place(store) : PD_OK;
    if (status == PD_OK && store->reader.db == NULL && !file_exists(store->path))
        status = PD_NOT_FOUND;
    return status == PD_OK ? cache_reader_ready(store) : status;
}

enum pd_status cache_begin(struct cache_store *store)
{
    return database_run(&store->writer, CACHE_BEGIN, 0, NULL);
}

enum pd_status cache_end(struct cache_store *store, enum pd_status status)
{
    if (status == PD_OK)
        status = database_run(&store->writer, CACHE_COMMIT, 0, NULL);
    if (status != PD_OK)
        database_rollback(&store->writer);
    return status;
}

/* ---- Writers and their lives ---- */

static char *lock_path(const struct cache_store *store, const uint8_t name[CACHE_WRITER_SIZE])
{
    char digits[2 * CACHE_WRITER_SIZE + 1];
    char file[sizeof(CACHE_WRITER_PREFIX CACHE_WRITER_SUFFIX) + 2 * CACHE_WRITER_SIZE];
    hex_encode(name, CACHE_WRITER_SIZE, digits);
    snprintf(file, sizeof(file), CACHE_WRITER_PREFIX "%s" CACHE_WRITER_SUFFIX, digits);
    return path_join(store->folder, file);
}

enum pd_status cache_writer_lock(struct cache_store *store)
{
    enum pd_status status = PD_NO_MEMORY;
    if (store->lock != NULL)
        return PD_OK;
    if (!random_bytes(store->name, sizeof(store->name)))
        return PD_UNAVAILABLE;
    char *path = lock_path(store, store->name);
    if (path != NULL)
        status = owner_lock_create(path, &store->lock);
    free(path);
    return status;
}

static struct cache_neighbour **find_neighbour(struct cache_store *store,
                                               const uint8_t name[CACHE_WRITER_SIZE])
{
    struct cache_neighbour **link = &store->neighbours;
    while (*link != NULL && memcmp((*link)->name, name, CACHE_WRITER_SIZE) != 0)
        link = &(*link)->next;
    return link;
}

bool cache_writer_lives(struct cache_store *store, const uint8_t name[CACHE_WRITER_SIZE])
{
    if (store->lock != NULL && memcmp(name, store->name, CACHE_WRITER_SIZE) == 0)
        return true;
    struct cache_neighbour **link = find_neighbour(store, name), *neighbour = *link;
    if (neighbour != NULL) {
        if (owner_probe_state(neighbour->probe) != OWNER_DEAD)
            return true;
        *link = neighbour->next;
        owner_probe_close(neighbour->probe);
        free(neighbour);
        return false;
    }
    enum owner_state state = OWNER_UNKNOWN;
    char *path = lock_path(store, name);
    struct owner_probe *probe = path != NULL ? owner_probe_open(path, &state) : NULL;
    free(path);
    if (probe != NULL && (neighbour = malloc(sizeof(*neighbour))) != NULL) {
        memcpy(neighbour->name, name, CACHE_WRITER_SIZE);
        neighbour->probe = probe;
        neighbour->next = store->neighbours;
        store->neighbours = neighbour;
    } else {
        owner_probe_close(probe);
    }
    return state != OWNER_DEAD;
}

char *cache_block_path(struct cache_store *store, uint32_t file)
{
    char name[sizeof(CACHE_FILES_PREFIX CACHE_FILES_SUFFIX) + 8];
    snprintf(name, sizeof(name), CACHE_FILES_PREFIX "%08x" CACHE_FILES_SUFFIX, (unsigned)file);
    return path_join(store->folder, name);
}
