/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The core as a program, for the differential test: carries out the lines of a script.
 *   info VERSION ALGORITHM KEY START LENGTH INPUT OUTPUT    ALGORITHM: 256, 384 or 512
 *   export KEY PASSPHRASE OUTPUT
 *   import PASSPHRASE INPUT OUTPUT
 * Keys and passphrases are bytes in hexadecimal. A step that is refused writes no output. */
#include "core/key_file.h"

#include "unit/core/blob_builder.h"
#include "unit/core/vector_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *read_file(const char *path, size_t *length)
{
    FILE *stream = fopen(path, "rb");
    uint8_t *data;
    long size;

    if (stream == NULL || fseek(stream, 0, SEEK_END) != 0 || (size = ftell(stream)) < 0 ||
        fseek(stream, 0, SEEK_SET) != 0)
        abort();
    *length = (size_t)size;
    data = malloc(*length + 1);
    if (data == NULL || fread(data, 1, *length, stream) != *length)
        abort();
    fclose(stream);
    return data;
}

static void write_file(const char *path, const uint8_t *data, size_t length)
{
    FILE *stream = fopen(path, "wb");

    if (stream == NULL || (length > 0 && fwrite(data, 1, length, stream) != length) ||
        fclose(stream) != 0)
        abort();
}

static void make_info(char **words)
{
    struct segment_scheme scheme = {(unsigned)strtoul(words[0], NULL, 10), HASH_SHA256};
    struct content_record record;
    uint8_t key[1024];
    size_t key_length = vector_hex(words[2], key, sizeof key);
    size_t length, size;
    uint8_t *data = read_file(words[5], &length);
    uint8_t *blob;

    if (strcmp(words[1], "384") == 0)
        scheme.algorithm = HASH_SHA384;
    if (strcmp(words[1], "512") == 0)
        scheme.algorithm = HASH_SHA512;
    content_record_init(&record, scheme, data, length, NULL, 0);
    if (content_record_write(&record, key, key_length, strtoull(words[3], NULL, 10),
                             strtoull(words[4], NULL, 10), &blob, &size) == PD_OK)
        write_file(words[6], blob, size);
    content_record_fini(&record);
    free(blob);
    free(data);
}

static void export_key(char **words)
{
    static uint8_t out[KEY_FILE_MAX];
    static struct secret_key key;
    uint8_t passphrase[1024];
    size_t length;

    key.length = vector_hex(words[0], key.bytes, sizeof key.bytes);
    length = vector_hex(words[1], passphrase, sizeof passphrase);
    if (key_file_export(&key, passphrase, length, out, &length) == PD_OK)
        write_file(words[2], out, length);
}

static void import_key(char **words)
{
    static struct secret_key key;
    uint8_t passphrase[1024];
    size_t passphrase_length = vector_hex(words[0], passphrase, sizeof passphrase);
    size_t length;
    uint8_t *file = read_file(words[1], &length);

    if (key_file_import(file, length, passphrase, passphrase_length, &key) == PD_OK)
        write_file(words[2], key.bytes, key.length);
    free(file);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int words;
        void (*run)(char **words);
    } steps[] = {{"info", 7, make_info}, {"export", 3, export_key}, {"import", 3, import_key}};
    char line[8192];
    FILE *script;

    if (argc != 2 || !hash_library_init())
        return 2;
    script = fopen(argv[1], "r");
    if (script == NULL)
        return 2;
    while (fgets(line, sizeof line, script) != NULL) {
        char *words[8] = {NULL};
        int count = 0;

        for (char *word = strtok(line, " \r\n"); word != NULL && count < 8;
             word = strtok(NULL, " \r\n"))
            words[count++] = word;
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
            if (count == steps[i].words + 1 && strcmp(words[0], steps[i].name) == 0)
                steps[i].run(words + 1);
    }
    fclose(script);
    return 0;
}
