/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table that stands for the registry in native tests. */
#ifndef PEERDIST_PLATFORM_POSIX_SETTINGS_H
#define PEERDIST_PLATFORM_POSIX_SETTINGS_H

#include "platform/settings_source.h"

/* Both are in force at once, and everybody who watches is told. */

/* The defaults from now on, with nothing set. At the start: enabled, both versions. */
void settings_test_set(const struct settings *settings);
/* As if the registry held this value; the number is for SETTINGS_RAW_NUMBER. */
void settings_test_put(enum settings_branch branch, enum setting_id id, enum settings_raw raw,
                       uint64_t number);

#endif
