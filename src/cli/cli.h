/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the commands of peerdist.exe share: exit codes, the commands themselves, and how a failure
 * or a wrong command line is reported. */
#ifndef PEERDIST_CLI_CLI_H
#define PEERDIST_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1, /* the error's name, number and advice were printed */
    CLI_USAGE = 2   /* the command line makes no sense */
};

/* Each gets its own name as argv[0], everything in UTF-8, and returns an exit code. */
int command_publish(int argc, char **argv);
int command_show(int argc, char **argv);
int command_get(int argc, char **argv);
int command_cache(int argc, char **argv);
int command_key(int argc, char **argv);
int command_status(int argc, char **argv);
int command_probe(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_peers(int argc, char **argv);
int command_config(int argc, char **argv);
int command_install(int argc, char **argv); /* "uninstall" too */

/* "peerdist: MESSAGE", then where to read more; `command` may be NULL. Returns CLI_USAGE. */
int cli_usage(const char *command, const char *format, ...)
    __attribute__((format(gnu_printf, 2, 3)));
/* For getopt_long's '?' and ':'. */
int cli_bad_option(const char *command, int argc, char **argv);

/* A number of bytes: decimal, with K, M or G for powers of 1024; the whole of [text, end). */
bool cli_parse_bytes(const char *text, const char *end, uint64_t *value);

/* A content tag: 32 hexadecimal digits for 16 bytes. */
bool cli_parse_tag(const char *text, uint8_t tag[16]);

#endif
