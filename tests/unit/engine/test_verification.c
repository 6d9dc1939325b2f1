/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Wrong data is never delivered, whichever stage of its way is corrupted: what the application
 * adds, the block files, and every column of the index that leads to a block. */
#include "unit/engine/content_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "core/segment.h"
#include "platform/data_file.h"
#include "platform/folder.h"
#include "platform/identity.h"
#include "support/unit_main.h"

#define LOCAL  CONTENT_TIMEOUT_LOCAL_CACHE_ONLY
#define LENGTH (24 * (size_t)BLOCK_SIZE_V1 + 4321)

static struct sample_content sample;
static uint8_t *buffer;
static char *user_folder;

static int set_up(void **state)
{
    unsigned version = *(unsigned *)*state;
    sample_init(&sample, version, LENGTH, 900 + version, 0, 0);
    buffer = malloc(LENGTH);
    struct identity identity;
    if (identity_current(&identity) != PD_OK)
        return -1;
    user_folder = path_join(fixture_folder(), identity.user);
    identity_fini(&identity);
    return user_folder != NULL && buffer != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(user_folder);
    free(buffer);
    sample_fini(&sample);
    return 0;
}

static void assert_right(const struct completion *done, uint64_t offset)
{
    assert_in_range(done->bytes, 1, LENGTH - offset);
    assert_memory_equal(buffer, sample.data + offset, done->bytes);
}

/* All that can be read of it, in both ways; all of it is right. Returns how many bytes were missing
 * in the end. */
static size_t read_everything(struct instance *instance)
{
    size_t missing[2] = {0, 0};
    uintptr_t handle = open_sample(instance, &sample);
    for (size_t offset = 0; offset < LENGTH;) {
        size_t length = LENGTH - offset < 100000 ? LENGTH - offset : 100000;
        struct completion done = read_at(instance, handle, offset, buffer, length, LOCAL);
        if (done.status == PD_OK)
            assert_right(&done, offset);
        else
            assert_int_equal(done.status, PD_MISSING_DATA);
        missing[0] += done.status == PD_OK ? 0 : done.bytes;
        offset += done.bytes;
    }
    for (size_t offset = 0; offset < LENGTH;) {
        struct completion done = read_stream(instance, handle, buffer, 50000, LOCAL);
        assert_int_equal(done.offset, offset);
        if (done.status == PD_OK)
            assert_right(&done, offset);
        else
            assert_int_equal(done.status, PD_MISSING_DATA);
        missing[1] += done.status == PD_OK ? 0 : done.bytes;
        offset += done.bytes;
    }
    assert_true(missing[1] >= missing[0]); /* what was found bad meanwhile is missing too */
    assert_int_equal(close_content(instance, handle), PD_OK);
    return missing[1];
}

static void add_all(struct instance *instance)
{
    uintptr_t handle = open_sample(instance, &sample);
    add_sample(instance, handle, &sample, 0, LENGTH);
    assert_int_equal(close_content(instance, handle), PD_OK);
}

/* A new start in every respect, and the content in the cache. */
static void refill(void)
{
    struct instance *instance = start_instance();
    assert_int_equal(flush_tag(instance, &sample.tag), PD_OK);
    add_all(instance);
    assert_int_equal(read_everything(instance), 0);
    assert_int_equal(stop_instance(instance), PD_OK);
}

/* What is wrong now is missed and never delivered; once added again, all is there. Damage of the
 * index that is found while adding costs what was added before. Returns how many bytes were
 * missing. */
static size_t assert_heals(void)
{
    struct instance *instance = start_instance();
    size_t missing = read_everything(instance), left = missing;
    for (unsigned i = 0; i < 3 && (i == 0 || left > 0); i++) {
        add_all(instance);
        left = read_everything(instance);
    }
    assert_int_equal(left, 0);
    assert_int_equal(stop_instance(instance), PD_OK);
    return missing;
}

/* ---- What is added ---- */

static void test_wrong_additions(void **state)
{
    (void)state;
    struct instance *instance = start_instance();
    uintptr_t handle = open_sample(instance, &sample);
    uint8_t *wrong = malloc(LENGTH);
    struct block block;
    assert_non_null(wrong);
    block_init(&block);
    assert_int_equal(flush_tag(instance, &sample.tag), PD_OK);
    /* One bit in every 16 KiB: no block is right. */
    memcpy(wrong, sample.data, LENGTH);
    for (size_t at = 5; at < LENGTH; at += 16384)
        wrong[at] ^= 0x10;
    wrong[LENGTH - 1] ^= 1;
    assert_int_equal(add_data(instance, handle, 0, wrong, LENGTH, &block), PD_OK);
    assert_int_equal(block_wait(&block).status, PD_OK);
    assert_int_equal(read_everything(instance), LENGTH);
    /* Blocks joined of a wrong and a right part. */
    for (size_t at = 0; at < LENGTH; at += 10000) {
        size_t part = LENGTH - at < 10000 ? LENGTH - at : 10000;
        assert_int_equal(add_data(instance, handle, at, (at / 10000 % 2 ? wrong : sample.data) + at,
                                  part, &block),
                         PD_OK);
        assert_int_equal(block_wait(&block).status, PD_OK);
    }
    (void)read_everything(instance);
    /* Whose buffer is reused at once. */
    for (size_t at = 0; at < LENGTH; at += BLOCK_SIZE_V1) {
        size_t part = LENGTH - at < BLOCK_SIZE_V1 ? LENGTH - at : BLOCK_SIZE_V1;
        memcpy(wrong, sample.data + at, part);
        assert_int_equal(add_data(instance, handle, at, wrong, part, &block), PD_OK);
        assert_int_equal(block_wait(&block).status, PD_OK);
        memset(wrong, 0x5a, part);
    }
    assert_int_equal(read_everything(instance), 0);
    free(wrong);
    block_fini(&block);
    assert_int_equal(close_content(instance, handle), PD_OK);
    assert_int_equal(stop_instance(instance), PD_OK);
}

/* ---- Files ---- */

static bool corrupt_file(const char *name, void *context)
{
    const uint32_t *seed = context;
    uint8_t bytes[16];
    struct data_file *file;
    if (strncmp(name, "blocks-", 7) != 0)
        return true;
    char *path = path_join(user_folder, name);
    assert_non_null(path);
    uint64_t size, at = (*seed * 2654435761u) % (LENGTH - sizeof(bytes));
    assert_int_equal(data_file_size(path, &size), PD_OK);
    assert_true(size >= LENGTH);
    at += size - LENGTH; /* what was flushed before may be before it */
    assert_int_equal(data_file_open_for_writing(path, &file), PD_OK);
    assert_int_equal(data_file_read(file, at, bytes, sizeof(bytes)), PD_OK);
    bytes[*seed % sizeof(bytes)] ^= (uint8_t)(1u << *seed % 8);
    assert_int_equal(data_file_write(file, at, bytes, sizeof(bytes)), PD_OK);
    data_file_close(file);
    free(path);
    return true;
}

static void test_block_files(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        refill();
        assert_int_equal(folder_list(user_folder, FOLDER_FILES, corrupt_file, &seed), PD_OK);
        assert_in_range(assert_heals(), 1, 2 * SEGMENT_MAX_SIZE_V2);
    }
}

/* ---- The index ---- */

static void alter(const char *sql)
{
    char *path = path_join(user_folder, "cache.db");
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    free(path);
}

/* `blocks` holds file (4 bytes), position (4) and in version 1 a hash for each block. */
static void test_index(void **state)
{
    (void)state;
    static const char *const changes[] = {
        /* Another file; one that cannot be; a position that is another block's; one past the end.
         */
        "UPDATE segment SET blocks=CAST(x'02' || substr(blocks, 2) AS BLOB)",
        "UPDATE segment SET blocks=CAST(x'ffffff7f' || substr(blocks, 5) AS BLOB)",
        "UPDATE segment SET blocks=CAST(substr(blocks, 1, 4) || x'01000000' || substr(blocks, 9) "
        "AS "
        "BLOB)",
        "UPDATE segment SET blocks=CAST(substr(blocks, 1, 4) || x'ffffffff' || substr(blocks, 9) "
        "AS "
        "BLOB)",
        /* Rows exchanged: the last segment's places for all. */
        "UPDATE segment SET blocks=(SELECT blocks FROM segment ORDER BY id DESC LIMIT 1)",
        /* What is too short, too long, empty, of another type. */
        "UPDATE segment SET blocks=substr(blocks, 2)",
        "UPDATE segment SET blocks=CAST(blocks || x'00' AS BLOB)",
        "UPDATE segment SET blocks=x''",
        "UPDATE segment SET blocks='text'",
        /* The segment's own columns. */
        "UPDATE segment SET size=size-1",
        "UPDATE segment SET size=1",
        "UPDATE segment SET size=-1",
        "UPDATE segment SET size=2147483647",
        "UPDATE segment SET name=CAST(substr(name, 1, 5) || x'00' || substr(name, 7) AS BLOB)",
        "UPDATE segment SET name=x'10'",
        "UPDATE segment SET hod=zeroblob(32), secret=zeroblob(32)",
        "UPDATE segment SET bytes=0",
        "UPDATE segment SET bytes=-5, hits=-1, used='x', added='y'",
        "UPDATE segment SET key=key+1",
        /* Other tables. */
        "UPDATE file SET live=0",
        "UPDATE file SET live=-1000000, reserved=-1, sealed=1",
        "UPDATE file SET reserved=1",
        "DELETE FROM file",
        "DELETE FROM placed",
        "DELETE FROM link",
        "DELETE FROM tag",
        "DELETE FROM segment",
        "DROP TABLE placed",
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        refill();
        alter(changes[i]);
        (void)assert_heals();
    }
}

/* Bytes of the index itself. */
static void test_index_bytes(void **state)
{
    (void)state;
    uint8_t page[64];
    char *path = path_join(user_folder, "cache.db");
    for (uint32_t seed = 1; seed <= 40; seed++) {
        struct data_file *file;
        refill();
        assert_int_equal(data_file_open_for_writing(path, &file), PD_OK);
        for (uint64_t at = seed * 97; data_file_read(file, at, page, sizeof(page)) == PD_OK;
             at += 1000 + seed * 131) {
            page[seed] ^= (uint8_t)(1u << seed % 8);
            assert_int_equal(data_file_write(file, at, page, sizeof(page)), PD_OK);
        }
        data_file_close(file);
        (void)assert_heals();
    }
    free(path);
}

int main(void)
{
    static unsigned one = 1, two = 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate_setup_teardown(test_wrong_additions, set_up, tear_down, &one),
        cmocka_unit_test_prestate_setup_teardown(test_wrong_additions, set_up, tear_down, &two),
        cmocka_unit_test_prestate_setup_teardown(test_block_files, set_up, tear_down, &one),
        cmocka_unit_test_prestate_setup_teardown(test_block_files, set_up, tear_down, &two),
        cmocka_unit_test_prestate_setup_teardown(test_index, set_up, tear_down, &one),
        cmocka_unit_test_prestate_setup_teardown(test_index, set_up, tear_down, &two),
        cmocka_unit_test_prestate_setup_teardown(test_index_bytes, set_up, tear_down, &one),
        cmocka_unit_test_prestate_setup_teardown(test_index_bytes, set_up, tear_down, &two),
    };
    int failed = cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
