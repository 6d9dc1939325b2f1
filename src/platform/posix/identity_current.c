/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process's user; alone here, so that tests can replace it. */
#include "platform/identity.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum pd_status identity_current(struct identity *identity)
{
    memset(identity, 0, sizeof(*identity));
    snprintf(identity->user, sizeof(identity->user), "uid-%lu", (unsigned long)geteuid());
    return PD_OK;
}
