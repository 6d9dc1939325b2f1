/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One content through the API of peerdist.dll, for a caller that waits: publish what a reader
 * gives, get the content information back. Everything returns a Win32 error. */
#ifndef PEERDIST_CLI_CONTENT_H
#define PEERDIST_CLI_CONTENT_H

#include <windows.h>
#include <peerdist.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cli/file_io.h"

struct content_session {
    PEERDIST_INSTANCE_HANDLE instance;
    HANDLE done; /* event: the pending call has completed */
};
DWORD content_session_open(struct content_session *session);
/* Removes the publications made through it. Does nothing after an open that failed. */
void content_session_close(struct content_session *session);

struct content_identifier {
    uint8_t *bytes; /* UTF-16LE without NUL here; the API takes any bytes */
    DWORD length;
};

struct content_source {
    struct file_reader *reader;
    DWORD buffer_size;   /* bytes given to the library at a time, at least 1 */
    bool length_unknown; /* do not declare the length */
    /* Called after each buffer with the bytes published so far; false stops the publication, which
     * then fails with ERROR_OPERATION_ABORTED. */
    bool (*advanced)(void *context, uint64_t bytes);
    void *context;
};
/* *bytes: how many the content had. On failure nothing is published. */
DWORD content_publish(struct content_session *session, const struct content_identifier *identifier,
                      const struct content_source *source, uint64_t *bytes);

struct content_request {
    uint64_t offset, length; /* the range; 0 and 0: the whole content */
    DWORD min_version, max_version;
    /* Receives the blob piece by piece; a Win32 error ends the call. */
    DWORD (*piece)(void *context, const uint8_t *data, DWORD length);
    void *context;
};
/* Content of 0 bytes has an information of 0 bytes: no piece comes. */
DWORD content_information(struct content_session *session,
                          const struct content_identifier *identifier,
                          const struct content_request *request);

#endif
