/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process that adds and reads content is killed at a random moment, 200 times: the data cache
 * opens every time, what it has is right, and what had been committed is there.
 */
#include <stdlib.h>
#include <string.h>

#include "pe/check.h"
#include "pe/client_support.h"
#include "pe/partner.h"

#define RUNS     200
#define SIZE     (2u << 20)
#define PART     (256u << 10) /* after each, the handle is closed, which commits */
#define OVERLAP  (128u << 10) /* the largest block: a handle that begins in one cannot join it */
#define MAX_INFO 16384

/* Both processes know the content; the one that adds it tells how far it is. */
struct shared {
    HANDLE ready, steps; /* event: it runs; semaphore: one for each call */
    DWORD run, version;
    PEERDIST_CONTENT_TAG tag;
    size_t information_size;
    BYTE information[MAX_INFO];
    volatile LONG committed; /* bytes from the beginning */
    volatile LONG wrong;     /* code of a call that went wrong, or ERROR_CRC */
};
static struct shared *shared;
static HANDLE instance;
static uint32_t seed;

static uint32_t next_random(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static void fill(BYTE *data)
{
    pattern_fill(data, (ULONGLONG)shared->run * 8191, SIZE);
    for (DWORD at = 0; at < SIZE; at += 16384)
        memcpy(data + at, &shared->tag, sizeof(shared->tag));
}

/* ---- The process that dies ---- */

static void result(DWORD code)
{
    if (code != 0)
        InterlockedCompareExchange(&shared->wrong, (LONG)code, 0);
    ReleaseSemaphore(shared->steps, 1, NULL);
}

/* Reads what is there while it is being added. */
static DWORD WINAPI read_along(void *data)
{
    struct blob information = {shared->information, shared->information_size};
    HANDLE content = content_open_tag(instance, &information, &shared->tag);
    for (DWORD at = 0;; at = (at + 50021) % SIZE) {
        DWORD code = content_compare(instance, content, at, (const BYTE *)data + at, 1000);
        if (code != 0 && code != (DWORD)PEERDIST_ERROR_MISSING_DATA)
            result(code);
    }
    return 0;
}

static int victim(void)
{
    struct blob information = {shared->information, shared->information_size};
    BYTE *data = malloc(SIZE);
    if (data == NULL)
        return 1;
    seed = shared->run + 1;
    fill(data);
    instance = instance_new();
    CreateThread(NULL, 0, read_along, data, 0, NULL);
    SetEvent(shared->ready);
    for (DWORD begin = 0; begin < SIZE; begin += PART) {
        HANDLE content = content_open_tag(instance, &information, &shared->tag);
        for (DWORD at = begin < OVERLAP ? 0 : begin - OVERLAP; at < begin + PART;) {
            DWORD part = 1 + next_random() % 40000;
            if (part > begin + PART - at)
                part = begin + PART - at;
            result(content_add(instance, content, at, data + at, part));
            at += part;
        }
        result(PeerDistClientCloseContent(instance, content));
        InterlockedExchange(&shared->committed, (LONG)(begin + PART));
    }
    WaitForSingleObject(GetCurrentThread(), WAIT_LIMIT); /* for the end */
    return 0;
}

/* ---- The one that looks ---- */

static void prepare(BYTE *data)
{
    instance = instance_new();
    shared->tag = tag_new();
    fill(data);
    struct blob information = information_of(instance, data, SIZE, shared->version, 0, 0);
    require(information.size <= sizeof(shared->information), "the test", "room");
    memcpy(shared->information, information.bytes, information.size);
    shared->information_size = information.size;
    blob_fini(&information);
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
}

static void kill_some_time(void)
{
    LARGE_INTEGER now, end, frequency;
    struct partner partner = partner_start();
    require(WaitForSingleObject(shared->ready, WAIT_LIMIT) == WAIT_OBJECT_0, "the test",
            "the other process did not begin");
    for (uint32_t steps = next_random() % 90; steps > 0; steps--)
        require(WaitForSingleObject(shared->steps, WAIT_LIMIT) == WAIT_OBJECT_0, "3.1/completes",
                "the other process stands still");
    /* Calls that end are no random moments: a little later is. */
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&end);
    end.QuadPart += frequency.QuadPart * (next_random() % 3000) / 1000000;
    do
        QueryPerformanceCounter(&now);
    while (now.QuadPart < end.QuadPart);
    partner_kill(&partner);
    while (WaitForSingleObject(shared->steps, 0) == WAIT_OBJECT_0)
        ;
}

static void look(const BYTE *data)
{
    struct blob information = {shared->information, shared->information_size};
    BYTE byte;
    DWORD committed = (DWORD)shared->committed, code, begin;
    instance = instance_new();
    HANDLE content = content_open_tag(instance, &information, &shared->tag);
    check_equal(shared->wrong, 0, "ours/calls before the end");
    DWORD whole = committed;
    if (shared->version == 2 && committed < SIZE) /* the border may be in a block */
        whole = committed < OVERLAP ? 0 : committed - OVERLAP;
    check_equal(content_compare(instance, content, 0, data, whole), 0,
                "ours/what was committed is there");
    for (DWORD at = 0; at < SIZE; at += 16384) {
        code = content_compare(instance, content, at, data + at, 16384);
        check(code == 0 || code == (DWORD)PEERDIST_ERROR_MISSING_DATA, "ours/no wrong byte",
              "error %lu at %lu", code, at);
    }
    /* Who fetched what was missing is dead, and is not waited for. */
    begin = GetTickCount();
    code = content_block_read(instance, content, SIZE - 1, &byte, 1, WAIT_LIMIT, NULL, NULL);
    check(code == 0 || code == (DWORD)PEERDIST_ERROR_MISSING_DATA, "ours/a dead fetcher",
          "error %lu", code);
    check(GetTickCount() - begin < 3000, "ours/a dead fetcher is not waited for", "%lu ms",
          GetTickCount() - begin);
    check_equal(content_add(instance, content, 0, data, SIZE), 0, "ours/the cache goes on");
    check_equal(content_compare(instance, content, 0, data, SIZE), 0, "ours/the cache goes on");
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
    check_equal(content_flush(instance, &shared->tag), 0, "2.3/FlushContent [D]");
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
}

int main(int argc, char **argv)
{
    shared = partner_main(argc, argv);
    if (shared != NULL) {
        check_begin("victim", 300);
        return victim();
    }
    check_begin("pe.cache_killed", 280);
    shared = partner_memory(sizeof(*shared));
    shared->ready = CreateEventW(partner_inherits(), FALSE, FALSE, NULL);
    shared->steps = CreateSemaphoreW(partner_inherits(), 0, 0x7fffffff, NULL);
    BYTE *data = malloc(SIZE);
    require(data != NULL && shared->ready != NULL && shared->steps != NULL, "the machine", "none");
    seed = GetTickCount();
    unsigned unfinished = 0;
    for (DWORD run = 0; run < RUNS; run++) {
        shared->run = run;
        shared->version = 1 + run % 2;
        shared->committed = shared->wrong = 0;
        prepare(data);
        kill_some_time();
        unfinished += (DWORD)shared->committed < SIZE;
        look(data);
    }
    check(unfinished > RUNS / 2, "the test: most died in the middle of it", "%u", unfinished);
    free(data);
    return check_end();
}
