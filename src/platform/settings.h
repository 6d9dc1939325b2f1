/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the administrator set: registry (Win32, always the 64-bit view) or, in native tests, a table
 * in memory (platform/posix/settings.h). settings_table.c has the keys and values of all, in one or
 * both of these:
 *
 *   HKLM\SOFTWARE\Policies\Microsoft\PeerDist                    a policy, which wins over
 *   HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\PeerDist  what was set locally
 *
 * Of the two sizes of the data cache a policy's percentage wins, then the local bytes.
 */
#ifndef PEERDIST_PLATFORM_SETTINGS_H
#define PEERDIST_PLATFORM_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include "core/status.h"
#include "platform/settings_table.h"

#define SETTINGS_CACHE_PERCENT     5u
#define SETTINGS_CACHE_PERCENT_MAX 80u
#define SETTINGS_CACHE_AGE_DAYS    28u

#define SETTINGS_PORT                    80u
#define SETTINGS_BACKOFF_MIN             1u
#define SETTINGS_BACKOFF_MAX             65u
#define SETTINGS_DISCOVERY               300u
#define SETTINGS_DISCOVERY_MAX           10000u
#define SETTINGS_QUORUM                  10u
#define SETTINGS_CONNECTIONS             512u
#define SETTINGS_CONNECTIONS_PER_ADDRESS 64u
#define SETTINGS_REQUESTS                64u
#define SETTINGS_UPLOAD_MAX              16384u /* of each of the three above */

struct settings {
    bool enabled;
    bool version_1_only;    /* content information: Windows 7's format alone */
    uint32_t cache_percent; /* of the volume: 1 to 80 */
    bool cache_by_bytes;    /* then cache_bytes counts instead */
    uint64_t cache_bytes;
    uint32_t cache_age_days; /* at least 1 */

    bool distributed; /* ask peers, and answer them */
    uint16_t listen_port, connect_port;
    bool serve_on_battery;
    uint32_t backoff_min;          /* ms: least wait before a Probe is answered */
    uint32_t discovery_timeout;    /* ms: how long answers to a Probe are waited for */
    uint32_t republication_quorum; /* so many answers seen: one's own is not needed */
    /* Limits on serving peers. */
    uint32_t upload_connections, upload_connections_per_address;
    uint32_t upload_requests;                      /* in work at a time */
    uint32_t upload_rate, upload_rate_per_address; /* KiB a second; 0: no limit */
};
/* What holds where nothing is set. */
extern const struct settings settings_defaults;

/* What cannot be read, or is out of range, counts as absent. */
void settings_read(struct settings *settings);
/* Sets the local size of the data cache: percent of its volume where that is not 0, else bytes. A
 * policy still wins. PD_ACCESS_DENIED. */
enum pd_status settings_set_cache_size(uint32_t percent, uint64_t bytes);

/* One setting of settings_table, and where its value comes from. */
enum setting_origin { SETTING_FROM_DEFAULT, SETTING_FROM_LOCAL, SETTING_FROM_POLICY };

struct setting_found {
    bool set;
    uint64_t value;
    char ignored[24]; /* what stands there and counts as absent; "": nothing does */
};

struct setting_state {
    uint64_t value;
    enum setting_origin origin;
    bool in_force; /* false: of cache.percent and cache.bytes the other one counts */
    struct setting_found policy, local;
};

void settings_state(enum setting_id id, struct setting_state *state);
/* The local value. PD_INVALID_PARAMETER out of range; PD_ACCESS_DENIED. Unset what is not set: done
 * already. */
enum pd_status settings_set(enum setting_id id, uint64_t value);
enum pd_status settings_unset(enum setting_id id);

/* Calls changed(context) on a thread of its own after each possible change; it must read and
 * compare itself. Keys that do not exist yet are watched through their nearest existing ancestor. A
 * change between settings_watch_start and its first look is not lost. settings_watch_stop returns
 * when the thread has ended: no call comes afterwards. */
struct settings_watch;
enum pd_status settings_watch_start(void (*changed)(void *context), void *context,
                                    struct settings_watch **watch);
void settings_watch_stop(struct settings_watch *watch);

#endif
