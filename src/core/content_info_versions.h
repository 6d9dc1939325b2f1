/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the reader of content information expects of each version. Only content_info.c and the two
 * files that implement a version include this. */
#ifndef PEERDIST_CORE_CONTENT_INFO_VERSIONS_H
#define PEERDIST_CORE_CONTENT_INFO_VERSIONS_H

#include "core/content_info.h"

/* Offsets and sizes beyond this would be negative in a file offset. */
#define CONTENT_INFO_MAX_OFFSET ((uint64_t)INT64_MAX)

/* info->data, info->length and info->scheme.version are set, at least two bytes are there, and the
 * version bytes have been looked at. */
enum pd_status content_info_v1_parse(struct content_info *info);
enum pd_status content_info_v2_parse(struct content_info *info);

void content_info_v1_begin(struct content_info_cursor *cursor);
void content_info_v2_begin(struct content_info_cursor *cursor);

/* The cursor is not at the end; fills the segment but moves only the positions in the blob. */
void content_info_v1_next(struct content_info_cursor *cursor, struct content_info_segment *segment);
void content_info_v2_next(struct content_info_cursor *cursor, struct content_info_segment *segment);

#endif
