/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What content handles share: bytes found by segment ID under any content tag, fetches that are on
 * their way, and both with other processes of the user.
 */
#include "pe/client_support.h"

#include <stdlib.h>
#include <string.h>

#include "pe/check.h"
#include "pe/partner.h"

#define SIZE     (7u * 65536 + 999)
#define MAX_INFO 4096

/* What the other process does next, until it is killed. It has one content handle. */
enum order { ORDER_MISS, ORDER_ADD, ORDER_CLOSE };

struct shared {
    HANDLE go, done; /* events */
    volatile LONG order, code;
    PEERDIST_CONTENT_TAG tag;
    size_t information_size;
    BYTE information[MAX_INFO];
    BYTE data[SIZE];
};
static struct shared *shared;
static HANDLE instance;

static BOOL flash_crowd(HANDLE content)
{
    PEERDIST_CLIENT_BASIC_INFO basic = {FALSE};
    check_equal(PeerDistClientGetInformationByHandle(instance, content, PeerDistClientBasicInfo,
                                                     sizeof(basic), &basic),
                0, "2.3/GetInformationByHandle [D]");
    return basic.fFlashCrowd;
}

static struct blob shared_information(void)
{
    return (struct blob){shared->information, shared->information_size};
}

static DWORD miss(HANDLE content, DWORD timeout)
{
    BYTE byte;
    return content_block_read(instance, content, 0, &byte, 1, timeout, NULL, NULL);
}

/* ---- The other process ---- */

static int follow(void)
{
    HANDLE content = NULL;
    check_begin("pe.client_shared, the other process", 100);
    instance = instance_new();
    while (WaitForSingleObject(shared->go, WAIT_LIMIT) == WAIT_OBJECT_0) {
        if (content == NULL) {
            /* Every content has another number of segments. */
            struct blob information = shared_information();
            content = content_open_tag(instance, &information, &shared->tag);
        }
        switch ((enum order)shared->order) {
        case ORDER_MISS:
            shared->code = (LONG)miss(content, 1000);
            break;
        case ORDER_ADD:
            shared->code = (LONG)content_add(instance, content, 0, shared->data, SIZE);
            break;
        case ORDER_CLOSE:
            shared->code = (LONG)PeerDistClientCloseContent(instance, content);
            content = NULL;
            break;
        }
        SetEvent(shared->done);
    }
    return 1;
}

static DWORD order(enum order what)
{
    shared->order = what;
    SetEvent(shared->go);
    require(WaitForSingleObject(shared->done, WAIT_LIMIT) == WAIT_OBJECT_0, "the test",
            "the other process does not answer");
    return (DWORD)shared->code;
}

static HANDLE renew(void)
{
    shared->tag = tag_new();
    for (DWORD at = 0; at < SIZE - sizeof(shared->tag); at += 16384)
        memcpy(shared->data + at, &shared->tag, sizeof(shared->tag));
    struct blob information = information_of(instance, shared->data, SIZE, 2, 0, 0);
    require(information.size <= MAX_INFO, "the test", "room");
    memcpy(shared->information, information.bytes, information.size);
    shared->information_size = information.size;
    blob_fini(&information);
    information = shared_information();
    return content_open_tag(instance, &information, &shared->tag);
}

/* ---- Tags ---- */

static void test_tags(void)
{
    PEERDIST_CONTENT_TAG one = tag_new(), two = tag_new();
    HANDLE unused = renew();
    struct blob information = shared_information();
    HANDLE first = content_open_tag(instance, &information, &one);
    HANDLE second = content_open_tag(instance, &information, &two);
    check_equal(content_add(instance, first, 0, shared->data, SIZE), 0, "2.3/AddData [D]");
    check_equal(content_compare(instance, second, 0, shared->data, SIZE), 0,
                "ours/found by segment ID, whatever the tag");
    check_equal(content_add(instance, second, 0, shared->data, SIZE), 0, "2.3/AddData [D]");
    check_equal(PeerDistClientCloseContent(instance, second), 0, "4.2/Close [D]");
    check_equal(content_flush(instance, &one), 0, "2.3/FlushContent [D]");
    check_equal(content_compare(instance, first, 0, shared->data, SIZE), 0,
                "ours/another tag holds it");
    check_equal(content_flush(instance, &two), 0, "2.3/FlushContent [D]");
    check_equal(miss(first, LOCAL_ONLY), PEERDIST_ERROR_MISSING_DATA,
                "ours/it goes with its last tag");
    check_equal(PeerDistClientCloseContent(instance, first), 0, "4.2/Close [D]");
    check_equal(PeerDistClientCloseContent(instance, unused), 0, "4.2/Close [D]");
}

/* ---- Additions that overlap, straddle blocks, and are outstanding together ---- */

static void test_additions(void)
{
    enum { CALLS = 24 };
    static const DWORD steps[] = {65536, 65535, 131072, 3, 70000, 40000};
    HANDLE content = renew();
    struct call calls[CALLS];
    for (unsigned s = 0; s < sizeof(steps) / sizeof(*steps); s++) {
        unsigned count = 0;
        for (DWORD at = 0; at < SIZE && count < CALLS; at += steps[s] < 30000 ? 30000 : steps[s]) {
            DWORD size = steps[s] + 1000 < SIZE - at ? steps[s] + 1000 : SIZE - at;
            call_init(&calls[count]);
            calls[count].overlapped.Offset = at;
            check_equal(PeerDistClientAddData(instance, content, size, shared->data + at,
                                              &calls[count].overlapped),
                        ERROR_IO_PENDING, "2.3/AddData, several outstanding [D]");
            count++;
        }
        for (unsigned i = 0; i < count; i++) {
            check_equal(call_wait(&calls[i], NULL), 0, "2.3/AddData [D]");
            call_fini(&calls[i]);
        }
        if (steps[s] >= 30000)
            check_equal(content_compare(instance, content, 0, shared->data, SIZE), 0,
                        "8/Q13 joined, whatever their borders [I]");
        check_equal(content_flush(instance, &shared->tag), 0, "2.3/FlushContent [D]");
    }
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
}

/* ---- Fetches ---- */

static void check_at_once(DWORD begin, const char *rule)
{
    check(GetTickCount() - begin < 5000, rule, "%lu ms", GetTickCount() - begin);
}

static void test_fetches(void)
{
    HANDLE fetcher = renew(), other;
    struct blob information = shared_information();
    struct call call;
    BYTE byte = 0;
    DWORD bytes, begin;
    other = content_open_tag(instance, &information, &shared->tag);

    check_equal(miss(fetcher, 1000), PEERDIST_ERROR_MISSING_DATA, "2.3/MISSING_DATA [D]");
    begin = GetTickCount();
    check_equal(miss(other, LOCAL_ONLY), PEERDIST_ERROR_MISSING_DATA,
                "8/Q7 LOCAL_CACHE_ONLY waits for nobody [I]");
    check_at_once(begin, "8/Q7 LOCAL_CACHE_ONLY waits for nobody [I]");
    check_equal(flash_crowd(other), FALSE, "2.3/one handle fetches");

    /* Who was to bring it gives up: who waits has to fetch. */
    call_init(&call);
    check_equal(content_block_read_start(instance, other, 0, &byte, 1, 0xFFFFFFFF, &call),
                ERROR_IO_PENDING, "2.3/BlockRead [D]");
    check_equal(PeerDistClientCloseContent(instance, fetcher), 0, "4.2/Close [D]");
    check_equal(call_wait(&call, &bytes), PEERDIST_ERROR_MISSING_DATA,
                "ours/the fetcher closes: the next one is to fetch");
    check_equal(bytes, SIZE, "2.3/the missing range [D]");
    call_fini(&call);
    check_equal(PeerDistClientCloseContent(instance, other), 0, "4.2/Close [D]");
}

static void test_two_processes(void)
{
    HANDLE content = renew();
    struct partner partner = partner_start();
    struct call call;
    BYTE byte = 0;
    DWORD begin;

    check_equal(order(ORDER_MISS), PEERDIST_ERROR_MISSING_DATA, "2.3/MISSING_DATA [D]");
    check_equal(flash_crowd(content), FALSE, "2.3/one handle fetches");
    check_equal(miss(content, 20), ERROR_TIMEOUT, "ours/another process fetches it");
    check_equal(flash_crowd(content), TRUE, "2.3/handles of two processes want it [D]");
    call_init(&call);
    check_equal(content_block_read_start(instance, content, 0, &byte, 1, 0xFFFFFFFF, &call),
                ERROR_IO_PENDING, "2.3/BlockRead [D]");
    check_equal(order(ORDER_ADD), 0, "2.3/AddData [D]");
    check_equal(call_wait(&call, NULL), 0, "ours/the other process brings it");
    check_equal(byte, shared->data[0], "ours/the other process brings it");
    call_fini(&call);
    check_equal(content_compare(instance, content, 0, shared->data, SIZE), 0,
                "ours/one cache for all processes of a user");
    check_equal(order(ORDER_CLOSE), 0, "4.2/Close [D]");
    check_equal(flash_crowd(content), FALSE, "2.3/nobody fetches");
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");

    /* A process that dies while it fetches is not waited for. */
    content = renew();
    check_equal(order(ORDER_MISS), PEERDIST_ERROR_MISSING_DATA, "2.3/MISSING_DATA [D]");
    check_equal(miss(content, 20), ERROR_TIMEOUT, "ours/another process fetches it");
    partner_kill(&partner);
    begin = GetTickCount();
    check_equal(miss(content, 0xFFFFFFFF), PEERDIST_ERROR_MISSING_DATA,
                "ours/a dead fetcher brings nothing");
    check_at_once(begin, "ours/a dead fetcher is not waited for");
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
}

static void test_information_size(void)
{
    HANDLE content = renew();
    PEERDIST_CLIENT_BASIC_INFO basic = {TRUE};
    check_equal(PeerDistClientGetInformationByHandle(instance, content, PeerDistClientBasicInfo,
                                                     sizeof(basic) - 1, &basic),
                ERROR_INSUFFICIENT_BUFFER, "2.3/a buffer too short [D]");
    check_equal(basic.fFlashCrowd, TRUE, "2.3/nothing is written then [I]");
    check_equal(PeerDistClientGetInformationByHandle(instance, content, PeerDistClientBasicInfo,
                                                     sizeof(basic) + 100, &basic),
                0, "2.3/a longer one [I]");
    check_equal(basic.fFlashCrowd, FALSE, "2.3/nobody fetches [D]");
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
}

int main(int argc, char **argv)
{
    shared = partner_main(argc, argv);
    if (shared != NULL)
        return follow();
    check_begin("pe.client_shared", 100);
    shared = partner_memory(sizeof(*shared));
    shared->go = CreateEventW(partner_inherits(), FALSE, FALSE, NULL);
    shared->done = CreateEventW(partner_inherits(), FALSE, FALSE, NULL);
    pattern_fill(shared->data, 99, SIZE);
    instance = instance_new();
    test_tags();
    test_additions();
    test_fetches();
    test_two_processes();
    test_information_size();
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
    return check_end();
}
