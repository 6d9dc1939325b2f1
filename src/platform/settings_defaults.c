/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The values of settings that nobody set. */
#include "platform/settings.h"

const struct settings settings_defaults = {
    .enabled = true,
    .cache_percent = SETTINGS_CACHE_PERCENT,
    .cache_age_days = SETTINGS_CACHE_AGE_DAYS,
    .listen_port = SETTINGS_PORT,
    .connect_port = SETTINGS_PORT,
    .backoff_min = SETTINGS_BACKOFF_MIN,
    .discovery_timeout = SETTINGS_DISCOVERY,
    .republication_quorum = SETTINGS_QUORUM,
    .upload_connections = SETTINGS_CONNECTIONS,
    .upload_connections_per_address = SETTINGS_CONNECTIONS_PER_ADDRESS,
    .upload_requests = SETTINGS_REQUESTS,
};
