/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A store that is out of reach, damaged or full: every call says so, no handle dies of it, nothing
 * wrong is handed out, and all is well again when the cause is gone. */
#include "engine/content_information.h"
#include "engine/stream.h"

#include "platform/folder.h"
#include "support/unit_main.h"
#include "unit/engine/fixture.h"
#include "unit/platform/scratch.h"

#include <sys/resource.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LENGTH 40000000u

static struct instance *instance, *other;
static uint8_t *content;
static uint8_t buffer[100000];
static struct block block;
static char *user_folder;

static int start(void **state)
{
    (void)state;
    block_init(&block);
    instance = start_instance();
    other = start_instance();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    assert_int_equal(stop_instance(instance), PD_OK);
    assert_int_equal(stop_instance(other), PD_OK);
    block_fini(&block);
    scratch_delete_tree(user_folder);
    return 0;
}

static int set_up(void **state)
{
    struct identity identity;
    content = make_content(LENGTH, 1);
    signal(SIGXFSZ, SIG_IGN);
    if (fixture_set_up(state) != 0 || identity_current(&identity) != PD_OK)
        return -1;
    user_folder = path_join(fixture_folder(), identity.user);
    identity_fini(&identity);
    return user_folder != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    free(content);
    free(user_folder);
    return fixture_tear_down(state);
}

/* No file can grow beyond this many bytes: what a full disk is to SQLite. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_folder_cannot_be_made(void **state)
{
    uintptr_t handle = 0;
    (void)state;
    assert_true(scratch_write_file(user_folder, "x", 1));
    assert_int_equal(try_open_stream(instance, "content", 0, &handle), PD_UNAVAILABLE);
    assert_int_equal(try_open_information(instance, "content", 0, 0, 1, 2, &handle),
                     PD_UNAVAILABLE);
    assert_int_equal(unpublish(instance, "content"), PD_UNAVAILABLE);
    assert_int_equal(handle, 0);
    assert_int_equal(file_delete(user_folder), PD_OK);
    publish(instance, "content", content, 100000, 100000);
    assert_information(other, "content", 2, content, 100000, 0, 0, 1000);
}

/* The whole folder goes while everything is open: what was published is lost, nothing else. */
static void test_folder_is_removed(void **state)
{
    (void)state;
    publish(instance, "content", content, 100000, 100000);
    uintptr_t stream = open_stream(instance, "more", 0);
    uintptr_t reader = open_information(other, "content", 1);
    scratch_delete_tree(user_folder);
    uintptr_t handle = 0;
    enum pd_status status = try_open_information(instance, "content", 0, 0, 1, 2, &handle);
    assert_true(status == PD_NOT_FOUND || status == PD_UNAVAILABLE);
    assert_int_equal(add(instance, stream, content, 10, &block), PD_OK);
    assert_int_equal(block_wait(&block).status, PD_OK);
    assert_int_equal(complete(instance, stream, &block), PD_OK);
    status = block_wait(&block).status;
    assert_true(status == PD_INVALIDATED || status == PD_UNAVAILABLE);
    assert_int_equal(close_stream(instance, stream), PD_OK);
    publish(instance, "content", content, 200000, 200000);
    publish(instance, "more", content, 200000, 200000);
    assert_information(other, "content", 1, content, 200000, 0, 0, 1000);
    assert_information(other, "more", 2, content, 200000, 0, 0, 1000);
    status = retrieve(other, reader, buffer, sizeof(buffer), &block);
    assert_int_equal(status, PD_OK);
    assert_int_equal(block_wait(&block).status, PD_INVALIDATED);
    assert_int_equal(close_information(other, reader), PD_OK);
}

/* Garbage over all files of the database, in place. */
static void overwrite(void)
{
    static const char *const names[] = {"publications.db", "publications.db-wal",
                                        "publications.db-shm"};
    for (size_t i = 0; i < 3; i++) {
        char *path = path_join(user_folder, names[i]);
        FILE *file = fopen(path, "r+b");
        if (file != NULL) {
            assert_int_equal(fseek(file, 0, SEEK_END), 0);
            long size = ftell(file);
            rewind(file);
            for (long at = 0; at < size; at++)
                fputc((int)((unsigned long)at * 2654435761u >> 13 & 0xff), file);
            assert_int_equal(fclose(file), 0);
        }
        free(path);
    }
}

static void remove_database(void)
{
    static const char *const names[] = {"publications.db", "publications.db-wal",
                                        "publications.db-shm"};
    for (size_t i = 0; i < 3; i++) {
        char *path = path_join(user_folder, names[i]);
        (void)file_delete(path);
        free(path);
    }
}

static void test_garbage(void **state)
{
    uintptr_t handle = 0;
    (void)state;
    publish(instance, "content", content, 100000, 100000);
    uintptr_t stream = open_stream(instance, "more", 0);
    uintptr_t reader = open_information(other, "content", 1);
    overwrite();
    assert_int_equal(add(instance, stream, content, 10, &block), PD_OK);
    assert_int_equal(block_wait(&block).status, PD_OK);
    assert_int_equal(complete(instance, stream, &block), PD_OK);
    assert_int_not_equal(block_wait(&block).status, PD_OK);
    assert_int_equal(close_stream(instance, stream), PD_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_not_equal(try_open_stream(instance, "third", 0, &handle), PD_OK);
        assert_int_equal(retrieve(other, reader, buffer, sizeof(buffer), &block), PD_OK);
        assert_int_equal(block_wait(&block).status, PD_UNAVAILABLE); /* and is not dead */
    }
    remove_database();
    publish(instance, "content", content, 200000, 200000);
    publish(other, "more", content, 200000, 200000);
    publish(other, "third", content, 200000, 200000);
    assert_information(other, "content", 1, content, 200000, 0, 0, 1000);
    assert_information(instance, "more", 2, content, 200000, 0, 0, 1000);
    assert_int_equal(retrieve(other, reader, buffer, sizeof(buffer), &block), PD_OK);
    assert_int_equal(block_wait(&block).status, PD_INVALIDATED);
    assert_int_equal(close_information(other, reader), PD_OK);
}

/* The disk is full when records are to be written. */
static void test_full_disk(void **state)
{
    uintptr_t reader, stream;
    (void)state;
    publish(instance, "there", content, 100000, 100000);
    reader = open_information(other, "there", 1);
    stream = open_stream(instance, "content", 0);
    uintptr_t idle = open_stream(other, "idle", 0);
    limit_files(4096);
    /* More than a v1 segment, so that writing fails before the end. */
    for (uint32_t at = 0; at < LENGTH; at += 1000000) {
        assert_int_equal(add(instance, stream, content + at, 1000000, &block), PD_OK);
        enum pd_status status = block_wait(&block).status;
        if (status != PD_OK) {
            assert_int_equal(status, PD_UNAVAILABLE);
            break;
        }
    }
    enum pd_status status = complete(instance, stream, &block);
    if (status == PD_OK)
        assert_int_equal(block_wait(&block).status, PD_UNAVAILABLE);
    else
        assert_int_equal(status, PD_INVALIDATED);
    assert_int_equal(add(instance, stream, content, 1, &block), PD_INVALIDATED);
    assert_int_equal(close_stream(instance, stream), PD_OK);
    uintptr_t handle = 0;
    assert_int_equal(try_open_stream(other, "third", 0, &handle), PD_UNAVAILABLE);
    assert_int_equal(close_stream(other, idle), PD_OK);
    assert_int_equal(unpublish(instance, "there"), PD_UNAVAILABLE);

    limit_files(RLIM_INFINITY);
    /* What was open still is; what failed or was closed left its identifier free. */
    assert_int_equal(retrieve(other, reader, buffer, sizeof(buffer), &block), PD_OK);
    assert_int_equal(block_wait(&block).status, PD_OK);
    assert_int_equal(close_information(other, reader), PD_OK);
    assert_information(instance, "there", 2, content, 100000, 0, 0, 1000);
    publish(instance, "content", content, 200000, 200000);
    publish(other, "idle", content, 200000, 200000);
    publish(other, "third", content, 200000, 200000);
    assert_information(other, "content", 1, content, 200000, 0, 0, 1000);
    assert_int_equal(unpublish(instance, "there"), PD_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_folder_cannot_be_made, start, stop),
        cmocka_unit_test_setup_teardown(test_folder_is_removed, start, stop),
        cmocka_unit_test_setup_teardown(test_garbage, start, stop),
        cmocka_unit_test_setup_teardown(test_full_disk, start, stop),
    };
    int failed = cmocka_run_group_tests(tests, set_up, tear_down);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
