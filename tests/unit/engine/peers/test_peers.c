/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What peers are asked for, and what outcomes mean for them: no network, no threads of theirs. */
#include "engine/peers/peers_internal.h"

#include <stdlib.h>
#include <string.h>

#include "support/unit_main.h"

#include "engine/peers/peers.h"
#include "unit/platform/scratch.h"

/* A client without a cache: what it is told is counted. */
static unsigned references, told;

static void retain(void *context)
{
    (void)context;
    references++;
}

static void release(void *context)
{
    (void)context;
    references--;
}

static void advanced(void *context)
{
    (void)context;
    told++;
}

static struct block_source source = {.retain = retain, .release = release, .advanced = advanced};
static struct peer_client client;
static char *folder;

/* A window of one segment of version 1, of which blocks from `first` on are listed. */
static struct segment_window *make_window(uint64_t offset, uint8_t id, uint32_t first,
                                          uint32_t count)
{
    struct segment_window *window = calloc(1, sizeof(*window) + sizeof(window->segments[0]));
    assert_non_null(window);
    atomic_init(&window->references, 1);
    window->segment_count = 1;
    window->entry_count = count;
    window->hash_length = 32;
    window->hashes = malloc((size_t)count * 32);
    assert_non_null(window->hashes);
    for (uint32_t i = 0; i < count; i++)
        memset(window->hashes + (size_t)i * 32, (int)(first + i + 1), 32);
    struct window_segment *segment = &window->segments[0];
    segment->offset = offset;
    segment->first_block = first;
    segment->block_count = count;
    segment->segment.scheme = (struct segment_scheme){1, HASH_SHA256};
    segment->segment.size = 32 * BLOCK_SIZE_V1;
    memset(segment->segment.id, id, 32);
    return window;
}

static bool ask(struct segment_window *window)
{
    const struct window_segment *segment = &window->segments[0];
    struct block_set blocks = {{0}};
    for (uint32_t i = 0; i < segment->block_count; i++)
        block_set_add(&blocks, segment->first_block + i);
    return peers_ask(&client, window, segment, &blocks);
}

static struct net_address address(uint8_t host, uint16_t port)
{
    return (struct net_address){.bytes = {10, 0, 0, host}, .port = port};
}

static struct peer *machine(uint8_t host, uint16_t port)
{
    const struct net_address where = address(host, port);
    struct peer *peer = peer_table_peer(&peers.table, &where, clock_milliseconds());
    assert_non_null(peer);
    peer->machine = host;
    peer->used = clock_milliseconds();
    return peer;
}

static unsigned count_sessions(void)
{
    unsigned count = 0;
    for (const struct session *one = peers.sessions; one != NULL; one = one->next)
        count++;
    return count;
}

/* What a thread does, but for the exchange. */
static bool pick(struct job *job)
{
    mutex_lock(&peers.lock);
    bool picked = job_pick(job);
    if (picked)
        links_wake();
    peers_unlock();
    return picked;
}

static void finish(struct job *job, enum job_outcome outcome)
{
    if (job->kind == JOB_BLOCK)
        block_intake_unreserve(client.intake,
                               cache_block_size(&job->session->segment->segment, job->number));
    mutex_lock(&peers.lock);
    job_finish(job, outcome);
    peers_unlock();
}

/* Answers to the Probe for a segment, as the prober takes them. */
static struct peer_list *list_of(const struct segment_window *window)
{
    return peer_table_list(&peers.table, window->segments[0].segment.id, 32, clock_milliseconds());
}

static void answer(const struct segment_window *window, struct peer *peer, bool complete)
{
    struct peer_list *list = list_of(window);
    const struct peer_entry entry = {peer, complete, complete ? 32 : 8, 0};
    mutex_lock(&peers.lock);
    assert_non_null(list);
    if (peer_list_add(list, entry, clock_milliseconds()))
        sessions_found(list, &entry);
    peers_unlock();
}

static int set_up(void **state)
{
    (void)state;
    client = (struct peer_client){.source = &source};
    client.intake = block_intake_create(NULL);
    client.counters = counter_store_create("peers", "user");
    memset(&peers.table, 0, sizeof(peers.table));
    told = 0;
    /* As if the threads were there and all of them at work. */
    peers.enabled = peers.running = true;
    peers.links = LINKS_MAX;
    return client.intake != NULL && client.counters != NULL && socket_waker_init(&peers.waker) ? 0
                                                                                               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    peers_drop(&client);
    peers.running = false;
    peers.links = peers.idle_links = peers.wakes = 0;
    socket_waker_fini(&peers.waker);
    block_intake_destroy(client.intake);
    counter_store_destroy(client.counters);
    return peers.sessions == NULL && references == 0 ? 0 : -1;
}

/* Equal segments of one content whose lists are of other blocks: each is verified by its own. */
static void test_equal_segments(void **state)
{
    struct segment_window *tail = make_window(0, 1, 16, 16);
    struct segment_window *head = make_window(32 * BLOCK_SIZE_V1, 1, 0, 8);
    struct segment_window *same = make_window(64 * BLOCK_SIZE_V1, 1, 0, 8);
    (void)state;
    assert_true(ask(tail));
    assert_true(ask(head));
    assert_int_equal(count_sessions(), 2);
    assert_true(ask(same)); /* listed alike: fetched once */
    assert_int_equal(count_sessions(), 2);
    for (const struct session *one = peers.sessions; one != NULL; one = one->next)
        for (uint32_t number = block_set_next(&one->idle, 0); number < BLOCKS_PER_SEGMENT;
             number = block_set_next(&one->idle, number + 1))
            assert_in_range(number, one->segment->first_block,
                            one->segment->first_block + one->segment->block_count - 1);
    assert_true(peers_bring(&client, &head->segments[0].segment, 3));
    assert_true(peers_bring(&client, &head->segments[0].segment, 20));
    assert_false(peers_bring(&client, &head->segments[0].segment, 10));
    segment_window_release(tail);
    segment_window_release(head);
    segment_window_release(same);
}

/* More segments than are remembered, all being asked for: nobody waits for an answer that cannot
 * come. */
static void test_too_many_segments(void **state)
{
    struct segment_window *windows[PEER_LISTS_MAX + 2];
    (void)state;
    for (unsigned i = 0; i < PEER_LISTS_MAX + 2; i++) {
        windows[i] = make_window((uint64_t)i * 32 * BLOCK_SIZE_V1, 1, 0, 4);
        memcpy(windows[i]->segments[0].segment.id, &i, sizeof(i));
        assert_true(ask(windows[i]));
        assert_int_equal(peers_bring(&client, &windows[i]->segments[0].segment, 0),
                         i < PEER_LISTS_MAX);
    }
    assert_int_equal(count_sessions(), PEER_LISTS_MAX);
    assert_true(told > 0);
    for (unsigned i = 0; i < PEER_LISTS_MAX; i++) /* none was forgotten */
        assert_non_null(list_of(windows[i]));
    /* One that was answered makes room. */
    list_of(windows[7])->state = PEER_LIST_ANSWERED;
    assert_true(ask(windows[PEER_LISTS_MAX]));
    assert_true(peers_bring(&client, &windows[PEER_LISTS_MAX]->segments[0].segment, 0));
    assert_null(list_of(windows[7]));
    for (unsigned i = 0; i < PEER_LISTS_MAX + 2; i++)
        segment_window_release(windows[i]);
}

/* A handle that was closed asks for nothing any more, though a task of its own still tries. */
static void test_dropped(void **state)
{
    struct segment_window *window = make_window(0, 1, 0, 8);
    (void)state;
    peers_drop(&client); /* it had not asked yet */
    assert_false(ask(window));
    assert_int_equal(count_sessions(), 0);
    assert_null(list_of(window));
    segment_window_release(window);
}

/* An exchange in work is broken off, and its connection is nobody's any more: even when all of the
 * answer had come. */
static void test_drop_aborts(void **state)
{
    struct segment_window *window = make_window(0, 1, 0, 8);
    struct job job;
    (void)state;
    assert_true(ask(window));
    answer(window, machine(1, 80), true);
    assert_true(pick(&job));
    bool before = job.aborted;
    peers.active[0] = &job;
    peers_drop(&client);
    peers.active[0] = NULL;
    finish(&job, JOB_GIVEN_UP);
    assert_false(before);
    assert_true(job.aborted);
    assert_int_equal(count_sessions(), 0);
    segment_window_release(window);
}

/* Whoever sent wrong data is left alone under all ports of that address. */
static void test_ban(void **state)
{
    struct segment_window *window = make_window(0, 1, 0, 8);
    struct job job;
    (void)state;
    assert_true(ask(window));
    struct peer *liar = machine(1, 1000);
    for (uint16_t port = 1000; port < 1016; port++)
        answer(window, machine(1, port), true);
    struct peer *honest = machine(2, 80);
    answer(window, honest, true);
    assert_int_equal(list_of(window)->count, PEER_PORTS_MAX + 1); /* it finds a place */
    assert_int_equal(peers.sessions->server_count, PEER_PORTS_MAX + 1);
    assert_true(pick(&job));
    struct peer *first = job.server->peer;
    finish(&job, JOB_LIED);
    assert_ptr_equal(first, liar);
    uint64_t now = clock_milliseconds();
    const struct net_address other_port = address(1, 2000), other_host = address(2, 2000);
    assert_true(peer_is_shunned(machine(1, 1001), now));
    assert_true(peer_table_is_banned(&peers.table, &other_port, now));
    assert_false(peer_table_is_banned(&peers.table, &other_host, now));
    assert_false(peer_is_shunned(honest, now));
    assert_true(pick(&job));
    struct peer *second = job.server->peer;
    finish(&job, JOB_EMPTY);
    assert_ptr_equal(second, honest);
    /* The ban outlives more machines than are remembered, when nobody holds on to the liar. */
    peers_drop(&client);
    for (unsigned i = 0; i < 2 * PEERS_MAX; i++)
        (void)machine((uint8_t)(10 + i), 80);
    assert_true(peer_table_is_banned(&peers.table, &other_port, clock_milliseconds()));
    segment_window_release(window);
}

/* A list that did not come in time is asked for once more; the machine is not written off. */
static void test_list_in_time(void **state)
{
    struct segment_window *window = make_window(0, 1, 0, 8);
    struct job job;
    (void)state;
    assert_true(ask(window));
    answer(window, machine(1, 80), false);
    static const enum job_kind kinds[] = {JOB_LIST, JOB_LIST, JOB_BLOCK};
    static const enum job_outcome outcomes[] = {JOB_TIMED_OUT, JOB_DELIVERED, JOB_EMPTY};
    for (unsigned i = 0; i < 3; i++) {
        assert_true(pick(&job));
        enum job_kind kind = job.kind;
        finish(&job, outcomes[i]);
        assert_int_equal(kind, kinds[i]);
    }
    segment_window_release(window);
}

/* Those who lately gave other segments leave room for those who have this one. */
static void test_recent_leave_room(void **state)
{
    struct segment_window *window = make_window(0, 1, 0, 8);
    (void)state;
    for (uint8_t host = 1; host <= PEERS_PER_LIST; host++)
        machine(host, 80)->delivered = clock_milliseconds();
    assert_true(ask(window));
    assert_in_range(peers.sessions->server_count, 1, PEERS_PER_LIST / 2);
    segment_window_release(window);
}

/* Every idle thread that something is there for is told to look, once. */
static void test_wakes(void **state)
{
    struct segment_window *window = make_window(0, 1, 0, 8);
    struct job jobs[3];
    (void)state;
    assert_true(ask(window));
    peers.idle_links = 3;
    answer(window, machine(1, 80), true);
    assert_int_equal(peers.wakes, 1);
    assert_int_equal(peers.idle_links, 2);
    unsigned wakes[3];
    for (unsigned i = 0; i < 3; i++) {
        assert_true(pick(&jobs[i]));
        wakes[i] = peers.wakes;
    }
    for (unsigned i = 0; i < 3; i++)
        finish(&jobs[i], JOB_EMPTY);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(wakes[i], i < 2 ? i + 2 : 3);
    segment_window_release(window);
}

static int start(void **state)
{
    (void)state;
    folder = scratch_create();
    scratch_set_environment("PEERDIST_STORE", folder);
    return sockets_start() ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    sockets_stop();
    scratch_set_environment("PEERDIST_STORE", NULL);
    scratch_remove(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_equal_segments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many_segments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dropped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_drop_aborts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ban, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_list_in_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_recent_leave_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wakes, set_up, tear_down),
    };
    return pd_unit_report(sizeof(tests) / sizeof(*tests),
                          cmocka_run_group_tests(tests, start, stop));
}
