/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command "status": the service as the API reports it, and what lies under it. */
#include "cli/cli.h"

#include <windows.h>
#include <peerdist.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "api/error_map.h"
#include "cli/error_text.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/text.h"
#include "core/hash/hash_many.h"
#include "cli/traffic.h"
#include "engine/peers/survey.h"
#include "engine/user_cache.h"
#include "platform/identity.h"
#include "platform/secret_key_store.h"
#include "platform/settings.h"
#include "store/publication_store.h"

static const char help[] =
    "usage: peerdist status [--json]\n"
    "\n"
    "Prints the state of the service and the versions of content information it\n"
    "makes, which library was loaded, where the store and the data cache of this\n"
    "user are, what they hold and what is wrong with them, where the secret key is\n"
    "kept, and how hashes are computed. The exit code is 0 also when the service is\n"
    "disabled or unavailable, for its state is what was asked.\n"
    "\n"
    "  --json  as JSON\n";

struct report {
    PEERDIST_STATUS_INFO service;
    char *library_path;
    char library_version[64];
    char user[IDENTITY_USER_MAX];
    struct publication_store_report store;
    struct cache_report cache;
    struct settings settings;
    enum survey_verdict peer_service; /* of this machine */
    struct traffic_sum traffic;
    const char *key_location; /* NULL: there is none yet */
};

static const char *service_name(PEERDIST_STATUS status)
{
    switch (status) {
    case PEERDIST_STATUS_DISABLED:
        return "disabled";
    case PEERDIST_STATUS_UNAVAILABLE:
        return "unavailable";
    default:
        return "available";
    }
}

static const char *peer_service_name(enum survey_verdict verdict)
{
    switch (verdict) {
    case SURVEY_GOOD:
        return "running";
    case SURVEY_UNREACHABLE:
        return "not running";
    default:
        return "another program has the port";
    }
}

static void get_peers(struct report *report)
{
    struct traffic traffic;

    settings_read(&report->settings);
    report->peer_service = survey_own_service(report->settings.listen_port);
    if (traffic_open(&traffic) == PD_OK)
        traffic_add_up(&traffic, &report->traffic);
    traffic_close(&traffic);
}

static void get_library(struct report *report)
{
    wchar_t path[1024];
    HMODULE module = GetModuleHandleW(L"peerdist.dll");
    DWORD length = GetModuleFileNameW(module, path, 1024);
    DWORD size, ignored;
    VS_FIXEDFILEINFO *version;
    UINT version_size;
    void *block;

    snprintf(report->library_version, sizeof(report->library_version), "unknown");
    if (length == 0 || length == 1024)
        return;
    report->library_path = text_from_wide(path);
    size = GetFileVersionInfoSizeW(path, &ignored);
    block = size > 0 ? malloc(size) : NULL;
    if (block && GetFileVersionInfoW(path, 0, size, block) &&
        VerQueryValueW(block, L"\\", (void **)&version, &version_size) &&
        version_size >= sizeof(*version))
        snprintf(report->library_version, sizeof(report->library_version), "%u.%u.%u.%u",
                 HIWORD(version->dwFileVersionMS), LOWORD(version->dwFileVersionMS),
                 HIWORD(version->dwFileVersionLS), LOWORD(version->dwFileVersionLS));
    free(block);
}

static DWORD get_service(struct report *report)
{
    PEERDIST_INSTANCE_HANDLE instance;
    DWORD error = PeerDistStartup(PEERDIST_VERSION, &instance, NULL);

    if (error != ERROR_SUCCESS)
        return error;
    report->service.cbSize = sizeof(report->service);
    error = PeerDistGetStatusEx(instance, &report->service);
    PeerDistShutdown(instance);
    return error;
}

/* What is wrong with the cache is part of the report. */
static enum pd_status get_cache(struct report *report)
{
    struct cache_limits limits = user_cache_limits();
    struct cache_store *store = cache_store_create(report->user, &limits);

    if (store == NULL)
        return PD_NO_MEMORY;
    (void)cache_inspect(store, &report->cache, NULL, NULL);
    cache_store_destroy(store);
    return PD_OK;
}

static enum pd_status get_store(struct report *report)
{
    struct identity identity;
    struct publication_store *store;
    enum pd_status status = identity_current(&identity);

    if (status != PD_OK)
        return status;
    memcpy(report->user, identity.user, sizeof(report->user));
    store = publication_store_create(identity.user);
    if (store) {
        publication_store_inspect(store, &report->store);
        publication_store_destroy(store);
    } else {
        status = PD_NO_MEMORY;
    }
    if (status == PD_OK)
        status = get_cache(report);
    identity_fini(&identity);
    return status;
}

static void print_report(const struct report *report)
{
    const char *problem = report->store.problem;

    output_print("service     %s, content information versions %lu to %lu\n",
                 service_name(report->service.status), report->service.dwMinVer,
                 report->service.dwMaxVer);
    output_print("library     %s, version %s\n",
                 report->library_path ? report->library_path : "peerdist.dll",
                 report->library_version);
    output_print("user        %s\n", report->user);
    output_print("store       %s\n", report->store.path);
    output_print("            %" PRIu64 " publication%s, %" PRIu64 " bytes of content\n",
                 report->store.publications, report->store.publications == 1 ? "" : "s",
                 report->store.content_bytes);
    if (*problem)
        output_print("            PROBLEM: %s\n", problem);
    output_print("cache       %s\n", report->cache.path);
    output_print("            %" PRIu64 " bytes in %" PRIu64 " segments; on disk %" PRIu64
                 " of %" PRIu64 " bytes\n",
                 report->cache.bytes, report->cache.segments, report->cache.file_bytes,
                 report->cache.limits.bytes);
    if (*report->cache.problem)
        output_print("            PROBLEM: %s\n", report->cache.problem);
    output_print("peers       %s; service on TCP port %u: %s\n",
                 report->settings.distributed
                     ? "asked and answered (distributed mode)"
                     : "neither asked nor answered (distributed mode is off)",
                 (unsigned)report->settings.listen_port, peer_service_name(report->peer_service));
    output_print("            bytes read %" PRIu64 ", from %" PRIu64 " peers %" PRIu64
                 ", from origins %" PRIu64 ", given to %" PRIu64 " peers %" PRIu64 "\n",
                 report->traffic.from_cache, report->traffic.peers, report->traffic.from_peers,
                 report->traffic.from_origin, report->traffic.served_peers, report->traffic.served);
    output_print("secret key  %s%s\n", report->key_location ? "kept for this " : "",
                 report->key_location ? report->key_location : "none yet: made on first use");
    output_print("hashing     SHA-256: %s, SHA-512: %s\n", hash_many_implementation(HASH_SHA256),
                 hash_many_implementation(HASH_SHA512));
    output_print("program     peerdist.exe, version %s\n", PD_VERSION);
}

static void print_report_json(const struct report *report)
{
    struct json json = {.depth = 0};

    json_open(&json, NULL, '{');
    json_open(&json, "service", '{');
    json_string(&json, "status", service_name(report->service.status));
    json_number(&json, "min_version", report->service.dwMinVer);
    json_number(&json, "max_version", report->service.dwMaxVer);
    json_close(&json, '}');
    json_open(&json, "library", '{');
    json_string(&json, "path", report->library_path);
    json_string(&json, "version", report->library_version);
    json_close(&json, '}');
    json_string(&json, "user", report->user);
    json_open(&json, "store", '{');
    json_string(&json, "path", report->store.path);
    json_number(&json, "publications", report->store.publications);
    json_number(&json, "content_bytes", report->store.content_bytes);
    json_string(&json, "problem", *report->store.problem ? report->store.problem : NULL);
    json_close(&json, '}');
    json_open(&json, "cache", '{');
    json_string(&json, "path", report->cache.path);
    json_number(&json, "segments", report->cache.segments);
    json_number(&json, "bytes", report->cache.bytes);
    json_number(&json, "file_bytes", report->cache.file_bytes);
    json_number(&json, "limit", report->cache.limits.bytes);
    json_string(&json, "problem", *report->cache.problem ? report->cache.problem : NULL);
    json_close(&json, '}');
    json_open(&json, "peers", '{');
    json_string(&json, "distributed", report->settings.distributed ? "on" : "off");
    json_number(&json, "port", report->settings.listen_port);
    json_string(&json, "service", peer_service_name(report->peer_service));
    json_number(&json, "bytes_read", report->traffic.from_cache);
    json_number(&json, "bytes_from_peers", report->traffic.from_peers);
    json_number(&json, "bytes_from_origins", report->traffic.from_origin);
    json_number(&json, "bytes_served", report->traffic.served);
    json_close(&json, '}');
    json_string(&json, "secret_key", report->key_location);
    json_open(&json, "hashing", '{');
    json_string(&json, "sha256", hash_many_implementation(HASH_SHA256));
    json_string(&json, "sha512", hash_many_implementation(HASH_SHA512));
    json_close(&json, '}');
    json_string(&json, "version", PD_VERSION);
    json_close(&json, '}');
}

int command_status(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct report report = {.library_path = NULL};
    bool as_json = false;
    enum pd_status status;
    int option;
    DWORD error;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (option) {
        case 'j':
            as_json = true;
            break;
        case 'h':
            output_print("%s", help);
            return CLI_OK;
        default:
            return cli_bad_option(argv[0], argc, argv);
        }
    }
    if (optind != argc)
        return cli_usage(argv[0], "status takes no arguments");
    if (!hash_library_init())
        return error_report(ERROR_NOT_ENOUGH_MEMORY, "cannot start libcrypto");

    get_library(&report);
    error = get_service(&report);
    if (error != ERROR_SUCCESS) {
        free(report.library_path);
        return error_report(error, "cannot ask the library");
    }
    status = get_store(&report);
    if (status != PD_OK) {
        free(report.library_path);
        return error_report(win32_error(status), "cannot look at the store");
    }
    get_peers(&report);
    report.key_location = secret_key_location();
    if (as_json)
        print_report_json(&report);
    else
        print_report(&report);
    free(report.library_path);
    return CLI_OK;
}
