/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * 64 threads on one instance, 2,000 publications, with cancels, early closes and unpublishing at
 * random: every accepted operation completes exactly once, and no handle of the system is lost.
 */
#include <stdlib.h>
#include <string.h>
#include "pe/check.h"
#include "pe/footprint.h"
#include "pe/support.h"

#define THREADS       64
#define PUBLICATIONS  2000
#define PER_THREAD    ((PUBLICATIONS + THREADS - 1) / THREADS)
#define CALLS_EACH    12 /* operations of one publication, at most */
#define DATA          200000
#define READERS       2
#define MAX_SLOTS     (PER_THREAD * CALLS_EACH)
#define SENTINEL_KEY  ((ULONG_PTR)0xDEAD)
#define COMPLETED_KEY ((ULONG_PTR)0xC0)

/* One operation. The OVERLAPPED is first, so that a packet finds it. */
struct slot {
    OVERLAPPED overlapped;
    bool accepted;
    LONG packets;
    DWORD error;
};

struct worker {
    HANDLE instance;
    HANDLE port; /* NULL: events */
    uint32_t random;
    struct slot *slots;
    unsigned used;
    unsigned publications;
    unsigned unexpected;
    DWORD unexpected_code;
};

static BYTE data[DATA];
static BYTE sink[4096];

static uint32_t next_random(struct worker *worker)
{
    worker->random = worker->random * 1664525u + 1013904223u;
    return worker->random >> 8;
}

static struct slot *slot_new(struct worker *worker)
{
    struct slot *slot = &worker->slots[worker->used++];

    memset(slot, 0, sizeof(*slot));
    if (worker->port == NULL)
        slot->overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    return slot;
}

static void expect(struct worker *worker, bool fine, DWORD code)
{
    if (!fine) {
        worker->unexpected++;
        worker->unexpected_code = code;
    }
}

/* What calls on a stream may answer when it is closed or unpublished in between. */
static bool accepted(struct worker *worker, struct slot *slot, DWORD result)
{
    slot->accepted = result == ERROR_IO_PENDING;
    expect(worker,
           slot->accepted || result == PEERDIST_ERROR_INVALIDATED ||
               result == PEERDIST_ERROR_NO_MORE,
           result);
    return slot->accepted;
}

static void await(struct slot *slot)
{
    DWORD bytes;

    if (slot->accepted)
        PeerDistGetOverlappedResult(&slot->overlapped, &bytes, TRUE);
}

static void read_information(struct worker *worker, const struct identifier *id)
{
    HANDLE instance = worker->instance;
    struct identifier copy = *id;
    PEERDIST_RETRIEVAL_OPTIONS options = {sizeof(options), 1, 2, 0};
    HANDLE info;
    DWORD result = PeerDistServerOpenContentInformationEx(
        instance, copy.size, copy.bytes, 0, 0, &options, worker->port, COMPLETED_KEY, &info);
    unsigned i;

    expect(worker, result == 0 || result == ERROR_NOT_FOUND, result);
    if (result)
        return;
    for (i = 0; i < 3; i++) {
        struct slot *slot = slot_new(worker);

        /* All threads let it write to one place: what is written does not matter here. */
        if (!accepted(worker, slot,
                      PeerDistServerRetrieveContentInformation(instance, info, sizeof(sink), sink,
                                                               &slot->overlapped)))
            break;
        if (next_random(worker) % 4 == 0)
            PeerDistServerCancelAsyncOperation(instance, copy.size, copy.bytes, &slot->overlapped);
        else if (next_random(worker) % 2 == 0)
            await(slot);
    }
    result = PeerDistServerCloseContentInformation(instance, info);
    expect(worker, result == 0, result);
}

static void one_publication(struct worker *worker)
{
    HANDLE instance = worker->instance;
    struct identifier id = identifier_new();
    unsigned adds = next_random(worker) % 4;
    uint32_t fate = next_random(worker) % 8;
    struct slot *last = NULL;
    HANDLE stream;
    DWORD result = stream_new(instance, &id, 0, worker->port, COMPLETED_KEY, &stream);
    unsigned i;

    expect(worker, result == 0, result);
    if (result)
        return;
    worker->publications++;
    for (i = 0; i < adds; i++) {
        last = slot_new(worker);
        accepted(worker, last,
                 PeerDistServerPublishAddToStream(instance, stream, next_random(worker) % DATA,
                                                  data, &last->overlapped));
        if (next_random(worker) % 3 == 0)
            await(last);
    }
    if (fate == 0 && last)
        PeerDistServerCancelAsyncOperation(instance, id.size, id.bytes, &last->overlapped);
    if (fate != 1) {
        last = slot_new(worker);
        accepted(worker, last,
                 PeerDistServerPublishCompleteStream(instance, stream, &last->overlapped));
        if (fate == 2)
            PeerDistServerCancelAsyncOperation(instance, id.size, id.bytes, &last->overlapped);
        if (fate == 3) {
            result = unpublish(instance, &id);
            expect(worker, result == 0, result);
        }
        if (fate >= 4)
            await(last);
    }
    result = PeerDistServerCloseStreamHandle(instance, stream);
    expect(worker, result == 0, result);
    if (fate >= 4) {
        read_information(worker, &id);
        if (fate >= 6) {
            result = unpublish(instance, &id);
            expect(worker, result == 0, result);
        }
    }
}

static DWORD WINAPI work(void *context)
{
    struct worker *worker = context;
    unsigned i;

    for (i = 0; i < PER_THREAD; i++)
        one_publication(worker);
    return 0;
}

static DWORD WINAPI read_port(void *port)
{
    for (;;) {
        OVERLAPPED *overlapped = NULL;
        ULONG_PTR key = 0;
        DWORD bytes;
        BOOL ok = GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, INFINITE);

        if (key == SENTINEL_KEY || overlapped == NULL)
            return 0;
        ((struct slot *)overlapped)->error = ok ? 0 : GetLastError();
        InterlockedIncrement(&((struct slot *)overlapped)->packets);
    }
}

static void wait_all(HANDLE *threads, unsigned count)
{
    while (count-- > 0) {
        check_equal(WaitForSingleObject(threads[count], 100000), WAIT_OBJECT_0,
                    "3.1/no thread waits for ever");
        CloseHandle(threads[count]);
    }
}

/* All operations are over, each with one completion, when the instance is shut down. */
static void check_slots(const struct worker *worker, unsigned *total, unsigned *aborted)
{
    unsigned missing = 0;
    unsigned twice = 0;
    unsigned stray = 0;
    unsigned i;

    for (i = 0; i < worker->used; i++) {
        const struct slot *slot = &worker->slots[i];
        DWORD bytes;

        if (worker->port) {
            missing += slot->accepted && slot->packets == 0;
            twice += slot->packets > 1;
            stray += !slot->accepted && slot->packets > 0;
        } else {
            missing += slot->accepted && !is_signalled(slot->overlapped.hEvent);
            stray += !slot->accepted && is_signalled(slot->overlapped.hEvent);
            CloseHandle(slot->overlapped.hEvent);
        }
        if (!slot->accepted)
            continue;
        (*total)++;
        if (!HasOverlappedIoCompleted(&slot->overlapped))
            missing++;
        else if (!PeerDistGetOverlappedResult((OVERLAPPED *)&slot->overlapped, &bytes, FALSE))
            *aborted += GetLastError() == ERROR_OPERATION_ABORTED;
    }
    check(missing == 0 && twice == 0 && stray == 0, "3.1/exactly one completion each [D]",
          "missing %u, twice %u, for failed calls %u, of %u", missing, twice, stray, worker->used);
    check(worker->unexpected == 0, "4.1/nothing but the answers of the table",
          "%u others, the last %lu", worker->unexpected, worker->unexpected_code);
}

static void run(unsigned threads)
{
    struct worker *workers = calloc(threads, sizeof(*workers));
    HANDLE handles[THREADS];
    HANDLE readers[READERS];
    HANDLE port = port_new();
    HANDLE instance = instance_new();
    unsigned publications = 0;
    unsigned total = 0;
    unsigned aborted = 0;
    unsigned i;

    require(workers != NULL, "the machine", "no memory");
    for (i = 0; i < READERS; i++)
        readers[i] = CreateThread(NULL, 0, read_port, port, 0, NULL);
    for (i = 0; i < threads; i++) {
        workers[i].instance = instance;
        workers[i].port = i % 4 ? port : NULL;
        workers[i].random = 77 + i * 7919;
        workers[i].slots = calloc(MAX_SLOTS, sizeof(struct slot));
        require(workers[i].slots != NULL, "the machine", "no memory");
        handles[i] = CreateThread(NULL, 128 << 10, work, &workers[i], 0, NULL);
    }
    wait_all(handles, threads);
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
    /* Everything is posted by now, so that these come last. */
    for (i = 0; i < READERS; i++)
        PostQueuedCompletionStatus(port, 0, SENTINEL_KEY, NULL);
    wait_all(readers, READERS);
    check_equal(port_drain(port), 0, "2.1/nothing is posted after Shutdown [I]");
    for (i = 0; i < threads; i++) {
        check_slots(&workers[i], &total, &aborted);
        publications += workers[i].publications;
        free(workers[i].slots);
    }
    check(publications == threads * PER_THREAD, "4.1/PublishStream under load", "%u of %u",
          publications, threads * PER_THREAD);
    printf("%u publications, %u operations, %u of them aborted\n", publications, total, aborted);
    free(workers);
    CloseHandle(port);
}

int main(void)
{
    unsigned before;
    unsigned after;

    check_begin("pe.load", 118);
    pattern_fill(data, 0, sizeof(data));
    run(4); /* what the system and the library keep for good is made now */
    before = handle_count();
    run(THREADS);
    after = handle_count();
    check(before > 0 && after <= before + 2, "2.1/no handle of the system is lost [I]",
          "%u before, %u after", before, after);
    return check_end();
}
