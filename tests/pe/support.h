/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the conformance tests share: identifiers, content, awaited calls, whole publications. */
#ifndef PEERDIST_TESTS_PE_SUPPORT_H
#define PEERDIST_TESTS_PE_SUPPORT_H

#include <peerdist.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No single wait of a test is longer, in milliseconds. */
#define WAIT_LIMIT 20000u
/* A wait that reached WAIT_LIMIT, as a result of the functions below; no code of Windows'. */
#define NO_COMPLETION 0xFFFFFFF0u

/* A content identifier. */
struct identifier {
    DWORD size;
    BYTE bytes[64];
};

/* An identifier that nothing has used before, in this process or another. */
struct identifier identifier_new(void);

/* The test content: byte i is the top byte of the 32-bit product of i and 2654435761. */
void pattern_fill(BYTE *buffer, ULONGLONG offset, size_t size);
/* The same on the heap; ends the program when there is no memory. */
BYTE *pattern_new(size_t size);

/* An OVERLAPPED with a manual-reset event of its own. */
struct call {
    OVERLAPPED overlapped;
};
void call_init(struct call *call);
void call_fini(struct call *call);
/* Awaits the completion: 0 or its Win32 error; NO_COMPLETION. bytes may be NULL. */
DWORD call_wait(struct call *call, DWORD *bytes);

/* An instance; ends the program when there is none. */
HANDLE instance_new(void);

/* The calls, awaited: the code they return, or that of the completion. */
DWORD stream_new(HANDLE instance, const struct identifier *id, ULONGLONG length, HANDLE port,
                 ULONG_PTR key, HANDLE *stream);
DWORD stream_add(HANDLE instance, HANDLE stream, const BYTE *data, DWORD size);
DWORD stream_complete(HANDLE instance, HANDLE stream);
DWORD unpublish(HANDLE instance, const struct identifier *id);
DWORD cancel(HANDLE instance, const struct identifier *id, struct call *call);

/* Publishes data from beginning to end, in pieces of this size, and closes the stream. The first
 * code that is not 0. */
DWORD publish_pieces(HANDLE instance, const struct identifier *id, const BYTE *data, size_t size,
                     DWORD piece);
DWORD publish(HANDLE instance, const struct identifier *id, const BYTE *data, size_t size);

/* Opens content information of version 1 (without Ex) or of one version (with Ex, 2). */
DWORD info_open(HANDLE instance, const struct identifier *id, DWORD version, ULONGLONG offset,
                ULONGLONG length, HANDLE *info);
/* One awaited Retrieve; offset receives where the part lies; it and bytes may be NULL. */
DWORD info_retrieve(HANDLE instance, HANDLE info, BYTE *buffer, DWORD size, DWORD *bytes,
                    ULONGLONG *offset);

/* Bytes on the heap. */
struct blob {
    BYTE *bytes;
    size_t size;
};
void blob_fini(struct blob *blob);
/* Retrieves to the end in parts of this size, checks the offsets, appends to blob (zeroed before).
 * The last code: PEERDIST_ERROR_NO_MORE when all went well. */
DWORD info_read(HANDLE instance, HANDLE info, DWORD piece, struct blob *blob);
/* Opens, reads all, closes: 0, or the first code that was wrong. */
DWORD info_fetch(HANDLE instance, const struct identifier *id, DWORD version, ULONGLONG offset,
                 ULONGLONG length, struct blob *blob);

/* A stream kept busy: several long additions are pending on it, so that a call which is made next
 * meets the stream with operations pending. The work lasts some hundred milliseconds; what a test
 * concludes from it has to look whether the last operation was pending still. */
#define BUSY_CALLS 8
struct busy {
    HANDLE instance;
    HANDLE stream;
    struct identifier id;
    struct call calls[BUSY_CALLS];
    unsigned accepted;
};
/* Begins the publication and the additions; false (and a failed check) when that does not work. */
bool busy_start(struct busy *busy, HANDLE instance, HANDLE port);
/* Whether the last addition has no result yet. */
bool busy_pending(const struct busy *busy);
/* Awaits every addition; the number that completed with this code. */
unsigned busy_finish(struct busy *busy, DWORD code);

/* Whether an event or thread is signalled now. */
bool is_signalled(HANDLE handle);
/* A completion port; ends the program when there is none. */
HANDLE port_new(void);
/* Packets waiting at a port now are taken off; their number. */
unsigned port_drain(HANDLE port);

#endif
