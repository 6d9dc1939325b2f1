/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loader of the vector files. Strict, so that a typing error in a vector cannot pass for a test. */
#include "unit/core/vector_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void give_up(const char *what, const char *detail)
{
    fprintf(stderr, "test vectors: %s: %s\n", what, detail);
    exit(1);
}

static char *read_text(const char *name)
{
    char path[4096];
    FILE *stream;
    char *text;
    long size;

    snprintf(path, sizeof path, "%s/vectors/%s", PD_TEST_DATA, name);
    stream = fopen(path, "rb");
    if (stream == NULL || fseek(stream, 0, SEEK_END) != 0 || (size = ftell(stream)) < 0 ||
        fseek(stream, 0, SEEK_SET) != 0)
        give_up("cannot open", path);
    text = malloc((size_t)size + 1);
    if (text == NULL || fread(text, 1, (size_t)size, stream) != (size_t)size)
        give_up("cannot read", path);
    fclose(stream);
    text[size] = '\0';
    return text;
}

void vector_file_load(struct vector_file *file, const char *name)
{
    char *next;
    size_t room = 1;

    file->text = read_text(name);
    for (const char *p = file->text; *p != '\0'; p++)
        room += *p == '\n';
    file->lines = calloc(room, sizeof *file->lines);
    if (file->lines == NULL)
        give_up("no memory", name);
    file->count = 0;

    for (char *line = file->text; *line != '\0'; line = next) {
        char *colon;

        next = line + strcspn(line, "\n");
        if (*next != '\0')
            *next++ = '\0';
        line[strcspn(line, "\r")] = '\0';
        if (*line == '\0' || *line == '#')
            continue;
        colon = strstr(line, ": ");
        if (colon == NULL)
            give_up(name, line);
        *colon = '\0';
        file->lines[file->count].name = line;
        file->lines[file->count].value = colon + 2;
        file->count++;
    }
}

void vector_file_free(struct vector_file *file)
{
    free(file->lines);
    free(file->text);
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c == '\0' ? NULL : strchr(digits, c);

    return found == NULL ? -1 : (int)(found - digits);
}

size_t vector_hex(const char *value, uint8_t *out, size_t room)
{
    size_t length = strlen(value) / 2;

    if (strlen(value) % 2 != 0 || length > room)
        give_up("wrong length", value);
    for (size_t i = 0; i < length; i++) {
        int high = hex_digit(value[2 * i]);
        int low = hex_digit(value[2 * i + 1]);

        if (high < 0 || low < 0)
            give_up("not hexadecimal", value);
        out[i] = (uint8_t)(high << 4 | low);
    }
    return length;
}
