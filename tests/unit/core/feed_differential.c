/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/core/feed_differential.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/content_info.h"
#include "core/content_info_feed.h"

#define CHECK(condition) check((condition), #condition, __LINE__)

static void check(bool condition, const char *text, int line)
{
    if (condition)
        return;
    fprintf(stderr, "feed_differential.c:%d: %s\n", line, text);
    abort();
}

struct memory_spool {
    uint8_t *bytes;
    size_t length, room;
};

static enum pd_status append(void *context, const void *data, size_t length)
{
    struct memory_spool *spool = context;
    CHECK(length <= spool->room - spool->length);
    memcpy(spool->bytes + spool->length, data, length);
    spool->length += length;
    return PD_OK;
}

static enum pd_status read_back(void *context, uint64_t position, void *out, size_t length)
{
    const struct memory_spool *spool = context;
    CHECK(position <= spool->length && length <= spool->length - position);
    memcpy(out, spool->bytes + position, length);
    return PD_OK;
}

static size_t next_piece(uint32_t *cuts)
{
    if (*cuts == CUTS_NONE)
        return SIZE_MAX;
    if (*cuts == CUTS_BYTE)
        return 1;
    *cuts = *cuts * 1664525u + 1013904223u;
    *cuts += *cuts <= CUTS_BYTE ? 2 : 0;
    return (*cuts >> 8) % (*cuts >> 28 == 0 ? 5000 : 90);
}

static enum pd_status feed_all(struct content_info_feed *feed, const uint8_t *data, size_t size,
                               uint32_t cuts)
{
    enum pd_status status = PD_OK;
    for (size_t at = 0; status == PD_OK && at < size;) {
        size_t piece = next_piece(&cuts);
        piece = piece < size - at ? piece : size - at;
        status = content_info_feed_add(feed, data + at, piece);
        at += piece;
    }
    enum pd_status completed = content_info_feed_complete(feed);
    CHECK(status == PD_OK || completed == status); /* it stays what it was */
    return completed;
}

static void compare_hashes(const struct content_info_feed *feed,
                           const struct content_info_entry *entry,
                           const struct content_info_segment *segment, size_t value)
{
    static uint8_t hashes[BLOCKS_PER_SEGMENT * HASH_MAX_SIZE];
    uint32_t last = segment->first_block + segment->block_count - 1;
    CHECK(entry->first_block == segment->first_block);
    CHECK(entry->block_count == segment->block_count);
    CHECK(content_info_feed_hashes(feed, entry, segment->first_block, segment->block_count,
                                   hashes) == PD_OK);
    CHECK(memcmp(hashes, segment->block_hashes, segment->block_count * value) == 0);
    CHECK(content_info_feed_hashes(feed, entry, last, 1, hashes) == PD_OK);
    CHECK(memcmp(hashes, segment->block_hashes + (segment->block_count - 1) * value, value) == 0);
    CHECK(content_info_feed_hashes(feed, entry, last, 2, hashes) == PD_OUT_OF_BOUNDS);
}

static void compare_segment(const struct content_info_feed *feed,
                            const struct content_info_entry *entry,
                            const struct content_info_segment *segment)
{
    struct segment_scheme scheme = content_info_feed_summary(feed)->scheme;
    size_t value = segment_value_size(scheme);
    uint8_t hash[HASH_MAX_SIZE];
    CHECK(entry->offset == segment->offset && entry->size == segment->size);
    CHECK(memcmp(entry->hod, segment->hod, value) == 0);
    CHECK(memcmp(entry->secret, segment->secret, value) == 0);
    if (scheme.version == 1) {
        compare_hashes(feed, entry, segment, value);
    } else {
        CHECK(entry->first_block == 0 && entry->block_count == 1);
        CHECK(content_info_feed_hashes(feed, entry, 0, 1, hash) == PD_OK);
        CHECK(memcmp(hash, segment->hod, value) == 0);
    }
}

static void compare_found(const struct content_info_feed *feed,
                          const struct content_info_entry *expected, uint64_t offset)
{
    struct content_info_entry entry;
    CHECK(content_info_feed_find(feed, offset, &entry) == PD_OK);
    CHECK(entry.index == expected->index && entry.offset == expected->offset &&
          entry.size == expected->size);
}

/* What the range needs is walked; what a listing has besides is passed over. */
static void compare_segments(const struct content_info_feed *feed, const struct content_info *info)
{
    const struct content_info_summary *summary = content_info_feed_summary(feed);
    struct content_info_cursor cursor;
    struct content_info_segment segment;
    struct content_info_entry entry;
    uint64_t count = 0, end = summary->first_offset;
    content_info_begin(info, &cursor);
    CHECK(content_info_feed_find(feed, summary->first_offset, &entry) == PD_OK);
    do {
        CHECK(content_info_next(&cursor, &segment));
        compare_segment(feed, &entry, &segment);
        if (count < 600) {
            compare_found(feed, &entry, entry.offset);
            compare_found(feed, &entry, entry.offset + entry.size - 1);
        }
        end = entry.offset + entry.size;
        count++;
    } while (content_info_feed_next(feed, &entry) == PD_OK);
    CHECK(count == summary->segment_count && count <= info->segment_count);
    CHECK(end == summary->end_offset && end >= summary->range_end);
    CHECK(content_info_feed_find(feed, end, &entry) == PD_OUT_OF_BOUNDS);
    if (summary->first_offset > 0)
        CHECK(content_info_feed_find(feed, summary->first_offset - 1, &entry) == PD_OUT_OF_BOUNDS);
}

enum pd_status feed_compare(const uint8_t *data, size_t size, uint32_t cuts)
{
    struct memory_spool memory = {malloc(size + 1), 0, size};
    const struct content_info_spool spool = {&memory, append, read_back};
    struct content_info_feed *feed = content_info_feed_create(&spool);
    struct content_info info;
    CHECK(memory.bytes != NULL && feed != NULL);
    enum pd_status whole = content_info_parse(data, size, &info);
    enum pd_status pieces = feed_all(feed, data, size, cuts);
    CHECK(pieces == whole);
    if (whole == PD_OK) {
        const struct content_info_summary *summary = content_info_feed_summary(feed);
        CHECK(memory.length == size && memcmp(memory.bytes, data, size) == 0);
        CHECK(summary->scheme.version == info.scheme.version);
        CHECK(summary->scheme.algorithm == info.scheme.algorithm);
        CHECK(summary->range_start == info.range_start && summary->range_end == info.range_end);
        CHECK(summary->first_offset == info.first_offset);
        compare_segments(feed, &info);
        CHECK(content_info_feed_add(feed, data, 1) == PD_CANNOT_PARSE_CONTENT_INFO);
    }
    content_info_feed_destroy(feed);
    free(memory.bytes);
    return pieces;
}
