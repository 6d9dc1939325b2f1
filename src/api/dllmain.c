/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The DLL lands in arbitrary processes: it does nothing until PeerDistStartup. When it is unloaded
 * from a process that goes on, its memory goes with it, and libcrypto's thread-local indexes, of
 * which a process has about a thousand. Its last thread has ended then, as each holds the DLL. */
#include <windows.h>

#include "api/trace.h"
#include "async/handle_table.h"
#include "core/hash/digest.h"

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved);

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved)
{
    (void)module;
    if (reason == DLL_PROCESS_DETACH && reserved == NULL) {
        hash_library_fini();
        handle_table_fini();
        trace_fini();
    }
    return TRUE;
}
