/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing content information piece by piece, so that any part of a blob can be made from stored
 * segment records with bounded memory ([MS-PCCRC] 2.3, 2.4).
 *
 * A plan says which segments a range needs, how long the blob is, and where each piece stands in
 * it. Version 1.0: header, all descriptions, all block lists. Version 2.0: header, then chunks; one
 * chunk as long as its length fits the field, as captured from a real server. */
#ifndef PEERDIST_CORE_CONTENT_INFO_WRITE_H
#define PEERDIST_CORE_CONTENT_INFO_WRITE_H

#include "core/segment.h"

#define CONTENT_INFO_HEADER_V1       18u
#define CONTENT_INFO_HEADER_V2       31u
#define CONTENT_INFO_CHUNK_HEADER_V2 5u
#define CONTENT_INFO_SEGMENT_V2      68u

/* Version 1.0. All lengths in bytes. */
struct content_info_v1_plan {
    enum hash_algorithm algorithm;
    uint64_t content_length;
    uint64_t range_start, range_end;
    uint64_t first_segment; /* index in the content */
    uint32_t segment_count;
    uint64_t total_size; /* of the blob */
};

/* length 0 with start 0: the whole content. PD_OUT_OF_BOUNDS when the range passes the end (64-bit
 * overflow included) or needs more than 2^32-1 segments; PD_INVALID_PARAMETER for length 0 with
 * start not 0. Content of 0 bytes with start 0 and length 0 gives a plan with total_size 0. */
enum pd_status content_info_v1_plan(struct content_info_v1_plan *plan,
                                    enum hash_algorithm algorithm, uint64_t content_length,
                                    uint64_t start, uint64_t length);

/* Size of segment k of the plan (0-based in the plan), and how many block hashes its list holds:
 * from block 0 to the block with the last byte of the range (worked examples 3.3 and 3.5). */
uint32_t content_info_v1_segment_size(const struct content_info_v1_plan *plan, uint32_t k);
uint32_t content_info_v1_block_count(const struct content_info_v1_plan *plan, uint32_t k);

/* Where the pieces stand in the blob. */
uint64_t content_info_v1_description_position(const struct content_info_v1_plan *plan, uint32_t k);
size_t content_info_v1_description_size(const struct content_info_v1_plan *plan);
uint64_t content_info_v1_list_position(const struct content_info_v1_plan *plan, uint32_t k);
size_t content_info_v1_list_size(const struct content_info_v1_plan *plan, uint32_t k);

void content_info_v1_write_header(const struct content_info_v1_plan *plan, uint8_t *out /* 18 */);
void content_info_v1_write_description(const struct content_info_v1_plan *plan, uint32_t k,
                                       const uint8_t *hod, const uint8_t *kp, uint8_t *out);
/* block_hashes: the stored hashes of segment k from block 0 on, at least block_count of them. */
void content_info_v1_write_list(const struct content_info_v1_plan *plan, uint32_t k,
                                const uint8_t *block_hashes, uint8_t *out);

/* Version 2.0. The borders are known to the caller (its stored records), not computable. */
struct content_info_v2_plan {
    uint64_t content_length;
    uint64_t range_start, range_end;
    uint64_t first_offset; /* of the first listed segment */
    uint64_t first_index;
    uint64_t segment_count;
    uint64_t total_size;
};

/* Checks a range as content_info_v1_plan does and resolves "whole content"; needs no borders. */
enum pd_status content_info_check_range(uint64_t content_length, uint64_t start, uint64_t length,
                                        uint64_t *range_start, uint64_t *range_end);

/* range_start and range_end from content_info_check_range; the segments [first_index, first_index +
 * segment_count) are those that intersect it. */
void content_info_v2_plan(struct content_info_v2_plan *plan, uint64_t content_length,
                          uint64_t range_start, uint64_t range_end, uint64_t first_offset,
                          uint64_t first_index, uint64_t segment_count);

/* Position of description k (0-based in the plan), and of the chunk header, if any, that stands
 * right before it (chunk_header is true when one does: then it begins 5 bytes earlier). */
uint64_t content_info_v2_description_position(const struct content_info_v2_plan *plan, uint64_t k,
                                              bool *chunk_header);
void content_info_v2_write_header(const struct content_info_v2_plan *plan, uint8_t *out /* 31 */);
/* The header of the chunk that begins with description k. */
void content_info_v2_write_chunk_header(const struct content_info_v2_plan *plan, uint64_t k,
                                        uint8_t *out /* 5 */);
void content_info_v2_write_description(uint32_t size, const uint8_t *hod, const uint8_t *kp,
                                       uint8_t *out /* 68 */);

#endif
