/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the administrator set: registry (Win32, always the 64-bit view) or, in native tests, a table
 * in memory (platform/posix/settings.h).
 *
 *   HKLM\SOFTWARE\Policies\Microsoft\PeerDist\Service                    Enable (DWORD) wins over
 *   HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\PeerDist\Service   Enable; absent in both: on
 *   <either>\Service\Versioning  PreferredContentInformationVersion (DWORD): 1 means version 1 only
 */
#ifndef PEERDIST_PLATFORM_SETTINGS_H
#define PEERDIST_PLATFORM_SETTINGS_H

#include <stdbool.h>
#include "core/status.h"

struct settings {
    bool enabled;
    bool version_1_only; /* content information: Windows 7's format alone */
};

/* What cannot be read counts as absent. */
void settings_read(struct settings *settings);

/* Calls changed(context) on a thread of its own after each possible change; it must read and
 * compare itself. Keys that do not exist yet are watched through their nearest existing ancestor. A
 * change between settings_watch_start and its first look is not lost. settings_watch_stop returns
 * when the thread has ended: no call comes afterwards. */
struct settings_watch;
enum pd_status settings_watch_start(void (*changed)(void *context), void *context,
                                    struct settings_watch **watch);
void settings_watch_stop(struct settings_watch *watch);

#endif
