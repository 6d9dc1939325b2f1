/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Probes ([MS-PCCRD] 3.2.4.1): whatever is malformed in any part is ignored as a whole. */
#include <stdlib.h>
#include <string.h>

#include "core/base64.h"
#include "core/discovery_ids.h"
#include "core/discovery_names.h"
#include "core/discovery_xml.h"

static bool read_id(const char *word, size_t length, struct discovery_id *id)
{
    if (length % 2 != 0 || !discovery_is_id_length(length / 2))
        return false;
    id->length = (uint8_t)(length / 2);
    for (size_t i = 0; i < length; i++) {
        int value = hex_value(word[i]);
        if (value < 0)
            return false;
        id->bytes[i / 2] = (uint8_t)(id->bytes[i / 2] << 4 | value);
    }
    memcpy(id->text, word, length);
    id->text[length] = '\0';
    return true;
}

bool discovery_read_ids(const char *text, struct discovery_id *ids, size_t *count)
{
    const char *word;
    size_t length;
    for (*count = 0; next_word(&text, &word, &length); ++*count)
        if (*count == DISCOVERY_IDS_MAX || !read_id(word, length, &ids[*count]))
            return false;
    return *count > 0;
}

static bool read_scope_v2(const char *text, size_t length, struct discovery_probe *probe)
{
    uint8_t scope[SCOPE_V2_FIXED + DISCOVERY_IDS_MAX_V2 * DISCOVERY_ID_MAX];
    size_t decoded;
    if (!base64_decode(text, length, scope, sizeof(scope), &decoded) || decoded < SCOPE_V2_FIXED)
        return false;
    size_t size = (size_t)scope[0] << 8 | scope[1], count = scope[2];
    if (!discovery_is_id_length(size) || count == 0 || decoded != SCOPE_V2_FIXED + count * size)
        return false;
    probe->count = count;
    for (size_t i = 0; i < count; i++) {
        struct discovery_id *id = &probe->ids[i];
        id->length = (uint8_t)size;
        id->text[0] = '\0';
        memcpy(id->bytes, scope + SCOPE_V2_FIXED + i * size, size);
    }
    return true;
}

static bool has_text(const struct envelope *envelope, enum envelope_text which, const char *value)
{
    return envelope->text[which] != NULL && strcmp(envelope->text[which], value) == 0;
}

/* What is echoed later. */
static bool is_message_id(const char *text, size_t length)
{
    if (text == NULL || length == 0 || length >= DISCOVERY_TEXT_MAX)
        return false;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return true;
}

static bool read_body(const struct envelope *envelope, struct discovery_probe *probe)
{
    const char *scopes = envelope->text[TEXT_SCOPES];
    const char *message_id = envelope->text[TEXT_MESSAGE_ID];
    size_t length = envelope->length[TEXT_MESSAGE_ID];
    if (!envelope->probe || !has_text(envelope, TEXT_ACTION, ACTION_PROBE) || scopes == NULL ||
        !is_message_id(message_id, length))
        return false;
    memcpy(probe->message_id, message_id, length + 1);
    bool second = envelope->types_v2 && strcmp(envelope->match_by, MATCH_BY_V2) == 0;
    bool first = envelope->types_v1 && strcmp(envelope->match_by, MATCH_BY_V1) == 0;
    probe->version = second ? 2 : 1;
    if (second)
        return read_scope_v2(scopes, envelope->length[TEXT_SCOPES], probe);
    return first && discovery_read_ids(scopes, probe->ids, &probe->count);
}

enum decode_result discovery_read_probe(const char *data, size_t length,
                                        struct discovery_probe *probe)
{
    struct envelope *envelope = malloc(sizeof(*envelope));
    memset(probe, 0, sizeof(*probe));
    if (envelope == NULL)
        return DECODE_BAD;
    enum decode_result result = envelope_read(data, length, envelope);
    if (result == DECODE_COMPLETE && !read_body(envelope, probe))
        result = DECODE_BAD;
    free(envelope);
    return result;
}
