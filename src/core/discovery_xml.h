/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The envelope of a discovery message, taken apart: the texts of the elements that Probes and
 * ProbeMatches are made of, the first of each. Bounded in every respect, no DTD, no entities but
 * the predefined ones. Internal to core. */
#ifndef PEERDIST_CORE_DISCOVERY_XML_H
#define PEERDIST_CORE_DISCOVERY_XML_H

#include "core/discovery.h"

enum envelope_text {
    TEXT_ACTION,
    TEXT_MESSAGE_ID,
    TEXT_RELATES_TO,
    TEXT_TYPES,
    TEXT_SCOPES,
    TEXT_XADDRS,
    TEXT_ADDRESS, /* of the endpoint reference */
    TEXT_BLOCK_COUNT,
    TEXT_SEGMENT_AGES,
    TEXT_COUNT
};

/* A text within `texts`, white space around it cut off, NUL behind it; NULL: no such element. */
struct envelope {
    const char *text[TEXT_COUNT];
    size_t length[TEXT_COUNT];
    bool probe;        /* Envelope/Body/Probe is there */
    bool match;        /* Envelope/Body/ProbeMatches/ProbeMatch */
    bool types_v1;     /* Types names PeerDistData of the PeerDist namespace */
    bool types_v2;     /* PeerDistDataV2 */
    char match_by[80]; /* attribute of Scopes; empty: absent, or too long */
    size_t used;
    char texts[DISCOVERY_DATAGRAM_MAX + 2 * TEXT_COUNT];
};

enum decode_result envelope_read(const char *data, size_t length, struct envelope *envelope);

#endif
