/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which block is fetched from whom next, and what the outcome means for both. */
#include <stdlib.h>

#include "engine/peers/peers_internal.h"

/* ---- Picking ---- */

static bool can_take(const struct server *server, uint64_t now)
{
    return !server->gone && !server->asking_list && !peer_is_shunned(server->peer, now) &&
           peer_table_connections(&peers.table, server->peer) < CONNECTIONS_PER_PEER;
}

static uint32_t first_block(const struct session *session, const struct server *server)
{
    uint32_t number = block_set_next(&session->idle, 0);
    while (number < BLOCKS_PER_SEGMENT &&
           (block_set_has(&server->lacks, number) ||
            (server->listed && !block_set_has(&server->has, number))))
        number = block_set_next(&session->idle, number + 1);
    return number;
}

static bool wants_list(const struct session *session, const struct server *server)
{
    return !server->complete && !server->listed &&
           block_set_count(&session->idle) > SIMPLE_DOWNLOAD;
}

static bool has_something(const struct session *session, const struct server *server)
{
    return wants_list(session, server) || first_block(session, server) < BLOCKS_PER_SEGMENT;
}

/* The machine is asked under an address that came before: connections are kept for each. */
static bool is_other_address(const struct session *session, unsigned which, uint64_t now)
{
    const struct peer *peer = session->servers[which].peer;
    for (unsigned i = 0; i < which; i++) {
        const struct server *one = &session->servers[i];
        if (one->peer->machine == peer->machine && one->peer->timeouts == 0 && !one->gone &&
            !peer_is_shunned(one->peer, now) && has_something(session, one))
            return true;
    }
    return false;
}

/* The server with the least to do that has something for the session. */
static struct server *pick_server(struct session *session, uint64_t now)
{
    struct server *found = NULL;
    if (session->stalled || block_set_is_empty(&session->idle))
        return NULL;
    for (unsigned i = 0; i < session->server_count; i++) {
        struct server *server = &session->servers[i];
        if (can_take(server, now) &&
            (found == NULL || server->peer->connections < found->peer->connections) &&
            has_something(session, server) && !is_other_address(session, i, now))
            found = server;
    }
    return found;
}

static uint32_t block_length(const struct session *session, uint32_t number)
{
    return cache_block_size(&session->segment->segment, number);
}

/* False: the intake has no room, which it will tell when it has. */
static bool reserve(struct session *session, uint32_t number)
{
    const struct peer_client *client = session->client;
    session->stalled =
        !block_intake_reserve(client->intake, client->source, block_length(session, number));
    return !session->stalled;
}

static bool pick_in(struct session *session, uint64_t now, struct job *job)
{
    struct server *server = pick_server(session, now);
    if (server == NULL)
        return false;
    *job = (struct job){.session = session, .server = server};
    if (wants_list(session, server)) {
        job->kind = JOB_LIST;
        job->blocks = session->idle;
        server->asking_list = true;
    } else {
        job->kind = JOB_BLOCK;
        job->number = first_block(session, server);
        if (!reserve(session, job->number))
            return false;
        block_set_remove(&session->idle, job->number);
        block_set_add(&session->busy, job->number);
    }
    session->references++;
    server->peer->connections++;
    server->peer->references++;
    server->peer->used = now;
    return true;
}

bool job_is_there(void)
{
    uint64_t now = clock_milliseconds();
    for (struct session *one = peers.sessions; one != NULL; one = one->next)
        if (pick_server(one, now) != NULL)
            return true;
    return false;
}

bool job_pick(struct job *job)
{
    uint64_t now = clock_milliseconds();
    for (struct session *one = peers.sessions; one != NULL; one = one->next)
        if (pick_in(one, now, job))
            return true;
    return false;
}

/* ---- Outcomes ---- */

static void want_again(struct session *session, uint32_t number)
{
    if (!session->dropped)
        block_set_add(&session->idle, number);
}

static void count_failure(struct job *job)
{
    char host[NET_ADDRESS_TEXT];
    net_host_text(&job->server->peer->address, host);
    counter_add(job->session->client->counters, COUNTER_FROM_PEER, host, 0, 0, 1);
    sessions_settle(); /* others may have counted on it */
}

/* A server whose exchange failed. */
static void blame(struct job *job, enum job_outcome outcome)
{
    struct peer *peer = job->server->peer;
    uint64_t now = clock_milliseconds();
    switch (outcome) {
    case JOB_TIMED_OUT:
        if (++peer->timeouts >= PEER_TIMEOUTS_MAX)
            peer_shun(peer, now, PEER_PAUSE);
        break;
    case JOB_BROKEN:
        job->server->gone = true;
        peer_shun(peer, now, PEER_PAUSE);
        break;
    case JOB_LIED:
        job->server->gone = true;
        peer_ban(&peers.table, peer, now);
        break;
    default:
        return;
    }
    count_failure(job);
}

void job_finish(struct job *job, enum job_outcome outcome)
{
    struct session *session = job->session;
    struct server *server = job->server;
    if (job->kind == JOB_LIST) {
        server->asking_list = false;
        /* Where it failed, of nothing; one that did not answer in time is asked again. */
        server->listed = outcome != JOB_TIMED_OUT;
        if (outcome == JOB_DELIVERED)
            server->has = job->blocks;
    } else {
        if (outcome == JOB_EMPTY || outcome == JOB_GIVEN_UP)
            block_set_add(&server->lacks, job->number);
        if (outcome != JOB_DELIVERED) { /* else it is being judged, if it was not already */
            block_set_remove(&session->busy, job->number);
            want_again(session, job->number);
        }
    }
    server->peer->connections--;
    server->peer->references--;
    blame(job, outcome);
    session_settle(session);
    session_release(session);
}

/* ---- Judgements ---- */

struct judgement {
    struct session *session;
    struct server *server;
    uint32_t number;
};

struct judgement *judgement_create(struct session *session, struct server *server, uint32_t number)
{
    struct judgement *judgement = malloc(sizeof(*judgement));
    if (judgement == NULL)
        return NULL;
    *judgement = (struct judgement){session, server, number};
    mutex_lock(&peers.lock);
    session->references++;
    block_set_remove(&session->busy, number);
    block_set_add(&session->judging, number);
    mutex_unlock(&peers.lock);
    return judgement;
}

void judgement_passed(void *context, const struct staged_block *block, bool good)
{
    struct judgement *judgement = context;
    struct session *session = judgement->session;
    struct peer *peer = judgement->server->peer;
    char host[NET_ADDRESS_TEXT];
    if (good) /* before it is no longer on its way */
        session->client->arrived(session->client, block);
    mutex_lock(&peers.lock);
    net_host_text(&peer->address, host);
    struct counter_store *counters = session->client->counters;
    block_set_remove(&session->judging, judgement->number);
    if (good) {
        peer->delivered = clock_milliseconds();
        peer->timeouts = 0;
    } else {
        judgement->server->gone = true;
        peer_ban(&peers.table, peer, clock_milliseconds());
        want_again(session, judgement->number);
        sessions_settle();
    }
    counter_add(counters, COUNTER_FROM_PEER, host, good ? block->length : 0, good ? 1 : 0,
                good ? 0 : 1);
    session_settle(session);
    session_release(session);
    links_wake();
    peers_unlock();
    free(judgement);
}
