/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Second task of the demonstration: get the content information of a published file, in both
 * versions, and write each to a file. */
#include "cli/demo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include "cli/text.h"

#define PIECE 65536u

/* Asks for the next piece, in the free room at the end of the blob. */
static DWORD retrieve(struct demo_job *job)
{
    uint8_t *larger = realloc(job->blob, job->blob_length + PIECE);

    if (!larger)
        return ERROR_NOT_ENOUGH_MEMORY;
    job->blob = larger;
    memset(&job->overlapped, 0, sizeof(job->overlapped));
    return PeerDistServerRetrieveContentInformation(job->demo->instance, job->info, PIECE,
                                                    job->blob + job->blob_length, &job->overlapped);
}

static DWORD open_version(struct demo_job *job, DWORD version)
{
    struct demo *demo = job->demo;
    PEERDIST_RETRIEVAL_OPTIONS options = {.cbSize = sizeof(options),
                                          .dwContentInfoMinVersion = version,
                                          .dwContentInfoMaxVersion = version};

    job->version = version;
    job->blob_length = 0;
    return PeerDistServerOpenContentInformationEx(
        demo->instance, (DWORD)(wcslen(job->identifier) * sizeof(wchar_t)), (BYTE *)job->identifier,
        0, 0, &options, demo->port, 0, &job->info);
}

static void close_version(struct demo_job *job)
{
    if (job->info)
        PeerDistServerCloseContentInformation(job->demo->instance, job->info);
    job->info = NULL;
}

static uint32_t big_endian(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* What the blob of a whole content says, from its layout ([MS-PCCRC] 2.3 and 2.4). */
static void add_to_sum(struct demo_sum *sum, DWORD version, const uint8_t *blob, size_t length)
{
    sum->bytes += length;
    if (version == 1 && length >= 18) {
        uint64_t segments = blob[14] | (uint32_t)blob[15] << 8 | (uint32_t)blob[16] << 16;
        sum->segments += segments;
        sum->blocks += (length - 18 - segments * 84) / 32;
    }
    for (size_t at = 31; version == 2 && at + 5 <= length;) {
        uint32_t chunk = big_endian(blob + at + 1);
        sum->segments += chunk / 68;
        sum->blocks += chunk / 68;
        at += 5 + (size_t)chunk;
    }
}

/* OUTPUT/0001.v1.ci for the first entry, and so on. */
static DWORD write_blob(struct demo_job *job)
{
    struct demo *demo = job->demo;
    struct file_writer writer;
    char path[1024];
    DWORD error;

    if (snprintf(path, sizeof(path), "%s/%04zu.v%lu.ci", demo->output,
                 (size_t)(job->entry - demo->entries) + 1, job->version) >= (int)sizeof(path))
        return ERROR_FILENAME_EXCED_RANGE;
    error = file_writer_open(&writer, path);
    if (error != ERROR_SUCCESS)
        return error;
    error = file_writer_write(&writer, job->blob, (DWORD)job->blob_length);
    if (error == ERROR_SUCCESS)
        return file_writer_commit(&writer);
    file_writer_abandon(&writer);
    return error;
}

/* Turns ERROR_NO_MORE, the end of one version's blob, into the start of the next one. */
static DWORD next_step(struct demo_job *job, DWORD error)
{
    while (error == PEERDIST_ERROR_NO_MORE) {
        add_to_sum(&job->demo->sums[job->version - 1], job->version, job->blob, job->blob_length);
        error = write_blob(job);
        close_version(job);
        if (error != ERROR_SUCCESS || job->version == 2)
            return error;
        error = open_version(job, 2);
        if (error == ERROR_SUCCESS)
            error = retrieve(job);
    }
    return error;
}

static DWORD information_start(struct demo_job *job)
{
    DWORD error = open_version(job, 1);

    if (error == ERROR_SUCCESS)
        error = retrieve(job);
    return next_step(job, error);
}

static DWORD information_advance(struct demo_job *job, DWORD bytes)
{
    job->blob_length += bytes;
    return next_step(job, retrieve(job));
}

static void information_finish(struct demo_job *job)
{
    close_version(job);
}

const struct demo_task demo_information_task = {information_start, information_advance,
                                                information_finish,
                                                "cannot get the content information of"};
