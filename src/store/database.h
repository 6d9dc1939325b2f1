/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection to a SQLite file of ours: opening and checking it, its statements, and what happens
 * on errors. A connection is used by one thread at a time, which its owner sees to. */
#ifndef PEERDIST_STORE_DATABASE_H
#define PEERDIST_STORE_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "core/status.h"

/* What is the same for all connections to one kind of file. */
struct database_kind {
    const char *name; /* of the file, for messages */
    int application;  /* PRAGMA application_id */
    int version;      /* of the tables: PRAGMA user_version */
    const char *schema;
    const char *settings;          /* pragmas for each connection */
    const char *const *statements; /* texts, prepared when first used */
    size_t statement_count;
};

struct database {
    const struct database_kind *kind;
    sqlite3 *db; /* NULL: closed */
    sqlite3_stmt **statements;
    uint64_t busy_end; /* when waiting for other writers is given up */
    char problem[256]; /* for people; empty: none */
    bool damaged;      /* what an error last said of the file, until it is opened again */
};

/* All zero but for `kind` is a closed one. */
void database_init(struct database *database, const struct database_kind *kind);
/* Opens the file at path, makes its tables where it is new, and checks that it is ours and of this
 * version; opening alone would prove nothing. PD_UNAVAILABLE, PD_NO_MEMORY: it is closed. */
enum pd_status database_open(struct database *database, const char *path);
void database_close(struct database *database, const char *path);
/* True while the path still leads to the file that is open. */
bool database_is_same_file(const struct database *database, const char *path);

/* After an SQLite error: notes it as the problem, ends an open transaction, and closes the
 * connection so that the next call starts afresh; except where the file is sound and only has no
 * room or another writer, as what is there can still be read. */
enum pd_status database_failed(struct database *database, int code);
/* Rows that contradict themselves: as an SQLite error. */
enum pd_status database_damaged(struct database *database);

/* A statement with `count` integers bound to its first parameters; NULL: it was closed by an error,
 * or the error is in sqlite3_errcode. Its user gives it back with database_done. */
sqlite3_stmt *database_statement(struct database *database, unsigned which, int count,
                                 const int64_t *parameters);
void database_done(sqlite3_stmt *statement); /* NULL allowed */
/* Runs a statement to its end whose parameters are integers. */
enum pd_status database_run(struct database *database, unsigned which, int count,
                            const int64_t *parameters);
/* Runs a statement and gives the integer in its first column; 0 where there is no row. */
enum pd_status database_integer(struct database *database, unsigned which, int count,
                                const int64_t *parameters, int64_t *value);
/* Ends an open transaction that is given up. */
void database_rollback(struct database *database);

#endif
