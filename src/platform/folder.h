/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Folders and whole small files. Paths are UTF-8 and absolute; on Win32 converted to UTF-16. */
#ifndef PEERDIST_PLATFORM_FOLDER_H
#define PEERDIST_PLATFORM_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/status.h"

/* The folder under which every user's store lies: the environment variable PEERDIST_STORE when set
 * (tests, unusual installations), else <ProgramData>\PeerDist\Stores (Win32), else below the user's
 * state folder (POSIX). Created when missing, open to everybody for creating folders below.
 * PD_UNAVAILABLE when that fails. The caller frees *path with free(). */
enum pd_status folder_store_root(char **path);

/* Makes sure that `path` is a folder which only `user` (SID string; POSIX: ignored, mode 0700) and
 * the system may enter. Protection is set at creation. An existing one that belongs to somebody
 * else is refused: PD_UNAVAILABLE. */
enum pd_status folder_create_private(const char *path, const char *user);

/* Joins with the system's separator; NULL without memory. Free with free(). */
char *path_join(const char *folder, const char *name);

enum pd_status file_delete(const char *path); /* PD_NOT_FOUND, PD_IO_ERROR */

/* Tells files apart whatever their name: the same for one file as long as somebody has it open,
 * another one once it was removed or replaced. Opens nothing on POSIX, where closing a file would
 * drop SQLite's locks on it. PD_NOT_FOUND, PD_IO_ERROR. */
struct file_identity {
    uint64_t volume;
    uint64_t file;
};
enum pd_status file_identify(const char *path, struct file_identity *identity);

/* Calls visit with each plain file's name (not path) in folder; stops early when it returns false.
 * PD_NOT_FOUND, PD_IO_ERROR. */
enum pd_status folder_list(const char *folder, bool (*visit)(const char *name, void *context),
                           void *context);

#endif
