/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads the text files of tests/vectors: lines of "name: value", see the README there. */
#ifndef PD_TESTS_UNIT_CORE_VECTOR_FILE_H
#define PD_TESTS_UNIT_CORE_VECTOR_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vector_line {
    const char *name;
    const char *value;
};

struct vector_file {
    char *text;
    struct vector_line *lines;
    size_t count;
};

/* `name` is a file of tests/vectors. A file that is missing or malformed ends the program with a
 * message: no test could say anything without it. */
void vector_file_load(struct vector_file *file, const char *name);
void vector_file_free(struct vector_file *file);

/* Bytes of a hexadecimal value, at most `room`; ends the program when it is not one. */
size_t vector_hex(const char *value, uint8_t *out, size_t room);

#endif
