/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guarded walk over a SOAP envelope from anybody, shared by the readers of Probe and
 * ProbeMatches. Internal to core.
 *
 * Bounded: size, depth, elements, attributes, names. Refused: document types, and with them every
 * entity of one's own; processing instructions; encodings other than UTF-8. */
#ifndef PEERDIST_CORE_DISCOVERY_XML_H
#define PEERDIST_CORE_DISCOVERY_XML_H

#include "core/discovery.h"

/* Where an element stands. The same name elsewhere is PLACE_UNKNOWN, and so is every further
 * element at the same place: the first counts. */
enum discovery_place {
    PLACE_UNKNOWN,
    PLACE_DOCUMENT,
    PLACE_ENVELOPE,
    PLACE_HEADER,
    PLACE_BODY,
    PLACE_PROBE,
    PLACE_MATCHES,
    PLACE_MATCH,
    PLACE_ENDPOINT, /* wsa:EndpointReference */
    PLACE_DATA,     /* PeerDistData around BlockCount or SegmentAges */
    /* What holds text, and nothing but text: */
    PLACE_ACTION,
    PLACE_MESSAGE_ID,
    PLACE_RELATES_TO,
    PLACE_TYPES,
    PLACE_SCOPES,
    PLACE_XADDRS,
    PLACE_ADDRESS,
    PLACE_BLOCK_COUNT,
    PLACE_SEGMENT_AGES,
    PLACES
};
#define PLACE_FIRST_TEXT PLACE_ACTION

struct discovery_document {
    bool seen[PLACES];
    const char *text[PLACES]; /* without white space around; in `pool`; NULL when absent */
    const char *match_by;     /* of the Scopes; NULL when absent */
    bool type_v1, type_v2;    /* what the QNames in Types resolve to */
    char pool[DISCOVERY_DATAGRAM_MAX + 1];
};

/* DECODE_COMPLETE: some well-formed envelope; the caller gives *document to free(). DECODE_BAD also
 * when memory runs out. */
enum decode_result discovery_document_read(const char *data, size_t length,
                                           struct discovery_document **document);

#endif
