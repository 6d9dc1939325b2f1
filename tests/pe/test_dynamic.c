/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The DLL as Windows' own components use it: loaded at run time, functions by name, unloaded again.
 * Afterwards none of its threads may be left, and the program has to end as if it had never been
 * there. Not linked against the import library.
 */
#include <windows.h>
#include <stdint.h>
#include <string.h>
#include <tlhelp32.h>
#include "pe/check.h"

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

static unsigned thread_count(void)
{
    THREADENTRY32 entry = {.dwSize = sizeof(entry)};
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    unsigned count = 0;
    BOOL more = Thread32First(snapshot, &entry);

    for (; more; more = Thread32Next(snapshot, &entry))
        count += entry.th32OwnerProcessID == GetCurrentProcessId();
    CloseHandle(snapshot);
    return count;
}

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

int main(void)
{
    unsigned before;
    unsigned indexes = 0;
    unsigned i;

    check_begin("pe.dynamic", 60);
    before = thread_count();
    for (i = 0; i < 12; i++) {
        HMODULE module = LoadLibraryW(L"peerdist.dll");

        require(module != NULL, "7/loaded at run time", "error %lu", GetLastError());
        check_equal(thread_count(), before, "7/DllMain makes no threads [I]");
        if (i == 0)
            test_names(module);
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
    return check_end();
}
