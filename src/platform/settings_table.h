/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every setting there is: its name for people, its place in the registry, and what it may be. */
#ifndef PEERDIST_PLATFORM_SETTINGS_TABLE_H
#define PEERDIST_PLATFORM_SETTINGS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct settings;

/* The two branches below HKEY_LOCAL_MACHINE. */
#define SETTINGS_POLICY_KEY "SOFTWARE\\Policies\\Microsoft\\PeerDist"
#define SETTINGS_LOCAL_KEY  "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\PeerDist"

enum setting_id {
    SETTING_SERVICE_ENABLED,
    SETTING_VERSION_1_ONLY,
    SETTING_CACHE_PERCENT,
    SETTING_CACHE_BYTES,
    SETTING_CACHE_AGE,
    SETTING_DISTRIBUTED_ENABLED,
    SETTING_LISTEN_PORT,
    SETTING_CONNECT_PORT,
    SETTING_BACKOFF_MIN,
    SETTING_DISCOVERY_TIMEOUT,
    SETTING_QUORUM,
    SETTING_UPLOAD_ON_BATTERY,
    SETTING_UPLOAD_CONNECTIONS,
    SETTING_UPLOAD_CONNECTIONS_PER_ADDRESS,
    SETTING_UPLOAD_REQUESTS,
    SETTING_UPLOAD_RATE,
    SETTING_UPLOAD_RATE_PER_ADDRESS,
    SETTING_COUNT
};

/* How the number in the registry is meant. */
enum setting_kind {
    SETTING_NUMBER,
    SETTING_SWITCH, /* 0 is off, every other number on */
    SETTING_CHOICE  /* 1 is on, every other number off: written as 2 */
};

struct setting {
    const char *name;
    const char *key;   /* below either branch */
    const char *value; /* name of the registry value */
    const char *unit;  /* "": none */
    const char *help;
    enum setting_kind kind;
    bool is_quad;             /* REG_QWORD, else REG_DWORD */
    bool has_policy;          /* else the policy branch is not looked at */
    bool has_no_default;      /* something else counts where it is not set */
    uint64_t least, greatest; /* of the meaning: switches and choices are 0 or 1 */
    size_t offset, size;      /* of its field in struct settings */
};
extern const struct setting settings_table[SETTING_COUNT];

/* By name. False: there is none. */
bool setting_find(const char *name, enum setting_id *id);

/* Its field in struct settings. */
uint64_t setting_load(const struct setting *setting, const struct settings *settings);
void setting_store(const struct setting *setting, uint64_t value, struct settings *settings);

/* Between the number in the registry and its meaning. False: out of range. */
bool setting_decode(const struct setting *setting, uint64_t raw, uint64_t *value);
bool setting_encode(const struct setting *setting, uint64_t value, uint64_t *raw);

#endif
