/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* First task of the demonstration: publish a file. While the library works on one buffer, the other
 * is filled from the file. */
#include "cli/demo.h"

#include <string.h>
#include <wchar.h>

static void read_next(struct demo_job *job)
{
    job->read_error = file_reader_read(&job->reader, job->buffers[1 - job->current], DEMO_BUFFER,
                                       &job->next_bytes);
}

/* Gives the buffer that was filled last to the library, or ends the content when it is empty. */
static DWORD submit(struct demo_job *job)
{
    struct demo *demo = job->demo;
    DWORD error;

    if (job->read_error != ERROR_SUCCESS)
        return job->read_error;
    memset(&job->overlapped, 0, sizeof(job->overlapped));
    if (job->next_bytes == 0) {
        job->completing = TRUE;
        return PeerDistServerPublishCompleteStream(demo->instance, job->stream, &job->overlapped);
    }
    job->current = 1 - job->current;
    error = PeerDistServerPublishAddToStream(demo->instance, job->stream, job->next_bytes,
                                             job->buffers[job->current], &job->overlapped);
    /* An error here is kept: the pending call has to end first. */
    if (error == ERROR_IO_PENDING)
        read_next(job);
    return error;
}

static DWORD publish_start(struct demo_job *job)
{
    struct demo *demo = job->demo;
    DWORD error = file_reader_open(&job->reader, job->entry->path);

    job->stream = NULL;
    job->current = 0;
    job->completing = FALSE;
    if (error == ERROR_SUCCESS)
        error = PeerDistServerPublishStream(
            demo->instance, (DWORD)(wcslen(job->identifier) * sizeof(wchar_t)),
            (BYTE *)job->identifier, job->reader.size, NULL, demo->port, 0, &job->stream);
    if (error != ERROR_SUCCESS)
        return error;
    read_next(job);
    return submit(job);
}

static DWORD publish_advance(struct demo_job *job, DWORD bytes)
{
    struct demo *demo = job->demo;

    if (job->completing)
        return ERROR_SUCCESS;
    demo->published_bytes += bytes;
    progress_update(&demo->bar, demo->published_bytes, job->entry->name);
    return submit(job);
}

static void publish_finish(struct demo_job *job)
{
    if (job->stream)
        PeerDistServerCloseStreamHandle(job->demo->instance, job->stream);
    file_reader_close(&job->reader);
}

const struct demo_task demo_publish_task = {publish_start, publish_advance, publish_finish,
                                            "cannot publish"};
