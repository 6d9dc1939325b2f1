/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads as operations: their order, their waiting for others, their answers.
 *
 * BlockReads go their own ways; of StreamReads the first is served and the rest wait, so that
 * buffers are filled in the order of the calls. A read that finds nothing may wait: for a block
 * that is just being verified, or for another content handle that brings it. It is parked then, and
 * looks again when the intake advances or the timer says so. */
#include "engine/content_internal.h"

#include <stdlib.h>

#include "engine/impersonation.h"

/* Who is answered MISSING_DATA is taken to fetch the data for so long: as a read waits by default.
 */
#define FETCH_LIFETIME CONTENT_TIMEOUT_DEFAULT_VALUE /* milliseconds */
#define FETCH_BLOCKS   64u                           /* of one read at most */
/* How often a read that waits for another process looks. */
#define POLL_INTERVAL 30u /* milliseconds */
#define NEVER         UINT64_MAX
/* While peers send, a StreamRead waits so long for so much: each answer costs a completion, and
 * blocks come one by one. */
#define GATHER_BYTES (512u << 10)
#define GATHER_WAIT  10u /* milliseconds */

enum read_state {
    READ_BEHIND,  /* another StreamRead comes first */
    READ_QUEUED,  /* its task is on its way */
    READ_RUNNING, /* its operation is in work */
    READ_PARKED   /* until due, or until it is woken */
};

struct read {
    struct read *next; /* content's lock guards everything here, but what RUNNING needs */
    struct content *content;
    struct operation *operation; /* NULL: completed while the task was on its way */
    bool stream;
    enum read_state state;
    bool local_only;
    bool asked_ahead;  /* peers were, when it began, by a read before */
    bool asked;        /* peers were, for the bytes at its beginning: once is enough */
    uint64_t deadline; /* clock_milliseconds, or NEVER */
    uint64_t due;
    uint64_t gather_end; /* what is there by then is enough; 0: nothing is there yet */
    struct task task;
};

static void unlink_read(struct read *read)
{
    struct read **link = &read->content->reads;
    while (*link != read)
        link = &(*link)->next;
    *link = read->next;
}

static void run_read(struct task *task);
static bool arm_timer(struct content *content);

/* With the lock; the caller's list may be another afterwards. */
static void queue_read(struct read *read)
{
    struct content *content = read->content;
    read->state = READ_QUEUED;
    read->task.run = run_read;
    handle_retain(&content->base.object);
    if (workers_submit(&read->task) != PD_OK) {
        mutex_unlock(&content->base.lock);
        run_read(&read->task);
        mutex_lock(&content->base.lock);
    }
}

static void queue_next_stream(struct content *content)
{
    struct read *read = content->reads;
    while (read != NULL && !read->stream)
        read = read->next;
    if (read != NULL && read->state == READ_BEHIND)
        queue_read(read);
}

static struct read *first_parked(struct content *content, uint64_t due)
{
    struct read *read = content->reads;
    while (read != NULL && !(read->state == READ_PARKED && read->due <= due))
        read = read->next;
    return read;
}

void content_wake_reads(struct content *content)
{
    struct read *read;
    while ((read = first_parked(content, NEVER)) != NULL)
        queue_read(read);
}

/* Whether there is enough in memory for a StreamRead that has not waited for more. With the lock.
 */
static bool has_enough(const struct content *content, const struct operation *operation)
{
    uint64_t left = content_info_feed_summary(content->feed)->range_end - content->position;
    uint64_t enough = operation->length < left ? operation->length : left;
    enough = enough < GATHER_BYTES ? enough : GATHER_BYTES;
    return content_fetched_length(content, content->position) >= enough;
}

static void begin_to_gather(struct read *read)
{
    uint64_t end = clock_milliseconds() + GATHER_WAIT;
    read->gather_end = end < read->deadline ? end : read->deadline;
}

void content_wake_fetching(struct content *content)
{
    for (struct read *read = content->reads, *next; read != NULL; read = next) {
        next = read->next;
        if (read->state != READ_PARKED)
            continue;
        if (read->stream && !has_enough(content, read->operation)) {
            if (read->gather_end == 0)
                begin_to_gather(read);
            read->due = read->gather_end;
            if (arm_timer(content))
                continue;
        }
        queue_read(read);
        next = content->reads; /* which may be others now; this one is parked no more */
    }
}

void content_abandon_read(struct content *content, struct read *read)
{
    bool stream = read->stream;
    unlink_read(read);
    if (read->state == READ_QUEUED)
        read->operation = NULL;
    else
        free(read);
    if (stream)
        queue_next_stream(content);
}

/* ---- The timer ---- */

/* Arms it for the read that is due first, with the lock. False: it cannot be armed. */
static bool arm_timer(struct content *content)
{
    uint64_t due = NEVER;
    bool was_armed;
    for (const struct read *read = content->reads; read != NULL; read = read->next)
        if (read->state == READ_PARKED && read->due < due)
            due = read->due;
    if (due == NEVER)
        return true;
    handle_retain(&content->base.object);
    bool set = timer_set(&content->timer, due, &was_armed) == PD_OK;
    if (!set || was_armed)
        handle_release(&content->base.object); /* not the last: the caller has one */
    return set;
}

void content_timer_expired(struct timer *timer)
{
    struct content *content = (struct content *)((char *)timer - offsetof(struct content, timer));
    struct read *read;
    mutex_lock(&content->base.lock);
    while ((read = first_parked(content, clock_milliseconds())) != NULL)
        queue_read(read);
    (void)arm_timer(content);
    mutex_unlock(&content->base.lock);
    content_release(content);
}

/* ---- Missing data ---- */

/* The blocks from offset on, as far as the read asked for them and they can be verified. */
static size_t list_fetches(struct segment_window *window, uint64_t offset, uint64_t end,
                           struct cache_fetch *fetches)
{
    size_t count = 0;
    uint32_t blocks = 0;
    while (offset < end && offset < window->end && blocks < FETCH_BLOCKS) {
        struct window_block block = segment_window_block(window, offset);
        if (!block.listed)
            break;
        if (count > 0 && fetches[count - 1].segment == &block.segment->segment)
            fetches[count - 1].count++;
        else
            fetches[count++] = (struct cache_fetch){&block.segment->segment, block.segment->offset,
                                                    block.number, 1};
        blocks++;
        offset = block.offset + block.length;
    }
    return count;
}

/* True: another handle brings the data. Else this one does from now on. */
static bool brought_by_other(struct content *content, uint64_t offset, uint32_t length)
{
    struct cache_fetch fetches[FETCH_BLOCKS];
    struct segment_window *window;
    bool other = false;
    if (content_window(content, offset, &window) != PD_OK)
        return false;
    size_t count = list_fetches(window, offset, offset + length, fetches);
    if (count > 0) {
        mutex_lock(&content->base.lock);
        content->fetching = true;
        mutex_unlock(&content->base.lock);
        if (cache_fetch_begin(content->cache->store, content->source.fetcher, fetches, count,
                              FETCH_LIFETIME, &other) != PD_OK)
            other = false;
    }
    segment_window_release(window);
    return other;
}

static struct completion missing(struct content *content, uint64_t offset, enum pd_status status)
{
    return (struct completion){
        .status = status,
        .bytes = content_missing_length(content, offset),
        .has_offset = true,
        .offset = offset,
    };
}

/* ---- One look ---- */

enum look_result { LOOK_ANSWERED, LOOK_STAGED, LOOK_ABSENT };

static enum look_result look_in_cache(const struct read *read, uint64_t offset, uint32_t length,
                                      struct completion *completion)
{
    struct content *content = read->content;
    struct present present = {0};
    if (length == 0)
        present.bytes = content_present_length(content, offset, &present.staged);
    else
        present = content_read_present(content, offset, read->operation->buffer, length, false);
    if (present.staged && (length == 0 || present.bytes == 0))
        return LOOK_STAGED;
    if (length != 0 && present.bytes == 0)
        return LOOK_ABSENT;
    *completion = (struct completion){.bytes = present.bytes, .has_offset = true, .offset = offset};
    return LOOK_ANSWERED;
}

/* Asks peers for what is absent, if they were not asked. True: the first of it is coming. */
static bool peers_bring_it(struct read *read, uint64_t offset, uint32_t length)
{
    struct content *content = read->content;
    if (!read->asked && length > 0) {
        read->asked = true;
        content_ask_peers(content, offset, length, read->stream);
    }
    return content_peers_bring(content, offset);
}

/* True: *completion is the answer. False: the read waits until *due. */
static bool look(struct read *read, uint64_t offset, struct completion *completion, uint64_t *due)
{
    struct content *content = read->content;
    const struct content_info_summary *summary = content_info_feed_summary(content->feed);
    *completion = (struct completion){.status = PD_NO_MORE};
    *due = NEVER;
    if (offset < summary->range_start || offset >= summary->range_end)
        return true;

    /* What a stream's read-ahead is just fetching is not in the cache: no need to ask there, which
     * costs more than the block. */
    if (read->stream && read->asked_ahead && content_peers_bring(content, offset)) {
        *due = read->deadline;
        if (clock_milliseconds() < read->deadline)
            return false;
    }
    uint64_t left = summary->range_end - offset;
    uint32_t length = read->operation->length < left ? read->operation->length : (uint32_t)left;
    enum look_result result = look_in_cache(read, offset, length, completion);
    if (result == LOOK_ABSENT && !read->local_only) {
        uint64_t now = clock_milliseconds();
        if (brought_by_other(content, offset, length)) {
            *due = read->deadline < now + POLL_INTERVAL ? read->deadline : now + POLL_INTERVAL;
            if (now < read->deadline)
                return false;
            *completion = missing(content, offset, PD_TIMEOUT);
            return true;
        }
        if (peers_bring_it(read, offset, length)) {
            *due = read->deadline;
            if (now < read->deadline)
                return false;
            *completion = missing(content, offset, PD_TIMEOUT);
            return true;
        }
        /* Whoever brought it may have come to the end between the two looks. */
        result = look_in_cache(read, offset, length, completion);
    }
    if (result == LOOK_ABSENT)
        *completion = missing(content, offset, PD_MISSING_DATA);
    return result != LOOK_STAGED;
}

static bool look_as_user(struct read *read, uint64_t offset, struct completion *completion,
                         uint64_t *due)
{
    struct content *content = read->content;
    struct impersonation user;
    bool answered = true;
    *completion = (struct completion){.status = PD_UNAVAILABLE};
    if (impersonation_begin_on_pool(&user, content->base.identity.token)) {
        answered = look(read, offset, completion, due);
        user_cache_count(content->cache);
    }
    impersonation_end(&user);
    return answered;
}

static void finish(struct read *read, const struct completion *completion)
{
    struct content *content = read->content;
    bool stream = read->stream;
    bool query = read->operation->length == 0, local_only = read->local_only;
    struct operation *operation = read->operation;
    unlink_read(read);
    free(read);
    /* What was missing is passed over as well, for the caller fetches it. */
    bool moves = stream && !query &&
                 (completion->status == PD_OK || completion->status == PD_MISSING_DATA ||
                  completion->status == PD_TIMEOUT);
    uint32_t bytes = completion->bytes;
    bool data = completion->status == PD_OK;
    if (content_finish(content, operation, completion)) {
        if (data && !query)
            atomic_fetch_add(&content->cache->delivered, bytes);
        if (moves) {
            content->position += bytes;
            content_streamed(content, data);
            if (data && !local_only)
                content_stream_peers(content);
        }
    }
    if (stream)
        queue_next_stream(content);
}

/* Whether a StreamRead waits for more than peers have sent; it is parked then. With the lock. */
static bool gather(struct read *read)
{
    struct content *content = read->content;
    if (read->local_only || content->fetched == NULL ||
        content_fetched_length(content, content->position) == 0 ||
        has_enough(content, read->operation))
        return false;
    if (read->gather_end == 0)
        begin_to_gather(read);
    if (clock_milliseconds() >= read->gather_end)
        return false;
    read->operation->in_work = false;
    read->state = READ_PARKED;
    read->due = read->gather_end;
    return arm_timer(content);
}

/* What is in memory already for the stream. With the lock. */
static uint32_t copy_in_memory(struct content *content, uint8_t *buffer, uint32_t length)
{
    uint32_t bytes = content_copy_ahead(content, content->position, buffer, length);
    if (bytes == 0 && content->fetched != NULL)
        bytes = content_copy_fetched(content, content->position, buffer, length);
    return bytes;
}

/* A StreamRead whose bytes are there, or are being loaded, need not look; with the lock. True: it
 * was answered, or waits. */
static bool take_ahead(struct read *read)
{
    struct content *content = read->content;
    struct operation *operation = read->operation;
    if (!read->stream || operation->length == 0)
        return false;
    if (gather(read))
        return true;
    struct completion completion = {
        .bytes = copy_in_memory(content, operation->buffer, operation->length),
        .has_offset = true,
        .offset = content->position,
    };
    if (completion.bytes > 0) {
        finish(read, &completion);
        return true;
    }
    if (!content_is_loading(content, content->position))
        return false;
    operation->in_work = false;
    read->state = READ_PARKED;
    read->due = NEVER;
    return true;
}

/* With the lock. False: it must look again at once. */
static bool park(struct read *read, uint32_t advances, uint64_t due,
                 const struct completion *completion)
{
    struct content *content = read->content;
    if (content->base.dead || read->operation->cancelled) {
        finish(read, completion);
        return true;
    }
    if (content->advances != advances)
        return false;
    read->operation->in_work = false;
    read->state = READ_PARKED;
    read->due = due;
    if (!arm_timer(content)) {
        const struct completion failed = {.status = PD_NO_MEMORY};
        finish(read, &failed);
    }
    return true;
}

static void run_read(struct task *task)
{
    struct read *read = (struct read *)((char *)task - offsetof(struct read, task));
    struct content *content = read->content;
    struct completion completion;
    uint64_t due;
    bool over = false;
    mutex_lock(&content->base.lock);
    if (read->operation == NULL) {
        free(read);
        over = true;
    }
    over = over || take_ahead(read);
    while (!over) {
        uint64_t offset = read->stream ? content->position : read->operation->offset;
        uint32_t advances = content->advances;
        read->state = READ_RUNNING;
        read->asked_ahead = !read->local_only && read->operation->length > 0 &&
                            content->peers_end > content->position;
        read->operation->in_work = true;
        mutex_unlock(&content->base.lock);
        bool answered = look_as_user(read, offset, &completion, &due);
        mutex_lock(&content->base.lock);
        if (answered)
            finish(read, &completion);
        over = answered || park(read, advances, due, &completion) || take_ahead(read);
    }
    mutex_unlock(&content->base.lock);
    content_release(content);
}

/* ---- Calls ---- */

static void append_read(struct content *content, struct read *read)
{
    struct read **link = &content->reads;
    while (*link != NULL)
        link = &(*link)->next;
    *link = read;
}

static bool has_stream_read(const struct content *content)
{
    const struct read *read = content->reads;
    while (read != NULL && !read->stream)
        read = read->next;
    return read != NULL;
}

/* Reads that go on in the block read last, or in what was read ahead, need no other thread. With
 * the lock. */
static bool serve_at_once(struct content *content, const struct read *read,
                          struct operation *operation)
{
    uint64_t offset = read->stream ? content->position : operation->offset;
    uint32_t bytes = content_copy_recent(content, offset, operation->buffer, operation->length);
    if (bytes == 0 && read->stream && !read->local_only && content->fetched != NULL &&
        !has_enough(content, operation))
        return false;
    if (bytes == 0 && read->stream)
        bytes = copy_in_memory(content, operation->buffer, operation->length);
    if (bytes == 0)
        return false;
    const struct completion completion = {.bytes = bytes, .has_offset = true, .offset = offset};
    operation_complete(&content->base.queue, operation, &completion);
    atomic_fetch_add(&content->cache->delivered, bytes);
    if (read->stream) {
        content->position += bytes;
        content_streamed(content, true);
        if (!read->local_only)
            content_stream_peers(content);
    }
    return true;
}

static uint64_t deadline_of(uint32_t timeout)
{
    if (timeout == CONTENT_TIMEOUT_INFINITE)
        return NEVER;
    if (timeout == CONTENT_TIMEOUT_DEFAULT)
        timeout = CONTENT_TIMEOUT_DEFAULT_VALUE;
    return clock_milliseconds() + timeout;
}

static void accept_read(struct content *content, struct read *read, struct operation *operation)
{
    bool behind = read->stream && has_stream_read(content);
    operation_accept(&content->base.queue, operation);
    if (!behind && serve_at_once(content, read, operation)) {
        free(read);
        return;
    }
    operation->read = read;
    append_read(content, read);
    read->state = READ_BEHIND;
    if (!behind)
        queue_read(read);
}

static enum pd_status start_read(struct content *content, enum operation_kind kind, uint64_t offset,
                                 uint8_t *buffer, uint32_t length, uint32_t timeout, void *block)
{
    struct member *base = &content->base;
    struct operation *operation = operation_create(kind, block, base->port);
    struct read *read = calloc(1, sizeof(*read));
    enum pd_status status = PD_NO_MEMORY;
    if (operation == NULL || read == NULL)
        goto cleanup;
    operation->buffer = buffer;
    operation->length = length;
    operation->offset = offset;
    read->content = content;
    read->operation = operation;
    read->stream = kind == OPERATION_STREAM_READ;
    read->local_only = timeout == CONTENT_TIMEOUT_LOCAL_CACHE_ONLY;
    read->deadline = deadline_of(timeout);

    mutex_lock(&base->lock);
    status = base->dead ? PD_INVALIDATED : runtime_check();
    if (status == PD_OK && content->state != CONTENT_READY)
        status = PD_NOT_INITIALIZED;
    if (status == PD_OK)
        accept_read(content, read, operation);
    mutex_unlock(&base->lock);

cleanup:
    if (status != PD_OK) {
        free(read);
        if (operation != NULL)
            operation_discard(operation);
    }
    return status;
}

enum pd_status content_block_read(struct content *content, uint64_t offset, uint8_t *buffer,
                                  uint32_t length, uint32_t timeout, void *block)
{
    return start_read(content, OPERATION_BLOCK_READ, offset, buffer, length, timeout, block);
}

enum pd_status content_stream_read(struct content *content, uint8_t *buffer, uint32_t length,
                                   uint32_t timeout, void *block)
{
    return start_read(content, OPERATION_STREAM_READ, 0, buffer, length, timeout, block);
}
