/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses as the system's calls take them. Internal to net. */
#ifndef PEERDIST_NET_SOCKET_ADDRESS_H
#define PEERDIST_NET_SOCKET_ADDRESS_H

#include <string.h>

#include "net/address.h"
#include "net/socket_system.h"

union socket_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static inline socklen_t socket_address_from(union socket_address *to,
                                            const struct net_address *from)
{
    memset(to, 0, sizeof(*to));
    if (from->ipv6) {
        to->v6.sin6_family = AF_INET6;
        to->v6.sin6_port = htons(from->port);
        to->v6.sin6_scope_id = from->scope;
        memcpy(&to->v6.sin6_addr, from->bytes, 16);
        return sizeof(to->v6);
    }
    to->v4.sin_family = AF_INET;
    to->v4.sin_port = htons(from->port);
    memcpy(&to->v4.sin_addr, from->bytes, 4);
    return sizeof(to->v4);
}

static inline void socket_address_to(const union socket_address *from, struct net_address *to)
{
    memset(to, 0, sizeof(*to));
    to->ipv6 = from->any.sa_family == AF_INET6;
    if (to->ipv6) {
        to->port = ntohs(from->v6.sin6_port);
        memcpy(to->bytes, &from->v6.sin6_addr, 16);
        to->scope = net_is_link_local(to) ? from->v6.sin6_scope_id : 0;
    } else {
        to->port = ntohs(from->v4.sin_port);
        memcpy(to->bytes, &from->v4.sin_addr, 4);
    }
}

#endif
