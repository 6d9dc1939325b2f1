/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the changes and makes their blobs. */
#include "unit/core/content_changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void give_up(const char *what, const char *detail)
{
    fprintf(stderr, "changed vectors: %s: %s\n", what, detail);
    exit(1);
}

static struct content_change changes[CHANGES_MAX];
static size_t change_count;

static void load_changes(void)
{
    static struct vector_file file;

    vector_file_load(&file, "changes.txt");
    for (size_t i = 0; i < file.count; i++) {
        struct content_change *change = &changes[change_count - (change_count > 0)];

        if (strcmp(file.lines[i].name, "change") == 0) {
            if (change_count == CHANGES_MAX)
                give_up("too many", "changes.txt");
            changes[change_count++].reason = file.lines[i].value;
        } else if (strcmp(file.lines[i].name, "base") == 0) {
            change->base = content_vector_find(file.lines[i].value);
            change->edits = &file.lines[i + 1];
        } else if (strcmp(file.lines[i].name, "status") == 0) {
            if (strcmp(file.lines[i].value, "version") == 0)
                change->status = PD_CONTENT_INFO_VERSION_UNSUPPORTED;
            else if (strcmp(file.lines[i].value, "malformed") == 0)
                change->status = PD_CANNOT_PARSE_CONTENT_INFO;
            else if (strcmp(file.lines[i].value, "ok") != 0)
                give_up("status", file.lines[i].value);
            change->edit_count = (size_t)(&file.lines[i] - change->edits);
        }
    }
}

uint8_t *content_change_blob(const struct content_change *change, size_t *size)
{
    uint8_t bytes[64], digest[32];
    uint8_t *blob = content_vector_blob(change->base);
    uint8_t *grown = realloc(blob, change->base->size + sizeof bytes);

    if (grown == NULL)
        give_up("memory", "none");
    *size = change->base->size;
    for (size_t i = 0; i < change->edit_count; i++) {
        const struct vector_line *edit = &change->edits[i];
        char *hex;

        if (strcmp(edit->name, "cut") == 0) {
            *size = (size_t)strtoul(edit->value, NULL, 10);
        } else if (strcmp(edit->name, "append") == 0) {
            *size += vector_hex(edit->value, grown + *size, sizeof bytes);
        } else if (strcmp(edit->name, "set") == 0) {
            size_t offset = (size_t)strtoul(edit->value, &hex, 10);
            size_t length = vector_hex(hex + 1, bytes, sizeof bytes);

            if (offset + length > *size)
                give_up("past the end", change->reason);
            memcpy(grown + offset, bytes, length);
        } else if (strcmp(edit->name, "sha256") == 0) {
            vector_hex(edit->value, bytes, 32);
            if (!digest_once(HASH_SHA256, grown, *size, digest) || memcmp(digest, bytes, 32) != 0)
                give_up("another blob", change->reason);
        } else {
            give_up("unknown edit", edit->name);
        }
    }
    return grown;
}

const struct content_change *content_changes(size_t *count)
{
    if (change_count == 0)
        load_changes();
    *count = change_count;
    return changes;
}
