/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing JSON to standard output, indented, one value after the other. */
#ifndef PEERDIST_CLI_JSON_H
#define PEERDIST_CLI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_MAX_DEPTH 8

/* Zero it before the first call. */
struct json {
    unsigned depth;
    bool filled[JSON_MAX_DEPTH]; /* whether the object or array at this depth has a value yet */
};

/* `key` is NULL in arrays and at the top. `bracket` is '{' or '['; closing takes '}' or ']'. */
void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);
void json_string(struct json *json, const char *key, const char *value /* UTF-8; NULL: null */);
void json_number(struct json *json, const char *key, uint64_t value);
void json_hex(struct json *json, const char *key, const uint8_t *bytes, size_t length);

#endif
