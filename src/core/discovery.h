/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of the discovery protocol, versions 1.0 and 2.0: WS-Discovery Probe and ProbeMatches,
 * one SOAP envelope a datagram ([MS-PCCRD] 2.2). Writing is by template, in the exact form that
 * peers in the field compare as text; reading takes any well-formed spelling and trusts nothing.
 *
 * Everything is of fixed size: nothing is allocated in proportion to what a peer says. The
 * structures are large (some 100 KiB): allocate them once. */
#ifndef PEERDIST_CORE_DISCOVERY_H
#define PEERDIST_CORE_DISCOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/decode.h"

#define DISCOVERY_DATAGRAM_MAX 32767u /* bytes: what Windows' receivers parse */
#define DISCOVERY_IDS_MAX      500u   /* more do not fit into a datagram */
#define DISCOVERY_IDS_MAX_V2   255u
#define DISCOVERY_ID_MAX       64u  /* bytes of a segment ID: 32, 48 or 64 */
#define DISCOVERY_TEXT_MAX     257u /* MessageID and endpoint, with NUL */
#define DISCOVERY_PORT         3702u

/* A segment ID, and how a version 1.0 Probe spelled it: answers echo that. */
struct discovery_id {
    uint8_t bytes[DISCOVERY_ID_MAX];
    uint8_t length;
    char text[2 * DISCOVERY_ID_MAX + 1]; /* of a Probe that was read in version 1.0, else empty */
};

struct discovery_probe {
    unsigned version; /* 1 or 2 */
    char message_id[DISCOVERY_TEXT_MAX];
    size_t count; /* at least 1 */
    struct discovery_id ids[DISCOVERY_IDS_MAX];
};

/* What a responder has of one ID of a Probe. */
struct discovery_held {
    uint32_t blocks;         /* 0: nothing */
    bool complete;           /* every block of the segment */
    uint32_t age_hundredths; /* since its first block came, in 1/100 s; saturates at 2^24 - 1 */
};

/* What a ProbeMatches carries besides what it answers. */
struct discovery_sender {
    const char *message_id;  /* urn:uuid:..., new for each answer */
    const char *endpoint;    /* urn:uuid:..., of this run of the service */
    uint64_t instance_id;    /* grows at every start */
    uint64_t message_number; /* grows with every answer */
    const char *address;     /* where to fetch: "192.168.7.21:80", "[fe80::1]:80" */
};

/* Both write no NUL and give the length in bytes, at most DISCOVERY_DATAGRAM_MAX; 0 when that or
 * `room` does not suffice. ids: as in a Probe that is to be sent (`text` not looked at: upper-case
 * digits are written); 0 also when there are none, too many, or one is of another length than 32,
 * 48, 64 bytes or, in version 2.0, than the first. message_id: urn:uuid:... ([MS-PCCRD] 2.2.2). */
size_t discovery_write_probe(char *out, size_t room, unsigned version, const char *message_id,
                             const struct discovery_id *ids, size_t count);
/* Answers a Probe that was read, with held[i] for its i-th ID: version 1.0 lists those with blocks,
 * each once, and the first ones only when all would make a datagram too long; version 2.0 has bits
 * for all, and ages of those that are there. 0 also when nothing is held ([MS-PCCRD] 2.2.3.3 to
 * 2.2.3.9). */
size_t discovery_write_matches(char *out, size_t room, const struct discovery_probe *probe,
                               const struct discovery_held *held,
                               const struct discovery_sender *sender);

/* An address of a peer as XAddrs names it. */
struct discovery_address {
    bool ipv6;
    uint8_t bytes[16]; /* network order; the first 4 for IPv4 */
    uint16_t port;     /* 1 to 65535 */
};
#define DISCOVERY_ADDRESSES_MAX 8u

struct discovery_matches {
    unsigned version;
    char message_id[DISCOVERY_TEXT_MAX];
    char relates_to[DISCOVERY_TEXT_MAX]; /* MessageID of the Probe */
    char endpoint[DISCOVERY_TEXT_MAX];   /* wsa:Address; empty when absent */
    size_t address_count;                /* at least 1 */
    struct discovery_address addresses[DISCOVERY_ADDRESSES_MAX];
    /* Version 1.0: IDs with at least one block. */
    size_t count;
    struct discovery_id ids[DISCOVERY_IDS_MAX];
    uint32_t blocks[DISCOVERY_IDS_MAX];
    /* Version 2.0: two bits for each ID of the Probe, whose number is not told here; ages by
     * position in the Probe, in 1/100 s, where has_age. */
    size_t bit_bytes; /* more than any Probe asks for are left out */
    uint8_t bits[(DISCOVERY_IDS_MAX_V2 + 3) / 4];
    bool has_age[DISCOVERY_IDS_MAX_V2 + 1];
    uint32_t age_hundredths[DISCOVERY_IDS_MAX_V2 + 1];
};

/* DECODE_PARTIAL: the XML ends early. A well-formed message of another kind is DECODE_BAD; so is a
 * match without a segment or an address that could be used, and any message when memory runs out.
 * Only after DECODE_COMPLETE the structure holds something.
 *
 * The caller's part ([MS-PCCRD] 3.1.4.1): whether relates_to is a Probe of its own, and of that
 * version; which IDs were asked for; whether an address is the sender's or on its link (loopback is
 * told like any other). */
enum decode_result discovery_read_probe(const char *data, size_t length,
                                        struct discovery_probe *probe);
enum decode_result discovery_read_matches(const char *data, size_t length,
                                          struct discovery_matches *matches);
/* Version 2.0: what the answer to a Probe of `asked` IDs says of the one at `position`. False: not
 * there. With a single ID asked for, any pair of the first byte counts: [MS-PCCRD] 2.2.3.3 does not
 * give the order of the pairs. */
bool discovery_availability(const struct discovery_matches *matches, size_t asked, size_t position,
                            bool *complete);
/* True when the bits are long enough for that many IDs. */
bool discovery_bits_fit(const struct discovery_matches *matches, size_t asked);

#endif
