/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where Probes go ([MS-PCCRD] 2.1). */
#ifndef PEERDIST_NET_DISCOVERY_GROUPS_H
#define PEERDIST_NET_DISCOVERY_GROUPS_H

#include "core/discovery.h"
#include "net/address.h"

/* 239.255.255.250 or FF02::C, for the interface with that address. */
static inline struct net_address discovery_group(const struct net_address *interface_address)
{
    if (!interface_address->ipv6)
        return (struct net_address){.bytes = {239, 255, 255, 250}, .port = DISCOVERY_PORT};
    return (struct net_address){.ipv6 = true,
                                .bytes = {0xff, 2, [15] = 0x0c},
                                .scope = interface_address->scope,
                                .port = DISCOVERY_PORT};
}

#endif
