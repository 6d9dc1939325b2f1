/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Store folders and small files on POSIX, for native tests. */
#include "platform/folder.h"

#include <sys/stat.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool create_all(char *path)
{
    char *at;

    if (mkdir(path, 0755) == 0 || errno == EEXIST)
        return true;
    at = strrchr(path, '/');
    if (errno != ENOENT || !at || at == path)
        return false;
    *at = 0;
    bool made = create_all(path);
    *at = '/';
    return made && (mkdir(path, 0755) == 0 || errno == EEXIST);
}

enum pd_status folder_store_root(char **path)
{
    const char *root = getenv("PEERDIST_STORE"), *base = getenv("XDG_STATE_HOME"), *below;

    *path = NULL;
    if (root && *root) {
        *path = strdup(root);
    } else {
        below = base && *base ? "peerdist/stores" : ".local/state/peerdist/stores";
        if (!base || !*base)
            base = getenv("HOME");
        if (!base || !*base)
            return PD_UNAVAILABLE;
        *path = path_join(base, below);
    }
    if (!*path)
        return PD_NO_MEMORY;
    if (!create_all(*path)) {
        free(*path);
        *path = NULL;
        return PD_UNAVAILABLE;
    }
    return PD_OK;
}

enum pd_status folder_create_private(const char *path, const char *user)
{
    struct stat info;

    (void)user;
    if (mkdir(path, 0700) == 0)
        return PD_OK;
    if (errno != EEXIST || lstat(path, &info) != 0 || !S_ISDIR(info.st_mode) ||
        (info.st_uid != geteuid() && info.st_uid != 0))
        return PD_UNAVAILABLE;
    return PD_OK;
}

char *path_for_libraries(const char *path)
{
    size_t size = strlen(path) + 1;
    char *copy = malloc(size);

    if (copy)
        memcpy(copy, path, size);
    return copy;
}

char *path_join(const char *folder, const char *name)
{
    size_t length = strlen(folder), size = length + strlen(name) + 2;
    const char *separator = length && folder[length - 1] == '/' ? "" : "/";
    char *path = malloc(size);

    if (path)
        snprintf(path, size, "%s%s%s", folder, separator, name);
    return path;
}

static enum pd_status status_of_errno(void)
{
    return errno == ENOENT || errno == ENOTDIR ? PD_NOT_FOUND : PD_IO_ERROR;
}

enum pd_status file_delete(const char *path)
{
    return unlink(path) == 0 ? PD_OK : status_of_errno();
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool file_is_linked(void *handle)
{
    (void)handle;
    return true;
}

static bool is_of_kind(const char *folder, const char *name, enum folder_entry kind)
{
    char *path = path_join(folder, name);
    struct stat info;
    bool found = path && stat(path, &info) == 0 && strcmp(name, ".") != 0 &&
                 strcmp(name, "..") != 0 &&
                 (kind == FOLDER_FILES ? S_ISREG(info.st_mode) : S_ISDIR(info.st_mode));

    free(path);
    return found;
}

enum pd_status folder_list(const char *folder, enum folder_entry kind,
                           bool (*visit)(const char *name, void *context), void *context)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    if (!dir)
        return status_of_errno();
    errno = 0;
    while ((entry = readdir(dir)) != NULL) {
        if (is_of_kind(folder, entry->d_name, kind) && !visit(entry->d_name, context))
            break;
        errno = 0;
    }
    enum pd_status status = !entry && errno ? PD_IO_ERROR : PD_OK;
    closedir(dir);
    return status;
}
