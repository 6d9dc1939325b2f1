/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Content handles (sections 2.3, 2.4, 4.2, 8): states, content information, reads and what they
 * answer, additions, cancelling, flushing.
 */
#include "pe/client_support.h"

#include <stdlib.h>
#include <string.h>

#include "pe/check.h"

#define BLOCK 65536u

static HANDLE instance;
static BYTE *data;
#define SIZE (20 * BLOCK + 12345)

/* Content that no cache has seen: a mark in each block and segment. */
static void renew_data(void)
{
    PEERDIST_CONTENT_TAG mark = tag_new();
    for (size_t at = 0; at < SIZE; at += 16384)
        memcpy(data + at, &mark, sizeof(mark));
}

/* ---- 4.2, states ---- */

/* What each call answers at once; those that are accepted are awaited. */
static void check_calls(HANDLE content, DWORD add_information, DWORD complete, DWORD read,
                        DWORD add, const char *rule)
{
    BYTE byte;
    PEERDIST_CLIENT_BASIC_INFO basic = {TRUE};
    if (add_information != NO_COMPLETION)
        check_equal(content_add_information(instance, content, data, 0), add_information, rule);
    if (complete != NO_COMPLETION)
        check_equal(content_complete_information(instance, content), complete, rule);
    check_equal(content_block_read(instance, content, 0, &byte, 1, LOCAL_ONLY, NULL, NULL), read,
                rule);
    check_equal(content_stream_read(instance, content, &byte, 1, LOCAL_ONLY, NULL, NULL), read,
                rule);
    check_equal(content_add(instance, content, 0, data, 1), add, rule);
    check_equal(PeerDistClientCancelAsyncOperation(instance, content, NULL),
                PEERDIST_ERROR_OPERATION_NOTFOUND, rule);
    check_equal(PeerDistClientGetInformationByHandle(instance, content, PeerDistClientBasicInfo,
                                                     sizeof(basic), &basic),
                0, rule);
    check_equal(basic.fFlashCrowd, FALSE, rule);
}

static void test_states(void)
{
    static const BYTE bad[] = {0, 1, 0, 0};
    PEERDIST_CONTENT_TAG tag = tag_new();
    struct blob information = information_of(instance, data, SIZE, 1, 0, 0);
    HANDLE content = content_new(instance, &tag);
    BYTE version[] = {9, 9};

    check_calls(content, 0, NO_COMPLETION, PEERDIST_ERROR_NOT_INITIALIZED,
                PEERDIST_ERROR_NOT_INITIALIZED, "4.2/OPENED, FEEDING [I]");
    check_equal(content_complete_information(instance, content),
                PEERDIST_ERROR_CANNOT_PARSE_CONTENTINFO, "4.2/nothing added [I]");
    check_calls(content, PEERDIST_ERROR_CANNOT_PARSE_CONTENTINFO,
                PEERDIST_ERROR_CANNOT_PARSE_CONTENTINFO, PEERDIST_ERROR_NOT_INITIALIZED,
                PEERDIST_ERROR_NOT_INITIALIZED, "4.2/BROKEN [I]");
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
    check_equal(PeerDistClientCloseContent(instance, content), ERROR_INVALID_HANDLE,
                "4.3/closed [I]");

    content = content_new(instance, &tag);
    check_equal(content_add_information(instance, content, version, 2),
                PEERDIST_ERROR_CONTENTINFO_VERSION_UNSUPPORTED, "6/4050 [I]");
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
    content = content_new(instance, &tag);
    check_equal(content_add_information(instance, content, bad, 4), 0, "8/Q31 [I]");
    check_equal(content_complete_information(instance, content),
                PEERDIST_ERROR_CANNOT_PARSE_CONTENTINFO, "8/Q31 truncated [I]");
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
    content = content_new(instance, &tag);
    check_equal(content_add_information(instance, content, information.bytes, information.size), 0,
                "2.3/AddContentInformation [D]");
    check_equal(content_add_information(instance, content, information.bytes, 1),
                PEERDIST_ERROR_CANNOT_PARSE_CONTENTINFO, "8/Q31 trailing bytes [I]");
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");

    content = content_open(instance, &information);
    check_calls(content, PEERDIST_ERROR_ALREADY_COMPLETED, PEERDIST_ERROR_ALREADY_COMPLETED,
                PEERDIST_ERROR_MISSING_DATA, 0, "4.2/READY [I]");
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
    blob_fini(&information);
}

/* ---- Information in pieces, queued ---- */

static void test_pieces(DWORD version)
{
    static const size_t pieces[] = {1, 13, 1000};
    struct blob information = information_of(instance, data, SIZE, version, 0, 0);
    PEERDIST_CONTENT_TAG tag = tag_new();
    for (size_t p = 0; p < sizeof(pieces) / sizeof(*pieces); p++) {
        enum { OUTSTANDING = 8 };
        struct call calls[OUTSTANDING];
        HANDLE content = content_new(instance, &tag);
        size_t at = 0;
        while (at < information.size) {
            unsigned count = 0;
            for (; count < OUTSTANDING && at < information.size; count++) {
                size_t left = information.size - at;
                size_t part = left < pieces[p] ? left : pieces[p];
                call_init(&calls[count]);
                check_equal(PeerDistClientAddContentInformation(instance, content, (DWORD)part,
                                                                information.bytes + at,
                                                                &calls[count].overlapped),
                            ERROR_IO_PENDING, "8/Q19 queued in call order [I]");
                at += part;
            }
            for (unsigned i = 0; i < count; i++) {
                check_equal(call_wait(&calls[i], NULL), 0, "2.3/AddContentInformation [D]");
                call_fini(&calls[i]);
            }
        }
        check_equal(content_complete_information(instance, content), 0,
                    "2.3/CompleteContentInformation [D]");
        check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
    }
    blob_fini(&information);
}

/* ---- Reads ---- */

static void test_reads(DWORD version)
{
    struct blob information = information_of(instance, data, SIZE, version, 0, 0);
    PEERDIST_CONTENT_TAG tag = tag_new();
    HANDLE content = content_open_tag(instance, &information, &tag);
    BYTE *buffer = malloc(SIZE);
    ULONGLONG offset;
    DWORD bytes;
    require(buffer != NULL, "memory", "none");

    check_equal(content_stream_read(instance, content, buffer, 100, LOCAL_ONLY, &offset, &bytes),
                PEERDIST_ERROR_MISSING_DATA, "8/Q7 a local miss is MISSING_DATA [I]");
    check(offset == 0 && bytes == SIZE, "2.3/missing range to the end [D]", "%llu, %lu", offset,
          bytes);
    check_equal(content_stream_read(instance, content, buffer, 100, LOCAL_ONLY, NULL, NULL),
                PEERDIST_ERROR_NO_MORE, "2.3/the gap is skipped [D]");
    check_equal(content_block_read(instance, content, SIZE, buffer, 1, LOCAL_ONLY, NULL, NULL),
                PEERDIST_ERROR_NO_MORE, "8/Q10 at the end [I]");
    check_equal(content_block_read(instance, content, 0, NULL, 0, LOCAL_ONLY, &offset, &bytes), 0,
                "8/Q4 a query with nothing cached [I]");
    check(bytes == 0, "8/Q4 a query with nothing cached [I]", "%lu", bytes);

    check_equal(content_add(instance, content, 0, data, SIZE), 0, "2.3/AddData [D]");
    check_equal(content_compare(instance, content, 0, data, SIZE), 0, "2.3/BlockRead [D]");
    check_equal(content_compare(instance, content, BLOCK - 1, data + BLOCK - 1, 2 * BLOCK + 3), 0,
                "2.3/BlockRead across borders [D]");
    check_equal(content_block_read(instance, content, 777, NULL, 0, 5, &offset, &bytes), 0,
                "2.3/query [D]");
    check(bytes == SIZE - 777, "2.3/query: consecutive bytes [D]", "%lu", bytes);
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");

    content = content_open_tag(instance, &information, &tag);
    check_equal(content_stream_read(instance, content, NULL, 0, LOCAL_ONLY, NULL, &bytes), 0,
                "2.3/query [D]");
    for (ULONGLONG position = 0; position < SIZE; position += bytes) {
        DWORD result =
            content_stream_read(instance, content, buffer, 100000, LOCAL_ONLY, &offset, &bytes);
        require(result == 0 && offset == position && bytes > 0 && bytes <= 100000 &&
                    memcmp(buffer, data + position, bytes) == 0,
                "2.3/StreamRead, and 8/Q5 a query does not move it", "%lu at %llu, %lu bytes",
                result, offset, bytes);
    }
    check_equal(content_stream_read(instance, content, buffer, 1, LOCAL_ONLY, NULL, NULL),
                PEERDIST_ERROR_NO_MORE, "2.3/NO_MORE at the end [D]");

    check_equal(content_flush(instance, &tag), 0, "2.3/FlushContent [D]");
    check_equal(content_block_read(instance, content, 5, buffer, 1, LOCAL_ONLY, &offset, &bytes),
                PEERDIST_ERROR_MISSING_DATA, "8/Q22 handles stay valid, data is gone [I]");
    check(offset == 5 && bytes == SIZE - 5, "8/Q8 exactly from the offset [I]", "%llu, %lu", offset,
          bytes);
    check_equal(content_flush(instance, &tag), 0, "2.3/unknown tag [I]");
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
    blob_fini(&information);
    free(buffer);
}

static void test_range(DWORD version)
{
    const ULONGLONG start = 2 * BLOCK + 100, length = 7 * BLOCK;
    struct blob information = information_of(instance, data, SIZE, version, start, length);
    HANDLE content = content_open(instance, &information);
    ULONGLONG offset;
    DWORD bytes;
    BYTE byte;
    check_equal(content_block_read(instance, content, start - 1, &byte, 1, LOCAL_ONLY, NULL, NULL),
                PEERDIST_ERROR_NO_MORE, "2.3/before the range [D]");
    check_equal(
        content_block_read(instance, content, start + length, &byte, 1, LOCAL_ONLY, NULL, NULL),
        PEERDIST_ERROR_NO_MORE, "2.3/behind the range [D]");
    check_equal(content_block_read(instance, content, start, &byte, 1, LOCAL_ONLY, &offset, &bytes),
                PEERDIST_ERROR_MISSING_DATA, "2.3/MISSING_DATA [D]");
    check(offset == start && bytes == length, "2.3/clipped to the range [D]", "%llu, %lu", offset,
          bytes);
    check_equal(content_add(instance, content, 0, data, SIZE), 0,
                "2.3/data outside the range may be added [D]");
    check_equal(content_stream_read(instance, content, &byte, 1, LOCAL_ONLY, &offset, &bytes), 0,
                "2.3/StreamRead begins at the range [D]");
    check(offset == start && byte == data[start], "2.3/StreamRead begins at the range [D]", "%llu",
          offset);
    check_equal(content_compare(instance, content, start, data + start, length), 0,
                "2.3/BlockRead [D]");
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
    blob_fini(&information);
}

/* ---- Additions ---- */

static void test_additions(DWORD version)
{
    struct blob information = information_of(instance, data, SIZE, version, 0, 0);
    HANDLE content = content_open(instance, &information);
    BYTE byte;
    BYTE *wrong = malloc(SIZE);
    require(wrong != NULL, "memory", "none");
    memcpy(wrong, data, SIZE);
    wrong[10] ^= 1;

    check_equal(content_add(instance, content, SIZE, data, 1), PEERDIST_ERROR_OUT_OF_BOUNDS,
                "2.3/AddData past the end [D]");
    check_equal(content_add(instance, content, 7, data, 0), 0, "8/Q16 nothing [I]");
    check_equal(content_add(instance, content, 0, wrong, BLOCK * 2), 0, "8/Q12 wrong data [I]");
    check_equal(content_block_read(instance, content, 0, &byte, 1, LOCAL_ONLY, NULL, NULL),
                PEERDIST_ERROR_MISSING_DATA, "8/Q12 wrong data is dropped [I]");
    for (size_t at = 0; at < SIZE; at += 7777) {
        size_t part = SIZE - at < 7777 ? SIZE - at : 7777;
        require(content_add(instance, content, SIZE - at - part, data + SIZE - at - part, part) ==
                    0,
                "8/Q13 pieces, from the end to the beginning [I]", "failed");
    }
    check_equal(content_compare(instance, content, 0, data, SIZE), 0, "8/Q13 joined [I]");
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
    free(wrong);
    blob_fini(&information);
}

/* ---- Waiting for another handle, cancelling ---- */

static BOOL flash_crowd(HANDLE content)
{
    PEERDIST_CLIENT_BASIC_INFO basic = {FALSE};
    check_equal(PeerDistClientGetInformationByHandle(instance, content, PeerDistClientBasicInfo,
                                                     sizeof(basic), &basic),
                0, "2.3/GetInformationByHandle [D]");
    return basic.fFlashCrowd;
}

static void test_waiting(void)
{
    struct blob information = information_of(instance, data, SIZE, 2, 0, 0);
    HANDLE one = content_open(instance, &information), two = content_open(instance, &information);
    struct call first, second;
    ULONGLONG offset;
    DWORD bytes;
    BYTE bytes_read[2];

    check_equal(content_block_read(instance, one, 0, bytes_read, 1, 10000, NULL, NULL),
                PEERDIST_ERROR_MISSING_DATA, "ours/who misses first is to fetch");
    check_equal(flash_crowd(one), FALSE, "2.3/one handle fetches");
    check_equal(content_block_read(instance, two, 0, bytes_read, 1, 30, &offset, &bytes),
                ERROR_TIMEOUT, "8/Q7 still being brought at the deadline [I]");
    check(offset == 0 && bytes == SIZE, "2.3/TIMEOUT tells the missing range [D]", "%llu, %lu",
          offset, bytes);
    check_equal(flash_crowd(two), TRUE, "2.3/two handles want it [D]");

    call_init(&first);
    call_init(&second);
    check_equal(content_stream_read_start(instance, two, bytes_read, 1, 0xFFFFFFFF, &first),
                ERROR_IO_PENDING, "2.3/StreamRead [D]");
    check_equal(content_stream_read_start(instance, two, bytes_read + 1, 1, 0xFFFFFFFF, &second),
                ERROR_IO_PENDING, "2.3/several outstanding [D]");
    SetLastError(0);
    check_equal(PeerDistClientCancelAsyncOperation(instance, two, &first.overlapped), 0,
                "2.4/one [D]");
    check_equal(GetLastError(), ERROR_OPERATION_ABORTED, "2.4/GetLastError [I]");
    check(is_signalled(first.overlapped.hEvent), "2.4/posted before it returns [D]", "not");
    check_equal(call_wait(&first, &bytes), ERROR_OPERATION_ABORTED, "2.4/aborted [D]");
    check_equal(bytes, 0, "4.3/0 bytes [I]");
    check_equal(PeerDistClientCancelAsyncOperation(instance, two, &first.overlapped),
                PEERDIST_ERROR_OPERATION_NOTFOUND, "2.4/not pending [D]");
    check_equal(PeerDistClientCancelAsyncOperation(instance, two, NULL), 0, "2.4/all [D]");
    check_equal(call_wait(&second, NULL), ERROR_OPERATION_ABORTED, "2.4/aborted [D]");
    call_fini(&first);
    call_fini(&second);

    call_init(&first);
    check_equal(content_stream_read_start(instance, two, bytes_read, 1, 0xFFFFFFFF, &first),
                ERROR_IO_PENDING, "2.3/StreamRead [D]");
    check_equal(content_add(instance, one, 0, data, SIZE), 0, "2.3/AddData [D]");
    check_equal(call_wait(&first, &bytes), 0, "ours/the other handle's data ends the wait");
    check(bytes == 1 && bytes_read[0] == data[0] && first.overlapped.Offset == 0,
          "4.3/a cancelled StreamRead does not move the position [I]", "offset %lu",
          first.overlapped.Offset);
    call_fini(&first);

    check_equal(PeerDistClientCloseContent(instance, one), 0, "4.2/Close [D]");
    check_equal(PeerDistClientCloseContent(instance, two), 0, "4.2/Close [D]");

    /* Close completes what is pending. */
    blob_fini(&information);
    renew_data();
    information = information_of(instance, data, SIZE, 2, 0, 0);
    one = content_open(instance, &information);
    two = content_open(instance, &information);
    check_equal(content_block_read(instance, one, 0, bytes_read, 1, 10000, NULL, NULL),
                PEERDIST_ERROR_MISSING_DATA, "ours/who misses first is to fetch");
    call_init(&first);
    check_equal(content_block_read_start(instance, two, 0, bytes_read, 1, 0xFFFFFFFF, &first),
                ERROR_IO_PENDING, "2.3/BlockRead [D]");
    check_equal(PeerDistClientCloseContent(instance, two), 0, "4.2/Close [D]");
    check_equal(call_wait(&first, &bytes), ERROR_OPERATION_ABORTED, "4.3/995 [D]");
    check_equal(bytes, 0, "4.3/0 bytes [I]");
    call_fini(&first);
    check_equal(PeerDistClientCloseContent(instance, one), 0, "4.2/Close [D]");
    blob_fini(&information);
}

/* ---- Through a port, and Shutdown with reads that wait ---- */

static void test_port(void)
{
    HANDLE port = port_new(), own = instance_new(), content = NULL, other = NULL;
    PEERDIST_CONTENT_TAG tag = tag_new();
    struct blob information = information_of(own, data, SIZE, 1, 0, 0);
    OVERLAPPED calls[3], *done = NULL;
    BYTE byte;
    DWORD bytes = 0;
    ULONG_PTR key = 0;
    memset(calls, 0, sizeof(calls));
    check_equal(PeerDistClientOpenContent(own, &tag, port, 77, &content), 0, "2.3/Open [D]");
    check_equal(PeerDistClientAddContentInformation(own, content, (DWORD)information.size,
                                                    information.bytes, &calls[0]),
                ERROR_IO_PENDING, "3.1/997 [D]");
    check(GetQueuedCompletionStatus(port, &bytes, &key, &done, WAIT_LIMIT) && key == 77 &&
              done == &calls[0] && bytes == information.size,
          "3.2/packet [D]", "%lu bytes, key %lu", bytes, (DWORD)key);
    check_equal(PeerDistClientCompleteContentInformation(own, content, &calls[0]), ERROR_IO_PENDING,
                "3.1/997 [D]");
    check(GetQueuedCompletionStatus(port, &bytes, &key, &done, WAIT_LIMIT), "3.2/packet [D]",
          "error %lu", GetLastError());
    check_equal(PeerDistClientStreamRead(own, content, 1, &byte, 5000, &calls[0]), ERROR_IO_PENDING,
                "3.1/997 [D]");
    check(!GetQueuedCompletionStatus(port, &bytes, &key, &done, WAIT_LIMIT) &&
              GetLastError() == (DWORD)PEERDIST_ERROR_MISSING_DATA && bytes == SIZE,
          "3.4/a failure with a count [D]", "error %lu, %lu bytes", GetLastError(), bytes);
    other = content_open(own, &information);
    check_equal(PeerDistClientBlockRead(own, other, 1, &byte, 0xFFFFFFFF, &calls[1]),
                ERROR_IO_PENDING, "3.1/997 [D]");
    check_equal(PeerDistClientFlushContent(own, &tag, port, 88, &calls[2]), ERROR_IO_PENDING,
                "2.3/FlushContent [D]");
    check_equal(PeerDistShutdown(own), 0, "2.1/Shutdown [D]");
    check_equal((DWORD)calls[1].Internal, 0xC0000120, "2.1/aborted before it returns [I]");
    check(GetQueuedCompletionStatus(port, &bytes, &key, &done, 0) && key == 88 && done == &calls[2],
          "2.1/posted before it returns [I]", "key %lu", (DWORD)key);
    check_equal(port_drain(port), 0, "3.1/exactly one completion [D]");
    CloseHandle(port);
    blob_fini(&information);
}

int main(void)
{
    check_begin("pe.client", 120);
    data = pattern_new(SIZE);
    instance = instance_new();
    renew_data();
    test_states();
    for (DWORD version = 1; version <= 2; version++) {
        test_pieces(version);
        renew_data();
        test_reads(version);
        renew_data();
        test_range(version);
        renew_data();
        test_additions(version);
    }
    renew_data();
    test_waiting();
    renew_data();
    test_port();
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
    free(data);
    return check_end();
}
