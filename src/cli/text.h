/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text inside the program is UTF-8; the system's is UTF-16. Everything returned is freed by the
 * caller. */
#ifndef PEERDIST_CLI_TEXT_H
#define PEERDIST_CLI_TEXT_H

#include <wchar.h>

/* NULL: a lone surrogate or a malformed sequence, or no memory. */
char *text_from_wide(const wchar_t *wide);
wchar_t *text_to_wide(const char *utf8);

/* The absolute form of a path as the system prints it; NULL when there is none. */
wchar_t *text_full_path(const char *path);
/* The same for use in calls: with the \\?\ prefix where the length asks for it. */
wchar_t *text_native_path(const char *path);

/* Frees a text that may be a passphrase; NULL allowed. */
void text_wipe_free(char *text);
void text_wipe_free_wide(wchar_t *text);

#endif
