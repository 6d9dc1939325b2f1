/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A publication belongs to the user of the calling thread, and to nobody else. Under Wine and in
 * one native process there is only one user, so this program links an identity_current of its own.
 */
#include "fixture.h"
#include "platform/identity.h"
#include "support/unit_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH 300000u

static _Thread_local const char *user;
static struct instance *instance, *second;
static uint8_t *content, *different;

#define ALICE "S-1-5-21-1-2-3-1001"
#define BOB   "S-1-5-21-1-2-3-1002"

enum pd_status identity_current(struct identity *identity)
{
    memset(identity, 0, sizeof(*identity));
    if (user == NULL)
        return PD_NO_IDENTITY; /* what a SecurityAnonymous token gives */
    snprintf(identity->user, sizeof(identity->user), "%s", user);
    return PD_OK;
}

static int set_up(void **state)
{
    content = make_content(LENGTH, 1);
    different = make_content(LENGTH, 2);
    return fixture_set_up(state);
}

static int tear_down(void **state)
{
    free(content);
    free(different);
    return fixture_tear_down(state);
}

static int start(void **state)
{
    (void)state;
    user = ALICE;
    instance = start_instance();
    second = start_instance();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    user = ALICE;
    return stop_instance(instance) == PD_OK && stop_instance(second) == PD_OK ? 0 : -1;
}

static enum pd_status look(struct instance *in)
{
    uintptr_t handle;
    enum pd_status status = try_open_information(in, "content", 0, 0, 1, 2, &handle);
    if (status == PD_OK)
        assert_int_equal(close_information(in, handle), PD_OK);
    return status;
}

static void test_publications_are_apart(void **state)
{
    (void)state;
    publish(instance, "content", content, LENGTH, LENGTH);
    user = BOB;
    assert_int_equal(look(instance), PD_NOT_FOUND);
    assert_int_equal(look(second), PD_NOT_FOUND);
    assert_int_equal(unpublish(instance, "content"), PD_NOT_FOUND);

    /* The same identifier is free for him, and each gets his own. */
    publish(instance, "content", different, LENGTH, LENGTH);
    for (unsigned version = 1; version <= 2; version++) {
        user = BOB;
        assert_information(second, "content", version, different, LENGTH, 0, 0, LENGTH);
        user = ALICE;
        assert_information(second, "content", version, content, LENGTH, 0, 0, LENGTH);
    }
    assert_int_equal(unpublish(second, "content"), PD_OK);
    assert_int_equal(look(instance), PD_NOT_FOUND);
    user = BOB;
    assert_int_equal(look(instance), PD_OK);
    assert_int_equal(unpublish(instance, "content"), PD_OK);
}

/* Handles are not asked again whose they are; what takes an identifier is. */
static void test_handles_stay_with_their_user(void **state)
{
    struct block block;
    (void)state;
    block_init(&block);
    uintptr_t stream = open_stream(instance, "content", LENGTH);
    pool_block();
    user = BOB;
    assert_int_equal(add(instance, stream, content, LENGTH, &block), PD_OK);
    assert_int_equal(block_take(&block).status, PD_OK);
    assert_int_equal(complete(instance, stream, &block), PD_OK);
    assert_int_equal(cancel(instance, "content", &block), PD_OPERATION_NOT_FOUND);
    assert_true(block_is_pending(&block));
    pool_release();
    assert_int_equal(block_wait(&block).status, PD_OK);
    assert_int_equal(look(instance), PD_NOT_FOUND);
    assert_int_equal(close_stream(instance, stream), PD_OK);
    user = ALICE;
    assert_int_equal(look(instance), PD_OK);
    assert_int_equal(unpublish(instance, "content"), PD_OK);
    block_fini(&block);
}

static void test_nobody(void **state)
{
    uintptr_t handle;
    struct block block;
    (void)state;
    block_init(&block);
    user = NULL;
    assert_int_equal(try_open_stream(instance, "content", 0, &handle), PD_NO_IDENTITY);
    assert_int_equal(look(instance), PD_NO_IDENTITY);
    user = ALICE;
    assert_int_equal(look(instance), PD_NOT_FOUND);
    block_fini(&block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_publications_are_apart, start, stop),
        cmocka_unit_test_setup_teardown(test_handles_stay_with_their_user, start, stop),
        cmocka_unit_test_setup_teardown(test_nobody, start, stop),
    };
    int failed = cmocka_run_group_tests(tests, set_up, tear_down);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
