/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading ProbeMatches ([MS-PCCRD] 2.2.2, 2.2.3.3 to 2.2.3.9, 3.1.4.1): the first match of it. */
#include <stdlib.h>
#include <string.h>

#include "core/base64.h"
#include "core/bytes.h"
#include "core/discovery_names.h"
#include "core/discovery_values.h"
#include "core/discovery_xml.h"
#include "core/hex.h"

#define AGE_UNITS 4u /* 1 s, 1/10 s, 1/100 s, 1 ms: numbered from 1 */

/* `digits` digits of either case. */
static bool take_count(const char *text, size_t digits, uint32_t *count)
{
    *count = 0;
    for (size_t i = 0; i < digits; i++) {
        int digit = hex_digit(text[i]);

        if (digit < 0)
            return false;
        *count = *count << 4 | (uint32_t)digit;
    }
    return true;
}

/* One number for each ID, of eight digits; of four in the prose of 2.2.3.9. IDs with 0 blocks are
 * not there, and are dropped. */
static bool take_block_counts(const char *text, struct discovery_matches *matches)
{
    size_t length = text != NULL ? strlen(text) : 0;
    size_t digits = length / matches->count;
    size_t kept = 0;

    if (length % matches->count != 0 || (digits != 8 && digits != 4))
        return false;
    for (size_t i = 0; i < matches->count; i++) {
        if (!take_count(text + i * digits, digits, &matches->blocks[kept]))
            return false;
        if (matches->blocks[kept] == 0)
            continue;
        if (kept != i)
            matches->ids[kept] = matches->ids[i];
        kept++;
    }
    matches->count = kept;
    return kept > 0;
}

/* False also when every segment is said to be absent. */
static bool take_availability(const char *text, struct discovery_matches *matches)
{
    size_t length;

    if (!base64_decode(text, matches->bits, sizeof matches->bits, &length))
        return false;
    matches->bit_bytes = length < sizeof matches->bits ? length : sizeof matches->bits;
    for (size_t i = 0; i < matches->bit_bytes; i++)
        if ((matches->bits[i] & 0xaa) != 0) /* the first bit of a pair */
            return true;
    return false;
}

/* The extensible blob ([MS-PCCRR] 2.2.6.1.1). One that is broken is left out, and the match stands;
 * bytes behind the ages are ignored. */
static void take_ages(const char *text, struct discovery_matches *matches)
{
    static const uint32_t hundredths[AGE_UNITS + 1] = {0, 100, 10, 1, 1};
    uint8_t blob[AGES_HEADER + AGES_MAX * AGE_SIZE];
    size_t length;

    if (text == NULL || !base64_decode(text, blob, sizeof blob, &length) || length < AGES_HEADER ||
        blob[0] != 0 || blob[1] != AGES_VERSION || blob[2] == 0 || blob[2] > AGE_UNITS ||
        length < AGES_HEADER + AGE_SIZE * blob[3])
        return;
    for (size_t i = 0; i < blob[3]; i++) {
        uint32_t age = load_le32(blob + AGES_HEADER + i * AGE_SIZE);
        size_t position = age & 0xff;

        age = (age >> 8) * hundredths[blob[2]];
        matches->has_age[position] = true;
        matches->age_hundredths[position] = blob[2] == AGE_UNITS ? age / 10 : age;
    }
}

/* A match of both types is the one whose block counts it has. */
static bool take_contents(const struct discovery_document *document,
                          struct discovery_matches *matches)
{
    const char *scopes = document->text[PLACE_SCOPES];
    const char *block_counts = document->text[PLACE_BLOCK_COUNT];

    matches->count = 0;
    matches->bit_bytes = 0;
    memset(matches->has_age, 0, sizeof matches->has_age);
    if (document->type_v1 && (block_counts != NULL || !document->type_v2)) {
        matches->version = 1;
        return discovery_take_ids(scopes, false, matches->ids, &matches->count) &&
               take_block_counts(block_counts, matches);
    }
    matches->version = 2;
    if (!document->type_v2 || !take_availability(scopes, matches))
        return false;
    take_ages(document->text[PLACE_SEGMENT_AGES], matches);
    return true;
}

static bool take_matches(const struct discovery_document *document,
                         struct discovery_matches *matches)
{
    const char *action = document->text[PLACE_ACTION];
    const char *endpoint = document->text[PLACE_ADDRESS];
    const char *xaddrs = document->text[PLACE_XADDRS];

    if (!document->seen[PLACE_MATCH] || action == NULL || strcmp(action, ACTION_MATCHES) != 0 ||
        !discovery_copy_name(document->text[PLACE_MESSAGE_ID], matches->message_id) ||
        !discovery_copy_name(document->text[PLACE_RELATES_TO], matches->relates_to))
        return false;
    matches->endpoint[0] = '\0';
    if (endpoint != NULL && *endpoint != '\0' && !discovery_copy_name(endpoint, matches->endpoint))
        return false;
    if (xaddrs == NULL || document->text[PLACE_SCOPES] == NULL)
        return false;
    matches->address_count = discovery_take_addresses(xaddrs, matches->addresses);
    return matches->address_count > 0 && take_contents(document, matches);
}

enum decode_result discovery_read_matches(const char *data, size_t length,
                                          struct discovery_matches *matches)
{
    struct discovery_document *document;
    enum decode_result result = discovery_document_read(data, length, &document);

    if (result == DECODE_COMPLETE && !take_matches(document, matches))
        result = DECODE_BAD;
    free(document);
    return result;
}

/* pair: "have it", "have all of it"; the second says nothing without the first. */
static bool take_pair(unsigned pair, bool *complete)
{
    *complete = pair == 3;
    return pair >= 2;
}

bool discovery_availability(const struct discovery_matches *matches, size_t asked, size_t position,
                            bool *complete)
{
    bool there = false;
    bool all;

    *complete = false;
    if (position >= asked || position / 4 >= matches->bit_bytes)
        return false;
    if (asked > 1)
        return take_pair(matches->bits[position / 4] >> (6 - 2 * (position % 4)) & 3u, complete);
    for (unsigned shift = 0; shift < 8; shift += 2)
        if (take_pair(matches->bits[0] >> shift & 3u, &all)) {
            there = true;
            *complete |= all;
        }
    return there;
}

bool discovery_bits_fit(const struct discovery_matches *matches, size_t asked)
{
    return asked > 0 && matches->bit_bytes >= asked / 4 + (asked % 4 != 0);
}
