/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PeerDistStartup, PeerDistShutdown, PeerDistGetStatus and its Ex form. */
#include <string.h>
#include "pe/check.h"
#include "pe/footprint.h"
#include "pe/support.h"

static void test_versions(void)
{
    static const DWORD accepted[] = {0x0001, 0x0002};
    static const DWORD refused[] = {0,      0x0003, 0x0100,     0x0101,     0x0102,
                                    0x0200, 0x00FF, 0x00010000, 0x00020000, 0xFFFFFFFF};
    HANDLE instance;
    DWORD supported;
    DWORD result;
    size_t i;

    for (i = 0; i < sizeof(accepted) / sizeof(*accepted); i++) {
        instance = NULL;
        supported = 0;
        check_equal(PeerDistStartup(accepted[i], &instance, &supported), 0,
                    "2.1/Startup accepts 1.0 and 2.0 [D]");
        check_equal(supported, 2, "2.1/Startup reports the highest version [D], 2.0 [I]");
        check(instance != NULL && instance != INVALID_HANDLE_VALUE, "1.2/instance handle [I]",
              "got %p", instance);
        check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
    }
    for (i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        instance = (HANDLE)(ULONG_PTR)1;
        supported = 0;
        result = PeerDistStartup(refused[i], &instance, &supported);
        check(result == PEERDIST_ERROR_VERSION_UNSUPPORTED, "2.1/Startup refuses versions [D/I]",
              "version %#lx: got %lu", refused[i], result);
        check_equal(supported, 2, "2.1/Startup reports the version when it refuses [I]");
        check(instance == NULL, "8/Q32 handle after a failure [I]", "got %p", instance);
    }
    result = PeerDistStartup(PEERDIST_VERSION, &instance, NULL);
    check_equal(result, 0, "2.1/Startup, pdwSupportedVersion NULL [D]");
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
    check_equal(PeerDistStartup(PEERDIST_VERSION, NULL, &supported), ERROR_INVALID_PARAMETER,
                "4.3/Startup, phPeerDist NULL [I]");
    check_equal(PeerDistStartup(PEERDIST_VERSION, NULL, NULL), ERROR_INVALID_PARAMETER,
                "4.3/Startup, phPeerDist NULL [I]");
    check_equal(PeerDistStartup(0, NULL, NULL), ERROR_INVALID_PARAMETER,
                "4.3/Startup, pointers before the version [I]");
}

static void test_shutdown(void)
{
    HANDLE first = instance_new();
    HANDLE second = instance_new();
    PEERDIST_STATUS status;

    check(first != second, "2.1/several instances [I]", "both are %p", first);
    check_equal(PeerDistShutdown(first), 0, "2.1/Shutdown [D]");
    check_equal(PeerDistShutdown(first), ERROR_INVALID_HANDLE, "2.1/Shutdown twice [I]");
    check_equal(PeerDistGetStatus(first, &status), ERROR_INVALID_HANDLE,
                "2.1/GetStatus after Shutdown [I]");
    check_equal(PeerDistGetStatus(second, &status), 0, "2.1/instances are independent [I]");
    check_equal(PeerDistShutdown(second), 0, "2.1/Shutdown [D]");
    check_equal(PeerDistShutdown(NULL), ERROR_INVALID_HANDLE, "2.1/Shutdown(NULL) [D]");
    check_equal(PeerDistShutdown(INVALID_HANDLE_VALUE), ERROR_INVALID_HANDLE,
                "2.1/Shutdown(INVALID_HANDLE_VALUE) [D]");
    check_equal(PeerDistShutdown((HANDLE)(ULONG_PTR)0x1234), ERROR_INVALID_HANDLE,
                "2.1/Shutdown(garbage) [D]");
}

static void test_status(void)
{
    HANDLE instance = instance_new();
    PEERDIST_STATUS status = PEERDIST_STATUS_DISABLED;
    PEERDIST_STATUS_INFO info[2];
    static const DWORD short_sizes[] = {0, 1, 4, 15};
    size_t i;

    check_equal(PeerDistGetStatus(instance, &status), 0, "2.1/GetStatus [D]");
    check_equal(status, PEERDIST_STATUS_AVAILABLE, "5/Status AVAILABLE with our back end [I]");
    check_equal(PeerDistGetStatus(instance, NULL), ERROR_INVALID_PARAMETER,
                "2.1/GetStatus, NULL [I]");
    check_equal(PeerDistGetStatusEx(instance, NULL), ERROR_INVALID_PARAMETER,
                "2.1/GetStatusEx, NULL [I]");
    check_equal(PeerDistGetStatusEx(NULL, NULL), ERROR_INVALID_HANDLE,
                "4.3/handle before pointer [I]");
    check_equal(PeerDistGetStatus(NULL, NULL), ERROR_INVALID_HANDLE,
                "4.3/handle before pointer [I]");
    for (i = 0; i < sizeof(short_sizes) / sizeof(*short_sizes); i++) {
        memset(info, 0xAA, sizeof(info));
        info[0].cbSize = short_sizes[i];
        check_equal(PeerDistGetStatusEx(instance, info), ERROR_INVALID_PARAMETER,
                    "2.1/GetStatusEx, cbSize < 16 [I]");
        check_equal(info[0].cbSize, short_sizes[i], "2.1/GetStatusEx leaves cbSize [D]");
        check_equal(info[0].dwMaxVer, 0xAAAAAAAA,
                    "2.1/GetStatusEx, cbSize < 16 writes nothing [I]");
    }
    memset(info, 0xAA, sizeof(info));
    info[0].cbSize = sizeof(*info);
    check_equal(PeerDistGetStatusEx(instance, info), 0, "2.1/GetStatusEx [D]");
    check_equal(info[0].cbSize, sizeof(*info), "2.1/GetStatusEx leaves cbSize [D]");
    check_equal(info[0].status, PEERDIST_STATUS_AVAILABLE, "5/Status AVAILABLE [I]");
    check_equal(info[0].dwMinVer, 1, "8/Q28 lowest version [I]");
    check_equal(info[0].dwMaxVer, 2, "8/Q28 highest version [I]");
    check_equal(info[1].cbSize, 0xAAAAAAAA, "1.3/STATUS_INFO is 16 bytes [H]");
    info[0].cbSize = sizeof(info);
    check_equal(PeerDistGetStatusEx(instance, info), 0, "2.1/GetStatusEx, larger cbSize [I]");
    check_equal(info[1].cbSize, 0xAAAAAAAA, "2.1/GetStatusEx, larger cbSize [I]");
    PeerDistShutdown(instance);
}

static void test_old_instance(void)
{
    HANDLE instance = NULL;
    PEERDIST_STATUS_INFO info = {sizeof(info), PEERDIST_STATUS_DISABLED, 0, 0};

    require(PeerDistStartup(0x0001, &instance, NULL) == 0, "2.1/Startup 1.0 [D]", "failed");
    check_equal(PeerDistGetStatusEx(instance, &info), 0, "8/Q33 Windows 8 call on a 1.0 instance");
    PeerDistShutdown(instance);
}

static void test_cycles(void)
{
    DWORD before = 0;
    DWORD after = 0;
    unsigned i;

    for (i = 0; i < 60; i++) {
        HANDLE instance = instance_new();

        check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
        if (i == 9)
            before = handle_count();
    }
    after = handle_count();
    check(after <= before, "2.1/Shutdown leaves no kernel handles [I]",
          "%lu handles after 10 cycles, %lu after 60", before, after);
}

int main(void)
{
    check_begin("pe.startup", 60);
    test_versions();
    test_shutdown();
    test_status();
    test_old_instance();
    test_cycles();
    return check_end();
}
