/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the bytes of content information are kept while a content handle is open: in memory up to
 * INFO_SPOOL_MEMORY, what is longer in a temporary file in the user's store folder. */
#ifndef PEERDIST_ENGINE_INFO_SPOOL_H
#define PEERDIST_ENGINE_INFO_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

#define INFO_SPOOL_MEMORY (1u << 20)
#define INFO_SPOOL_MAX    (1ull << 31) /* bytes in all */

struct info_spool;
/* Makes nothing on disk before it must. NULL without memory. */
struct info_spool *info_spool_create(const char *user);
void info_spool_destroy(struct info_spool *spool); /* NULL allowed; the bytes are wiped */

/* The two functions of struct content_info_spool (core/content_info_feed.h). PD_NO_MEMORY, for more
 * than INFO_SPOOL_MAX too; PD_UNAVAILABLE: the file cannot be made, written or read. */
enum pd_status info_spool_append(void *context, const void *data, size_t length);
enum pd_status info_spool_read(void *context, uint64_t position, void *out, size_t length);

#endif
