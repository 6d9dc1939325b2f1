/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The DLL as Windows' own components use it: loaded at run time, functions by name, unloaded again,
 * a thousand times over, and with operations pending. Afterwards none of its threads may be left,
 * and the program has to end as if it had never been there. Not linked against the import library.
 */
#include <windows.h>
#include <stdint.h>
#include <string.h>
#include <stdlib.h>
#include "pe/check.h"
#include "pe/footprint.h"
#include "pe/partner.h"

#define CYCLES     1000
#define WARM       100 /* of them, before anything is counted */
#define PENDING    8
#define BUSY_BYTES (24u << 20)

static const char *const names[] = {
    "PeerDistClientAddContentInformation",
    "PeerDistClientAddData",
    "PeerDistClientBlockRead",
    "PeerDistClientCancelAsyncOperation",
    "PeerDistClientCloseContent",
    "PeerDistClientCompleteContentInformation",
    "PeerDistClientFlushContent",
    "PeerDistClientGetInformationByHandle",
    "PeerDistClientOpenContent",
    "PeerDistClientStreamRead",
    "PeerDistGetOverlappedResult",
    "PeerDistGetStatus",
    "PeerDistGetStatusEx",
    "PeerDistRegisterForStatusChangeNotification",
    "PeerDistRegisterForStatusChangeNotificationEx",
    "PeerDistServerCancelAsyncOperation",
    "PeerDistServerCloseContentInformation",
    "PeerDistServerCloseStreamHandle",
    "PeerDistServerOpenContentInformation",
    "PeerDistServerOpenContentInformationEx",
    "PeerDistServerPublishAddToStream",
    "PeerDistServerPublishCompleteStream",
    "PeerDistServerPublishStream",
    "PeerDistServerRetrieveContentInformation",
    "PeerDistServerUnpublish",
    "PeerDistShutdown",
    "PeerDistStartup",
    "PeerDistUnregisterForStatusChangeNotification",
};

typedef DWORD(WINAPI *startup_function)(DWORD version, HANDLE *instance, DWORD *supported);
typedef DWORD(WINAPI *shutdown_function)(HANDLE instance);
typedef DWORD(WINAPI *publish_function)(HANDLE instance, DWORD size, BYTE *identifier,
                                        ULONGLONG length, const void *options, HANDLE port,
                                        ULONG_PTR key, HANDLE *stream);
typedef DWORD(WINAPI *add_function)(HANDLE instance, HANDLE stream, DWORD size, BYTE *buffer,
                                    OVERLAPPED *overlapped);
typedef BOOL(WINAPI *result_function)(OVERLAPPED *overlapped, DWORD *bytes, BOOL wait);

/* By way of an integer: functions and data pointers do not convert into each other. */
#define FUNCTION(type, module, name) ((type)(uintptr_t)GetProcAddress(module, name))

/* How many more thread-local indexes this process can have: few, and lost for good with a library
 * that was unloaded without giving them back. */
static unsigned tls_left(void)
{
    static DWORD taken[2048];
    unsigned count = 0;
    unsigned i;

    while (count < 2048 && (taken[count] = TlsAlloc()) != TLS_OUT_OF_INDEXES)
        count++;
    for (i = 0; i < count; i++)
        TlsFree(taken[i]);
    return count;
}

/* A thread that has been waited for may be counted for a moment more. */
static bool threads_become(unsigned expected)
{
    ULONGLONG end = GetTickCount64() + 5000;

    while (thread_count() != expected && GetTickCount64() < end)
        SwitchToThread();
    return thread_count() == expected;
}

static void test_names(HMODULE module)
{
    WORD i;

    for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
        FARPROC named = GetProcAddress(module, names[i]);
        FARPROC numbered = GetProcAddress(module, MAKEINTRESOURCEA(i + 1));

        check(named != NULL, "1.4/exported by name [X]", "%s", names[i]);
        check(named == numbered, "1.4/ordinal [X]", "%s is not number %d", names[i], i + 1);
    }
    check(GetProcAddress(module, MAKEINTRESOURCEA(29)) == NULL, "1.4/28 exports [X]",
          "there is 29");
    check(GetProcAddress(module, MAKEINTRESOURCEA(0)) == NULL, "1.4/28 exports [X]", "there is 0");
}

static void use_it(HMODULE module)
{
    static BYTE data[300000];
    static BYTE identifier[] = "dynamic";
    OVERLAPPED overlapped = {0};
    HANDLE instance = NULL;
    HANDLE stream = NULL;
    DWORD bytes = 0;

    check_equal(FUNCTION(startup_function, module, "PeerDistStartup")(2, &instance, NULL), 0,
                "2.1/Startup [D]");
    check_equal(FUNCTION(publish_function, module, "PeerDistServerPublishStream")(
                    instance, sizeof(identifier), identifier, 0, NULL, NULL, 0, &stream),
                0, "2.2/PublishStream [D]");
    check_equal(FUNCTION(add_function, module, "PeerDistServerPublishAddToStream")(
                    instance, stream, sizeof(data), data, &overlapped),
                ERROR_IO_PENDING, "2.2/AddToStream [D]");
    check(
        FUNCTION(result_function, module, "PeerDistGetOverlappedResult")(&overlapped, &bytes, TRUE),
        "3.5/success [D]", "%lu", GetLastError());
    check_equal(FUNCTION(shutdown_function, module, "PeerDistShutdown")(instance), 0,
                "2.1/Shutdown [D]");
}

/* DllMain is called for every thread of the process: what that costs is shown, and it takes neither
 * handles nor threads. The entry point is the toolchain's, which calls DllMain. */
static void test_entry_point(HMODULE module)
{
    typedef BOOL(WINAPI * entry_function)(HINSTANCE module, DWORD reason, void *reserved);
    const BYTE *base = (const BYTE *)module;
    const IMAGE_NT_HEADERS *headers =
        (const void *)(base + ((const IMAGE_DOS_HEADER *)(const void *)base)->e_lfanew);
    entry_function entry =
        (entry_function)((uintptr_t)base + headers->OptionalHeader.AddressOfEntryPoint);
    LARGE_INTEGER frequency, start, end;
    unsigned handles = handle_count(), threads = thread_count(), i;

    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&start);
    for (i = 0; i < 10000; i++) {
        if (!entry(module, DLL_THREAD_ATTACH, NULL) || !entry(module, DLL_THREAD_DETACH, NULL))
            break;
    }
    QueryPerformanceCounter(&end);
    check_equal(i, 10000, "7/DllMain agrees");
    check_equal(handle_count(), handles, "7/DllMain takes no handles [I]");
    check_equal(thread_count(), threads, "7/DllMain makes no threads [I]");
    printf("a thread costs %.0f ns in the DLL's entry point\n",
           (double)(end.QuadPart - start.QuadPart) * 1e9 / (double)frequency.QuadPart / 10000);
}

/* ---- A thousand times ---- */

static void test_many_loads(void)
{
    LARGE_INTEGER frequency, start, end;
    LONGLONG loading = 0;
    unsigned handles = 0, threads = 0, memory = 0, handles_now, memory_now, i;

    QueryPerformanceFrequency(&frequency);
    for (i = 0; i < CYCLES; i++) {
        HMODULE module;

        if (i == WARM) {
            handles = handle_count();
            threads = thread_count();
            memory = memory_kib();
        }
        QueryPerformanceCounter(&start);
        module = LoadLibraryW(L"peerdist.dll");
        QueryPerformanceCounter(&end);
        loading += end.QuadPart - start.QuadPart;
        require(module != NULL, "7/loaded at run time", "error %lu in cycle %u", GetLastError(), i);
        if (i % 10 == 0) {
            HANDLE instance = NULL;

            check_equal(FUNCTION(startup_function, module, "PeerDistStartup")(2, &instance, NULL),
                        0, "2.1/Startup [D]");
            check_equal(FUNCTION(shutdown_function, module, "PeerDistShutdown")(instance), 0,
                        "2.1/Shutdown [D]");
        }
        FreeLibrary(module);
    }
    check(threads_become(threads), "7/no thread is lost", "%u, before %u", thread_count(), threads);
    handles_now = handle_count();
    memory_now = memory_kib();
    check(handles > 0 && handles_now <= handles + 2, "7/no handle is lost", "%u, before %u",
          handles_now, handles);
    check(memory > 0 && memory_now < memory + 1024, "7/no memory is lost", "%u KiB, before %u",
          memory_now, memory);
    printf("%d cycles: loading took %.3f ms each; %u handles and %u KiB, after %d %u and %u\n",
           CYCLES, (double)loading * 1000.0 / (double)frequency.QuadPart / CYCLES, handles_now,
           memory_now, WARM, handles, memory);
}

/* ---- Operations pending ---- */

struct pending {
    HMODULE module;
    HANDLE instance, stream;
    OVERLAPPED calls[PENDING];
};

static BYTE *busy_data;

static void begin_pending(struct pending *pending)
{
    BYTE identifier[32] = {0};
    LARGE_INTEGER now;
    unsigned i;

    QueryPerformanceCounter(&now);
    memcpy(identifier, &now, sizeof(now));
    memset(pending, 0, sizeof(*pending));
    busy_data = calloc(1, BUSY_BYTES);
    require(busy_data != NULL, "the machine", "no memory");
    pending->module = LoadLibraryW(L"peerdist.dll");
    require(pending->module != NULL, "7/loaded at run time", "error %lu", GetLastError());
    check_equal(
        FUNCTION(startup_function, pending->module, "PeerDistStartup")(2, &pending->instance, NULL),
        0, "2.1/Startup [D]");
    check_equal(
        FUNCTION(publish_function, pending->module, "PeerDistServerPublishStream")(
            pending->instance, sizeof(identifier), identifier, 0, NULL, NULL, 0, &pending->stream),
        0, "2.2/PublishStream [D]");
    for (i = 0; i < PENDING; i++) {
        pending->calls[i].hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
        check_equal(
            FUNCTION(add_function, pending->module, "PeerDistServerPublishAddToStream")(
                pending->instance, pending->stream, BUSY_BYTES, busy_data, &pending->calls[i]),
            ERROR_IO_PENDING, "2.2/AddToStream [D]");
    }
}

/* The library holds itself while an instance is open: the operations go on to their ends. Who loads
 * it again can shut the instance down, and then it goes. */
static void test_pending_at_free(void)
{
    struct pending pending;
    HMODULE again;
    unsigned i;

    begin_pending(&pending);
    check(FreeLibrary(pending.module), "7/unloaded", "error %lu", GetLastError());
    check(GetModuleHandleW(L"peerdist.dll") != NULL, "ours/it stays while it has work", "gone");
    for (i = 0; i < PENDING; i++) {
        check_equal(WaitForSingleObject(pending.calls[i].hEvent, 20000), WAIT_OBJECT_0,
                    "3.1/operations complete [D]");
        check_equal(pending.calls[i].Internal, 0, "3.5/success [D]");
        CloseHandle(pending.calls[i].hEvent);
    }
    again = LoadLibraryW(L"peerdist.dll");
    check(again == pending.module, "ours/it was there all the time", "another module");
    check_equal(FUNCTION(shutdown_function, again, "PeerDistShutdown")(pending.instance), 0,
                "2.1/Shutdown [D]");
    FreeLibrary(again);
    check(GetModuleHandleW(L"peerdist.dll") == NULL, "ours/it goes with its last thread",
          "still there");
    free(busy_data);
}

/* In a process of its own: it ends in the middle of it. */
static int end_with_pending(bool by_exit)
{
    struct pending pending;

    begin_pending(&pending);
    if (by_exit)
        ExitProcess(7);
    TerminateProcess(GetCurrentProcess(), 9);
    return 1;
}

static void test_pending_at_exit(volatile LONG *by_exit)
{
    unsigned i;

    for (i = 0; i < 10; i++) {
        struct partner partner;

        *by_exit = i % 2 == 0;
        partner = partner_start();
        check_equal(partner_end(&partner, 20000), i % 2 == 0 ? 7 : 9,
                    "ours/a process ends as it wants, whatever is pending");
    }
}

int main(int argc, char **argv)
{
    volatile LONG *by_exit = partner_main(argc, argv);
    unsigned before;
    unsigned indexes = 0;
    unsigned i;

    check_begin("pe.dynamic", 110);
    if (by_exit != NULL)
        return end_with_pending(*by_exit != 0);
    by_exit = partner_memory(sizeof(*by_exit));
    before = thread_count();
    for (i = 0; i < 12; i++) {
        HMODULE module =
            i % 2 ? LoadLibraryW(L"peerdist.dll") : LoadLibraryExW(L"peerdist.dll", NULL, 0);

        require(module != NULL, "7/loaded at run time", "error %lu", GetLastError());
        check_equal(thread_count(), before, "7/DllMain makes no threads [I]");
        if (i == 0) {
            test_names(module);
            test_entry_point(module);
        }
        if (i != 1)
            use_it(module);
        check(threads_become(before), "7/no threads after the last Shutdown [I]", "%u, before %u",
              thread_count(), before);
        check(FreeLibrary(module), "7/unloaded", "error %lu", GetLastError());
        check(GetModuleHandleW(L"peerdist.dll") == NULL, "7/unloaded when it is free [I]",
              "it is still there");
        if (i == 0) /* what the system's own libraries took stays with them */
            indexes = tls_left();
    }
    check_equal(tls_left(), indexes, "7/unloaded: nothing of the process is lost");
    test_many_loads();
    test_pending_at_free();
    test_pending_at_exit(by_exit);
    return check_end();
}
