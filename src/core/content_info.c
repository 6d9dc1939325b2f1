/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Content information of any version: the version test, and the walk over the segments. */
#include "core/content_info.h"

#include "core/content_info_versions.h"

#include <string.h>

enum pd_status content_info_parse(const void *data, size_t length, struct content_info *info)
{
    const uint8_t *bytes = data;

    memset(info, 0, sizeof *info);
    if (length < 2)
        return PD_CANNOT_PARSE_CONTENT_INFO;

    info->data = bytes;
    info->length = length;
    info->scheme.version = bytes[1];
    /* The minor version is 0 in both, and comes first in both byte orders. */
    if (bytes[0] == 0 && bytes[1] == 1)
        return content_info_v1_parse(info);
    if (bytes[0] == 0 && bytes[1] == 2)
        return content_info_v2_parse(info);
    return PD_CONTENT_INFO_VERSION_UNSUPPORTED;
}

void content_info_begin(const struct content_info *info, struct content_info_cursor *cursor)
{
    memset(cursor, 0, sizeof *cursor);
    cursor->info = info;
    cursor->offset = info->first_offset;
    if (info->scheme.version == 1)
        content_info_v1_begin(cursor);
    else
        content_info_v2_begin(cursor);
}

bool content_info_next(struct content_info_cursor *cursor, struct content_info_segment *segment)
{
    const struct content_info *info = cursor->info;

    if (cursor->index == info->segment_count)
        return false;

    segment->offset = cursor->offset;
    if (info->scheme.version == 1)
        content_info_v1_next(cursor, segment);
    else
        content_info_v2_next(cursor, segment);
    cursor->offset += segment->size;
    cursor->index++;
    return true;
}
