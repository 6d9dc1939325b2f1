/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages as text. The prefixes, the order and the absence of white space are what receivers count
 * on that compare text instead of reading XML. */
#include <stdio.h>
#include <string.h>

#include "core/base64.h"
#include "core/discovery.h"
#include "core/discovery_names.h"
#include "core/retrieval.h"

/* Once it has overflown nothing more is written. */
struct text {
    char *out;
    size_t room, length;
    bool overflown;
};

static void put_bytes(struct text *text, const char *bytes, size_t length)
{
    text->overflown = text->overflown || length > text->room - text->length;
    if (text->overflown)
        return;
    memcpy(text->out + text->length, bytes, length);
    text->length += length;
}

static void put(struct text *text, const char *string)
{
    put_bytes(text, string, strlen(string));
}

static void put_number(struct text *text, uint64_t number)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
    put(text, digits);
}

static void put_count(struct text *text, uint32_t count)
{
    char digits[16];
    snprintf(digits, sizeof(digits), "%08lX", (unsigned long)count);
    put(text, digits);
}

/* What came from a peer. */
static void put_escaped(struct text *text, const char *string)
{
    for (; *string != '\0'; string++) {
        switch (*string) {
        case '&':
            put(text, "&amp;");
            break;
        case '<':
            put(text, "&lt;");
            break;
        case '>':
            put(text, "&gt;");
            break;
        default:
            put_bytes(text, string, 1);
        }
    }
}

static void put_id(struct text *text, const struct discovery_id *id)
{
    static const char digits[] = "0123456789ABCDEF";
    for (unsigned i = 0; i < id->length; i++) {
        const char pair[2] = {digits[id->bytes[i] >> 4], digits[id->bytes[i] & 15]};
        put_bytes(text, pair, 2);
    }
}

static void put_base64(struct text *text, const uint8_t *data, size_t length)
{
    size_t size = base64_size(length);
    text->overflown = text->overflown || size > text->room - text->length;
    if (text->overflown)
        return;
    base64_encode(data, length, text->out + text->length);
    text->length += size;
}

static void put_begin(struct text *text, const char *to, const char *action, const char *message_id)
{
    put(text, "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"" NS_SOAP
              "\" xmlns:wsa=\"" NS_WSA "\" xmlns:wsd=\"" NS_WSD "\" xmlns:PeerDist=\"" NS_PEERDIST
              "\"><soap:Header><wsa:To>");
    put(text, to);
    put(text, "</wsa:To><wsa:Action>");
    put(text, action);
    put(text, "</wsa:Action><wsa:MessageID>");
    put_escaped(text, message_id);
    put(text, "</wsa:MessageID>");
}

/* ---- Probe ---- */

static void put_scope_v2(struct text *text, const struct discovery_id *ids, size_t count)
{
    uint8_t scope[SCOPE_V2_FIXED + DISCOVERY_IDS_MAX_V2 * DISCOVERY_ID_MAX];
    size_t size = ids[0].length;
    scope[0] = 0;
    scope[1] = (uint8_t)size;
    scope[2] = (uint8_t)count;
    for (size_t i = 0; i < count; i++)
        memcpy(scope + SCOPE_V2_FIXED + i * size, ids[i].bytes, size);
    put_base64(text, scope, SCOPE_V2_FIXED + count * size);
}

size_t discovery_write_probe(char *out, size_t room, unsigned version, const char *message_id,
                             const struct discovery_id *ids, size_t count)
{
    struct text text = {.out = out, .room = room};
    if (count == 0 || count > (version == 1 ? DISCOVERY_IDS_MAX : DISCOVERY_IDS_MAX_V2))
        return 0;
    put_begin(&text, TO_PROBE, ACTION_PROBE, message_id);
    put(&text, "</soap:Header><soap:Body><wsd:Probe><wsd:Types>PeerDist:");
    put(&text, version == 1 ? TYPE_V1 "</wsd:Types><wsd:Scopes MatchBy=\"" MATCH_BY_V1 "\">"
                            : TYPE_V2 "</wsd:Types><wsd:Scopes MatchBy=\"" MATCH_BY_V2 "\">");
    if (version == 1) {
        for (size_t i = 0; i < count; i++) {
            if (i > 0)
                put(&text, " ");
            put_id(&text, &ids[i]);
        }
    } else {
        put_scope_v2(&text, ids, count);
    }
    put(&text, "</wsd:Scopes></wsd:Probe></soap:Body></soap:Envelope>");
    return text.overflown ? 0 : text.length;
}

/* ---- ProbeMatches ---- */

/* Each ID that is there, once, as it was spelled. */
static bool is_listed(const struct discovery_probe *probe, const struct discovery_held *held,
                      size_t at)
{
    if (held[at].blocks == 0)
        return false;
    for (size_t i = 0; i < at; i++)
        if (probe->ids[i].length == probe->ids[at].length &&
            memcmp(probe->ids[i].bytes, probe->ids[at].bytes, probe->ids[at].length) == 0)
            return false;
    return true;
}

static size_t put_ids_v1(struct text *text, const struct discovery_probe *probe,
                         const struct discovery_held *held)
{
    size_t listed = 0;
    for (size_t i = 0; i < probe->count; i++) {
        if (!is_listed(probe, held, i))
            continue;
        if (listed++ > 0)
            put(text, " ");
        put(text, probe->ids[i].text);
    }
    return listed;
}

/* Two bits for each ID, the first one's on top ([MS-PCCRD] 2.2.3.3). */
static size_t put_bits(struct text *text, const struct discovery_probe *probe,
                       const struct discovery_held *held)
{
    uint8_t bits[(DISCOVERY_IDS_MAX + 3) / 4] = {0};
    size_t listed = 0;
    for (size_t i = 0; i < probe->count; i++) {
        unsigned pair = held[i].blocks == 0 ? 0 : held[i].complete ? 3 : 2;
        bits[i / 4] |= (uint8_t)(pair << (6 - 2 * (i % 4)));
        listed += pair != 0 ? 1 : 0;
    }
    put_base64(text, bits, (probe->count + 3) / 4);
    return listed;
}

static void put_ages(struct text *text, const struct discovery_probe *probe,
                     const struct discovery_held *held)
{
    struct retrieval_age ages[RETRIEVAL_AGES_MAX];
    uint8_t blob[4 + 4 * RETRIEVAL_AGES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < probe->count && i < 256 && count < RETRIEVAL_AGES_MAX; i++)
        if (held[i].blocks > 0)
            ages[count++] = (struct retrieval_age){(uint8_t)i, held[i].age_hundredths};
    retrieval_write_blob(blob, ages, count);
    put_base64(text, blob, retrieval_blob_size(count));
}

size_t discovery_write_matches(char *out, size_t room, const struct discovery_probe *probe,
                               const struct discovery_held *held,
                               const struct discovery_sender *sender)
{
    struct text text = {.out = out, .room = room};
    bool first = probe->version == 1;
    put_begin(&text, TO_MATCHES, ACTION_MATCHES, sender->message_id);
    put(&text, "<wsa:RelatesTo>");
    put_escaped(&text, probe->message_id);
    put(&text, "</wsa:RelatesTo><wsd:AppSequence InstanceId=\"");
    put_number(&text, sender->instance_id);
    put(&text, "\" MessageNumber=\"");
    put_number(&text, sender->message_number);
    put(&text, "\"></wsd:AppSequence></"
               "soap:Header><soap:Body><wsd:ProbeMatches><wsd:ProbeMatch><wsa:EndpointReference>"
               "<wsa:Address>");
    put(&text, sender->endpoint);
    put(&text, "</wsa:Address></wsa:EndpointReference><wsd:Types>PeerDist:");
    put(&text, first ? TYPE_V1 : TYPE_V2);
    put(&text, "</wsd:Types><wsd:Scopes>");
    size_t listed = first ? put_ids_v1(&text, probe, held) : put_bits(&text, probe, held);
    put(&text, "</wsd:Scopes><wsd:XAddrs>");
    put(&text, sender->address);
    /* The same number in both versions, or receivers take one of them for outdated. */
    put(&text, "</wsd:XAddrs><wsd:MetadataVersion>2</wsd:MetadataVersion><PeerDist:PeerDistData>");
    if (first) {
        put(&text, "<PeerDist:BlockCount>");
        for (size_t i = 0; i < probe->count; i++)
            if (is_listed(probe, held, i))
                put_count(&text, held[i].blocks);
        put(&text, "</PeerDist:BlockCount>");
    } else {
        put(&text, "<PeerDist:SegmentAges>");
        put_ages(&text, probe, held);
        put(&text, "</PeerDist:SegmentAges>");
    }
    put(&text, "</PeerDist:PeerDistData></wsd:ProbeMatch></wsd:ProbeMatches></soap:Body>"
               "</soap:Envelope>");
    return text.overflown || listed == 0 ? 0 : text.length;
}
