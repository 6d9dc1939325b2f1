/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blocks joined of pieces, and content information kept while its handle lives: both right in any
 * order, both bounded. */
#include <stdlib.h>
#include <string.h>

#include "core/hash/digest.h"
#include "engine/block_assembly.h"
#include "engine/block_data.h"
#include "engine/info_spool.h"
#include "platform/folder.h"
#include "support/unit_main.h"
#include "unit/platform/scratch.h"

#define BLOCK 65536u
#define USER  "S-1-5-21-1-2-3-1000"

/* ---- Blocks ---- */

static uint8_t *make_bytes(size_t length, uint32_t seed)
{
    uint8_t *bytes = malloc(length);
    assert_non_null(bytes);
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)((i * 2654435761u + seed) >> 13);
    return bytes;
}

static void test_any_order(void **state)
{
    uint8_t *bytes = make_bytes(BLOCK, 1), *data = NULL;
    (void)state;
    for (uint32_t seed = 1; seed < 200; seed++) {
        struct block_assembly *assembly = block_assembly_create();
        uint32_t random = seed, pieces = 2 + seed % 13, order[16], whole = 0;
        assert_non_null(assembly);
        for (uint32_t i = 0; i < pieces; i++)
            order[i] = i;
        for (uint32_t i = pieces; i > 1; i--) {
            random = random * 1664525u + 1013904223u;
            uint32_t k = (random >> 8) % i, swapped = order[k];
            order[k] = order[i - 1];
            order[i - 1] = swapped;
        }
        for (uint32_t i = 0; i < pieces; i++) {
            /* They overlap their neighbours where there are such. */
            uint32_t begin = order[i] * (BLOCK / pieces), end = begin + BLOCK / pieces + 3;
            if (order[i] == pieces - 1 || end > BLOCK)
                end = BLOCK;
            bool last = block_assembly_add(assembly, 7 * BLOCK, BLOCK, begin, bytes + begin,
                                           end - begin, &data) == BLOCK_WHOLE;
            whole += last;
            assert_int_equal(last, i == pieces - 1);
        }
        assert_int_equal(whole, 1);
        assert_memory_equal(data, bytes, BLOCK);
        block_data_release(data);
        block_assembly_destroy(assembly);
    }
    free(bytes);
}

static void test_latest_wins(void **state)
{
    struct block_assembly *assembly = block_assembly_create();
    uint8_t *one = make_bytes(BLOCK, 1), *two = make_bytes(BLOCK, 2), *data;
    (void)state;
    assert_non_null(assembly);
    assert_int_equal(block_assembly_add(assembly, 0, BLOCK, 0, two, 40000, &data),
                     BLOCK_UNFINISHED);
    assert_int_equal(block_assembly_add(assembly, 0, BLOCK, 0, one, 40000, &data),
                     BLOCK_UNFINISHED);
    assert_int_equal(block_assembly_add(assembly, 0, BLOCK, 40000, one + 40000, 25535, &data),
                     BLOCK_UNFINISHED);
    assert_int_equal(block_assembly_add(assembly, 0, BLOCK, 65535, one + 65535, 1, &data),
                     BLOCK_WHOLE);
    assert_memory_equal(data, one, BLOCK);
    block_data_release(data);
    /* A whole block at once; nothing was left of the one before. */
    assert_int_equal(block_assembly_add(assembly, 0, BLOCK, 65535, two, 1, &data),
                     BLOCK_UNFINISHED);
    assert_int_equal(block_assembly_add(assembly, 0, BLOCK, 0, one, BLOCK, &data), BLOCK_WHOLE);
    assert_memory_equal(data, one, BLOCK);
    block_data_release(data);
    block_assembly_destroy(assembly);
    free(one);
    free(two);
}

/* Of more unfinished blocks than there is room for, the one added to least recently goes. */
static void test_assembly_bound(void **state)
{
    enum { ROOM = BLOCK_ASSEMBLY_BYTES / BLOCK };
    struct block_assembly *assembly = block_assembly_create();
    uint8_t *bytes = make_bytes(BLOCK, 3), *data;
    (void)state;
    assert_non_null(assembly);
    for (uint64_t i = 0; i < ROOM + 1; i++) {
        assert_int_equal(block_assembly_add(assembly, i * BLOCK, BLOCK, 0, bytes, BLOCK - 1, &data),
                         BLOCK_UNFINISHED);
        assert_int_equal(block_assembly_add(assembly, 0, BLOCK, 5, bytes + 5, 1, &data),
                         BLOCK_UNFINISHED); /* the first one is used all the time */
    }
    const uint8_t *end = bytes + BLOCK - 1;
    assert_int_equal(block_assembly_add(assembly, 0, BLOCK, BLOCK - 1, end, 1, &data), BLOCK_WHOLE);
    block_data_release(data);
    assert_int_equal(block_assembly_add(assembly, BLOCK, BLOCK, BLOCK - 1, end, 1, &data),
                     BLOCK_UNFINISHED); /* it was dropped */
    assert_int_equal(
        block_assembly_add(assembly, (uint64_t)ROOM * BLOCK, BLOCK, BLOCK - 1, end, 1, &data),
        BLOCK_WHOLE);
    block_data_release(data);
    block_assembly_destroy(assembly);
    free(bytes);
}

/* More ranges than are remembered: the piece is dropped, the block still comes whole. */
static void test_many_ranges(void **state)
{
    struct block_assembly *assembly = block_assembly_create();
    uint8_t *bytes = make_bytes(BLOCK, 4), *data;
    (void)state;
    assert_non_null(assembly);
    for (uint32_t at = 0; at < BLOCK; at += 1024)
        assert_int_equal(block_assembly_add(assembly, 0, BLOCK, at, bytes + at, 100, &data),
                         BLOCK_UNFINISHED);
    assert_int_equal(block_assembly_add(assembly, 0, BLOCK, 0, bytes, BLOCK, &data), BLOCK_WHOLE);
    assert_memory_equal(data, bytes, BLOCK);
    block_data_release(data);
    block_assembly_destroy(assembly);
    block_assembly_destroy(NULL);
    free(bytes);
}

/* ---- Information ---- */

static char *folder;

static int set_up(void **state)
{
    (void)state;
    folder = scratch_create();
    scratch_set_environment("PEERDIST_STORE", folder);
    return folder != NULL && hash_library_init() ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(folder);
    return 0;
}

static bool count_file(const char *name, void *context)
{
    (void)name;
    ++*(unsigned *)context;
    return true;
}

static unsigned files(void)
{
    unsigned count = 0;
    char *own = path_join(folder, USER);
    (void)folder_list(own, FOLDER_FILES, count_file, &count); /* may not be there */
    free(own);
    return count;
}

static void test_spool(void **state)
{
    static const size_t pieces[] = {1, 1000, 700000, INFO_SPOOL_MEMORY, 3 * INFO_SPOOL_MEMORY + 1};
    const size_t length = 4 * INFO_SPOOL_MEMORY + 12345;
    uint8_t *bytes = make_bytes(length, 5), *back = malloc(length);
    (void)state;
    assert_non_null(back);
    for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
        struct info_spool *spool = info_spool_create(USER);
        size_t most = p == 0 ? 5000 : length;
        assert_non_null(spool);
        for (size_t at = 0; at < most; at += pieces[p]) {
            size_t part = most - at < pieces[p] ? most - at : pieces[p];
            assert_int_equal(info_spool_append(spool, bytes + at, part), PD_OK);
            assert_int_equal(info_spool_read(spool, at, back, part), PD_OK);
            assert_memory_equal(back, bytes + at, part);
        }
        assert_int_equal(info_spool_read(spool, 0, back, most), PD_OK);
        assert_memory_equal(back, bytes, most);
        if (most > INFO_SPOOL_MEMORY) { /* across what is in the file and what is not */
            assert_int_equal(info_spool_read(spool, INFO_SPOOL_MEMORY - 10, back, 20), PD_OK);
            assert_memory_equal(back, bytes + INFO_SPOOL_MEMORY - 10, 20);
        }
        info_spool_destroy(spool);
        assert_int_equal(files(), 0);
    }
    info_spool_destroy(NULL);
    free(back);
    free(bytes);
}

static void test_spool_limits(void **state)
{
    uint8_t byte = 1;
    struct info_spool *spool = info_spool_create(USER);
    (void)state;
    assert_non_null(spool);
    if ((uint64_t)SIZE_MAX > INFO_SPOOL_MAX) {
        /* Refused by its length, before a byte of it is touched. */
        assert_int_equal(info_spool_append(spool, &byte, (size_t)INFO_SPOOL_MAX + 1), PD_NO_MEMORY);
    }
    assert_int_equal(info_spool_append(spool, &byte, 1), PD_OK);
    assert_int_equal(info_spool_append(spool, &byte, (size_t)INFO_SPOOL_MAX), PD_NO_MEMORY);
    info_spool_destroy(spool);

    /* No place for the file: what fits into memory is taken. */
    char *own = path_join(folder, USER);
    uint8_t *bytes = make_bytes(INFO_SPOOL_MEMORY, 6);
    scratch_delete_tree(own);
    assert_true(scratch_write_file(own, "in the way", 10));
    spool = info_spool_create(USER);
    assert_non_null(spool);
    assert_int_equal(info_spool_append(spool, bytes, INFO_SPOOL_MEMORY), PD_OK);
    assert_int_equal(info_spool_append(spool, bytes, 1), PD_UNAVAILABLE);
    info_spool_destroy(spool);
    assert_int_equal(file_delete(own), PD_OK);
    free(bytes);
    free(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_latest_wins),
        cmocka_unit_test(test_assembly_bound),
        cmocka_unit_test(test_many_ranges),
        cmocka_unit_test_setup_teardown(test_spool, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_spool_limits, set_up, tear_down),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
