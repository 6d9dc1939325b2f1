/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/discovery_xaddrs.h"

#include <string.h>
#include <strings.h>

#include "core/discovery_ids.h"

#define DEFAULT_PORT 80u

/* Decimal, without sign; `digits` at most. */
static bool read_decimal(const char **p, const char *end, unsigned digits, uint32_t most,
                         uint32_t *value)
{
    const char *begin = *p;
    *value = 0;
    while (*p < end && **p >= '0' && **p <= '9' && (size_t)(*p - begin) < digits)
        *value = *value * 10 + (uint32_t)(*(*p)++ - '0');
    return *p > begin && *value <= most;
}

static bool read_ipv4(const char **p, const char *end, uint8_t *bytes)
{
    for (unsigned i = 0; i < 4; i++) {
        uint32_t value;
        if (i > 0 && (*p == end || *(*p)++ != '.'))
            return false;
        if (!read_decimal(p, end, 3, 255, &value))
            return false;
        bytes[i] = (uint8_t)value;
    }
    return true;
}

/* A group of up to four hexadecimal digits. */
static bool read_group(const char **p, const char *end, uint8_t *bytes)
{
    const char *begin = *p;
    uint32_t value = 0;
    while (*p < end && hex_value(**p) >= 0 && *p - begin < 4)
        value = value << 4 | (uint32_t)hex_value(*(*p)++);
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
    return *p > begin;
}

static bool is_dotted(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p < end && *p == '.';
}

/* [RFC 4291] 2.2, to the end of the text. */
static bool read_ipv6(const char *p, const char *end, uint8_t *bytes)
{
    uint8_t groups[16] = {0};
    size_t filled = 0, gap = SIZE_MAX;
    if (end - p >= 2 && p[0] == ':' && p[1] == ':') {
        gap = 0;
        p += 2;
    }
    while (p < end) {
        if (filled <= 12 && is_dotted(p, end)) {
            if (!read_ipv4(&p, end, groups + filled))
                return false;
            filled += 4;
            break;
        }
        if (filled > 14 || !read_group(&p, end, groups + filled))
            return false;
        filled += 2;
        if (p == end)
            break;
        if (*p++ != ':')
            return false;
        if (p < end && *p == ':') {
            if (gap != SIZE_MAX)
                return false;
            gap = filled;
            p++;
        } else if (p == end) {
            return false;
        }
    }
    if (p != end || (gap == SIZE_MAX ? filled != 16 : filled > 14))
        return false;
    memset(bytes, 0, 16);
    if (gap == SIZE_MAX)
        gap = filled;
    memcpy(bytes, groups, gap);
    memcpy(bytes + 16 - (filled - gap), groups + gap, filled - gap);
    return true;
}

/* Machines of their own, whatever the sender may be: the rest is for those to judge who know it. */
static bool is_host(const struct discovery_address *address)
{
    static const uint8_t none[16];
    const uint8_t *bytes = address->bytes;
    if (memcmp(bytes, none, address->ipv6 ? 16 : 4) == 0)
        return false;
    if (address->ipv6)
        return bytes[0] != 0xff;
    return bytes[0] < 224 && bytes[0] != 0;
}

static bool read_port(const char *p, const char *end, uint16_t *port)
{
    uint32_t value = DEFAULT_PORT;
    if (p < end && *p == ':') {
        p++;
        if (!read_decimal(&p, end, 5, 65535, &value) || value == 0)
            return false;
    }
    *port = (uint16_t)value;
    /* The path is always the same, whatever is said. */
    return p == end || *p == '/';
}

static bool read_entry(const char *p, const char *end, struct discovery_address *address)
{
    static const char scheme[] = "http://";
    memset(address, 0, sizeof(*address));
    if ((size_t)(end - p) > strlen(scheme) && strncasecmp(p, scheme, strlen(scheme)) == 0)
        p += strlen(scheme);
    if (p < end && *p == '[') {
        const char *close = memchr(p, ']', (size_t)(end - p));
        const char *zone = memchr(p, '%', (size_t)(end - p));
        if (close == NULL)
            return false;
        address->ipv6 = true;
        if (!read_ipv6(p + 1, zone != NULL && zone < close ? zone : close, address->bytes))
            return false;
        p = close + 1;
    } else if (!read_ipv4(&p, end, address->bytes)) {
        return false;
    }
    return is_host(address) && read_port(p, end, &address->port);
}

void discovery_read_xaddrs(const char *text, struct discovery_address *addresses, size_t *count)
{
    const char *word;
    size_t length;
    *count = 0;
    for (unsigned i = 0; i < DISCOVERY_ADDRESSES_MAX && next_word(&text, &word, &length); i++)
        if (read_entry(word, word + length, &addresses[*count]))
            ++*count;
}
