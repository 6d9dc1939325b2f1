/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The DLL lands in arbitrary processes: it does nothing until PeerDistStartup. */
#include <windows.h>

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved);

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved)
{
    (void)module;
    (void)reason;
    (void)reserved;
    return TRUE;
}
