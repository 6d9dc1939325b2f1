/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many threads on one store, and one content of 16 GiB. */
#include "store/publication_store.h"

#include "platform/folder.h"
#include "platform/identity.h"
#include "platform/thread.h"
#include "support/unit_main.h"
#include "unit/platform/scratch.h"
#include "unit/store/sample.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8
#define ROUNDS  25
#define GIB     (1024ull * 1024 * 1024)

static char *folder;
static struct identity me;
static struct publication_store *stores[2];
static struct publication_owner *owners[2];

static int make_folder(void **state)
{
    (void)state;
    folder = scratch_create();
    if (!folder || identity_current(&me) != PD_OK)
        return -1;
    scratch_set_environment("PEERDIST_STORE", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    identity_fini(&me);
    scratch_remove(folder);
    return 0;
}

static int set_up(void **state)
{
    if (make_folder(state) != 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        stores[i] = publication_store_create(me.user);
        if (!stores[i] || publication_owner_create(stores[i], &owners[i]) != PD_OK)
            return -1;
    }
    return 0;
}

static int tear_down(void **state)
{
    for (int i = 0; i < 2; i++) {
        publication_owner_destroy(owners[i]);
        publication_store_destroy(stores[i]);
    }
    return remove_folder(state);
}

struct working {
    unsigned number;
    unsigned wrong, wins;
};

static struct mutex holder_lock = MUTEX_INITIALIZER;
static unsigned holders, most_holders; /* of the identifier that all want */

static void expect(struct working *working, bool right)
{
    working->wrong += !right;
}

static void contend(struct working *working, struct publication_owner *owner,
                    struct publication_store *store)
{
    struct publication_id id;
    enum pd_status status = sample_begin(owner, "contended", &id);

    if (status != PD_OK) {
        expect(working, status == PD_ALREADY_EXISTS);
        return;
    }
    working->wins++;
    mutex_lock(&holder_lock);
    if (++holders > most_holders)
        most_holders = holders;
    mutex_unlock(&holder_lock);
    expect(working, publication_check(store, &id) == PD_OK);
    mutex_lock(&holder_lock);
    holders--;
    mutex_unlock(&holder_lock);
    expect(working, publication_remove(store, &id) == PD_OK);
}

static void work(void *argument)
{
    struct working *working = argument;
    struct publication_store *store = stores[working->number % 2];
    struct publication_owner *owner = owners[working->number % 2];

    for (unsigned round = 0; round < ROUNDS; round++) {
        struct sample sample = {1 + (uint64_t)round * 3000000, working->number};
        struct publication_info info;
        struct publication_id id;
        char name[32];

        snprintf(name, sizeof(name), "%u-%u", working->number, round);
        expect(working, sample_publish(store, owner, name, sample, &id) == PD_OK);
        /* Through the other connection. */
        expect(working, sample_find(stores[1 - working->number % 2], name, &info) == PD_OK);
        expect(working, memcmp(&info.id, &id, sizeof(id)) == 0);
        expect(working, sample_verify(store, &id, sample) == PD_OK);
        contend(working, owner, store);
        if (round % 2)
            expect(working, publication_remove(store, &id) == PD_OK);
    }
}

static void test_threads(void **state)
{
    struct working working[THREADS] = {{0}};
    struct publication_store_report report;
    struct thread *threads[THREADS];
    unsigned wins = 0;

    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        working[i].number = i;
        assert_non_null(threads[i] = thread_start(work, &working[i]));
    }
    for (unsigned i = 0; i < THREADS; i++) {
        thread_join(threads[i]);
        assert_int_equal(working[i].wrong, 0);
        wins += working[i].wins;
    }
    assert_true(wins >= 1);
    assert_int_equal(most_holders, 1);
    publication_store_inspect(stores[0], &report);
    assert_int_equal(report.publications, THREADS * (ROUNDS / 2 + 1));
}

struct opening {
    struct publication_store *store;
    enum pd_status status;
};

static void open_first(void *argument)
{
    struct opening *opening = argument;
    struct publication_info info;

    opening->status = sample_find(opening->store, "nothing", &info);
}

/* Of several connections that come at once to a folder without a database, one makes it and all
 * can use it. */
static void test_first_opening(void **state)
{
    struct opening opening[4];
    struct thread *threads[4];

    (void)state;
    for (int round = 0; round < 15; round++) {
        scratch_delete_tree(folder);
        for (int i = 0; i < 4; i++)
            assert_non_null(opening[i].store = publication_store_create(me.user));
        for (int i = 0; i < 4; i++)
            assert_non_null(threads[i] = thread_start(open_first, &opening[i]));
        for (int i = 0; i < 4; i++)
            thread_join(threads[i]);
        for (int i = 0; i < 4; i++) {
            struct publication_store_report report;

            publication_store_inspect(opening[i].store, &report);
            assert_string_equal(report.problem, "");
            assert_int_equal(opening[i].status, PD_NOT_FOUND);
            publication_store_destroy(opening[i].store);
        }
    }
}

static sqlite3_int64 file_pages(void)
{
    char *private_folder = path_join(folder, me.user);
    char *path = path_join(private_folder, "publications.db");
    sqlite3_stmt *statement;
    sqlite3_int64 pages;
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA page_count", -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    pages = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    free(path);
    free(private_folder);
    return pages;
}

/* Once removed by its id, once with its owner. Either way its room is given back. */
static void test_large_content(void **state)
{
    const struct sample sample = {16 * GIB + 77, 4};
    struct publication_owner *owner;
    struct publication_id id;
    sqlite3_int64 before;

    (void)state;
    assert_int_equal(publication_owner_create(stores[0], &owner), PD_OK);
    assert_int_equal(sample_publish(stores[0], owner, "small", (struct sample){9, 1}, &id), PD_OK);
    before = file_pages();
    for (int way = 0; way < 2; way++) {
        assert_int_equal(sample_publish(stores[0], owner, "large", sample, &id), PD_OK);
        assert_true(file_pages() > before + 3000);
        assert_int_equal(sample_verify(stores[0], &id, sample), PD_OK);
        if (way)
            publication_owner_destroy(owner);
        else
            assert_int_equal(publication_remove(stores[0], &id), PD_OK);
        assert_int_equal(publication_check(stores[1], &id), PD_INVALIDATED);
        assert_true(file_pages() <= before + 4096 + 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first_opening, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_large_content, set_up, tear_down),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
