/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands "install" and "uninstall": peerdist.dll into a Wine prefix or beside an application,
 * and what makes Wine prefer it. */
#include "cli/cli.h"

#include <windows.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include "cli/dll_file.h"
#include "cli/error_text.h"
#include "cli/output.h"
#include "cli/text.h"

static const char help[] =
    "usage: peerdist install --system\n"
    "       peerdist install FOLDER\n"
    "       peerdist uninstall --system\n"
    "       peerdist uninstall FOLDER\n"
    "\n"
    "Puts peerdist.dll into a Wine prefix (system32, and syswow64 where it has one), or\n"
    "beside the programs in FOLDER, in the width that they have, and tells Wine to\n"
    "prefer it; says what it did. The DLL is taken from beside this program, that of\n"
    "the other width from the folder beside that one, as they are built and shipped.\n"
    "A file that is neither ours nor Wine's, such as Windows' own, is never touched.\n"
    "uninstall takes away what install put there, and puts back what it replaced.\n"
    "\n"
    "  --system  the prefix in which this program runs\n";

#define OVERRIDES L"DllOverrides"
#define OVERRIDE  L"peerdist"
#define PREFERRED L"native,builtin"
#define WINE_KEY  L"Software\\Wine\\"

struct place {
    wchar_t folder[MAX_PATH];
    WORD machine;
};

static bool on_wine(void)
{
    return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL;
}

static const char *width(WORD machine)
{
    return machine == IMAGE_FILE_MACHINE_AMD64 ? "64-bit" : "32-bit";
}

/* ---- Where it comes from, and goes to ---- */

/* Our DLL for that machine; false: there is none. */
static bool find_source(WORD machine, wchar_t path[MAX_PATH])
{
    static const wchar_t *const beside[] = {L"", L"..\\x64\\", L"..\\x86\\", L"..\\x86_64\\",
                                            L"..\\i686\\"};
    wchar_t own[MAX_PATH];
    DWORD length = GetModuleFileNameW(NULL, own, MAX_PATH);
    wchar_t *end = length < MAX_PATH ? wcsrchr(own, L'\\') : NULL;
    if (end == NULL)
        return false;
    end[1] = 0;
    for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
        if (swprintf(path, MAX_PATH, L"%ls%ls" DLL_NAME, own, beside[i]) > 0 &&
            dll_machine(path) == machine && dll_owner(path) == DLL_OURS)
            return true;
    return false;
}

/* The system's folders. To a 32-bit program on a 64-bit system "system32" is syswow64. */
static unsigned system_places(struct place places[2])
{
    wchar_t windows[MAX_PATH];
    BOOL redirected = FALSE;
    unsigned count = 0;
    GetWindowsDirectoryW(windows, MAX_PATH);
    IsWow64Process(GetCurrentProcess(), &redirected);
    if (sizeof(void *) == 8 || redirected) {
        swprintf(places[0].folder, MAX_PATH, L"%ls\\%ls", windows,
                 redirected ? L"sysnative" : L"system32");
        swprintf(places[1].folder, MAX_PATH, L"%ls\\syswow64", windows);
        places[0].machine = IMAGE_FILE_MACHINE_AMD64;
        places[1].machine = IMAGE_FILE_MACHINE_I386;
        count = GetFileAttributesW(places[1].folder) != INVALID_FILE_ATTRIBUTES ? 2 : 1;
    } else {
        GetSystemDirectoryW(places[0].folder, MAX_PATH);
        places[0].machine = IMAGE_FILE_MACHINE_I386;
        count = 1;
    }
    return count;
}

/* Visits the programs of a folder. */
static void for_programs(const wchar_t *folder,
                         void (*visit)(const wchar_t *name, WORD machine, void *context),
                         void *context)
{
    WIN32_FIND_DATAW found;
    wchar_t *pattern = dll_path(folder, L"*.exe");
    HANDLE search = pattern ? FindFirstFileW(pattern, &found) : INVALID_HANDLE_VALUE;
    free(pattern);
    if (search == INVALID_HANDLE_VALUE)
        return;
    do {
        wchar_t *path = dll_path(folder, found.cFileName);
        WORD machine = path ? dll_machine(path) : 0;
        if (machine != 0)
            visit(found.cFileName, machine, context);
        free(path);
    } while (FindNextFileW(search, &found));
    FindClose(search);
}

struct programs {
    WORD machine;
    bool mixed;
};

static void note_machine(const wchar_t *name, WORD machine, void *context)
{
    struct programs *programs = context;
    (void)name;
    programs->mixed = programs->mixed || (programs->machine != 0 && programs->machine != machine);
    programs->machine = machine;
}

/* ---- What Wine prefers ---- */

/* Sets or clears the override in HKCU\Software\Wine\BELOW; one that somebody else set stays. */
static void set_override(const wchar_t *below, bool set)
{
    wchar_t path[MAX_PATH], value[64] = {0};
    DWORD size = sizeof(value) - sizeof(wchar_t), type = 0;
    char *shown;
    HKEY key;
    swprintf(path, MAX_PATH, WINE_KEY L"%ls" OVERRIDES, below);
    if (RegCreateKeyExW(HKEY_CURRENT_USER, path, 0, NULL, 0, KEY_READ | KEY_WRITE, NULL, &key,
                        NULL) != ERROR_SUCCESS)
        return;
    bool there =
        RegQueryValueExW(key, OVERRIDE, NULL, &type, (BYTE *)value, &size) == ERROR_SUCCESS;
    bool ours = there && type == REG_SZ && wcscmp(value, PREFERRED) == 0;
    shown = text_from_wide(path);
    if (set && !there) {
        LSTATUS error =
            RegSetValueExW(key, OVERRIDE, 0, REG_SZ, (const BYTE *)PREFERRED, sizeof(PREFERRED));
        output_print(error == ERROR_SUCCESS ? "HKCU\\%s: peerdist = native,builtin\n"
                                            : "HKCU\\%s: peerdist could not be set\n",
                     shown ? shown : "");
    } else if (set && !ours) {
        output_print("HKCU\\%s: peerdist is set otherwise already, and left so\n",
                     shown ? shown : "");
    } else if (!set && ours && RegDeleteValueW(key, OVERRIDE) == ERROR_SUCCESS) {
        output_print("HKCU\\%s: peerdist cleared\n", shown ? shown : "");
    }
    free(shown);
    RegCloseKey(key);
}

static void override_program(const wchar_t *name, WORD machine, void *context)
{
    wchar_t below[MAX_PATH];
    (void)machine;
    if (swprintf(below, MAX_PATH, L"AppDefaults\\%ls\\", name) > 0)
        set_override(below, *(const bool *)context);
}

/* ---- Doing it ---- */

static int report(DWORD error, const char *what, const char *path)
{
    if (error == ERROR_ALREADY_EXISTS)
        return error_report(error, "%s\\peerdist.dll is neither ours nor Wine's", path);
    return error_report(error, "cannot %s %s\\peerdist.dll", what, path);
}

static int put(const struct place *place)
{
    wchar_t source[MAX_PATH];
    char *shown = text_from_wide(place->folder);
    int code = CLI_OK;
    DWORD error = shown ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
    if (error == ERROR_SUCCESS && !find_source(place->machine, source)) {
        code = error_report(ERROR_FILE_NOT_FOUND,
                            "there is no %s peerdist.dll beside this program for %s",
                            width(place->machine), shown);
    } else {
        if (error == ERROR_SUCCESS)
            error = dll_put(source, place->folder);
        if (error != ERROR_SUCCESS)
            code = report(error, "write", shown ? shown : "");
        else
            output_print("%s\\peerdist.dll: installed, %s\n", shown, width(place->machine));
    }
    free(shown);
    return code;
}

static int take(const struct place *place, bool *found)
{
    char *shown = text_from_wide(place->folder);
    DWORD error = shown ? dll_remove(place->folder) : ERROR_NOT_ENOUGH_MEMORY;
    int code = CLI_OK;
    if (error == ERROR_SUCCESS) {
        *found = true;
        output_print("%s\\peerdist.dll: removed\n", shown);
    } else if (error != ERROR_FILE_NOT_FOUND) {
        code = report(error, "remove", shown ? shown : "");
    }
    free(shown);
    return code;
}

static int change(const struct place *places, unsigned count, bool install)
{
    bool found = false;
    int code = CLI_OK;
    for (unsigned i = 0; i < count; i++) {
        int one = install ? put(&places[i]) : take(&places[i], &found);
        code = one != CLI_OK ? one : code;
    }
    if (!install && !found && code == CLI_OK)
        output_print("nothing was installed there\n");
    return code;
}

static int change_system(bool install)
{
    struct place places[2];
    int code = change(places, system_places(places), install);
    if (on_wine() && (code == CLI_OK || !install))
        set_override(L"", install);
    return code;
}

static int change_folder(const char *folder, bool install)
{
    struct place place = {.machine = 0};
    struct programs programs = {0, false};
    wchar_t *full = text_full_path(folder);
    if (full == NULL || wcslen(full) >= MAX_PATH - 32) {
        free(full);
        return error_report(ERROR_INVALID_NAME, "cannot use the folder %s", folder);
    }
    wcscpy(place.folder, full);
    free(full);
    for_programs(place.folder, note_machine, &programs);
    if (install && programs.machine == 0)
        return error_report(ERROR_FILE_NOT_FOUND, "there is no program in %s", folder);
    if (install && programs.mixed)
        return error_report(ERROR_INVALID_DATA,
                            "the programs in %s have both widths, and one DLL has one", folder);
    place.machine = programs.machine;
    int code = change(&place, 1, install);
    if (on_wine() && (code == CLI_OK || !install))
        for_programs(place.folder, override_program, &install);
    return code;
}

int command_install(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"system", no_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    bool install = strcmp(argv[0], "install") == 0, to_system = false;
    int option;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (option) {
        case 's':
            to_system = true;
            break;
        case 'h':
            output_print("%s", help);
            return CLI_OK;
        default:
            return cli_bad_option(argv[0], argc, argv);
        }
    }
    if (argc - optind != (to_system ? 0 : 1))
        return cli_usage(argv[0], "either --system or one FOLDER is needed");
    return to_system ? change_system(install) : change_folder(argv[optind], install);
}
