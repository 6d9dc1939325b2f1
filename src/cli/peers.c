/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command "peers": which machines gave this one how much, and got how much from it. */
#include "cli/cli.h"

#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include "api/error_map.h"
#include "cli/error_text.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/traffic.h"

static const char help[] =
    "usage: peerdist peers [--json] [--reset]\n"
    "\n"
    "Prints the machines that blocks came from, for applications of this user, and\n"
    "those that the service of this machine gave blocks to, since the counts were\n"
    "last reset: bytes, blocks, failures, and when that was last so.\n"
    "\n"
    "  --json   as JSON\n"
    "  --reset  set all counts to nothing\n";

struct listing {
    struct json *json; /* NULL: for people */
    enum counter_kind kind;
    const char *title; /* not printed yet; NULL: it was */
    bool any;
};

static void print_row(struct listing *listing, const struct counter *counter)
{
    char when[32] = "";
    time_t used = (time_t)counter->used;
    const struct tm *local = localtime(&used);

    if (local)
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", local);
    if (listing->title)
        output_print("%s\n  %-40s %15s %10s %9s  last\n", listing->title, "address", "bytes",
                     listing->kind == COUNTER_PROBED ? "answered" : "blocks", "failures");
    listing->title = NULL;
    output_print("  %-40s %15" PRIu64 " %10" PRIu64 " %9" PRIu64 "  %s\n", counter->peer,
                 counter->bytes, counter->blocks, counter->failures, when);
}

static bool on_counter(const struct counter *counter, void *context)
{
    struct listing *listing = context;

    if (counter->kind != listing->kind)
        return true;
    listing->any = true;
    if (!listing->json) {
        print_row(listing, counter);
        return true;
    }
    json_open(listing->json, NULL, '{');
    json_string(listing->json, "address", counter->peer);
    json_number(listing->json, "bytes", counter->bytes);
    json_number(listing->json, "blocks", counter->blocks);
    json_number(listing->json, "failures", counter->failures);
    json_number(listing->json, "last", counter->used);
    json_close(listing->json, '}');
    return true;
}

static enum pd_status list(struct counter_store *store, enum counter_kind kind, struct json *json,
                           const char *key, const char *title)
{
    struct listing listing = {.json = json, .kind = kind, .title = title};

    if (json)
        json_open(json, key, '[');
    enum pd_status status = counter_visit(store, on_counter, &listing);
    if (json)
        json_close(json, ']');
    else if (!listing.any)
        output_print("%s\n  nobody\n", title);
    return status;
}

int command_peers(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"json", no_argument, NULL, 'j'},
        {"reset", no_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct json json = {.depth = 0};
    struct traffic traffic;
    bool as_json = false, reset = false;
    int option;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (option) {
        case 'j':
            as_json = true;
            break;
        case 'r':
            reset = true;
            break;
        case 'h':
            output_print("%s", help);
            return CLI_OK;
        default:
            return cli_bad_option(argv[0], argc, argv);
        }
    }
    if (optind != argc)
        return cli_usage(argv[0], "peers takes no arguments");
    enum pd_status status = traffic_open(&traffic);
    if (status == PD_OK && reset) {
        status = counter_reset(traffic.user);
        if (status == PD_OK)
            status = counter_reset(traffic.service);
    } else if (status == PD_OK) {
        if (as_json)
            json_open(&json, NULL, '{');
        status = list(traffic.user, COUNTER_FROM_PEER, as_json ? &json : NULL, "fetched_from",
                      "fetched from");
        /* The service may be another user's, and its folder closed to this one. */
        if (status == PD_OK && (list(traffic.service, COUNTER_SERVED, as_json ? &json : NULL,
                                     "served_to", "served to") != PD_OK ||
                                list(traffic.service, COUNTER_PROBED, as_json ? &json : NULL,
                                     "asked_by", "asked by") != PD_OK))
            output_error("peerdist: what the service counted cannot be read by this user\n");
        if (as_json)
            json_close(&json, '}');
    }
    traffic_close(&traffic);
    return status == PD_OK ? CLI_OK : error_report(win32_error(status), "cannot read the counters");
}
