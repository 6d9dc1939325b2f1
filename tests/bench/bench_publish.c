/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Publishes a file through the exported API as a simple program would: read a buffer, add it, wait
 * for its completion, repeat. One measurement a run, one line of JSON:
 *   bench_publish.exe FILE BUFFER-BYTES STREAMS result|port
 * result: waits in PeerDistGetOverlappedResult; port: on a completion port. */
#include <windows.h>

#include <peerdist.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/seconds.h"

struct job {
    const wchar_t *path;
    DWORD buffer_size;
    int number;
    bool with_port;
    PEERDIST_INSTANCE_HANDLE instance;
    uint64_t bytes;
    DWORD error;
};

/* Processor time of this process, user and kernel. */
static double processor_seconds(void)
{
    FILETIME created, ended, kernel, user;
    if (!GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user))
        return 0;
    uint64_t ticks = ((uint64_t)kernel.dwHighDateTime << 32 | kernel.dwLowDateTime) +
                     ((uint64_t)user.dwHighDateTime << 32 | user.dwLowDateTime);
    return (double)ticks / 1e7;
}

static DWORD await(HANDLE port, OVERLAPPED *overlapped, DWORD called)
{
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *done;
    if (called != ERROR_IO_PENDING)
        return called;
    BOOL good = port != NULL ? GetQueuedCompletionStatus(port, &bytes, &key, &done, INFINITE)
                             : PeerDistGetOverlappedResult(overlapped, &bytes, TRUE);
    return good ? ERROR_SUCCESS : GetLastError();
}

static DWORD publish(struct job *job, HANDLE file, HANDLE port, BYTE *buffer)
{
    PEERDIST_STREAM_HANDLE stream;
    OVERLAPPED overlapped = {0};
    DWORD read = 0;
    DWORD error = PeerDistServerPublishStream(job->instance, sizeof(job->number),
                                              (PBYTE)&job->number, 0, NULL, port, 1, &stream);
    if (error != ERROR_SUCCESS)
        return error;
    while (error == ERROR_SUCCESS && ReadFile(file, buffer, job->buffer_size, &read, NULL) &&
           read > 0) {
        error = await(
            port, &overlapped,
            PeerDistServerPublishAddToStream(job->instance, stream, read, buffer, &overlapped));
        job->bytes += read;
    }
    if (error == ERROR_SUCCESS)
        error = await(port, &overlapped,
                      PeerDistServerPublishCompleteStream(job->instance, stream, &overlapped));
    PeerDistServerCloseStreamHandle(job->instance, stream);
    return error;
}

static DWORD WINAPI run(void *argument)
{
    struct job *job = argument;
    HANDLE file = CreateFileW(job->path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                              FILE_FLAG_SEQUENTIAL_SCAN, NULL);
    HANDLE port = job->with_port ? CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1) : NULL;
    BYTE *buffer = VirtualAlloc(NULL, job->buffer_size, MEM_COMMIT, PAGE_READWRITE);
    if (file == INVALID_HANDLE_VALUE || (job->with_port && port == NULL) || buffer == NULL)
        job->error = GetLastError();
    else
        job->error = publish(job, file, port, buffer);
    if (buffer != NULL)
        VirtualFree(buffer, 0, MEM_RELEASE);
    if (port != NULL)
        CloseHandle(port);
    CloseHandle(file);
    return 0;
}

int wmain(int count, wchar_t **words);

int wmain(int count, wchar_t **words)
{
    enum { STREAMS_MAX = 16 };
    struct job jobs[STREAMS_MAX];
    HANDLE threads[STREAMS_MAX];
    PEERDIST_INSTANCE_HANDLE instance;
    PEERDIST_STATUS_INFO status = {.cbSize = sizeof(status)};
    if (count != 5)
        return 2;
    int streams = _wtoi(words[3]);
    if (streams < 1 || streams > STREAMS_MAX || _wtoi(words[2]) < 1)
        return 2;
    if (PeerDistStartup(PEERDIST_VERSION, &instance, NULL) != ERROR_SUCCESS ||
        PeerDistGetStatusEx(instance, &status) != ERROR_SUCCESS)
        return 1;

    double start = seconds(), processor = processor_seconds();
    for (int i = 0; i < streams; i++) {
        jobs[i] = (struct job){.path = words[1],
                               .buffer_size = (DWORD)_wtoi(words[2]),
                               .number = i,
                               .with_port = wcscmp(words[4], L"port") == 0,
                               .instance = instance};
        threads[i] = CreateThread(NULL, 0, run, &jobs[i], 0, NULL);
    }
    WaitForMultipleObjects((DWORD)streams, threads, TRUE, INFINITE);
    double elapsed = seconds() - start;
    processor = processor_seconds() - processor;

    uint64_t bytes = 0;
    for (int i = 0; i < streams; i++) {
        CloseHandle(threads[i]);
        bytes += jobs[i].bytes;
        if (jobs[i].error != ERROR_SUCCESS) {
            fprintf(stderr, "stream %d failed with error %lu\n", i, jobs[i].error);
            return 1;
        }
    }
    printf("{\"bytes\": %" PRIu64 ", \"seconds\": %.6f, \"processor\": %.3f, \"version\": %lu}\n",
           bytes, elapsed, processor, status.dwMaxVer);
    PeerDistShutdown(instance);
    return 0;
}
