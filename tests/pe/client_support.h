/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the conformance tests of the client half share: contents with their information, and awaited
 * calls on content handles. */
#ifndef PEERDIST_TESTS_PE_CLIENT_SUPPORT_H
#define PEERDIST_TESTS_PE_CLIENT_SUPPORT_H

#include "pe/support.h"

#define LOCAL_ONLY PEERDIST_READ_TIMEOUT_LOCAL_CACHE_ONLY

/* A tag that nothing has used before. */
PEERDIST_CONTENT_TAG tag_new(void);

/* Content information of [offset, offset + length) of data (0, 0: all), made by publishing it. Ends
 * the program when that does not work. */
struct blob information_of(HANDLE instance, const BYTE *data, size_t size, DWORD version,
                           ULONGLONG offset, ULONGLONG length);

/* An open content handle with a new tag, or with this one, that was given the information. Ends the
 * program when that does not work. */
HANDLE content_open(HANDLE instance, const struct blob *information);
HANDLE content_open_tag(HANDLE instance, const struct blob *information,
                        const PEERDIST_CONTENT_TAG *tag);
/* One without information. */
HANDLE content_new(HANDLE instance, const PEERDIST_CONTENT_TAG *tag);

/* The calls, awaited: the code they return, or that of the completion. */
DWORD content_add_information(HANDLE instance, HANDLE content, const BYTE *data, size_t size);
DWORD content_complete_information(HANDLE instance, HANDLE content);
DWORD content_add(HANDLE instance, HANDLE content, ULONGLONG offset, const BYTE *data, size_t size);
/* offset and bytes receive what the completion says. */
DWORD content_block_read(HANDLE instance, HANDLE content, ULONGLONG at, BYTE *buffer, DWORD size,
                         DWORD timeout, ULONGLONG *offset, DWORD *bytes);
DWORD content_stream_read(HANDLE instance, HANDLE content, BYTE *buffer, DWORD size, DWORD timeout,
                          ULONGLONG *offset, DWORD *bytes);
DWORD content_flush(HANDLE instance, const PEERDIST_CONTENT_TAG *tag);

/* Reads [offset, offset + size) with BlockReads and compares: the first code that is not 0;
 * ERROR_CRC for other bytes. */
DWORD content_compare(HANDLE instance, HANDLE content, ULONGLONG offset, const BYTE *data,
                      size_t size);

/* Begins a call without awaiting it; the call is initialised. */
DWORD content_block_read_start(HANDLE instance, HANDLE content, ULONGLONG at, BYTE *buffer,
                               DWORD size, DWORD timeout, struct call *call);
DWORD content_stream_read_start(HANDLE instance, HANDLE content, BYTE *buffer, DWORD size,
                                DWORD timeout, struct call *call);

#endif
