/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XAddrs: literal addresses only. No name is ever looked up for discovery, and how a system reads
 * short forms of addresses must not matter, so they are taken apart here. */
#include <string.h>

#include "core/discovery_values.h"
#include "core/hex.h"

#define DEFAULT_PORT 80u
#define GROUPS       8u /* of an IPv6 address, two bytes each */

/* Moves *text behind a number without leading zeros; false when there is none up to `greatest`. */
static bool take_decimal(const char **text, uint32_t greatest, uint32_t *value)
{
    const char *p = *text;

    *value = 0;
    if (p[0] == '0' && p[1] >= '0' && p[1] <= '9')
        return false; /* octal to some, decimal to others */
    for (; *p >= '0' && *p <= '9'; p++) {
        *value = 10 * *value + (uint32_t)(*p - '0');
        if (*value > greatest)
            return false;
    }
    if (p == *text)
        return false;
    *text = p;
    return true;
}

static bool take_ipv4(const char **text, uint8_t bytes[4])
{
    for (unsigned i = 0; i < 4; i++) {
        uint32_t value;

        if (i > 0 && *(*text)++ != '.')
            return false;
        if (!take_decimal(text, 255, &value))
            return false;
        bytes[i] = (uint8_t)value;
    }
    return true;
}

/* One to four hexadecimal digits. */
static bool take_group(const char **text, uint8_t bytes[2])
{
    uint32_t value = 0;
    unsigned digits = 0;

    for (; digits < 4 && hex_digit(**text) >= 0; digits++, (*text)++)
        value = value << 4 | (uint32_t)hex_digit(**text);
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
    return digits > 0;
}

/* The end of an IPv6 address may be written as an IPv4 address. */
static bool take_embedded_ipv4(const char **text, uint8_t *bytes, unsigned *groups)
{
    const char *p = *text;

    if (*groups > GROUPS - 2 || !take_ipv4(&p, bytes))
        return false;
    *text = p;
    *groups += 2;
    return true;
}

static bool take_ipv6(const char **text, uint8_t bytes[16])
{
    unsigned groups = 0;
    unsigned gap = GROUPS + 1; /* how many groups stand before "::" */

    memset(bytes, 0, 16);
    if ((*text)[0] == ':' && (*text)[1] == ':') {
        gap = 0;
        *text += 2;
    }
    while (groups < GROUPS && (groups != gap || hex_digit(**text) >= 0)) {
        if (take_embedded_ipv4(text, bytes + 2 * groups, &groups))
            break;
        if (!take_group(text, bytes + 2 * groups))
            return false;
        groups++;
        if (**text != ':' || groups == GROUPS)
            break;
        ++*text;
        if (**text != ':')
            continue; /* a group must follow */
        if (gap <= GROUPS)
            return false;
        gap = groups;
        ++*text;
    }
    if (gap > GROUPS)
        return groups == GROUPS;
    if (groups >= GROUPS)
        return false; /* the gap stands for one group at least */
    memmove(bytes + 2 * (GROUPS - (groups - gap)), bytes + 2 * gap, 2 * (groups - gap));
    memset(bytes + 2 * gap, 0, 2 * (GROUPS - groups));
    return true;
}

/* From the bracket on. The zone means nothing to anybody but the sender. */
static bool take_bracketed(const char **text, struct discovery_address *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    const char *p = *text + 1;

    if (!take_ipv6(&p, address->bytes))
        return false;
    if (*p == '%') {
        size_t zone = strcspn(p + 1, "] \t\r\n");

        if (zone == 0)
            return false;
        p += 1 + zone;
    }
    if (*p != ']')
        return false;
    *text = p + 1;
    address->ipv6 = memcmp(address->bytes, mapped, sizeof mapped) != 0;
    if (!address->ipv6) {
        memmove(address->bytes, address->bytes + sizeof mapped, 4);
        memset(address->bytes + 4, 0, 12);
    }
    return true;
}

/* Whether a connection to it can be one to a single host. */
static bool is_unicast(const struct discovery_address *address)
{
    static const uint8_t unspecified[16] = {0};

    if (!address->ipv6) /* 0.0.0.0/8; multicast, reserved and broadcast */
        return address->bytes[0] != 0 && address->bytes[0] < 224;
    return memcmp(address->bytes, unspecified, sizeof unspecified) != 0 &&
           address->bytes[0] != 0xff;
}

static bool take_address(const char *word, struct discovery_address *address)
{
    static const char scheme[] = "http://";
    uint32_t port = DEFAULT_PORT;

    memset(address, 0, sizeof *address);
    if (begins_ignoring_case(word, scheme))
        word += strlen(scheme);
    if (*word == '[' ? !take_bracketed(&word, address) : !take_ipv4(&word, address->bytes))
        return false;
    if (*word == ':') {
        word++;
        if (!take_decimal(&word, UINT16_MAX, &port))
            return false;
    }
    address->port = (uint16_t)port;
    return (*word == '\0' || *word == '/' || is_xml_space(*word)) && port > 0 &&
           is_unicast(address);
}

size_t discovery_take_addresses(const char *text,
                                struct discovery_address addresses[DISCOVERY_ADDRESSES_MAX])
{
    const char *word;
    size_t length;
    size_t count = 0;

    for (unsigned i = 0; i < DISCOVERY_ADDRESSES_MAX && next_word(&text, &word, &length); i++)
        if (take_address(word, &addresses[count]))
            count++;
    return count;
}
