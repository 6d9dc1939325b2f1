/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pe/footprint.h"

#include <psapi.h>
#include <tlhelp32.h>

unsigned handle_count(void)
{
    unsigned count = 0;
    DWORD flags;

    for (ULONG_PTR value = 4; value < 0x8000; value += 4)
        count += GetHandleInformation((HANDLE)value, &flags) != FALSE;
    return count;
}

unsigned thread_count(void)
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

unsigned memory_kib(void)
{
    PROCESS_MEMORY_COUNTERS counters = {.cb = sizeof(counters)};

    return GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof(counters))
               ? (unsigned)(counters.PagefileUsage >> 10)
               : 0;
}
