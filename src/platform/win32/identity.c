/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tokens of threads: capture, keep, work under them. Who they belong to: identity_current.c. */
#include "platform/identity.h"

#include <windows.h>

enum pd_status identity_capture_token(void **token)
{
    HANDLE handle = NULL;

    *token = NULL;
    /* As the process, because an impersonated user may have no right to look at itself. The handle
     * keeps the token alive after the thread has reverted. */
    if (OpenThreadToken(GetCurrentThread(), TOKEN_QUERY | TOKEN_IMPERSONATE | TOKEN_DUPLICATE, TRUE,
                        &handle)) {
        *token = handle;
        return PD_OK;
    }
    /* Any other error means that the thread does impersonate, and that nobody may know whom:
     * SecurityAnonymous is ERROR_CANT_OPEN_ANONYMOUS. */
    return GetLastError() == ERROR_NO_TOKEN ? PD_OK : PD_NO_IDENTITY;
}

void identity_fini(struct identity *identity)
{
    identity_close_token(identity->token);
    identity->token = NULL;
}

void identity_close_token(void *token)
{
    if (token)
        CloseHandle(token);
}

bool identity_enter(void *token)
{
    return !token || SetThreadToken(NULL, token);
}

void identity_leave(void *token)
{
    if (token)
        SetThreadToken(NULL, NULL);
}
