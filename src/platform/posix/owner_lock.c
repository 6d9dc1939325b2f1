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

/* Of making the file, when others take it away before it is locked. */
#define ATTEMPTS 100

struct owner_lock {
    int file;
    char path[];
};

/* Makes the file and locks it. PD_NOT_FOUND: somebody who found it before it was locked has removed
 * it as a dead owner's. */
static enum pd_status make_locked(const char *path, int *file)
{
    struct stat info;
    *file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (*file < 0)
        return PD_UNAVAILABLE;
    enum pd_status status = PD_UNAVAILABLE;
    if (flock(*file, LOCK_EX) == 0 && fstat(*file, &info) == 0)
        status = info.st_nlink == 0 ? PD_NOT_FOUND : PD_OK;
    if (status == PD_UNAVAILABLE)
        unlink(path);
    if (status != PD_OK)
        close(*file);
    return status;
}

enum pd_status owner_lock_create(const char *path, struct owner_lock **lock)
{
    size_t size = strlen(path) + 1;
    struct owner_lock *made = malloc(sizeof(*made) + size);
    enum pd_status status = PD_NOT_FOUND;

    *lock = NULL;
    if (!made)
        return PD_NO_MEMORY;
    memcpy(made->path, path, size);
    for (unsigned i = 0; status == PD_NOT_FOUND && i < ATTEMPTS; i++)
        status = make_locked(path, &made->file);
    if (status != PD_OK) {
        free(made);
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

struct owner_probe {
    int file;
};

struct owner_probe *owner_probe_open(const char *path, enum owner_state *state)
{
    struct owner_probe *probe = calloc(1, sizeof(*probe));

    *state = OWNER_UNKNOWN;
    if (!probe)
        return NULL;
    probe->file = open(path, O_RDONLY | O_CLOEXEC);
    if (probe->file < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            *state = OWNER_DEAD;
        free(probe);
        return NULL;
    }
    *state = owner_probe_state(probe);
    if (*state == OWNER_ALIVE)
        return probe;
    owner_probe_close(probe);
    return NULL;
}

enum owner_state owner_probe_state(struct owner_probe *probe)
{
    if (flock(probe->file, LOCK_SH | LOCK_NB) == 0) {
        flock(probe->file, LOCK_UN);
        return OWNER_DEAD;
    }
    return errno == EWOULDBLOCK ? OWNER_ALIVE : OWNER_UNKNOWN;
}

void owner_probe_close(struct owner_probe *probe)
{
    if (!probe)
        return;
    close(probe->file);
    free(probe);
}

enum owner_state owner_lock_probe(const char *path)
{
    enum owner_state state;

    owner_probe_close(owner_probe_open(path, &state));
    return state;
}
