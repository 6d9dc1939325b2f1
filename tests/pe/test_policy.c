/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Group Policy switched while the program runs: the status, what new calls answer, and what becomes
 * of handles and publications (section 5). Puts the key back as it was.
 */
#include <stdlib.h>
#include <string.h>
#include "pe/check.h"
#include "pe/client_support.h"

#define SERVICE    L"SOFTWARE\\Policies\\Microsoft\\PeerDist\\Service"
#define VERSIONING SERVICE L"\\Versioning"
#define ENABLE     L"Enable"
#define PREFERRED  L"PreferredContentInformationVersion"
#define NO_VALUE   0xFFFFFFFFu

static HANDLE instance;
static BYTE data[100000];

static DWORD policy_get(const WCHAR *key, const WCHAR *name)
{
    DWORD value = NO_VALUE;
    DWORD size = sizeof(value);
    HKEY handle;

    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, key, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &handle))
        return NO_VALUE;
    if (RegQueryValueExW(handle, name, NULL, NULL, (BYTE *)&value, &size))
        value = NO_VALUE;
    RegCloseKey(handle);
    return value;
}

static bool policy_set(const WCHAR *key, const WCHAR *name, DWORD value)
{
    HKEY handle;
    LONG result;

    if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, key, 0, NULL, 0, KEY_SET_VALUE | KEY_WOW64_64KEY, NULL,
                        &handle, NULL))
        return false;
    if (value == NO_VALUE)
        result = RegDeleteValueW(handle, name);
    else
        result = RegSetValueExW(handle, name, 0, REG_DWORD, (BYTE *)&value, sizeof(value));
    RegCloseKey(handle);
    return result == 0 || (value == NO_VALUE && result == ERROR_FILE_NOT_FOUND);
}

/* A registration that is armed, and whose completion tells that a change was noticed. */
struct notice {
    struct call call;
    PEERDIST_STATUS status;
};

static void notice_arm(struct notice *notice)
{
    DWORD result;

    call_init(&notice->call);
    result = PeerDistRegisterForStatusChangeNotification(instance, NULL, 0,
                                                         &notice->call.overlapped, &notice->status);
    check_equal(result, ERROR_IO_PENDING, "2.1/Register works whatever the status [D]");
}

static void notice_expect(struct notice *notice, PEERDIST_STATUS status, const char *rule)
{
    PEERDIST_STATUS current = PEERDIST_STATUS_UNAVAILABLE;

    check_equal(call_wait(&notice->call, NULL), 0, rule);
    check_equal(notice->status, status, rule);
    check_equal(PeerDistGetStatus(instance, &current), 0, "2.1/GetStatus never fails so [I]");
    check_equal(current, status, "2.1/GetStatus agrees with the notification [I]");
    call_fini(&notice->call);
}

static void check_disabled_calls(void)
{
    HANDLE garbage = (HANDLE)(ULONG_PTR)0x5A5A5A58;
    PEERDIST_STATUS_INFO info = {sizeof(info), PEERDIST_STATUS_AVAILABLE, 0, 0};
    PEERDIST_RETRIEVAL_OPTIONS options = {sizeof(options), 1, 2, 0};
    PEERDIST_CONTENT_TAG tag = {{0}};
    struct identifier id = identifier_new();
    OVERLAPPED overlapped = {0};
    HANDLE handle = NULL;
    HANDLE second = NULL;

    check_equal(PeerDistGetStatusEx(instance, &info), 0, "2.1/GetStatusEx never fails so [I]");
    check_equal(info.status, PEERDIST_STATUS_DISABLED, "5/Enable=0 is DISABLED [I]");
    check_equal(stream_new(instance, &id, 0, NULL, 0, &handle), ERROR_ACCESS_DISABLED_BY_POLICY,
                "5/DISABLED: PublishStream 1260 [D]");
    check(handle == NULL, "8/Q32 handle after a failure [I]", "got %p", handle);
    check_equal(unpublish(instance, &id), ERROR_ACCESS_DISABLED_BY_POLICY,
                "5/DISABLED: Unpublish 1260 [D]");
    check_equal(info_open(instance, &id, 1, 0, 0, &handle), ERROR_ACCESS_DISABLED_BY_POLICY,
                "5/DISABLED: OpenContentInformation 1260 [D]");
    check_equal(PeerDistServerOpenContentInformationEx(instance, id.size, id.bytes, 0, 0, &options,
                                                       NULL, 0, &handle),
                ERROR_ACCESS_DISABLED_BY_POLICY, "5/DISABLED: OpenContentInformationEx 1260 [I]");
    check_equal(PeerDistServerCancelAsyncOperation(instance, id.size, id.bytes, &overlapped),
                ERROR_ACCESS_DISABLED_BY_POLICY, "5/DISABLED: cancel 1260 [D]");
    check_equal(PeerDistClientOpenContent(instance, &tag, NULL, 0, &handle),
                ERROR_ACCESS_DISABLED_BY_POLICY, "5/DISABLED: ClientOpenContent 1260 [D]");
    check_equal(PeerDistClientFlushContent(instance, &tag, NULL, 0, &overlapped),
                ERROR_ACCESS_DISABLED_BY_POLICY, "5/DISABLED: ClientFlushContent 1260 [D]");

    check_equal(PeerDistServerPublishStream(instance, 0, id.bytes, 0, NULL, NULL, 0, &handle),
                ERROR_INVALID_PARAMETER, "4.3/87 before 1260 [I]");
    check_equal(PeerDistServerUnpublish(NULL, id.size, id.bytes), ERROR_INVALID_HANDLE,
                "4.3/6 before 1260 [I]");
    check_equal(PeerDistServerPublishAddToStream(instance, garbage, 1, data, &overlapped),
                ERROR_INVALID_HANDLE, "4.3/6 before 1260 [I]");
    check_equal(PeerDistClientCompleteContentInformation(instance, garbage, &overlapped),
                ERROR_INVALID_HANDLE, "4.3/6 before 1260 [I]");
    check_equal(PeerDistStartup(PEERDIST_VERSION, &second, NULL), 0,
                "2.1/Startup works while DISABLED [I]");
    check_equal(PeerDistShutdown(second), 0, "2.1/Shutdown works while DISABLED [D]");
}

/* Content handles, one in each state, and a read that waits for another handle's fetch. */
struct contents {
    HANDLE opened, feeding, fetching, waiting, kept;
    struct call read;
    PEERDIST_CONTENT_TAG tag;
};

static void contents_open(struct contents *contents)
{
    static BYTE byte;
    struct blob information;

    contents->tag = tag_new();
    memcpy(data, &contents->tag, sizeof(contents->tag)); /* no cache has it */
    information = information_of(instance, data, sizeof(data), 2, 0, 0);
    contents->opened = content_new(instance, &contents->tag);
    contents->feeding = content_new(instance, &contents->tag);
    check_equal(content_add_information(instance, contents->feeding, information.bytes, 10), 0,
                "2.3/AddContentInformation [D]");
    contents->fetching = content_open_tag(instance, &information, &contents->tag);
    contents->waiting = content_open_tag(instance, &information, &contents->tag);
    contents->kept = content_open_tag(instance, &information, &contents->tag);
    check_equal(content_block_read(instance, contents->fetching, 0, &byte, 1, 1000, NULL, NULL),
                PEERDIST_ERROR_MISSING_DATA, "2.3/BlockRead [D]");
    call_init(&contents->read);
    check_equal(content_block_read_start(instance, contents->waiting, 0, &byte, 1, 0xFFFFFFFF,
                                         &contents->read),
                ERROR_IO_PENDING, "2.3/BlockRead [D]");
    blob_fini(&information);
}

static void check_dead_content(HANDLE content)
{
    PEERDIST_CLIENT_BASIC_INFO basic;
    BYTE byte = 0;

    check_equal(content_add_information(instance, content, &byte, 1), PEERDIST_ERROR_INVALIDATED,
                "2.1/open handles stop working [D]");
    check_equal(content_complete_information(instance, content), PEERDIST_ERROR_INVALIDATED,
                "2.1/open handles stop working [D]");
    check_equal(content_add(instance, content, 0, &byte, 1), PEERDIST_ERROR_INVALIDATED,
                "2.1/open handles stop working [D]");
    check_equal(content_block_read(instance, content, 0, &byte, 1, LOCAL_ONLY, NULL, NULL),
                PEERDIST_ERROR_INVALIDATED, "2.1/open handles stop working [D]");
    check_equal(content_stream_read(instance, content, &byte, 1, LOCAL_ONLY, NULL, NULL),
                PEERDIST_ERROR_INVALIDATED, "2.1/open handles stop working [D]");
    check_equal(PeerDistClientCancelAsyncOperation(instance, content, NULL),
                PEERDIST_ERROR_INVALIDATED, "2.1/open handles stop working [D]");
    check_equal(PeerDistClientGetInformationByHandle(instance, content, PeerDistClientBasicInfo,
                                                     sizeof(basic), &basic),
                PEERDIST_ERROR_INVALIDATED, "2.1/open handles stop working [D]");
}

static void contents_check_dead(struct contents *contents)
{
    DWORD bytes = 1;

    check_equal(call_wait(&contents->read, &bytes), PEERDIST_ERROR_INVALIDATED,
                "8/Q34 pending operations complete with 4057 [I]");
    check_equal(bytes, 0, "8/Q34 0 bytes [I]");
    call_fini(&contents->read);
    check_dead_content(contents->opened);
    check_dead_content(contents->feeding);
    check_dead_content(contents->waiting);
    check_equal(PeerDistClientCloseContent(instance, contents->opened), 0, "2/close must succeed");
    check_equal(PeerDistClientCloseContent(instance, contents->feeding), 0, "2/close must succeed");
    check_equal(PeerDistClientCloseContent(instance, contents->fetching), 0,
                "2/close must succeed");
    check_equal(PeerDistClientCloseContent(instance, contents->waiting), 0, "2/close must succeed");
}

static void test_switch(DWORD enabled_value)
{
    struct identifier finished = identifier_new();
    struct identifier unfinished = identifier_new();
    struct notice notice;
    struct contents contents;
    struct busy busy;
    struct blob before;
    struct blob after;
    HANDLE stream = NULL;
    HANDLE completed = NULL;
    HANDLE info = NULL;
    HANDLE kept = NULL;
    BYTE byte;
    bool busy_started;

    check_equal(stream_new(instance, &finished, 0, NULL, 0, &completed), 0, "2.2/PublishStream");
    check_equal(stream_add(instance, completed, data, sizeof(data)), 0, "2.2/AddToStream [D]");
    check_equal(stream_complete(instance, completed), 0, "2.2/CompleteStream [D]");
    check_equal(info_fetch(instance, &finished, 1, 0, 0, &before), 0, "2.2/Retrieve [D]");
    check_equal(info_open(instance, &finished, 1, 0, 0, &info), 0, "2.2/Open [D]");
    check_equal(info_open(instance, &finished, 1, 0, 0, &kept), 0, "2.2/Open [D]");
    check_equal(stream_new(instance, &unfinished, 0, NULL, 0, &stream), 0, "2.2/PublishStream");
    check_equal(stream_add(instance, stream, data, 1000), 0, "2.2/AddToStream [D]");

    contents_open(&contents);
    notice_arm(&notice);
    check(!HasOverlappedIoCompleted(&notice.call.overlapped),
          "2.1/Register fires only when the status differs [D]", "it fired");
    busy_started = busy_start(&busy, instance, NULL);
    require(policy_set(SERVICE, ENABLE, 0), "the machine", "the policy cannot be written");
    notice_expect(&notice, PEERDIST_STATUS_DISABLED, "5/Enable=0 completes a registration [D]");
    if (busy_started) {
        check(busy_finish(&busy, PEERDIST_ERROR_INVALIDATED) > 0,
              "8/Q34 pending operations complete with 4057, 0 bytes [I]", "none was pending");
        check_equal(PeerDistServerCloseStreamHandle(instance, busy.stream), 0,
                    "4.1/Close always works [I]");
    }
    check_disabled_calls();
    contents_check_dead(&contents);
    check_equal(stream_add(instance, stream, data, 10), PEERDIST_ERROR_INVALIDATED,
                "4.3/4057 before 1260 [I]");
    check_equal(stream_complete(instance, completed), PEERDIST_ERROR_INVALIDATED,
                "4.3/4057 before 4060 [I]");
    check_equal(info_retrieve(instance, info, &byte, 1, NULL, NULL), PEERDIST_ERROR_INVALIDATED,
                "2.1/open handles stop working [D]");
    check_equal(PeerDistServerCloseStreamHandle(instance, stream), 0, "2/close must succeed [I]");
    check_equal(PeerDistServerCloseStreamHandle(instance, completed), 0, "2/close must succeed");
    check_equal(PeerDistServerCloseContentInformation(instance, info), 0,
                "2/close must succeed [I], 1260 or not");

    notice_arm(&notice);
    require(policy_set(SERVICE, ENABLE, enabled_value), "the machine",
            "the policy cannot be written");
    notice_expect(&notice, PEERDIST_STATUS_AVAILABLE, "5/switched on again [I]");
    check_equal(info_retrieve(instance, kept, &byte, 1, NULL, NULL), PEERDIST_ERROR_INVALIDATED,
                "5/handles stay dead after recovery [I]");
    check_equal(PeerDistServerCloseContentInformation(instance, kept), 0, "2/close must succeed");
    check_dead_content(contents.kept);
    check_equal(PeerDistClientCloseContent(instance, contents.kept), 0, "2/close must succeed");
    check_equal(stream_new(instance, &finished, 0, NULL, 0, &stream), PEERDIST_ERROR_ALREADY_EXISTS,
                "8/Q35 finished publications survive [I]");
    check_equal(info_fetch(instance, &finished, 1, 0, 0, &after), 0,
                "8/Q35 finished publications survive [I]");
    check(before.size == after.size && memcmp(before.bytes, after.bytes, after.size) == 0,
          "8/Q35 finished publications survive [I]", "their information differs");
    check_equal(publish(instance, &unfinished, data, 10), 0,
                "8/Q35 unfinished publications are dropped [I]");
    if (busy_started) {
        check_equal(stream_new(instance, &busy.id, 0, NULL, 0, &stream), 0,
                    "8/Q35 unfinished publications are dropped [I]");
        PeerDistServerCloseStreamHandle(instance, stream);
    }
    check_equal(unpublish(instance, &finished), 0, "2.2/Unpublish [D]");
    check_equal(unpublish(instance, &unfinished), 0, "2.2/Unpublish [D]");
    blob_fini(&before);
    blob_fini(&after);
}

/* Two instances hear of one change, and a start while switched off reports it. */
static void test_disabled_start(void)
{
    HANDLE saved = instance;
    PEERDIST_STATUS status = PEERDIST_STATUS_AVAILABLE;
    struct notice first;
    struct notice second;

    PeerDistShutdown(saved);
    policy_set(SERVICE, ENABLE, 0);
    instance = instance_new();
    check_equal(PeerDistGetStatus(instance, &status), 0, "2.1/GetStatus [D]");
    check_equal(status, PEERDIST_STATUS_DISABLED, "2.1/Startup while DISABLED [I]");
    notice_arm(&first);
    check(!HasOverlappedIoCompleted(&first.call.overlapped),
          "2.1/the first registration supposes DISABLED [D]", "it fired");
    saved = instance;
    instance = instance_new();
    notice_arm(&second);
    policy_set(SERVICE, ENABLE, 1);
    notice_expect(&second, PEERDIST_STATUS_AVAILABLE, "2.1/every instance is notified [D]");
    check_equal(call_wait(&first.call, NULL), 0, "2.1/every instance is notified [D]");
    check_equal(first.status, PEERDIST_STATUS_AVAILABLE, "2.1/every instance is notified [D]");
    call_fini(&first.call);
    PeerDistShutdown(saved);
}

/* The administrator may prefer Windows 7's format. */
static void test_versioning(void)
{
    ULONGLONG end = GetTickCount64() + WAIT_LIMIT;
    PEERDIST_STATUS_INFO status = {sizeof(status), PEERDIST_STATUS_AVAILABLE, 0, 0};
    PEERDIST_RETRIEVAL_OPTIONS options = {sizeof(options), 1, 2, 0};
    DWORD saved = policy_get(VERSIONING, PREFERRED);
    struct identifier id = identifier_new();
    HANDLE info = NULL;
    BYTE bytes[2] = {0};

    check_equal(publish(instance, &id, data, sizeof(data)), 0, "4.1/publish [D]");
    policy_set(VERSIONING, PREFERRED, 1);
    do
        PeerDistGetStatusEx(instance, &status);
    while (status.dwMaxVer != 1 && GetTickCount64() < end);
    check_equal(status.dwMaxVer, 1, "8/Q28 1..1 when downgraded [I]");
    check_equal(info_open(instance, &id, 2, 0, 0, &info),
                PEERDIST_ERROR_CONTENTINFO_VERSION_UNSUPPORTED,
                "5/only enabled versions are chosen [I]");
    check_equal(PeerDistServerOpenContentInformationEx(instance, id.size, id.bytes, 0, 0, &options,
                                                       NULL, 0, &info),
                0, "5/the highest enabled version [I]");
    check_equal(info_retrieve(instance, info, bytes, 2, NULL, NULL), 0, "2.2/Retrieve [D]");
    check_equal(bytes[1], 1, "5/the highest enabled version [I]");
    PeerDistServerCloseContentInformation(instance, info);
    policy_set(VERSIONING, PREFERRED, saved);
    end = GetTickCount64() + WAIT_LIMIT;
    do
        PeerDistGetStatusEx(instance, &status);
    while (status.dwMaxVer != 2 && GetTickCount64() < end);
    check_equal(status.dwMaxVer, 2, "8/Q28 1..2 [I]");
    unpublish(instance, &id);
}

int main(void)
{
    DWORD saved = policy_get(SERVICE, ENABLE);
    struct notice notice;

    check_begin("pe.policy", 90);
    if (!policy_set(SERVICE, ENABLE, 1)) {
        check_skip("policy", "HKLM cannot be written");
        return check_end();
    }
    pattern_fill(data, 0, sizeof(data));
    instance = instance_new();
    notice_arm(&notice);
    notice_expect(&notice, PEERDIST_STATUS_AVAILABLE, "8/Q27 first registration [I]");
    test_switch(1);
    test_switch(NO_VALUE);
    test_disabled_start();
    test_versioning();
    PeerDistShutdown(instance);
    policy_set(SERVICE, ENABLE, saved);
    return check_end();
}
