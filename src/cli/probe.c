/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command "probe": who on the subnet has the segments of a content. */
#include "cli/cli.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "api/error_map.h"
#include "cli/error_text.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/segments.h"
#include "engine/peers/survey.h"

#define SEGMENTS_DEFAULT 64u
#define SEGMENTS_MAX     4096u
#define HOLDERS_MAX      64u
#define TIMEOUT_DEFAULT  500u

static const char help[] =
    "usage: peerdist probe FILE.ci|SEGMENT-ID [OPTION...]\n"
    "\n"
    "Asks the machines of this subnet which of them have the segments that FILE.ci\n"
    "describes, and tells who answered, after how long, and with how much. Nothing\n"
    "is fetched. Whoever listens learns which segments are asked for.\n"
    "\n"
    "  --segments N   ask for the first N of them; without this 64\n"
    "  --timeout MS   how long each question waits for answers; without this 500\n"
    "  --json         as JSON\n"
    "\n"
    "The exit code is 1 when nobody has any of them.\n";

struct holder {
    char address[NET_ADDRESS_TEXT];
    uint32_t milliseconds; /* of its first answer */
    uint32_t segments, complete;
};

struct findings {
    size_t count;
    struct holder holders[HOLDERS_MAX];
    bool *seen; /* by holder and segment: both transmissions may be answered */
    size_t asked;
};

static bool on_answer(const struct survey_answer *answer, void *context)
{
    struct findings *findings = context;
    size_t i = 0;

    while (i < findings->count && strcmp(findings->holders[i].address, answer->address) != 0)
        i++;
    if (i == HOLDERS_MAX)
        return true;
    struct holder *holder = &findings->holders[i];
    if (i == findings->count) {
        memcpy(holder->address, answer->address, sizeof(holder->address));
        holder->milliseconds = answer->milliseconds;
        findings->count++;
    }
    bool *seen = &findings->seen[i * findings->asked + answer->which];
    holder->segments += *seen ? 0 : 1;
    holder->complete += !*seen && answer->complete ? 1 : 0;
    *seen = true;
    return true;
}

static void print_findings(const struct cli_segments *segments, const struct findings *findings)
{
    output_print("asked for %zu of %" PRIu64 " segment%s, version %u\n", segments->count,
                 segments->total, segments->total == 1 ? "" : "s", segments->version);
    if (findings->count == 0)
        output_print("nobody answered\n");
    for (size_t i = 0; i < findings->count; i++) {
        const struct holder *holder = &findings->holders[i];

        output_print("%-24s %4" PRIu32 " ms  %" PRIu32 " segment%s", holder->address,
                     holder->milliseconds, holder->segments, holder->segments == 1 ? "" : "s");
        if (segments->version == 2)
            output_print(", %" PRIu32 " of them complete", holder->complete);
        output_print("\n");
    }
}

static void print_findings_json(const struct cli_segments *segments,
                                const struct findings *findings)
{
    struct json json = {.depth = 0};

    json_open(&json, NULL, '{');
    json_number(&json, "version", segments->version);
    json_number(&json, "segments", segments->total);
    json_number(&json, "asked", segments->count);
    json_open(&json, "holders", '[');
    for (size_t i = 0; i < findings->count; i++) {
        json_open(&json, NULL, '{');
        json_string(&json, "address", findings->holders[i].address);
        json_number(&json, "milliseconds", findings->holders[i].milliseconds);
        json_number(&json, "segments", findings->holders[i].segments);
        json_number(&json, "complete", findings->holders[i].complete);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
}

static int probe(const struct cli_segments *segments, uint32_t timeout, bool as_json)
{
    struct findings findings = {.asked = segments->count};
    struct discovery_id *ids = segments_ids(segments);
    enum pd_status status = PD_NO_MEMORY;

    findings.seen = calloc(HOLDERS_MAX * segments->count, sizeof(*findings.seen));
    if (ids && findings.seen)
        status =
            survey_probe(segments->version, ids, segments->count, timeout, on_answer, &findings);
    if (status == PD_OK && as_json)
        print_findings_json(segments, &findings);
    else if (status == PD_OK)
        print_findings(segments, &findings);
    free(findings.seen);
    free(ids);
    if (status != PD_OK)
        return error_report(win32_error(status), "cannot ask the network");
    return findings.count > 0 ? CLI_OK : CLI_FAILED;
}

/* A number from 1 to `most`. */
static bool parse_number(const char *text, uint64_t most, uint64_t *number)
{
    return cli_parse_bytes(text, text + strlen(text), number) && *number >= 1 && *number <= most;
}

int command_probe(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"segments", required_argument, NULL, 's'},
        {"timeout", required_argument, NULL, 't'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    uint64_t most = SEGMENTS_DEFAULT, timeout = TIMEOUT_DEFAULT;
    struct cli_segments segments;
    bool as_json = false;
    int option, code;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (option) {
        case 's':
            if (!parse_number(optarg, SEGMENTS_MAX, &most))
                return cli_usage(argv[0], "--segments is 1 to %u, not '%s'", SEGMENTS_MAX, optarg);
            break;
        case 't':
            if (!parse_number(optarg, 60000, &timeout))
                return cli_usage(argv[0], "--timeout is 1 to 60000 milliseconds, not '%s'", optarg);
            break;
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
    if (argc - optind != 1)
        return cli_usage(argv[0], "one FILE.ci or segment ID is wanted");
    code = segments_load(argv[0], argv[optind], (size_t)most, &segments);
    if (code != CLI_OK)
        return code;
    code = probe(&segments, (uint32_t)timeout, as_json);
    segments_free(&segments);
    return code;
}
