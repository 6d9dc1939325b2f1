/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Printing UTF-8: as UTF-16 to a console, as it is (with plain \n) to files and pipes. */
#ifndef PEERDIST_CLI_OUTPUT_H
#define PEERDIST_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void output_init(void);
void output_print(const char *format, ...) __attribute__((format(gnu_printf, 1, 2)));
void output_error(const char *format, ...) __attribute__((format(gnu_printf, 1, 2)));
/* False when something could not be written to standard output; says so. */
bool output_flush(void);

/* Lower case, without separators. */
void output_hex(const uint8_t *bytes, size_t length);

/* Whether standard error is a terminal, and its width in columns (0: it is none). */
unsigned output_error_columns(void);

#endif
