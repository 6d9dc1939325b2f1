/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One user's publications seen by two processes, of which one is killed, or both want one
 * identifier. */
#include "store/publication_store.h"

#include "platform/folder.h"
#include "platform/identity.h"
#include "platform/thread.h"
#include "support/unit_main.h"
#include "unit/platform/scratch.h"
#include "unit/store/sample.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS 40

static const struct sample content = {40u * 1024u * 1024u, 3};
static const char *program;
static char *folder;
static struct identity me;
static struct publication_store *store;
static struct publication_owner *owner;
static struct publication_info info;
static struct publication_id id;
static char line[256];

static int open_store(void)
{
    scratch_set_environment("PEERDIST_STORE", folder);
    if (identity_current(&me) != PD_OK)
        return -1;
    store = publication_store_create(me.user);
    return store && publication_owner_create(store, &owner) == PD_OK ? 0 : -1;
}

static int set_up(void **state)
{
    (void)state;
    folder = scratch_create();
    return folder ? open_store() : -1;
}

static int tear_down(void **state)
{
    (void)state;
    publication_owner_destroy(owner);
    publication_store_destroy(store);
    identity_fini(&me);
    scratch_remove(folder);
    return 0;
}

static bool count_file(const char *name, void *context)
{
    *(unsigned *)context += strncmp(name, "owner-", 6) == 0;
    return true;
}

static unsigned owner_files(void)
{
    char *private_folder = path_join(folder, me.user);
    unsigned count = 0;

    folder_list(private_folder, FOLDER_FILES, count_file, &count);
    free(private_folder);
    return count;
}

/* Publishes "shared" and keeps it; "again" is begun only. */
static int child_hold(void)
{
    if (sample_publish(store, owner, "shared", content, &id) != PD_OK ||
        sample_begin(owner, "begun", &id) != PD_OK)
        return 1;
    child_tell("published");
    child_hear(line, sizeof(line));
    return 0;
}

/* Begins whatever it hears, says how that went, and lets go when told. */
static int child_race(void)
{
    while (child_hear(line, sizeof(line))) {
        enum pd_status status = sample_begin(owner, line, &id);

        child_tell(status == PD_OK ? "won" : status == PD_ALREADY_EXISTS ? "lost" : "failed");
    }
    return 0;
}

/* Writes without end. */
static int child_write(void)
{
    child_tell("writing");
    for (unsigned i = 0;; i++) {
        snprintf(line, sizeof(line), "written-%u", i % 8);
        if (sample_publish(store, owner, line, (struct sample){1u << 24, i}, &id) != PD_OK)
            return 1;
        if (i >= 4) {
            snprintf(line, sizeof(line), "written-%u", (i - 4) % 8);
            if (publication_remove_identifier(store, line, strlen(line), &id) != PD_OK)
                return 1;
        }
    }
}

static int run_child(const char *role, const char *argument)
{
    int status = 2;

    folder = strdup(argument);
    if (!folder || open_store() != 0)
        return 3;
    if (!strcmp(role, "hold"))
        status = child_hold();
    else if (!strcmp(role, "race"))
        status = child_race();
    else if (!strcmp(role, "write"))
        status = child_write();
    publication_owner_destroy(owner);
    publication_store_destroy(store);
    identity_fini(&me);
    free(folder);
    return status;
}

static struct child *start_holder(void)
{
    struct child *child = child_start(program, "hold", folder);

    assert_non_null(child);
    assert_true(child_read_line(child, line, sizeof(line)));
    assert_string_equal(line, "published");
    return child;
}

static void test_other_process_sees_it(void **state)
{
    struct child *child = start_holder();

    (void)state;
    assert_int_equal(sample_find(store, "shared", &info), PD_OK);
    assert_int_equal(sample_verify(store, &info.id, content), PD_OK);
    assert_int_equal(sample_find(store, "begun", &info), PD_NOT_FOUND);
    assert_int_equal(sample_begin(owner, "shared", &id), PD_ALREADY_EXISTS);
    assert_int_equal(sample_begin(owner, "begun", &id), PD_ALREADY_EXISTS);
    assert_int_equal(owner_files(), 2);
    child_say(child, "end");
    assert_int_equal(child_finish(child), 0);
    assert_int_equal(sample_find(store, "shared", &info), PD_NOT_FOUND);
}

/* Each of the calls that can be the first one after the kill. */
static void test_killed_owner_is_gone_at_once(void **state)
{
    (void)state;
    for (int first = 0; first < 6; first++) {
        struct child *child = start_holder();

        assert_int_equal(sample_find(store, "shared", &info), PD_OK);
        child_kill(child);
        switch (first) {
        case 0:
            assert_int_equal(sample_find(store, "shared", &info), PD_NOT_FOUND);
            break;
        case 1:
            assert_int_equal(publication_check(store, &info.id), PD_INVALIDATED);
            break;
        case 2:
            assert_int_equal(sample_verify(store, &info.id, content), PD_INVALIDATED);
            break;
        case 3:
            assert_int_equal(publication_remove_identifier(store, "shared", 6, &id), PD_NOT_FOUND);
            break;
        case 4: {
            struct publication_store_report report;

            publication_store_inspect(store, &report);
            assert_int_equal(report.publications, 0);
            break;
        }
        default:
            break;
        }
        /* Both identifiers are free, and what is published now is the new one. */
        assert_int_equal(sample_publish(store, owner, "shared", (struct sample){5, 9}, &id), PD_OK);
        assert_int_equal(sample_verify(store, &id, (struct sample){5, 9}), PD_OK);
        assert_int_equal(publication_check(store, &info.id), PD_INVALIDATED);
        assert_int_equal(publication_remove(store, &id), PD_OK);
        assert_int_equal(sample_begin(owner, "begun", &id), PD_OK);
        assert_int_equal(publication_remove(store, &id), PD_OK);
        assert_int_equal(child_finish(child), -1);
        /* Ours, and where open files keep their names the one that was met last. */
        assert_true(owner_files() <= 2);
    }
}

/* What nobody met goes when the store is opened next. */
static void test_sweep_at_open(void **state)
{
    struct publication_store_report report;
    struct child *child = start_holder();
    struct publication_store *second;

    (void)state;
    child_kill(child);
    child_finish(child);
    second = publication_store_create(me.user);
    assert_int_equal(sample_find(second, "nothing", &info), PD_NOT_FOUND);
    publication_store_inspect(second, &report);
    assert_int_equal(report.publications, 0);
    publication_store_destroy(second);
    assert_true(owner_files() <= 2);
}

static void test_exactly_one_wins(void **state)
{
    struct child *racers[2];
    char identifier[32], answers[2][16];
    unsigned wins[2] = {0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        racers[i] = child_start(program, "race", folder);
        assert_non_null(racers[i]);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned won = 0, lost = 0;

        snprintf(identifier, sizeof(identifier), "race-%u", round);
        child_say(racers[round % 2], identifier);
        child_say(racers[1 - round % 2], identifier);
        for (int i = 0; i < 2; i++) {
            assert_true(child_read_line(racers[i], answers[i], sizeof(answers[i])));
            won += !strcmp(answers[i], "won");
            lost += !strcmp(answers[i], "lost");
            wins[i] += !strcmp(answers[i], "won");
        }
        assert_int_equal(won, 1);
        assert_int_equal(lost, 1);
    }
    assert_int_equal(wins[0] + wins[1], ROUNDS);
    child_kill(racers[0]);
    child_finish(racers[0]);
    assert_int_equal(child_finish(racers[1]), 0);
}

/* A writer is killed in the middle, again and again: the survivor works on, on a sound file. */
static void test_killed_while_writing(void **state)
{
    (void)state;
    for (int round = 0; round < 6; round++) {
        struct child *child = child_start(program, "write", folder);

        assert_non_null(child);
        assert_true(child_read_line(child, line, sizeof(line)));
        for (int i = 0; i < 3 * (round + 1); i++) {
            assert_int_equal(sample_publish(store, owner, "mine", content, &id), PD_OK);
            assert_int_equal(sample_verify(store, &id, content), PD_OK);
            assert_int_equal(publication_remove(store, &id), PD_OK);
        }
        child_kill(child);
        assert_int_equal(child_finish(child), -1);
        for (unsigned i = 0; i < 8; i++) {
            snprintf(line, sizeof(line), "written-%u", i);
            assert_int_equal(sample_find(store, line, &info), PD_NOT_FOUND);
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_process_sees_it),
        cmocka_unit_test(test_killed_owner_is_gone_at_once),
        cmocka_unit_test(test_sweep_at_open),
        cmocka_unit_test(test_exactly_one_wins),
        cmocka_unit_test(test_killed_while_writing),
    };
    int failed;

    if (argc == 4)
        return run_child(argv[2], argv[3]);
    program = argv[0];
    failed = cmocka_run_group_tests(tests, set_up, tear_down);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
