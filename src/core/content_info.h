/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading content information of either version ([MS-PCCRC] 2.3, 2.4). The input is hostile: every
 * count is checked against the bytes present before it is used, and nothing is allocated in
 * proportion to a field. The parsed form is a view into the caller's buffer. */
#ifndef PEERDIST_CORE_CONTENT_INFO_H
#define PEERDIST_CORE_CONTENT_INFO_H

#include "core/segment.h"

struct content_info {
    struct segment_scheme scheme;
    uint64_t range_start;   /* absolute in the content */
    uint64_t range_end;     /* exclusive; range_end > range_start */
    uint64_t first_offset;  /* of the first listed segment in the content */
    uint64_t first_index;   /* of the first listed segment */
    uint64_t segment_count; /* listed segments, at least 1 */
    bool whole_content;     /* v2: the marker for whole content was written (length field 0) */
    const uint8_t *data;    /* the caller's buffer, which must outlive this view */
    size_t length;
};

/* PD_OK; PD_CONTENT_INFO_VERSION_UNSUPPORTED when the version bytes are neither 00 01 nor 00 02;
 * PD_CANNOT_PARSE_CONTENT_INFO for everything else that is wrong, truncation and trailing bytes
 * included; PD_NO_MEMORY when libcrypto fails in the check of block hashes against HoD. */
enum pd_status content_info_parse(const void *data, size_t length, struct content_info *info);

/* One listed segment. Pointers lead into the blob. */
struct content_info_segment {
    uint64_t offset; /* in the content */
    uint32_t size;   /* of the whole segment, whatever the range */
    const uint8_t *hod;
    const uint8_t *secret;       /* Kp */
    uint32_t first_block;        /* v1: index in the segment of the first listed block hash */
    uint32_t block_count;        /* v1: listed hashes; v2: 0 */
    const uint8_t *block_hashes; /* v1; v2: NULL */
};

/* Walks the segments in order, each once. Start with content_info_begin; content_info_next is false
 * after the last one. Only for a view that content_info_parse filled. */
struct content_info_cursor {
    const struct content_info *info;
    uint64_t index;
    uint64_t offset;
    size_t description; /* positions in the blob */
    size_t block_list;
    size_t chunk_left;
};
void content_info_begin(const struct content_info *info, struct content_info_cursor *cursor);
bool content_info_next(struct content_info_cursor *cursor, struct content_info_segment *segment);

#endif
