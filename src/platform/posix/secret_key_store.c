/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's secret key in the process's memory, for native tests. */
#include "platform/secret_key_store.h"

#include "platform/random.h"
#include "platform/thread.h"

static struct mutex lock = MUTEX_INITIALIZER; /* guards the key */
static struct secret_key kept;

enum pd_status secret_key_load(struct secret_key *key)
{
    enum pd_status status = PD_OK;

    mutex_lock(&lock);
    if (!kept.length) {
        if (random_bytes(kept.bytes, SECRET_KEY_GENERATED))
            kept.length = SECRET_KEY_GENERATED;
        else
            status = PD_UNAVAILABLE;
    }
    *key = kept;
    mutex_unlock(&lock);
    return status;
}

enum pd_status secret_key_save(const struct secret_key *key)
{
    if (!key->length || key->length > SECRET_KEY_MAX)
        return PD_INVALID_PARAMETER;
    mutex_lock(&lock);
    kept = *key;
    mutex_unlock(&lock);
    return PD_OK;
}

const char *secret_key_location(void)
{
    const char *location;

    mutex_lock(&lock);
    location = kept.length ? "user" : NULL;
    mutex_unlock(&lock);
    return location;
}
