/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/core/discovery_vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hex.h"
#include "unit/core/guarded_buffer.h"

static _Noreturn void give_up(const char *what, const char *detail)
{
    fprintf(stderr, "discovery vectors: %s: %s\n", what, detail);
    exit(1);
}

static char *allocate(size_t size)
{
    char *text = malloc(size);

    if (text == NULL)
        give_up("no memory", "");
    return text;
}

const char *discovery_vector(const struct vector_file *file, const char *name)
{
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->lines[i].name, name) == 0)
            return file->lines[i].value;
    give_up("not there", name);
}

void discovery_id_set(struct discovery_id *id, const char *digits)
{
    size_t length = strlen(digits) / 2;

    if (length > sizeof id->bytes || !hex_decode(digits, id->bytes, length))
        give_up("no ID", digits);
    id->length = (uint8_t)length;
    id->text[0] = '\0';
}

char *discovery_replace(const char *message, const char *what, const char *with)
{
    const char *found = strstr(message, what);
    size_t times = 0;
    char *out, *end;

    if (found == NULL)
        give_up("nothing to replace", what);
    for (; found != NULL; found = strstr(found + strlen(what), what))
        times++;
    out = end = allocate(strlen(message) + times * strlen(with) + 1);
    while ((found = strstr(message, what)) != NULL) {
        memcpy(end, message, (size_t)(found - message));
        end += found - message;
        memcpy(end, with, strlen(with));
        end += strlen(with);
        message = found + strlen(what);
    }
    memcpy(end, message, strlen(message) + 1);
    return out;
}

char *discovery_repeat(const char *text, size_t times)
{
    size_t length = strlen(text);
    char *out = allocate(length * times + 1);

    for (size_t i = 0; i < times; i++)
        memcpy(out + i * length, text, length);
    out[length * times] = '\0';
    return out;
}

enum decode_result discovery_probe_of(const char *data, size_t length,
                                      struct discovery_probe *probe)
{
    struct guarded_buffer buffer;
    enum decode_result result;

    guarded_copy(&buffer, data, length);
    result = discovery_read_probe((const char *)buffer.data, length, probe);
    guarded_free(&buffer);
    return result;
}

enum decode_result discovery_matches_of(const char *data, size_t length,
                                        struct discovery_matches *matches)
{
    struct guarded_buffer buffer;
    enum decode_result result;

    guarded_copy(&buffer, data, length);
    result = discovery_read_matches((const char *)buffer.data, length, matches);
    guarded_free(&buffer);
    return result;
}
