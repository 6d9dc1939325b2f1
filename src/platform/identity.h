/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is calling: the user of the calling thread's access token, impersonation included. */
#ifndef PEERDIST_PLATFORM_IDENTITY_H
#define PEERDIST_PLATFORM_IDENTITY_H

#include <stdbool.h>
#include "core/status.h"

#define IDENTITY_USER_MAX 192

struct identity {
    char user[IDENTITY_USER_MAX]; /* SID string; POSIX: "uid-N" */
    void *token; /* the impersonation token, by a handle of its own; NULL: the process's */
};

/* The one function that decides it, alone in its object file so that a test can put its own in its
 * place. PD_NO_IDENTITY when the thread's token cannot be read (SecurityAnonymous). */
enum pd_status identity_current(struct identity *identity);

/* Only the token of the calling thread (NULL: not impersonating), by a handle of its own, without
 * asking whose it is. */
enum pd_status identity_capture_token(void **token);

void identity_fini(struct identity *identity); /* closes the token */
void identity_close_token(void *token);        /* NULL allowed */

/* Runs the calling thread under token until identity_leave, which leaves it without any: on a
 * thread of the application's keep what identity_capture_token gives, and enter that afterwards.
 * With NULL both do nothing. */
bool identity_enter(void *token);
void identity_leave(void *token);

#endif
