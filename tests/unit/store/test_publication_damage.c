/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Store files that are no stores, contradict themselves, belong to another version or vanish: each
 * call says so, nothing breaks, and it works again when the cause is gone. */
#include "store/publication_store.h"

#include "platform/folder.h"
#include "platform/identity.h"
#include "support/unit_main.h"
#include "unit/platform/scratch.h"
#include "unit/store/sample.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#ifndef _WIN32
#include <sys/resource.h>
#include <signal.h>
#endif

static const struct sample content = {40u * 1024u * 1024u, 3};
static char *folder, *database;
static struct identity me;
static struct publication_store *store;
static struct publication_owner *owner;
static struct publication_info info;
static struct publication_id id;
static struct publication_store_report report;

static int open_store(void **state)
{
    char *private_folder;

    (void)state;
    folder = scratch_create();
    if (!folder || identity_current(&me) != PD_OK)
        return -1;
    scratch_set_environment("PEERDIST_STORE", folder);
    private_folder = path_join(folder, me.user);
    database = path_join(private_folder, "publications.db");
    free(private_folder);
    store = publication_store_create(me.user);
    return publication_owner_create(store, &owner) == PD_OK ? 0 : -1;
}

static int close_store(void **state)
{
    (void)state;
    publication_owner_destroy(owner);
    publication_store_destroy(store);
    identity_fini(&me);
    free(database);
    scratch_remove(folder);
    return 0;
}

/* Closes the connection and opens another one: what another process would see. */
static void reopen(void)
{
    publication_owner_destroy(owner);
    publication_store_destroy(store);
    store = publication_store_create(me.user);
    assert_int_equal(publication_owner_create(store, &owner), PD_OK);
}

/* Another connection to the file. It has no statement and so no lock between calls. */
static void run_sql(const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void remove_database(void)
{
    const char *const endings[] = {"", "-wal", "-shm"};
    char path[1024];

    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s%s", database, endings[i]);
        file_delete(path);
    }
}

static void assert_unavailable(const char *problem)
{
    struct publication_records none = {0};

    assert_int_equal(sample_begin(owner, "a", &id), PD_UNAVAILABLE);
    assert_int_equal(sample_find(store, "a", &info), PD_UNAVAILABLE);
    assert_int_equal(publication_check(store, &info.id), PD_UNAVAILABLE);
    assert_int_equal(publication_write(store, &info.id, &none, true, 0), PD_UNAVAILABLE);
    assert_int_equal(publication_remove(store, &info.id), PD_UNAVAILABLE);
    assert_int_equal(publication_remove_identifier(store, "a", 1, &id), PD_UNAVAILABLE);
    assert_int_equal(sample_verify(store, &info.id, content), PD_UNAVAILABLE);
    publication_store_inspect(store, &report);
    assert_non_null(strstr(report.problem, problem));
}

static void assert_works(void)
{
    assert_int_equal(sample_publish(store, owner, "a", content, &id), PD_OK);
    assert_int_equal(sample_find(store, "a", &info), PD_OK);
    assert_int_equal(sample_verify(store, &id, content), PD_OK);
    publication_store_inspect(store, &report);
    assert_string_equal(report.problem, "");
    assert_int_equal(publication_remove(store, &id), PD_OK);
}

static void test_garbage(void **state)
{
    static uint8_t garbage[100000];

    (void)state;
    for (size_t i = 0; i < sizeof(garbage); i++)
        garbage[i] = (uint8_t)(i * 7 + i / 256);
    memset(&info, 0, sizeof(info));
    assert_true(scratch_write_file(database, garbage, sizeof(garbage)));
    assert_unavailable("damaged");
    assert_non_null(strstr(report.problem, "remove publications.db"));
    remove_database();
    assert_works();
}

static void test_truncated(void **state)
{
    static uint8_t bytes[1 << 20];
    size_t length;
    FILE *file;

    (void)state;
    assert_works();
    publication_owner_destroy(owner);
    publication_store_destroy(store);
    file = fopen(database, "rb");
    assert_non_null(file);
    length = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    assert_true(length >= 8192);
    assert_true(scratch_write_file(database, bytes, length / 4096 / 2 * 4096));
    store = publication_store_create(me.user);
    assert_int_equal(publication_owner_create(store, &owner), PD_OK);
    assert_int_equal(sample_begin(owner, "a", &id), PD_UNAVAILABLE);
    publication_store_inspect(store, &report);
    assert_non_null(strstr(report.problem, "damaged"));
    remove_database();
    assert_works();
}

static void test_empty_file_is_taken(void **state)
{
    (void)state;
    assert_true(scratch_write_file(database, "", 0));
    assert_works();
}

static void test_newer_version(void **state)
{
    (void)state;
    assert_works();
    reopen();
    assert_int_equal(sample_find(store, "a", &info), PD_NOT_FOUND);
    run_sql("PRAGMA user_version=2");
    assert_works(); /* who has it open goes on */
    reopen();
    assert_unavailable("another version");
    run_sql("PRAGMA user_version=1");
    assert_works();
}

static void test_another_programs_database(void **state)
{
    (void)state;
    run_sql("CREATE TABLE other(a); INSERT INTO other VALUES(1)");
    assert_unavailable("another program");
    remove_database();
    assert_works();
}

static void test_missing_table(void **state)
{
    (void)state;
    assert_works();
    reopen();
    run_sql("DROP TABLE run_v2; DROP TABLE publication");
    assert_unavailable("damaged");
    remove_database();
    assert_works();
}

/* One column each that no longer fits: the row is refused, whatever the rest says. */
static void test_rows_that_contradict_themselves(void **state)
{
    static const char *const changes[] = {
        "UPDATE publication SET uid=x'00'",
        "UPDATE publication SET owner=x'00'",
        "UPDATE publication SET owner=''",
        "UPDATE publication SET length=-1",
        "UPDATE publication SET segmenter=-1",
        "UPDATE publication SET identifier=x''",
        "UPDATE publication SET identifier='b'",
        "UPDATE segment_v1 SET size=size-1",
        "UPDATE segment_v1 SET size=0",
        "UPDATE segment_v1 SET size='text'",
        "UPDATE segment_v1 SET block_count=block_count+1",
        "UPDATE segment_v1 SET hod=x'00'",
        "UPDATE segment_v1 SET hod=zeroblob(33)",
        "UPDATE segment_v1 SET hashes=zeroblob(32)",
        "UPDATE segment_v1 SET hashes=1",
        "UPDATE segment_v1 SET number=number+7",
        "DELETE FROM segment_v1 WHERE number=0",
        "UPDATE run_v2 SET sizes=zeroblob(4*count)",
        "UPDATE run_v2 SET sizes=x'00'",
        "UPDATE run_v2 SET hods=zeroblob(32*count-1)",
        "UPDATE run_v2 SET count=count+1",
        "UPDATE run_v2 SET count=0",
        "UPDATE run_v2 SET count=1000000",
        "UPDATE run_v2 SET first_index=-5 WHERE first_index=0",
        "UPDATE run_v2 SET first_offset=-5 WHERE first_index=0",
        "UPDATE run_v2 SET first_offset=first_offset+1000000000000",
        "UPDATE run_v2 SET first_index=first_index+100000",
        "DELETE FROM run_v2 WHERE first_index=0",
        "DELETE FROM run_v2",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        enum pd_status status;

        assert_int_equal(sample_publish(store, owner, "a", content, &id), PD_OK);
        run_sql(changes[i]);
        status = sample_find(store, "a", &info);
        if (status == PD_OK)
            status = sample_verify(store, &id, content);
        if (status != PD_UNAVAILABLE)
            print_error("%s\n", changes[i]);
        assert_int_equal(status, PD_UNAVAILABLE);
        /* A row that names no owner and is gone with it, or that blocks all: both end here. */
        run_sql("DELETE FROM publication; DELETE FROM segment_v1; DELETE FROM run_v2");
    }
    assert_works();
}

/* Bytes changed anywhere: an answer, if only a refusal. */
static void test_changed_bytes(void **state)
{
    static uint8_t bytes[1 << 21], changed[1 << 21];
    uint64_t random = 12345;
    size_t length;
    FILE *file;

    (void)state;
    assert_int_equal(sample_publish(store, owner, "a", content, &id), PD_OK);
    run_sql("PRAGMA wal_checkpoint(TRUNCATE)");
    file = fopen(database, "rb");
    assert_non_null(file);
    length = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    assert_true(length > 4096 && length < sizeof(bytes));
    publication_owner_destroy(owner);
    publication_store_destroy(store);
    for (int round = 0; round < 60; round++) {
        memcpy(changed, bytes, length);
        for (int i = 0; i < 20; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            /* The beginnings of pages say most. */
            changed[i % 2 ? (random >> 33) % length
                          : (random >> 33) % length / 4096 * 4096 + (random >> 20) % 64] =
                (uint8_t)(random >> 40);
        }
        remove_database();
        assert_true(scratch_write_file(database, changed, length));
        store = publication_store_create(me.user);
        assert_int_equal(publication_owner_create(store, &owner), PD_OK);
        sample_find(store, "a", &info);
        sample_verify(store, &id, content);
        sample_publish(store, owner, "b", content, &info.id);
        publication_remove(store, &info.id);
        publication_remove(store, &id);
        publication_store_inspect(store, &report);
        publication_owner_destroy(owner);
        publication_store_destroy(store);
    }
    remove_database();
    store = publication_store_create(me.user);
    assert_int_equal(publication_owner_create(store, &owner), PD_OK);
    assert_works();
}

/* The place of the store is a file for a while. */
static void test_folder_out_of_reach(void **state)
{
    char *below = path_join(folder, "later");
    struct publication_store *second;
    struct publication_owner *second_owner;

    (void)state;
    assert_true(scratch_write_file(below, "x", 1));
    scratch_set_environment("PEERDIST_STORE", below);
    second = publication_store_create(me.user);
    assert_int_equal(publication_owner_create(second, &second_owner), PD_UNAVAILABLE);
    assert_null(second_owner);
    assert_int_equal(sample_find(second, "a", &info), PD_UNAVAILABLE);
    publication_store_inspect(second, &report);
    assert_string_not_equal(report.problem, "");
    assert_int_equal(file_delete(below), PD_OK);
    assert_int_equal(publication_owner_create(second, &second_owner), PD_OK);
    assert_int_equal(sample_publish(second, second_owner, "a", content, &id), PD_OK);
    publication_owner_destroy(second_owner);
    publication_store_destroy(second);
    free(below);
}

#ifndef _WIN32
/* Where files can be removed while they are open: somebody clears the folder. */
static void test_folder_removed_under_us(void **state)
{
    struct publication_store *second;

    (void)state;
    for (int round = 0; round < 3; round++) {
        assert_int_equal(sample_publish(store, owner, "before", content, &id), PD_OK);
        scratch_delete_tree(folder);
        if (round == 1)
            assert_int_equal(sample_find(store, "before", &info), PD_NOT_FOUND);
        assert_int_equal(sample_publish(store, owner, "after", content, &id), PD_OK);
        /* Others see it, and believe that its owner lives. */
        second = publication_store_create(me.user);
        assert_int_equal(sample_find(second, "after", &info), PD_OK);
        assert_int_equal(sample_verify(second, &id, content), PD_OK);
        assert_int_equal(sample_find(second, "before", &info), PD_NOT_FOUND);
        publication_store_destroy(second);
        assert_int_equal(sample_find(store, "before", &info), PD_NOT_FOUND);
    }
}

/* A publication that was being written when that happened is gone. */
static void test_removed_while_writing(void **state)
{
    struct publication_store *second = publication_store_create(me.user);

    (void)state;
    assert_int_equal(sample_begin(owner, "half", &id), PD_OK);
    remove_database();
    assert_int_equal(sample_find(second, "half", &info), PD_NOT_FOUND); /* makes a new one */
    assert_int_equal(sample_write(store, &id, content), PD_INVALIDATED);
    assert_works();
    publication_store_destroy(second);
}

/* Only the proof of life was removed. */
static bool remove_owner_file(const char *name, void *context)
{
    char *private_folder = path_join(folder, me.user), *path = path_join(private_folder, name);

    (void)context;
    if (strncmp(name, "owner-", 6) == 0)
        file_delete(path);
    free(path);
    free(private_folder);
    return true;
}

static void test_owner_file_removed(void **state)
{
    char *private_folder = path_join(folder, me.user);
    struct publication_store *second = publication_store_create(me.user);

    (void)state;
    assert_int_equal(sample_publish(store, owner, "before", content, &id), PD_OK);
    assert_int_equal(folder_list(private_folder, FOLDER_FILES, remove_owner_file, NULL), PD_OK);
    assert_int_equal(sample_publish(store, owner, "after", content, &id), PD_OK);
    assert_int_equal(sample_find(second, "after", &info), PD_OK);
    assert_int_equal(sample_find(second, "before", &info), PD_NOT_FOUND);
    publication_store_destroy(second);
    free(private_folder);
}

/* The disk is full, as far as this process can tell. */
static void test_no_room(void **state)
{
    const struct sample large = {2048ull * 1024 * 1024, 9};
    struct rlimit former, limit;

    (void)state;
    assert_int_equal(sample_publish(store, owner, "kept", content, &id), PD_OK);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &former), 0);
    limit = former;
    limit.rlim_cur = 300000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    enum pd_status status = sample_publish(store, owner, "large", large, &id);
    enum pd_status found = sample_find(store, "large", &info);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &former), 0);
    assert_int_equal(status, PD_UNAVAILABLE);
    assert_true(found == PD_NOT_FOUND || found == PD_UNAVAILABLE);
    assert_int_equal(sample_find(store, "kept", &info), PD_OK);
    assert_int_equal(sample_verify(store, &info.id, content), PD_OK);
    publication_remove_identifier(store, "large", 5, &id);
    assert_int_equal(sample_publish(store, owner, "large", large, &id), PD_OK);
    assert_int_equal(sample_verify(store, &id, large), PD_OK);
}
#endif

#define DAMAGE_TEST(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAMAGE_TEST(test_garbage),
        DAMAGE_TEST(test_truncated),
        DAMAGE_TEST(test_empty_file_is_taken),
        DAMAGE_TEST(test_newer_version),
        DAMAGE_TEST(test_another_programs_database),
        DAMAGE_TEST(test_missing_table),
        DAMAGE_TEST(test_rows_that_contradict_themselves),
        DAMAGE_TEST(test_changed_bytes),
        DAMAGE_TEST(test_folder_out_of_reach),
#ifndef _WIN32
        DAMAGE_TEST(test_folder_removed_under_us),
        DAMAGE_TEST(test_removed_while_writing),
        DAMAGE_TEST(test_owner_file_removed),
        DAMAGE_TEST(test_no_room),
#endif
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
