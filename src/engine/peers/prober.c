/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thread that asks the network who has what. */
#include <stdlib.h>
#include <string.h>

#include "core/hash/digest.h"
#include "engine/peers/crowd.h"
#include "engine/peers/peers_internal.h"
#include "engine/peers/probe.h"
#include "platform/random.h"

#define GATHER       10u /* ms: IDs that come within go into one Probe */
#define RESEND_MIN   50u
#define RESEND_MAX   250u
#define PROBES_MAX   64u  /* waiting for answers at a time */
#define PER_SECOND   100u /* Probes: [MS-CCROD] 2.8, Fmax */
#define REOPEN_EVERY 5000u
/* Where somebody else asked before us: questions that are repeated, after so many ms. */
#define CROWD_WAITS     4u
#define CROWD_DELAY_MIN 100u
#define CROWD_DELAY_MAX 300u

struct round {
    bool used;
    struct probe probe;
    uint64_t resend; /* 0: it was */
    uint64_t end;
};

static struct {
    struct probe_sockets sockets;
    struct round rounds[PROBES_MAX];
    struct discovery_matches matches;
    uint64_t second;
    unsigned in_second;
} prober;

/* ---- Lists and Probes; with the lock ---- */

static void give_up(struct peer_list *list)
{
    list->state = PEER_LIST_ANSWERED;
    peer_list_tell(list);
    sessions_answered(list);
}

static bool may_probe(uint64_t now)
{
    if (now - prober.second >= 1000) {
        prober.second = now;
        prober.in_second = 0;
    }
    return prober.in_second < PER_SECOND;
}

static struct round *free_round(void)
{
    for (unsigned i = 0; i < PROBES_MAX; i++)
        if (!prober.rounds[i].used)
            return &prober.rounds[i];
    return NULL;
}

/* *wait: less, where one will be due then. */
static bool is_waiting(const struct peer_list *list, uint64_t now, uint64_t *wait)
{
    if (list->id_length == 0 || list->state != PEER_LIST_ASKING || list->probed)
        return false;
    if (list->made > now && list->made - now < *wait)
        *wait = list->made - now;
    return list->made <= now;
}

static uint32_t random_between(uint32_t least, uint32_t most)
{
    uint32_t random = 0;
    (void)random_bytes(&random, sizeof(random));
    return least + random % (most - least + 1);
}

/* Makes one Probe of lists of that version. NULL: there is none to ask for yet; *wait is then how
 * long to wait for. */
static struct round *gather(unsigned version, uint64_t now, uint64_t *wait)
{
    struct peer_list *chosen[PROBE_IDS_MAX];
    unsigned count = 0, most = version == 1 ? PROBE_IDS_V1 : PROBE_IDS_V2;
    uint64_t oldest = now;
    for (unsigned i = 0; i < PEER_LISTS_MAX && count < most; i++) {
        struct peer_list *list = &peers.table.lists[i];
        if (!is_waiting(list, now, wait) || list->version != version ||
            /* One Probe of version 2.0 has IDs of one size. */
            (count > 0 && list->id_length != chosen[0]->id_length))
            continue;
        chosen[count++] = list;
        oldest = list->made < oldest ? list->made : oldest;
    }
    if (count == 0)
        return NULL;
    if (count < most && now - oldest < GATHER) {
        *wait = GATHER - (now - oldest) < *wait ? GATHER - (now - oldest) : *wait;
        return NULL;
    }
    struct round *round = may_probe(now) ? free_round() : NULL;
    if (round != NULL)
        round->used = probe_init(&round->probe);
    for (unsigned i = 0; i < count; i++) {
        chosen[i]->probed = true;
        if (round == NULL || !round->used) {
            give_up(chosen[i]); /* at a limit nothing is queued: the origin has it */
            continue;
        }
        if (chosen[i]->asked == 0) {
            chosen[i]->asked = now;
            memcpy(chosen[i]->first_question, round->probe.message_id, UUID_URN_SIZE);
        }
        memset(&round->probe.ids[i], 0, sizeof(round->probe.ids[i]));
        memcpy(round->probe.ids[i].bytes, chosen[i]->id, chosen[i]->id_length);
        round->probe.ids[i].length = chosen[i]->id_length;
    }
    if (round == NULL || !round->used)
        return NULL;
    round->probe.version = version;
    round->probe.count = count;
    round->resend = now + random_between(RESEND_MIN, RESEND_MAX);
    round->end = now + peers.discovery_timeout;
    prober.in_second++;
    return round;
}

static void end_round(struct round *round)
{
    for (size_t i = 0; i < round->probe.count; i++) {
        const struct discovery_id *id = &round->probe.ids[i];
        struct peer_list *list =
            peer_table_list(&peers.table, id->bytes, id->length, clock_milliseconds());
        if (list == NULL || !list->probed || list->state != PEER_LIST_ASKING)
            continue;
        if (list->count == 0 && list->waits < CROWD_WAITS &&
            crowd_is_ahead(list->id, list->id_length, list->asked, list->first_question)) {
            list->waits++;
            list->probed = false;
            list->made = clock_milliseconds() + random_between(CROWD_DELAY_MIN, CROWD_DELAY_MAX);
            continue;
        }
        give_up(list);
    }
    round->used = false;
}

/* By a name that a machine has under all its addresses. */
static uint64_t answerer(const struct net_address *address)
{
    char host[NET_ADDRESS_TEXT];
    const char *name = prober.matches.endpoint;
    uint8_t digest[32] = {0};
    uint64_t hash;
    net_host_text(address, host);
    if (name[0] == 0)
        name = host;
    (void)digest_once(HASH_SHA256, name, strlen(name), digest);
    memcpy(&hash, digest, sizeof(hash));
    return hash;
}

/* The service of this machine answers too, for other users and for a part of a segment. */
static bool is_this_machine(const struct net_address *address)
{
    for (unsigned i = 0; i < prober.sockets.count; i++)
        if (net_same_host(&prober.sockets.own[i].address, address))
            return true;
    return false;
}

static void take_matches(const struct net_address *address)
{
    uint64_t now = clock_milliseconds(), who = answerer(address);
    bool counts = !is_this_machine(address);
    for (unsigned r = 0; r < PROBES_MAX; r++) {
        const struct round *round = &prober.rounds[r];
        for (size_t i = 0; round->used && i < round->probe.count; i++) {
            const struct discovery_id *id = &round->probe.ids[i];
            struct probe_finding finding;
            if (!probe_found(&round->probe, &prober.matches, i, &finding))
                continue;
            struct peer_list *list = peer_table_list(&peers.table, id->bytes, id->length, now);
            if (list == NULL || peer_table_is_banned(&peers.table, address, now))
                continue;
            struct peer *peer = peer_table_peer(&peers.table, address, now);
            if (peer == NULL || peer_is_shunned(peer, now))
                continue;
            if (counts)
                peer_list_count(list, who, finding.complete, finding.blocks);
            peer->machine = who;
            const struct peer_entry entry = {peer, finding.complete, finding.blocks, 0};
            peer->used = now;
            if (peer_list_add(list, entry, now))
                sessions_found(list, &entry);
        }
    }
}

/* ---- The thread ---- */

static void send_round(struct round *round)
{
    uint64_t now = clock_milliseconds();
    bool quiet = true;
    for (unsigned i = 0; i < PROBES_MAX; i++)
        quiet = quiet && (!prober.rounds[i].used || &prober.rounds[i] == round);
    /* Interfaces come and go; sockets on which answers may come stay. */
    if (prober.sockets.opened == 0 || (quiet && now - prober.sockets.opened > REOPEN_EVERY)) {
        probe_sockets_close(&prober.sockets);
        (void)probe_sockets_open(&prober.sockets);
        crowd_listen();
    }
    probe_send(&prober.sockets, &round->probe);
}

static void send_new(uint64_t *wait)
{
    for (unsigned version = 1; version <= 2; version++) {
        struct round *round;
        do {
            mutex_lock(&peers.lock);
            round = gather(version, clock_milliseconds(), wait);
            peers_unlock();
            if (round != NULL)
                send_round(round);
        } while (round != NULL);
    }
}

static void run_timers(uint64_t *wait)
{
    uint64_t now = clock_milliseconds();
    for (unsigned i = 0; i < PROBES_MAX; i++) {
        struct round *round = &prober.rounds[i];
        if (round->used && round->resend != 0 && round->resend <= now && now < round->end) {
            round->resend = 0;
            probe_send(&prober.sockets, &round->probe);
        }
        if (round->used && round->end <= now) {
            mutex_lock(&peers.lock);
            end_round(round);
            peers_unlock();
        }
        if (!round->used)
            continue;
        uint64_t next =
            round->resend != 0 && round->resend < round->end ? round->resend : round->end;
        uint64_t left = next > now ? next - now : 0;
        *wait = left < *wait ? left : *wait;
    }
}

static void receive(void)
{
    for (unsigned i = 0; i < prober.sockets.count; i++) {
        struct net_address address;
        /* Bounded: timers have to run under a flood too. */
        for (unsigned k = 0; k < 64; k++) {
            if (!probe_receive(&prober.sockets, prober.sockets.handles[i], &prober.matches,
                               &address))
                break;
            mutex_lock(&peers.lock);
            take_matches(&address);
            peers_unlock();
        }
    }
}

static bool is_own(const char *message_id)
{
    for (unsigned i = 0; i < PROBES_MAX; i++)
        if (prober.rounds[i].used && strcmp(prober.rounds[i].probe.message_id, message_id) == 0)
            return true;
    return false;
}

static void run(void *argument)
{
    (void)argument;
    for (;;) {
        socket_handle handles[NET_INTERFACES_MAX + 1 + CROWD_SOCKETS];
        bool ready[NET_INTERFACES_MAX + 1 + CROWD_SOCKETS];
        uint64_t wait = 60000;
        mutex_lock(&peers.lock);
        bool stopping = peers.stopping;
        mutex_unlock(&peers.lock);
        if (stopping)
            break;
        send_new(&wait);
        run_timers(&wait);
        unsigned count = prober.sockets.count;
        memcpy(handles, prober.sockets.handles, count * sizeof(handles[0]));
        handles[count] = peers.waker.receiver;
        for (unsigned i = 0; i < CROWD_SOCKETS; i++)
            handles[count + 1 + i] = crowd_socket(i);
        socket_wait(handles, ready, count + 1 + CROWD_SOCKETS, (uint32_t)wait);
        if (ready[count])
            socket_waker_drain(&peers.waker);
        receive();
        crowd_hear(is_own);
    }
    crowd_end();
    probe_sockets_close(&prober.sockets);
    memset(&prober, 0, sizeof(prober));
}

bool prober_start(void)
{
    if (!sockets_start())
        return false;
    if (!socket_waker_init(&peers.waker)) {
        sockets_stop();
        return false;
    }
    peers.prober = thread_start(run, NULL);
    if (peers.prober != NULL)
        return true;
    socket_waker_fini(&peers.waker);
    sockets_stop();
    return false;
}

void prober_stop(void)
{
    socket_waker_wake(&peers.waker);
    thread_join(peers.prober);
    socket_waker_fini(&peers.waker);
    sockets_stop();
}
