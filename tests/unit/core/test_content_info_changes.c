/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The changed blobs of tests/vectors/changes.txt, each in a buffer that ends at a guard page. */
#include "core/content_info.h"

#include "support/unit_main.h"
#include "unit/core/content_changes.h"
#include "unit/core/guarded_buffer.h"

#include <stdlib.h>
#include <string.h>

static void test_change(void **state)
{
    const struct content_change *change = *state;
    struct guarded_buffer buffer;
    struct content_info info;
    size_t size;
    uint8_t *blob;

    blob = content_change_blob(change, &size);
    guarded_copy(&buffer, blob, size);
    free(blob);
    assert_int_equal(content_info_parse(buffer.data, buffer.length, &info), change->status);
    if (change->status == PD_OK) {
        assert_int_equal(info.range_start, change->base->range_start);
        assert_int_equal(info.range_end, change->base->range_end);
    }
    guarded_free(&buffer);
}

int main(void)
{
    struct CMUnitTest tests[CHANGES_MAX];
    size_t change_count;
    int failed;

    if (!hash_library_init())
        return 1;
    const struct content_change *changes = content_changes(&change_count);
    memset(tests, 0, sizeof tests);
    for (size_t i = 0; i < change_count; i++) {
        tests[i].name = changes[i].reason;
        tests[i].test_func = test_change;
        tests[i].initial_state = (void *)&changes[i];
    }
    failed = _cmocka_run_group_tests("changed blobs", tests, change_count, NULL, NULL);
    return pd_unit_report(change_count, failed);
}
