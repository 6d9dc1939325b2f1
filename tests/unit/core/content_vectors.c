/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the vectors and makes their blobs. */
#include "unit/core/content_vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct content_vector vectors[VECTORS_MAX];
static size_t vector_count;

static _Noreturn void give_up(const char *what, const char *detail)
{
    fprintf(stderr, "test vectors: %s: %s\n", what, detail);
    exit(1);
}

static size_t read_numbers(const char *value, uint64_t *numbers, size_t room)
{
    size_t count = 0;
    char *end;

    while (*value != '\0' && count < room) {
        numbers[count++] = strtoull(value, &end, 10);
        if (end == value)
            give_up("not a number", value);
        value = end;
    }
    return count;
}

static void read_scheme(const char *value, struct segment_scheme *scheme)
{
    static const char *const names[] = {"sha256", "sha384", "sha512"};

    scheme->version = (unsigned)(value[0] - '0');
    for (int i = 0; i < HASH_ALGORITHM_COUNT; i++)
        if (strcmp(value + 2, names[i]) == 0) {
            scheme->algorithm = (enum hash_algorithm)i;
            return;
        }
    give_up("scheme", value);
}

static void read_content(const char *value, struct content_vector *vector)
{
    static const char *const names[] = {"pattern ", "zeros ", "captured "};

    for (int i = 0; i < 3; i++)
        if (strncmp(value, names[i], strlen(names[i])) == 0) {
            vector->content = (enum content_kind)i;
            vector->content_length = strtoull(value + strlen(names[i]), NULL, 10);
            return;
        }
    give_up("content", value);
}

static void read_use(const char *value, enum vector_use *use)
{
    static const char *const names[] = {"write", "read", "refuse"};

    for (int i = 0; i < 3; i++)
        if (strcmp(value, names[i]) == 0) {
            *use = (enum vector_use)i;
            return;
        }
    give_up("use", value);
}

static bool read_segment_line(const struct vector_line *line, struct content_vector *vector)
{
    struct vector_segment *segment;
    uint64_t numbers[3] = {0};

    if (strcmp(line->name, "segment") == 0) {
        if (vector->segment_count == VECTOR_SEGMENTS_MAX)
            give_up("too many segments", vector->name);
        segment = &vector->segments[vector->segment_count++];
        read_numbers(line->value, numbers, 3);
        segment->index = (size_t)numbers[0];
        segment->offset = numbers[1];
        segment->size = (uint32_t)numbers[2];
        return true;
    }
    if (vector->segment_count == 0)
        return false;
    segment = &vector->segments[vector->segment_count - 1];
    if (strcmp(line->name, "blocks") == 0) {
        read_numbers(line->value, numbers, 2);
        segment->first_block = (uint32_t)numbers[0];
        segment->block_count = (uint32_t)numbers[1];
    } else if (strcmp(line->name, "hod") == 0) {
        segment->hod = line->value;
    } else if (strcmp(line->name, "kp") == 0) {
        segment->kp = line->value;
    } else if (strcmp(line->name, "id") == 0) {
        segment->id = line->value;
    } else if (strcmp(line->name, "first") == 0) {
        segment->first_hash = line->value;
    } else if (strcmp(line->name, "last") == 0) {
        segment->last_hash = line->value;
    } else {
        return false;
    }
    return true;
}

static void read_line(const struct vector_line *line, struct content_vector *vector)
{
    uint64_t numbers[6] = {0};

    if (strcmp(line->name, "scheme") == 0) {
        read_scheme(line->value, &vector->scheme);
    } else if (strcmp(line->name, "content") == 0) {
        read_content(line->value, vector);
    } else if (strcmp(line->name, "key") == 0) {
        vector->key_length = vector_hex(line->value, vector->key, sizeof vector->key);
    } else if (strcmp(line->name, "range") == 0) {
        read_numbers(line->value, numbers, 2);
        vector->range_start = numbers[0];
        vector->range_end = numbers[1];
    } else if (strcmp(line->name, "segments") == 0) {
        vector->size_count = read_numbers(line->value, numbers, 4);
        for (size_t i = 0; i < vector->size_count; i++)
            vector->sizes[i] = (uint32_t)numbers[i];
    } else if (strcmp(line->name, "use") == 0) {
        read_use(line->value, &vector->use);
    } else if (strcmp(line->name, "fields") == 0) {
        read_numbers(line->value, vector->fields, 6);
    } else if (strcmp(line->name, "size") == 0) {
        vector->size = (size_t)strtoull(line->value, NULL, 10);
    } else if (strcmp(line->name, "sha256") == 0) {
        vector->sha256 = line->value;
    } else if (strcmp(line->name, "ids") == 0) {
        vector->ids = line->value;
    } else if (strcmp(line->name, "blob") == 0) {
        vector->blob_length += vector_hex(line->value, vector->blob + vector->blob_length,
                                          sizeof vector->blob - vector->blob_length);
    } else if (strcmp(line->name, "title") != 0 && !read_segment_line(line, vector)) {
        give_up("unknown name", line->name);
    }
}

static void load(const char *name)
{
    static struct vector_file files[3];
    static size_t file_count;
    struct vector_file *file = &files[file_count++];

    vector_file_load(file, name);
    for (size_t i = 0; i < file->count; i++) {
        if (strcmp(file->lines[i].name, "vector") == 0) {
            if (vector_count == VECTORS_MAX)
                give_up("too many vectors", name);
            vectors[vector_count++].name = file->lines[i].value;
        } else if (vector_count == 0) {
            give_up("no vector yet", file->lines[i].name);
        } else {
            read_line(&file->lines[i], &vectors[vector_count - 1]);
        }
    }
}

const struct content_vector *content_vectors(size_t *count)
{
    if (vector_count == 0) {
        load("captures.txt");
        load("content_info_v1.txt");
        load("content_info_v2.txt");
    }
    *count = vector_count;
    return vectors;
}

const struct content_vector *content_vector_find(const char *name)
{
    size_t count;
    const struct content_vector *all = content_vectors(&count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}

/* The content of the captures is not known, but its hashes are. */
static void captured_record(struct content_record *record, const struct content_vector *vector)
{
    size_t value = segment_value_size(vector->scheme);
    size_t count = vector->segment_count;

    memset(record, 0, sizeof *record);
    record->scheme = vector->scheme;
    record->length = vector->content_length;
    record->segment_count = count;
    record->sizes = calloc(count, sizeof *record->sizes);
    record->hods = calloc(count, value);
    record->block_hashes = calloc(2, value);
    if (record->sizes == NULL || record->hods == NULL || record->block_hashes == NULL)
        abort();
    for (size_t s = 0; s < count; s++) {
        record->sizes[s] = vector->segments[s].size;
        vector_hex(vector->segments[s].hod, record->hods + s * value, value);
    }
    if (vector->scheme.version == 1) {
        vector_hex(vector->segments[0].first_hash, record->block_hashes, value);
        vector_hex(vector->segments[0].last_hash, record->block_hashes + value, value);
        if (segment_hod_v1(vector->scheme.algorithm, record->block_hashes, 2, record->hods) !=
            PD_OK)
            abort();
    }
}

uint8_t *content_vector_write(const struct content_vector *vector, size_t *size)
{
    struct content_record record;
    uint64_t length = vector->range_end - vector->range_start;
    uint8_t *blob;

    if (vector->content == CONTENT_CAPTURED) {
        captured_record(&record, vector);
    } else {
        size_t bytes = (size_t)vector->content_length;
        uint8_t *data = calloc(bytes + 1, 1);

        if (data == NULL)
            abort();
        if (vector->content == CONTENT_PATTERN)
            fill_pattern(data, bytes);
        content_record_init(&record, vector->scheme, data, bytes, vector->sizes,
                            vector->size_count);
        free(data);
    }
    if (content_record_write(&record, vector->key, vector->key_length, vector->range_start, length,
                             &blob, size) != PD_OK)
        give_up("range", vector->name);
    content_record_fini(&record);
    return blob;
}

uint8_t *content_vector_blob(const struct content_vector *vector)
{
    uint8_t expected[32];
    uint8_t digest[32];
    uint8_t *blob;
    size_t size = vector->size;

    if (vector->blob_length == vector->size) {
        blob = malloc(size);
        if (blob == NULL)
            abort();
        memcpy(blob, vector->blob, size);
    } else {
        blob = content_vector_write(vector, &size);
    }
    vector_hex(vector->sha256, expected, sizeof expected);
    if (size != vector->size || !digest_once(HASH_SHA256, blob, size, digest) ||
        memcmp(digest, expected, sizeof digest) != 0)
        give_up("SHA-256 of the blob differs", vector->name);
    return blob;
}
