/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts a file into the data cache and reads it back, as a simple program would: one call, wait, the
 * next. Beside it the same program reads the plain file. One line of JSON:
 *   bench_cache.exe FILE VERSION READ-BUFFER-BYTES ADD-BUFFER-BYTES */
#include <windows.h>

#include <peerdist.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/seconds.h"

#define CHUNK (1u << 20)

static PEERDIST_INSTANCE_HANDLE instance;

static void fail(const char *what, DWORD error)
{
    fprintf(stderr, "%s: error %lu\n", what, error);
    exit(1);
}

static DWORD await(DWORD called, OVERLAPPED *overlapped, DWORD *bytes)
{
    if (called != ERROR_IO_PENDING)
        return called;
    return PeerDistGetOverlappedResult(overlapped, bytes, TRUE) ? ERROR_SUCCESS : GetLastError();
}

static void must(const char *what, DWORD called, OVERLAPPED *overlapped)
{
    DWORD bytes, error = await(called, overlapped, &bytes);
    if (error != ERROR_SUCCESS)
        fail(what, error);
}

static void rewind_file(HANDLE file)
{
    if (SetFilePointer(file, 0, NULL, FILE_BEGIN) == INVALID_SET_FILE_POINTER)
        fail("rewind", GetLastError());
}

static DWORD read_file(HANDLE file, BYTE *buffer, DWORD length)
{
    DWORD read = 0;
    if (!ReadFile(file, buffer, length, &read, NULL))
        fail("read", GetLastError());
    return read;
}

static uint64_t publish(HANDLE file, BYTE *buffer)
{
    BYTE name[] = "bench";
    PEERDIST_STREAM_HANDLE stream;
    OVERLAPPED overlapped = {0};
    uint64_t length = 0;
    DWORD read, error = PeerDistServerPublishStream(instance, sizeof(name), name, 0, NULL, NULL, 0,
                                                    &stream);
    if (error != ERROR_SUCCESS)
        fail("publish", error);
    while ((read = read_file(file, buffer, CHUNK)) > 0) {
        must("add to stream",
             PeerDistServerPublishAddToStream(instance, stream, read, buffer, &overlapped),
             &overlapped);
        length += read;
    }
    must("complete", PeerDistServerPublishCompleteStream(instance, stream, &overlapped),
         &overlapped);
    PeerDistServerCloseStreamHandle(instance, stream);
    return length;
}

/* Hands the content information over to a new content handle. */
static PEERDIST_CONTENT_HANDLE open_content(DWORD version)
{
    static BYTE buffer[65536];
    BYTE name[] = "bench";
    PEERDIST_RETRIEVAL_OPTIONS options = {sizeof(options), version, version, 0};
    PEERDIST_CONTENT_TAG tag = {{(BYTE)version}};
    PEERDIST_CONTENTINFO_HANDLE information;
    PEERDIST_CONTENT_HANDLE content;
    OVERLAPPED overlapped = {0};
    DWORD bytes, error = PeerDistServerOpenContentInformationEx(instance, sizeof(name), name, 0, 0,
                                                                &options, NULL, 0, &information);
    if (error != ERROR_SUCCESS)
        fail("open content information", error);
    error = PeerDistClientOpenContent(instance, &tag, NULL, 0, &content);
    if (error != ERROR_SUCCESS)
        fail("open content", error);
    while ((error = await(PeerDistServerRetrieveContentInformation(
                              instance, information, sizeof(buffer), buffer, &overlapped),
                          &overlapped, &bytes)) == ERROR_SUCCESS) {
        memset(&overlapped, 0, sizeof(overlapped));
        must("add content information",
             PeerDistClientAddContentInformation(instance, content, bytes, buffer, &overlapped),
             &overlapped);
    }
    if (error != (DWORD)PEERDIST_ERROR_NO_MORE)
        fail("retrieve", error);
    must("complete content information",
         PeerDistClientCompleteContentInformation(instance, content, &overlapped), &overlapped);
    PeerDistServerCloseContentInformation(instance, information);
    return content;
}

static double add_all(HANDLE file, DWORD version, BYTE *buffer, DWORD size)
{
    PEERDIST_CONTENT_HANDLE content = open_content(version);
    PEERDIST_CONTENT_TAG tag = {{(BYTE)version}};
    OVERLAPPED overlapped = {0};
    uint64_t offset = 0;
    DWORD read;
    must("flush", PeerDistClientFlushContent(instance, &tag, NULL, 0, &overlapped), &overlapped);
    double start = seconds();
    while ((read = read_file(file, buffer, size)) > 0) {
        memset(&overlapped, 0, sizeof(overlapped));
        overlapped.Offset = (DWORD)offset;
        overlapped.OffsetHigh = (DWORD)(offset >> 32);
        must("add data", PeerDistClientAddData(instance, content, read, buffer, &overlapped),
             &overlapped);
        offset += read;
    }
    PeerDistClientCloseContent(instance, content); /* all is committed afterwards */
    return seconds() - start;
}

/* compare: with the file. */
static double read_all(HANDLE file, DWORD version, BYTE *buffer, DWORD size, bool compare)
{
    PEERDIST_CONTENT_HANDLE content = open_content(version);
    OVERLAPPED overlapped = {0};
    BYTE *expected = compare ? malloc(size) : NULL;
    DWORD bytes, error;
    double start = seconds();
    while ((error =
                await(PeerDistClientStreamRead(instance, content, size, buffer,
                                               PEERDIST_READ_TIMEOUT_LOCAL_CACHE_ONLY, &overlapped),
                      &overlapped, &bytes)) == ERROR_SUCCESS) {
        if (compare &&
            (read_file(file, expected, bytes) != bytes || memcmp(buffer, expected, bytes) != 0))
            fail("the cache gave other bytes", 0);
    }
    double elapsed = seconds() - start;
    if (error != (DWORD)PEERDIST_ERROR_NO_MORE)
        fail("stream read", error);
    free(expected);
    PeerDistClientCloseContent(instance, content);
    return elapsed;
}

int wmain(int count, wchar_t **words);

int wmain(int count, wchar_t **words)
{
    if (count != 5)
        return 2;
    DWORD version = (DWORD)_wtoi(words[2]), read_size = (DWORD)_wtoi(words[3]),
          add_size = (DWORD)_wtoi(words[4]);
    DWORD size = read_size > add_size ? read_size : add_size;
    BYTE *buffer = VirtualAlloc(NULL, size > CHUNK ? size : CHUNK, MEM_COMMIT, PAGE_READWRITE);
    HANDLE file = CreateFileW(words[1], GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                              FILE_FLAG_SEQUENTIAL_SCAN, NULL);
    if (buffer == NULL || file == INVALID_HANDLE_VALUE)
        fail("open", GetLastError());
    DWORD error = PeerDistStartup(PEERDIST_VERSION, &instance, NULL);
    if (error != ERROR_SUCCESS)
        fail("startup", error);
    uint64_t length = publish(file, buffer);

    rewind_file(file);
    double add = add_all(file, version, buffer, add_size);
    rewind_file(file);
    (void)read_all(file, version, buffer, read_size, true);
    rewind_file(file);
    double start = seconds();
    while (read_file(file, buffer, read_size) > 0)
        ;
    double plain = seconds() - start;
    double read = read_all(file, version, buffer, read_size, false);
    printf("{\"bytes\": %" PRIu64 ", \"plain\": %.6f, \"read\": %.6f, \"add\": %.6f}\n", length,
           plain, read, add);
    PeerDistShutdown(instance);
    return 0;
}
