/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the conformance tests share. */
#include "pe/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pe/check.h"

/* Bytes of each addition of a busy stream, all from one buffer that nobody writes to. */
#define BUSY_BYTES (32u << 20)

struct identifier identifier_new(void)
{
    static LONG counter;
    struct identifier id;
    LARGE_INTEGER now;
    int size;

    QueryPerformanceCounter(&now);
    size = snprintf((char *)id.bytes, sizeof(id.bytes), "test %lx %llx %ld", GetCurrentProcessId(),
                    (unsigned long long)now.QuadPart, InterlockedIncrement(&counter));
    id.size = (DWORD)size;
    return id;
}

void pattern_fill(BYTE *buffer, ULONGLONG offset, size_t size)
{
    size_t i;

    for (i = 0; i < size; i++)
        buffer[i] = (BYTE)(((uint32_t)(offset + i) * 2654435761u) >> 24);
}

static void *allocate(size_t size)
{
    void *memory = malloc(size ? size : 1);

    require(memory != NULL, "the machine", "no memory for %zu bytes", size);
    return memory;
}

BYTE *pattern_new(size_t size)
{
    BYTE *buffer = allocate(size);

    pattern_fill(buffer, 0, size);
    return buffer;
}

void call_init(struct call *call)
{
    memset(call, 0, sizeof(*call));
    call->overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    require(call->overlapped.hEvent != NULL, "the machine", "no event");
}

void call_fini(struct call *call)
{
    CloseHandle(call->overlapped.hEvent);
}

DWORD call_wait(struct call *call, DWORD *bytes)
{
    DWORD count = 0;

    if (WaitForSingleObject(call->overlapped.hEvent, WAIT_LIMIT) != WAIT_OBJECT_0)
        return NO_COMPLETION;
    if (bytes == NULL)
        bytes = &count;
    return PeerDistGetOverlappedResult(&call->overlapped, bytes, FALSE) ? 0 : GetLastError();
}

HANDLE instance_new(void)
{
    HANDLE instance = NULL;
    DWORD result = PeerDistStartup(PEERDIST_VERSION, &instance, NULL);

    require(result == 0, "2.1/Startup [D]", "got %lu", result);
    return instance;
}

DWORD stream_new(HANDLE instance, const struct identifier *id, ULONGLONG length, HANDLE port,
                 ULONG_PTR key, HANDLE *stream)
{
    struct identifier copy = *id;

    return PeerDistServerPublishStream(instance, copy.size, copy.bytes, length, NULL, port, key,
                                       stream);
}

DWORD stream_add(HANDLE instance, HANDLE stream, const BYTE *data, DWORD size)
{
    struct call call;
    DWORD bytes = 0;
    DWORD result;

    call_init(&call);
    result =
        PeerDistServerPublishAddToStream(instance, stream, size, (PBYTE)data, &call.overlapped);
    if (result == ERROR_IO_PENDING) {
        result = call_wait(&call, &bytes);
        check_equal(bytes, result ? 0 : size, "2.2/AddToStream bytes [I]");
    }
    call_fini(&call);
    return result;
}

DWORD stream_complete(HANDLE instance, HANDLE stream)
{
    struct call call;
    DWORD bytes = 0;
    DWORD result;

    call_init(&call);
    result = PeerDistServerPublishCompleteStream(instance, stream, &call.overlapped);
    if (result == ERROR_IO_PENDING) {
        result = call_wait(&call, &bytes);
        check_equal(bytes, 0, "2.2/CompleteStream bytes [I]");
    }
    call_fini(&call);
    return result;
}

DWORD unpublish(HANDLE instance, const struct identifier *id)
{
    struct identifier copy = *id;

    return PeerDistServerUnpublish(instance, copy.size, copy.bytes);
}

DWORD cancel(HANDLE instance, const struct identifier *id, struct call *call)
{
    struct identifier copy = *id;

    return PeerDistServerCancelAsyncOperation(instance, copy.size, copy.bytes, &call->overlapped);
}

DWORD publish_pieces(HANDLE instance, const struct identifier *id, const BYTE *data, size_t size,
                     DWORD piece)
{
    HANDLE stream;
    DWORD result = stream_new(instance, id, size, NULL, 0, &stream);
    size_t done = 0;

    if (result)
        return result;
    while (result == 0 && done < size) {
        DWORD now = size - done < piece ? (DWORD)(size - done) : piece;

        result = stream_add(instance, stream, data + done, now);
        done += now;
    }
    if (result == 0)
        result = stream_complete(instance, stream);
    check_equal(PeerDistServerCloseStreamHandle(instance, stream), 0,
                "2.2/CloseStreamHandle returns 0 [D]");
    return result;
}

DWORD publish(HANDLE instance, const struct identifier *id, const BYTE *data, size_t size)
{
    return publish_pieces(instance, id, data, size, 1u << 20);
}

DWORD info_open(HANDLE instance, const struct identifier *id, DWORD version, ULONGLONG offset,
                ULONGLONG length, HANDLE *info)
{
    struct identifier copy = *id;
    PEERDIST_RETRIEVAL_OPTIONS options = {sizeof(options), version, version, 0};

    if (version == 1)
        return PeerDistServerOpenContentInformation(instance, copy.size, copy.bytes, offset, length,
                                                    NULL, 0, info);
    return PeerDistServerOpenContentInformationEx(instance, copy.size, copy.bytes, offset, length,
                                                  &options, NULL, 0, info);
}

DWORD info_retrieve(HANDLE instance, HANDLE info, BYTE *buffer, DWORD size, DWORD *bytes,
                    ULONGLONG *offset)
{
    struct call call;
    DWORD count = 0;
    DWORD result;

    call_init(&call);
    result =
        PeerDistServerRetrieveContentInformation(instance, info, size, buffer, &call.overlapped);
    if (result == ERROR_IO_PENDING) {
        result = call_wait(&call, &count);
        if (offset)
            *offset = (ULONGLONG)call.overlapped.OffsetHigh << 32 | call.overlapped.Offset;
    }
    if (bytes)
        *bytes = count;
    call_fini(&call);
    return result;
}

void blob_fini(struct blob *blob)
{
    free(blob->bytes);
    blob->bytes = NULL;
    blob->size = 0;
}

DWORD info_read(HANDLE instance, HANDLE info, DWORD piece, struct blob *blob)
{
    BYTE *buffer = allocate(piece);
    DWORD result;

    for (;;) {
        ULONGLONG offset = 0;
        DWORD bytes = 0;

        result = info_retrieve(instance, info, buffer, piece, &bytes, &offset);
        if (result)
            break;
        if (offset != blob->size)
            check_equal(offset, blob->size, "2.2/Retrieve sets Offset [D]");
        if (bytes == 0 || bytes > piece) {
            check(bytes > 0 && bytes <= piece, "2.2/Retrieve bytes <= cbMax [D]", "got %lu of %lu",
                  bytes, piece);
            break;
        }
        blob->bytes = realloc(blob->bytes, blob->size + bytes);
        require(blob->bytes != NULL, "the machine", "no memory");
        memcpy(blob->bytes + blob->size, buffer, bytes);
        blob->size += bytes;
    }
    free(buffer);
    return result;
}

DWORD info_fetch(HANDLE instance, const struct identifier *id, DWORD version, ULONGLONG offset,
                 ULONGLONG length, struct blob *blob)
{
    HANDLE info;
    DWORD result = info_open(instance, id, version, offset, length, &info);

    memset(blob, 0, sizeof(*blob));
    if (result)
        return result;
    result = info_read(instance, info, 4096, blob);
    check_equal(PeerDistServerCloseContentInformation(instance, info), 0,
                "2.2/CloseContentInformation returns 0 [D]");
    return result == PEERDIST_ERROR_NO_MORE ? 0 : result;
}

bool busy_start(struct busy *busy, HANDLE instance, HANDLE port)
{
    static BYTE *data;
    DWORD result;

    if (data == NULL)
        data = pattern_new(BUSY_BYTES);
    memset(busy, 0, sizeof(*busy));
    busy->instance = instance;
    busy->id = identifier_new();
    result = stream_new(instance, &busy->id, 0, port, 0, &busy->stream);
    if (!check(result == 0, "2.2/PublishStream [D]", "got %lu", result))
        return false;
    for (busy->accepted = 0; busy->accepted < BUSY_CALLS; busy->accepted++) {
        struct call *call = &busy->calls[busy->accepted];

        call_init(call);
        result = PeerDistServerPublishAddToStream(instance, busy->stream, BUSY_BYTES, data,
                                                  &call->overlapped);
        if (!check(result == ERROR_IO_PENDING, "4.1/AddToStream while one is pending [I]",
                   "got %lu for number %u", result, busy->accepted)) {
            call_fini(call);
            return false;
        }
    }
    return true;
}

bool busy_pending(const struct busy *busy)
{
    return !HasOverlappedIoCompleted(&busy->calls[busy->accepted - 1].overlapped);
}

unsigned busy_finish(struct busy *busy, DWORD code)
{
    unsigned matching = 0;
    unsigned i;

    for (i = 0; i < busy->accepted; i++) {
        DWORD bytes = 0;
        DWORD result = call_wait(&busy->calls[i], &bytes);

        check(result == 0 || result == code, "3.1/one completion each, of the right kind [D]",
              "addition %u: got %lu, allowed 0 and %lu", i, result, code);
        check_equal(bytes, result ? 0 : BUSY_BYTES, "2.2/AddToStream bytes [I]");
        matching += result == code;
        call_fini(&busy->calls[i]);
    }
    busy->accepted = 0;
    return matching;
}

bool is_signalled(HANDLE handle)
{
    return WaitForSingleObject(handle, 0) == WAIT_OBJECT_0;
}

HANDLE port_new(void)
{
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);

    require(port != NULL, "the machine", "no completion port");
    return port;
}

unsigned port_drain(HANDLE port)
{
    OVERLAPPED_ENTRY entry;
    ULONG count;
    unsigned packets = 0;

    while (GetQueuedCompletionStatusEx(port, &entry, 1, &count, 0, FALSE) && count == 1)
        packets++;
    return packets;
}
