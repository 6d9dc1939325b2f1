/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of the information stands in memory, what is before it, if anything, in the file. */
#include "engine/info_spool.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash/digest.h"
#include "core/hex.h"
#include "platform/data_file.h"
#include "platform/folder.h"
#include "platform/random.h"

struct info_spool {
    char *user;
    struct data_file *file; /* NULL: all is in memory */
    uint64_t file_length;
    uint8_t *memory;
    size_t memory_length, memory_capacity;
};

struct info_spool *info_spool_create(const char *user)
{
    struct info_spool *spool = calloc(1, sizeof(*spool));
    size_t size = strlen(user) + 1;
    if (spool == NULL || (spool->user = malloc(size)) == NULL) {
        free(spool);
        return NULL;
    }
    memcpy(spool->user, user, size);
    return spool;
}

void info_spool_destroy(struct info_spool *spool)
{
    if (spool == NULL)
        return;
    if (spool->memory != NULL)
        secure_wipe(spool->memory, spool->memory_capacity);
    free(spool->memory);
    data_file_close(spool->file);
    free(spool->user);
    free(spool);
}

static enum pd_status make_file(struct info_spool *spool)
{
    uint8_t random[8];
    char digits[2 * sizeof(random) + 1], name[sizeof("information-.tmp") + 2 * sizeof(random)];
    char *root = NULL, *folder = NULL, *path = NULL;
    enum pd_status status = folder_store_root(&root);
    if (status == PD_OK && !random_bytes(random, sizeof(random)))
        status = PD_UNAVAILABLE;
    if (status == PD_OK) {
        hex_encode(random, sizeof(random), digits);
        snprintf(name, sizeof(name), "information-%s.tmp", digits);
        folder = path_join(root, spool->user);
        path = folder != NULL ? path_join(folder, name) : NULL;
        status = path != NULL ? folder_create_private(folder, spool->user) : PD_NO_MEMORY;
    }
    if (status == PD_OK && data_file_create_temporary(path, &spool->file) != PD_OK)
        status = PD_UNAVAILABLE;
    free(path);
    free(folder);
    free(root);
    return status;
}

static enum pd_status write_out(struct info_spool *spool)
{
    enum pd_status status = spool->file == NULL ? make_file(spool) : PD_OK;
    if (status == PD_OK && data_file_write(spool->file, spool->file_length, spool->memory,
                                           spool->memory_length) != PD_OK)
        status = PD_UNAVAILABLE;
    if (status == PD_OK) {
        spool->file_length += spool->memory_length;
        spool->memory_length = 0;
    }
    return status;
}

static bool grow(struct info_spool *spool, size_t length)
{
    size_t capacity = spool->memory_capacity > 0 ? spool->memory_capacity : 4096;
    while (capacity < length)
        capacity *= 2;
    if (capacity == spool->memory_capacity)
        return true;
    /* Not realloc: the old place is to be wiped. */
    uint8_t *grown = malloc(capacity);
    if (grown == NULL)
        return false;
    if (spool->memory != NULL) {
        memcpy(grown, spool->memory, spool->memory_length);
        secure_wipe(spool->memory, spool->memory_capacity);
        free(spool->memory);
    }
    spool->memory = grown;
    spool->memory_capacity = capacity;
    return true;
}

enum pd_status info_spool_append(void *context, const void *data, size_t length)
{
    struct info_spool *spool = context;
    const uint8_t *next = data;
    if (length > INFO_SPOOL_MAX - spool->file_length - spool->memory_length)
        return PD_NO_MEMORY;
    while (length > 0) {
        size_t room = INFO_SPOOL_MEMORY - spool->memory_length;
        size_t part = length < room ? length : room;
        if (part == 0) {
            enum pd_status status = write_out(spool);
            if (status != PD_OK)
                return status;
            continue;
        }
        if (!grow(spool, spool->memory_length + part))
            return PD_NO_MEMORY;
        memcpy(spool->memory + spool->memory_length, next, part);
        spool->memory_length += part;
        next += part;
        length -= part;
    }
    return PD_OK;
}

enum pd_status info_spool_read(void *context, uint64_t position, void *out, size_t length)
{
    struct info_spool *spool = context;
    uint8_t *next = out;
    uint64_t end = spool->file_length + spool->memory_length;
    if (position > end || length > end - position)
        return PD_UNAVAILABLE;
    if (position < spool->file_length) {
        uint64_t left = spool->file_length - position;
        size_t part = length < left ? length : (size_t)left;
        if (data_file_read(spool->file, position, next, part) != PD_OK)
            return PD_UNAVAILABLE;
        position += part;
        next += part;
        length -= part;
    }
    if (length > 0)
        memcpy(next, spool->memory + (position - spool->file_length), length);
    return PD_OK;
}
