/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The changed blobs of tests/vectors/changes.txt, each in a buffer that ends at a guard page. */
#include "core/content_info.h"

#include "support/unit_main.h"
#include "unit/core/content_vectors.h"
#include "unit/core/guarded_buffer.h"

#include <stdlib.h>
#include <string.h>

#define CHANGES_MAX 128

struct change {
    const char *reason;
    const struct content_vector *base;
    const struct vector_line *edits; /* the lines up to "status" */
    size_t edit_count;
    const char *status;
};

static struct vector_file file;
static struct change changes[CHANGES_MAX];
static size_t change_count;

static void load_changes(void)
{
    vector_file_load(&file, "changes.txt");
    for (size_t i = 0; i < file.count; i++) {
        struct change *change = &changes[change_count - (change_count > 0)];

        if (strcmp(file.lines[i].name, "change") == 0) {
            if (change_count == CHANGES_MAX)
                abort();
            changes[change_count++].reason = file.lines[i].value;
        } else if (strcmp(file.lines[i].name, "base") == 0) {
            change->base = content_vector_find(file.lines[i].value);
            change->edits = &file.lines[i + 1];
        } else if (strcmp(file.lines[i].name, "status") == 0) {
            change->status = file.lines[i].value;
            change->edit_count = (size_t)(&file.lines[i] - change->edits);
        }
    }
}

static uint8_t *changed_blob(const struct change *change, size_t *size)
{
    uint8_t bytes[64];
    uint8_t *blob = content_vector_blob(change->base);
    uint8_t *grown = realloc(blob, change->base->size + sizeof bytes);

    assert_non_null(grown);
    *size = change->base->size;
    for (size_t i = 0; i < change->edit_count; i++) {
        const struct vector_line *edit = &change->edits[i];
        char *hex;

        if (strcmp(edit->name, "cut") == 0) {
            *size = (size_t)strtoul(edit->value, NULL, 10);
        } else if (strcmp(edit->name, "append") == 0) {
            *size += vector_hex(edit->value, grown + *size, sizeof bytes);
        } else if (strcmp(edit->name, "set") == 0) {
            size_t offset = (size_t)strtoul(edit->value, &hex, 10);
            size_t length = vector_hex(hex + 1, bytes, sizeof bytes);

            assert_true(offset + length <= *size);
            memcpy(grown + offset, bytes, length);
        } else if (strcmp(edit->name, "sha256") == 0) {
            uint8_t digest[32];

            vector_hex(edit->value, bytes, 32);
            assert_true(digest_once(HASH_SHA256, grown, *size, digest));
            assert_memory_equal(digest, bytes, 32);
        } else {
            fail_msg("unknown edit %s", edit->name);
        }
    }
    return grown;
}

static void test_change(void **state)
{
    const struct change *change = *state;
    struct guarded_buffer buffer;
    struct content_info info;
    enum pd_status expected = PD_OK;
    size_t size;
    uint8_t *blob;

    assert_non_null(change->base);
    blob = changed_blob(change, &size);
    guarded_copy(&buffer, blob, size);
    free(blob);
    if (strcmp(change->status, "version") == 0)
        expected = PD_CONTENT_INFO_VERSION_UNSUPPORTED;
    else if (strcmp(change->status, "malformed") == 0)
        expected = PD_CANNOT_PARSE_CONTENT_INFO;
    else
        assert_string_equal(change->status, "ok");
    assert_int_equal(content_info_parse(buffer.data, buffer.length, &info), expected);
    if (expected == PD_OK) {
        assert_int_equal(info.range_start, change->base->range_start);
        assert_int_equal(info.range_end, change->base->range_end);
    }
    guarded_free(&buffer);
}

int main(void)
{
    struct CMUnitTest tests[CHANGES_MAX];
    int failed;

    if (!hash_library_init())
        return 1;
    load_changes();
    memset(tests, 0, sizeof tests);
    for (size_t i = 0; i < change_count; i++) {
        tests[i].name = changes[i].reason;
        tests[i].test_func = test_change;
        tests[i].initial_state = &changes[i];
    }
    failed = _cmocka_run_group_tests("changed blobs", tests, change_count, NULL, NULL);
    vector_file_free(&file);
    return pd_unit_report(change_count, failed);
}
