/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words, and segment IDs as hexadecimal words. Internal to core. */
#ifndef PEERDIST_CORE_DISCOVERY_IDS_H
#define PEERDIST_CORE_DISCOVERY_IDS_H

#include "core/discovery.h"

/* The next word of a text; false after the last. */
static inline bool next_word(const char **text, const char **word, size_t *length)
{
    const char *p = *text;
    while (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')
        p++;
    *word = p;
    while (*p != '\0' && *p != ' ' && *p != '\t' && *p != '\r' && *p != '\n')
        p++;
    *length = (size_t)(p - *word);
    *text = p;
    return *length > 0;
}

static inline int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Text of version 1.0's Scopes: at least one word, all of them IDs. */
bool discovery_read_ids(const char *text, struct discovery_id *ids, size_t *count);
static inline bool discovery_is_id_length(size_t length)
{
    return length == 32 || length == 48 || length == 64;
}

#endif
