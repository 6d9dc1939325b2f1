/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* peerdistsvc.exe: what its command line asks for. Without arguments it is the service control
 * manager that starts it. */
#include <stdio.h>
#include <wchar.h>

#include <windows.h>

#include "service/console.h"
#include "service/control.h"

static void usage(FILE *stream)
{
    fputs("usage: peerdistsvc --console      serve in the foreground, until Ctrl-C\n"
          "       peerdistsvc --install      make the service PeerDistSvc (BranchCache) of this "
          "file\n"
          "       peerdistsvc --uninstall    stop and remove it\n"
          "Started without arguments by the service control manager alone.\n",
          stream);
}

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    if (argc == 1) {
        if (control_run())
            return 0;
        usage(stderr);
        return 2;
    }
    if (argc == 2 && wcscmp(argv[1], L"--console") == 0)
        return console_run();
    if (argc == 2 && wcscmp(argv[1], L"--install") == 0)
        return control_install();
    if (argc == 2 && wcscmp(argv[1], L"--uninstall") == 0)
        return control_uninstall();
    bool help = argc == 2 && wcscmp(argv[1], L"--help") == 0;
    usage(help ? stdout : stderr);
    return help ? 0 : 2;
}
