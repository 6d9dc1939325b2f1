/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/peers/survey.h"

#include <stdlib.h>
#include <string.h>

#include "core/hash/digest.h"
#include "core/retrieval.h"
#include "engine/peers/peers_internal.h"
#include "engine/peers/probe.h"

#define RESEND 100u /* ms after the first transmission */

unsigned survey_interfaces(char (*texts)[NET_ADDRESS_TEXT], unsigned room)
{
    struct net_interface interfaces[NET_INTERFACES_MAX];
    unsigned count = net_interfaces(interfaces);
    for (unsigned i = 0; i < count && i < room; i++)
        net_host_text(&interfaces[i].address, texts[i]);
    return count;
}

/* ---- Discovery ---- */

struct search {
    struct probe_sockets sockets;
    struct discovery_matches *matches;
    uint64_t begin;
    bool (*visit)(const struct survey_answer *answer, void *context);
    void *context;
    bool stopped;
};

static void take_answer(struct search *search, const struct probe *probe, size_t first,
                        const struct net_address *peer)
{
    for (size_t i = 0; i < probe->count && !search->stopped; i++) {
        struct probe_finding finding;
        if (!probe_found(probe, search->matches, i, &finding))
            continue;
        struct survey_answer answer = {
            .peer = *peer,
            .milliseconds = (uint32_t)(clock_milliseconds() - search->begin),
            .which = first + i,
            .complete = finding.complete,
            .blocks = finding.blocks,
        };
        net_address_text(peer, answer.address);
        search->stopped = !search->visit(&answer, search->context);
    }
}

/* One Probe, sent twice. */
static void run_probe(struct search *search, const struct probe *probe, size_t first,
                      uint32_t milliseconds)
{
    bool ready[NET_INTERFACES_MAX];
    search->begin = clock_milliseconds();
    uint64_t end = search->begin + milliseconds, resend = search->begin + RESEND;
    probe_send(&search->sockets, probe);
    for (uint64_t now = search->begin; now < end && !search->stopped; now = clock_milliseconds()) {
        if (now >= resend) {
            probe_send(&search->sockets, probe);
            resend = UINT64_MAX;
        }
        uint64_t next = resend < end ? resend : end;
        socket_wait(search->sockets.handles, ready, search->sockets.count, (uint32_t)(next - now));
        for (unsigned i = 0; i < search->sockets.count; i++) {
            socket_handle handle = search->sockets.handles[i];
            struct net_address peer;
            while (ready[i] && clock_milliseconds() < end && !search->stopped &&
                   probe_receive(&search->sockets, handle, search->matches, &peer))
                take_answer(search, probe, first, &peer);
        }
    }
}

enum pd_status survey_probe(unsigned version, const struct discovery_id *ids, size_t count,
                            uint32_t milliseconds,
                            bool (*visit)(const struct survey_answer *answer, void *context),
                            void *context)
{
    struct search search = {.visit = visit, .context = context};
    struct probe probe = {.version = version};
    size_t most = version == 1 ? PROBE_IDS_V1 : PROBE_IDS_V2;
    if (!sockets_start())
        return PD_UNAVAILABLE;
    enum pd_status status = probe_sockets_open(&search.sockets);
    search.matches = malloc(sizeof(*search.matches));
    if (status == PD_OK && search.matches == NULL)
        status = PD_NO_MEMORY;
    for (size_t first = 0; status == PD_OK && first < count && !search.stopped; first += most) {
        probe.count = count - first < most ? count - first : most;
        memcpy(probe.ids, ids + first, probe.count * sizeof(ids[0]));
        if (!probe_init(&probe))
            status = PD_UNAVAILABLE;
        else
            run_probe(&search, &probe, first, milliseconds);
    }
    free(search.matches);
    probe_sockets_close(&search.sockets);
    sockets_stop();
    return status;
}

/* ---- Retrieval ---- */

static enum survey_verdict verdict_of(enum pd_status status)
{
    switch (status) {
    case PD_OK:
        return SURVEY_GOOD;
    case PD_TIMEOUT:
        return SURVEY_SILENT;
    case PD_INVALID_PARAMETER:
        return SURVEY_NO_PROTOCOL;
    default:
        return SURVEY_UNREACHABLE;
    }
}

/* *http is kept by the caller as long as it needs the answer. */
static enum survey_verdict ask(const struct net_address *peer, const uint8_t *request,
                               size_t length, struct http_client **http,
                               struct retrieval_response *response)
{
    uint8_t *answer;
    size_t answer_length;
    *http = NULL;
    if (!sockets_start())
        return SURVEY_NO_MEMORY;
    *http = http_client_create(peer, RETRIEVAL_RESPONSE_MAX);
    if (*http == NULL) {
        sockets_stop();
        return SURVEY_NO_MEMORY;
    }
    enum survey_verdict verdict = verdict_of(
        http_client_post(*http, RETRIEVAL_PATH, request, length,
                         clock_milliseconds() + REQUEST_TIMEOUT, &answer, &answer_length));
    if (verdict == SURVEY_GOOD &&
        retrieval_read_response(answer, answer_length, response) != DECODE_COMPLETE)
        verdict = SURVEY_NO_PROTOCOL;
    return verdict;
}

static void end_ask(struct http_client *http)
{
    if (http == NULL)
        return;
    http_client_destroy(http);
    sockets_stop();
}

enum survey_verdict survey_negotiate(const struct net_address *peer)
{
    uint8_t request[RETRIEVAL_NEGO_SIZE];
    struct retrieval_response response;
    struct http_client *http;
    size_t length = retrieval_write_nego_request(request);
    enum survey_verdict verdict = ask(peer, request, length, &http, &response);
    if (verdict == SURVEY_GOOD && response.type != RETRIEVAL_NEGO_RESP)
        verdict = SURVEY_NO_PROTOCOL;
    /* Ours are major versions 1 and 2; blocks are fetched with 1. */
    if (verdict == SURVEY_GOOD && (response.min.major > 2 || response.max.major < 1))
        verdict = SURVEY_NO_VERSION;
    end_ask(http);
    return verdict;
}

enum survey_verdict survey_own_service(uint16_t port)
{
    const struct net_address own = {.bytes = {127, 0, 0, 1}, .port = port};
    return survey_negotiate(&own);
}

static bool is_block(const struct retrieval_response *response, const struct cache_segment *segment,
                     uint32_t number, const uint8_t *hash, size_t hash_length)
{
    uint8_t digest[HASH_MAX_SIZE];
    uint32_t length = cache_block_size(segment, number);
    uint8_t *data = response->block_length >= length ? malloc(response->block_length) : NULL;
    bool good = data != NULL &&
                block_cipher_decrypt(response->cipher, segment->secret, response->iv,
                                     response->block, response->block_length, data) &&
                digest_once(segment->scheme.algorithm, data, length, digest) &&
                memcmp(digest, hash, hash_length) == 0;
    free(data);
    return good;
}

enum survey_verdict survey_block(const struct net_address *peer,
                                 const struct cache_segment *segment, uint32_t number,
                                 const uint8_t *hash, size_t hash_length)
{
    uint8_t request[RETRIEVAL_GETBLKS_SIZE];
    struct retrieval_response response;
    struct http_client *http;
    const struct retrieval_id id = {segment->id, (uint32_t)segment_value_size(segment->scheme)};
    size_t length = retrieval_write_getblks(request, id, number, BLOCK_CIPHER_AES_128);
    enum survey_verdict verdict = ask(peer, request, length, &http, &response);
    if (verdict == SURVEY_GOOD && response.type == RETRIEVAL_NEGO_RESP)
        verdict = SURVEY_NO_VERSION;
    else if (verdict == SURVEY_GOOD && response.type != RETRIEVAL_BLK)
        verdict = SURVEY_NO_PROTOCOL;
    if (verdict == SURVEY_GOOD && response.block_length == 0)
        verdict = SURVEY_EMPTY;
    if (verdict == SURVEY_GOOD && !is_block(&response, segment, number, hash, hash_length))
        verdict = SURVEY_WRONG_DATA;
    end_ask(http);
    return verdict;
}
