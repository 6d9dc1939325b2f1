/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What settings.c reads and writes: the registry (win32/settings.c), or the table of native tests
 * (posix/settings.c). Numbers are as the registry has them. */
#ifndef PEERDIST_PLATFORM_SETTINGS_SOURCE_H
#define PEERDIST_PLATFORM_SETTINGS_SOURCE_H

#include "core/status.h"
#include "platform/settings.h"

enum settings_branch { SETTINGS_POLICY, SETTINGS_LOCAL, SETTINGS_BRANCHES };

enum settings_raw { SETTINGS_RAW_ABSENT, SETTINGS_RAW_NUMBER, SETTINGS_RAW_OTHER_TYPE };

enum settings_raw settings_source_read(enum settings_branch branch, enum setting_id id,
                                       uint64_t *number);
/* In the local branch. PD_ACCESS_DENIED. */
enum pd_status settings_source_write(enum setting_id id, uint64_t number);
enum pd_status settings_source_remove(enum setting_id id); /* also what is not there */
/* What holds where neither branch says anything. */
void settings_source_defaults(struct settings *settings);

#endif
