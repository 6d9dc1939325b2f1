/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Registration for status changes, and with it the plainest look at an operation that stays
 * pending: a second registration waits until somebody cancels it.
 */
#include <string.h>
#include "pe/check.h"
#include "pe/support.h"

#ifndef STATUS_PENDING
#define STATUS_PENDING ((DWORD)0x00000103L)
#endif

static DWORD arm(HANDLE instance, HANDLE port, ULONG_PTR key, OVERLAPPED *overlapped,
                 PEERDIST_STATUS *status)
{
    return PeerDistRegisterForStatusChangeNotification(instance, port, key, overlapped, status);
}

static DWORD arm_ex(HANDLE instance, OVERLAPPED *overlapped, PEERDIST_STATUS_INFO *info)
{
    return PeerDistRegisterForStatusChangeNotificationEx(instance, NULL, 0, overlapped, info);
}

/* The first registration of an instance, which completes at once. */
static void spend_first(HANDLE instance)
{
    PEERDIST_STATUS status;
    struct call call;

    call_init(&call);
    check_equal(arm(instance, NULL, 0, &call.overlapped, &status), ERROR_IO_PENDING,
                "2.1/Register returns 997 [D]");
    check_equal(call_wait(&call, NULL), 0, "8/Q27 first registration completes at once [I]");
    call_fini(&call);
}

static void test_first(void)
{
    HANDLE instance = instance_new();
    PEERDIST_STATUS status = PEERDIST_STATUS_DISABLED;
    PEERDIST_STATUS_INFO info;
    struct call call;
    DWORD bytes = 77;

    call_init(&call);
    check_equal(arm(instance, NULL, 0, &call.overlapped, &status), ERROR_IO_PENDING,
                "2.1/Register returns 997 [D]");
    check_equal(call_wait(&call, &bytes), 0, "2.1/Register: the first fires unless DISABLED [D]");
    check_equal(status, PEERDIST_STATUS_AVAILABLE, "2.1/Register: status at completion [D]");
    check_equal(bytes, 0, "2.1/Register bytes [I]");
    call_fini(&call);
    PeerDistShutdown(instance);

    instance = instance_new();
    call_init(&call);
    memset(&info, 0, sizeof(info));
    info.cbSize = sizeof(info);
    check_equal(arm_ex(instance, &call.overlapped, &info), ERROR_IO_PENDING,
                "2.1/RegisterEx returns 997 [I], its page says 0");
    check_equal(call_wait(&call, NULL), 0, "2.1/RegisterEx: the first fires unless DISABLED [D]");
    check_equal(info.status, PEERDIST_STATUS_AVAILABLE, "2.1/RegisterEx status [D]");
    check_equal(info.dwMinVer, 1, "8/Q28 lowest version [I]");
    check_equal(info.dwMaxVer, 2, "8/Q28 highest version [I]");
    call_fini(&call);
    PeerDistShutdown(instance);
}

static void test_pending(void)
{
    HANDLE instance = instance_new();
    PEERDIST_STATUS status = PEERDIST_STATUS_DISABLED;
    PEERDIST_STATUS other;
    PEERDIST_STATUS_INFO info = {sizeof(info), PEERDIST_STATUS_DISABLED, 0, 0};
    struct call call;
    struct call second;
    DWORD bytes = 77;

    spend_first(instance);
    call_init(&call);
    call_init(&second);
    SetEvent(call.overlapped.hEvent);
    call.overlapped.InternalHigh = 5;
    check_equal(arm(instance, NULL, 0, &call.overlapped, &status), ERROR_IO_PENDING,
                "2.1/Register re-armed [D]");
    check_equal(call.overlapped.Internal, STATUS_PENDING, "3.3/Internal while pending [I]");
    check_equal(call.overlapped.InternalHigh, 0, "3.3/InternalHigh while pending [I]");
    check(!is_signalled(call.overlapped.hEvent), "3.2/hEvent is reset when accepted [I]",
          "it is signalled");
    check_equal(status, PEERDIST_STATUS_AVAILABLE, "2.1/Register writes the status at once [I]");

    SetLastError(0);
    check(!PeerDistGetOverlappedResult(&call.overlapped, &bytes, FALSE), "3.5/pending [D]", "TRUE");
    check_equal(GetLastError(), ERROR_IO_INCOMPLETE, "3.5/pending [I]");
    check_equal(bytes, 77, "3.5/pending leaves the count [I]");

    check_equal(arm(instance, NULL, 0, &second.overlapped, &other), PEERDIST_ERROR_ALREADY_EXISTS,
                "2.1/Register: one per instance [D], the code [I]");
    check_equal(arm_ex(instance, &second.overlapped, &info), PEERDIST_ERROR_ALREADY_EXISTS,
                "2.1/RegisterEx shares the slot [I]");
    check(!is_signalled(second.overlapped.hEvent), "3.1/no completion after a failure [D]",
          "its event is signalled");

    check_equal(PeerDistUnregisterForStatusChangeNotification(instance), 0, "2.1/Unregister [D]");
    check(is_signalled(call.overlapped.hEvent), "2.1/Unregister posts before it returns [I]",
          "event not signalled");
    check_equal(call_wait(&call, &bytes), ERROR_OPERATION_ABORTED, "2.1/Unregister aborts [D]");
    check_equal(bytes, 0, "2.1/Register bytes after the abort [I]");
    check((LONG)call.overlapped.Internal < 0, "3.3/Internal is a failing NTSTATUS [I]", "%#llx",
          (unsigned long long)call.overlapped.Internal);

    check_equal(arm_ex(instance, &call.overlapped, &info), ERROR_IO_PENDING,
                "2.1/RegisterEx after Unregister [D]");
    check(!HasOverlappedIoCompleted(&call.overlapped),
          "2.1/Register fires only when the status differs [D]", "it fired");
    check_equal(arm_ex(instance, &second.overlapped, &info), PEERDIST_ERROR_ALREADY_EXISTS,
                "2.1/RegisterEx: one per instance [D]");
    check_equal(arm(instance, NULL, 0, &second.overlapped, &other), PEERDIST_ERROR_ALREADY_EXISTS,
                "2.1/Register shares the slot [I]");
    check_equal(PeerDistUnregisterForStatusChangeNotification(instance), 0,
                "2.1/Unregister covers Ex [I]");
    check_equal(call_wait(&call, NULL), ERROR_OPERATION_ABORTED, "2.1/Unregister covers Ex [I]");
    check_equal(PeerDistUnregisterForStatusChangeNotification(instance), 0,
                "2.1/Unregister with nothing registered [I]");
    call_fini(&call);
    call_fini(&second);
    PeerDistShutdown(instance);
}

static void test_shutdown(void)
{
    HANDLE instance = instance_new();
    HANDLE other = instance_new();
    PEERDIST_STATUS status;
    PEERDIST_STATUS other_status;
    struct call call;
    struct call other_call;

    spend_first(instance);
    spend_first(other);
    call_init(&call);
    call_init(&other_call);
    check_equal(arm(instance, NULL, 0, &call.overlapped, &status), ERROR_IO_PENDING,
                "2.1/Register [D]");
    check_equal(arm(other, NULL, 0, &other_call.overlapped, &other_status), ERROR_IO_PENDING,
                "2.1/Register: one per instance, not per process [D]");
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
    check(is_signalled(call.overlapped.hEvent), "2.1/Shutdown posts before it returns [I]",
          "event not signalled");
    check_equal(call_wait(&call, NULL), ERROR_OPERATION_ABORTED, "2.1/Shutdown aborts [I]");
    check(!HasOverlappedIoCompleted(&other_call.overlapped), "2.1/instances are independent [I]",
          "the other instance's registration ended");
    check_equal(PeerDistShutdown(other), 0, "2.1/Shutdown [D]");
    check_equal(call_wait(&other_call, NULL), ERROR_OPERATION_ABORTED, "2.1/Shutdown aborts [I]");
    call_fini(&call);
    call_fini(&other_call);
}

static void test_signals(void)
{
    HANDLE instance = instance_new();
    HANDLE port = port_new();
    PEERDIST_STATUS status;
    OVERLAPPED overlapped = {0};
    OVERLAPPED *taken = NULL;
    struct call call;
    ULONG_PTR key = 0;
    DWORD bytes = 77;
    BOOL ok;

    check_equal(arm(instance, port, 0x1234, &overlapped, &status), ERROR_IO_PENDING,
                "2.1/Register with a port [D]");
    ok = GetQueuedCompletionStatus(port, &bytes, &key, &taken, WAIT_LIMIT);
    check(ok && key == 0x1234 && taken == &overlapped && bytes == 0, "3.2/port [D]",
          "%d, key %#llx, overlapped %p, bytes %lu", ok, (unsigned long long)key, (void *)taken,
          bytes);

    check_equal(arm(instance, port, 0x1235, &overlapped, &status), ERROR_IO_PENDING,
                "2.1/Register with a port [D]");
    check_equal(PeerDistUnregisterForStatusChangeNotification(instance), 0, "2.1/Unregister [D]");
    taken = NULL;
    SetLastError(0);
    ok = GetQueuedCompletionStatus(port, &bytes, &key, &taken, 0);
    check(!ok && GetLastError() == ERROR_OPERATION_ABORTED && key == 0x1235 &&
              taken == &overlapped && bytes == 0,
          "3.4/an abort through the port [D]", "%d, error %lu, key %#llx, overlapped %p, bytes %lu",
          ok, GetLastError(), (unsigned long long)key, (void *)taken, bytes);

    call_init(&call);
    check_equal(arm(instance, port, 1, &call.overlapped, &status), ERROR_IO_PENDING,
                "2.1/Register with port and event [D]");
    check_equal(PeerDistUnregisterForStatusChangeNotification(instance), 0, "2.1/Unregister [D]");
    check(is_signalled(call.overlapped.hEvent), "2.1/Register signals hEvent with a port [D]",
          "not signalled");
    check_equal(port_drain(port), 0, "3.2/event and port: no packet [I]");
    call_fini(&call);

    memset(&overlapped, 0, sizeof(overlapped));
    check_equal(arm(instance, NULL, 0, &overlapped, &status), ERROR_IO_PENDING,
                "3.2/neither port nor event [I]");
    check_equal(PeerDistUnregisterForStatusChangeNotification(instance), 0, "2.1/Unregister [D]");
    check(HasOverlappedIoCompleted(&overlapped), "3.2/neither: the OVERLAPPED tells [I]", "%#llx",
          (unsigned long long)overlapped.Internal);
    ok = PeerDistGetOverlappedResult(&overlapped, &bytes, TRUE);
    check(!ok && GetLastError() == ERROR_OPERATION_ABORTED, "3.5/result of an abort [D]", "%d, %lu",
          ok, GetLastError());
    PeerDistShutdown(instance);
    CloseHandle(port);
}

static DWORD WINAPI unregister_later(void *instance)
{
    return PeerDistUnregisterForStatusChangeNotification(instance);
}

static void test_blocking_wait(void)
{
    HANDLE instance = instance_new();
    PEERDIST_STATUS status;
    OVERLAPPED overlapped = {0};
    HANDLE thread;
    DWORD bytes = 77;
    BOOL ok;

    spend_first(instance);
    check_equal(arm(instance, NULL, 0, &overlapped, &status), ERROR_IO_PENDING, "2.1/Register [D]");
    thread = CreateThread(NULL, 0, unregister_later, instance, 0, NULL);
    ok = PeerDistGetOverlappedResult(&overlapped, &bytes, TRUE);
    check(!ok && GetLastError() == ERROR_OPERATION_ABORTED, "3.5/bWait blocks, hEvent NULL [D]",
          "%d, %lu", ok, GetLastError());
    check_equal(bytes, 0, "3.5/the count is stored on failure [I]");
    WaitForSingleObject(thread, WAIT_LIMIT);
    CloseHandle(thread);
    PeerDistShutdown(instance);
}

int main(void)
{
    check_begin("pe.registration", 60);
    test_first();
    test_pending();
    test_shutdown();
    test_signals();
    test_blocking_wait();
    return check_end();
}
