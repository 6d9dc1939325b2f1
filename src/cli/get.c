/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command "get": content information in, the content out. */
#include "cli/cli.h"

#include <windows.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "cli/block_check.h"
#include "cli/error_text.h"
#include "cli/fetch.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/scatter.h"
#include "cli/traffic.h"
#include "core/content_info.h"

#define INFORMATION_LIMIT (1ull << 31)
#define LONGEST_TIMEOUT   0x7ffffffful /* milliseconds; almost 25 days */

static const char help[] =
    "usage: peerdist get FILE.ci --out FILE [OPTION...]\n"
    "\n"
    "Reads the content that FILE.ci describes: from the data cache, what is not there\n"
    "from peers, where distributed mode is on, and the rest from the origin; all of\n"
    "it is then in the cache. Every byte is checked against the content information,\n"
    "wherever it comes from. FILE is only there when all went well.\n"
    "\n"
    "  --out FILE      where the content goes\n"
    "  --origin FILE   a copy of the whole content, for what is missing; without it\n"
    "                  missing data is an error\n"
    "  --scatter       fetch the parts in random order: for many machines that begin\n"
    "                  at about the same time, so that each brings other parts from\n"
    "                  the origin and gets the rest from the others\n"
    "  --local-only    ask the data cache alone and wait for nobody\n"
    "  --timeout MS    how long each read may wait for others; without this 5000\n"
    "  --tag HEX       content tag, 32 digits: what 'cache flush' and 'cache pin'\n"
    "                  name it by; without this the first 16 bytes of the SHA-256\n"
    "                  of FILE.ci\n"
    "  --json          print the numbers as JSON\n";

struct get_options {
    const char *information, *out, *origin;
    DWORD timeout;
    bool with_tag, as_json, scatter;
    PEERDIST_CONTENT_TAG tag;
};

struct get_output {
    struct file_writer writer;
    struct progress bar;
    const char *path;
    uint64_t range_start; /* of the content; FILE begins with this byte */
    uint64_t from_peers;
    uint64_t bytes, expected; /* expected 0: not known, the library will say why */
};

static uint32_t cover(void *context, uint64_t offset, uint64_t end, uint32_t room, uint64_t *begin)
{
    return block_check_cover(context, offset, end, room, begin);
}

static bool verify(void *context, uint64_t begin, const uint8_t *data, uint32_t length,
                   uint64_t *wrong)
{
    return block_check_verify(context, begin, data, length, wrong);
}

static DWORD on_piece(void *context, uint64_t offset, const uint8_t *data, DWORD length)
{
    struct get_output *output = context;
    output->bytes += length;
    progress_update(&output->bar, output->bytes, output->path);
    return file_writer_write_at(&output->writer, offset - output->range_start, data, length);
}

static void print_tag(const PEERDIST_CONTENT_TAG *tag)
{
    output_hex(tag->Data, sizeof(tag->Data));
}

static void print_result(const struct get_options *options, const struct get_output *output,
                         const struct fetch_result *result, double seconds)
{
    /* Everything passes through the cache; what peers brought a moment before is told apart. */
    uint64_t from_cache = result->from_cache - output->from_peers;
    if (options->as_json) {
        struct json json = {.depth = 0};
        json_open(&json, NULL, '{');
        json_string(&json, "out", options->out);
        json_number(&json, "bytes", output->bytes);
        json_number(&json, "from_cache", from_cache);
        json_number(&json, "from_peers", output->from_peers);
        json_number(&json, "from_origin", result->from_origin);
        json_hex(&json, "tag", options->tag.Data, sizeof(options->tag.Data));
        json_close(&json, '}');
        return;
    }
    output_print("%s: %" PRIu64 " bytes in %.3f s", options->out, output->bytes, seconds);
    if (seconds > 0)
        output_print(" (%.0f MB/s)", (double)output->bytes / 1e6 / seconds);
    output_print(": %" PRIu64 " from the cache, %" PRIu64 " from peers, %" PRIu64
                 " from the origin, tag ",
                 from_cache, output->from_peers, result->from_origin);
    print_tag(&options->tag);
    output_print("\n");
}

static int report_failure(const struct get_options *options, const struct get_output *output,
                          const struct fetch_result *result, DWORD error)
{
    if (error == ERROR_INVALID_DATA)
        return error_report(error, "%s is another content: its block at %" PRIu64 " is wrong",
                            options->origin, result->missing_offset);
    if (error == ERROR_HANDLE_EOF)
        return error_report(error, "%s ends before the content does", options->origin);
    if (error == (DWORD)PEERDIST_ERROR_MISSING_DATA || error == ERROR_TIMEOUT)
        return error_report(error,
                            "%" PRIu64 " bytes at %" PRIu64 " are missing; %" PRIu64 " of %" PRIu64
                            " were there before them",
                            result->missing_length, result->missing_offset, output->bytes,
                            output->expected);
    return error_report(error, "cannot get the content of %s", options->information);
}

/* Bytes that peers gave this user, ever. */
static uint64_t peers_total(void)
{
    struct traffic traffic;
    struct traffic_sum sum = {0};
    if (traffic_open(&traffic) == PD_OK)
        traffic_add_up(&traffic, &sum);
    traffic_close(&traffic);
    return sum.from_peers;
}

/* Since then: of this command's, unless others of this user fetch at the same time. */
static uint64_t peers_brought(uint64_t before, uint64_t most)
{
    uint64_t now = peers_total();
    uint64_t brought = now > before ? now - before : 0;
    return brought < most ? brought : most;
}

static int get(struct get_options *options, const uint8_t *information, size_t length)
{
    struct content_session session;
    struct get_output output = {.path = options->out};
    struct file_reader origin;
    struct content_info parsed;
    struct block_check blocks;
    struct fetch_check check = {cover, verify, &blocks};
    struct fetch_request request = {.information = information,
                                    .information_length = length,
                                    .tag = options->tag,
                                    .timeout = options->timeout,
                                    .origin = options->origin ? &origin : NULL,
                                    .interrupted = interrupt_event(),
                                    .piece = on_piece,
                                    .context = &output};
    struct fetch_result result = {0};
    struct fetch_span *spans = NULL;
    uint64_t start = GetTickCount64();
    int code = CLI_FAILED;
    DWORD error = options->origin ? file_reader_open(&origin, options->origin) : ERROR_SUCCESS;

    if (error != ERROR_SUCCESS)
        return error_report(error, "cannot read %s", options->origin);
    error = file_writer_open(&output.writer, options->out);
    if (error != ERROR_SUCCESS) {
        error_report(error, "cannot write %s", options->out);
        goto close_origin;
    }
    uint64_t before = peers_total();
    error = content_session_open(&session);
    if (error != ERROR_SUCCESS) {
        error_report(error, "cannot start the library");
        goto abandon;
    }
    /* For the bar, the origin and the order; the library finds out by itself what is wrong. */
    if (content_info_parse(information, length, &parsed) == PD_OK) {
        output.expected = parsed.range_end - parsed.range_start;
        output.range_start = parsed.range_start;
        block_check_init(&blocks, &parsed);
        request.check = &check;
        if (options->scatter)
            error = scatter_segments(&parsed, &spans, &request.span_count);
    }
    request.spans = spans;
    progress_begin(&output.bar, output.expected);
    if (error == ERROR_SUCCESS)
        error = fetch_content(&session, &request, &result);
    progress_end(&output.bar);
    content_session_close(&session);
    free(spans);
    output.from_peers = peers_brought(before, result.from_cache);
    if (error != ERROR_SUCCESS) {
        report_failure(options, &output, &result, error);
        goto abandon;
    }
    error = file_writer_commit(&output.writer);
    if (error != ERROR_SUCCESS) {
        error_report(error, "cannot write %s", options->out);
        goto abandon;
    }
    print_result(options, &output, &result, (double)(GetTickCount64() - start) / 1000.0);
    code = CLI_OK;

abandon:
    file_writer_abandon(&output.writer);
close_origin:
    if (options->origin)
        file_reader_close(&origin);
    return code;
}

static int get_file(struct get_options *options)
{
    uint8_t *information, digest[HASH_MAX_SIZE];
    size_t length;
    DWORD error = interrupt_watch();
    if (error != ERROR_SUCCESS)
        return error_report(error, "cannot start");
    error = file_read_whole(options->information, INFORMATION_LIMIT, &information, &length);
    if (error != ERROR_SUCCESS)
        return error_report(error, "cannot read %s", options->information);
    int code = CLI_FAILED;
    if (!hash_library_init() || !digest_once(HASH_SHA256, information, length, digest)) {
        error_report(ERROR_NOT_ENOUGH_MEMORY, "cannot start libcrypto");
    } else {
        if (!options->with_tag)
            memcpy(options->tag.Data, digest, sizeof(options->tag.Data));
        code = get(options, information, length);
    }
    secure_wipe(information, length);
    free(information);
    return code;
}

/* Beyond are constants of the API's, with other meanings. */
static bool parse_timeout(const char *text, DWORD *timeout)
{
    const char *end = text + strlen(text);
    uint64_t number;
    if (end == text || end[-1] < '0' || end[-1] > '9' || !cli_parse_bytes(text, end, &number) ||
        number > LONGEST_TIMEOUT)
        return false;
    *timeout = (DWORD)number;
    return true;
}

int command_get(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"out", required_argument, NULL, 'o'},
        {"origin", required_argument, NULL, 's'},
        {"local-only", no_argument, NULL, 'l'},
        {"timeout", required_argument, NULL, 't'},
        {"tag", required_argument, NULL, 'g'},
        {"json", no_argument, NULL, 'j'},
        {"scatter", no_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct get_options options = {.timeout = PEERDIST_READ_TIMEOUT_DEFAULT};
    int option;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (option) {
        case 'o':
            options.out = optarg;
            break;
        case 's':
            options.origin = optarg;
            break;
        case 'l':
            options.timeout = PEERDIST_READ_TIMEOUT_LOCAL_CACHE_ONLY;
            break;
        case 't':
            if (!parse_timeout(optarg, &options.timeout))
                return cli_usage(argv[0], "--timeout is 0 to %lu milliseconds, not '%s'",
                                 LONGEST_TIMEOUT, optarg);
            break;
        case 'g':
            if (!cli_parse_tag(optarg, options.tag.Data))
                return cli_usage(argv[0], "--tag is 32 hexadecimal digits, not '%s'", optarg);
            options.with_tag = true;
            break;
        case 'r':
            options.scatter = true;
            break;
        case 'j':
            options.as_json = true;
            break;
        case 'h':
            output_print("%s", help);
            return CLI_OK;
        default:
            return cli_bad_option(argv[0], argc, argv);
        }
    }
    if (argc - optind != 1)
        return cli_usage(argv[0], "one FILE.ci is needed");
    if (options.out == NULL)
        return cli_usage(argv[0], "--out FILE is needed");
    options.information = argv[optind];
    if (file_writer_would_replace(options.out, options.information))
        return cli_usage(argv[0], "--out would replace FILE.ci itself");
    if (options.origin != NULL && file_writer_would_replace(options.out, options.origin))
        return cli_usage(argv[0], "--out would replace the origin itself");
    return get_file(&options);
}
