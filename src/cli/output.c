/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two output streams. The C runtime's own would translate line ends and take UTF-8 for the
 * console's code page. */
#include "cli/output.h"

#include <windows.h>
#include <fcntl.h>
#include <io.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/text.h"

static bool is_console(DWORD standard_handle)
{
    DWORD mode;

    return GetConsoleMode(GetStdHandle(standard_handle), &mode) != 0;
}

void output_init(void)
{
    _setmode(_fileno(stdout), _O_BINARY);
    _setmode(_fileno(stderr), _O_BINARY);
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
}

static void write_text(FILE *stream, DWORD standard_handle, const char *text, size_t length)
{
    if (is_console(standard_handle)) {
        wchar_t *wide = text_to_wide(text);
        DWORD written;
        if (wide)
            WriteConsoleW(GetStdHandle(standard_handle), wide, (DWORD)wcslen(wide), &written, NULL);
        free(wide);
    } else {
        fwrite(text, 1, length, stream);
    }
}

static void __attribute__((format(gnu_printf, 3, 0)))
write_formatted(FILE *stream, DWORD standard_handle, const char *format, va_list arguments)
{
    char small[1024];
    char *text = small;
    va_list again;
    int length;

    va_copy(again, arguments);
    length = vsnprintf(small, sizeof(small), format, arguments);
    if (length >= (int)sizeof(small)) {
        text = malloc((size_t)length + 1);
        if (text)
            vsnprintf(text, (size_t)length + 1, format, again);
    }
    va_end(again);
    if (length > 0 && text)
        write_text(stream, standard_handle, text, (size_t)length);
    if (text != small)
        free(text);
}

void output_print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    write_formatted(stdout, STD_OUTPUT_HANDLE, format, arguments);
    va_end(arguments);
}

void output_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    write_formatted(stderr, STD_ERROR_HANDLE, format, arguments);
    va_end(arguments);
    fflush(stderr);
}

bool output_flush(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    output_error("peerdist: standard output could not be written\n");
    return false;
}

void output_hex(const uint8_t *bytes, size_t length)
{
    char text[2 * 64 + 1];

    while (length > 0) {
        size_t part = length < 64 ? length : 64;
        for (size_t i = 0; i < part; i++)
            snprintf(text + 2 * i, 3, "%02x", bytes[i]);
        output_print("%s", text);
        bytes += part;
        length -= part;
    }
}

unsigned output_error_columns(void)
{
    CONSOLE_SCREEN_BUFFER_INFO info;

    if (!is_console(STD_ERROR_HANDLE))
        return 0;
    if (!GetConsoleScreenBufferInfo(GetStdHandle(STD_ERROR_HANDLE), &info) || info.dwSize.X < 1)
        return 80;
    return (unsigned)info.dwSize.X;
}
