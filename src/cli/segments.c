/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/segments.h"

#include <stdlib.h>
#include <string.h>
#include "api/error_map.h"
#include "cli/cli.h"
#include "cli/error_text.h"
#include "cli/file_io.h"
#include "core/hex.h"

#define LARGEST_FILE ((uint64_t)1 << 31)

static bool load_id(const char *name, struct cli_segments *segments)
{
    size_t digits = strlen(name);
    uint8_t id[HASH_MAX_SIZE];

    if ((digits != 64 && digits != 96 && digits != 128) || !hex_decode(name, id, digits / 2))
        return false;
    segments->list = calloc(1, sizeof(*segments->list));
    if (!segments->list)
        return false;
    segments->version = 1; /* everybody answers Probes of 1.0, for segments of either version */
    segments->total = segments->count = 1;
    segments->list->segment.scheme = (struct segment_scheme){1, digits == 64   ? HASH_SHA256
                                                                : digits == 96 ? HASH_SHA384
                                                                               : HASH_SHA512};
    memcpy(segments->list->segment.id, id, digits / 2);
    return true;
}

static enum pd_status load_file(size_t most, struct cli_segments *segments)
{
    struct content_info info;
    struct content_info_cursor cursor;
    struct content_info_segment found;
    enum pd_status status = content_info_parse(segments->data, segments->length, &info);

    if (status != PD_OK)
        return status;
    segments->version = info.scheme.version;
    segments->total = info.segment_count;
    most = info.segment_count < most ? (size_t)info.segment_count : most;
    segments->list = calloc(most, sizeof(*segments->list));
    if (!segments->list)
        return PD_NO_MEMORY;
    content_info_begin(&info, &cursor);
    while (status == PD_OK && segments->count < most && content_info_next(&cursor, &found)) {
        struct cli_segment *one = &segments->list[segments->count++];
        size_t size = segment_value_size(info.scheme);

        one->segment.scheme = info.scheme;
        one->segment.size = found.size;
        memcpy(one->segment.hod, found.hod, size);
        memcpy(one->segment.secret, found.secret, size);
        one->offset = found.offset;
        one->first_block = found.first_block;
        one->block_count = info.scheme.version == 1 ? found.block_count : 1;
        one->block_hashes = found.block_hashes;
        status = segment_derive_id(info.scheme, found.secret, found.hod, one->segment.id);
    }
    return status;
}

int segments_load(const char *command, const char *name, size_t most, struct cli_segments *segments)
{
    enum pd_status status;
    DWORD error;

    memset(segments, 0, sizeof(*segments));
    if (!hash_library_init())
        return error_report(ERROR_NOT_ENOUGH_MEMORY, "cannot start libcrypto");
    if (load_id(name, segments))
        return CLI_OK;
    error = file_read_whole(name, LARGEST_FILE, &segments->data, &segments->length);
    if (error == ERROR_FILE_NOT_FOUND)
        return cli_usage(command, "%s is neither a file nor a segment ID", name);
    if (error != ERROR_SUCCESS)
        return error_report(error, "cannot read %s", name);
    segments->by_file = true;
    status = load_file(most, segments);
    if (status != PD_OK) {
        segments_free(segments);
        return error_report(win32_error(status), "cannot read %s", name);
    }
    return CLI_OK;
}

void segments_free(struct cli_segments *segments)
{
    if (segments->data)
        secure_wipe(segments->data, segments->length);
    if (segments->list)
        secure_wipe(segments->list, segments->count * sizeof(*segments->list));
    free(segments->data);
    free(segments->list);
}

struct discovery_id *segments_ids(const struct cli_segments *segments)
{
    struct discovery_id *ids = calloc(segments->count, sizeof(*ids));

    for (size_t i = 0; ids && i < segments->count; i++) {
        const struct cache_segment *segment = &segments->list[i].segment;

        ids[i].length = (uint8_t)segment_value_size(segment->scheme);
        memcpy(ids[i].bytes, segment->id, ids[i].length);
    }
    return ids;
}
