/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ProbeMatches ([MS-PCCRD] 3.1.4.1). Whose address may be used, and whether it answers a Probe of
 * ours, is for the caller to see. */
#include <stdlib.h>
#include <string.h>

#include "core/base64.h"
#include "core/discovery_ids.h"
#include "core/discovery_names.h"
#include "core/discovery_xaddrs.h"
#include "core/discovery_xml.h"
#include "core/retrieval.h"

#define COUNT_DIGITS       8u
#define COUNT_DIGITS_SHORT 4u /* as the prose of [MS-PCCRD] 2.2.3.9 has it */

static bool copy_text(const struct envelope *envelope, enum envelope_text which,
                      char out[DISCOVERY_TEXT_MAX])
{
    const char *text = envelope->text[which];
    size_t length = envelope->length[which];
    out[0] = '\0';
    if (text == NULL || length >= DISCOVERY_TEXT_MAX)
        return false;
    memcpy(out, text, length + 1);
    return length > 0;
}

static bool read_count(const char *digits, unsigned length, uint32_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < length; i++) {
        int digit = hex_value(digits[i]);
        if (digit < 0)
            return false;
        *value = *value << 4 | (uint32_t)digit;
    }
    return true;
}

/* IDs and as many counts; those of which nothing is there are left out. */
static bool read_v1(const struct envelope *envelope, struct discovery_matches *matches)
{
    const char *counts = envelope->text[TEXT_BLOCK_COUNT];
    size_t length = envelope->length[TEXT_BLOCK_COUNT], listed;
    if (counts == NULL || !discovery_read_ids(envelope->text[TEXT_SCOPES], matches->ids, &listed))
        return false;
    unsigned digits = length == listed * COUNT_DIGITS_SHORT ? COUNT_DIGITS_SHORT : COUNT_DIGITS;
    if (length != listed * digits)
        return false;
    for (size_t i = 0; i < listed; i++) {
        uint32_t blocks;
        if (!read_count(counts + i * digits, digits, &blocks))
            return false;
        if (blocks == 0)
            continue;
        matches->ids[matches->count] = matches->ids[i];
        matches->blocks[matches->count++] =
            blocks < BLOCKS_PER_SEGMENT ? blocks : BLOCKS_PER_SEGMENT;
    }
    return matches->count > 0;
}

static void read_ages(const struct envelope *envelope, struct discovery_matches *matches)
{
    struct retrieval_age ages[RETRIEVAL_AGES_MAX];
    uint8_t blob[4 + 4 * RETRIEVAL_AGES_MAX + 64];
    const char *text = envelope->text[TEXT_SEGMENT_AGES];
    size_t length, count;
    if (text == NULL ||
        !base64_decode(text, envelope->length[TEXT_SEGMENT_AGES], blob, sizeof(blob), &length) ||
        !retrieval_read_blob(blob, length, ages, &count))
        return;
    for (size_t i = 0; i < count; i++) {
        matches->has_age[ages[i].position] = true;
        matches->age_hundredths[ages[i].position] = ages[i].age;
    }
}

static bool read_v2(const struct envelope *envelope, struct discovery_matches *matches)
{
    const char *text = envelope->text[TEXT_SCOPES];
    uint8_t bits[DISCOVERY_DATAGRAM_MAX];
    size_t length;
    bool any = false;
    if (!base64_decode(text, envelope->length[TEXT_SCOPES], bits, sizeof(bits), &length))
        return false;
    matches->bit_bytes = length < sizeof(matches->bits) ? length : sizeof(matches->bits);
    memcpy(matches->bits, bits, matches->bit_bytes);
    for (size_t i = 0; i < matches->bit_bytes; i++)
        any = any || (matches->bits[i] & 0xaa) != 0;
    read_ages(envelope, matches);
    return any;
}

static bool read_body(const struct envelope *envelope, struct discovery_matches *matches)
{
    const char *action = envelope->text[TEXT_ACTION];
    if (!envelope->match || action == NULL || strcmp(action, ACTION_MATCHES) != 0 ||
        !copy_text(envelope, TEXT_RELATES_TO, matches->relates_to) ||
        envelope->text[TEXT_SCOPES] == NULL || envelope->text[TEXT_XADDRS] == NULL)
        return false;
    (void)copy_text(envelope, TEXT_MESSAGE_ID, matches->message_id);
    (void)copy_text(envelope, TEXT_ADDRESS, matches->endpoint);
    discovery_read_xaddrs(envelope->text[TEXT_XADDRS], matches->addresses, &matches->address_count);
    if (matches->address_count == 0 || envelope->types_v1 == envelope->types_v2)
        return false;
    matches->version = envelope->types_v2 ? 2 : 1;
    return envelope->types_v2 ? read_v2(envelope, matches) : read_v1(envelope, matches);
}

enum decode_result discovery_read_matches(const char *data, size_t length,
                                          struct discovery_matches *matches)
{
    struct envelope *envelope = malloc(sizeof(*envelope));
    memset(matches, 0, sizeof(*matches));
    if (envelope == NULL)
        return DECODE_BAD;
    enum decode_result result = envelope_read(data, length, envelope);
    if (result == DECODE_COMPLETE && !read_body(envelope, matches))
        result = DECODE_BAD;
    free(envelope);
    return result;
}

bool discovery_bits_fit(const struct discovery_matches *matches, size_t asked)
{
    return matches->bit_bytes >= (asked + 3) / 4;
}

bool discovery_availability(const struct discovery_matches *matches, size_t asked, size_t position,
                            bool *complete)
{
    *complete = false;
    if (position / 4 >= matches->bit_bytes)
        return false;
    uint8_t byte = matches->bits[position / 4];
    /* The order of the pairs is nowhere said: with one ID either will do. */
    for (unsigned pair = 0; asked == 1 && pair < 4; pair++)
        if ((byte >> (6 - 2 * pair) & 2) != 0) {
            *complete = (byte >> (6 - 2 * pair) & 3) == 3;
            return true;
        }
    unsigned pair = byte >> (6 - 2 * (position % 4)) & 3;
    *complete = pair == 3;
    return (pair & 2) != 0;
}
