/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table that stands for the registry in native tests. */
#ifndef PEERDIST_PLATFORM_POSIX_SETTINGS_H
#define PEERDIST_PLATFORM_POSIX_SETTINGS_H

#include "platform/settings.h"

/* In force at once; everybody who watches is told. At the start: enabled, both versions. */
void settings_test_set(const struct settings *settings);

#endif
