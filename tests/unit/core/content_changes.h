/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The changed vectors of tests/vectors/changes.txt: what a reader must refuse, and a few that it
 * must accept. */
#ifndef PD_TESTS_UNIT_CORE_CONTENT_CHANGES_H
#define PD_TESTS_UNIT_CORE_CONTENT_CHANGES_H

#include "unit/core/content_vectors.h"

#define CHANGES_MAX 128

struct content_change {
    const char *reason;
    const struct content_vector *base;
    const struct vector_line *edits; /* the lines up to "status" */
    size_t edit_count;
    enum pd_status status; /* what a reader answers */
};

/* All of them. Kept for the life of the program. */
const struct content_change *content_changes(size_t *count);
/* The changed blob in memory of its own. Ends the program when it is not the one that was meant. */
uint8_t *content_change_blob(const struct content_change *change, size_t *size);

#endif
