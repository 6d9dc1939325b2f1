/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The values in the texts of discovery messages, in forms that both readers need. Internal to core.
 */
#ifndef PEERDIST_CORE_DISCOVERY_VALUES_H
#define PEERDIST_CORE_DISCOVERY_VALUES_H

#include "core/discovery.h"

static inline bool is_xml_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next run of characters other than white space; `text` moves behind it. False at the end. */
bool next_word(const char **text, const char **word, size_t *length);

/* beginning: in lower case. */
bool begins_ignoring_case(const char *text, const char *beginning);

/* Copies a MessageID or an endpoint. False when there is none, when it is empty or longer than
 * DISCOVERY_TEXT_MAX - 1 bytes, or has control characters (C0, DEL, C1). */
bool discovery_copy_name(const char *text, char out[DISCOVERY_TEXT_MAX]);

/* Hexadecimal IDs with white space between ([MS-PCCRD] 2.2.3.2). `keep_spelling` fills `text`.
 * False when there is none, or one is malformed. */
bool discovery_take_ids(const char *text, bool keep_spelling,
                        struct discovery_id ids[DISCOVERY_IDS_MAX], size_t *count);

/* The XAddrs that can be used ([MS-PCCRD] 2.2.3.8), of the first DISCOVERY_ADDRESSES_MAX: literal
 * addresses, with or without "http://", zone, port (80 when missing) and path; IPv4 in IPv6 counts
 * as IPv4. Left out are unspecified, multicast, reserved and broadcast addresses and port 0. Gives
 * their number. */
size_t discovery_take_addresses(const char *text,
                                struct discovery_address addresses[DISCOVERY_ADDRESSES_MAX]);

#endif
