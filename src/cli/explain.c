/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command "explain": why content would come from peers, or would not. */
#include "cli/cli.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "api/error_map.h"
#include "cli/error_text.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/segments.h"
#include "engine/peers/survey.h"
#include "engine/user_cache.h"
#include "platform/identity.h"
#include "platform/settings.h"

#define SEGMENTS_MAX 65536u /* that are looked for in the cache */
#define PROBED_MAX   64u    /* that others are asked for */
#define PEERS_SHOWN  8u
#define TIMEOUT      500u

static const char help[] =
    "usage: peerdist explain FILE.ci [--json]\n"
    "\n"
    "Goes through everything that decides whether the content of FILE.ci comes from\n"
    "peers: the settings, the versions, what this machine has already, the service\n"
    "here, the network, who answers, whether they can be reached, and whether what\n"
    "they give is right (one block of each is fetched and compared).\n"
    "\n"
    "  --json  as JSON\n"
    "\n"
    "The exit code is 0 when content would come from a peer or is here already.\n";

enum mark { MARK_OK, MARK_NOTE, MARK_PROBLEM };

struct finding {
    enum mark mark;
    char subject[24];
    char text[256];
};

#define FINDINGS_MAX 32u
struct explanation {
    size_t count;
    struct finding findings[FINDINGS_MAX];
    bool stopped;  /* something is in the way of all peers */
    bool complete; /* everything is here already */
    unsigned good_peers;
    size_t peer_count;
    struct survey_answer peers[PEERS_SHOWN];
};

static void say(struct explanation *explanation, enum mark mark, const char *subject,
                const char *format, ...) __attribute__((format(gnu_printf, 4, 5)));

static void say(struct explanation *explanation, enum mark mark, const char *subject,
                const char *format, ...)
{
    va_list arguments;

    if (explanation->count == FINDINGS_MAX)
        return;
    struct finding *finding = &explanation->findings[explanation->count++];
    finding->mark = mark;
    snprintf(finding->subject, sizeof(finding->subject), "%s", subject);
    va_start(arguments, format);
    vsnprintf(finding->text, sizeof(finding->text), format, arguments);
    va_end(arguments);
}

/* ---- This machine ---- */

static void check_settings(struct explanation *explanation, const struct settings *settings,
                           const struct cli_segments *segments)
{
    explanation->stopped = !settings->enabled || !settings->distributed;
    if (!settings->enabled)
        say(explanation, MARK_PROBLEM, "settings",
            "BranchCache is switched off (Service\\Enable is 0)");
    else if (!settings->distributed)
        say(explanation, MARK_PROBLEM, "settings",
            "distributed mode is off: peers are neither asked nor answered");
    else
        say(explanation, MARK_OK, "settings", "BranchCache and distributed mode are on");
    if (settings->version_1_only && segments->version == 2) {
        explanation->stopped = true;
        say(explanation, MARK_PROBLEM, "version",
            "this is version 2 content information, and this machine is limited to version 1");
    } else {
        say(explanation, MARK_OK, "version",
            "content information %u; machines that were given the other version of it have it "
            "under "
            "other names",
            segments->version);
    }
}

static void check_cache(struct explanation *explanation, const struct cli_segments *segments)
{
    struct identity identity;
    struct cache_limits limits = user_cache_limits();
    uint64_t wanted = 0, present = 0;

    if (identity_current(&identity) != PD_OK)
        return;
    struct cache_store *store = cache_store_create(identity.user, &limits);
    identity_fini(&identity);
    struct cache_held *held = malloc(sizeof(*held));
    for (size_t i = 0; store && held && i < segments->count; i++) {
        const struct cli_segment *one = &segments->list[i];
        bool found = cache_find(store, one->segment.id, segment_value_size(one->segment.scheme),
                                held) == PD_OK;

        for (uint32_t k = 0; k < one->block_count; k++) {
            uint32_t number = one->first_block + k;
            wanted += cache_block_size(&one->segment, number);
            if (found && block_set_has(&held->present, number))
                present += cache_block_size(&one->segment, number);
        }
    }
    free(held);
    cache_store_destroy(store);
    explanation->complete = wanted > 0 && present == wanted && segments->count == segments->total;
    say(explanation, MARK_NOTE, "cache", "%" PRIu64 " of %" PRIu64 " bytes looked at are here%s",
        present, wanted, explanation->complete ? ": no peer is needed" : "");
}

static void check_service(struct explanation *explanation, const struct settings *settings)
{
    enum survey_verdict verdict = survey_own_service(settings->listen_port);
    unsigned port = settings->listen_port;

    if (verdict == SURVEY_GOOD)
        say(explanation, MARK_OK, "service",
            "running here on TCP port %u: others can fetch from here", port);
    else if (verdict == SURVEY_UNREACHABLE)
        say(explanation, MARK_NOTE, "service",
            "not running here (nothing listens on TCP port %u): this machine can fetch, but gives "
            "nothing",
            port);
    else
        say(explanation, MARK_NOTE, "service",
            "another program has TCP port %u: this machine gives nothing to others", port);
}

static void check_network(struct explanation *explanation)
{
    char texts[4][NET_ADDRESS_TEXT];
    unsigned count = survey_interfaces(texts, 4);

    if (count == 0) {
        explanation->stopped = true;
        say(explanation, MARK_PROBLEM, "network", "no interface is up");
        return;
    }
    say(explanation, MARK_OK, "network", "asking from %s%s%s%s", texts[0], count > 1 ? ", " : "",
        count > 1 ? texts[1] : "", count > 2 ? " and others" : "");
}

/* ---- Others ---- */

static bool on_answer(const struct survey_answer *answer, void *context)
{
    struct explanation *explanation = context;

    for (size_t i = 0; i < explanation->peer_count; i++)
        if (strcmp(explanation->peers[i].address, answer->address) == 0)
            return true;
    if (explanation->peer_count < PEERS_SHOWN)
        explanation->peers[explanation->peer_count++] = *answer;
    return true;
}

static const char *verdict_text(enum survey_verdict verdict)
{
    switch (verdict) {
    case SURVEY_GOOD:
        return "gives blocks, and they are right";
    case SURVEY_UNREACHABLE:
        return "answers, but cannot be connected to: a firewall, or its service has just stopped";
    case SURVEY_SILENT:
        return "answers, but its service sends nothing in time: overloaded, or a firewall drops "
               "packets";
    case SURVEY_NO_PROTOCOL:
        return "answers, but something else than BranchCache is at its port";
    case SURVEY_NO_VERSION:
        return "speaks no version of the protocol that this machine knows";
    case SURVEY_EMPTY:
        return "gives nothing: it is busy, has evicted it, or has other blocks only";
    case SURVEY_WRONG_DATA:
        return "gives WRONG data: its secret or its content is another, or it lies";
    default:
        return "could not be asked: no memory";
    }
}

static void check_peer(struct explanation *explanation, const struct cli_segments *segments,
                       const struct survey_answer *answer)
{
    const struct cli_segment *one = &segments->list[answer->which];
    const uint8_t *hash = segments->version == 1 ? one->block_hashes : one->segment.hod;
    enum survey_verdict verdict = one->block_count == 0
                                      ? survey_negotiate(&answer->peer)
                                      : survey_block(&answer->peer, &one->segment, one->first_block,
                                                     hash, segment_value_size(one->segment.scheme));

    explanation->good_peers += verdict == SURVEY_GOOD ? 1 : 0;
    say(explanation, verdict == SURVEY_GOOD ? MARK_OK : MARK_PROBLEM, "peer",
        "%s %s (%" PRIu32 " ms)", answer->address, verdict_text(verdict), answer->milliseconds);
}

static enum pd_status check_peers(struct explanation *explanation,
                                  const struct cli_segments *segments)
{
    struct discovery_id *ids = segments_ids(segments);
    size_t count = segments->count < PROBED_MAX ? segments->count : PROBED_MAX;
    enum pd_status status =
        ids ? survey_probe(segments->version, ids, count, TIMEOUT, on_answer, explanation)
            : PD_NO_MEMORY;

    free(ids);
    if (status != PD_OK)
        return status;
    if (explanation->peer_count == 0)
        say(explanation, MARK_PROBLEM, "discovery",
            "nobody answered within %u ms: no machine of this subnet has it, or their or this "
            "machine's firewall drops UDP port 3702, or multicast does not get through",
            TIMEOUT);
    for (size_t i = 0; i < explanation->peer_count; i++)
        check_peer(explanation, segments, &explanation->peers[i]);
    return PD_OK;
}

/* ---- The answer ---- */

static const char *conclusion(const struct explanation *explanation)
{
    if (explanation->complete)
        return "All of it is here already; it would be read from the data cache.";
    if (explanation->stopped)
        return "It would come from the origin: see the problems above.";
    if (explanation->good_peers > 0)
        return "It would come from peers, as far as they have it.";
    return "It would come from the origin: no peer gives it.";
}

static void print_explanation(const struct explanation *explanation)
{
    static const char *const marks[] = {"ok      ", "        ", "PROBLEM "};

    for (size_t i = 0; i < explanation->count; i++) {
        const struct finding *finding = &explanation->findings[i];
        output_print("%s%-10s %s\n", marks[finding->mark], finding->subject, finding->text);
    }
    output_print("%s\n", conclusion(explanation));
}

static void print_explanation_json(const struct explanation *explanation)
{
    static const char *const marks[] = {"ok", "note", "problem"};
    struct json json = {.depth = 0};

    json_open(&json, NULL, '{');
    json_open(&json, "findings", '[');
    for (size_t i = 0; i < explanation->count; i++) {
        json_open(&json, NULL, '{');
        json_string(&json, "subject", explanation->findings[i].subject);
        json_string(&json, "mark", marks[explanation->findings[i].mark]);
        json_string(&json, "text", explanation->findings[i].text);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_number(&json, "peers", explanation->peer_count);
    json_number(&json, "good_peers", explanation->good_peers);
    json_string(&json, "conclusion", conclusion(explanation));
    json_close(&json, '}');
}

static int explain(const struct cli_segments *segments, bool as_json)
{
    static struct explanation explanation;
    struct settings settings;
    enum pd_status status;

    settings_read(&settings);
    check_settings(&explanation, &settings, segments);
    check_cache(&explanation, segments);
    check_service(&explanation, &settings);
    check_network(&explanation);
    status = check_peers(&explanation, segments);
    if (status != PD_OK && status != PD_UNAVAILABLE)
        return error_report(win32_error(status), "cannot ask the network");
    if (as_json)
        print_explanation_json(&explanation);
    else
        print_explanation(&explanation);
    bool good = explanation.complete || (!explanation.stopped && explanation.good_peers > 0);
    return good ? CLI_OK : CLI_FAILED;
}

int command_explain(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct cli_segments segments;
    bool as_json = false;
    int option, code;

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
    if (argc - optind != 1)
        return cli_usage(argv[0], "one FILE.ci is wanted");
    code = segments_load(argv[0], argv[optind], SEGMENTS_MAX, &segments);
    if (code != CLI_OK)
        return code;
    if (segments.by_file)
        code = explain(&segments, as_json);
    else
        code = cli_usage(argv[0], "a segment ID does not tell enough: FILE.ci is wanted");
    segments_free(&segments);
    return code;
}
