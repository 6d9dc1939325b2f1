/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between our UTF-8 and Windows' UTF-16. Unpaired surrogates are refused. */
#ifndef PEERDIST_PLATFORM_WIN32_WIDE_H
#define PEERDIST_PLATFORM_WIN32_WIDE_H

#include <wchar.h>

/* NULL without memory or where the text is not well formed. Free with free(). */
wchar_t *wide_from_utf8(const char *text);
char *wide_to_utf8(const wchar_t *text);

#endif
