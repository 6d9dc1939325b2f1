/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a request's bytes to an answer's. */
#include "service/block_server.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/hex.h"
#include "core/retrieval.h"
#include "engine/block_read.h"
#include "platform/power.h"
#include "platform/random.h"
#include "platform/thread.h"
#include "platform/wall_clock.h"
#include "service/peer_rates.h"

/* How long an answer is held back for a rate: well below the 2 s that clients wait. */
#define PATIENCE 1000u
#define BURST    1u
/* KiB that a rate lets through at once, however low it is: the largest block. */
#define LEAST 128u
/* Segments a second that are looked for because of lists: one list of the greatest length is, at
 * once. */
#define LOOKUPS_EACH 4096u
#define LOOKUPS_ALL  16384u
/* Who fetches what is said once, as long as it is among the last ones. */
#define RECENT 32u

struct recent {
    struct net_address peer;
    uint8_t id[32];
};

struct block_server {
    struct served_stores *stores;
    struct counter_store *counters;
    const struct service_log *log;
    struct peer_rates *rates, *lookups;
    atomic_bool on_battery_too;
    atomic_uint requests; /* limit */
    struct mutex lock;    /* guards recent */
    struct recent recent[RECENT];
    unsigned recent_next;
};

struct block_server *block_server_create(struct served_stores *stores,
                                         struct counter_store *counters,
                                         const struct service_log *log)
{
    struct block_server *server = calloc(1, sizeof(*server));
    if (server == NULL)
        return NULL;
    server->stores = stores;
    server->counters = counters;
    server->log = log;
    server->rates = peer_rates_create(0, 0, BURST, LEAST);
    server->lookups = peer_rates_create(LOOKUPS_EACH, LOOKUPS_ALL, BURST, 0);
    mutex_init(&server->lock);
    if (server->rates != NULL && server->lookups != NULL)
        return server;
    block_server_destroy(server);
    return NULL;
}

void block_server_destroy(struct block_server *server)
{
    if (server == NULL)
        return;
    peer_rates_destroy(server->rates);
    peer_rates_destroy(server->lookups);
    mutex_fini(&server->lock);
    free(server);
}

void block_server_configure(struct block_server *server, const struct settings *settings)
{
    peer_rates_set(server->rates, settings->upload_rate_per_address, settings->upload_rate);
    atomic_store(&server->on_battery_too, settings->serve_on_battery);
    atomic_store(&server->requests, settings->upload_requests);
}

bool block_server_may_serve(struct block_server *server)
{
    return atomic_load(&server->on_battery_too) || !power_is_battery();
}

/* ---- Blocks ---- */

/* Reads and compares. */
static enum block_verdict read_block(const struct served_segment *segment, uint32_t number,
                                     uint8_t *out)
{
    const struct cache_held *held = &segment->held;
    struct block_request request = {
        .place = held->places[number],
        .length = cache_block_size(&held->segment, number),
        .out = out,
        .hash = held->hashes + number * held->hash_length,
        .hash_length = held->hash_length,
        .algorithm = held->segment.scheme.algorithm,
    };
    block_read(segment->store, NULL, &request, 1, true);
    if (request.verdict == BLOCK_BAD || request.verdict == BLOCK_GONE)
        (void)cache_drop(segment->store, &held->segment, number, &held->places[number]);
    return request.verdict;
}

static void say_who(struct block_server *server, const struct net_address *peer,
                    const struct cache_held *held)
{
    struct recent now = {.peer = *peer};
    char host[NET_ADDRESS_TEXT], id[2 * sizeof(now.id) + 1];
    bool known = false;
    memcpy(now.id, held->segment.id, sizeof(now.id));
    mutex_lock(&server->lock);
    for (unsigned i = 0; i < RECENT && !known; i++)
        known = net_same_host(&server->recent[i].peer, peer) &&
                memcmp(server->recent[i].id, now.id, sizeof(now.id)) == 0;
    if (!known)
        server->recent[server->recent_next++ % RECENT] = now;
    mutex_unlock(&server->lock);
    if (known)
        return;
    net_host_text(peer, host);
    hex_encode(held->segment.id, sizeof(now.id), id);
    service_log(server->log, "%s fetches segment %s (%u of %u blocks here)", host, id,
                (unsigned)block_set_count(&held->present),
                (unsigned)cache_block_count(&held->segment));
}

/* The body of a MSG_BLK with the block; false: it cannot be had. */
static bool make_block(const struct retrieval_request *request, uint32_t number,
                       const struct served_segment *segment, struct http_reply *reply)
{
    const struct cache_held *held = &segment->held;
    uint32_t length = cache_block_size(&held->segment, number);
    enum block_cipher cipher =
        request->cipher != BLOCK_CIPHER_NONE ? request->cipher : BLOCK_CIPHER_AES_128;
    size_t size = block_cipher_size(cipher, length);
    uint32_t next = block_set_next(&held->present, number + 1);
    uint8_t iv[BLOCK_CIPHER_IV_SIZE];
    uint8_t *body = malloc(RETRIEVAL_BLK_HEAD + size + RETRIEVAL_BLK_TAIL);
    if (body == NULL)
        return false;
    size_t head = retrieval_write_blk_head(body, request->id, cipher, number,
                                           next < BLOCKS_PER_SEGMENT ? next : 0, (uint32_t)size);
    uint8_t *block = body + head;
    if (!random_bytes(iv, sizeof(iv)) || read_block(segment, number, block) != BLOCK_GOOD ||
        !block_cipher_encrypt(cipher, held->segment.secret, iv, block, length, block)) {
        free(body);
        return false;
    }
    reply->length = head + size + retrieval_write_blk_tail(block + size, iv);
    reply->body = body;
    return true;
}

static void answer_missing(const struct retrieval_request *request, uint32_t number, uint32_t next,
                           struct http_reply *reply)
{
    reply->body = malloc(RETRIEVAL_BLK_HEAD + RETRIEVAL_BLK_TAIL);
    if (reply->body == NULL)
        return;
    size_t head = retrieval_write_blk_head(reply->body, request->id, BLOCK_CIPHER_NONE, number,
                                           next < BLOCKS_PER_SEGMENT ? next : 0, 0);
    reply->length = head + retrieval_write_blk_tail(reply->body + head, NULL);
}

/* What is remembered of a segment may be old: a block that is not where it was, or is not known of,
 * is looked for once more. Gives the next block that is there. */
static uint32_t give_block(struct block_server *server, const struct http_request *http,
                           const struct retrieval_request *request, uint32_t number, bool fresh,
                           struct http_reply *reply)
{
    const struct served_segment *segment =
        served_stores_find(server->stores, request->id.bytes, request->id.length, fresh);
    if (segment == NULL)
        return BLOCKS_PER_SEGMENT;
    uint32_t length = cache_block_size(&segment->held.segment, number);
    uint32_t next = block_set_next(&segment->held.present, number + 1);
    bool there = block_set_has(&segment->held.present, number);
    if (there) {
        uint32_t wait =
            peer_rates_take(server->rates, http->peer, (length + 1023) / 1024, PATIENCE);
        if (wait > PATIENCE) {
            fresh = true; /* it would not help */
        } else if (make_block(request, number, segment, reply)) {
            char host[NET_ADDRESS_TEXT];
            reply->delay = wait;
            net_host_text(http->peer, host);
            counter_add(server->counters, COUNTER_SERVED, host, length, 1, 0);
            cache_touch(segment->store, &segment->held.segment);
            say_who(server, http->peer, &segment->held);
        }
    }
    served_segment_release(server->stores, segment);
    if (reply->body == NULL && !fresh)
        next = give_block(server, http, request, number, true, reply);
    return next;
}

static void answer_block(struct block_server *server, const struct http_request *http,
                         const struct retrieval_request *request, bool busy,
                         struct http_reply *reply)
{
    uint32_t number = block_set_next(&request->blocks, 0), next = BLOCKS_PER_SEGMENT;
    bool asked = number < BLOCKS_PER_SEGMENT;
    if (!busy && asked)
        next = give_block(server, http, request, number, false, reply);
    if (reply->body == NULL)
        answer_missing(request, asked ? number : 0, next, reply);
}

/* ---- Lists ---- */

static void answer_block_list(struct block_server *server, const struct retrieval_request *request,
                              bool busy, struct http_reply *reply)
{
    struct block_set blocks = {{0}};
    const struct served_segment *segment =
        busy ? NULL
             : served_stores_find(server->stores, request->id.bytes, request->id.length, true);
    if (segment != NULL) {
        blocks = request->blocks;
        block_set_intersect(&blocks, &segment->held.present);
        served_segment_release(server->stores, segment);
    }
    reply->body = malloc(RETRIEVAL_BLKLIST_SIZE);
    if (reply->body != NULL)
        reply->length = retrieval_write_blklist(reply->body, request->id, &blocks);
}

static uint32_t age_of(const struct cache_held *held)
{
    uint64_t now = wall_clock_milliseconds();
    uint64_t age = now > held->added ? (now - held->added) / 10 : 0;
    return age < UINT32_MAX ? (uint32_t)age : UINT32_MAX;
}

/* Looking is what costs: the peer's share of it is taken first. */
static bool may_look_up(struct block_server *server, const struct http_request *http,
                        const struct retrieval_request *request)
{
    struct byte_reader ids = request->ids;
    struct retrieval_id id;
    uint32_t possible = 0;
    while (retrieval_next_id(&ids, &id))
        possible += segment_id_length_valid(id.length) ? 1 : 0;
    return peer_rates_take(server->lookups, http->peer, possible, 0) == 0;
}

/* Looks for all of them that can be, and dates those whose distance from the first fits into a
 * byte. */
static size_t look_up(struct block_server *server, const struct retrieval_request *request,
                      bool *present, struct retrieval_age ages[RETRIEVAL_AGES_MAX])
{
    struct byte_reader ids = request->ids;
    struct retrieval_id id;
    size_t count = 0;
    uint32_t first = 0;
    for (uint32_t i = 0; i < request->id_count && retrieval_next_id(&ids, &id); i++) {
        const struct served_segment *segment =
            segment_id_length_valid(id.length)
                ? served_stores_find(server->stores, id.bytes, id.length, false)
                : NULL;
        present[i] = segment != NULL;
        if (segment == NULL)
            continue;
        if (count == 0)
            first = i;
        if (count < RETRIEVAL_AGES_MAX && i - first < 256)
            ages[count++] = (struct retrieval_age){(uint8_t)(i - first), age_of(&segment->held)};
        served_segment_release(server->stores, segment);
    }
    return count;
}

static void answer_segment_list(struct block_server *server, const struct http_request *http,
                                const struct retrieval_request *request, bool busy,
                                struct http_reply *reply)
{
    struct retrieval_age ages[RETRIEVAL_AGES_MAX];
    bool *present = calloc(request->id_count, sizeof(*present));
    reply->body = malloc(RETRIEVAL_SEGLIST_SIZE(request->id_count));
    if (present != NULL && reply->body != NULL) {
        busy = busy || !may_look_up(server, http, request);
        size_t count = busy ? 0 : look_up(server, request, present, ages);
        reply->length = retrieval_write_seglist(reply->body, request->request_id, present,
                                                request->id_count, ages, count);
    }
    free(present);
}

/* ---- Requests ---- */

/* Under overload no peer gets more than its share of the requests in work. */
static bool is_over_share(struct block_server *server, const struct http_request *http)
{
    unsigned limit = atomic_load(&server->requests);
    if (http->busy <= limit)
        return false;
    unsigned share = limit / (http->busy_peers != 0 ? http->busy_peers : 1);
    return http->busy_of_peer > (share != 0 ? share : 1);
}

void block_server_answer(void *context, const struct http_request *http, struct http_reply *reply)
{
    struct block_server *server = context;
    struct retrieval_request request;
    if (retrieval_read_request(http->body, http->length, &request) != DECODE_COMPLETE) {
        reply->status = 400;
        return;
    }
    bool busy = is_over_share(server, http) || !block_server_may_serve(server);
    if (request.unsupported || request.type == RETRIEVAL_NEGO_REQ) {
        reply->body = malloc(RETRIEVAL_NEGO_RESP_SIZE);
        if (reply->body != NULL)
            reply->length = retrieval_write_nego_response(reply->body);
    } else if (request.type == RETRIEVAL_GETBLKS) {
        answer_block(server, http, &request, busy, reply);
    } else if (request.type == RETRIEVAL_GETBLKLIST) {
        answer_block_list(server, &request, busy, reply);
    } else {
        answer_segment_list(server, http, &request, busy, reply);
    }
    if (reply->length == 0) /* no memory */
        reply->status = 503;
}
