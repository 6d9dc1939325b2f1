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

/* The same for an owner that is asked about again and again: the file stays open. That is faster,
 * and under Wine each close of a file that somebody has locked keeps a descriptor of the wineserver
 * until the lock ends. NULL: the owner is dead or cannot be examined, which *state tells. */
struct owner_probe;
struct owner_probe *owner_probe_open(const char *path, enum owner_state *state);
enum owner_state owner_probe_state(struct owner_probe *probe);
void owner_probe_close(struct owner_probe *probe); /* NULL allowed */

#endif
