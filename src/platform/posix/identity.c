/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* No tokens on POSIX: every thread is the process's user. */
#include "platform/identity.h"

#include <string.h>

enum pd_status identity_capture_token(void **token)
{
    *token = NULL;
    return PD_OK;
}

void identity_fini(struct identity *identity)
{
    (void)identity;
}

void identity_close_token(void *token)
{
    (void)token;
}

bool identity_enter(void *token)
{
    (void)token;
    return true;
}

void identity_leave(void *token)
{
    (void)token;
}
