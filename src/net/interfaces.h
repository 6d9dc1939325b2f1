/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The machine's own addresses on the networks it is on. */
#ifndef PEERDIST_NET_INTERFACES_H
#define PEERDIST_NET_INTERFACES_H

#include "net/address.h"

#define NET_INTERFACES_MAX 32u

struct net_interface {
    struct net_address address; /* scope: the interface's index, for IPv6 always */
    unsigned prefix;            /* bits of it that name the subnet */
};

/* Addresses of interfaces that are up: IPv4, and of IPv6 the link-local one of each interface and
 * loopback's. At most NET_INTERFACES_MAX. */
unsigned net_interfaces(struct net_interface out[NET_INTERFACES_MAX]);
/* The interface by which that address is reached directly; NULL when none is. */
const struct net_interface *net_interface_for(const struct net_interface *interfaces,
                                              unsigned count, const struct net_address *peer);

#endif
