/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stands in for libFuzzer's main: runs a fuzz target over the files of the folders named on the
 * command line, so that the corpus is replayed by every test run, under Wine too. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An exact allocation per input lets the sanitizers see every read past its end. */
static int replay_file(const char *path)
{
    int result = -1;
    uint8_t *data = NULL;
    FILE *file = fopen(path, "rb");

    if (!file)
        return -1;
    if (fseek(file, 0, SEEK_END) != 0)
        goto cleanup;
    long size = ftell(file);
    if (size < 0 || fseek(file, 0, SEEK_SET) != 0)
        goto cleanup;
    data = malloc(size > 0 ? (size_t)size : 1);
    if (!data || fread(data, 1, (size_t)size, file) != (size_t)size)
        goto cleanup;
    LLVMFuzzerTestOneInput(data, (size_t)size);
    result = 0;

cleanup:
    free(data);
    fclose(file);
    return result;
}

static void replay_folder(const char *folder, int *passed, int *failed)
{
    DIR *dir = opendir(folder);

    if (!dir) {
        printf("cannot open %s\n", folder);
        (*failed)++;
        return;
    }
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        char path[4096];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        printf("input %s\n", entry->d_name);
        fflush(stdout); /* the last line names the input that crashed */
        if (replay_file(path) == 0) {
            (*passed)++;
        } else {
            printf("cannot read %s\n", path);
            (*failed)++;
        }
    }
    closedir(dir);
}

int main(int argc, char **argv)
{
    int passed = 0;
    int failed = 0;

    for (int i = 1; i < argc; i++)
        replay_folder(argv[i], &passed, &failed);
    if (passed == 0)
        failed++;
    /* One test a corpus: its size is no measure of what is tested. */
    printf("%d inputs\nRESULT passed=%d failed=%d skipped=0\n", passed, failed == 0, failed != 0);
    return failed != 0;
}
