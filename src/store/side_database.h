/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small database of its own beside a user's cache, opened when it is first needed: what it holds
 * can be done without. The caller's lock guards it. */
#ifndef PEERDIST_STORE_SIDE_DATABASE_H
#define PEERDIST_STORE_SIDE_DATABASE_H

#include "store/database.h"

struct side_database {
    struct database database; /* for the functions of database.h while it is open */
    char *folder;             /* name below the stores' root */
    char *user;               /* who owns that: SID string */
    char *path;
};

/* The file is called as its kind. False: no memory; fini all the same. */
bool side_database_init(struct side_database *side, const struct database_kind *kind,
                        const char *folder, const char *user);
void side_database_fini(struct side_database *side);
/* PD_NOT_FOUND: there is none, and none is to be made. A file that was removed or replaced under
 * the connection is left for the one that is there now. */
enum pd_status side_database_open(struct side_database *side, bool make);

#endif
