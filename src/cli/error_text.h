/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From an error's number to its name and to what a person can do about it. */
#ifndef PEERDIST_CLI_ERROR_TEXT_H
#define PEERDIST_CLI_ERROR_TEXT_H

struct error_text {
    unsigned long code;
    const char *name;
    const char *advice;
};

/* NULL when the table has no such error. */
const struct error_text *error_text_find(unsigned long code);

/* Prints "peerdist: MESSAGE: NAME (NUMBER)" and the advice, on standard error. Returns CLI_FAILED.
 */
int error_report(unsigned long code, const char *format, ...)
    __attribute__((format(gnu_printf, 2, 3)));

#endif
