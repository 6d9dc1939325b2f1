/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Proof of life between processes: the owner holds an exclusive lock on one byte of a file of its
 * own; the system lets go of it when the process dies, in whatever way. Checkers try a shared lock,
 * which takes nothing from each other. */
#ifndef PEERDIST_PLATFORM_OWNER_LOCK_H
#define PEERDIST_PLATFORM_OWNER_LOCK_H

#include "core/status.h"

enum owner_state { OWNER_ALIVE, OWNER_DEAD, OWNER_UNKNOWN /* the file cannot be examined */ };

struct owner_lock;
/* Creates the file (which must not exist) and locks it. path: UTF-8, absolute. */
enum pd_status owner_lock_create(const char *path, struct owner_lock **lock);
/* Lets go and deletes the file. */
void owner_lock_destroy(struct owner_lock *lock);
/* A missing file counts as dead. Works within the owner's process too. */
enum owner_state owner_lock_probe(const char *path);

#endif
