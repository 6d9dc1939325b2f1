/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/traffic.h"

#include <string.h>
#include "platform/identity.h"
#include "store/service_folder.h"

enum pd_status traffic_open(struct traffic *traffic)
{
    struct identity identity;
    memset(traffic, 0, sizeof(*traffic));
    enum pd_status status = identity_current(&identity);
    if (status != PD_OK)
        return status;
    traffic->user = counter_store_create(identity.user, identity.user);
    traffic->service = counter_store_create(SERVICE_FOLDER, identity.user);
    identity_fini(&identity);
    return traffic->user && traffic->service ? PD_OK : PD_NO_MEMORY;
}

void traffic_close(struct traffic *traffic)
{
    counter_store_destroy(traffic->user);
    counter_store_destroy(traffic->service);
}

static bool add(const struct counter *counter, void *context)
{
    struct traffic_sum *sum = context;

    switch (counter->kind) {
    case COUNTER_FROM_CACHE:
        sum->from_cache += counter->bytes;
        break;
    case COUNTER_FROM_PEER:
        sum->from_peers += counter->bytes;
        sum->peers += counter->bytes > 0 ? 1 : 0;
        break;
    case COUNTER_FROM_ORIGIN:
        sum->from_origin += counter->bytes;
        break;
    case COUNTER_SERVED:
        sum->served += counter->bytes;
        sum->served_peers++;
        break;
    default:
        break;
    }
    return true;
}

void traffic_add_up(const struct traffic *traffic, struct traffic_sum *sum)
{
    memset(sum, 0, sizeof(*sum));
    (void)counter_visit(traffic->user, add, sum);
    (void)counter_visit(traffic->service, add, sum);
}
