/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of settings, and what follows from a row alone. */
#include "platform/settings_table.h"

#include <string.h>

#include "platform/settings.h"

#define FIELD(member) \
    .offset = offsetof(struct settings, member), .size = sizeof(((struct settings *)0)->member)
#define ON_OFF              .kind = SETTING_SWITCH, .unit = "", .least = 0, .greatest = 1
#define RANGE(low, high, u) .kind = SETTING_NUMBER, .unit = (u), .least = (low), .greatest = (high)

#define PORTS  "DownloadManager\\Peers\\Connection"
#define UPLOAD "DownloadManager\\Upload"
#define CACHE  "CacheMgr\\Republication"

const struct setting settings_table[SETTING_COUNT] = {
    [SETTING_SERVICE_ENABLED] = {.name = "service.enabled",
                                 .key = "Service",
                                 .value = "Enable",
                                 .help = "BranchCache as a whole",
                                 .has_policy = true,
                                 ON_OFF,
                                 FIELD(enabled)},
    [SETTING_VERSION_1_ONLY] = {.name = "information.version-1-only",
                                .key = "Service\\Versioning",
                                .value = "PreferredContentInformationVersion",
                                .help = "content information as of Windows 7 alone",
                                .has_policy = true,
                                .kind = SETTING_CHOICE,
                                .unit = "",
                                .greatest = 1,
                                FIELD(version_1_only)},
    [SETTING_CACHE_PERCENT] = {.name = "cache.percent",
                               .key = CACHE,
                               .value = "SizePercent",
                               .help = "size of the data cache, as a part of its volume",
                               .has_policy = true,
                               RANGE(1, SETTINGS_CACHE_PERCENT_MAX, "%"),
                               FIELD(cache_percent)},
    [SETTING_CACHE_BYTES] = {.name = "cache.bytes",
                             .key = CACHE,
                             .value = "SizeBytes",
                             .help = "size of the data cache, instead of a local cache.percent",
                             .is_quad = true,
                             .has_no_default = true,
                             RANGE(0, UINT64_MAX, "bytes"),
                             FIELD(cache_bytes)},
    [SETTING_CACHE_AGE] = {.name = "cache.age-days",
                           .key = "Retrieval",
                           .value = "SegmentTTL",
                           .help = "how long segments stay in the data cache",
                           .has_policy = true,
                           RANGE(1, UINT32_MAX, "days"),
                           FIELD(cache_age_days)},
    [SETTING_DISTRIBUTED_ENABLED] = {.name = "distributed.enabled",
                                     .key = "CooperativeCaching",
                                     .value = "Enable",
                                     .help = "distributed mode: ask peers, and answer them",
                                     .has_policy = true,
                                     ON_OFF,
                                     FIELD(distributed)},
    [SETTING_LISTEN_PORT] = {.name = "retrieval.listen-port",
                             .key = PORTS,
                             .value = "ListenPort",
                             .help = "TCP port on which peers are served",
                             RANGE(1, UINT16_MAX, ""),
                             FIELD(listen_port)},
    [SETTING_CONNECT_PORT] = {.name = "retrieval.connect-port",
                              .key = PORTS,
                              .value = "ConnectPort",
                              .help = "TCP port of peers that name none",
                              RANGE(1, UINT16_MAX, ""),
                              FIELD(connect_port)},
    [SETTING_BACKOFF_MIN] = {.name = "discovery.backoff-min-ms",
                             .key = "DiscoveryManager",
                             .value = "MinBackoffWindow",
                             .help = "least wait before a peer's question is answered",
                             .has_policy = true,
                             RANGE(1, SETTINGS_BACKOFF_MAX, "ms"),
                             FIELD(backoff_min)},
    [SETTING_DISCOVERY_TIMEOUT] = {.name = "discovery.timeout-ms",
                                   .key = "DownloadManager\\Discovery",
                                   .value = "DiscoveryDiscoveryDetachTimeout", /* spelled so */
                                   .help = "how long the answers of peers are waited for",
                                   RANGE(1, SETTINGS_DISCOVERY_MAX, "ms"),
                                   FIELD(discovery_timeout)},
    [SETTING_QUORUM] = {.name = "discovery.quorum",
                        .key = "DiscoveryManager",
                        .value = "RepubQuorumSize",
                        .help = "after so many answers of others one's own is not needed",
                        .has_policy = true,
                        RANGE(1, UINT32_MAX, "answers"),
                        FIELD(republication_quorum)},
    [SETTING_UPLOAD_ON_BATTERY] = {.name = "upload.on-battery",
                                   .key = UPLOAD,
                                   .value = "ServePeersOnBatteryPower",
                                   .help = "serve peers while on battery",
                                   ON_OFF,
                                   FIELD(serve_on_battery)},
    [SETTING_UPLOAD_CONNECTIONS] = {.name = "upload.connections",
                                    .key = UPLOAD,
                                    .value = "MaxConnections",
                                    .help = "connections of peers at once",
                                    RANGE(1, SETTINGS_UPLOAD_MAX, ""),
                                    FIELD(upload_connections)},
    [SETTING_UPLOAD_CONNECTIONS_PER_ADDRESS] = {.name = "upload.connections-per-address",
                                                .key = UPLOAD,
                                                .value = "MaxConnectionsPerAddress",
                                                .help = "connections of one address at once",
                                                RANGE(1, SETTINGS_UPLOAD_MAX, ""),
                                                FIELD(upload_connections_per_address)},
    [SETTING_UPLOAD_REQUESTS] = {.name = "upload.requests",
                                 .key = UPLOAD,
                                 .value = "MaxRequests",
                                 .help = "requests of peers in work at once",
                                 RANGE(1, SETTINGS_UPLOAD_MAX, ""),
                                 FIELD(upload_requests)},
    [SETTING_UPLOAD_RATE] = {.name = "upload.rate-kib",
                             .key = UPLOAD,
                             .value = "KiBPerSecond",
                             .help = "what is sent to all peers together; 0: no limit",
                             RANGE(0, UINT32_MAX, "KiB/s"),
                             FIELD(upload_rate)},
    [SETTING_UPLOAD_RATE_PER_ADDRESS] = {.name = "upload.rate-per-address-kib",
                                         .key = UPLOAD,
                                         .value = "KiBPerSecondPerAddress",
                                         .help = "what is sent to one address; 0: no limit",
                                         RANGE(0, UINT32_MAX, "KiB/s"),
                                         FIELD(upload_rate_per_address)},
};

bool setting_find(const char *name, enum setting_id *id)
{
    for (unsigned i = 0; i < SETTING_COUNT; i++)
        if (strcmp(settings_table[i].name, name) == 0) {
            *id = (enum setting_id)i;
            return true;
        }
    return false;
}

uint64_t setting_load(const struct setting *setting, const struct settings *settings)
{
    const unsigned char *field = (const unsigned char *)settings + setting->offset;
    uint16_t two;
    uint32_t four;
    uint64_t eight;

    switch (setting->size) {
    case sizeof(two):
        memcpy(&two, field, sizeof(two));
        return two;
    case sizeof(four):
        memcpy(&four, field, sizeof(four));
        return four;
    case sizeof(eight):
        memcpy(&eight, field, sizeof(eight));
        return eight;
    default:
        return *(const bool *)field;
    }
}

void setting_store(const struct setting *setting, uint64_t value, struct settings *settings)
{
    unsigned char *field = (unsigned char *)settings + setting->offset;
    uint16_t two = (uint16_t)value;
    uint32_t four = (uint32_t)value;

    switch (setting->size) {
    case sizeof(two):
        memcpy(field, &two, sizeof(two));
        break;
    case sizeof(four):
        memcpy(field, &four, sizeof(four));
        break;
    case sizeof(value):
        memcpy(field, &value, sizeof(value));
        break;
    default:
        *(bool *)field = value != 0;
    }
}

bool setting_decode(const struct setting *setting, uint64_t raw, uint64_t *value)
{
    switch (setting->kind) {
    case SETTING_SWITCH:
        *value = raw != 0;
        break;
    case SETTING_CHOICE:
        *value = raw == 1;
        break;
    default:
        *value = raw;
    }
    return *value >= setting->least && *value <= setting->greatest;
}

bool setting_encode(const struct setting *setting, uint64_t value, uint64_t *raw)
{
    *raw = setting->kind == SETTING_CHOICE && value == 0 ? 2 : value;
    return value >= setting->least && value <= setting->greatest;
}
