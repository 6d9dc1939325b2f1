/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the publication store share: the connection, its statements, the life of
 * owners. All functions here are called with the store's mutex held. */
#ifndef PEERDIST_STORE_PUBLICATION_INTERNAL_H
#define PEERDIST_STORE_PUBLICATION_INTERNAL_H

#include "store/publication_store.h"

#include "platform/folder.h"
#include "platform/owner_lock.h"
#include "platform/thread.h"
#include "store/database.h"

#define STORE_FILE         "publications.db"
#define STORE_VERSION      1          /* of the tables: PRAGMA user_version */
#define STORE_APPLICATION  0x50644973 /* "PdIs": PRAGMA application_id */
#define STORE_OWNER_SIZE   16u
#define STORE_OWNER_PREFIX "owner-"
#define STORE_OWNER_SUFFIX ".lock"

/* Prepared when first used, kept as long as the connection. */
enum store_statement {
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_FIND_KEY,
    STATEMENT_FIND_ID,
    STATEMENT_INSERT,
    STATEMENT_INSERT_SEGMENT,
    STATEMENT_INSERT_RUN,
    STATEMENT_COMPLETE,
    STATEMENT_DELETE,
    STATEMENT_DISCARD,
    STATEMENT_DISCARD_OWNER,
    STATEMENT_DELETE_OWNER,
    STATEMENT_LIST_OWNERS,
    STATEMENT_GARBAGE_NEXT,
    STATEMENT_GARBAGE_FORGET,
    STATEMENT_PURGE_SEGMENTS,
    STATEMENT_PURGE_RUNS,
    STATEMENT_FREE_PAGES,
    STATEMENT_SHRINK,
    STATEMENT_READ_SEGMENT,
    STATEMENT_READ_HODS,
    STATEMENT_READ_RUN_AT_INDEX,
    STATEMENT_READ_RUN_AT_OFFSET,
    STATEMENT_REPORT,
    STATEMENT_COUNT
};

struct publication_owner {
    struct publication_store *store;
    struct publication_owner *next;
    uint8_t name[STORE_OWNER_SIZE]; /* changes when its file was removed under us */
    struct owner_lock *lock;
    bool used; /* it may have rows */
};

/* A living owner elsewhere: its file stays open for asking again. */
struct store_neighbour {
    struct store_neighbour *next;
    uint8_t name[STORE_OWNER_SIZE];
    struct owner_probe *probe;
};

struct publication_store {
    char *user;
    struct mutex mutex; /* guards all below, the connection included */
    char *folder;       /* NULL until it was made */
    char *path;
    struct database database;         /* closed: the next call opens it */
    struct publication_owner *owners; /* ours: known to live */
    struct store_neighbour *neighbours;
};

/* publication_store.c */

/* Makes the folder where that is needed. */
enum pd_status store_place(struct publication_store *store);
/* Opens the database unless it is open. With `look` also notices that the file was removed or
 * replaced since, and starts afresh: for calls after which the answer must be everybody's. */
enum pd_status store_ready(struct publication_store *store, bool look);
void store_close(struct publication_store *store);
/* After an SQLite error, as database_failed. */
static inline enum pd_status store_failed(struct publication_store *store, int code)
{
    return database_failed(&store->database, code);
}
/* Rows that contradict themselves: as an SQLite error. */
static inline enum pd_status store_damaged(struct publication_store *store)
{
    return database_damaged(&store->database);
}

/* A statement ready for binding; NULL: pass SQLITE_ERROR's cause on with store_failed(store,
 * sqlite3_errcode). Its user resets it with database_done. */
static inline sqlite3_stmt *store_statement(struct publication_store *store,
                                            enum store_statement which)
{
    return database_statement(&store->database, which, 0, NULL);
}
/* Runs a statement that has no rows and whose parameters are all integers or none. */
static inline enum pd_status store_run(struct publication_store *store, enum store_statement which,
                                       int count, const int64_t *parameters)
{
    return database_run(&store->database, which, count, parameters);
}
enum pd_status store_begin(struct publication_store *store);
enum pd_status store_commit(struct publication_store *store);
/* Gives up the transaction if there still is one (a failure has ended it already). */
void store_rollback(struct publication_store *store);

/* publication_owner.c */

enum owner_state store_owner_state(struct publication_store *store,
                                   const uint8_t owner[STORE_OWNER_SIZE]);
void store_forget_neighbours(struct publication_store *store);
/* The lock file's path; NULL without memory. */
char *store_owner_path(const struct publication_store *store,
                       const uint8_t owner[STORE_OWNER_SIZE]);
/* Gives the owner a new name when its file was removed under it: nobody else would believe that it
 * lives. */
enum pd_status store_owner_renew(struct publication_owner *owner);
/* Makes the rows of an owner invisible; within the caller's transaction. */
enum pd_status store_discard_owner(struct publication_store *store,
                                   const uint8_t owner[STORE_OWNER_SIZE]);
/* The same in its own transaction, and its file: for who meets a dead one. Best effort. */
void store_bury_owner(struct publication_store *store, const uint8_t owner[STORE_OWNER_SIZE]);
/* Looks for dead owners in the table and in the folder and buries them. */
enum pd_status store_sweep(struct publication_store *store);

/* publication_write.c */

/* Removes one publication within the caller's transaction. *rest: its records were too many and are
 * left for store_purge. */
enum pd_status store_remove_row(struct publication_store *store, int64_t row, bool *rest);
/* Deletes records whose publication is gone, transaction by transaction, so that others get their
 * turn. Best effort. */
void store_purge(struct publication_store *store);

/* publication_read.c */

/* The row number is a part of the id: no index is needed for it. */
int64_t store_row_of(const struct publication_id *id);
enum pd_status store_key_of(const struct publication_store *store, const void *identifier,
                            size_t identifier_length, uint8_t key[32]);
struct store_row {
    struct publication_id id;
    uint8_t owner[STORE_OWNER_SIZE];
    bool complete;
    uint64_t content_length;
    uint32_t segmenter_function;
};
/* PD_NOT_FOUND: no row, whether of a living owner or not. */
enum pd_status store_find_key(struct publication_store *store, const uint8_t key[32],
                              const void *identifier, size_t identifier_length,
                              struct store_row *row);
enum pd_status store_find_id(struct publication_store *store, const struct publication_id *id,
                             struct store_row *row);

#endif
