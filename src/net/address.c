/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Comparing, reading and writing addresses. */
#include "net/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/socket_system.h"

static size_t address_size(const struct net_address *address)
{
    return address->ipv6 ? 16 : 4;
}

void net_host_text(const struct net_address *address, char text[NET_ADDRESS_TEXT])
{
    text[0] = '\0';
    (void)inet_ntop(address->ipv6 ? AF_INET6 : AF_INET, address->bytes, text, NET_ADDRESS_TEXT);
}

void net_address_text(const struct net_address *address, char text[NET_ADDRESS_TEXT])
{
    char host[NET_ADDRESS_TEXT];
    net_host_text(address, host);
    snprintf(text, NET_ADDRESS_TEXT, address->ipv6 ? "[%.45s]:%u" : "%.45s:%u", host,
             (unsigned)address->port);
}

static bool parse_port(const char *text, uint16_t *port)
{
    char *end;
    if (*text == '\0')
        return true;
    if (*text != ':' || text[1] < '0' || text[1] > '9')
        return false;
    unsigned long value = strtoul(text + 1, &end, 10);
    *port = (uint16_t)value;
    return *end == '\0' && value >= 1 && value <= 65535;
}

bool net_address_parse(const char *text, struct net_address *address)
{
    char host[NET_ADDRESS_TEXT];
    memset(address, 0, sizeof(*address));
    address->ipv6 = text[0] == '[';
    size_t length = address->ipv6 ? strcspn(++text, "]") : strcspn(text, ":");
    if (length >= sizeof(host))
        return false;
    memcpy(host, text, length);
    host[length] = '\0';
    text += length;
    if (address->ipv6 && *text++ != ']')
        return false;
    return inet_pton(address->ipv6 ? AF_INET6 : AF_INET, host, address->bytes) == 1 &&
           parse_port(text, &address->port);
}

bool net_same_host(const struct net_address *a, const struct net_address *b)
{
    return a->ipv6 == b->ipv6 && a->scope == b->scope &&
           memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool net_is_loopback(const struct net_address *address)
{
    static const uint8_t loopback[16] = {[15] = 1};
    return address->ipv6 ? memcmp(address->bytes, loopback, 16) == 0 : address->bytes[0] == 127;
}

bool net_is_link_local(const struct net_address *address)
{
    return address->ipv6 && address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

bool net_is_no_host(const struct net_address *address)
{
    static const uint8_t none[16];
    static const uint8_t broadcast[4] = {255, 255, 255, 255};
    if (memcmp(address->bytes, none, address_size(address)) == 0)
        return true;
    if (address->ipv6)
        return address->bytes[0] == 0xff;
    return (address->bytes[0] & 0xf0) == 0xe0 || memcmp(address->bytes, broadcast, 4) == 0;
}

bool net_same_prefix(const struct net_address *a, const struct net_address *b, unsigned prefix)
{
    unsigned bits = (unsigned)address_size(a) * 8;
    if (a->ipv6 != b->ipv6)
        return false;
    prefix = prefix < bits ? prefix : bits;
    unsigned bytes = prefix / 8, rest = prefix % 8;
    return memcmp(a->bytes, b->bytes, bytes) == 0 &&
           (rest == 0 || (a->bytes[bytes] ^ b->bytes[bytes]) >> (8 - rest) == 0);
}
