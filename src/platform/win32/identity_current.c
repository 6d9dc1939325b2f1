/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose token the calling thread runs under; alone here, so that tests can replace it. */
#include "platform/identity.h"

#include <windows.h>
#include <sddl.h>
#include <string.h>

#include "platform/thread.h"

/* The process's own user never changes, and asking takes 100 to 200 us under Wine. */
static struct mutex process_lock = MUTEX_INITIALIZER;
static char process_user[IDENTITY_USER_MAX]; /* empty: not asked yet */

static bool user_of_token(HANDLE token, char user[IDENTITY_USER_MAX])
{
    union {
        TOKEN_USER user;
        BYTE room[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } information;
    DWORD size = 0;
    wchar_t *text = NULL;
    bool fits = false;

    if (!GetTokenInformation(token, TokenUser, &information, sizeof(information), &size) ||
        !ConvertSidToStringSidW(information.user.User.Sid, &text))
        return false;
    for (size_t i = 0; i < IDENTITY_USER_MAX && !fits; i++) {
        user[i] = (char)text[i]; /* digits, '-' and 'S' */
        fits = !text[i];
    }
    LocalFree(text);
    return fits;
}

static enum pd_status user_of_process(char user[IDENTITY_USER_MAX])
{
    enum pd_status status = PD_OK;
    HANDLE token;

    mutex_lock(&process_lock);
    if (!process_user[0]) {
        status = PD_NO_IDENTITY;
        if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
            if (user_of_token(token, process_user))
                status = PD_OK;
            else
                process_user[0] = 0;
            CloseHandle(token);
        }
    }
    memcpy(user, process_user, IDENTITY_USER_MAX);
    mutex_unlock(&process_lock);
    return status;
}

enum pd_status identity_current(struct identity *identity)
{
    enum pd_status status;

    memset(identity, 0, sizeof(*identity));
    status = identity_capture_token(&identity->token);
    if (status != PD_OK)
        return status;
    if (!identity->token)
        return user_of_process(identity->user);
    if (!user_of_token(identity->token, identity->user)) {
        identity_fini(identity);
        return PD_NO_IDENTITY;
    }
    return PD_OK;
}
