/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A JSON writer: commas, indentation and escapes. */
#include "cli/json.h"

#include <assert.h>
#include <inttypes.h>
#include "cli/output.h"

static void write_escaped(const char *text)
{
    output_print("\"");
    while (*text) {
        const char *end = text;
        while ((unsigned char)*end >= 0x20 && *end != '"' && *end != '\\')
            end++;
        output_print("%.*s", (int)(end - text), text);
        if (*end == '"' || *end == '\\')
            output_print("\\%c", *end);
        else if (*end)
            output_print("\\u%04x", (unsigned)*end);
        text = *end ? end + 1 : end;
    }
    output_print("\"");
}

static void begin_value(struct json *json, const char *key)
{
    if (json->depth > 0) {
        output_print("%s\n%*s", json->filled[json->depth - 1] ? "," : "", (int)json->depth * 2, "");
        json->filled[json->depth - 1] = true;
    }
    if (key) {
        write_escaped(key);
        output_print(": ");
    }
}

void json_open(struct json *json, const char *key, char bracket)
{
    assert(json->depth < JSON_MAX_DEPTH);
    begin_value(json, key);
    output_print("%c", bracket);
    json->filled[json->depth++] = false;
}

void json_close(struct json *json, char bracket)
{
    assert(json->depth > 0);
    json->depth--;
    if (json->filled[json->depth])
        output_print("\n%*s", (int)json->depth * 2, "");
    output_print("%c%s", bracket, json->depth == 0 ? "\n" : "");
}

void json_string(struct json *json, const char *key, const char *value)
{
    begin_value(json, key);
    if (value)
        write_escaped(value);
    else
        output_print("null");
}

void json_number(struct json *json, const char *key, uint64_t value)
{
    begin_value(json, key);
    output_print("%" PRIu64, value);
}

void json_hex(struct json *json, const char *key, const uint8_t *bytes, size_t length)
{
    begin_value(json, key);
    output_print("\"");
    output_hex(bytes, length);
    output_print("\"");
}
