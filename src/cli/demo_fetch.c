/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Third part of the demonstration: fetch every file through a content handle, by the content
 * information of version 2 that was written before, and compare each byte with the file. */
#include "cli/demo_fetch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/error_text.h"
#include "cli/fetch.h"
#include "cli/output.h"

#define INFORMATION_LIMIT (64u << 20)

static const PEERDIST_CONTENT_TAG demo_tag = {"peerdist-demo  "};

struct comparison {
    struct demo *demo;
    struct file_reader file;
    uint8_t *expected; /* as long as a piece */
    uint64_t *done;
    const char *name;
};

static DWORD compare(void *context, uint64_t offset, const uint8_t *data, DWORD length)
{
    (void)offset; /* in order */
    struct comparison *comparison = context;
    DWORD got = 0;
    DWORD error = file_reader_read(&comparison->file, comparison->expected, length, &got);
    if (error == ERROR_SUCCESS &&
        (got != length || memcmp(data, comparison->expected, length) != 0))
        error = ERROR_CRC;
    *comparison->done += length;
    progress_update(&comparison->demo->bar, *comparison->done, comparison->name);
    return error;
}

static DWORD fetch_entry(struct demo *demo, size_t number, enum demo_source source,
                         struct comparison *comparison, struct demo_fetched *sum)
{
    const struct demo_entry *entry = &demo->entries[number];
    struct content_session session = {.instance = demo->instance};
    struct fetch_request request = {.tag = demo_tag,
                                    .timeout = source == DEMO_PEERS
                                                   ? PEERDIST_READ_TIMEOUT_DEFAULT
                                                   : PEERDIST_READ_TIMEOUT_LOCAL_CACHE_ONLY,
                                    .piece = compare,
                                    .context = comparison};
    bool from_origin = source == DEMO_ORIGIN;
    struct fetch_result result;
    struct file_reader origin;
    uint8_t *information = NULL;
    char path[1024];
    DWORD error;
    if (snprintf(path, sizeof(path), "%s/%04zu.v2.ci", demo->output, number + 1) >=
        (int)sizeof(path))
        return ERROR_FILENAME_EXCED_RANGE;
    error = file_read_whole(path, INFORMATION_LIMIT, &information, &request.information_length);
    if (error != ERROR_SUCCESS)
        return error;
    request.information = information;
    error = file_reader_open(&comparison->file, entry->path);
    if (error == ERROR_SUCCESS && from_origin)
        error = file_reader_open(&origin, entry->path);
    if (error == ERROR_SUCCESS) {
        request.origin = from_origin ? &origin : NULL;
        comparison->name = entry->name;
        error = fetch_content(&session, &request, &result);
        sum->from_cache += result.from_cache;
        sum->from_origin += result.from_origin;
        if (from_origin)
            file_reader_close(&origin);
    }
    file_reader_close(&comparison->file);
    SecureZeroMemory(information, request.information_length); /* segment secrets */
    free(information);
    return error;
}

static DWORD flush(struct demo *demo)
{
    OVERLAPPED overlapped = {0};
    DWORD bytes;
    DWORD error = PeerDistClientFlushContent(demo->instance, &demo_tag, NULL, 0, &overlapped);
    if (error != ERROR_IO_PENDING)
        return error;
    return PeerDistGetOverlappedResult(&overlapped, &bytes, TRUE) ? ERROR_SUCCESS : GetLastError();
}

BOOL demo_fetch(struct demo *demo, enum demo_source source, struct demo_fetched *sum)
{
    uint64_t done = 0, start;
    struct comparison comparison = {.demo = demo, .done = &done};
    DWORD error = source != DEMO_CACHE ? flush(demo) : ERROR_SUCCESS;
    memset(sum, 0, sizeof(*sum));
    if (error != ERROR_SUCCESS) {
        error_report(error, "cannot flush the cache");
        return FALSE;
    }
    comparison.expected = malloc(DEMO_BUFFER);
    if (comparison.expected == NULL) {
        error_report(ERROR_NOT_ENOUGH_MEMORY, "cannot fetch");
        return FALSE;
    }
    start = GetTickCount64();
    for (size_t i = 0; i < demo->count && error == ERROR_SUCCESS; i++) {
        if (demo->entries[i].size == 0)
            continue; /* which has no content information */
        error = fetch_entry(demo, i, source, &comparison, sum);
        if (error != ERROR_SUCCESS) {
            progress_end(&demo->bar);
            error_report(error, "cannot fetch %s", demo->entries[i].path);
        }
    }
    sum->seconds = (double)(GetTickCount64() - start) / 1000.0;
    free(comparison.expected);
    return error == ERROR_SUCCESS;
}
