/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command "key": the server's secret key is set, generated, exported and imported. */
#include "cli/cli.h"

#include <windows.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include "api/error_map.h"
#include "cli/error_text.h"
#include "cli/file_io.h"
#include "cli/output.h"
#include "cli/text.h"
#include "core/key_file.h"
#include "platform/random.h"
#include "platform/secret_key_store.h"

#define LONGEST_LINE 4096

static const char help[] =
    "usage: peerdist key set PASSPHRASE\n"
    "       peerdist key generate\n"
    "       peerdist key export FILE PASSPHRASE\n"
    "       peerdist key import FILE PASSPHRASE\n"
    "\n"
    "The secret key gives segments their names. Servers of the same content need the\n"
    "same key, and a new key gives everything a new name: what clients have cached so\n"
    "far is not found any more.\n"
    "\n"
    "  set       make the key from a passphrase, as 'netsh branchcache set key' does\n"
    "  generate  make a random key\n"
    "  export    write the key to a new file, encrypted with a passphrase, in the\n"
    "            format of Windows\n"
    "  import    take the key from such a file\n"
    "\n"
    "A PASSPHRASE of - is read as a line from standard input, for other users can see\n"
    "command lines.\n";

/* A line of UTF-8 from a file or pipe, or typed blindly at a console. NULL: none, or too long. */
static wchar_t *read_passphrase(void)
{
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    DWORD mode, got;
    wchar_t *passphrase = NULL;

    if (GetConsoleMode(input, &mode)) {
        wchar_t line[LONGEST_LINE];
        output_error("Passphrase: ");
        SetConsoleMode(input, ENABLE_LINE_INPUT | ENABLE_PROCESSED_INPUT);
        if (ReadConsoleW(input, line, LONGEST_LINE - 1, &got, NULL)) {
            line[got] = 0;
            line[wcscspn(line, L"\r\n")] = 0;
            passphrase = _wcsdup(line);
        }
        SetConsoleMode(input, mode);
        output_error("\n");
        SecureZeroMemory(line, sizeof(line));
    } else {
        char line[LONGEST_LINE];
        size_t have = 0;
        while (have < sizeof(line) - 1 && ReadFile(input, line + have, 1, &got, NULL) && got == 1 &&
               line[have] != '\n')
            have++;
        line[have] = 0;
        line[strcspn(line, "\r")] = 0;
        if (have < sizeof(line) - 1)
            passphrase = text_to_wide(line);
        SecureZeroMemory(line, sizeof(line));
    }
    return passphrase;
}

/* From the command line or from standard input; wipe and free it. Reports what is wrong. */
static wchar_t *get_passphrase(const char *argument)
{
    wchar_t *passphrase = strcmp(argument, "-") == 0 ? read_passphrase() : text_to_wide(argument);

    if (passphrase && *passphrase)
        return passphrase;
    cli_usage("key", "the passphrase is empty or not readable");
    text_wipe_free_wide(passphrase);
    return NULL;
}

static size_t passphrase_bytes(const wchar_t *passphrase)
{
    return wcslen(passphrase) * sizeof(wchar_t);
}

static int save(const struct secret_key *key, const char *how)
{
    enum pd_status status = secret_key_save(key);
    const char *location;

    if (status != PD_OK)
        return error_report(win32_error(status), "cannot keep the key");
    location = secret_key_location();
    output_print("secret key %s: %zu bytes, kept for this %s\n", how, key->length,
                 location ? location : "process");
    return CLI_OK;
}

static int key_set(char **arguments)
{
    wchar_t *passphrase = get_passphrase(arguments[0]);
    struct secret_key key;
    enum pd_status status;
    int code;

    if (!passphrase)
        return CLI_USAGE;
    status =
        secret_key_from_passphrase((const uint8_t *)passphrase, passphrase_bytes(passphrase), &key);
    text_wipe_free_wide(passphrase);
    if (status != PD_OK)
        return error_report(win32_error(status), "cannot use the passphrase");
    code = save(&key, "set");
    secret_key_wipe(&key);
    return code;
}

static int key_generate(char **arguments)
{
    struct secret_key key = {.length = SECRET_KEY_GENERATED};
    int code;

    (void)arguments;
    if (!random_bytes(key.bytes, key.length))
        return error_report(GetLastError(), "cannot get random bytes");
    code = save(&key, "generated");
    secret_key_wipe(&key);
    return code;
}

static int key_export(char **arguments)
{
    wchar_t *passphrase = get_passphrase(arguments[1]);
    struct secret_key key;
    uint8_t file[KEY_FILE_MAX];
    size_t length;
    enum pd_status status;
    DWORD error;

    if (!passphrase)
        return CLI_USAGE;
    status = secret_key_load(&key);
    if (status == PD_OK) {
        status = key_file_export(&key, (const uint8_t *)passphrase, passphrase_bytes(passphrase),
                                 file, &length);
        secret_key_wipe(&key);
    }
    text_wipe_free_wide(passphrase);
    if (status != PD_OK)
        return error_report(win32_error(status), "cannot export the key");
    error = file_write_new(arguments[0], file, length);
    if (error != ERROR_SUCCESS)
        return error_report(error, "cannot write %s", arguments[0]);
    output_print("secret key exported: %s, %zu bytes\n", arguments[0], length);
    return CLI_OK;
}

static int key_import(char **arguments)
{
    wchar_t *passphrase = get_passphrase(arguments[1]);
    struct secret_key key;
    uint8_t *file;
    size_t length;
    enum pd_status status;
    int code;
    DWORD error;

    if (!passphrase)
        return CLI_USAGE;
    error = file_read_whole(arguments[0], KEY_FILE_MAX, &file, &length);
    if (error != ERROR_SUCCESS) {
        text_wipe_free_wide(passphrase);
        return error_report(error, "cannot read %s", arguments[0]);
    }
    status = key_file_import(file, length, (const uint8_t *)passphrase,
                             passphrase_bytes(passphrase), &key);
    text_wipe_free_wide(passphrase);
    free(file);
    if (status != PD_OK)
        return error_report(win32_error(status), "cannot import %s", arguments[0]);
    code = save(&key, "imported");
    secret_key_wipe(&key);
    return code;
}

int command_key(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    static const struct {
        const char *name;
        int argument_count;
        int (*run)(char **arguments);
    } actions[] = {
        {"set", 1, key_set},
        {"generate", 0, key_generate},
        {"export", 2, key_export},
        {"import", 2, key_import},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (option != 'h')
            return cli_bad_option(argv[0], argc, argv);
        output_print("%s", help);
        return CLI_OK;
    }
    if (optind == argc)
        return cli_usage(argv[0], "set, generate, export or import is wanted");
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strcmp(argv[optind], actions[i].name) != 0)
            continue;
        if (argc - optind - 1 != actions[i].argument_count)
            return cli_usage(argv[0], "key %s takes %d argument%s", actions[i].name,
                             actions[i].argument_count, actions[i].argument_count == 1 ? "" : "s");
        if (!hash_library_init())
            return error_report(ERROR_NOT_ENOUGH_MEMORY, "cannot start libcrypto");
        return actions[i].run(argv + optind + 1);
    }
    return cli_usage(argv[0], "'key %s' is unknown", argv[optind]);
}
