/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One Probe and its answers ([MS-PCCRD] 3.1), over sockets of their own on every interface. */
#ifndef PEERDIST_ENGINE_PEERS_PROBE_H
#define PEERDIST_ENGINE_PEERS_PROBE_H

#include "core/discovery.h"
#include "net/interfaces.h"
#include "net/socket.h"
#include "platform/uuid.h"

/* IDs of one Probe, so that it is one packet. */
#define PROBE_IDS_V1  10u
#define PROBE_IDS_V2  16u
#define PROBE_IDS_MAX 16u

struct probe_sockets {
    unsigned count;
    socket_handle handles[NET_INTERFACES_MAX];
    struct net_interface own[NET_INTERFACES_MAX];
    uint64_t opened; /* clock_milliseconds; 0: never */
};
/* One for each interface that there is now; PD_UNAVAILABLE: none. sockets_start came before. */
enum pd_status probe_sockets_open(struct probe_sockets *sockets);
void probe_sockets_close(struct probe_sockets *sockets);

struct probe {
    unsigned version;
    size_t count;
    struct discovery_id ids[PROBE_IDS_MAX];
    char message_id[UUID_URN_SIZE];
};
/* Gives it a new MessageID; the IDs are the caller's to fill in. False: no random bytes. */
bool probe_init(struct probe *probe);
/* Multicasts it once on every interface. */
void probe_send(const struct probe_sockets *sockets, const struct probe *probe);

/* Takes one datagram from one of the sockets, which is ready. True: *matches is an answer to some
 * Probe, from a machine that may be asked at *peer: an address on a subnet of ours, which is the
 * datagram's source, and a port that is nobody else's. An answer that names another machine's
 * address is dropped; so is one from off the subnets, where whoever forges a source could send us
 * ([MS-PCCRD] 3.1.4.1). */
bool probe_receive(const struct probe_sockets *sockets, socket_handle handle,
                   struct discovery_matches *matches, struct net_address *peer);

/* What an answer says of one of a Probe's IDs. */
struct probe_finding {
    bool complete;
    uint32_t blocks; /* version 1.0; 0: not told */
};
/* False: nothing, or the answer is not one to this Probe. */
bool probe_found(const struct probe *probe, const struct discovery_matches *matches, size_t which,
                 struct probe_finding *finding);

#endif
