/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions: who wants what, and when that comes to an end. */
#include "engine/peers/peers_internal.h"

#include <stdlib.h>
#include <string.h>

struct peers peers = {.lock = MUTEX_INITIALIZER, .work = CONDITION_INITIALIZER};

/* A peer that has given blocks so recently is asked for the content's next segments at once. Half
 * of a session's places are left to those who say that they have its segment. */
#define RECENT_DELIVERY 10000u
#define RECENT_MAX      (PEERS_PER_LIST / 2)

/* ---- Sessions ---- */

static size_t id_length(const struct session *session)
{
    return segment_value_size(session->segment->segment.scheme);
}

static bool is_segment(const struct session *session, const uint8_t *id, size_t length)
{
    return id_length(session) == length && memcmp(session->segment->segment.id, id, length) == 0;
}

/* Chains the client for peers_unlock. */
static void tell(struct peer_client *client)
{
    if (client->told)
        return;
    client->told = true;
    client->next_told = peers.to_tell;
    peers.to_tell = client;
    client->source->retain(client->source->context);
}

void peers_unlock(void)
{
    struct peer_client *chain = peers.to_tell;
    peers.to_tell = NULL;
    mutex_unlock(&peers.lock);
    while (chain != NULL) {
        struct peer_client *client = chain;
        mutex_lock(&peers.lock);
        chain = client->next_told;
        client->told = false;
        mutex_unlock(&peers.lock);
        client->source->advanced(client->source->context);
        client->source->release(client->source->context);
    }
}

void session_release(struct session *session)
{
    if (--session->references > 0)
        return;
    for (unsigned i = 0; i < session->server_count; i++)
        session->servers[i].peer->references--;
    /* Told, so that the source's release is called without the lock. */
    tell(session->client);
    session->client->source->release(session->client->source->context);
    segment_window_release(session->window);
    free(session);
}

static void unlink_session(struct session *session)
{
    struct session **link = &peers.sessions;
    bool others = false;
    while (*link != session)
        link = &(*link)->next;
    *link = session->next;
    session->linked = false;
    for (const struct session *one = peers.sessions; one != NULL; one = one->next)
        others = others || one->client == session->client;
    atomic_store(&session->client->active, others);
    session_release(session);
}

void session_add_server(struct session *session, const struct peer_entry *entry, bool tentative)
{
    struct peer *peer = entry->peer;
    bool complete =
        entry->complete || entry->blocks >= cache_block_count(&session->segment->segment);
    for (unsigned i = 0; i < session->server_count; i++) {
        struct server *server = &session->servers[i];
        if (server->peer != peer)
            continue;
        if (server->tentative && !tentative) { /* it has said so itself now */
            server->tentative = false;
            server->complete = complete;
            server->lacks = (struct block_set){{0}};
        }
        return;
    }
    if (session->server_count == PEERS_PER_LIST)
        return;
    session->servers[session->server_count++] =
        (struct server){.peer = peer, .complete = complete, .tentative = tentative};
    peer->references++;
}

/* Somebody may still bring that block. */
static bool has_hope(const struct session *session, uint32_t number, uint64_t now)
{
    for (unsigned i = 0; i < session->server_count; i++) {
        const struct server *server = &session->servers[i];
        if (!server->gone && !peer_is_shunned(server->peer, now) &&
            !block_set_has(&server->lacks, number) &&
            (!server->listed || block_set_has(&server->has, number)))
            return true;
    }
    return false;
}

static void attach_list(struct session *session, const struct peer_list *list, uint64_t now)
{
    for (unsigned i = 0; i < list->count; i++)
        if (list->entries[i].until > now)
            session_add_server(session, &list->entries[i], false);
    session->answered = list->state == PEER_LIST_ANSWERED;
}

/* The network is asked, or what it answered lately is taken. */
static void discover(struct session *session, uint64_t now)
{
    const struct cache_segment *segment = &session->segment->segment;
    struct peer_list *list = peer_table_list(&peers.table, segment->id, id_length(session), now);
    if (list == NULL) {
        list = peer_table_new_list(&peers.table, segment->scheme.version, segment->id,
                                   id_length(session), now);
        if (list == NULL) { /* at a limit nothing is queued: the origin has it */
            session->answered = true;
            return;
        }
        list->block_count = cache_block_count(segment);
        socket_waker_wake(&peers.waker);
    }
    peer_list_add_store(list, session->client->answers);
    attach_list(session, list, now);
}

/* Those who lately gave blocks. True: there are some. */
static bool attach_recent(struct session *session, uint64_t now)
{
    for (unsigned i = 0; i < PEERS_MAX && session->server_count < RECENT_MAX; i++) {
        struct peer *peer = &peers.table.peers[i];
        if (peer->delivered != 0 && now - peer->delivered < RECENT_DELIVERY &&
            !peer_is_shunned(peer, now)) {
            const struct peer_entry guess = {.peer = peer, .complete = true};
            session_add_server(session, &guess, true);
        }
    }
    return session->server_count > 0;
}

static bool is_tentative(const struct session *session)
{
    for (unsigned i = 0; i < session->server_count; i++)
        if (!session->servers[i].tentative)
            return false;
    return session->server_count > 0;
}

void session_settle(struct session *session)
{
    uint64_t now = clock_milliseconds();
    uint32_t number = block_set_next(&session->idle, 0);
    if (!session->linked)
        return;
    bool asked = !is_tentative(session) || session->answered;
    for (; number < BLOCKS_PER_SEGMENT; number = block_set_next(&session->idle, number + 1)) {
        if (has_hope(session, number, now))
            continue;
        if (!asked) { /* the guess was wrong: ask properly */
            asked = true;
            discover(session, now);
            if (has_hope(session, number, now))
                continue;
        }
        if (!session->answered)
            continue;
        block_set_remove(&session->idle, number);
        tell(session->client);
    }
    if (block_set_is_empty(&session->idle) && block_set_is_empty(&session->busy) &&
        block_set_is_empty(&session->judging))
        unlink_session(session);
}

void sessions_settle(void)
{
    for (struct session *one = peers.sessions, *next; one != NULL; one = next) {
        next = one->next;
        session_settle(one);
    }
}

void sessions_found(const struct peer_list *list, const struct peer_entry *entry)
{
    for (struct session *one = peers.sessions; one != NULL; one = one->next)
        if (is_segment(one, list->id, list->id_length))
            session_add_server(one, entry, false);
    links_wake();
}

void sessions_answered(const struct peer_list *list)
{
    for (struct session *one = peers.sessions, *next; one != NULL; one = next) {
        next = one->next;
        if (is_segment(one, list->id, list->id_length)) {
            one->answered = true;
            session_settle(one);
        }
    }
}

/* ---- Calls ---- */

void peers_configure(const struct settings *settings)
{
    mutex_lock(&peers.lock);
    peers.enabled = settings->enabled && settings->distributed;
    peers.discovery_timeout = settings->discovery_timeout;
    mutex_unlock(&peers.lock);
}

/* With the lock. */
static bool start(void)
{
    if (!peers.enabled || peers.stopping)
        return false;
    if (!peers.running)
        peers.running = prober_start();
    return peers.running;
}

void peers_stop(void)
{
    mutex_lock(&peers.lock);
    bool running = peers.running;
    peers.stopping = true;
    mutex_unlock(&peers.lock);
    if (running) {
        prober_stop();
        links_stop();
    }
    mutex_lock(&peers.lock);
    /* Their Probes' answers will come to nobody: asked anew by whoever starts again. */
    for (unsigned i = 0; i < PEER_LISTS_MAX; i++) {
        struct peer_list *list = &peers.table.lists[i];
        if (list->id_length == 0 || list->state != PEER_LIST_ASKING)
            continue;
        peer_list_tell(list);
        list->id_length = 0;
    }
    peers.running = false;
    peers.stopping = false;
    mutex_unlock(&peers.lock);
}

/* Its blocks are to be verified by the same hashes. A content may have the same segment in several
 * places, and list other blocks of it in each. */
static bool is_listed_alike(const struct session *session, const struct segment_window *window,
                            const struct window_segment *segment)
{
    const struct window_segment *own = session->segment;
    size_t length = window->hash_length;
    return own->first_block == segment->first_block && own->block_count == segment->block_count &&
           session->window->hash_length == length &&
           memcmp(session->window->hashes + own->first_entry * length,
                  window->hashes + segment->first_entry * length,
                  segment->block_count * length) == 0;
}

static struct session *find_session(const struct peer_client *client,
                                    const struct segment_window *window,
                                    const struct window_segment *segment)
{
    size_t length = segment_value_size(segment->segment.scheme);
    struct session *one = peers.sessions;
    while (one != NULL && !(one->client == client && is_segment(one, segment->segment.id, length) &&
                            is_listed_alike(one, window, segment)))
        one = one->next;
    return one;
}

static struct session *create_session(struct peer_client *client, struct segment_window *window,
                                      const struct window_segment *segment)
{
    struct session **link = &peers.sessions;
    struct session *session = calloc(1, sizeof(*session));
    if (session == NULL)
        return NULL;
    session->client = client;
    session->window = window;
    session->segment = segment;
    session->references = 1;
    session->linked = true;
    segment_window_retain(window);
    client->source->retain(client->source->context);
    while (*link != NULL)
        link = &(*link)->next;
    *link = session;
    atomic_store(&client->active, true);
    return session;
}

bool peers_ask(struct peer_client *client, struct segment_window *window,
               const struct window_segment *segment, const struct block_set *blocks)
{
    uint64_t now = clock_milliseconds();
    mutex_lock(&peers.lock);
    bool ready = !client->dropped && start();
    struct session *session = ready ? find_session(client, window, segment) : NULL;
    bool found = session != NULL;
    if (!found && ready)
        session = create_session(client, window, segment);
    if (session != NULL) {
        for (unsigned i = 0; i < BLOCKS_PER_SEGMENT / 64; i++)
            session->idle.words[i] |=
                blocks->words[i] & ~session->busy.words[i] & ~session->judging.words[i];
        if (!found && !attach_recent(session, now))
            discover(session, now);
        session_settle(session);
        links_wake();
    }
    peers_unlock();
    return session != NULL;
}

bool peers_bring(const struct peer_client *client, const struct cache_segment *segment,
                 uint32_t number)
{
    size_t length = segment_value_size(segment->scheme);
    bool comes = false;
    if (!atomic_load(&client->active))
        return false;
    mutex_lock(&peers.lock);
    for (const struct session *one = peers.sessions; one != NULL && !comes; one = one->next)
        comes = one->client == client && is_segment(one, segment->id, length) &&
                (block_set_has(&one->idle, number) || block_set_has(&one->busy, number) ||
                 block_set_has(&one->judging, number));
    mutex_unlock(&peers.lock);
    return comes;
}

void peers_go_on(struct peer_client *client)
{
    if (!atomic_load(&client->active))
        return;
    mutex_lock(&peers.lock);
    for (struct session *one = peers.sessions; one != NULL; one = one->next)
        if (one->client == client)
            one->stalled = false;
    links_wake();
    mutex_unlock(&peers.lock);
}

void peers_drop(struct peer_client *client)
{
    mutex_lock(&peers.lock);
    client->dropped = true;
    for (unsigned i = 0; i < LINKS_MAX; i++)
        if (peers.active[i] != NULL && peers.active[i]->session->client == client)
            job_abort(peers.active[i]);
    for (struct session *one = peers.sessions, *next; one != NULL; one = next) {
        next = one->next;
        if (one->client != client)
            continue;
        one->dropped = true;
        memset(&one->idle, 0, sizeof(one->idle));
        session_settle(one);
    }
    peers_unlock();
}

void peers_forget(struct answer_store *answers)
{
    mutex_lock(&peers.lock);
    peer_table_forget_store(&peers.table, answers);
    mutex_unlock(&peers.lock);
}
