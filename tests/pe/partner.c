/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pe/partner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pe/check.h"

#define ATTEMPTS 5u

static HANDLE section;

SECURITY_ATTRIBUTES *partner_inherits(void)
{
    static SECURITY_ATTRIBUTES inherits = {sizeof(inherits), NULL, TRUE};
    return &inherits;
}

void *partner_memory(size_t size)
{
    void *memory = NULL;
    section = CreateFileMappingW(INVALID_HANDLE_VALUE, partner_inherits(), PAGE_READWRITE, 0,
                                 (DWORD)size, NULL);
    if (section != NULL)
        memory = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    require(memory != NULL, "the machine: shared memory", "error %lu", GetLastError());
    return memory;
}

struct partner partner_start(void)
{
    WCHAR path[MAX_PATH], line[MAX_PATH + 40];
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process = {0};
    GetModuleFileNameW(NULL, path, MAX_PATH);
    swprintf(line, sizeof(line) / sizeof(*line), L"\"%ls\" partner %lu", path,
             HandleToULong(section));
    bool started = false;
    /* Under Wine 8 one of some thousands does not start; what for is shown. */
    for (unsigned i = 0; i < ATTEMPTS && !started; i++) {
        started = CreateProcessW(path, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process);
        if (!started)
            printf("a process did not start: error %lu\n", GetLastError());
    }
    require(started, "the machine: a process", "not in %u attempts", ATTEMPTS);
    CloseHandle(process.hThread);
    return (struct partner){process.hProcess};
}

DWORD partner_end(struct partner *partner, DWORD milliseconds)
{
    DWORD code = STILL_ACTIVE;
    if (WaitForSingleObject(partner->process, milliseconds) != WAIT_OBJECT_0) {
        partner_kill(partner);
        return STILL_ACTIVE;
    }
    GetExitCodeProcess(partner->process, &code);
    CloseHandle(partner->process);
    return code;
}

void partner_kill(struct partner *partner)
{
    TerminateProcess(partner->process, 9);
    check_equal(WaitForSingleObject(partner->process, 20000), WAIT_OBJECT_0,
                "the machine: a process ends");
    CloseHandle(partner->process);
}

void *partner_main(int argc, char **argv)
{
    if (argc != 3 || strcmp(argv[1], "partner") != 0)
        return NULL;
    void *memory =
        MapViewOfFile(ULongToHandle(strtoul(argv[2], NULL, 10)), FILE_MAP_WRITE, 0, 0, 0);
    if (memory == NULL)
        exit(3);
    return memory;
}
