/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bad arguments and the order in which they are looked at (section 4.3): each function is called
 * with every combination of its bad arguments, and the answer has to be that of the first one in
 * order.
 */
#include <string.h>
#include "pe/check.h"
#include "pe/client_support.h"
#include "pe/support.h"

/* What is wrong with a call. A function supports some of these. */
enum {
    BAD_INSTANCE = 1 << 0, /* 6 */
    BAD_FIRST = 1 << 1,    /* 87: a pointer or value; which one is said at each function */
    BAD_SECOND = 1 << 2,
    BAD_THIRD = 1 << 3,
    BAD_FOURTH = 1 << 4,
    BAD_OTHER = 1 << 5 /* 6: the second handle */
};
#define BAD_VALUES (BAD_FIRST | BAD_SECOND | BAD_THIRD | BAD_FOURTH)

static HANDLE instance;
/* A published content with open handles to it, which the good calls use. */
static struct identifier id;
static HANDLE stream;
static HANDLE info;
static struct blob information; /* of the content, version 1 */
static HANDLE content;          /* open for reading */
static HANDLE event;
static BYTE data[1000];
static BYTE buffer[64];

static HANDLE use(HANDLE good, unsigned bad, unsigned bit)
{
    return bad & bit ? (HANDLE)(ULONG_PTR)0x5A5A5A58 : good;
}

/* A call that was accepted in spite of everything is awaited, so that its OVERLAPPED can go. */
static DWORD awaited(DWORD result, struct call *call)
{
    if (result == ERROR_IO_PENDING)
        call_wait(call, NULL);
    call_fini(call);
    return result;
}

#define ASYNC(call_text)                                    \
    struct call call;                                       \
    OVERLAPPED *overlapped;                                 \
    call_init(&call);                                       \
    overlapped = bad & BAD_FIRST ? NULL : &call.overlapped; \
    return awaited(call_text, &call)
#define INSTANCE use(instance, bad, BAD_INSTANCE)
#define CONTENT  use(content, bad, BAD_OTHER)
#define PORT(b)  (bad & (b) ? event : NULL)

/* The functions; BAD_FIRST is a NULL OVERLAPPED in all asynchronous ones. */

static DWORD call_shutdown(unsigned bad)
{
    HANDLE victim = bad & BAD_INSTANCE ? NULL : instance_new();

    return PeerDistShutdown(use(victim, bad, BAD_INSTANCE));
}

static DWORD call_get_status(unsigned bad)
{
    PEERDIST_STATUS status;

    return PeerDistGetStatus(INSTANCE, bad & BAD_FIRST ? NULL : &status);
}

/* BAD_SECOND: cbSize. */
static DWORD call_get_status_ex(unsigned bad)
{
    PEERDIST_STATUS_INFO status = {bad & BAD_SECOND ? 15 : sizeof(status), 0, 0, 0};

    return PeerDistGetStatusEx(INSTANCE, bad & BAD_FIRST ? NULL : &status);
}

/* BAD_SECOND: status pointer; BAD_THIRD: port. */
static DWORD call_register(unsigned bad)
{
    PEERDIST_STATUS status;
    DWORD result;
    struct call call;

    call_init(&call);
    result = PeerDistRegisterForStatusChangeNotification(INSTANCE, PORT(BAD_THIRD), 0,
                                                         bad & BAD_FIRST ? NULL : &call.overlapped,
                                                         bad & BAD_SECOND ? NULL : &status);
    PeerDistUnregisterForStatusChangeNotification(instance);
    return awaited(result, &call);
}

/* BAD_FOURTH: cbSize. */
static DWORD call_register_ex(unsigned bad)
{
    PEERDIST_STATUS_INFO status = {bad & BAD_FOURTH ? 15 : sizeof(status), 0, 0, 0};
    DWORD result;
    struct call call;

    call_init(&call);
    result = PeerDistRegisterForStatusChangeNotificationEx(
        INSTANCE, PORT(BAD_THIRD), 0, bad & BAD_FIRST ? NULL : &call.overlapped,
        bad & BAD_SECOND ? NULL : &status);
    PeerDistUnregisterForStatusChangeNotification(instance);
    return awaited(result, &call);
}

static DWORD call_unregister(unsigned bad)
{
    return PeerDistUnregisterForStatusChangeNotification(INSTANCE);
}

/* BAD_FIRST: length 0; BAD_SECOND: identifier; BAD_THIRD: options; BAD_FOURTH: out pointer. The
 * identifier is one that is published: the state comes last. */
static DWORD call_publish(unsigned bad)
{
    PEERDIST_PUBLICATION_OPTIONS options = {bad & BAD_THIRD ? 3 : 2, 0};
    HANDLE handle;

    return PeerDistServerPublishStream(INSTANCE, bad & BAD_FIRST ? 0 : id.size,
                                       bad & BAD_SECOND ? NULL : id.bytes, 0, &options, NULL, 0,
                                       bad & BAD_FOURTH ? NULL : &handle);
}

/* The same with BAD_THIRD: port, BAD_FOURTH: dwVersion 0. */
static DWORD call_publish_port(unsigned bad)
{
    PEERDIST_PUBLICATION_OPTIONS options = {bad & BAD_FOURTH ? 0 : 1, 0xFFFFFFFF};
    HANDLE handle;

    return PeerDistServerPublishStream(INSTANCE, bad & BAD_FIRST ? 0 : id.size,
                                       bad & BAD_SECOND ? NULL : id.bytes, 0, &options,
                                       PORT(BAD_THIRD), 0, &handle);
}

/* BAD_SECOND: buffer. */
static DWORD call_add(unsigned bad)
{
    ASYNC(PeerDistServerPublishAddToStream(INSTANCE, use(stream, bad, BAD_OTHER), sizeof(data),
                                           bad & BAD_SECOND ? NULL : data, overlapped));
}

static DWORD call_complete(unsigned bad)
{
    ASYNC(PeerDistServerPublishCompleteStream(INSTANCE, use(stream, bad, BAD_OTHER), overlapped));
}

static DWORD call_close_stream(unsigned bad)
{
    struct identifier fresh = identifier_new();
    HANDLE handle = NULL;
    DWORD result;

    stream_new(instance, &fresh, 0, NULL, 0, &handle);
    result = PeerDistServerCloseStreamHandle(INSTANCE, use(handle, bad, BAD_OTHER));
    check_equal(PeerDistServerCloseStreamHandle(instance, handle), result ? 0 : 6,
                "4.3/a close that failed closed nothing [I]");
    return result;
}

/* BAD_FIRST: length 0; BAD_SECOND: identifier. Nothing of that name is published. */
static DWORD call_unpublish(unsigned bad)
{
    struct identifier fresh = identifier_new();

    return PeerDistServerUnpublish(INSTANCE, bad & BAD_FIRST ? 0 : fresh.size,
                                   bad & BAD_SECOND ? NULL : fresh.bytes);
}

/* BAD_THIRD: offset without length; BAD_FOURTH: out pointer. Nothing of that name is published. */
static DWORD call_open(unsigned bad)
{
    struct identifier fresh = identifier_new();
    HANDLE handle;

    return PeerDistServerOpenContentInformation(
        INSTANCE, bad & BAD_FIRST ? 0 : fresh.size, bad & BAD_SECOND ? NULL : fresh.bytes,
        bad & BAD_THIRD ? 5 : 0, 0, NULL, 0, bad & BAD_FOURTH ? NULL : &handle);
}

/* BAD_THIRD: port. */
static DWORD call_open_port(unsigned bad)
{
    struct identifier fresh = identifier_new();
    HANDLE handle;

    return PeerDistServerOpenContentInformation(INSTANCE, bad & BAD_FIRST ? 0 : fresh.size,
                                                bad & BAD_SECOND ? NULL : fresh.bytes, 0, 0,
                                                PORT(BAD_THIRD), 0, &handle);
}

/* BAD_SECOND: options NULL; BAD_THIRD: cbSize; BAD_FOURTH: out pointer. */
static DWORD call_open_ex(unsigned bad)
{
    struct identifier fresh = identifier_new();
    PEERDIST_RETRIEVAL_OPTIONS options = {bad & BAD_THIRD ? 15 : sizeof(options), 1, 2, 0};
    HANDLE handle;

    return PeerDistServerOpenContentInformationEx(
        INSTANCE, bad & BAD_FIRST ? 0 : fresh.size, fresh.bytes, 0, 0,
        bad & BAD_SECOND ? NULL : &options, NULL, 0, bad & BAD_FOURTH ? NULL : &handle);
}

/* BAD_FIRST: identifier; BAD_SECOND: minimum above maximum; BAD_THIRD: port; BAD_FOURTH: range. */
static DWORD call_open_ex_values(unsigned bad)
{
    struct identifier fresh = identifier_new();
    PEERDIST_RETRIEVAL_OPTIONS options = {sizeof(options), bad & BAD_SECOND ? 2 : 1, 1, 7};
    HANDLE handle;

    return PeerDistServerOpenContentInformationEx(
        INSTANCE, fresh.size, bad & BAD_FIRST ? NULL : fresh.bytes, bad & BAD_FOURTH ? 1 : 0, 0,
        &options, PORT(BAD_THIRD), 0, &handle);
}

/* BAD_SECOND: buffer; BAD_THIRD: no room. */
static DWORD call_retrieve(unsigned bad)
{
    ASYNC(PeerDistServerRetrieveContentInformation(INSTANCE, use(info, bad, BAD_OTHER),
                                                   bad & BAD_THIRD ? 0 : 1,
                                                   bad & BAD_SECOND ? NULL : buffer, overlapped));
}

static DWORD call_close_info(unsigned bad)
{
    HANDLE handle = NULL;
    DWORD result;

    info_open(instance, &id, 1, 0, 0, &handle);
    result = PeerDistServerCloseContentInformation(INSTANCE, use(handle, bad, BAD_OTHER));
    check_equal(PeerDistServerCloseContentInformation(instance, handle), result ? 0 : 6,
                "4.3/a close that failed closed nothing [I]");
    return result;
}

/* BAD_SECOND: length 0; BAD_THIRD: identifier. */
static DWORD call_server_cancel(unsigned bad)
{
    ASYNC(PeerDistServerCancelAsyncOperation(INSTANCE, bad & BAD_SECOND ? 0 : id.size,
                                             bad & BAD_THIRD ? NULL : id.bytes, overlapped));
}

/* BAD_FIRST: out pointer; BAD_SECOND: tag; BAD_THIRD: port. */
static DWORD call_open_content(unsigned bad)
{
    PEERDIST_CONTENT_TAG tag = {{1, 2, 3}};
    HANDLE handle = (HANDLE)(ULONG_PTR)1;
    DWORD result = PeerDistClientOpenContent(INSTANCE, bad & BAD_SECOND ? NULL : &tag,
                                             PORT(BAD_THIRD), 0, bad & BAD_FIRST ? NULL : &handle);

    if (result == 0)
        check_equal(PeerDistClientCloseContent(instance, handle), 0, "2.3/CloseContent [D]");
    else if (!(bad & BAD_FIRST))
        check(handle == NULL, "8/Q32 handle after a failure [I]", "got %p", handle);
    return result;
}

static DWORD call_close_content(unsigned bad)
{
    HANDLE handle = content_open(instance, &information);
    DWORD result = PeerDistClientCloseContent(INSTANCE, use(handle, bad, BAD_OTHER));

    check_equal(PeerDistClientCloseContent(instance, handle), result ? 0 : 6,
                "4.3/a close that failed closed nothing [I]");
    return result;
}

/* BAD_SECOND: buffer. */
static DWORD call_add_information(unsigned bad)
{
    ASYNC(PeerDistClientAddContentInformation(INSTANCE, CONTENT, sizeof(data),
                                              bad & BAD_SECOND ? NULL : data, overlapped));
}

static DWORD call_complete_information(unsigned bad)
{
    ASYNC(PeerDistClientCompleteContentInformation(INSTANCE, CONTENT, overlapped));
}

static DWORD call_add_data(unsigned bad)
{
    ASYNC(PeerDistClientAddData(INSTANCE, CONTENT, sizeof(data), bad & BAD_SECOND ? NULL : data,
                                overlapped));
}

static DWORD call_block_read(unsigned bad)
{
    ASYNC(PeerDistClientBlockRead(INSTANCE, CONTENT, sizeof(buffer),
                                  bad & BAD_SECOND ? NULL : buffer, 0, overlapped));
}

static DWORD call_stream_read(unsigned bad)
{
    ASYNC(PeerDistClientStreamRead(INSTANCE, CONTENT, sizeof(buffer),
                                   bad & BAD_SECOND ? NULL : buffer, PEERDIST_READ_TIMEOUT_DEFAULT,
                                   overlapped));
}

/* BAD_SECOND: tag; BAD_THIRD: port. */
static DWORD call_flush(unsigned bad)
{
    PEERDIST_CONTENT_TAG tag = {{1, 2, 3}};

    ASYNC(PeerDistClientFlushContent(INSTANCE, bad & BAD_SECOND ? NULL : &tag, PORT(BAD_THIRD), 0,
                                     overlapped));
}

/* BAD_FIRST: class; BAD_SECOND: buffer. */
static DWORD call_get_information(unsigned bad)
{
    PEERDIST_CLIENT_BASIC_INFO basic;

    return PeerDistClientGetInformationByHandle(
        INSTANCE, CONTENT,
        bad & BAD_FIRST ? MaximumPeerDistClientInfoByHandlesClass : PeerDistClientBasicInfo,
        sizeof(basic), bad & BAD_SECOND ? NULL : &basic);
}

static DWORD call_client_cancel(unsigned bad)
{
    return PeerDistClientCancelAsyncOperation(INSTANCE, CONTENT, NULL);
}

#define P1 BAD_FIRST
#define P2 (BAD_FIRST | BAD_SECOND)
#define P3 (BAD_FIRST | BAD_SECOND | BAD_THIRD)
#define P4 BAD_VALUES

static const struct function {
    const char *name;
    DWORD (*call)(unsigned bad);
    unsigned values; /* which bad values it knows */
    bool other;      /* whether it takes a second handle */
    DWORD result;    /* with nothing bad */
} functions[] = {
    {"4.3/Shutdown", call_shutdown, 0, false, 0},
    {"4.3/GetStatus", call_get_status, P1, false, 0},
    {"4.3/GetStatusEx", call_get_status_ex, P2, false, 0},
    {"4.3/Register", call_register, P3, false, ERROR_IO_PENDING},
    {"4.3/RegisterEx", call_register_ex, P4, false, ERROR_IO_PENDING},
    {"4.3/Unregister", call_unregister, 0, false, 0},
    {"4.3/PublishStream", call_publish, P4, false, PEERDIST_ERROR_ALREADY_EXISTS},
    {"4.3/PublishStream, port", call_publish_port, P4, false, PEERDIST_ERROR_ALREADY_EXISTS},
    {"4.3/AddToStream", call_add, P2, true, PEERDIST_ERROR_ALREADY_COMPLETED},
    {"4.3/CompleteStream", call_complete, P1, true, PEERDIST_ERROR_ALREADY_COMPLETED},
    {"4.3/CloseStreamHandle", call_close_stream, 0, true, 0},
    {"4.3/Unpublish", call_unpublish, P2, false, ERROR_NOT_FOUND},
    {"4.3/OpenContentInformation", call_open, P4, false, ERROR_NOT_FOUND},
    {"4.3/OpenContentInformation, port", call_open_port, P3, false, ERROR_NOT_FOUND},
    {"4.3/OpenContentInformationEx", call_open_ex, P4, false, ERROR_NOT_FOUND},
    {"4.3/OpenContentInformationEx, values", call_open_ex_values, P4, false, ERROR_NOT_FOUND},
    {"4.3/RetrieveContentInformation", call_retrieve, P3, true, ERROR_IO_PENDING},
    {"4.3/CloseContentInformation", call_close_info, 0, true, 0},
    {"4.3/ServerCancelAsyncOperation", call_server_cancel, P3, false,
     PEERDIST_ERROR_OPERATION_NOTFOUND},
    {"4.3/ClientOpenContent", call_open_content, P3, false, 0},
    {"4.3/ClientCloseContent", call_close_content, 0, true, 0},
    {"4.3/ClientAddContentInformation", call_add_information, P2, true,
     PEERDIST_ERROR_ALREADY_COMPLETED},
    {"4.3/ClientCompleteContentInformation", call_complete_information, P1, true,
     PEERDIST_ERROR_ALREADY_COMPLETED},
    {"4.3/ClientAddData", call_add_data, P2, true, ERROR_IO_PENDING},
    {"4.3/ClientBlockRead", call_block_read, P2, true, ERROR_IO_PENDING},
    {"4.3/ClientStreamRead", call_stream_read, P2, true, ERROR_IO_PENDING},
    {"4.3/ClientFlushContent", call_flush, P3, false, ERROR_IO_PENDING},
    {"4.3/ClientGetInformationByHandle", call_get_information, P2, true, 0},
    {"4.3/ClientCancelAsyncOperation", call_client_cancel, 0, true,
     PEERDIST_ERROR_OPERATION_NOTFOUND},
};

static void test_order(const struct function *function)
{
    unsigned bad;

    for (bad = 0; bad < BAD_OTHER * 2; bad++) {
        DWORD expected = function->result;
        DWORD result;

        if (bad & BAD_VALUES & ~function->values || (bad & BAD_OTHER && !function->other))
            continue;
        if (bad & BAD_INSTANCE)
            expected = ERROR_INVALID_HANDLE;
        else if (bad & BAD_VALUES)
            expected = ERROR_INVALID_PARAMETER;
        else if (bad & BAD_OTHER)
            expected = ERROR_INVALID_HANDLE;
        result = function->call(bad);
        check(result == expected, function->name, "bad %#x: got %lu, expected %lu", bad, result,
              expected);
    }
}

/* Queries and empty additions may have no buffer; which error a garbage content handle gives then
 * shows that the pointers were accepted. */
static void test_optional_pointers(void)
{
    HANDLE garbage = (HANDLE)(ULONG_PTR)0x5A5A5A58;
    OVERLAPPED overlapped = {0};
    PEERDIST_CLIENT_BASIC_INFO basic;
    DWORD result;

    check_equal(PeerDistClientBlockRead(instance, garbage, 0, NULL, 0, &overlapped),
                ERROR_INVALID_HANDLE, "2.3/BlockRead: a query needs no buffer [D]");
    check_equal(PeerDistClientStreamRead(instance, garbage, 0, NULL, 0, &overlapped),
                ERROR_INVALID_HANDLE, "2.3/StreamRead: a query needs no buffer [D]");
    check_equal(PeerDistClientAddData(instance, garbage, 0, NULL, &overlapped),
                ERROR_INVALID_HANDLE, "8/Q16 AddData of nothing [I]");
    check_equal(PeerDistClientAddContentInformation(instance, garbage, 0, NULL, &overlapped),
                ERROR_INVALID_HANDLE, "8/Q16 AddContentInformation of nothing [I]");
    result =
        PeerDistClientGetInformationByHandle(instance, garbage, PeerDistClientBasicInfo, 3, &basic);
    check(result == ERROR_INSUFFICIENT_BUFFER || result == ERROR_INVALID_HANDLE,
          "2.3/GetInformationByHandle, short buffer and bad handle [I]", "got %lu", result);
}

int main(void)
{
    size_t i;

    check_begin("pe.arguments", 60);
    pattern_fill(data, 0, sizeof(data));
    instance = instance_new();
    id = identifier_new();
    event = CreateEventW(NULL, TRUE, FALSE, NULL);
    require(stream_new(instance, &id, 0, NULL, 0, &stream) == 0 &&
                stream_add(instance, stream, data, sizeof(data)) == 0 &&
                stream_complete(instance, stream) == 0 &&
                info_open(instance, &id, 1, 0, 0, &info) == 0 &&
                info_fetch(instance, &id, 1, 0, 0, &information) == 0,
            "4.1/publish and open [D]", "failed");
    content = content_open(instance, &information);
    for (i = 0; i < sizeof(functions) / sizeof(*functions); i++)
        test_order(&functions[i]);
    test_optional_pointers();
    PeerDistShutdown(instance);
    blob_fini(&information);
    return check_end();
}
