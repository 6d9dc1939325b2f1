/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files named peerdist.dll: for which machine they are, whose they are, putting ours in a folder
 * and taking it away again. Paths are the system's; everything else returns a Win32 error. */
#ifndef PEERDIST_CLI_DLL_FILE_H
#define PEERDIST_CLI_DLL_FILE_H

#include <windows.h>
#include <stdbool.h>

#define DLL_NAME L"peerdist.dll"

/* IMAGE_FILE_MACHINE_AMD64, IMAGE_FILE_MACHINE_I386 or another; 0: it is no PE file. */
WORD dll_machine(const wchar_t *path);

enum dll_owner {
    DLL_NONE,    /* there is no such file */
    DLL_OURS,    /* of any version */
    DLL_WINE,    /* built into Wine, or in place of such a one */
    DLL_FOREIGN, /* Microsoft's, say */
};
enum dll_owner dll_owner(const wchar_t *path);

/* Copies `source` to folder\peerdist.dll, in the place of ours or of Wine's, which is kept beside
 * it. ERROR_ALREADY_EXISTS: a foreign one is there. */
DWORD dll_put(const wchar_t *source, const wchar_t *folder);
/* Takes ours away, and puts back what it replaced. ERROR_FILE_NOT_FOUND: there is none;
 * ERROR_ALREADY_EXISTS: it is a foreign one. */
DWORD dll_remove(const wchar_t *folder);

/* folder\name in memory of its own; NULL without memory. */
wchar_t *dll_path(const wchar_t *folder, const wchar_t *name);

#endif
