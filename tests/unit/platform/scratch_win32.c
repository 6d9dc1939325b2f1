/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Folders and processes of tests on Win32. */
#include "unit/platform/scratch.h"

#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KILLED 0xdeadu

struct child {
    HANDLE process;
    HANDLE from, to;
};

char *scratch_create(void)
{
    static LONG serial;
    char base[MAX_PATH], path[MAX_PATH + 64];

    if (!GetTempPathA(sizeof(base), base))
        return NULL;
    snprintf(path, sizeof(path), "%speerdist-test-%lu-%llx-%ld", base,
             (unsigned long)GetCurrentProcessId(), (unsigned long long)GetTickCount64(),
             (long)InterlockedIncrement(&serial));
    return CreateDirectoryA(path, NULL) ? strdup(path) : NULL;
}

void scratch_delete_tree(const char *path)
{
    char pattern[2 * MAX_PATH];
    WIN32_FIND_DATAA found;
    HANDLE search;

    snprintf(pattern, sizeof(pattern), "%s\\*", path);
    search = FindFirstFileA(pattern, &found);
    if (search != INVALID_HANDLE_VALUE) {
        do {
            char below[2 * MAX_PATH + 2];

            if (!strcmp(found.cFileName, ".") || !strcmp(found.cFileName, ".."))
                continue;
            snprintf(below, sizeof(below), "%s\\%s", path, found.cFileName);
            if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
                scratch_delete_tree(below);
            else
                DeleteFileA(below);
        } while (FindNextFileA(search, &found));
        FindClose(search);
    }
    RemoveDirectoryA(path);
}

void scratch_remove(char *path)
{
    if (path)
        scratch_delete_tree(path);
    free(path);
}

void scratch_set_environment(const char *name, const char *value)
{
    SetEnvironmentVariableA(name, value);
}

struct child *child_start(const char *program, const char *role, const char *argument)
{
    struct child *child = calloc(1, sizeof(*child));
    SECURITY_ATTRIBUTES inherit = {sizeof(inherit), NULL, TRUE};
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION made;
    HANDLE in = NULL, out = NULL;
    char own[MAX_PATH], line[2 * MAX_PATH + 256];

    if (!child)
        return NULL;
    (void)program;
    GetModuleFileNameA(NULL, own, sizeof(own));
    snprintf(line, sizeof(line), "\"%s\" --child %s \"%s\"", own, role, argument);
    if (!CreatePipe(&in, &child->to, &inherit, 0) || !CreatePipe(&child->from, &out, &inherit, 0))
        goto failed;
    SetHandleInformation(child->to, HANDLE_FLAG_INHERIT, 0);
    SetHandleInformation(child->from, HANDLE_FLAG_INHERIT, 0);
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = in;
    startup.hStdOutput = out;
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &made))
        goto failed;
    CloseHandle(made.hThread);
    child->process = made.hProcess;
    CloseHandle(in);
    CloseHandle(out);
    return child;

failed:
    if (in)
        CloseHandle(in);
    if (out)
        CloseHandle(out);
    if (child->to)
        CloseHandle(child->to);
    if (child->from)
        CloseHandle(child->from);
    free(child);
    return NULL;
}

bool child_read_line(struct child *child, char *line, size_t size)
{
    size_t length = 0;
    DWORD got;
    char c;

    while (ReadFile(child->from, &c, 1, &got, NULL) && got == 1) {
        if (c == '\n') {
            line[length] = 0;
            return true;
        }
        if (c != '\r' && length + 1 < size)
            line[length++] = c;
    }
    return false;
}

void child_say(struct child *child, const char *line)
{
    DWORD written;

    WriteFile(child->to, line, (DWORD)strlen(line), &written, NULL);
    WriteFile(child->to, "\n", 1, &written, NULL);
}

void child_kill(struct child *child)
{
    TerminateProcess(child->process, KILLED);
    WaitForSingleObject(child->process, INFINITE);
}

int child_finish(struct child *child)
{
    DWORD status = 0;

    CloseHandle(child->to);
    WaitForSingleObject(child->process, INFINITE);
    GetExitCodeProcess(child->process, &status);
    CloseHandle(child->process);
    CloseHandle(child->from);
    free(child);
    return status == KILLED ? -1 : (int)status;
}
