/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handle values: what they name, what they refuse, and how late a slot comes back. */
#include "async/handle_table.h"

#include "platform/thread.h"
#include "support/unit_main.h"

#include <stdlib.h>

#define SLOTS (1u << 19)

struct thing {
    struct handle_object object; /* first */
    atomic_int destroyed;
};

static void destroy_thing(struct handle_object *object)
{
    atomic_fetch_add(&((struct thing *)object)->destroyed, 1);
}

static void thing_init(struct thing *thing, enum handle_kind kind)
{
    atomic_init(&thing->destroyed, 0);
    handle_object_init(&thing->object, kind, destroy_thing);
}

/* Closes as an owner does: the table's reference goes with the handle. */
static bool close_thing(uintptr_t value, struct thing *thing)
{
    bool closed = handle_close(value, &thing->object);
    if (closed)
        handle_release(&thing->object);
    return closed;
}

static bool names(uintptr_t value, enum handle_kind kind, const struct thing *thing)
{
    struct handle_object *object = handle_acquire(value, kind);
    if (object != NULL)
        handle_release(object);
    return object == &thing->object;
}

static void test_life(void **state)
{
    struct thing thing, other;
    (void)state;
    thing_init(&thing, HANDLE_STREAM);
    thing_init(&other, HANDLE_STREAM);
    uintptr_t value = handle_open(&thing.object);
    assert_true(value != 0 && value % 4 == 0 && value <= UINT32_MAX);
    assert_true(names(value, HANDLE_STREAM, &thing));
    assert_null(handle_acquire(value, HANDLE_INSTANCE));
    assert_null(handle_acquire(value, HANDLE_CONTENT_INFORMATION));

    assert_false(handle_close(value, &other.object));
    assert_true(names(value, HANDLE_STREAM, &thing));
    handle_release(&thing.object); /* ours; the table's is left */
    assert_int_equal(atomic_load(&thing.destroyed), 0);
    struct handle_object *held = handle_acquire(value, HANDLE_STREAM);
    assert_ptr_equal(held, &thing.object);
    assert_true(close_thing(value, &thing));
    assert_false(close_thing(value, &thing));
    assert_null(handle_acquire(value, HANDLE_STREAM));
    assert_int_equal(atomic_load(&thing.destroyed), 0);
    handle_release(held);
    assert_int_equal(atomic_load(&thing.destroyed), 1);
    handle_release(&other.object);
}

static void test_invented_values(void **state)
{
    static const uintptr_t invented[] = {
        0, 1, 2, 3, 4, 8, 0x1000, UINT32_MAX, UINT32_MAX - 3, UINTPTR_MAX, UINTPTR_MAX - 3};
    struct thing thing;
    uint32_t random = 1;
    (void)state;
    thing_init(&thing, HANDLE_INSTANCE);
    uintptr_t value = handle_open(&thing.object);
    for (size_t i = 0; i < sizeof(invented) / sizeof(invented[0]); i++)
        assert_true(invented[i] == value || !names(invented[i], HANDLE_INSTANCE, &thing));
    for (unsigned bit = 0; bit < 8 * sizeof(value); bit++)
        assert_null(handle_acquire(value ^ (uintptr_t)1 << bit, HANDLE_INSTANCE));
    for (int i = 0; i < 1000000; i++) {
        random = random * 1664525u + 1013904223u;
        uintptr_t guess = (random >> 13) * (i % 2 == 0 ? 4u : 1u) ^ random << 19;
        assert_true(guess == value || handle_acquire(guess, HANDLE_INSTANCE) == NULL);
    }
    assert_true(close_thing(value, &thing));
    handle_release(&thing.object);
}

/* Every value of the past stays refused while slots are used again and again. */
static void test_stale_values(void **state)
{
    enum { HELD = 3000 };
    static uintptr_t values[HELD], stale[HELD];
    struct thing thing;
    (void)state;
    thing_init(&thing, HANDLE_STREAM);
    for (size_t i = 0; i < HELD; i++)
        assert_true((values[i] = handle_open(&thing.object)) != 0);
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < HELD; i++) {
            stale[i] = values[i];
            assert_true(close_thing(values[i], &thing));
        }
        for (size_t i = 0; i < HELD; i++)
            assert_true((values[i] = handle_open(&thing.object)) != 0);
        for (size_t i = 0; i < HELD; i++) {
            assert_null(handle_acquire(stale[i], HANDLE_STREAM));
            assert_true(names(values[i], HANDLE_STREAM, &thing));
        }
    }
    for (size_t i = 0; i < HELD; i++)
        assert_true(close_thing(values[i], &thing));
    assert_int_equal(atomic_load(&thing.object.references), 1);
    handle_release(&thing.object);
}

/* Generations are few; that free slots wait in a queue makes a value come back late all the same.
 */
static void test_generations_wrap_late(void **state)
{
    struct thing thing;
    uint32_t uses = 0;
    (void)state;
    thing_init(&thing, HANDLE_STREAM);
    uintptr_t first = handle_open(&thing.object), value = first;
    do {
        assert_true(close_thing(value, &thing));
        if (uses > 0)
            assert_null(handle_acquire(first, HANDLE_STREAM));
        value = handle_open(&thing.object);
        assert_true(value != 0);
        uses++;
    } while (value != first && uses < 20000000);
    assert_true(value == first);
    assert_true(uses > 1000000);
    assert_true(names(first, HANDLE_STREAM, &thing));
    assert_true(close_thing(first, &thing));
    handle_release(&thing.object);
}

enum { THREADS = 8, SHARED = 64, ROUNDS = 20000 };

static struct {
    atomic_uintptr_t values[SHARED];
    atomic_uint opened, closed, destroyed, wrong;
} crowd;

static void destroy_counted(struct handle_object *object)
{
    atomic_fetch_add(&crowd.destroyed, 1);
    free(object);
}

/* Opens, uses and closes handles that all threads know, each of them more than once. */
static void mingle(void *argument)
{
    uint32_t random = (uint32_t)(uintptr_t)argument;
    for (int i = 0; i < ROUNDS; i++) {
        random = random * 1664525u + 1013904223u;
        atomic_uintptr_t *place = &crowd.values[random >> 16 & (SHARED - 1)];
        if (random >> 30 == 0) {
            struct handle_object *object = malloc(sizeof(*object));
            if (object == NULL)
                continue;
            handle_object_init(object, HANDLE_STREAM, destroy_counted);
            uintptr_t value = handle_open(object);
            handle_release(object);
            if (value != 0) {
                atomic_fetch_add(&crowd.opened, 1);
                value = atomic_exchange(place, value);
            }
            if (value == 0)
                continue;
            object = handle_acquire(value, HANDLE_STREAM);
            if (object != NULL) {
                if (handle_close(value, object)) {
                    atomic_fetch_add(&crowd.closed, 1);
                    handle_release(object);
                }
                handle_release(object);
            }
        } else {
            uintptr_t value = atomic_load(place);
            struct handle_object *object = handle_acquire(value, HANDLE_STREAM);
            if (object == NULL)
                continue;
            if (object->kind != HANDLE_STREAM)
                atomic_fetch_add(&crowd.wrong, 1);
            if (random >> 30 == 1 && handle_close(value, object)) {
                atomic_fetch_add(&crowd.closed, 1);
                handle_release(object);
            }
            handle_release(object);
        }
    }
}

static void test_many_threads(void **state)
{
    struct thread *threads[THREADS];
    (void)state;
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_non_null(threads[i] = thread_start(mingle, (void *)(i + 1)));
    for (size_t i = 0; i < THREADS; i++)
        thread_join(threads[i]);
    for (size_t i = 0; i < SHARED; i++) {
        uintptr_t value = atomic_load(&crowd.values[i]);
        struct handle_object *object = handle_acquire(value, HANDLE_STREAM);
        if (object == NULL)
            continue;
        assert_true(handle_close(value, object));
        atomic_fetch_add(&crowd.closed, 1);
        handle_release(object);
        handle_release(object);
    }
    assert_true(atomic_load(&crowd.opened) > 1000);
    assert_int_equal(atomic_load(&crowd.closed), atomic_load(&crowd.opened));
    assert_int_equal(atomic_load(&crowd.destroyed), atomic_load(&crowd.opened));
    assert_int_equal(atomic_load(&crowd.wrong), 0);
}

/* Last: it leaves a large table. */
static void test_full_table(void **state)
{
    struct thing thing;
    uintptr_t value;
    size_t count = 0;
    (void)state;
    thing_init(&thing, HANDLE_STREAM);
    uintptr_t *values = malloc((SLOTS + 1) * sizeof(*values));
    assert_non_null(values);
    while (count <= SLOTS && (value = handle_open(&thing.object)) != 0)
        values[count++] = value;
    assert_int_equal(count, SLOTS);
    assert_true(close_thing(values[7], &thing));
    values[7] = handle_open(&thing.object);
    assert_true(values[7] != 0);
    assert_int_equal(handle_open(&thing.object), 0);
    for (size_t i = 0; i < count; i++) {
        assert_true(values[i] <= UINT32_MAX && values[i] % 4 == 0);
        assert_true(close_thing(values[i], &thing));
    }
    for (size_t i = 0; i < count; i++)
        assert_null(handle_acquire(values[i], HANDLE_STREAM));
    free(values);
    assert_int_equal(atomic_load(&thing.object.references), 1);
    handle_release(&thing.object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),         cmocka_unit_test(test_invented_values),
        cmocka_unit_test(test_stale_values), cmocka_unit_test(test_generations_wrap_late),
        cmocka_unit_test(test_many_threads), cmocka_unit_test(test_full_table),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
