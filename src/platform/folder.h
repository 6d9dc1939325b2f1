/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Folders and whole small files. Paths are UTF-8 and absolute; on Win32 converted to UTF-16. */
#ifndef PEERDIST_PLATFORM_FOLDER_H
#define PEERDIST_PLATFORM_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
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

/* The path as the libraries that we link take it; NULL without memory. Free with free(). */
char *path_for_libraries(const char *path);

enum pd_status file_delete(const char *path); /* PD_NOT_FOUND, PD_IO_ERROR */

bool file_exists(const char *path);
/* Win32: whether an open file (a HANDLE) is still in its folder: false once it was removed, or
 * another one put in its place. Opening the path to compare would not do: under Wine each close of
 * a file on which somebody holds a lock, as SQLite does, keeps a descriptor of the wineserver until
 * the lock ends. POSIX: true, SQLite itself can tell there. */
bool file_is_linked(void *handle);

enum folder_entry { FOLDER_FILES, FOLDER_FOLDERS /* without "." and ".." */ };
/* Calls visit with the name (not path) of each plain file, or each folder, in `folder`; stops early
 * when it returns false. PD_NOT_FOUND, PD_IO_ERROR. */
enum pd_status folder_list(const char *folder, enum folder_entry kind,
                           bool (*visit)(const char *name, void *context), void *context);

#endif
