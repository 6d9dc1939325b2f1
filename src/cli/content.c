/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls the API with one operation pending at a time and an event for its completion. While the
 * library works on one buffer, the next one is read from the file. */
#include "cli/content.h"

#include <stdlib.h>

#define PIECE_SIZE (1u << 18)

DWORD content_session_open(struct content_session *session)
{
    DWORD error;

    session->instance = NULL;
    session->done = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!session->done)
        return GetLastError();
    error = PeerDistStartup(PEERDIST_VERSION, &session->instance, NULL);
    if (error != ERROR_SUCCESS) {
        session->instance = NULL;
        content_session_close(session);
    }
    return error;
}

void content_session_close(struct content_session *session)
{
    if (session->instance)
        PeerDistShutdown(session->instance);
    if (session->done)
        CloseHandle(session->done);
    session->instance = NULL;
    session->done = NULL;
}

static void prepare(struct content_session *session, OVERLAPPED *overlapped)
{
    *overlapped = (OVERLAPPED){.hEvent = session->done};
}

/* The result of an asynchronous call that returned `returned`. */
static DWORD await(DWORD returned, OVERLAPPED *overlapped, DWORD *bytes)
{
    if (returned != ERROR_IO_PENDING)
        return returned;
    return PeerDistGetOverlappedResult(overlapped, bytes, TRUE) ? ERROR_SUCCESS : GetLastError();
}

static DWORD add_all(struct content_session *session, PEERDIST_STREAM_HANDLE stream,
                     const struct content_source *source, uint8_t *const buffers[2],
                     uint64_t *bytes)
{
    unsigned current = 0;
    DWORD have, added = 0;
    DWORD error = file_reader_read(source->reader, buffers[current], source->buffer_size, &have);

    *bytes = 0;
    while (error == ERROR_SUCCESS && have > 0) {
        OVERLAPPED overlapped;
        DWORD next = 0, returned, read_error = ERROR_SUCCESS;

        prepare(session, &overlapped);
        returned = PeerDistServerPublishAddToStream(session->instance, stream, have,
                                                    buffers[current], &overlapped);
        /* Fewer bytes than asked for were the last ones. */
        if (returned == ERROR_IO_PENDING && have == source->buffer_size)
            read_error =
                file_reader_read(source->reader, buffers[1 - current], source->buffer_size, &next);
        error = await(returned, &overlapped, &added);
        if (error == ERROR_SUCCESS)
            *bytes += added;
        if (error == ERROR_SUCCESS && !source->advanced(source->context, *bytes))
            error = ERROR_OPERATION_ABORTED;
        if (error == ERROR_SUCCESS)
            error = read_error;
        current = 1 - current;
        have = next;
    }
    return error;
}

DWORD content_publish(struct content_session *session, const struct content_identifier *identifier,
                      const struct content_source *source, uint64_t *bytes)
{
    PEERDIST_STREAM_HANDLE stream = NULL;
    uint64_t declared = source->length_unknown ? 0 : source->reader->size;
    uint8_t *buffers[2];
    OVERLAPPED overlapped;
    DWORD none = 0, error = ERROR_NOT_ENOUGH_MEMORY;

    buffers[0] = malloc(source->buffer_size);
    buffers[1] = malloc(source->buffer_size);
    if (!buffers[0] || !buffers[1])
        goto cleanup;
    error = PeerDistServerPublishStream(session->instance, identifier->length, identifier->bytes,
                                        declared, NULL, NULL, 0, &stream);
    if (error != ERROR_SUCCESS)
        goto cleanup;
    error = add_all(session, stream, source, buffers, bytes);
    if (error == ERROR_SUCCESS) {
        prepare(session, &overlapped);
        error = await(PeerDistServerPublishCompleteStream(session->instance, stream, &overlapped),
                      &overlapped, &none);
    }
    /* Drops the publication where it is not complete. */
    PeerDistServerCloseStreamHandle(session->instance, stream);

cleanup:
    free(buffers[0]);
    free(buffers[1]);
    return error;
}

DWORD content_information(struct content_session *session,
                          const struct content_identifier *identifier,
                          const struct content_request *request)
{
    PEERDIST_RETRIEVAL_OPTIONS options = {.cbSize = sizeof(options),
                                          .dwContentInfoMinVersion = request->min_version,
                                          .dwContentInfoMaxVersion = request->max_version};
    PEERDIST_CONTENTINFO_HANDLE handle = NULL;
    uint8_t *buffer = malloc(PIECE_SIZE);
    DWORD error = ERROR_NOT_ENOUGH_MEMORY;

    if (!buffer)
        return error;
    error = PeerDistServerOpenContentInformationEx(session->instance, identifier->length,
                                                   identifier->bytes, request->offset,
                                                   request->length, &options, NULL, 0, &handle);
    if (error == ERROR_SUCCESS) {
        while (error == ERROR_SUCCESS) {
            OVERLAPPED overlapped;
            DWORD got = 0;
            prepare(session, &overlapped);
            error = await(PeerDistServerRetrieveContentInformation(session->instance, handle,
                                                                   PIECE_SIZE, buffer, &overlapped),
                          &overlapped, &got);
            if (error == ERROR_SUCCESS)
                error = request->piece(request->context, buffer, got);
        }
        if (error == PEERDIST_ERROR_NO_MORE)
            error = ERROR_SUCCESS;
        PeerDistServerCloseContentInformation(session->instance, handle);
    }
    /* It held the secrets of segments. */
    SecureZeroMemory(buffer, PIECE_SIZE);
    free(buffer);
    return error;
}
