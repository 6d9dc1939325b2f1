/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/peers/probe.h"

#include <string.h>

#include "net/discovery_groups.h"
#include "platform/thread.h"

#define PACKET_MAX       1472u
#define PRIVILEGED_PORTS 1024u
#define HTTP_PORT        80u

enum pd_status probe_sockets_open(struct probe_sockets *sockets)
{
    struct net_interface interfaces[NET_INTERFACES_MAX];
    unsigned count = net_interfaces(interfaces);
    sockets->count = 0;
    sockets->opened = clock_milliseconds();
    for (unsigned i = 0; i < count; i++) {
        socket_handle handle;
        if (socket_open_at(&interfaces[i].address, &handle) != PD_OK)
            continue;
        sockets->handles[sockets->count] = handle;
        sockets->own[sockets->count++] = interfaces[i];
    }
    return sockets->count > 0 ? PD_OK : PD_UNAVAILABLE;
}

void probe_sockets_close(struct probe_sockets *sockets)
{
    for (unsigned i = 0; i < sockets->count; i++)
        socket_close(sockets->handles[i]);
    sockets->count = 0;
}

bool probe_init(struct probe *probe)
{
    return uuid_urn(probe->message_id);
}

void probe_send(const struct probe_sockets *sockets, const struct probe *probe)
{
    char datagram[PACKET_MAX];
    size_t length = discovery_write_probe(datagram, sizeof(datagram), probe->version,
                                          probe->message_id, probe->ids, probe->count);
    for (unsigned i = 0; i < sockets->count && length > 0; i++) {
        struct net_address group = discovery_group(&sockets->own[i].address);
        (void)socket_send_to(sockets->handles[i], datagram, length, &group);
    }
}

/* The peer's own address, whatever else it may claim: nobody can send us to a third. */
static bool pick_address(const struct discovery_matches *matches, const struct net_address *from,
                         struct net_address *peer)
{
    for (size_t i = 0; i < matches->address_count; i++) {
        const struct discovery_address *said = &matches->addresses[i];
        *peer = *from;
        peer->port = said->port;
        bool port_allowed = said->port == HTTP_PORT || said->port >= PRIVILEGED_PORTS;
        if (port_allowed && said->ipv6 == from->ipv6 &&
            memcmp(said->bytes, from->bytes, from->ipv6 ? 16 : 4) == 0)
            return true;
    }
    return false;
}

bool probe_receive(const struct probe_sockets *sockets, socket_handle handle,
                   struct discovery_matches *matches, struct net_address *peer)
{
    char datagram[DISCOVERY_DATAGRAM_MAX];
    struct net_address from;
    size_t length;
    return socket_receive_from(handle, datagram, sizeof(datagram), &length, &from) &&
           discovery_read_matches(datagram, length, matches) == DECODE_COMPLETE &&
           !net_is_no_host(&from) &&
           net_interface_for(sockets->own, sockets->count, &from) != NULL &&
           pick_address(matches, &from, peer);
}

bool probe_found(const struct probe *probe, const struct discovery_matches *matches, size_t which,
                 struct probe_finding *finding)
{
    const struct discovery_id *id = &probe->ids[which];
    if (matches->version != probe->version || strcmp(matches->relates_to, probe->message_id) != 0)
        return false;
    *finding = (struct probe_finding){false, 0};
    if (probe->version == 2)
        return discovery_bits_fit(matches, probe->count) &&
               discovery_availability(matches, probe->count, which, &finding->complete);
    for (size_t i = 0; i < matches->count; i++)
        if (matches->ids[i].length == id->length &&
            memcmp(matches->ids[i].bytes, id->bytes, id->length) == 0) {
            finding->blocks = matches->blocks[i];
            return finding->blocks > 0;
        }
    return false;
}
