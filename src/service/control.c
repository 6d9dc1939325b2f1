/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "service/control.h"

#include <stdio.h>

#include <windows.h>

#include "service/node.h"

/* As Windows names it. */
#define SERVICE_NAME    L"PeerDistSvc"
#define SERVICE_DISPLAY L"BranchCache"
#define SERVICE_TEXT                                                                 \
    L"This service caches network content from peers on the local subnet and gives " \
    L"it to them."

#define STOP_WAIT 30000 /* milliseconds */

static SERVICE_STATUS_HANDLE status_handle;
static HANDLE stop_event;

static void report(DWORD state, DWORD error)
{
    SERVICE_STATUS status = {
        .dwServiceType = SERVICE_WIN32_OWN_PROCESS,
        .dwCurrentState = state,
        .dwControlsAccepted =
            state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN : 0,
        .dwWin32ExitCode = error,
        .dwWaitHint = state == SERVICE_RUNNING || state == SERVICE_STOPPED ? 0 : STOP_WAIT,
    };
    SetServiceStatus(status_handle, &status);
}

static DWORD WINAPI on_control(DWORD control, DWORD type, void *data, void *context)
{
    (void)type;
    (void)data;
    (void)context;
    switch (control) {
    case SERVICE_CONTROL_STOP:
    case SERVICE_CONTROL_SHUTDOWN:
        report(SERVICE_STOP_PENDING, NO_ERROR);
        SetEvent(stop_event);
        return NO_ERROR;
    case SERVICE_CONTROL_INTERROGATE:
        return NO_ERROR;
    default:
        return ERROR_CALL_NOT_IMPLEMENTED;
    }
}

/* To a debugger, and with WINEDEBUG=+debugstr under Wine. */
static void write_line(void *context, const char *line)
{
    (void)context;
    OutputDebugStringA(line);
}

static void WINAPI service_main(DWORD argc, LPWSTR *argv)
{
    static const struct service_log log = {NULL, write_line};
    struct node *node = NULL;
    (void)argc;
    (void)argv;
    status_handle = RegisterServiceCtrlHandlerExW(SERVICE_NAME, on_control, NULL);
    if (status_handle == NULL)
        return;
    report(SERVICE_START_PENDING, NO_ERROR);
    stop_event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (stop_event == NULL || node_start(&log, &node) != PD_OK) {
        report(SERVICE_STOPPED, ERROR_NOT_ENOUGH_MEMORY);
        return;
    }
    report(SERVICE_RUNNING, NO_ERROR);
    WaitForSingleObject(stop_event, INFINITE);
    node_stop(node);
    report(SERVICE_STOPPED, NO_ERROR);
}

bool control_run(void)
{
    static wchar_t name[] = SERVICE_NAME;
    const SERVICE_TABLE_ENTRYW table[] = {{name, service_main}, {NULL, NULL}};
    return StartServiceCtrlDispatcherW(table);
}

static int complain(const wchar_t *what)
{
    DWORD error = GetLastError();
    fwprintf(stderr, L"peerdistsvc: cannot %ls: error %lu%ls\n", what, error,
             error == ERROR_ACCESS_DENIED ? L" (run it as an administrator)" : L"");
    return 1;
}

/* As --install writes it. */
static bool own_command(wchar_t command[MAX_PATH + 2])
{
    wchar_t file[MAX_PATH];
    DWORD length = GetModuleFileNameW(NULL, file, MAX_PATH);
    if (length == 0 || length >= MAX_PATH)
        return false;
    swprintf(command, MAX_PATH + 2, L"\"%ls\"", file);
    return true;
}

int control_install(void)
{
    wchar_t command[MAX_PATH + 2];
    SERVICE_DESCRIPTIONW text = {(wchar_t[]){SERVICE_TEXT}};
    int result = 0;
    if (!own_command(command))
        return complain(L"tell where this program is");
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CREATE_SERVICE);
    if (manager == NULL)
        return complain(L"open the service control manager");
    SC_HANDLE service = CreateServiceW(manager, SERVICE_NAME, SERVICE_DISPLAY, SERVICE_ALL_ACCESS,
                                       SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START,
                                       SERVICE_ERROR_NORMAL, command, NULL, NULL, NULL, NULL, NULL);
    if (service == NULL && GetLastError() == ERROR_SERVICE_EXISTS) {
        fputs("peerdistsvc: there is a service PeerDistSvc already, Windows' own or an earlier "
              "installation; remove that first\n",
              stderr);
        result = 1;
    } else if (service == NULL) {
        result = complain(L"create the service PeerDistSvc");
    } else {
        (void)ChangeServiceConfig2W(service, SERVICE_CONFIG_DESCRIPTION, &text);
        puts("installed the service PeerDistSvc; it starts with the system, or now with: "
             "net start PeerDistSvc");
        CloseServiceHandle(service);
    }
    CloseServiceHandle(manager);
    return result;
}

static bool is_ours(SC_HANDLE service)
{
    wchar_t command[MAX_PATH + 2];
    union {
        QUERY_SERVICE_CONFIGW config;
        BYTE room[8192];
    } query;
    DWORD size;
    return own_command(command) &&
           QueryServiceConfigW(service, &query.config, sizeof(query), &size) &&
           _wcsicmp(query.config.lpBinaryPathName, command) == 0;
}

static void wait_until_stopped(SC_HANDLE service)
{
    SERVICE_STATUS status;
    ULONGLONG end = GetTickCount64() + STOP_WAIT;
    while (QueryServiceStatus(service, &status) && status.dwCurrentState != SERVICE_STOPPED &&
           GetTickCount64() < end)
        Sleep(50);
}

int control_uninstall(void)
{
    SERVICE_STATUS status;
    int result = 0;
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    if (manager == NULL)
        return complain(L"open the service control manager");
    SC_HANDLE service = OpenServiceW(manager, SERVICE_NAME, SERVICE_ALL_ACCESS);
    if (service == NULL) {
        result = complain(L"find the service PeerDistSvc");
    } else if (!is_ours(service)) {
        fputs("peerdistsvc: the service PeerDistSvc is another program; it is left alone\n",
              stderr);
        result = 1;
    } else {
        if (ControlService(service, SERVICE_CONTROL_STOP, &status))
            wait_until_stopped(service);
        if (DeleteService(service))
            puts("removed the service PeerDistSvc");
        else
            result = complain(L"remove the service PeerDistSvc");
    }
    if (service != NULL)
        CloseServiceHandle(service);
    CloseServiceHandle(manager);
    return result;
}
