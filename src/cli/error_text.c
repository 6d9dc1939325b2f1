/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of errors: name and advice for each number that this program can meet. */
#include "cli/error_text.h"

#include <windows.h>
#include <peerdist.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/text.h"

/* The system's and the API's numbers are written by name, so that none can be wrong. */
#define ERROR_ENTRY(name, advice)            \
    {                                        \
        (unsigned long)(name), #name, advice \
    }

static const struct error_text table[] = {
    ERROR_ENTRY(ERROR_FILE_NOT_FOUND, "There is no such file: check the name."),
    ERROR_ENTRY(ERROR_PATH_NOT_FOUND, "A folder of the path does not exist: check the path."),
    ERROR_ENTRY(ERROR_ACCESS_DENIED, "You may not open or change this, or it is a folder where a "
                                     "file is expected."),
    ERROR_ENTRY(ERROR_HANDLE_EOF, "A file is shorter than it has to be: name the whole one."),
    ERROR_ENTRY(ERROR_INVALID_HANDLE, "The library refused a handle; please report this."),
    ERROR_ENTRY(ERROR_NOT_ENOUGH_MEMORY, "Memory ran out: close other programs, or use a smaller "
                                         "--buffer."),
    ERROR_ENTRY(ERROR_INVALID_DATA, "The file is not what it should be, or is damaged."),
    ERROR_ENTRY(ERROR_OUTOFMEMORY, "Memory ran out: close other programs."),
    ERROR_ENTRY(ERROR_CRC, "The disk could not be read without errors: check it."),
    ERROR_ENTRY(ERROR_READ_FAULT, "A file could not be read or written: check the disk."),
    ERROR_ENTRY(ERROR_SHARING_VIOLATION, "Another program has the file open for itself: close it "
                                         "there and try again."),
    ERROR_ENTRY(ERROR_HANDLE_DISK_FULL, "The disk is full: free some space and try again."),
    ERROR_ENTRY(ERROR_FILE_EXISTS, "The file exists and is not overwritten: name another, or "
                                   "delete it first."),
    ERROR_ENTRY(ERROR_INVALID_PASSWORD, "The passphrase does not open this file, or the file is no "
                                        "exported key."),
    ERROR_ENTRY(ERROR_INVALID_PARAMETER, "An argument is out of its limits: see --help."),
    ERROR_ENTRY(ERROR_DISK_FULL, "The disk is full: free some space and try again."),
    ERROR_ENTRY(ERROR_INVALID_NAME, "The name has characters that a file name cannot have."),
    ERROR_ENTRY(ERROR_ALREADY_EXISTS, "It belongs to somebody else, such as Windows itself, and is "
                                      "left alone: use that one, or another folder."),
    ERROR_ENTRY(ERROR_FILENAME_EXCED_RANGE, "The name is too long."),
    ERROR_ENTRY(ERROR_FILE_TOO_LARGE, "The file is too large to be what it should be."),
    ERROR_ENTRY(ERROR_OPERATION_ABORTED, "It was interrupted; nothing is left behind."),
    ERROR_ENTRY(ERROR_NOT_FOUND, "A content must be published by this user first, and held with "
                                 "--hold; 'peerdist cache show' lists the tags of the cache."),
    ERROR_ENTRY(ERROR_ACCESS_DISABLED_BY_POLICY,
                "BranchCache is switched off: set the value Enable below "
                "HKLM\\SOFTWARE\\Policies\\Microsoft\\PeerDist\\Service to 1, or delete it."),
    ERROR_ENTRY(ERROR_CANT_OPEN_ANONYMOUS, "The user could not be determined."),
    ERROR_ENTRY(ERROR_TIMEOUT, "Somebody else was fetching these bytes, and did not have them in "
                               "time: try again, allow more with --timeout, or name a copy with "
                               "--origin."),
    ERROR_ENTRY(PEERDIST_ERROR_CONTENTINFO_VERSION_UNSUPPORTED,
                "The content information is of a version that cannot be read, or the version asked "
                "for is switched off: try the other --ci-version."),
    ERROR_ENTRY(PEERDIST_ERROR_CANNOT_PARSE_CONTENTINFO,
                "The file is no content information, or is damaged or cut short: get it again."),
    ERROR_ENTRY(PEERDIST_ERROR_MISSING_DATA,
                "get: neither the cache nor a peer has these bytes: name a copy with --origin. "
                "publish: the file became shorter while it was read: try again, or use "
                "--length-unknown."),
    ERROR_ENTRY(PEERDIST_ERROR_NO_MORE, "The end was reached."),
    ERROR_ENTRY(PEERDIST_ERROR_NOT_INITIALIZED, "The library refused the order of calls; please "
                                                "report this."),
    ERROR_ENTRY(PEERDIST_ERROR_ALREADY_INITIALIZED, "The library refused the order of calls; "
                                                    "please report this."),
    ERROR_ENTRY(PEERDIST_ERROR_SHUTDOWN_IN_PROGRESS, "The library is being shut down."),
    ERROR_ENTRY(PEERDIST_ERROR_INVALIDATED,
                "The publication was removed meanwhile, or the service was switched off: publish "
                "again."),
    ERROR_ENTRY(PEERDIST_ERROR_ALREADY_EXISTS,
                "This identifier is published already, here or by another running program of this "
                "user: end that one, or name another with --id."),
    ERROR_ENTRY(PEERDIST_ERROR_OPERATION_NOTFOUND, "It had finished already."),
    ERROR_ENTRY(PEERDIST_ERROR_ALREADY_COMPLETED, "The library refused the order of calls; please "
                                                  "report this."),
    ERROR_ENTRY(PEERDIST_ERROR_OUT_OF_BOUNDS,
                "The range reaches beyond the content, or the file became longer while it was "
                "read: correct --range, or use --length-unknown."),
    ERROR_ENTRY(PEERDIST_ERROR_VERSION_UNSUPPORTED,
                "The peerdist.dll that was loaded is older than this program: 'peerdist status' on "
                "a working installation shows which is used."),
    ERROR_ENTRY(PEERDIST_ERROR_INVALID_CONFIGURATION, "A configured value is wrong."),
    ERROR_ENTRY(PEERDIST_ERROR_NOT_LICENSED, "This edition of the system is not licensed for it."),
    ERROR_ENTRY(PEERDIST_ERROR_SERVICE_UNAVAILABLE,
                "The store cannot be used now (disk full, damaged or out of reach): 'peerdist "
                "status' says what is wrong with it."),
    ERROR_ENTRY(PEERDIST_ERROR_TRUST_FAILURE, "A peer gave errors and is not asked for a while."),
};

const struct error_text *error_text_find(unsigned long code)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].code == code)
            return &table[i];
    return NULL;
}

/* The system's own words for an error that is not in the table. NULL when it has none. */
static char *system_text(unsigned long code)
{
    wchar_t *wide = NULL;
    char *text;
    DWORD length = FormatMessageW(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM |
                                      FORMAT_MESSAGE_IGNORE_INSERTS,
                                  NULL, code, 0, (wchar_t *)(void *)&wide, 0, NULL);

    while (length > 0 && wide[length - 1] <= L' ')
        wide[--length] = 0;
    text = length > 0 ? text_from_wide(wide) : NULL;
    LocalFree(wide);
    return text;
}

int error_report(unsigned long code, const char *format, ...)
{
    const struct error_text *known = error_text_find(code);
    char message[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);

    if (known) {
        output_error("peerdist: %s: %s (%lu)\n  %s\n", message, known->name, code, known->advice);
    } else {
        char *text = system_text(code);
        output_error("peerdist: %s: error %lu\n  %s\n", message, code,
                     text ? text : "The system has no words for it.");
        free(text);
    }
    return CLI_FAILED;
}
