/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loop of a client: read; where something is missing, take it from the origin and give it to
 * the library. */
#include "cli/fetch.h"

#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE      (1u << 20)
#define INFORMATION_STEP (64u << 10)

struct fetch {
    const struct fetch_request *request;
    struct fetch_result *result;
    PEERDIST_INSTANCE_HANDLE instance;
    PEERDIST_CONTENT_HANDLE content;
    uint8_t *buffer;
    HANDLE done; /* event of the call that is pending */
};

static bool is_interrupted(const struct fetch_request *request)
{
    return request->interrupted != NULL &&
           WaitForSingleObject(request->interrupted, 0) == WAIT_OBJECT_0;
}

static DWORD await(struct fetch *fetch, DWORD called, OVERLAPPED *overlapped, DWORD *bytes)
{
    HANDLE events[] = {overlapped->hEvent, fetch->request->interrupted};
    *bytes = 0;
    if (called != ERROR_IO_PENDING)
        return called;
    if (events[1] != NULL && WaitForMultipleObjects(2, events, FALSE, INFINITE) != WAIT_OBJECT_0)
        (void)PeerDistClientCancelAsyncOperation(fetch->instance, fetch->content, overlapped);
    return PeerDistGetOverlappedResult(overlapped, bytes, TRUE) ? ERROR_SUCCESS : GetLastError();
}

static DWORD give_information(struct fetch *fetch)
{
    const struct fetch_request *request = fetch->request;
    OVERLAPPED overlapped = {.hEvent = fetch->done};
    DWORD error = ERROR_SUCCESS, bytes;
    for (size_t at = 0; error == ERROR_SUCCESS && at < request->information_length;) {
        size_t left = request->information_length - at;
        DWORD part = left < INFORMATION_STEP ? (DWORD)left : INFORMATION_STEP;
        memcpy(fetch->buffer, request->information + at, part);
        error = await(fetch,
                      PeerDistClientAddContentInformation(fetch->instance, fetch->content, part,
                                                          fetch->buffer, &overlapped),
                      &overlapped, &bytes);
        at += part;
    }
    if (error == ERROR_SUCCESS)
        error = await(
            fetch,
            PeerDistClientCompleteContentInformation(fetch->instance, fetch->content, &overlapped),
            &overlapped, &bytes);
    return error;
}

/* Adding is a favour to the next reader: that it fails is no reason to fail here. */
static void add_data(struct fetch *fetch, uint64_t offset, DWORD length)
{
    OVERLAPPED overlapped = {.hEvent = fetch->done};
    DWORD bytes;
    overlapped.Offset = (DWORD)offset;
    overlapped.OffsetHigh = (DWORD)(offset >> 32);
    (void)await(
        fetch,
        PeerDistClientAddData(fetch->instance, fetch->content, length, fetch->buffer, &overlapped),
        &overlapped, &bytes);
}

/* Fills the buffer with the origin's bytes from *begin on: those of [offset, end), as many as there
 * is room for, and where they are checked the rest of their blocks. */
static DWORD read_origin(struct fetch *fetch, uint64_t offset, uint64_t end, uint64_t *begin,
                         DWORD *length)
{
    const struct fetch_request *request = fetch->request;
    const struct fetch_check *check = request->check;
    LARGE_INTEGER position;
    DWORD got = 0;
    *begin = offset;
    *length = end - offset < BUFFER_SIZE ? (DWORD)(end - offset) : BUFFER_SIZE;
    if (check != NULL)
        *length = check->cover(check->context, offset, end, BUFFER_SIZE, begin);
    position.QuadPart = (LONGLONG)*begin;
    if (!SetFilePointerEx(request->origin->file, position, NULL, FILE_BEGIN))
        return GetLastError();
    DWORD error = file_reader_read(request->origin, fetch->buffer, *length, &got);
    if (error != ERROR_SUCCESS)
        return error;
    if (got < *length || *begin + *length <= offset)
        return ERROR_HANDLE_EOF;
    if (check != NULL && !check->verify(check->context, *begin, fetch->buffer, *length,
                                        &fetch->result->missing_offset))
        return ERROR_INVALID_DATA;
    return ERROR_SUCCESS;
}

static DWORD take_from_origin(struct fetch *fetch, uint64_t offset, uint64_t length)
{
    const struct fetch_request *request = fetch->request;
    uint64_t end = offset + length;
    while (offset < end) {
        uint64_t begin;
        DWORD got, part, error = read_origin(fetch, offset, end, &begin, &got);
        if (error == ERROR_SUCCESS && is_interrupted(request))
            error = ERROR_OPERATION_ABORTED;
        if (error != ERROR_SUCCESS)
            return error;
        part = got - (DWORD)(offset - begin);
        if (part > end - offset)
            part = (DWORD)(end - offset);
        error = request->piece(request->context, offset, fetch->buffer + (offset - begin), part);
        if (error != ERROR_SUCCESS)
            return error;
        add_data(fetch, begin, got);
        fetch->result->from_origin += part;
        offset += part;
    }
    return ERROR_SUCCESS;
}

/* What a read that ended with `error` brought is handed on; what was missing is taken from the
 * origin. */
static DWORD take_read(struct fetch *fetch, DWORD error, uint64_t offset, DWORD bytes)
{
    const struct fetch_request *request = fetch->request;
    if (error == ERROR_SUCCESS && is_interrupted(request))
        return ERROR_OPERATION_ABORTED;
    if (error == ERROR_SUCCESS) {
        fetch->result->from_cache += bytes;
        return request->piece(request->context, offset, fetch->buffer, bytes);
    }
    if (error != (DWORD)PEERDIST_ERROR_MISSING_DATA && error != ERROR_TIMEOUT)
        return error;
    fetch->result->missing_offset = offset;
    fetch->result->missing_length = bytes;
    return request->origin != NULL ? take_from_origin(fetch, offset, bytes) : error;
}

static DWORD read_all(struct fetch *fetch)
{
    const struct fetch_request *request = fetch->request;
    for (;;) {
        OVERLAPPED overlapped = {.hEvent = fetch->done};
        DWORD bytes,
            error = await(fetch,
                          PeerDistClientStreamRead(fetch->instance, fetch->content, BUFFER_SIZE,
                                                   fetch->buffer, request->timeout, &overlapped),
                          &overlapped, &bytes);
        if (error == (DWORD)PEERDIST_ERROR_NO_MORE)
            return ERROR_SUCCESS;
        uint64_t offset = (uint64_t)overlapped.OffsetHigh << 32 | overlapped.Offset;
        error = take_read(fetch, error, offset, bytes);
        if (error != ERROR_SUCCESS)
            return error;
    }
}

static DWORD read_span(struct fetch *fetch, const struct fetch_span *span)
{
    const struct fetch_request *request = fetch->request;
    for (uint64_t offset = span->begin; offset < span->end;) {
        OVERLAPPED overlapped = {
            .hEvent = fetch->done, .Offset = (DWORD)offset, .OffsetHigh = (DWORD)(offset >> 32)};
        uint64_t left = span->end - offset;
        DWORD length = left < BUFFER_SIZE ? (DWORD)left : BUFFER_SIZE, bytes;
        DWORD error = await(fetch,
                            PeerDistClientBlockRead(fetch->instance, fetch->content, length,
                                                    fetch->buffer, request->timeout, &overlapped),
                            &overlapped, &bytes);
        /* What is missing may go on behind this part, which is not the time for it. */
        bytes = bytes < length ? bytes : length;
        error = take_read(fetch, error, offset, bytes);
        if (error == ERROR_SUCCESS && bytes == 0)
            error = ERROR_HANDLE_EOF;
        if (error != ERROR_SUCCESS)
            return error;
        offset += bytes;
    }
    return ERROR_SUCCESS;
}

static DWORD read_spans(struct fetch *fetch)
{
    DWORD error = ERROR_SUCCESS;
    for (size_t i = 0; error == ERROR_SUCCESS && i < fetch->request->span_count; i++)
        error = read_span(fetch, &fetch->request->spans[i]);
    return error;
}

DWORD fetch_content(struct content_session *session, const struct fetch_request *request,
                    struct fetch_result *result)
{
    struct fetch fetch = {.request = request, .result = result, .instance = session->instance};
    memset(result, 0, sizeof(*result));
    fetch.done = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (fetch.done == NULL)
        return GetLastError();
    fetch.buffer = malloc(BUFFER_SIZE);
    DWORD error = fetch.buffer != NULL ? PeerDistClientOpenContent(session->instance, &request->tag,
                                                                   NULL, 0, &fetch.content)
                                       : ERROR_NOT_ENOUGH_MEMORY;
    if (error == ERROR_SUCCESS) {
        error = give_information(&fetch);
        if (error == ERROR_SUCCESS)
            error = request->spans != NULL ? read_spans(&fetch) : read_all(&fetch);
        PeerDistClientCloseContent(session->instance, fetch.content);
    }
    if (fetch.buffer != NULL)
        SecureZeroMemory(fetch.buffer, INFORMATION_STEP); /* it had the segment secrets */
    free(fetch.buffer);
    CloseHandle(fetch.done);
    return error;
}
