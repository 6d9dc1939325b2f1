/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: any bytes as a discovery message, for both readers. What is read as a Probe is asked
 * again and answered, and question and answer must say the same when they are read. */
#include "core/discovery.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_ID "urn:uuid:c0ffee00-1234-4abc-8def-00112233aabb"
#define ENDPOINT  "urn:uuid:0b7e1c52-93a4-4f6d-8e21-5d4c3b2a1908"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char out[DISCOVERY_DATAGRAM_MAX];

static void check(bool condition)
{
    if (!condition)
        abort();
}

static bool same_id(const struct discovery_id *a, const struct discovery_id *b)
{
    return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

static void check_id(const struct discovery_id *id, bool spelled)
{
    check(id->length == 32 || id->length == 48 || id->length == 64);
    check(strlen(id->text) == (spelled ? 2u * id->length : 0));
}

static void check_name(const char *name)
{
    check(memchr(name, '\0', DISCOVERY_TEXT_MAX) != NULL && *name != '\0');
    for (; *name != '\0'; name++)
        check((uint8_t)*name >= 0x20 && *name != 0x7f);
}

static void check_probe(const struct discovery_probe *probe)
{
    check(probe->version == 1 || probe->version == 2);
    check_name(probe->message_id);
    check(probe->count > 0 &&
          probe->count <= (probe->version == 1 ? DISCOVERY_IDS_MAX : DISCOVERY_IDS_MAX_V2));
    for (size_t i = 0; i < probe->count; i++)
        check_id(&probe->ids[i], probe->version == 1);
}

static void check_matches(const struct discovery_matches *matches)
{
    bool complete;

    check(matches->version == 1 || matches->version == 2);
    check_name(matches->message_id);
    check_name(matches->relates_to);
    check(memchr(matches->endpoint, '\0', DISCOVERY_TEXT_MAX) != NULL);
    check(matches->address_count > 0 && matches->address_count <= DISCOVERY_ADDRESSES_MAX);
    for (size_t i = 0; i < matches->address_count; i++) {
        const struct discovery_address *address = &matches->addresses[i];

        check(address->port > 0);
        check(address->ipv6 ? address->bytes[0] != 0xff
                            : address->bytes[0] != 0 && address->bytes[0] < 224);
    }
    check((matches->version == 1) == (matches->count > 0) && matches->count <= DISCOVERY_IDS_MAX);
    check((matches->version == 2) == (matches->bit_bytes > 0) &&
          matches->bit_bytes <= sizeof matches->bits);
    for (size_t i = 0; i < matches->count; i++) {
        check_id(&matches->ids[i], false);
        check(matches->blocks[i] > 0);
    }
    for (size_t asked = 0; asked <= DISCOVERY_IDS_MAX_V2; asked++) {
        bool there = discovery_availability(matches, asked, asked / 2, &complete);

        check(there || !complete);
        check(!there || asked > 0);
    }
}

/* Written by us, it asks for the same. */
static void check_asked_again(const struct discovery_probe *probe)
{
    static struct discovery_probe again;
    size_t length = discovery_write_probe(out, sizeof out, probe->version, probe->message_id,
                                          probe->ids, probe->count);

    if (length == 0)
        return; /* a shorter form than ours may hold more IDs */
    check(discovery_read_probe(out, length, &again) == DECODE_COMPLETE);
    check(again.version == probe->version && again.count == probe->count);
    check(strcmp(again.message_id, probe->message_id) == 0);
    for (size_t i = 0; i < probe->count; i++)
        check(same_id(&again.ids[i], &probe->ids[i]));
    check(discovery_write_probe(out, length - 1, probe->version, probe->message_id, probe->ids,
                                probe->count) == 0);
}

/* What of the IDs is held depends on the bytes of the IDs, so that the same is held of the same. */
static void hold(const struct discovery_probe *probe, struct discovery_held *held)
{
    for (size_t i = 0; i < probe->count; i++) {
        uint8_t kind = probe->ids[i].bytes[31];

        held[i].blocks = kind % 4 == 0 ? 0 : (uint32_t)kind * 0x01010101u;
        held[i].complete = kind % 4 == 3;
        held[i].age_hundredths = (uint32_t)kind * 70000u;
    }
}

static void check_answer_v1(const struct discovery_probe *probe, const struct discovery_held *held,
                            const struct discovery_matches *matches)
{
    size_t next = 0;

    /* In the order of the Probe, what is held, each once; the end may be missing. */
    for (size_t i = 0; i < matches->count; i++) {
        while (next < probe->count && !same_id(&probe->ids[next], &matches->ids[i]))
            next++;
        check(next < probe->count);
        check(matches->blocks[i] == held[next].blocks);
        for (size_t k = 0; k < i; k++)
            check(!same_id(&matches->ids[k], &matches->ids[i]));
    }
}

static void check_answer_v2(const struct discovery_probe *probe, const struct discovery_held *held,
                            const struct discovery_matches *matches)
{
    check(discovery_bits_fit(matches, probe->count));
    for (size_t i = 0; i < probe->count; i++) {
        bool complete;
        uint32_t age = held[i].age_hundredths < 0xffffff ? held[i].age_hundredths : 0xffffff;
        bool there = discovery_availability(matches, probe->count, i, &complete);

        check(there == (held[i].blocks > 0));
        check(complete == (there && held[i].complete));
        check(matches->has_age[i] == there);
        check(!there || matches->age_hundredths[i] == age);
    }
}

static void check_answered(const struct discovery_probe *probe)
{
    static struct discovery_held held[DISCOVERY_IDS_MAX];
    static struct discovery_matches matches;
    const struct discovery_sender sender = {ANSWER_ID, ENDPOINT, 1700000000, 7, "[fe80::1]:80"};
    bool any = false;
    size_t length;

    hold(probe, held);
    for (size_t i = 0; i < probe->count; i++)
        any |= held[i].blocks > 0;
    length = discovery_write_matches(out, sizeof out, probe, held, &sender);
    check((length > 0) == any);
    if (!any)
        return;
    check(discovery_read_matches(out, length, &matches) == DECODE_COMPLETE);
    check_matches(&matches);
    check(matches.version == probe->version);
    check(strcmp(matches.relates_to, probe->message_id) == 0);
    check(strcmp(matches.message_id, ANSWER_ID) == 0 && strcmp(matches.endpoint, ENDPOINT) == 0);
    check(matches.address_count == 1 && matches.addresses[0].ipv6);
    if (probe->version == 1)
        check_answer_v1(probe, held, &matches);
    else
        check_answer_v2(probe, held, &matches);
    check(discovery_write_matches(out, length - 1, probe, held, &sender) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct discovery_probe probe;
    static struct discovery_matches matches;
    enum decode_result as_probe = discovery_read_probe((const char *)data, size, &probe);
    enum decode_result as_matches = discovery_read_matches((const char *)data, size, &matches);

    check(as_probe != DECODE_COMPLETE || as_matches != DECODE_COMPLETE);
    check((as_probe == DECODE_PARTIAL) == (as_matches == DECODE_PARTIAL));
    if (as_probe == DECODE_COMPLETE) {
        check_probe(&probe);
        check_asked_again(&probe);
        check_answered(&probe);
    }
    if (as_matches == DECODE_COMPLETE)
        check_matches(&matches);
    return 0;
}
