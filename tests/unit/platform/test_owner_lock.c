/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Proof of life, within one process and between two, kill -9 included. */
#include "platform/owner_lock.h"

#include "platform/folder.h"
#include "platform/thread.h"
#include "support/unit_main.h"
#include "unit/platform/scratch.h"

#include <stdlib.h>
#include <string.h>

static char *folder;
static const char *program;

static int make_folder(void **state)
{
    (void)state;
    folder = scratch_create();
    return folder ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    scratch_remove(folder);
    return 0;
}

static void test_life_in_one_process(void **state)
{
    char *path = path_join(folder, "own.lock");
    struct owner_lock *lock, *second;

    (void)state;
    assert_int_equal(owner_lock_probe(path), OWNER_DEAD);
    assert_int_equal(owner_lock_create(path, &lock), PD_OK);
    assert_int_equal(owner_lock_probe(path), OWNER_ALIVE);
    assert_int_equal(owner_lock_probe(path), OWNER_ALIVE);
    assert_int_equal(owner_lock_create(path, &second), PD_UNAVAILABLE);
    assert_null(second);
    assert_int_equal(owner_lock_probe(path), OWNER_ALIVE);
    owner_lock_destroy(lock);
    assert_int_equal(owner_lock_probe(path), OWNER_DEAD);
    assert_int_equal(file_delete(path), PD_NOT_FOUND);
    free(path);
}

static void test_leftover_file_is_dead(void **state)
{
    char *path = path_join(folder, "left.lock");

    (void)state;
    assert_true(scratch_write_file(path, "", 0));
    assert_int_equal(owner_lock_probe(path), OWNER_DEAD);
    assert_int_equal(owner_lock_probe(path), OWNER_DEAD);
    assert_int_equal(file_delete(path), PD_OK);
    free(path);
}

static void test_missing_folder_is_dead(void **state)
{
    char *below = path_join(folder, "missing"), *path = path_join(below, "x.lock");
    struct owner_lock *lock;

    (void)state;
    assert_int_equal(owner_lock_probe(path), OWNER_DEAD);
    assert_int_equal(owner_lock_create(path, &lock), PD_UNAVAILABLE);
    free(path);
    free(below);
}

static int child_hold(const char *path)
{
    struct owner_lock *lock;
    char line[16];

    if (owner_lock_create(path, &lock) != PD_OK)
        return 1;
    child_tell("held");
    child_hear(line, sizeof(line));
    owner_lock_destroy(lock);
    return 0;
}

/* Death is seen within milliseconds of the kill; the limit is for a busy machine. */
static enum owner_state probe_until_dead(const char *path)
{
    uint64_t end = clock_milliseconds() + 20000;
    enum owner_state state;

    while ((state = owner_lock_probe(path)) == OWNER_ALIVE && clock_milliseconds() < end)
        ;
    return state;
}

static void test_other_process(void **state)
{
    char *path = path_join(folder, "child.lock"), line[16];
    enum owner_state state_seen;
    struct owner_probe *probe;

    (void)state;
    for (int killed = 0; killed < 2; killed++) {
        struct child *child = child_start(program, "hold", path);

        assert_non_null(child);
        assert_true(child_read_line(child, line, sizeof(line)));
        assert_string_equal(line, "held");
        assert_int_equal(owner_lock_probe(path), OWNER_ALIVE);
        probe = owner_probe_open(path, &state_seen);
        assert_non_null(probe);
        assert_int_equal(state_seen, OWNER_ALIVE);
        assert_int_equal(owner_probe_state(probe), OWNER_ALIVE);
        if (killed)
            child_kill(child);
        assert_int_equal(child_finish(child), killed ? -1 : 0);
        assert_int_equal(probe_until_dead(path), OWNER_DEAD);
        assert_int_equal(owner_probe_state(probe), OWNER_DEAD);
        assert_int_equal(owner_probe_state(probe), OWNER_DEAD);
        owner_probe_close(probe);
        assert_null(owner_probe_open(path, &state_seen));
        assert_int_equal(state_seen, OWNER_DEAD);
    }
    file_delete(path);
    free(path);
}

struct probing {
    const char *path;
    unsigned wrong;
};

static void probe_often(void *argument)
{
    struct probing *probing = argument;

    for (int i = 0; i < 500; i++)
        probing->wrong += owner_lock_probe(probing->path) != OWNER_DEAD;
}

/* Checkers take nothing from each other: none of them looks like an owner. */
static void test_checkers_do_not_meet(void **state)
{
    char *path = path_join(folder, "shared.lock");
    struct probing probing[4] = {{path, 0}, {path, 0}, {path, 0}, {path, 0}};
    struct thread *threads[4];

    (void)state;
    assert_true(scratch_write_file(path, "", 0));
    for (int i = 0; i < 4; i++)
        threads[i] = thread_start(probe_often, &probing[i]);
    for (int i = 0; i < 4; i++) {
        thread_join(threads[i]);
        assert_int_equal(probing[i].wrong, 0);
    }
    assert_int_equal(file_delete(path), PD_OK);
    free(path);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life_in_one_process),    cmocka_unit_test(test_leftover_file_is_dead),
        cmocka_unit_test(test_missing_folder_is_dead), cmocka_unit_test(test_other_process),
        cmocka_unit_test(test_checkers_do_not_meet),
    };
    int failed;

    if (argc == 4)
        return child_hold(argv[3]);
    program = argv[0];
    failed = cmocka_run_group_tests(tests, make_folder, remove_folder);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
