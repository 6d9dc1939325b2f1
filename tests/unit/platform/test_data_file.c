/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files read and written at positions: all or nothing, above 4 GiB, shared, and gone with their
 * handle where they are temporary. */
#include "platform/data_file.h"

#include <stdlib.h>
#include <string.h>

#include "platform/folder.h"
#include "support/unit_main.h"
#include "unit/platform/scratch.h"

static char *folder, *path;

static int set_up(void **state)
{
    (void)state;
    folder = scratch_create();
    path = folder != NULL ? path_join(folder, "data") : NULL;
    return path != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(path);
    scratch_remove(folder);
    return 0;
}

static void test_positions(void **state)
{
    const uint64_t high = (5ull << 30) + 7; /* sparse */
    struct data_file *file, *other;
    uint8_t bytes[8];
    uint64_t size;
    (void)state;
    assert_int_equal(data_file_open(path, &file), PD_NOT_FOUND);
    assert_int_equal(data_file_open_for_writing(path, &file), PD_NOT_FOUND);
    assert_int_equal(data_file_size(path, &size), PD_NOT_FOUND);
    assert_int_equal(data_file_create(path, &file), PD_OK);
    assert_int_equal(data_file_create(path, &other), PD_ALREADY_EXISTS);
    assert_int_equal(data_file_read(file, 0, bytes, 1), PD_IO_ERROR);
    assert_int_equal(data_file_read(file, 0, bytes, 0), PD_OK);
    assert_int_equal(data_file_write(file, 4, "efgh", 4), PD_OK);
    assert_int_equal(data_file_write(file, 0, "abcd", 4), PD_OK);
    assert_int_equal(data_file_open(path, &other), PD_OK);
    assert_int_equal(data_file_read(other, 0, bytes, 8), PD_OK);
    assert_memory_equal(bytes, "abcdefgh", 8);
    assert_int_equal(data_file_read(other, 6, bytes, 2), PD_OK);
    assert_memory_equal(bytes, "gh", 2);
    assert_int_equal(data_file_read(other, 6, bytes, 3), PD_IO_ERROR); /* across the end */
    assert_int_equal(data_file_read(other, 8, bytes, 1), PD_IO_ERROR);
    assert_int_equal(data_file_write(file, high, "z", 1), PD_OK);
    assert_int_equal(data_file_read(other, high, bytes, 1), PD_OK);
    assert_int_equal(bytes[0], 'z');
    assert_int_equal(data_file_read(other, high - 4, bytes, 4), PD_OK);
    assert_memory_equal(bytes, "\0\0\0\0", 4);
    assert_int_equal(data_file_size(path, &size), PD_OK);
    assert_int_equal(size, high + 1);
    assert_int_equal(data_file_write(other, 0, "x", 1), PD_IO_ERROR); /* for reading alone */
    /* Deleted while it is open: what has it reads on. */
    assert_int_equal(file_delete(path), PD_OK);
    assert_int_equal(data_file_read(other, 0, bytes, 8), PD_OK);
    assert_memory_equal(bytes, "abcdefgh", 8);
    data_file_close(other);
    data_file_close(file);
    data_file_close(NULL);
}

static bool count(const char *name, void *context)
{
    (void)name;
    ++*(unsigned *)context;
    return true;
}

static void test_temporary(void **state)
{
    struct data_file *file;
    uint8_t bytes[4];
    unsigned files = 0;
    (void)state;
    assert_int_equal(data_file_create_temporary(path, &file), PD_OK);
    assert_int_equal(data_file_write(file, 100, "abcd", 4), PD_OK);
    assert_int_equal(data_file_read(file, 100, bytes, 4), PD_OK);
    assert_memory_equal(bytes, "abcd", 4);
    data_file_close(file);
    assert_int_equal(folder_list(folder, FOLDER_FILES, count, &files), PD_OK);
    assert_int_equal(files, 0);
}

static void test_volume(void **state)
{
    uint64_t size = 0;
    (void)state;
    assert_int_equal(volume_size(folder, &size), PD_OK);
    assert_true(size > 1 << 20);
    char *missing = path_join(folder, "not here");
    assert_int_equal(volume_size(missing, &size), PD_IO_ERROR);
    free(missing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_positions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_temporary, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_volume, set_up, tear_down),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
