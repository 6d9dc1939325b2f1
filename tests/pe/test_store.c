/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The store out of reach, damaged or full: PEERDIST_ERROR_SERVICE_UNAVAILABLE for each call that
 * needs it, never wrong data or a crash, and all is well again when the cause is gone. On
 * a small volume (store_files.h) the test of the full disk is the only one.
 */
#include <aclapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include "pe/check.h"
#include "pe/store_files.h"
#include "pe/support.h"

static BYTE data[150000];
/* The version 1 information of `data`. */
static struct blob expected;

/* ---- Calls ------------------------------------------------------------------------------------
 */

/* 0 or 4065; and what is delivered is right. */
static DWORD fetch(HANDLE instance, const struct identifier *id, const char *rule)
{
    struct blob blob;
    DWORD result = info_fetch(instance, id, 1, 0, 0, &blob);

    if (result == 0)
        check(blob.size == expected.size && memcmp(blob.bytes, expected.bytes, blob.size) == 0,
              "5/wrong data is never delivered", "%llu bytes, %s", (unsigned long long)blob.size,
              rule);
    blob_fini(&blob);
    return result;
}

static void check_unavailable(HANDLE instance, const char *rule)
{
    struct identifier id = identifier_new();
    HANDLE handle = NULL;
    DWORD result = publish(instance, &id, data, sizeof(data));

    check_equal(result, PEERDIST_ERROR_SERVICE_UNAVAILABLE, rule);
    check_equal(info_open(instance, &id, 1, 0, 0, &handle), PEERDIST_ERROR_SERVICE_UNAVAILABLE,
                rule);
    check(handle == NULL, "8/Q32 handle after a failure [I]", "got %p", handle);
    check_equal(unpublish(instance, &id), PEERDIST_ERROR_SERVICE_UNAVAILABLE, rule);
}

/* Until the store works again, for a few seconds at most. */
static void check_recovers(HANDLE instance, const char *rule)
{
    struct identifier id = identifier_new();
    ULONGLONG end = GetTickCount64() + 5000;
    DWORD result;

    do
        result = publish(instance, &id, data, sizeof(data));
    while (result == PEERDIST_ERROR_SERVICE_UNAVAILABLE && GetTickCount64() < end);
    check_equal(result, 0, rule);
    check_equal(fetch(instance, &id, rule), 0, rule);
    check_equal(unpublish(instance, &id), 0, rule);
}

/* ---- Tests ------------------------------------------------------------------------------------
 */

static void test_unreachable(void)
{
    WCHAR blocker[MAX_PATH];
    WCHAR path[MAX_PATH];
    HANDLE instance;
    HANDLE file;

    swprintf(blocker, MAX_PATH, L"%ls\\blocked", store_files_base());
    use_store(L"blocked\\store", path);
    file = CreateFileW(blocker, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    CloseHandle(file);
    instance = instance_new();
    check_unavailable(instance, "5/a store that cannot be made: 4065 [I]");
    check_unavailable(instance, "5/a store that cannot be made: 4065 [I]");
    DeleteFileW(blocker);
    CreateDirectoryW(blocker, NULL);
    check_recovers(instance, "5/recovers when the cause is gone [I]");
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
}

static void test_damage(enum damage damage)
{
    static const char *const rules[] = {"5/files overwritten while running [I]",
                                        "5/files overwritten from a third on while running [I]",
                                        "5/files cut to nothing while running [I]"};
    static const WCHAR *const names[] = {L"garbage", L"middle", L"cut"};
    const char *rule = rules[damage];
    WCHAR path[MAX_PATH];
    struct identifier finished = identifier_new();
    struct identifier unfinished = identifier_new();
    HANDLE instance;
    HANDLE stream = NULL;
    HANDLE info = NULL;
    BYTE byte;
    DWORD result;
    unsigned i;

    use_store(names[damage], path);
    instance = instance_new();
    check_equal(publish(instance, &finished, data, sizeof(data)), 0, "4.1/publish [D]");
    check_equal(stream_new(instance, &unfinished, 0, NULL, 0, &stream), 0, "2.2/PublishStream");
    check_equal(stream_add(instance, stream, data, sizeof(data)), 0, "2.2/AddToStream [D]");
    check_equal(info_open(instance, &finished, 1, 0, 0, &info), 0, "2.2/Open [D]");
    save_files(path);
    check(saved_files() > 0, "the machine: the store has files", "%u", saved_files());
    damage_files(damage);

    for (i = 0; i < 3; i++) {
        struct identifier fresh = identifier_new();

        result = fetch(instance, &finished, rule);
        check(result == 0 || result == PEERDIST_ERROR_SERVICE_UNAVAILABLE, rule, "fetch: got %lu",
              result);
        result = info_retrieve(instance, info, &byte, 1, NULL, NULL);
        check(result == 0 || result == PEERDIST_ERROR_SERVICE_UNAVAILABLE, rule,
              "Retrieve: got %lu", result);
        result = publish(instance, &fresh, data, sizeof(data));
        check(result == 0 || result == PEERDIST_ERROR_SERVICE_UNAVAILABLE, rule, "publish: got %lu",
              result);
        result = unpublish(instance, &fresh);
        check(result == 0 || result == ERROR_NOT_FOUND ||
                  result == PEERDIST_ERROR_SERVICE_UNAVAILABLE,
              rule, "Unpublish: got %lu", result);
    }
    restore_files();
    check_recovers(instance, "5/recovers when the files are restored [I]");
    result = fetch(instance, &finished, rule);
    check(result == 0 || result == ERROR_NOT_FOUND, "5/what was published, after all this [I]",
          "got %lu", result);
    result = stream_complete(instance, stream);
    check(result == 0 || result == PEERDIST_ERROR_INVALIDATED,
          "5/an open stream survives, or its publication was lost [I]", "got %lu", result);
    check_equal(PeerDistServerCloseStreamHandle(instance, stream), 0, "4.1/Close always works");
    check_equal(PeerDistServerCloseContentInformation(instance, info), 0, "4.1/Close always works");
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
}

/* A store that is garbage from the beginning, as after a crash of the machine. */
static void test_garbage_at_start(void)
{
    WCHAR path[MAX_PATH];
    struct identifier id = identifier_new();
    HANDLE instance;
    DWORD result;

    use_store(L"before", path);
    instance = instance_new();
    check_equal(publish(instance, &id, data, sizeof(data)), 0, "4.1/publish [D]");
    save_files(path);
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
    forget_files();
    save_files(path);
    damage_files(GARBAGE);
    instance = instance_new();
    result = publish(instance, &id, data, sizeof(data));
    check(result == 0 || result == PEERDIST_ERROR_SERVICE_UNAVAILABLE,
          "5/garbage from the beginning: 4065, or made anew [I]", "got %lu", result);
    if (result == 0)
        check_equal(fetch(instance, &id, "anew"), 0, "5/made anew [I]");
    restore_files();
    check_recovers(instance, "5/recovers when the files are restored [I]");
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
}

/* Of all that live in a store's root, the folders of the users: theirs and the system's alone. */
static void test_protection(void)
{
    WCHAR path[MAX_PATH];
    WCHAR pattern[MAX_PATH];
    WIN32_FIND_DATAW found;
    struct identifier id = identifier_new();
    HANDLE instance;
    HANDLE search;
    unsigned folders = 0;

    use_store(L"protected", path);
    instance = instance_new();
    check_equal(publish(instance, &id, data, sizeof(data)), 0, "4.1/publish [D]");
    swprintf(pattern, MAX_PATH, L"%ls\\S-*", path);
    search = FindFirstFileW(pattern, &found);
    while (search != INVALID_HANDLE_VALUE) {
        WCHAR folder[MAX_PATH];
        PSECURITY_DESCRIPTOR descriptor = NULL;
        PSID owner = NULL;
        PACL acl = NULL;
        WORD i;

        swprintf(folder, MAX_PATH, L"%ls\\%ls", path, found.cFileName);
        if (GetNamedSecurityInfoW(folder, SE_FILE_OBJECT,
                                  OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner,
                                  NULL, &acl, NULL, &descriptor) == ERROR_SUCCESS &&
            check(acl != NULL, "5/the store is its user's alone [D]", "no list of rights")) {
            folders++;
            for (i = 0; i < acl->AceCount; i++) {
                ACCESS_ALLOWED_ACE *ace;
                PSID sid;

                if (!GetAce(acl, i, (void **)&ace))
                    break;
                sid = &ace->SidStart;
                check(ace->Header.AceType != ACCESS_ALLOWED_ACE_TYPE || EqualSid(sid, owner) ||
                          IsWellKnownSid(sid, WinLocalSystemSid),
                      "5/the store is its user's alone [D]", "entry %u is somebody else's", i);
            }
        }
        LocalFree(descriptor);
        if (!FindNextFileW(search, &found))
            break;
    }
    FindClose(search);
    check(folders > 0, "5/a folder for each user [I]", "none found");
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
}

static void test_full_disk(void)
{
    WCHAR path[MAX_PATH];
    struct identifier before = identifier_new();
    struct identifier fresh;
    HANDLE instance;
    DWORD result = 0;
    unsigned i;

    use_store(L"store", path);
    instance = instance_new();
    check_equal(publish(instance, &before, data, sizeof(data)), 0, "4.1/publish [D]");
    check(fill_volume(), "the machine: the volume fills up", "%lu", GetLastError());
    /* Room inside the files may last for some publications. */
    for (i = 0; i < 5000 && result == 0; i++) {
        fresh = identifier_new();
        result = publish(instance, &fresh, data, sizeof(data));
    }
    check_equal(result, PEERDIST_ERROR_SERVICE_UNAVAILABLE, "5/full disk: 4065 [I]");
    check_equal(fetch(instance, &before, "full disk"), 0, "5/full disk: reading goes on [I]");
    empty_volume();
    check_recovers(instance, "5/recovers when there is room [I]");
    check_equal(publish(instance, &fresh, data, sizeof(data)), 0,
                "5/a publication that failed leaves its identifier free [I]");
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");

    /* Full before there is a store. */
    delete_tree(path);
    check(fill_volume(), "the machine: the volume fills up", "%lu", GetLastError());
    instance = instance_new();
    check_unavailable(instance, "5/full disk, no store yet: 4065 [I]");
    empty_volume();
    check_recovers(instance, "5/recovers when there is room [I]");
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
    delete_tree(path);
}

int main(void)
{
    struct identifier id = identifier_new();
    WCHAR path[MAX_PATH];
    HANDLE instance;

    check_begin("pe.store", 90);
    pattern_fill(data, 0, sizeof(data));
    store_files_init();
    use_store(L"first", path);
    instance = instance_new();
    check_equal(publish(instance, &id, data, sizeof(data)), 0, "4.1/publish [D]");
    require(info_fetch(instance, &id, 1, 0, 0, &expected) == 0, "2.2/Retrieve [D]", "failed");
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");

    if (store_files_on_small_volume()) {
        test_full_disk();
        blob_fini(&expected);
        return check_end();
    }
    test_unreachable();
    test_damage(GARBAGE);
    test_damage(MIDDLE);
    test_damage(CUT);
    test_garbage_at_start();
    test_protection();
    blob_fini(&expected);
    store_files_fini();
    return check_end();
}
