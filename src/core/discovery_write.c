/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* By template: peers in the field search for literal tags with these prefixes and compare whole
 * texts, so there is no white space, and every element has an end tag. */
#include <string.h>

#include "core/base64.h"
#include "core/bytes.h"
#include "core/discovery.h"
#include "core/discovery_names.h"
#include "core/discovery_values.h"
#include "core/segment.h"

#define HEAD                                                             \
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>"                         \
    "<soap:Envelope xmlns:soap=\"" NS_SOAP "\" xmlns:wsa=\"" NS_WSA "\"" \
    " xmlns:wsd=\"" NS_WSD "\" xmlns:PeerDist=\"" NS_PEERDIST "\"><soap:Header>"

#define BLOCK_COUNT_DIGITS 8u

/* What does not fit is counted, not written. */
struct writer {
    char *out;
    size_t room;
    size_t used;
};

static char *claim(struct writer *writer, size_t length)
{
    char *place = NULL;

    if (writer->used <= writer->room && length <= writer->room - writer->used)
        place = writer->out + writer->used;
    writer->used += length;
    return place;
}

static void put_bytes(struct writer *writer, const char *bytes, size_t length)
{
    char *place = claim(writer, length);

    if (place != NULL)
        memcpy(place, bytes, length);
}

static void put(struct writer *writer, const char *text)
{
    put_bytes(writer, text, strlen(text));
}

/* As text of an element. */
static void put_escaped(struct writer *writer, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '&')
            put(writer, "&amp;");
        else if (*text == '<')
            put(writer, "&lt;");
        else if (*text == '>')
            put(writer, "&gt;");
        else
            put_bytes(writer, text, 1);
    }
}

static void put_decimal(struct writer *writer, uint64_t value)
{
    char digits[20];
    size_t start = sizeof digits;

    do {
        digits[--start] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    put_bytes(writer, digits + start, sizeof digits - start);
}

/* Upper case: what xs:hexBinary calls canonical, and what peers compare. */
static void put_hex(struct writer *writer, const uint8_t *bytes, size_t length)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < length; i++) {
        const char pair[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};

        put_bytes(writer, pair, sizeof pair);
    }
}

static void put_base64(struct writer *writer, const uint8_t *bytes, size_t length)
{
    char *place = claim(writer, BASE64_LENGTH(length));

    if (place != NULL)
        base64_encode(bytes, length, place);
}

static struct writer begin(char *out, size_t room)
{
    return (struct writer){out, room < DISCOVERY_DATAGRAM_MAX ? room : DISCOVERY_DATAGRAM_MAX, 0};
}

static size_t finish(const struct writer *writer)
{
    return writer->used <= writer->room ? writer->used : 0;
}

static bool ids_writable(unsigned version, const struct discovery_id *ids, size_t count)
{
    if (version != 1 && version != 2)
        return false;
    if (count == 0 || count > (version == 1 ? DISCOVERY_IDS_MAX : DISCOVERY_IDS_MAX_V2))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!segment_id_length_valid(ids[i].length))
            return false;
        if (version == 2 && ids[i].length != ids[0].length)
            return false; /* one size stands for all */
    }
    return true;
}

static void put_scope_v2(struct writer *writer, const struct discovery_id *ids, size_t count)
{
    uint8_t scope[SCOPE_V2_HEADER + DISCOVERY_IDS_MAX_V2 * DISCOVERY_ID_MAX] = {0};
    size_t length = SCOPE_V2_HEADER;

    scope[1] = ids[0].length; /* the low byte of two */
    scope[2] = (uint8_t)count;
    for (size_t i = 0; i < count; i++) {
        memcpy(scope + length, ids[i].bytes, ids[i].length);
        length += ids[i].length;
    }
    put_base64(writer, scope, length);
}

size_t discovery_write_probe(char *out, size_t room, unsigned version, const char *message_id,
                             const struct discovery_id *ids, size_t count)
{
    struct writer writer = begin(out, room);

    if (!ids_writable(version, ids, count))
        return 0;
    put(&writer, HEAD "<wsa:To>" TO_PROBE "</wsa:To><wsa:Action>" ACTION_PROBE "</wsa:Action>"
                      "<wsa:MessageID>");
    put_escaped(&writer, message_id);
    put(&writer, "</wsa:MessageID></soap:Header><soap:Body><wsd:Probe><wsd:Types>PeerDist:");
    if (version == 1) {
        put(&writer, TYPE_V1 "</wsd:Types><wsd:Scopes MatchBy=\"" MATCH_BY_V1 "\">");
        for (size_t i = 0; i < count; i++) {
            put(&writer, i > 0 ? " " : "");
            put_hex(&writer, ids[i].bytes, ids[i].length);
        }
    } else {
        put(&writer, TYPE_V2 "</wsd:Types><wsd:Scopes MatchBy=\"" MATCH_BY_V2 "\">");
        put_scope_v2(&writer, ids, count);
    }
    put(&writer, "</wsd:Scopes></wsd:Probe></soap:Body></soap:Envelope>");
    return finish(&writer);
}

/* Which IDs of a version 1.0 Probe an answer lists: positions in the Probe. */
struct listing {
    size_t count;
    uint16_t positions[DISCOVERY_IDS_MAX];
};

static bool is_listed(const struct listing *listing, const struct discovery_probe *probe, size_t k)
{
    const struct discovery_id *id = &probe->ids[k];

    for (size_t i = 0; i < listing->count; i++) {
        const struct discovery_id *other = &probe->ids[listing->positions[i]];

        if (other->length == id->length && memcmp(other->bytes, id->bytes, id->length) == 0)
            return true;
    }
    return false;
}

/* Lists what is held, each ID once, as long as it fits into `room` bytes. */
static void list_held(struct listing *listing, const struct discovery_probe *probe,
                      const struct discovery_held *held, size_t room)
{
    size_t used = 0;

    listing->count = 0;
    for (size_t i = 0; i < probe->count; i++) {
        size_t size = strlen(probe->ids[i].text) + BLOCK_COUNT_DIGITS + (listing->count > 0);

        if (held[i].blocks == 0 || is_listed(listing, probe, i))
            continue;
        if (size > room - used)
            break;
        used += size;
        listing->positions[listing->count++] = (uint16_t)i;
    }
}

static void put_availability(struct writer *writer, const struct discovery_probe *probe,
                             const struct discovery_held *held)
{
    uint8_t bits[(DISCOVERY_IDS_MAX_V2 + 3) / 4] = {0};

    for (size_t i = 0; i < probe->count; i++) {
        unsigned pair = held[i].blocks == 0 ? 0 : held[i].complete ? 3 : 2;

        bits[i / 4] |= (uint8_t)(pair << (6 - 2 * (i % 4)));
    }
    put_base64(writer, bits, (probe->count + 3) / 4);
}

/* [MS-PCCRR] 2.2.6: version (2 bytes), units, number; for each index and age, low byte first. */
static void put_ages(struct writer *writer, const struct discovery_probe *probe,
                     const struct discovery_held *held)
{
    uint8_t blob[AGES_HEADER + AGES_MAX * AGE_SIZE] = {0, AGES_VERSION, AGES_IN_HUNDREDTHS, 0};
    size_t length = AGES_HEADER;

    for (size_t i = 0; i < probe->count; i++) {
        uint32_t age = held[i].age_hundredths;

        if (held[i].blocks == 0)
            continue;
        store_le32(blob + length, (age < AGE_GREATEST ? age : AGE_GREATEST) << 8 | (uint32_t)i);
        length += AGE_SIZE;
        blob[3]++;
    }
    put_base64(writer, blob, length);
}

/* listing: of version 1.0. */
static void put_matches(struct writer *writer, const struct discovery_probe *probe,
                        const struct discovery_held *held, const struct discovery_sender *sender,
                        const struct listing *listing)
{
    put(writer, HEAD "<wsa:To>" TO_MATCHES "</wsa:To><wsa:Action>" ACTION_MATCHES "</wsa:Action>"
                     "<wsa:MessageID>");
    put_escaped(writer, sender->message_id);
    put(writer, "</wsa:MessageID><wsa:RelatesTo>");
    put_escaped(writer, probe->message_id);
    put(writer, "</wsa:RelatesTo><wsd:AppSequence InstanceId=\"");
    put_decimal(writer, sender->instance_id);
    put(writer, "\" MessageNumber=\"");
    put_decimal(writer, sender->message_number);
    put(writer, "\"></wsd:AppSequence></soap:Header><soap:Body><wsd:ProbeMatches><wsd:ProbeMatch>"
                "<wsa:EndpointReference><wsa:Address>");
    put_escaped(writer, sender->endpoint);
    put(writer, "</wsa:Address></wsa:EndpointReference><wsd:Types>PeerDist:");
    put(writer, probe->version == 1 ? TYPE_V1 : TYPE_V2);
    put(writer, "</wsd:Types><wsd:Scopes>");
    if (probe->version == 1)
        for (size_t i = 0; i < listing->count; i++) {
            put(writer, i > 0 ? " " : "");
            put(writer, probe->ids[listing->positions[i]].text);
        }
    else
        put_availability(writer, probe, held);
    put(writer, "</wsd:Scopes><wsd:XAddrs>");
    put_escaped(writer, sender->address);
    /* The same MetadataVersion in both versions: Windows ignores the addresses of an endpoint whose
     * version falls. */
    put(writer, "</wsd:XAddrs><wsd:MetadataVersion>2</wsd:MetadataVersion><PeerDist:PeerDistData>");
    if (probe->version == 1) {
        put(writer, "<PeerDist:BlockCount>");
        for (size_t i = 0; i < listing->count; i++) {
            uint8_t blocks[BLOCK_COUNT_DIGITS / 2];

            store_be32(blocks, held[listing->positions[i]].blocks);
            put_hex(writer, blocks, sizeof blocks);
        }
        put(writer, "</PeerDist:BlockCount>");
    } else {
        put(writer, "<PeerDist:SegmentAges>");
        put_ages(writer, probe, held);
        put(writer, "</PeerDist:SegmentAges>");
    }
    put(writer, "</PeerDist:PeerDistData></wsd:ProbeMatch></wsd:ProbeMatches></soap:Body>"
                "</soap:Envelope>");
}

static bool any_held(const struct discovery_probe *probe, const struct discovery_held *held)
{
    for (size_t i = 0; i < probe->count; i++)
        if (held[i].blocks > 0)
            return true;
    return false;
}

size_t discovery_write_matches(char *out, size_t room, const struct discovery_probe *probe,
                               const struct discovery_held *held,
                               const struct discovery_sender *sender)
{
    struct listing listing = {0};
    struct writer writer = begin(out, room);
    struct writer measure = {0};

    if (!any_held(probe, held))
        return 0;
    if (probe->version == 1) {
        put_matches(&measure, probe, held, sender, &listing);
        if (measure.used > DISCOVERY_DATAGRAM_MAX)
            return 0;
        list_held(&listing, probe, held, DISCOVERY_DATAGRAM_MAX - measure.used);
        if (listing.count == 0)
            return 0;
    }
    put_matches(&writer, probe, held, sender, &listing);
    return finish(&writer);
}
