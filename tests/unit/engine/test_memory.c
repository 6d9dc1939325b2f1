/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory of a process that publishes much through one stream does not grow with it. */
#include "engine/stream.h"

#include "support/unit_main.h"
#include "unit/engine/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE  (1u << 20)
#define LENGTH (2ull << 30)
#define LIMIT  (64u << 10) /* KiB */

/* The most that was resident, in KiB. */
static long peak(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long value = -1;
    assert_non_null(file);
    while (value < 0 && fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            value = strtol(line + 6, NULL, 10);
    fclose(file);
    assert_true(value > 0);
    return value;
}

static void test_one_large_stream(void **state)
{
    uint8_t *piece = make_content(PIECE, 1);
    struct instance *instance = start_instance();
    struct block block;
    (void)state;
    block_init(&block);
    long before = peak();
    uintptr_t stream = open_stream(instance, "content", LENGTH);
    for (uint64_t at = 0; at < LENGTH; at += PIECE) {
        memcpy(piece, &at, sizeof(at)); /* no two pieces are the same */
        assert_int_equal(add(instance, stream, piece, PIECE, &block), PD_OK);
        assert_int_equal(block_wait(&block).status, PD_OK);
    }
    assert_int_equal(complete(instance, stream, &block), PD_OK);
    assert_int_equal(block_wait(&block).status, PD_OK);
    long grown = peak() - before;
    print_message("grown by %ld KiB\n", grown);
    assert_true(grown < LIMIT);
    assert_int_equal(close_stream(instance, stream), PD_OK);
    assert_int_equal(stop_instance(instance), PD_OK);
    block_fini(&block);
    free(piece);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_large_stream)};
    int failed = cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
