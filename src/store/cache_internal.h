/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the data cache share.
 *
 * Two connections: one for reading under its own mutex, in short transactions; one for everything
 * else under another. Lock order: writing, then reading, then files. */
#ifndef PEERDIST_STORE_CACHE_INTERNAL_H
#define PEERDIST_STORE_CACHE_INTERNAL_H

#include "store/cache_store.h"

#include "platform/data_file.h"
#include "platform/owner_lock.h"
#include "platform/thread.h"
#include "store/database.h"

#define CACHE_FILE          "cache.db"
#define CACHE_WRITER_SIZE   16u
#define CACHE_WRITER_PREFIX "cache-"
#define CACHE_WRITER_SUFFIX ".lock"
#define CACHE_FILES_PREFIX  "blocks-"
#define CACHE_FILES_SUFFIX  ".dat"
#define CACHE_OPEN_FILES    32u
#define CACHE_TOUCHES       256u
#define CACHE_NAME_MAX      (1 + HASH_MAX_SIZE)
#define CACHE_BLOCKS_MAX    BLOCKS_PER_SEGMENT

enum cache_statement {
    CACHE_BEGIN_READING,
    CACHE_BEGIN,
    CACHE_COMMIT,
    CACHE_FIND,
    CACHE_FIND_ID,
    CACHE_FIND_HOD,
    CACHE_FIND_NAMES,
    CACHE_INSERT,
    CACHE_UPDATE,
    CACHE_DELETE,
    CACHE_USED,
    CACHE_OLDEST_USE,
    CACHE_OLDEST,
    CACHE_NEXT_SEGMENT,
    CACHE_FILE_NEXT_ID,
    CACHE_FILE_ADD,
    CACHE_FILE_RESERVE,
    CACHE_FILE_LIVE,
    CACHE_FILE_SEAL,
    CACHE_FILE_ADOPTABLE,
    CACHE_FILE_ADOPT,
    CACHE_FILE_DELETE,
    CACHE_FILE_EXISTS,
    CACHE_FILE_EMPTY,
    CACHE_FILES_OPEN,
    CACHE_FILE_MOST_DEAD,
    CACHE_FILES_ALL,
    CACHE_FILES_RESERVED,
    CACHE_FILES_LIVE,
    CACHE_PLACE,
    CACHE_UNPLACE,
    CACHE_PLACED_IN,
    CACHE_TAG_ADD,
    CACHE_TAG_FIND,
    CACHE_TAG_PIN,
    CACHE_TAG_DELETE,
    CACHE_TAG_DELETE_UNUSED,
    CACHE_TAG_DELETE_ALL,
    CACHE_LINK,
    CACHE_UNLINK,
    CACHE_UNLINK_SEGMENT,
    CACHE_LINKED_TO,
    CACHE_LINKS,
    CACHE_PIN_SEGMENTS,
    CACHE_PIN_SEGMENT,
    CACHE_FETCH_ANY,
    CACHE_FETCH_ADD,
    CACHE_FETCH_OTHERS,
    CACHE_FETCH_DONE,
    CACHE_FETCH_END,
    CACHE_FETCH_EXPIRE,
    CACHE_FETCH_LIST,
    CACHE_REPORT,
    CACHE_REPORT_TAGS,
    CACHE_DATA_VERSION,
    CACHE_SHRINK,
    CACHE_STATEMENT_COUNT
};

/* A block file that is open for reading. */
struct cache_open_file {
    uint32_t id; /* 0: free */
    unsigned users;
    uint64_t stamp;
    struct data_file *file;
};

/* A living writer elsewhere: its file stays open for asking again. */
struct cache_neighbour {
    struct cache_neighbour *next;
    uint8_t name[CACHE_WRITER_SIZE];
    struct owner_probe *probe;
};

/* The block file that this store appends to. Its committed reservation is what it may grow to. */
struct cache_append_file {
    uint32_t id; /* 0: none */
    uint64_t position, reserved;
    struct data_file *file;
};

struct cache_touch_note {
    int64_t key;
    uint32_t times;
};

struct cache_store {
    char *user;

    struct mutex writing; /* guards everything down to `reading` */
    struct database writer;
    struct cache_limits limits;
    bool swept;       /* what the dead left was looked for */
    bool doubtful;    /* the connections do not see the same */
    uint64_t doubted; /* when that was last so, of clock_milliseconds */
    uint8_t name[CACHE_WRITER_SIZE];
    struct owner_lock *lock; /* NULL until something is written */
    struct cache_neighbour *neighbours;
    struct cache_append_file append;

    struct mutex reading; /* guards the reader and the touches */
    struct database reader;
    struct cache_touch_note touches[CACHE_TOUCHES];
    size_t touch_count;

    struct mutex files; /* guards the rest */
    uint64_t age_limit; /* limits.age_seconds, for readers */
    char *folder;       /* NULL until it was made */
    char *path;
    struct cache_open_file open_files[CACHE_OPEN_FILES];
    uint64_t stamp;
};

/* A row of the segment table, unpacked. */
struct cache_row {
    int64_t id; /* of one that exists */
    int64_t key;
    uint8_t name[CACHE_NAME_MAX];
    size_t name_length;
    bool exists;
    uint32_t size;
    uint64_t added;
    uint64_t bytes;
    bool pinned;
    uint32_t block_count;
    size_t hash_length; /* of the hashes that are kept with the places: 0 in version 2 */
    struct cache_place places[CACHE_BLOCKS_MAX];
    uint8_t hashes[CACHE_BLOCKS_MAX * HASH_MAX_SIZE];
};

/* cache_store.c */
/* The connection for writing, open; what the dead left is cleared away the first time. With
 * `writing`. */
enum pd_status cache_writer_ready(struct cache_store *store);
/* The same, but PD_NOT_FOUND where there is no index yet, and none is made. */
enum pd_status cache_writer_existing(struct cache_store *store);
/* For reading, made where there is none; with `reading`. */
enum pd_status cache_reader_ready(struct cache_store *store);
/* The same, but PD_NOT_FOUND where there is no index yet, and none is made. */
enum pd_status cache_reader_existing(struct cache_store *store);
/* Takes the lock by which others know that this writer lives. */
enum pd_status cache_writer_lock(struct cache_store *store);
/* A block that the reader saw is another one to the writer: as after another process moved it, and
 * as long as the index was replaced under the connections. They are opened anew. With `writing`. */
void cache_doubt(struct cache_store *store);
bool cache_writer_lives(struct cache_store *store, const uint8_t name[CACHE_WRITER_SIZE]);
char *cache_block_path(struct cache_store *store, uint32_t file); /* NULL without memory */
enum pd_status cache_begin(struct cache_store *store);
/* Commits, or rolls back where status is not PD_OK, and passes it on. */
enum pd_status cache_end(struct cache_store *store, enum pd_status status);

/* cache_row.c */
int64_t cache_key(const struct cache_segment *segment);
size_t cache_name(const struct cache_segment *segment, uint8_t name[CACHE_NAME_MAX]);
/* Reads the row of that key, or of that number, through either connection. A missing one is not an
 * error: `exists`. */
enum pd_status cache_row_find(struct database *database, int64_t key, struct cache_row *row);
enum pd_status cache_row_load(struct database *database, int64_t id, struct cache_row *row);
/* The row is this segment's. */
bool cache_row_is(const struct cache_row *row, const struct cache_segment *segment);
/* Begins a row for a segment that has none. */
void cache_row_new(struct cache_row *row, const struct cache_segment *segment, uint64_t now);
uint32_t cache_row_block_size(const struct cache_row *row, uint32_t number);
/* Writes it, used now (0: its time of use stays). `segment` is only needed for a new one. */
enum pd_status cache_row_save(struct cache_store *store, struct cache_row *row,
                              const struct cache_segment *segment, uint64_t now);
/* Splits the name of a row: false where it is not one that cache_name makes. */
bool cache_row_scheme(const struct cache_row *row, struct segment_scheme *scheme);
/* Takes the segment out of all tables. */
enum pd_status cache_row_remove(struct cache_store *store, const struct cache_row *row);
/* Takes one block out; the row goes with its last one. */
enum pd_status cache_row_drop(struct cache_store *store, struct cache_row *row, uint32_t number);

/* cache_space.c; within no transaction unless said */
/* Sees to it that `bytes` can be appended. PD_INSUFFICIENT_BUFFER: there is no room for them. */
enum pd_status cache_space_reserve(struct cache_store *store, uint64_t bytes);
/* Ends appending to the present file: it takes up what was written and no more. */
enum pd_status cache_space_seal(struct cache_store *store);
/* Deletes files without blocks; in a transaction. */
enum pd_status cache_space_delete_empty(struct cache_store *store);
/* Drops what is over the age limit, a bounded number of segments; in a transaction. */
enum pd_status cache_space_expire(struct cache_store *store);
/* Files of dead writers are sealed or go, files without a row too. */
enum pd_status cache_space_sweep(struct cache_store *store);

/* cache_read.c */
/* Segments that were added before are too old: milliseconds of wall_clock. */
uint64_t cache_oldest_allowed(struct cache_store *store);
/* Closes the reading handle of a file that is to be deleted, unless it is in use. */
void cache_forget_file(struct cache_store *store, uint32_t file);
void cache_forget_files(struct cache_store *store); /* all */
/* Writes what cache_touch noted; in a transaction. */
enum pd_status cache_write_touches(struct cache_store *store);

#endif
