/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers that were counted: what is noted comes back, half of it an hour later, from another store
 * on the same folder too; and what follows from it. */
#include "store/answer_store.h"

#include "platform/folder.h"
#include "platform/identity.h"
#include "support/unit_main.h"
#include "unit/platform/scratch.h"

#include <stdlib.h>
#include <string.h>

#define NOW      1000000000u
#define HOUR     3600u
#define ID       32u
#define ROWS_MAX 10000u

static char *folder;
static struct identity me;

static int set_up(void **state)
{
    (void)state;
    folder = scratch_create();
    if (folder == NULL || identity_current(&me) != PD_OK)
        return -1;
    scratch_set_environment("PEERDIST_STORE", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    identity_fini(&me);
    scratch_remove(folder);
    return 0;
}

static char *database_path(void)
{
    char *mine = path_join(folder, me.user);
    char *path = mine != NULL ? path_join(mine, "answers.db") : NULL;
    assert_non_null(path);
    free(mine);
    return path;
}

static bool is_on_disk(void)
{
    char *path = database_path();
    bool exists = file_exists(path);
    free(path);
    return exists;
}

static struct answer_store *create(void)
{
    struct answer_store *store = answer_store_create(me.user, me.user);
    assert_non_null(store);
    return store;
}

static void make_id(unsigned number, uint8_t id[ID])
{
    memset(id, 0x5a, ID);
    memcpy(id, &number, sizeof(number));
}

static void note(struct answer_store *store, unsigned number, uint32_t replies, uint32_t complete,
                 uint64_t now)
{
    uint8_t id[ID];
    make_id(number, id);
    answer_store_note_at(store, id, ID, (struct answer_count){replies, complete}, now);
}

static void expect(struct answer_store *store, unsigned number, uint64_t now, uint32_t replies,
                   uint32_t complete)
{
    uint8_t id[ID];
    make_id(number, id);
    struct answer_count count = answer_store_find_at(store, id, ID, now);
    assert_int_equal(count.replies, replies);
    assert_int_equal(count.complete, complete);
}

/* First of all tests: nothing is on disk yet, and nothing is made without need. */
static void test_absent(void **state)
{
    struct answer_store *store = create();
    (void)state;
    expect(store, 1, NOW, 0, 0);
    note(store, 1, ANSWERS_LEAST - 1, 1, NOW);
    assert_int_equal(answer_store_flush(store), PD_OK);
    expect(store, 1, NOW, 0, 0);
    answer_store_destroy(store);
    assert_false(is_on_disk());
}

static void test_replacing(void **state)
{
    struct answer_store *store = create(), *reader = create();
    (void)state;
    note(store, 1, 12, 11, NOW);
    note(store, 2, 7, 0, NOW);
    expect(store, 1, NOW, 12, 11); /* what is not written yet counts */
    expect(reader, 1, NOW, 0, 0);
    assert_int_equal(answer_store_flush(store), PD_OK);
    assert_true(is_on_disk());
    expect(store, 1, NOW, 12, 11);
    expect(reader, 1, NOW, 12, 11);
    expect(reader, 2, NOW, 7, 0);
    note(store, 1, 5, 4, NOW + 1);
    note(store, 1, 3, 2, NOW + 2);
    expect(store, 1, NOW + 2, 3, 2);
    assert_int_equal(answer_store_flush(store), PD_OK);
    expect(reader, 1, NOW + 2, 3, 2);
    note(store, 1, 0, 0, NOW + 3); /* nobody is left */
    assert_int_equal(answer_store_flush(store), PD_OK);
    expect(reader, 1, NOW + 3, 0, 0);
    expect(reader, 2, NOW + 3, 7, 0);
    answer_store_destroy(reader);
    answer_store_destroy(store);
}

static void expect_halves(struct answer_store *store)
{
    expect(store, 1, NOW + HOUR - 1, 100, 37);
    expect(store, 1, NOW + HOUR, 50, 18);
    expect(store, 1, NOW + 3 * HOUR, 12, 4);
    expect(store, 1, NOW + 7 * HOUR, 0, 0);
    expect(store, 1, NOW + 1000 * HOUR, 0, 0);
    expect(store, 1, NOW - 1, 100, 37); /* the clock was set back */
    expect(store, 1, NOW - 2 * HOUR, 25, 9);
    expect(store, 1, 0, 0, 0);
}

static void test_halving(void **state)
{
    struct answer_store *store = create();
    (void)state;
    note(store, 1, 100, 37, NOW);
    expect_halves(store);
    assert_int_equal(answer_store_flush(store), PD_OK);
    expect_halves(store);
    answer_store_destroy(store);
}

/* The network decides how much there could be: between two flushes, and in all. */
static void test_bounds(void **state)
{
    struct answer_store *store = create(), *reader = create();
    unsigned number = 0;
    (void)state;
    for (; number <= ANSWERS_PENDING_MAX; number++)
        note(store, number, 9, 9, NOW);
    assert_int_equal(answer_store_flush(store), PD_OK);
    expect(reader, ANSWERS_PENDING_MAX - 1, NOW, 9, 9);
    expect(reader, ANSWERS_PENDING_MAX, NOW, 0, 0);
    /* All in the same second: that does not make them more. */
    for (number = 0; number < ROWS_MAX; number++) {
        note(store, 1000 + number, 9, 9, NOW + 1);
        if (number % ANSWERS_PENDING_MAX == 0)
            assert_int_equal(answer_store_flush(store), PD_OK);
    }
    assert_int_equal(answer_store_flush(store), PD_OK);
    expect(reader, ANSWERS_PENDING_MAX - 1, NOW, 0, 0);
    expect(reader, 1000, NOW + 1, 9, 9);
    note(store, 1, 9, 9, NOW + 2);
    assert_int_equal(answer_store_flush(store), PD_OK);
    expect(reader, 1, NOW + 2, 9, 9);
    unsigned rows = 0;
    for (number = 0; number < ROWS_MAX; number++) {
        uint8_t id[ID];
        make_id(1000 + number, id);
        rows += answer_store_find_at(reader, id, ID, NOW + 2).replies > 0 ? 1 : 0;
    }
    assert_int_equal(rows, ROWS_MAX - 1);
    answer_store_destroy(reader);
    answer_store_destroy(store);
}

/* What cannot be read counts as nothing, and what is there again is found again. */
static void test_damaged(void **state)
{
    char *path = database_path();
    struct answer_store *store = create();
    (void)state;
    note(store, 1, 9, 9, NOW);
    answer_store_destroy(store);
    static const uint8_t rubbish[4096] = {1, 2, 3};
    assert_true(scratch_write_file(path, rubbish, sizeof(rubbish)));
    store = create();
    expect(store, 1, NOW, 0, 0);
    answer_store_destroy(store);
    assert_int_equal(file_delete(path), PD_OK);
    store = create();
    struct answer_store *reader = create();
    note(store, 1, 9, 9, NOW);
    assert_int_equal(answer_store_flush(store), PD_OK);
    expect(reader, 1, NOW, 9, 9);
    answer_store_destroy(reader);
    answer_store_destroy(store);
    free(path);
}

static void test_decision(void **state)
{
    const uint32_t third = UINT32_MAX / 100 * 33;
    static const struct {
        struct answer_count count;
        uint32_t quorum;
        bool low, high; /* wanted, by the random number */
    } table[] = {
        {{0, 0}, 10, true, true},       {{9, 9}, 10, true, true},      {{10, 0}, 10, true, false},
        {{10, 9}, 10, true, false},     {{10, 10}, 10, false, false},  {{255, 9}, 10, true, false},
        {{255, 255}, 10, false, false}, {{255, 255}, 256, true, true}, {{2, 2}, 2, false, false},
        {{0, 0}, 0, true, true},        {{255, 255}, 0, true, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        assert_int_equal(answer_is_wanted(table[i].count, table[i].quorum, 0), table[i].low);
        assert_int_equal(answer_is_wanted(table[i].count, table[i].quorum, third - 1),
                         table[i].low);
        assert_int_equal(answer_is_wanted(table[i].count, table[i].quorum, third), table[i].high);
        assert_int_equal(answer_is_wanted(table[i].count, table[i].quorum, UINT32_MAX),
                         table[i].high);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absent),  cmocka_unit_test(test_replacing),
        cmocka_unit_test(test_halving), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_damaged), cmocka_unit_test(test_decision),
    };
    return pd_unit_report(sizeof(tests) / sizeof(*tests),
                          cmocka_run_group_tests(tests, set_up, tear_down));
}
