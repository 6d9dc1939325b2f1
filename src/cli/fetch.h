/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading one content through a content handle, for a caller that waits: what the cache and peers
 * do not have is taken from a copy of the content, the origin, and added. Everything returns a
 * Win32 error. */
#ifndef PEERDIST_CLI_FETCH_H
#define PEERDIST_CLI_FETCH_H

#include <windows.h>
#include <peerdist.h>
#include <stdbool.h>
#include <stdint.h>
#include "cli/content.h"
#include "cli/file_io.h"

/* Tells whole blocks, and whether they are the content's: see cli/block_check.h. */
struct fetch_check {
    uint32_t (*cover)(void *context, uint64_t offset, uint64_t end, uint32_t room, uint64_t *begin);
    bool (*verify)(void *context, uint64_t begin, const uint8_t *data, uint32_t length,
                   uint64_t *wrong);
    void *context;
};

/* A part of the content: offsets of its first byte and of the one after its last. */
struct fetch_span {
    uint64_t begin, end;
};

struct fetch_request {
    const uint8_t *information;
    size_t information_length;
    PEERDIST_CONTENT_TAG tag;
    DWORD timeout;              /* of each read, milliseconds or a PEERDIST_READ_TIMEOUT constant */
    struct file_reader *origin; /* the whole content; NULL: what is missing is an error */
    /* Of what comes from the origin; NULL: it is handed on unchecked (and never gets into the cache
     * when it is wrong). */
    const struct fetch_check *check;
    HANDLE interrupted; /* event that ends the call with ERROR_OPERATION_ABORTED; may be NULL */
    /* What is read, in this order; NULL: everything from its beginning to its end, which is read
     * ahead. */
    const struct fetch_span *spans;
    size_t span_count;
    /* Receives the bytes of each span in order, and where in the content they are; a Win32 error
     * ends the call. */
    DWORD (*piece)(void *context, uint64_t offset, const uint8_t *data, DWORD length);
    void *context;
};
struct fetch_result {
    uint64_t from_cache, from_origin;        /* bytes */
    uint64_t missing_offset, missing_length; /* where it ended with PEERDIST_ERROR_MISSING_DATA or
                                              * ERROR_TIMEOUT; with ERROR_INVALID_DATA the
                                              * offset is that of the origin's wrong block */
};
/* ERROR_HANDLE_EOF: the origin ends before the content does. ERROR_INVALID_DATA: it is another
 * content. */
DWORD fetch_content(struct content_session *session, const struct fetch_request *request,
                    struct fetch_result *result);

#endif
