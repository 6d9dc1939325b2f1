/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One thread: datagrams in, answers out when their time has come. */
#include "service/responder.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash/digest.h"
#include "net/discovery_groups.h"
#include "net/interfaces.h"
#include "net/socket.h"
#include "platform/random.h"
#include "platform/thread.h"
#include "platform/uuid.h"
#include "platform/wall_clock.h"
#include "service/peer_rates.h"

#define SOCKETS          2u /* IPv4, IPv6 */
#define INTERFACES_EVERY 5000u
#define DATAGRAM_ROOM    65536u
#define SEEN_MAX         1024u
#define SEEN_FOR         500u /* ms: later repetitions are there because an answer was lost */
#define WAITING_MAX      256u
/* Answers a second, in bursts of twice as many. */
#define RATE_EACH  20u
#define RATE_ALL   200u
#define RATE_BURST 2u
/* Probes a second that segments are looked for, in the same bursts: no client sends more than 100
 * ([MS-CCROD] 2.8, Fmax). One with more IDs than clients put into a packet counts as several. */
#define PROBES_EACH 120u
#define PROBES_ALL  1200u
#define PROBE_IDS   16u

/* A Probe that was handled, by MessageID and sender. */
struct seen {
    uint8_t name[32];
    uint64_t when;
};

/* An answer whose time has not come: its datagram, made when it is sent, for the number in it grows
 * with time. */
struct waiting {
    uint64_t due;
    socket_handle handle;
    struct net_address to, own;
    struct discovery_probe *probe;
    struct discovery_held *held;
};

struct responder {
    struct responder_options options;
    socket_handle sockets[SOCKETS];
    struct socket_waker waker;
    struct thread *thread;
    atomic_bool stopping;
    struct peer_rates *probe_rates, *rates;
    char endpoint[UUID_URN_SIZE];
    uint64_t instance_id, message_number;

    /* The thread's. */
    unsigned interface_count;
    struct net_interface interfaces[NET_INTERFACES_MAX];
    uint64_t interfaces_at;
    uint8_t datagram[DATAGRAM_ROOM];
    struct discovery_probe probe;
    unsigned seen_next, waiting_count;
    struct seen seen[SEEN_MAX];
    struct waiting waiting[WAITING_MAX];
};

/* ---- Interfaces ---- */

/* Joining again what was joined fails, which is all right. */
static void join_all(struct responder *responder)
{
    uint64_t now = clock_milliseconds();
    if (now < responder->interfaces_at)
        return;
    responder->interfaces_at = now + INTERFACES_EVERY;
    responder->interface_count = net_interfaces(responder->interfaces);
    for (unsigned i = 0; i < responder->interface_count; i++) {
        const struct net_address *own = &responder->interfaces[i].address;
        struct net_address group = discovery_group(own);
        socket_handle handle = responder->sockets[own->ipv6 ? 1 : 0];
        if (handle != SOCKET_NONE)
            (void)socket_join(handle, &group, own);
    }
}

/* ---- Probes ---- */

static bool is_repeated(struct responder *responder, const struct net_address *from)
{
    struct seen now = {.when = clock_milliseconds()};
    char name[NET_ADDRESS_TEXT + DISCOVERY_TEXT_MAX], sender[NET_ADDRESS_TEXT];
    net_address_text(from, sender);
    snprintf(name, sizeof(name), "%s %s", sender, responder->probe.message_id);
    if (!digest_once(HASH_SHA256, name, strlen(name), now.name))
        return true;
    for (unsigned i = 0; i < SEEN_MAX; i++)
        if (responder->seen[i].when + SEEN_FOR > now.when &&
            memcmp(responder->seen[i].name, now.name, sizeof(now.name)) == 0)
            return true;
    responder->seen[responder->seen_next++ % SEEN_MAX] = now;
    return false;
}

/* The same for a Probe however often it comes, and over IPv4 and IPv6: several tries would make the
 * answer likelier. */
static uint32_t random_for(const struct responder *responder, const struct discovery_probe *probe)
{
    char name[UUID_URN_SIZE + DISCOVERY_TEXT_MAX];
    uint8_t digest[32] = {0};
    uint32_t random;
    snprintf(name, sizeof(name), "%s %s", responder->endpoint, probe->message_id);
    (void)digest_once(HASH_SHA256, name, strlen(name), digest);
    memcpy(&random, digest, sizeof(random));
    return random;
}

/* So many others have it that it is left to them. */
static bool is_left(const struct responder *responder, const struct served_segment *found,
                    const struct discovery_id *id, uint32_t random)
{
    const struct answer_count none = {0, 0};
    const struct answer_count count =
        found->answers != NULL ? answer_store_find(found->answers, id->bytes, id->length) : none;
    return !answer_is_wanted(count, responder->options.quorum, random);
}

static void describe(const struct served_segment *found, struct discovery_held *held)
{
    uint64_t now = wall_clock_milliseconds();
    uint64_t age = now > found->held.added ? (now - found->held.added) / 10 : 0;
    held->blocks = block_set_count(&found->held.present);
    held->complete = held->blocks == cache_block_count(&found->held.segment);
    held->age_hundredths = age < UINT32_MAX ? (uint32_t)age : UINT32_MAX;
}

/* Gives how many of the segments are here to be offered; *left: and how many that are not. */
static unsigned look_up(struct responder *responder, const struct discovery_probe *probe,
                        struct discovery_held *held, unsigned *left)
{
    uint32_t random = random_for(responder, probe);
    unsigned offered = 0;
    *left = 0;
    for (size_t i = 0; i < probe->count; i++) {
        const struct served_segment *found = served_stores_find(
            responder->options.stores, probe->ids[i].bytes, probe->ids[i].length, true);
        held[i] = (struct discovery_held){0};
        if (found == NULL)
            continue;
        if (is_left(responder, found, &probe->ids[i], random)) {
            ++*left;
        } else {
            describe(found, &held[i]);
            offered++;
        }
        served_segment_release(responder->options.stores, found);
    }
    return offered;
}

static uint32_t backoff(const struct responder *responder)
{
    uint32_t least = responder->options.backoff_min, random = 0;
    uint32_t span =
        responder->options.backoff_max > least ? responder->options.backoff_max - least + 1 : 1;
    (void)random_bytes(&random, sizeof(random));
    return least + random % span;
}

/* Only somebody on a subnet of ours, and not ourselves speaking from the port. */
static const struct net_interface *on_link(const struct responder *responder,
                                           const struct net_address *from)
{
    const struct net_interface *own =
        net_interface_for(responder->interfaces, responder->interface_count, from);
    bool ourselves =
        own != NULL && from->port == DISCOVERY_PORT && net_same_host(&own->address, from);
    return from->port == 0 || net_is_no_host(from) || ourselves ? NULL : own;
}

static void queue(struct responder *responder, socket_handle handle, const struct net_address *from,
                  const struct net_interface *interface, const struct discovery_held *held)
{
    size_t count = responder->probe.count;
    struct waiting waiting = {
        .due = clock_milliseconds() + backoff(responder),
        .handle = handle,
        .to = *from,
        .own = interface->address,
        .probe =
            malloc(offsetof(struct discovery_probe, ids) + count * sizeof(struct discovery_id)),
        .held = malloc(count * sizeof(*held)),
    };
    waiting.own.port = responder->options.http_port;
    if (waiting.probe == NULL || waiting.held == NULL) {
        free(waiting.probe);
        free(waiting.held);
        return;
    }
    memcpy(waiting.probe, &responder->probe,
           offsetof(struct discovery_probe, ids) + count * sizeof(struct discovery_id));
    memcpy(waiting.held, held, count * sizeof(*held));
    responder->waiting[responder->waiting_count++] = waiting;
}

static void log_probe(const struct responder *responder, const char *host, bool answered,
                      unsigned left)
{
    unsigned count = (unsigned)responder->probe.count;
    const char *plural = count == 1 ? "" : "s";
    const char *result = answered ? "answered" : "none here";
    if (left == 0)
        service_log(responder->options.log, "%s looks for %u segment%s: %s", host, count, plural,
                    result);
    else
        service_log(responder->options.log, "%s looks for %u segment%s: %s%u left to others", host,
                    count, plural, answered ? "answered, " : "", left);
}

static void receive_probe(struct responder *responder, socket_handle handle, size_t length,
                          const struct net_address *from)
{
    const struct responder_options *options = &responder->options;
    struct discovery_held held[DISCOVERY_IDS_MAX];
    const struct net_interface *interface = on_link(responder, from);
    char host[NET_ADDRESS_TEXT];
    unsigned left;
    if (interface == NULL || length > DISCOVERY_DATAGRAM_MAX ||
        responder->waiting_count == WAITING_MAX ||
        discovery_read_probe((const char *)responder->datagram, length, &responder->probe) !=
            DECODE_COMPLETE ||
        is_repeated(responder, from) || !options->may_serve(options->context) ||
        peer_rates_take(responder->probe_rates, from,
                        (uint32_t)(responder->probe.count + PROBE_IDS - 1) / PROBE_IDS, 0) > 0)
        return;
    net_host_text(from, host);
    bool any = look_up(responder, &responder->probe, held, &left) > 0;
    any = any && peer_rates_take(responder->rates, from, 1, 0) == 0;
    counter_add(options->counters, COUNTER_PROBED, host, 0, any ? 1 : 0, 0);
    log_probe(responder, host, any, left);
    if (any)
        queue(responder, handle, from, interface, held);
}

/* ---- Answers ---- */

static void send_answer(struct responder *responder, struct waiting *waiting)
{
    char message_id[UUID_URN_SIZE], address[NET_ADDRESS_TEXT];
    struct discovery_sender sender = {
        .message_id = message_id,
        .endpoint = responder->endpoint,
        .instance_id = responder->instance_id,
        .message_number = ++responder->message_number,
        .address = address,
    };
    net_address_text(&waiting->own, address);
    size_t length =
        uuid_urn(message_id)
            ? discovery_write_matches((char *)responder->datagram, DISCOVERY_DATAGRAM_MAX,
                                      waiting->probe, waiting->held, &sender)
            : 0;
    if (length > 0)
        (void)socket_send_to(waiting->handle, responder->datagram, length, &waiting->to);
    free(waiting->probe);
    free(waiting->held);
}

/* Gives the milliseconds until the next one. */
static uint32_t send_due(struct responder *responder)
{
    uint64_t now = clock_milliseconds(), wait = INTERFACES_EVERY;
    for (unsigned i = 0; i < responder->waiting_count;) {
        struct waiting *waiting = &responder->waiting[i];
        if (waiting->due <= now) {
            send_answer(responder, waiting);
            *waiting = responder->waiting[--responder->waiting_count];
            continue;
        }
        wait = waiting->due - now < wait ? waiting->due - now : wait;
        i++;
    }
    return (uint32_t)wait;
}

static void receive_all(struct responder *responder, socket_handle handle)
{
    struct net_address from;
    size_t got;
    /* Not for ever: answers are waiting. */
    for (unsigned i = 0; i < 64 && socket_receive_from(handle, responder->datagram,
                                                       sizeof(responder->datagram), &got, &from);
         i++)
        receive_probe(responder, handle, got, &from);
}

static void run(void *argument)
{
    struct responder *responder = argument;
    const socket_handle handles[SOCKETS + 1] = {responder->sockets[0], responder->sockets[1],
                                                responder->waker.receiver};
    bool ready[SOCKETS + 1];
    while (!atomic_load(&responder->stopping)) {
        join_all(responder);
        socket_wait(handles, ready, SOCKETS + 1, send_due(responder));
        for (unsigned i = 0; i < SOCKETS; i++)
            if (ready[i])
                receive_all(responder, handles[i]);
        if (ready[SOCKETS])
            socket_waker_drain(&responder->waker);
    }
}

/* ---- Start and stop ---- */

static enum pd_status open_all(struct responder *responder)
{
    enum pd_status v4 = socket_open_shared(false, DISCOVERY_PORT, &responder->sockets[0]);
    enum pd_status v6 = socket_open_shared(true, DISCOVERY_PORT, &responder->sockets[1]);
    return v4 == PD_OK || v6 == PD_OK ? PD_OK : v4;
}

enum pd_status responder_start(const struct responder_options *options, struct responder **started)
{
    struct responder *responder = calloc(1, sizeof(*responder));
    if (responder == NULL || !sockets_start()) {
        free(responder);
        return PD_NO_MEMORY;
    }
    responder->options = *options;
    responder->sockets[0] = responder->sockets[1] = SOCKET_NONE;
    responder->instance_id = wall_clock_milliseconds() / 1000;
    responder->probe_rates = peer_rates_create(PROBES_EACH, PROBES_ALL, RATE_BURST, 0);
    responder->rates = peer_rates_create(RATE_EACH, RATE_ALL, RATE_BURST, 0);
    bool waker = socket_waker_init(&responder->waker);
    if (!waker)
        responder->waker.receiver = responder->waker.sender = SOCKET_NONE;
    bool made = waker && responder->probe_rates != NULL && responder->rates != NULL &&
                uuid_urn(responder->endpoint);
    enum pd_status status = made ? PD_OK : PD_NO_MEMORY;
    if (status == PD_OK)
        status = open_all(responder);
    if (status == PD_OK) {
        join_all(responder);
        responder->thread = thread_start(run, responder);
        status = responder->thread != NULL ? PD_OK : PD_NO_MEMORY;
    }
    *started = responder;
    if (status != PD_OK) {
        responder_stop(responder);
        *started = NULL;
    }
    return status;
}

void responder_stop(struct responder *responder)
{
    if (responder == NULL)
        return;
    atomic_store(&responder->stopping, true);
    if (responder->thread != NULL) {
        socket_waker_wake(&responder->waker);
        thread_join(responder->thread);
    }
    for (unsigned i = 0; i < responder->waiting_count; i++) {
        free(responder->waiting[i].probe);
        free(responder->waiting[i].held);
    }
    for (unsigned i = 0; i < SOCKETS; i++)
        socket_close(responder->sockets[i]);
    socket_waker_fini(&responder->waker);
    peer_rates_destroy(responder->probe_rates);
    peer_rates_destroy(responder->rates);
    free(responder);
    sockets_stop();
}
