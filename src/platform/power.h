/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the machine runs on. */
#ifndef PEERDIST_PLATFORM_POWER_H
#define PEERDIST_PLATFORM_POWER_H

#include <stdbool.h>

/* False where it cannot be told. POSIX: always. */
bool power_is_battery(void);

#endif
