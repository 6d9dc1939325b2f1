/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Publications between instances of one process and users: who may end one, what ends with it, and
 * that a publication is never taken for the one before it. */
#include <string.h>
#include "pe/check.h"
#include "pe/support.h"

static BYTE data[150000];

static void test_two_instances(void)
{
    HANDLE a = instance_new();
    HANDLE b = instance_new();
    struct identifier id = identifier_new();
    HANDLE stream;
    HANDLE info;
    BYTE byte;

    check_equal(publish(a, &id, data, sizeof(data)), 0, "4.1/publish [D]");
    check_equal(stream_new(b, &id, 0, NULL, 0, &stream), PEERDIST_ERROR_ALREADY_EXISTS,
                "8/Q25 two instances clash [I]");
    check_equal(info_open(b, &id, 1, 0, 0, &info), 0, "5/every instance of the user sees it [D]");
    check_equal(info_retrieve(a, info, &byte, 1, NULL, NULL), ERROR_INVALID_HANDLE,
                "4.3/handle of another instance [I]");
    check_equal(PeerDistServerCloseContentInformation(a, info), ERROR_INVALID_HANDLE,
                "4.3/handle of another instance [I]");
    check_equal(info_retrieve(b, info, &byte, 1, NULL, NULL), 0, "2.2/Retrieve [D]");
    check_equal(unpublish(b, &id), 0, "8/Q25 either may unpublish [I]");
    check_equal(unpublish(a, &id), ERROR_NOT_FOUND, "4.1/Unpublish/none [I]");
    check_equal(info_retrieve(b, info, &byte, 1, NULL, NULL), PEERDIST_ERROR_INVALIDATED,
                "4.1/Retrieve after Unpublish [I]");
    check_equal(PeerDistServerCloseContentInformation(b, info), 0, "4.1/Close [D]");

    check_equal(stream_new(a, &id, 0, NULL, 0, &stream), 0, "4.1/PublishStream/none [D]");
    check_equal(stream_add(b, stream, data, 1), ERROR_INVALID_HANDLE,
                "4.3/handle of another instance [I]");
    check_equal(PeerDistServerCloseStreamHandle(b, stream), ERROR_INVALID_HANDLE,
                "4.3/handle of another instance [I]");
    check_equal(unpublish(b, &id), 0, "8/Q25 unfinished, by the other instance [I]");
    stream_add(a, stream, data, 1);
    check_equal(stream_complete(a, stream), PEERDIST_ERROR_INVALIDATED,
                "4.1/stream after Unpublish by another instance [I]");
    check_equal(info_open(a, &id, 1, 0, 0, &info), ERROR_NOT_FOUND, "4.1/never published [I]");
    check_equal(PeerDistServerCloseStreamHandle(a, stream), 0, "4.1/Close [D]");
    PeerDistShutdown(a);
    PeerDistShutdown(b);
}

static void test_shutdown_of_owner(void)
{
    HANDLE owner = instance_new();
    HANDLE other = instance_new();
    struct identifier id = identifier_new();
    struct identifier kept = identifier_new();
    struct identifier unfinished = identifier_new();
    HANDLE info;
    HANDLE stream;
    BYTE byte;

    check_equal(publish(owner, &id, data, sizeof(data)), 0, "4.1/publish [D]");
    check_equal(publish(other, &kept, data, sizeof(data)), 0, "4.1/publish [D]");
    check_equal(stream_new(owner, &unfinished, 0, NULL, 0, &stream), 0, "2.2/PublishStream [D]");
    check_equal(info_open(other, &id, 1, 0, 0, &info), 0, "2.2/Open [D]");
    check_equal(PeerDistShutdown(owner), 0, "2.1/Shutdown [D]");
    check_equal(info_retrieve(other, info, &byte, 1, NULL, NULL), PEERDIST_ERROR_INVALIDATED,
                "4.1/Retrieve after the owner's Shutdown [I]");
    check_equal(PeerDistServerCloseContentInformation(other, info), 0, "4.1/Close [D]");
    check_equal(info_open(other, &id, 1, 0, 0, &info), ERROR_NOT_FOUND,
                "2.1/Shutdown removes its publications [D]");
    check_equal(info_open(other, &kept, 1, 0, 0, &info), 0,
                "2.1/Shutdown leaves those of others [D]");
    PeerDistServerCloseContentInformation(other, info);
    check_equal(publish(other, &id, data, sizeof(data)), 0, "4.1/PublishStream/none [D]");
    check_equal(publish(other, &unfinished, data, 10), 0, "4.1/PublishStream/none [D]");
    PeerDistShutdown(other);
}

static void test_shutdown_with_operations(void)
{
    HANDLE instance = instance_new();
    HANDLE other = instance_new();
    struct busy busy;
    HANDLE stream;
    unsigned i;

    if (busy_start(&busy, instance, NULL)) {
        check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
        for (i = 0; i < busy.accepted; i++)
            check(is_signalled(busy.calls[i].overlapped.hEvent),
                  "2.1/Shutdown posts before it returns [I]", "addition %u", i);
        check(busy_finish(&busy, ERROR_OPERATION_ABORTED) > 0, "2.1/Shutdown aborts [D]",
              "no addition was pending");
        check_equal(stream_new(other, &busy.id, 0, NULL, 0, &stream), 0,
                    "2.1/Shutdown drops unfinished publications [D]");
        PeerDistServerCloseStreamHandle(other, stream);
    }
    PeerDistShutdown(other);
}

static void test_republication(void)
{
    HANDLE instance = instance_new();
    struct identifier id = identifier_new();
    struct blob first;
    struct blob second;
    HANDLE old;
    HANDLE stream;
    BYTE bytes[16];

    check_equal(publish(instance, &id, data, 100000), 0, "4.1/publish [D]");
    check_equal(info_fetch(instance, &id, 1, 0, 0, &first), 0, "2.2/Retrieve [D]");
    check_equal(info_open(instance, &id, 1, 0, 0, &old), 0, "2.2/Open [D]");
    check_equal(info_retrieve(instance, old, bytes, sizeof(bytes), NULL, NULL), 0, "2.2/Retrieve");
    check_equal(unpublish(instance, &id), 0, "2.2/Unpublish [D]");
    check_equal(stream_new(instance, &id, 0, NULL, 0, &stream), 0, "4.1/PublishStream/none [D]");
    check_equal(info_retrieve(instance, old, bytes, sizeof(bytes), NULL, NULL),
                PEERDIST_ERROR_INVALIDATED, "4.1/old handle while published anew [I]");
    check_equal(stream_add(instance, stream, data + 1, 100000), 0, "2.2/AddToStream [D]");
    check_equal(stream_complete(instance, stream), 0, "2.2/CompleteStream [D]");
    check_equal(info_retrieve(instance, old, bytes, sizeof(bytes), NULL, NULL),
                PEERDIST_ERROR_INVALIDATED, "4.1/old handle after publishing anew [I]");
    check_equal(info_fetch(instance, &id, 1, 0, 0, &second), 0, "2.2/Retrieve [D]");
    check(first.size == second.size && memcmp(first.bytes, second.bytes, first.size) != 0,
          "5/other content, other information [D]", "sizes %llu and %llu",
          (unsigned long long)first.size, (unsigned long long)second.size);
    blob_fini(&first);
    blob_fini(&second);
    PeerDistServerCloseContentInformation(instance, old);
    PeerDistServerCloseStreamHandle(instance, stream);
    PeerDistShutdown(instance);
}

/* The caller is who the calling thread's token says. Wine has one user for everybody, so that only
 * two things show: a usable thread token is accepted, and one that cannot be looked at is not
 * passed over in favour of the process token. */
static void test_thread_token(void)
{
    HANDLE instance = instance_new();
    HANDLE process = NULL;
    HANDLE token = NULL;
    HANDLE stream = NULL;
    HANDLE info = NULL;
    struct identifier id = identifier_new();
    struct identifier other = identifier_new();

    check_equal(publish(instance, &id, data, 1000), 0, "4.1/publish [D]");
    if (ImpersonateSelf(SecurityImpersonation)) {
        check_equal(info_open(instance, &id, 1, 0, 0, &info), 0, "5/impersonating oneself [D]");
        check_equal(PeerDistServerCloseContentInformation(instance, info), 0, "4.1/Close [D]");
        RevertToSelf();
    }
    check_equal(stream_new(instance, &other, 0, NULL, 0, &stream), 0, "2.2/PublishStream [D]");
    OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE, &process);
    if (DuplicateTokenEx(process, TOKEN_IMPERSONATE | TOKEN_QUERY, NULL, SecurityAnonymous,
                         TokenImpersonation, &token) &&
        SetThreadToken(NULL, token)) {
        HANDLE refused = NULL;
        struct identifier third = identifier_new();
        DWORD publish_result = stream_new(instance, &third, 0, NULL, 0, &refused);
        DWORD open_result = info_open(instance, &id, 1, 0, 0, &info);
        DWORD unpublish_result = unpublish(instance, &id);
        DWORD add_result = stream_add(instance, stream, data, 1000);

        RevertToSelf();
        check(publish_result != 0, "5/an anonymous thread publishes nothing [I]", "it published");
        check(open_result != 0, "5/an anonymous thread opens nothing [I]", "it opened");
        check(unpublish_result != 0, "5/an anonymous thread unpublishes nothing [I]", "it did");
        check_equal(add_result, 0, "5/open handles are not checked again [I]");
        check_equal(info_open(instance, &id, 1, 0, 0, &info), 0, "5/back to oneself [I]");
        PeerDistServerCloseContentInformation(instance, info);
    } else {
        check_skip("anonymous thread token", "the system refuses to make one");
    }
    CloseHandle(token);
    CloseHandle(process);
    PeerDistShutdown(instance);
}

int main(void)
{
    check_begin("pe.ownership", 60);
    pattern_fill(data, 0, sizeof(data));
    test_two_instances();
    test_shutdown_of_owner();
    test_shutdown_with_operations();
    test_republication();
    test_thread_token();
    return check_end();
}
