/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For people who ask why: the same messages that the client role sends, one after another, with
 * what came of each. */
#ifndef PEERDIST_ENGINE_PEERS_SURVEY_H
#define PEERDIST_ENGINE_PEERS_SURVEY_H

#include <stdbool.h>

#include "core/discovery.h"
#include "net/address.h"
#include "store/cache_store.h"

/* Addresses of this machine that Probes leave from; fills in at most `room` texts and gives how
 * many there are. */
unsigned survey_interfaces(char (*texts)[NET_ADDRESS_TEXT], unsigned room);

struct survey_answer {
    struct net_address peer;
    char address[NET_ADDRESS_TEXT]; /* the same as text */
    uint32_t milliseconds;          /* from the first Probe on */
    size_t which;                   /* of the IDs */
    bool complete;
    uint32_t blocks; /* version 1.0; 0: not told */
};
/* Asks the network for segments, in as many Probes as it takes, and tells of each answer as it
 * comes; false from visit ends it. PD_UNAVAILABLE: no interface to send from. */
enum pd_status survey_probe(unsigned version, const struct discovery_id *ids, size_t count,
                            uint32_t milliseconds,
                            bool (*visit)(const struct survey_answer *answer, void *context),
                            void *context);

enum survey_verdict {
    SURVEY_GOOD,
    SURVEY_UNREACHABLE, /* no connection */
    SURVEY_SILENT,      /* no answer in time */
    SURVEY_NO_PROTOCOL, /* an answer, but not of this protocol */
    SURVEY_NO_VERSION,  /* none in common */
    SURVEY_EMPTY,       /* it has not, or gives not, the block */
    SURVEY_WRONG_DATA,  /* what it gives is something else */
    SURVEY_NO_MEMORY
};
/* Which versions the machine speaks: GOOD where there is a common one. */
enum survey_verdict survey_negotiate(const struct net_address *peer);
/* The same for whoever listens at that port of this machine. */
enum survey_verdict survey_own_service(uint16_t port);
/* Fetches one block and compares it. */
enum survey_verdict survey_block(const struct net_address *peer,
                                 const struct cache_segment *segment, uint32_t number,
                                 const uint8_t *hash, size_t hash_length);

#endif
