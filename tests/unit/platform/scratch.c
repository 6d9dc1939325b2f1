/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Folders and processes of tests, the part that is the same everywhere. */
#include "unit/platform/scratch.h"

#include <stdio.h>
#include <string.h>

static void cut_line_end(char *line)
{
    line[strcspn(line, "\r\n")] = 0;
}

void child_tell(const char *line)
{
    printf("%s\n", line);
    fflush(stdout);
}

bool child_hear(char *line, size_t size)
{
    if (!fgets(line, (int)size, stdin))
        return false;
    cut_line_end(line);
    return true;
}

bool scratch_write_file(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    bool written = file && fwrite(bytes, 1, length, file) == length;

    if (file && fclose(file) != 0)
        written = false;
    return written;
}
