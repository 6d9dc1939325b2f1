/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Publishes every file of a folder, gets the content information of each in both versions, and
 * prints a table. An example of the API with a completion port and several files in flight. */
#include "cli/demo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include "cli/demo_fetch.h"
#include "cli/error_text.h"
#include "cli/output.h"
#include "cli/text.h"

#define DEEPEST      32u
#define LONGEST_NAME ((size_t)3 * MAX_PATH) /* bytes of UTF-8 */
#define LONG_WAIT    120000u                /* milliseconds without any completion */

static BOOL add_entry(struct demo *demo, const char *path, size_t prefix, uint64_t size)
{
    struct demo_entry *entry;

    if ((demo->count & (demo->count - 1)) == 0) {
        size_t room = demo->count == 0 ? 1 : 2 * demo->count;
        struct demo_entry *larger = realloc(demo->entries, room * sizeof(*larger));
        if (!larger)
            return FALSE;
        demo->entries = larger;
    }
    entry = &demo->entries[demo->count];
    entry->path = _strdup(path);
    if (!entry->path)
        return FALSE;
    entry->name = entry->path + prefix;
    entry->size = size;
    demo->count++;
    return TRUE;
}

/* Lists the files below `folder`; `prefix` characters of a path are not part of its name. */
static DWORD walk(struct demo *demo, const char *folder, size_t prefix, unsigned depth)
{
    size_t room = strlen(folder) + LONGEST_NAME + 3;
    char *path = malloc(room);
    wchar_t *native = NULL;
    HANDLE find = INVALID_HANDLE_VALUE;
    WIN32_FIND_DATAW data;
    DWORD error = ERROR_NOT_ENOUGH_MEMORY;

    if (!path)
        goto cleanup;
    snprintf(path, room, "%s/*", folder);
    native = text_native_path(path);
    if (!native)
        goto cleanup;
    find = FindFirstFileW(native, &data);
    if (find == INVALID_HANDLE_VALUE) {
        error = GetLastError();
        goto cleanup;
    }
    do {
        char *name = text_from_wide(data.cFileName);
        BOOL is_folder = (data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
        if (!name) {
            error = ERROR_INVALID_NAME; /* no Unicode; or no memory */
            goto cleanup;
        }
        snprintf(path, room, "%s/%s", folder, name);
        error = ERROR_SUCCESS;
        if (!is_folder) {
            uint64_t size = (uint64_t)data.nFileSizeHigh << 32 | data.nFileSizeLow;
            if (!add_entry(demo, path, prefix, size))
                error = ERROR_NOT_ENOUGH_MEMORY;
        } else if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && depth < DEEPEST &&
                   !(data.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)) {
            error = walk(demo, path, prefix, depth + 1);
        }
        free(name);
        if (error != ERROR_SUCCESS)
            goto cleanup;
    } while (FindNextFileW(find, &data));
    error = GetLastError() == ERROR_NO_MORE_FILES ? ERROR_SUCCESS : GetLastError();

cleanup:
    if (find != INVALID_HANDLE_VALUE)
        FindClose(find);
    free(native);
    free(path);
    return error;
}

/* Starts entries on a job until one is pending, or none is left, or one fails. */
static DWORD start_next(struct demo_job *job, const struct demo_task *task, size_t *next)
{
    struct demo *demo = job->demo;
    DWORD error = ERROR_SUCCESS;

    while (error == ERROR_SUCCESS && *next < demo->count) {
        job->entry = &demo->entries[(*next)++];
        job->identifier = text_to_wide(job->entry->name);
        if (!job->identifier)
            return ERROR_NOT_ENOUGH_MEMORY;
        error = task->start(job);
        if (error != ERROR_IO_PENDING) {
            task->finish(job);
            free(job->identifier);
        }
    }
    return error;
}

/* Takes all entries through a task. After a failure nothing new is started, but what is pending is
 * awaited: its memory belongs to the library until then. */
static BOOL run_task(struct demo *demo, struct demo_job *jobs, const struct demo_task *task)
{
    size_t next = 0, running = 0;
    BOOL good = TRUE;

    for (unsigned i = 0; i < DEMO_JOBS && good; i++) {
        DWORD error = start_next(&jobs[i], task, &next);
        if (error == ERROR_IO_PENDING) {
            running++;
        } else if (error != ERROR_SUCCESS) {
            error_report(error, "%s %s", task->failure, jobs[i].entry->path);
            good = FALSE;
        }
    }
    while (running > 0) {
        DWORD bytes = 0, error = ERROR_SUCCESS;
        ULONG_PTR key;
        OVERLAPPED *overlapped = NULL;
        struct demo_job *job;

        if (!GetQueuedCompletionStatus(demo->port, &bytes, &key, &overlapped, LONG_WAIT))
            error = GetLastError();
        if (!overlapped) {
            /* Nothing may be freed now; the caller ends the process. */
            error_report(error, "no completion came");
            return FALSE;
        }
        job = CONTAINING_RECORD(overlapped, struct demo_job, overlapped);
        if (error == ERROR_SUCCESS || error == PEERDIST_ERROR_NO_MORE)
            error = task->advance(job, bytes);
        if (error == ERROR_IO_PENDING)
            continue;
        task->finish(job);
        free(job->identifier);
        if (error == ERROR_SUCCESS && good)
            error = start_next(job, task, &next);
        if (error == ERROR_IO_PENDING)
            continue;
        running--;
        if (error != ERROR_SUCCESS) {
            progress_end(&demo->bar);
            error_report(error, "%s %s", task->failure, job->entry->path);
            good = FALSE;
        }
    }
    return good;
}

/* Which file is which, for whoever checks the result: number, size, path. */
static DWORD write_manifest(const struct demo *demo)
{
    struct file_writer writer;
    char line[2048];
    DWORD error;

    snprintf(line, sizeof(line), "%s/manifest.tsv", demo->output);
    error = file_writer_open(&writer, line);
    for (size_t i = 0; i < demo->count && error == ERROR_SUCCESS; i++) {
        int length = snprintf(line, sizeof(line), "%04zu\t%" PRIu64 "\t%s\n", i + 1,
                              demo->entries[i].size, demo->entries[i].name);
        if (length >= (int)sizeof(line))
            error = ERROR_FILENAME_EXCED_RANGE;
        else
            error = file_writer_write(&writer, line, (DWORD)length);
    }
    if (error == ERROR_SUCCESS)
        return file_writer_commit(&writer);
    file_writer_abandon(&writer);
    return error;
}

static void print_table(const struct demo *demo, double publishing, double retrieving)
{
    output_print("files                 %10zu\n", demo->count);
    output_print("bytes                 %10" PRIu64 "\n", demo->published_bytes);
    output_print("published in          %10.2f s\n", publishing);
    if (publishing > 0)
        output_print("speed                 %10.0f MB/s\n",
                     (double)demo->published_bytes / 1e6 / publishing);
    output_print("\n%-22s%10s%10s\n", "content information", "version 1", "version 2");
    output_print("%-22s%10" PRIu64 "%10" PRIu64 "\n", "segments", demo->sums[0].segments,
                 demo->sums[1].segments);
    output_print("%-22s%10" PRIu64 "%10" PRIu64 "\n", "blocks", demo->sums[0].blocks,
                 demo->sums[1].blocks);
    output_print("%-22s%10" PRIu64 "%10" PRIu64 "\n", "bytes", demo->sums[0].bytes,
                 demo->sums[1].bytes);
    output_print("%-22s%10.2f s, both\n", "read back in", retrieving);
}

static void print_fetched(const char *name, const struct demo_fetched *sum)
{
    output_print("%-22s%10" PRIu64 " bytes from the cache, %" PRIu64 " from the origin, in %.2f s",
                 name, sum->from_cache, sum->from_origin, sum->seconds);
    if (sum->seconds > 0)
        output_print(", %.0f MB/s",
                     (double)(sum->from_cache + sum->from_origin) / 1e6 / sum->seconds);
    output_print("\n");
}

static bool fetch_twice(struct demo *demo)
{
    struct demo_fetched first, second;
    progress_begin(&demo->bar, demo->published_bytes);
    if (!demo_fetch(demo, DEMO_ORIGIN, &first))
        return false;
    progress_end(&demo->bar);
    output_print("\n");
    print_fetched("fetched at first", &first);
    progress_begin(&demo->bar, demo->published_bytes);
    if (!demo_fetch(demo, DEMO_CACHE, &second))
        return false;
    progress_end(&demo->bar);
    print_fetched("fetched again", &second);
    if (first.from_cache + first.from_origin == demo->published_bytes &&
        second.from_cache == demo->published_bytes)
        return true;
    output_error("peerdist-demo: %" PRIu64 " bytes were published, and had to be fetched at first, "
                 "and again from the cache alone\n"
                 "  Is the cache large enough? See 'peerdist cache limit'.\n",
                 demo->published_bytes);
    return false;
}

/* What another machine published and has in its cache: of the folder only the bytes to compare with
 * are used. */
static int run_from_peers(struct demo *demo, const char *folder)
{
    struct demo_fetched fetched;
    uint64_t total = 0;
    DWORD error = walk(demo, folder, strlen(folder) + 1, 0);

    if (error != ERROR_SUCCESS)
        return error_report(error, "cannot list %s", folder);
    for (size_t i = 0; i < demo->count; i++)
        total += demo->entries[i].size;
    progress_begin(&demo->bar, total);
    if (!demo_fetch(demo, DEMO_PEERS, &fetched))
        return 1;
    progress_end(&demo->bar);
    output_print("%-22s%10" PRIu64 " bytes of %zu files, in %.2f s", "fetched from peers",
                 fetched.from_cache, demo->count, fetched.seconds);
    if (fetched.seconds > 0)
        output_print(", %.0f MB/s", (double)fetched.from_cache / 1e6 / fetched.seconds);
    output_print("\n");
    return fetched.from_cache == total ? 0 : 1;
}

static int run(struct demo *demo, struct demo_job *jobs, const char *folder)
{
    uint64_t total = 0, start;
    double publishing, retrieving;
    DWORD error = walk(demo, folder, strlen(folder) + 1, 0);

    if (error == ERROR_SUCCESS)
        error = write_manifest(demo);
    if (error != ERROR_SUCCESS)
        return error_report(error, "cannot list %s into %s", folder, demo->output);
    for (size_t i = 0; i < demo->count; i++)
        total += demo->entries[i].size;

    start = GetTickCount64();
    progress_begin(&demo->bar, total);
    if (!run_task(demo, jobs, &demo_publish_task))
        return 1;
    progress_end(&demo->bar);
    publishing = (double)(GetTickCount64() - start) / 1000.0;

    start = GetTickCount64();
    if (!run_task(demo, jobs, &demo_information_task))
        return 1;
    retrieving = (double)(GetTickCount64() - start) / 1000.0;
    print_table(demo, publishing, retrieving);
    return fetch_twice(demo) ? 0 : 1;
}

/* The C runtime's headers do not declare it. */
int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    static struct demo_job jobs[DEMO_JOBS];
    static struct demo demo;
    bool from_peers = argc == 4 && wcscmp(argv[1], L"--from-peers") == 0;
    char *folder = argc == 3 || from_peers ? text_from_wide(argv[argc - 2]) : NULL;
    char *output = argc == 3 || from_peers ? text_from_wide(argv[argc - 1]) : NULL;
    int code;
    DWORD error;

    output_init();
    if (!folder || !output) {
        output_error("usage: peerdist-demo [--from-peers] FOLDER OUTPUT-FOLDER\n");
        return 2;
    }
    demo.output = output;
    for (unsigned i = 0; i < DEMO_JOBS; i++) {
        jobs[i].demo = &demo;
        jobs[i].buffers[0] = malloc(DEMO_BUFFER);
        jobs[i].buffers[1] = malloc(DEMO_BUFFER);
        if (!jobs[i].buffers[0] || !jobs[i].buffers[1])
            return error_report(ERROR_NOT_ENOUGH_MEMORY, "cannot start");
    }
    demo.port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    if (!demo.port)
        return error_report(GetLastError(), "cannot make a completion port");
    error = PeerDistStartup(PEERDIST_VERSION, &demo.instance, NULL);
    if (error != ERROR_SUCCESS)
        return error_report(error, "cannot start the library");
    code = from_peers ? run_from_peers(&demo, folder) : run(&demo, jobs, folder);
    /* Ends the publications, and with them whatever a failure left pending. */
    PeerDistShutdown(demo.instance);
    CloseHandle(demo.port);
    for (unsigned i = 0; i < DEMO_JOBS; i++) {
        free(jobs[i].buffers[0]);
        free(jobs[i].buffers[1]);
        free(jobs[i].blob);
    }
    for (size_t i = 0; i < demo.count; i++)
        free(demo.entries[i].path);
    free(demo.entries);
    free(folder);
    free(output);
    return output_flush() ? code : 1;
}
