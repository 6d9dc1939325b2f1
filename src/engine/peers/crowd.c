/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/peers/crowd.h"

#include <string.h>

#include "net/discovery_groups.h"
#include "net/interfaces.h"
#include "platform/thread.h"
#include "platform/uuid.h"

#define HEARD_MAX 1024u
/* ms: two that ask at nearly the same time hear each other; the lesser MessageID goes first. */
#define SAME_TIME 40u
/* Datagrams taken in a row: others wait. */
#define BURST 64u

struct heard {
    uint8_t id[DISCOVERY_ID_MAX];
    uint8_t length;
    uint64_t when; /* 0: free */
    char message_id[UUID_URN_SIZE];
};

static struct {
    bool open;
    socket_handle sockets[CROWD_SOCKETS];
    unsigned next;
    struct heard heard[HEARD_MAX];
    unsigned interface_count;
    struct net_interface interfaces[NET_INTERFACES_MAX];
    struct discovery_probe probe;
} crowd;

void crowd_listen(void)
{
    crowd.interface_count = net_interfaces(crowd.interfaces);
    for (unsigned i = 0; i < CROWD_SOCKETS && !crowd.open; i++)
        if (socket_open_shared(i == 1, DISCOVERY_PORT, &crowd.sockets[i]) != PD_OK)
            crowd.sockets[i] = SOCKET_NONE;
    crowd.open = true;
    for (unsigned i = 0; i < crowd.interface_count; i++) {
        const struct net_address *own = &crowd.interfaces[i].address;
        struct net_address group = discovery_group(own);
        if (crowd.sockets[own->ipv6 ? 1 : 0] != SOCKET_NONE)
            (void)socket_join(crowd.sockets[own->ipv6 ? 1 : 0], &group, own);
    }
}

void crowd_end(void)
{
    for (unsigned i = 0; i < CROWD_SOCKETS && crowd.open; i++)
        socket_close(crowd.sockets[i]);
    memset(&crowd, 0, sizeof(crowd));
}

socket_handle crowd_socket(unsigned which)
{
    return crowd.open ? crowd.sockets[which] : SOCKET_NONE;
}

static struct heard *find(const uint8_t *id, size_t length, uint64_t now)
{
    for (unsigned i = 0; i < HEARD_MAX; i++) {
        struct heard *one = &crowd.heard[i];
        if (one->when != 0 && now - one->when <= CROWD_MEMORY && one->length == length &&
            memcmp(one->id, id, length) == 0)
            return one;
    }
    return NULL;
}

/* The first question counts. */
static void note(const struct discovery_probe *probe)
{
    uint64_t now = clock_milliseconds();
    for (size_t i = 0; i < probe->count; i++) {
        const struct discovery_id *id = &probe->ids[i];
        if (find(id->bytes, id->length, now) != NULL)
            continue;
        struct heard *one = &crowd.heard[crowd.next++ % HEARD_MAX];
        *one = (struct heard){.length = id->length, .when = now};
        memcpy(one->id, id->bytes, id->length);
        size_t size = strlen(probe->message_id);
        memcpy(one->message_id, probe->message_id,
               size < sizeof(one->message_id) ? size : sizeof(one->message_id) - 1);
    }
}

void crowd_hear(bool (*is_own)(const char *message_id))
{
    char datagram[DISCOVERY_DATAGRAM_MAX];
    struct net_address from;
    size_t length;
    for (unsigned i = 0; i < CROWD_SOCKETS && crowd.open; i++)
        for (unsigned k = 0;
             k < BURST && crowd.sockets[i] != SOCKET_NONE &&
             socket_receive_from(crowd.sockets[i], datagram, sizeof(datagram), &length, &from);
             k++)
            if (net_interface_for(crowd.interfaces, crowd.interface_count, &from) != NULL &&
                discovery_read_probe(datagram, length, &crowd.probe) == DECODE_COMPLETE &&
                !is_own(crowd.probe.message_id))
                note(&crowd.probe);
}

bool crowd_is_ahead(const uint8_t *id, size_t length, uint64_t asked, const char *message_id)
{
    const struct heard *one = find(id, length, clock_milliseconds());
    if (one == NULL || one->when > asked + SAME_TIME)
        return false;
    if (one->when + SAME_TIME >= asked)
        return strcmp(one->message_id, message_id) < 0;
    return true;
}
