/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses of machines: IPv4 and IPv6, with port. */
#ifndef PEERDIST_NET_ADDRESS_H
#define PEERDIST_NET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net_address {
    bool ipv6;
    uint8_t bytes[16]; /* network order; of IPv4 the first 4, the rest 0 */
    uint32_t scope;    /* IPv6 link-local: index of the interface, else 0 */
    uint16_t port;
};

/* "192.168.7.21:80", "[fe80::1]:80": never the scope, which means nothing to others. */
#define NET_ADDRESS_TEXT 56
void net_address_text(const struct net_address *address, char text[NET_ADDRESS_TEXT]);
/* The same without the port and brackets. */
void net_host_text(const struct net_address *address, char text[NET_ADDRESS_TEXT]);
/* An address literal, "[v6]:port", "v4:port", or without a port, which is then 0. False: no
 * address. */
bool net_address_parse(const char *text, struct net_address *address);

/* The same machine, whatever the port. */
bool net_same_host(const struct net_address *a, const struct net_address *b);
bool net_is_loopback(const struct net_address *address);
bool net_is_link_local(const struct net_address *address); /* IPv6 fe80::/10 */
/* Nobody's own: unspecified, multicast or broadcast. */
bool net_is_no_host(const struct net_address *address);
/* Both within the first `prefix` bits. */
bool net_same_prefix(const struct net_address *a, const struct net_address *b, unsigned prefix);

#endif
