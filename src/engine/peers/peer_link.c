/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads that fetch: one exchange at a time each, over connections that are kept. */
#include <stdlib.h>
#include <string.h>

#include "core/retrieval.h"
#include "engine/block_data.h"
#include "engine/peers/peers_internal.h"

/* ---- One exchange ---- */

static struct retrieval_id id_of(const struct job *job)
{
    const struct cache_segment *segment = &job->session->segment->segment;
    return (struct retrieval_id){segment->id, (uint32_t)segment_value_size(segment->scheme)};
}

static enum job_outcome ask(struct job *job, const uint8_t *request, size_t length,
                            enum retrieval_type wanted, struct retrieval_response *response)
{
    uint8_t *answer;
    size_t answer_length;
    enum pd_status status =
        http_client_post(job->http, RETRIEVAL_PATH, request, length,
                         clock_milliseconds() + REQUEST_TIMEOUT, &answer, &answer_length);
    if (status == PD_ABORTED)
        return JOB_GIVEN_UP;
    if (status != PD_OK)
        return status == PD_TIMEOUT ? JOB_TIMED_OUT : JOB_BROKEN;
    if (retrieval_read_response(answer, answer_length, response) != DECODE_COMPLETE ||
        response->type != wanted)
        return JOB_BROKEN;
    struct retrieval_id id = id_of(job);
    if (response->id.length != id.length || memcmp(response->id.bytes, id.bytes, id.length) != 0)
        return JOB_LIED;
    return JOB_DELIVERED;
}

/* Room for padding that is not PKCS#7 either. */
#define PADDING_MAX 32u

static bool is_plausible(const struct retrieval_response *response, uint32_t length)
{
    if (response->cipher == BLOCK_CIPHER_NONE)
        return response->block_length == length;
    return response->block_length >= length && response->block_length <= length + PADDING_MAX;
}

static const uint8_t *hash_of(const struct job *job, size_t *length)
{
    const struct session *session = job->session;
    const struct window_segment *segment = session->segment;
    uint32_t entry = segment->first_entry + job->number - segment->first_block;
    *length = session->window->hash_length;
    return session->window->hashes + entry * *length;
}

/* Decrypted, and on its way to be verified. */
static enum job_outcome hand_over(const struct job *job, const struct retrieval_response *response,
                                  uint32_t length)
{
    struct session *session = job->session;
    const struct cache_segment *segment = &session->segment->segment;
    size_t hash_length;
    const uint8_t *hash = hash_of(job, &hash_length);
    struct staged_block *block = calloc(1, sizeof(*block));
    uint8_t *data = block_data_create(response->block_length);
    struct judgement *judgement = NULL;
    if (block != NULL && data != NULL &&
        block_cipher_decrypt(response->cipher, segment->secret, response->iv, response->block,
                             response->block_length, data))
        judgement = judgement_create(session, job->server, job->number);
    if (judgement == NULL) {
        block_data_release(data);
        free(block);
        return JOB_GIVEN_UP;
    }
    block->source = session->client->source;
    block->segment = *segment;
    block->offset = session->segment->offset + (uint64_t)job->number * BLOCK_SIZE_V1;
    block->number = job->number;
    block->length = length;
    memcpy(block->hash, hash, hash_length);
    block->data = data;
    block->judged = judgement_passed;
    block->judge_context = judgement;
    block_intake_submit_one(session->client->intake, block);
    return JOB_DELIVERED;
}

static enum job_outcome fetch_block(struct job *job)
{
    uint8_t request[RETRIEVAL_GETBLKS_SIZE];
    struct retrieval_response response;
    uint32_t length = cache_block_size(&job->session->segment->segment, job->number);
    size_t size = retrieval_write_getblks(request, id_of(job), job->number, BLOCK_CIPHER_AES_128);
    enum job_outcome outcome = ask(job, request, size, RETRIEVAL_BLK, &response);
    if (outcome != JOB_DELIVERED)
        return outcome;
    if (response.number != job->number)
        return JOB_LIED;
    if (response.block_length == 0)
        return JOB_EMPTY;
    return is_plausible(&response, length) ? hand_over(job, &response, length) : JOB_LIED;
}

static enum job_outcome fetch_list(struct job *job)
{
    uint8_t request[RETRIEVAL_GETBLKLIST_SIZE];
    struct retrieval_response response;
    size_t size = retrieval_write_getblklist(request, id_of(job), &job->blocks);
    enum job_outcome outcome = ask(job, request, size, RETRIEVAL_BLKLIST, &response);
    if (outcome == JOB_DELIVERED)
        block_set_intersect(&job->blocks, &response.blocks);
    return outcome;
}

/* ---- Connections ---- */

/* With the lock. */
static struct http_client *take_spare(const struct net_address *address)
{
    for (unsigned i = 0; i < LINKS_MAX; i++)
        if (peers.spare[i].http != NULL && peers.spare[i].address.port == address->port &&
            net_same_host(&peers.spare[i].address, address)) {
            struct http_client *http = peers.spare[i].http;
            peers.spare[i].http = NULL;
            return http;
        }
    return NULL;
}

/* With the lock; gives the one that has to go. */
static struct http_client *keep_spare(const struct net_address *address, struct http_client *http)
{
    unsigned slot = 0;
    for (unsigned i = 0; i < LINKS_MAX; i++)
        if (peers.spare[i].http == NULL)
            slot = i;
    struct http_client *out = peers.spare[slot].http;
    peers.spare[slot].address = *address;
    peers.spare[slot].http = http;
    return out;
}

/* ---- Threads ---- */

static void run_job(unsigned link, struct job *job)
{
    const struct net_address address = job->server->peer->address;
    job->http = take_spare(&address);
    if (job->http == NULL)
        job->http = http_client_create(&address, RETRIEVAL_RESPONSE_MAX);
    peers.active[link] = job;
    /* What was dropped in between is no longer known to anybody who could abort it. */
    bool dropped = job->session->dropped || peers.stopping;
    /* Where there is more to do than this; when it is done this thread looks itself. */
    links_wake();
    mutex_unlock(&peers.lock);
    enum job_outcome outcome = JOB_GIVEN_UP;
    if (job->http != NULL && !dropped)
        outcome = job->kind == JOB_BLOCK ? fetch_block(job) : fetch_list(job);
    if (job->kind == JOB_BLOCK && outcome != JOB_DELIVERED)
        block_intake_unreserve(job->session->client->intake,
                               cache_block_size(&job->session->segment->segment, job->number));
    mutex_lock(&peers.lock);
    peers.active[link] = NULL;
    struct http_client *out = job->http;
    if (out != NULL && outcome != JOB_GIVEN_UP && !job->aborted)
        out = keep_spare(&address, out);
    job_finish(job, outcome);
    peers_unlock();
    http_client_destroy(out);
    mutex_lock(&peers.lock);
}

static void run(void *argument)
{
    unsigned link = (unsigned)(uintptr_t)argument;
    struct job job;
    mutex_lock(&peers.lock);
    while (!peers.stopping) {
        if (job_pick(&job)) {
            run_job(link, &job);
            continue;
        }
        peers.idle_links++;
        while (peers.wakes == 0 && !peers.stopping)
            condition_wait(&peers.work, &peers.lock);
        if (peers.wakes > 0)
            peers.wakes--;
    }
    mutex_unlock(&peers.lock);
}

/* One thread; when it has found something it wakes the next. One that was told to look is no longer
 * idle, though it may not have had the lock yet. */
void links_wake(void)
{
    if (peers.stopping || !job_is_there())
        return;
    if (peers.idle_links > 0) {
        peers.idle_links--;
        peers.wakes++;
        condition_wake_one(&peers.work);
    } else if (peers.links < LINKS_MAX) {
        struct thread *thread = thread_start(run, (void *)(uintptr_t)peers.links);
        if (thread != NULL)
            peers.threads[peers.links++] = thread;
    }
}

/* What was exchanged may be complete already. */
void job_abort(struct job *job)
{
    job->aborted = true;
    if (job->http != NULL)
        http_client_abort(job->http);
}

void links_stop(void)
{
    mutex_lock(&peers.lock);
    for (unsigned i = 0; i < LINKS_MAX; i++)
        if (peers.active[i] != NULL)
            job_abort(peers.active[i]);
    condition_wake_all(&peers.work);
    mutex_unlock(&peers.lock);
    for (unsigned i = 0; i < peers.links; i++)
        thread_join(peers.threads[i]);
    peers.links = peers.idle_links = peers.wakes = 0;
    for (unsigned i = 0; i < LINKS_MAX; i++) {
        http_client_destroy(peers.spare[i].http);
        peers.spare[i].http = NULL;
    }
}
