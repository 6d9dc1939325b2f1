/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The data cache out of reach, damaged, full or read-only: reads answer MISSING_DATA or what is
 * right, what is added is dropped, nothing crashes, and the cache works again when the cause is
 * gone. On a small volume (store_files.h) the tests of the full and of the read-only disk are the
 * only ones; the latter is told by its argument what has been done to the volume.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pe/check.h"
#include "pe/client_support.h"
#include "pe/store_files.h"

#define SIZE 800000u

static BYTE data[SIZE];
static struct blob information[2]; /* of both versions */
static const PEERDIST_CONTENT_TAG tag = {{"failures"}};

/* Right or missing, all along. Returns how many bytes there were. */
static DWORD read_all(HANDLE instance, HANDLE content, const char *rule)
{
    DWORD there = 0;
    for (DWORD at = 0; at < SIZE; at += 16000) {
        DWORD size = SIZE - at < 16000 ? SIZE - at : 16000;
        DWORD code = content_compare(instance, content, at, data + at, size);
        check(code == 0 || code == (DWORD)PEERDIST_ERROR_MISSING_DATA, rule, "error %lu at %lu",
              code, at);
        there += code == 0 ? size : 0;
    }
    return there;
}

/* Everything works again soon: SQLite may wait for 10 s for locks that nobody gives back, where the
 * files were exchanged under it. */
static void check_recovers(HANDLE instance, HANDLE content, const char *rule)
{
    ULONGLONG end = GetTickCount64() + WAIT_LIMIT;
    do
        check_equal(content_add(instance, content, 0, data, SIZE), 0, rule);
    while (read_all(instance, content, rule) < SIZE && GetTickCount64() < end);
    check_equal(content_compare(instance, content, 0, data, SIZE), 0, rule);
}

static void check_dropped(HANDLE instance, HANDLE content, const char *rule)
{
    for (unsigned i = 0; i < 2; i++) {
        check_equal(content_add(instance, content, 0, data, SIZE), 0, rule);
        check_equal(read_all(instance, content, rule), 0, rule);
    }
}

static void test_unreachable(void)
{
    WCHAR blocker[MAX_PATH], path[MAX_PATH];
    swprintf(blocker, MAX_PATH, L"%ls\\blocked", store_files_base());
    use_store(L"blocked\\store", path);
    CloseHandle(CreateFileW(blocker, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL));
    HANDLE instance = instance_new();
    HANDLE contents[] = {content_open(instance, &information[0]),
                         content_open(instance, &information[1])};
    for (unsigned i = 0; i < 2; i++)
        check_dropped(instance, contents[i], "5/a cache that cannot be made [I]");
    DeleteFileW(blocker);
    CreateDirectoryW(blocker, NULL);
    for (unsigned i = 0; i < 2; i++) {
        check_recovers(instance, contents[i], "5/recovers when the cause is gone [I]");
        check_equal(PeerDistClientCloseContent(instance, contents[i]), 0, "4.2/Close [D]");
    }
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
}

static void test_damage(enum damage damage)
{
    static const char *const rules[] = {"5/cache overwritten while running [I]",
                                        "5/cache overwritten from a third on while running [I]",
                                        "5/cache cut to nothing while running [I]"};
    static const WCHAR *const names[] = {L"c-garbage", L"c-middle", L"c-cut"};
    const char *rule = rules[damage];
    WCHAR path[MAX_PATH];
    use_store(names[damage], path);
    HANDLE instance = instance_new();
    HANDLE contents[] = {content_open(instance, &information[0]),
                         content_open(instance, &information[1])};
    check_equal(content_add(instance, contents[1], 0, data, SIZE), 0, "2.3/AddData [D]");
    check_equal(read_all(instance, contents[1], rule), SIZE, "2.3/BlockRead [D]");
    save_files(path);
    check(saved_files() > 1, "the machine: the store has files", "%u", saved_files());
    damage_files(damage);
    for (unsigned i = 0; i < 3; i++)
        for (unsigned k = 0; k < 2; k++) {
            (void)read_all(instance, contents[k], rule);
            check_equal(content_add(instance, contents[k], 0, data, SIZE), 0, rule);
        }
    DWORD flushed = content_flush(instance, &tag);
    check(flushed == 0 || flushed == (DWORD)PEERDIST_ERROR_SERVICE_UNAVAILABLE, rule, "error %lu",
          flushed);
    restore_files();
    for (unsigned i = 0; i < 2; i++) {
        check_recovers(instance, contents[i], "5/recovers when the files are restored [I]");
        check_equal(PeerDistClientCloseContent(instance, contents[i]), 0, "4.2/Close [D]");
    }
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");

    /* The same before a process comes, as after a crash of the machine. */
    save_files(path);
    damage_files(damage);
    instance = instance_new();
    HANDLE content = content_open(instance, &information[0]);
    (void)read_all(instance, content, rule);
    check_equal(content_add(instance, content, 0, data, SIZE), 0, rule);
    restore_files();
    check_recovers(instance, content, "5/recovers when the files are restored [I]");
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
}

static void test_full_disk(void)
{
    static const char rule[] = "5/full disk [I]";
    WCHAR path[MAX_PATH];
    use_store(L"cache", path);
    HANDLE instance = instance_new();
    HANDLE content = content_open(instance, &information[0]);
    HANDLE other = content_open(instance, &information[1]);
    check_equal(content_add(instance, content, 0, data, SIZE / 2), 0, "2.3/AddData [D]");
    DWORD before = read_all(instance, content, "2.3/BlockRead [D]");
    check(before > SIZE / 4, "the test: something is there", "%lu", before);
    check(fill_volume(), "the machine: the volume fills up", "%lu", GetLastError());
    check_equal(content_add(instance, other, 0, data, SIZE), 0, rule);
    check(read_all(instance, other, rule) < SIZE, rule, "all was stored");
    check_equal(read_all(instance, content, rule), before, "5/full disk: reading goes on [I]");
    empty_volume();
    check_recovers(instance, content, "5/recovers when there is room [I]");
    check_recovers(instance, other, "5/recovers when there is room [I]");
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
    check_equal(PeerDistClientCloseContent(instance, other), 0, "4.2/Close [D]");
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");

    /* Full before there is a store. */
    delete_tree(path);
    check(fill_volume(), "the machine: the volume fills up", "%lu", GetLastError());
    instance = instance_new();
    content = content_open(instance, &information[0]);
    check_dropped(instance, content, "5/full disk, no cache yet [I]");
    empty_volume();
    check_recovers(instance, content, "5/recovers when there is room [I]");
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
    delete_tree(path);
}

/* In three processes: the volume is writable, read-only, writable again. */
static void test_read_only(bool writable)
{
    static const char rule[] = "5/read-only folder [I]";
    WCHAR path[MAX_PATH];
    use_store(L"read-only", path);
    HANDLE instance = instance_new();
    HANDLE content = content_open_tag(instance, &information[0], &tag);
    (void)read_all(instance, content, rule);
    if (writable) {
        check_recovers(instance, content, "5/recovers when the cause is gone [I]");
    } else {
        DWORD flushed = content_flush(instance, &tag);
        check_equal(content_add(instance, content, 0, data, SIZE), 0, rule);
        check(flushed == 0 || flushed == (DWORD)PEERDIST_ERROR_SERVICE_UNAVAILABLE, rule,
              "error %lu", flushed);
    }
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
}

int main(int argc, char **argv)
{
    WCHAR path[MAX_PATH];
    check_begin("pe.cache_failure", 170);
    pattern_fill(data, 12345, SIZE);
    store_files_init();
    use_store(L"first", path);
    HANDLE instance = instance_new();
    for (DWORD version = 1; version <= 2; version++)
        information[version - 1] = information_of(instance, data, SIZE, version, 0, 0);
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");

    if (store_files_on_small_volume()) {
        if (argc > 1)
            test_read_only(strcmp(argv[1], "writable") == 0);
        else
            test_full_disk();
    } else {
        test_unreachable();
        test_damage(GARBAGE);
        test_damage(MIDDLE);
        test_damage(CUT);
        store_files_fini();
    }
    for (unsigned i = 0; i < 2; i++)
        blob_fini(&information[i]);
    return check_end();
}
