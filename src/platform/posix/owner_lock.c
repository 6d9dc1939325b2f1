/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Proof of life over flock, whose locks belong to the open file: a probe in the owner's own process
 * sees them too. */
#include "platform/owner_lock.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct owner_lock {
    int file;
    char path[];
};

enum pd_status owner_lock_create(const char *path, struct owner_lock **lock)
{
    size_t size = strlen(path) + 1;
    struct owner_lock *made = malloc(sizeof(*made) + size);
    struct stat info;

    *lock = NULL;
    if (!made)
        return PD_NO_MEMORY;
    memcpy(made->path, path, size);
    made->file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made->file < 0) {
        free(made);
        return PD_UNAVAILABLE;
    }
    /* Somebody who found the file before it was locked may have removed it as a dead owner's. */
    if (flock(made->file, LOCK_EX) != 0 || fstat(made->file, &info) != 0 || info.st_nlink == 0) {
        owner_lock_destroy(made);
        return PD_UNAVAILABLE;
    }
    *lock = made;
    return PD_OK;
}

void owner_lock_destroy(struct owner_lock *lock)
{
    if (!lock)
        return;
    unlink(lock->path);
    close(lock->file);
    free(lock);
}

enum owner_state owner_lock_probe(const char *path)
{
    enum owner_state state = OWNER_UNKNOWN;
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0)
        return errno == ENOENT || errno == ENOTDIR ? OWNER_DEAD : OWNER_UNKNOWN;
    if (flock(file, LOCK_SH | LOCK_NB) == 0)
        state = OWNER_DEAD; /* closing lets go of it */
    else if (errno == EWOULDBLOCK)
        state = OWNER_ALIVE;
    close(file);
    return state;
}
