/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random UUIDs ([RFC 4122] 4.4) as URNs. */
#ifndef PEERDIST_PLATFORM_UUID_H
#define PEERDIST_PLATFORM_UUID_H

#include <stdbool.h>

#define UUID_URN_SIZE 46u /* "urn:uuid:", 36 characters and NUL */
/* False: the system gave no random bytes. */
bool uuid_urn(char urn[UUID_URN_SIZE]);

#endif
