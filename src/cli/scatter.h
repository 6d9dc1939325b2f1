/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An order of a machine's own in which to fetch a content: of many machines that begin at once each
 * begins elsewhere, and brings what the others then get from it. */
#ifndef PEERDIST_CLI_SCATTER_H
#define PEERDIST_CLI_SCATTER_H

#include "cli/fetch.h"
#include "core/content_info.h"

/* At most that many parts, so that what each of them costs stays small beside it. */
#define SCATTER_MAX 256u

/* Whole segments, as far as the content's range has them whole, shuffled; the caller frees *found.
 * `info` is a view that content_info_parse filled. ERROR_NOT_ENOUGH_MEMORY. */
DWORD scatter_segments(const struct content_info *info, struct fetch_span **found, size_t *count);

#endif
