/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything at once: many threads publish, add, complete, cancel, close, unpublish, open, retrieve
 * and shut down at random on shared instances, handles and identifiers. Every accepted operation
 * has one completion, by the end of its instance at the latest. */
#include "async/handle_table.h"
#include "engine/instance.h"
#include "platform/random.h"
#include "support/unit_main.h"
#include "unit/engine/fixture.h"

#include <stdlib.h>
#include <string.h>

#ifndef _WIN32
#include "platform/posix/settings.h"
#endif

#define THREADS        12
#define INSTANCES      3
#define HANDLES        48
#define IDENTIFIERS    10
#define CONTENT_LENGTH (6u << 20)
#define OUTSTANDING    8
#define RUN_TIME       2500u /* milliseconds; PD_STRESS_SECONDS in the environment wins */

/* Values only: what they name may be gone, which is part of the test. */
static struct {
    atomic_uintptr_t instances[INSTANCES];
    atomic_uintptr_t streams[HANDLES], informations[HANDLES];
    atomic_uint accepted, aborted, published, retrieved, shutdowns, drops, lost;
    uint64_t end;
    const uint8_t *content;
    uint32_t instance_count;
    bool with_settings;
} world;

/* One operation: its block and its memory are given back as soon as it is completed. */
struct call {
    struct block block;
    uint8_t *buffer;
    bool retrieves;
};

struct actor {
    uint64_t random;
    struct call *calls[OUTSTANDING];
};

static uint32_t choose(struct actor *actor, uint32_t limit)
{
    actor->random ^= actor->random << 13;
    actor->random ^= actor->random >> 7;
    actor->random ^= actor->random << 17;
    return (uint32_t)(((actor->random >> 32) * limit) >> 32);
}

static const char *choose_identifier(struct actor *actor)
{
    static const char names[] = "a\0b\0c\0d\0e\0f\0g\0h\0i\0j";
    return names + 2 * choose(actor, IDENTIFIERS);
}

static struct call *make_call(const uint8_t *data, size_t length)
{
    struct call *call = malloc(sizeof(*call));
    if (call == NULL)
        abort();
    block_init(&call->block);
    call->retrieves = data == NULL;
    call->buffer = malloc(length + 1);
    if (call->buffer == NULL)
        abort();
    if (data != NULL)
        memcpy(call->buffer, data, length);
    return call;
}

static void free_call(struct call *call)
{
    condition_fini(&call->block.changed);
    mutex_fini(&call->block.lock);
    free(call->buffer);
    free(call);
}

/* With wait: an operation that never completes ends the test in time. */
static bool reap(struct call *call, bool wait)
{
    mutex_lock(&call->block.lock);
    uint64_t end = clock_milliseconds() + 30000;
    while (wait && call->block.completed == 0 && clock_milliseconds() < end)
        (void)condition_wait_for(&call->block.changed, &call->block.lock, 1000);
    bool completed = call->block.completed > 0;
    if (completed && call->block.result.status == PD_ABORTED)
        atomic_fetch_add(&world.aborted, 1);
    if (completed && call->block.result.status == PD_OK && call->retrieves)
        atomic_fetch_add(&world.retrieved, 1);
    mutex_unlock(&call->block.lock);
    if (completed)
        free_call(call);
    else if (wait)
        atomic_fetch_add(&world.lost, 1);
    return completed || wait;
}

/* A place for one more call; waits for an old one when all are taken. */
static struct call **find_place(struct actor *actor)
{
    struct call **place = &actor->calls[choose(actor, OUTSTANDING)];
    for (size_t i = 0; i < OUTSTANDING; i++)
        if (actor->calls[i] != NULL && reap(actor->calls[i], &actor->calls[i] == place))
            actor->calls[i] = NULL;
    return place;
}

static void settle(struct call **place, struct call *call, enum pd_status status)
{
    if (status == PD_OK) {
        atomic_fetch_add(&world.accepted, 1);
        *place = call;
    } else {
        if (call->block.accepted != 0) /* refused, and yet marked pending */
            atomic_fetch_add(&world.lost, 1);
        free_call(call);
    }
}

static struct instance *choose_instance(struct actor *actor)
{
    uintptr_t value = atomic_load(&world.instances[choose(actor, world.instance_count)]);
    return (struct instance *)handle_acquire(value, HANDLE_INSTANCE);
}

static void act_add(struct actor *actor, struct instance *instance)
{
    static const uint32_t lengths[] = {0, 1, 4096, 65536, 65536, 65536, 300000, CONTENT_LENGTH};
    uintptr_t stream = atomic_load(&world.streams[choose(actor, HANDLES)]);
    uint32_t length = lengths[choose(actor, choose(actor, 20) == 0 ? 8 : 7)];
    struct call **place = find_place(actor);
    struct call *call = make_call(world.content, length);
    settle(place, call, add(instance, stream, call->buffer, length, &call->block));
}

static void act_complete(struct actor *actor, struct instance *instance)
{
    uintptr_t stream = atomic_load(&world.streams[choose(actor, HANDLES)]);
    struct call **place = find_place(actor);
    struct call *call = make_call(world.content, 0);
    settle(place, call, complete(instance, stream, &call->block));
}

static void act_retrieve(struct actor *actor, struct instance *instance)
{
    uintptr_t information = atomic_load(&world.informations[choose(actor, HANDLES)]);
    uint32_t length = 1 + choose(actor, 5000);
    struct call **place = find_place(actor);
    struct call *call = make_call(NULL, length);
    settle(place, call, retrieve(instance, information, call->buffer, length, &call->block));
}

/* The whole life of a publication, while the others act on its identifier. */
static void act_publish(struct actor *actor, struct instance *instance)
{
    uintptr_t stream = 0;
    const char *identifier = choose_identifier(actor);
    if (try_open_stream(instance, identifier, 0, &stream) != PD_OK)
        return;
    struct call *call = make_call(world.content, 200000);
    enum pd_status status = add(instance, stream, call->buffer, 200000, &call->block);
    if (status != PD_OK) {
        free_call(call);
        return;
    }
    atomic_fetch_add(&world.accepted, 1);
    (void)reap(call, true);
    call = make_call(world.content, 0);
    if (complete(instance, stream, &call->block) != PD_OK) {
        free_call(call);
        return;
    }
    atomic_fetch_add(&world.accepted, 1);
    (void)reap(call, true);
    if (close_stream(instance, stream) == PD_OK)
        atomic_fetch_add(&world.published, 1);
}

static void act_cancel(struct actor *actor, struct instance *instance)
{
    struct call *call = actor->calls[choose(actor, OUTSTANDING)];
    if (call == NULL)
        return;
    const char *identifier = choose_identifier(actor);
    for (int i = 0; i < IDENTIFIERS; i++)
        if (cancel(instance, identifier, &call->block) == PD_OK) {
            mutex_lock(&call->block.lock);
            if (call->block.completed == 0) /* success is told after the completion */
                atomic_fetch_add(&world.lost, 1);
            mutex_unlock(&call->block.lock);
            break;
        } else {
            identifier = choose_identifier(actor);
        }
}

static void act_open_stream(struct actor *actor, struct instance *instance)
{
    uintptr_t value = 0;
    if (try_open_stream(instance, choose_identifier(actor),
                        choose(actor, 4) == 0 ? 1 + choose(actor, 200000) : 0, &value) == PD_OK) {
        value = atomic_exchange(&world.streams[choose(actor, HANDLES)], value);
        (void)close_stream(instance, value);
    }
}

static void act_open_information(struct actor *actor, struct instance *instance)
{
    uintptr_t value = 0;
    if (try_open_information(instance, choose_identifier(actor), 0, 0, 1, 1 + choose(actor, 2),
                             &value) == PD_OK) {
        value = atomic_exchange(&world.informations[choose(actor, HANDLES)], value);
        (void)close_information(instance, value);
    }
}

static void shut_down(uintptr_t value)
{
    struct instance *instance = (struct instance *)handle_acquire(value, HANDLE_INSTANCE);
    if (instance == NULL)
        return;
    if (instance_close(instance) == PD_OK)
        atomic_fetch_add(&world.shutdowns, 1);
    handle_release(&instance->object);
}

/* The new one comes before the old one goes, or afterwards: then the pool may stop in between. */
static void act_shutdown(struct actor *actor)
{
    atomic_uintptr_t *place = &world.instances[choose(actor, world.instance_count)];
    bool first = choose(actor, 2) == 0;
    uintptr_t started = 0;
    if (first)
        shut_down(atomic_exchange(place, 0));
    if (instance_open(&started) == PD_OK)
        shut_down(atomic_exchange(place, started));
}

static void act_settings(void)
{
#ifndef _WIN32
    const struct settings on = {.enabled = true}, off = {.enabled = false};
    if (world.with_settings) {
        settings_test_set(&off);
        settings_test_set(&on);
        atomic_fetch_add(&world.drops, 1);
    }
#endif
}

static void act(void *argument)
{
    struct actor actor = {.random = (uint64_t)(uintptr_t)argument * 0x9E3779B97F4A7C15u};
    while (clock_milliseconds() < world.end) {
        uint32_t what = choose(&actor, 1000);
        if (what < 4) {
            act_shutdown(&actor);
            continue;
        }
        if (what < 5) {
            act_settings();
            continue;
        }
        struct instance *instance = choose_instance(&actor);
        if (instance == NULL)
            continue;
        if (what < 100)
            act_publish(&actor, instance);
        else if (what < 200)
            act_open_stream(&actor, instance);
        else if (what < 300)
            act_open_information(&actor, instance);
        else if (what < 550)
            act_add(&actor, instance);
        else if (what < 620)
            act_complete(&actor, instance);
        else if (what < 850)
            act_retrieve(&actor, instance);
        else if (what < 910)
            act_cancel(&actor, instance);
        else if (what < 930)
            (void)close_stream(instance, atomic_load(&world.streams[choose(&actor, HANDLES)]));
        else if (what < 990)
            (void)close_information(instance,
                                    atomic_load(&world.informations[choose(&actor, HANDLES)]));
        else
            (void)unpublish(instance, choose_identifier(&actor));
        handle_release(&instance->object);
    }
    for (size_t i = 0; i < OUTSTANDING; i++)
        if (actor.calls[i] != NULL)
            (void)reap(actor.calls[i], true);
}

static void run(uint32_t seed, uint32_t instance_count, bool with_settings)
{
    struct thread *threads[THREADS];
    const char *seconds = getenv("PD_STRESS_SECONDS");
    uint32_t time = seconds != NULL ? (uint32_t)strtoul(seconds, NULL, 10) * 1000 : RUN_TIME;
    world.end = clock_milliseconds() + time;
    world.instance_count = instance_count;
    world.with_settings = with_settings;
    for (size_t i = 0; i < world.instance_count; i++) {
        uintptr_t value = 0;
        assert_int_equal(instance_open(&value), PD_OK);
        atomic_store(&world.instances[i], value);
    }
    for (uint32_t i = 0; i < THREADS; i++)
        assert_non_null(threads[i] = thread_start(act, (void *)(uintptr_t)(seed + i)));
    for (size_t i = 0; i < THREADS; i++)
        thread_join(threads[i]);
    for (size_t i = 0; i < world.instance_count; i++) {
        struct instance *instance =
            (struct instance *)handle_acquire(atomic_load(&world.instances[i]), HANDLE_INSTANCE);
        if (instance != NULL)
            assert_int_equal(stop_instance(instance), PD_OK);
    }
    print_message("accepted %u, aborted %u, published %u, retrieved %u, shut down %u, dropped %u\n",
                  atomic_load(&world.accepted), atomic_load(&world.aborted),
                  atomic_load(&world.published), atomic_load(&world.retrieved),
                  atomic_load(&world.shutdowns), atomic_load(&world.drops));
    assert_int_equal(atomic_load(&world.lost), 0);
    assert_int_equal(fixture_violations(), 0);
    assert_true(atomic_load(&world.published) > 0);
    assert_true(atomic_load(&world.retrieved) > 0);
}

static uint32_t seed_of_run(void)
{
    const char *given = getenv("PD_STRESS_SEED");
    uint32_t seed = 1;
    if (given != NULL)
        seed = (uint32_t)strtoul(given, NULL, 10);
    else
        (void)random_bytes(&seed, sizeof(seed));
    seed = seed == 0 || seed > UINT32_MAX - THREADS ? 1 : seed;
    print_message("PD_STRESS_SEED=%u\n", (unsigned)seed);
    return seed;
}

static void test_everything_at_once(void **state)
{
    (void)state;
    run(seed_of_run(), INSTANCES, false);
}

/* One instance: pool and watch start and stop all the time. */
static void test_one_instance(void **state)
{
    (void)state;
    run(seed_of_run(), 1, false);
}

/* The service is switched off and on in between. */
static void test_with_drops(void **state)
{
    (void)state;
    run(seed_of_run(), INSTANCES, true);
}

static int set_up(void **state)
{
    world.content = make_content(CONTENT_LENGTH, 1);
    return fixture_set_up(state);
}

static int tear_down(void **state)
{
    free((void *)(uintptr_t)world.content);
    return fixture_tear_down(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_at_once),
        cmocka_unit_test(test_one_instance),
        cmocka_unit_test(test_with_drops),
    };
    int failed = cmocka_run_group_tests(tests, set_up, tear_down);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
