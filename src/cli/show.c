/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command "show": what a file of content information says, for people and as JSON. */
#include "cli/cli.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "api/error_map.h"
#include "cli/error_text.h"
#include "cli/file_io.h"
#include "cli/json.h"
#include "cli/output.h"
#include "core/content_info.h"

/* Enough for content of 2 TiB in version 1 and of 1 TiB in version 2. */
#define LARGEST_FILE ((uint64_t)1 << 31)

static const char help[] =
    "usage: peerdist show FILE.ci [--json] [--secrets]\n"
    "\n"
    "Prints what content information of either version says: the range, and for each\n"
    "segment its offset, size, public name (ID), hash of data (HoD) and, in version\n"
    "1, the hashes of its blocks.\n"
    "\n"
    "  --json     as JSON\n"
    "  --secrets  also the secrets (Kp): who has one can fetch and read the segment\n"
    "             from peers\n";

struct show_options {
    bool json;
    bool secrets;
};

static const char *algorithm_name(struct segment_scheme scheme)
{
    if (scheme.version == 2)
        return "SHA-512 cut to 32 bytes";
    switch (scheme.algorithm) {
    case HASH_SHA384:
        return "SHA-384";
    case HASH_SHA512:
        return "SHA-512";
    default:
        return "SHA-256";
    }
}

static void print_value(const char *name, const uint8_t *value, size_t length)
{
    output_print("  %-3s ", name);
    output_hex(value, length);
    output_print("\n");
}

static void show_segment(const struct content_info *info, uint64_t index,
                         const struct content_info_segment *segment, const uint8_t *id,
                         const struct show_options *options)
{
    size_t size = segment_value_size(info->scheme);

    output_print("\nsegment %" PRIu64 ": offset %" PRIu64 ", %" PRIu32 " bytes", index,
                 segment->offset, segment->size);
    if (segment->block_count > 0)
        output_print(", block hashes %" PRIu32 " to %" PRIu32, segment->first_block,
                     segment->first_block + segment->block_count - 1);
    output_print("\n");
    print_value("ID", id, size);
    print_value("HoD", segment->hod, size);
    if (options->secrets)
        print_value("Kp", segment->secret, size);
    for (uint32_t i = 0; i < segment->block_count; i++) {
        output_print("  block %3" PRIu32 " ", segment->first_block + i);
        output_hex(segment->block_hashes + (size_t)i * size, size);
        output_print("\n");
    }
}

static void show_segment_json(struct json *json, const struct content_info *info, uint64_t index,
                              const struct content_info_segment *segment, const uint8_t *id,
                              const struct show_options *options)
{
    size_t size = segment_value_size(info->scheme);

    json_open(json, NULL, '{');
    json_number(json, "index", index);
    json_number(json, "offset", segment->offset);
    json_number(json, "size", segment->size);
    json_hex(json, "id", id, size);
    json_hex(json, "hod", segment->hod, size);
    if (options->secrets)
        json_hex(json, "kp", segment->secret, size);
    if (info->scheme.version == 1) {
        json_number(json, "first_block", segment->first_block);
        json_open(json, "block_hashes", '[');
        for (uint32_t i = 0; i < segment->block_count; i++)
            json_hex(json, NULL, segment->block_hashes + (size_t)i * size, size);
        json_close(json, ']');
    }
    json_close(json, '}');
}

static void show_head(const struct content_info *info)
{
    output_print("content information version %u, %s, %zu bytes\n", info->scheme.version,
                 algorithm_name(info->scheme), info->length);
    output_print("range %" PRIu64 ":%" PRIu64 ", %" PRIu64 " segment%s from index %" PRIu64
                 " at offset %" PRIu64 "\n",
                 info->range_start, info->range_end - info->range_start, info->segment_count,
                 info->segment_count == 1 ? "" : "s", info->first_index, info->first_offset);
}

static void show_head_json(struct json *json, const struct content_info *info)
{
    json_open(json, NULL, '{');
    json_number(json, "version", info->scheme.version);
    json_string(json, "hash", algorithm_name(info->scheme));
    json_number(json, "bytes", info->length);
    json_number(json, "range_offset", info->range_start);
    json_number(json, "range_length", info->range_end - info->range_start);
    json_number(json, "segment_count", info->segment_count);
    json_open(json, "segments", '[');
}

static int show(const char *path, const uint8_t *data, size_t length,
                const struct show_options *options)
{
    struct content_info info;
    struct content_info_cursor cursor;
    struct content_info_segment segment;
    struct json json = {.depth = 0};
    uint8_t id[HASH_MAX_SIZE];
    enum pd_status status = content_info_parse(data, length, &info);

    if (status != PD_OK)
        return error_report(win32_error(status), "cannot read %s", path);
    if (options->json)
        show_head_json(&json, &info);
    else
        show_head(&info);

    content_info_begin(&info, &cursor);
    for (uint64_t index = info.first_index; content_info_next(&cursor, &segment); index++) {
        status = segment_derive_id(info.scheme, segment.secret, segment.hod, id);
        if (status != PD_OK)
            return error_report(win32_error(status), "cannot name a segment");
        if (options->json)
            show_segment_json(&json, &info, index, &segment, id, options);
        else
            show_segment(&info, index, &segment, id, options);
    }
    if (options->json) {
        json_close(&json, ']');
        json_close(&json, '}');
    }
    return CLI_OK;
}

int command_show(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"json", no_argument, NULL, 'j'},
        {"secrets", no_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct show_options options = {.json = false, .secrets = false};
    uint8_t *data;
    size_t length;
    int option, code;
    DWORD error;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (option) {
        case 'j':
            options.json = true;
            break;
        case 's':
            options.secrets = true;
            break;
        case 'h':
            output_print("%s", help);
            return CLI_OK;
        default:
            return cli_bad_option(argv[0], argc, argv);
        }
    }
    if (argc - optind != 1)
        return cli_usage(argv[0], "one FILE.ci is wanted");
    if (!hash_library_init())
        return error_report(ERROR_NOT_ENOUGH_MEMORY, "cannot start libcrypto");
    error = file_read_whole(argv[optind], LARGEST_FILE, &data, &length);
    if (error != ERROR_SUCCESS)
        return error_report(error, "cannot read %s", argv[optind]);
    code = show(argv[optind], data, length, &options);
    secure_wipe(data, length);
    free(data);
    return code;
}
