/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command "cache": what the data cache of this user holds, and its administration, on the store
 * itself. */
#include "cli/cli.h"

#include <windows.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "api/error_map.h"
#include "cli/error_text.h"
#include "cli/json.h"
#include "cli/output.h"
#include "engine/user_cache.h"
#include "platform/identity.h"
#include "platform/settings.h"

static const char help[] =
    "usage: peerdist cache show [--json]\n"
    "       peerdist cache flush [--tag HEX]\n"
    "       peerdist cache limit SIZE|PERCENT%\n"
    "       peerdist cache verify\n"
    "       peerdist cache pin HEX\n"
    "       peerdist cache unpin HEX\n"
    "\n"
    "  show    content tags with their segments, bytes, hits and age\n"
    "  flush   drop what one tag holds, or everything\n"
    "  limit   how large the cache may grow: bytes (K, M, G for powers of 1024) or a\n"
    "          part of its volume, 1% to 80%; it shrinks at once where it must. A\n"
    "          policy of the administrator wins\n"
    "  verify  read every block and drop those that are not what they should be;\n"
    "          the exit code is 1 when there were any\n"
    "  pin     keep what a tag holds, whatever is used less recently; unpin ends it\n";

struct cache {
    struct identity identity;
    struct cache_store *store;
};

/* Reports failures. */
static bool open_cache(struct cache *cache)
{
    struct cache_limits limits = user_cache_limits();
    enum pd_status status = hash_library_init() ? identity_current(&cache->identity) : PD_NO_MEMORY;
    cache->store = NULL;
    if (status != PD_OK) {
        error_report(win32_error(status), "cannot open the cache");
        return false;
    }
    cache->store = cache_store_create(cache->identity.user, &limits);
    if (cache->store == NULL) {
        identity_fini(&cache->identity);
        error_report(ERROR_NOT_ENOUGH_MEMORY, "cannot open the cache");
        return false;
    }
    return true;
}

static void close_cache(struct cache *cache)
{
    cache_store_destroy(cache->store);
    identity_fini(&cache->identity);
}

static int finish(struct cache *cache, enum pd_status status, const char *what)
{
    int code = CLI_OK;
    if (status != PD_OK) {
        struct cache_report report;
        (void)cache_inspect(cache->store, &report, NULL, NULL);
        code = error_report(win32_error(status), "cannot %s%s%s", what, *report.problem ? ": " : "",
                            report.problem);
    }
    close_cache(cache);
    return code;
}

/* ---- show ---- */

struct show {
    struct json json;
    bool as_json;
    uint64_t now; /* seconds since 1970 */
};

static bool show_tag(const struct cache_tag_report *tag, void *context)
{
    struct show *show = context;
    uint64_t age = show->now > tag->added ? show->now - tag->added : 0;
    if (show->as_json) {
        json_open(&show->json, NULL, '{');
        json_hex(&show->json, "tag", tag->tag.bytes, sizeof(tag->tag.bytes));
        json_number(&show->json, "pinned", tag->pinned ? 1 : 0);
        json_number(&show->json, "segments", tag->segments);
        json_number(&show->json, "bytes", tag->bytes);
        json_number(&show->json, "hits", tag->hits);
        json_number(&show->json, "age_seconds", age);
        json_close(&show->json, '}');
    } else {
        output_print("tag ");
        output_hex(tag->tag.bytes, sizeof(tag->tag.bytes));
        output_print("%s  %" PRIu64 " bytes in %" PRIu64 " segment%s, %" PRIu64 " hit%s, %" PRIu64
                     ".%" PRIu64 " h old\n",
                     tag->pinned ? "  pinned" : "", tag->bytes, tag->segments,
                     tag->segments == 1 ? "" : "s", tag->hits, tag->hits == 1 ? "" : "s",
                     age / 3600, age % 3600 / 360);
    }
    return true;
}

static int show_cache(bool as_json)
{
    struct show show = {.as_json = as_json, .now = (uint64_t)time(NULL)};
    struct cache_report report;
    struct cache cache;
    if (!open_cache(&cache))
        return CLI_FAILED;
    if (as_json) {
        json_open(&show.json, NULL, '{');
        json_open(&show.json, "tags", '[');
    }
    enum pd_status status = cache_inspect(cache.store, &report, show_tag, &show);
    if (as_json) {
        json_close(&show.json, ']');
        json_string(&show.json, "path", report.path);
        json_number(&show.json, "limit", report.limits.bytes);
        json_number(&show.json, "file_bytes", report.file_bytes);
        json_number(&show.json, "files", report.files);
        json_number(&show.json, "segments", report.segments);
        json_number(&show.json, "bytes", report.bytes);
        json_string(&show.json, "problem", *report.problem ? report.problem : NULL);
        json_close(&show.json, '}');
    } else {
        output_print("%s\n%" PRIu64 " bytes in %" PRIu64 " segments; %" PRIu64
                     " bytes on disk in %" PRIu64 " files, of %" PRIu64 " at most\n",
                     report.path, report.bytes, report.segments, report.file_bytes, report.files,
                     report.limits.bytes);
    }
    return finish(&cache, status, "look at the cache");
}

/* ---- The others ---- */

static int flush_cache(const char *tag_text)
{
    struct cache_tag tag;
    struct cache cache;
    if (tag_text != NULL && !cli_parse_tag(tag_text, tag.bytes))
        return cli_usage("cache", "--tag is 32 hexadecimal digits, not '%s'", tag_text);
    if (!open_cache(&cache))
        return CLI_FAILED;
    return finish(&cache,
                  tag_text != NULL ? cache_flush(cache.store, &tag) : cache_flush_all(cache.store),
                  "flush the cache");
}

static int limit_cache(const char *text)
{
    const char *end = text + strlen(text);
    bool in_percent = end > text && end[-1] == '%';
    uint64_t number;
    struct cache_report report;
    struct cache cache;
    if (!cli_parse_bytes(text, in_percent ? end - 1 : end, &number) ||
        (in_percent && (number < 1 || number > SETTINGS_CACHE_PERCENT_MAX)))
        return cli_usage("cache", "limit is a size or 1%% to 80%%, not '%s'", text);
    enum pd_status status =
        settings_set_cache_size(in_percent ? (uint32_t)number : 0, in_percent ? 0 : number);
    if (status != PD_OK)
        return error_report(win32_error(status), "cannot set the limit");
    if (!open_cache(&cache)) /* with the limit that is in force now */
        return CLI_FAILED;
    status = cache_trim(cache.store);
    if (status == PD_OK)
        status = cache_inspect(cache.store, &report, NULL, NULL);
    if (status == PD_OK)
        output_print("limit %" PRIu64 " bytes; the cache takes %" PRIu64 "\n", report.limits.bytes,
                     report.file_bytes);
    return finish(&cache, status, "shrink the cache");
}

static int verify_cache(void)
{
    struct cache_verify_result result;
    struct cache cache;
    if (!open_cache(&cache))
        return CLI_FAILED;
    enum pd_status status = cache_verify(cache.store, NULL, NULL, &result);
    if (status == PD_OK)
        output_print("%" PRIu64 " blocks of %" PRIu64 " segments, %" PRIu64 " bytes: %" PRIu64
                     " bad and dropped\n",
                     result.blocks, result.segments, result.bytes, result.dropped);
    int code = finish(&cache, status, "verify the cache");
    if (code == CLI_OK && result.dropped > 0)
        code = error_report(ERROR_CRC,
                            "%" PRIu64 " blocks were not what they should be; they were "
                            "dropped, and will be fetched again when they are needed",
                            result.dropped);
    return code;
}

static int pin_cache(const char *text, bool pinned)
{
    struct cache_tag tag;
    struct cache cache;
    if (!cli_parse_tag(text, tag.bytes))
        return cli_usage("cache", "a tag is 32 hexadecimal digits, not '%s'", text);
    if (!open_cache(&cache))
        return CLI_FAILED;
    enum pd_status status = cache_pin(cache.store, &tag, pinned);
    if (status != PD_NOT_FOUND)
        return finish(&cache, status, pinned ? "pin it" : "unpin it");
    close_cache(&cache);
    return error_report(ERROR_NOT_FOUND, "the cache holds nothing with the tag %s", text);
}

int command_cache(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"json", no_argument, NULL, 'j'},
        {"tag", required_argument, NULL, 'g'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *tag = NULL;
    bool as_json = false;
    int option;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (option) {
        case 'j':
            as_json = true;
            break;
        case 'g':
            tag = optarg;
            break;
        case 'h':
            output_print("%s", help);
            return CLI_OK;
        default:
            return cli_bad_option(argv[0], argc, argv);
        }
    }
    int words = argc - optind;
    const char *what = words > 0 ? argv[optind] : "";
    const char *argument = words == 2 ? argv[optind + 1] : NULL;
    if (as_json && strcmp(what, "show") != 0)
        return cli_usage(argv[0], "--json goes with show only");
    if (tag != NULL && strcmp(what, "flush") != 0)
        return cli_usage(argv[0], "--tag goes with flush only");
    if (words == 1 && strcmp(what, "show") == 0)
        return show_cache(as_json);
    if (words == 1 && strcmp(what, "flush") == 0)
        return flush_cache(tag);
    if (words == 1 && strcmp(what, "verify") == 0)
        return verify_cache();
    if (argument != NULL && strcmp(what, "limit") == 0)
        return limit_cache(argument);
    if (argument != NULL && strcmp(what, "pin") == 0)
        return pin_cache(argument, true);
    if (argument != NULL && strcmp(what, "unpin") == 0)
        return pin_cache(argument, false);
    return cli_usage(argv[0], "show, flush, limit, verify, pin or unpin is needed");
}
