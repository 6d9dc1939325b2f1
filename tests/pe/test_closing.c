/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handles that are closed, unpublished or shut down under work in progress, through ports and from
 * several threads at once. */
#include <stdlib.h>
#include <string.h>
#include "pe/check.h"
#include "pe/support.h"

#define LARGE  (32u << 20)
#define ADDS   6
#define READS  200
#define RACERS 4
#define RACES  150
#define ROUNDS 20
#define KEY    ((ULONG_PTR)7)

static HANDLE instance;
static BYTE *large;

/* Takes packets that are there now; the number of them, and how many carried 995. */
static unsigned take_all(HANDLE port, OVERLAPPED *first, unsigned count, unsigned *aborted)
{
    bool seen[READS] = {false};
    unsigned packets = 0;

    *aborted = 0;
    for (;;) {
        OVERLAPPED *overlapped = NULL;
        ULONG_PTR key = 0;
        DWORD bytes = 0;
        BOOL ok = GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, 0);
        DWORD error = ok ? 0 : GetLastError();
        size_t index;

        if (overlapped == NULL)
            return packets;
        index = (size_t)(overlapped - first);
        check(index < count && !seen[index % READS] && key == KEY,
              "3.1/exactly one completion each [D]", "packet for %p, number %llu",
              (void *)overlapped, (unsigned long long)index);
        seen[index % READS] = true;
        check(error == 0 || error == ERROR_OPERATION_ABORTED, "4.3/aborted or done [D]", "got %lu",
              error);
        check(error == 0 || bytes == 0, "4.3/995 carries 0 bytes [I]", "%lu bytes", bytes);
        *aborted += error == ERROR_OPERATION_ABORTED;
        packets++;
    }
}

static void test_stream_port(void)
{
    HANDLE port = port_new();
    unsigned aborted = 0;
    unsigned i;

    for (i = 0; i < ROUNDS && aborted == 0; i++) {
        struct identifier id = identifier_new();
        OVERLAPPED overlapped[ADDS];
        HANDLE stream;
        unsigned k;

        memset(overlapped, 0, sizeof(overlapped));
        check_equal(stream_new(instance, &id, 0, port, KEY, &stream), 0, "2.2/PublishStream [D]");
        for (k = 0; k < ADDS; k++)
            check_equal(
                PeerDistServerPublishAddToStream(instance, stream, LARGE, large, &overlapped[k]),
                ERROR_IO_PENDING, "8/Q19 additions are queued [I]");
        check_equal(PeerDistServerCloseStreamHandle(instance, stream), 0, "2.2/Close [D]");
        check_equal(take_all(port, overlapped, ADDS, &aborted), ADDS,
                    "4.3/all completions are posted before Close returns [I]");
    }
    check(aborted > 0, "2.2/CloseStreamHandle cancels what is pending [D]", "not in %u rounds", i);
    CloseHandle(port);
}

static void test_shutdown_port(void)
{
    HANDLE port = port_new();
    HANDLE own = instance_new();
    struct identifier id = identifier_new();
    OVERLAPPED overlapped[ADDS];
    PEERDIST_STATUS status;
    HANDLE stream;
    unsigned aborted = 0;
    unsigned k;

    memset(overlapped, 0, sizeof(overlapped));
    check_equal(stream_new(own, &id, 0, port, KEY, &stream), 0, "2.2/PublishStream [D]");
    for (k = 0; k < ADDS - 1; k++)
        check_equal(PeerDistServerPublishAddToStream(own, stream, LARGE, large, &overlapped[k]),
                    ERROR_IO_PENDING, "8/Q19 additions are queued [I]");
    check_equal(
        PeerDistRegisterForStatusChangeNotification(own, port, KEY, &overlapped[k], &status),
        ERROR_IO_PENDING, "2.1/Register [D]");
    check_equal(PeerDistShutdown(own), 0, "2.1/Shutdown [D]");
    check_equal(take_all(port, overlapped, ADDS, &aborted), ADDS,
                "2.1/all completions are posted before Shutdown returns [I]");
    check(aborted > 0, "2.1/Shutdown cancels what is pending [D]", "none was");
    CloseHandle(port);
}

static void test_information(bool by_unpublish)
{
    static OVERLAPPED overlapped[READS];
    static BYTE buffers[READS][64];
    struct identifier id = identifier_new();
    HANDLE port = port_new();
    HANDLE info = NULL;
    unsigned aborted = 0;
    unsigned accepted;
    DWORD result = ERROR_IO_PENDING;

    memset(overlapped, 0, sizeof(overlapped));
    check_equal(publish(instance, &id, large, LARGE), 0, "4.1/publish [D]");
    check_equal(
        PeerDistServerOpenContentInformation(instance, id.size, id.bytes, 0, 0, port, KEY, &info),
        0, "2.2/Open [D]");
    for (accepted = 0; accepted < READS; accepted++) {
        result = PeerDistServerRetrieveContentInformation(instance, info, sizeof(buffers[0]),
                                                          buffers[accepted], &overlapped[accepted]);
        if (result != ERROR_IO_PENDING)
            break;
    }
    check(accepted == READS, "4.1/concurrent Retrieves are queued [I]", "%u, then %lu", accepted,
          result);
    if (by_unpublish)
        check_equal(unpublish(instance, &id), 0, "2.2/Unpublish [D]");
    else
        check_equal(PeerDistServerCloseContentInformation(instance, info), 0, "2.2/Close [D]");
    check_equal(take_all(port, overlapped, READS, &aborted), accepted,
                "4.3, 4.1/all completions are posted before Close, Unpublish return [I]");
    if (by_unpublish) {
        check_equal(info_retrieve(instance, info, buffers[0], 1, NULL, NULL),
                    PEERDIST_ERROR_INVALIDATED, "4.1/Retrieve after Unpublish [I]");
        check_equal(PeerDistServerCloseContentInformation(instance, info), 0, "2.2/Close [D]");
    } else {
        check_equal(unpublish(instance, &id), 0, "2.2/Unpublish [D]");
    }
    check_equal(port_drain(port), 0, "3.1/exactly one completion each [D]");
    CloseHandle(port);
}

/* Several threads do the same thing to the same object at the same moment: one succeeds. */
enum deed {
    DEED_CLOSE_STREAM,
    DEED_CLOSE_INFO,
    DEED_UNPUBLISH,
    DEED_PUBLISH,
    DEED_SHUTDOWN,
    DEEDS
};

struct racer {
    enum deed deed;
    HANDLE instance;
    HANDLE object;
    struct identifier id;
    HANDLE go;
    DWORD result;
};

static DWORD WINAPI race(void *context)
{
    struct racer *racer = context;

    WaitForSingleObject(racer->go, WAIT_LIMIT);
    switch (racer->deed) {
    case DEED_CLOSE_STREAM:
        racer->result = PeerDistServerCloseStreamHandle(racer->instance, racer->object);
        break;
    case DEED_CLOSE_INFO:
        racer->result = PeerDistServerCloseContentInformation(racer->instance, racer->object);
        break;
    case DEED_UNPUBLISH:
        racer->result = unpublish(racer->instance, &racer->id);
        break;
    case DEED_PUBLISH:
        racer->result = stream_new(racer->instance, &racer->id, 0, NULL, 0, &racer->object);
        break;
    default:
        racer->result = PeerDistShutdown(racer->instance);
        break;
    }
    return 0;
}

static void test_races(enum deed deed)
{
    static const DWORD losers[DEEDS] = {ERROR_INVALID_HANDLE, ERROR_INVALID_HANDLE, ERROR_NOT_FOUND,
                                        PEERDIST_ERROR_ALREADY_EXISTS, ERROR_INVALID_HANDLE};
    HANDLE go = CreateEventW(NULL, TRUE, FALSE, NULL);
    unsigned round;

    for (round = 0; round < RACES / DEEDS; round++) {
        struct racer racers[RACERS];
        HANDLE threads[RACERS];
        struct racer model = {deed, instance, NULL, identifier_new(), go, 0};
        unsigned winners = 0;
        unsigned i;

        if (deed == DEED_SHUTDOWN)
            model.instance = instance_new();
        if (deed == DEED_CLOSE_STREAM)
            stream_new(instance, &model.id, 0, NULL, 0, &model.object);
        if (deed == DEED_CLOSE_INFO || deed == DEED_UNPUBLISH)
            publish(instance, &model.id, large, 100);
        if (deed == DEED_CLOSE_INFO)
            info_open(instance, &model.id, 1, 0, 0, &model.object);
        ResetEvent(go);
        for (i = 0; i < RACERS; i++) {
            racers[i] = model;
            threads[i] = CreateThread(NULL, 128 << 10, race, &racers[i], 0, NULL);
        }
        SetEvent(go);
        check_equal(WaitForMultipleObjects(RACERS, threads, TRUE, WAIT_LIMIT), WAIT_OBJECT_0,
                    "4.3/no thread waits for ever");
        for (i = 0; i < RACERS; i++) {
            CloseHandle(threads[i]);
            winners += racers[i].result == 0;
            check(racers[i].result == 0 || racers[i].result == losers[deed] ||
                      (deed == DEED_SHUTDOWN &&
                       racers[i].result == PEERDIST_ERROR_SHUTDOWN_IN_PROGRESS),
                  "4.3/the others find it gone [I]", "deed %d: got %lu", (int)deed,
                  racers[i].result);
            if (deed == DEED_PUBLISH && racers[i].result == 0)
                PeerDistServerCloseStreamHandle(instance, racers[i].object);
        }
        check(winners == 1, "4.3/of several at once exactly one succeeds [I]", "deed %d: %u did",
              (int)deed, winners);
        if (deed == DEED_CLOSE_INFO)
            unpublish(instance, &model.id);
    }
    CloseHandle(go);
}

/* Calls that meet a Shutdown: done before it, or told of it; never anything else. */
static DWORD WINAPI keep_calling(void *context)
{
    HANDLE victim = context;
    DWORD result = 0;

    while (result == 0) {
        struct identifier id = identifier_new();
        HANDLE stream = NULL;

        result = stream_new(victim, &id, 0, NULL, 0, &stream);
        if (result == 0)
            result = PeerDistServerCloseStreamHandle(victim, stream);
    }
    return result;
}

static void test_calls_during_shutdown(void)
{
    unsigned round;

    for (round = 0; round < 10; round++) {
        HANDLE victim = instance_new();
        HANDLE threads[RACERS];
        DWORD result;
        unsigned i;

        for (i = 0; i < RACERS; i++)
            threads[i] = CreateThread(NULL, 128 << 10, keep_calling, victim, 0, NULL);
        /* Some way into their work, a different one each time. */
        for (i = 0; i < round * 20; i++)
            PeerDistGetStatus(victim, (PEERDIST_STATUS *)&result);
        check_equal(PeerDistShutdown(victim), 0, "2.1/Shutdown [D]");
        check_equal(WaitForMultipleObjects(RACERS, threads, TRUE, WAIT_LIMIT), WAIT_OBJECT_0,
                    "2.1/no thread waits for ever");
        for (i = 0; i < RACERS; i++) {
            GetExitCodeThread(threads[i], &result);
            check(result == ERROR_INVALID_HANDLE || result == PEERDIST_ERROR_SHUTDOWN_IN_PROGRESS,
                  "6/calls racing Shutdown: 6 or 4056 [I]", "got %lu", result);
            CloseHandle(threads[i]);
        }
    }
}

int main(void)
{
    int deed;

    check_begin("pe.closing", 90);
    large = pattern_new(LARGE);
    instance = instance_new();
    test_stream_port();
    test_shutdown_port();
    test_information(false);
    test_information(true);
    for (deed = 0; deed < DEEDS; deed++)
        test_races((enum deed)deed);
    test_calls_during_shutdown();
    PeerDistShutdown(instance);
    free(large);
    return check_end();
}
