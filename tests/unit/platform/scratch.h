/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tests of stores need from the system: a folder of their own, the environment, and second
 * processes that can be killed. */
#ifndef PD_TESTS_UNIT_PLATFORM_SCRATCH_H
#define PD_TESTS_UNIT_PLATFORM_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

/* A new empty folder, UTF-8 and absolute; scratch_remove deletes it with all in it and frees the
 * path. The names are ASCII. */
char *scratch_create(void);
void scratch_remove(char *path);
void scratch_delete_tree(const char *path);
bool scratch_write_file(const char *path, const void *bytes, size_t length);
void scratch_set_environment(const char *name, const char *value); /* NULL: removes it */

/* The running program once more, with arguments "--child ROLE ARGUMENT". It talks with its parent
 * line by line through stdin and stdout. */
struct child;
struct child *child_start(const char *program, const char *role, const char *argument);
/* Waits for its next line, without the line's end. False: it ended. */
bool child_read_line(struct child *child, char *line, size_t size);
void child_say(struct child *child, const char *line);
/* Kills it as hard as the system can and waits until it is gone. */
void child_kill(struct child *child);
/* Waits for its end, frees it, returns its exit status (-1: it was killed). */
int child_finish(struct child *child);

/* In the child: the other ends. */
void child_tell(const char *line);
bool child_hear(char *line, size_t size);

#endif
