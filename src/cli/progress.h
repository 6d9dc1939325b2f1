/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A progress bar on standard error, where that is a terminal; else nothing. */
#ifndef PEERDIST_CLI_PROGRESS_H
#define PEERDIST_CLI_PROGRESS_H

#include <stdint.h>

struct progress {
    unsigned columns; /* of the terminal; 0: there is none, and nothing is drawn */
    uint64_t total;   /* bytes; 0: unknown */
    uint64_t start;   /* milliseconds */
    uint64_t drawn;   /* when it was drawn last */
};

void progress_begin(struct progress *progress, uint64_t total);
/* Draws at most ten times a second. `label` is what is being worked on, UTF-8. */
void progress_update(struct progress *progress, uint64_t done, const char *label);
/* Takes the bar away; whatever is printed next begins at the start of the line. */
void progress_end(struct progress *progress);

#endif
