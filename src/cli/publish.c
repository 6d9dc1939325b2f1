/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command "publish": files in, publications and content information out. */
#include "cli/cli.h"

#include <windows.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include "cli/content.h"
#include "cli/error_text.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/text.h"

#define DEFAULT_BUFFER (1u << 20)
#define LARGEST_BUFFER (1u << 30)

static const char help[] =
    "usage: peerdist publish FILE... [OPTION...]\n"
    "\n"
    "Publishes each file and gets its content information back. The publications\n"
    "end with the command: --hold keeps them. When one file fails, the command ends\n"
    "and nothing stays published.\n"
    "\n"
    "  --id TEXT         the content identifier: TEXT in UTF-16LE without NUL; with\n"
    "                    one FILE only. Without it: the full path of the file\n"
    "  --out FILE.ci     write the content information to FILE.ci, byte for byte as\n"
    "                    the library gives it; with one FILE only. It holds secrets\n"
    "  --ci-version 1|2  its version: 1 for Windows 7, 2 for Windows 8 and later;\n"
    "                    without this the highest that is enabled\n"
    "  --range OFFSET:LENGTH\n"
    "                    content information of these bytes of the content alone\n"
    "  --buffer BYTES    give the library this much at a time; without this 1M\n"
    "  --length-unknown  do not declare the length: the file may grow or shrink while\n"
    "                    it is read\n"
    "  --hold            keep the publications until Ctrl-C\n"
    "\n"
    "Numbers of bytes may end in K, M or G (powers of 1024).\n";

struct publish_options {
    const char *id;
    const char *out;
    DWORD min_version, max_version;
    uint64_t range_offset, range_length;
    DWORD buffer_size;
    bool length_unknown;
    bool hold;
};

struct publish_progress {
    struct progress bar;
    uint64_t before; /* bytes of the files before this one */
    const char *path;
};

static bool on_advance(void *context, uint64_t bytes)
{
    struct publish_progress *progress = context;

    progress_update(&progress->bar, progress->before + bytes, progress->path);
    return !interrupted();
}

/* Where the content information goes: counted, and written when there is a file for it. */
struct publish_output {
    struct file_writer writer;
    bool written; /* to `writer` */
    uint64_t bytes;
    unsigned version; /* 0 when there is none, which is so for content of 0 bytes */
};

static DWORD on_piece(void *context, const uint8_t *data, DWORD length)
{
    struct publish_output *output = context;

    /* The second byte of a blob is the version. */
    if (output->bytes <= 1 && output->bytes + length > 1)
        output->version = data[1 - output->bytes];
    output->bytes += length;
    return output->written ? file_writer_write(&output->writer, data, length) : ERROR_SUCCESS;
}

static bool make_identifier(const char *path, const struct publish_options *options,
                            struct content_identifier *identifier)
{
    wchar_t *wide = options->id ? text_to_wide(options->id) : text_full_path(path);

    identifier->bytes = (uint8_t *)(void *)wide;
    identifier->length = wide ? (DWORD)(wcslen(wide) * sizeof(wchar_t)) : 0;
    return wide != NULL;
}

/* The content information of a publication, into a file where one is wanted. Reports failures. */
static bool get_information(struct content_session *session, const char *path,
                            const struct content_identifier *identifier,
                            const struct publish_options *options, struct publish_output *output)
{
    struct content_request request = {.offset = options->range_offset,
                                      .length = options->range_length,
                                      .min_version = options->min_version,
                                      .max_version = options->max_version,
                                      .piece = on_piece,
                                      .context = output};
    DWORD error = content_information(session, identifier, &request);

    if (error != ERROR_SUCCESS) {
        error_report(error, "cannot get the content information of %s", path);
        return false;
    }
    if (output->written) {
        output->written = false;
        error = file_writer_commit(&output->writer);
        if (error != ERROR_SUCCESS)
            error_report(error, "cannot write %s", options->out);
    }
    return error == ERROR_SUCCESS;
}

/* Publishes one file and gets its content information. */
static int publish_file(struct content_session *session, const char *path,
                        const struct publish_options *options, struct publish_progress *progress)
{
    struct content_identifier identifier = {NULL, 0};
    struct publish_output output = {.written = false};
    struct file_reader reader;
    struct content_source source = {.reader = &reader,
                                    .buffer_size = options->buffer_size,
                                    .length_unknown = options->length_unknown,
                                    .advanced = on_advance,
                                    .context = progress};
    uint64_t bytes = 0, start = GetTickCount64();
    double seconds;
    int code = CLI_FAILED;
    DWORD error = file_reader_open(&reader, path);

    progress->path = path;
    if (error != ERROR_SUCCESS) {
        error_report(error, "cannot read %s", path);
        goto cleanup;
    }
    if (!make_identifier(path, options, &identifier)) {
        error_report(ERROR_INVALID_NAME, "cannot make an identifier for %s", path);
        goto cleanup;
    }
    /* Before the work, so that a folder that cannot be written to is known at once. */
    if (options->out) {
        error = file_writer_open(&output.writer, options->out);
        if (error != ERROR_SUCCESS) {
            error_report(error, "cannot write %s", options->out);
            goto cleanup;
        }
        output.written = true;
    }

    error = content_publish(session, &identifier, &source, &bytes);
    progress_end(&progress->bar);
    if (error != ERROR_SUCCESS) {
        error_report(error, "cannot publish %s", path);
        goto cleanup;
    }
    seconds = (double)(GetTickCount64() - start) / 1000.0;
    if (!get_information(session, path, &identifier, options, &output))
        goto cleanup;
    output_print("%s: %" PRIu64 " bytes in %.3f s", path, bytes, seconds);
    if (seconds > 0)
        output_print(" (%.0f MB/s)", (double)bytes / 1e6 / seconds);
    output_print(", content information: %" PRIu64 " bytes", output.bytes);
    if (output.version != 0)
        output_print(", version %u", output.version);
    output_print("\n");
    progress->before += bytes;
    code = CLI_OK;

cleanup:
    if (output.written)
        file_writer_abandon(&output.writer);
    free(identifier.bytes);
    file_reader_close(&reader);
    return code;
}

/* For the bar; files that cannot be read are met again, and reported, when their turn comes. */
static uint64_t total_size(int count, char **paths)
{
    uint64_t total = 0;

    for (int i = 0; i < count; i++) {
        struct file_reader reader;
        if (file_reader_open(&reader, paths[i]) == ERROR_SUCCESS)
            total += reader.size;
        file_reader_close(&reader);
    }
    return total;
}

static int publish_all(int count, char **paths, const struct publish_options *options)
{
    struct content_session session;
    struct publish_progress progress = {.before = 0};
    int code = CLI_OK;
    DWORD error = interrupt_watch();

    if (error != ERROR_SUCCESS)
        return error_report(error, "cannot start");
    error = content_session_open(&session);
    if (error != ERROR_SUCCESS)
        return error_report(error, "cannot start the library");
    progress_begin(&progress.bar, total_size(count, paths));
    for (int i = 0; i < count && code == CLI_OK; i++)
        code = publish_file(&session, paths[i], options, &progress);
    if (code == CLI_OK && options->hold) {
        output_print("holding %d publication%s, Ctrl-C ends\n", count, count == 1 ? "" : "s");
        if (output_flush())
            WaitForSingleObject(interrupt_event(), INFINITE);
    }
    content_session_close(&session);
    return code;
}

static bool parse_range(const char *text, struct publish_options *options)
{
    const char *colon = strchr(text, ':');

    return colon && cli_parse_bytes(text, colon, &options->range_offset) &&
           cli_parse_bytes(colon + 1, colon + strlen(colon), &options->range_length) &&
           (options->range_length > 0 || options->range_offset == 0);
}

int command_publish(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"id", required_argument, NULL, 'i'},
        {"out", required_argument, NULL, 'o'},
        {"ci-version", required_argument, NULL, 'v'},
        {"range", required_argument, NULL, 'r'},
        {"buffer", required_argument, NULL, 'b'},
        {"length-unknown", no_argument, NULL, 'u'},
        {"hold", no_argument, NULL, 'k'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct publish_options options = {
        .min_version = 1, .max_version = 2, .buffer_size = DEFAULT_BUFFER};
    uint64_t number;
    int option;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (option) {
        case 'i':
            if (*optarg == 0)
                return cli_usage(argv[0], "--id must not be empty");
            options.id = optarg;
            break;
        case 'o':
            options.out = optarg;
            break;
        case 'v':
            if (strcmp(optarg, "1") != 0 && strcmp(optarg, "2") != 0)
                return cli_usage(argv[0], "--ci-version is 1 or 2, not '%s'", optarg);
            options.min_version = options.max_version = (DWORD)(*optarg - '0');
            break;
        case 'r':
            if (!parse_range(optarg, &options))
                return cli_usage(
                    argv[0], "--range is OFFSET:LENGTH in bytes, LENGTH not 0, not '%s'", optarg);
            break;
        case 'b':
            if (!cli_parse_bytes(optarg, optarg + strlen(optarg), &number) || number == 0 ||
                number > LARGEST_BUFFER)
                return cli_usage(argv[0], "--buffer is 1 to 1G bytes, not '%s'", optarg);
            options.buffer_size = (DWORD)number;
            break;
        case 'u':
            options.length_unknown = true;
            break;
        case 'k':
            options.hold = true;
            break;
        case 'h':
            output_print("%s", help);
            return CLI_OK;
        default:
            return cli_bad_option(argv[0], argc, argv);
        }
    }
    if (optind == argc)
        return cli_usage(argv[0], "no FILE given");
    if (argc - optind > 1 && (options.id || options.out))
        return cli_usage(argv[0], "%s goes with one FILE only", options.id ? "--id" : "--out");
    if (options.out && file_writer_would_replace(options.out, argv[optind]))
        return cli_usage(argv[0], "--out would replace the FILE itself");
    return publish_all(argc - optind, argv + optind, &options);
}
