/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Folders and processes of tests on POSIX. */
/* nftw is of POSIX with its extensions. */
#define _XOPEN_SOURCE 700
#include "unit/platform/scratch.h"

#include <sys/wait.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct child {
    pid_t pid;
    FILE *from, *to;
    int status;
    bool ended;
};

char *scratch_create(void)
{
    const char *base = getenv("TMPDIR");
    char path[512];

    snprintf(path, sizeof(path), "%s/peerdist-test-XXXXXX", base && *base ? base : "/tmp");
    return mkdtemp(path) ? strdup(path) : NULL;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info;
    (void)type;
    (void)at;
    return remove(path);
}

void scratch_delete_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void scratch_remove(char *path)
{
    if (path)
        scratch_delete_tree(path);
    free(path);
}

void scratch_set_environment(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

struct child *child_start(const char *program, const char *role, const char *argument)
{
    struct child *child = calloc(1, sizeof(*child));
    int in[2], out[2];

    (void)program;
    if (!child || pipe(in) != 0)
        goto failed;
    if (pipe(out) != 0) {
        close(in[0]);
        close(in[1]);
        goto failed;
    }
    child->pid = fork();
    if (child->pid == 0) {
        char *arguments[] = {(char *)(size_t)program, (char *)(size_t) "--child",
                             (char *)(size_t)role, (char *)(size_t)argument, NULL};

        dup2(in[0], 0);
        dup2(out[1], 1);
        for (int i = 3; i < 256; i++)
            close(i);
        execv("/proc/self/exe", arguments);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    child->to = fdopen(in[1], "w");
    child->from = fdopen(out[0], "r");
    return child;

failed:
    free(child);
    return NULL;
}

bool child_read_line(struct child *child, char *line, size_t size)
{
    if (!fgets(line, (int)size, child->from))
        return false;
    line[strcspn(line, "\r\n")] = 0;
    return true;
}

void child_say(struct child *child, const char *line)
{
    fprintf(child->to, "%s\n", line);
    fflush(child->to);
}

void child_kill(struct child *child)
{
    kill(child->pid, SIGKILL);
    waitpid(child->pid, &child->status, 0);
    child->ended = true;
}

int child_finish(struct child *child)
{
    int status;

    fclose(child->to);
    if (!child->ended)
        waitpid(child->pid, &child->status, 0);
    fclose(child->from);
    status = WIFEXITED(child->status) ? WEXITSTATUS(child->status) : -1;
    free(child);
    return status;
}
