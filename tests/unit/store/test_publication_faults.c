/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each allocation and each file operation of SQLite fails once, in a whole life of a publication:
 * nothing wrong is ever delivered, nothing leaks, and afterwards everything works. */
#include "store/publication_store.h"

#include "platform/folder.h"
#include "platform/identity.h"
#include "support/unit_main.h"
#include "unit/platform/scratch.h"
#include "unit/store/faults.h"
#include "unit/store/sample.h"

#include <stdlib.h>
#include <string.h>

#define MANY 100000u
/* The first operations one by one; further on they are much alike, and lives are slow under Wine.
 */
#ifdef _WIN32
#define DENSE 20u
#define STEP  41u
#else
#define DENSE 60u
#define STEP  7u
#endif

static const struct sample content = {40u * 1024u * 1024u, 5};
static char *folder;
static struct identity me;

static int set_up(void **state)
{
    (void)state;
    if (!faults_install() || identity_current(&me) != PD_OK || !(folder = scratch_create()))
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

static bool is_failure(enum pd_status status)
{
    return status == PD_UNAVAILABLE || status == PD_NO_MEMORY;
}

/* One life in which any step may fail. True: all of it went well. */
static bool live(bool must)
{
    struct publication_store *store = publication_store_create(me.user);
    struct publication_owner *owner = NULL;
    struct publication_store_report report;
    struct publication_info info;
    struct publication_id id, removed;
    enum pd_status status = publication_owner_create(store, &owner), found;

    assert_int_equal(status, PD_OK); /* SQLite has no part in it */
    status = sample_begin(owner, "faulty", &id);
    if (status == PD_OK)
        status = sample_write(store, &id, content);
    assert_true(status == PD_OK || is_failure(status));
    found = sample_find(store, "faulty", &info);
    if (found == PD_OK) {
        enum pd_status verified = sample_verify(store, &info.id, content);

        assert_memory_equal(&info.id, &id, sizeof(id));
        assert_int_equal(info.content_length, content.length);
        assert_true(verified == PD_OK || is_failure(verified));
        if (verified != PD_OK)
            found = verified;
    } else {
        /* An operation that failed may have completed all the same, never the other way. */
        assert_true(is_failure(found) || (found == PD_NOT_FOUND && status != PD_OK));
    }
    if (status == PD_OK)
        status = found;
    found = publication_remove_identifier(store, "faulty", 6, &removed);
    assert_true(found == PD_OK || is_failure(found) || found == PD_NOT_FOUND);
    if (status == PD_OK)
        status = found;
    if (found == PD_OK && status == PD_OK) {
        found = publication_check(store, &id);
        assert_true(found == PD_INVALIDATED || is_failure(found));
        if (is_failure(found))
            status = found;
    }
    publication_store_inspect(store, &report);
    if (must)
        assert_string_equal(report.problem, "");
    publication_owner_destroy(owner);
    publication_store_destroy(store);
    if (must)
        assert_int_equal(status, PD_OK);
    return status == PD_OK;
}

static void fail_each(enum fault_kind kind)
{
    unsigned n;
    bool reached = true;

    for (n = 1; reached && n < MANY; n += n < DENSE ? 1 : STEP) {
        /* Half of the lives begin with a new database. */
        if (n % 2)
            scratch_delete_tree(folder);
        faults_arm(kind, n);
        live(false);
        reached = faults_disarm();
        live(true);
    }
    assert_true(n < MANY);
    assert_true(n > DENSE);
}

static void test_memory(void **state)
{
    (void)state;
    fail_each(FAULT_MEMORY);
}

static void test_one_operation(void **state)
{
    (void)state;
    fail_each(FAULT_IO);
}

static void test_all_operations(void **state)
{
    (void)state;
    fail_each(FAULT_IO_STAYS);
}

static void test_full_disk(void **state)
{
    (void)state;
    fail_each(FAULT_FULL);
}

/* What is there can be read while there is no room for more. */
static void test_reading_goes_on(void **state)
{
    struct publication_store *store = publication_store_create(me.user);
    struct publication_owner *owner;
    struct publication_info info;
    struct publication_id id, other;

    (void)state;
    assert_int_equal(publication_owner_create(store, &owner), PD_OK);
    assert_int_equal(sample_publish(store, owner, "kept", content, &id), PD_OK);
    faults_arm(FAULT_FULL, 1);
    assert_int_equal(sample_begin(owner, "more", &other), PD_UNAVAILABLE);
    assert_int_equal(sample_find(store, "kept", &info), PD_OK);
    assert_int_equal(sample_verify(store, &id, content), PD_OK);
    assert_int_equal(publication_remove(store, &id), PD_UNAVAILABLE);
    assert_int_equal(publication_check(store, &id), PD_OK);
    assert_true(faults_disarm());
    assert_int_equal(publication_remove(store, &id), PD_OK);
    assert_int_equal(sample_begin(owner, "more", &other), PD_OK);
    publication_owner_destroy(owner);
    publication_store_destroy(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),          cmocka_unit_test(test_one_operation),
        cmocka_unit_test(test_all_operations),  cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_reading_goes_on),
    };
    int failed = cmocka_run_group_tests(tests, set_up, tear_down);

    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
