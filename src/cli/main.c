/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entry of peerdist.exe: the command line in UTF-8, and the choice of the command. */
#include "cli/cli.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include "cli/output.h"
#include "cli/text.h"
#include "core/hex.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"publish", command_publish}, {"get", command_get},         {"cache", command_cache},
    {"show", command_show},       {"key", command_key},         {"status", command_status},
    {"probe", command_probe},     {"explain", command_explain}, {"peers", command_peers},
    {"config", command_config},   {"install", command_install}, {"uninstall", command_install},
};

static const char help[] =
    "usage: peerdist COMMAND [ARGUMENT...]\n"
    "\n"
    "  publish FILE...  publish files, get their content information\n"
    "  get FILE.ci      read the content that content information describes\n"
    "  cache ...        show, limit, flush, verify the data cache\n"
    "  show FILE.ci     print what content information says\n"
    "  key ...          set, generate, export or import the server's secret key\n"
    "  status           the state of the service, its store, key and library\n"
    "  probe FILE.ci    ask the subnet who has the content\n"
    "  explain FILE.ci  why it would come from peers, or would not\n"
    "  peers            who gave how much to this machine, and got from it\n"
    "  config ...       show and change the settings, and tell where they come from\n"
    "  install ...      put the library into a Wine prefix or beside a program\n"
    "  uninstall ...    take it away again\n"
    "\n"
    "  --help           this text; 'peerdist COMMAND --help' tells more\n"
    "  --version        the version of this program\n"
    "\n"
    "Exit codes: 0 done; 1 failed, with the error's name, number and advice; 2 the\n"
    "command line makes no sense.\n";

int cli_usage(const char *command, const char *format, ...)
{
    char message[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    output_error("peerdist: %s\nTry 'peerdist %s%s--help'.\n", message, command ? command : "",
                 command ? " " : "");
    return CLI_USAGE;
}

int cli_bad_option(const char *command, int argc, char **argv)
{
    const char *given = optind > 0 && optind <= argc ? argv[optind - 1] : "";

    return cli_usage(command, "%s: option unknown, or its value missing or superfluous", given);
}

bool cli_parse_bytes(const char *text, const char *end, uint64_t *value)
{
    uint64_t number = 0;
    const char *next = text;

    for (; next < end && *next >= '0' && *next <= '9'; next++) {
        unsigned digit = (unsigned)(*next - '0');
        if (number > (UINT64_MAX - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    if (next == text)
        return false;
    if (next < end) {
        unsigned shift = 0;
        switch (*next++) {
        case 'k':
        case 'K':
            shift = 10;
            break;
        case 'm':
        case 'M':
            shift = 20;
            break;
        case 'g':
        case 'G':
            shift = 30;
            break;
        default:
            return false;
        }
        if (next != end || number > UINT64_MAX >> shift)
            return false;
        number <<= shift;
    }
    *value = number;
    return true;
}

bool cli_parse_tag(const char *text, uint8_t tag[16])
{
    return strlen(text) == 32 && hex_decode(text, tag, 16);
}

static int run(int argc, char **argv)
{
    if (argc < 2)
        return cli_usage(NULL, "no command given");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        output_print("%s", help);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        output_print("peerdist %s\n", PD_VERSION);
        return CLI_OK;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            opterr = 0;
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    return cli_usage(NULL, "'%s' is no command", argv[1]);
}

/* The C runtime's headers do not declare it. */
int wmain(int argc, wchar_t **wide_argv);

int wmain(int argc, wchar_t **wide_argv)
{
    int code = CLI_FAILED;
    char **argv = calloc((size_t)argc + 1, sizeof(*argv));

    output_init();
    if (!argv)
        goto cleanup;
    for (int i = 0; i < argc; i++) {
        argv[i] = text_from_wide(wide_argv[i]);
        if (!argv[i]) {
            code = cli_usage(NULL, "argument %d is not valid Unicode", i);
            goto cleanup;
        }
    }
    code = run(argc, argv);

cleanup:
    for (int i = 0; argv && i < argc; i++)
        text_wipe_free(argv[i]);
    free(argv);
    if (!output_flush() && code == CLI_OK)
        code = CLI_FAILED;
    return code;
}
