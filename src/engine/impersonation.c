/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thread's own token is kept while another one is in force. */
#include "engine/impersonation.h"

#include <stddef.h>

#include "platform/identity.h"

bool impersonation_begin(struct impersonation *impersonation, void *token)
{
    impersonation->saved = impersonation->entered = NULL;
    /* A thread whose own token cannot be captured is not one of the pool. It could not be given its
     * token back, so it keeps it, and works with it where no other is asked for. */
    if (identity_capture_token(&impersonation->saved) != PD_OK)
        return token == NULL;
    impersonation->entered = token;
    if (token != NULL)
        return identity_enter(token);
    identity_leave(impersonation->saved);
    return true;
}

bool impersonation_begin_on_pool(struct impersonation *impersonation, void *token)
{
    impersonation->saved = NULL;
    impersonation->entered = token;
    return token == NULL || identity_enter(token);
}

void impersonation_end(struct impersonation *impersonation)
{
    if (impersonation->saved != NULL)
        (void)identity_enter(impersonation->saved);
    else
        identity_leave(impersonation->entered);
    identity_close_token(impersonation->saved);
}
