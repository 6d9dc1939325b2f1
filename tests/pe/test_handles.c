/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handles that are none: closed, of the wrong kind, one bit away from a good one, invented. */
#include <string.h>
#include "pe/check.h"
#include "pe/client_support.h"

#define INVENTED 6000

static HANDLE instance;
static HANDLE other_instance;
static HANDLE stream;
static HANDLE info;
static HANDLE content;
static struct identifier id;
static struct identifier open_id;

static uint64_t next_random(void)
{
    static uint64_t state = 0x9E3779B97F4A7C15u;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Every function that takes an instance. A handle that happens to be good is not passed. */
static unsigned try_instance(HANDLE handle)
{
    struct identifier copy = id;
    PEERDIST_CONTENT_TAG tag = {{0}};
    PEERDIST_STATUS status;
    PEERDIST_STATUS_INFO status_info = {sizeof(status_info), 0, 0, 0};
    PEERDIST_RETRIEVAL_OPTIONS options = {sizeof(options), 1, 2, 0};
    PEERDIST_CLIENT_BASIC_INFO basic;
    OVERLAPPED overlapped = {0};
    HANDLE out;
    BYTE byte = 0;
    unsigned wrong = 0;

    wrong += PeerDistShutdown(handle) != ERROR_INVALID_HANDLE;
    wrong += PeerDistGetStatus(handle, &status) != ERROR_INVALID_HANDLE;
    wrong += PeerDistGetStatusEx(handle, &status_info) != ERROR_INVALID_HANDLE;
    wrong += PeerDistRegisterForStatusChangeNotification(handle, NULL, 0, &overlapped, &status) !=
             ERROR_INVALID_HANDLE;
    wrong += PeerDistRegisterForStatusChangeNotificationEx(handle, NULL, 0, &overlapped,
                                                           &status_info) != ERROR_INVALID_HANDLE;
    wrong += PeerDistUnregisterForStatusChangeNotification(handle) != ERROR_INVALID_HANDLE;
    wrong += PeerDistServerPublishStream(handle, copy.size, copy.bytes, 0, NULL, NULL, 0, &out) !=
             ERROR_INVALID_HANDLE;
    wrong += PeerDistServerPublishAddToStream(handle, stream, 1, &byte, &overlapped) !=
             ERROR_INVALID_HANDLE;
    wrong +=
        PeerDistServerPublishCompleteStream(handle, stream, &overlapped) != ERROR_INVALID_HANDLE;
    wrong += PeerDistServerCloseStreamHandle(handle, stream) != ERROR_INVALID_HANDLE;
    wrong += PeerDistServerUnpublish(handle, copy.size, copy.bytes) != ERROR_INVALID_HANDLE;
    wrong += PeerDistServerOpenContentInformation(handle, copy.size, copy.bytes, 0, 0, NULL, 0,
                                                  &out) != ERROR_INVALID_HANDLE;
    wrong += PeerDistServerOpenContentInformationEx(handle, copy.size, copy.bytes, 0, 0, &options,
                                                    NULL, 0, &out) != ERROR_INVALID_HANDLE;
    wrong += PeerDistServerRetrieveContentInformation(handle, info, 1, &byte, &overlapped) !=
             ERROR_INVALID_HANDLE;
    wrong += PeerDistServerCloseContentInformation(handle, info) != ERROR_INVALID_HANDLE;
    wrong += PeerDistServerCancelAsyncOperation(handle, copy.size, copy.bytes, &overlapped) !=
             ERROR_INVALID_HANDLE;
    wrong += PeerDistClientOpenContent(handle, &tag, NULL, 0, &out) != ERROR_INVALID_HANDLE;
    wrong += PeerDistClientCloseContent(handle, stream) != ERROR_INVALID_HANDLE;
    wrong += PeerDistClientAddContentInformation(handle, stream, 1, &byte, &overlapped) !=
             ERROR_INVALID_HANDLE;
    wrong += PeerDistClientCompleteContentInformation(handle, stream, &overlapped) !=
             ERROR_INVALID_HANDLE;
    wrong += PeerDistClientAddData(handle, stream, 1, &byte, &overlapped) != ERROR_INVALID_HANDLE;
    wrong +=
        PeerDistClientBlockRead(handle, stream, 1, &byte, 0, &overlapped) != ERROR_INVALID_HANDLE;
    wrong +=
        PeerDistClientStreamRead(handle, stream, 1, &byte, 0, &overlapped) != ERROR_INVALID_HANDLE;
    wrong += PeerDistClientFlushContent(handle, &tag, NULL, 0, &overlapped) != ERROR_INVALID_HANDLE;
    wrong += PeerDistClientCancelAsyncOperation(handle, stream, NULL) != ERROR_INVALID_HANDLE;
    wrong += PeerDistClientGetInformationByHandle(handle, stream, PeerDistClientBasicInfo,
                                                  sizeof(basic), &basic) != ERROR_INVALID_HANDLE;
    return wrong;
}

static unsigned try_stream(HANDLE handle)
{
    OVERLAPPED overlapped = {0};
    BYTE byte = 0;
    unsigned wrong = 0;

    wrong += PeerDistServerPublishAddToStream(instance, handle, 1, &byte, &overlapped) !=
             ERROR_INVALID_HANDLE;
    wrong +=
        PeerDistServerPublishCompleteStream(instance, handle, &overlapped) != ERROR_INVALID_HANDLE;
    wrong += PeerDistServerCloseStreamHandle(instance, handle) != ERROR_INVALID_HANDLE;
    return wrong;
}

static unsigned try_info(HANDLE handle)
{
    OVERLAPPED overlapped = {0};
    BYTE byte = 0;
    unsigned wrong = 0;

    wrong += PeerDistServerRetrieveContentInformation(instance, handle, 1, &byte, &overlapped) !=
             ERROR_INVALID_HANDLE;
    wrong += PeerDistServerCloseContentInformation(instance, handle) != ERROR_INVALID_HANDLE;
    return wrong;
}

static unsigned try_content(HANDLE handle)
{
    PEERDIST_CLIENT_BASIC_INFO basic;
    OVERLAPPED overlapped = {0};
    BYTE byte = 0;
    unsigned wrong = 0;

    wrong += PeerDistClientCloseContent(instance, handle) != ERROR_INVALID_HANDLE;
    wrong += PeerDistClientAddContentInformation(instance, handle, 1, &byte, &overlapped) !=
             ERROR_INVALID_HANDLE;
    wrong += PeerDistClientCompleteContentInformation(instance, handle, &overlapped) !=
             ERROR_INVALID_HANDLE;
    wrong += PeerDistClientAddData(instance, handle, 1, &byte, &overlapped) != ERROR_INVALID_HANDLE;
    wrong +=
        PeerDistClientBlockRead(instance, handle, 1, &byte, 0, &overlapped) != ERROR_INVALID_HANDLE;
    wrong += PeerDistClientStreamRead(instance, handle, 1, &byte, 0, &overlapped) !=
             ERROR_INVALID_HANDLE;
    wrong += PeerDistClientCancelAsyncOperation(instance, handle, NULL) != ERROR_INVALID_HANDLE;
    wrong += PeerDistClientGetInformationByHandle(instance, handle, PeerDistClientBasicInfo,
                                                  sizeof(basic), &basic) != ERROR_INVALID_HANDLE;
    return wrong;
}

static bool is_good(HANDLE handle)
{
    return handle == instance || handle == other_instance || handle == stream || handle == info ||
           handle == content;
}

/* A value that is nobody's handle, everywhere. */
static void try_everywhere(HANDLE handle, const char *rule)
{
    unsigned wrong;

    if (is_good(handle))
        return;
    wrong = try_instance(handle) + try_stream(handle) + try_info(handle) + try_content(handle);
    check(wrong == 0, rule, "value %p: %u functions did not answer 6", handle, wrong);
}

static void test_wrong_kind(void)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);

    check_equal(try_instance(stream), 0, "4.3/wrong kind of handle [I]");
    check_equal(try_instance(info), 0, "4.3/wrong kind of handle [I]");
    check_equal(try_stream(info), 0, "4.3/wrong kind of handle [I]");
    check_equal(try_stream(instance), 0, "4.3/wrong kind of handle [I]");
    check_equal(try_info(stream), 0, "4.3/wrong kind of handle [I]");
    check_equal(try_info(instance), 0, "4.3/wrong kind of handle [I]");
    check_equal(try_content(stream), 0, "4.3/wrong kind of handle [I]");
    check_equal(try_content(info), 0, "4.3/wrong kind of handle [I]");
    check_equal(try_content(instance), 0, "4.3/wrong kind of handle [I]");
    check_equal(try_instance(content), 0, "4.3/wrong kind of handle [I]");
    check_equal(try_stream(content), 0, "4.3/wrong kind of handle [I]");
    check_equal(try_info(content), 0, "4.3/wrong kind of handle [I]");
    try_everywhere(event, "4.3/a kernel handle [I]");
    try_everywhere(NULL, "4.3/NULL [D]");
    try_everywhere(INVALID_HANDLE_VALUE, "4.3/INVALID_HANDLE_VALUE [D]");
    try_everywhere(GetCurrentThread(), "4.3/a pseudo handle [I]");
    try_everywhere((HANDLE)&event, "4.3/a pointer [I]");
    CloseHandle(event);
}

static void test_neighbours(void)
{
    HANDLE good[4];
    size_t i;
    unsigned bit;

    good[0] = instance;
    good[1] = stream;
    good[2] = info;
    good[3] = content;
    for (i = 0; i < 4; i++) {
        for (bit = 0; bit < 8 * sizeof(HANDLE); bit++)
            try_everywhere((HANDLE)((ULONG_PTR)good[i] ^ (ULONG_PTR)1 << bit),
                           "4.3/one bit from a good handle [I]");
        try_everywhere((HANDLE)((ULONG_PTR)good[i] + 1), "4.3/next to a good handle [I]");
        try_everywhere((HANDLE)((ULONG_PTR)good[i] - 1), "4.3/next to a good handle [I]");
    }
}

static void test_invented(void)
{
    unsigned wrong = 0;
    unsigned i;

    for (i = 0; i < INVENTED; i++) {
        uint64_t value = next_random() >> (i % 60);
        HANDLE handle = (HANDLE)(ULONG_PTR)value;

        if (!is_good(handle))
            wrong += try_stream(handle) + try_info(handle) + try_content(handle) +
                     (PeerDistShutdown(handle) != ERROR_INVALID_HANDLE);
    }
    check_equal(wrong, 0, "4.3/invented handles [I]");
}

/* Closed handles stay dead while new ones take their places. */
static void test_stale(void)
{
    enum { ROUNDS = 300 };
    HANDLE old[ROUNDS];
    HANDLE contents[ROUNDS];
    PEERDIST_CONTENT_TAG tag = tag_new();
    unsigned wrong = 0;
    unsigned i;

    for (i = 0; i < ROUNDS; i++) {
        struct identifier fresh = identifier_new();

        old[i] = NULL;
        if (stream_new(instance, &fresh, 0, NULL, 0, &old[i]) != 0 ||
            PeerDistServerCloseStreamHandle(instance, old[i]) != 0)
            break;
        contents[i] = content_new(instance, &tag);
        if (PeerDistClientCloseContent(instance, contents[i]) != 0)
            break;
    }
    check_equal(i, ROUNDS, "4.1/open and close [D]");
    while (i-- > 0)
        wrong += try_stream(old[i]) + try_info(old[i]) + try_content(old[i]) +
                 try_content(contents[i]) + try_stream(contents[i]);
    check_equal(wrong, 0, "4.3/closed handles stay dead [I]");
}

static void test_foreign(void)
{
    OVERLAPPED overlapped = {0};
    BYTE byte = 0;

    check_equal(PeerDistServerPublishAddToStream(other_instance, stream, 1, &byte, &overlapped),
                ERROR_INVALID_HANDLE, "4.3/handle of another instance [I]");
    check_equal(PeerDistServerCloseStreamHandle(other_instance, stream), ERROR_INVALID_HANDLE,
                "4.3/handle of another instance [I]");
    check_equal(
        PeerDistServerRetrieveContentInformation(other_instance, info, 1, &byte, &overlapped),
        ERROR_INVALID_HANDLE, "4.3/handle of another instance [I]");
    check_equal(PeerDistServerCloseContentInformation(other_instance, info), ERROR_INVALID_HANDLE,
                "4.3/handle of another instance [I]");
    {
        HANDLE saved = instance;

        instance = other_instance;
        check_equal(try_content(content), 0, "4.3/handle of another instance [I]");
        instance = saved;
    }
}

int main(void)
{
    BYTE data[100] = {1};
    struct blob information;
    BYTE byte;

    check_begin("pe.handles", 60);
    instance = instance_new();
    other_instance = instance_new();
    id = identifier_new();
    open_id = identifier_new();
    require(publish(instance, &id, data, sizeof(data)) == 0 &&
                info_open(instance, &id, 1, 0, 0, &info) == 0 &&
                stream_new(instance, &open_id, 0, NULL, 0, &stream) == 0,
            "4.1/publish and open [D]", "failed");
    information = information_of(instance, data, sizeof(data), 1, 0, 0);
    content = content_open(instance, &information);
    blob_fini(&information);
    test_wrong_kind();
    test_neighbours();
    test_invented();
    test_stale();
    test_foreign();
    check_equal(info_retrieve(instance, info, &byte, 1, NULL, NULL), 0,
                "4.3/good handles have survived [I]");
    check_equal(stream_add(instance, stream, data, 1), 0, "4.3/good handles have survived [I]");
    check_equal(content_add(instance, content, 0, data, sizeof(data)), 0,
                "4.3/good handles have survived [I]");
    check_equal(content_compare(instance, content, 0, data, sizeof(data)), 0,
                "4.3/good handles have survived [I]");
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
    check_equal(try_stream(stream) + try_info(info) + try_content(content), 0,
                "2.1/handles end with their instance [I]");
    instance = other_instance;
    check_equal(try_stream(stream) + try_info(info) + try_content(content), 0,
                "2.1/handles end with their instance [I]");
    check_equal(PeerDistShutdown(other_instance), 0, "2.1/Shutdown [D]");
    return check_end();
}
