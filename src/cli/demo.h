/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The demonstration: a folder's files are published, several at a time, over one completion port.
 * It uses peerdist.dll as any application would, through its import library. */
#ifndef PEERDIST_CLI_DEMO_H
#define PEERDIST_CLI_DEMO_H

#include <windows.h>
#include <peerdist.h>
#include <stdint.h>
#include "cli/file_io.h"
#include "cli/progress.h"

#define DEMO_JOBS   4u         /* files in flight */
#define DEMO_BUFFER (1u << 20) /* bytes; two for each job */

/* One file of the folder. */
struct demo_entry {
    char *path;       /* as opened */
    const char *name; /* within the folder: its UTF-16LE form is the content identifier */
    uint64_t size;
};

struct demo {
    PEERDIST_INSTANCE_HANDLE instance;
    HANDLE port;
    struct demo_entry *entries;
    size_t count;
    const char *output; /* folder for the content information */
    struct progress bar;
    uint64_t published_bytes;
    /* Sums over all files, for versions 1 and 2. */
    struct demo_sum {
        uint64_t bytes; /* of content information */
        uint64_t segments;
        uint64_t blocks;
    } sums[2];
};

/* What one of the files in flight is doing. A job has one operation pending at a time. */
struct demo_job {
    OVERLAPPED overlapped;
    struct demo *demo;
    struct demo_entry *entry;
    wchar_t *identifier;
    uint8_t *buffers[2];
    /* Publishing. */
    struct file_reader reader;
    PEERDIST_STREAM_HANDLE stream;
    unsigned current; /* the buffer that belongs to the library */
    DWORD next_bytes; /* in the other one */
    DWORD read_error; /* of reading them */
    BOOL completing;
    /* Getting the content information. */
    PEERDIST_CONTENTINFO_HANDLE info;
    DWORD version;
    uint8_t *blob;
    size_t blob_length;
};

/* The steps of a task. Each returns ERROR_IO_PENDING when a completion will come, ERROR_SUCCESS
 * when the job's entry is done, or an error. `finish` lets go of what the job holds of the entry,
 * after success and failure alike. */
struct demo_task {
    DWORD (*start)(struct demo_job *job);
    DWORD (*advance)(struct demo_job *job, DWORD bytes);
    void (*finish)(struct demo_job *job);
    const char *failure; /* "cannot ..." */
};
extern const struct demo_task demo_publish_task;
extern const struct demo_task demo_information_task;

#endif
