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

struct fetch_request {
    const uint8_t *information;
    size_t information_length;
    PEERDIST_CONTENT_TAG tag;
    DWORD timeout;              /* of each read, milliseconds or a PEERDIST_READ_TIMEOUT constant */
    struct file_reader *origin; /* the whole content; NULL: what is missing is an error */
    /* Receives the bytes in order; a Win32 error ends the call. */
    DWORD (*piece)(void *context, const uint8_t *data, DWORD length);
    void *context;
};
struct fetch_result {
    uint64_t from_cache, from_origin;        /* bytes */
    uint64_t missing_offset, missing_length; /* where it ended with PEERDIST_ERROR_MISSING_DATA or
                                              * ERROR_TIMEOUT */
};
/* ERROR_HANDLE_EOF: the origin ends before the content does. */
DWORD fetch_content(struct content_session *session, const struct fetch_request *request,
                    struct fetch_result *result);

#endif
