/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 3: which signal a completion takes, what it carries, and how failures look. */
#include <string.h>
#include <winternl.h>
#include "pe/check.h"
#include "pe/support.h"

#ifndef STATUS_PENDING
#define STATUS_PENDING ((DWORD)0x00000103L)
#endif
#define KEY ((ULONG_PTR)0xBEEF01)

static BYTE data[100000];
static BYTE received[4096];

/* What a port gave. */
struct packet {
    BOOL ok;
    DWORD error;
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped;
};

static struct packet take(HANDLE port, DWORD timeout)
{
    struct packet packet = {0};

    SetLastError(0);
    packet.ok =
        GetQueuedCompletionStatus(port, &packet.bytes, &packet.key, &packet.overlapped, timeout);
    packet.error = GetLastError();
    return packet;
}

static void check_packet(struct packet packet, OVERLAPPED *overlapped, DWORD error, DWORD bytes,
                         const char *rule)
{
    check(packet.ok == (error == 0) && (error == 0 || packet.error == error) && packet.key == KEY &&
              packet.overlapped == overlapped && packet.bytes == bytes,
          rule, "ok %d, error %lu (expected %lu), key %#llx, overlapped %p of %p, bytes %lu of %lu",
          packet.ok, packet.error, error, (unsigned long long)packet.key, (void *)packet.overlapped,
          (void *)overlapped, packet.bytes, bytes);
}

static void check_result(OVERLAPPED *overlapped, DWORD error, DWORD bytes, const char *rule)
{
    DWORD count = 77;
    BOOL ok;

    SetLastError(0);
    ok = PeerDistGetOverlappedResult(overlapped, &count, FALSE);
    check(ok == (error == 0) && (error == 0 || GetLastError() == error) && count == bytes, rule,
          "%d, error %lu of %lu, bytes %lu of %lu", ok, GetLastError(), error, count, bytes);
    /* The system's own function, which the documents prescribe for Windows 7. */
    count = 77;
    SetLastError(0);
    ok = GetOverlappedResult(NULL, overlapped, &count, FALSE);
    check(ok == (error == 0) && (error == 0 || GetLastError() == error) && count == bytes,
          "3.3/GetOverlappedResult agrees [D for Windows 7]",
          "%d, error %lu of %lu, bytes %lu of %lu", ok, GetLastError(), error, count, bytes);
}

static HANDLE open_stream(HANDLE instance, struct identifier *id, ULONGLONG length, HANDLE port)
{
    HANDLE stream = NULL;
    DWORD result;

    *id = identifier_new();
    result = stream_new(instance, id, length, port, KEY, &stream);
    require(result == 0, "2.2/PublishStream [D]", "got %lu", result);
    return stream;
}

static void test_port(HANDLE instance)
{
    HANDLE port = port_new();
    HANDLE given = NULL;
    HANDLE info = NULL;
    HANDLE stream;
    struct identifier id = identifier_new();
    OVERLAPPED overlapped = {0};

    DuplicateHandle(GetCurrentProcess(), port, GetCurrentProcess(), &given, 0, FALSE,
                    DUPLICATE_SAME_ACCESS);
    check_equal(stream_new(instance, &id, 0, given, KEY, &stream), 0, "2.2/PublishStream [D]");
    CloseHandle(given);

    overlapped.Internal = 12;
    overlapped.InternalHigh = 13;
    check_equal(PeerDistServerPublishAddToStream(instance, stream, sizeof(data), data, &overlapped),
                ERROR_IO_PENDING, "3.1/AddToStream returns 997 [D]");
    check_packet(take(port, WAIT_LIMIT), &overlapped, 0, sizeof(data),
                 "3.2/port, also when the caller's handle is closed [I]");
    check_result(&overlapped, 0, sizeof(data), "3.5/success [D]");
    check_equal(overlapped.Internal, 0, "3.3/Internal after success [I]");
    check_equal(overlapped.InternalHigh, sizeof(data), "3.3/InternalHigh after success [I]");

    memset(&overlapped, 0, sizeof(overlapped));
    check_equal(PeerDistServerPublishCompleteStream(instance, stream, &overlapped),
                ERROR_IO_PENDING, "3.1/CompleteStream returns 997 [D]");
    check_packet(take(port, WAIT_LIMIT), &overlapped, 0, 0, "3.2/port, CompleteStream [D]");
    check_equal(PeerDistServerCloseStreamHandle(instance, stream), 0, "2.2/CloseStreamHandle [D]");

    check_equal(
        PeerDistServerOpenContentInformation(instance, id.size, id.bytes, 0, 0, port, KEY, &info),
        0, "2.2/OpenContentInformation [D]");
    overlapped.Offset = 0x1111;
    overlapped.OffsetHigh = 0x2222;
    check_equal(PeerDistServerRetrieveContentInformation(instance, info, 10, received, &overlapped),
                ERROR_IO_PENDING, "8/Q18 Retrieve ignores a non-zero Offset [I]");
    check_packet(take(port, WAIT_LIMIT), &overlapped, 0, 10, "3.2/port, Retrieve [D]");
    check(overlapped.Offset == 0 && overlapped.OffsetHigh == 0, "2.2/Retrieve sets Offset [D]",
          "%#lx, %#lx", overlapped.OffsetHigh, overlapped.Offset);
    check_equal(PeerDistServerRetrieveContentInformation(instance, info, 10, received, &overlapped),
                ERROR_IO_PENDING, "3.1/Retrieve returns 997 [D]");
    check_packet(take(port, WAIT_LIMIT), &overlapped, 0, 10, "3.2/port, Retrieve [D]");
    check(overlapped.Offset == 10 && overlapped.OffsetHigh == 0, "2.2/Retrieve sets Offset [D]",
          "%#lx, %#lx", overlapped.OffsetHigh, overlapped.Offset);
    check_equal(PeerDistServerCloseContentInformation(instance, info), 0,
                "2.2/CloseContentInformation [D]");
    check_equal(PeerDistServerUnpublish(instance, id.size, id.bytes), 0, "2.2/Unpublish [D]");
    check_equal(port_drain(port), 0, "3.1/exactly one completion each [D]");
    CloseHandle(port);
}

static void test_port_failures(HANDLE instance)
{
    HANDLE port = port_new();
    struct identifier id;
    HANDLE stream = open_stream(instance, &id, 10, port);
    OVERLAPPED overlapped = {0};
    OVERLAPPED_ENTRY entry;
    ULONG count = 0;
    BOOL ok;

    check_equal(PeerDistServerPublishAddToStream(instance, stream, 11, data, &overlapped),
                ERROR_IO_PENDING, "3.1/a failure that comes later [I]");
    check_packet(take(port, WAIT_LIMIT), &overlapped, PEERDIST_ERROR_OUT_OF_BOUNDS, 0,
                 "3.4/failure dequeues FALSE with its code [D]");
    check_result(&overlapped, PEERDIST_ERROR_OUT_OF_BOUNDS, 0, "3.5/failure [D]");
    check((LONG)overlapped.Internal < 0, "3.4/Internal is a failing NTSTATUS [I]", "%#llx",
          (unsigned long long)overlapped.Internal);
    check_equal(RtlNtStatusToDosError((NTSTATUS)overlapped.Internal), PEERDIST_ERROR_OUT_OF_BOUNDS,
                "3.4/Internal maps to the code [I]");
    check_equal(PeerDistServerCloseStreamHandle(instance, stream), 0, "2.2/CloseStreamHandle [D]");

    stream = open_stream(instance, &id, 10, port);
    memset(&overlapped, 0, sizeof(overlapped));
    check_equal(PeerDistServerPublishCompleteStream(instance, stream, &overlapped),
                ERROR_IO_PENDING, "3.1/a failure that comes later [I]");
    memset(&entry, 0, sizeof(entry));
    ok = GetQueuedCompletionStatusEx(port, &entry, 1, &count, WAIT_LIMIT, FALSE);
    check(ok && count == 1 && entry.lpOverlapped == &overlapped && entry.lpCompletionKey == KEY &&
              entry.dwNumberOfBytesTransferred == 0,
          "3.4/GetQueuedCompletionStatusEx [W]", "%d, %lu packets, overlapped %p, key %#llx", ok,
          count, (void *)entry.lpOverlapped, (unsigned long long)entry.lpCompletionKey);
    check_equal(RtlNtStatusToDosError((NTSTATUS)entry.Internal), PEERDIST_ERROR_MISSING_DATA,
                "3.4/GetQueuedCompletionStatusEx shows the raw status [W]");
    check_equal(entry.Internal, overlapped.Internal, "3.4/packet and OVERLAPPED agree [I]");
    check_equal(PeerDistServerCloseStreamHandle(instance, stream), 0, "2.2/CloseStreamHandle [D]");

    stream = open_stream(instance, &id, 0, port);
    check_equal(PeerDistServerPublishAddToStream(instance, stream, 5, NULL, &overlapped),
                ERROR_INVALID_PARAMETER, "3.1/a synchronous failure");
    check_equal(PeerDistServerPublishAddToStream(instance, port, 5, data, &overlapped),
                ERROR_INVALID_HANDLE, "3.1/a synchronous failure");
    check_equal(PeerDistServerCloseStreamHandle(instance, stream), 0, "2.2/CloseStreamHandle [D]");
    check_equal(port_drain(port), 0, "3.1/no completion after a synchronous failure [D]");
    CloseHandle(port);
}

static void test_event(HANDLE instance)
{
    HANDLE port = port_new();
    struct identifier id;
    HANDLE stream = open_stream(instance, &id, 0, port);
    HANDLE event;
    struct call call;
    DWORD bytes = 0;

    call_init(&call);
    SetEvent(call.overlapped.hEvent);
    check_equal(
        PeerDistServerPublishAddToStream(instance, stream, sizeof(data), data, &call.overlapped),
        ERROR_IO_PENDING, "3.1/AddToStream [D]");
    check_equal(call_wait(&call, &bytes), 0, "3.2/port and event: the event [D]");
    check_equal(bytes, sizeof(data), "2.2/AddToStream bytes [I]");
    check_result(&call.overlapped, 0, sizeof(data), "3.5/success [D]");

    /* The low bit means "no packet" to the system; here it must do no harm. */
    event = call.overlapped.hEvent;
    call.overlapped.hEvent = (HANDLE)((ULONG_PTR)event | 1);
    check_equal(
        PeerDistServerPublishAddToStream(instance, stream, sizeof(data), data, &call.overlapped),
        ERROR_IO_PENDING, "3.2/low bit of hEvent [W]");
    check_equal(WaitForSingleObject(event, WAIT_LIMIT), WAIT_OBJECT_0, "3.2/low bit of hEvent [W]");
    check_result(&call.overlapped, 0, sizeof(data), "3.2/low bit of hEvent [W]");
    call.overlapped.hEvent = event;

    check_equal(PeerDistServerPublishCompleteStream(instance, stream, &call.overlapped),
                ERROR_IO_PENDING, "3.1/CompleteStream [D]");
    check_equal(call_wait(&call, &bytes), 0, "3.2/port and event: the event [D]");
    check_equal(PeerDistServerCloseStreamHandle(instance, stream), 0, "2.2/CloseStreamHandle [D]");
    check_equal(port_drain(port), 0, "3.2/port and event: no packet [I]");
    call_fini(&call);

    stream = open_stream(instance, &id, 4, NULL);
    call_init(&call);
    check_equal(PeerDistServerPublishAddToStream(instance, stream, 5, data, &call.overlapped),
                ERROR_IO_PENDING, "3.1/a failure that comes later [I]");
    check_equal(call_wait(&call, &bytes), PEERDIST_ERROR_OUT_OF_BOUNDS, "3.2/event alone [D]");
    check_equal(bytes, 0, "3.5/the count is stored on failure [I]");
    check_equal(PeerDistServerCloseStreamHandle(instance, stream), 0, "2.2/CloseStreamHandle [D]");
    call_fini(&call);
    CloseHandle(port);
}

static void test_neither(HANDLE instance)
{
    struct identifier id;
    HANDLE stream = open_stream(instance, &id, 0, NULL);
    OVERLAPPED overlapped = {0};
    DWORD bytes = 0;

    check_equal(PeerDistServerPublishAddToStream(instance, stream, sizeof(data), data, &overlapped),
                ERROR_IO_PENDING, "3.2/neither port nor event [I]");
    check(PeerDistGetOverlappedResult(&overlapped, &bytes, TRUE), "3.5/bWait, hEvent NULL [D]",
          "error %lu", GetLastError());
    check_equal(bytes, sizeof(data), "3.5/bWait, hEvent NULL [D]");
    check_equal(PeerDistServerPublishCompleteStream(instance, stream, &overlapped),
                ERROR_IO_PENDING, "3.2/neither port nor event [I]");
    check(PeerDistGetOverlappedResult(&overlapped, &bytes, TRUE), "3.5/bWait, hEvent NULL [D]",
          "error %lu", GetLastError());
    check_equal(PeerDistServerCloseStreamHandle(instance, stream), 0, "2.2/CloseStreamHandle [D]");
}

static void test_result_arguments(void)
{
    OVERLAPPED overlapped = {0};
    DWORD bytes = 77;

    SetLastError(0);
    check(!PeerDistGetOverlappedResult(NULL, &bytes, TRUE), "3.5/NULL [I]", "TRUE");
    check_equal(GetLastError(), ERROR_INVALID_PARAMETER, "3.5/NULL [I]");
    SetLastError(0);
    check(!PeerDistGetOverlappedResult(&overlapped, NULL, FALSE), "3.5/NULL [I]", "TRUE");
    check_equal(GetLastError(), ERROR_INVALID_PARAMETER, "3.5/NULL [I]");
    check_equal(bytes, 77, "3.5/NULL leaves the count [I]");
    overlapped.Internal = STATUS_PENDING;
    SetLastError(0);
    check(!PeerDistGetOverlappedResult(&overlapped, &bytes, FALSE), "3.5/pending [D]", "TRUE");
    check_equal(GetLastError(), ERROR_IO_INCOMPLETE, "3.5/pending [I]");
    overlapped.Internal = 0xC0070FD4;
    overlapped.InternalHigh = 123456;
    SetLastError(0);
    check(!PeerDistGetOverlappedResult(&overlapped, &bytes, TRUE), "3.5/failed [D]", "TRUE");
    check_equal(GetLastError(), PEERDIST_ERROR_MISSING_DATA, "3.5/failed, decoded [I]");
    check_equal(bytes, 123456, "3.5/the count is stored on failure [I]");
}

static void test_bad_ports(HANDLE instance)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE closed = port_new();
    struct identifier id = identifier_new();
    struct identifier published = identifier_new();
    PEERDIST_RETRIEVAL_OPTIONS options = {sizeof(options), 1, 2, 0};
    HANDLE bad[4];
    PEERDIST_STATUS status;
    OVERLAPPED overlapped = {0};
    size_t i;

    CloseHandle(closed);
    bad[0] = closed;
    bad[1] = (HANDLE)(ULONG_PTR)0x7FFFFFF4;
    bad[2] = event;
    bad[3] = INVALID_HANDLE_VALUE;
    check_equal(publish(instance, &published, data, sizeof(data)), 0, "4.1/publish [D]");
    for (i = 0; i < 4; i++) {
        HANDLE handle = (HANDLE)(ULONG_PTR)1;
        DWORD result = stream_new(instance, &id, 0, bad[i], 0, &handle);

        check(result == ERROR_INVALID_PARAMETER, "3.4/PublishStream, bad port [I]",
              "kind %zu: got %lu", i, result);
        check(handle == NULL, "8/Q32 handle after a failure [I]", "got %p", handle);
        handle = (HANDLE)(ULONG_PTR)1;
        result = PeerDistServerOpenContentInformation(instance, published.size, published.bytes, 0,
                                                      0, bad[i], 0, &handle);
        check(result == ERROR_INVALID_PARAMETER && handle == NULL,
              "3.4/OpenContentInformation, bad port [I]", "kind %zu: got %lu, %p", i, result,
              handle);
        result = PeerDistServerOpenContentInformationEx(instance, published.size, published.bytes,
                                                        0, 0, &options, bad[i], 0, &handle);
        check(result == ERROR_INVALID_PARAMETER, "3.4/OpenContentInformationEx, bad port [I]",
              "kind %zu: got %lu", i, result);
        result =
            PeerDistRegisterForStatusChangeNotification(instance, bad[i], 0, &overlapped, &status);
        check(result == ERROR_INVALID_PARAMETER, "3.4/Register, bad port [I]", "kind %zu: got %lu",
              i, result);
    }
    check_equal(stream_new(instance, &id, 0, NULL, 0, &bad[0]), 0,
                "3.4/the identifier is free after a bad port [I]");
    check_equal(PeerDistServerCloseStreamHandle(instance, bad[0]), 0, "2.2/CloseStreamHandle [D]");
    check_equal(unpublish(instance, &published), 0, "2.2/Unpublish [D]");
    CloseHandle(event);
}

static void test_reuse(HANDLE instance)
{
    struct identifier id;
    HANDLE port = port_new();
    HANDLE stream = open_stream(instance, &id, 0, port);
    OVERLAPPED overlapped = {0};
    unsigned i;

    for (i = 0; i < 200; i++) {
        struct packet packet;

        if (PeerDistServerPublishAddToStream(instance, stream, 1000, data, &overlapped) !=
            ERROR_IO_PENDING)
            break;
        packet = take(port, WAIT_LIMIT);
        if (!packet.ok || packet.bytes != 1000 || packet.overlapped != &overlapped)
            break;
    }
    check_equal(i, 200, "3.1/an OVERLAPPED can be used again after its completion [D]");
    check_equal(PeerDistServerCloseStreamHandle(instance, stream), 0, "2.2/CloseStreamHandle [D]");
    check_equal(port_drain(port), 0, "3.1/exactly one completion each [D]");
    CloseHandle(port);
}

int main(void)
{
    HANDLE instance;

    check_begin("pe.completion", 60);
    pattern_fill(data, 0, sizeof(data));
    instance = instance_new();
    test_port(instance);
    test_port_failures(instance);
    test_event(instance);
    test_neither(instance);
    test_result_arguments();
    test_bad_ports(instance);
    test_reuse(instance);
    PeerDistShutdown(instance);
    return check_end();
}
