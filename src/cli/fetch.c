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
};

static DWORD await(DWORD called, OVERLAPPED *overlapped, DWORD *bytes)
{
    *bytes = 0;
    if (called != ERROR_IO_PENDING)
        return called;
    return PeerDistGetOverlappedResult(overlapped, bytes, TRUE) ? ERROR_SUCCESS : GetLastError();
}

static DWORD give_information(struct fetch *fetch)
{
    const struct fetch_request *request = fetch->request;
    OVERLAPPED overlapped = {0};
    DWORD error = ERROR_SUCCESS, bytes;
    for (size_t at = 0; error == ERROR_SUCCESS && at < request->information_length;) {
        size_t left = request->information_length - at;
        DWORD part = left < INFORMATION_STEP ? (DWORD)left : INFORMATION_STEP;
        memcpy(fetch->buffer, request->information + at, part);
        error = await(PeerDistClientAddContentInformation(fetch->instance, fetch->content, part,
                                                          fetch->buffer, &overlapped),
                      &overlapped, &bytes);
        at += part;
    }
    if (error == ERROR_SUCCESS)
        error = await(
            PeerDistClientCompleteContentInformation(fetch->instance, fetch->content, &overlapped),
            &overlapped, &bytes);
    return error;
}

/* Adding is a favour to the next reader: that it fails is no reason to fail here. */
static void add_data(struct fetch *fetch, uint64_t offset, DWORD length)
{
    OVERLAPPED overlapped = {0};
    DWORD bytes;
    overlapped.Offset = (DWORD)offset;
    overlapped.OffsetHigh = (DWORD)(offset >> 32);
    (void)await(
        PeerDistClientAddData(fetch->instance, fetch->content, length, fetch->buffer, &overlapped),
        &overlapped, &bytes);
}

static DWORD take_from_origin(struct fetch *fetch, uint64_t offset, uint64_t length)
{
    const struct fetch_request *request = fetch->request;
    LARGE_INTEGER position;
    position.QuadPart = (LONGLONG)offset;
    if (!SetFilePointerEx(request->origin->file, position, NULL, FILE_BEGIN))
        return GetLastError();
    while (length > 0) {
        DWORD part = length < BUFFER_SIZE ? (DWORD)length : BUFFER_SIZE, got = 0;
        DWORD error = file_reader_read(request->origin, fetch->buffer, part, &got);
        if (error == ERROR_SUCCESS && got < part)
            error = ERROR_HANDLE_EOF;
        if (error == ERROR_SUCCESS)
            error = request->piece(request->context, fetch->buffer, part);
        if (error != ERROR_SUCCESS)
            return error;
        add_data(fetch, offset, part);
        fetch->result->from_origin += part;
        offset += part;
        length -= part;
    }
    return ERROR_SUCCESS;
}

static DWORD read_all(struct fetch *fetch)
{
    const struct fetch_request *request = fetch->request;
    for (;;) {
        OVERLAPPED overlapped = {0};
        DWORD bytes,
            error = await(PeerDistClientStreamRead(fetch->instance, fetch->content, BUFFER_SIZE,
                                                   fetch->buffer, request->timeout, &overlapped),
                          &overlapped, &bytes);
        uint64_t offset = (uint64_t)overlapped.OffsetHigh << 32 | overlapped.Offset;
        if (error == (DWORD)PEERDIST_ERROR_NO_MORE)
            return ERROR_SUCCESS;
        if (error == ERROR_SUCCESS) {
            error = request->piece(request->context, fetch->buffer, bytes);
            fetch->result->from_cache += bytes;
        } else if (error == (DWORD)PEERDIST_ERROR_MISSING_DATA || error == ERROR_TIMEOUT) {
            fetch->result->missing_offset = offset;
            fetch->result->missing_length = bytes;
            if (request->origin != NULL)
                error = take_from_origin(fetch, offset, bytes);
        }
        if (error != ERROR_SUCCESS)
            return error;
    }
}

DWORD fetch_content(struct content_session *session, const struct fetch_request *request,
                    struct fetch_result *result)
{
    struct fetch fetch = {.request = request, .result = result, .instance = session->instance};
    memset(result, 0, sizeof(*result));
    fetch.buffer = malloc(BUFFER_SIZE);
    if (fetch.buffer == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    DWORD error =
        PeerDistClientOpenContent(session->instance, &request->tag, NULL, 0, &fetch.content);
    if (error == ERROR_SUCCESS) {
        error = give_information(&fetch);
        if (error == ERROR_SUCCESS)
            error = read_all(&fetch);
        PeerDistClientCloseContent(session->instance, fetch.content);
    }
    free(fetch.buffer);
    return error;
}
