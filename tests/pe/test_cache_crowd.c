/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two processes with 32 threads each read, add, cancel, flush and close, the same content and
 * content of their own, for a minute (PEERDIST_TEST_SECONDS: as long as that): every accepted call
 * completes exactly once, and no byte is ever wrong.
 */
#include <stdlib.h>
#include <string.h>

#include "pe/check.h"
#include "pe/client_support.h"
#include "pe/partner.h"

#define THREADS     32
#define COMMON      6 /* contents that all threads of both processes use */
#define COMMON_SIZE (1500000u)
#define OWN_SIZE    (200000u)
#define MAX_INFO    16384
#define OUTSTANDING 6
#define READ_SIZE   70000u

struct description {
    PEERDIST_CONTENT_TAG tag;
    DWORD number, size, information_size;
    BYTE information[MAX_INFO];
};

struct shared {
    struct description common[COMMON];
    HANDLE go; /* both are ready: the time begins */
    HANDLE ready;
    DWORD seconds;
};
static struct shared *shared;
static HANDLE instance;
static BYTE *common_data[COMMON];
static LONG ended;

/* One call. The OVERLAPPED is first, so that a packet finds it. */
struct slot {
    OVERLAPPED overlapped;
    bool accepted, read;
    LONG packets;
    DWORD error, bytes;
    BYTE *buffer;
};

struct worker {
    HANDLE thread, port; /* port NULL: events */
    uint32_t random;
    struct description own;
    BYTE *own_data, *buffers;
    struct slot slots[OUTSTANDING];
    ULONGLONG calls, bytes;
};

static uint32_t next_random(struct worker *worker, uint32_t below)
{
    worker->random = worker->random * 1664525u + 1013904223u;
    return (worker->random >> 8) % below;
}

static BYTE *data_of(const struct description *what)
{
    BYTE *data = malloc(what->size);
    require(data != NULL, "the machine", "no memory");
    pattern_fill(data, (ULONGLONG)what->number * 7919, what->size);
    for (DWORD at = 0; at + sizeof(what->tag) <= what->size; at += 16384)
        memcpy(data + at, &what->tag, sizeof(what->tag));
    return data;
}

static BYTE *describe(struct description *what, DWORD number, DWORD size)
{
    what->tag = tag_new();
    what->number = number;
    what->size = size;
    BYTE *data = data_of(what);
    struct blob information = information_of(instance, data, size, 1 + number % 2, 0, 0);
    require(information.size <= MAX_INFO, "the test", "room");
    memcpy(what->information, information.bytes, information.size);
    what->information_size = (DWORD)information.size;
    blob_fini(&information);
    return data;
}

/* ---- Calls ---- */

static struct slot *begin(struct worker *worker, unsigned number, ULONGLONG offset)
{
    struct slot *slot = &worker->slots[number];
    HANDLE event = slot->overlapped.hEvent;
    memset(&slot->overlapped, 0, sizeof(slot->overlapped));
    slot->overlapped.hEvent = event;
    slot->overlapped.Offset = (DWORD)offset;
    slot->packets = 0;
    slot->read = false;
    slot->buffer = worker->buffers + (size_t)number * READ_SIZE;
    return slot;
}

static void started(struct worker *worker, struct slot *slot, DWORD code)
{
    slot->accepted = code == ERROR_IO_PENDING;
    worker->calls++;
    check_equal(code, ERROR_IO_PENDING, "3.1/997 [D]");
}

static void await_all(struct worker *worker, unsigned count)
{
    unsigned left = 0;
    for (unsigned i = 0; i < count; i++)
        left += worker->slots[i].accepted;
    if (worker->port == NULL) {
        for (unsigned i = 0; i < count; i++) {
            struct slot *slot = &worker->slots[i];
            if (!slot->accepted)
                continue;
            require(WaitForSingleObject(slot->overlapped.hEvent, WAIT_LIMIT) == WAIT_OBJECT_0,
                    "3.1/no completion is lost [D]", "lost");
            slot->error = PeerDistGetOverlappedResult(&slot->overlapped, &slot->bytes, FALSE)
                              ? 0
                              : GetLastError();
        }
        return;
    }
    for (; left > 0; left--) {
        OVERLAPPED *done = NULL;
        DWORD bytes = 0;
        ULONG_PTR key = 0;
        DWORD error = GetQueuedCompletionStatus(worker->port, &bytes, &key, &done, WAIT_LIMIT)
                          ? 0
                          : GetLastError();
        require(done != NULL, "3.1/no completion is lost [D]", "lost");
        struct slot *slot = (struct slot *)done;
        check_equal(++slot->packets, 1, "3.1/exactly one completion [D]");
        check(slot->accepted && key == (ULONG_PTR)worker, "3.2/packet [D]", "another key or call");
        slot->error = error;
        slot->bytes = bytes;
    }
}

static void judge(struct worker *worker, unsigned count, const struct description *what,
                  const BYTE *data)
{
    for (unsigned i = 0; i < count; i++) {
        const struct slot *slot = &worker->slots[i];
        ULONGLONG offset = slot->overlapped.Offset;
        if (!slot->accepted)
            continue;
        check(slot->error == 0 || slot->error == ERROR_OPERATION_ABORTED ||
                  (slot->read &&
                   (slot->error == (DWORD)PEERDIST_ERROR_MISSING_DATA ||
                    slot->error == (DWORD)PEERDIST_ERROR_NO_MORE || slot->error == ERROR_TIMEOUT)),
              "2.3/what a call may answer [D]", "error %lu", slot->error);
        if (!slot->read || slot->error != 0)
            continue;
        check(slot->bytes > 0 && slot->bytes <= READ_SIZE && offset + slot->bytes <= what->size &&
                  memcmp(slot->buffer, data + offset, slot->bytes) == 0,
              "ours/no wrong byte", "%lu bytes at %llu of content %lu", slot->bytes, offset,
              what->number);
        worker->bytes += slot->bytes;
    }
}

/* Six calls at once, some of which are cancelled. */
static void mixed_calls(struct worker *worker, HANDLE content, const struct description *what,
                        BYTE *data)
{
    static const DWORD timeouts[] = {LOCAL_ONLY, 0, 1, 20};
    unsigned count = 1 + next_random(worker, OUTSTANDING);
    for (unsigned i = 0; i < count; i++) {
        DWORD at = next_random(worker, what->size);
        DWORD timeout = timeouts[next_random(worker, 4)], size = 1 + next_random(worker, READ_SIZE);
        struct slot *slot = begin(worker, i, at);
        switch (next_random(worker, 3)) {
        case 0:
            if (size > what->size - at)
                size = what->size - at;
            started(worker, slot,
                    PeerDistClientAddData(instance, content, size, data + at, &slot->overlapped));
            break;
        case 1:
            slot->read = true;
            started(worker, slot,
                    PeerDistClientStreamRead(instance, content, size, slot->buffer, timeout,
                                             &slot->overlapped));
            break;
        default:
            slot->read = true;
            started(worker, slot,
                    PeerDistClientBlockRead(instance, content, size, slot->buffer, timeout,
                                            &slot->overlapped));
        }
    }
    if (next_random(worker, 3) == 0)
        PeerDistClientCancelAsyncOperation(
            instance, content,
            next_random(worker, 2) ? NULL : &worker->slots[next_random(worker, count)].overlapped);
    if (next_random(worker, 4) == 0) {
        check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
        content = NULL;
    }
    await_all(worker, count);
    judge(worker, count, what, data);
    if (content != NULL)
        check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
}

/* As an application does: reads from the beginning, takes what is missing from the origin. */
static void fetch(struct worker *worker, HANDLE content, const struct description *what, BYTE *data)
{
    for (ULONGLONG position = 0; position < what->size;) {
        struct slot *slot = begin(worker, 0, 0);
        slot->read = true;
        started(worker, slot,
                PeerDistClientStreamRead(instance, content, READ_SIZE, slot->buffer, 50,
                                         &slot->overlapped));
        await_all(worker, 1);
        judge(worker, 1, what, data);
        if (slot->error != 0 && slot->error != (DWORD)PEERDIST_ERROR_MISSING_DATA &&
            slot->error != ERROR_TIMEOUT)
            break;
        check(slot->overlapped.Offset == position && slot->bytes > 0,
              "2.3/StreamRead goes on where it was [D]", "%lu, %lu bytes, not %llu",
              slot->overlapped.Offset, slot->bytes, position);
        DWORD bytes = slot->bytes;
        if (slot->error != 0) {
            slot = begin(worker, 0, position);
            started(worker, slot,
                    PeerDistClientAddData(instance, content, bytes, data + position,
                                          &slot->overlapped));
            await_all(worker, 1);
            judge(worker, 1, what, data);
        }
        position += bytes;
    }
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
}

static HANDLE open_handle(struct worker *worker, const struct description *what)
{
    struct blob information = {(BYTE *)what->information, what->information_size};
    HANDLE content = NULL;
    if (worker->port == NULL)
        return content_open_tag(instance, &information, &what->tag);
    require(PeerDistClientOpenContent(instance, &what->tag, worker->port, (ULONG_PTR)worker,
                                      &content) == 0,
            "2.3/OpenContent [D]", "failed");
    struct slot *slot = begin(worker, 0, 0);
    started(worker, slot,
            PeerDistClientAddContentInformation(instance, content, what->information_size,
                                                information.bytes, &slot->overlapped));
    slot = begin(worker, 1, 0);
    started(worker, slot,
            PeerDistClientCompleteContentInformation(instance, content, &slot->overlapped));
    await_all(worker, 2);
    require(worker->slots[0].error == 0 && worker->slots[1].error == 0, "2.3/information [D]",
            "error %lu, %lu", worker->slots[0].error, worker->slots[1].error);
    return content;
}

static DWORD WINAPI work(void *parameter)
{
    struct worker *worker = parameter;
    worker->own_data = describe(&worker->own, worker->random % 1000, OWN_SIZE);
    ReleaseSemaphore(shared->ready, 1, NULL);
    WaitForSingleObject(shared->go, WAIT_LIMIT);
    while (!ended) {
        unsigned which = next_random(worker, COMMON + 2);
        const struct description *what = which < COMMON ? &shared->common[which] : &worker->own;
        BYTE *data = which < COMMON ? common_data[which] : worker->own_data;
        HANDLE content = open_handle(worker, what);
        if (next_random(worker, 3) == 0)
            fetch(worker, content, what, data);
        else
            mixed_calls(worker, content, what, data);
        if (next_random(worker, 60) == 0)
            check_equal(content_flush(instance, &what->tag), 0, "2.3/FlushContent [D]");
    }
    return 0;
}

static void crowd(DWORD seed, bool leads)
{
    struct worker *workers = calloc(THREADS, sizeof(*workers));
    HANDLE threads[THREADS];
    ULONGLONG calls = 0, bytes = 0;
    require(workers != NULL, "the machine", "no memory");
    instance = instance_new();
    for (unsigned i = 0; i < COMMON; i++)
        common_data[i] = data_of(&shared->common[i]);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].random = seed + i;
        workers[i].port = i % 2 ? port_new() : NULL;
        workers[i].buffers = malloc((size_t)OUTSTANDING * READ_SIZE);
        require(workers[i].buffers != NULL, "the machine", "no memory");
        for (unsigned k = 0; k < OUTSTANDING && i % 2 == 0; k++)
            workers[i].slots[k].overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
        threads[i] = CreateThread(NULL, 0, work, &workers[i], 0, NULL);
        require(threads[i] != NULL, "the machine", "no thread");
    }
    for (unsigned i = 0; leads && i < 2 * THREADS; i++)
        require(WaitForSingleObject(shared->ready, WAIT_LIMIT) == WAIT_OBJECT_0, "the test",
                "only %u threads are ready", i);
    if (leads)
        SetEvent(shared->go);
    require(WaitForSingleObject(shared->go, WAIT_LIMIT) == WAIT_OBJECT_0, "the test", "no go");
    WaitForSingleObject(GetCurrentThread(), shared->seconds * 1000);
    InterlockedExchange(&ended, 1);
    check_equal(WaitForMultipleObjects(THREADS, threads, TRUE, 3 * WAIT_LIMIT), WAIT_OBJECT_0,
                "3.1/no completion is lost [D]");
    for (unsigned i = 0; i < THREADS; i++) {
        calls += workers[i].calls;
        bytes += workers[i].bytes;
        if (workers[i].port != NULL)
            check_equal(port_drain(workers[i].port), 0, "3.1/exactly one completion [D]");
    }
    check(calls > 1000, "the test: many calls", "%llu", calls);
    printf("%llu calls, %llu bytes read and compared\n", calls, bytes);
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
}

int main(int argc, char **argv)
{
    shared = partner_main(argc, argv);
    if (shared != NULL) {
        check_begin("pe.cache_crowd, the other process", shared->seconds + 120);
        crowd(1000, false);
        return check_end();
    }
    const char *asked = getenv("PEERDIST_TEST_SECONDS");
    DWORD seconds = asked != NULL ? strtoul(asked, NULL, 10) : 60;
    check_begin("pe.cache_crowd", seconds + 150);
    shared = partner_memory(sizeof(*shared));
    shared->seconds = seconds;
    shared->go = CreateEventW(partner_inherits(), TRUE, FALSE, NULL);
    shared->ready = CreateSemaphoreW(partner_inherits(), 0, 1000, NULL);
    instance = instance_new();
    for (DWORD i = 0; i < COMMON; i++)
        free(describe(&shared->common[i], i, COMMON_SIZE));
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
    struct partner partner = partner_start();
    crowd(1, true);
    check_equal(partner_end(&partner, 60000), 0, "the other process: all checks hold");
    return check_end();
}
